/**
 * Finds CloudWatch documents in a stream: one after another, with or without anything between them, some
 * of them packed. A broken one must not swallow those after it: no valid document holds the beginning of
 * another, so the next beginning is where reading goes on. What is found depends on the bytes alone, not
 * on how they were cut. The work is linear: no byte is looked at more than a few times.
 */
import { RAW_LIMIT, type RecordErrorCode } from '../model/batch.ts';
import { isEnvelope, type Part, readDocument, TELLING_HEAD } from './cloudwatch.ts';
import { sniff } from './decompress.ts';
import type { Input } from './input.ts';

export interface DocumentLimits {
  /** Bytes of one document. */
  readonly document: number;
  /** Levels of brackets. */
  readonly depth: number;
}

/**
 * - `packed`: the input is at compressed data;
 * - `parts`: what a document says;
 * - `text`: bytes that are no document: records by themselves, for the record decoder to judge;
 * - `bad`: bytes of a document that cannot be read.
 */
export type Found =
  | { readonly kind: 'packed'; readonly packing: 'gzip' | 'zstd' }
  | { readonly kind: 'parts'; readonly parts: Iterable<Part> }
  | { readonly kind: 'text'; readonly bytes: Uint8Array }
  | { readonly kind: 'bad'; readonly code: RecordErrorCode; readonly message: string; readonly raw: Uint8Array; readonly length: number }
  | { readonly kind: 'end' };

/** What all beginnings begin with, … */
const OPENING = Buffer.from('{"');
/** … and how they go on, by the next byte. */
const BEGINNINGS = new Map(['{"messageType"', '{"awslogs"'].map((text) => [text.charCodeAt(OPENING.length), Buffer.from(text)]));
/** At least the longest beginning. */
const LOOK = 32;
/** Blanks, brackets and commas of a list, record separators (RFC 7464), padding. */
const BETWEEN = Uint8Array.from({ length: 256 }, (_, c) => ([0, 9, 10, 13, 30, 32, 44, 91, 93].includes(c) ? 1 : 0));
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const BRACE = 123;
const LINE_FEED = 10;

export class Documents {
  private readonly input: Input;
  private readonly limits: DocumentLimits;
  /** What is here: the front part of `store`. What was handed out of it is never written over. */
  private buf: Buffer = Buffer.alloc(0);
  private store: Buffer = Buffer.alloc(0);
  private at = 0;
  /** Offset in the input of `buf[0]`. */
  private base: number;
  private ended = false;
  /** `at` is inside a line. */
  private inLine = false;
  /** Offset up to which a document failed: in there the next ones are bounded by the beginnings. */
  private failed = 0;

  constructor(input: Input, limits: DocumentLimits) {
    this.input = input;
    this.limits = limits;
    this.base = input.position;
  }

  async next(): Promise<Found> {
    for (;;) {
      await this.have(LOOK);
      if (this.at === this.buf.length) return { kind: 'end' };
      if (this.inLine) return this.line();
      if (this.base + this.at === 0 && BYTE_ORDER_MARK.every((c, i) => this.buf[i] === c)) {
        this.at = BYTE_ORDER_MARK.length;
        continue;
      }
      const from = this.at;
      while (this.at < this.buf.length && BETWEEN[this.buf[this.at]!] === 1) this.at++;
      if (this.at > from) continue;
      const packing = sniff(this.buf.subarray(this.at, this.at + 4));
      if (packing !== 'plain') {
        this.base += this.at;
        await this.input.rewind(this.base);
        this.buf = this.buf.subarray(0, 0);
        this.store = Buffer.alloc(0);
        this.at = 0;
        this.ended = false;
        return { kind: 'packed', packing };
      }
      if (this.buf[this.at] === BRACE) {
        await this.have(TELLING_HEAD);
        if (isEnvelope(this.buf, this.at)) return this.document();
      }
      return this.line();
    }
  }

  /** Goes on after packed data, where the input is now. */
  resume(): void {
    this.base = this.input.position;
  }

  /** Adds the next bytes; false when there are none. Moves what is not consumed to the front. */
  private async more(): Promise<boolean> {
    const piece = this.ended ? undefined : await this.input.next();
    if (!piece) {
      this.ended = true;
      return false;
    }
    let length = this.buf.length;
    if (length + piece.length > this.store.length) {
      const rest = this.buf.subarray(this.at);
      this.store = Buffer.alloc((rest.length + piece.length) * 2);
      this.store.set(rest);
      this.base += this.at;
      this.at = 0;
      length = rest.length;
    }
    this.store.set(piece, length);
    this.buf = this.store.subarray(0, length + piece.length);
    return true;
  }

  private async have(count: number): Promise<void> {
    while (this.buf.length - this.at < count && (await this.more()));
  }

  /** Offset (into `buf`) of the next beginning of a document in [from, to); -1: none. Looks no further than that. */
  private beginning(from: number, to: number): number {
    const part = this.buf.subarray(0, to);
    for (let at = part.indexOf(OPENING, from); at >= 0; at = part.indexOf(OPENING, at + 1)) {
      const mark = BEGINNINGS.get(part[at + OPENING.length]!);
      if (mark && part.subarray(at, at + mark.length).equals(mark)) return at;
    }
    return -1;
  }

  /** A line with its end, or what comes of it before a document begins; a long one in parts. */
  private async line(): Promise<Found> {
    let feed = this.buf.indexOf(LINE_FEED, this.at);
    for (let seen = this.buf.length - this.at; feed < 0 && seen < RAW_LIMIT && (await this.more()); seen = this.buf.length - this.at) {
      feed = this.buf.indexOf(LINE_FEED, this.at + seen);
    }
    const window = Math.min(this.buf.length, this.at + RAW_LIMIT);
    const whole = feed >= 0 && feed < window;
    const cut = !whole && window - this.at === RAW_LIMIT;
    let end = whole ? feed + 1 : cut ? window - LOOK : window;
    const mark = this.beginning(this.at + 1, whole ? end : window);
    if (mark >= 0 && mark < end) end = mark;
    this.inLine = cut && end === window - LOOK;
    const bytes = this.buf.subarray(this.at, end);
    this.at = end;
    return { kind: 'text', bytes };
  }

  private async document(): Promise<Found> {
    const { limits } = this;
    let depth = 0;
    let deep = false;
    let quoted = false;
    // In bytes that a broken document swallowed, this one may go as far as the next beginning.
    const failed = this.failed - this.base;
    const bound = failed > this.at ? this.beginning(this.at + 1, Math.min(this.buf.length, failed)) : -1;
    const boundLength = bound < 0 ? Number.POSITIVE_INFINITY : bound - this.at;
    for (let length = 0; ; ) {
      const { buf, at } = this;
      const to = Math.min(buf.length, at + boundLength);
      let i = at + length;
      for (; i < to; i++) {
        const c = buf[i]!;
        if (quoted) {
          if (c === 92) i++;
          else if (c === 34) quoted = false;
        } else if (c === 34) quoted = true;
        else if (c === BRACE || c === 91) {
          if (++depth > limits.depth) deep = true;
        } else if ((c === 125 || c === 93) && --depth === 0) break;
      }
      if (i < to) {
        const end = i + 1;
        if (end - at > limits.document) return this.tooLarge();
        if (deep) return this.fail(end, 'envelope-too-large', `the document is nested deeper than ${limits.depth} levels`);
        const parts = readDocument(buf.subarray(at, end), limits.document, limits.depth);
        if (typeof parts === 'string') return this.fail(end, 'envelope-damaged', parts);
        this.at = end;
        return { kind: 'parts', parts };
      }
      length = i - at;
      if (length > limits.document) return this.tooLarge();
      if (length >= boundLength || !(await this.more())) {
        return this.fail(Math.min(this.buf.length, this.at + boundLength), 'envelope-damaged', 'the document is cut: its end is missing');
      }
    }
  }

  /** The document at `at` that ends before `end` cannot be read: its bytes up to the next beginning are bad. */
  private fail(end: number, code: RecordErrorCode, message: string): Found {
    const mark = this.beginning(this.at + 1, end);
    this.failed = Math.max(this.failed, this.base + end);
    const to = mark < 0 ? end : mark;
    const raw = Uint8Array.from(this.buf.subarray(this.at, Math.min(to, this.at + RAW_LIMIT)));
    const length = to - this.at;
    this.at = to;
    return { kind: 'bad', code, message, raw, length };
  }

  /** Passes over a document that is too large, to its end or the next beginning. */
  private async tooLarge(): Promise<Found> {
    const message = `the document has more than ${this.limits.document} bytes`;
    await this.have(RAW_LIMIT);
    const limit = this.at + this.limits.document;
    if (this.beginning(this.at + 1, limit) >= 0) return this.fail(limit, 'envelope-too-large', message);
    const raw = Uint8Array.from(this.buf.subarray(this.at, this.at + RAW_LIMIT));
    let passed = 0;
    let depth = 0;
    let quoted = false;
    let closed = false;
    /** Bytes from `at` on that the search for the end has behind it. */
    let length = 0;
    for (;;) {
      const { buf } = this;
      const mark = this.beginning(this.at + (passed === 0 ? 1 : 0), buf.length);
      // The last bytes may be the first ones of a beginning.
      const to = mark >= 0 ? mark : this.ended ? buf.length : Math.max(this.at, buf.length - LOOK);
      let i = this.at + length;
      for (; i < to && !closed; i++) {
        const c = buf[i]!;
        if (quoted) {
          if (c === 92) i++;
          else if (c === 34) quoted = false;
        } else if (c === 34) quoted = true;
        else if (c === BRACE || c === 91) depth++;
        else if ((c === 125 || c === 93) && --depth === 0) closed = true;
      }
      const end = closed ? i : to;
      passed += end - this.at;
      length = Math.max(0, i - end);
      this.at = end;
      if (closed || mark >= 0 || this.ended) return { kind: 'bad', code: 'envelope-too-large', message, raw, length: passed };
      await this.more();
    }
  }
}
