/** Lookup tables for tests of the language: their rows are a part of the statement. */
import { type Catalog, EMPTY_CATALOG, type LookupTable } from '../../src/query/index.ts';
import { ident, join, param, sql } from '../../src/query/sql.ts';

export interface TestTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function catalogOf(tables: Readonly<Record<string, TestTable>>): Catalog {
  const byName = new Map(
    Object.entries(tables).map(([name, { columns, rows }]): [string, LookupTable] => [
      name.toLowerCase(),
      { name, columns, relation: relationOf(columns.length, rows) },
    ]),
  );
  return { ...EMPTY_CATALOG, lookup: (source) => byName.get(source.toLowerCase()), lookupNames: Object.keys(tables) };
}

function relationOf(width: number, rows: readonly (readonly string[])[]) {
  const places = Array.from({ length: width }, (_, i) => i);
  const lists = places.map((i) =>
    param(
      'Array(String)',
      rows.map((row) => row[i] ?? ''),
    ),
  );
  const cells = places.map((i) => sql`tupleElement(line, ${param('UInt8', i + 2)}) AS ${ident(`v${i}`)}`);
  const line = sql`arrayJoin(arrayZip(range(toUInt64(${param('UInt32', rows.length)})), ${join(lists, ', ')})) AS line`;
  return sql`(SELECT ${join([sql`toUInt32(tupleElement(line, 1)) AS row`, ...cells], ', ')} FROM (SELECT ${line}))`;
}
