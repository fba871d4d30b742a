/**
 * Interning: a row holds a small id, a batch holds each distinct value once. Tables are open-addressed
 * typed arrays keyed by the record's own bytes, so that a value seen before costs no string and no
 * allocation. They are emptied, not freed, between batches.
 */
import { ADDRESS_BYTES } from '../model/address.ts';

/** Flags of a spelling. */
export const ABSENT = 1;
/** The canonical text of the value is not this spelling: the record's bytes must be kept. */
export const INEXACT = 2;
/** Bits of the record status that the spelling stands for (see `RecordStatus`), from this bit on. */
export const STATUS_SHIFT = 2;

const SPACE = 32;

/** Bytes that can also be read four at a time (little-endian, as the machines that this runs on are). */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function sourceOf(bytes: Uint8Array): Source {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

const HASH_MULTIPLIER = 0x9e3779b1;
/**
 * Slots that a search looks at before it takes the values for chosen ones: the hashes have no secret, so that a sender can make values
 * that all meet in one slot, and each would be compared with all before it. From there to the end of the batch values are found by
 * their text in a Map, whose hash has a secret. A table is at most half full: others need a few dozen slots.
 */
const MOST_STEPS = 256;
const oneByOne = new TextDecoder('latin1');

/** A letter before it: the hash of a text of digits has no secret. */
const textOf = (bytes: Uint8Array, start: number, end: number): string => `b${oneByOne.decode(bytes.subarray(start, end))}`;

/** One step of the hash of a spelling: four bytes, or the last ones with zeros above them. */
function hashStep(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, HASH_MULTIPLIER);
  return h ^ (h >>> 15);
}

/** The four bytes from `p`; zeros after the end. */
function wordAt(source: Source, p: number): number {
  const { bytes, view } = source;
  if (p + 4 <= bytes.length) return view.getInt32(p, true);
  let word = 0;
  for (let i = 0; p + i < bytes.length; i++) word |= bytes[p + i]! << (i * 8);
  return word;
}

/** Hash of `bytes[0, length)`, as `ValueScanner` computes it. */
export function hashBytes(bytes: Uint8Array): number {
  const source = sourceOf(bytes);
  let hash = 0;
  let p = 0;
  for (; p + 4 <= bytes.length; p += 4) hash = hashStep(hash, wordAt(source, p));
  return p < bytes.length ? hashStep(hash, wordAt(source, p)) : hash;
}

/** The same of `[start, end)` of longer bytes. */
export function hashRange(source: Source, start: number, end: number): number {
  let hash = 0;
  let p = start;
  for (; p + 4 <= end; p += 4) hash = hashStep(hash, source.view.getInt32(p, true));
  if (p === end) return hash;
  let word = 0;
  for (let i = 0; p + i < end; i++) word |= source.bytes[p + i]! << (i * 8);
  return hashStep(hash, word);
}

/** Finds a value's end and its hash in one pass, four bytes a step. */
export class ValueScanner {
  hash = 0;

  /** Offset of the first space or control character (below 33) at or after `p`. */
  scan(source: Source, p: number): number {
    let hash = 0;
    for (;;) {
      const word = wordAt(source, p);
      // The lowest byte below 33 is the lowest with its high bit set here.
      const ends = (word - 0x21212121) & ~word & 0x80808080;
      if (ends === 0) {
        hash = hashStep(hash, word);
        p += 4;
        continue;
      }
      const count = (31 - Math.clz32(ends & -ends)) >> 3;
      this.hash = count === 0 ? hash : hashStep(hash, word & ((1 << (count * 8)) - 1));
      return p + count;
    }
  }
}

/** Distinct spellings of one column, each with a number (`values`) and flags. */
export class SpellingTable {
  arena: Source = sourceOf(new Uint8Array(1024));
  /** Spelling `i` is `arena[starts[i], starts[i + 1])`. */
  starts = new Uint32Array(65);
  values = new Uint32Array(64);
  flags = new Uint8Array(64);
  count = 0;
  /** The spelling of the row before: the first guess for the next row. */
  last = 0;
  private hashes = new Int32Array(64);
  /** Id + 1; 0 is a free slot. */
  private slots = new Int32Array(128);
  /** In place of the slots (see MOST_STEPS). */
  private byText: Map<string, number> | undefined;

  clear(): void {
    this.byText = undefined;
    this.count = 0;
    this.last = 0;
    this.starts[1] = 0;
    this.slots.fill(0);
  }

  /** Bytes of text held. */
  get size(): number {
    return this.starts[this.count]!;
  }

  /** Whether `source` goes on at `p` with the spelling of the row before; the offset after it, or -1. */
  matchLast(source: Source, p: number): number {
    const at = this.starts[this.last]!;
    const length = this.starts[this.last + 1]! - at;
    const end = p + length;
    if (length === 0 || end >= source.bytes.length || source.bytes[end]! > SPACE) return -1;
    return this.equals(at, source, p, length) ? end : -1;
  }

  /** Id of the spelling at `[start, end)`, or -1 when it is new. */
  find(source: Source, start: number, end: number, hash: number): number {
    if (this.byText) return this.byText.get(textOf(source.bytes, start, end)) ?? -1;
    const { slots, hashes, starts } = this;
    const mask = slots.length - 1;
    const length = end - start;
    let slot = (hash ^ (hash >>> 13)) & mask;
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const id = slots[slot]! - 1;
      if (id < 0) return -1;
      slot = (slot + 1) & mask;
      if (hashes[id] !== hash) continue;
      const at = starts[id]!;
      if (starts[id + 1]! - at === length && this.equals(at, source, start, length)) return id;
    }
    this.byText = new Map();
    for (let id = 0; id < this.count; id++) this.byText.set(textOf(this.arena.bytes, starts[id]!, starts[id + 1]!), id);
    return this.find(source, start, end, hash);
  }

  private equals(at: number, source: Source, p: number, length: number): boolean {
    const { bytes, view } = source;
    const { bytes: mine, view: myView } = this.arena;
    let i = 0;
    for (; i + 4 <= length; i += 4) if (myView.getInt32(at + i, true) !== view.getInt32(p + i, true)) return false;
    for (; i < length; i++) if (mine[at + i] !== bytes[p + i]) return false;
    return true;
  }

  add(buf: Uint8Array, start: number, end: number, hash: number, value: number, flags: number): number {
    const id = this.count;
    if (id === this.values.length) this.grow();
    const at = this.starts[id]!;
    const length = end - start;
    if (at + length > this.arena.bytes.length) {
      const arena = new Uint8Array(Math.max(this.arena.bytes.length * 2, at + length));
      arena.set(this.arena.bytes);
      this.arena = sourceOf(arena);
    }
    this.arena.bytes.set(buf.subarray(start, end), at);
    this.starts[id + 1] = at + length;
    this.hashes[id] = hash;
    this.values[id] = value;
    this.flags[id] = flags;
    this.count = id + 1;
    if (this.byText) this.byText.set(textOf(buf, start, end), id);
    else this.place(id);
    return id;
  }

  private place(id: number): void {
    const mask = this.slots.length - 1;
    const hash = this.hashes[id]!;
    let slot = (hash ^ (hash >>> 13)) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = id + 1;
  }

  private grow(): void {
    const size = this.values.length * 2;
    const starts = new Uint32Array(size + 1);
    starts.set(this.starts);
    this.starts = starts;
    const values = new Uint32Array(size);
    values.set(this.values);
    this.values = values;
    const flags = new Uint8Array(size);
    flags.set(this.flags);
    this.flags = flags;
    const hashes = new Int32Array(size);
    hashes.set(this.hashes);
    this.hashes = hashes;
    this.slots = new Int32Array(size * 2);
    if (!this.byText) for (let id = 0; id < this.count; id++) this.place(id);
  }
}

const MAPPED = 0xffff0000;

/** The address table of a batch while it is filled (model/batch.ts `AddressTable`). Id 0 is "no address". */
export class AddressInterner {
  count = 1;
  bytes = new Uint8Array(1024 * ADDRESS_BYTES);
  private words = new Uint32Array(this.bytes.buffer);
  /** IPv4: pairs of address and id; id 0 is a free slot. */
  private v4 = new Uint32Array(4096);
  private v4Shift = 32 - 11;
  private v4Count = 0;
  /** Other addresses: ids; 0 is a free slot. */
  private v6 = new Uint32Array(1024);
  private v6Count = 0;
  /** In place of both (see MOST_STEPS). */
  private byText: Map<string, number> | undefined;

  clear(): void {
    this.byText = undefined;
    this.count = 1;
    this.v4.fill(0);
    this.v4Count = 0;
    this.v6.fill(0);
    this.v6Count = 0;
  }

  /** Id of an IPv4 address given as a 32-bit number (signed or not). */
  internIPv4(address: number): number {
    const v4 = this.v4;
    const mask = v4.length - 1;
    const key = address >>> 0;
    // Words are little-endian, as the machines that this runs on are; addresses are in network order.
    const word = ((key & 0xff) << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24);
    if (this.byText) return this.internByText(this.byText, 0, 0, MAPPED, word >>> 0);
    let slot = (Math.imul(address, HASH_MULTIPLIER) >>> this.v4Shift) << 1;
    for (let steps = 0; v4[slot + 1] !== 0; steps++) {
      if (v4[slot] === key) return v4[slot + 1]!;
      if (steps === MOST_STEPS) return this.internByText(this.allByText(), 0, 0, MAPPED, word >>> 0);
      slot = (slot + 2) & mask;
    }
    const id = this.add(0, 0, MAPPED, word);
    v4[slot] = key;
    v4[slot + 1] = id;
    if (++this.v4Count * 4 > v4.length) this.growIPv4();
    return id;
  }

  /** Id of the 16 bytes of `bytes`, of either family. */
  intern(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, ADDRESS_BYTES);
    const [a, b, c, d] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
    if (a === 0 && b === 0 && c === MAPPED) return this.internIPv4(view.getUint32(12, false));
    if (this.byText) return this.internByText(this.byText, a, b, c, d);
    const mask = this.v6.length - 1;
    let slot = hashWords(a, b, c, d) & mask;
    for (let steps = 0; this.v6[slot] !== 0; steps++) {
      const w = this.v6[slot]! * 4;
      if (this.words[w] === a && this.words[w + 1] === b && this.words[w + 2] === c && this.words[w + 3] === d) return this.v6[slot]!;
      if (steps === MOST_STEPS) return this.internByText(this.allByText(), a, b, c, d);
      slot = (slot + 1) & mask;
    }
    const id = this.add(a, b, c, d);
    this.v6[slot] = id;
    if (++this.v6Count * 2 > this.v6.length) this.growIPv6();
    return id;
  }

  private allByText(): Map<string, number> {
    this.byText = new Map();
    for (let id = 1; id < this.count; id++) this.byText.set(`w${this.words.subarray(id * 4, id * 4 + 4).join(' ')}`, id);
    return this.byText;
  }

  private internByText(byText: Map<string, number>, a: number, b: number, c: number, d: number): number {
    const text = `w${a} ${b} ${c} ${d}`;
    const known = byText.get(text);
    if (known !== undefined) return known;
    const id = this.add(a, b, c, d);
    byText.set(text, id);
    return id;
  }

  private add(a: number, b: number, c: number, d: number): number {
    const id = this.reserve();
    const w = id * 4;
    this.words[w] = a;
    this.words[w + 1] = b;
    this.words[w + 2] = c;
    this.words[w + 3] = d;
    return id;
  }

  private reserve(): number {
    const id = this.count++;
    if ((id + 1) * ADDRESS_BYTES > this.bytes.length) {
      const bytes = new Uint8Array(this.bytes.length * 2);
      bytes.set(this.bytes);
      this.bytes = bytes;
      this.words = new Uint32Array(bytes.buffer);
    }
    return id;
  }

  private growIPv4(): void {
    const old = this.v4;
    this.v4 = new Uint32Array(old.length * 2);
    this.v4Shift--;
    const mask = this.v4.length - 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      let slot = (Math.imul(old[i]!, HASH_MULTIPLIER) >>> this.v4Shift) << 1;
      while (this.v4[slot + 1] !== 0) slot = (slot + 2) & mask;
      this.v4[slot] = old[i]!;
      this.v4[slot + 1] = old[i + 1]!;
    }
  }

  private growIPv6(): void {
    const old = this.v6;
    this.v6 = new Uint32Array(old.length * 2);
    const mask = this.v6.length - 1;
    for (const id of old) {
      if (id === 0) continue;
      const w = id * 4;
      let slot = hashWords(this.words[w]!, this.words[w + 1]!, this.words[w + 2]!, this.words[w + 3]!) & mask;
      while (this.v6[slot] !== 0) slot = (slot + 1) & mask;
      this.v6[slot] = id;
    }
  }
}

function hashWords(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ b;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b) ^ c;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ d;
  h = Math.imul(h ^ (h >>> 16), 0x9e3779b1);
  return h ^ (h >>> 15);
}
