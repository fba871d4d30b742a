/** Shapes of the search page's questions: matches over time, values of a field among matches. */
import { z } from 'zod';
import { Filter, Window } from '../contract.ts';

const Asked = {
  /** A whole query: what counts is its part before the first aggregate or limit, the *matches*. */
  query: z.string().max(64 * 1024),
  from: z.union([z.string(), z.number()]).default('-24h'),
  to: z.union([z.string(), z.number()]).default('now'),
  filters: z.array(Filter).max(50).default([]),
  timeZone: z.string().default('UTC'),
};

/** POST /api/v1/search/histogram */
export const HistogramRequest = z.strictObject({ ...Asked, buckets: z.number().int().min(1).max(500).default(120) });
export const HistogramResponse = z.object({
  window: Window,
  /** Usual width of a bucket in seconds: one ends where the next begins. */
  seconds: z.number(),
  total: z.number(),
  /** Starts in epoch seconds with their count, in order: all buckets of the window. */
  buckets: z.array(z.tuple([z.number(), z.number()])),
});

/** POST /api/v1/search/field: the most frequent values of a field or made column among the matches. */
export const FieldRequest = z.strictObject({ ...Asked, field: z.string().max(500), limit: z.number().int().min(1).max(100).default(10) });
export const FieldResponse = z.object({
  window: Window,
  /** Matches, and those of them that have the field. */
  total: z.number(),
  present: z.number(),
  distinct: z.number(),
  values: z.array(z.object({ value: z.string(), count: z.number() })),
});

export type HistogramRequest = z.infer<typeof HistogramRequest>;
export type HistogramResponse = z.infer<typeof HistogramResponse>;
export type FieldRequest = z.infer<typeof FieldRequest>;
export type FieldResponse = z.infer<typeof FieldResponse>;
