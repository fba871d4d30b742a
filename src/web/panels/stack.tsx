/** Series stacked over time, for measures that add up: `column`, a bar for each slice; `area`, their edges joined. */
import { useMemo } from 'react';
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
import { Legend, partOf, sliceHead, sliceWindow, timeAxis } from './time-parts.tsx';
import { type Series, type TimeSeries, toTimeSeries } from './time-series.ts';

interface Layer {
  /** The series' own name; undefined is all that are too many to be told apart. */
  readonly key: string | undefined;
  readonly name: string;
  readonly color: string;
  readonly dashed: false;
  readonly values: readonly (number | null)[];
}

/** Series that are told apart; the rest of them is one layer. */
const MOST_LAYERS = 11;

export default function StackPanel({ panel, result, zone, measure, unit, onDrill, onZoom, group }: PanelViewProps) {
  const scheme = useScheme();
  const data = useMemo(() => toTimeSeries(result, { x: panel.x, series: panel.series, measure }), [result, panel.x, panel.series, measure]);
  const layers = useMemo(() => (data ? layersOf(data, panel.meaning, scheme, zone) : []), [data, panel.meaning, scheme, zone]);
  const columns = panel.kind === 'column';
  const option = useMemo(
    () => (data ? stackOption({ data, layers, columns, scheme, zone, unit, window: result.window }) : {}),
    [data, layers, columns, scheme, zone, unit, result.window],
  );
  const slice = data?.slice ?? 60_000;
  const drill = (start: number, layer: Layer | undefined, shift: boolean) => {
    onDrill({ cells: seriesCell(result.columns, data?.seriesColumn, layer?.key), window: sliceWindow(start, slice, result.window), shift });
  };
  // A click on a bar says which layer; one beside the bars only when.
  const { overlay, attach } = useDragZoom(slice, onZoom, (middle, _, shift) => columns || drill(middle - slice / 2, undefined, shift));
  if (!data || data.times.length === 0) return null;
  return (
    <div className="bz-lines">
      <Chart
        option={option}
        summary={summaryOf(panel.title, columns, layers, unit)}
        group={group}
        onReady={attach}
        onClick={(click) => {
          const start = data.times[click.dataIndex];
          const layer = layers.find((l) => l.name === click.seriesName);
          if (columns && start !== undefined) drill(start, layer, click.shift);
        }}
      >
        {overlay}
      </Chart>
      {layers.length > 1 && <Legend lines={layers} />}
    </div>
  );
}

/** Series by what they count together, greatest first; those that are too many are one layer. */
export function layersOf(data: TimeSeries, meaning: Meaning, scheme: Scheme, zone: string): Layer[] {
  const total = (s: Series) => s.values.reduce((sum: number, v) => sum + (v ?? 0), 0);
  const ranked = [...data.series].sort((a, b) => total(b) - total(a));
  const shown = ranked.length > MOST_LAYERS + 1 ? ranked.slice(0, MOST_LAYERS) : ranked;
  const colors = colorsOf(
    shown.map((s) => s.name),
    scheme,
  );
  const role = data.seriesColumn ? roleOf(data.seriesColumn.column) : 'text';
  const layers = shown.map((s): Layer => {
    const color = shown.length === 1 && !data.seriesColumn ? MEANING_COLORS[scheme][meaning] : (colors.get(s.name) ?? INK[scheme].other);
    return { key: s.name, name: display(s.name, role, zone), color, dashed: false, values: s.values };
  });
  const rest = ranked.slice(shown.length);
  if (rest.length > 0) layers.push({ key: undefined, name: `${rest.length} others`, color: INK[scheme].other, dashed: false, values: summed(rest) });
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
  readonly scheme: Scheme;
  readonly zone: string;
  readonly unit: Unit;
  readonly window: Window;
}

function stackOption({ data, layers, columns, scheme, zone, unit, window }: OptionInput) {
  const base = baseOption(scheme);
  const { times, slice } = data;
  const heights = times.map((_, i) => layers.reduce((sum, l) => sum + (l.values[i] ?? 0), 0));
  const now = Date.now();
  const parts = times.map((t) => partOf(t, slice, window, now));
  return {
    ...base,
    grid: { left: 4, right: 12, top: 10, bottom: 2, containLabel: true },
    xAxis: timeAxis(times[0] ?? 0, (times.at(-1) ?? 0) + slice, scheme, zone),
    yAxis: valueAxis(scheme, unit, Math.max(0, ...heights)),
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      axisPointer: { type: columns ? 'shadow' : 'line', snap: true },
      formatter: ([first]: { dataIndex: number }[]) => {
        const i = first?.dataIndex ?? 0;
        const there = layers.filter((l) => (l.values[i] ?? 0) !== 0).sort((a, b) => (b.values[i] ?? 0) - (a.values[i] ?? 0));
        const lines = there.map((l) => tipLine(l.color, l.name, exact(l.values[i], unit)));
        const total = there.length > 1 ? tipLine('transparent', 'together', exact(heights[i], unit)) : '';
        return sliceHead(times[i] ?? 0, slice, zone, parts[i] ?? null) + (lines.join('') || tipLine('transparent', 'no data', '')) + total;
      },
    },
    series: layers.map((layer) => ({
      type: columns ? 'bar' : 'line',
      name: layer.name,
      stack: 'all',
      barCategoryGap: '14%',
      cursor: 'pointer',
      showSymbol: false,
      lineStyle: { width: 1, color: layer.color },
      areaStyle: columns ? undefined : { color: withAlpha(layer.color, 0.5) },
      itemStyle: { color: layer.color },
      emphasis: { disabled: true },
      // In the middle of its slice, so that the bar stands over the time that it counts. A layer without a
      // row has no height there; a slice without any row is a gap.
      data: times.map((t, i) => ({
        value: [t + slice / 2, layer.values[i] ?? (heights[i] ? 0 : null)],
        ...(columns && parts[i] && { itemStyle: { color: withAlpha(layer.color, 0.45) } }),
      })),
    })),
  };
}

function summaryOf(title: string, columns: boolean, layers: readonly Layer[], unit: Unit): string {
  const parts = layers.slice(0, 6).map(
    (l) =>
      `${l.name}: ${short(
        l.values.reduce((sum: number, v) => sum + (v ?? 0), 0),
        unit,
      )} together`,
  );
  return `${title}. ${columns ? 'Stacked columns' : 'Stacked areas'} over time. ${parts.join('; ')}.`;
}
