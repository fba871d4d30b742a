/**
 * Compressed deliveries as plain bytes, in flat memory. What a delivery is compressed with is seen in
 * its first bytes, never in its name. Damage is data, not an exception: what can be read is delivered,
 * and what stopped it is the generator's return value.
 */
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw, createZstdDecompress, gunzipSync, inflateRawSync } from 'node:zlib';
import type { Damage } from '../model/segment.ts';
import { Input } from './input.ts';

export type { Damage } from '../model/segment.ts';

/** What the bytes themselves tell. */
export type Compression = 'gzip' | 'zstd' | 'plain';
/** What must be known of them. `deflate` has no magic: the one who sent it says so. */
export type Packing = 'gzip' | 'zstd' | 'deflate';

/** Damage, or the packed data ended whole and the input is at something else, which may be read on as such. */
export interface Stop extends Damage {
  readonly otherFollows?: true;
}

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

/** Most that is unpacked at once. */
const WHOLE_LIMIT = 32 * 1024 * 1024;
/** Deflate makes no more of a byte than this. */
const BEST_RATIO = 1032;

/**
 * The plain bytes of whole gzip members at once, for a third of what a stream costs in time and half of what it
 * costs in memory; undefined where they are too many, damaged, or something else follows: a stream tells what.
 */
export function gunzipWhole(packed: Uint8Array): Uint8Array | undefined {
  if (packed.length < 18) return undefined;
  // The last member says how long it is (RFC 1952 section 2.3.1).
  const size = new DataView(packed.buffer, packed.byteOffset + packed.length - 4, 4).getUint32(0, true);
  if (size > WHOLE_LIMIT || size > packed.length * BEST_RATIO) return undefined;
  try {
    const options = { info: true, maxOutputLength: WHOLE_LIMIT, chunkSize: Math.max(size + 64, 64 * 1024) };
    const { buffer, engine } = gunzipSync(packed, options) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    return engine.bytesWritten === packed.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

type Inflater = Transform & { readonly bytesWritten: number };

const OPTIONS = { chunkSize: CHUNK };

/** `head`: the first bytes of deflate data, which may or may not have zlib's header (RFC 9110 section 8.4.1.2, RFC 1950). */
function inflater(packing: Packing, head: Uint8Array): Inflater {
  if (packing === 'gzip') return createGunzip(OPTIONS);
  if (packing === 'zstd') return createZstdDecompress(OPTIONS);
  const hasHeader = ((head[0] ?? 0) & 15) === 8 && (((head[0] ?? 0) << 8) | (head[1] ?? 0)) % 31 === 0;
  return hasHeader ? createInflate(OPTIONS) : createInflateRaw(OPTIONS);
}

/**
 * Unpacks from where the input is: members and frames one after another, zero padding between and after
 * them. Returns what stopped it, if anything did.
 */
export async function* inflateAll(input: Input, packing: Packing): AsyncGenerator<Uint8Array, Stop | undefined> {
  const code = `${packing}-damaged` as const;
  let offset = 0;
  let start = input.position;
  for (;;) {
    const before = offset;
    const head = (await input.peek(2)).slice(0, 2);
    const make = (): Inflater => inflater(packing, head);
    const stream = make();
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
      for await (const piece of salvage(input, make, start, offset - before)) {
        offset += piece.length;
        yield piece;
      }
      const end = packing === 'gzip' && error instanceof Error && NO_MEMBER.has(error.message) ? memberEnd(input, start) : undefined;
      if (end !== undefined) {
        await input.rewind(end);
        return { ...follows(packing, offset), otherFollows: true };
      }
      return {
        code,
        message: `the ${packing} data is damaged after ${offset} plain bytes: ${error instanceof Error ? error.message : String(error)}`,
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
    if (sniff(await input.peek(4)) !== packing) return { ...follows(packing, offset), otherFollows: true };
  }
}

function follows(packing: Packing, offset: number): Damage {
  return { code: `${packing}-damaged`, message: `something else follows the ${packing} data, after ${offset} plain bytes`, offset };
}

/** What zlib says where no further member begins, or only one byte is left. */
const NO_MEMBER: ReadonlySet<string> = new Set(['incorrect header check', 'unexpected end of file']);

/** Most that a member is unpacked to in order to find its end. */
const MEMBER_LIMIT = 64 * 1024 * 1024;

/**
 * Offset after the whole gzip members at `start`, where the decompressor takes what follows them for a
 * member that it is not, and does not say where that began; undefined when it is not to be found out.
 */
function memberEnd(input: Input, start: number): number | undefined {
  if (!input.has(start)) return undefined;
  const bytes = Buffer.concat([...input.again(start, input.read, STEP * STEP)]);
  let at = 0;
  try {
    while (bytes[at] === 0x1f && bytes[at + 1] === 0x8b) {
      const data = headerEnd(bytes, at);
      if (data <= at) return undefined;
      const { engine } = inflateRawSync(bytes.subarray(data), { info: true, maxOutputLength: MEMBER_LIMIT }) as unknown as { engine: { bytesWritten: number } };
      at = data + engine.bytesWritten + 8;
    }
  } catch {
    return undefined;
  }
  return at < bytes.length ? start + at : undefined;
}

/** RFC 1952 section 2.3. */
function headerEnd(bytes: Uint8Array, at: number): number {
  const flags = bytes[at + 3] ?? 0;
  let p = at + 10;
  if ((flags & 4) !== 0) p += 2 + (bytes[p] ?? 0) + ((bytes[p + 1] ?? 0) << 8);
  // Name and comment end in a zero.
  for (const flag of [8, 16]) if ((flags & flag) !== 0) p = bytes.indexOf(0, p) + 1;
  return (flags & 2) !== 0 ? p + 2 : p;
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
async function* salvage(input: Input, make: () => Inflater, start: number, known: number): AsyncGenerator<Uint8Array> {
  if (!input.has(start)) return;
  let to = input.read;
  let passed = known;
  for (const step of [STEP, 1]) {
    const stream = make();
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
