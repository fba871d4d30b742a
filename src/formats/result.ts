/** What a decoder hands over: the rows, the bad records, and the account of each delivery's share. */
import type { BadRecord, Batch } from '../model/batch.ts';
import type { Dataset, LogFormat } from '../model/log-formats.ts';

/** Counts of records. `records` = stored + nodata + skipdata + quarantined + filtered + duplicates, always. */
export interface RecordCounts {
  records: number;
  stored: number;
  nodata: number;
  skipdata: number;
  quarantined: number;
  /** Not to be stored by the source's rules. */
  filtered: number;
  /** Copies of events of the same batch. */
  duplicates: number;
  /** Among those stored: the source's locator found no time in them, or one that is not believed. They keep their start. */
  notLocated: number;
  /** Header and empty lines are no records. */
  headers: number;
  emptyLines: number;
}

export function noCounts(): RecordCounts {
  return { records: 0, stored: 0, nodata: 0, skipdata: 0, quarantined: 0, filtered: 0, duplicates: 0, notLocated: 0, headers: 0, emptyLines: 0 };
}

/** Half-open range of rows. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** One delivery's share of a batch. */
export interface DeliveryPart {
  /** 0 for the decoder's first delivery, one more for each `nextDelivery`. */
  readonly delivery: number;
  /** Bytes [from, to) of the decompressed delivery that the rows are of; both ends lie between records. */
  readonly from: number;
  readonly to: number;
  /** Decoder state at `from`: `nextDelivery({ state: layout, offset: from })` and the same bytes give the same rows. */
  readonly layout: string;
  /** Rows that are this delivery's, of each of `DecodedBatches.tables`. */
  readonly rows: readonly Range[];
  readonly bad: Range;
  readonly counts: RecordCounts;
  /** Records by format; those that are no rows count as what most of the rows are. */
  readonly formats: Readonly<Partial<Record<LogFormat['name'], number>>>;
  /** The delivery's last byte is in this part. */
  readonly finished: boolean;
}

/** A bad record with its delivery, an index into `DecodedBatches.deliveries`. */
export interface DeliveredBadRecord extends BadRecord {
  readonly delivery: number;
}

/** In `DecodedBatches.order`: a bad record. */
export const IN_BAD = 255;

/**
 * Rows of a dataset. Columns by ClickHouse name (model/fields.ts), and `absent`, `layout` and, where some row
 * needs it, `raw_exact` and `message_time`. The arrays are the decoder's own: valid until its next `push`.
 */
export interface DatasetRows {
  readonly dataset: Dataset;
  readonly batch: Batch;
}

/** Rows since the last `take`. */
export interface DecodedBatches {
  /** One for each dataset that the decoder makes rows of, always in the same order; it may be empty. */
  readonly tables: readonly DatasetRows[];
  readonly bad: readonly DeliveredBadRecord[];
  /** One for each delivery that was open since the last `take`, in the order of input; a share may be empty. */
  readonly deliveries: readonly DeliveryPart[];
  /** For each record in the order of input that was neither filtered nor a copy, the list that holds it: a place in `tables`, or IN_BAD. */
  readonly order: Uint8Array;
  /** Sum over the deliveries. */
  readonly counts: RecordCounts;
  /** Earliest and latest start of the rows, epoch seconds; both 0 without rows. */
  readonly minStart: number;
  readonly maxStart: number;
}
