/**
 * Pages of a Parquet column: bounds are checked before anything is believed, for a file may be damaged
 * or made to harm. hyparquet reads headers, snappy and the delta encodings; what rows are made of is
 * read here into flat arrays.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { snappyUncompress } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';

/** What is wrong with a file; `unsupported`: nothing, but it is not read. */
export class ParquetError extends Error {
  readonly unsupported: boolean;
  constructor(message: string, unsupported = false) {
    super(message);
    this.name = 'ParquetError';
    this.unsupported = unsupported;
  }
}

/** Levels of structures that a description needs. */
const THRIFT_DEPTH = 16;

/**
 * Offset after the Thrift compact structure at `at`; -1 when it is none or does not end in `bytes`.
 * Numbers and lists of a structure that passes are no longer than they may be.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
export function checkThrift(bytes: Uint8Array, at: number): number {
  let p = at;
  let failed = false;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const c = bytes[p++];
      if (c === undefined) break;
      value += (c & 127) * 2 ** (7 * i);
      if (c < 128) return value;
    }
    failed = true;
    return 0;
  };
  const element = (type: number, depth: number, listed: boolean): void => {
    if (type === 1 || type === 2) p += listed ? 1 : 0;
    else if (type === 3) p++;
    else if (type >= 4 && type <= 6) varint();
    else if (type === 7) p += 8;
    else if (type === 8) {
      const length = varint();
      p += length;
    } else if (type === 9) {
      const head = bytes[p++] ?? 0;
      const size = head >> 4 === 15 ? varint() : head >> 4;
      if (size > bytes.length - p) failed = true;
      for (let i = 0; i < size && !failed; i++) element(head & 15, depth + 1, true);
    } else if (type === 12 && depth < THRIFT_DEPTH) struct(depth + 1);
    else failed = true;
    if (p > bytes.length) failed = true;
  };
  const struct = (depth: number): void => {
    while (!failed) {
      const head = bytes[p++];
      if (head === undefined) failed = true;
      else if ((head & 15) === 0) return;
      else {
        if (head >> 4 === 0) varint();
        element(head & 15, depth, false);
      }
    }
  };
  struct(0);
  return failed ? -1 : p;
}

/** Unpacks a page that must become `size` bytes. */
export function unpackPage(codec: string, packed: Uint8Array, size: number): Uint8Array {
  const page = unpack(codec, packed, size);
  if (page.length !== size) throw new ParquetError(`a page has ${page.length} bytes instead of ${size}`);
  return page;
}

function unpack(codec: string, packed: Uint8Array, size: number): Uint8Array {
  const options = { maxOutputLength: Math.max(1, size) };
  switch (codec) {
    case 'UNCOMPRESSED':
      return packed;
    case 'SNAPPY': {
      const page = new Uint8Array(size);
      snappyUncompress(packed, page);
      return page;
    }
    case 'GZIP':
      return gunzipSync(packed, options);
    case 'ZSTD':
      return zstdDecompressSync(packed, options);
    case 'BROTLI':
      return brotliDecompressSync(packed, options);
    default:
      throw new ParquetError(`the Parquet file is compressed with ${codec}`, true);
  }
}

/**
 * Reads `out.length` values of the run-length and bit-packing hybrid at `at`; the values that are 1 or
 * more are counted when `out` holds levels of width 1.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE
 */
export function readHybrid(bytes: Uint8Array, at: number, end: number, width: number, out: Uint8Array | Uint32Array): number {
  if (width > 32) throw new ParquetError(`a page has values of ${width} bits`);
  let p = at;
  let filled = 0;
  let ones = 0;
  while (filled < out.length) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (p >= end || shift > 28) throw new ParquetError('a page ends early');
      const c = bytes[p++]!;
      header += (c & 127) * 2 ** shift;
      if (c < 128) break;
    }
    if ((header & 1) === 0) {
      let value = 0;
      for (let i = 0; i < (width + 7) >> 3; i++) value += (bytes[p++] ?? 0) * 2 ** (8 * i);
      if (p > end) throw new ParquetError('a page ends early');
      const run = Math.min(Math.floor(header / 2), out.length - filled);
      if (run === 0) throw new ParquetError('a page has a run of no values');
      out.fill(value, filled, filled + run);
      filled += run;
      if (value > 0) ones += run;
    } else {
      const groups = Math.floor(header / 2);
      if (groups === 0) throw new ParquetError('a page has a run of no values');
      const run = Math.min(groups * 8, out.length - filled);
      // The last group may be cut where no values are left.
      if (p + Math.ceil((run * width) / 8) > end) throw new ParquetError('a page ends early');
      let bit = 0;
      for (let i = 0; i < run; i++) {
        let value = 0;
        let got = 0;
        while (got < width) {
          const take = Math.min(8 - (bit & 7), width - got);
          value += ((bytes[p + (bit >> 3)]! >> (bit & 7)) & ((1 << take) - 1)) * 2 ** got;
          got += take;
          bit += take;
        }
        out[filled++] = value;
        if (value > 0) ones++;
      }
      p += groups * width;
    }
  }
  return ones;
}

/** Reads `count` deltas of 32-bit or 64-bit numbers; the offset after them. */
export function readDeltas(bytes: Uint8Array, at: number, out: Int32Array | BigInt64Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Block size and miniblocks of a block: as small as all writers have them.
  let p = at;
  for (const most of [65536, 512]) {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const c = bytes[p++];
      if (c === undefined || shift > 21) throw new ParquetError('a page has wrong deltas');
      value += (c & 127) * 2 ** shift;
      if (c < 128) break;
    }
    if (value < 1 || value > most) throw new ParquetError('a page has wrong deltas');
  }
  if (out.length === 0) return bytes.length;
  const reader = { view, offset: at };
  deltaBinaryUnpack(reader, out.length, out);
  return reader.offset;
}
