/** Where the list of records begins in a file of them: after `{"Records": [`, or what LookupEvents answers. */
import { BROKEN, MORE, skipBlanks, stringEnd } from './scan.ts';

const QUOTE = 34;
const COLON = 58;
const OPEN_BRACKET = 91;
const encoder = new TextEncoder();
const LIST_NAMES = ['"Records"', '"Events"'].map((text) => encoder.encode(text));

/** `at`: at the bracket of an object. Offset after it; MORE where it may be one, BROKEN where it is none. */
export function listOf(buf: Uint8Array, at: number, to: number): number {
  let p = skipBlanks(buf, at + 1, to);
  if (p >= to) return MORE;
  if (buf[p] !== QUOTE) return BROKEN;
  const end = stringEnd(buf, p, Math.min(to, p + 16));
  if (end === BROKEN || (end === MORE && to > p + 16)) return BROKEN;
  if (end === MORE) return MORE;
  if (!LIST_NAMES.some((name) => name.length === end - p && name.every((c, i) => buf[p + i] === c))) return BROKEN;
  p = skipBlanks(buf, end, to);
  if (p < to && buf[p] !== COLON) return BROKEN;
  p = skipBlanks(buf, p + 1, to);
  if (p >= to) return MORE;
  return buf[p] === OPEN_BRACKET ? p + 1 : BROKEN;
}
