/** Small questions about what is stored, for empty states and the page's frame. */
import { FLOW_FORMATS } from '../model/log-formats.ts';
import { join, num, type Sql, sql, statement } from '../query/sql.ts';
import type { QueryOptions, Store } from '../store/store.ts';
import type { Window } from './contract.ts';
import { TABLES } from './relations.ts';

export interface DataExtent {
  readonly records: number;
  /** Starts of the first and the last flow of any format, the end exclusive; null when nothing is stored. */
  readonly extent: Window | null;
}

/** Answered from the parts' own minimum, maximum and count: costs the same for any amount of data. */
export async function dataExtent(store: Store, options: QueryOptions = {}): Promise<DataExtent> {
  const each = join(
    FLOW_FORMATS.map(({ flows }) => sql`SELECT count() AS n, min(start) AS first, max(start) AS last FROM ${TABLES[flows]}`),
    ' UNION ALL ',
  );
  const all = sql`SELECT sum(n), toUnixTimestamp(minIf(first, n > 0)), toUnixTimestamp(maxIf(last, n > 0)) FROM (${each})`;
  const result = await store.rows(statement(all), options);
  const [records = 0, from = 0, to = 0] = (result.rows[0] ?? []).map(Number);
  return { records, extent: records ? { from, to: to + 1 } : null };
}

/** Time condition on the sort key: seconds since the epoch, [from, to); null = open. */
export function inWindow(from: number | null, to: number): Sql {
  const until = sql`start < toDateTime(${num(to)}, 'UTC')`;
  return from === null ? until : sql`start >= toDateTime(${num(from)}, 'UTC') AND ${until}`;
}

/** Whether there are flows in a window, whatever the filters. `table` holds at least those of the window. */
export async function hasFlows(store: Store, table: Sql, { from, to }: Window, options: QueryOptions): Promise<boolean> {
  const result = await store.rows(statement(sql`SELECT 1 FROM ${table} WHERE ${inWindow(from, to)} LIMIT 1`), options);
  return result.rows.length > 0;
}

/** At most so many flows are in a window: what the index says without reading a row. */
export async function boundFlows(store: Store, { from, to }: Window, options: QueryOptions): Promise<number> {
  const result = await store.rows(statement(sql`EXPLAIN ESTIMATE SELECT start FROM bartizan.vpc_flow WHERE ${inWindow(from, to)}`), options);
  const at = result.columns.findIndex((column) => column.name === 'rows');
  return result.rows.reduce((sum, row) => sum + Number(row[at]), 0);
}

/** SKIPDATA records in a window: AWS lost flows there. */
export async function countSkipdata(store: Store, from: number | null, to: number, options: QueryOptions): Promise<number> {
  const result = await store.rows(
    statement(sql`SELECT count() FROM bartizan.vpc_flow_status WHERE log_status = 'SKIPDATA' AND ${inWindow(from, to)}`),
    options,
  );
  return Number(result.rows[0]?.[0] ?? 0);
}
