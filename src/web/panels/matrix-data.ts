/** Rows of (x, series, measure) as a matrix: times in their order, numbers ascending, everything else by how much it has. Pure. */
import type { PanelResult } from '../dashboard/run-store.ts';
import { type Located, locate, locateMeasure, NONE, numberAt, REST, textAt } from './columns.ts';
import { besideOf, labelOf, restLabel, restOf } from './labels.ts';

export interface Axis {
  readonly key: string;
  readonly label: string;
  readonly total: number;
  /** Of its own, for a click; the rest of a top has none. */
  readonly value: unknown;
}

export interface Matrix {
  readonly x: Located;
  readonly series: Located;
  readonly columns: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly cell: (row: string, column: string) => number | undefined;
  readonly greatest: number;
  /** How many were left out: more are not told apart by anybody. */
  readonly cut: { readonly columns: number; readonly rows: number };
}

const MOST_COLUMNS = 120;
const MOST_ROWS = 200;

interface Names {
  readonly x: string | undefined;
  readonly series: string | undefined;
  readonly measure: string | undefined;
  readonly label: string | undefined;
}

/** Null when the result has not the columns. */
export function matrixOf(result: PanelResult, names: Names, zone: string): Matrix | null {
  const { columns: all } = result;
  const x = locate(all, names.x);
  const series = locate(all, names.series);
  const measure = locateMeasure(all, names.measure, [names.x, names.series, '_other']);
  if (!x || !series || !measure) return null;
  const columns = new Map<string, Axis>();
  const rows = new Map<string, Axis>();
  const cells = new Map<string, number>();
  const beside = besideOf(all, series, names.label);
  const add = (axis: Map<string, Axis>, key: string, label: () => string, value: unknown, amount: number): void => {
    const known = axis.get(key);
    axis.set(key, known ? { ...known, total: known.total + amount } : { key, label: label(), total: amount, value });
  };
  for (const row of result.rows) {
    const amount = numberAt(row, measure);
    const others = restOf(all, row);
    const across = textAt(row, x) || NONE;
    const down = others > 0 ? REST : textAt(row, series) || NONE;
    add(columns, across, () => labelOf(row, x, undefined, zone), row[x.index], amount);
    add(rows, down, () => (others > 0 ? restLabel(others) : labelOf(row, series, beside, zone)), row[series.index], amount);
    cells.set(JSON.stringify([down, across]), (cells.get(JSON.stringify([down, across])) ?? 0) + amount);
  }
  const [keptColumns, keptRows] = [kept(columns, MOST_COLUMNS), kept(rows, MOST_ROWS)];
  const numbers = keptColumns.every((c) => c.key !== '' && Number.isFinite(Number(c.key)));
  return {
    x,
    series,
    columns: numbers ? keptColumns.sort((a, b) => Number(a.key) - Number(b.key)) : keptColumns,
    rows: keptRows,
    cell: (row, column) => cells.get(JSON.stringify([row, column])),
    greatest: [...cells.values()].reduce((a, b) => Math.max(a, b), 0),
    cut: { columns: columns.size - keptColumns.length, rows: rows.size - keptRows.length },
  };
}

/** Those with most, the rest of a top last. */
function kept(axis: ReadonlyMap<string, Axis>, most: number): Axis[] {
  const last = (a: Axis) => Number(a.key === REST);
  return [...axis.values()].sort((a, b) => last(a) - last(b) || b.total - a.total || a.label.localeCompare(b.label)).slice(0, most);
}
