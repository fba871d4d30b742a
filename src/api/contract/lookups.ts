/** Shapes of lookup tables. */
import { z } from 'zod';

export const LookupTable = z.object({
  name: z.string(),
  columns: z.array(z.string()),
  rows: z.number(),
  /** Of the text of all cells. */
  bytes: z.number(),
  /** Epoch seconds. */
  created: z.number(),
  updated: z.number(),
});

/** GET /api/v1/lookups */
export const LookupList = z.object({
  lookups: z.array(LookupTable),
  /** What one table may have, and how many there may be. */
  limits: z.object({ bytes: z.number(), columns: z.number(), cells: z.number(), tables: z.number() }),
});

/** GET /api/v1/lookups/:name */
export const LookupShown = LookupTable.extend({
  /** The first 100 rows. */
  head: z.array(z.array(z.string())),
});

export type LookupTable = z.infer<typeof LookupTable>;
export type LookupList = z.infer<typeof LookupList>;
export type LookupShown = z.infer<typeof LookupShown>;
