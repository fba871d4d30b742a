/** A hand-made database reaches what the real files have not: other record sizes, every type, IPv4 below ::/96. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MmdbError, type MmdbValue, openMmdb } from '../../src/enrich/mmdb.ts';
import { createPlaces } from '../../src/enrich/place.ts';
import { parseAddress } from '../../src/model/address.ts';
import { writeMmdb } from './write-mmdb.ts';

describe.each([24, 28, 32] as const)('%i-bit records', (recordSize) => {
  const file = writeMmdb({
    recordSize,
    ipVersion: 6,
    networks: [
      ['::808:800/120', { country: { iso_code: 'US' } }],
      ['::900:0/104', { country: { iso_code: 'CA' } }],
      ['2001:db8:1::/48', { country: { iso_code: 'SE' } }],
    ],
  });

  test('a combined file answers both families', () => {
    const places = createPlaces(file, file);
    const country = (address: string) => places.texts[places.find(parseAddress(address)!, 0)]?.slice(0, 2);
    expect(['8.8.8.8', '8.8.8.255', '8.8.9.0', '8.8.7.255'].map(country)).toEqual(['US', 'US', '', '']);
    expect(['9.0.0.0', '9.255.255.255', '10.0.0.0'].map(country)).toEqual(['CA', 'CA', '']);
    expect(['2001:db8:1::', '2001:db8:1:ffff::', '2001:db8:2::'].map(country)).toEqual(['SE', 'SE', '']);
  });

  test('the metadata', () => {
    const { ipVersion, databaseType, buildEpoch } = openMmdb(file);
    expect({ ipVersion, databaseType, buildEpoch }).toEqual({ ipVersion: 6, databaseType: 'test', buildEpoch: 1_750_000_000 });
  });
});

test('every type is decoded', () => {
  const record: MmdbValue = {
    short: 'a',
    middle: 'b'.repeat(29),
    long: 'ü'.repeat(400),
    double: 1.5,
    bytes: Uint8Array.of(1, 2, 3),
    number: 4_000_000_000,
    zero: 0,
    big: 2n ** 100n,
    list: ['x', true, false, { deep: [1, 2] }],
    map: {},
  };
  const file = writeMmdb({ recordSize: 24, ipVersion: 4, networks: [['1.2.3.0/24', record]] });
  const database = openMmdb(file);
  expect(database.decode(database.findIPv4(Uint8Array.of(1, 2, 3, 4), 0))).toEqual(record);
});

test('random damage ends in an MmdbError or an answer, never in a hang or another error', () => {
  const file = writeMmdb({ recordSize: 28, ipVersion: 4, networks: [['1.2.3.0/24', { country: { iso_code: 'US' }, list: [1, 'two'] }]] });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
      const damaged = file.slice();
      for (const [at, value] of changes) damaged[at] = value;
      try {
        const database = openMmdb(damaged);
        const position = database.findIPv4(Uint8Array.of(1, 2, 3, 4), 0);
        if (position > 0) database.decode(position);
      } catch (error) {
        expect(error).toBeInstanceOf(MmdbError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a pointer that leads to itself is refused', () => {
  const file = writeMmdb({ recordSize: 24, ipVersion: 4, networks: [['1.0.0.0/8', { a: 'bcdef' }]] });
  const database = openMmdb(file);
  const position = database.findIPv4(Uint8Array.of(1, 0, 0, 0), 0);
  const looped = file.slice();
  looped.set([0x20, 0], position);
  expect(() => openMmdb(looped).decode(position)).toThrow(MmdbError);
});
