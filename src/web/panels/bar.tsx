/** Horizontal bars, one a label, the greatest on top; with a series each is stacked of its parts. */
import { useElementSize } from '@mantine/hooks';
import type { ECharts } from 'echarts/core';
import { useCallback, useMemo, useRef } from 'react';
import { alike, exact, short, type Unit } from '../format/numbers.ts';
import { shortenMiddle } from '../format/values.ts';
import { colorsOf, INK, MEANING_COLORS, type Scheme, withAlpha } from '../theme/palette.ts';
import { MONO } from '../theme/theme.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, niceStep, tipHead, tipLine, valueAxis } from './chart-style.ts';
import { NONE, REST } from './columns.ts';
import { fewSeries, type Item, type Items, itemsOf } from './items.ts';
import { Legend, type Named, useHidden } from './legend.tsx';
import type { PanelViewProps } from './props.ts';

/** Bars that can be read one by one, as far as the panel has room for them; a table has all. */
const MOST_BARS = 25;
const MOST_BARS_FULL = 40;
/** Of a bar with its label, in pixels; of what stands below them. */
const LEAST_LINE = 13;
const BELOW = 44;
/** Series that a bar is stacked of; the rest of them is one. */
const MOST_SERIES = 11;

/** A drawn part of the bars. `of`: its length in each. */
interface Layer extends Named {
  readonly of: (item: Item) => number;
}

export default function BarPanel(props: PanelViewProps) {
  const { panel, result, measure, zone, unit, onDrill, full } = props;
  const scheme = useScheme();
  const [hidden, setHidden] = useHidden(props);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the props only these say what is drawn
  const all = useMemo(() => itemsOf(props), [panel, result, measure, zone]);
  const { ref, height } = useElementSize();
  const fitting = height > 0 ? Math.max(3, Math.floor((height - BELOW) / LEAST_LINE)) : Number.POSITIVE_INFINITY;
  const most = Math.min(full ? MOST_BARS_FULL : MOST_BARS, fitting);
  const data = useMemo(() => all && greatestOf(all, most), [all, most]);
  const layers = useMemo((): Layer[] => {
    if (!data || data.series.length === 0) return [];
    const { series, partOf } = fewSeries(data, MOST_SERIES);
    const named = series.map((s) => s.key).filter((key) => key !== REST);
    const colors = colorsOf(named, scheme);
    return series.map(({ key, label }) => ({ key, name: label, color: colors.get(key) ?? INK[scheme].other, of: (item) => partOf(item, key) }));
  }, [data, scheme]);
  const shown = useMemo(() => layers.filter((layer) => !hidden.has(layer.key)), [layers, hidden]);
  const option = useMemo(() => {
    if (!data) return {};
    if (layers.length > 0) return barOption(data.items, shown, scheme, unit, data.mono, full);
    const keys = data.items.map((i) => i.key).filter((key) => key !== REST);
    const colors = panel.meaning === 'neutral' ? colorsOf(keys, scheme) : undefined;
    const one = MEANING_COLORS[scheme][panel.meaning];
    const colorOf = (item: Item) => (item.key === REST ? INK[scheme].other : (colors?.get(item.key) ?? one));
    return barOption(data.items, [{ key: 'bars', name: '', color: one, of: (item) => item.value }], scheme, unit, data.mono, full, colorOf);
  }, [data, layers, shown, panel.meaning, scheme, unit, full]);

  const latest = useRef({ data, shown, onDrill });
  latest.current = { data, shown, onDrill };
  const ready = useCallback((chart: ECharts) => {
    const pointer = chart.getZr();
    pointer.on('click', ({ offsetX, offsetY, event }) => {
      const { data: now, shown: stacked, onDrill: drill } = latest.current;
      const item = now?.items[lineAt(chart, offsetY)];
      if (!now || !item || item.key === REST) return;
      const cells = [{ column: now.column, value: item.key }];
      const part = now.seriesColumn && partAt(item, stacked, Number(chart.convertFromPixel({ xAxisIndex: 0 }, offsetX)));
      if (now.seriesColumn && part) cells.push({ column: now.seriesColumn, value: part.key === NONE ? '' : part.key });
      drill({ cells, shift: (event as unknown as MouseEvent).shiftKey });
    });
    pointer.on('mousemove', () => pointer.setCursorStyle('pointer'));
    return undefined;
  }, []);
  if (!data) return null;
  const summary = `${panel.title}. ${layers.length > 0 ? `Bars stacked by ${data.seriesColumn?.name}` : 'Bars'}. ${data.items
    .slice(0, 10)
    .map((i) => `${i.label}: ${short(i.value, unit)}`)
    .join('; ')}.`;
  return (
    <div className="bz-lines" ref={ref}>
      <Chart option={option} summary={summary} onReady={ready} />
      {layers.length > 1 && <Legend lines={layers} hidden={hidden} onHidden={setHidden} mark="area" />}
      {all && all.items.length > data.items.length && (
        <p className="bz-cut">{`${exact(all.items.length - data.items.length)} more are not shown, because smaller. The table has all.`}</p>
      )}
    </div>
  );
}

/** The first bars, and the rest of a top where the query made one. */
function greatestOf(all: Items, most: number): Items {
  return all.items.length <= most ? all : { ...all, items: all.items.filter((item, i) => i < most || item.key === REST) };
}

/** The whole line of a bar takes the click, its label too: a small bar is hard to hit. */
function lineAt(chart: ECharts, y: number): number {
  return Math.round(Number(chart.convertFromPixel({ yAxisIndex: 0 }, y)));
}

/** The part of a stacked bar at a length; beside the bar none, and so the whole bar. */
function partAt(item: Item, layers: readonly Layer[], length: number): Layer | undefined {
  let end = 0;
  if (length < 0) return undefined;
  const found = layers.find((layer) => {
    end += layer.of(item);
    return length <= end;
  });
  return found?.key === REST ? undefined : found;
}

/** As long as the longest bar: each has its number at its end, and a step more would only make all of them shorter. */
function lengthAxis(scheme: Scheme, unit: Unit, most: number) {
  // Bytes are written longer.
  const step = niceStep(most, unit, unit === 'bytes' ? 3 : 4);
  const axis = valueAxis(scheme, unit, most);
  if (most <= 0) return axis;
  const isStep = most % step === 0;
  return {
    ...axis,
    max: most,
    interval: step,
    splitLine: { ...axis.splitLine, showMaxLine: isStep },
    axisLabel: { ...axis.axisLabel, showMaxLabel: isStep },
  };
}

function barOption(
  items: readonly Item[],
  layers: readonly Layer[],
  scheme: Scheme,
  unit: Unit,
  mono: boolean,
  full: boolean,
  colorOf?: (item: Item) => string,
) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  const lengths = items.map((item) => layers.reduce((sum, layer) => sum + layer.of(item), 0));
  const say = alike(lengths, unit);
  const last = layers.length - 1;
  return {
    ...base,
    grid: { left: 4, right: 52, top: 4, bottom: 2, containLabel: true },
    xAxis: lengthAxis(scheme, unit, Math.max(0, ...lengths)),
    yAxis: {
      type: 'category',
      inverse: true,
      data: items.map((i) => i.label),
      triggerEvent: false,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: ink.border } },
      axisLabel: {
        color: ink.text,
        fontSize: 12,
        interval: 0,
        hideOverlap: true,
        fontFamily: mono ? MONO : undefined,
        formatter: (v: string) => shortenMiddle(v, full ? 44 : 30),
      },
    },
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: withAlpha(ink.dim, 0.1) } },
      formatter: ([p]: { dataIndex: number }[]) => {
        const item = p && items[p.dataIndex];
        if (!item) return '';
        if (colorOf) return tipLine(colorOf(item), item.label, exact(item.value, unit));
        const there = layers.filter((layer) => layer.of(item) !== 0);
        const total = there.length > 1 ? tipLine('transparent', 'together', exact(lengths[p.dataIndex], unit)) : '';
        return tipHead(item.label) + there.map((layer) => tipLine(layer.color, layer.name, exact(layer.of(item), unit))).join('') + total;
      },
    },
    series: layers.map((layer, n) => ({
      type: 'bar',
      id: layer.key,
      name: layer.key,
      stack: 'all',
      barMaxWidth: 18,
      cursor: 'pointer',
      emphasis: { disabled: true },
      // The length of the whole bar, said at its end.
      label: {
        show: n === last,
        position: 'right',
        color: ink.dim,
        fontSize: 11,
        formatter: (p: { dataIndex: number }) => say(lengths[p.dataIndex]),
      },
      data: items.map((item) => ({
        value: layer.of(item),
        name: item.label,
        itemStyle: { color: colorOf?.(item) ?? layer.color, borderRadius: n === last ? [0, 2, 2, 0] : 0 },
      })),
    })),
  };
}
