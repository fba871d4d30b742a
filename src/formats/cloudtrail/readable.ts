/**
 * Parts of a record as the engine can read them. Its parser of JSON takes a document as a whole for none when it has a number
 * that neither 64 bits nor a double hold, bytes that are no UTF-8, or half of a character, and every path into it would find
 * nothing. Such a number becomes a text of its digits, the others U+FFFD. The record's own text keeps its bytes (frame.ts).
 */
import { JSON_TOKENS } from '../../model/json.ts';
import { KEY } from './keys.ts';
import type { RecordSlices } from './record-slices.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();
const ESCAPES = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\./gs;
/** Digits of the largest integer, and of the smallest with its sign. */
const LONGEST = 20;
const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;
/** Keys whose values have columns of JSON. */
const DOCUMENTS = [KEY.requestParameters, KEY.responseElements, KEY.additionalEventData, KEY.resources, KEY.userIdentity];

/** A piece of valid JSON with what the engine does not take replaced; undefined where there is nothing of it. */
export function readable(piece: Uint8Array): Uint8Array | undefined {
  const text = decoder.decode(piece).replaceAll(JSON_TOKENS, (token) => (token[0] === '"' ? whole(token) : fits(token) ? token : `"${token}"`));
  const made = encoder.encode(text);
  return made.length === piece.length && made.every((byte, i) => byte === piece[i]) ? undefined : made;
}

/** By key, the parts that are kept in another spelling than the record's; undefined where it has none of them for sure. */
export type OtherSpellings = ReadonlyMap<number, Uint8Array> | undefined;

export function readableParts(slices: RecordSlices): OtherSpellings {
  if (!slices.doubtful) return undefined;
  const parts = new Map<number, Uint8Array>();
  for (const key of DOCUMENTS) {
    const made = slices.has(key) ? readable(slices.buf.subarray(slices.from[key]!, slices.to[key]!)) : undefined;
    if (made) parts.set(key, made);
  }
  return parts;
}

function whole(text: string): string {
  return text.includes('\\u') ? text.replaceAll(ESCAPES, (one, half?: string) => (half === undefined ? one : '\\ufffd')) : text;
}

function fits(number: string): boolean {
  if (/[.eE]/.test(number)) return Number.isFinite(Number(number));
  if (number.length > LONGEST) return false;
  const value = BigInt(number);
  return value >= LEAST && value <= MOST;
}
