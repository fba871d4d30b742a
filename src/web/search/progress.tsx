/** How far a run is, and what came of it. The seconds that tick are not read out. */
import { useEffect, useState } from 'react';
import { exact } from '../format/numbers.ts';
import type { ResultsState } from './results/results.tsx';

const TICK_MS = 100;

export function Progress({ state }: { readonly state: ResultsState }) {
  const { running, fraction, read, seconds, rows, total } = state;
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    if (!running) return;
    const started = performance.now();
    setElapsed(0);
    const timer = setInterval(() => setElapsed((performance.now() - started) / 1000), TICK_MS);
    return () => clearInterval(timer);
  }, [running]);
  const count =
    rows !== undefined ? `${exact(rows)} ${rows === 1 ? 'row' : 'rows'}` : total !== undefined ? `${exact(total)} ${total === 1 ? 'record' : 'records'}` : '';
  const took = seconds ?? (count ? elapsed : undefined);
  return (
    <span className="bz-run-state">
      <span role="status">{running ? 'Running …' : count && `${count}${took ? ` in ${took.toFixed(took < 10 ? 2 : 0)} s` : ''}`}</span>
      {running && (
        <span aria-hidden="true">
          {fraction !== null && ` ${Math.round(fraction * 100)} %`}
          {read !== null && ` · ${exact(read)} ${read === 1 ? 'row' : 'rows'} read ·`} {elapsed.toFixed(1)} s
        </span>
      )}
      {running && <progress className="bz-run-state-bar" aria-label="Progress of the query" {...(fraction !== null && { value: fraction })} />}
    </span>
  );
}
