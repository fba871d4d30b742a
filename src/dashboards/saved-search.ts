/** A saved search: what a person keeps, and what a file in `content/searches/` holds. */
import { z } from 'zod';
import { BoundFilter } from './schema.ts';

/** Relative (`-15m`), `now`, `all`, ISO 8601, or epoch seconds or milliseconds as text. */
const time = z.string().min(1).max(100);

export const SavedSearch = z.strictObject({
  query: z.string().max(64 * 1024),
  from: time.default('-60m'),
  to: time.default('now'),
  /** `utc` or an IANA zone; the viewer's own when absent. */
  timeZone: z.string().max(100).optional(),
  filters: z.array(BoundFilter).max(50).default([]),
  /** How the page showed it, in the words of its address. */
  view: z
    .strictObject({ view: z.string().max(50).optional(), order: z.string().max(50).optional(), cols: z.array(z.string().max(500)).max(200).optional() })
    .optional(),
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
