/** Where no rows stand: on the way, stopped, failed, empty; each with what to do next. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { StatusResponse, Window } from '../../../api/contract.ts';
import type { Dataset } from '../../../model/log-formats.ts';
import type { ErrorBody } from '../../api/client.ts';
import { statusQuery } from '../../api/queries.ts';
import { Icon } from '../../app/icons.tsx';
import { HowToIngest } from '../../dashboard/nothing-stored.tsx';
import { exact } from '../../format/numbers.ts';
import { rangeText, zoneName } from '../../format/times.ts';
import { absolute, type Range } from '../../time/range.ts';
import { choiceOf } from '../index-choice.ts';
import { type Asked, histogramQuery, isOfQuestion } from './ask.ts';
import { matchedWindow } from './buckets.ts';

export function Failed({ error, onRetry }: { error: ErrorBody; onRetry: () => void }) {
  const { code, message, hint } = error;
  return (
    <div className="bz-note bz-results-note" data-tone="error" role="alert">
      <p>
        <Icon name="warn" size={14} /> {message}
      </p>
      {hint && <p className="bz-dim">{hint}</p>}
      <p>
        <code>{code}</code>{' '}
        {!isOfQuestion(error) && (
          <Button size="compact-xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </p>
    </div>
  );
}

/** A page of messages that did not come, where one looks, wherever that is in the list. */
export function PartFailed({ error: { code, message }, onRetry }: { error: ErrorBody; onRetry: () => void }) {
  return (
    <p className="bz-part-failed" role="alert">
      <Icon name="warn" size={12} /> Some messages did not come: {message} <code>{code}</code>{' '}
      <button type="button" className="bz-link" onClick={onRetry}>
        Try again
      </button>
    </p>
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
  readonly asked: Asked;
  /** Datasets that the query reads; none where that is not known. */
  readonly reads: readonly Dataset[];
  readonly window: Window;
  readonly zone: string;
  /** Rows were counted, but none of them is left behind the last step. */
  readonly counted: boolean;
  readonly onRange: (range: Range) => void;
}

/** Why there is nothing, and what would show something: another time, or fewer conditions. */
export function Empty({ asked, reads, window, zone, counted, onRange }: EmptyProps) {
  const status = useQuery(statusQuery);
  const extent = status.data && extentOf(status.data, reads);
  const matches = useQuery(histogramQuery(asked)).data?.total ?? 0;
  if (status.data?.extent && !extent) {
    const kind = choiceOf(reads) === 'events' ? 'events of CloudTrail' : 'flows';
    return (
      <div className="bz-note bz-results-note">
        <p>No {kind} have been ingested yet.</p>
        <p className="bz-dim">Other records are stored: choose above what is searched.</p>
      </div>
    );
  }
  if (status.data && !extent) {
    return (
      <div className="bz-note bz-results-note">
        <p>No data has been ingested yet.</p>
        <HowToIngest />
      </div>
    );
  }
  if (counted && matches > 0) {
    return (
      <div className="bz-note bz-results-note">
        <p>No row is left of {exact(matches)} matches.</p>
        <p className="bz-dim">A step behind the first count takes every row away. The tab Messages shows what was counted.</p>
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
      {apart ? (
        <p>
          <button type="button" className="bz-link" onClick={() => onRange(absolute(extent))}>
            Data exists from {rangeText(extent.from, extent.to, zone)}
          </button>
        </p>
      ) : (
        extent && <Elsewhere asked={asked} extent={extent} zone={zone} onRange={onRange} />
      )}
    </div>
  );
}

/** When records begin and end of what a query reads. */
function extentOf({ extent, datasets }: StatusResponse, reads: readonly Dataset[]): Window | null {
  if (reads.length === 0) return extent;
  const windows = datasets.flatMap((one) => (reads.includes(one.dataset) && one.extent ? [one.extent] : []));
  return windows.length === 0 ? null : { from: Math.min(...windows.map(({ from }) => from)), to: Math.max(...windows.map(({ to }) => to)) };
}

/** Looks for matches in all data, so that one click leads to them. */
function Elsewhere({ asked, extent, zone, onRange }: { asked: Asked; extent: Window; zone: string; onRange: (range: Range) => void }) {
  const { data } = useQuery(histogramQuery({ ...asked, ...absolute(extent) }));
  if (!data) return <p className="bz-dim">Looking for matches at other times …</p>;
  const found = matchedWindow(data);
  if (!found) {
    return (
      <p className="bz-dim">
        Nothing matches at any other time, either. {asked.filters.length > 0 ? 'Take a condition or a filter away.' : 'Take a condition away.'}
      </p>
    );
  }
  return (
    <p>
      <button type="button" className="bz-link" onClick={() => onRange(absolute(found))}>
        Show {exact(data.total)} {data.total === 1 ? 'match' : 'matches'} from {rangeText(found.from, found.to, zone)}
      </button>
    </p>
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
