import { describe, expect, test } from 'vitest';
import { buildAsnIndex, parseAs } from '../../src/enrich/asn.ts';
import type { AddressLookup } from '../../src/enrich/lookup.ts';
import { openRangeIndex, RangeIndexError } from '../../src/enrich/range-index.ts';
import { parseAddress } from '../../src/model/address.ts';
import { asnFile, numbers } from './databases.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const number = (address: string) => parseAddress(address)!.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const textOf = (systems: AddressLookup, address: string) => systems.texts[systems.find(parseAddress(address)!, 0)];

describe('a small index', () => {
  const v4 = (address: string) => number(address) & 0xffffffffn;
  const systems = openRangeIndex(
    buildAsnIndex(
      bytes(
        [
          `${v4('1.0.0.0')},${v4('1.0.0.255')},1,"One, ""quoted"" | Inc."`,
          'this is no range',
          `${v4('1.0.2.0')},${v4('1.3.0.7')},2,Two\r`,
          `${v4('255.255.255.0')},${v4('255.255.255.255')},3,`,
        ].join('\n'),
      ),
      bytes(
        `${number('2001:db8::')},${number('2001:db8::ff')},10,Ten\n${number('2001:db8:0:0:1::')},${number('2001:db8:0:0:1:ffff:ffff:ffff')},11,"Eleven"\n${number('ffff::')},${number('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')},12,Twelve`,
      ),
    ),
  );

  test.each([
    ['0.255.255.255', ''],
    ['1.0.0.0', '1 One, "quoted"   Inc.'],
    ['1.0.0.255', '1 One, "quoted"   Inc.'],
    ['1.0.1.0', ''],
    ['1.0.1.255', ''],
    ['1.0.2.0', '2 Two'],
    ['1.1.0.0', '2 Two'],
    ['1.2.255.255', '2 Two'],
    ['1.3.0.7', '2 Two'],
    ['1.3.0.8', ''],
    ['255.255.254.255', ''],
    ['255.255.255.255', '3'],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', ''],
    ['2001:db8::', '10 Ten'],
    ['2001:db8::ff', '10 Ten'],
    ['2001:db8::100', ''],
    ['2001:db8:0:0:1::', '11 Eleven'],
    ['2001:db8:0:0:1:ffff:ffff:ffff', '11 Eleven'],
    ['2001:db8:0:0:2::', ''],
    ['::', ''],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '12 Twelve'],
  ])('%s → “%s”', (address, expected) => expect(textOf(systems, address)).toBe(expected));

  test('damage is refused by name', () => {
    const index = buildAsnIndex(bytes('0,1,1,A'), bytes(''));
    expect(() => openRangeIndex(index.subarray(0, index.length - 1))).toThrow(RangeIndexError);
    expect(() => openRangeIndex(index.subarray(0, 1000))).toThrow(RangeIndexError);
    expect(() => openRangeIndex(new Uint8Array(64))).toThrow(RangeIndexError);
    expect(() => openRangeIndex(new Uint8Array(0))).toThrow(RangeIndexError);
  });

  test('an index may lie anywhere in a buffer', () => {
    const index = buildAsnIndex(bytes('0,16777215,1,A'), bytes(''));
    const shifted = new Uint8Array(index.length + 3);
    shifted.set(index, 3);
    expect(textOf(openRangeIndex(shifted.subarray(3)), '0.1.2.3')).toBe('1 A');
  });
});

describe('the shipped data', () => {
  const csv = { ipv4: asnFile('ipv4'), ipv6: asnFile('ipv6') };
  const systems = openRangeIndex(buildAsnIndex(csv.ipv4, csv.ipv6));

  test('known addresses', () => {
    expect(textOf(systems, '1.1.1.1')).toBe('13335 Cloudflare, Inc.');
    expect(textOf(systems, '52.95.110.1')).toBe('16509 Amazon.com, Inc.');
    expect(textOf(systems, '2606:4700:4700::1111')).toBe('13335 Cloudflare, Inc.');
    expect(textOf(systems, '10.0.0.1')).toBe('');
  });

  test.each(['ipv4', 'ipv6'] as const)('%s: both borders of lines all over the file', (family) => {
    const lines = new TextDecoder().decode(csv[family]).trim().split('\n');
    expect(lines.length).toBeGreaterThan(100_000);
    const next = numbers(11);
    const address = (value: bigint) => {
      const out = new Uint8Array(16);
      if (family === 'ipv4') out.fill(255, 10, 12);
      for (let i = 15; i >= (family === 'ipv4' ? 12 : 0); i--) {
        out[i] = Number(value & 255n);
        value >>= 8n;
      }
      return out;
    };
    for (let i = 0; i < 3000; i++) {
      const at = next(lines.length);
      const [start, end, asn] = lines[at]!.split(',') as [string, string, string];
      const before = lines[at - 1]?.split(',')[1];
      const find = (value: bigint) => parseAs(systems.texts[systems.find(address(value), 0)]!)?.number;
      expect([lines[at], find(BigInt(start)), find(BigInt(end))]).toEqual([lines[at], Number(asn), Number(asn)]);
      if (before !== undefined && BigInt(before) + 1n < BigInt(start)) expect(find(BigInt(start) - 1n)).toBeUndefined();
    }
  });
});

test('number and organization come apart again', () => {
  expect(parseAs('16509 Amazon.com, Inc.')).toEqual({ number: 16509, organization: 'Amazon.com, Inc.' });
  expect(parseAs('3')).toEqual({ number: 3, organization: '' });
  expect(parseAs('')).toBeUndefined();
});
