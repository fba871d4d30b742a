/**
 * Lookup tables of people. A table's rows lie under its version: a new one is written whole, then the item in
 * the library is switched to it, and later the rows of the old one are dropped. Whatever happens between two of
 * these, a query sees the old table or the new one.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOOKUP_LIMITS, type LookupLimits, type TableRows, tooLarge, tooMuchText } from '../model/lookup-table.ts';
import { listed, quoted } from '../model/wording.ts';
import { num, param, sql, statement } from '../query/sql.ts';
import { RESERVED, tableName } from '../query/tables.ts';
import type { Catalogs, LookupBody } from './catalog.ts';
import type { Item, Library } from './library.ts';
import { varUint } from './native-block.ts';
import type { ResultColumn, Store } from './store.ts';

export interface LookupAbout {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  /** Of the text of all cells, in UTF-8. */
  readonly bytes: number;
  /** Epoch seconds. */
  readonly created: number;
  readonly updated: number;
}

export type LookupErrorCode = 'lookup-missing' | 'lookup-name' | 'lookup-columns' | 'lookup-too-large' | 'lookup-busy' | 'too-many-lookups';

/** What a person asked of tables and cannot have. */
export class LookupError extends Error {
  readonly code: LookupErrorCode;
  readonly hint: string | undefined;
  constructor(code: LookupErrorCode, message: string, hint?: string) {
    super(message);
    this.name = 'LookupError';
    this.code = code;
    this.hint = hint;
  }
}

export interface Lookups {
  readonly limits: LookupLimits;
  /** By name. */
  list(): Promise<LookupAbout[]>;
  /** In any letter case. Throws LookupError `lookup-missing`. */
  get(name: string): Promise<LookupAbout>;
  /** The first rows. Throws LookupError `lookup-missing`. */
  head(name: string, rows: number): Promise<string[][]>;
  /**
   * Makes or replaces a table. `read` is called when it is this table's turn, so that the rows of one only are
   * in memory however many wait; what it throws passes. Throws LookupError.
   */
  write(name: string, read: () => Promise<TableRows>): Promise<LookupAbout>;
  /** Puts rows behind those of a table, which must have no other columns; makes it when there is none. Throws LookupError. */
  append(name: string, table: TableRows): Promise<LookupAbout>;
  /** Throws LookupError `lookup-missing`. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

interface Parts {
  readonly store: Store;
  readonly library: Library;
  readonly catalogs: Catalogs;
  /** For files on their way into the store; emptied when it opens. */
  readonly folder: string;
  readonly limits?: LookupLimits;
}

/** Rows of an old version stay so long: a query that was compiled for it may still wait for its turn. */
const KEEP_MS = 10 * 60_000;
/** Changes that wait for their turn; who comes then is sent away. */
const MOST_WAITING = 8;
/** Of a name in an address of the API, encoded. */
const MAX_NAME = 200;
const MAX_COLUMN_NAME = 200;
const COLUMNS: readonly ResultColumn[] = [
  { name: 'lookup', type: 'String' },
  { name: 'row', type: 'UInt32' },
  { name: 'cells', type: 'Array(String)' },
];

/** Opens the tables; rows that no table names (a crash left them) are dropped. */
export async function openLookups({ store, library, catalogs, folder, limits = LOOKUP_LIMITS }: Parts): Promise<Lookups> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const timers = new Set<NodeJS.Timeout>();
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /** Changes are made one after another. Throws LookupError `lookup-busy`. */
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting > MOST_WAITING) throw new LookupError('lookup-busy', `${waiting} changes of lookup tables wait already.`, 'Try again in some seconds.');
    waiting++;
    const mine = turn.then(work).finally(() => waiting--);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const newName = async (written: string): Promise<string> => {
    const name = checkedName(written);
    if ((await library.list('lookup')).length >= limits.tables)
      throw new LookupError('too-many-lookups', `There are ${limits.tables} lookup tables already.`, 'Remove some that nobody needs.');
    return name;
  };

  const itemOf = async (name: string): Promise<Item | undefined> => {
    const key = tableName(name).toLowerCase();
    return (await library.list('lookup')).find((item) => item.name.toLowerCase() === key);
  };
  const existing = async (name: string): Promise<Item> => {
    const item = await itemOf(name);
    if (!item) throw new LookupError('lookup-missing', `There is no lookup table ${quoted(tableName(name))}.`);
    return item;
  };
  const drop = async (version: string): Promise<void> =>
    store.command(statement(sql`ALTER TABLE bartizan.lookup_row DROP PARTITION ${param('String', version)}`), { lane: 'control' });
  const dropLater = (version: string): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void drop(version).catch(() => undefined);
    }, KEEP_MS);
    timer.unref();
    timers.add(timer);
  };
  const rowsOf = async (item: Item, most?: number): Promise<string[][]> => {
    const limit = most === undefined ? sql`` : sql` LIMIT ${num(most)}`;
    const { version } = item.body as LookupBody;
    const found = await store.rows(statement(sql`SELECT cells FROM bartizan.lookup_row WHERE lookup = ${param('String', version)} ORDER BY row${limit}`), {
      maxResultRows: 0,
      maxResultBytes: 0,
    });
    return found.rows.map(([cells]) => (cells as string[]).slice());
  };

  const put = async (name: string, item: Item | undefined, table: TableRows): Promise<LookupAbout> => {
    const bytes = checked(table, limits);
    const version = randomUUID();
    const file = join(folder, `${version}.native`);
    try {
      await writeBlock(file, version, table.rows);
      if (table.rows.length) await store.insertNative({ table: 'lookup_row', file, columns: COLUMNS, token: version });
    } finally {
      await rm(file, { force: true });
    }
    const body: LookupBody = { version, columns: table.columns, rows: table.rows.length, bytes };
    const made = item ? await library.update(item.id, { body }) : await library.create({ kind: 'lookup', name, body });
    await catalogs.reload();
    if (item) dropLater((item.body as LookupBody).version);
    return about(made);
  };

  const known = new Set((await library.list('lookup')).map((item) => (item.body as LookupBody).version));
  const stored = await store.rows(statement(sql`SELECT DISTINCT partition FROM system.parts WHERE active AND database = 'bartizan' AND table = 'lookup_row'`), {
    lane: 'control',
  });
  for (const [version] of stored.rows) if (!known.has(String(version))) await drop(String(version));

  return {
    limits,
    list: async () => (await library.list('lookup')).map(about),
    get: async (name) => about(await existing(name)),
    head: async (name, rows) => rowsOf(await existing(name), rows),
    write: (name, read) =>
      alone(async () => {
        const item = await itemOf(name);
        return put(item?.name ?? (await newName(name)), item, await read());
      }),
    append: (name, table) =>
      alone(async () => {
        const item = await itemOf(name);
        if (!item) return put(await newName(name), undefined, table);
        const { columns } = item.body as LookupBody;
        const places = columns.map((column) => table.columns.findIndex((c) => c.toLowerCase() === column.toLowerCase()));
        const lacks = columns.filter((_, i) => (places[i] as number) < 0);
        if (lacks.length)
          throw new LookupError(
            'lookup-columns',
            `The table ${quoted(item.name)} has ${listed(lacks)}, and the new rows have not.`,
            `Give them ${columns.join(', ')}.`,
          );
        const added = table.rows.map((row) => places.map((place) => row[place] as string));
        return put(item.name, item, { columns, rows: [...(await rowsOf(item)), ...added] });
      }),
    remove: (name) =>
      alone(async () => {
        const item = await existing(name);
        await library.remove(item.id);
        await catalogs.reload();
        dropLater((item.body as LookupBody).version);
      }),
    async close() {
      await turn;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function about({ name, body, created, updated }: Item): LookupAbout {
  const { columns, rows, bytes } = body as LookupBody;
  return { name, columns, rows, bytes, created, updated };
}

function checkedName(written: string): string {
  const name = tableName(written);
  const wrong = (message: string): LookupError =>
    new LookupError('lookup-name', message, 'Name it “hosts”, “/Library/Admin Recommended/hosts” or “https://example.com/hosts.csv”.');
  if (!name || /[\p{Cc}\p{Cs}"|\\]/u.test(name)) throw wrong('A table has a name, without quotation marks, bars, backslashes and line breaks.');
  if (encodeURIComponent(name).length > MAX_NAME) throw wrong('The name is too long.');
  if (RESERVED.test(name)) throw wrong(`Names that begin with ${name.slice(0, name.indexOf(':') + 3)} belong to Bartizan.`);
  return name;
}

/** Bytes of all cells. Throws LookupError. */
function checked({ columns, rows }: TableRows, limits: LookupLimits): number {
  checkColumns(columns);
  const large = tooLarge(columns.length, rows.length, limits);
  if (large) throw new LookupError('lookup-too-large', large);
  let bytes = 0;
  for (const row of rows) for (const cell of row) bytes += Buffer.byteLength(cell);
  if (bytes > limits.bytes) throw new LookupError('lookup-too-large', tooMuchText('table', limits));
  return bytes;
}

/** Names of columns: there, different, of a sensible length. Throws LookupError. */
function checkColumns(columns: readonly string[]): void {
  const wrong = (message: string): LookupError => new LookupError('lookup-columns', message);
  if (columns.length === 0) throw wrong('There are no columns.');
  const seen = new Map<string, number>();
  for (const [i, column] of columns.entries()) {
    if (column.trim() === '') throw wrong(`Column ${i + 1} has no name.`);
    if (column.length > MAX_COLUMN_NAME || /\p{Cc}/u.test(column)) throw wrong(`The name of column ${i + 1} is too long, or has a line break in it.`);
    const before = seen.get(column.toLowerCase());
    if (before !== undefined) throw wrong(`Columns ${before + 1} and ${i + 1} are both called ${column}.`);
    seen.set(column.toLowerCase(), i);
  }
}

/** Rows that one block of the file holds. */
const BLOCK_ROWS = 65_536;

/** A file in ClickHouse's Native format. */
async function writeBlock(path: string, version: string, rows: TableRows['rows']): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    for (let from = 0; from < rows.length; from += BLOCK_ROWS) {
      const part = rows.slice(from, from + BLOCK_ROWS);
      const numbers = Uint32Array.from(part, (_, i) => from + i);
      const ends = new BigUint64Array(part.length);
      let end = 0;
      for (const [i, row] of part.entries()) {
        end += row.length;
        ends[i] = BigInt(end);
      }
      const data = [texts(part.map(() => version)), new Uint8Array(numbers.buffer), Buffer.concat([new Uint8Array(ends.buffer), texts(part.flat())])];
      const head = [varUint(COLUMNS.length), varUint(part.length)];
      await file.write(Buffer.concat([...head, ...COLUMNS.flatMap((column, i) => [texts([column.name, column.type]), data[i] as Uint8Array])]));
    }
  } finally {
    await file.close();
  }
}

/** Texts one after another, each behind its length. */
function texts(values: readonly string[]): Uint8Array {
  const lengths = Uint32Array.from(values, (value) => Buffer.byteLength(value));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length + MAX_LENGTH_BYTES, 0));
  let at = 0;
  for (const [i, value] of values.entries()) {
    const length = lengths[i] as number;
    if (length < 0x80) bytes[at++] = length;
    else for (const byte of varUint(length)) bytes[at++] = byte;
    at += bytes.write(value, at);
  }
  return bytes.subarray(0, at);
}

/** Of a length in Native. */
const MAX_LENGTH_BYTES = 5;
