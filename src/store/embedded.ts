/**
 * The embedded store: ClickHouse in this process through chdb, behind the client that a cluster would
 * use. One data directory per process; several sessions on it run concurrently.
 *
 * Known habits of the engine, each worked around here and nowhere else:
 * - settings given with a statement stay on its session: every statement sets the same names;
 * - after a killed statement the session's next answer begins with the rest of the killed one: such a
 *   session is drained before it is used again, and at once, for until then the killed one keeps its memory;
 * - a client-side abort leaves the engine running: cancel is KILL QUERY from the control session;
 * - a statement that is killed, or at its time limit, may end well with a part of its answer: none answers that was aborted or took so long;
 * - it analyses a stream, subqueries included, while the whole process waits: these are tables that are made before (query/sql.ts);
 * - a session has the name of its last statement until the next one gives its own: a late KILL would meet that one.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import { EXTRACTED } from '../model/fields.ts';
import { param, sql, statement } from '../query/sql.ts';
import { DATABASE } from './ddl.ts';
import { forgetTokensWithoutParts, isOpened, wasLeftOpen } from './deduplication-log.ts';
import { timedOut, toOpeningError, toStoreError } from './errors.ts';
import { LanePool } from './lane.ts';
import { migrate } from './migrate.ts';
import { type Settings, settingsText, withSettings } from './parameters.ts';
import { integerPlaces, type JsonCompact, toResult, withNumbers } from './result.ts';
import {
  type Lane,
  type Limits,
  type NativeBlockFile,
  type NativeInsert,
  type Progress,
  type QueryOptions,
  type QueryResult,
  type StagedSelect,
  type Statement,
  type Store,
  StoreError,
  type Value,
} from './store.ts';
import { storedTokens } from './stored-tokens.ts';

type Client = ReturnType<typeof createClient>;
type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

interface EngineSession {
  readonly client: Client;
  /** The last statement was killed or failed: its rest is still in the pipe. */
  dirty: boolean;
}

const SESSIONS: Readonly<Record<Lane, number>> = { interactive: 4, ingest: 1, background: 1, control: 1 };

const DEFAULT_LIMITS: Limits = {
  maxSeconds: 60,
  maxMemoryBytes: 4 * 2 ** 30,
  maxResultRows: 1_000_000,
  maxResultBytes: 256 * 2 ** 20,
  maxRowsRead: 0,
  maxBytesRead: 0,
};

/** Streams that run at the same time; each has a session of its own. */
const STREAMS: Readonly<Record<Lane, number>> = { interactive: 4, ingest: 1, background: 4, control: 1 };
/** A stream that sorts or groups more than this does it on disk. */
const STREAM_SPILL_BYTES = 256 * 2 ** 20;
const CANCEL_AGAIN_MS = 200;
/** Rows that a reader of a stream gets at a time. */
const STREAM_ROWS = 4096;

/** Of a statement with its parameters. */
const MAX_QUERY_BYTES = 16 * 2 ** 20;

/** Settings that make a repeated insert with the same token a no-op, in the table and in its views. */
const INSERT_SETTINGS = {
  async_insert: 0,
  deduplicate_insert_select: 'force_enable',
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: '1048576',
  min_insert_block_size_rows: '1048576',
  min_insert_block_size_bytes: '0',
  max_insert_threads: '1',
} as const;

export interface EmbeddedOptions {
  /** Directory of the engine's files; made when missing. */
  readonly path: string;
  /** Limits of a query that does not bring its own. */
  readonly limits?: Partial<Limits>;
}

/** Opens (and migrates) the store. Throws StoreError `data-dir-in-use` when another process holds it. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Store> {
  const pools = {} as Record<Lane, LanePool<EngineSession>>;
  const sessions: EngineSession[] = [];
  const leftOpen = wasLeftOpen(options.path);
  try {
    for (const lane of Object.keys(SESSIONS) as Lane[]) {
      const own = Array.from({ length: SESSIONS[lane] }, () => openSession(options.path));
      // Once: settings stay on a session, and this one must hold before a statement's own are read.
      for (const session of own) await session.client.command({ query: `SET max_query_size = ${MAX_QUERY_BYTES}` });
      sessions.push(...own);
      pools[lane] = new LanePool(own);
    }
  } catch (error) {
    throw toOpeningError(error, options.path);
  }
  const store = new EmbeddedStore(options.path, pools, sessions, { ...DEFAULT_LIMITS, ...options.limits });
  try {
    isOpened(options.path);
    if (leftOpen) await forgetTokensWithoutParts(store);
    await migrate(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function openSession(path: string): EngineSession {
  const connection = createChdbConnection({ path });
  // The two packages carry their own copies of one interface; they differ under exactOptionalPropertyTypes only.
  const plugged = connection as unknown as NonNullable<ClientOptions['connection']>;
  return { client: createClient({ connection: plugged, database: 'default' }), dirty: false };
}

class EmbeddedStore implements Store {
  readonly #path: string;
  readonly #pools: Readonly<Record<Lane, LanePool<EngineSession>>>;
  readonly #sessions: readonly EngineSession[];
  readonly #limits: Limits;
  readonly #streams = turns();
  /** KILLs that are underway, by the name of what they are to end. */
  readonly #kills = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(path: string, pools: Readonly<Record<Lane, LanePool<EngineSession>>>, sessions: readonly EngineSession[], limits: Limits) {
    this.#limits = limits;
    this.#path = path;
    this.#pools = pools;
    this.#sessions = sessions;
  }

  async rows(text: Statement, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#execute(options, async (session, settings) => {
      const set = await session.client.query({ query: withSettings(text, settings), format: 'JSONCompact' });
      return toResult(JSON.parse(await set.text()) as JsonCompact);
    });
  }

  async command(text: Statement, options: QueryOptions = {}): Promise<void> {
    await this.#execute(options, async (session, settings) => {
      await session.client.command({ query: withSettings(text, settings) });
    });
  }

  async *stream(text: Statement, options: QueryOptions = {}): AsyncIterable<readonly (readonly Value[])[]> {
    this.#assertOpen();
    const id = options.id ?? randomUUID();
    const { signal } = options;
    const limits = { ...this.#limitsOf(options), maxResultRows: options.maxResultRows ?? 0, maxResultBytes: options.maxResultBytes ?? 0 };
    const { leave } = await this.#streams[options.lane ?? 'interactive'].enter(signal);
    let session: Session | undefined;
    let unwatch = () => {};
    try {
      session = new Session(this.#path);
      signal?.throwIfAborted();
      unwatch = this.#cancelOnAbort(id, signal);
      await session.queryAsync(`SET max_query_size = ${MAX_QUERY_BYTES}`);
      const spill = { max_bytes_before_external_sort: String(STREAM_SPILL_BYTES), max_bytes_before_external_group_by: String(STREAM_SPILL_BYTES) };
      await session.queryAsync(settingsText({ ...engineSettings(id, options, limits), ...spill }, text.params));
      let began = performance.now();
      for (const { name, text: rows } of text.first ?? []) {
        await session.queryAsync(`CREATE TEMPORARY TABLE ${name} AS ${rows}`);
        assertWhole(began, limits, signal);
        began = performance.now();
      }
      for await (const chunk of session.queryStream(text.text, { format: 'JSONCompactEachRowWithNamesAndTypes' })) {
        // A large chunk is read in parts, so that nothing else in this process waits long for it.
        const [, types, ...lines] = chunk.text().trimEnd().split('\n');
        const whole = integerPlaces(JSON.parse(types ?? '[]') as string[]);
        for (let at = 0; at < lines.length; at += STREAM_ROWS) {
          if (at) await setImmediate();
          signal?.throwIfAborted();
          yield withNumbers(
            lines.slice(at, at + STREAM_ROWS).map((line) => JSON.parse(line) as Value[]),
            whole,
          );
        }
      }
      assertWhole(began, limits, signal);
    } catch (error) {
      if (signal?.aborted) throw new StoreError('query-cancelled', 'The query was cancelled.', { cause: error });
      throw toStoreError(error, id, limits);
    } finally {
      unwatch();
      session?.cleanup();
      leave();
    }
  }

  async insertNative(insert: NativeInsert): Promise<void> {
    const names = insert.columns.map((c) => `\`${c.name}\``).join(', ');
    const made = insert.extraction ?? insert.corrected;
    // Read directly where nothing else reads it: with the relation between, the engine takes a third more for a small block.
    const direct = made || insert.distinct ? undefined : { text: `SELECT ${names} FROM ${STAGED_FILE}`, params: blockParams(insert) };
    const select = made ?? { statement: { text: `SELECT ${names} FROM staged`, params: {} }, lacks: [] };
    const { text, params } = direct ?? stagedText(insert, insert.distinct ? withoutKnown(insert.table, insert.distinct, select) : select);
    const query = `INSERT INTO ${DATABASE}.${insert.table} (${names}${insert.extraction ? `, \`${EXTRACTED}\`` : ''}) ${text}`;
    await this.#execute({ lane: 'ingest', maxSeconds: 600 }, async (session, settings) => {
      await session.client.command({
        query: withSettings({ text: query, params }, { ...settings, ...INSERT_SETTINGS, insert_deduplication_token: insert.token }),
      });
    });
  }

  readNative(block: NativeBlockFile, select: StagedSelect): Promise<QueryResult> {
    return this.rows(stagedText(block, select), { lane: 'background' });
  }

  storedTokens(inserts: readonly Pick<NativeInsert, 'table' | 'token'>[]): Promise<ReadonlySet<string> | undefined> {
    return storedTokens(this, inserts);
  }

  async progress(id: string): Promise<Progress | undefined> {
    const text = statement(
      sql`SELECT sum(read_rows), sum(total_rows_approx), count() FROM system.processes WHERE Settings['log_comment'] = ${param('String', id)}`,
    );
    const row = (await this.rows(text, { lane: 'control' })).rows[0];
    if (!row?.[2]) return undefined;
    return { rowsRead: Number(row[0]), rowsTotal: Number(row[1]) };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const session of this.#sessions) await session.client.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('store-unavailable', 'The store is closed.');
  }

  async #execute<T>(options: QueryOptions, work: (session: EngineSession, settings: Settings) => Promise<T>): Promise<T> {
    this.#assertOpen();
    const lane = options.lane ?? 'interactive';
    const id = options.id ?? randomUUID();
    const limits = this.#limitsOf(options);
    const settings = engineSettings(id, options, limits);
    const signal = options.signal;
    try {
      return await this.#pools[lane].run(async (session) => {
        await drain(session);
        signal?.throwIfAborted();
        const unwatch = this.#cancelOnAbort(id, signal);
        try {
          const began = performance.now();
          const answer = await work(session, settings);
          assertWhole(began, limits, signal);
          return answer;
        } catch (error) {
          session.dirty = true;
          throw error;
        } finally {
          unwatch();
          // Of the control session a KILL waits for this; it finds nothing of that name then.
          if (lane !== 'control') await this.#kills.get(id);
          await drain(session).catch(() => undefined);
        }
      }, signal);
    } catch (error) {
      if (signal?.aborted) throw new StoreError('query-cancelled', 'The query was cancelled.', { cause: error });
      throw toStoreError(error, id, limits);
    }
  }

  /**
   * Cancels a statement when its signal aborts, and again until what is answered is called: the engine knows
   * a statement only a moment after it was sent.
   */
  #cancelOnAbort(id: string, signal: AbortSignal | undefined): () => void {
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.#kill(id);
      timer = setTimeout(cancel, CANCEL_AGAIN_MS);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    return () => {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(timer);
    };
  }

  #kill(id: string): void {
    const kill = this.command(statement(sql`KILL QUERY WHERE Settings['log_comment'] = ${param('String', id)} ASYNC`), { lane: 'control' });
    const all = Promise.allSettled([this.#kills.get(id), kill]);
    this.#kills.set(id, all);
    void all.then(() => {
      if (this.#kills.get(id) === all) this.#kills.delete(id);
    });
  }

  /** What a statement of this project's own does is not limited in what it reads and answers. */
  #limitsOf(options: QueryOptions): Limits {
    const own = options.lane === 'ingest' || options.lane === 'control';
    const { maxSeconds, maxMemoryBytes, maxResultRows, maxResultBytes, maxRowsRead, maxBytesRead } = { ...this.#limits, ...options };
    return own
      ? { maxSeconds, maxMemoryBytes, maxResultRows, maxResultBytes: 0, maxRowsRead: 0, maxBytesRead: 0 }
      : { maxSeconds, maxMemoryBytes, maxResultRows, maxResultBytes, maxRowsRead, maxBytesRead };
  }
}

/** Throws where the engine may have ended a statement early: it was aborted, or had its time. `began`: milliseconds, before the engine had it. */
function assertWhole(began: number, limits: Limits, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  if (limits.maxSeconds && performance.now() - began >= limits.maxSeconds * 1000) throw timedOut(limits);
}

/** Turns of streams, as lanes without sessions to share. */
function turns(): Record<Lane, LanePool<number>> {
  const lane = (most: number) => new LanePool(Array.from({ length: most }, (_, i) => i + 1));
  return { interactive: lane(STREAMS.interactive), ingest: lane(STREAMS.ingest), background: lane(STREAMS.background), control: lane(STREAMS.control) };
}

/** A block's rows; its parameters are `blockParams`. */
const STAGED_FILE = "file({file:String}, 'Native', {structure:String})";

function blockParams({ file, columns }: NativeBlockFile, lacks: StagedSelect['lacks'] = []): { file: string; structure: string } {
  return { file, structure: [...columns, ...lacks].map((c) => `\`${c.name}\` ${c.type}`).join(', ') };
}

/** A statement whose relation `staged` is a block. */
function stagedText(block: NativeBlockFile, { statement, lacks }: StagedSelect): Statement {
  const text = `WITH staged AS (SELECT * FROM ${STAGED_FILE}) ${statement.text}`;
  return { text, params: { ...statement.params, ...blockParams(block, lacks) } };
}

/** Rows whose value of a column the table has not. */
function withoutKnown(table: string, column: string, { statement, lacks }: StagedSelect): StagedSelect {
  const within = 'start >= (SELECT min(start) FROM staged) AND start <= (SELECT max(start) FROM staged)';
  const known = `SELECT \`${column}\` FROM ${DATABASE}.${table} WHERE ${within} AND \`${column}\` IN (SELECT \`${column}\` FROM staged)`;
  const text = `SELECT * FROM (${statement.text}) WHERE \`${column}\` = '' OR \`${column}\` NOT IN (${known})`;
  return { statement: { ...statement, text }, lacks };
}

/** The same names for every statement of a session, because settings stay on it. */
function engineSettings(id: string, options: QueryOptions, limits: Limits): Settings {
  return {
    log_comment: id,
    max_threads: options.threads ?? 1,
    max_execution_time: limits.maxSeconds,
    max_memory_usage: String(limits.maxMemoryBytes),
    max_result_rows: String(limits.maxResultRows),
    max_result_bytes: String(limits.maxResultBytes),
    max_rows_to_read: String(limits.maxRowsRead),
    max_bytes_to_read: String(limits.maxBytesRead),
    output_format_json_quote_64bit_integers: 1,
    session_timezone: 'UTC',
  };
}

async function drain(session: EngineSession): Promise<void> {
  if (!session.dirty) return;
  // The limits of the statement before are on the session still; this one must not meet them.
  await (await session.client.query({ query: 'SELECT 1 SETTINGS max_execution_time = 0, max_memory_usage = 0', format: 'JSONCompact' })).text();
  session.dirty = false;
}
