/** What the engine answers, as values. */
import type { QueryResult, ResultColumn, Value } from './store.ts';

/** The engine's format JSONCompact: https://clickhouse.com/docs/interfaces/formats/JSONCompact */
export interface JsonCompact {
  readonly meta: readonly ResultColumn[];
  readonly data: Value[][];
  readonly statistics: { readonly elapsed: number; readonly rows_read: number; readonly bytes_read: number };
}

export function toResult(json: JsonCompact): QueryResult {
  return {
    columns: json.meta.map((c) => ({ name: c.name, type: c.type })),
    rows: withNumbers(json.data, integerPlaces(json.meta.map((c) => c.type))),
    stats: { seconds: json.statistics.elapsed, rowsRead: json.statistics.rows_read, bytesRead: json.statistics.bytes_read },
  };
}

/** Places of the columns with integers of 64 bits and more, which arrive quoted so that none loses digits. */
export function integerPlaces(types: readonly string[]): number[] {
  return types.flatMap((type, at) => (/^(Nullable\()?U?Int(64|128|256)\)?$/.test(type) ? [at] : []));
}

/** The safe ones of the integers become numbers, in place. */
export function withNumbers(rows: Value[][], places: readonly number[]): Value[][] {
  for (const at of places) {
    for (const row of rows) {
      const value = row[at];
      if (typeof value !== 'string') continue;
      const number = Number(value);
      if (Number.isSafeInteger(number)) row[at] = number;
    }
  }
  return rows;
}
