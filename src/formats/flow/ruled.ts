/**
 * Records that go through the rules of their source (formats/record-rules.ts) before they are read. What
 * the rules make of a record's text is all that is read and kept of it: no value of the text before gets
 * into a dictionary, a message or quarantine. A header line is taken before the rules see it.
 */
import { type BadRecord, RAW_LIMIT } from '../../model/batch.ts';
import { sourceOf } from '../intern.ts';
import type { RecordRules } from '../record-rules.ts';
import type { BatchUnderway } from './batch-underway.ts';
import { type Detector, NO_LAYOUT } from './detect.ts';
import { type Diagnosis, diagnose, type Failure } from './diagnose.ts';
import { readJsonRow } from './json-reader.ts';
import type { Plan } from './plan.ts';
import { EARLIEST_START, MAX_AHEAD, type RowReader } from './row.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const TAB = 9;
const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;
const NOTHING = new Uint8Array(0);
export const BROKEN_JSON: Diagnosis = { code: 'not-json', message: 'the line starts like JSON, and its object does not end' };
const SEVERAL_LINES: Diagnosis = { code: 'several-lines', message: 'lines were joined to one record by the source’s setting, and a flow record has one line' };
const TOO_MUCH: Diagnosis = {
  code: 'too-many-matches',
  message: 'a rule matches more than 1000 times, or its replacements make the record longer than 64 KiB',
};

export class RuledRecords {
  private readonly rules: RecordRules;
  private readonly reader: RowReader;
  private readonly detector: Detector;
  private readonly batch: BatchUnderway;
  /** A record whose end was not there: its offset in the delivery, the lines known to be its own, and where to look on, from its first byte. */
  private open = { offset: -1, end: 0, at: 0 };

  constructor(rules: RecordRules, reader: RowReader, detector: Detector, batch: BatchUnderway) {
    this.rules = rules;
    this.reader = reader;
    this.detector = detector;
    this.batch = batch;
  }

  nextDelivery(): void {
    this.open.offset = -1;
  }

  /** What may be kept of a record that is too long or was cut, so that rules cannot be applied. */
  part(bytes: Uint8Array): Uint8Array {
    return this.rules.hides ? NOTHING : bytes;
  }

  /**
   * Takes the record that begins with the line at `p`, of `offset` in the delivery; its line ends before
   * `to`. Answers where the next one begins, or -1 when that is not known yet. `all`: the delivery ends
   * at `to`.
   */
  line(buf: Uint8Array, p: number, to: number, offset: number, all: boolean): number {
    const { detector, batch } = this;
    const firstEnd = buf.indexOf(LINE_FEED, p);
    const first = buf.subarray(p, contentEnd(buf, p, firstEnd));
    if (isBlank(first)) {
      batch.counts.emptyLines++;
      return firstEnd + 1;
    }
    if (first.length <= RAW_LIMIT && detector.takeHeader(first, !this.rules.hides)) {
      batch.counts.headers++;
      return firstEnd + 1;
    }
    const lastEnd = this.rules.goesOn ? this.lastEnd(buf, p, firstEnd, to, offset, all) : firstEnd;
    if (lastEnd < 0) return -1;
    const end = contentEnd(buf, p, lastEnd);
    if (end - p > RAW_LIMIT) {
      const head = buf.slice(p, p + RAW_LIMIT);
      this.addBad(diagnose(head, end - p, detector.plan, NO_LAYOUT), offset, this.part(head), end - p);
    } else this.readLine(buf.slice(p, end), buf.subarray(end, lastEnd + 1), offset);
    return lastEnd + 1;
  }

  /**
   * Line end of the last line of the record whose first line ends at `firstEnd`; -1 when it is not known
   * yet. A record is at most RAW_LIMIT long: the line that would make it longer begins another. Empty
   * lines after it are not its own.
   */
  private lastEnd(buf: Uint8Array, p: number, firstEnd: number, to: number, offset: number, all: boolean): number {
    const known = this.open.offset === offset;
    let end = known ? p + this.open.end : firstEnd;
    let at = known ? p + this.open.at : firstEnd + 1;
    for (;;) {
      const lineEnd = at < to ? buf.indexOf(LINE_FEED, at) : -1;
      if (lineEnd < 0 || lineEnd >= to) {
        // The line that is not whole yet would make the record too long, whatever it is.
        if (to - p > RAW_LIMIT + 1 || (all && at >= to)) return end;
        this.open = { offset, end: end - p, at: at - p };
        return -1;
      }
      const lineTo = contentEnd(buf, at, lineEnd);
      if (lineTo - p > RAW_LIMIT) return end;
      const line = buf.subarray(at, lineTo);
      if (!isBlank(line)) {
        if (this.begins(buf, at, line)) return end;
        end = lineEnd;
      }
      at = lineEnd + 1;
    }
  }

  /** Whether a line begins a record: JSON and headers always do. */
  private begins(buf: Uint8Array, at: number, line: Uint8Array): boolean {
    const c = line[0]!;
    if (c === OPEN_BRACE || c === OPEN_BRACKET || !this.rules.goesOn?.(line)) return true;
    return c > SPACE && this.detector.isHeader(buf, at);
  }

  /** `lineEnd`: the bytes that ended it. */
  private readLine(record: Uint8Array, lineEnd: Uint8Array, offset: number): void {
    const { reader, detector } = this;
    const text = this.ruled(record, offset);
    if (!text) return;
    if (text.includes(LINE_FEED)) {
      this.addBad(SEVERAL_LINES, offset, text, text.length);
      return;
    }
    const buf = new Uint8Array(text.length + lineEnd.length);
    buf.set(text);
    buf.set(lineEnd, text.length);
    const source = sourceOf(buf);
    let plan = detector.plan;
    let failure: Failure = NO_LAYOUT;
    if (plan && reader.read(source, 0, plan) < 0) {
      failure = { code: reader.failCode, at: reader.failAt };
      plan = undefined;
    }
    plan ??= detector.guess(reader, source, 0, text);
    if (plan) {
      this.keep(plan, reader.inexact ? buf.subarray(0, -1) : undefined, text);
      return;
    }
    const blame = detector.blame(text, failure);
    this.addBad(detector.unreadable ?? diagnose(text, text.length, blame.plan, blame.failure), offset, text, text.length);
  }

  /** Takes a JSON object (`whole`) or a line that begins like one. `after`: blanks between it and the next record, kept with it. */
  json(record: Uint8Array, after: Uint8Array, offset: number, whole: boolean): void {
    const length = record.length + after.length;
    if (length > RAW_LIMIT + 1) {
      const head = record.slice(0, RAW_LIMIT);
      this.addBad(diagnose(head, length, undefined, NO_LAYOUT), offset, this.part(head), length);
      return;
    }
    const text = this.ruled(record, offset);
    if (!text) return;
    const result = whole ? readJsonRow(text, this.reader, this.detector) : BROKEN_JSON;
    const raw = new Uint8Array(text.length + after.length);
    raw.set(text);
    raw.set(after, text.length);
    if (!('code' in result)) this.keep(result, raw, text);
    else this.addBad(raw.length > RAW_LIMIT ? diagnose(raw, raw.length, undefined, NO_LAYOUT) : result, offset, raw.subarray(0, RAW_LIMIT), raw.length);
  }

  /** The text after the rules; undefined when the record is counted and done with. */
  private ruled(record: Uint8Array, offset: number): Uint8Array | undefined {
    const text = this.rules.apply(record);
    if (text === 'filtered') this.batch.counts.filtered++;
    else if (text === 'too-much') this.addBad(TOO_MUCH, offset, NOTHING, record.length);
    else return text;
    return undefined;
  }

  private keep(plan: Plan, raw: Uint8Array | undefined, text: Uint8Array): void {
    const { timeOf } = this.rules;
    let time = timeOf?.(text);
    if (time !== undefined && (time < EARLIEST_START * 1000 || time > (this.reader.now + MAX_AHEAD) * 1000)) time = undefined;
    if (timeOf && time === undefined) this.batch.counts.notLocated++;
    this.batch.keep(plan, raw, time);
  }

  private addBad(diagnosis: Diagnosis, offset: number, raw: Uint8Array, length: number): void {
    const { code, message } = diagnosis;
    const bad: BadRecord = { code, message, offset, raw, length, layout: this.detector.plan?.text ?? '' };
    this.batch.addBad(bad);
  }
}

/** End of a line without its line end. */
function contentEnd(buf: Uint8Array, from: number, lineFeed: number): number {
  return lineFeed > from && buf[lineFeed - 1] === CARRIAGE_RETURN ? lineFeed - 1 : lineFeed;
}

function isBlank(line: Uint8Array): boolean {
  return line.every((c) => c === SPACE || c === TAB);
}
