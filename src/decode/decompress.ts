/**
 * Compressed deliveries as plain bytes, in flat memory. What a delivery is compressed with is seen in
 * its first bytes, never in its name. Damage is data, not an exception: what can be read is delivered,
 * and what stopped it is the generator's return value.
 */
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Input } from './input.ts';

/** Where and why compressed bytes could not be read on. */
export interface Damage {
  readonly code: 'gzip-damaged' | 'zstd-damaged';
  readonly message: string;
  /** Bytes of the decompressed delivery that were read before. */
  readonly offset: number;
}

export type Compression = 'gzip' | 'zstd' | 'plain';

/** What the first bytes say (four are enough). gzip: RFC 1952; zstd: RFC 8878, frames and skippable frames. */
export function sniff(head: Uint8Array): Compression {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.length < 4) return 'plain';
  const magic = (head[0]! | (head[1]! << 8) | (head[2]! << 16) | (head[3]! << 24)) >>> 0;
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5 ? 'zstd' : 'plain';
}

/** Output comes in pieces of this size: small ones cost twice the time. */
const CHUNK = 1024 * 1024;
/** Step in which damaged input is read once more before it is read byte by byte. */
const STEP = 1024;

/**
 * Decompresses a delivery: members and frames one after another, zero padding between and after them.
 * Yields plain bytes, each piece valid for good; returns the damage, if any. Failures of the source are
 * thrown.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, Damage | undefined> {
  const input = new Input(source);
  try {
    const compression = sniff(await input.peek(4));
    if (compression !== 'plain') return yield* inflateAll(input, compression);
    for (let piece = await input.next(); piece; piece = await input.next()) yield piece;
    return undefined;
  } finally {
    await input.close();
  }
}

type Inflater = Transform & { readonly bytesWritten: number };

function inflater(compression: 'gzip' | 'zstd'): Inflater {
  return compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
}

async function* inflateAll(input: Input, compression: 'gzip' | 'zstd'): AsyncGenerator<Uint8Array, Damage | undefined> {
  const code = `${compression}-damaged` as const;
  let offset = 0;
  let start = 0;
  for (;;) {
    const before = offset;
    const stream = inflater(compression);
    const feed = Readable.from(pieces(input), { highWaterMark: 1 });
    feed.on('error', (error) => stream.destroy(error));
    feed.pipe(stream);
    try {
      for await (const piece of stream as AsyncIterable<Uint8Array>) {
        offset += piece.length;
        yield piece;
      }
    } catch (error) {
      if (input.failure) throw input.failure;
      for await (const piece of salvage(input, compression, start, offset - before)) {
        offset += piece.length;
        yield piece;
      }
      return {
        code,
        message: `the ${compression} data is damaged after ${offset} plain bytes: ${error instanceof Error ? error.message : String(error)}`,
        offset,
      };
    } finally {
      feed.destroy();
      stream.destroy();
    }
    // A stream ends with its member, which may be before the end of the input that it was given.
    start += stream.bytesWritten;
    await input.rewind(start);
    const rest = await passZeros(input);
    if (rest === undefined) return undefined;
    start = rest;
    if (sniff(await input.peek(4)) !== compression)
      return { code, message: `something else follows the ${compression} data, after ${offset} plain bytes`, offset };
  }
}

async function* pieces(input: Input): AsyncGenerator<Uint8Array> {
  for (let piece = await input.next(); piece; piece = await input.next()) yield piece;
}

/** Offset of the next byte that is not zero, where the input then goes on; undefined when none is left. */
async function passZeros(input: Input): Promise<number | undefined> {
  for (let piece = await input.next(); piece; piece = await input.next()) {
    const at = piece.findIndex((c) => c !== 0);
    if (at < 0) continue;
    const offset = input.position - piece.length + at;
    await input.rewind(offset);
    return offset;
  }
  return undefined;
}

/**
 * A failing step of the decompressor swallows what it had put out before it failed. The input of the
 * member, where it is still here, is read once more in small steps up to the very place: yields the
 * bytes from `known` on.
 */
async function* salvage(input: Input, compression: 'gzip' | 'zstd', start: number, known: number): AsyncGenerator<Uint8Array> {
  if (!input.has(start)) return;
  let to = input.read;
  let passed = known;
  for (const step of [STEP, 1]) {
    const stream = inflater(compression);
    let seen = 0;
    let accepted = start;
    const taken: Uint8Array[] = [];
    stream.on('data', (piece: Uint8Array) => {
      const skip = Math.min(piece.length, Math.max(0, passed - seen));
      seen += piece.length;
      if (skip < piece.length) taken.push(piece.subarray(skip));
    });
    let failed = false;
    // The same damage as the first time; `close` follows it.
    stream.on('error', () => undefined);
    const closed = new Promise<false>((resolve) => stream.once('close', () => resolve(false)));
    const coarse = step === 1 ? Math.max(start, to - STEP) : to;
    for (const range of [input.again(start, coarse, STEP), input.again(coarse, to, 1)]) {
      for (const bytes of range) {
        if (failed) break;
        const written = new Promise<boolean>((resolve) => {
          stream.write(bytes, (error) => resolve(!error));
        });
        if (!(await Promise.race([written, closed]))) failed = true;
        else accepted += bytes.length;
        while (taken.length > 0) {
          const piece = taken.shift()!;
          passed += piece.length;
          yield piece;
        }
      }
    }
    stream.destroy();
    to = Math.min(to, accepted + STEP);
  }
}
