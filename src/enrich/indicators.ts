/**
 * Threat indicators of addresses as one piece of memory that threads share: which indicators cover an
 * address, and which of them counts at an instant. CIDR blocks either lie within each other or do not touch,
 * so each entry names the next wider one that holds it; the innermost entry of an address leads to all of
 * its indicators. 32 bytes an IPv4 indicator, 44 an IPv6 one, and 2.25 MiB to begin with.
 */
import { isIPv4 } from '../model/address.ts';
import type { AllowedRange, IndicatorEntry } from '../model/indicator.ts';
import { wordAt } from './networks.ts';

const MAGIC = 0x42494e31;
/** Words: magic, then for both families of indicators and of what is allowed how many there are and how many fit. */
const HEADER = 16;
const BUCKETS = 0x10001;
/** Bytes of a bit for each /24 of IPv4. */
const TOUCHED = 2 ** 21;
const OPEN = 0xffffffff;
const V4_MARK = 0xffff;

/** The arrays of one family; `width` words an address. */
interface Family {
  readonly width: 1 | 4;
  readonly size: number;
  readonly first: Uint32Array;
  /** Entry that holds this one, from 1; 0 for none. */
  readonly parent: Uint32Array;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly from: Uint32Array;
  readonly until: Uint32Array;
  readonly newest: Uint32Array;
  readonly feed: Uint16Array;
  /** Of `width * 32` bits. */
  readonly prefix: Uint8Array;
  readonly confidence: Uint8Array;
}

/** Wide arrays first, so that each begins where its type may. */
function familyBytes(width: number, size: number): number {
  return Math.ceil((size * (width * 4 + 24 + 2 + 2)) / 8) * 8;
}

function familyAt(memory: ArrayBufferLike, start: number, width: 1 | 4, size: number): Family {
  let at = start;
  const words = (count: number): Uint32Array => {
    const array = new Uint32Array(memory, at, count);
    at += count * 4;
    return array;
  };
  const first = words(size * width);
  const [parent, low, high, from, until, newest] = [words(size), words(size), words(size), words(size), words(size), words(size)];
  const feed = new Uint16Array(memory, at, size);
  at += size * 2;
  const prefix = new Uint8Array(memory, at, size);
  const confidence = new Uint8Array(memory, at + size, size);
  return { width, size, first, parent, low, high, from, until, newest, feed, prefix, confidence };
}

interface Layout {
  readonly header: Uint32Array;
  /** First IPv4 indicator at or behind each beginning of 16 bits. */
  readonly buckets: Uint32Array;
  /** A bit for each /24 of IPv4: whether an indicator touches it. Most addresses need no search. */
  readonly touched: Uint8Array;
  /** IPv4 and IPv6 indicators, then what is allowed of both. */
  readonly families: readonly [Family, Family, Family, Family];
}

const WIDTHS = [1, 4, 1, 4] as const;

function totalBytes(sizes: readonly number[]): number {
  return (HEADER + BUCKETS + 1) * 4 + TOUCHED + WIDTHS.reduce((sum, width, i) => sum + familyBytes(width, sizes[i] as number), 0);
}

function layoutOf(memory: ArrayBufferLike, sizes: readonly number[]): Layout {
  const touched = new Uint8Array(memory, (HEADER + BUCKETS + 1) * 4, TOUCHED);
  let at = touched.byteOffset + TOUCHED;
  const family = (i: 0 | 1 | 2 | 3): Family => {
    const made = familyAt(memory, at, WIDTHS[i], sizes[i] as number);
    at += familyBytes(WIDTHS[i], sizes[i] as number);
    return made;
  };
  const header = new Uint32Array(memory, 0, HEADER);
  const buckets = new Uint32Array(memory, HEADER * 4, BUCKETS);
  return { header, buckets, touched, families: [family(0), family(1), family(2), family(3)] };
}

/** More entries came than the index was made for: what it is built from has changed meanwhile. */
export class IndicatorIndexFull extends Error {
  constructor() {
    super('the index of indicators was made for fewer entries');
    this.name = 'IndicatorIndexFull';
  }
}

/** Fills an index. Entries come in the order of their first address, wider blocks before those that they hold. */
export class IndicatorIndexBuilder {
  readonly #memory: SharedArrayBuffer;
  readonly #layout: Layout;
  readonly #counts = [0, 0, 0, 0];
  /** Entries that hold the last one of each family, the innermost last. */
  readonly #around: [number[], number[], number[], number[]] = [[], [], [], []];
  readonly #feeds = new Map<string, number>([['', 0]]);

  /** How many addresses and blocks of each family will come at most. */
  constructor(sizes: { readonly ipv4: number; readonly ipv6: number }, allowed: readonly AllowedRange[] = []) {
    const v4Allowed = allowed.filter(({ words }) => isMapped(words)).length;
    const all = [sizes.ipv4, sizes.ipv6, v4Allowed, allowed.length - v4Allowed];
    this.#memory = new SharedArrayBuffer(totalBytes(all));
    this.#layout = layoutOf(this.#memory, all);
    this.#layout.header.set([MAGIC, ...all]);
    const entry = { low: 0, high: 0, confidence: 0, newest: 0, validFrom: 0, validUntil: 0 };
    for (const range of [...allowed].sort(inOrder)) this.#put(isMapped(range.words) ? 2 : 3, { ...entry, ...range });
  }

  /** Throws IndicatorIndexFull, and RangeError for an entry that is out of order. */
  add(entry: IndicatorEntry): void {
    const isV4 = isMapped(entry.words) && entry.prefix >= 96;
    this.#put(isV4 ? 0 : 1, entry);
    if (isV4) touch(this.#layout.touched, entry.words[3] >>> 8, 2 ** Math.max(0, 120 - entry.prefix));
  }

  finish(): Uint8Array {
    const { header, buckets, families } = this.#layout;
    header.set(this.#counts, 5);
    const { first } = families[0];
    const count = this.#counts[0] as number;
    let entry = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      while (entry < count && (first[entry] as number) >>> 16 < bucket) entry++;
      buckets[bucket] = entry;
    }
    return new Uint8Array(this.#memory);
  }

  #put(which: 0 | 1 | 2 | 3, entry: IndicatorEntry): void {
    const family = this.#layout.families[which];
    const at = this.#counts[which] as number;
    if (at >= family.size) throw new IndicatorIndexFull();
    const { width } = family;
    const own = width === 1 ? entry.words.slice(3) : entry.words;
    family.first.set(own, at * width);
    family.prefix[at] = width === 1 ? entry.prefix - 96 : entry.prefix;
    const order = at === 0 ? -1 : compareWords(family, at - 1, family.first, at * width);
    if (order > 0 || (order === 0 && (family.prefix[at - 1] as number) > (family.prefix[at] as number)))
      throw new RangeError('entries of the index are out of order');
    const around = this.#around[which];
    while (around.length && !holds(family, around.at(-1) as number, family.first, at * width)) around.pop();
    family.parent[at] = around.length ? (around.at(-1) as number) + 1 : 0;
    around.push(at);
    family.low[at] = entry.low;
    family.high[at] = entry.high;
    family.from[at] = entry.validFrom;
    family.until[at] = entry.validUntil === 0 ? OPEN : entry.validUntil;
    family.newest[at] = entry.newest;
    family.confidence[at] = entry.confidence;
    family.feed[at] = this.#feedOf(entry.feed);
    this.#counts[which] = at + 1;
  }

  #feedOf(feed: string): number {
    const known = this.#feeds.get(feed);
    if (known !== undefined) return known;
    if (this.#feeds.size > 0xffff) throw new IndicatorIndexFull();
    const id = this.#feeds.size;
    this.#feeds.set(feed, id);
    return id;
  }
}

/** Sets `count` bits from `first` on; a power of two of them, beginning at a multiple of it. */
function touch(bits: Uint8Array, first: number, count: number): void {
  if (count >= 8) bits.fill(0xff, first >>> 3, (first + count) >>> 3);
  else for (let bit = first; bit < first + count; bit++) bits[bit >>> 3] = (bits[bit >>> 3] as number) | (1 << (bit & 7));
}

function isMapped([a, b, c]: readonly number[]): boolean {
  return a === 0 && b === 0 && c === V4_MARK;
}

function inOrder(a: AllowedRange, b: AllowedRange): number {
  for (let i = 0; i < 4; i++) {
    const difference = (a.words[i] as number) - (b.words[i] as number);
    if (difference !== 0) return difference;
  }
  return a.prefix - b.prefix;
}

/** An entry's first address against `words[at…]`. */
function compareWords({ first, width }: Family, entry: number, words: Uint32Array, at: number): number {
  for (let i = 0; i < width; i++) {
    const a = first[entry * width + i] as number;
    const b = words[at + i] as number;
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

/** Whether an entry's block holds the address `words[at…]`. */
function holds({ first, prefix, width }: Family, entry: number, words: Uint32Array, at: number): boolean {
  let rest = prefix[entry] as number;
  for (let i = 0; i < width && rest > 0; i++, rest -= 32) {
    const difference = ((first[entry * width + i] as number) ^ (words[at + i] as number)) >>> 0;
    if (rest < 32 ? difference >>> (32 - rest) !== 0 : difference !== 0) return false;
  }
  return true;
}

export interface IndicatorIndex {
  /** Addresses and blocks in it. */
  readonly size: number;
  /** The innermost of those that cover the 16 bytes at `offset`, for `best`; 0 where none does. */
  cover(bytes: Uint8Array, offset: number): number;
  /**
   * Of all that cover an address and hold at a time (epoch seconds), the one of the highest confidence, then the
   * newest; 0 where none does, or none that is not allow-listed. `cover`: what that said of the same address.
   */
  best(cover: number, bytes: Uint8Array, offset: number, time: number): number;
  /** Halves of the number of an indicator that `best` gave. */
  low(entry: number): number;
  high(entry: number): number;
}

/** Reads what a builder made. Throws RangeError for other bytes. */
export function openIndicatorIndex(bytes: Uint8Array): IndicatorIndex {
  const head = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER);
  const sizes = [...head.slice(1, 5)];
  const counts = head.slice(5, 9);
  if (head[0] !== MAGIC || bytes.byteOffset !== 0 || bytes.length !== totalBytes(sizes)) throw new RangeError('these bytes are no index of indicators');
  const { families, buckets, touched } = layoutOf(bytes.buffer, sizes);
  const [v4, v6, v4Allowed, v6Allowed] = families;
  const [v4Count, v6Count, v4AllowedCount, v6AllowedCount] = counts as unknown as [number, number, number, number];
  const address = new Uint32Array(4);
  /** Numbers of entries: IPv4 from 1, IPv6 behind them. */
  const familyOf = (entry: number): Family => (entry <= v4Count ? v4 : v6);
  const placeOf = (entry: number): number => (entry <= v4Count ? entry : entry - v4Count) - 1;

  const load = (source: Uint8Array, offset: number): boolean => {
    address[3] = wordAt(source, offset + 12);
    if (source[offset + 11] === 0xff && isIPv4(source, offset)) return true;
    address[0] = wordAt(source, offset);
    address[1] = wordAt(source, offset + 4);
    address[2] = wordAt(source, offset + 8);
    return false;
  };

  /** The innermost entry that holds the loaded address, from 1; the search is in [low, high). */
  const innermost = (family: Family, low: number, high: number): number => {
    const at = family.width === 1 ? 3 : 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(family, middle, address, at) <= 0) low = middle + 1;
      else high = middle;
    }
    // The last that begins at or before the address, or one that holds it.
    let entry = low;
    while (entry > 0 && !holds(family, entry - 1, address, at)) entry = family.parent[entry - 1] as number;
    return entry;
  };

  /** Whether indicators of a feed are allow-listed for the loaded address. `entry`: the innermost range of the list. */
  const allowed = (family: Family, innermostAllowed: number, feed: number): boolean => {
    for (let entry = innermostAllowed; entry > 0; entry = family.parent[entry - 1] as number) {
      const of = family.feed[entry - 1];
      if (of === 0 || of === feed) return true;
    }
    return false;
  };

  return {
    size: v4Count + v6Count,
    cover(source, offset) {
      if (load(source, offset)) {
        if (v4Count === 0) return 0;
        const word = address[3] as number;
        if (((touched[word >>> 11] as number) & (1 << ((word >>> 8) & 7))) === 0) return 0;
        const bucket = word >>> 16;
        return innermost(v4, buckets[bucket] as number, buckets[bucket + 1] as number);
      }
      if (v6Count === 0) return 0;
      const entry = innermost(v6, 0, v6Count);
      return entry === 0 ? 0 : entry + v4Count;
    },
    best(cover, source, offset, time) {
      const family = familyOf(cover);
      const list = family === v4 ? v4Allowed : v6Allowed;
      const listCount = family === v4 ? v4AllowedCount : v6AllowedCount;
      let exempt = 0;
      if (listCount > 0) {
        load(source, offset);
        exempt = innermost(list, 0, listCount);
      }
      let found = 0;
      for (let entry = placeOf(cover) + 1; entry > 0; entry = family.parent[entry - 1] as number) {
        const i = entry - 1;
        if (time < (family.from[i] as number) || (time >= (family.until[i] as number) && family.until[i] !== OPEN)) continue;
        if (found > 0) {
          const more = (family.confidence[i] as number) - (family.confidence[found - 1] as number);
          if (more < 0 || (more === 0 && (family.newest[i] as number) <= (family.newest[found - 1] as number))) continue;
        }
        if (exempt > 0 && allowed(list, exempt, family.feed[i] as number)) continue;
        found = entry;
      }
      return found === 0 ? 0 : family === v4 ? found : found + v4Count;
    },
    low: (entry) => familyOf(entry).low[placeOf(entry)] as number,
    high: (entry) => familyOf(entry).high[placeOf(entry)] as number,
  };
}
