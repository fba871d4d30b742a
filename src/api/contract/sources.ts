/** Shapes of collectors and sources. */
import { z } from 'zod';
import { RECORD_FORMATS, SOURCE_KINDS } from '../../model/source.ts';
import { IngestCounts } from '../contract.ts';
import { Name } from './name.ts';

/** Stands in a connection for a secret that is kept. An empty text takes one out that need not be there. */
export const SECRET = 'secret';

const label = z
  .string()
  .trim()
  .max(1024)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'no control characters');
const pattern = z.string().min(1).max(4096);

/** What is done with each record before it is stored (model/source.ts). */
export const RecordSettings = z.strictObject({
  format: z.enum(RECORD_FORMATS).default('auto'),
  layout: z.string().trim().min(1).max(4096).default('auto'),
  rules: z
    .array(
      z.strictObject({
        kind: z.enum(['exclude', 'include', 'mask', 'hash']),
        name: Name,
        pattern,
        replacement: z.string().max(1024).optional(),
      }),
    )
    .max(100)
    .default([]),
  timestampLocator: z.string().max(4096).default(''),
  multiline: z
    .discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('off') }),
      z.strictObject({ mode: z.literal('automatic') }),
      z.strictObject({ mode: z.literal('boundary'), pattern }),
    ])
    .default({ mode: 'off' }),
  internalTraffic: z.array(z.string().trim().min(1).max(100)).max(1000).default([]),
});

export const CollectorNew = z.strictObject({ name: Name, description: label.default('') });
export const CollectorChange = z.strictObject({ name: Name.optional(), description: label.optional(), paused: z.boolean().optional() });
export const Collector = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  paused: z.boolean(),
  /** Epoch milliseconds. */
  created: z.number(),
  updated: z.number(),
});

/** What a source has done since the server started. Times are epoch milliseconds. */
export const SourceStatus = z.object({
  /** `waiting`: nothing has come yet. */
  state: z.enum(['paused', 'waiting', 'running', 'trouble']),
  /** Why nothing is stored or fetched at the moment. */
  trouble: z.string().optional(),
  deliveries: z.number(),
  bytes: z.number(),
  /** Deliveries that were known and not read again. */
  known: z.number(),
  counts: IngestCounts,
  lastDelivery: z.number().nullable(),
  lastStored: z.number().nullable(),
  /** Records stored a minute over the last hour, the current minute last. */
  recordsByMinute: z.array(z.number()),
  lag: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  /** Bytes that are acknowledged and wait in the spool. */
  spooled: z.number(),
  errors: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      count: z.number(),
      last: z.number(),
      /** The last objects that will not be read because of it, the latest first. */
      objects: z.array(z.string()).optional(),
    }),
  ),
  /** What only sources of this kind have, for people: `[{ name: 'Messages waiting', value: '12' }]`. */
  details: z.array(z.object({ name: z.string(), value: z.string() })),
});

export const Token = z.object({ hint: z.string(), created: z.number(), expires: z.number().nullable() });

export const Source = z.object({
  id: z.string(),
  collector: z.string(),
  kind: z.enum(SOURCE_KINDS),
  name: z.string(),
  sourceCategory: z.string(),
  sourceName: z.string(),
  sourceHost: z.string(),
  records: RecordSettings,
  /** Its kind's own settings. Of secrets only that they are there: `"secret"`. */
  connection: z.record(z.string(), z.unknown()),
  paused: z.boolean(),
  created: z.number(),
  updated: z.number(),
  revision: z.number(),
  tokens: z.array(Token),
  status: SourceStatus,
});

export const SourceNew = z.strictObject({
  collector: z.string().max(100),
  kind: z.enum(SOURCE_KINDS),
  name: Name,
  sourceCategory: label.default(''),
  sourceName: label.default(''),
  sourceHost: label.default(''),
  records: RecordSettings.prefault({}),
  connection: z.record(z.string(), z.unknown()).default({}),
});

/** Changes what is given. A secret in `connection` that is left out or `"secret"` stays as it is; an empty one goes. */
export const SourceChange = z.strictObject({
  collector: z.string().max(100).optional(),
  name: Name.optional(),
  sourceCategory: label.optional(),
  sourceName: label.optional(),
  sourceHost: label.optional(),
  records: RecordSettings.optional(),
  connection: z.record(z.string(), z.unknown()).optional(),
  paused: z.boolean().optional(),
  /** Of the source that the person saw: an edit of an older one is refused. */
  revision: z.number().int().optional(),
});

/** Where senders send to. The token is shown once. */
export const Address = z.object({ token: z.string(), url: z.string() });

export const SourceMade = z.object({ source: Source, address: Address.nullable() });

export const SourceList = z.object({
  collectors: z.array(Collector),
  sources: z.array(Source),
  spool: z.object({
    bytes: z.number(),
    maxBytes: z.number(),
    trouble: z.string().optional(),
    /** What the disk damaged, set aside. */
    damaged: z.object({ pieces: z.number(), bytes: z.number() }),
  }),
  /** Address of the listener for senders elsewhere; null where there is none. */
  listener: z.string().nullable(),
});

export const TokenRequest = z.strictObject({
  /** How long the tokens before are still taken. */
  graceHours: z
    .number()
    .min(0)
    .max(24 * 30)
    .default(24),
});

/** Tries a connection before it is saved, or with the secrets of a saved source. */
export const TestRequest = z.strictObject({
  kind: z.enum(SOURCE_KINDS),
  connection: z.record(z.string(), z.unknown()),
  source: z.string().optional(),
});
export const TestResponse = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      name: z.string(),
      /** `warning`: it works, and may not be what is meant. `skipped`: it could not be tried, and need not be. */
      result: z.enum(['ok', 'warning', 'failed', 'skipped']),
      /** Stable code of what is wrong. */
      code: z.string().optional(),
      message: z.string(),
      hint: z.string().optional(),
    }),
  ),
});

/** CloudFormation templates that can be downloaded filled in (contract/aws-templates.ts). */
export const TemplateList = z.object({
  templates: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      /** Kind of source that takes in what it sends; null: it makes logs that another template brings here. */
      kind: z.enum(SOURCE_KINDS).nullable(),
      parameters: z.array(
        z.object({
          name: z.string(),
          label: z.string(),
          description: z.string(),
          /** null: it must be given. */
          default: z.string().nullable(),
          /** null: free text. */
          values: z.array(z.string()).nullable(),
          /** Pasted when the stack is made; never written into a file. */
          secret: z.boolean(),
          /** A person is asked; the others have defaults that do. */
          asked: z.boolean(),
          /** What the source knows already: `externalId`, `endpointUrl`, `accessKey`. */
          given: z.string().nullable(),
        }),
      ),
      /** What its outputs are called, and which setting of the source each becomes. */
      outputs: z.array(z.object({ name: z.string(), setting: z.string().nullable() })),
    }),
  ),
});
export const TemplateRequest = z.strictObject({ parameters: z.record(z.string().max(255), z.string().max(4096)).default({}) });

export type RecordSettings = z.infer<typeof RecordSettings>;
export type Collector = z.infer<typeof Collector>;
export type CollectorNew = z.infer<typeof CollectorNew>;
export type CollectorChange = z.infer<typeof CollectorChange>;
export type Source = z.infer<typeof Source>;
export type SourceStatus = z.infer<typeof SourceStatus>;
export type SourceNew = z.infer<typeof SourceNew>;
export type SourceChange = z.infer<typeof SourceChange>;
export type SourceMade = z.infer<typeof SourceMade>;
export type SourceList = z.infer<typeof SourceList>;
export type TestRequest = z.infer<typeof TestRequest>;
export type TestResponse = z.infer<typeof TestResponse>;
export type TemplateList = z.infer<typeof TemplateList>;
export type Address = z.infer<typeof Address>;

/** A stream of records (of one source and log group) whose lines have no header and no layout that is certain: its records wait in quarantine. */
export const LayoutQuestion = z.object({
  /** Names the stream in `LayoutAnswer`. */
  stream: z.string(),
  source: z.object({ id: z.string(), name: z.string() }).nullable(),
  logGroup: z.string(),
  /** Records that wait. */
  records: z.number(),
  /** Epoch milliseconds of the first and last receipt. */
  first: z.number(),
  last: z.number(),
  /** Some of them, as received. */
  samples: z.array(z.string()),
  /** Layouts that the evidence allows, likeliest first: header names separated by spaces. */
  candidates: z.array(z.string()),
  /** Values whose field is not decided, by their place from 0, with the fields that each could be. */
  ambiguous: z.array(z.object({ position: z.number(), names: z.array(z.string()) })),
});

export const LearnedLayout = z.object({
  stream: z.string(),
  source: z.object({ id: z.string(), name: z.string() }).nullable(),
  logGroup: z.string(),
  layout: z.string(),
  /** Who decided: what the records show, or a person. */
  by: z.enum(['evidence', 'person']),
  since: z.number(),
});

export const LayoutList = z.object({ questions: z.array(LayoutQuestion), learned: z.array(LearnedLayout) });

/** PUT /api/v1/layouts: from now on the stream is read so, and what waits is read again. */
export const LayoutAnswer = z.strictObject({ stream: z.string().min(1).max(2000), layout: z.string().trim().min(1).max(4096) });
/** DELETE /api/v1/layouts: the stream's layout is learned anew. */
export const LayoutForget = z.strictObject({ stream: z.string().min(1).max(2000) });
export const LayoutAnswered = z.object({ retried: z.number(), resolved: z.number(), filtered: z.number(), quarantined: z.number() });

export type LayoutQuestion = z.infer<typeof LayoutQuestion>;
export type LayoutList = z.infer<typeof LayoutList>;
export type LayoutAnswered = z.infer<typeof LayoutAnswered>;
