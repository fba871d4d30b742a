/**
 * Points: x a port (or any value), y what is counted, a colour for each series. A few values stand side by side; more stand
 * below each other, so that their names have room; many lie on an axis of numbers.
 */
import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import { exact, short, type Unit } from '../format/numbers.ts';
import { roleOf, shortenMiddle } from '../format/values.ts';
import { colorsOf, INK, MEANING_COLORS, type Scheme } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipHead, tipLine, valueAxis } from './chart-style.ts';
import { type Located, locate, locateMeasure, NONE, numberAt, textAt } from './columns.ts';
import { besideOf, labelOf } from './labels.ts';
import { Legend, type Named, useHidden } from './legend.tsx';
import { placeAxis, portAxis } from './port-axis.ts';
import type { PanelViewProps } from './props.ts';

interface Point {
  readonly x: string;
  readonly label: string;
  readonly y: number;
  readonly series: string;
  readonly row: readonly unknown[];
}

/** Values that have a place and a name each, and how many of them stand side by side: names of more would be written over each other. */
const MOST_NAMED = 20;
const MOST_NAMED_FULL = 60;
const MOST_BESIDE = 6;
/** Above this the greatest would press the others onto the axis. */
const LOG_FROM = 200;
/** Shapes beside colours, so that the series differ in more than hue. */
const SHAPES = ['circle', 'diamond', 'triangle', 'rect'] as const;

export default function ScatterPanel(props: PanelViewProps) {
  const { panel, result, measure, unit, zone, full, onDrill } = props;
  const scheme = useScheme();
  const [hidden, setHidden] = useHidden(props);
  const data = useMemo(() => pointsOf(result, panel, measure, zone), [result, panel, measure, zone]);
  const series = useMemo(() => {
    const names = [...new Set(data?.points.map((p) => p.series))].sort();
    const colors = colorsOf(names, scheme);
    const own = MEANING_COLORS[scheme][panel.meaning];
    return names.map((name, i): Named => ({ key: name, name, color: data?.series ? (colors.get(name) ?? own) : own, shape: SHAPES[i % SHAPES.length] }));
  }, [data, scheme, panel.meaning]);
  const shown = useMemo(() => series.filter((s) => !hidden.has(s.key)), [series, hidden]);
  const { ref, width } = useElementSize();
  const option = useMemo(() => (data ? scatterOption({ ...data, shown, scheme, unit, full, width }) : {}), [data, shown, scheme, unit, full, width]);
  if (!data) return null;
  const greatest = [...data.points].sort((a, b) => b.y - a.y).slice(0, 6);
  return (
    <div className="bz-lines" ref={ref}>
      <Chart
        option={option}
        summary={`${panel.title}. Points. Greatest: ${greatest.map((p) => `${p.label}${data.series ? ` ${p.series}` : ''}: ${short(p.y, unit)}`).join('; ')}.`}
        onClick={(click) => {
          const point = data.points.filter((p) => p.series === click.seriesName)[click.dataIndex];
          const places = [data.x, data.series].filter((at) => at !== undefined);
          if (point) onDrill({ cells: places.map((at) => ({ column: at.column, value: point.row[at.index] })), shift: click.shift });
        }}
      />
      {(series.length > 1 || data.series) && <Legend lines={series} hidden={hidden} onHidden={setHidden} mark="area" />}
    </div>
  );
}

function pointsOf(result: PanelViewProps['result'], panel: PanelViewProps['panel'], measure: string | undefined, zone: string) {
  const x = locate(result.columns, panel.x);
  const series = locate(result.columns, panel.series);
  const y = locateMeasure(result.columns, measure, [panel.x, panel.series]);
  if (!x || !y) return null;
  const beside = besideOf(result.columns, x, panel.label);
  const points = result.rows.map((row): Point => {
    const name = series ? textAt(row, series) || NONE : panel.title;
    return { x: textAt(row, x), label: labelOf(row, x, beside, zone), y: numberAt(row, y), series: name, row };
  });
  return { x, series, points };
}

function weightsOf(points: readonly Point[], values: readonly string[]): number[] {
  const sums = new Map<string, number>();
  for (const p of points) sums.set(p.x, (sums.get(p.x) ?? 0) + p.y);
  return values.map((v) => sums.get(v) ?? 0);
}

interface OptionInput {
  readonly points: readonly Point[];
  readonly x: Located;
  readonly shown: readonly Named[];
  readonly scheme: Scheme;
  readonly unit: Unit;
  readonly full: boolean;
  /** Of the panel, in pixels. */
  readonly width: number;
}

/** Of what stands beside the axis of values, in pixels. */
const BESIDE_AXIS = 60;

function scatterOption({ points, x, shown, scheme, unit, full, width }: OptionInput) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  const labels = new Map(points.map((p) => [p.x, p.label]));
  const values = [...labels.keys()].sort((a, b) => Number(a) - Number(b) || a.localeCompare(b));
  const named = values.length <= (full ? MOST_NAMED_FULL : MOST_NAMED);
  const turned = named && values.length > MOST_BESIDE;
  const role = roleOf(x.column);
  // Ports and names have an order, and no distance from each other.
  const scaled = !named && role !== 'port' && values.every((v) => Number(v) > 0);
  const places = new Map(values.map((v, i) => [v, i]));
  const heights = points.filter((p) => p.y > 0).map((p) => p.y);
  const most = heights.reduce((a, b) => Math.max(a, b), 0);
  const log = most / heights.reduce((a, b) => Math.min(a, b), most) > LOG_FROM;
  const axis = valueAxis(scheme, unit, most);
  const weights = weightsOf(points, values);
  const ofSeries = Map.groupBy(points, (p) => p.series);
  // The greatest value may stand just above a power of ten: its label would be written over that one's.
  const measured = log
    ? { ...axis, type: 'log', min: 'dataMin', max: 'dataMax', interval: undefined, axisLabel: { ...axis.axisLabel, showMaxLabel: false } }
    : axis;
  const across = () => {
    if (named) return namesAxis(values, labels, scheme, '\n');
    if (scaled) {
      return portAxis(
        values.map((v, i) => ({ value: Number(v), weight: weights[i] ?? 0 })),
        role,
        scheme,
        full,
      );
    }
    return placeAxis(
      values.map((v) => shortenMiddle(labels.get(v) ?? v, 18)),
      weights,
      scheme,
      width - BESIDE_AXIS,
    );
  };
  const placeOf = (p: Point) => (named ? p.x : scaled ? Number(p.x) : places.get(p.x));
  return {
    ...base,
    grid: { left: 4, right: 18, top: 12, bottom: 2, containLabel: true },
    ...(turned ? { xAxis: measured, yAxis: { ...namesAxis(values, labels, scheme, ' '), inverse: true } } : { xAxis: across(), yAxis: measured }),
    tooltip: {
      ...base.tooltip,
      trigger: 'item',
      formatter: (p: { seriesName: string; dataIndex: number }) => {
        const at = ofSeries.get(p.seriesName)?.[p.dataIndex];
        if (!at) return '';
        // All series of the value: they are what one compares.
        const beside = Map.groupBy(
          points.filter((q) => q.x === at.x),
          (q) => q.series,
        );
        const all = shown.flatMap((s) => (beside.get(s.key) ?? []).map((q) => tipLine(s.color, s.name, exact(q.y, unit))));
        return tipHead(at.label) + all.join('');
      },
    },
    series: shown.map((s) => ({
      type: 'scatter',
      id: s.key,
      name: s.key,
      cursor: 'pointer',
      symbol: s.shape,
      symbolSize: full ? 14 : 11,
      itemStyle: { color: s.color, opacity: 1, borderColor: ink.panel, borderWidth: 1 },
      emphasis: { scale: false },
      data: (ofSeries.get(s.key) ?? []).map((p) => (turned ? [p.y, placeOf(p)] : [placeOf(p), p.y])),
    })),
  };
}

/** An axis with a place and a line for each value, and its name: a port, and after `between` its service. */
function namesAxis(values: readonly string[], labels: ReadonlyMap<string, string>, scheme: Scheme, between: string) {
  const ink = INK[scheme];
  return {
    type: 'category',
    data: values,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: ink.border } },
    splitLine: { show: true, lineStyle: { color: ink.line } },
    axisLabel: {
      color: ink.dim,
      fontSize: 11,
      lineHeight: 13,
      interval: 0,
      hideOverlap: true,
      formatter: (v: string) => shortenMiddle(labels.get(v) ?? v, 18).replace(' ', between),
    },
  };
}
