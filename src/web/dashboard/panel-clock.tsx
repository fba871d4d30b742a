/**
 * What a panel's head says about time: its window, when it was computed, and while it loads how far it is, with a way
 * to stop. The window's place is taken from the start, so that nothing beside it moves when the answer comes.
 */
import { useEffect, useState } from 'react';
import { Icon } from '../app/icons.tsx';
import { ago, rangeText, shortRange, stamp, zoneName } from '../format/times.ts';
import { type Range, resolveRange } from '../time/range.ts';
import type { PanelState } from './run-store.ts';

interface Props {
  readonly state: PanelState;
  readonly own: Range | null;
  /** The dashboard's. */
  readonly range: Range;
  readonly zone: string;
  readonly onStop: () => void;
}

/** A refresh that takes less shows nothing: a flicker in twenty panels tells nobody anything. */
const SHOWN_AFTER = 600;

export function PanelClock({ state, own, range, zone, onStop }: Props) {
  const slow = useSlow(state.loading);
  const now = useTicking(15_000);
  const window = state.result?.window ?? resolveRange(own ?? range, now);
  const loading = state.loading && slow;
  const age = state.refreshedAt === undefined ? undefined : ago(state.refreshedAt, now);
  const title =
    window && state.result && state.refreshedAt !== undefined
      ? `Window ${rangeText(window.from, window.to, zone, now)} ${zoneName(zone)}. Computed ${stamp(state.refreshedAt, zone)} in ${state.result.seconds.toFixed(2)} s.`
      : undefined;
  return (
    <span className="bz-panel-clock" title={title} data-own={own !== null || undefined} data-loading={loading || undefined}>
      {window && <span className="bz-panel-window">{shortRange(window.from, window.to, zone, now)}</span>}
      {age !== undefined && <span className="bz-panel-age">· {age === 'now' ? 'just now' : age}</span>}
      {loading && (
        <span className="bz-panel-progress">
          {state.progress === undefined ? 'loading' : `${Math.round(state.progress * 100)} %`}
          <button type="button" className="bz-stop" onClick={onStop} aria-label="Stop loading this panel" title="Stop">
            <Icon name="stop" size={10} />
          </button>
        </span>
      )}
    </span>
  );
}

function useSlow(loading: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!loading) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), SHOWN_AFTER);
    return () => clearTimeout(timer);
  }, [loading]);
  return slow;
}

/** The time now, again every so often. */
export function useTicking(every: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  // Between ticks a result may be newer than the tick.
  return Math.max(now, Date.now());
}
