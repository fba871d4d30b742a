/**
 * A source of bytes that can be read once more from a recent place: a compressed stream tells only
 * afterwards how much of its input was its own.
 */

/** Pieces are handed out no larger than this, so that little is lost where one turns out damaged. */
const SLICE = 256 * 1024;
/** Pieces smaller than this are gathered in blocks: a sender that dribbles would leave millions of slices. */
const SMALL = 4 * 1024;
const BLOCK = 64 * 1024;
/** Input up to this length is kept whole; of longer input only the last slices are, at least so many bytes. */
const KEPT = 16 * 1024 * 1024;
const RECENT = 4 * 1024 * 1024;

export class Input {
  /** A failure of the source itself, to be told from damage. */
  failure: unknown;
  private readonly iterator: AsyncIterator<Uint8Array>;
  private slices: Uint8Array[] = [];
  /** Offset of the first slice, of the next byte to hand out, and of the end of what was read. */
  private first = 0;
  private cursor = 0;
  private end = 0;
  /** The slice that the next byte is in, or will be, and the offset of it. */
  private current = 0;
  private currentAt = 0;
  /** What the last slice is the front of, when small pieces were gathered in it. */
  private block: Uint8Array | undefined;
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
    this.goTo(from);
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
    this.goTo(offset);
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

  /** Steps over slices between here and there only: going back a little costs little, however many there are. */
  private goTo(offset: number): void {
    this.cursor = offset;
    while (offset < this.currentAt) this.currentAt -= this.slices[--this.current]!.length;
    for (let slice = this.slices[this.current]; slice && offset >= this.currentAt + slice.length; slice = this.slices[++this.current])
      this.currentAt += slice.length;
  }

  private async advance(): Promise<Uint8Array | undefined> {
    for (;;) {
      const slice = this.slices[this.current];
      if (slice) {
        const rest = slice.subarray(this.cursor - this.currentAt);
        this.currentAt += slice.length;
        this.current++;
        this.cursor = this.currentAt;
        return rest;
      }
      if (this.done) return undefined;
      try {
        const next = await this.iterator.next();
        this.done = next.done === true;
        if (next.done) return undefined;
        this.keep(next.value);
      } catch (error) {
        this.failure = error;
        throw error;
      }
    }
  }

  private keep(piece: Uint8Array): void {
    this.end += piece.length;
    for (let at = 0; at < piece.length; at += SLICE) this.add(piece.subarray(at, at + SLICE));
    while (this.end > KEPT && this.current > 0 && this.end - this.first - this.slices[0]!.length >= RECENT) {
      this.first += this.slices.shift()!.length;
      this.current--;
    }
  }

  private add(piece: Uint8Array): void {
    const last = this.slices.at(-1);
    if (!last || piece.length >= SMALL || (this.block ? last.length + piece.length > BLOCK : last.length >= SMALL)) {
      this.block = undefined;
      this.slices.push(piece);
      return;
    }
    if (!this.block) {
      this.block = new Uint8Array(BLOCK);
      this.block.set(last);
    }
    // What was handed out of the block is before this, and stays as it is.
    this.block.set(piece, last.length);
    if (this.current === this.slices.length) {
      this.current--;
      this.currentAt -= last.length;
    }
    this.slices[this.slices.length - 1] = this.block.subarray(0, last.length + piece.length);
  }
}
