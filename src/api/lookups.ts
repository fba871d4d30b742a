/** Lookup tables as the API shows and takes them. */
import { formatOf, readTable, TableError } from '../ingest/lookup-file.ts';
import { cellText } from '../model/lookup-table.ts';
import { didYouMean } from '../model/wording.ts';
import type { OutputColumn, Save } from '../query/contract.ts';
import type { Cell } from '../query/shape.ts';
import { type LookupAbout, LookupError, type Lookups } from '../store/lookups.ts';
import type { LookupList, LookupShown, LookupTable } from './contract/lookups.ts';
import { Problem } from './errors.ts';

/** Rows that a table is shown with. */
const HEAD_ROWS = 100;

/** By name, with what a table may have. */
export async function listLookups(lookups: Lookups): Promise<LookupList> {
  return { lookups: (await lookups.list()).map(shown), limits: { ...lookups.limits } };
}

/** Throws Problem `lookup-missing`. */
export async function showLookup(lookups: Lookups, name: string): Promise<LookupShown> {
  return answered(lookups, async () => ({ ...shown(await lookups.get(name)), head: await lookups.head(name, HEAD_ROWS) }));
}

/** Makes or replaces a table from a file; nothing changes when the file is wrong. Throws Problem. */
export async function putLookup(lookups: Lookups, name: string, body: AsyncIterable<Uint8Array>, type: string): Promise<LookupTable> {
  const mime = type.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = /json$/.test(mime) ? 'json' : mime === 'text/csv' ? 'csv' : undefined;
  return answered(lookups, async () => {
    const read = async () => {
      if (format) return readTable(body, format, lookups.limits);
      const { first, all } = await beginning(body);
      return readTable(all, formatOf(name, first), lookups.limits);
    };
    return shown(await lookups.write(name, read));
  });
}

/** Throws Problem `lookup-missing`. */
export async function removeLookup(lookups: Lookups, name: string): Promise<void> {
  await answered(lookups, () => lookups.remove(name));
}

/** What is wrong with a table, for people. */
export async function answered<T>(lookups: Lookups, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TableError) throw new Problem(error.code, error.message, { hint: 'Nothing was changed.', cause: error });
    if (!(error instanceof LookupError)) throw error;
    const names = error.code === 'lookup-missing' ? (await lookups.list()).map((table) => table.name) : [];
    const hint = error.hint ?? didYouMean(/ table “(.*)”\.$/.exec(error.message)?.[1] ?? '', names);
    throw new Problem(error.code, error.message, { ...(hint ? { hint } : {}), cause: error });
  }
}

/** Writes the rows of a query that saves them. Throws Problem. */
export async function saveRows(
  lookups: Lookups,
  { name, mode }: Save,
  columns: readonly OutputColumn[],
  rows: readonly (readonly Cell[])[],
): Promise<LookupTable> {
  const table = { columns: columns.map((column) => column.name), rows: rows.map((row) => row.map(cellText)) };
  return answered(lookups, async () => shown(await (mode === 'append' ? lookups.append(name, table) : lookups.write(name, async () => table))));
}

async function beginning(body: AsyncIterable<Uint8Array>): Promise<{ first: string; all: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]();
  const start = await chunks.next();
  const all = async function* () {
    if (!start.done) yield start.value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  };
  return {
    first: start.done
      ? ''
      : Buffer.from(start.value)
          .toString('utf8')
          .replace(/^\uFEFF/, ''),
    all: all(),
  };
}

function shown({ columns, ...about }: LookupAbout): LookupTable {
  return { ...about, columns: [...columns] };
}
