/** Shapes of what was found later: flows and events of the past that indicators speak of which were not known then. Times are epoch seconds. */
import { z } from 'zod';
import { CONFIDENCE_BANDS } from '../../model/indicator.ts';

/** GET /api/v1/findings/retro, those that were found last first. */
export const RetroRequest = z.strictObject({
  /** Of the indicators of one feed. */
  feed: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

/** What the flows or events of an address come to that an indicator speaks of. */
export const RetroFinding = z.object({
  address: z.string(),
  /** `vpc_flow`, `tgw_flow` or `cloudtrail`: the first two see the same packets, so their numbers do not add up. */
  dataset: z.string(),
  /** The indicator: an address or a CIDR block. What is empty below its feed does not say, or it is known no more. */
  indicator: z.string(),
  feed: z.string(),
  id: z.string(),
  /** 0–100. */
  confidence: z.number(),
  band: z.enum(CONFIDENCE_BANDS),
  severity: z.string(),
  threatType: z.string(),
  actors: z.array(z.string()),
  malware: z.array(z.string()),
  killChain: z.array(z.string()),
  labels: z.array(z.string()),
  validFrom: z.number(),
  /** 0: without end. */
  validUntil: z.number(),
  /** When this installation first knew the indicator, and when the hunt found these records. */
  known: z.number(),
  foundAt: z.number(),
  /** Start of the first and of the last record, and the days (UTC) that have some. */
  first: z.number(),
  last: z.number(),
  days: z.number(),
  /** Of events those that succeeded or say nothing of it, and those that failed; their bytes are 0. */
  accepted: z.number(),
  refused: z.number(),
  bytes: z.number(),
  /** The same for people. */
  text: z.string(),
});

export const HuntStatus = z.object({
  /** `filling`: the days of records that an earlier release stored are made known first. `trouble`: a hunt failed, and is tried again. */
  state: z.enum(['idle', 'filling', 'running', 'trouble']),
  /** Hunts that wait, the one that runs included. */
  waiting: z.number(),
  /** The one that runs, or ran last. */
  last: z
    .object({
      feed: z.string(),
      state: z.enum(['running', 'done', 'cancelled', 'trouble']),
      started: z.number(),
      ended: z.number().nullable(),
      indicators: z.number(),
      indicatorsTotal: z.number(),
      /** Days whose records were read again: a border of a validity cuts them, or they are events. */
      daysRead: z.number(),
      /** Each of an indicator, an address and a day; those that were found before count again. */
      found: z.number(),
      message: z.string().nullable(),
    })
    .nullable(),
});

export const RetroResponse = z.object({
  hunt: HuntStatus,
  /** Of all, not of the page. */
  totals: z.object({ findings: z.number(), addresses: z.number(), indicators: z.number() }),
  findings: z.array(RetroFinding),
});

/** POST /api/v1/findings/retro/hunt: all indicators of a feed against all history once more; answers 202 with HuntStatus. */
export const HuntRequest = z.strictObject({ feed: z.string().min(1).max(100) });

export type RetroRequest = z.infer<typeof RetroRequest>;
export type RetroFinding = z.infer<typeof RetroFinding>;
export type RetroResponse = z.infer<typeof RetroResponse>;
export type HuntStatus = z.infer<typeof HuntStatus>;
