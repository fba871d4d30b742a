/** Where no rows stand: not asked yet, on the way, stopped, failed, empty; each with what to do next. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Window } from '../../../api/contract.ts';
import { explain } from '../../api/client.ts';
import { statusQuery } from '../../api/queries.ts';
import { Icon } from '../../app/icons.tsx';
import { rangeText, zoneName } from '../../format/times.ts';
import { absolute, type Range } from '../../time/range.ts';

export function Unasked() {
  return (
    <div className="bz-note bz-results-note">
      <p>Write a query and run it.</p>
      <p className="bz-dim">
        A few words find messages; <code>| count by …</code> behind them counts. Empty finds everything.
      </p>
    </div>
  );
}

export function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { code, message, hint } = explain(error);
  return (
    <div className="bz-note bz-results-note" data-tone="error" role="alert">
      <p>
        <Icon name="warn" size={14} /> {message}
      </p>
      {hint && <p className="bz-dim">{hint}</p>}
      <p>
        <code>{code}</code>{' '}
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </p>
    </div>
  );
}

export function Stopped({ onRetry }: { onRetry: () => void }) {
  return (
    <div className="bz-note bz-results-note">
      <p>Stopped before there was an answer.</p>
      <p>
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Run it again
        </Button>
      </p>
    </div>
  );
}

interface EmptyProps {
  readonly window: Window;
  readonly zone: string;
  readonly filtered: boolean;
  readonly onRange: (range: Range) => void;
}

/** Nothing in the window at all says where data is; nothing that matches says what to loosen. */
export function Empty({ window, zone, filtered, onRange }: EmptyProps) {
  const status = useQuery(statusQuery);
  const extent = status.data?.extent;
  if (status.data && !extent) {
    return (
      <div className="bz-note bz-results-note">
        <p>No data has been ingested yet.</p>
        <p className="bz-dim">
          Load some with <code>bartizan ingest PATH</code>.
        </p>
      </div>
    );
  }
  const apart = extent && (extent.to < window.from || extent.from >= window.to);
  return (
    <div className="bz-note bz-results-note">
      <p>{apart ? 'No data was ingested in this window.' : 'Nothing matches in this window.'}</p>
      <p className="bz-dim">
        {rangeText(window.from, window.to, zone)} {zoneName(zone, window.from * 1000)}
      </p>
      {!apart && (
        <p className="bz-dim">{filtered ? 'Take a condition or a filter away, or widen the time range.' : 'Take a condition away, or widen the time range.'}</p>
      )}
      {extent && (
        <p>
          <button type="button" className="bz-link" onClick={() => onRange(absolute(extent))}>
            {apart ? 'Data exists from' : 'Search all data:'} {rangeText(extent.from, extent.to, zone)}
          </button>
        </p>
      )}
    </div>
  );
}

const LINES = [92, 71, 84, 60, 78, 88, 66, 73, 81, 58, 90, 69, 76, 62, 85, 70];

/** Grey lines where messages or rows will stand. */
export function GhostLines() {
  return (
    <div className="bz-ghost-lines" aria-hidden="true">
      {LINES.map((width) => (
        <div key={width}>
          <i />
          <i style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}
