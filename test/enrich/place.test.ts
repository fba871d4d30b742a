import type { CityResponse } from 'maxmind';
import { Reader } from 'maxmind';
import { describe, expect, test } from 'vitest';
import { MmdbError, openMmdb } from '../../src/enrich/mmdb.ts';
import { createPlaces, parsePlace, placeText, readPlace } from '../../src/enrich/place.ts';
import { parseAddress } from '../../src/model/address.ts';
import { numbers, placeFile } from './databases.ts';

const ipv4 = placeFile('ipv4');
const ipv6 = placeFile('ipv6');

const textOf = (places: ReturnType<typeof createPlaces>, address: string) => places.texts[places.find(parseAddress(address)!, 0)];

describe('the DB-IP files', () => {
  const places = createPlaces(ipv4, ipv6);

  test('known addresses', () => {
    expect(textOf(places, '8.8.8.8')).toBe('US|California|Mountain View|37.422|-122.085');
    expect(textOf(places, '1.1.1.1')).toBe('AU|New South Wales|Sydney|-33.8688|151.209');
    expect(textOf(places, '2001:4860:4860::8888')).toBe('CA|Quebec|Montreal|45.5019|-73.5674');
  });

  test('addresses without a place', () => {
    for (const address of ['0.0.0.0', '203.0.113.1', '255.255.255.255', '::', '2001:db8::1', 'ff02::1']) expect(textOf(places, address)).toBe('');
  });

  test('both families agree with the maxmind reader', () => {
    const next = numbers(7);
    for (const [family, file] of [
      ['ipv4', ipv4],
      ['ipv6', ipv6],
    ] as const) {
      const reader = new Reader<CityResponse>(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
      let found = 0;
      for (let i = 0; i < 3000; i++) {
        const address =
          family === 'ipv4'
            ? [next(224), next(256), next(256), next(256)].join('.')
            : `${(0x2a00 + next(16)).toString(16)}:${next(65536).toString(16)}:${next(65536).toString(16)}::${next(65536).toString(16)}`;
        const record: unknown = reader.get(address);
        const expected = record ? readPlace(record as Parameters<typeof readPlace>[0]) : undefined;
        expect([address, textOf(places, address)]).toEqual([address, expected ? placeText(expected) : '']);
        if (expected) found++;
      }
      expect(found).toBeGreaterThan(500);
    }
  });

  test('an IPv6 address is never asked of the IPv4 file, nor the reverse', () => {
    const onlyIPv4 = createPlaces(ipv4, undefined);
    const onlyIPv6 = createPlaces(undefined, ipv6);
    expect(textOf(onlyIPv4, '2001:4860:4860::8888')).toBe('');
    expect(textOf(onlyIPv4, '808:808::')).toBe('');
    expect(textOf(onlyIPv4, '::ffff:8.8.8.8')).toMatch(/^US\|/);
    expect(textOf(onlyIPv6, '8.8.8.8')).toBe('');
    expect(openMmdb(ipv4).findIPv6(parseAddress('2001:4860:4860::8888')!, 0)).toBe(0);
  });

  test('shared memory serves as well', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(ipv6.length));
    shared.set(ipv6);
    expect(textOf(createPlaces(undefined, shared), '2001:4860:4860::8888')).toBe('CA|Quebec|Montreal|45.5019|-73.5674');
  });
});

describe('records', () => {
  test('MaxMind’s nested shape', () => {
    const record = {
      country: { iso_code: 'SE', names: { en: 'Sweden' } },
      city: { geoname_id: 2694762, names: { en: 'Linköping', de: 'Linköping' } },
      subdivisions: [{ iso_code: 'E', names: { en: 'Östergötland County' } }],
      location: { latitude: 58.4167, longitude: 15.6167, accuracy_radius: 76 },
    };
    expect(placeText(readPlace(record)!)).toBe('SE|Östergötland County|Linköping|58.4167|15.6167');
    expect(placeText(readPlace({ country: { iso_code: 'SE' } })!)).toBe('SE||||');
  });

  test('separators, missing and impossible values', () => {
    expect(placeText(readPlace({ country_code: 'XX', city: 'A|B', state1: '', latitude: 91, longitude: 0 })!)).toBe('XX||A B||0');
    expect(placeText(readPlace({ country_code: 'XX', latitude: 1.123456789, longitude: -0.00001 })!)).toBe('XX|||1.1235|0');
    expect(readPlace({ country_code: '', city: '' })).toBeUndefined();
    expect(readPlace({ registered_country: { iso_code: 'SE' } })).toBeUndefined();
  });

  test('a text gives its place back', () => {
    const place = { country: 'BR', state: 'São Paulo', city: 'Campinas', latitude: -22.9056, longitude: -47.0608 };
    expect(parsePlace(placeText(place))).toEqual(place);
    expect(parsePlace('SE||||')).toEqual({ country: 'SE', state: '', city: '', latitude: undefined, longitude: undefined });
    expect(parsePlace('')).toBeUndefined();
  });
});

describe('damage', () => {
  test('what is no database is refused', () => {
    expect(() => openMmdb(new Uint8Array(0))).toThrow(MmdbError);
    expect(() => openMmdb(new TextEncoder().encode('start,end,asn'))).toThrow(/no metadata/);
  });

  test('a file whose tree was cut off is refused', () => {
    expect(() => openMmdb(ipv4.subarray(ipv4.length - 4096))).toThrow(/longer than the file/);
  });
});
