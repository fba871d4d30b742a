/** Lines over time: `line` and `step`, a line per series; `comparison`, the window beside its shifted copies; `outlier`, a line in its band. */
import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import type { Window } from '../../api/contract.ts';
import { exact, short, type Unit } from '../format/numbers.ts';
import { colorsOf, INK, MEANING_COLORS, type Meaning, type Scheme, withAlpha } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipLine, valueAxis } from './chart-style.ts';
import { REST, seriesCell } from './columns.ts';
import { useDragZoom } from './drag-zoom.tsx';
import { Legend, type Stroke, useHidden } from './legend.tsx';
import { type Band, bandOf } from './outlier.ts';
import type { PanelViewProps } from './props.ts';
import { greyAreas, sliceHead, sliceWindow, timeAxis } from './time-parts.tsx';
import { isIncomplete, type Series, type TimeSeries, toTimeSeries } from './time-series.ts';

interface Line {
  readonly key: string;
  readonly name: string;
  readonly color: string;
  readonly width: number;
  readonly stroke: Stroke;
  readonly values: readonly (number | null)[];
}

export default function LinePanel(props: PanelViewProps) {
  const { panel, result, zone, measure, unit, onDrill, onZoom, group } = props;
  const scheme = useScheme();
  const [hidden, setHidden] = useHidden(props);
  const { x, series, label, kind, meaning } = panel;
  const data = useMemo(() => {
    const found = toTimeSeries(result, { x, series, measure, label, zone, rest: 'not drawn' });
    // Beside the line, the columns of its band are numbers over time, too.
    return found && kind === 'outlier' ? { ...found, series: found.series.slice(0, 1) } : found;
  }, [result, x, series, measure, label, zone, kind]);
  const band = useMemo(() => (data && kind === 'outlier' ? bandOf(result, data, x) : null), [result, data, x, kind]);
  const all = useMemo(() => (data ? linesOf(data, kind, meaning, scheme) : []), [data, kind, meaning, scheme]);
  const lines = useMemo(() => all.filter((line) => !hidden.has(line.key)), [all, hidden]);
  const { ref, width } = useElementSize();
  const option = useMemo(() => {
    if (!data) return {};
    return lineOption({ data, lines, band, step: kind === 'step', scheme, zone, unit, window: result.window, width });
  }, [data, lines, band, kind, scheme, zone, unit, result.window, width]);

  const onBucket = (time: number, key: string | undefined, shift: boolean) => {
    if (data) onDrill({ cells: seriesCell(result.columns, data.seriesColumn, key), window: sliceWindow(time, data.slice, result.window, zone), shift });
  };
  const { overlay, attach } = useDragZoom(data?.slice ?? 60_000, onZoom, onBucket);

  if (!data || data.times.length === 0) return null;
  return (
    <div className="bz-lines" ref={ref}>
      <Chart option={option} summary={summaryOf(panel.title, lines, band, unit)} group={group} onReady={attach}>
        {overlay}
      </Chart>
      {(all.length > 1 || data.seriesColumn) && <Legend lines={all} hidden={hidden} onHidden={setHidden} />}
      {band && <BandKey scheme={scheme} />}
    </div>
  );
}

/** What the grey area and the diamonds say. */
function BandKey({ scheme }: { scheme: Scheme }) {
  return (
    <ul className="bz-legend bz-key" aria-label="Key" data-mark="area">
      <li>
        <span className="bz-swatch" style={{ background: withAlpha(INK[scheme].dim, 0.35) }} />
        usual
      </li>
      <li>
        <span aria-hidden="true">◆</span>
        outlier
      </li>
    </ul>
  );
}

function linesOf(data: TimeSeries, kind: string, meaning: Meaning, scheme: Scheme): Line[] {
  const main = MEANING_COLORS[scheme][meaning];
  // Beside the grey of earlier windows this one has a colour in any case.
  if (kind === 'comparison') return data.series.map((s, i) => shifted(s, i, meaning === 'neutral' ? INK[scheme].accent : main, scheme));
  if (data.series.length === 1 && !data.seriesColumn)
    return data.series.map((s) => ({ key: s.name, name: s.name, color: main, width: 1.5, stroke: 'solid' as const, values: s.values }));
  const colors = colorsOf(
    data.series.map((s) => s.name).filter((name) => name !== REST),
    scheme,
  );
  return data.series.map((s) => ({
    key: s.name,
    name: s.label ?? s.name,
    color: s.name === REST ? INK[scheme].other : (colors.get(s.name) ?? main),
    width: 1.5,
    stroke: s.name === REST ? ('dashed' as const) : ('solid' as const),
    values: s.values,
  }));
}

/** Told apart by more than how dim they are. */
const SHIFTS: readonly { readonly alpha: number; readonly stroke: Stroke }[] = [
  { alpha: 1, stroke: 'solid' },
  { alpha: 1, stroke: 'solid' },
  { alpha: 0.85, stroke: 'dashed' },
];
const OLDER = { alpha: 0.7, stroke: 'dotted' } as const;

/** `bytes_2d` → `2 days earlier`, dimmer the older. */
function shifted(series: Series, index: number, color: string, scheme: Scheme): Line {
  const days = /_(\d+)([a-z])$/.exec(series.name);
  const unit = { d: 'day', h: 'hour', w: 'week', m: 'minute' }[days?.[2] ?? ''];
  const count = Number(days?.[1] ?? 0);
  const name = index === 0 || !unit ? (index === 0 ? 'This window' : series.name) : `${count} ${unit}${count === 1 ? '' : 's'} earlier`;
  const { alpha, stroke } = SHIFTS[index] ?? OLDER;
  const own = index === 0 ? color : withAlpha(INK[scheme].dim, alpha);
  // Records may not reach back so far: no line, and the legend says why.
  const there = index === 0 || series.values.some((value) => value !== null);
  return { key: series.name, name: there ? name : `${name} (no data)`, color: own, width: index === 0 ? 2 : 1.3, stroke, values: series.values };
}

interface OptionInput {
  readonly data: TimeSeries;
  readonly lines: readonly Line[];
  readonly band: Band | null;
  readonly step: boolean;
  readonly scheme: Scheme;
  readonly zone: string;
  readonly unit: Unit;
  readonly window: Window;
  /** Of the panel, in pixels. */
  readonly width: number;
}

function lineOption({ data, lines, band, step, scheme, zone, unit, window, width }: OptionInput) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  const { times, slice } = data;
  const last = times.at(-1) ?? 0;
  const incomplete = isIncomplete(last, slice, window, Date.now());
  const end = last + (step ? slice : 0);
  const first = times[0] ?? 0;
  // The window may begin inside of the first slice and end inside of the last.
  const partial = [
    ...(first < window.from * 1000 ? [[first, Math.min(end, first + slice)]] : []),
    ...(incomplete ? [[step || times.length < 2 ? last : last - slice, end]] : []),
  ];
  const mark = greyAreas(partial, scheme);
  return {
    ...base,
    grid: { left: 4, right: 12, top: 10, bottom: 2, containLabel: true },
    xAxis: timeAxis({ from: first, to: end, last, slice, scheme, zone, width }),
    yAxis: valueAxis(scheme, unit, Math.max(greatestOf(lines), greatestOf([{ values: band?.upper ?? [] }]))),
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      axisPointer: { type: 'line', lineStyle: { color: ink.dim, type: 'solid' }, snap: true },
      formatter: (params: { axisValue: number | string }[]) => {
        const time = Number(params[0]?.axisValue ?? 0);
        const at = Math.min(times.length - 1, Math.max(0, Math.round((time - first) / slice)));
        const start = times[at] ?? first;
        const head = sliceHead(start, slice, zone, at === times.length - 1 && incomplete ? 'filling' : start < window.from * 1000 ? 'cut' : null);
        const value = (n: number | null | undefined) => ((n ?? null) === null ? 'no data' : exact(n, unit));
        const shown = (data.seriesColumn ? [...lines].sort((a, b) => (b.values[at] ?? -1) - (a.values[at] ?? -1)) : lines).slice(0, MOST_IN_TIP);
        return head + shown.map((line) => tipLine(line.color, line.name, value(line.values[at]))).join('') + (band ? bandTip(band, at, ink.dim, unit) : '');
      },
    },
    series: [
      ...lines.map((line, i) => ({
        type: 'line',
        id: line.key,
        name: line.key,
        step: step ? 'end' : false,
        showSymbol: true,
        // A point beside gaps on both sides would be invisible as a line.
        symbolSize: (_: unknown, p: { dataIndex: number }) => (isAlone(line.values, p.dataIndex) ? 4 : 0),
        symbol: 'circle',
        connectNulls: false,
        lineStyle: { width: line.width, color: line.color, type: line.stroke },
        itemStyle: { color: line.color },
        areaStyle: lines.length === 1 && !band ? { color: withAlpha(line.color, 0.12) } : undefined,
        emphasis: { disabled: true },
        z: lines.length - i + 2,
        data: points(times, line.values, step ? end : undefined),
        markArea: i === 0 ? mark : undefined,
      })),
      ...(band && lines.length > 0 ? bandSeries(band, times, scheme) : []),
    ],
  };
}

const MOST_IN_TIP = 14;

/** The band between the bounds, as an area that stands on another that is not seen; and a diamond at each marked slice. */
function bandSeries({ lower, upper, marked }: Band, times: readonly number[], scheme: Scheme) {
  const ink = INK[scheme];
  const area = (name: string, values: readonly (number | null)[], color: string) => ({
    type: 'line',
    id: name,
    name,
    stack: 'band',
    stackStrategy: 'all',
    silent: true,
    symbol: 'none',
    connectNulls: false,
    lineStyle: { width: 0 },
    areaStyle: { color, origin: 'start' },
    emphasis: { disabled: true },
    z: 1,
    data: times.map((t, i) => [t, values[i] ?? null]),
  });
  return [
    area('\0lower', lower, 'transparent'),
    area(
      '\0band',
      upper.map((u, i) => (u === null ? null : u - (lower[i] ?? 0))),
      withAlpha(ink.dim, 0.22),
    ),
    {
      type: 'scatter',
      id: '\0marked',
      name: '\0marked',
      silent: true,
      symbol: 'diamond',
      symbolSize: 11,
      z: 10,
      itemStyle: { color: ink.text, borderColor: ink.panel, borderWidth: 1.5 },
      data: times.map((t, i) => [t, marked[i] ?? null]),
    },
  ];
}

function bandTip({ lower, upper, marked }: Band, at: number, color: string, unit: Unit): string {
  const [low, high] = [lower[at] ?? null, upper[at] ?? null];
  const usual = low === null || high === null ? 'not judged' : `${short(low, unit)} – ${short(high, unit)}`;
  return tipLine(withAlpha(color, 0.4), 'usual', usual) + ((marked[at] ?? null) === null ? '' : tipLine(color, 'outlier', '◆'));
}

/** A step holds until its slice ends, so the last value is drawn once more at the end. */
function points(times: readonly number[], values: readonly (number | null)[], end: number | undefined): [number, number | null][] {
  const list = times.map((t, i): [number, number | null] => [t, values[i] ?? null]);
  if (end !== undefined) list.push([end, values.at(-1) ?? null]);
  return list;
}

function isAlone(values: readonly (number | null)[], at: number): boolean {
  return (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
}

function greatestOf(lines: readonly Pick<Line, 'values'>[]): number {
  return lines.reduce((most, s) => s.values.reduce((m: number, v) => Math.max(m, v ?? 0), most), 0);
}

function summaryOf(title: string, lines: readonly Line[], band: Band | null, unit: Unit): string {
  const parts = lines.slice(0, 6).map((line) => {
    const present = line.values.filter((v) => v !== null);
    const peak = present.reduce((most, v) => Math.max(most, v), 0);
    return `${line.name}: newest ${short(line.values.at(-1) ?? null, unit)}, highest ${short(peak, unit)}`;
  });
  const marked = band ? ` ${band.marked.filter((m) => m !== null).length} outliers.` : '';
  return `${title}. Line chart. ${parts.join('; ')}.${marked}`;
}
