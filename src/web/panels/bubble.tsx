/** Bubbles: x a port, y an autonomous system (or any label), the area a measure. */
import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import { exact, short, type Unit } from '../format/numbers.ts';
import { display, roleOf, shortenMiddle } from '../format/values.ts';
import { INK, MEANING_COLORS, type Scheme, withAlpha } from '../theme/palette.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipHead, tipLine } from './chart-style.ts';
import { type Located, locate, locateMeasure, numberAt, textAt } from './columns.ts';
import { besideOf, labelOf } from './labels.ts';
import { placeAxis } from './port-axis.ts';
import type { PanelViewProps } from './props.ts';

interface Bubble {
  readonly x: string;
  readonly y: string;
  readonly size: number;
  readonly row: readonly unknown[];
}

/** Radius of the greatest, in pixels: where rows are many they are some 20 high. */
const GREATEST = 18;
const GREATEST_FULL = 24;
/** Of the names at the left, in pixels; in a panel from so wide on there is room for whole ones. */
const NAMES = 150;
const NAMES_WIDE = 260;
const WIDE = 800;
const LETTER = 6.2;

export default function BubblePanel({ panel, result, measure, unit, zone, full, onDrill }: PanelViewProps) {
  const scheme = useScheme();
  const data = useMemo(() => {
    const x = locate(result.columns, panel.x);
    const y = locate(result.columns, panel.y);
    const size = locateMeasure(result.columns, panel.size ?? measure, [panel.x, panel.y]);
    if (!x || !y || !size) return null;
    const label = locate(result.columns, panel.label);
    const bubbles = result.rows.map(
      (row): Bubble => ({ x: textAt(row, x), y: labelOf(row, y, besideOf(result.columns, y, panel.label), zone), size: numberAt(row, size), row }),
    );
    return { x, y, label, bubbles: bubbles.sort((a, b) => b.size - a.size) };
  }, [result, panel.x, panel.y, panel.size, panel.label, measure, zone]);
  const color = MEANING_COLORS[scheme][panel.meaning];
  const { ref, width } = useElementSize();
  const option = useMemo(() => (data ? bubbleOption(data.bubbles, data.x, color, scheme, unit, full, width) : {}), [data, color, scheme, unit, full, width]);
  if (!data) return null;
  return (
    <div className="bz-lines" ref={ref}>
      <Chart
        option={option}
        summary={`${panel.title}. Bubbles. Greatest: ${data.bubbles
          .slice(0, 5)
          .map((b) => `${b.y}, ${data.x.column.name} ${display(b.x, roleOf(data.x.column))}: ${short(b.size, unit)}`)
          .join('; ')}.`}
        onClick={(click) => {
          const bubble = data.bubbles[click.dataIndex];
          if (!bubble) return;
          const places = [data.x, data.y, data.label].filter((p) => p !== undefined);
          onDrill({ cells: places.map((p) => ({ column: p.column, value: bubble.row[p.index] })), shift: click.shift });
        }}
      />
    </div>
  );
}

function widest(names: readonly string[], most: number): number {
  return Math.min(most, Math.max(0, ...names.map((name) => name.length)) * LETTER);
}

/** One line for all names that a small panel has no room for. */
const OTHER = 'other';

/** The names with most, greatest first; the axis of a panel has room for so many. */
function keptNames(bubbles: readonly Bubble[], most: number): string[] {
  const sums = new Map<string, number>();
  for (const b of bubbles) sums.set(b.y, (sums.get(b.y) ?? 0) + b.size);
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name]) => name);
}

/** `width`: of the panel, in pixels. */
function bubbleOption(bubbles: readonly Bubble[], x: Located, color: string, scheme: Scheme, unit: Unit, full: boolean, width: number) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  const kept = keptNames(bubbles, full ? 40 : 10);
  const rowOf = (name: string) => (kept.includes(name) ? name : OTHER);
  const xs = [...new Set(bubbles.map((b) => b.x))].sort((a, b) => Number(a) - Number(b) || a.localeCompare(b));
  // The heaviest on top: a category axis counts from below.
  const ys = [...kept, ...(bubbles.some((b) => rowOf(b.y) === OTHER) ? [OTHER] : [])].reverse();
  const greatest = Math.max(1, ...bubbles.map((b) => b.size));
  const radius = full && ys.length <= 20 ? GREATEST_FULL : GREATEST;
  const axis = {
    type: 'category',
    axisTick: { show: false },
    axisLine: { onZero: false, lineStyle: { color: ink.border } },
    splitLine: { show: true, lineStyle: { color: ink.line } },
  };
  const role = roleOf(x.column);
  const sums = new Map<string, number>();
  for (const b of bubbles) sums.set(b.x, (sums.get(b.x) ?? 0) + b.size);
  const weights = xs.map((x) => sums.get(x) ?? 0);
  const places = new Map(xs.map((x, i) => [x, i]));
  const labels = xs.map((x) => shortenMiddle(display(x, role), 18));
  const names = width >= WIDE ? NAMES_WIDE : NAMES;
  return {
    ...base,
    grid: { left: 4, right: 8, top: radius, bottom: 2, containLabel: true },
    xAxis: placeAxis(labels, weights, scheme, width - widest(ys, names) - radius),
    yAxis: {
      ...axis,
      data: ys,
      axisLabel: { color: ink.text, margin: radius, fontSize: 11, width: names, overflow: 'truncate', ellipsis: '…', interval: 0 },
    },
    tooltip: {
      ...base.tooltip,
      trigger: 'item',
      formatter: (p: { dataIndex: number }) => {
        const b = bubbles[p.dataIndex];
        return b ? tipHead(b.y) + tipLine(color, display(b.x, role), exact(b.size, unit)) : '';
      },
    },
    series: [
      {
        type: 'scatter',
        cursor: 'pointer',
        itemStyle: { color: withAlpha(color, 0.55), borderColor: color, borderWidth: 1 },
        symbolSize: (_: unknown, p: { dataIndex: number }) => Math.max(5, 2 * radius * Math.sqrt((bubbles[p.dataIndex]?.size ?? 0) / greatest)),
        data: bubbles.map((b) => [places.get(b.x), rowOf(b.y)]),
      },
    ],
  };
}
