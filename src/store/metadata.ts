/**
 * The metadata database (SQLite, WAL): what must be decided before the engine is asked. It holds the
 * ledger of deliveries, which outlives the data's retention, and the manifests of batches that are
 * being inserted.
 *
 * A batch is inserted exactly once because its manifest is committed first and names the blocks and
 * their tokens: after a crash the same blocks go in again under the same tokens.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type Generated, Kysely, SqliteDialect, sql } from 'kysely';
import { addCounts, type Counts, NO_COUNTS } from '../model/counts.ts';
import type { Dataset } from '../model/log-formats.ts';
import { FEEDS_SCHEMA, type Feeds, type FeedTables, openFeeds } from './feeds.ts';
import { type ItemRow, type Library, openLibrary } from './library.ts';
import type { Delivery, Manifest } from './manifest.ts';
import { openProofs, PROOFS_SCHEMA, type Proofs, type ProofTables } from './proofs.ts';
import { MESSAGES_SCHEMA, REMEMBERED_SCHEMA, Remembered } from './remembered.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { readSetting, type SettingTables, saveSetting } from './settings.ts';
import { openSources, REMOVED_SOURCES_SCHEMA, SOURCES_SCHEMA, type Sources, type SourceTables } from './sources.ts';
import { StoredFacts } from './stored-facts.ts';

interface Tables extends SourceTables, FeedTables, ProofTables, SettingTables {
  delivery: {
    id: string;
    name: string;
    size: number;
    head: string;
    done: number;
    done_to: number;
    layout: string;
    counts: string;
    first_seen: number;
    /** In the ledger's own time (remembered.ts). */
    finished: number | null;
  };
  manifest: { batch: string; body: string; created: number; sequence: Generated<number> };
  registry: { name: string; text: string; id: number };
  item: ItemRow;
  repeated: { source: string; bucket: number; deliveries: number; records: number };
}

const SCHEMA = [
  `CREATE TABLE delivery (id TEXT PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL, head TEXT NOT NULL, done INTEGER NOT NULL, done_to INTEGER NOT NULL,
     layout TEXT NOT NULL, counts TEXT NOT NULL, first_seen INTEGER NOT NULL, finished INTEGER) WITHOUT ROWID;
   CREATE INDEX delivery_head ON delivery (head);
   CREATE TABLE manifest (sequence INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL UNIQUE, body TEXT NOT NULL, created INTEGER NOT NULL);
   CREATE TABLE registry (name TEXT NOT NULL, text TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (name, text)) WITHOUT ROWID;
   CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE item (id TEXT PRIMARY KEY, kind TEXT NOT NULL, folder TEXT REFERENCES item (id), name TEXT NOT NULL, body TEXT NOT NULL,
     created INTEGER NOT NULL, updated INTEGER NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
   CREATE UNIQUE INDEX item_name ON item (kind, ifnull(folder, ''), name COLLATE NOCASE);
   CREATE INDEX item_folder ON item (folder);`,
  SOURCES_SCHEMA,
  `CREATE TABLE repeated (source TEXT NOT NULL, bucket INTEGER NOT NULL, deliveries INTEGER NOT NULL, records INTEGER NOT NULL,
     PRIMARY KEY (source, bucket)) WITHOUT ROWID;`,
  FEEDS_SCHEMA,
  PROOFS_SCHEMA,
  REMEMBERED_SCHEMA,
  // What is pushed has no head: of millions of rows, the few of files are in the index.
  `${MESSAGES_SCHEMA}
   DROP INDEX delivery_head;
   CREATE INDEX delivery_head ON delivery (head) WHERE head != '';`,
  REMOVED_SOURCES_SCHEMA,
];

/** Seconds of a bucket of `repeated`, and how long one is kept. */
const REPEATED_BUCKET = 300;
const REPEATED_KEPT = 400 * 86_400;

export type { Delivery, DeliveryRange, Manifest, StagedBlock } from './manifest.ts';
export type { StoredProof } from './proofs.ts';
export { FIREHOSE_PREFIX, IDENTITY_DAYS, KEY_PREFIX, MESSAGE_DAYS } from './remembered.ts';

export interface Metadata {
  /** What people made. */
  readonly library: Library;
  /** What collects. */
  readonly sources: Sources;
  /** Feeds of threat indicators. */
  readonly feeds: Feeds;
  /** What CloudTrail's digests have proven. */
  readonly proofs: Proofs;
  /** What the ledger knows of a delivery, by the id that it was opened with. */
  delivery(id: string): Promise<Delivery | undefined>;
  /** Registers a delivery that is about to be read; an unfinished one keeps its progress. `again` forgets that it was done. */
  open(delivery: { id: string; name: string; size: number; head: string }, again?: boolean): Promise<Delivery>;
  /** Names of deliveries whose first bytes are the same, which are no empty text: a file that has grown since. */
  sameHead(head: string, exceptId: string): Promise<string[]>;
  /** Commits a manifest before its first insert. */
  commit(manifest: Manifest): Promise<void>;
  /** Puts a manifest in the place of the open one of its batch. */
  amend(manifest: Manifest): Promise<void>;
  /** Marks a batch done and adds its counts to its deliveries, in one transaction. */
  finish(manifest: Manifest): Promise<void>;
  /** Forgets an open manifest of which nothing was stored: its deliveries are where they were before. */
  drop(batch: string): Promise<void>;
  /** Manifests that a crash left open, oldest first. */
  openManifests(): Promise<Manifest[]>;
  /** OR of the absent masks of all flows. */
  absentMask(): bigint;
  /** AND of the absent masks of all flows: fields that no record has ever given. */
  missingMask(): bigint;
  /** Whether all flows are in the default layout and their texts their values joined by spaces. */
  defaultOnly(): boolean;
  /** Main datasets that records were ever stored in. */
  present(): readonly Dataset[];
  /** Forgets finished deliveries whose ids begin so: what only a spool could bring again, when the spool has let go of it. */
  forget(prefix: string): Promise<void>;
  /** Forgets all deliveries whose ids are the prefix, a name that is none of these, and `:` with more behind it: what nothing can bring again. */
  forgetExcept(prefix: string, names: readonly string[]): Promise<void>;
  /** Forgets identities that senders gave, after IDENTITY_DAYS, and messages after MESSAGE_DAYS. */
  forgetOld(): Promise<void>;
  /** Counts a delivery that was stored already when it came; `source` is empty for what somebody named. */
  repeated(source: string, records: number): Promise<void>;
  /** Forgets those of 400 days before an instant, epoch seconds (retention-clock.ts). */
  forgetRepeated(now: number): Promise<void>;
  /** When the newest delivery came, epoch seconds; undefined where there is none. Reads the whole ledger. */
  newestDelivery(): Promise<number | undefined>;
  /** Such deliveries of a window [from, to) in epoch seconds, by source. */
  repeats(from: number, to: number): Promise<Map<string, { deliveries: number; records: number }>>;
  /** All texts of a registry, by id from 1. */
  registry(name: string): Promise<Map<string, number>>;
  /** Gives new texts of a registry their ids; in one transaction. */
  register(name: string, entries: readonly { readonly text: string; readonly id: number }[]): Promise<void>;
  /** A value that outlives the process; undefined where none was saved. */
  setting(name: string): Promise<string | undefined>;
  saveSetting(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

const steadySeconds = () => performance.now() / 1000;

/**
 * Opens (and migrates) the database file. `now` gives epoch seconds, `steady` seconds of a clock that nobody sets; `secretKey` seals
 * secrets in place of the key beside the file.
 */
export async function openMetadata(path: string, now: () => number, secretKey?: string, steady = steadySeconds): Promise<Metadata> {
  mkdirSync(dirname(path), { recursive: true });
  const file = new Database(path);
  file.pragma('journal_mode = WAL');
  file.pragma('synchronous = NORMAL');
  file.pragma('busy_timeout = 5000');
  for (let version = file.pragma('user_version', { simple: true }) as number; version < SCHEMA.length; version++) {
    file.transaction(() => {
      file.exec(SCHEMA[version] as string);
      file.pragma(`user_version = ${version + 1}`);
    })();
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) });
  return new SqliteMetadata(db, now, await openSecrets(dirname(path), secretKey), await StoredFacts.load(db), await Remembered.load(db, steady));
}

class SqliteMetadata implements Metadata {
  readonly #db: Kysely<Tables>;
  readonly #now: () => number;
  readonly #facts: StoredFacts;
  readonly #remembered: Remembered;
  readonly library: Library;
  readonly sources: Sources;
  readonly feeds: Feeds;
  readonly proofs: Proofs;

  constructor(db: Kysely<Tables>, now: () => number, secrets: Secrets, facts: StoredFacts, remembered: Remembered) {
    this.#db = db;
    this.#now = now;
    this.#facts = facts;
    this.#remembered = remembered;
    this.library = openLibrary(db, now);
    this.sources = openSources(db, secrets, now);
    this.feeds = openFeeds(db, secrets, now);
    this.proofs = openProofs(db, now);
  }

  async delivery(id: string): Promise<Delivery | undefined> {
    const row = await this.#db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toDelivery(row);
  }

  async open(delivery: { id: string; name: string; size: number; head: string }, again = false): Promise<Delivery> {
    const fresh = { done: 0, done_to: 0, layout: '', counts: JSON.stringify(NO_COUNTS), finished: null };
    return this.#db
      .insertInto('delivery')
      .values({ ...delivery, ...fresh, first_seen: this.#now() })
      .onConflict((c) => c.column('id').doUpdateSet(again ? fresh : { name: delivery.name }))
      .returningAll()
      .executeTakeFirstOrThrow()
      .then(toDelivery);
  }

  async sameHead(head: string, exceptId: string): Promise<string[]> {
    // In the words of the index, which would not serve it otherwise.
    const { rows } = await sql<{ name: string }>`SELECT name FROM delivery WHERE head != '' AND head = ${head} AND id != ${exceptId} LIMIT 5`.execute(this.#db);
    return rows.map((row) => row.name);
  }

  async commit(manifest: Manifest): Promise<void> {
    this.#facts.add(manifest);
    await this.#db.transaction().execute(async (db) => {
      await db
        .insertInto('manifest')
        .values({ batch: manifest.batch, body: JSON.stringify(manifest), created: this.#now() })
        .execute();
      // Before the rows are visible: a query that trusts the mask must not meet a null it rules out.
      await this.#facts.save(db);
    });
  }

  async amend(manifest: Manifest): Promise<void> {
    await this.#db
      .updateTable('manifest')
      .set({ body: JSON.stringify(manifest) })
      .where('batch', '=', manifest.batch)
      .execute();
  }

  async finish(manifest: Manifest): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      const read = readOf(manifest);
      const { rows } = await sql<{ id: string; counts: string }>`SELECT id, counts FROM delivery
        WHERE id IN (SELECT value FROM json_each(${JSON.stringify([...read.keys()])}))`.execute(db);
      const progress = rows.flatMap(({ id, counts }) => {
        const one = read.get(id);
        return one ? [[id, JSON.stringify(addCounts(JSON.parse(counts) as Counts, one.counts)), one.to, one.layout, Number(one.last)]] : [];
      });
      // For all in one statement: a batch may be of thousands of deliveries.
      await sql`UPDATE delivery SET counts = p.counts, done_to = p.done_to, layout = p.layout,
          done = iif(p.last, 1, delivery.done), finished = iif(p.last, ${this.#remembered.now()}, delivery.finished)
        FROM (SELECT value ->> 0 AS id, value ->> 1 AS counts, value ->> 2 AS done_to, value ->> 3 AS layout, value ->> 4 AS last
          FROM json_each(${JSON.stringify(progress)})) AS p WHERE delivery.id = p.id`.execute(db);
      await db.deleteFrom('manifest').where('batch', '=', manifest.batch).execute();
    });
  }

  async drop(batch: string): Promise<void> {
    await this.#db.deleteFrom('manifest').where('batch', '=', batch).execute();
  }

  async openManifests(): Promise<Manifest[]> {
    const rows = await this.#db.selectFrom('manifest').select('body').orderBy('sequence').execute();
    return rows.map((row) => JSON.parse(row.body) as Manifest);
  }

  absentMask(): bigint {
    return this.#facts.absent;
  }

  missingMask(): bigint {
    return this.#facts.missing;
  }

  defaultOnly(): boolean {
    return this.#facts.defaultOnly;
  }

  present(): readonly Dataset[] {
    return this.#facts.present();
  }

  async forget(prefix: string): Promise<void> {
    await this.#db.deleteFrom('delivery').where('id', '>=', prefix).where('id', '<', `${prefix}\u{10ffff}`).where('done', '=', 1).execute();
  }

  async forgetExcept(prefix: string, names: readonly string[]): Promise<void> {
    const rest = sql`substr(id, ${prefix.length + 1})`;
    const name = sql`substr(${rest}, 1, instr(${rest}, ':') - 1)`;
    await sql`DELETE FROM delivery WHERE id >= ${prefix} AND id < ${`${prefix}\u{10ffff}`} AND ${name} NOT IN (SELECT value FROM json_each(${JSON.stringify(names)}))`.execute(
      this.#db,
    );
  }

  forgetOld(): Promise<void> {
    return this.#remembered.forgetOld();
  }

  async repeated(source: string, records: number): Promise<void> {
    const bucket = Math.floor(this.#now() / REPEATED_BUCKET) * REPEATED_BUCKET;
    await this.#db
      .insertInto('repeated')
      .values({ source, bucket, deliveries: 1, records })
      .onConflict((c) =>
        c.columns(['source', 'bucket']).doUpdateSet({ deliveries: sql`repeated.deliveries + 1`, records: sql`repeated.records + excluded.records` }),
      )
      .execute();
  }

  async forgetRepeated(now: number): Promise<void> {
    await this.#db
      .deleteFrom('repeated')
      .where('bucket', '<', now - REPEATED_KEPT)
      .execute();
  }

  async newestDelivery(): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('delivery')
      .select((b) => b.fn.max('first_seen').as('newest'))
      .executeTakeFirst();
    return row?.newest ?? undefined;
  }

  async repeats(from: number, to: number): Promise<Map<string, { deliveries: number; records: number }>> {
    const rows = await this.#db
      .selectFrom('repeated')
      .select((b) => ['source', b.fn.sum<number>('deliveries').as('deliveries'), b.fn.sum<number>('records').as('records')])
      .where('bucket', '>=', Math.floor(from / REPEATED_BUCKET) * REPEATED_BUCKET)
      .where('bucket', '<', to)
      .groupBy('source')
      .execute();
    return new Map(rows.map(({ source, deliveries, records }) => [source, { deliveries, records }]));
  }

  async registry(name: string): Promise<Map<string, number>> {
    const rows = await this.#db.selectFrom('registry').select(['text', 'id']).where('name', '=', name).orderBy('id').execute();
    return new Map(rows.map((row) => [row.text, row.id]));
  }

  async register(name: string, entries: readonly { readonly text: string; readonly id: number }[]): Promise<void> {
    await this.#db.transaction().execute(async (db) => {
      for (const { text, id } of entries) await db.insertInto('registry').values({ name, text, id }).execute();
    });
  }

  async setting(name: string): Promise<string | undefined> {
    return readSetting(this.#db, name);
  }

  async saveSetting(name: string, value: string): Promise<void> {
    await saveSetting(this.#db, name, value);
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}

/** What a manifest has of each of its deliveries: ranges of one may be far apart, where others are between them. */
function readOf({ ranges }: Manifest): Map<string, { to: number; layout: string; last: boolean; counts: Counts }> {
  const all = new Map<string, { to: number; layout: string; last: boolean; counts: Counts }>();
  for (const { delivery, to, layout, last, counts } of ranges) {
    // As the database has it, whatever a sender calls a delivery.
    const id = delivery.toWellFormed();
    const one = all.get(id) ?? { to, layout, last: false, counts: { ...NO_COUNTS } };
    addCounts(one.counts, counts);
    one.last ||= last;
    if (to >= one.to) [one.to, one.layout] = [to, layout];
    all.set(id, one);
  }
  return all;
}

function toDelivery(row: Tables['delivery']): Delivery {
  return {
    id: row.id,
    name: row.name,
    size: row.size,
    done: row.done === 1,
    doneTo: row.done_to,
    layout: row.layout,
    counts: JSON.parse(row.counts) as Counts,
  };
}
