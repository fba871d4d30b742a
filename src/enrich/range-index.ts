/**
 * Texts of address ranges: sorted ranges in typed arrays with an index by the first 16 bits, as one compact
 * piece of bytes that is mapped without parsing and shared by all threads.
 */
import { isIPv4 } from '../model/address.ts';
import type { AddressLookup } from './lookup.ts';
import { wordAt } from './networks.ts';

/** The bytes are no index of this version: build it again. */
export class RangeIndexError extends Error {
  readonly code = 'range-index-unreadable';
  constructor(message: string) {
    super(`The index of address ranges cannot be read: ${message}.`);
    this.name = 'RangeIndexError';
  }
}

/**
 * The index, little-endian 32-bit words: MAGIC, number of IPv4 ranges, of IPv6 ranges, of texts, bytes
 * of text; then per family the range starts by `words` a piece, the ends likewise, the text ids, the
 * slots (65,537: first range whose start has these 16 bits or more); then text ends; then the texts.
 */
const MAGIC = 0x314e5342;
const HEADER_WORDS = 5;
const SLOTS = 65_537;
/** Words of an address, by family. */
const WORDS = [1, 4] as const;

/** Ranges of one family that do not overlap, sorted by start: addresses as 32-bit words (one an IPv4 address, four an IPv6 one), ids of texts. */
export interface Ranges {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly ids: readonly number[];
}

/** The index of both families; `texts` by id, of which 0 is ''. */
export function buildRangeIndex(ipv4: Ranges, ipv6: Ranges, names: readonly string[]): Uint8Array {
  const families = [ipv4, ipv6] as const;
  const encoder = new TextEncoder();
  const texts = names.map((text) => encoder.encode(text));
  const textBytes = texts.reduce((sum, text) => sum + text.length, 0);
  const words = HEADER_WORDS + families.reduce((sum, f, i) => sum + f.ids.length * (2 * WORDS[i]! + 1) + SLOTS, 0) + texts.length;
  const bytes = new Uint8Array(words * 4 + textBytes);
  const out = new Uint32Array(bytes.buffer, 0, words);
  out.set([MAGIC, families[0].ids.length, families[1].ids.length, texts.length, textBytes]);
  let at = HEADER_WORDS;
  const put = (values: ArrayLike<number>) => {
    out.set(values, at);
    at += values.length;
  };
  families.forEach((family, i) => {
    put(family.starts);
    put(family.ends);
    put(family.ids);
    put(slotsOf(family.starts, WORDS[i]!));
  });
  let end = 0;
  put(
    texts.map((text) => {
      bytes.set(text, words * 4 + end);
      end += text.length;
      return end;
    }),
  );
  return bytes;
}

function slotsOf(starts: readonly number[], words: number): Uint32Array {
  const slots = new Uint32Array(SLOTS);
  let range = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    while (range * words < starts.length && starts[range * words]! >>> 16 < slot) range++;
    slots[slot] = range;
  }
  return slots;
}

/** Opens an index without copying its ranges. Throws RangeIndexError. */
export function openRangeIndex(bytes: Uint8Array): AddressLookup {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const all = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
  if (all[0] !== MAGIC) throw new RangeIndexError('it was written by another version');
  let at = HEADER_WORDS;
  const take = (length: number): Uint32Array => {
    if (at + length > all.length) throw new RangeIndexError('it is cut off');
    at += length;
    return all.subarray(at - length, at);
  };
  const families = WORDS.map((words, i) => {
    const count = all[1 + i]!;
    return { starts: take(count * words), ends: take(count * words), ids: take(count), slots: take(SLOTS) };
  });
  const textEnds = take(all[3]!);
  const textStart = at * 4;
  if (textStart + all[4]! > aligned.byteLength) throw new RangeIndexError('it is cut off');
  const decoder = new TextDecoder();
  const textBytes = aligned.slice(textStart, textStart + all[4]!);
  const texts = Array.from(textEnds, (end, i) => decoder.decode(textBytes.subarray(i === 0 ? 0 : textEnds[i - 1]!, end)));
  const [v4, v6] = families as [Family, Family];
  return {
    texts,
    find: (address, offset) => (isIPv4(address, offset) ? findIPv4(v4, wordAt(address, offset + 12)) : findIPv6(v6, address, offset)),
  };
}

interface Family {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly ids: Uint32Array;
  readonly slots: Uint32Array;
}

/** The last range that starts at or before the address holds it, or none does. */
function findIPv4({ starts, ends, ids, slots }: Family, address: number): number {
  const slot = address >>> 16;
  let low = slots[slot]!;
  let high = slots[slot + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  return low > 0 && ends[low - 1]! >= address ? ids[low - 1]! : 0;
}

function findIPv6({ starts, ends, ids, slots }: Family, address: Uint8Array, offset: number): number {
  const a = wordAt(address, offset);
  const b = wordAt(address, offset + 4);
  const c = wordAt(address, offset + 8);
  const d = wordAt(address, offset + 12);
  const after = (list: Uint32Array, i: number): boolean => {
    if (list[i] !== a) return list[i]! > a;
    if (list[i + 1] !== b) return list[i + 1]! > b;
    if (list[i + 2] !== c) return list[i + 2]! > c;
    return list[i + 3]! > d;
  };
  const slot = a >>> 16;
  let low = slots[slot]!;
  let high = slots[slot + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (after(starts, middle * 4)) high = middle;
    else low = middle + 1;
  }
  if (low === 0) return 0;
  const end = (low - 1) * 4;
  const holds = after(ends, end) || (ends[end] === a && ends[end + 1] === b && ends[end + 2] === c && ends[end + 3] === d);
  return holds ? ids[low - 1]! : 0;
}
