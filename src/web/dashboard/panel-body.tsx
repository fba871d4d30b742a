/** A panel without data: still loading, failed, stopped, or empty, and then why and what to do next. */
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Window } from '../../api/contract.ts';
import type { Panel } from '../../dashboards/schema.ts';
import type { ErrorBody } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { rangeText } from '../format/times.ts';
import { HowToIngest } from './nothing-stored.tsx';
import type { PanelResult } from './run-store.ts';

export function Failed({ error, onRetry }: { error: ErrorBody; onRetry: () => void }) {
  return (
    <div className="bz-note" role="alert" data-tone="error">
      <p>
        <Icon name="warn" size={14} /> {error.message}
      </p>
      {error.hint && <p className="bz-dim">{error.hint}</p>}
      <p>
        <code>{error.code}</code>
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </p>
    </div>
  );
}

/** Above what was there before, which is shown on. */
export function NotRefreshed({ error: { code, message, hint }, onRetry }: { error: ErrorBody; onRetry: () => void }) {
  return (
    <p className="bz-not-refreshed" role="status" title={`Not refreshed: ${message} ${hint ?? ''} (${code})`}>
      <Icon name="warn" size={12} />
      <span>Not refreshed: {message}</span>
      <button type="button" className="bz-link" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}

export function Stopped({ onRetry }: { onRetry: () => void }) {
  return (
    <div className="bz-note">
      <p>Stopped before it had an answer.</p>
      <p>
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Load it
        </Button>
      </p>
    </div>
  );
}

interface EmptyProps {
  readonly result: PanelResult;
  /** What the panel says of being empty. */
  readonly about: string | undefined;
  /** Whether the page says above how records come. */
  readonly said: boolean;
  readonly zone: string;
  readonly onWindow: (window: Window) => void;
}

export function Empty({ result, about, said, zone, onWindow }: EmptyProps) {
  const { extent } = result;
  // First things first: who has no records yet needs neither indicators nor a list.
  if (extent === null) {
    return (
      <div className="bz-note">
        <p className="bz-dim">No records of this kind yet.</p>
        {!said && <HowToIngest />}
      </div>
    );
  }
  if (result.state === 'no-indicators') {
    return (
      <p className="bz-note">
        No threat indicators are loaded.{' '}
        <Link className="bz-link" to="/threats" search={carried}>
          Add a feed or import a file
        </Link>
      </p>
    );
  }
  if (result.state === 'no-administrators') {
    return (
      <p className="bz-note">
        Nobody is listed as an administrator.{' '}
        <Link className="bz-link" to="/administrators" search={carried}>
          List them
        </Link>
      </p>
    );
  }
  if (result.state === 'no-match') {
    return (
      <div className="bz-note">
        <p>No matches in this window.</p>
        <p className="bz-dim">Records were ingested, none of them match this panel and the filters.</p>
        {about && <p className="bz-dim">{about}</p>}
      </div>
    );
  }
  return (
    <div className="bz-note">
      <p>No data was ingested in this window.</p>
      {extent && (
        <p>
          <button type="button" className="bz-link" onClick={() => onWindow(newest(extent, result.window))}>
            Data exists from {rangeText(extent.from, extent.to, zone)}
          </button>
        </p>
      )}
    </div>
  );
}

/** The newest of what is there, as much as the panel shows, and at least an hour; all of it when it is shorter. */
function newest(extent: Window, shown: Window): Window {
  const to = Math.ceil(extent.to / 60) * 60;
  return { from: Math.max(Math.floor(extent.from / 60) * 60, to - Math.max(3600, shown.to - shown.from)), to };
}

const BARS = [92, 71, 60, 48, 41, 30, 22];
const COLUMNS = [30, 42, 38, 55, 49, 62, 58, 70, 52, 66, 60, 74];

/** Grey shapes where the data will stand, so that its coming moves nothing. */
export function Skeleton({ kind, progress }: { kind: Panel['kind']; progress?: number | undefined }) {
  return (
    <div className="bz-skeleton" data-kind={kind} aria-hidden="true">
      {shape(kind)}
      {progress !== undefined && <div className="bz-progress" style={{ width: `${progress * 100}%` }} />}
    </div>
  );
}

function shape(kind: Panel['kind']) {
  switch (kind) {
    case 'value':
      return (
        <>
          <i style={{ width: 96, height: 30 }} />
          <i style={{ width: 140, height: 10 }} />
          <Columns />
        </>
      );
    case 'bar':
      return BARS.map((w) => <i key={w} style={{ width: `${w}%`, height: 14 }} />);
    case 'table':
    case 'matrix':
      return COLUMNS.map((w, i) => <i key={w} style={{ width: '100%', height: 14, opacity: i === 0 ? 1 : 0.6 }} />);
    case 'donut':
      return <i className="bz-ring" />;
    case 'map':
    case 'bubble':
      return <i style={{ width: '100%', height: '100%' }} />;
    default:
      return <Columns />;
  }
}

function Columns() {
  return (
    <span className="bz-columns">
      {COLUMNS.map((h) => (
        <i key={h} style={{ height: `${h}%` }} />
      ))}
    </span>
  );
}
