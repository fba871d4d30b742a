/**
 * Where JSON objects begin and end in a delivery: one a line, several on a line, spread over lines, or
 * the elements of one array. A broken object must not swallow the records after it, so an object goes
 * on over a line end only when the next line looks like the inside of one.
 */
import { RAW_LIMIT } from '../../model/batch.ts';

/**
 * - `object`: the object, or another value in an array, is `buf[at, end)`, and the record, as received, `buf[at, recordEnd)`;
 * - `skip`: nothing but separators up to `next`;
 * - `broken`: no object: the rest of the line is a bad record;
 * - `more`: the end is not here yet;
 * - `text`: not JSON after all.
 */
export type FrameKind = 'object' | 'skip' | 'broken' | 'more' | 'text';

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

function isBlank(c: number): boolean {
  return c === SPACE || c === TAB || c === CARRIAGE_RETURN;
}

/** Whether a line that begins so can be the inside of an object that a line before began. */
function goesOn(c: number): boolean {
  return isBlank(c) || c === QUOTE || c === CLOSE_BRACE || c === CLOSE_BRACKET || c === COMMA;
}

export class JsonFramer {
  /** The delivery is inside `[ … ]`. */
  inArray = false;
  /** Of the last `frame`. */
  at = 0;
  end = 0;
  recordEnd = 0;
  next = 0;

  /** Whether a record at a byte `c` is JSON. */
  begins(c: number): boolean {
    return this.inArray || c === OPEN_BRACE || c === OPEN_BRACKET;
  }

  /** Looks at `buf[p, to)`; `all`: the delivery ends at `to`, with a line end. */
  frame(buf: Uint8Array, p: number, to: number, all: boolean): FrameKind {
    if (this.inArray) return this.element(buf, p, to, all);
    return buf[p] === OPEN_BRACKET ? this.openArray(buf, p, to, all) : this.object(buf, p, to, all);
  }

  private openArray(buf: Uint8Array, p: number, to: number, all: boolean): FrameKind {
    for (let i = p + 1; i < to; i++) {
      const c = buf[i]!;
      if (isBlank(c) || c === LINE_FEED) {
        if (i - p > RAW_LIMIT) return 'text';
        continue;
      }
      if (c !== OPEN_BRACE && c !== CLOSE_BRACKET) return 'text';
      this.inArray = true;
      this.next = i;
      return 'skip';
    }
    return all ? 'text' : 'more';
  }

  private element(buf: Uint8Array, p: number, to: number, all: boolean): FrameKind {
    let i = p;
    while (i < to && (isBlank(buf[i]!) || buf[i] === LINE_FEED || buf[i] === COMMA)) i++;
    this.next = i;
    if (i > p) return 'skip';
    if (buf[i] === OPEN_BRACE) return this.object(buf, i, to, all);
    if (buf[i] === CLOSE_BRACKET) {
      let end = i + 1;
      while (end < to && isBlank(buf[end]!)) end++;
      if (end === to && !all) return 'more';
      this.next = end < to && buf[end] === LINE_FEED ? end + 1 : end;
    }
    if (buf[i] !== CLOSE_BRACKET) return this.other(buf, i, to, all);
    this.inArray = false;
    return 'skip';
  }

  /** A value that is no object costs none of its neighbours: it ends before the next comma, or the end of the array. */
  private other(buf: Uint8Array, p: number, to: number, all: boolean): FrameKind {
    const end = buf[p] === OPEN_BRACKET ? balanced(buf, p, to, all) : scalar(buf, p, to, all);
    if (end === MORE) return 'more';
    if (end === BROKEN) return 'broken';
    let i = end;
    while (i < to && i - p <= RAW_LIMIT && (isBlank(buf[i]!) || buf[i] === LINE_FEED)) i++;
    if (i === to && !all) return 'more';
    if (buf[i] !== COMMA && buf[i] !== CLOSE_BRACKET) return 'broken';
    this.at = p;
    this.end = end;
    this.recordEnd = end;
    this.next = i;
    return 'object';
  }

  /** The record at the byte `c` was `broken`, and is passed over: something else in an array ends the array. */
  passBroken(c: number): void {
    if (c !== OPEN_BRACE) this.inArray = false;
  }

  private object(buf: Uint8Array, p: number, to: number, all: boolean): FrameKind {
    const end = balanced(buf, p, to, all);
    if (end === MORE) return 'more';
    if (end === BROKEN) return 'broken';
    this.at = p;
    this.end = end;
    this.recordEnd = end;
    let i = end;
    while (i < to && isBlank(buf[i]!)) i++;
    if (i === to) return all ? 'broken' : 'more';
    const c = buf[i]!;
    this.next = i;
    if (this.inArray || c === OPEN_BRACE) return 'object';
    if (c === COMMA) {
      do i++;
      while (i < to && isBlank(buf[i]!));
      if (i === to) return all ? 'broken' : 'more';
      if (buf[i] !== OPEN_BRACE && buf[i] !== LINE_FEED) return 'broken';
      this.next = buf[i] === LINE_FEED ? i + 1 : i;
      return 'object';
    }
    if (c !== LINE_FEED) return 'broken';
    if (i + 1 === to && !all) return 'more';
    // The whole line is the record; and a record that itself ended in a line feed shows as an empty line after it.
    this.recordEnd = i;
    this.next = i + 1;
    if (i + 1 < to && buf[i + 1] === LINE_FEED) {
      this.recordEnd = i + 1;
      this.next = i + 2;
    }
    const length = this.recordEnd - p;
    return length > RAW_LIMIT + 1 ? 'broken' : 'object';
  }
}

const MORE = -1;
const BROKEN = -2;

/** Offset after the text or the word at `p`, or MORE or BROKEN. */
function scalar(buf: Uint8Array, p: number, to: number, all: boolean): number {
  const quoted = buf[p] === QUOTE;
  for (let i = quoted ? p + 1 : p; i < to && i - p <= RAW_LIMIT; i++) {
    const c = buf[i]!;
    if (quoted ? c === LINE_FEED : c === QUOTE) return BROKEN;
    if (quoted && c === BACKSLASH) i++;
    else if (quoted && c === QUOTE) return i + 1;
    else if (!quoted && (isBlank(c) || c === LINE_FEED || c === COMMA || c === CLOSE_BRACKET)) return i > p ? i : BROKEN;
  }
  return all || to - p > RAW_LIMIT ? BROKEN : MORE;
}

/** Offset after the brace that closes the object at `p`, or MORE or BROKEN. */
function balanced(buf: Uint8Array, p: number, to: number, all: boolean): number {
  let depth = 0;
  let inString = false;
  for (let i = p; i < to; i++) {
    if (i - p > RAW_LIMIT) return buf.subarray(i, to).includes(LINE_FEED) || all ? BROKEN : MORE;
    const c = buf[i]!;
    if (inString) {
      if (c === BACKSLASH && buf[i + 1] !== LINE_FEED) i++;
      else if (c === QUOTE) inString = false;
      else if (c === LINE_FEED) return BROKEN;
    } else if (c === QUOTE) {
      inString = true;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      depth++;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      if (--depth === 0) return i + 1;
    } else if (c === LINE_FEED) {
      if (i + 1 === to) return all ? BROKEN : MORE;
      if (!goesOn(buf[i + 1]!)) return BROKEN;
    }
  }
  return all ? BROKEN : MORE;
}
