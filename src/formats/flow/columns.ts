/**
 * The columns of one table of a batch while rows are added. Rows write only the columns of their
 * layout; where layouts mix, the others are filled with zeros once per run of rows, not per row.
 */
import type { Batch, Column } from '../../model/batch.ts';
import type { AddressInterner } from '../intern.ts';
import { type Plan, SLOTS, START_SLOT } from './plan.ts';
import type { Values } from './spellings.ts';

export type ColumnArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

function allocate(slot: number, size: number): ColumnArray {
  switch (SLOTS[slot]!.columnType) {
    case 'UInt8':
      return new Uint8Array(size);
    case 'UInt16':
      return new Uint16Array(size);
    case 'UInt64':
      return new Float64Array(size);
    default:
      return new Uint32Array(size);
  }
}

export class Table {
  rows = 0;
  /** By slot; room for the next row wherever the plan in use writes. */
  readonly arrays: (ColumnArray | undefined)[] = SLOTS.map(() => undefined);
  private absentLow: Uint32Array;
  private absentHigh: Uint32Array;
  private exact = new Map<number, Uint8Array>();
  private times = new Map<number, number>();
  private readonly limit: number;
  private size: number;
  private plan: Plan | undefined;
  /** Plans in use since the last `take`. */
  private readonly plans = new Set<Plan>();
  private readonly active = new Uint8Array(SLOTS.length);
  /** More than one plan is in use: rows that are not written yet hold zeros. */
  private mixed = false;
  /** The next row that is kept may begin a run. */
  private newRun = true;
  /** Runs of rows of one plan, with the first row of each. */
  private runs: { plan: Plan; from: number }[] = [];

  /** `limit`: most rows; `size`: rows to begin with. */
  constructor(limit: number, size: number) {
    this.limit = limit;
    this.size = Math.min(limit, size);
    this.absentLow = new Uint32Array(this.size);
    this.absentHigh = new Uint32Array(this.size);
  }

  /** Makes the next row one of `plan`. Call before each row. */
  use(plan: Plan): void {
    if (plan !== this.plan) this.change(plan);
    if (this.rows === this.size) this.grow();
  }

  /** Keeps the row that was written. `raw`: its bytes, where the columns would not give them back. */
  keep(absentLow: number, absentHigh: number, raw: Uint8Array | undefined): void {
    const row = this.rows++;
    this.absentLow[row] = absentLow;
    this.absentHigh[row] = absentHigh;
    if (raw) this.exact.set(row, raw);
    if (this.newRun) this.startRun(row);
  }

  /** The time of the row that was kept last, epoch milliseconds; one that is its start is not stored. */
  setMessageTime(time: number): void {
    const row = this.rows - 1;
    if (this.arrays[START_SLOT]![row]! * 1000 !== time) this.times.set(row, time);
  }

  private startRun(row: number): void {
    this.newRun = false;
    const { plan, runs } = this;
    if (plan && runs.at(-1)?.plan !== plan) runs.push({ plan, from: row });
  }

  /** The row that was written is not kept: leaves it clean for one of another plan. */
  spoil(): void {
    if (!this.mixed || !this.plan) return;
    for (const slot of this.plan.writes) this.arrays[slot]![this.rows] = 0;
  }

  private change(plan: Plan): void {
    const first = this.plan === undefined;
    this.plan = plan;
    this.newRun = true;
    if (this.plans.has(plan)) return;
    this.plans.add(plan);
    if (!first && !this.mixed) {
      // From here on a row is of this plan or of that: what a row's plan does not write must be zero.
      this.mixed = true;
      for (let slot = 0; slot < SLOTS.length; slot++) if (this.active[slot] === 1) this.arrays[slot]!.fill(0, this.rows);
    }
    for (const slot of plan.writes) {
      if (this.active[slot] === 1) continue;
      this.active[slot] = 1;
      const array = this.arrays[slot];
      if (!array || array.length < this.size) this.arrays[slot] = allocate(slot, this.size);
      // Buffers are used again: what an earlier batch left must not show.
      else if (this.mixed) array.fill(0);
    }
  }

  private grow(): void {
    this.size = Math.min(this.limit, this.size * 2);
    for (let slot = 0; slot < SLOTS.length; slot++) {
      if (this.active[slot] === 0) continue;
      const array = allocate(slot, this.size);
      array.set(this.arrays[slot]!);
      this.arrays[slot] = array;
    }
    const low = new Uint32Array(this.size);
    low.set(this.absentLow);
    this.absentLow = low;
    const high = new Uint32Array(this.size);
    high.set(this.absentHigh);
    this.absentHigh = high;
  }

  /** The rows as a batch, whose arrays are this table's until the next row is written; the table is empty then. */
  take(values: Values, compact: boolean): Batch {
    const rows = this.rows;
    const kept = new Set(this.runs.map((run) => run.plan));
    const used = SLOTS.map((_, slot) => [...kept].some((plan) => plan.writes.includes(slot)));
    const columns = new Map<string, Column>();
    const addresses = compact ? new CompactAddresses(values.addresses) : undefined;
    for (let slot = 0; slot < SLOTS.length; slot++) {
      if (!used[slot]) continue;
      const array = this.arrays[slot]!;
      if (addresses && SLOTS[slot]!.columnType === 'IPv6') addresses.remap(array as Uint32Array, rows);
      columns.set(SLOTS[slot]!.column, columnOf(slot, array, values, compact ? rows : -1));
    }
    columns.set('absent', { type: 'UInt64Mask', low: this.absentLow, high: this.absentHigh });
    columns.set('layout', this.layouts());
    if (this.exact.size > 0) columns.set('raw_exact', { type: 'SparseString', values: this.exact });
    if (this.times.size > 0) columns.set('message_time', { type: 'UInt64', values: Float64Array.from({ length: rows }, (_, row) => this.times.get(row) ?? 0) });
    const batch = { rows, columns, addresses: addresses?.table() ?? { count: values.addresses.count, bytes: values.addresses.bytes } };
    this.rows = 0;
    this.exact = new Map();
    this.times = new Map();
    this.plan = undefined;
    this.plans.clear();
    this.active.fill(0);
    this.mixed = false;
    this.runs = [];
    return batch;
  }

  private layouts(): Column {
    const plans = new Set(this.runs.map((run) => run.plan));
    const texts = [...new Set(Array.from(plans, (plan) => plan.text))];
    if (texts.length <= 1) return { type: 'Constant', value: texts[0] ?? '' };
    const ids = new Uint32Array(this.rows);
    const idOf = new Map(Array.from(plans, (plan) => [plan, texts.indexOf(plan.text) + 1]));
    this.runs.forEach((run, i) => {
      ids.fill(idOf.get(run.plan) ?? 0, run.from, this.runs[i + 1]?.from ?? this.rows);
    });
    return { type: 'LowCardinality(String)', ids, dictionary: ['', ...texts] };
  }
}

/** `compactRows` ≥ 0: the dictionary holds only what these rows use (the ids are changed in place). */
function columnOf(slot: number, array: ColumnArray, values: Values, compactRows: number): Column {
  const type = SLOTS[slot]!.columnType;
  switch (type) {
    case 'UInt8':
      return { type, values: array as Uint8Array };
    case 'UInt16':
      return { type, values: array as Uint16Array };
    case 'UInt32':
    case "DateTime('UTC')":
      return { type, values: array as Uint32Array };
    case 'UInt64':
      return { type, values: array as Float64Array };
    case 'IPv6':
      return { type, ids: array as Uint32Array };
    case 'LowCardinality(String)': {
      const ids = array as Uint32Array;
      const dictionary = values.dictionaries[slot] ?? [''];
      return { type, ids, dictionary: compactRows < 0 ? dictionary : compactDictionary(ids, compactRows, dictionary) };
    }
    case 'Array(String)': {
      const ids = array as Uint32Array;
      const dictionary = values.dictionaries[slot] ?? [''];
      return { type, ids, lists: (compactRows < 0 ? dictionary : compactDictionary(ids, compactRows, dictionary)).map(listOf) };
    }
    case 'String':
      throw new Error('no field of a flow log is a plain String');
  }
}

/** The elements of a list that was joined by commas. */
function listOf(text: string): string[] {
  return text.split(',').flatMap((element) => element.trim() || []);
}

function compactDictionary(ids: Uint32Array, rows: number, dictionary: readonly string[]): string[] {
  const map = new Map([[0, 0]]);
  const kept = [''];
  for (let row = 0; row < rows; row++) {
    const id = ids[row]!;
    let to = map.get(id);
    if (to === undefined) {
      to = kept.push(dictionary[id]!) - 1;
      map.set(id, to);
    }
    ids[row] = to;
  }
  return kept;
}

/** The few addresses of a small table, so that enrichment does not meet the large table's twice. */
class CompactAddresses {
  private readonly from: AddressInterner;
  private readonly map = new Map([[0, 0]]);

  constructor(from: AddressInterner) {
    this.from = from;
  }

  remap(ids: Uint32Array, rows: number): void {
    for (let row = 0; row < rows; row++) {
      const id = ids[row]!;
      let to = this.map.get(id);
      if (to === undefined) {
        to = this.map.size;
        this.map.set(id, to);
      }
      ids[row] = to;
    }
  }

  table(): { count: number; bytes: Uint8Array } {
    const bytes = new Uint8Array(this.map.size * 16);
    for (const [id, to] of this.map) if (id > 0) bytes.set(this.from.bytes.subarray(id * 16, id * 16 + 16), to * 16);
    return { count: this.map.size, bytes };
  }
}
