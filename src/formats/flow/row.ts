/**
 * The decode loop: one line of text into one row of typed-array columns, without a string per field.
 * It writes straight into the next row of its format's flow table; a record without traffic is moved from
 * there to the status table, and a bad one is simply overwritten by the next.
 */
import type { RecordErrorCode } from '../../model/batch.ts';
import { FLOW_DATASETS, type FlowFormat, VPC_FLOW } from '../../model/log-formats.ts';
import { ABSENT, INEXACT, type Source, type SpellingTable, STATUS_SHIFT, ValueScanner } from '../intern.ts';
import type { ColumnArray } from './columns.ts';
import { Table } from './columns.ts';
import { DURATION_SLOT, KIND, type Plan, START_SLOT, TIME_MAX } from './plan.ts';
import { RECORD_STATUS, Values } from './spellings.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DASH = 45;
const DOT = 46;
const ZERO = 48;

/** Earliest start that is believed: 2006-01-01, before AWS had anything to log. Epoch seconds. */
export const EARLIEST_START = 1136073600;
/** How far ahead of the clock a start may be, seconds. */
export const MAX_AHEAD = 86400;

/** Flags of a record with traffic: bits below the status, or with status OK. */
const PLAIN_FLAGS = (RECORD_STATUS.OK << STATUS_SHIFT) | ABSENT | INEXACT;

/** A 32-bit number above this may not take another digit. */
const INT32_TENTH = 214748363;

/** Where the values of a plan go, in their order. */
interface Bound {
  readonly place: number;
  readonly arrays: readonly ColumnArray[];
  readonly tables: readonly (SpellingTable | undefined)[];
}

export class RowReader {
  readonly values = new Values();
  /** By place in FLOW_DATASETS: the flows of a format, then its status; made when its first line is tried. */
  readonly tables: (Table | undefined)[] = FLOW_DATASETS.map(() => undefined);
  /** Place of the flow table of the line that was read last, and its tables. */
  place = 0;
  flows: Table;
  status: Table;
  /** Why the last `read` failed, and at which value (an index into the layout; -1: the line as a whole). */
  failCode: RecordErrorCode = 'too-few-fields';
  failAt = -1;
  /** Halves of the `absent` mask of the row that was read last. */
  low = 0;
  high = 0;
  private flags = 0;
  private readonly scanner = new ValueScanner();
  private readonly bounds = new Map<Plan, Bound>();
  private boundPlan: Plan | undefined;
  private bound: Bound = { place: 0, arrays: [], tables: [] };
  private readonly capacity: number;
  /** The clock, epoch seconds; its owner sets it. */
  now = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    [this.flows, this.status] = this.tablesOf(VPC_FLOW);
  }

  private tablesOf(format: FlowFormat): [Table, Table] {
    const place = FLOW_DATASETS.indexOf(format.flows);
    // Full size at once: what is bound to its arrays stays so.
    this.tables[place] ??= new Table(this.capacity, this.capacity);
    this.tables[place + 1] ??= new Table(this.capacity, 1024);
    return [this.tables[place], this.tables[place + 1]] as [Table, Table];
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
  read(source: Source, p: number, plan: Plan): number {
    const end = this.readValues(source, p, plan);
    if (end < 0) this.flows.spoil();
    return end;
  }

  private readValues(source: Source, p: number, plan: Plan): number {
    if (plan !== this.boundPlan) this.bind(plan);
    this.flows.use(plan);
    const buf = source.bytes;
    const { arrays, tables } = this.bound;
    const row = this.flows.rows;
    const { kinds, limits, bitLow, bitHigh } = plan;
    const last = kinds.length - 1;
    let low = plan.absentLow;
    let high = plan.absentHigh;
    let flags = 0;
    let startTime = -1;
    let endTime = -1;
    for (let i = 0; ; i++) {
      const kind = kinds[i]!;
      let c = buf[p]!;
      if (kind >= KIND.ADDRESS) {
        let end = -1;
        if (kind === KIND.ADDRESS) {
          end = this.readIPv4(buf, p);
          if (end > 0) (arrays[i] as Uint32Array)[row] = this.values.addresses.internIPv4(this.ipv4);
        }
        if (end < 0) {
          const table = tables[i]!;
          let id = table.last;
          end = table.matchLast(source, p);
          if (end < 0) {
            end = this.scanner.scan(source, p);
            if (end === p) return this.fail('empty-value', i);
            const { hash } = this.scanner;
            id = table.find(source, p, end, hash);
            if (id < 0) {
              const learned = this.values.learn(plan.slots[i]!, buf, p, end, hash);
              if (typeof learned === 'string') return this.fail(learned, i);
              id = learned;
            }
            table.last = id;
          }
          const f = table.flags[id]!;
          if (f !== 0) {
            flags |= f;
            if ((f & ABSENT) !== 0) {
              low |= bitLow[i]!;
              high |= bitHigh[i]!;
            }
          }
          (arrays[i] as Uint32Array)[row] = table.values[id]!;
        }
        p = end;
      } else {
        let value = c - ZERO;
        if (value >>> 0 <= 9) {
          c = buf[++p]! - ZERO;
          if (c >>> 0 <= 9) {
            if (value === 0) flags |= INEXACT;
            do {
              if (value > INT32_TENTH) break;
              value = (value * 10 + c) | 0;
              c = buf[++p]! - ZERO;
            } while (c >>> 0 <= 9);
          }
          if (c >>> 0 <= 9) {
            p = this.readLarge(buf, p, value);
            if (this.large > limits[i]!) return this.fail('number-out-of-range', i);
            if (kind === KIND.START) startTime = this.large;
            else if (kind === KIND.END) endTime = this.large;
            else (arrays[i] as Float64Array)[row] = this.large;
          } else if (kind === KIND.UINT16) {
            if (value > 65535) return this.fail('number-out-of-range', i);
            (arrays[i] as Uint16Array)[row] = value;
          } else if (kind === KIND.UINT64) {
            (arrays[i] as Float64Array)[row] = value;
          } else if (kind === KIND.UINT8) {
            if (value > 255) return this.fail('number-out-of-range', i);
            (arrays[i] as Uint8Array)[row] = value;
          } else if (kind === KIND.START) {
            startTime = value;
          } else {
            endTime = value;
          }
        } else if (c === DASH && buf[p + 1]! <= SPACE) {
          p++;
          low |= bitLow[i]!;
          high |= bitHigh[i]!;
          if (kind < KIND.START) arrays[i]![row] = 0;
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
        return this.fail(c < SPACE || c === 127 ? 'binary-data' : kind === KIND.ADDRESS ? 'not-an-address' : 'not-a-number', i);
      }
      if (i < last) return this.fail('too-few-fields', i);
      break;
    }
    this.low = low;
    this.high = high;
    this.flags = flags;
    return this.setTimes(plan, row, startTime, endTime) ? p + 1 : -1;
  }

  /** Takes a plan's tables, and the arrays and spellings of its values in their order. */
  private bind(plan: Plan): void {
    [this.flows, this.status] = this.tablesOf(plan.format);
    let bound = this.bounds.get(plan);
    if (!bound) {
      // Makes the arrays.
      this.flows.use(plan);
      bound = {
        place: FLOW_DATASETS.indexOf(plan.format.flows),
        arrays: Array.from(plan.slots, (slot) => this.flows.arrays[slot]!),
        tables: Array.from(plan.slots, (slot, i) => (plan.kinds[i]! >= KIND.ADDRESS ? this.values.table(slot) : undefined)),
      };
      if (this.bounds.size >= 256) this.bounds.clear();
      this.bounds.set(plan, bound);
    }
    this.boundPlan = plan;
    this.bound = bound;
    this.place = bound.place;
  }

  /** The number that `readLarge` read. */
  private large = 0;

  /** Goes on with a number that 32 bits may not hold, at its digit `p`; the offset after it. */
  private readLarge(buf: Uint8Array, p: number, value: number): number {
    let large = value;
    for (let digit = buf[p]! - ZERO; digit >>> 0 <= 9; digit = buf[++p]! - ZERO) large = large * 10 + digit;
    this.large = large;
    return p;
  }

  /** RECORD_STATUS of the row that was read; 0 when the layout has none. */
  get recordStatus(): number {
    return this.flags >> STATUS_SHIFT;
  }

  /** The row goes to the flow table and its columns give back its text. */
  get plain(): boolean {
    return this.flags <= PLAIN_FLAGS && (this.flags & INEXACT) === 0;
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
    for (const slot of plan.writes) this.status.arrays[slot]![to] = this.flows.arrays[slot]![from]!;
    this.status.keep(this.low, this.high, raw);
    this.flows.spoil();
    return true;
  }

  private refuse(code: RecordErrorCode, at: number): false {
    this.fail(code, at);
    return false;
  }

  private setTimes(plan: Plan, row: number, startTime: number, endTime: number): boolean {
    let start = startTime;
    if (start < 0) {
      if (endTime >= 0) start = endTime;
      else if (plan.hasTime) return this.refuse('time-missing', -1);
      else start = this.now;
    }
    if (start < EARLIEST_START || start > this.now + MAX_AHEAD) return this.refuse('time-out-of-range', -1);
    if (endTime >= 0 && endTime < start) return this.refuse('end-before-start', -1);
    if (endTime > TIME_MAX) return this.refuse('number-out-of-range', plan.layout.indexOf('end'));
    const { arrays } = this.flows;
    (arrays[START_SLOT] as Uint32Array)[row] = start;
    (arrays[DURATION_SLOT] as Uint32Array)[row] = endTime < 0 ? 0 : endTime - start;
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
