/** Series stacked over time, for measures that add up: `column`, a bar for each slice; `share`, each as 100 %; `area`, their edges joined. */
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
import { restLabel } from './labels.ts';
import { Legend, useHidden } from './legend.tsx';
import type { PanelViewProps } from './props.ts';
import { partOf, sliceHead, sliceWindow, timeAxis } from './time-parts.tsx';
import { type Series, type TimeSeries, toTimeSeries } from './time-series.ts';

interface Layer {
  /** The series' own name; REST is all that are too many to be told apart. */
  readonly key: string;
  readonly name: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
}

/** Series that are told apart; the rest of them is one layer. */
const MOST_LAYERS = 11;

export default function StackPanel(props: PanelViewProps) {
  const { panel, result, zone, measure, unit, onDrill, onZoom, group } = props;
  const scheme = useScheme();
  const [hidden, setHidden] = useHidden(props);
  const { x, series, label, kind, meaning, top } = panel;
  const data = useMemo(() => toTimeSeries(result, { x, series, measure, label, zone }), [result, x, series, measure, label, zone]);
  const all = useMemo(() => (data ? layersOf(data, meaning, scheme, top) : []), [data, meaning, scheme, top]);
  const layers = useMemo(() => all.filter((layer) => !hidden.has(layer.key)), [all, hidden]);
  const columns = kind !== 'area';
  const share = kind === 'share';
  const { ref, width } = useElementSize();
  const option = useMemo(
    () => (data ? stackOption({ data, layers, columns, share, scheme, zone, unit, window: result.window, width }) : {}),
    [data, layers, columns, share, scheme, zone, unit, result.window, width],
  );
  const slice = data?.slice ?? 60_000;
  const drill = (start: number, key: string | undefined, shift: boolean) => {
    onDrill({ cells: seriesCell(result.columns, data?.seriesColumn, key), window: sliceWindow(start, slice, result.window, zone), shift });
  };
  // A click on a bar says which layer; one beside the bars only when.
  const { overlay, attach } = useDragZoom(slice, onZoom, (middle, _, shift) => columns || drill(middle - slice / 2, undefined, shift));
  if (!data || data.times.length === 0) return null;
  return (
    <div className="bz-lines" ref={ref}>
      <Chart
        option={option}
        summary={summaryOf(panel.title, kind, layers, unit)}
        group={group}
        onReady={attach}
        onClick={(click) => {
          const start = data.times[click.dataIndex];
          if (columns && start !== undefined) drill(start, click.seriesName, click.shift);
        }}
      >
        {overlay}
      </Chart>
      {(all.length > 1 || data.seriesColumn) && <Legend lines={all} hidden={hidden} onHidden={setHidden} mark="area" />}
    </div>
  );
}

function totalOf(values: readonly (number | null)[]): number {
  return values.reduce((sum: number, v) => sum + (v ?? 0), 0);
}

/** Series by what they count together, greatest first, the rest of a top last; those that are too many are one layer. `named`: as many as the panel asks for. */
export function layersOf(data: TimeSeries, meaning: Meaning, scheme: Scheme, named = MOST_LAYERS): Layer[] {
  const own = data.series.filter((s) => s.name !== REST).sort((a, b) => totalOf(b.values) - totalOf(a.values));
  const given = data.series.find((s) => s.name === REST);
  const shown = own.length > named + 1 ? own.slice(0, named) : own;
  const colors = colorsOf(
    shown.map((s) => s.name),
    scheme,
  );
  const layers = shown.map((s): Layer => {
    const color = shown.length === 1 && !data.seriesColumn ? MEANING_COLORS[scheme][meaning] : (colors.get(s.name) ?? INK[scheme].other);
    return { key: s.name, name: s.label ?? s.name, color, values: s.values };
  });
  const rest = own.slice(shown.length);
  const color = INK[scheme].other;
  if (given && rest.length === 0) layers.push({ key: REST, name: given.label ?? 'other', color, values: given.values });
  else if (rest.length > 0) {
    const groups = rest.length + (given ? (given.groups ?? 1) : 0);
    layers.push({ key: REST, name: restLabel(groups), color, values: summed(given ? [...rest, given] : rest) });
  }
  return layers;
}

function summed(series: readonly Series[]): (number | null)[] {
  const length = series[0]?.values.length ?? 0;
  return Array.from({ length }, (_, i) =>
    series.reduce<number | null>((sum, s) => ((s.values[i] ?? null) === null ? sum : (sum ?? 0) + (s.values[i] ?? 0)), null),
  );
}

interface OptionInput {
  readonly data: TimeSeries;
  readonly layers: readonly Layer[];
  readonly columns: boolean;
  readonly share: boolean;
  readonly scheme: Scheme;
  readonly zone: string;
  readonly unit: Unit;
  readonly window: Window;
  /** Of the panel, in pixels. */
  readonly width: number;
}

/** Percent of a part; a whole of nothing has no parts. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (part / whole) * 100;
}

function stackOption({ data, layers, columns, share, scheme, zone, unit, window, width }: OptionInput) {
  const base = baseOption(scheme);
  const { times, slice } = data;
  const last = times.at(-1) ?? 0;
  const heights = times.map((_, i) => layers.reduce((sum, l) => sum + (l.values[i] ?? 0), 0));
  const now = Date.now();
  const parts = times.map((t) => partOf(t, slice, window, now, zone));
  const height = (layer: Layer, i: number): number | null => {
    const [value, whole] = [layer.values[i] ?? null, heights[i] ?? 0];
    // A layer without a row has no height there; a slice without any row is a gap.
    if (whole === 0) return share || value === null ? null : value;
    return share ? percentOf(value ?? 0, whole) : (value ?? 0);
  };
  const axis = valueAxis(scheme, share ? 'percent' : unit, share ? 100 : Math.max(0, ...heights));
  return {
    ...base,
    grid: { left: 4, right: 12, top: 10, bottom: 2, containLabel: true },
    // The bars of the first and last slice end with the window: no room for them beside it, or the time would not be that of the charts around.
    xAxis: { ...timeAxis({ from: times[0] ?? 0, to: last + slice, last, slice, scheme, zone, width }), containShape: false },
    yAxis: share ? { ...axis, interval: 25, axisLabel: { ...axis.axisLabel, formatter: (v: number) => `${v} %` } } : axis,
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      axisPointer: { type: columns ? 'shadow' : 'line', lineStyle: { color: INK[scheme].dim, type: 'solid' }, snap: true },
      formatter: ([first]: { dataIndex: number }[]) => {
        const i = first?.dataIndex ?? 0;
        const whole = heights[i] ?? 0;
        const there = layers.filter((l) => (l.values[i] ?? 0) !== 0).sort((a, b) => (b.values[i] ?? 0) - (a.values[i] ?? 0));
        const part = (value: number | null | undefined) => (share ? ` · ${short(percentOf(value ?? 0, whole), 'percent')}` : '');
        const lines = there.map((l) => tipLine(l.color, l.name, exact(l.values[i], unit) + part(l.values[i])));
        const total = there.length > 1 ? tipLine('transparent', 'together', exact(whole, unit)) : '';
        return sliceHead(times[i] ?? 0, slice, zone, parts[i] ?? null) + (lines.join('') || tipLine('transparent', 'no data', '')) + total;
      },
    },
    series: layers.map((layer) => ({
      type: columns ? 'bar' : 'line',
      id: layer.key,
      name: layer.key,
      stack: 'all',
      barCategoryGap: '14%',
      cursor: 'pointer',
      showSymbol: false,
      lineStyle: { width: 1, color: layer.color },
      areaStyle: columns ? undefined : { color: withAlpha(layer.color, 0.5) },
      itemStyle: { color: layer.color },
      emphasis: { disabled: true },
      // In the middle of its slice, so that the bar stands over the time that it counts.
      data: times.map((t, i) => ({
        value: [t + slice / 2, height(layer, i)],
        ...(columns && parts[i] && { itemStyle: { color: withAlpha(layer.color, 0.45) } }),
      })),
    })),
  };
}

const NAMES: Readonly<Record<string, string>> = { column: 'Stacked columns', share: 'Shares, stacked to 100 %,', area: 'Stacked areas' };

function summaryOf(title: string, kind: string, layers: readonly Layer[], unit: Unit): string {
  const whole = layers.reduce((sum, l) => sum + totalOf(l.values), 0);
  const said = (total: number) => (kind === 'share' ? short(percentOf(total, whole), 'percent') : short(total, unit));
  const parts = layers.slice(0, MOST_LAYERS + 1).map((l) => `${l.name}: ${said(totalOf(l.values))} together`);
  return `${title}. ${NAMES[kind] ?? 'Stacked'} over time. ${parts.join('; ')}.`;
}
