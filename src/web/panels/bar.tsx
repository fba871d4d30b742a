/** Horizontal bars, one a label, the greatest on top. */
import { useMemo } from 'react';
import { exact, short, type Unit } from '../format/numbers.ts';
import { display, isMono, roleOf, shortenMiddle } from '../format/values.ts';
import { colorsOf, INK, MEANING_COLORS, type Scheme } from '../theme/palette.ts';
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
  if (!data) return null;
  const summary = `${panel.title}. Bars. ${data.items
    .slice(0, 10)
    .map((i) => `${i.label}: ${short(i.value, unit)}`)
    .join('; ')}.`;
  return (
    <Chart
      option={option}
      summary={summary}
      onClick={(click) => {
        const item = data.items[click.dataIndex];
        if (item) onDrill({ cells: [{ column: data.column, value: item.key }], shift: click.shift });
      }}
    />
  );
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
      trigger: 'item',
      formatter: (p: { dataIndex: number }) => {
        const item = items[p.dataIndex];
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
