/** GET /api/v1/completeness: what has come of each account, region and source, and what is missing. Times are epoch seconds. */
import { z } from 'zod';
import { DIGEST_FAULTS, type DigestFaultCode } from '../../model/digest-faults.ts';
import { SOURCE_KINDS } from '../../model/source.ts';

export const CompletenessRequest = z.object({ from: z.string().default('-24h'), to: z.string().default('now') });

/** [from, to) of whole five-minute buckets without a record. */
export const Gap = z.object({
  from: z.number(),
  to: z.number(),
  /** Nothing has come after it. */
  open: z.boolean(),
});

export const CompletenessRow = z.object({
  /** Empty where neither the records nor the names of their objects say it. */
  account: z.string(),
  region: z.string(),
  /** What its records are. */
  kind: z.enum(['flows', 'events']),
  /** `silent`: nothing comes any more. `gap`: there is a hole in the window. `skipped`: AWS skipped records. `unknown`: too few records to know their rhythm. */
  state: z.enum(['silent', 'gap', 'skipped', 'unknown', 'ok']),
  /** Flows or events of the window. */
  records: z.number(),
  nodata: z.number(),
  skipdata: z.number(),
  bytes: z.number(),
  /** Start of the newest record before the window's end; null where there is none in reach. */
  lastRecord: z.number().nullable(),
  lastReceived: z.number().nullable(),
  /** Seconds from a record's end until it was stored, of the window's records. */
  lag: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  /** Seconds between buckets with records that are rarely exceeded; null while there are too few. */
  usual: z.number().nullable(),
  /** Up to when the row is judged: the newest records may still be on their way. */
  judgedTo: z.number(),
  gaps: z.array(Gap),
  /** Buckets with SKIPDATA records. */
  skipped: z.array(z.object({ at: z.number(), count: z.number() })),
  /** Records (flows or events, NODATA and SKIPDATA) by cell of the window. */
  strip: z.array(z.number()),
});

export const CompletenessSource = z.object({
  /** Tells one from another on the page. */
  key: z.string(),
  /** Empty for files that somebody named. */
  id: z.string(),
  name: z.string(),
  kind: z.enum(['files', 'removed', ...SOURCE_KINDS]),
  collector: z.string(),
  category: z.string(),
  paused: z.boolean(),
  trouble: z.string().optional(),
  deliveries: z.number(),
  lastReceived: z.number().nullable(),
  /** Records that could not be read, and that rules left out. */
  quarantined: z.number(),
  filtered: z.number(),
  /** Events of the window that came once more, in other deliveries or in the same one. */
  duplicates: z.number(),
  /** Deliveries that were stored already when they came in the window, and their records. */
  repeated: z.object({ deliveries: z.number(), records: z.number() }),
  /** Bytes that are acknowledged and wait to be stored, and since when. */
  spooled: z.number(),
  spooledSince: z.number().nullable(),
  rows: z.array(CompletenessRow),
});

/** Why a time of a trail is not proven, as its digests say. */
export const TrailFault = z.object({
  code: z.enum(Object.keys(DIGEST_FAULTS) as [DigestFaultCode, ...DigestFaultCode[]]),
  from: z.number(),
  to: z.number(),
  /** What the code means, and the thing itself: the first of `count`. */
  meaning: z.string(),
  message: z.string(),
  count: z.number(),
});

/** What the digests of a CloudTrail trail prove of an account and region. */
export const CompletenessTrail = z.object({
  /** Id of the source; empty for files that somebody named. */
  source: z.string(),
  sourceName: z.string(),
  trail: z.string(),
  /** Region that the trail was made in. */
  home: z.string(),
  account: z.string(),
  region: z.string(),
  /**
   * Of the window. `broken`: something is missing or changed. `late`: no digest has come for more than three hours. `unsigned`: hashes and chain agree, and
   * signatures were not checked. `proven`: signatures too.
   */
  state: z.enum(['broken', 'late', 'unsigned', 'proven']),
  /** Everything that AWS delivered from `since` until here is there and unchanged; null where nothing is proven before the first fault. */
  until: z.number().nullable(),
  since: z.number().nullable(),
  /** Stretches of the window that are proven, oldest first. */
  ranges: z.array(z.object({ from: z.number(), to: z.number(), signed: z.boolean() })),
  /** Newest first. */
  faults: z.array(TrailFault),
  moreFaults: z.number(),
  /** End of the newest digest. */
  newest: z.number().nullable(),
  /** Of all time. */
  digests: z.number(),
  logFiles: z.number(),
});

export const CompletenessResponse = z.object({
  /** What was asked for, in whole five minutes. */
  window: z.object({ from: z.number(), to: z.number() }),
  /** Seconds of a cell. */
  cell: z.number(),
  now: z.number(),
  /** Worst first. */
  sources: z.array(CompletenessSource),
  /** There are more rows than these. */
  truncated: z.boolean(),
  /** Trails of CloudTrail by account and region, worst first. */
  trails: z.array(CompletenessTrail),
  trailsTruncated: z.boolean(),
});

/** What is known to be missing in the window of a dashboard. */
export const KnownGap = z.object({
  kind: z.enum(['gap', 'skipdata']),
  account: z.string(),
  region: z.string(),
  source: z.string(),
  from: z.number(),
  to: z.number(),
  open: z.boolean(),
});

export type Gap = z.infer<typeof Gap>;
export type CompletenessRow = z.infer<typeof CompletenessRow>;
export type CompletenessSource = z.infer<typeof CompletenessSource>;
export type CompletenessTrail = z.infer<typeof CompletenessTrail>;
export type CompletenessResponse = z.infer<typeof CompletenessResponse>;
export type KnownGap = z.infer<typeof KnownGap>;
