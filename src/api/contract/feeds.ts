/** Shapes of feeds of threat indicators, and of the indicators. All times are epoch seconds. */
import { z } from 'zod';
import { FEED_KINDS, INDICATOR_FORMATS, MAPPED_PARTS } from '../../model/feed.ts';
import { CONFIDENCE_BANDS, INDICATOR_TYPES, SEVERITIES } from '../../model/indicator.ts';
import { SECRET } from './sources.ts';

export { SECRET };

const text = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'no control characters');
/** Names the feed in addresses of the API, in queries (`source="…"`) and in what is stored: it stays as it is. */
export const FeedName = text(100)
  .min(1, 'a feed needs a name')
  .regex(/^[^\p{Cs}"|\\]*$/u, 'a name has no quotation marks, bars and backslashes')
  // It stands in addresses.
  .refine((name) => encodeURIComponent(name).length <= 200, 'the name is too long');

/** An address or CIDR block, a domain (with its subdomains), a URL or a hash that is never a threat. */
export const AllowEntries = z.array(text(2048).min(1)).max(10_000);

/** How a feed is asked. `secret` reads as `"secret"` where one is kept; so sent, or left out, it stays. */
export const FeedAuth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('basic'), user: text(1024), secret: z.string().max(4096).optional() }),
  z.strictObject({ kind: z.literal('bearer'), secret: z.string().max(4096).optional() }),
  /** The key of MISP or OTX, in the header that each knows. */
  z.strictObject({ kind: z.literal('key'), secret: z.string().max(4096).optional() }),
  z.strictObject({
    kind: z.literal('header'),
    header: z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'this is no name of a header'),
    secret: z.string().max(4096).optional(),
  }),
  /** Of `crowdstrike`: the id of an API client as `user`, and its secret. */
  z.strictObject({ kind: z.literal('oauth2'), user: text(1024).min(1, 'the id of the client is missing'), secret: z.string().max(4096).optional() }),
]);

export const ColumnMapping = z.strictObject(Object.fromEntries(MAPPED_PARTS.map((part) => [part, text(200).min(1).optional()])));

export const FeedSettings = z.strictObject({
  /** Of all kinds but `file` and `import`: where it is. */
  url: text(4096).optional(),
  /** Of `file`: an absolute path on the server's machine. */
  path: text(4096).optional(),
  /** Of `crowdstrike`: which indicators, in Falcon Query Language; absent: addresses, domains, URLs and user agents of high and medium confidence. */
  filter: text(4096).optional(),
  /** `auto` looks at the content. Kinds that can only have one format know it. */
  format: z.enum(['auto', ...INDICATOR_FORMATS]).default('auto'),
  /** Of CSV: which column gives what. Absent: columns by their usual names. */
  mapping: ColumnMapping.optional(),
  /** Minutes between two looks; 0: only when somebody asks. */
  everyMinutes: z
    .number()
    .int()
    .min(0)
    .max(60 * 24 * 30)
    .default(60),
  auth: FeedAuth.default({ kind: 'none' }),
  /** An HTTP proxy for this feed alone. */
  proxy: text(4096).optional(),
  /** What is assumed where the feed says nothing. */
  defaults: z
    .strictObject({
      confidence: z.number().int().min(0).max(100).default(0),
      /** 0: while the feed names it. */
      validDays: z.number().int().min(0).max(3650).default(0),
      threatType: text(100).default(''),
      labels: z.array(text(200).min(1)).max(50).default([]),
    })
    .prefault({}),
  /** Of one document, decompressed. */
  maxMib: z.number().int().min(1).max(1024).default(256),
});

const Counts = z.object({
  added: z.number(),
  changed: z.number(),
  /** No longer named by the feed. */
  expired: z.number(),
  unchanged: z.number(),
});

export const EntryProblem = z.object({
  line: z.number().optional(),
  /** From 1, where the document has no lines. */
  index: z.number().optional(),
  reason: z.string(),
  excerpt: z.string(),
});

/** Entries that are right and nothing for matching (e-mail addresses, attributes that are not for detection), by why. */
const Skipped = z.array(z.object({ reason: z.string(), count: z.number() }));

const FeedState = z.object({
  /** `disabled`: not on a schedule. `waiting`: never tried. `trouble`: the last try failed; what was there before is kept. */
  state: z.enum(['disabled', 'waiting', 'running', 'ok', 'trouble']),
  lastTry: z.number().nullable(),
  lastSuccess: z.number().nullable(),
  nextTry: z.number().nullable(),
  /** The last successful look found nothing new to fetch. */
  notModified: z.boolean(),
  /** Of the last run that read something. */
  counts: Counts.nullable(),
  /** Entries of that run that could not be read, and the first of them. */
  problemCount: z.number(),
  problems: z.array(EntryProblem),
  skipped: Skipped,
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  /** Tries that failed since the last success. */
  failures: z.number(),
  /** Of a run that goes on. */
  progress: z.object({ started: z.number(), bytes: z.number(), entries: z.number(), doing: z.string() }).nullable(),
});

const Decided = z.object({ accepted: z.number(), refused: z.number() });

export const Feed = z.object({
  name: z.string(),
  kind: z.enum(FEED_KINDS),
  settings: FeedSettings,
  enabled: z.boolean(),
  allowList: z.array(z.string()),
  created: z.number(),
  updated: z.number(),
  revision: z.number(),
  state: FeedState,
  /** Indicators that the feed names now. */
  indicators: z.number(),
  /**
   * Flows of the last 30 days that matched an indicator of this feed as they were stored: how many were accepted, how many
   * refused. `later`: those that the retro-hunt found, because they were stored before the indicator was known.
   */
  precision: Decided.extend({ later: Decided }),
});

/** GET /api/v1/feeds */
export const FeedList = z.object({ feeds: z.array(Feed), precisionDays: z.number() });

/** POST /api/v1/feeds */
export const FeedNew = z.strictObject({
  name: FeedName,
  kind: z.enum(FEED_KINDS),
  settings: FeedSettings.prefault({}),
  enabled: z.boolean().default(true),
  allowList: AllowEntries.default([]),
});

/** PUT /api/v1/feeds/:name: what is given changes; `settings` as a whole. */
export const FeedChange = z.strictObject({
  settings: FeedSettings.optional(),
  enabled: z.boolean().optional(),
  allowList: AllowEntries.optional(),
  /** Of the feed that the person saw: an edit of an older one is refused. */
  revision: z.number().int().optional(),
});

/** POST /api/v1/feeds/test: fetches and reads, and stores nothing. */
export const FeedTest = z.strictObject({
  kind: z.enum(FEED_KINDS),
  settings: FeedSettings,
  /** A feed whose kept secret is used. */
  name: FeedName.optional(),
});

export const Indicator = z.object({
  feed: z.string(),
  type: z.enum(INDICATOR_TYPES),
  value: z.string(),
  id: z.string(),
  /** 0–100; 0: unverified. */
  confidence: z.number(),
  band: z.enum(CONFIDENCE_BANDS),
  severity: z.enum(SEVERITIES),
  threatType: z.string(),
  actors: z.array(z.string()),
  malware: z.array(z.string()),
  killChain: z.array(z.string()),
  labels: z.array(z.string()),
  /** 0 where the feed does not say, as below. */
  firstSeen: z.number(),
  updated: z.number(),
  validFrom: z.number(),
  validUntil: z.number(),
});

const ByType = z.array(z.object({ type: z.enum(INDICATOR_TYPES), count: z.number() }));
const ByBand = z.array(z.object({ band: z.enum(CONFIDENCE_BANDS), count: z.number() }));

export const FeedTested = z.object({
  ok: z.boolean(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  /** As it was recognized. */
  format: z.enum(INDICATOR_FORMATS).nullable(),
  bytes: z.number(),
  entries: z.number(),
  byType: ByType,
  problemCount: z.number(),
  problems: z.array(EntryProblem),
  skipped: Skipped,
  samples: z.array(Indicator.omit({ feed: true })),
  /** It is longer than a test reads. */
  partial: z.boolean(),
});

export const StoredIndicator = Indicator.extend({
  /** Names it everywhere: 64 bits as decimal text, the same as in a record’s `src_indicator` and `dst_indicator`. */
  number: z.string(),
  /** First time this installation knew it. */
  imported: z.number(),
  /** When the feed dropped it; 0 while it names it. */
  removed: z.number(),
  /** In force now: named by the feed and valid. */
  active: z.boolean(),
});

/** GET /api/v1/indicators: by value, a page at a time. */
export const IndicatorQuery = z.strictObject({
  /** An address: the indicators that hold it. Else a part of the value, an actor, a family or a label. */
  search: z.string().max(2048).optional(),
  feed: z.string().max(100).optional(),
  type: z.enum(INDICATOR_TYPES).optional(),
  band: z.enum(CONFIDENCE_BANDS).optional(),
  /** With what feeds have dropped. */
  removed: z.stringbool().default(false),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** `next` of the page before. */
  cursor: z.string().max(20_000).optional(),
});
export const IndicatorList = z.object({ indicators: z.array(StoredIndicator), total: z.number(), next: z.string().nullable() });

/** GET /api/v1/indicators/stats: of what feeds name now, except `removed`. */
export const IndicatorStats = z.object({
  total: z.number(),
  byType: ByType,
  byBand: ByBand,
  feeds: z.array(
    z.object({
      feed: z.string(),
      active: z.number(),
      /** Of them, those whose validity has ended. */
      outdated: z.number(),
      /** What it dropped, and flows of the past may show. */
      removed: z.number(),
      byType: ByType,
      byBand: ByBand,
      /** The newest that was imported; 0 where there is none. */
      lastImported: z.number(),
    }),
  ),
});

/** POST /api/v1/indicators/import: the body is the file. */
export const ImportQuery = z.strictObject({
  /** Made when there is none; one of kind `import`. */
  feed: FeedName.default('imported'),
  format: z.enum(['auto', ...INDICATOR_FORMATS]).default('auto'),
  /** Column mapping of CSV as JSON: `{"value":"ip","confidence":"score"}`. */
  mapping: z.string().max(10_000).optional(),
  confidence: z.coerce.number().int().min(0).max(100).optional(),
  validDays: z.coerce.number().int().min(0).max(3650).optional(),
  threatType: text(100).optional(),
  /** What the feed had and the file has not is no longer named. */
  replace: z.stringbool().default(false),
});
export const Imported = Counts.extend({
  feed: z.string(),
  format: z.enum(INDICATOR_FORMATS).nullable(),
  entries: z.number(),
  problemCount: z.number(),
  problems: z.array(EntryProblem),
  skipped: Skipped,
});

/** GET and PUT /api/v1/allow-list: for all feeds. */
export const AllowList = z.strictObject({ entries: AllowEntries });

/** Answer of POST /api/v1/feeds/:name/run: it goes on; the feed's state tells how. */
export const FeedRun = z.object({ started: z.boolean() });

export type Feed = z.infer<typeof Feed>;
export type FeedAuth = z.infer<typeof FeedAuth>;
export type FeedSettings = z.infer<typeof FeedSettings>;
export type FeedList = z.infer<typeof FeedList>;
export type FeedNew = z.infer<typeof FeedNew>;
export type FeedChange = z.infer<typeof FeedChange>;
export type FeedTest = z.infer<typeof FeedTest>;
export type FeedTested = z.infer<typeof FeedTested>;
export type StoredIndicator = z.infer<typeof StoredIndicator>;
export type IndicatorQuery = z.infer<typeof IndicatorQuery>;
export type IndicatorList = z.infer<typeof IndicatorList>;
export type IndicatorStats = z.infer<typeof IndicatorStats>;
export type ImportQuery = z.infer<typeof ImportQuery>;
export type Imported = z.infer<typeof Imported>;
