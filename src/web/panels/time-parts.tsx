/** What every chart over time has: its axis, the parts of it that are not whole, a bucket as a window. */
import type { Window } from '../../api/contract.ts';
import { clock, dayOf, fromWallClock, minuteStamp, sliceAfter, stamp, zoneName, zoneOffset } from '../format/times.ts';
import { INK, type Scheme, withAlpha } from '../theme/palette.ts';
import { tipHead } from './chart-style.ts';
import { isIncomplete } from './time-series.ts';

/** The slice that begins at a time (ms) of a zone, within the window. */
export function sliceWindow(time: number, slice: number, window: Window, zone: string): Window {
  const from = Math.max(window.from, Math.floor(time / 1000));
  return { from, to: Math.max(from + 1, Math.min(window.to, Math.ceil(sliceAfter(time, slice, zone) / 1000))) };
}

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];
/** What clocks and calendars are divided into. */
const STEPS = [
  ...[1, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 4, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map((n) => n * DAY),
];
/** Of a label with its room, and of what stands beside the axis, in pixels. */
const LABEL = 50;
const BESIDE = 50;

/**
 * Times between `from` and `to` at which slices begin, as many as have room for their labels below a panel of `width` pixels,
 * and round as the zone's clock shows them: 14:00, 14:10 rather than 14:05, 14:15.
 */
export function labelledTimes(from: number, to: number, slice: number, width: number, zone: string): number[] {
  const most = Math.max(2, Math.floor((width - BESIDE) / LABEL));
  const least = slice * Math.max(1, Math.ceil((to - from) / slice / most));
  // Of slices of seven minutes none but weeks are multiples.
  const step = STEPS.find((s) => s % slice === 0 && s >= least && s <= 3 * least) ?? least;
  const wall = (ms: number) => ms + zoneOffset(ms, zone);
  // Slices may begin beside the round times.
  const first = wall(from);
  const begin = Math.ceil((first - (first % slice)) / step) * step + (first % slice);
  const times: number[] = [];
  for (let at = begin; at <= wall(to) && times.length <= 2 * most; at += step) times.push(fromWallClock(at, zone));
  return times.filter((time) => time >= from && time <= to);
}

interface AxisInput {
  /** Of the axis, ms. */
  readonly from: number;
  readonly to: number;
  /** Where the last slice begins, ms. */
  readonly last: number;
  readonly slice: number;
  readonly scheme: Scheme;
  readonly zone: string;
  /** Of the panel, in pixels; 0 while it is not known. */
  readonly width: number;
}

export function timeAxis({ from, to, last, slice, scheme, zone, width }: AxisInput) {
  const ink = INK[scheme];
  return {
    type: 'time',
    min: from,
    max: to,
    axisLabel: {
      color: ink.dim,
      fontSize: 11,
      hideOverlap: true,
      // An hour may be named where the axis ends; a day would be one that is not there.
      customValues: labelledTimes(from, slice % DAY === 0 ? last : to, slice, width, zone),
      formatter: (t: number) => timeLabel(t, slice, zone),
    },
    axisLine: { lineStyle: { color: ink.border } },
    axisTick: { show: false },
    splitLine: { show: false },
  };
}

/** A day at its beginning, and of slices of whole days; the seconds where slices have some. */
function timeLabel(ms: number, slice: number, zone: string): string {
  const time = slice % MINUTE === 0 ? clock(ms, zone) : stamp(ms, zone).slice(11);
  return /^00:00(?::00)?$/.test(time) || slice % DAY === 0 ? dayOf(ms, zone) : time;
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
