/**
 * A batch of decoded records as columns: what a decoder fills, enrichers add to and the store writes.
 * Text and addresses are interned: a row holds an id, the batch holds each distinct value once, so
 * that enrichment and encoding cost per distinct value and not per row.
 */

/** Distinct addresses of a batch; an id is an index. Id 0 is "no address" (`::`). */
export interface AddressTable {
  readonly count: number;
  /** 16 bytes an address, network order; IPv4 as ::ffff:a.b.c.d. Valid up to `count * 16`. */
  readonly bytes: Uint8Array;
}

/**
 * Texts one after another, each behind its length as the store takes it: seven bits a byte, the lowest first, the
 * highest bit set in all but the last. Text i, its length included, is `bytes[ends[i - 1], ends[i])`.
 */
export interface Texts {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** Text `i` without its length. */
export function textAt({ bytes, ends }: Texts, i: number): Uint8Array {
  let from = i === 0 ? 0 : ends[i - 1]!;
  while (bytes[from]! >= 0x80) from++;
  return bytes.subarray(from + 1, ends[i]);
}

/** Each variant names the ClickHouse type that it becomes. Arrays are valid up to the batch's `rows`. */
export type Column =
  | { readonly type: 'UInt8'; readonly values: Uint8Array }
  | { readonly type: 'UInt16'; readonly values: Uint16Array }
  | { readonly type: 'UInt32' | "DateTime('UTC')"; readonly values: Uint32Array }
  /** Exact up to 2^53 − 1. */
  | { readonly type: 'UInt64'; readonly values: Float64Array }
  /** A 64-bit mask as two halves. */
  | { readonly type: 'UInt64Mask'; readonly low: Uint32Array; readonly high: Uint32Array }
  /** Ids into the batch's address table. */
  | { readonly type: 'IPv6'; readonly ids: Uint32Array }
  /** Ids into `dictionary`; entry 0 is the empty string. */
  | { readonly type: 'LowCardinality(String)'; readonly ids: Uint32Array; readonly dictionary: readonly string[] }
  /** Ids into `lists`; entry 0 is the empty list. */
  | { readonly type: 'Array(String)'; readonly ids: Uint32Array; readonly lists: readonly (readonly string[])[] }
  /** The same text in every row. */
  | { readonly type: 'Constant'; readonly value: string }
  /** Different texts, by row. */
  | ({ readonly type: 'String' } & Texts)
  /** Texts of which many rows have the same: ids into `texts`, of which there are `count`; entry 0 is the empty one. */
  | { readonly type: 'SharedString'; readonly ids: Uint32Array; readonly texts: Texts; readonly count: number }
  /** Mostly empty: bytes by row. */
  | { readonly type: 'SparseString'; readonly values: ReadonlyMap<number, Uint8Array> };

export interface Batch {
  readonly rows: number;
  /** By ClickHouse column name. Columns of the table that are missing here take their defaults. */
  readonly columns: Map<string, Column>;
  readonly addresses: AddressTable;
}

/** A column of texts, each distinct one once. */
export function textColumn(values: readonly string[]): Column {
  const dictionary = [''];
  const known = new Map([['', 0]]);
  const ids = new Uint32Array(values.length);
  for (const [i, value] of values.entries()) {
    let id = known.get(value);
    if (id === undefined) {
      id = dictionary.push(value) - 1;
      known.set(value, id);
    }
    ids[i] = id;
  }
  return { type: 'LowCardinality(String)', ids, dictionary };
}

/** Where a record came from, for quarantine and for the `_source…` fields. */
export interface Origin {
  readonly sourceName: string;
  readonly sourceCategory: string;
  readonly sourceHost: string;
  readonly collector: string;
  /** CloudWatch’s, where an envelope around the records names them. */
  readonly logGroup?: string;
  readonly logStream?: string;
  /** The sender's account and region, where an envelope names them. */
  readonly account?: string;
  readonly region?: string;
}

/** A record that could not be read. Nothing is dropped: the bytes are kept and shown. */
export interface BadRecord {
  readonly code: RecordErrorCode;
  /** What is wrong, naming the field and the value. */
  readonly message: string;
  /** Offset of the record's first byte in the decompressed delivery. */
  readonly offset: number;
  /** The record's bytes without the line end; at most RAW_LIMIT of them. */
  readonly raw: Uint8Array;
  /** Length of the original record in bytes (more than `raw` when it was cut). */
  readonly length: number;
  /** Layout that was tried: header names, space-separated. */
  readonly layout: string;
}

/** Bytes of a bad record that quarantine keeps. */
export const RAW_LIMIT = 64 * 1024;

/** Why a record could not be read. Codes are stable and never reused. */
export type RecordErrorCode = keyof typeof RECORD_ERRORS;

/** Each code with its explanation for people (docs and `quarantine list`). */
export const RECORD_ERRORS = {
  'too-few-fields': 'The line has fewer values than its layout has fields.',
  'too-many-fields': 'The line has more values than its layout has fields.',
  'not-a-number': 'A numeric field holds something that is not a whole number.',
  'number-out-of-range': 'A number is larger than its field allows.',
  'not-an-address': 'An address field holds neither an IPv4 nor an IPv6 address.',
  'end-before-start': 'The window ends before it starts.',
  'time-out-of-range': 'The start lies before 2006-01-01 or more than 24 hours ahead of now.',
  'time-missing': 'The record is in a layout with a start or end, and has neither value.',
  'unknown-status': 'log-status is none of OK, NODATA, SKIPDATA.',
  'unknown-action': 'action is neither ACCEPT nor REJECT.',
  'line-too-long': 'The line is longer than 64 KiB.',
  'several-lines': 'The source joins lines, and the record has more than one; records of this format have one.',
  'too-many-matches':
    'A mask or hash rule of the source matches more than 1000 times, or makes the record longer than 64 KiB (a CloudTrail event: 1 MiB); nothing of its text is kept.',
  'binary-data': 'The line holds control characters: it is not text.',
  'invalid-utf8': 'A value is not valid UTF-8 or not valid percent-encoding.',
  'not-json': 'The line starts like JSON and is not valid JSON.',
  'unknown-json-shape': 'The JSON object is no record of a format that is known.',
  'event-too-large': 'A CloudTrail event has more than 16 MiB, or more than 1 MiB where its source has rules or a timestamp locator.',
  'unknown-field': 'The header line names a field that this version does not know, so the values under it cannot be told apart.',
  'layout-unknown': 'The line has no header, and its values are in an order that is not known: it waits for an answer.',
  'empty-value': 'Two spaces in a row, or a value without characters.',
  'invalid-base64': 'A record of a Firehose delivery is not valid base64.',
  'gzip-damaged': 'The compressed data is cut or damaged; what came before it was read.',
  'zstd-damaged': 'The compressed data is cut or damaged; what came before it was read.',
  'deflate-damaged': 'The compressed data is cut or damaged; what came before it was read.',
  'decompression-limit': 'The data grows to more than is allowed when it is decompressed; what came before was read.',
  'envelope-damaged': 'A CloudWatch Logs document is cut, is no valid JSON, or has another shape than AWS documents.',
  'envelope-too-large': 'A CloudWatch Logs document is larger, or nested deeper, than is allowed.',
  'parquet-damaged': 'The Parquet file is cut or damaged; the rows before the damage were read.',
  'parquet-unsupported': 'The Parquet file uses a type, an encoding or a compression that this version does not read.',
} as const;
