/**
 * Pages of a Parquet column: bounds are checked before anything is believed, for a file may be damaged
 * or made to harm. What rows are made of is read into flat arrays.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { unpackSnappy } from './snappy.ts';

/** What is wrong with a file; `parquet-unsupported`: nothing, but it is not read. */
export class ParquetError extends Error {
  readonly code: 'parquet-damaged' | 'parquet-unsupported' | 'decompression-limit';
  constructor(message: string, code: ParquetError['code'] = 'parquet-damaged') {
    super(message);
    this.name = 'ParquetError';
    this.code = code;
  }
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
      const page = unpackSnappy(packed, size);
      if (!page) throw new ParquetError('a page is not what was packed with snappy');
      return page;
    }
    case 'GZIP':
      return gunzipSync(packed, options);
    case 'ZSTD':
      return zstdDecompressSync(packed, options);
    case 'BROTLI':
      return brotliDecompressSync(packed, options);
    default:
      throw new ParquetError(`the Parquet file is compressed with ${codec}`, 'parquet-unsupported');
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

/**
 * Reads `out.length` numbers that are told by their differences; the offset after them.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
 */
export function readDeltas(bytes: Uint8Array, at: number, out: Int32Array | BigInt64Array): number {
  let p = at;
  const wrong = (): ParquetError => new ParquetError('a page has wrong deltas');
  // At most ten bytes: longer ones would be numbers that take long to reckon with.
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const c = bytes[p++];
      if (c === undefined) throw wrong();
      value |= BigInt(c & 127) << shift;
      if (c < 128) return value;
    }
    throw wrong();
  };
  const signed = (): bigint => {
    const value = varint();
    return (value >> 1n) ^ -(value & 1n);
  };
  const block = Number(varint());
  const miniblocks = Number(varint());
  const count = Number(varint());
  const each = block / miniblocks;
  // As large as no writer has them, and as the specification wants miniblocks to be.
  if (!(block <= 65536 && miniblocks >= 1 && miniblocks <= 512 && each >= 8 && each % 8 === 0 && count === out.length)) throw wrong();
  let value = signed();
  let filled = 0;
  const put = (): void => {
    if (out instanceof Int32Array) out[filled++] = Number(BigInt.asIntN(32, value));
    else out[filled++] = value;
  };
  if (count > 0) put();
  while (filled < count) {
    const least = signed();
    const widths = bytes.subarray(p, p + miniblocks);
    p += miniblocks;
    if (p > bytes.length) throw wrong();
    for (let i = 0; i < miniblocks && filled < count; i++) {
      const width = widths[i]!;
      if (width > 64) throw wrong();
      const from = p;
      const here = Math.min(each, count - filled);
      // The last miniblock may be cut where no values are left.
      p = Math.min(from + (each * width) / 8, Math.max(bytes.length, from));
      if (from + Math.ceil((here * width) / 8) > bytes.length) throw wrong();
      for (let v = 0; v < here; v++) {
        value = BigInt.asIntN(64, value + least + bitsAt(bytes, from, v * width, width));
        put();
      }
    }
  }
  return p;
}

/** `width` bits, the lowest first. */
function bitsAt(bytes: Uint8Array, from: number, bit: number, width: number): bigint {
  if (width === 0) return 0n;
  let low = 0;
  let high = 0n;
  for (let got = 0; got < width; ) {
    const at = bit + got;
    const take = Math.min(8 - (at & 7), width - got);
    const part = (bytes[from + (at >> 3)]! >> (at & 7)) & ((1 << take) - 1);
    if (got < 40) low += part * 2 ** got;
    else high |= BigInt(part) << BigInt(got);
    got += take;
  }
  return high | BigInt(low);
}
