/** Shapes of the library: folders and saved searches. */
import { z } from 'zod';
import { SavedSearch } from '../../dashboards/saved-search.ts';
import { Name } from './name.ts';

const folder = z.string().max(100).nullable();

const kept = {
  id: z.string(),
  /** Id of a folder; null at the top. */
  folder,
  name: z.string(),
  /** Epoch seconds; 0 for what ships with the product. */
  created: z.number(),
  updated: z.number(),
  /** Send it back with a change: an edit of an older revision is refused. */
  revision: z.number(),
  /** Ships with the product: can be opened and copied. */
  readOnly: z.boolean(),
};

export const LibraryItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), ...kept }),
  z.object({ kind: z.literal('search'), ...kept, search: SavedSearch }),
]);

/** GET /api/v1/library */
export const LibraryRequest = z.object({ kind: z.enum(['folder', 'search']).optional() });
/** By name; folders first. */
export const LibraryList = z.object({ items: z.array(LibraryItem) });

/** POST /api/v1/library */
export const LibraryNew = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), name: Name, folder: folder.default(null) }),
  z.strictObject({ kind: z.literal('search'), name: Name, folder: folder.default(null), search: SavedSearch }),
]);

/** PUT /api/v1/library/:id: changes what is given. */
export const LibraryChange = z.strictObject({
  name: Name.optional(),
  folder: folder.optional(),
  search: SavedSearch.optional(),
  revision: z.number().int().optional(),
});

export type LibraryItem = z.infer<typeof LibraryItem>;
export type LibraryList = z.infer<typeof LibraryList>;
export type LibraryNew = z.infer<typeof LibraryNew>;
export type LibraryChange = z.infer<typeof LibraryChange>;
