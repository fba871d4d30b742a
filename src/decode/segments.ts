/**
 * What a delivery holds, told by its bytes: lines and JSON records as they are, CloudWatch documents, or
 * a Parquet file; packed or not, and packed once more inside. Everything is a stream in flat memory, and
 * the same bytes always give the same segments at the same offsets.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Damage, Segment, SegmentOrigin, TextSegment } from '../model/segment.ts';
import { isEnvelope, TELLING_HEAD } from './cloudwatch.ts';
import { gunzipWhole, inflateAll, type Packing, type Stop, sniff } from './decompress.ts';
import { type DocumentLimits, Documents, type Found } from './documents.ts';
import { Input } from './input.ts';
import { type Budget, budgetOf, Layer } from './layer.ts';
import { isParquet, parquetText, type RandomAccess } from './parquet.ts';

/** A file of this machine or a part of one, bytes in memory, or a stream of unknown length. */
export type Source = { readonly path: string; readonly from?: number; readonly length?: number } | { readonly bytes: Uint8Array } | AsyncIterable<Uint8Array>;

/** Against what would never end or never fit. All in bytes, where nothing else is said. */
export interface SegmentLimits extends DocumentLimits {
  /** Most that a delivery may have when it is decompressed … */
  readonly delivery: number;
  /** … and most for each of its own bytes, where it is more than `small` (not for streams of unknown length). */
  readonly ratio: number;
  readonly small: number;
  /** How often a delivery may be packed inside of what it is packed in. */
  readonly layers: number;
  /** Most of a Parquet file that does not lie in a file or in memory, and is collected there. */
  readonly collected: number;
}

const MIB = 1024 * 1024;

/** For what others send. */
export const DELIVERY_LIMITS: SegmentLimits = {
  delivery: 1024 * MIB,
  ratio: 200,
  small: 64 * MIB,
  document: 16 * MIB,
  depth: 64,
  layers: 3,
  collected: 256 * MIB,
};
/** For files that the operator named: they may be of any size. */
export const FILE_LIMITS: SegmentLimits = { ...DELIVERY_LIMITS, delivery: Number.POSITIVE_INFINITY, ratio: Number.POSITIVE_INFINITY };

export interface SegmentOptions {
  readonly limits: SegmentLimits;
  /** The sender says that it is packed with deflate, which its bytes do not tell. */
  readonly deflate?: boolean;
  /** Hears how many more of the delivery's own bytes were read. */
  readonly onRead?: (bytes: number) => void;
}

const READ_SIZE = MIB;
/** Text that lies between documents is handed out in pieces of at least this size. */
const TEXT_PIECE = 64 * 1024;
const NO_ORIGIN: SegmentOrigin = {};

/**
 * The segments of a delivery. Each text segment is read to its end before the next one is asked for, or
 * the generator is given up. Returns what stopped the reading early, if anything did; what was read
 * before it counts. Failures of the source are thrown. A delivery without records has an empty text
 * segment or none.
 */
export async function* segments(source: Source, options: SegmentOptions): AsyncGenerator<Segment, Damage | undefined> {
  const opened = await openSource(source, options.onRead ?? (() => undefined));
  try {
    return yield* new Reader(options.limits, opened).run(options.deflate ?? false);
  } finally {
    await opened.close();
  }
}

/**
 * The segments from an offset of the delivery's text on: what a run before had stored is passed over. The
 * segment in which the offset lies goes on there (`resumed`).
 */
export async function* segmentsFrom(all: AsyncGenerator<Segment, Damage | undefined>, from: number): AsyncGenerator<Segment, Damage | undefined> {
  try {
    for (;;) {
      const next = await all.next();
      if (next.done) return next.value;
      const segment = next.value;
      if (segment.offset >= from) yield segment;
      else if (segment.kind === 'text') {
        const chunks = segment.chunks[Symbol.asyncIterator]();
        let { offset } = segment;
        let rest: Uint8Array | undefined;
        while (offset < from) {
          const chunk = await chunks.next();
          if (chunk.done) break;
          offset += chunk.value.length;
          if (offset > from) rest = chunk.value.subarray(chunk.value.length - (offset - from));
        }
        if (offset >= from) yield { ...segment, offset: from, resumed: true, chunks: goOn(rest, chunks) };
      }
    }
  } finally {
    // Who reads may stop half-way: the file would stay open.
    await all.return(undefined);
  }
}

async function* goOn(first: Uint8Array | undefined, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first) yield first;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

interface Opened {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly size: number | undefined;
  /** For Parquet, where it is possible. */
  readonly random: RandomAccess | undefined;
  close(): Promise<void>;
}

async function openSource(source: Source, onRead: (bytes: number) => void): Promise<Opened> {
  const nothing = async (): Promise<void> => undefined;
  if ('bytes' in source) {
    const { bytes } = source;
    const random = { size: bytes.length, read: async (from: number, to: number) => bytes.subarray(from, to) };
    return { stream: heard(inPieces(bytes), onRead), size: bytes.length, random, close: nothing };
  }
  if (!('path' in source)) return { stream: heard(source, onRead), size: undefined, random: undefined, close: nothing };
  const handle = await open(source.path);
  const info = await handle.stat();
  if (!info.isFile())
    return {
      stream: heard(handle.createReadStream({ autoClose: false, highWaterMark: READ_SIZE }), onRead),
      size: undefined,
      random: undefined,
      close: () => handle.close(),
    };
  const from = Math.min(source.from ?? 0, info.size);
  const size = Math.min(source.length ?? Number.POSITIVE_INFINITY, info.size - from);
  return {
    stream: heard(fileStream(source.path, handle, from, source.length ?? size), onRead),
    size,
    random: { size, read: (a, b) => readRange(handle, from + a, from + b) },
    close: () => handle.close(),
  };
}

/** Throws where the file ends before that many bytes: what somebody cut off meanwhile is not the end of the delivery. */
async function* fileStream(path: string, handle: FileHandle, from: number, size: number): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  let left = size;
  const pieces = handle.createReadStream({ start: from, end: from + size - 1, highWaterMark: READ_SIZE, autoClose: false }) as AsyncIterable<Uint8Array>;
  for await (const piece of pieces) {
    left -= piece.length;
    yield piece;
  }
  if (left > 0) throw new Error(`“${path}” became shorter while it was read.`);
}

async function readRange(handle: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(to - from);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += READ_SIZE) yield bytes.subarray(at, at + READ_SIZE);
}

async function* heard(source: AsyncIterable<Uint8Array>, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array, undefined> {
  for await (const piece of source) {
    onRead(piece.length);
    yield piece;
  }
  return undefined;
}

class Reader {
  private readonly limits: SegmentLimits;
  private readonly opened: Opened;
  /** By depth: what lies side by side in a delivery shares what one layer may have. */
  private readonly budgets: readonly Budget[];
  /** Of the text so far. */
  private offset = 0;
  /** Documents were found: something else may follow them. */
  private documents = false;

  constructor(limits: SegmentLimits, opened: Opened) {
    this.limits = limits;
    this.opened = opened;
    const most = Math.min(limits.delivery, opened.size === undefined ? Number.POSITIVE_INFINITY : Math.max(limits.small, limits.ratio * opened.size));
    this.budgets = Array.from({ length: limits.layers + 1 }, () => budgetOf(most));
  }

  async *run(deflate: boolean): AsyncGenerator<Segment, Damage | undefined> {
    const layer = new Layer(heard(this.opened.stream, () => undefined));
    try {
      if (!deflate || (await layer.head(1)).length === 0) return yield* this.read(layer, 0);
      return yield* this.unpack(new Input(layer), 'deflate', 0);
    } finally {
      await layer.close();
    }
  }

  private async *read(layer: Layer, depth: number): AsyncGenerator<Segment, Damage | undefined> {
    const head = await layer.head(4);
    const packing = sniff(head);
    if (packing !== 'plain') return yield* this.unpack(new Input(layer), packing, depth);
    if (isParquet(head)) return yield* this.parquet(layer, depth);
    if (await beginsDocument(layer)) return yield* this.readDocuments(new Input(layer), depth);
    yield* this.text(layer, NO_ORIGIN);
    return this.damage(layer.end);
  }

  private damage(end: Damage | undefined): Damage | undefined {
    return end && { code: end.code, message: end.message, offset: this.offset };
  }

  /** A text segment; what its reader left of it is passed over. */
  private async *text(source: AsyncIterable<Uint8Array>, origin: SegmentOrigin): AsyncGenerator<Segment, void> {
    const chunks = this.counted(source);
    const segment: TextSegment = { kind: 'text', offset: this.offset, origin, chunks };
    yield segment;
    for await (const _ of chunks);
  }

  private async *counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.offset += chunk.length;
      yield chunk;
    }
  }

  private async *unpack(input: Input, packing: Packing, depth: number): AsyncGenerator<Segment, Damage | undefined> {
    if (depth >= this.limits.layers) {
      await input.close();
      return this.tooDeep();
    }
    const whole = depth === 0 && packing === 'gzip' ? await this.gunzip() : undefined;
    const inner = new Layer(whole ? wholly(whole) : inflateAll(input, packing), this.budgets[depth]);
    try {
      const damage = yield* this.read(inner, depth + 1);
      if (damage && !inner.end?.otherFollows) return damage;
      if (!inner.end) return undefined;
      // Documents may be packed one by one, with a line end between them, or some of them only.
      if (inner.end.otherFollows && this.documents) return yield* this.readDocuments(input, depth);
      return this.damage(inner.end);
    } finally {
      await inner.close();
      await input.close();
    }
  }

  /** A small delivery as a whole; undefined where it is to be read as a stream. */
  private async gunzip(): Promise<Uint8Array | undefined> {
    const { random } = this.opened;
    return random && random.size <= READ_SIZE ? gunzipWhole(await random.read(0, random.size)) : undefined;
  }

  private tooDeep(): Damage {
    return { code: 'decompression-limit', message: `the delivery is packed more than ${this.limits.layers} times`, offset: this.offset };
  }

  private async *readDocuments(input: Input, depth: number): AsyncGenerator<Segment, Damage | undefined> {
    this.documents = true;
    const documents = new Documents(input, this.limits);
    let found: Found | undefined;
    for (;;) {
      found ??= await documents.next();
      switch (found.kind) {
        case 'end':
          await input.close();
          return undefined;
        case 'packed': {
          const inner = new Layer(inflateAll(input, found.packing), this.budgets[depth]);
          const damage = depth >= this.limits.layers ? this.tooDeep() : yield* this.readDocuments(new Input(inner), depth + 1);
          await inner.close();
          if (damage) return damage;
          if (inner.end && !inner.end.otherFollows) return this.damage(inner.end);
          documents.resume();
          break;
        }
        case 'parts':
          for (const part of found.parts) {
            if (part.kind === 'run') yield* this.text(once(part.text), part.origin);
            else yield this.placed(part);
          }
          break;
        case 'bad':
          yield this.placed({ ...found, origin: NO_ORIGIN });
          break;
        case 'text': {
          const between = new Between(documents, found.bytes);
          yield* this.text(between, NO_ORIGIN);
          found = between.after;
          continue;
        }
      }
      found = undefined;
    }
  }

  private placed<S extends { readonly kind: 'bad'; readonly length: number } | { readonly kind: 'control' }>(segment: S): S & { readonly offset: number } {
    const placed = { ...segment, offset: this.offset };
    if (segment.kind === 'bad') this.offset += segment.length;
    return placed;
  }

  private async *parquet(layer: Layer, depth: number): AsyncGenerator<Segment, Damage | undefined> {
    let file = depth === 0 ? this.opened.random : undefined;
    if (!file) {
      const collected = await collect(layer, this.limits.collected);
      if (!collected) return { code: 'decompression-limit', message: `the Parquet file has more than ${this.limits.collected} bytes`, offset: 0 };
      file = { size: collected.length, read: async (from, to) => collected.subarray(from, to) };
    }
    const budget = this.budgets[this.limits.layers];
    const text = new Layer(parquetText(file, budget?.limit), budget);
    yield* this.text(text, NO_ORIGIN);
    return this.damage(layer.end ?? text.end);
  }
}

/** The lines between two documents, as one text. */
class Between implements AsyncIterable<Uint8Array> {
  /** What ended it. */
  after: Found | undefined;
  private readonly documents: Documents;
  private readonly first: Uint8Array;

  constructor(documents: Documents, first: Uint8Array) {
    this.documents = documents;
    this.first = first;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let pieces = [this.first];
    let length = this.first.length;
    for (;;) {
      const found = await this.documents.next();
      if (found.kind !== 'text') {
        this.after = found;
        if (length > 0) yield Buffer.concat(pieces);
        return;
      }
      pieces.push(found.bytes);
      length += found.bytes.length;
      if (length < TEXT_PIECE) continue;
      yield Buffer.concat(pieces);
      pieces = [];
      length = 0;
    }
  }
}

async function* wholly(bytes: Uint8Array): AsyncGenerator<Uint8Array, Stop | undefined> {
  if (bytes.length > 0) yield bytes;
  return undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const BLANK: ReadonlySet<number> = new Set([9, 10, 13, 32, 91]);

/** Whether the first thing in the layer is a CloudWatch document. Looks at more than a few bytes only where an object begins. */
async function beginsDocument(layer: Layer): Promise<boolean> {
  let head = await layer.head(4);
  const objectAt = (): number => {
    let at = BYTE_ORDER_MARK.every((c, i) => head[i] === c) ? 3 : 0;
    while (at < head.length && BLANK.has(head[at]!)) at++;
    return at;
  };
  if (objectAt() === head.length && head.length > 0) head = await layer.head(TELLING_HEAD);
  if (head[objectAt()] !== 123) return false;
  head = await layer.head(2 * TELLING_HEAD);
  return isEnvelope(head, objectAt());
}

async function collect(layer: Layer, limit: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of layer) {
    length += piece.length;
    if (length > limit) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
