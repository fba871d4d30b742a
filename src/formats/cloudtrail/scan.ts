/**
 * Where JSON values end, in bytes: strict (RFC 8259, https://www.rfc-editor.org/rfc/rfc8259) but for the
 * bytes of strings, which may be no UTF-8. Nothing is decoded and nothing allocated.
 */

/** The bytes end before the value does. */
export const MORE = -1;
/** It is no JSON. */
export const BROKEN = -2;

/**
 * Whether something was passed since it was last set to false that may be no JSON to the engine's parser: bytes beyond ASCII, half
 * a character, a number of 19 characters or with an exponent. Who asks looks closer (readable.ts); all others pay nothing.
 */
export const passed = { doubtful: false };
const LONG_NUMBER = 19;

/** Levels of brackets; real records have about ten. */
export const MAX_DEPTH = 200;

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** 1 for what may follow a backslash, but u. */
const ESCAPES = table('"\\/bfnrt');
/** 1 for what is not simply a part of a string: quotes, backslashes, control characters, what is beyond ASCII. */
const SPECIAL = Uint8Array.from({ length: 256 }, (_, c) => (c < 32 || c === QUOTE || c === BACKSLASH || c > 127 ? 1 : 0));
const HEX = table('0123456789abcdefABCDEF');
/** Second of the hex digits that halves of characters have behind a D. */
const HALF = table('89abcdefABCDEF');

function table(characters: string): Uint8Array {
  const found = new Uint8Array(256);
  for (const c of characters) found[c.charCodeAt(0)] = 1;
  return found;
}

/** Offset of the first byte at or after `p` that is no blank, or `to`. */
export function skipBlanks(buf: Uint8Array, p: number, to: number): number {
  while (p < to) {
    const c = buf[p]!;
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
    p++;
  }
  return p;
}

/** `p`: at the opening quote. Offset after the closing one, MORE or BROKEN. */
export function stringEnd(buf: Uint8Array, p: number, to: number): number {
  let i = p + 1;
  for (;;) {
    while (i < to && SPECIAL[buf[i]!] === 0) i++;
    if (i >= to) return MORE;
    const c = buf[i]!;
    if (c === QUOTE) return i + 1;
    if (c > 127) {
      passed.doubtful = true;
      do i++;
      while (i < to && buf[i]! > 127);
      continue;
    }
    if (c !== BACKSLASH) return BROKEN;
    i = escapeEnd(buf, i, to);
    if (i < 0) return i;
  }
}

/** `p`: at a backslash. Offset after what it escapes, MORE or BROKEN. */
function escapeEnd(buf: Uint8Array, p: number, to: number): number {
  if (p + 1 >= to) return MORE;
  const escaped = buf[p + 1]!;
  if (ESCAPES[escaped] === 1) return p + 2;
  if (escaped !== 117) return BROKEN;
  for (let i = p + 2; i < p + 6; i++) {
    if (i >= to) return MORE;
    if (HEX[buf[i]!] === 0) return BROKEN;
  }
  if ((buf[p + 2]! | 32) === 100 && HALF[buf[p + 3]!] === 1) passed.doubtful = true;
  return p + 6;
}

/** Offset after the value that begins at `p`, MORE or BROKEN. `depth`: levels around it. */
export function valueEnd(buf: Uint8Array, p: number, to: number, depth = 0): number {
  if (p >= to) return MORE;
  switch (buf[p]) {
    case QUOTE:
      return stringEnd(buf, p, to);
    case OPEN_BRACE:
      return depth < MAX_DEPTH ? objectEnd(buf, p, to, depth + 1) : BROKEN;
    case OPEN_BRACKET:
      return depth < MAX_DEPTH ? arrayEnd(buf, p, to, depth + 1) : BROKEN;
    case 116:
      return wordEnd(buf, p, to, TRUE);
    case 102:
      return wordEnd(buf, p, to, FALSE);
    case 110:
      return wordEnd(buf, p, to, NULL);
    default:
      return numberEnd(buf, p, to);
  }
}

function objectEnd(buf: Uint8Array, start: number, to: number, depth: number): number {
  let p = skipBlanks(buf, start + 1, to);
  if (buf[p] === CLOSE_BRACE && p < to) return p + 1;
  for (;;) {
    p = valueAfterKey(buf, p, to);
    if (p < 0) return p;
    p = valueEnd(buf, p, to, depth);
    if (p < 0) return p;
    p = skipBlanks(buf, p, to);
    if (p >= to) return MORE;
    if (buf[p] === CLOSE_BRACE) return p + 1;
    if (buf[p] !== COMMA) return BROKEN;
    p = skipBlanks(buf, p + 1, to);
  }
}

/** `p`: at a key. Offset of its value, MORE or BROKEN. */
export function valueAfterKey(buf: Uint8Array, p: number, to: number): number {
  if (p >= to) return MORE;
  if (buf[p] !== QUOTE) return BROKEN;
  p = stringEnd(buf, p, to);
  if (p < 0) return p;
  p = skipBlanks(buf, p, to);
  if (p >= to) return MORE;
  if (buf[p] !== COLON) return BROKEN;
  return skipBlanks(buf, p + 1, to);
}

function arrayEnd(buf: Uint8Array, start: number, to: number, depth: number): number {
  let p = skipBlanks(buf, start + 1, to);
  if (buf[p] === CLOSE_BRACKET && p < to) return p + 1;
  for (;;) {
    p = valueEnd(buf, p, to, depth);
    if (p < 0) return p;
    p = skipBlanks(buf, p, to);
    if (p >= to) return MORE;
    if (buf[p] === CLOSE_BRACKET) return p + 1;
    if (buf[p] !== COMMA) return BROKEN;
    p = skipBlanks(buf, p + 1, to);
  }
}

const word = (text: string): readonly number[] => [...text].map((c) => c.charCodeAt(0));
const TRUE = word('true');
const FALSE = word('false');
const NULL = word('null');

function wordEnd(buf: Uint8Array, p: number, to: number, letters: readonly number[]): number {
  for (let i = 0; i < letters.length; i++) {
    if (p + i >= to) return MORE;
    if (buf[p + i] !== letters[i]) return BROKEN;
  }
  return p + letters.length;
}

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57;

/** A number is known to have ended only where another byte follows. */
function numberEnd(buf: Uint8Array, start: number, to: number): number {
  let p = start;
  if (buf[p] === 45) p++;
  const whole = digitsEnd(buf, p, to);
  if (whole >= to) return MORE;
  if (whole === p || (buf[p] === 48 && whole > p + 1)) return BROKEN;
  p = whole;
  if (buf[p] === 46) {
    const fraction = digitsEnd(buf, p + 1, to);
    if (fraction >= to) return MORE;
    if (fraction === p + 1) return BROKEN;
    p = fraction;
  }
  if (p - start >= LONG_NUMBER) passed.doubtful = true;
  if (buf[p] !== 101 && buf[p] !== 69) return p;
  passed.doubtful = true;
  p++;
  if (p < to && (buf[p] === 43 || buf[p] === 45)) p++;
  const exponent = digitsEnd(buf, p, to);
  if (exponent >= to) return MORE;
  return exponent === p ? BROKEN : exponent;
}

function digitsEnd(buf: Uint8Array, p: number, to: number): number {
  while (p < to && isDigit(buf[p])) p++;
  return p;
}
