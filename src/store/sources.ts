/**
 * What collects: collectors (a named group that can be paused as one), their sources with settings, the
 * tokens that senders use, and what a source remembers of where it is. Secrets are sealed; a token is
 * kept as its SHA-256 only and shown once.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { type RecordSettings, SOURCE_KINDS, type SourceKind } from '../model/source.ts';
import { LibraryError, named } from './library.ts';
import type { Secrets } from './secrets.ts';

export interface Collector {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly paused: boolean;
  /** Epoch seconds. */
  readonly created: number;
  readonly updated: number;
}

/** What every source has; `connection` is its kind's own. */
export interface SourceBody {
  readonly sourceCategory: string;
  /** `_sourceName` of its records; empty: what the delivery is called. */
  readonly sourceName: string;
  readonly sourceHost: string;
  readonly records: RecordSettings;
  /** Without secrets. */
  readonly connection: Readonly<Record<string, unknown>>;
}

export interface Source extends SourceBody {
  readonly id: string;
  readonly collector: string;
  readonly kind: SourceKind;
  readonly name: string;
  readonly paused: boolean;
  readonly created: number;
  readonly updated: number;
  readonly revision: number;
}

/** A token as people may see it. */
export interface TokenInfo {
  /** The first characters, to tell one from another. */
  readonly hint: string;
  readonly created: number;
  /** Epoch seconds from which it is refused; null while it is the current one. */
  readonly expires: number | null;
}

export interface SourceChange extends Partial<SourceBody> {
  readonly name?: string;
  readonly collector?: string;
  readonly paused?: boolean;
  /** In place of those that are kept; absent: they stay. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly revision?: number;
}

export interface Sources {
  collectors(): Promise<Collector[]>;
  /** Throws LibraryError, as all that change something. */
  createCollector(collector: { readonly name: string; readonly description: string }): Promise<Collector>;
  updateCollector(id: string, change: { readonly name?: string; readonly description?: string; readonly paused?: boolean }): Promise<Collector>;
  removeCollector(id: string): Promise<void>;
  list(): Promise<Source[]>;
  get(id: string): Promise<Source | undefined>;
  create(
    source: SourceBody & { readonly collector: string; readonly kind: SourceKind; readonly name: string; readonly secrets: Readonly<Record<string, string>> },
  ): Promise<Source>;
  update(id: string, change: SourceChange): Promise<Source>;
  /** How its records are read stays known, for what came of it and is not stored yet. */
  remove(id: string): Promise<void>;
  /** How records of removed sources are read, by their ids. */
  removed(): Promise<Map<string, RecordSettings>>;
  /** When nothing of these is left to store. */
  forgetRemoved(ids: readonly string[]): Promise<void>;
  /** Throws SecretsError. */
  secrets(id: string): Promise<Record<string, string>>;
  /** A new token; the ones before are refused `graceSeconds` later. */
  issueToken(source: string, graceSeconds: number): Promise<string>;
  tokens(source: string): Promise<TokenInfo[]>;
  /** Id of the source whose token it is; undefined when it is none, or none any more. */
  sourceOf(token: string): Promise<string | undefined>;
  checkpoint(source: string, key: string): Promise<string | undefined>;
  saveCheckpoint(source: string, key: string, value: string | null): Promise<void>;
  checkpoints(source: string, prefix: string): Promise<Map<string, string>>;
}

export interface SourceTables {
  collector: { id: string; name: string; description: string; paused: number; created: number; updated: number };
  source: {
    id: string;
    collector: string;
    kind: string;
    name: string;
    body: string;
    secrets: Uint8Array;
    paused: number;
    created: number;
    updated: number;
    revision: number;
  };
  removed_source: { id: string; records: string };
  source_token: { hash: string; source: string; hint: string; created: number; expires: number | null };
  checkpoint: { source: string; key: string; value: string };
}

export const SOURCES_SCHEMA = `CREATE TABLE collector (id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, description TEXT NOT NULL, paused INTEGER NOT NULL,
     created INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE source (id TEXT PRIMARY KEY, collector TEXT NOT NULL REFERENCES collector (id), kind TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
     body TEXT NOT NULL, secrets BLOB NOT NULL, paused INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, revision INTEGER NOT NULL,
     UNIQUE (collector, name)) WITHOUT ROWID;
   CREATE TABLE source_token (hash TEXT PRIMARY KEY, source TEXT NOT NULL, hint TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER) WITHOUT ROWID;
   CREATE TABLE checkpoint (source TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (source, key)) WITHOUT ROWID;`;

export const REMOVED_SOURCES_SCHEMA = 'CREATE TABLE removed_source (id TEXT PRIMARY KEY, records TEXT NOT NULL) WITHOUT ROWID;';

/** Characters of a token that are shown ever after. */
const HINT = 6;

/** The sources of an open metadata database. `now` gives epoch seconds. */
export function openSources<T extends SourceTables>(database: Kysely<T>, secrets: Secrets, now: () => number): Sources {
  const db = database as unknown as Kysely<SourceTables>;
  const existing = async (id: string, from: Kysely<SourceTables> = db): Promise<SourceTables['source']> => {
    const row = await from.selectFrom('source').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new LibraryError('item-missing', `There is no source with the id ${id}.`);
    return row;
  };
  const collector = async (id: string, from: Kysely<SourceTables> = db): Promise<Collector> => {
    const row = await from.selectFrom('collector').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new LibraryError('item-missing', `There is no collector with the id ${id}.`);
    return { ...row, paused: row.paused === 1 };
  };
  const seal = (id: string, values: Readonly<Record<string, string>>) => secrets.seal(JSON.stringify(values), `source ${id}`);

  return {
    async collectors() {
      const rows = await db.selectFrom('collector').selectAll().orderBy('name').execute();
      return rows.map((row) => ({ ...row, paused: row.paused === 1 }));
    },
    async createCollector({ name, description }) {
      const row = { id: randomUUID(), name, description, paused: 0, created: now(), updated: now() };
      await named(name, () => db.insertInto('collector').values(row).execute());
      return { ...row, paused: false };
    },
    // What is changed is what was read: another change may come between the two.
    updateCollector: (id, change) =>
      db.transaction().execute(async (trx) => {
        const old = await collector(id, trx);
        const set = {
          name: change.name ?? old.name,
          description: change.description ?? old.description,
          paused: Number(change.paused ?? old.paused),
          updated: now(),
        };
        await named(set.name, () => trx.updateTable('collector').set(set).where('id', '=', id).execute());
        return collector(id, trx);
      }),
    async removeCollector(id) {
      const { name } = await collector(id);
      const source = await db.selectFrom('source').select('name').where('collector', '=', id).limit(1).executeTakeFirst();
      if (source) throw new LibraryError('folder-not-empty', `The collector “${name}” still has the source “${source.name}”.`);
      await db.deleteFrom('collector').where('id', '=', id).execute();
    },
    async list() {
      return (await db.selectFrom('source').selectAll().orderBy('name').execute()).map(toSource);
    },
    async get(id) {
      const row = await db.selectFrom('source').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toSource(row);
    },
    async create({ collector: owner, kind, name, secrets: values, ...body }) {
      await collector(owner);
      const id = randomUUID();
      const row = {
        id,
        collector: owner,
        kind,
        name,
        body: JSON.stringify(body satisfies SourceBody),
        secrets: seal(id, values),
        paused: 0,
        created: now(),
        updated: now(),
        revision: 1,
      };
      await named(name, () => db.insertInto('source').values(row).execute());
      return toSource(row);
    },
    update: (id, { name, collector: owner, paused, secrets: values, revision, ...body }) =>
      db.transaction().execute(async (trx) => {
        const row = await existing(id, trx);
        if (revision !== undefined && revision !== row.revision)
          throw new LibraryError('edited-meanwhile', `“${row.name}” was changed by somebody else meanwhile. Load it again.`);
        if (owner !== undefined) await collector(owner, trx);
        const set = {
          name: name ?? row.name,
          collector: owner ?? row.collector,
          paused: paused === undefined ? row.paused : Number(paused),
          body: JSON.stringify({ ...(JSON.parse(row.body) as SourceBody), ...body }),
          ...(values ? { secrets: seal(id, values) } : {}),
          updated: now(),
          revision: row.revision + 1,
        };
        await named(set.name, () => trx.updateTable('source').set(set).where('id', '=', id).execute());
        return toSource(await existing(id, trx));
      }),
    remove: (id) =>
      db.transaction().execute(async (trx) => {
        const { records } = toSource(await existing(id, trx));
        await trx
          .insertInto('removed_source')
          .values({ id, records: JSON.stringify(records) })
          .execute();
        await trx.deleteFrom('source').where('id', '=', id).execute();
        await trx.deleteFrom('source_token').where('source', '=', id).execute();
        await trx.deleteFrom('checkpoint').where('source', '=', id).execute();
      }),
    async removed() {
      const rows = await db.selectFrom('removed_source').selectAll().execute();
      return new Map(rows.map(({ id, records }) => [id, JSON.parse(records) as RecordSettings]));
    },
    async forgetRemoved(ids) {
      for (const id of ids) await db.deleteFrom('removed_source').where('id', '=', id).execute();
    },
    async secrets(id) {
      return JSON.parse(secrets.open((await existing(id)).secrets, `source ${id}`)) as Record<string, string>;
    },
    issueToken: (source, graceSeconds) =>
      db.transaction().execute(async (trx) => {
        await existing(source, trx);
        const token = randomBytes(32).toString('base64url');
        const time = now();
        await trx.deleteFrom('source_token').where('source', '=', source).where('expires', '<=', time).execute();
        await trx
          .updateTable('source_token')
          .set({ expires: time + graceSeconds })
          .where('source', '=', source)
          .where('expires', 'is', null)
          .execute();
        await trx
          .insertInto('source_token')
          .values({ hash: digest(token), source, hint: token.slice(0, HINT), created: time, expires: null })
          .execute();
        return token;
      }),
    async tokens(source) {
      const rows = await db.selectFrom('source_token').select(['hint', 'created', 'expires']).where('source', '=', source).orderBy('created', 'desc').execute();
      return rows.filter((row) => row.expires === null || row.expires > now());
    },
    async sourceOf(token) {
      const row = await db.selectFrom('source_token').select(['source', 'expires']).where('hash', '=', digest(token)).executeTakeFirst();
      return row && (row.expires === null || row.expires > now()) ? row.source : undefined;
    },
    async checkpoint(source, key) {
      return (await db.selectFrom('checkpoint').select('value').where('source', '=', source).where('key', '=', key).executeTakeFirst())?.value;
    },
    async saveCheckpoint(source, key, value) {
      if (value === null) await db.deleteFrom('checkpoint').where('source', '=', source).where('key', '=', key).execute();
      else
        await db
          .insertInto('checkpoint')
          .values({ source, key, value })
          .onConflict((c) => c.columns(['source', 'key']).doUpdateSet({ value }))
          .execute();
    },
    async checkpoints(source, prefix) {
      const rows = await db
        .selectFrom('checkpoint')
        .select(['key', 'value'])
        .where('source', '=', source)
        .where('key', '>=', prefix)
        .where('key', '<', `${prefix}\u{10ffff}`)
        .orderBy('key')
        .execute();
      return new Map(rows.map((row) => [row.key, row.value]));
    },
  };
}

function toSource({ secrets: _, body, paused, kind, ...row }: SourceTables['source']): Source {
  const known = SOURCE_KINDS.find((k) => k === kind);
  if (!known) throw new Error(`the metadata database holds a source of an unknown kind: ${kind}`);
  return { ...row, ...(JSON.parse(body) as SourceBody), kind: known, paused: paused === 1 };
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
