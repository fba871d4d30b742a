/** A saved search: what a person keeps, and what a file in `content/searches/` holds. */
import { z } from 'zod';

/** A value that a viewer picked: bound as a condition on the field, never pasted into a query. */
export const SavedFilter = z.strictObject({
  field: z.string().min(1).max(500),
  values: z.array(z.string().max(10_000)).min(1).max(200),
  negate: z.boolean().default(false),
});

/** Relative (`-15m`), `now`, `all`, ISO 8601, or epoch seconds or milliseconds as text. */
const time = z.string().min(1).max(100);

export const SavedSearch = z.strictObject({
  query: z.string().max(64 * 1024),
  from: time.default('-60m'),
  to: time.default('now'),
  /** `utc` or an IANA zone; the viewer's own when absent. */
  timeZone: z.string().max(100).optional(),
  filters: z.array(SavedFilter).max(50).default([]),
  /** How the page showed it: its own names and values. */
  view: z.record(z.string().max(50), z.string().max(500)).optional(),
  description: z.string().max(2000).optional(),
});

/** A file in `content/searches/`; its name is the id. */
export const SearchFile = SavedSearch.extend({ name: z.string().min(1).max(200), description: z.string().min(1).max(2000) });

export type SavedSearch = z.infer<typeof SavedSearch>;

/** A search that ships with the product. */
export interface ReadySearch {
  readonly id: string;
  readonly name: string;
  readonly search: SavedSearch;
}
