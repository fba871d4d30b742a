/** Columns of a batch of events while rows are added. */
import type { Column, Texts } from '../../model/batch.ts';
import { hashRange, type Source, SpellingTable } from '../intern.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const BACKSLASH = 92;
/** Below it, copying byte by byte is faster than a view of the bytes. */
const SHORT = 64;
/** Bytes of a length. */
const LONGEST_LENGTH = 5;

/** What stands between the quotes of a JSON string; JSON that is no string as it is. Bytes that are no UTF-8 become U+FFFD. */
export function stringContent(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  if (!bytes.includes(BACKSLASH)) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

/** Texts of which many rows have the same. */
export class TextColumn {
  private ids = new Uint32Array(4096);
  private dictionary = [''];
  private index = new Map<string, number>([['', 0]]);
  private readonly spellings = new SpellingTable();

  /** `at` puts an id that `of…` gave. */
  at(row: number, id: number): void {
    if (row >= this.ids.length) {
      const ids = new Uint32Array(this.ids.length * 2);
      ids.set(this.ids);
      this.ids = ids;
    }
    this.ids[row] = id;
  }

  /** Id of the JSON string whose content is `[from, to)`. */
  ofBytes(source: Source, from: number, to: number): number {
    if (to <= from) return 0;
    const hash = hashRange(source, from, to);
    const known = this.spellings.find(source, from, to, hash);
    if (known >= 0) return this.spellings.values[known]!;
    const id = this.ofText(stringContent(source.bytes.subarray(from, to)));
    this.spellings.add(source.bytes, from, to, hash, id, 0);
    return id;
  }

  ofText(text: string): number {
    const known = this.index.get(text);
    if (known !== undefined) return known;
    const id = this.dictionary.push(text) - 1;
    this.index.set(text, id);
    return id;
  }

  text(id: number): string {
    return this.dictionary[id]!;
  }

  /** Bytes of text held. */
  get size(): number {
    return this.spellings.size;
  }

  /** The column's first rows; it goes on empty. The ids are valid until the next row. */
  take(): Column {
    const { ids, dictionary } = this;
    this.dictionary = [''];
    this.index = new Map([['', 0]]);
    this.spellings.clear();
    return { type: 'LowCardinality(String)', ids, dictionary };
  }
}

/**
 * Texts behind their lengths, as model/batch.ts `Texts` has them, so that the store takes them as they are. A text is
 * begun with its length and added in pieces, or is empty; texts come one after another.
 */
export class BytesColumn {
  private bytes = new Uint8Array(64 * 1024);
  private ends = new Uint32Array(4096);
  private open = false;
  size = 0;

  /** Begins the next text. */
  begin(length: number): void {
    if (this.size + length + LONGEST_LENGTH > this.bytes.length) this.grow(this.size + length + LONGEST_LENGTH);
    let rest = length;
    for (; rest >= 0x80; rest >>>= 7) this.bytes[this.size++] = (rest & 0x7f) | 0x80;
    this.bytes[this.size++] = rest;
    this.open = true;
  }

  /** Adds `buf[from, to)` to the text that was begun. */
  add(buf: Uint8Array, from: number, to: number): void {
    const length = to - from;
    const at = this.size;
    const { bytes } = this;
    if (length < SHORT) for (let i = 0; i < length; i++) bytes[at + i] = buf[from + i]!;
    else bytes.set(buf.subarray(from, to), at);
    this.size = at + length;
  }

  byte(value: number): void {
    this.bytes[this.size++] = value;
  }

  /** The next text as a whole, not ended. */
  put(buf: Uint8Array, from: number, to: number): void {
    this.begin(to - from);
    this.add(buf, from, to);
  }

  /** Ends text `i`, which is empty if nothing was begun. */
  end(i: number): void {
    if (!this.open) this.begin(0);
    this.open = false;
    if (i >= this.ends.length) {
      const ends = new Uint32Array(this.ends.length * 2);
      ends.set(this.ends);
      this.ends = ends;
    }
    this.ends[i] = this.size;
  }

  private grow(size: number): void {
    const bytes = new Uint8Array(Math.max(size, this.bytes.length * 2));
    bytes.set(this.bytes);
    this.bytes = bytes;
  }

  /** Valid until the next text. */
  take(): Texts {
    const { bytes, ends } = this;
    this.size = 0;
    return { bytes, ends };
  }
}
