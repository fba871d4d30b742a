/** What a run makes of a feed's state, and when the next one is. */
import type { FeedError } from '../collect/feeds/problems.ts';
import type { Feed, FeedCounts, FeedState } from '../store/feeds.ts';
import type { ReadSummary } from './feed-reading.ts';

const FIRST_RETRY_SECONDS = 60;
const DAY = 86_400;

/**
 * When a feed is due: an interval after its last try, some percent more or less so that feeds do not come together;
 * after failures sooner, doubling from a minute, and not before the other side wants. `chance`: 0 to 1.
 */
export function dueAt(everySeconds: number, { lastTry, failures, notBefore }: Pick<FeedState, 'lastTry' | 'failures' | 'notBefore'>, chance: number): number {
  if (lastTry === null) return 0;
  const pause = failures === 0 ? everySeconds : Math.min(everySeconds, FIRST_RETRY_SECONDS * 2 ** Math.min(failures - 1, 20));
  return Math.max(lastTry + Math.round(pause * (0.95 + chance / 10)), notBefore);
}

/** Other settings may read the same document differently; and days of validity begin anew with each day that a list is seen. */
export function isUsable(cursor: FeedState['cursor'], { revision, kind, settings }: Feed, at: number): boolean {
  const isList = kind === 'http' || kind === 'file';
  return cursor.revision === revision && !(isList && settings.defaults.validDays > 0 && at - Number(cursor.read ?? 0) >= DAY);
}

/** After a run that read something. */
export function succeeded(state: FeedState, at: number, counts: FeedCounts, { problemCount, problems, skipped }: ReadSummary): FeedState {
  return {
    ...state,
    lastTry: at,
    lastSuccess: at,
    notModified: false,
    counts,
    problemCount,
    problems,
    skipped: [...skipped].map(([reason, count]) => ({ reason, count })),
    error: null,
    failures: 0,
    notBefore: 0,
  };
}

/** After a run that came to nothing: what was read before stays. */
export function failed(state: FeedState, at: number, { code, message, hint, retryAfter }: FeedError): FeedState {
  return {
    ...state,
    lastTry: at,
    error: { code, message, ...(hint ? { hint } : {}) },
    failures: state.failures + 1,
    notBefore: retryAfter ? at + Math.ceil(retryAfter) : 0,
  };
}
