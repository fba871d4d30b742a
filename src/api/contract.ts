/**
 * The HTTP API's shapes, shared by the server, the page and the command line. Routes validate with
 * these schemas and OpenAPI is generated from them.
 */
import { z } from 'zod';
import { DATASETS } from '../model/log-formats.ts';
import { RECORD_FORMATS } from '../model/source.ts';
import { KnownGap } from './contract/completeness.ts';

/** Every error of the API. `code` is stable. */
export const ApiError = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    span: z.object({ start: z.number(), end: z.number() }).optional(),
    /** Which text the span is in, where a request has several. */
    in: z.string().optional(),
    /** Of a file: everything that is wrong in it, with its line (1-based) and its dotted path. */
    problems: z.array(z.object({ line: z.number(), path: z.string(), message: z.string() })).optional(),
  }),
});

/** A filter chip: alternatives for one field. */
export const Filter = z.strictObject({
  field: z.string(),
  values: z.array(z.string()).min(1).max(200),
  negate: z.boolean().default(false),
});

/** Seconds since the epoch; [from, to). */
export const Window = z.strictObject({ from: z.number().int(), to: z.number().int() });

export const OutputColumn = z.object({
  name: z.string(),
  kind: z.enum(['text', 'number', 'time', 'address', 'boolean', 'list']),
  /** Canonical field, for drill-down. */
  field: z.string().optional(),
  /** Text `[name](url)` that is shown as a link. */
  link: z.literal(true).optional(),
});

export const Stats = z.object({ seconds: z.number(), rowsRead: z.number(), bytesRead: z.number() });

/** POST /api/v1/query */
export const QueryRequest = z.strictObject({
  query: z.string().max(64 * 1024),
  /** ISO 8601, epoch seconds or milliseconds, relative (`-15m`), `now`; `all` for from. */
  from: z.union([z.string(), z.number()]).default('-24h'),
  to: z.union([z.string(), z.number()]).default('now'),
  filters: z.array(Filter).max(50).default([]),
  timeZone: z.string().default('UTC'),
  limit: z.number().int().min(1).max(100_000).default(10_000),
  /** Only compile; answers with `explain`. */
  explain: z.boolean().default(false),
  /** The caller wants what a `save` step writes; without it such a query is refused. */
  save: z.boolean().default(false),
});

export const QueryResponse = z.object({
  columns: z.array(OutputColumn),
  /** Times are epoch milliseconds, addresses text. */
  rows: z.array(z.array(z.unknown())),
  stats: Stats,
  window: Window,
  shape: z.enum(['records', 'aggregates']),
  timeslice: z.number().optional(),
  /** The lookup table that the rows were written into, and how many it has now. */
  saved: z.object({ name: z.string(), rows: z.number() }).optional(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })).default([]),
});

/** POST /api/v1/query with `Accept: application/x-ndjson` answers one of these a line. */
export const QueryEvent = z.discriminatedUnion('type', [
  /** Of the records to be read, as the engine guesses it, and how many were. */
  z.object({ type: z.literal('progress'), fraction: z.number(), rowsRead: z.number() }),
  z.object({ type: z.literal('start'), ...QueryResponse.omit({ rows: true, stats: true }).shape }),
  z.object({ type: z.literal('rows'), rows: QueryResponse.shape.rows }),
  z.object({ type: z.literal('end'), stats: Stats }),
  z.object({ type: z.literal('error'), error: ApiError.shape.error }),
]);

/** POST /api/v1/query with `explain`: what each stage makes of the text. */
export const QueryExplanation = z.object({
  explain: z.object({
    tokens: z.array(z.object({ kind: z.string(), text: z.string(), start: z.number(), end: z.number() })),
    tree: z.unknown(),
    /** The query in canonical form. */
    printed: z.string(),
    /** One line a step. */
    plan: z.array(z.string()),
    /** The engine's indexes that the conditions reach: granules (of 8,192 rows) left to read, of those before it. */
    indexes: z.array(z.object({ table: z.string(), index: z.string(), keys: z.array(z.string()), granules: z.number(), of: z.number() })),
    /** Stored columns that the statement reads. */
    reads: z.array(z.string()),
    sql: z.string(),
    params: z.record(z.string(), z.unknown()),
  }),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});

/** POST /api/v1/records: records behind a value, newest first unless the query sorts. */
export const RecordsRequest = z.strictObject({
  /** A query; what counts is its part before the first step that groups records. May be empty. */
  query: z
    .string()
    .max(64 * 1024)
    .default(''),
  from: z.union([z.string(), z.number()]).default('-60m'),
  to: z.union([z.string(), z.number()]).default('now'),
  filters: z.array(Filter).max(50).default([]),
  timeZone: z.string().default('UTC'),
  limit: z.number().int().min(1).max(1000).default(100),
  offset: z.number().int().min(0).max(100_000).default(0),
});

export const RecordsResponse = z.object({
  total: z.number(),
  window: Window,
  /** Columns that the query's steps made. */
  made: z.array(OutputColumn),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  records: z.array(
    z.object({
      /** Epoch milliseconds. */
      time: z.number(),
      dataset: z.string(),
      raw: z.string(),
      /** ECS document, enrichment included. */
      document: z.record(z.string(), z.unknown()),
      /** The record's values by AWS and added field names, absent ones left out. */
      fields: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
      origin: z.object({ sourceName: z.string(), sourceCategory: z.string() }),
      /** Of the made columns, by name. */
      values: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** POST /api/v1/dashboards/:id/run answers NDJSON: one of these a line. */
export const RunRequest = z.strictObject({
  from: z.union([z.string(), z.number()]).default('-60m'),
  to: z.union([z.string(), z.number()]).default('now'),
  filters: z.array(Filter).max(50).default([]),
  timeZone: z.string().default('UTC'),
  /** Only these panels; all when absent. */
  panels: z.array(z.string()).max(200).optional(),
  /** Own windows of panels, by panel id. */
  windows: z.record(z.string(), z.strictObject({ from: z.union([z.string(), z.number()]), to: z.union([z.string(), z.number()]) })).default({}),
  /** Chosen measures of panels that have several (`Panel.measures`), by panel id. */
  measures: z.record(z.string(), z.string()).default({}),
});

export const RunEvent = z.discriminatedUnion('type', [
  /** First line. `snapshot`: the one instant (epoch s) that every panel of this run is computed at. */
  z.object({ type: z.literal('start'), runId: z.string(), snapshot: z.number(), window: Window, panels: z.array(z.string()) }),
  z.object({ type: z.literal('progress'), panel: z.string(), fraction: z.number() }),
  z.object({
    type: z.literal('panel'),
    panel: z.string(),
    window: Window,
    /** `data`: rows are there. `no-match`: records exist in the window, none match. `no-data`: nothing was ingested in the window. `no-indicators`: the panel needs threat indicators and none are loaded. `no-administrators`: it is about administrators and none are listed. */
    state: z.enum(['data', 'no-match', 'no-data', 'no-indicators', 'no-administrators']),
    columns: z.array(OutputColumn),
    rows: z.array(z.array(z.unknown())),
    timeslice: z.number().optional(),
    /** There are more rows than a panel answers with; these are the first in its order. */
    truncated: z.boolean().default(false),
    /** Of an answer without rows: where data of the dashboard exists at all; null where none was ever stored. */
    extent: Window.nullable().optional(),
    stats: Stats,
  }),
  z.object({ type: z.literal('error'), panel: z.string(), error: ApiError.shape.error }),
  /** Last line. `skipdata`: SKIPDATA records in the window. `missing`: what is known to be missing there. */
  z.object({ type: z.literal('end'), seconds: z.number(), skipdata: z.number(), missing: z.array(KnownGap) }),
]);

/** GET /api/v1/status */
export const StatusResponse = z.object({
  version: z.string(),
  demo: z.boolean(),
  /** Of all flows and events together: when the first began, and the last. */
  extent: Window.nullable(),
  records: z.number(),
  /** The same of each dataset that has records. */
  datasets: z.array(z.object({ dataset: z.enum(DATASETS), extent: Window.nullable(), records: z.number() })),
  indicators: z.number(),
  quarantined: z.number(),
  place: z.object({ name: z.string(), ageDays: z.number(), credit: z.string(), link: z.string() }).nullable(),
  now: z.number(),
});

export const ValuesRequest = z.object({
  field: z.string().max(200),
  prefix: z.string().max(500).default(''),
  from: z.string().default('-24h'),
  to: z.string().default('now'),
});

/** GET /api/v1/values?field=…&prefix=…&from=…&to=… : completion of filter values, most frequent first. */
export const ValuesResponse = z.object({ values: z.array(z.object({ value: z.string(), count: z.number() })) });

/** POST /api/v1/login-link, for the command line: a path that signs a browser in, once. */
export const LoginLink = z.object({ path: z.string(), expiresInSeconds: z.number() });

/** POST /api/v1/ingest, for the command line while a server holds the data directory; answers NDJSON. */
export const IngestRequest = z.strictObject({
  /** Absolute: files, folders, globs on the server's machine. */
  paths: z.array(z.string().min(1).max(4096)).min(1).max(10_000),
  format: z.enum(RECORD_FORMATS).optional(),
  layout: z.string().max(8192).optional(),
  sourceCategory: z.string().max(1024).optional(),
  sourceHost: z.string().max(1024).optional(),
  collector: z.string().max(1024).optional(),
  again: z.boolean().optional(),
});

/** What became of records; `records` is the sum of the others. */
export const IngestCounts = z.object({
  records: z.number(),
  stored: z.number(),
  nodata: z.number(),
  skipdata: z.number(),
  duplicates: z.number(),
  filtered: z.number(),
  quarantined: z.number(),
});

/** One line of an ingest's answer. The last is `summary` or `error`. */
export const IngestEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    files: z.number(),
    filesTotal: z.number(),
    bytes: z.number(),
    bytesTotal: z.number(),
    records: z.number(),
    seconds: z.number(),
  }),
  z.object({
    type: z.literal('summary'),
    files: z.number(),
    bytes: z.number(),
    ...IngestCounts.shape,
    seconds: z.number(),
    formats: z.record(z.string(), z.number()),
    interrupted: z.boolean(),
    failures: z.array(z.object({ path: z.string(), message: z.string() })),
    notes: z.array(z.string()),
    extent: Window.nullable(),
  }),
  z.object({ type: z.literal('error'), error: ApiError.shape.error }),
]);

/** A record that could not be read. */
export const QuarantinedRecord = z.object({
  id: z.string(),
  code: z.string(),
  /** What is wrong, naming the field and the value. */
  message: z.string(),
  sourceName: z.string(),
  sourceCategory: z.string(),
  /** Of the record's first byte in the decompressed delivery. */
  offset: z.number(),
  /** Bytes of the whole record; more than `raw` holds when it was cut. */
  length: z.number(),
  /** As text; bytes that are no UTF-8 show as U+FFFD. */
  raw: z.string(),
  layout: z.string(),
  /** Epoch milliseconds. */
  time: z.number(),
  resolved: z.boolean(),
});

/** GET /api/v1/quarantine, newest first. */
export const QuarantineRequest = z.object({
  code: z.string().optional(),
  /** As stored with the records. */
  collector: z.string().max(1024).optional(),
  sourceName: z.string().max(1024).optional(),
  sourceHost: z.string().max(1024).optional(),
  resolved: z.stringbool().default(false),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export const QuarantineResponse = z.object({
  total: z.number(),
  byCode: z.array(z.object({ code: z.string(), count: z.number() })),
  records: z.array(QuarantinedRecord),
});

/** POST /api/v1/quarantine/retry: all unresolved records when `ids` is absent. */
export const RetryRequest = z.strictObject({ ids: z.array(z.string()).max(10_000).optional() });
export const RetryResponse = z.object({ retried: z.number(), resolved: z.number(), filtered: z.number(), quarantined: z.number() });

const Reasons = z.array(z.object({ code: z.string(), message: z.string() }));
/** GET /healthz and /readyz. `notices`: what somebody should look at, though the server is ready. */
export const Health = z.object({ ok: z.boolean(), reasons: Reasons, notices: Reasons });

export type ApiError = z.infer<typeof ApiError>;
export type Filter = z.infer<typeof Filter>;
export type Window = z.infer<typeof Window>;
export type QueryRequest = z.infer<typeof QueryRequest>;
export type QueryEvent = z.infer<typeof QueryEvent>;
export type QueryExplanation = z.infer<typeof QueryExplanation>;
export type QueryResponse = z.infer<typeof QueryResponse>;
export type RecordsRequest = z.infer<typeof RecordsRequest>;
export type RecordsResponse = z.infer<typeof RecordsResponse>;
export type RunRequest = z.infer<typeof RunRequest>;
export type RunEvent = z.infer<typeof RunEvent>;
export type StatusResponse = z.infer<typeof StatusResponse>;
export type ValuesResponse = z.infer<typeof ValuesResponse>;
export type OutputColumn = z.infer<typeof OutputColumn>;
export type LoginLink = z.infer<typeof LoginLink>;
export type IngestRequest = z.infer<typeof IngestRequest>;
export type IngestEvent = z.infer<typeof IngestEvent>;
export type QuarantinedRecord = z.infer<typeof QuarantinedRecord>;
export type QuarantineRequest = z.infer<typeof QuarantineRequest>;
export type QuarantineResponse = z.infer<typeof QuarantineResponse>;
export type RetryResponse = z.infer<typeof RetryResponse>;
