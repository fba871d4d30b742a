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
  const { pivot, columns } = compiled;
  if (!pivot) return { columns, rows, cut: 0 };
  const { at, kind } = pivot;
  const lines = rows.map((row) => ({ row, cells: new Map(pairs(row[at], kind === 'number')) }));
  const labels = [...new Set(lines.flatMap(({ cells }) => [...cells.keys()]))].sort();
  // A later step that gave a label's column another value stands in its place.
  const places = new Map(columns.flatMap((column, i) => (i > at && labels.includes(column.name) ? [[column.name, i] as const] : [])));
  const made = labels.filter((label) => !places.has(label));
  const kept = new Set(made.length > MAX_COLUMNS ? largest(made, lines) : made);
  const result: { column: OutputColumn; cell: (line: (typeof lines)[number]) => Cell }[] = [];
  const fixed = (column: OutputColumn, i: number): void => void result.push({ column, cell: ({ row }) => row[i] ?? null });
  columns.forEach((column, i) => {
    if (i < at) fixed(column, i);
    if (i > at && !places.has(column.name)) fixed(column, i);
    if (i !== at) return;
    for (const label of labels) {
      const place = places.get(label);
      if (place !== undefined) fixed(columns[place] as OutputColumn, place);
      else if (kept.has(label)) result.push({ column: { name: label, kind }, cell: ({ cells }) => cells.get(label) ?? null });
    }
  });
  return { columns: result.map((r) => r.column), rows: lines.map((line) => result.map((r) => r.cell(line))), cut: made.length - kept.size };
}

/** The columns to keep where there are too many: those that hold the most. */
function largest(labels: readonly string[], lines: readonly { readonly cells: ReadonlyMap<string, Cell> }[]): string[] {
  const sums = new Map<string, number>();
  for (const { cells } of lines) for (const [label, cell] of cells) sums.set(label, (sums.get(label) ?? 0) + Math.abs(Number(cell) || 0));
  return [...labels].sort((a, b) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0)).slice(0, MAX_COLUMNS);
}

/** 64-bit integers within a list come as text, so that none loses digits; the safe ones become numbers here. */
function pairs(cells: Cell | undefined, numbers: boolean): (readonly [string, Cell])[] {
  const value = (cell: Cell): Cell => (numbers && typeof cell === 'string' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell);
  return (Array.isArray(cells) ? cells : []).map((pair: readonly Cell[]) => [String(pair[0]), value(pair[1] ?? null)] as const);
}
