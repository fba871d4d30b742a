/** The batch that a decoder is filling: rows, bad records, and which delivery each belongs to. */
import type { BadRecord, Batch } from '../../model/batch.ts';
import { DATASETS, FLOW_FORMATS } from '../../model/log-formats.ts';
import { type DatasetRows, type DecodedBatches, type DeliveredBadRecord, type DeliveryPart, IN_BAD, noCounts, type RecordCounts } from '../result.ts';
import type { Table } from './columns.ts';
import type { Plan } from './plan.ts';
import type { RowReader } from './row.ts';
import { RECORD_STATUS } from './spellings.ts';

/** Text and raw bytes that a batch may hold before it counts as full. */
const HELD_LIMIT = 64 * 1024 * 1024;
const MEASURE_EVERY = 1024;

export class BatchUnderway {
  /** Counts of the open part. */
  counts: RecordCounts = noCounts();
  /** Offset in the delivery up to which everything is in this batch or an earlier one. */
  passed = 0;
  /** Records in the batch. */
  records = 0;
  private readonly capacity: number;
  private readonly reader: RowReader;
  private order: Uint8Array;
  private bad: DeliveredBadRecord[] = [];
  /** Bytes of raw records. */
  private held = 0;
  /** The batch takes no more. */
  full = false;
  /** Records at which to look whether it is. */
  private stopAt: number;
  private deliveries: DeliveryPart[] = [];
  private delivery = -1;
  private open: { from: number; layout: string; rows: readonly number[]; bad: number } | undefined;

  constructor(capacity: number, reader: RowReader) {
    this.capacity = capacity;
    this.reader = reader;
    this.order = new Uint8Array(capacity);
    this.stopAt = Math.min(capacity, MEASURE_EVERY);
  }

  /** Counts a record; now and then looks at the memory held: at fixed records, so that a batch made again ends in the same place. */
  private count(list: number): void {
    if (this.records === this.order.length) {
      const order = new Uint8Array(this.order.length + 16);
      order.set(this.order);
      this.order = order;
    }
    this.order[this.records++] = list;
    if (this.records >= this.stopAt) this.stop();
  }

  private stop(): void {
    this.full = this.records >= this.capacity || this.held + this.reader.values.size > HELD_LIMIT;
    this.stopAt = Math.min(this.capacity, this.records + MEASURE_EVERY);
  }

  startDelivery(offset: number, state: string): void {
    if (this.open) this.close(true);
    this.delivery++;
    this.passed = offset;
    this.begin(state);
  }

  /** Rows of each dataset so far. */
  private rows(): number[] {
    return this.reader.tables.map((table) => table?.rows ?? 0);
  }

  private begin(state: string): void {
    this.open = { from: this.passed, layout: state, rows: this.rows(), bad: this.bad.length };
    this.counts = noCounts();
  }

  private close(finished: boolean): void {
    if (!this.open) return;
    const { from, layout, bad } = this.open;
    const { counts } = this;
    const ends = this.rows();
    const rows = this.open.rows.map((start, i) => ({ start, end: ends[i] as number }));
    const sizes = rows.map(({ start, end }) => end - start);
    counts.stored = FLOW_FORMATS.reduce((sum, { flows }) => sum + sizes[DATASETS.indexOf(flows)]!, 0);
    counts.quarantined = this.bad.length - bad;
    counts.records = counts.stored + counts.nodata + counts.skipdata + counts.quarantined + counts.filtered;
    this.deliveries.push({
      delivery: this.delivery,
      from,
      to: this.passed,
      layout,
      rows,
      bad: { start: bad, end: this.bad.length },
      counts,
      formats: this.formats(sizes, counts.records),
      finished,
    });
    this.open = undefined;
  }

  /** `sizes`: rows by dataset. */
  private formats(sizes: readonly number[], records: number): DeliveryPart['formats'] {
    const of = FLOW_FORMATS.map(({ name, flows, status }) => ({ name, rows: sizes[DATASETS.indexOf(flows)]! + sizes[DATASETS.indexOf(status)]! }));
    const others = records - of.reduce((sum, { rows }) => sum + rows, 0);
    const tried = FLOW_FORMATS.findIndex(({ flows }) => flows === DATASETS[this.reader.place]);
    const most = of.reduce((a, b) => (b.rows > a.rows ? b : a), of[tried]!);
    const given = of.map((one) => [one.name, one.rows + (one === most ? others : 0)] as const);
    return Object.fromEntries(given.filter(([, count]) => count > 0));
  }

  /** Keeps the row that the reader holds. `raw`: its bytes, where the columns would not give them back; `time`: the record's time, epoch milliseconds, where it is not its start. */
  keep(plan: Plan, raw: Uint8Array | undefined, time?: number): void {
    const { reader, counts } = this;
    if (raw) this.held += raw.length;
    const status = reader.keep(plan, raw);
    if (time !== undefined) (reader.tables[status ? reader.place + 1 : reader.place] as Table).setMessageTime(time);
    if (!status) {
      this.count(reader.place);
      return;
    }
    if (reader.recordStatus === RECORD_STATUS.NODATA) counts.nodata++;
    else counts.skipdata++;
    this.count(reader.place + 1);
  }

  /** Keeps the row that the reader holds, which is `plain`. */
  keepPlain(): void {
    const { reader } = this;
    reader.flows.keep(reader.low, reader.high, undefined);
    this.count(reader.place);
  }

  addBad(record: BadRecord): void {
    this.held += record.raw.length;
    this.bad.push({ ...record, delivery: this.deliveries.length });
    this.count(IN_BAD);
  }

  take(state: string, finished: boolean): DecodedBatches {
    const { reader } = this;
    this.close(finished);
    const counts = noCounts();
    for (const part of this.deliveries) for (const key of Object.keys(counts) as (keyof RecordCounts)[]) counts[key] += part.counts[key];
    const tables = this.takeTables();
    const result: DecodedBatches = {
      tables,
      bad: this.bad,
      deliveries: this.deliveries,
      order: this.order.slice(0, this.records),
      counts,
      ...extent(tables.map((table) => table.batch)),
    };
    reader.values.clear();
    this.records = 0;
    this.bad = [];
    this.held = 0;
    this.full = false;
    this.stopAt = Math.min(this.capacity, MEASURE_EVERY);
    this.deliveries = [];
    if (!finished) this.begin(state);
    return result;
  }

  /** The largest table takes the dictionaries and addresses as they are, the others what they use of them. */
  private takeTables(): DatasetRows[] {
    const { tables, values } = this.reader;
    const largest = tables.reduce((a, b) => ((b?.rows ?? 0) > (a?.rows ?? 0) ? b : a));
    const take = (table: Table | undefined): Batch => table?.take(values, table !== largest) ?? noRows();
    return DATASETS.map((dataset, i) => ({ dataset, batch: take(tables[i]) }));
  }
}

function noRows(): Batch {
  return { rows: 0, columns: new Map(), addresses: { count: 1, bytes: new Uint8Array(16) } };
}

/** Earliest and latest start of rows, epoch seconds; both 0 without rows. */
export function extent(batches: readonly Batch[]): { minStart: number; maxStart: number } {
  let minStart = Number.POSITIVE_INFINITY;
  let maxStart = 0;
  for (const { columns, rows } of batches) {
    const column = columns.get('start');
    if (column?.type !== "DateTime('UTC')") continue;
    for (let row = 0; row < rows; row++) {
      const start = column.values[row]!;
      if (start < minStart) minStart = start;
      if (start > maxStart) maxStart = start;
    }
  }
  return { minStart: maxStart === 0 ? 0 : minStart, maxStart };
}
