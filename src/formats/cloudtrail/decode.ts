/**
 * Decoder of CloudTrail events: bytes of decompressed deliveries in, batches of columns out. It takes files
 * `{"Records": […]}`, lists, single events one after another (in lines or not), events of EventBridge, what
 * LookupEvents answers, and results of CloudTrail Lake with whole events (lake.ts). A record that is broken
 * costs none of its neighbours. What comes out depends on the bytes alone, not on how they were cut into
 * chunks, so a batch can be made again from its byte ranges.
 *
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
import { RAW_LIMIT, type RecordErrorCode } from '../../model/batch.ts';
import type { RecordRules } from '../record-rules.ts';
import type { DecodedBatches } from '../result.ts';
import { stringContent } from './columns.ts';
import { EventBatch } from './event-batch.ts';
import { KEY } from './keys.ts';
import { eventColumn, LONGEST_HEADER, lineAfter, rowAfter, valueIn, withoutLineEnd } from './lake.ts';
import { listOf } from './list.ts';
import { beginningIn, endOfBroken, TELLING } from './resync.ts';
import type { EventProblem } from './rows.ts';
import { BROKEN, MORE, skipBlanks, valueAfterKey, valueEnd } from './scan.ts';

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
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Where the decoder stands: `top`: between values; `records`: in the list of a file; `tail`: behind the list, in its
 * object; `table…`: between rows of CSV whose column of that number has events.
 */
type Place = 'top' | 'records' | 'tail' | `table${number}`;
const PLACE = /^(?:records|tail|table\d{1,3})$/;

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
  private readonly batch: EventBatch;
  private readonly now: () => number;
  private place: Place = 'top';
  /** Bytes that are not decoded yet: `buf[at, length)`; `base`: offset of `buf[0]` in the delivery. */
  private buf: Uint8Array = NOTHING;
  private at = 0;
  private length = 0;
  private base = 0;
  /** Bytes that must be here before what waits for more is looked at again: a quarter more than last time, so that a large record in small pieces is not read anew with each. */
  private wanted = 0;
  /** Bytes of a broken record whose end was not found yet, and its first ones. */
  private lost = 0;
  private lostHead: Uint8Array = NOTHING;
  private lostProblem: EventProblem = { code: 'not-json', message: '' };
  private last = false;
  private finished = true;

  constructor(options: EventDecoderOptions) {
    this.now = options.now;
    this.batch = new EventBatch(options.capacity);
    this.readBy(options);
    this.nextDelivery();
  }

  /** How the deliveries to come are read; the one before must be finished. */
  readBy(reading: EventReading): void {
    this.batch.rules = reading.rules;
  }

  get full(): boolean {
    return this.batch.shares.full;
  }

  /** Where a later run takes the delivery up again. */
  get state(): string {
    return STATE + this.place;
  }

  get pendingRecords(): number {
    return this.batch.shares.records;
  }

  get deliveryFinished(): boolean {
    return this.finished;
  }

  /** Starts another delivery in the same batch; the one before must have had its last `push`. */
  nextDelivery(resume?: { readonly state?: string; readonly offset: number }): void {
    const offset = resume?.offset ?? 0;
    const place = resume?.state?.slice(STATE.length) ?? '';
    this.place = PLACE.test(place) ? (place as Place) : 'top';
    this.batch.shares.startDelivery(offset, this.state);
    this.buf = NOTHING;
    this.at = 0;
    this.length = 0;
    this.base = offset;
    this.wanted = 0;
    this.lost = 0;
    this.last = false;
    this.finished = false;
  }

  /** As FlowDecoder.push. Bytes of a record without its end may wait unread for more of them; a push without bytes reads them. */
  push(chunk: Uint8Array, last: boolean): boolean {
    if (chunk.length > 0) this.append(chunk);
    if (this.finished) return true;
    const late = this.length - this.at < this.wanted;
    if (late && !last && chunk.length > 0) return true;
    // What waited is read as if it had been when it came: what fills a batch does not end the delivery with it.
    if (late && chunk.length === 0 && !this.look()) return false;
    this.last ||= last;
    if (!this.look()) return false;
    if (this.last) this.finish();
    return true;
  }

  /** Reads on; false when the batch is full and some waits. */
  private look(): boolean {
    this.batch.now = this.now();
    this.run();
    const rest = this.length - this.at;
    this.wanted = this.batch.shares.full ? 0 : rest + (rest >> 2);
    return !this.batch.shares.full || (this.last && rest === 0);
  }

  /** Ends a delivery whose bytes cannot be read on; one bad record tells of it and of what is cut short. */
  endDamaged(code: RecordErrorCode, message: string, bytes: { readonly raw: Uint8Array; readonly length: number } = { raw: NOTHING, length: 0 }): void {
    const rest = this.buf.subarray(this.at, this.length);
    const head = this.lost > 0 ? this.lostHead : rest.length > 0 ? rest.slice(0, RAW_LIMIT) : bytes.raw;
    this.batch.addBad({ code, message }, this.base + this.at - this.lost, head, this.lost + rest.length + bytes.length);
    this.lost = 0;
    this.at = this.length;
    this.finish();
    this.batch.shares.passed += bytes.length;
  }

  /** The batch; the decoder goes on with an empty one. */
  take(): DecodedBatches {
    return this.batch.shares.take(this.state, this.finished);
  }

  private finish(): void {
    this.finished = true;
    this.batch.shares.passed = this.base + this.length;
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
    const length = rest + chunk.length;
    if (this.length + chunk.length > this.buf.length) {
      const buf = new Uint8Array(rest > chunk.length ? 2 * length : length);
      buf.set(this.buf.subarray(this.at, this.length));
      this.base += this.at;
      this.buf = buf;
      this.at = 0;
      this.length = rest;
    }
    // Behind what was handed out of it, which stays as it is.
    this.buf.set(chunk, this.length);
    this.length += chunk.length;
  }

  /** Takes in whole records until the batch is full or more bytes are needed. */
  private run(): void {
    const { buf, length } = this;
    const batch = this.batch.shares;
    if (this.base + this.at === 0) {
      const mark = BOM.findIndex((c, i) => i >= length || buf[i] !== c);
      if (mark < 0) this.at = BOM.length;
      else if (mark === length && !this.last) return;
    }
    while (!batch.full) {
      if (this.lost > 0 && !this.passLost()) return;
      this.at = skipBlanks(buf, this.at, length);
      batch.passed = this.base + this.at;
      if (this.at === length) return;
      const before = this.at;
      if (this.place === 'tail') this.passTail();
      else if (this.isTable) this.takeRow();
      else this.takeValue();
      if (this.at === before) return;
      batch.passed = this.base + this.at - this.lost;
    }
  }

  private get isTable(): boolean {
    return this.place.startsWith('table');
  }

  /** Objects that begin at the beginning of a line are records. */
  private get inLines(): boolean {
    return this.place === 'top';
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
        if (this.base + at > BOM.length || !this.passHeader())
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
    const end = this.batch.slices.read(buf, at, Math.min(length, at + MAX_RECORD));
    if (end >= 0) this.takeRecord(end);
    else if (end === BROKEN) this.lose({ code: 'not-json', message: 'the event is no valid JSON' });
    else if (length - at > MAX_RECORD) this.lose(TOO_LARGE);
    else if (this.last) this.lose({ code: 'not-json', message: 'the event is cut: its JSON does not end' });
  }

  /** The header line of a table with events, at the beginning: whether it is one, or may be when more of it is here. */
  private passHeader(): boolean {
    const { buf, at, length } = this;
    const end = lineAfter(buf, at, Math.min(length, at + LONGEST_HEADER));
    if (end < 0 && !this.last) return length - at < LONGEST_HEADER;
    const column = end < 0 ? -1 : eventColumn(decoder.decode(withoutLineEnd(buf.subarray(at, end))));
    if (column < 0) return false;
    this.place = `table${column}`;
    this.batch.shares.counts.headers++;
    this.at = end;
    return true;
  }

  /** A row of a table. */
  private takeRow(): void {
    const { buf, at, length } = this;
    const most = Math.min(length, at + MAX_RECORD);
    let end = rowAfter(buf, at, most);
    if (end < 0 && !this.last && length - at <= MAX_RECORD) return;
    if (end < 0) end = lineAfter(buf, at, most);
    if (end < 0 && length - at > MAX_RECORD) {
      this.lose(TOO_LARGE);
      return;
    }
    if (end < 0) end = length;
    const text = valueIn(withoutLineEnd(buf.subarray(at, end)), Number(this.place.slice('table'.length)));
    if (text?.[0] === OPEN_BRACE && this.batch.slices.read(text, 0, text.length) === text.length) {
      this.at = end;
      this.batch.take(text, 0, text.length, this.base + at, true);
      return;
    }
    // Its quotes may be wrong: what is in its other lines may be rows.
    const first = lineAfter(buf, at, end);
    this.at = first < 0 ? end : first;
    const row = withoutLineEnd(buf.subarray(at, this.at));
    this.batch.addBad({ code: 'not-json', message: 'the row has no event in its column eventJson' }, this.base + at, row, row.length);
  }

  /** The object at `at` was taken apart. */
  private takeRecord(end: number): void {
    const { buf, at, batch } = this;
    const { slices } = batch;
    this.at = end;
    const list = LISTS.find((key) => slices.kind(key) === OPEN_BRACKET);
    if (list !== undefined) {
      this.place = 'records';
      this.at = slices.from[list]! + 1;
      return;
    }
    // A digest tells of other files; it holds no events.
    if (slices.has(KEY.digestStartTime) && slices.has(KEY.logFiles)) {
      this.batch.shares.counts.headers++;
      return;
    }
    if (slices.kind(KEY.CloudTrailEvent) === QUOTE) {
      const text = stringContent(buf.subarray(slices.from[KEY.CloudTrailEvent]! + 1, slices.to[KEY.CloudTrailEvent]! - 1));
      const bytes = encoder.encode(text);
      batch.take(bytes, 0, bytes.length, this.base + at, false);
      return;
    }
    let from = at;
    let to = end;
    if (slices.has(KEY['detail-type']) && slices.kind(KEY.detail) === OPEN_BRACE) {
      from = slices.from[KEY.detail]!;
      to = slices.to[KEY.detail]!;
    }
    batch.take(buf, from, to, this.base + from, from === at);
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
      const end = value < 0 ? value : valueEnd(buf, value, Math.min(length, at + MAX_RECORD));
      if (end >= 0) this.at = end;
      else if (end === BROKEN || this.last || length - at > MAX_RECORD) this.lose({ code: 'not-json', message: 'what is behind the events is no valid JSON' });
    } else this.lose({ code: 'not-json', message: 'what is behind the events is no valid JSON' });
  }

  /** Something at `at` cannot be read: it ends where brackets say, or where the next event begins, whatever is first. */
  private lose(problem: EventProblem): void {
    const { buf, at, length } = this;
    const isObject = buf[at] === OPEN_BRACE;
    const { end, framed } = isObject ? endOfBroken(buf, at, Math.min(length, at + MAX_RECORD), this.inLines) : { end: MORE, framed: false };
    if (framed) {
      this.batch.addBad(problem, this.base + at, buf.subarray(at, end), end - at);
      this.at = end;
      return;
    }
    // Until it is known what ends it, brackets may still.
    if (end < 0 && !this.last && isObject && length - at <= MAX_RECORD) return;
    if (this.place === 'tail') this.place = 'top';
    this.lostProblem = problem;
    this.lostHead = NOTHING;
    this.at++;
    this.lost = 1;
    this.lostHead = buf.slice(at, at + 1);
    this.passLost();
  }

  /** Goes on looking for the end of what is lost; whether it was found. */
  private passLost(): boolean {
    const { buf, at, length } = this;
    const next = this.isTable ? lineAfter(buf, at, length) : beginningIn(buf, at, length, length, this.inLines);
    // Bytes of the beginning of an event that is cut here are looked at again.
    const to = next >= 0 ? next : this.last ? length : Math.max(at, length - TELLING);
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
    if (lost > 0) this.batch.addBad(this.lostProblem, this.base + this.at - this.lost, head.subarray(0, length), lost);
    this.lost = 0;
  }
}

const TOO_LARGE: EventProblem = { code: 'event-too-large', message: 'the event has more than 16 MiB' };

/** Keys whose list holds the records of a file. */
const LISTS = [KEY.Records, KEY.Events];

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
