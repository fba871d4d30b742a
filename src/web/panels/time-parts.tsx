/** What every chart over time has: its axis, the parts of it that are not whole, a bucket as a window. */
import type { Window } from '../../api/contract.ts';
import { clock, dayOf, minuteStamp, sliceAfter, zoneName } from '../format/times.ts';
import { INK, type Scheme, withAlpha } from '../theme/palette.ts';
import { tipHead } from './chart-style.ts';
import { isIncomplete } from './time-series.ts';

const DAY = 86_400_000;

/** The slice that begins at a time (ms) of a zone, within the window. */
export function sliceWindow(time: number, slice: number, window: Window, zone: string): Window {
  const from = Math.max(window.from, Math.floor(time / 1000));
  return { from, to: Math.max(from + 1, Math.min(window.to, Math.ceil(sliceAfter(time, slice, zone) / 1000))) };
}

/** Labels are no nearer to each other than slices: others would name times at which nothing begins. */
export function timeAxis(from: number, to: number, slice: number, scheme: Scheme, zone: string) {
  const ink = INK[scheme];
  const long = to - from > DAY;
  return {
    type: 'time',
    min: from,
    max: to,
    minInterval: slice,
    axisLabel: {
      color: ink.dim,
      fontSize: 11,
      hideOverlap: true,
      formatter: (t: number) => (long && clock(t, zone) === '00:00' ? dayOf(t, zone) : clock(t, zone)),
    },
    axisLine: { lineStyle: { color: ink.border } },
    axisTick: { show: false },
    splitLine: { show: false },
  };
}

/** What a slice is not whole for: its records may still come, or the window begins within it. */
export function partOf(start: number, slice: number, window: Window, now: number, zone: string): 'filling' | 'cut' | null {
  if (start < window.from * 1000) return 'cut';
  return isIncomplete(start, sliceAfter(start, slice, zone) - start, window, now) ? 'filling' : null;
}

/** Head of a tooltip: the slice, and why it is not whole. */
export function sliceHead(start: number, slice: number, zone: string, part: ReturnType<typeof partOf>): string {
  const note = part === 'filling' ? ' · still filling' : part === 'cut' ? ' · cut by the window' : '';
  return tipHead(`${minuteStamp(start, zone)} – ${clock(sliceAfter(start, slice, zone), zone)} ${zoneName(zone, start)}${note}`);
}

/** Grey areas over a chart. */
export function greyAreas(areas: readonly (readonly number[])[], scheme: Scheme) {
  return {
    silent: true,
    itemStyle: { color: withAlpha(INK[scheme].dim, 0.1) },
    data: areas.map(([a, b]) => [{ xAxis: a }, { xAxis: b }]),
  };
}
