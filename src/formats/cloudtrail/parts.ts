/** Values of a record that was taken apart, as text, as JSON and as bytes of columns. */
import type { Source } from '../intern.ts';
import { type BytesColumn, stringContent, type TextColumn } from './columns.ts';
import { KEY } from './keys.ts';
import { readable } from './readable.ts';
import type { RecordSlices } from './record-slices.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** Keys whose values nothing else keeps as JSON. */
const IN_REST: readonly number[] = [KEY.tlsDetails, KEY.insightDetails, KEY.timeWindow, KEY.summary];

/** Id of a key's text in a column; 0 where the record has none. */
export function idIn(column: TextColumn, source: Source, slices: RecordSlices, key: number): number {
  const from = slices.from[key]!;
  if (from === 0) return 0;
  const quoted = source.bytes[from] === QUOTE ? 1 : 0;
  return column.ofBytes(source, from + quoted, slices.to[key]! - quoted);
}

/** Adds the content of a string, or the value as it is. What is kept as bytes is the text, not its spelling. */
export function addContent(column: BytesColumn, slices: RecordSlices, key: number): void {
  const from = slices.from[key]!;
  if (from === 0) return;
  const { buf } = slices;
  const quoted = buf[from] === QUOTE ? 1 : 0;
  const to = slices.to[key]! - quoted;
  if (key === KEY.errorMessage && quoted && buf.subarray(from, to).includes(BACKSLASH)) {
    const text = encoder.encode(contentText(slices, key));
    column.put(text, 0, text.length);
  } else column.put(buf, from + quoted, to);
}

/** Content of a string, or the value as it is. */
export function contentText(slices: RecordSlices, key: number): string {
  const from = slices.from[key]!;
  if (from === 0) return '';
  const quoted = slices.buf[from] === QUOTE ? 1 : 0;
  const bytes = slices.buf.subarray(from + quoted, slices.to[key]! - quoted);
  return quoted ? stringContent(bytes) : decoder.decode(bytes);
}

/** The value of a key; undefined where there is none. */
export function jsonOf(slices: RecordSlices, key: number): unknown {
  const from = slices.from[key]!;
  return from === 0 ? undefined : JSON.parse(decoder.decode(slices.buf.subarray(from, slices.to[key]!)));
}

/** Adds all pairs that have no column of their own, as one object. */
export function addRest(column: BytesColumn, slices: RecordSlices): void {
  const { buf, others } = slices;
  if (slices.doubtful) {
    addReadableRest(column, slices);
    return;
  }
  let length = 0;
  for (let i = 0; i < others.length; i += 2) length += 1 + others[i + 1]! - others[i]!;
  for (let i = 0; i < IN_REST.length; i++) if (slices.has(IN_REST[i]!)) length += 1 + slices.to[IN_REST[i]!]! - slices.key[IN_REST[i]!]!;
  if (length === 0) return;
  column.begin(length + 1);
  let before = OPEN_BRACE;
  const add = (from: number, to: number): void => {
    column.byte(before);
    before = COMMA;
    column.add(buf, from, to);
  };
  for (let i = 0; i < others.length; i += 2) add(others[i]!, others[i + 1]!);
  for (let i = 0; i < IN_REST.length; i++) if (slices.has(IN_REST[i]!)) add(slices.key[IN_REST[i]!]!, slices.to[IN_REST[i]!]!);
  column.byte(CLOSE_BRACE);
}

/** The same, with each pair as the engine can read it. */
function addReadableRest(column: BytesColumn, slices: RecordSlices): void {
  const { buf, others } = slices;
  const pairs: Uint8Array[] = [];
  for (let i = 0; i < others.length; i += 2) pairs.push(buf.subarray(others[i]!, others[i + 1]!));
  for (const key of IN_REST) if (slices.has(key)) pairs.push(buf.subarray(slices.key[key]!, slices.to[key]!));
  if (pairs.length === 0) return;
  const made = pairs.map((pair) => readable(pair) ?? pair);
  column.begin(made.reduce((length, pair) => length + pair.length + 1, 1));
  for (const [i, pair] of made.entries()) {
    column.byte(i === 0 ? OPEN_BRACE : COMMA);
    column.add(pair, 0, pair.length);
  }
  column.byte(CLOSE_BRACE);
}
