/**
 * Saved results of CloudTrail Lake queries: CSV (RFC 4180) with a header line. A result with the column
 * eventJson has whole events in it; other columns are the event's again, taken apart.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-download-cloudtrail-lake-query-results.html
 */
import { MORE } from './scan.ts';

const COLUMN = 'eventjson';
const QUOTE = 34;
const COMMA = 44;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** Bytes of a header line. */
export const LONGEST_HEADER = 4096;
const NAMES = /^[\w.", ]+\r?$/;

/** A header line that may go on behind the bytes looked at. */
export const MAY_BE_HEADER = /^[\w.", ]*\r?$/;

/** Place of the column with events in a header line; -1 where it is none, or has no such column. */
export function eventColumn(line: string): number {
  if (!NAMES.test(line)) return -1;
  return line.split(',').findIndex((name) => name.trim().replaceAll('"', '').toLowerCase() === COLUMN);
}

/** Offset after the line feed that ends a line, or MORE. */
export function lineAfter(buf: Uint8Array, at: number, to: number): number {
  const end = buf.indexOf(LINE_FEED, at);
  return end < 0 || end >= to ? MORE : end + 1;
}

/** Offset after the line feed that ends a row: line feeds between quotes do not. MORE where none does. */
export function rowAfter(buf: Uint8Array, at: number, to: number): number {
  let quoted = false;
  for (let p = at; p < to; p++) {
    const c = buf[p];
    if (c === QUOTE) quoted = !quoted;
    else if (c === LINE_FEED && !quoted) return p + 1;
  }
  return MORE;
}

/** The value in a column of the row `[from, to)`, without its quotes; undefined where the row is no CSV, or has fewer values. */
export function valueIn(row: Uint8Array, column: number): Uint8Array | undefined {
  let p = 0;
  for (let i = 0; ; i++) {
    const start = p;
    const quoted = row[p] === QUOTE;
    if (quoted) {
      for (p++; p < row.length; p++) {
        if (row[p] !== QUOTE) continue;
        if (row[p + 1] !== QUOTE) break;
        p++;
      }
      if (p >= row.length) return undefined;
      p++;
    } else while (p < row.length && row[p] !== COMMA) p++;
    if (p < row.length && row[p] !== COMMA) return undefined;
    if (i === column) return quoted ? withoutDoubled(row.subarray(start + 1, p - 1)) : row.subarray(start, p);
    if (p >= row.length) return undefined;
    p++;
  }
}

function withoutDoubled(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(content.length);
  let length = 0;
  for (let p = 0; p < content.length; p++) {
    out[length++] = content[p]!;
    if (content[p] === QUOTE) p++;
  }
  return out.subarray(0, length);
}

/** A row without its line end. */
export function withoutLineEnd(row: Uint8Array): Uint8Array {
  let end = row.length;
  if (row[end - 1] === LINE_FEED) end--;
  if (row[end - 1] === CARRIAGE_RETURN) end--;
  return row.subarray(0, end);
}
