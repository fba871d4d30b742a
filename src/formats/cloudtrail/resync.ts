/**
 * Where reading goes on behind bytes that are no valid JSON: at the bracket that closes them, or where the
 * next event begins, whatever is first. The work is in proportion to what is passed over.
 */
import { MORE, skipBlanks } from './scan.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const LINE_FEED = 10;

/** First keys of an event, of one of EventBridge, and of one that LookupEvents answers, as AWS writes them. */
const FIRST_KEYS = ['"eventVersion"', '"version":"0"', '"EventId"'].map((text) => [...text].map((c) => c.charCodeAt(0)));
const LONGEST_KEY = Math.max(...FIRST_KEYS.map((key) => key.length));
/** Blanks that may stand between the bracket and the key. */
const MOST_BLANKS = 64;
/** Bytes behind the bracket that tell whether it begins an event. */
export const TELLING = 1 + MOST_BLANKS + LONGEST_KEY;
/** Bytes that are looked at first for the end: broken objects may be of two bytes each. */
const FIRST_WINDOW = 64;

/** Whether an event begins at the bracket at `p`. `lines`: an object at the beginning of a line is one too. */
function begins(buf: Uint8Array, p: number, to: number, lines: boolean): boolean {
  if (lines && p > 0 && buf[p - 1] === LINE_FEED) return true;
  const key = skipBlanks(buf, p + 1, Math.min(to, p + 1 + MOST_BLANKS));
  return FIRST_KEYS.some((bytes) => key + bytes.length <= to && bytes.every((c, i) => c === buf[key + i]));
}

/** Offset in `[from, end)` where an event begins; -1 where none does. `to`: end of the bytes. */
export function beginningIn(buf: Uint8Array, from: number, end: number, to: number, lines: boolean): number {
  for (let p = buf.indexOf(OPEN_BRACE, from); p >= 0 && p < end; p = buf.indexOf(OPEN_BRACE, p + 1)) if (begins(buf, p, to, lines)) return p;
  return -1;
}

/** Where the object that begins at `start` ends by quotes and brackets alone: read on as more bytes are looked at. */
class Frame {
  private p: number;
  private depth = 0;
  private quoted = false;
  private readonly buf: Uint8Array;

  constructor(buf: Uint8Array, start: number) {
    this.buf = buf;
    this.p = start;
  }

  /** Offset after the closing bracket where it is before `to`, or MORE. */
  endBefore(to: number): number {
    const { buf } = this;
    while (this.p < to) {
      const c = buf[this.p++]!;
      if (this.quoted) {
        if (c === BACKSLASH) this.p++;
        else if (c === QUOTE) this.quoted = false;
      } else if (c === QUOTE) this.quoted = true;
      else if (c === OPEN_BRACE || c === OPEN_BRACKET) this.depth++;
      else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --this.depth === 0) return this.p;
    }
    return MORE;
  }
}

/**
 * What ends the object at `at`, which is no valid JSON: `framed` where its own bracket does, otherwise the
 * next event. MORE where neither is among the bytes.
 */
export function endOfBroken(buf: Uint8Array, at: number, to: number, lines: boolean): { readonly end: number; readonly framed: boolean } {
  const frame = new Frame(buf, at);
  let from = at + 1;
  for (let window = FIRST_WINDOW; ; window *= 2) {
    const end = Math.min(to, at + window);
    const framed = frame.endBefore(end);
    const next = beginningIn(buf, from, framed < 0 ? end : Math.min(framed, end), to, lines);
    if (next >= 0) return { end: next, framed: false };
    if (framed >= 0) return { end: framed, framed: true };
    if (end === to) return { end: MORE, framed: false };
    from = end;
  }
}
