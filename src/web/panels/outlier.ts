/** The band and the marks that the language's `outlier` puts beside a measure, on the slices of its line. Pure. */
import type { PanelResult } from '../dashboard/run-store.ts';
import { asNumber } from '../format/numbers.ts';
import { type Located, locate } from './columns.ts';
import type { TimeSeries } from './time-series.ts';

type Values = readonly (number | null)[];

/** By slice; null where the slice was not judged. */
export interface Band {
  /** Not below zero: what is counted never is. */
  readonly lower: Values;
  readonly upper: Values;
  /** The measure itself where it is an outlier. */
  readonly marked: Values;
}

/** Null when the result has no bounds for the line's measure. */
export function bandOf(result: PanelResult, data: TimeSeries, x: string | undefined): Band | null {
  const [line] = data.series;
  const time = locate(result.columns, x ?? '_timeslice');
  const at = (suffix: string) => locate(result.columns, `${line?.name}_${suffix}`);
  const [low, high] = [at('lower'), at('upper')];
  if (!line || !time || !low || !high) return null;
  const mark = at('violation') ?? at('indicator');
  const rows = new Map(result.rows.map((row) => [asNumber(row[time.index]), row]));
  const values = (column: Located | undefined): Values => data.times.map((t) => (column ? asNumber(rows.get(t)?.[column.index]) : null));
  const marks = values(mark);
  return {
    lower: values(low).map((v) => (v === null ? null : Math.max(0, v))),
    upper: values(high).map((v) => (v === null ? null : Math.max(0, v))),
    marked: line.values.map((v, i) => (marks[i] ? v : null)),
  };
}
