/**
 * Compressed deliveries as plain bytes, in flat memory. What a delivery is compressed with is seen in
 * its first bytes, never in its name. Damage is data, not an exception: what can be read is delivered,
 * and what stopped it is the generator's return value.
 */
import { Readable, type Transform } from 'node:stream';
import { crc32, createGunzip, createInflate, createInflateRaw, createZstdDecompress, gunzipSync, inflateRawSync } from 'node:zlib';
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
  let offset = 0;
  for (;;) {
    const start = input.position;
    // To set up a stream is a hundred times the work that a small member is.
    const small = packing === 'gzip' ? firstMember((await input.peek(WINDOW)).subarray(0, WINDOW), CHUNK) : undefined;
    if (small) {
      offset += small.plain.length;
      if (small.plain.length > 0) yield small.plain;
      await input.rewind(start + small.length);
    } else {
      const { length, stop } = yield* inflate(input, packing, offset);
      if (stop) return stop;
      offset += length;
    }
    if (!(await passZeros(input))) return undefined;
    if (sniff(await input.peek(4)) !== packing) return { ...follows(packing, offset), otherFollows: true };
  }
}

/** As far as one stream goes: to where the input is then, `length` plain bytes. `passed`: plain bytes before it. */
async function* inflate(input: Input, packing: Packing, passed: number): AsyncGenerator<Uint8Array, { length: number; stop?: Stop }> {
  const start = input.position;
  let length = 0;
  const head = (await input.peek(2)).slice(0, 2);
  const make = (): Inflater => inflater(packing, head);
  const stream = make();
  const feed = Readable.from(pieces(input), { highWaterMark: 1 });
  feed.on('error', (error) => stream.destroy(error));
  feed.pipe(stream);
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      length += piece.length;
      yield piece;
    }
  } catch (error) {
    if (input.failure) throw input.failure;
    const message = error instanceof Error ? error.message : String(error);
    const members = packing === 'gzip' && NO_MEMBER.has(message) ? wholeMembers(input, start, length) : undefined;
    for await (const piece of members?.plain ?? salvage(input, make, start, length)) {
      length += piece.length;
      yield piece;
    }
    const offset = passed + length;
    if (!members)
      return { length, stop: { code: `${packing}-damaged`, message: `the ${packing} data is damaged after ${offset} plain bytes: ${message}`, offset } };
    await input.rewind(members.end);
    return { length, stop: { ...follows(packing, offset), otherFollows: true } };
  } finally {
    feed.destroy();
    stream.destroy();
  }
  // A stream ends with its member, which may be before the end of the input that it was given.
  await input.rewind(start + stream.bytesWritten);
  return { length };
}

function follows(packing: Packing, offset: number): Damage {
  return { code: `${packing}-damaged`, message: `something else follows the ${packing} data, after ${offset} plain bytes`, offset };
}

/** What zlib says where no further member begins, or only one byte is left. */
const NO_MEMBER: ReadonlySet<string> = new Set(['incorrect header check', 'unexpected end of file']);

/** Most that a member is unpacked to in order to find its end. */
const MEMBER_LIMIT = 64 * 1024 * 1024;
/** Packed bytes that are looked at first for the next member, and how many times more when they are too few. */
const WINDOW = 16 * 1024;
const WIDER = 16;

/**
 * The whole gzip members at `start`, where the decompressor takes what follows them for a member that it is
 * not, and does not say where that began: the offset after them, and their plain bytes from `known` on.
 * Undefined when it is not to be found out.
 */
function wholeMembers(input: Input, start: number, known: number): { end: number; plain: Uint8Array[] } | undefined {
  if (!input.has(start)) return undefined;
  const plain: Uint8Array[] = [];
  let end = start;
  let length = 0;
  for (let window = WINDOW; end < input.read; ) {
    const to = Math.min(input.read, end + window);
    const bytes = Buffer.concat([...input.again(end, to, STEP * STEP)]);
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return end > start ? { end, plain } : undefined;
    const member = firstMember(bytes, MEMBER_LIMIT);
    if (member) {
      const skip = Math.min(member.plain.length, Math.max(0, known - length));
      length += member.plain.length;
      if (skip < member.plain.length) plain.push(member.plain.subarray(skip));
      end += member.length;
    } else if (to === input.read) return undefined;
    else window *= WIDER;
  }
  return undefined;
}

/** The first member of packed bytes: its length in them and what it holds; undefined where it is not whole, or more than `most` (RFC 1952 section 2.3.1). */
function firstMember(bytes: Uint8Array, most: number): { length: number; plain: Uint8Array } | undefined {
  const data = headerEnd(bytes, 0);
  if (data <= 0) return undefined;
  try {
    const options = { info: true, maxOutputLength: most };
    const { buffer, engine } = inflateRawSync(bytes.subarray(data), options) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    const end = data + engine.bytesWritten;
    if (end + 8 > bytes.length) return undefined;
    const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, 8);
    const whole = trailer.getUint32(0, true) === crc32(buffer) && trailer.getUint32(4, true) === buffer.length;
    return whole ? { length: end + 8, plain: buffer } : undefined;
  } catch {
    return undefined;
  }
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

/** Goes to the next byte that is not zero; false when none is left. */
async function passZeros(input: Input): Promise<boolean> {
  for (let piece = await input.next(); piece; piece = await input.next()) {
    const at = piece.findIndex((c) => c !== 0);
    if (at < 0) continue;
    await input.rewind(input.position - piece.length + at);
    return true;
  }
  return false;
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
