/** Rows of (label, measure), or of (label, series, measure), as bars and parts of a whole. Pure. */
import type { OutputColumn } from '../../api/contract.ts';
import { display, isMono, isMonoText, roleOf } from '../format/values.ts';
import { locate, locateMeasure, NONE, numberAt, REST, textAt } from './columns.ts';
import { besideOf, labelOf, restLabel, restOf } from './labels.ts';
import type { PanelViewProps } from './props.ts';

export interface Item {
  /** The value, '' where records have none, REST for the rest of a top. */
  readonly key: string;
  readonly label: string;
  readonly value: number;
  /** Of each series, where the bars are stacked. */
  readonly parts: ReadonlyMap<string, number>;
}

/** A series of stacked bars. */
export interface Stacked {
  readonly key: string;
  readonly label: string;
  readonly total: number;
}

export interface Items {
  readonly column: OutputColumn;
  /** Labels in the monospace face. */
  readonly mono: boolean;
  /** Greatest first, the rest last. */
  readonly items: readonly Item[];
  /** Greatest first; none when nothing is stacked. */
  readonly series: readonly Stacked[];
  readonly seriesColumn: OutputColumn | undefined;
}

/** Null when the result has no column to label or to measure by. */
export function itemsOf({ panel, result, measure, zone }: PanelViewProps): Items | null {
  const { columns, rows } = result;
  const at = locate(columns, panel.x ?? panel.label) ?? locate(columns, columns.find((c) => c.kind !== 'number')?.name);
  const stacked = locate(columns, panel.series);
  const value = locateMeasure(columns, measure, [at?.column.name, stacked?.column.name, '_other']);
  if (!at || !value) return null;
  const beside = besideOf(columns, at, panel.label);
  const role = roleOf(at.column);
  const items = new Map<string, { label: string; value: number; parts: Map<string, number> }>();
  const series = new Map<string, Stacked>();
  for (const row of rows) {
    const groups = restOf(columns, row);
    const key = groups > 0 ? REST : textAt(row, at);
    const item = items.get(key) ?? { label: groups > 0 ? restLabel(groups) : labelOf(row, at, beside, zone), value: 0, parts: new Map() };
    const amount = numberAt(row, value);
    item.value += amount;
    items.set(key, item);
    if (!stacked) continue;
    const name = textAt(row, stacked) || NONE;
    item.parts.set(name, (item.parts.get(name) ?? 0) + amount);
    const label = name === NONE ? NONE : display(row[stacked.index], roleOf(stacked.column), zone);
    series.set(name, { key: name, label, total: (series.get(name)?.total ?? 0) + amount });
  }
  const last = (key: string) => Number(key === REST);
  return {
    column: at.column,
    mono: isMono(role) || [...items].every(([key, { label }]) => key === REST || isMonoText(label)),
    items: [...items].map(([key, item]) => ({ key, ...item })).sort((a, b) => last(a.key) - last(b.key) || b.value - a.value),
    series: [...series.values()].sort((a, b) => b.total - a.total),
    seriesColumn: stacked?.column,
  };
}

/** The first `most` series, and one of all others. */
export function fewSeries(
  { items, series }: Items,
  most: number,
): { readonly series: readonly Stacked[]; readonly partOf: (item: Item, key: string) => number } {
  if (series.length <= most + 1) return { series, partOf: (item, key) => item.parts.get(key) ?? 0 };
  const rest = series.slice(most);
  const left = new Set(rest.map((s) => s.key));
  const others = new Map(items.map(({ key, parts }) => [key, [...parts].reduce((sum, [of, amount]) => sum + (left.has(of) ? amount : 0), 0)]));
  const total = rest.reduce((sum, s) => sum + s.total, 0);
  return {
    series: [...series.slice(0, most), { key: REST, label: restLabel(rest.length), total }],
    partOf: (item, key) => (key === REST ? (others.get(item.key) ?? 0) : (item.parts.get(key) ?? 0)),
  };
}
