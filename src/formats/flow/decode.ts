/**
 * Decoder of flow logs of every format: bytes of decompressed deliveries in, batches of columns out. It finds the
 * lines and the layout; row.ts reads the values. What comes out depends on the bytes alone, not on how
 * they were cut into chunks, so a batch can be made again from its byte ranges.
 */
import { type BadRecord, RAW_LIMIT, type RecordErrorCode } from '../../model/batch.ts';
import { type Source, sourceOf } from '../intern.ts';
import type { DecodedBatches } from '../result.ts';
import { BatchUnderway } from './batch-underway.ts';
import { Detector, NO_LAYOUT } from './detect.ts';
import { type Diagnosis, diagnose, type Failure } from './diagnose.ts';
import { JsonFramer } from './json-frame.ts';
import { readJsonRow } from './json-reader.ts';
import type { FlowDecoderOptions, FlowReading, ResumePoint } from './options.ts';
import type { Plan } from './plan.ts';
import { RowReader } from './row.ts';
import { BROKEN_JSON, RuledRecords } from './ruled.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const TAB = 9;
/** Bytes of a record that is not looked at again with each piece or line that comes. */
const LONG = 1024;
/** Prefix of the state inside a JSON array. */
const IN_ARRAY = '[';
const LINE_END = Uint8Array.of(LINE_FEED);
const NO_BYTES = new Uint8Array(0);
const BOM = [0xef, 0xbb, 0xbf];

export class FlowDecoder {
  private readonly reader: RowReader;
  private detector!: Detector;
  private ruled: RuledRecords | undefined;
  /** What was made of readings. */
  private readonly made = new WeakMap<FlowReading, { detector: Detector; ruled: RuledRecords | undefined }>();
  private readonly json = new JsonFramer();
  private readonly batch: BatchUnderway;
  private readonly now: () => number;
  /** Input not yet decoded, from `chunkAt`; offset of its first byte in the delivery. */
  private chunk: Uint8Array = new Uint8Array(0);
  private chunkAt = 0;
  private chunkBase = 0;
  /** Start of a record whose end was not in its chunk. */
  private carry: Uint8Array = new Uint8Array(4096);
  private carryLength = 0;
  private carryBase = 0;
  /** Bytes that `carry` must have before a record that was not whole is looked at again: a quarter more than last time, where it is long. */
  private wanted = 0;
  /** The last byte of `carry` is a line end that the delivery does not have. */
  private addedLineEnd = false;
  /** A line longer than RAW_LIMIT is passed over: its length so far. */
  private long = 0;
  private longTail = 0;
  private longHead: Uint8Array = new Uint8Array(0);
  private last = false;
  private finished = true;

  /** Throws LayoutError for a layout that is none. */
  constructor(options: FlowDecoderOptions) {
    this.now = options.now;
    this.reader = new RowReader(options.capacity);
    this.batch = new BatchUnderway(options.capacity, this.reader);
    this.readBy(options);
    this.nextDelivery();
  }

  /** How the deliveries to come are read; the one before must be finished. Throws LayoutError for a layout that is none. */
  readBy(reading: FlowReading): void {
    if (!this.finished) throw new Error('the delivery before is not finished');
    let made = this.made.get(reading);
    if (!made) {
      const detector = new Detector(reading.layout, reading.format);
      made = { detector, ruled: reading.rules && new RuledRecords(reading.rules, this.reader, detector, this.batch) };
      this.made.set(reading, made);
    }
    this.detector = made.detector;
    this.ruled = made.ruled;
  }

  /** The batch takes no more: call `take`, then `push` with no bytes until it answers true. */
  get full(): boolean {
    return this.batch.full;
  }

  /** What is known of the open delivery's layout; with the end of its last part, where a later run takes it up again. */
  get state(): string {
    return (this.json.inArray ? IN_ARRAY : '') + this.detector.state;
  }

  /** Records in the batch so far. */
  get pendingRecords(): number {
    return this.batch.records;
  }

  /** Whether the delivery had its last `push` and all of it is decoded. */
  get deliveryFinished(): boolean {
    return this.finished;
  }

  /** Decides how the delivery is read, before its first bytes: a state such as detect.ts makes. */
  setState(state: string): void {
    this.detector.reset(state);
  }

  /** Starts another delivery in the same batch; the one before must have had its last `push`. */
  nextDelivery(resume?: ResumePoint): void {
    if (!this.finished) throw new Error('the delivery before is not finished');
    const offset = resume?.offset ?? 0;
    const state = resume?.state;
    this.json.inArray = state?.startsWith(IN_ARRAY) ?? false;
    this.detector.reset(this.json.inArray ? state?.slice(IN_ARRAY.length) : state);
    this.batch.startDelivery(offset, this.state);
    this.chunk = new Uint8Array(0);
    this.chunkAt = 0;
    this.chunkBase = offset;
    this.carryLength = 0;
    this.carryBase = offset;
    this.wanted = 0;
    this.addedLineEnd = false;
    this.long = 0;
    this.ruled?.nextDelivery();
    this.last = false;
    this.finished = false;
  }

  /**
   * Decodes decompressed bytes; `last`: the delivery ends with them (they may be none). True when all
   * was taken in; false when the batch is full and some wait inside. The bytes must not change until
   * all is taken in.
   */
  push(chunk: Uint8Array, last: boolean): boolean {
    if (chunk.length > 0) {
      if (this.finished) throw new Error('the delivery is finished: call nextDelivery');
      if (this.chunkAt < this.chunk.length) throw new Error('bytes of the push before still wait: call take, then push without bytes');
      this.chunkBase += this.chunk.length;
      // One kind of array keeps the decode loop fast: Node's Buffer is another.
      this.chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      this.chunkAt = 0;
    }
    this.last ||= last;
    if (this.finished) return true;
    if (chunk.length === 0) this.wanted = 0;
    this.reader.now = this.now();
    return this.advance();
  }

  /**
   * Ends a delivery whose bytes cannot be read on: what was complete is kept, a record cut short is not
   * guessed at. One bad record tells of the damage. Everything pushed must have been taken in.
   * `bytes`: of the delivery, that are damaged and were not pushed (`length` of them, maybe cut).
   */
  endDamaged(code: RecordErrorCode, message: string, bytes: { readonly raw: Uint8Array; readonly length: number } = { raw: NO_BYTES, length: 0 }): void {
    if (this.finished) throw new Error('the delivery is finished');
    if (this.chunkAt < this.chunk.length) throw new Error('bytes of the push before still wait: call take, then push without bytes');
    if (this.carryLength > 0 && this.carry[this.carryLength - 1] === LINE_FEED) {
      // A whole record that only waited to see what follows it.
      const at = this.run(this.carry, 0, this.carryLength, this.carryBase, true);
      this.carry.copyWithin(0, at, this.carryLength);
      this.carryLength -= at;
      this.carryBase += at;
    }
    let raw = this.long > 0 ? this.longHead : this.carry.slice(0, Math.min(this.carryLength, RAW_LIMIT));
    const length = (this.long > 0 ? this.long : this.carryLength) + bytes.length;
    const offset = this.long > 0 || this.carryLength > 0 ? this.carryBase : this.chunkBase + this.chunk.length;
    if (raw.length === 0) raw = bytes.raw;
    this.addBad({ code, message }, offset, this.ruled?.part(raw) ?? raw, length);
    this.carryLength = 0;
    this.long = 0;
    this.finish();
    this.batch.passed += bytes.length;
  }

  /** The batch; the decoder goes on with an empty one. */
  take(): DecodedBatches {
    return this.batch.take(this.state, this.finished);
  }

  private finish(): void {
    this.finished = true;
    this.batch.passed = this.chunkBase + this.chunk.length;
  }

  private advance(): boolean {
    for (;;) {
      if (this.batch.full) return false;
      const ended = this.last && this.chunkAt === this.chunk.length;
      if (this.long > 0) {
        if (this.passLongLine()) continue;
        return true;
      }
      if (this.carryLength > 0) {
        if (!this.advanceCarry()) return !this.batch.full;
        continue;
      }
      if (ended) this.finish();
      if (this.chunkAt === this.chunk.length) return true;
      this.chunkAt = this.run(this.chunk, this.chunkAt, this.chunk.length, this.chunkBase, this.last && this.chunk[this.chunk.length - 1] === LINE_FEED);
      this.batch.passed = this.chunkBase + this.chunkAt;
      if (!this.batch.full && this.chunkAt < this.chunk.length) {
        this.carryBase = this.chunkBase + this.chunkAt;
        this.append(this.chunk.length);
        if (!this.last) return !this.checkLong() || this.advance();
      }
    }
  }

  /** Goes on with the record in `carry`: adds the next line of the chunk. False when it must wait for more input, or the batch is full. */
  private advanceCarry(): boolean {
    const before = this.carryLength;
    const lineEnd = this.chunk.indexOf(LINE_FEED, this.chunkAt);
    this.append(lineEnd < 0 ? this.chunk.length : lineEnd + 1);
    const ended = this.last && this.chunkAt === this.chunk.length;
    const mayBeWhole = lineEnd >= 0 && !this.ruled && !this.json.begins(this.carry[0]!);
    if (this.carryLength < this.wanted && !mayBeWhole && !ended) return this.chunkAt < this.chunk.length;
    this.wanted = 0;
    if (ended && this.carry[this.carryLength - 1] !== LINE_FEED) {
      this.appendBytes(LINE_END);
      this.addedLineEnd = true;
    }
    const at = this.run(this.carry, 0, this.carryLength, this.carryBase, ended);
    const rest = this.carryLength - at;
    this.batch.passed = this.carryBase + at - (rest === 0 && this.addedLineEnd ? 1 : 0);
    if (rest === 0) {
      this.carryLength = 0;
      return true;
    }
    if (at >= before && !this.addedLineEnd) {
      // What is left came from the chunk just now: decode it there.
      this.chunkAt -= rest;
      this.carryLength = 0;
      return true;
    }
    this.carry.copyWithin(0, at, this.carryLength);
    this.carryLength = rest;
    this.carryBase += at;
    if (this.batch.full) return false;
    if (rest > LONG) this.wanted = rest + (rest >> 2);
    if (this.checkLong()) return true;
    return this.chunkAt < this.chunk.length;
  }

  private append(to: number): void {
    this.appendBytes(this.chunk.subarray(this.chunkAt, to));
    this.chunkAt = to;
  }

  private appendBytes(bytes: Uint8Array): void {
    const length = this.carryLength + bytes.length;
    if (length > this.carry.length) {
      const carry = new Uint8Array(Math.max(length, this.carry.length * 2));
      carry.set(this.carry.subarray(0, this.carryLength));
      this.carry = carry;
    }
    this.carry.set(bytes, this.carryLength);
    this.carryLength = length;
  }

  /** A line that is too long is not collected: only its head and its length are. */
  private checkLong(): boolean {
    if (this.carryLength <= RAW_LIMIT + 1 || this.carry.subarray(0, this.carryLength).includes(LINE_FEED)) return false;
    this.long = this.carryLength;
    this.longHead = this.carry.slice(0, RAW_LIMIT);
    this.longTail = this.carry[this.carryLength - 1]!;
    this.carryLength = 0;
    return true;
  }

  /** True when the line's end was found. */
  private passLongLine(): boolean {
    const lineEnd = this.chunk.indexOf(LINE_FEED, this.chunkAt);
    const to = lineEnd < 0 ? this.chunk.length : lineEnd;
    if (to > this.chunkAt) this.longTail = this.chunk[to - 1]!;
    this.long += to - this.chunkAt;
    this.chunkAt = lineEnd < 0 ? to : to + 1;
    if (lineEnd < 0 && !this.last) return false;
    const length = this.long - (this.longTail === CARRIAGE_RETURN ? 1 : 0);
    this.addBad(diagnose(this.longHead, length, this.detector.plan, NO_LAYOUT), this.carryBase, this.ruled?.part(this.longHead) ?? this.longHead, length);
    this.long = 0;
    this.batch.passed = this.chunkBase + this.chunkAt;
    return true;
  }

  /**
   * Decodes `buf[from, to)` until its last whole record or until the batch is full; the offset reached.
   * `base`: offset of `buf[0]` in the delivery. `all`: the delivery ends at `to`, with a line end.
   */
  private run(buf: Uint8Array, from: number, to: number, base: number, all: boolean): number {
    const { reader, batch, detector, ruled } = this;
    let p = from;
    if (base + p === 0 && to >= 3 && BOM.every((c, i) => buf[i] === c)) p = 3;
    const source = sourceOf(buf);
    const textEnd = buf.lastIndexOf(LINE_FEED, to - 1) + 1;
    while (p < to && !batch.full) {
      if (this.json.begins(buf[p]!)) {
        const kind = this.json.frame(buf, p, to, all);
        if (kind === 'more') break;
        if (kind === 'broken' && p >= textEnd) break;
        if (kind !== 'text') {
          p = kind === 'skip' ? this.json.next : this.jsonRecord(buf, p, base, kind === 'object');
          continue;
        }
      }
      if (p >= textEnd) break;
      if (ruled) {
        const next = ruled.line(buf, p, to, base + p, all);
        if (next < 0) break;
        p = next;
        continue;
      }
      const plan = detector.plan;
      if (plan && (plan.rejectsHeaders || !detector.isHeader(buf, p))) {
        const next = reader.read(source, p, plan);
        if (next >= 0 && next - p <= RAW_LIMIT + (buf[next - 2] === CARRIAGE_RETURN ? 2 : 1)) {
          if (reader.plain) batch.keepPlain();
          else this.keep(buf, p, next, plan);
          p = next;
          continue;
        }
      }
      p = this.slowLine(source, p, base, plan ? { code: reader.failCode, at: reader.failAt } : NO_LAYOUT);
    }
    return p;
  }

  private jsonRecord(buf: Uint8Array, p: number, base: number, framed: boolean): number {
    const { json } = this;
    let { next, recordEnd, end } = json;
    if (!framed) {
      json.passBroken(buf[p]!);
      const lineEnd = buf.indexOf(LINE_FEED, p);
      next = lineEnd + 1;
      recordEnd = lineEnd > p && buf[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
      end = recordEnd;
    }
    if (this.ruled) {
      this.ruled.json(buf.slice(p, end), buf.slice(end, recordEnd), base + p, framed);
      return next;
    }
    const result = framed ? readJsonRow(buf.subarray(json.at, end), this.reader, this.detector) : BROKEN_JSON;
    if (!('code' in result)) {
      this.batch.keep(result, buf.slice(p, recordEnd));
      return next;
    }
    const length = recordEnd - p;
    const raw = buf.slice(p, p + Math.min(length, RAW_LIMIT));
    this.addBad(length > RAW_LIMIT ? diagnose(raw, length, undefined, NO_LAYOUT) : result, base + p, raw, length);
    return next;
  }

  private keep(buf: Uint8Array, p: number, next: number, plan: Plan): void {
    const raw = this.reader.inexact ? buf.slice(p, next - 1) : undefined;
    this.batch.keep(plan, raw);
  }

  /** A line that the layout in force cannot read: an empty line, a header, a record in another layout, or a bad record. */
  private slowLine(source: Source, p: number, base: number, failure: Failure): number {
    const buf = source.bytes;
    const lineEnd = buf.indexOf(LINE_FEED, p);
    const next = lineEnd + 1;
    let end = lineEnd;
    if (end > p && buf[end - 1] === CARRIAGE_RETURN) end--;
    if (isBlank(buf, p, end)) {
      this.batch.counts.emptyLines++;
      return next;
    }
    if (end - p <= RAW_LIMIT) {
      const line = buf.subarray(p, end);
      if (this.detector.takeHeader(line)) {
        this.batch.counts.headers++;
        return next;
      }
      const plan = this.detector.guess(this.reader, source, p, line);
      if (plan) {
        this.keep(buf, p, next, plan);
        return next;
      }
      const blame = this.detector.blame(line, failure);
      const diagnosis = this.detector.unreadable ?? diagnose(line, end - p, blame.plan, blame.failure);
      this.addBad(diagnosis, base + p, line.slice(), end - p);
      return next;
    }
    const head = buf.slice(p, p + RAW_LIMIT);
    this.addBad(diagnose(head, end - p, this.detector.plan, failure), base + p, head, end - p);
    return next;
  }

  private addBad(diagnosis: Diagnosis, offset: number, raw: Uint8Array, length: number): void {
    const bad: BadRecord = { code: diagnosis.code, message: diagnosis.message, offset, raw, length, layout: this.detector.layoutText };
    this.batch.addBad(bad);
  }
}

function isBlank(buf: Uint8Array, from: number, to: number): boolean {
  for (let p = from; p < to; p++) if (buf[p] !== SPACE && buf[p] !== TAB) return false;
  return true;
}
