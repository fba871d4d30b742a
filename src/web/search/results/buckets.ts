/** The histogram's axis: every bucket of the window, also those that nothing fell into. Pure. */
import type { HistogramResponse } from '../../../api/contract/search.ts';
import type { Window } from '../../../api/contract.ts';
import { isIncomplete } from '../../panels/time-series.ts';

export interface Bar {
  /** Epoch seconds. */
  readonly start: number;
  readonly count: number;
  /** More records of this bucket may be on their way. */
  readonly incomplete: boolean;
  /** The window begins within it. */
  readonly cut: boolean;
}

const MOST = 600;

/** `now`: epoch milliseconds. */
export function barsOf({ window, seconds, buckets }: HistogramResponse, now: number): Bar[] {
  const counts = new Map(buckets);
  // Buckets begin at full minutes, hours and days of the viewer's zone: any of them says where.
  const known = buckets[0]?.[0] ?? Math.floor(window.from / seconds) * seconds;
  const first = known - Math.ceil((known - window.from) / seconds) * seconds;
  const bars: Bar[] = [];
  for (let start = first; start < window.to && bars.length < MOST; start += seconds) {
    if (start + seconds <= window.from) continue;
    const incomplete = isIncomplete(start * 1000, seconds * 1000, window, now);
    bars.push({ start, count: counts.get(start) ?? 0, incomplete, cut: start < window.from });
  }
  return bars;
}

/** Buckets from one to another, whichever is first, as a window. */
export function span(bars: readonly Bar[], a: number, b: number, seconds: number): Window | null {
  const [first, last] = [bars[Math.min(a, b)], bars[Math.max(a, b)]];
  return first && last ? { from: first.start, to: last.start + seconds } : null;
}

/** Indexes of at most `most` bars to be labelled: on round steps of time. */
export function ticks(bars: readonly Bar[], most: number, offset: number): number[] {
  const length = (bars.at(-1)?.start ?? 0) - (bars[0]?.start ?? 0);
  const step = STEPS.find((s) => length / s <= most) ?? STEPS.at(-1) ?? 1;
  return bars.flatMap((bar, i) => ((bar.start + offset) % step === 0 ? [i] : []));
}

const STEPS = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_419_200, 31_449_600];
