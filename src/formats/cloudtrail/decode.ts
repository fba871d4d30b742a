/**
 * Decoder of CloudTrail events: bytes of decompressed deliveries in, batches of columns out. It takes files
 * `{"Records": […]}`, lists, single events one after another (in lines or not) and events of EventBridge. A
 * record that is broken costs none of its neighbours. What comes out depends on the bytes alone, not on how
 * they were cut into chunks, so a batch can be made again from its byte ranges.
 *
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
 */
import { type BadRecord, RAW_LIMIT, type RecordErrorCode } from '../../model/batch.ts';
import { CLOUDTRAIL } from '../../model/log-formats.ts';
import { BatchShares } from '../batch-shares.ts';
import type { RecordRules } from '../record-rules.ts';
import type { DecodedBatches } from '../result.ts';
import { KEY } from './keys.ts';
import { RecordSlices } from './record-slices.ts';
import { type EventProblem, EventRows } from './rows.ts';
import { BROKEN, framedEnd, MORE, skipBlanks, stringEnd, valueAfterKey, valueEnd } from './scan.ts';

/** Bytes of one record. */
export const MAX_RECORD = 16 * 1024 * 1024;

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const NOTHING = new Uint8Array(0);
const BOM = [0xef, 0xbb, 0xbf];
/** All records that AWS writes begin with it. */
const BEGINNING = '"eventVersion"';

/**
 * Where the decoder stands: `top`: between values; `records`: in the list of a file; `tail`: behind the list, in its
 * object.
 */
type Place = 'top' | 'records' | 'tail';

/** Prefix of all states: another decoder's begin otherwise. */
export const STATE = 'cloudtrail:';

export interface EventReading {
  readonly rules?: RecordRules | undefined;
}

export interface EventDecoderOptions extends EventReading {
  /** Epoch seconds. Read once a `push`; give the same answer when a batch is made again. */
  readonly now: () => number;
  /** Most records of a batch. */
  readonly capacity: number;
}

export class CloudTrailDecoder {
  private readonly events = new EventRows();
  private readonly batch: BatchShares;
  private readonly slices = new RecordSlices();
  private readonly now: () => number;
  private rules: RecordRules | undefined;
  private place: Place = 'top';
  /** Bytes that are not decoded yet: `buf[at, length)`; `base`: offset of `buf[0]` in the delivery. */
  private buf: Uint8Array = NOTHING;
  private at = 0;
  private length = 0;
  private base = 0;
  /** Bytes of a broken record whose end was not found yet, and its first ones. */
  private lost = 0;
  private lostHead: Uint8Array = NOTHING;
  private lostProblem: EventProblem = { code: 'not-json', message: '' };
  private last = false;
  private finished = true;

  constructor(options: EventDecoderOptions) {
    this.now = options.now;
    this.batch = new BatchShares(options.capacity, {
      rows: () => [this.events.rows],
      size: () => this.events.size,
      stored: ([rows]) => rows ?? 0,
      formats: (_, records) => (records > 0 ? { cloudtrail: records } : {}),
      take: () => [{ dataset: CLOUDTRAIL.main, batch: this.events.take() }],
    });
    this.readBy(options);
    this.nextDelivery();
  }

  /** How the deliveries to come are read; the one before must be finished. */
  readBy(reading: EventReading): void {
    this.rules = reading.rules;
  }

  get full(): boolean {
    return this.batch.full;
  }

  /** Where a later run takes the delivery up again. */
  get state(): string {
    return STATE + this.place;
  }

  get pendingRecords(): number {
    return this.batch.records;
  }

  get deliveryFinished(): boolean {
    return this.finished;
  }

  /** Starts another delivery in the same batch; the one before must have had its last `push`. */
  nextDelivery(resume?: { readonly state?: string; readonly offset: number }): void {
    const offset = resume?.offset ?? 0;
    const place = resume?.state?.slice(STATE.length);
    this.place = place === 'records' || place === 'tail' ? place : 'top';
    this.batch.startDelivery(offset, this.state);
    this.buf = NOTHING;
    this.at = 0;
    this.length = 0;
    this.base = offset;
    this.lost = 0;
    this.last = false;
    this.finished = false;
  }

  /** As FlowDecoder.push: true when all was taken in, false when the batch is full and some waits. */
  push(chunk: Uint8Array, last: boolean): boolean {
    if (chunk.length > 0) this.append(chunk);
    this.last ||= last;
    if (this.finished) return true;
    this.events.now = this.now();
    this.run();
    if (this.batch.full && !(this.last && this.at === this.length)) return false;
    if (this.last) this.finish();
    return true;
  }

  /** Ends a delivery whose bytes cannot be read on; one bad record tells of it and of what is cut short. */
  endDamaged(code: RecordErrorCode, message: string, bytes: { readonly raw: Uint8Array; readonly length: number } = { raw: NOTHING, length: 0 }): void {
    const rest = this.buf.subarray(this.at, this.length);
    const head = this.lost > 0 ? this.lostHead : rest.length > 0 ? rest.slice(0, RAW_LIMIT) : bytes.raw;
    this.addBad({ code, message }, this.base + this.at - this.lost, head, this.lost + rest.length + bytes.length);
    this.lost = 0;
    this.at = this.length;
    this.finish();
    this.batch.passed += bytes.length;
  }

  /** The batch; the decoder goes on with an empty one. */
  take(): DecodedBatches {
    return this.batch.take(this.state, this.finished);
  }

  private finish(): void {
    this.finished = true;
    this.batch.passed = this.base + this.length;
  }

  private append(chunk: Uint8Array): void {
    const rest = this.length - this.at;
    if (rest === 0) {
      this.base += this.length;
      // One kind of array keeps the loops fast: Node's Buffer is another.
      this.buf = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      this.at = 0;
      this.length = chunk.length;
      return;
    }
    const buf = new Uint8Array(rest + chunk.length);
    buf.set(this.buf.subarray(this.at, this.length));
    buf.set(chunk, rest);
    this.base += this.at;
    this.buf = buf;
    this.at = 0;
    this.length = buf.length;
  }

  /** Takes in whole records until the batch is full or more bytes are needed. */
  private run(): void {
    const { buf, length, batch } = this;
    if (this.base + this.at === 0 && BOM.every((c, i) => buf[i] === c)) this.at = 3;
    while (!batch.full) {
      if (this.lost > 0 && !this.passLost()) return;
      this.at = skipBlanks(buf, this.at, length);
      batch.passed = this.base + this.at;
      if (this.at === length) return;
      const before = this.at;
      if (this.place === 'tail') this.passTail();
      else this.takeValue();
      if (this.at === before) return;
      batch.passed = this.base + this.at - this.lost;
    }
  }

  /** A record, or what stands between records. Leaves `at` where more bytes are needed. */
  private takeValue(): void {
    const { buf, at, length } = this;
    switch (buf[at]) {
      case COMMA:
      case OPEN_BRACKET:
      case 0x1e:
        this.at++;
        return;
      case CLOSE_BRACKET:
        if (this.place === 'records') this.place = 'tail';
        this.at++;
        return;
      case OPEN_BRACE:
        break;
      default:
        this.lose({ code: 'not-json', message: 'there is something between the events that is no JSON object' });
        return;
    }
    const list = this.place === 'top' ? listOf(buf, at, length) : BROKEN;
    if (list === MORE && !this.last) return;
    if (list >= 0) {
      this.place = 'records';
      this.at = list;
      return;
    }
    const end = this.slices.read(buf, at, length);
    if (end >= 0) this.takeRecord(end);
    else if (end === BROKEN) this.lose({ code: 'not-json', message: 'the event is no valid JSON' });
    else if (this.last) this.lose({ code: 'not-json', message: 'the event is cut: its JSON does not end' });
    else if (length - at > MAX_RECORD) this.lose(TOO_LARGE);
  }

  /** The object at `at` was taken apart. */
  private takeRecord(end: number): void {
    const { buf, at, slices } = this;
    this.at = end;
    if (end - at > MAX_RECORD) {
      this.addBad(TOO_LARGE, this.base + at, buf.slice(at, at + RAW_LIMIT), end - at);
      return;
    }
    if (slices.kind(KEY.Records) === OPEN_BRACKET) {
      this.place = 'records';
      this.at = slices.from[KEY.Records]! + 1;
      return;
    }
    // A digest tells of other files; it holds no events.
    if (slices.has(KEY.digestStartTime) && slices.has(KEY.logFiles)) {
      this.batch.counts.headers++;
      return;
    }
    let from = at;
    let to = end;
    if (slices.has(KEY['detail-type']) && slices.kind(KEY.detail) === OPEN_BRACE) {
      from = slices.from[KEY.detail]!;
      to = slices.to[KEY.detail]!;
    }
    if (this.rules) this.takeRuled(buf.slice(from, to), this.base + from);
    else this.keep(buf, from, to, this.base + from, from !== at);
  }

  private takeRuled(record: Uint8Array, offset: number): void {
    const text = this.rules?.apply(record) ?? record;
    if (text === 'filtered') this.batch.counts.filtered++;
    else if (text === 'too-much')
      this.addBad({ code: 'too-many-matches', message: 'a rule matches more than 1000 times, or makes the event too long' }, offset, NOTHING, record.length);
    else this.keep(text, 0, text.length, offset, true);
  }

  /** `again`: the bytes are not those that were taken apart last. */
  private keep(buf: Uint8Array, from: number, to: number, offset: number, again: boolean): void {
    const raw = buf.subarray(from, to);
    if (again && this.slices.read(buf, from, to) !== to) {
      this.addBad({ code: 'not-json', message: 'the event is no valid JSON' }, offset, raw.slice(0, RAW_LIMIT), raw.length);
      return;
    }
    const timeOf = this.rules?.timeOf;
    const time = timeOf?.(raw);
    const result = this.events.add(this.slices, time);
    if (result === undefined) {
      if (timeOf && time === undefined) this.batch.counts.notLocated++;
      this.batch.count(0);
    } else if (result === 'copy') this.batch.counts.duplicates++;
    else this.addBad(result, offset, raw.slice(0, RAW_LIMIT), raw.length);
  }

  /** What is behind the list of a file, up to the end of its object. */
  private passTail(): void {
    const { buf, at, length } = this;
    const c = buf[at];
    if (c === CLOSE_BRACE) {
      this.place = 'top';
      this.at++;
    } else if (c === COMMA) this.at++;
    else if (c === QUOTE) {
      const value = valueAfterKey(buf, at, length);
      const end = value < 0 ? value : valueEnd(buf, value, length);
      if (end >= 0) this.at = end;
      else if (end === BROKEN || this.last || length - at > MAX_RECORD) this.lose({ code: 'not-json', message: 'what is behind the events is no valid JSON' });
    } else this.lose({ code: 'not-json', message: 'what is behind the events is no valid JSON' });
  }

  /** Something at `at` cannot be read: it ends where brackets say, or where the next event begins, whatever is first. */
  private lose(problem: EventProblem): void {
    const { buf, at, length } = this;
    const next = beginningAfter(buf, at, length);
    const framed = buf[at] === OPEN_BRACE ? framedEnd(buf, at, length) : MORE;
    if (framed >= 0 && (next < 0 || framed <= next)) {
      this.addBad(problem, this.base + at, buf.slice(at, Math.min(framed, at + RAW_LIMIT)), framed - at);
      this.at = framed;
      return;
    }
    if (this.place === 'tail') this.place = 'top';
    // Bytes of the beginning of an event that is cut here are looked at again.
    const to = next >= 0 ? next : this.last ? length : Math.max(at + 1, length - BEGINNING.length - 64);
    // Until it is known what ends it, brackets may still.
    if (next < 0 && !this.last && buf[at] === OPEN_BRACE && length - at <= MAX_RECORD) return;
    this.lostProblem = problem;
    this.lostHead = buf.slice(at, Math.min(to, at + RAW_LIMIT));
    this.lost = to - at;
    this.at = to;
    if (next >= 0 || this.last) this.endLost();
  }

  /** Goes on looking for the end of what is lost; whether it was found. */
  private passLost(): boolean {
    const { buf, at, length } = this;
    const next = beginningAfter(buf, at - 1, length);
    const to = next >= 0 ? next : this.last ? length : Math.max(at, length - BEGINNING.length - 64);
    if (this.lostHead.length < RAW_LIMIT) this.lostHead = joined(this.lostHead, buf.subarray(at, Math.min(to, at + RAW_LIMIT - this.lostHead.length)));
    this.lost += to - at;
    this.at = to;
    if (next < 0 && !this.last) return false;
    this.endLost();
    return true;
  }

  private endLost(): void {
    const head = this.lostHead;
    let { length } = head;
    let lost = this.lost;
    // What separates it from the next event is not its own.
    if (lost === length) {
      while (length > 0 && (head[length - 1]! <= 32 || head[length - 1] === COMMA)) length--;
      lost = length;
    }
    if (lost > 0) this.addBad(this.lostProblem, this.base + this.at - this.lost, head.subarray(0, length), lost);
    this.lost = 0;
  }

  private addBad({ code, message }: EventProblem, offset: number, raw: Uint8Array, length: number): void {
    const kept = this.rules?.hides ? NOTHING : raw;
    const bad: BadRecord = { code, message, offset, raw: kept, length: Math.max(1, length), layout: 'cloudtrail' };
    this.batch.addBad(bad);
  }
}

const TOO_LARGE: EventProblem = { code: 'event-too-large', message: 'the event has more than 16 MiB' };

/** `{"Records": [`: offset after it; MORE where it may be one, BROKEN where it is none. */
function listOf(buf: Uint8Array, at: number, to: number): number {
  let p = skipBlanks(buf, at + 1, to);
  if (p >= to) return MORE;
  if (buf[p] !== QUOTE) return BROKEN;
  const end = stringEnd(buf, p, Math.min(to, p + 16));
  if (end === BROKEN || (end === MORE && to > p + 16)) return BROKEN;
  if (end === MORE) return MORE;
  if (end - p !== 9 || !RECORDS.every((c, i) => buf[p + 1 + i] === c)) return BROKEN;
  p = skipBlanks(buf, end, to);
  if (p < to && buf[p] !== 58) return BROKEN;
  p = skipBlanks(buf, p + 1, to);
  if (p >= to) return MORE;
  return buf[p] === OPEN_BRACKET ? p + 1 : BROKEN;
}

const RECORDS = [...'Records'].map((c) => c.charCodeAt(0));
const MARK = [...BEGINNING].map((c) => c.charCodeAt(0));

/** Offset behind `at` where an object begins with the key eventVersion; -1 where none does. */
function beginningAfter(buf: Uint8Array, at: number, to: number): number {
  for (let p = buf.indexOf(OPEN_BRACE, at + 1); p >= 0 && p < to; p = buf.indexOf(OPEN_BRACE, p + 1)) {
    const key = skipBlanks(buf, p + 1, to);
    if (key + MARK.length <= to && MARK.every((c, i) => buf[key + i] === c)) return p;
  }
  return -1;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
