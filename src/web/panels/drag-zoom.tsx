/**
 * Pointer on a time chart: drag across to zoom, click to see the bucket. Touch is left to scrolling the
 * page. Works on pixels over the canvas, so that it needs no part of the chart library.
 */
import type { ECharts } from 'echarts/core';
import { type ReactNode, useCallback, useRef, useState } from 'react';
import type { Window } from '../../api/contract.ts';

/** Shorter drags are clicks. */
const LEAST_PIXELS = 6;
/** A click this near to a line means the line, too. */
const NEAR_PIXELS = 14;

type OnBucket = (time: number, series: string | undefined, shift: boolean) => void;

/** Time and value; styled samples hold theirs in an object. */
type Sample = readonly [number, number | null];

interface Point {
  readonly seriesName: string;
  readonly time: number;
  readonly distance: number;
}

/** `slice`: milliseconds of a bucket; a dragged range begins and ends with buckets. */
export function useDragZoom(
  slice: number,
  onZoom: (window: Window) => void,
  onBucket: OnBucket,
): { overlay: ReactNode; attach: (chart: ECharts) => () => void } {
  const [drag, setDrag] = useState<{ left: number; width: number } | null>(null);
  const latest = useRef({ slice, onZoom, onBucket });
  latest.current = { slice, onZoom, onBucket };

  const attach = useCallback((chart: ECharts) => {
    const node = chart.getDom();
    let start: number | null = null;
    const xOf = (event: PointerEvent) => event.clientX - node.getBoundingClientRect().left;
    const timeAt = (x: number) => Number(chart.convertFromPixel({ xAxisIndex: 0 }, x));
    const down = (event: PointerEvent) => {
      if (event.button !== 0 || event.pointerType === 'touch') return;
      const inside = chart.containPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]);
      start = inside ? xOf(event) : null;
    };
    const move = (event: PointerEvent) => {
      if (start === null) return;
      const x = Math.min(node.clientWidth, Math.max(0, xOf(event)));
      if (Math.abs(x - start) >= LEAST_PIXELS) setDrag({ left: Math.min(start, x), width: Math.abs(x - start) });
    };
    const up = (event: PointerEvent) => {
      if (start === null) return;
      const [a, b] = [start, Math.min(node.clientWidth, Math.max(0, xOf(event)))].sort((p, q) => p - q) as [number, number];
      start = null;
      setDrag(null);
      if (b - a >= LEAST_PIXELS) {
        chart.dispatchAction({ type: 'hideTip' });
        latest.current.onZoom(rangeOf(timeAt(a), timeAt(b), latest.current.slice));
      } else if (event.target instanceof Node && node.contains(event.target)) {
        const point = nearest(chart, a, event.offsetY, timeAt(a));
        if (point) latest.current.onBucket(point.time, point.distance <= NEAR_PIXELS ? point.seriesName : undefined, event.shiftKey);
      }
    };
    const cancel = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || start === null) return;
      start = null;
      setDrag(null);
    };
    node.addEventListener('pointerdown', down);
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', up);
    window.addEventListener('keydown', cancel);
    return () => {
      node.removeEventListener('pointerdown', down);
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', up);
      window.removeEventListener('keydown', cancel);
    };
  }, []);

  const overlay = drag && <div className="bz-drag" style={{ left: drag.left, width: drag.width }} />;
  return { overlay, attach };
}

/** Two instants (ms) → whole buckets, at least one, in epoch seconds. */
export function rangeOf(a: number, b: number, slice: number): Window {
  const from = Math.round(a / slice) * slice;
  const to = Math.max(from + slice, Math.round(b / slice) * slice);
  return { from: Math.floor(from / 1000), to: Math.ceil(to / 1000) };
}

/** The slice under the pointer, and the line that is nearest to it there. */
function nearest(chart: ECharts, x: number, y: number, time: number): Point | null {
  const option = chart.getOption() as { series?: { name: string; silent?: boolean; step?: string | false; data: (Sample | { readonly value: Sample })[] }[] };
  let best: Point | null = null;
  for (const series of option.series ?? []) {
    if (series.silent) continue;
    const data = series.data.map((d) => ('value' in d ? d.value : d));
    const index = series.step ? data.findLastIndex(([t]) => t <= time) : closest(data, time);
    const point = data[index];
    if (!point) continue;
    const pixel = point[1] === null ? Number.POSITIVE_INFINITY : Math.abs(Number(chart.convertToPixel({ yAxisIndex: 0 }, point[1])) - y);
    if (!best || pixel < best.distance) best = { seriesName: series.name, time: point[0], distance: pixel };
  }
  return best && x >= 0 ? best : null;
}

function closest(data: readonly Sample[], time: number): number {
  let at = -1;
  let gap = Number.POSITIVE_INFINITY;
  data.forEach(([t], i) => {
    const distance = Math.abs(t - time);
    if (distance < gap) {
      gap = distance;
      at = i;
    }
  });
  return at;
}
