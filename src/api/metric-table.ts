/**
 * The metrics of Bartizan's own, one row each: `/metrics` and docs/metrics.md are made of it. Names follow
 * https://prometheus.io/docs/practices/naming/: base units, `_total` on what only grows.
 */
import type { CollectingStatus } from '../ingest/collection.ts';
import type { SpoolStatus } from '../ingest/spool.ts';
import type { Reason, Vitals } from '../ingest/vitals.ts';
import { NO_COUNTS } from '../model/counts.ts';

/** Sources that have metrics of their own, by name: more would make more series than help. */
export const MOST_SOURCES = 200;

/** Everything that one reading of the metrics is made of. */
export interface Snapshot {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly version: string;
  readonly reasons: readonly Reason[];
  readonly vitals: Vitals | undefined;
  readonly spool: SpoolStatus | undefined;
  readonly quarantined: readonly { readonly code: string; readonly count: number }[];
  /** All of them; `sources` are the first. */
  readonly sourceCount: number;
  readonly sources: readonly {
    readonly id: string;
    readonly name: string;
    readonly kind: string;
    readonly paused: boolean;
    readonly status: CollectingStatus;
  }[];
}

type Labels = Readonly<Record<string, string>>;
type Values = Iterable<readonly [Labels, number]>;

export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Absent where values are observed when they happen. */
  readonly read?: (snapshot: Snapshot) => Values;
  /** Limits of a histogram. */
  readonly buckets?: readonly number[];
}

const SOURCE = ['source', 'name'] as const;

/** One value a source; undefined is left out. */
function perSource(read: (status: CollectingStatus, snapshot: Snapshot, id: string) => number | undefined): (snapshot: Snapshot) => Values {
  return (snapshot) =>
    snapshot.sources.flatMap(({ id, name, status }) => {
      const value = read(status, snapshot, id);
      return value === undefined ? [] : [[{ source: id, name }, value] as const];
    });
}

/** Several values a source, told apart by one more label. */
function perSourceAnd(label: string, read: (status: CollectingStatus) => Iterable<readonly [string, number | undefined]>): (snapshot: Snapshot) => Values {
  return ({ sources }) =>
    sources.flatMap(({ id, name, status }) =>
      [...read(status)].flatMap(([text, value]) => (value === undefined ? [] : [[{ source: id, name, [label]: text }, value] as const])),
    );
}

function one(read: (snapshot: Snapshot) => number | undefined): (snapshot: Snapshot) => Values {
  return (snapshot) => {
    const value = read(snapshot);
    return value === undefined ? [] : [[{}, value]];
  };
}

export const REQUEST_SECONDS: Metric = {
  name: 'bartizan_http_request_duration_seconds',
  type: 'histogram',
  help: 'From a request to the last byte of its answer, by route.',
  labels: ['method', 'route', 'status'],
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
};

export const LAG_SECONDS: Metric = {
  name: 'bartizan_source_lag_seconds',
  type: 'histogram',
  help: 'From when a delivery was sent (or received, where its sender does not say) until it was stored.',
  labels: SOURCE,
  buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400],
};

const errorsOf = ({ errors, s3 }: CollectingStatus): [string, number][] => [
  ...new Map([...errors.map(({ code, count }) => [code, count] as const), ...(s3?.problems ?? []).map(({ code, count }) => [code, count] as const)]),
];

export const METRICS: readonly Metric[] = [
  { name: 'bartizan_build_info', type: 'gauge', help: 'Always 1; the release is a label.', labels: ['version'], read: ({ version }) => [[{ version }, 1]] },
  {
    name: 'bartizan_not_ready',
    type: 'gauge',
    help: '1 for each reason why `/readyz` says no.',
    labels: ['code'],
    read: ({ reasons }) => reasons.map(({ code }) => [{ code }, 1] as const),
  },
  REQUEST_SECONDS,
  { name: 'bartizan_sources', type: 'gauge', help: 'Sources that are configured.', labels: [], read: one(({ sourceCount }) => sourceCount) },
  {
    name: 'bartizan_source_info',
    type: 'gauge',
    help: 'Always 1; the kind of a source, and whether it is paused, are labels.',
    labels: [...SOURCE, 'kind', 'paused'],
    read: ({ sources }) => sources.map(({ id, name, kind, paused }) => [{ source: id, name, kind, paused: String(paused) }, 1] as const),
  },
  {
    name: 'bartizan_source_trouble',
    type: 'gauge',
    help: '1 while nothing of a source can be fetched or stored. The server is ready all the same.',
    labels: SOURCE,
    read: perSource(({ trouble, s3 }) => Number(trouble !== undefined || s3?.state === 'failing')),
  },
  {
    name: 'bartizan_source_deliveries_total',
    type: 'counter',
    help: 'Deliveries that were accepted from senders, or fetched and stored.',
    labels: SOURCE,
    read: perSource(({ deliveries }) => deliveries),
  },
  {
    name: 'bartizan_source_repeated_deliveries_total',
    type: 'counter',
    help: 'Deliveries that were stored already when they came.',
    labels: SOURCE,
    read: perSource(({ known }) => known),
  },
  {
    name: 'bartizan_source_received_bytes_total',
    type: 'counter',
    help: 'Bytes of deliveries as they came (compressed).',
    labels: SOURCE,
    read: perSource(({ bytes }) => bytes),
  },
  {
    name: 'bartizan_source_records_total',
    type: 'counter',
    help: `Records by what became of them: ${Object.keys(NO_COUNTS)
      .filter((name) => name !== 'records')
      .join(', ')}.`,
    labels: [...SOURCE, 'outcome'],
    read: perSourceAnd('outcome', ({ counts }) => Object.entries(counts).filter(([name]) => name !== 'records')),
  },
  {
    name: 'bartizan_source_errors_total',
    type: 'counter',
    help: 'Errors by code. A change of the source begins anew.',
    labels: [...SOURCE, 'code'],
    read: perSourceAnd('code', errorsOf),
  },
  LAG_SECONDS,
  {
    name: 'bartizan_source_last_delivery_timestamp_seconds',
    type: 'gauge',
    help: 'When the last delivery came; absent while none has since the start.',
    labels: SOURCE,
    read: perSource(({ lastDelivery }) => (lastDelivery === null ? undefined : lastDelivery / 1000)),
  },
  {
    name: 'bartizan_source_spool_bytes',
    type: 'gauge',
    help: 'Bytes that are acknowledged and wait to be stored.',
    labels: SOURCE,
    read: perSource(({ spooled }) => spooled),
  },
  {
    name: 'bartizan_source_spool_oldest_age_seconds',
    type: 'gauge',
    help: 'Age of the oldest of them; 0 where nothing waits.',
    labels: SOURCE,
    read: perSource((_, { spool, now }, id) => {
      const oldest = spool?.sources.get(id)?.oldest;
      return oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000);
    }),
  },
  {
    name: 'bartizan_source_s3_queue_messages',
    type: 'gauge',
    help: 'Messages of an S3 source’s queue, about: `waiting`, and `received` by somebody and not deleted yet.',
    labels: [...SOURCE, 'state'],
    read: perSourceAnd('state', ({ s3 }) => [
      ['waiting', s3?.queue?.depth],
      ['received', s3?.queue?.received],
    ]),
  },
  {
    name: 'bartizan_source_s3_objects_in_flight',
    type: 'gauge',
    help: 'Objects that an S3 source is fetching or storing.',
    labels: SOURCE,
    read: perSource(({ s3 }) => s3?.inFlight.objects),
  },
  { name: 'bartizan_spool_bytes', type: 'gauge', help: 'Bytes of the spool on the disk.', labels: [], read: one(({ spool }) => spool?.bytes) },
  {
    name: 'bartizan_spool_limit_bytes',
    type: 'gauge',
    help: 'Bytes that the spool may have (`spoolMaxMib`).',
    labels: [],
    read: one(({ spool }) => spool?.maxBytes),
  },
  {
    name: 'bartizan_spool_damaged_pieces',
    type: 'gauge',
    help: 'Pieces of the spool that the disk damaged: set aside in `.damaged` files.',
    labels: [],
    read: one(({ spool }) => spool?.damaged.pieces),
  },
  { name: 'bartizan_spool_damaged_bytes', type: 'gauge', help: 'Bytes of those pieces.', labels: [], read: one(({ spool }) => spool?.damaged.bytes) },
  {
    name: 'bartizan_ingest_deliveries_in_flight',
    type: 'gauge',
    help: 'Deliveries that wait, are read, or are not stored yet.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.deliveries),
  },
  {
    name: 'bartizan_ingest_queue_length',
    type: 'gauge',
    help: 'Those of them that wait for a decoding thread.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.waiting),
  },
  {
    name: 'bartizan_ingest_open_manifests',
    type: 'gauge',
    help: 'Batches that are decoded and not stored yet.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.openBatches),
  },
  {
    name: 'bartizan_ingest_repairing_manifests',
    type: 'gauge',
    help: 'Those of them that a crash left.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.repairing),
  },
  {
    name: 'bartizan_ingest_gathered_total',
    type: 'counter',
    help: 'How often a batch that was not full was made to wait, so that others share its insert.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.gathered),
  },
  { name: 'bartizan_store_batches_total', type: 'counter', help: 'Batches that were stored.', labels: [], read: one(({ vitals }) => vitals?.load.batches) },
  {
    name: 'bartizan_store_inserts_total',
    type: 'counter',
    help: 'Blocks that were inserted: of records, quarantine and counters.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.inserts),
  },
  {
    name: 'bartizan_store_inserted_rows_total',
    type: 'counter',
    help: 'Rows of those blocks.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.rows),
  },
  {
    name: 'bartizan_store_insert_failures_total',
    type: 'counter',
    help: 'Tries to store a batch that failed.',
    labels: [],
    read: one(({ vitals }) => vitals?.load.failures),
  },
  {
    name: 'bartizan_quarantined_records',
    type: 'gauge',
    help: 'Records in quarantine that are not resolved, by reason.',
    labels: ['code'],
    read: ({ quarantined }) => quarantined.map(({ code, count }) => [{ code }, count] as const),
  },
  {
    name: 'bartizan_disk_free_bytes',
    type: 'gauge',
    help: 'Room on the disk of the data directory.',
    labels: [],
    read: one(({ vitals }) => vitals?.disk.free),
  },
  {
    name: 'bartizan_disk_size_bytes',
    type: 'gauge',
    help: 'Size of the disk of the data directory.',
    labels: [],
    read: one(({ vitals }) => vitals?.disk.size),
  },
];
