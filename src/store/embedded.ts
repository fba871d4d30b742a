/**
 * The embedded store: ClickHouse in this process through chdb, behind the client that a cluster would
 * use. One data directory per process; several sessions on it run concurrently.
 *
 * Known habits of the engine, each worked around here and nowhere else:
 * - settings given with a statement stay on its session: every statement sets the same names;
 * - after a killed statement the session's next answer begins with the rest of the killed one: such a
 *   session is drained before it is used again;
 * - a client-side abort leaves the engine running: cancel is KILL QUERY from the control session.
 */
import { randomUUID } from 'node:crypto';
import { createClient } from '@clickhouse/client';
import { Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import { param, sql, statement } from '../query/sql.ts';
import { DATABASE } from './ddl.ts';
import { toStoreError } from './errors.ts';
import { LanePool } from './lane.ts';
import { migrate } from './migrate.ts';
import { type Settings, withSettings } from './parameters.ts';
import {
  type Lane,
  type NativeInsert,
  type Progress,
  type QueryOptions,
  type QueryResult,
  type ResultColumn,
  type Statement,
  type Store,
  StoreError,
  type Value,
} from './store.ts';

type Client = ReturnType<typeof createClient>;
type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

interface EngineSession {
  readonly client: Client;
  /** The last statement was killed or failed: its rest is still in the pipe. */
  dirty: boolean;
}

const SESSIONS: Readonly<Record<Lane, number>> = { interactive: 4, ingest: 1, background: 1, control: 1 };

const DEFAULT_LIMITS: Limits = { maxSeconds: 60, maxMemoryBytes: 4 * 2 ** 30, maxResultRows: 1_000_000 };

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

export interface Limits {
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  readonly maxResultRows: number;
}

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
  try {
    for (const lane of Object.keys(SESSIONS) as Lane[]) {
      const own = Array.from({ length: SESSIONS[lane] }, () => openSession(options.path));
      // Once: settings stay on a session, and this one must hold before a statement's own are read.
      for (const session of own) await session.client.command({ query: `SET max_query_size = ${MAX_QUERY_BYTES}` });
      sessions.push(...own);
      pools[lane] = new LanePool(own);
    }
  } catch (error) {
    throw toStoreError(error, `open ${options.path}`);
  }
  const store = new EmbeddedStore(options.path, pools, sessions, { ...DEFAULT_LIMITS, ...options.limits });
  try {
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
    const session = new Session(this.#path);
    try {
      await session.queryAsync(`SET max_threads = ${options.threads ?? 1}, output_format_json_quote_64bit_integers = 1`);
      const stream = session.queryStreamBind(text.text, text.params, { format: 'JSONCompactEachRow', ...(options.signal ? { signal: options.signal } : {}) });
      let rest = '';
      for await (const chunk of stream) {
        const lines = (rest + chunk.text()).split('\n');
        rest = lines.pop() ?? '';
        if (lines.length) yield lines.filter(Boolean).map((line) => JSON.parse(line) as Value[]);
      }
      if (rest) yield [JSON.parse(rest) as Value[]];
    } catch (error) {
      throw toStoreError(error, text.text);
    } finally {
      session.cleanup();
    }
  }

  async insertNative(insert: NativeInsert): Promise<void> {
    const names = insert.columns.map((c) => `\`${c.name}\``).join(', ');
    const structure = insert.columns.map((c) => `\`${c.name}\` ${c.type}`).join(', ');
    const query = `INSERT INTO ${DATABASE}.${insert.table} (${names}) SELECT ${names} FROM file({file:String}, 'Native', {structure:String})`;
    await this.#execute({ lane: 'ingest', maxSeconds: 600 }, async (session, settings) => {
      await session.client.command({
        query: withSettings(
          { text: query, params: { file: insert.file, structure } },
          { ...settings, ...INSERT_SETTINGS, insert_deduplication_token: insert.token },
        ),
      });
    });
  }

  async progress(id: string): Promise<Progress | undefined> {
    const text = statement(
      sql`SELECT sum(read_rows), sum(total_rows_approx), count() FROM system.processes WHERE Settings['log_comment'] = ${param('String', id)}`,
    );
    const row = (await this.rows(text, { lane: 'control' })).rows[0];
    if (!row?.[2]) return undefined;
    return { rowsRead: Number(row[0]), rowsTotal: Number(row[1]) };
  }

  async cancel(id: string): Promise<void> {
    await this.command(statement(sql`KILL QUERY WHERE Settings['log_comment'] = ${param('String', id)} ASYNC`), { lane: 'control' });
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
    const settings = {
      log_comment: id,
      max_threads: options.threads ?? 1,
      max_execution_time: options.maxSeconds ?? this.#limits.maxSeconds,
      max_memory_usage: String(options.maxMemoryBytes ?? this.#limits.maxMemoryBytes),
      max_result_rows: String(options.maxResultRows ?? this.#limits.maxResultRows),
      output_format_json_quote_64bit_integers: 1,
      session_timezone: 'UTC',
    };
    const signal = options.signal;
    const onAbort = () => void this.cancel(id).catch(() => undefined);
    try {
      return await this.#pools[lane].run(async (session) => {
        signal?.throwIfAborted();
        signal?.addEventListener('abort', onAbort, { once: true });
        await drain(session);
        try {
          return await work(session, settings);
        } catch (error) {
          session.dirty = true;
          throw error;
        }
      }, signal);
    } catch (error) {
      if (signal?.aborted) throw new StoreError('query-cancelled', 'The query was cancelled.', { cause: error });
      throw toStoreError(error, id);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

async function drain(session: EngineSession): Promise<void> {
  if (!session.dirty) return;
  await (await session.client.query({ query: 'SELECT 1', format: 'JSONCompact' })).text();
  session.dirty = false;
}

interface JsonCompact {
  readonly meta: readonly ResultColumn[];
  readonly data: Value[][];
  readonly statistics: { readonly elapsed: number; readonly rows_read: number; readonly bytes_read: number };
}

/** 64-bit integers arrive quoted, so that none loses digits; the safe ones become numbers here. */
function toResult(json: JsonCompact): QueryResult {
  json.meta.forEach((column, at) => {
    if (!/^(Nullable\()?U?Int(64|128|256)\)?$/.test(column.type)) return;
    for (const row of json.data) {
      const value = row[at];
      if (typeof value !== 'string') continue;
      const number = Number(value);
      if (Number.isSafeInteger(number)) row[at] = number;
    }
  });
  return {
    columns: json.meta.map((c) => ({ name: c.name, type: c.type })),
    rows: json.data,
    stats: { seconds: json.statistics.elapsed, rowsRead: json.statistics.rows_read, bytesRead: json.statistics.bytes_read },
  };
}
