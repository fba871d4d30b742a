/** Horizontal bars, one a label, the greatest on top. */
import type { ECharts } from 'echarts/core';
import { useCallback, useMemo, useRef } from 'react';
import { exact, short, type Unit } from '../format/numbers.ts';
import { display, isMono, roleOf, shortenMiddle } from '../format/values.ts';
import { colorsOf, INK, MEANING_COLORS, type Scheme, withAlpha } from '../theme/palette.ts';
import { MONO } from '../theme/theme.ts';
import { useScheme } from '../theme/use-scheme.ts';
import { Chart } from './chart.tsx';
import { baseOption, tipLine, valueAxis } from './chart-style.ts';
import { locate, locateMeasure, numberAt, textAt } from './columns.ts';
import type { PanelViewProps } from './props.ts';

export interface Item {
  readonly key: string;
  readonly label: string;
  readonly value: number;
}

/** Rows of (label, measure) as items, greatest first. */
export function itemsOf({ panel, result, measure, zone }: PanelViewProps) {
  const label = locate(result.columns, panel.x ?? panel.label) ?? locate(result.columns, result.columns.find((c) => c.kind !== 'number')?.name);
  const value = locateMeasure(result.columns, measure, [label?.column.name]);
  if (!label || !value) return null;
  const role = roleOf(label.column);
  const items = result.rows
    .map((row): Item => ({ key: textAt(row, label), label: display(row[label.index], role, zone), value: numberAt(row, value) }))
    .sort((a, b) => b.value - a.value);
  return { column: label.column, role, items };
}

export default function BarPanel(props: PanelViewProps) {
  const { panel, unit, onDrill } = props;
  const scheme = useScheme();
  const data = useMemo(() => itemsOf(props), [props]);
  const option = useMemo(() => {
    if (!data) return {};
    const colors =
      panel.meaning === 'neutral'
        ? colorsOf(
            data.items.map((i) => i.key),
            scheme,
          )
        : undefined;
    const colored = data.items.map((i) => ({ ...i, color: colors?.get(i.key) ?? MEANING_COLORS[scheme][panel.meaning] }));
    return barOption(colored, scheme, unit, isMono(data.role));
  }, [data, panel.meaning, scheme, unit]);
  const latest = useRef({ data, onDrill });
  latest.current = { data, onDrill };
  const ready = useCallback((chart: ECharts) => {
    const pointer = chart.getZr();
    pointer.on('click', ({ offsetY, event }) => {
      const { data: now, onDrill: drill } = latest.current;
      const item = now?.items[lineAt(chart, offsetY)];
      if (now && item) drill({ cells: [{ column: now.column, value: item.key }], shift: (event as unknown as MouseEvent).shiftKey });
    });
    pointer.on('mousemove', () => pointer.setCursorStyle('pointer'));
    return undefined;
  }, []);
  if (!data) return null;
  const summary = `${panel.title}. Bars. ${data.items
    .slice(0, 10)
    .map((i) => `${i.label}: ${short(i.value, unit)}`)
    .join('; ')}.`;
  return <Chart option={option} summary={summary} onReady={ready} />;
}

/** The whole line of a bar takes the click, its label too: a small bar is hard to hit. */
function lineAt(chart: ECharts, y: number): number {
  return Math.round(Number(chart.convertFromPixel({ yAxisIndex: 0 }, y)));
}

function barOption(items: readonly (Item & { color: string })[], scheme: Scheme, unit: Unit, mono: boolean) {
  const base = baseOption(scheme);
  const ink = INK[scheme];
  return {
    ...base,
    grid: { left: 4, right: 52, top: 4, bottom: 2, containLabel: true },
    xAxis: valueAxis(scheme, unit, Math.max(0, ...items.map((i) => i.value))),
    yAxis: {
      type: 'category',
      inverse: true,
      data: items.map((i) => i.label),
      triggerEvent: false,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: ink.border } },
      axisLabel: { color: ink.text, fontSize: 12, interval: 0, fontFamily: mono ? MONO : undefined, formatter: (v: string) => shortenMiddle(v, 22) },
    },
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: withAlpha(ink.dim, 0.1) } },
      formatter: ([p]: { dataIndex: number }[]) => {
        const item = p && items[p.dataIndex];
        return item ? tipLine(item.color, item.label, exact(item.value, unit)) : '';
      },
    },
    series: [
      {
        type: 'bar',
        barMaxWidth: 18,
        cursor: 'pointer',
        label: { show: true, position: 'right', color: ink.dim, fontSize: 11, formatter: (p: { value: number }) => short(p.value, unit) },
        data: items.map((i) => ({ value: i.value, name: i.label, itemStyle: { color: i.color, borderRadius: [0, 2, 2, 0] } })),
      },
    ],
  };
}
