/**
 * Compressed deliveries as plain bytes, in flat memory. What a delivery is compressed with is seen in
 * its first bytes, never in its name. Damage is data, not an exception: what can be read is delivered,
 * and what stopped it is the generator's return value.
 */
import { Readable, type Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';

/** Where and why compressed bytes could not be read on. */
export interface Damage {
  readonly code: 'gzip-damaged' | 'zstd-damaged';
  readonly message: string;
  /** Bytes of the decompressed delivery that were read before. */
  readonly offset: number;
}

export type Compression = 'gzip' | 'zstd' | 'plain';

/**
 * What the first bytes say (four are enough). gzip: RFC 1952; zstd: RFC 8878, frames and skippable frames.
 */
export function sniff(head: Uint8Array): Compression {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.length < 4) return 'plain';
  const magic = (head[0]! | (head[1]! << 8) | (head[2]! << 16) | (head[3]! << 24)) >>> 0;
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5 ? 'zstd' : 'plain';
}

/** Output comes in pieces of this size: small ones cost twice the time. */
const CHUNK = 1024 * 1024;
/** Input goes in by pieces of this size, so that little is lost where one turns out damaged. */
const SLICE = 256 * 1024;
/** Compressed bytes that are kept so that a damaged delivery can be read once more, up to the very place. */
const KEPT = 16 * 1024 * 1024;
/** Size of the last steps before the damage when it is read once more. */
const STEP = 64;

/** Decompresses a delivery. Yields plain bytes; returns the damage, if any. Errors of the source are thrown. */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, Damage | undefined> {
  const input = new Input(source);
  const head = await input.peek(4);
  const compression = sniff(head);
  if (compression === 'plain') {
    for await (const piece of input.pieces()) yield piece;
    return undefined;
  }
  return yield* inflate(input, compression);
}

/** A source whose first bytes can be looked at, and whose bytes are counted and kept up to a limit. */
class Input {
  /** What was read, while it is not more than KEPT. */
  kept: Uint8Array[] | undefined = [];
  length = 0;
  failure: unknown;
  private readonly iterator: AsyncIterator<Uint8Array>;
  private ahead: Uint8Array[] = [];

  constructor(source: AsyncIterable<Uint8Array>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  async peek(count: number): Promise<Uint8Array> {
    let length = 0;
    while (length < count) {
      const next = await this.iterator.next();
      if (next.done) break;
      this.ahead.push(next.value);
      length += next.value.length;
    }
    return this.ahead.length === 1 ? this.ahead[0]! : new Uint8Array(Buffer.concat(this.ahead));
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of this.ahead) yield piece;
      this.ahead = [];
      for (;;) {
        const next = await this.iterator.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await this.iterator.return?.();
    }
  }

  /** The bytes by SLICE. A failure of the source is kept in `failure`, to be told from damage. */
  async *slices(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.pieces()) {
        for (let at = 0; at < piece.length; at += SLICE) {
          const slice = piece.subarray(at, at + SLICE);
          this.length += slice.length;
          if (this.length > KEPT) this.kept = undefined;
          this.kept?.push(slice);
          yield slice;
        }
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

function inflater(compression: 'gzip' | 'zstd'): Transform & { readonly bytesWritten: number } {
  return compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
}

async function* inflate(input: Input, compression: 'gzip' | 'zstd'): AsyncGenerator<Uint8Array, Damage | undefined> {
  const stream = inflater(compression);
  const feed = Readable.from(input.slices(), { objectMode: true, highWaterMark: 2 });
  feed.on('error', (error) => stream.destroy(error));
  feed.pipe(stream);
  let offset = 0;
  let error: unknown;
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      offset += piece.length;
      yield piece;
    }
  } catch (caught) {
    if (input.failure) throw input.failure;
    error = caught;
  } finally {
    feed.destroy();
    stream.destroy();
  }
  const code = `${compression}-damaged` as const;
  if (error) {
    for await (const piece of salvage(input, compression, offset)) {
      offset += piece.length;
      yield piece;
    }
    return { code, message: `the ${compression} data is damaged after ${offset} bytes: ${error instanceof Error ? error.message : String(error)}`, offset };
  }
  return undefined;
}

/** Reads the kept input once more, in small steps near its end, for what one failing step swallowed: the bytes from `offset` on. */
async function* salvage(input: Input, compression: 'gzip' | 'zstd', offset: number): AsyncGenerator<Uint8Array> {
  void constants;
  const { kept } = input;
  if (!kept) return;
  const stream = inflater(compression);
  const steps = function* (): Generator<Uint8Array> {
    yield* kept.slice(0, -1);
    const last = kept.at(-1)!;
    for (let at = 0; at < last.length; at += STEP) yield last.subarray(at, at + STEP);
  };
  const feed = Readable.from(steps());
  feed.pipe(stream);
  let passed = 0;
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      const skip = Math.min(piece.length, Math.max(0, offset - passed));
      passed += piece.length;
      if (skip < piece.length) yield piece.subarray(skip);
    }
  } catch {
    // The same damage as the first time.
  }
}
