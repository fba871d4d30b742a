/** Shapes of query jobs: queries that run behind, whose rows are fetched by page. */
import { z } from 'zod';
import { ApiError, Filter, OutputColumn } from '../contract.ts';

/** POST /api/v1/jobs; answers 202 with a JobResponse. */
export const JobRequest = z.strictObject({
  query: z.string().max(64 * 1024),
  from: z.union([z.string(), z.number()]).default('-24h'),
  to: z.union([z.string(), z.number()]).default('now'),
  filters: z.array(Filter).max(50).default([]),
  timeZone: z.string().default('UTC'),
});

export const JobResponse = z.object({
  id: z.string(),
  query: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  /** Of the records to be read, 0 to 1, as the engine guesses it; 1 when done. */
  fraction: z.number(),
  /** Records read, as last seen while it ran. */
  rowsRead: z.number(),
  /** Rows that can be fetched already. */
  rows: z.number(),
  /** Bytes of its rows on the server's disk. */
  bytes: z.number(),
  /** Seconds that it has run. */
  seconds: z.number(),
  /** null until they are known. */
  columns: z.array(OutputColumn).nullable(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  error: ApiError.shape.error.nullable(),
  /** Epoch milliseconds: when it was asked for, and when it goes; null while it waits or runs. */
  created: z.number(),
  expires: z.number().nullable(),
});

/** GET /api/v1/jobs, newest first. */
export const JobList = z.object({ jobs: z.array(JobResponse) });

/** GET /api/v1/jobs/:id/rows */
export const JobRowsRequest = z.object({
  offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
});
export const JobRowsResponse = z.object({
  columns: z.array(OutputColumn),
  /** Fewer than were asked for where more would take over 8 MiB: the next page begins behind the last of them. */
  rows: z.array(z.array(z.unknown())),
  /** Rows that can be fetched now; more may follow until the state says that it ended. */
  available: z.number(),
  state: JobResponse.shape.state,
});

export type JobRequest = z.infer<typeof JobRequest>;
export type JobResponse = z.infer<typeof JobResponse>;
export type JobRowsRequest = z.infer<typeof JobRowsRequest>;
export type JobRowsResponse = z.infer<typeof JobRowsResponse>;
