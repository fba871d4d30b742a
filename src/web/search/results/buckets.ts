/** The histogram's axis. Pure. */
import type { HistogramResponse } from '../../../api/contract/search.ts';
import type { Window } from '../../../api/contract.ts';
import { isIncomplete } from '../../panels/time-series.ts';

export interface Bar {
  /** Epoch seconds. */
  readonly start: number;
  readonly end: number;
  readonly count: number;
  /** More records of this bucket may be on their way. */
  readonly incomplete: boolean;
  /** The window begins within it. */
  readonly cut: boolean;
}

const MOST = 600;

/** `now`: epoch milliseconds. */
export function barsOf({ window, seconds, buckets }: HistogramResponse, now: number): Bar[] {
  return buckets.slice(0, MOST).map(([start, count], i) => {
    const end = buckets[i + 1]?.[0] ?? start + seconds;
    return { start, end, count, incomplete: isIncomplete(start * 1000, (end - start) * 1000, window, now), cut: start < window.from };
  });
}

/** From the first bucket with matches to the end of the last; null without matches. */
export function matchedWindow({ seconds, buckets }: HistogramResponse): Window | null {
  const filled = buckets.flatMap(([start, count], i) => (count > 0 ? [{ from: start, to: buckets[i + 1]?.[0] ?? start + seconds }] : []));
  const [first, last] = [filled[0], filled.at(-1)];
  return first && last ? { from: first.from, to: last.to } : null;
}

/** Buckets from one to another, whichever is first, as a window. */
export function span(bars: readonly Bar[], a: number, b: number): Window | null {
  const [first, last] = [bars[Math.min(a, b)], bars[Math.max(a, b)]];
  return first && last ? { from: first.start, to: last.end } : null;
}

/** Indexes of at most `most` bars to be labelled: on round steps of time. `offsets`: seconds that the zone is ahead at each bar. */
export function ticks(bars: readonly Bar[], most: number, offsets: readonly number[]): number[] {
  const length = (bars.at(-1)?.start ?? 0) - (bars[0]?.start ?? 0);
  const step = STEPS.find((s) => length / s <= most) ?? STEPS.at(-1) ?? 1;
  return bars.flatMap((bar, i) => ((bar.start + (offsets[i] ?? 0)) % step === 0 ? [i] : []));
}

const STEPS = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_419_200, 31_449_600];
