/**
 * Feeds of threat indicators as people set them up, and what is known of their runs. What they brought is in the
 * store of indicators; secrets are sealed and never part of the settings.
 */
import type { Kysely } from 'kysely';
import { type EntryProblem, FEED_KINDS, type FeedDefaults, type FeedKind, type IndicatorFormat } from '../model/feed.ts';
import { LibraryError } from './library.ts';
import type { Secrets } from './secrets.ts';

/** How it is fetched and read. `auth.secret` and `proxy` are secrets and kept apart. */
export interface FeedSettings {
  readonly url?: string | undefined;
  readonly path?: string | undefined;
  readonly filter?: string | undefined;
  readonly format: IndicatorFormat | 'auto';
  readonly mapping?: Readonly<Record<string, string | undefined>> | undefined;
  readonly everyMinutes: number;
  readonly auth: {
    readonly kind: 'none' | 'basic' | 'bearer' | 'key' | 'header' | 'oauth2';
    readonly user?: string | undefined;
    readonly header?: string | undefined;
  };
  readonly defaults: FeedDefaults;
  readonly maxMib: number;
}

export interface FeedSecrets {
  readonly secret?: string | undefined;
  readonly proxy?: string | undefined;
}

export interface Feed {
  readonly name: string;
  readonly kind: FeedKind;
  readonly settings: FeedSettings;
  readonly enabled: boolean;
  /** Which secrets are kept. */
  readonly has: { readonly secret: boolean; readonly proxy: boolean };
  /** Epoch seconds. */
  readonly created: number;
  readonly updated: number;
  readonly revision: number;
}

export interface FeedCounts {
  readonly added: number;
  readonly changed: number;
  readonly expired: number;
  readonly unchanged: number;
}

/** What is known of a feed's runs; times are epoch seconds. */
export interface FeedState {
  readonly lastTry: number | null;
  readonly lastSuccess: number | null;
  readonly notModified: boolean;
  readonly counts: FeedCounts | null;
  readonly problemCount: number;
  readonly problems: readonly EntryProblem[];
  readonly skipped: readonly { readonly reason: string; readonly count: number }[];
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string } | null;
  /** Tries that failed since the last success. */
  readonly failures: number;
  /** Not before: the other side asked to wait. */
  readonly notBefore: number;
  /** What the next run starts from. */
  readonly cursor: Readonly<Record<string, unknown>>;
}

export const NO_STATE: FeedState = {
  lastTry: null,
  lastSuccess: null,
  notModified: false,
  counts: null,
  problemCount: 0,
  problems: [],
  skipped: [],
  error: null,
  failures: 0,
  notBefore: 0,
  cursor: {},
};

export interface Feeds {
  /** By name. */
  list(): Promise<Feed[]>;
  /** In any letter case. */
  get(name: string): Promise<Feed | undefined>;
  /** Throws LibraryError `name-taken`. */
  create(feed: {
    readonly name: string;
    readonly kind: FeedKind;
    readonly settings: FeedSettings;
    readonly enabled: boolean;
    readonly secrets: FeedSecrets;
  }): Promise<Feed>;
  /** Throws LibraryError `item-missing` or `edited-meanwhile`. */
  update(
    name: string,
    change: { readonly settings?: FeedSettings; readonly enabled?: boolean; readonly secrets?: FeedSecrets; readonly revision?: number },
  ): Promise<Feed>;
  remove(name: string): Promise<void>;
  /** Throws SecretsError. */
  secrets(name: string): Promise<FeedSecrets>;
  state(name: string): Promise<FeedState>;
  /** Keeps the state of a feed that is there. */
  saveState(name: string, state: FeedState): Promise<void>;
}

export interface FeedTables {
  feed: {
    name: string;
    kind: string;
    body: string;
    secrets: Uint8Array | null;
    has_secret: number;
    has_proxy: number;
    enabled: number;
    state: string;
    created: number;
    updated: number;
    revision: number;
  };
}

export const FEEDS_SCHEMA = `CREATE TABLE feed (name TEXT PRIMARY KEY COLLATE NOCASE, kind TEXT NOT NULL, body TEXT NOT NULL, secrets BLOB, has_secret INTEGER NOT NULL,
     has_proxy INTEGER NOT NULL, enabled INTEGER NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;`;

/** The feeds of an open metadata database. `now` gives epoch seconds. */
export function openFeeds<T extends FeedTables>(database: Kysely<T>, secrets: Secrets, now: () => number): Feeds {
  const db = database as unknown as Kysely<FeedTables>;
  const find = (name: string, from: Kysely<FeedTables> = db) => from.selectFrom('feed').selectAll().where('name', '=', name).executeTakeFirst();
  const existing = async (name: string, from?: Kysely<FeedTables>): Promise<FeedTables['feed']> => {
    const row = await find(name, from);
    if (!row) throw new LibraryError('item-missing', `There is no feed “${name}”.`);
    return row;
  };
  const sealed = (name: string, values: FeedSecrets) => ({
    secrets: values.secret || values.proxy ? secrets.seal(JSON.stringify(values), `feed ${name.toLowerCase()}`) : null,
    has_secret: Number(Boolean(values.secret)),
    has_proxy: Number(Boolean(values.proxy)),
  });
  return {
    async list() {
      return (await db.selectFrom('feed').selectAll().orderBy('name').execute()).map(toFeed);
    },
    async get(name) {
      const row = await find(name);
      return row && toFeed(row);
    },
    create: ({ name, kind, settings, enabled, secrets: values }) =>
      db.transaction().execute(async (trx) => {
        if (await find(name, trx)) throw new LibraryError('name-taken', `There is a feed “${name}” already.`);
        const time = now();
        const row = {
          name,
          kind,
          body: JSON.stringify(settings),
          ...sealed(name, values),
          enabled: Number(enabled),
          state: JSON.stringify(NO_STATE),
          created: time,
          updated: time,
          revision: 1,
        };
        await trx.insertInto('feed').values(row).execute();
        return toFeed(row);
      }),
    // What is changed is what was read: another change may come between the two.
    update: (name, { settings, enabled, secrets: values, revision }) =>
      db.transaction().execute(async (trx) => {
        const row = await existing(name, trx);
        if (revision !== undefined && revision !== row.revision)
          throw new LibraryError('edited-meanwhile', `“${row.name}” was changed by somebody else meanwhile. Load it again.`);
        const set = {
          ...(settings ? { body: JSON.stringify(settings) } : {}),
          ...(values ? sealed(row.name, values) : {}),
          enabled: Number(enabled ?? row.enabled === 1),
          updated: now(),
          revision: row.revision + 1,
        };
        await trx.updateTable('feed').set(set).where('name', '=', row.name).execute();
        return toFeed(await existing(row.name, trx));
      }),
    async remove(name) {
      await existing(name);
      await db.deleteFrom('feed').where('name', '=', name).execute();
    },
    async secrets(name) {
      const row = await existing(name);
      return row.secrets ? (JSON.parse(secrets.open(row.secrets, `feed ${row.name.toLowerCase()}`)) as FeedSecrets) : {};
    },
    async state(name) {
      return { ...NO_STATE, ...(JSON.parse((await existing(name)).state) as Partial<FeedState>) };
    },
    async saveState(name, state) {
      await db
        .updateTable('feed')
        .set({ state: JSON.stringify(state) })
        .where('name', '=', name)
        .execute();
    },
  };
}

function toFeed({ kind, body, has_secret, has_proxy, enabled, name, created, updated, revision }: FeedTables['feed']): Feed {
  const known = FEED_KINDS.find((k) => k === kind);
  if (!known) throw new Error(`the metadata database holds a feed of an unknown kind: ${kind}`);
  return {
    name,
    kind: known,
    settings: JSON.parse(body) as FeedSettings,
    enabled: enabled === 1,
    has: { secret: has_secret === 1, proxy: has_proxy === 1 },
    created,
    updated,
    revision,
  };
}
