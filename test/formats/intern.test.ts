/** Values that are chosen so that their hashes are equal cost no more than others: compared with all before, these would take minutes. */
import { describe, expect, it } from 'vitest';
import { AddressInterner, hashBytes, SpellingTable, sourceOf } from '../../src/formats/intern.ts';

const COUNT = 100_000;
const MULTIPLIER = 0x9e3779b1;
/** Odd numbers have an inverse modulo 2³²; each step doubles the bits of it that are right. */
const INVERSE = Array.from({ length: 5 }).reduce<number>((x) => Math.imul(x, 2 - Math.imul(MULTIPLIER, x)), MULTIPLIER);

/** Texts of 8 bytes, all different, with the same hash: the second four bytes undo what the first ones did. */
function chosen(i: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, i + 1, true);
  view.setInt32(4, hashBytes(bytes.subarray(0, 4)) ^ 1, true);
  return bytes;
}

const IPv4 = (address: number): Uint8Array => {
  const bytes = new Uint8Array(16).fill(0xff, 10, 12);
  new DataView(bytes.buffer).setInt32(12, address);
  return bytes;
};

describe('chosen values', () => {
  it('have one hash', () => {
    expect(new Set([1, 2, 3, 1000].map((i) => hashBytes(chosen(i)))).size).toBe(1);
  });

  it('spellings keep their ids, in this batch and the next', () => {
    const table = new SpellingTable();
    for (let batch = 0; batch < 2; batch++) {
      const id = (i: number): number => {
        const bytes = chosen(i);
        const hash = hashBytes(bytes);
        const known = table.find(sourceOf(bytes), 0, bytes.length, hash);
        return known < 0 ? table.add(bytes, 0, bytes.length, hash, i, 0) : known;
      };
      for (let i = 0; i < COUNT; i++) id(i);
      expect(table.count).toBe(COUNT);
      for (const i of [0, 1, 255, 256, 257, 65_536, COUNT - 1]) expect([id(i), table.values[i]]).toEqual([i, i]);
      const other = sourceOf(Uint8Array.of(48, 49));
      expect(table.find(other, 0, 2, hashBytes(other.bytes))).toBe(-1);
      table.clear();
    }
  });

  it.each([
    ['IPv4', (i: number) => IPv4(Math.imul(i + 1, INVERSE))],
    ['IPv6', (i: number) => Uint8Array.of(...chosen(i), ...new Uint8Array(8))],
  ])('addresses of %s keep their ids, beside others', (_, address) => {
    const addresses = new AddressInterner();
    for (let batch = 0; batch < 2; batch++) {
      const before = addresses.intern(IPv4(0x0a000001));
      for (let i = 0; i < COUNT; i++) addresses.intern(address(i));
      expect(addresses.count).toBe(COUNT + 2);
      for (const i of [0, 1, 255, 256, 257, 65_536, COUNT - 1]) {
        const id = addresses.intern(address(i));
        expect([id, addresses.bytes.slice(id * 16, id * 16 + 16)]).toEqual([i + 2, address(i)]);
      }
      expect(addresses.intern(IPv4(0x0a000001))).toBe(before);
      addresses.clear();
    }
  });
});
