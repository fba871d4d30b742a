/**
 * The store's interface: a ClickHouse, embedded or remote. Implementations are siblings, chosen once
 * in main.ts; each must pass the contract suite (test/store/contract.ts) unchanged.
 */
import type { StagedSelect } from '../query/extraction.ts';
import type { Statement } from '../query/sql.ts';

/** Which queue a statement waits in. Ingest and long work never delay a dashboard. */
export type Lane = 'interactive' | 'ingest' | 'background' | 'control';

/** What a statement may cost; the engine enforces it. 0 is no limit. Defaults in config.ts. */
export interface Limits {
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  /** Of a buffered result; a stream has no such limit unless it brings one. */
  readonly maxResultRows: number;
  readonly maxResultBytes: number;
  readonly maxRowsRead: number;
  readonly maxBytesRead: number;
}

export interface QueryOptions extends Partial<Limits> {
  readonly lane?: Lane;
  /** Names the query for progress; made up when absent. */
  readonly id?: string;
  readonly signal?: AbortSignal;
  readonly threads?: number;
}

export interface ResultColumn {
  readonly name: string;
  /** ClickHouse type. */
  readonly type: string;
}

/** 64-bit integers come as numbers while they are safe, else as text; addresses and times as text. */
export type Value = string | number | boolean | null | readonly Value[];

export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly Value[])[];
  readonly stats: { readonly seconds: number; readonly rowsRead: number; readonly bytesRead: number };
}

export interface Progress {
  readonly rowsRead: number;
  readonly rowsTotal: number;
}

/** One Native block on disk. */
export interface NativeBlockFile {
  /** Absolute path of a file in ClickHouse Native format. */
  readonly file: string;
  /** Names and ClickHouse types of the block's columns, in the block's order. */
  readonly columns: readonly ResultColumn[];
}

/** One Native block on disk, to be inserted exactly once under its token. */
export interface NativeInsert extends NativeBlockFile {
  readonly table: string;
  /** Gives the block's columns, then `extracted`: what rules take out of the records on the way. */
  readonly extraction?: StagedSelect;
  /** Column by which rows that the table has, of the same time, are left out; empty values are never the same. */
  readonly distinct?: string;
  /** Gives the block's columns with other values than they have in the file. */
  readonly corrected?: StagedSelect;
  /** Same token, same rows: a repeated insert stores nothing more. */
  readonly token: string;
}

export interface Store {
  /** Buffered result. Throws StoreError. */
  rows(statement: Statement, options?: QueryOptions): Promise<QueryResult>;
  /**
   * Rows in chunks of some thousands, in flat memory: the engine waits for who reads, and sorts and groups on
   * disk what is large. Stop iterating to cancel. Throws StoreError.
   */
  stream(statement: Statement, options?: QueryOptions): AsyncIterable<readonly (readonly Value[])[]>;
  /** A statement of this project without result (DDL, settings). */
  command(statement: Statement, options?: QueryOptions): Promise<void>;
  insertNative(insert: NativeInsert): Promise<void>;
  /** Rows that a SELECT makes of a block that is stored nowhere. */
  readNative(block: NativeBlockFile, select: StagedSelect): Promise<QueryResult>;
  /** Tokens of the inserts of which rows are stored; undefined where that cannot be told. */
  storedTokens(inserts: readonly Pick<NativeInsert, 'table' | 'token'>[]): Promise<ReadonlySet<string> | undefined>;
  progress(id: string): Promise<Progress | undefined>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | 'data-dir-in-use'
  | 'query-cancelled'
  | 'query-timeout'
  | 'query-memory'
  | 'query-too-many-rows'
  | 'query-too-many-bytes'
  | 'query-reads-too-much'
  | 'query-refused'
  | 'query-failed'
  | 'lookup-replaced'
  | 'store-unavailable'
  | 'disk-full';

/** What the engine refused, in our words; `cause` keeps the engine's. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly retryable: boolean;
  constructor(code: StoreErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

export type { StagedSelect, Statement };
