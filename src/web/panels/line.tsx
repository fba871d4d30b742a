/** Lines over time: `line` and `step`, a line per series; `comparison`, the window beside its shifted copies. */
import type { ECharts } from 'echarts/core';
import { useCallback, useMemo } from 'react';
import type { Window } from '../../api/contract.ts';
import { exact, short, type Unit } from '../format/numbers.ts';
import { display, roleOf } from '../format/values.ts';
import { colorsOf, INK, MEANING_COLORS, type Meaning, type Scheme, withAlpha } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipLine, valueAxis } from './chart-style.ts';
import { seriesCell } from './columns.ts';
import { useDragZoom } from './drag-zoom.tsx';
import type { PanelViewProps } from './props.ts';
import { greyAreas, Legend, sliceHead, sliceWindow, timeAxis } from './time-parts.tsx';
import { isIncomplete, type Series, type TimeSeries, toTimeSeries } from './time-series.ts';

interface Line {
  readonly name: string;
  readonly color: string;
  readonly width: number;
  readonly dashed: boolean;
  readonly values: readonly (number | null)[];
}

export default function LinePanel({ panel, result, zone, measure, unit, onDrill, onZoom, group }: PanelViewProps) {
  const scheme = useScheme();
  const data = useMemo(() => toTimeSeries(result, { x: panel.x, series: panel.series, measure }), [result, panel.x, panel.series, measure]);
  const lines = useMemo(() => (data ? linesOf(data, panel.kind, panel.meaning, scheme, zone) : []), [data, panel.kind, panel.meaning, scheme, zone]);
  const option = useMemo(() => {
    if (!data) return {};
    return lineOption({ data, lines, step: panel.kind === 'step', scheme, zone, unit, window: result.window });
  }, [data, lines, panel.kind, scheme, zone, unit, result.window]);

  const onBucket = (time: number, name: string | undefined, shift: boolean) => {
    if (!data) return;
    const series = data.series[lines.findIndex((line) => line.name === name)];
    onDrill({ cells: seriesCell(result.columns, data.seriesColumn, series?.name), window: sliceWindow(time, data.slice, result.window), shift });
  };
  const { overlay, attach } = useDragZoom(data?.slice ?? 60_000, onZoom, onBucket);
  const ready = useCallback((chart: ECharts) => attach(chart), [attach]);

  if (!data || data.times.length === 0) return null;
  return (
    <div className="bz-lines">
      <Chart option={option} summary={summaryOf(panel.title, data.series, unit)} group={group} onReady={ready}>
        {overlay}
      </Chart>
      {lines.length > 1 && <Legend lines={lines} />}
    </div>
  );
}

function linesOf(data: TimeSeries, kind: string, meaning: Meaning, scheme: Scheme, zone: string): Line[] {
  const main = MEANING_COLORS[scheme][meaning];
  if (kind === 'comparison') return data.series.map((s, i) => shifted(s, i, main, scheme));
  if (data.series.length === 1 && !data.seriesColumn)
    return data.series.map((s) => ({ name: s.name, color: main, width: 1.5, dashed: false, values: s.values }));
  const role = data.seriesColumn ? roleOf(data.seriesColumn.column) : 'text';
  const colors = colorsOf(
    data.series.map((s) => s.name),
    scheme,
  );
  return data.series.map((s) => ({
    name: data.seriesColumn ? display(s.name, role, zone) : s.name,
    color: colors.get(s.name) ?? main,
    width: 1.5,
    dashed: false,
    values: s.values,
  }));
}

const SHIFT_ALPHA = [1, 0.75, 0.5, 0.35];

/** `bytes_2d` → `2 days earlier`, dimmer the older. */
function shifted(series: Series, index: number, color: string, scheme: Scheme): Line {
  const days = /_(\d+)([a-z])$/.exec(series.name);
  const unit = { d: 'day', h: 'hour', w: 'week', m: 'minute' }[days?.[2] ?? ''];
  const count = Number(days?.[1] ?? 0);
  const name = index === 0 || !unit ? (index === 0 ? 'This window' : series.name) : `${count} ${unit}${count === 1 ? '' : 's'} earlier`;
  const alpha = SHIFT_ALPHA[index] ?? 0.3;
  return { name, color: index === 0 ? color : withAlpha(INK[scheme].dim, alpha), width: index === 0 ? 2 : 1.2, dashed: index > 1, values: series.values };
}

interface OptionInput {
  readonly data: TimeSeries;
  readonly lines: readonly Line[];
  readonly step: boolean;
  readonly scheme: Scheme;
  readonly zone: string;
  readonly unit: Unit;
  readonly window: Window;
}

function lineOption({ data, lines, step, scheme, zone, unit, window }: OptionInput) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  const last = data.times.at(-1) ?? 0;
  const incomplete = isIncomplete(last, data.slice, window, Date.now());
  const end = last + (step ? data.slice : 0);
  const first = data.times[0] ?? 0;
  // The window may begin inside of the first slice and end inside of the last.
  const partial = [
    ...(first < window.from * 1000 ? [[first, Math.min(end, first + data.slice)]] : []),
    ...(incomplete ? [[step || data.times.length < 2 ? last : last - data.slice, end]] : []),
  ];
  const mark = greyAreas(partial, scheme);
  return {
    ...base,
    grid: { left: 4, right: 12, top: 10, bottom: 2, containLabel: true },
    xAxis: timeAxis(data.times[0] ?? 0, end, scheme, zone),
    yAxis: valueAxis(scheme, unit, greatestOf(data.series)),
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      axisPointer: { type: 'line', lineStyle: { color: ink.dim, type: 'solid' }, snap: true },
      formatter: (params: { axisValue: number | string; seriesIndex: number; value?: [number, number | null] }[]) => {
        const at = Number(params[0]?.axisValue ?? 0);
        const head = sliceHead(at, data.slice, zone, at === last && incomplete ? 'filling' : at < window.from * 1000 ? 'cut' : null);
        const shown = params
          .slice(0, 12)
          .map((p) =>
            tipLine(
              lines[p.seriesIndex]?.color ?? ink.dim,
              lines[p.seriesIndex]?.name ?? '',
              (p.value?.[1] ?? null) === null ? 'no data' : exact(p.value?.[1], unit),
            ),
          );
        return head + shown.join('');
      },
    },
    series: lines.map((line, i) => ({
      type: 'line',
      name: line.name,
      step: step ? 'end' : false,
      showSymbol: true,
      // A point beside gaps on both sides would be invisible as a line.
      symbolSize: (_: unknown, p: { dataIndex: number }) => (isAlone(line.values, p.dataIndex) ? 4 : 0),
      symbol: 'circle',
      connectNulls: false,
      lineStyle: { width: line.width, color: line.color, type: line.dashed ? 'dashed' : 'solid' },
      itemStyle: { color: line.color },
      areaStyle: lines.length === 1 ? { color: withAlpha(line.color, 0.12) } : undefined,
      z: lines.length - i,
      data: points(data.times, line.values, step ? end : undefined),
      markArea: i === 0 ? mark : undefined,
    })),
  };
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

function greatestOf(series: readonly Series[]): number {
  return series.reduce((most, s) => s.values.reduce((m: number, v) => Math.max(m, v ?? 0), most), 0);
}

function summaryOf(title: string, series: readonly Series[], unit: Unit): string {
  const parts = series.slice(0, 6).map((s) => {
    const present = s.values.filter((v) => v !== null);
    const peak = present.length > 0 ? Math.max(...present) : 0;
    return `${s.name}: newest ${short(s.values.at(-1) ?? null, unit)}, highest ${short(peak, unit)}`;
  });
  return `${title}. Line chart. ${parts.join('; ')}.`;
}
