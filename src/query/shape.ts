/** The step behind the engine: rows of a transposed query become columns, which only the data names. */
import type { Compiled, OutputColumn } from './contract.ts';

/** A cell as the store returns it. */
export type Cell = string | number | boolean | null | readonly Cell[];

export interface Shaped {
  readonly columns: readonly OutputColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns that were left out because there are more than MAX_COLUMNS. */
  readonly cut: number;
}

/** Columns that data may make. */
const MAX_COLUMNS = 300;

/** Final columns and rows. Without a pivot they are those of the statement. */
export function shape(compiled: Compiled, rows: readonly (readonly Cell[])[]): Shaped {
  const { pivot } = compiled;
  if (!pivot) return { columns: compiled.columns, rows, cut: 0 };
  const keys = pivot.rows;
  const labels = new Set<string>();
  const lines = new Map<string, { key: readonly Cell[]; cells: Map<string, Cell> }>();
  for (const row of rows) {
    const key = row.slice(0, keys);
    const label = row
      .slice(keys, keys + pivot.columns)
      .map((cell) => (cell === null ? 'null' : String(cell)))
      .join('_');
    labels.add(label);
    const id = JSON.stringify(key);
    let line = lines.get(id);
    if (!line) {
      line = { key, cells: new Map() };
      lines.set(id, line);
    }
    line.cells.set(label, row[keys + pivot.columns] ?? null);
  }
  const dynamic = [...labels].filter((label) => !pivot.first.includes(label)).sort();
  const names = [...pivot.first, ...dynamic.slice(0, MAX_COLUMNS)];
  const measure = compiled.columns[keys + pivot.columns];
  const columns: OutputColumn[] = [...compiled.columns.slice(0, keys), ...names.map((name) => ({ name, kind: measure?.kind ?? 'number' }))];
  const table = [...lines.values()].slice(0, pivot.limit).map(({ key, cells }) => [...key, ...names.map((name) => cells.get(name) ?? null)]);
  return { columns, rows: table, cut: Math.max(0, dynamic.length - MAX_COLUMNS) };
}
