/**
 * What people made: folders, saved searches, dashboards, extraction rules, lookup tables, scopes of apps, administrators. Each is an item
 * with a kind, a name that is unique in its folder, and a body that its own module defines and checks.
 * Owners and sharing come with people and roles; until then everything belongs to the whole installation.
 */
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';

export const ITEM_KINDS = ['folder', 'search', 'dashboard', 'rule', 'lookup', 'scope', 'administrator'] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

export interface Item {
  readonly id: string;
  readonly kind: ItemKind;
  /** Id of a folder; null at the top. */
  readonly folder: string | null;
  readonly name: string;
  readonly body: unknown;
  /** Epoch seconds. */
  readonly created: number;
  readonly updated: number;
  /** Counts changes: an edit of an older revision is refused. */
  readonly revision: number;
}

export interface ItemRow {
  id: string;
  kind: string;
  folder: string | null;
  name: string;
  body: string;
  created: number;
  updated: number;
  revision: number;
}

export type LibraryErrorCode = 'item-missing' | 'name-taken' | 'folder-missing' | 'folder-not-empty' | 'folder-circle' | 'edited-meanwhile';

/** What a person asked of the library and cannot have. */
export class LibraryError extends Error {
  readonly code: LibraryErrorCode;
  constructor(code: LibraryErrorCode, message: string) {
    super(message);
    this.name = 'LibraryError';
    this.code = code;
  }
}

export interface Library {
  /** By name; bodies included. */
  list(kind?: ItemKind): Promise<Item[]>;
  get(id: string): Promise<Item | undefined>;
  /** Throws LibraryError. */
  create(item: {
    readonly kind: ItemKind;
    readonly folder?: string | null;
    readonly name: string;
    readonly body: unknown;
    readonly id?: string;
  }): Promise<Item>;
  /** Changes what is given; `revision` is that of the item which the person saw. Throws LibraryError. */
  update(id: string, change: { readonly folder?: string | null; readonly name?: string; readonly body?: unknown; readonly revision?: number }): Promise<Item>;
  /** Throws LibraryError when it is a folder with something in it. */
  remove(id: string): Promise<void>;
}

interface Tables {
  item: ItemRow;
}

/** The library of an open metadata database. `now` gives epoch seconds. */
export function openLibrary<T extends Tables>(database: Kysely<T>, now: () => number): Library {
  const db = database as unknown as Kysely<Tables>;
  const get = async (id: string, from: Kysely<Tables> = db): Promise<Item | undefined> => {
    const row = await from.selectFrom('item').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toItem(row);
  };
  const existing = async (id: string, from: Kysely<Tables>): Promise<Item> => {
    const item = await get(id, from);
    if (!item) throw new LibraryError('item-missing', `There is nothing with the id ${id}.`);
    return item;
  };

  /** The folder exists and does not lie in `moved` itself. */
  const checkFolder = async (folder: string | null, from: Kysely<Tables>, moved?: string): Promise<void> => {
    for (let at = folder; at !== null; ) {
      if (at === moved) throw new LibraryError('folder-circle', 'A folder cannot be moved into itself.');
      const parent: Item | undefined = await get(at, from);
      if (parent?.kind !== 'folder') throw new LibraryError('folder-missing', `There is no folder with the id ${at}.`);
      at = parent.folder;
    }
  };

  return {
    async list(kind) {
      const all = db.selectFrom('item').selectAll().orderBy('name');
      return (await (kind ? all.where('kind', '=', kind) : all).execute()).map(toItem);
    },
    get: (id) => get(id),
    create: (item) =>
      db.transaction().execute(async (trx) => {
        const folder = item.folder ?? null;
        await checkFolder(folder, trx);
        const time = now();
        const row: ItemRow = {
          id: item.id ?? randomUUID(),
          kind: item.kind,
          folder,
          name: item.name,
          body: JSON.stringify(item.body),
          created: time,
          updated: time,
          revision: 1,
        };
        await named(item.name, () => trx.insertInto('item').values(row).execute());
        return toItem(row);
      }),
    update: (id, change) =>
      db.transaction().execute(async (trx) => {
        const old = await existing(id, trx);
        if (change.revision !== undefined && change.revision !== old.revision)
          throw new LibraryError('edited-meanwhile', `“${old.name}” was changed by somebody else meanwhile. Load it again.`);
        if (change.folder !== undefined) await checkFolder(change.folder, trx, old.kind === 'folder' ? id : undefined);
        const set = {
          folder: change.folder === undefined ? old.folder : change.folder,
          name: change.name ?? old.name,
          body: JSON.stringify(change.body === undefined ? old.body : change.body),
          updated: now(),
          revision: old.revision + 1,
        };
        await named(set.name, () => trx.updateTable('item').set(set).where('id', '=', id).execute());
        return existing(id, trx);
      }),
    remove: (id) =>
      db.transaction().execute(async (trx) => {
        const item = await existing(id, trx);
        const inside = await trx.selectFrom('item').select('name').where('folder', '=', id).limit(1).executeTakeFirst();
        if (inside) throw new LibraryError('folder-not-empty', `The folder “${item.name}” is not empty: it has “${inside.name}”.`);
        await trx.deleteFrom('item').where('id', '=', id).execute();
      }),
  };
}

/** Writes something with a name that is unique where it is; throws LibraryError `name-taken`. */
export async function named(name: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_CONSTRAINT')) throw new LibraryError('name-taken', `There is already one called “${name}” here.`);
    throw error;
  }
}

function toItem(row: ItemRow): Item {
  return { ...row, kind: row.kind as ItemKind, body: JSON.parse(row.body) as unknown };
}
