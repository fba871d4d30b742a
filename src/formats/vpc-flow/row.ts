/**
 * The decode loop: one line of text into one row of typed-array columns, without a string per field.
 * It writes straight into the next row of the flow table; a record without traffic is moved from there
 * to the status table, and a bad one is simply overwritten by the next.
 */
import type { RecordErrorCode } from '../../model/batch.ts';
import type { ColumnArray } from './columns.ts';
import { Table } from './columns.ts';
import { ABSENT, HASH_SEED, INEXACT, STATUS_SHIFT } from './intern.ts';
import { DURATION_SLOT, KIND, type Plan, SLOTS, START_SLOT, TIME_MAX } from './plan.ts';
import { RECORD_STATUS, Values } from './spellings.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DASH = 45;
const DOT = 46;
const ZERO = 48;
const DELETE = 127;

/** Earliest start that is believed: 2006-01-01, before AWS had anything to log. Epoch seconds. */
export const EARLIEST_START = 1136073600;
/** How far ahead of the clock a start may be, seconds. */
export const MAX_AHEAD = 86400;

export class RowReader {
  readonly values = new Values();
  readonly flows: Table;
  readonly status: Table;
  /** Why the last `read` failed, and at which value (an index into the layout; -1: the line as a whole). */
  failCode: RecordErrorCode = 'too-few-fields';
  failAt = -1;
  /** Epoch seconds of the row that was read last. */
  start = 0;
  /** Halves of its `absent` mask. */
  low = 0;
  high = 0;
  private flags = 0;
  /** The clock, epoch seconds; its owner sets it. */
  now = 0;

  constructor(capacity: number) {
    this.flows = new Table(capacity, capacity);
    this.status = new Table(capacity, 1024);
  }

  private fail(code: RecordErrorCode, at: number): -1 {
    this.failCode = code;
    this.failAt = at;
    return -1;
  }

  /**
   * Reads the line that begins at `p` and ends in a line feed, as a record of `plan`, into the flow
   * table's next row. Answers the offset after the line feed, or -1 (see `failCode`, `failAt`). The row
   * counts only when `keep` is called.
   */
  read(buf: Uint8Array, p: number, plan: Plan): number {
    this.flows.use(plan);
    const arrays = this.flows.arrays;
    const row = this.flows.rows;
    const { kinds, slots, limits, bitLow, bitHigh } = plan;
    const last = kinds.length - 1;
    let low = plan.absentLow;
    let high = plan.absentHigh;
    let flags = 0;
    let startTime = -1;
    let endTime = -1;
    for (let i = 0; ; i++) {
      const kind = kinds[i]!;
      const slot = slots[i]!;
      let c = buf[p]!;
      if (kind === KIND.TEXT || kind === KIND.ADDRESS) {
        let id = -1;
        if (kind === KIND.ADDRESS && (c - ZERO) >>> 0 <= 9) {
          const end = this.readIPv4(buf, p);
          if (end > 0) {
            p = end;
            (arrays[slot] as Uint32Array)[row] = this.values.addresses.internIPv4(this.ipv4);
            id = 0;
          }
        }
        if (id < 0) {
          const table = this.values.tables[slot] ?? this.values.table(slot);
          const matched = table.matchLast(buf, p);
          if (matched >= 0) {
            p = matched;
            id = table.last;
          } else {
            const from = p;
            let hash = HASH_SEED;
            while (c > SPACE && c !== DELETE) {
              hash = Math.imul(hash ^ c, 16777619);
              c = buf[++p]!;
            }
            if (p === from) return this.fail('empty-value', i);
            id = table.find(buf, from, p, hash);
            if (id < 0) {
              const learned = this.values.learn(slot, buf, from, p, hash);
              if (typeof learned === 'string') return this.fail(learned, i);
              id = learned;
            }
            table.last = id;
          }
          const f = table.flags[id]!;
          flags |= f;
          if ((f & ABSENT) !== 0) {
            low |= bitLow[i]!;
            high |= bitHigh[i]!;
          }
          (arrays[slot] as Uint32Array)[row] = table.values[id]!;
        }
      } else {
        let value = c - ZERO;
        if (value >>> 0 <= 9) {
          const zero = value;
          c = buf[++p]! - ZERO;
          if (zero === 0 && c >>> 0 <= 9) flags |= INEXACT;
          while (c >>> 0 <= 9) {
            value = value * 10 + c;
            c = buf[++p]! - ZERO;
          }
          if (value > limits[i]!) return this.fail('number-out-of-range', i);
          if (kind === KIND.START) startTime = value;
          else if (kind === KIND.END) endTime = value;
          else store(arrays[slot]!, kind, row, value);
        } else if (c === DASH && buf[p + 1]! <= SPACE) {
          p++;
          low |= bitLow[i]!;
          high |= bitHigh[i]!;
          if (kind < KIND.START) store(arrays[slot]!, kind, row, 0);
        } else {
          return this.fail(c <= SPACE ? 'empty-value' : 'not-a-number', i);
        }
      }
      c = buf[p]!;
      if (c === SPACE) {
        if (i === last) return this.fail('too-many-fields', i);
        p++;
        continue;
      }
      if (c === CARRIAGE_RETURN && buf[p + 1] === LINE_FEED) {
        flags |= INEXACT;
        p++;
      } else if (c !== LINE_FEED) {
        return this.fail(c < SPACE || c === DELETE ? 'binary-data' : kind === KIND.ADDRESS ? 'not-an-address' : 'not-a-number', i);
      }
      if (i < last) return this.fail('too-few-fields', i);
      break;
    }
    this.low = low;
    this.high = high;
    this.flags = flags;
    return this.setTimes(plan, arrays, row, startTime, endTime) ? p + 1 : -1;
  }

  /** RECORD_STATUS of the row that was read; 0 when the layout has none. */
  get recordStatus(): number {
    return this.flags >> STATUS_SHIFT;
  }

  /** Whether columns would give another text than the record's. */
  get inexact(): boolean {
    return (this.flags & INEXACT) !== 0;
  }

  /**
   * Keeps the row that was read; `raw`: its bytes when the columns would not give them back. True when
   * it went to the status table.
   */
  keep(plan: Plan, raw: Uint8Array | undefined): boolean {
    if (this.recordStatus <= RECORD_STATUS.OK) {
      this.flows.keep(this.low, this.high, raw);
      return false;
    }
    this.status.use(plan);
    const from = this.flows.rows;
    const to = this.status.rows;
    for (let slot = 0; slot < SLOTS.length; slot++) {
      if (plan.fills[slot] === 1) this.status.arrays[slot]![to] = this.flows.arrays[slot]![from]!;
    }
    this.status.keep(this.low, this.high, raw);
    return true;
  }

  private refuse(code: RecordErrorCode, at: number): false {
    this.fail(code, at);
    return false;
  }

  private setTimes(plan: Plan, arrays: readonly (ColumnArray | undefined)[], row: number, startTime: number, endTime: number): boolean {
    let start = startTime;
    if (start < 0) {
      if (endTime >= 0) start = endTime;
      else if (plan.hasTime) return this.refuse('time-missing', -1);
      else start = this.now;
    }
    if (start < EARLIEST_START || start > this.now + MAX_AHEAD) return this.refuse('time-out-of-range', -1);
    if (endTime >= 0 && endTime < start) return this.refuse('end-before-start', -1);
    if (endTime > TIME_MAX) return this.refuse('number-out-of-range', plan.layout.indexOf('end'));
    (arrays[START_SLOT] as Uint32Array)[row] = start;
    (arrays[DURATION_SLOT] as Uint32Array)[row] = endTime < 0 ? 0 : endTime - start;
    this.start = start;
    return true;
  }

  /** Address that `readIPv4` read. */
  private ipv4 = 0;

  /** Reads four octets and the end of a value at `p`; the offset after them, or -1 when something else is there. */
  private readIPv4(buf: Uint8Array, p: number): number {
    let address = 0;
    for (let octet = 0; ; octet++) {
      let value = buf[p]! - ZERO;
      if (value >>> 0 > 9) return -1;
      let digit = buf[++p]! - ZERO;
      if (digit >>> 0 <= 9) {
        if (value === 0) return -1;
        value = value * 10 + digit;
        digit = buf[++p]! - ZERO;
        if (digit >>> 0 <= 9) {
          value = value * 10 + digit;
          if (value > 255) return -1;
          p++;
        }
      }
      address = (address << 8) | value;
      const c = buf[p]!;
      if (octet === 3) {
        this.ipv4 = address;
        return c <= SPACE ? p : -1;
      }
      if (c !== DOT) return -1;
      p++;
    }
  }
}

function store(array: ColumnArray, kind: number, row: number, value: number): void {
  if (kind === KIND.UINT16) (array as Uint16Array)[row] = value;
  else if (kind === KIND.UINT8) (array as Uint8Array)[row] = value;
  else (array as Float64Array)[row] = value;
}
