/**
 * Rows of (time, series, measure) → one line per series on one time axis. A slice without a row is a gap
 * (null), never a line through missing data; a count of nothing is a gap, too, and tooltips say so. Pure.
 */
import type { Window } from '../../api/contract.ts';
import type { PanelResult } from '../dashboard/run-store.ts';
import { asNumber } from '../format/numbers.ts';
import { sliceAfter } from '../format/times.ts';
import { type Located, locate, locateMeasure, NONE, REST, textAt } from './columns.ts';
import { besideOf, labelOf, restLabel, restOf } from './labels.ts';

export interface Series {
  /** Its value, or the name of its column. */
  readonly name: string;
  /** As it is shown, where rows name their series. */
  readonly label?: string;
  /** Of the rest: how many series it stands for. */
  readonly groups?: number;
  /** By slice of the axis; null = no row. */
  readonly values: (number | null)[];
}

export interface TimeSeries {
  /** Starts of slices, epoch ms, ascending without holes. */
  readonly times: number[];
  /** Width of a slice, ms. */
  readonly slice: number;
  readonly series: Series[];
  /** Column that named the series, if rows have one. */
  readonly seriesColumn?: Located | undefined;
}

interface Named {
  readonly x: string | undefined;
  readonly series: string | undefined;
  readonly measure: string | undefined;
  /** Column of a name beside the series' own. */
  readonly label?: string | undefined;
  readonly zone?: string;
  /** What becomes of series beyond those that are told apart: numbers that do not add up are not drawn. */
  readonly rest?: 'summed' | 'not drawn';
}

const MOST_SLICES = 20_000;
/** Series that are told apart: each has a place for every slice, and rows may name a series each. */
const MOST_SERIES = 200;

export function toTimeSeries(result: PanelResult, named: Named): TimeSeries | null {
  const x = locate(result.columns, named.x ?? '_timeslice') ?? firstOfKind(result, 'time');
  if (!x) return null;
  const seriesColumn = locate(result.columns, named.series);
  const slice = (result.timeslice ?? smallestStep(result.rows, x)) * 1000;
  const times = axis(result, x, slice, named.zone ?? 'UTC');
  const at = new Map(times.map((t, i) => [t, i]));
  const lines = new Map<string, (number | null)[]>();
  const labels = new Map<string, string>();
  const beside = seriesColumn && besideOf(result.columns, seriesColumn, named.label);
  const nameOf = (row: readonly unknown[], at: Located) => {
    const others = restOf(result.columns, row);
    const name = others > 0 ? REST : textAt(row, at) || NONE;
    given = Math.max(given, others);
    if (few && others === 0 && !few.has(name)) return REST;
    if (!labels.has(name)) labels.set(name, others > 0 ? restLabel(others) : labelOf(row, at, beside, named.zone ?? 'UTC'));
    return name;
  };
  const measures = seriesColumn ? oneMeasure(result, named, x, seriesColumn) : everyMeasure(result, named, x);
  const totals = seriesColumn && totalsOf(result, seriesColumn, measures[0]);
  const few = totals && totals.size > MOST_SERIES ? greatest(totals) : undefined;
  const left = few && totals ? totals.size - few.size : 0;
  /** Groups of the rest that the answer has already. */
  let given = 0;
  const lineOf = (name: string) => {
    let line = lines.get(name);
    if (!line) {
      line = times.map(() => null);
      lines.set(name, line);
    }
    return line;
  };
  for (const row of result.rows) {
    const index = at.get(asNumber(row[x.index]) ?? Number.NaN);
    if (index === undefined) continue;
    for (const m of measures) {
      const name = seriesColumn ? nameOf(row, seriesColumn) : m.column.name;
      const line = lineOf(name);
      const value = asNumber(row[m.index]);
      if (!few || name !== REST) line[index] = value;
      else if (named.rest !== 'not drawn' && value !== null) line[index] = (line[index] ?? 0) + value;
    }
  }
  const groups = left + given;
  if (few) labels.set(REST, named.rest === 'not drawn' ? `${restLabel(groups)}, not drawn` : restLabel(groups));
  return {
    times,
    slice,
    series: [...lines].map(([name, values]) => ({
      name,
      ...(seriesColumn && { label: labels.get(name) ?? name }),
      ...(few && name === REST && { groups }),
      values,
    })),
    seriesColumn,
  };
}

/** What each series that rows name has together. */
function totalsOf(result: PanelResult, series: Located, measure: Located | undefined): Map<string, number> {
  const totals = new Map<string, number>();
  for (const row of result.rows) {
    if (restOf(result.columns, row) > 0) continue;
    const name = textAt(row, series) || NONE;
    totals.set(name, (totals.get(name) ?? 0) + Math.abs(measure ? (asNumber(row[measure.index]) ?? 0) : 0));
  }
  return totals;
}

function greatest(totals: ReadonlyMap<string, number>): ReadonlySet<string> {
  const names = [...totals].sort(([, a], [, b]) => b - a).map(([name]) => name);
  return new Set(names.slice(0, MOST_SERIES));
}

function oneMeasure(result: PanelResult, named: Named, x: Located, series: Located): Located[] {
  const measure = locateMeasure(result.columns, named.measure, [x.column.name, series.column.name]);
  return measure ? [measure] : [];
}

/** Without a series column: the measure and its shifted copies, or after a transpose every number. */
function everyMeasure(result: PanelResult, named: Named, x: Located): Located[] {
  const all = result.columns.map((column, index) => ({ column, index })).filter((c) => c.column.kind === 'number' && c.index !== x.index);
  const main = locate(result.columns, named.measure);
  return main ? all.filter((c) => c.index === main.index || c.column.name.startsWith(`${main.column.name}_`)) : all;
}

function firstOfKind(result: PanelResult, kind: string): Located | undefined {
  return locate(result.columns, result.columns.find((c) => c.kind === kind)?.name);
}

/**
 * Every slice of the window, in step with the slices that rows have; the first may begin before the window does. Where the
 * zone's clock changes, slices that follow it are longer or shorter.
 */
function axis(result: PanelResult, x: Located, slice: number, zone: string): number[] {
  const present = [...new Set(result.rows.map((row) => asNumber(row[x.index])).filter((t) => t !== null))].sort((a, b) => a - b);
  const [first, last] = [present[0], present.at(-1)];
  if (first === undefined || last === undefined || slice <= 0) return [];
  const [from, to] = [result.window.from * 1000, Math.max(result.window.to * 1000, last + 1)];
  if ((to - Math.min(from, first)) / slice > MOST_SLICES) return present;
  const at = (i: number) => sliceAfter(first, slice, zone, i);
  // A slice that would end before the window begins shows nothing.
  const begin = Math.min(from, at(1));
  const times = new Set<number>();
  for (let i = -Math.ceil(Math.max(0, first - from) / slice) - 1; at(i) < to; i++) if (at(i + 1) > begin) times.add(at(i));
  for (const t of present) if (t > first) times.add(t);
  return [...times].sort((a, b) => a - b);
}

function smallestStep(rows: readonly (readonly unknown[])[], x: Located): number {
  const times = [...new Set(rows.map((row) => asNumber(row[x.index]) ?? 0))].sort((a, b) => a - b);
  let step = Number.POSITIVE_INFINITY;
  for (let i = 1; i < times.length; i++) step = Math.min(step, (times[i] ?? 0) - (times[i - 1] ?? 0));
  return Number.isFinite(step) ? step / 1000 : 60;
}

/** Is a slice still filling? It ends after the window, or its records are still on their way (AWS delivers 5–10 minutes late). */
export function isIncomplete(start: number, slice: number, window: Window, now: number, lag = 600_000): boolean {
  return start + slice > window.to * 1000 || start + slice > now - lag;
}
