/** Small questions about what is stored, for empty states and the page's frame. */
import { type Dataset, LOG_FORMATS } from '../model/log-formats.ts';
import { join, num, param, type Sql, sql, statement } from '../query/sql.ts';
import type { QueryOptions, Store } from '../store/store.ts';
import type { Window } from './contract.ts';
import { TABLES } from './relations.ts';

/** Datasets of records that something happened in: flows and events, without notes that nothing did. */
export const MAIN_DATASETS: readonly Dataset[] = LOG_FORMATS.map(({ main }) => main);

export interface DataExtent {
  readonly records: number;
  /** Starts of the first and the last record, the end exclusive; null when nothing is stored. */
  readonly extent: Window | null;
}

export interface DatasetExtent extends DataExtent {
  readonly dataset: Dataset;
}

/** Of each dataset that has records. Answered from the parts' own minimum, maximum and count: costs the same for any amount of data. */
export async function datasetExtents(store: Store, options: QueryOptions = {}): Promise<DatasetExtent[]> {
  const each = join(
    MAIN_DATASETS.map(
      (dataset) =>
        sql`SELECT ${param('String', dataset)} AS dataset, count() AS n, toUnixTimestamp(min(start)) AS first, toUnixTimestamp(max(start)) AS last FROM ${TABLES[dataset]}`,
    ),
    ' UNION ALL ',
  );
  const result = await store.rows(statement(each), options);
  const found = new Map(result.rows.map(([dataset, ...numbers]) => [String(dataset), numbers.map(Number)]));
  return MAIN_DATASETS.flatMap((dataset) => {
    const [records = 0, from = 0, last = 0] = found.get(dataset) ?? [];
    return records ? [{ dataset, records, extent: { from, to: last + 1 } }] : [];
  });
}

/** Of some datasets together; of all of flows and events where none of them are named. */
export async function dataExtent(store: Store, datasets: readonly Dataset[] = MAIN_DATASETS, options: QueryOptions = {}): Promise<DataExtent> {
  return together(await datasetExtents(store, options), datasets);
}

/** What extents come to together; of datasets that are asked for. */
export function together(extents: readonly DatasetExtent[], datasets: readonly Dataset[] = MAIN_DATASETS): DataExtent {
  const asked = extents.filter(({ dataset }) => datasets.includes(dataset));
  const windows = asked.flatMap(({ extent }) => extent ?? []);
  if (windows.length === 0) return { records: 0, extent: null };
  return {
    records: asked.reduce((sum, { records }) => sum + records, 0),
    extent: { from: Math.min(...windows.map(({ from }) => from)), to: Math.max(...windows.map(({ to }) => to)) },
  };
}

/** Time condition on the sort key: seconds since the epoch, [from, to); null = open. */
export function inWindow(from: number | null, to: number): Sql {
  const until = sql`start < toDateTime(${num(to)}, 'UTC')`;
  return from === null ? until : sql`start >= toDateTime(${num(from)}, 'UTC') AND ${until}`;
}

/** Whether there are records in a window, whatever the filters. Each of `tables` holds at least those of the window. */
export async function hasRecords(store: Store, tables: readonly Sql[], { from, to }: Window, options: QueryOptions): Promise<boolean> {
  const each = join(
    tables.map((table) => sql`SELECT 1 FROM ${table} WHERE ${inWindow(from, to)}`),
    ' UNION ALL ',
  );
  const result = await store.rows(statement(sql`SELECT 1 FROM (${each}) LIMIT 1`), options);
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
