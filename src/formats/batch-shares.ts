/** The account of the batch that a decoder is filling: its order, its bad records, and each delivery's share of it. */
import type { BadRecord, Batch } from '../model/batch.ts';
import { type DatasetRows, type DecodedBatches, type DeliveredBadRecord, type DeliveryPart, IN_BAD, noCounts, type RecordCounts } from './result.ts';

/** Text and raw bytes that a batch may hold before it counts as full. */
const HELD_LIMIT = 64 * 1024 * 1024;
/** What a bad record takes beside its bytes, about: its message and its place. Of records of one byte this is all. */
const BAD_BYTES = 512;
/** Records, or bytes of them, after which it is measured again: an event may have 16 MiB. */
const MEASURE_EVERY = 1024;
const MEASURE_BYTES = 16 * 1024 * 1024;

/** What the account asks of the decoder whose batch it is. */
export interface Filled {
  /** Rows of each dataset so far. */
  rows(): readonly number[];
  /** Bytes of text that the rows hold. */
  size(): number;
  /** Of the rows of each dataset, those that count as stored. */
  stored(sizes: readonly number[]): number;
  /** Records by format. `sizes`: rows by dataset. */
  formats(sizes: readonly number[], records: number): DeliveryPart['formats'];
  /** The rows; the decoder goes on with none. */
  take(): readonly DatasetRows[];
}

export class BatchShares {
  /** Counts of the open part. */
  counts: RecordCounts = noCounts();
  /** Offset in the delivery up to which everything is in this batch or an earlier one. */
  passed = 0;
  /** Records in the batch. */
  records = 0;
  /** The batch takes no more. */
  full = false;
  private readonly capacity: number;
  private readonly filled: Filled;
  private order: Uint8Array;
  private bad: DeliveredBadRecord[] = [];
  /** Bytes of raw records that are held beside the rows. */
  private held = 0;
  /** Records at which to look whether it is full. */
  private stopAt: number;
  /** Bytes of records since. */
  private unmeasured = 0;
  private deliveries: DeliveryPart[] = [];
  private delivery = -1;
  private open: { from: number; layout: string; rows: readonly number[]; bad: number } | undefined;

  constructor(capacity: number, filled: Filled) {
    this.capacity = capacity;
    this.filled = filled;
    this.order = new Uint8Array(capacity);
    this.stopAt = Math.min(capacity, MEASURE_EVERY);
  }

  /** Counts a record that is in the list of this place; `held`: its bytes that are kept beside the rows; `length`: all of them, where they may be many. Now and then it looks at the memory held: at fixed records, so that a batch made again ends in the same place. */
  count(list: number, held = 0, length = 0): void {
    this.held += held;
    this.unmeasured += length;
    if (this.records === this.order.length) {
      const order = new Uint8Array(this.order.length + 16);
      order.set(this.order);
      this.order = order;
    }
    this.order[this.records++] = list;
    if (this.records >= this.stopAt || this.unmeasured > MEASURE_BYTES) this.stop();
  }

  private stop(): void {
    this.full = this.records >= this.capacity || this.held + this.filled.size() > HELD_LIMIT;
    this.unmeasured = 0;
    this.stopAt = Math.min(this.capacity, this.records + MEASURE_EVERY);
  }

  startDelivery(offset: number, state: string): void {
    if (this.open) this.close(true);
    this.delivery++;
    this.passed = offset;
    this.begin(state);
  }

  private begin(state: string): void {
    this.open = { from: this.passed, layout: state, rows: [...this.filled.rows()], bad: this.bad.length };
    this.counts = noCounts();
  }

  private close(finished: boolean): void {
    if (!this.open) return;
    const { from, layout, bad } = this.open;
    const { counts } = this;
    const ends = this.filled.rows();
    const rows = this.open.rows.map((start, i) => ({ start, end: ends[i] as number }));
    const sizes = rows.map(({ start, end }) => end - start);
    counts.stored = this.filled.stored(sizes);
    counts.quarantined = this.bad.length - bad;
    counts.records = counts.stored + counts.nodata + counts.skipdata + counts.quarantined + counts.filtered + counts.duplicates;
    this.deliveries.push({
      delivery: this.delivery,
      from,
      to: this.passed,
      layout,
      rows,
      bad: { start: bad, end: this.bad.length },
      counts,
      formats: this.filled.formats(sizes, counts.records),
      finished,
    });
    this.open = undefined;
  }

  addBad(record: BadRecord): void {
    this.bad.push({ ...record, delivery: this.deliveries.length });
    this.count(IN_BAD, record.raw.length + BAD_BYTES);
  }

  take(state: string, finished: boolean): DecodedBatches {
    this.close(finished);
    const counts = noCounts();
    for (const part of this.deliveries) for (const key of Object.keys(counts) as (keyof RecordCounts)[]) counts[key] += part.counts[key];
    const tables = this.filled.take();
    const result: DecodedBatches = {
      tables,
      bad: this.bad,
      deliveries: this.deliveries,
      order: this.order.slice(0, this.records),
      counts,
      ...extent(tables.map((table) => table.batch)),
    };
    this.records = 0;
    this.bad = [];
    this.held = 0;
    this.full = false;
    this.unmeasured = 0;
    this.stopAt = Math.min(this.capacity, MEASURE_EVERY);
    this.deliveries = [];
    if (!finished) this.begin(state);
    return result;
  }
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
