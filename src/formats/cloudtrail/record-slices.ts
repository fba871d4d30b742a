/** One record taken apart: where the value of each known key lies, and the pairs of all others. */
import { type Source, sourceOf } from '../intern.ts';
import { KEYS, keyAt } from './keys.ts';
import { BROKEN, MORE, passed, skipBlanks, stringEnd, valueEnd } from './scan.ts';

const QUOTE = 34;
const NULL = 110;

export class RecordSlices {
  /** The bytes that the offsets are of. */
  source: Source = sourceOf(new Uint8Array(0));
  start = 0;
  end = 0;
  /** By place in KEYS: offsets of the value; `from` is 0 where the record does not have it, or has null. */
  readonly from = new Uint32Array(KEYS.length);
  readonly to = new Uint32Array(KEYS.length);
  /** Where their keys begin. */
  readonly key = new Uint32Array(KEYS.length);
  /** Offsets of the pairs under other keys, two by two. */
  others: number[] = [];
  /** Whether the record may have something that the engine's parser of JSON does not take. */
  doubtful = false;

  /** Reads the object that begins at `p`: the offset after it, MORE or BROKEN. Of a key that is there twice the last value counts. */
  read(buf: Uint8Array, p: number, end: number): number {
    this.from.fill(0);
    if (this.others.length > 0) this.others = [];
    passed.doubtful = false;
    if (this.source.bytes !== buf) this.source = sourceOf(buf);
    this.start = p;
    let at = skipBlanks(buf, p + 1, end);
    if (at >= end) return MORE;
    if (buf[at] === 125) return this.ended(at + 1);
    for (;;) {
      if (at >= end) return MORE;
      if (buf[at] !== QUOTE) return BROKEN;
      const keyEnd = stringEnd(buf, at, end);
      if (keyEnd < 0) return keyEnd;
      let value = skipBlanks(buf, keyEnd, end);
      if (value >= end) return MORE;
      if (buf[value] !== 58) return BROKEN;
      value = skipBlanks(buf, value + 1, end);
      const after = valueEnd(buf, value, end, 1);
      if (after < 0) return after;
      const key = keyAt(buf, at + 1, keyEnd - 1);
      if (key < 0) this.others.push(at, after);
      else {
        this.from[key] = buf[value] === NULL ? 0 : value;
        this.to[key] = after;
        this.key[key] = at;
      }
      at = skipBlanks(buf, after, end);
      if (at >= end) return MORE;
      if (buf[at] === 125) return this.ended(at + 1);
      if (buf[at] !== 44) return BROKEN;
      at = skipBlanks(buf, at + 1, end);
    }
  }

  private ended(end: number): number {
    this.end = end;
    this.doubtful = passed.doubtful;
    return end;
  }

  get buf(): Uint8Array {
    return this.source.bytes;
  }

  /** Whether the record has the key with a value that is not null. */
  has(key: number): boolean {
    return this.from[key] !== 0;
  }

  /** First byte of the key's value; 0 where there is none. */
  kind(key: number): number {
    const from = this.from[key]!;
    return from === 0 ? 0 : this.buf[from]!;
  }
}
