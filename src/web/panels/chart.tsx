/**
 * A canvas with an ECharts option in it: loads the library on first use, follows the size of its box,
 * and says in words what it shows. The picture (PNG) is asked of the node by an event, so that the
 * panel's menu needs no handle on the chart.
 */
import type { ECharts, EChartsCoreOption } from 'echarts/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';

export type ChartClick = { readonly seriesName?: string; readonly dataIndex: number; readonly name: string; readonly data: unknown; readonly shift: boolean };

import { shareHover } from './hover.ts';
import { onPicture } from './picture.ts';

interface Props {
  readonly option: EChartsCoreOption;
  /** Text summary for those who do not see the picture. */
  readonly summary: string;
  readonly group?: string;
  readonly onClick?: (click: ChartClick) => void;
  readonly onReady?: (chart: ECharts) => (() => void) | undefined;
  /** Needed before the option can be set: a map's land. */
  readonly prepare?: (library: typeof import('./echarts.ts')) => Promise<void>;
  readonly children?: ReactNode;
}

export function Chart({ option, summary, group, onClick, onReady, prepare, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ECharts | null>(null);
  const [drawn, setDrawn] = useState(false);
  const [failed, setFailed] = useState<unknown>(null);
  const latest = useRef({ onClick, onReady, prepare });
  latest.current = { onClick, onReady, prepare };

  useEffect(() => {
    const node = box.current;
    if (!node) return;
    let made: ECharts | undefined;
    let gone = false;
    const make = async () => {
      const library = await import('./echarts.ts');
      await latest.current.prepare?.(library);
      if (gone) return;
      const instance = library.init(node);
      made = instance;
      instance.on('click', (event) => {
        const params = event as unknown as Omit<ChartClick, 'shift'> & { event?: { event?: MouseEvent } };
        latest.current.onClick?.({ ...params, shift: params.event?.event?.shiftKey ?? false });
      });
      setChart(instance);
    };
    make().catch((error: unknown) => gone || setFailed(error));
    const observer = new ResizeObserver(() => made?.resize());
    observer.observe(node);
    const ignore = onPicture(node, (background) => made?.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: background }));
    return () => {
      gone = true;
      observer.disconnect();
      ignore();
      made?.dispose();
    };
  }, []);

  useEffect(() => {
    if (!chart) return;
    chart.setOption({ animation: false, ...option }, { replaceMerge: ['series'] });
    setDrawn(true);
  }, [chart, option]);

  useEffect(() => (chart && group ? shareHover(group, chart) : undefined), [chart, group]);

  useEffect(() => (chart ? latest.current.onReady?.(chart) : undefined), [chart]);

  // The panel says so (dashboard/panel-boundary.tsx).
  if (failed !== null) throw failed;
  return (
    <div className="bz-chart">
      <div ref={box} className="bz-chart-canvas" data-picture role="img" aria-label={summary} aria-busy={!drawn} />
      {children}
    </div>
  );
}
