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
import { CLOUDTRAIL, type Dataset, VPC_FLOW } from '../model/log-formats.ts';
import { FEEDS_SCHEMA, type Feeds, type FeedTables, openFeeds } from './feeds.ts';
import { type ItemRow, type Library, openLibrary } from './library.ts';
import { openProofs, PROOFS_SCHEMA, type Proofs, type ProofTables } from './proofs.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { openSources, SOURCES_SCHEMA, type Sources, type SourceTables } from './sources.ts';
import type { NativeBlockFile, NativeInsert } from './store.ts';

/** A part of a delivery that a batch holds. Offsets are of the decompressed bytes; [from, to). */
export interface DeliveryRange {
  readonly delivery: string;
  readonly from: number;
  readonly to: number;
  /** Layout in force at `to`; where a later batch goes on. */
  readonly layout: string;
  /** The delivery ends with this range. */
  readonly last: boolean;
  readonly counts: Readonly<Counts>;
  /** Records by format; absent in manifests of earlier releases, which knew one. */
  readonly formats?: Readonly<Record<string, number>>;
}

/**
 * One block of a batch, as it is inserted. What rules make of it is said as it was when the batch was staged: what a crash
 * left is stored by the same rules, whatever they are by then.
 */
export interface StagedBlock extends NativeInsert {
  readonly rows: number;
  readonly bytes: number;
  /** Layouts of its records, where they are few. */
  readonly layouts?: readonly string[];
  /** Rows up to which each of the manifest's ranges goes, where the rows are in their order. */
  readonly ends?: readonly number[];
  /** A block of its own with the ids and times of events, and where they are counted: looking for copies reads it, and not the whole. */
  readonly ids?: NativeBlockFile;
  /** Of a part of the counter's block: which of its rows these are. */
  readonly counterRows?: readonly number[];
}

export interface Manifest {
  readonly batch: string;
  readonly ranges: readonly DeliveryRange[];
  /** In insert order: quarantine, then rows. */
  readonly blocks: readonly StagedBlock[];
  /** OR of the `absent` masks of the rows for `vpc_flow`, as decimal text. */
  readonly absentMask: string;
  /** AND of the same; absent in manifests of earlier releases. */
  readonly missingMask?: string;
  /** All rows for `vpc_flow` are in the default layout and their texts their values joined by spaces. */
  readonly defaultOnly?: boolean;
}

/** A delivery as the ledger knows it. */
export interface Delivery {
  readonly id: string;
  readonly name: string;
  /** Bytes as delivered (compressed). */
  readonly size: number;
  readonly done: boolean;
  /** Decompressed bytes that are stored; a re-read goes on here. */
  readonly doneTo: number;
  readonly layout: string;
  readonly counts: Counts;
}

interface Tables extends SourceTables, FeedTables, ProofTables {
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
    finished: number | null;
  };
  manifest: { batch: string; body: string; created: number; sequence: Generated<number> };
  registry: { name: string; text: string; id: number };
  setting: { name: string; value: string };
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
];

/** Seconds of a bucket of `repeated`, and how long one is kept. */
const REPEATED_BUCKET = 300;
const REPEATED_KEPT = 400 * 86_400;

export type { StoredProof } from './proofs.ts';

export interface Metadata {
  /** What people made. */
  readonly library: Library;
  /** What collects. */
  readonly sources: Sources;
  /** Feeds of threat indicators. */
  readonly feeds: Feeds;
  /** What CloudTrail's digests have proven. */
  readonly proofs: Proofs;
  delivery(id: string): Promise<Delivery | undefined>;
  /** Registers a delivery that is about to be read; an unfinished one keeps its progress. `again` forgets that it was done. */
  open(delivery: { id: string; name: string; size: number; head: string }, again?: boolean): Promise<Delivery>;
  /** Names of deliveries whose first bytes are the same: a file that has grown since. */
  sameHead(head: string, exceptId: string): Promise<string[]>;
  /** Commits a manifest before its first insert. */
  commit(manifest: Manifest): Promise<void>;
  /** Puts a manifest in the place of the open one of its batch. */
  amend(manifest: Manifest): Promise<void>;
  /** Marks a batch done and adds its counts to its deliveries, in one transaction. */
  finish(manifest: Manifest): Promise<void>;
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
  /** The same for those that were finished before an instant (epoch seconds). */
  forgetFinished(prefix: string, before: number): Promise<void>;
  /** Counts a delivery that was stored already when it came; `source` is empty for what somebody named. */
  repeated(source: string, records: number): Promise<void>;
  /** Such deliveries of a window [from, to) in epoch seconds, by source. */
  repeats(from: number, to: number): Promise<Map<string, { deliveries: number; records: number }>>;
  /** All texts of a registry, by id from 1. */
  registry(name: string): Promise<Map<string, number>>;
  /** Gives new texts of a registry their ids; in one transaction. */
  register(name: string, entries: readonly { readonly text: string; readonly id: number }[]): Promise<void>;
  setting(name: string): Promise<string | undefined>;
  saveSetting(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

const ABSENT_MASK = 'absent-mask';
const MISSING_MASK = 'missing-mask';
const OTHER_LAYOUTS = 'other-layouts';
const PRESENT = 'datasets';
/** Datasets that a query may read without naming them. */
const UNNAMED: readonly Dataset[] = [VPC_FLOW.main, CLOUDTRAIL.main];
/** Nothing has been stored yet. */
const EVERYTHING = (1n << 64n) - 1n;

/** Opens (and migrates) the database file. `now` gives epoch seconds; `secretKey` seals secrets in place of the key beside the file. */
export async function openMetadata(path: string, now: () => number, secretKey?: string): Promise<Metadata> {
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
  file.prepare('DELETE FROM repeated WHERE bucket < ?').run(now() - REPEATED_KEPT);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) });
  const saved = await db.selectFrom('setting').selectAll().where('name', 'in', [ABSENT_MASK, MISSING_MASK, OTHER_LAYOUTS, PRESENT]).execute();
  const mask = (name: string) => saved.find((s) => s.name === name)?.value;
  // Flows that were stored before this mask was kept may have any field.
  const missing = mask(MISSING_MASK) ?? (mask(ABSENT_MASK) === undefined ? EVERYTHING : 0n);
  const other = mask(OTHER_LAYOUTS) ?? String(mask(ABSENT_MASK) !== undefined);
  return new SqliteMetadata(db, now, await openSecrets(dirname(path), secretKey), {
    absent: BigInt(mask(ABSENT_MASK) ?? 0n),
    missing: BigInt(missing),
    defaultOnly: other === 'false',
    // Before this was kept there were flows alone.
    present: new Set((mask(PRESENT) ?? (mask(ABSENT_MASK) === undefined ? '' : VPC_FLOW.main)).split(' ').filter(Boolean)),
  });
}

/** What all flows have in common: kept so that statements can leave out what cannot be. */
interface Seen {
  absent: bigint;
  missing: bigint;
  defaultOnly: boolean;
  readonly present: Set<string>;
}

class SqliteMetadata implements Metadata {
  readonly #db: Kysely<Tables>;
  readonly #now: () => number;
  readonly #seen: Seen;
  readonly library: Library;
  readonly sources: Sources;
  readonly feeds: Feeds;
  readonly proofs: Proofs;

  constructor(db: Kysely<Tables>, now: () => number, secrets: Secrets, seen: Seen) {
    this.#db = db;
    this.#now = now;
    this.#seen = seen;
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
    const rows = await this.#db.selectFrom('delivery').select('name').where('head', '=', head).where('id', '!=', exceptId).limit(5).execute();
    return rows.map((row) => row.name);
  }

  async commit(manifest: Manifest): Promise<void> {
    this.#seen.absent |= BigInt(manifest.absentMask);
    this.#seen.missing &= BigInt(manifest.missingMask ?? 0n);
    this.#seen.defaultOnly &&= manifest.defaultOnly === true;
    for (const { table } of manifest.blocks) if (UNNAMED.some((name) => name === table)) this.#seen.present.add(table);
    await this.#db.transaction().execute(async (db) => {
      await db
        .insertInto('manifest')
        .values({ batch: manifest.batch, body: JSON.stringify(manifest), created: this.#now() })
        .execute();
      // Before the rows are visible: a query that trusts the mask must not meet a null it rules out.
      await upsertSetting(db, ABSENT_MASK, this.#seen.absent.toString());
      await upsertSetting(db, MISSING_MASK, this.#seen.missing.toString());
      await upsertSetting(db, OTHER_LAYOUTS, String(!this.#seen.defaultOnly));
      await upsertSetting(db, PRESENT, this.present().join(' '));
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
      for (const range of manifest.ranges) {
        const row = await db.selectFrom('delivery').select('counts').where('id', '=', range.delivery).executeTakeFirst();
        const counts = addCounts(row ? (JSON.parse(row.counts) as Counts) : { ...NO_COUNTS }, range.counts);
        await db
          .updateTable('delivery')
          .set({ counts: JSON.stringify(counts), done_to: range.to, layout: range.layout, ...(range.last ? { done: 1, finished: this.#now() } : {}) })
          .where('id', '=', range.delivery)
          .execute();
      }
      await db.deleteFrom('manifest').where('batch', '=', manifest.batch).execute();
    });
  }

  async openManifests(): Promise<Manifest[]> {
    const rows = await this.#db.selectFrom('manifest').select('body').orderBy('sequence').execute();
    return rows.map((row) => JSON.parse(row.body) as Manifest);
  }

  absentMask(): bigint {
    return this.#seen.absent;
  }

  missingMask(): bigint {
    return this.#seen.missing;
  }

  defaultOnly(): boolean {
    return this.#seen.defaultOnly;
  }

  present(): readonly Dataset[] {
    return UNNAMED.filter((name) => this.#seen.present.has(name));
  }

  forget(prefix: string): Promise<void> {
    return this.forgetFinished(prefix, Number.MAX_SAFE_INTEGER);
  }

  async forgetFinished(prefix: string, before: number): Promise<void> {
    await this.#db
      .deleteFrom('delivery')
      .where('id', '>=', prefix)
      .where('id', '<', `${prefix}\u{10ffff}`)
      .where('done', '=', 1)
      .where('finished', '<', before)
      .execute();
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
    return (await this.#db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst())?.value;
  }

  async saveSetting(name: string, value: string): Promise<void> {
    await upsertSetting(this.#db, name, value);
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}

async function upsertSetting(db: Kysely<Tables>, name: string, value: string): Promise<void> {
  await db
    .insertInto('setting')
    .values({ name, value })
    .onConflict((c) => c.column('name').doUpdateSet({ value: sql`excluded.value` }))
    .execute();
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
