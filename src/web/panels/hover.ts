/**
 * One hover for all time charts of a dashboard: the time under the pointer is shown in each. ECharts'
 * own `connect` shares positions in the data, which are different times in charts with different slices.
 */
import type { ECharts } from 'echarts/core';

const groups = new Map<string, Set<ECharts>>();

/** Joins a chart to a group; answers how to leave. */
export function shareHover(group: string, chart: ECharts): () => void {
  const members = groups.get(group) ?? new Set();
  groups.set(group, members.add(chart));
  const others = () => [...members].filter((c) => c !== chart);
  const pointer = chart.getZr();
  const moved = ({ offsetX, offsetY }: { offsetX: number; offsetY: number }) => {
    const inside = chart.containPixel({ gridIndex: 0 }, [offsetX, offsetY]);
    const time = inside ? Number(chart.convertFromPixel({ xAxisIndex: 0 }, offsetX)) : Number.NaN;
    for (const other of others()) show(other, time);
  };
  const left = () => {
    for (const other of others()) other.dispatchAction({ type: 'hideTip' });
  };
  pointer.on('mousemove', moved);
  pointer.on('globalout', left);
  return () => {
    members.delete(chart);
    if (members.size === 0) groups.delete(group);
    if (chart.isDisposed()) return;
    pointer.off('mousemove', moved);
    pointer.off('globalout', left);
  };
}

function show(chart: ECharts, time: number): void {
  const x = Number.isNaN(time) ? Number.NaN : Number(chart.convertToPixel({ xAxisIndex: 0 }, time));
  const y = chart.getHeight() / 2;
  if (Number.isFinite(x) && chart.containPixel({ gridIndex: 0 }, [x, y])) chart.dispatchAction({ type: 'showTip', x, y });
  else chart.dispatchAction({ type: 'hideTip' });
}
