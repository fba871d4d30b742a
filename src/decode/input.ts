/**
 * A source of bytes that can be read once more from a recent place: a compressed stream tells only
 * afterwards how much of its input was its own.
 */

/** Pieces are handed out no larger than this, so that little is lost where one turns out damaged. */
const SLICE = 256 * 1024;
/** Input up to this length is kept whole; of longer input only the last slices are. */
const KEPT = 16 * 1024 * 1024;
const RECENT = 16;

export class Input {
  /** A failure of the source itself, to be told from damage. */
  failure: unknown;
  private readonly iterator: AsyncIterator<Uint8Array>;
  private slices: Uint8Array[] = [];
  /** Offset of the first slice, of the next byte to hand out, and of the end of what was read. */
  private first = 0;
  private cursor = 0;
  private end = 0;
  private done = false;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  /** The next bytes; undefined at the end. Calls may overlap and are answered in order. */
  next(): Promise<Uint8Array | undefined> {
    const result = this.turn.then(() => this.advance());
    this.turn = result.catch(() => undefined);
    return result;
  }

  /** The first bytes, at least `count` of them where there are so many; they are read again. */
  async peek(count: number): Promise<Uint8Array> {
    const from = this.cursor;
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < count) {
      const part = await this.next();
      if (!part) break;
      parts.push(part);
      length += part.length;
    }
    this.cursor = from;
    return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
  }

  /** Whether the bytes from `offset` on are still here. */
  has(offset: number): boolean {
    return offset >= this.first;
  }

  /** Goes on from `offset`, which `has`. Waits for calls under way. */
  async rewind(offset: number): Promise<void> {
    await this.turn;
    if (!this.has(offset)) throw new RangeError(`input before ${this.first} is gone`);
    this.cursor = offset;
  }

  /** The bytes in [from, to) that were read before, in steps. */
  *again(from: number, to: number, step: number): Generator<Uint8Array> {
    let at = this.first;
    for (const slice of this.slices) {
      for (let i = Math.max(0, from - at); i < Math.min(slice.length, to - at); i += step) yield slice.subarray(i, Math.min(i + step, to - at));
      at += slice.length;
    }
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.cursor;
  }

  /** Offset up to which the source was read. */
  get read(): number {
    return this.end;
  }

  /** Releases the source. */
  async close(): Promise<void> {
    if (!this.done) await this.iterator.return?.();
    this.done = true;
  }

  private async advance(): Promise<Uint8Array | undefined> {
    let at = this.first;
    for (const slice of this.slices) {
      if (this.cursor < at + slice.length) {
        const rest = slice.subarray(this.cursor - at);
        this.cursor = at + slice.length;
        return rest;
      }
      at += slice.length;
    }
    if (this.done) return undefined;
    try {
      let piece: Uint8Array;
      do {
        const next = await this.iterator.next();
        this.done = next.done === true;
        if (next.done) return undefined;
        piece = next.value;
      } while (piece.length === 0);
      for (let i = 0; i < piece.length; i += SLICE) this.slices.push(piece.subarray(i, i + SLICE));
      this.end += piece.length;
    } catch (error) {
      this.failure = error;
      throw error;
    }
    while (this.end > KEPT && this.slices.length > RECENT && this.first + this.slices[0]!.length < this.cursor) this.first += this.slices.shift()!.length;
    return this.advance();
  }
}
