/**
 * What a batch holds, counted per source, account, region, dataset, five minutes and lag: a small block of
 * `ingest_counter` beside the rows, in the same manifest, so that it is stored exactly as often as they
 * are. Completeness (api/completeness.ts) is read from it. Copies of events that are stored are known only when the
 * batch is committed: `counted` (event-copies.ts) takes them from what was counted as new.
 */
import { pathFacts } from '../collect/aws-path.ts';
import type { Range } from '../formats/result.ts';
import { type Batch, type Column, type Origin, textColumn } from '../model/batch.ts';
import { lagClass, NO_LAG } from '../model/lag.ts';
import { type Dataset, formatOf } from '../model/log-formats.ts';
import type { DeliveryRange } from '../store/metadata.ts';

/** Seconds of a bucket. */
const BUCKET = 300;

/** Who brought records, and where the name of what they came in says that they are from. */
export interface CountedDelivery {
  /** Id of its source; empty for what somebody named, which is told by collector and category. */
  readonly source: string;
  readonly origin: Origin;
}

interface Feed {
  /** As the object’s address has them, for records that do not say; empty where it does not either. */
  readonly account: string;
  readonly region: string;
  readonly source: string;
  readonly collector: string;
  readonly category: string;
}

interface Key {
  readonly feed: Feed;
  /** The main one of its format; empty for what is no record. */
  readonly dataset: string;
  readonly account: string;
  readonly region: string;
  readonly bucket: number;
  readonly lag: number;
}

/** What becomes of records that are no rows, and of deliveries. */
interface Own {
  quarantined: number;
  filtered: number;
  duplicates: number;
  deliveries: number;
}

const EMPTY: Column = { type: 'LowCardinality(String)', ids: new Uint32Array(0), dictionary: [''] };

export class BatchCounter {
  readonly #received: number;
  readonly #feeds: Feed[];
  /** One entry a row of the block. */
  readonly #keys: Key[] = [];
  readonly #records: number[] = [];
  readonly #nodata: number[] = [];
  readonly #skipdata: number[] = [];
  readonly #bytes: number[] = [];
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #own = new Map<number, Own>();
  readonly #ownOf = new Map<string, number>();
  /** By delivery: start of the last record of its share. */
  readonly #at: number[] = [];

  /** `received`: epoch seconds at which the batch is stored. */
  constructor(deliveries: readonly CountedDelivery[], received: number) {
    this.#received = received;
    const feeds = new Map<string, Feed>();
    this.#feeds = deliveries.map(({ source, origin }) => {
      const named = source === '';
      const { account = '', region = '' } = pathFacts(origin.sourceName);
      const feed = { source, collector: named ? origin.collector : '', category: named ? origin.sourceCategory : '', account, region };
      const key = JSON.stringify(feed);
      const known = feeds.get(key);
      if (known) return known;
      feeds.set(key, feed);
      return feed;
    });
  }

  /** Records of one table; `ranges`: each delivery's rows. Answers the row of the block that each record is counted in. */
  rows(dataset: Dataset, batch: Batch, ranges: readonly Range[]): Uint32Array {
    const countedIn = new Uint32Array(batch.rows);
    const { main } = formatOf(dataset);
    const start = batch.columns.get('start');
    if (batch.rows === 0 || start?.type !== "DateTime('UTC')") return countedIn;
    const starts = start.values;
    const durations = numbers(batch, 'duration');
    const bytes = numbers(batch, 'bytes');
    const account = texts(batch, 'account_id');
    const region = texts(batch, 'region');
    const status = texts(batch, 'log_status');
    const nodata = status.dictionary.indexOf('NODATA');
    const skipdata = status.dictionary.indexOf('SKIPDATA');
    const plain = nodata < 0 && skipdata < 0;
    // Fields of this object in the loop over rows would cost more than the counting.
    const [received, recordCounts, nodataCounts, skipdataCounts, byteSums, firsts, lasts] = [
      this.#received,
      this.#records,
      this.#nodata,
      this.#skipdata,
      this.#bytes,
      this.#first,
      this.#last,
    ];
    const known = new Map<Feed, Map<number, Map<number, number>>>();
    ranges.forEach((range, i) => {
      const feed = this.#feeds[i] as Feed;
      const pairs = known.get(feed) ?? new Map<number, Map<number, number>>();
      known.set(feed, pairs);
      if (range.end > range.start) this.#at[i] = starts[range.end - 1] as number;
      let pair = -1;
      let key = -1;
      let slot = -1;
      let slots = new Map<number, number>();
      for (let row = range.start; row < range.end; row++) {
        const a = account.ids?.[row] ?? 0;
        const r = region.ids?.[row] ?? 0;
        const ofPair = a * region.dictionary.length + r;
        if (ofPair !== pair) {
          pair = ofPair;
          key = -1;
          const found = pairs.get(pair);
          slots = found ?? new Map<number, number>();
          if (!found) pairs.set(pair, slots);
        }
        const at = starts[row] as number;
        // Small integers: 24 bits of a bucket, 6 of a lag.
        const bucket = (at / BUCKET) | 0;
        const ofRow = bucket * 64 + lagClass(received - at - (durations?.[row] ?? 0));
        if (ofRow !== key) {
          key = ofRow;
          const found = slots.get(key);
          slot =
            found ?? this.#open({ feed, dataset: main, account: account.dictionary[a] ?? '', region: region.dictionary[r] ?? '', bucket, lag: key % 64 }, at);
          if (found === undefined) slots.set(key, slot);
        }
        countedIn[row] = slot;
        const state = plain ? 0 : (status.ids?.[row] ?? 0);
        const counts = state === 0 || (state !== nodata && state !== skipdata) ? recordCounts : state === nodata ? nodataCounts : skipdataCounts;
        counts[slot] = (counts[slot] as number) + 1;
        if (bytes) byteSums[slot] = (byteSums[slot] as number) + (bytes[row] as number);
        if (at < (firsts[slot] as number)) firsts[slot] = at;
        if (at > (lasts[slot] as number)) lasts[slot] = at;
      }
    });
    return countedIn;
  }

  /**
   * What became of each delivery's share, after its rows. Of what is no row nobody knows an account or a
   * time: it stands at the time of the records that came with it, else of its receipt.
   */
  deliveries(ranges: readonly DeliveryRange[]): void {
    ranges.forEach(({ delivery, counts, last }, i) => {
      // Records that are read again from quarantine are no delivery, and were counted as quarantined when they came.
      if (delivery === '' || (!last && counts.quarantined + counts.filtered + counts.duplicates === 0)) return;
      const feed = { ...(this.#feeds[i] as Feed), account: '', region: '' };
      const at = this.#at[i] ?? this.#received;
      const bucket = Math.floor(at / BUCKET);
      const key = JSON.stringify([feed, bucket]);
      const slot = this.#ownOf.get(key) ?? this.#open({ feed, dataset: '', account: '', region: '', bucket, lag: NO_LAG }, at);
      this.#ownOf.set(key, slot);
      const own = this.#own.get(slot) ?? { quarantined: 0, filtered: 0, duplicates: 0, deliveries: 0 };
      own.quarantined += counts.quarantined;
      own.filtered += counts.filtered;
      own.duplicates += counts.duplicates;
      own.deliveries += Number(last);
      this.#own.set(slot, own);
    });
  }

  #open(key: Key, start: number): number {
    for (const counts of [this.#records, this.#nodata, this.#skipdata, this.#bytes]) counts.push(0);
    this.#first.push(start);
    this.#last.push(start);
    return this.#keys.push({ ...key, account: key.account || key.feed.account, region: key.region || key.feed.region }) - 1;
  }

  /** Rows for `ingest_counter`; `start` is the bucket's. `ROW` is no column of the table. */
  block(): Batch {
    const keys = this.#keys;
    const time = (values: Iterable<number>): Column => ({ type: "DateTime('UTC')", values: Uint32Array.from(values) });
    const own = (name: keyof Own) => count(keys.map((_, i) => this.#own.get(i)?.[name] ?? 0));
    return {
      rows: keys.length,
      addresses: { count: 0, bytes: new Uint8Array(0) },
      columns: new Map<string, Column>([
        [ROW, { type: 'UInt32', values: Uint32Array.from(keys, (_, i) => i) }],
        ['start', time(keys.map((k) => k.bucket * BUCKET))],
        ['source', textColumn(keys.map((k) => k.feed.source))],
        ['collector', textColumn(keys.map((k) => k.feed.collector))],
        ['category', textColumn(keys.map((k) => k.feed.category))],
        ['account', textColumn(keys.map((k) => k.account))],
        ['region', textColumn(keys.map((k) => k.region))],
        ['dataset', textColumn(keys.map((k) => k.dataset))],
        ['lag', { type: 'UInt8', values: Uint8Array.from(keys, (k) => k.lag) }],
        ['records', count(this.#records)],
        ['nodata', count(this.#nodata)],
        ['skipdata', count(this.#skipdata)],
        ['bytes', count(this.#bytes)],
        ['quarantined', own('quarantined')],
        ['filtered', own('filtered')],
        ['duplicates', own('duplicates')],
        ['deliveries', own('deliveries')],
        ['first_start', time(this.#first)],
        ['last_start', time(this.#last)],
        ['last_received', time(keys.map(() => this.#received))],
      ]),
    };
  }
}

/** Table of the counters. */
export const COUNTER = 'ingest_counter';
/** Name of a column with numbers of rows of `block`: their own, and beside the ids of events those that count them. */
export const ROW = 'counter_row';

function count(values: ArrayLike<number>): Column {
  return { type: 'UInt64', values: Float64Array.from(values) };
}

function numbers(batch: Batch, name: string): Float64Array | Uint32Array | undefined {
  const column = batch.columns.get(name);
  return column?.type === 'UInt64' || column?.type === 'UInt32' ? column.values : undefined;
}

/** `ids` is absent where every row has the dictionary's first text. */
function texts(batch: Batch, name: string): { readonly ids: Uint32Array | undefined; readonly dictionary: readonly string[] } {
  const column = batch.columns.get(name) ?? EMPTY;
  if (column.type === 'Constant') return { ids: undefined, dictionary: [column.value] };
  if (column.type !== 'LowCardinality(String)' || column === EMPTY) return { ids: undefined, dictionary: [''] };
  return column;
}
