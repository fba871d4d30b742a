/** One source on the board: what it has brought, and a row for each account and region. */
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';
import type { CompletenessRow, CompletenessSource } from '../../api/contract/completeness.ts';
import type { Window } from '../../api/contract.ts';
import type { Dataset } from '../../model/log-formats.ts';
import { Icon } from '../app/icons.tsx';
import { exact, short } from '../format/numbers.ts';
import { ago, duration, shortRange, stamp } from '../format/times.ts';
import { recordsOf } from './links.ts';
import { Strip } from './strip.tsx';
import { StripAxis } from './strip-axis.tsx';

export interface Shown {
  readonly window: Window;
  readonly cell: number;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly zone: string;
  readonly tz: string | undefined;
  /** Datasets that have records. */
  readonly present: readonly Dataset[];
  /** The row whose details are open. */
  readonly open: string | undefined;
  readonly onOpen: (row: string | undefined) => void;
}

const KIND: Readonly<Record<CompletenessSource['kind'], string>> = {
  files: 'named files',
  removed: 'removed',
  http: 'HTTP',
  firehose: 'Firehose',
  s3: 'S3',
  ec2: 'EC2',
};
const STATE: Readonly<Record<CompletenessRow['state'], string>> = {
  silent: 'silent',
  gap: 'gap',
  skipped: 'skipped by AWS',
  unknown: 'too little to tell',
  ok: 'complete',
};
/** Around a gap, so that what is beside it is seen. */
const MARGIN = 600;
const COLUMNS = 9;

export function SourceView({ source, shown }: { source: CompletenessSource; shown: Shown }) {
  const heading = useId();
  return (
    <section className="bz-source" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{source.name}</h2>
        <span className="bz-dim">
          {[KIND[source.kind], source.collector && source.collector !== source.name ? `collector ${source.collector}` : '', source.paused ? 'paused' : '']
            .filter(Boolean)
            .join(' · ')}
        </span>
      </header>
      {source.trouble !== undefined && (
        <p className="bz-source-trouble">
          <Icon name="warn" size={13} /> {source.trouble}
        </p>
      )}
      {(source.lastReceived !== null || source.spooled > 0 || source.repeated.deliveries > 0) && <Facts source={source} shown={shown} />}
      {source.rows.length === 0 ? (
        <p className="bz-dim">
          {source.lastReceived === null ? 'Nothing has come of it lately.' : 'It has no records in this window, or in the week before it.'}
        </p>
      ) : (
        <table className="bz-board">
          <thead>
            <tr>
              <th>Account</th>
              <th>Region</th>
              <th>State</th>
              <th className="bz-board-strip">
                Records over time
                <StripAxis window={shown.window} cell={shown.cell} zone={shown.zone} />
              </th>
              <th className="bz-number">Records</th>
              <th className="bz-number">SKIPDATA</th>
              <th>Last record</th>
              <th>Last stored</th>
              <th className="bz-number">Lag p50 · p95 · p99</th>
            </tr>
          </thead>
          {source.rows.map((row) => (
            <Row key={`${row.account} ${row.region} ${row.kind}`} source={source} row={row} shown={shown} />
          ))}
        </table>
      )}
    </section>
  );
}

function Facts({ source, shown }: { source: CompletenessSource; shown: Shown }) {
  const { deliveries, lastReceived, repeated, duplicates, filtered, quarantined, spooled, spooledSince } = source;
  const facts: (readonly [string, ReactNode, string?])[] = [
    ['Deliveries', short(deliveries), exact(deliveries)],
    ['Last stored', <Time key="t" at={lastReceived} shown={shown} />],
    ['Repeated, dropped', `${short(repeated.records)} records`, `${exact(repeated.deliveries)} deliveries were stored already when they came in this window`],
    ...(duplicates > 0 ? [['Copies of events', short(duplicates), `${exact(duplicates)} events were stored already when they came once more`] as const] : []),
    ['Filtered', short(filtered), exact(filtered)],
    [
      'Quarantined',
      <span key="q" className={quarantined > 0 ? 'bz-warn' : ''}>
        {short(quarantined)}
      </span>,
      exact(quarantined),
    ],
  ];
  if (source.id !== '') {
    const since = spooledSince === null || spooled === 0 ? '' : `, for ${duration(Math.max(1, Math.round(shown.now / 1000 - spooledSince)))}`;
    facts.push(['Waiting in the spool', `${short(spooled, 'bytes')}${since}`, exact(spooled, 'bytes')]);
  }
  return (
    <dl className="bz-facts">
      {facts.map(([name, value, title]) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Time({ at, shown }: { at: number | null; shown: Shown }) {
  if (at === null) return <span className="bz-dim">never</span>;
  return <time title={stamp(at * 1000, shown.zone)}>{ago(at * 1000, shown.now)}</time>;
}

function Row({ source, row, shown }: { source: CompletenessSource; row: CompletenessRow; shown: Shown }) {
  const navigate = useNavigate();
  const { window, cell, zone, tz, present } = shown;
  const key = JSON.stringify([source.key, row.account, row.region, row.kind]);
  const open = shown.open === key;
  const name = `${row.account || 'account not known'}, ${row.region || 'region not known'}${row.kind === 'events' ? ', events' : ''}`;
  const lag = row.lag && [row.lag.p50, row.lag.p95, row.lag.p99];
  return (
    <tbody data-state={row.state}>
      <tr>
        <td data-label="Account" className="bz-mono">
          <button
            type="button"
            className="bz-board-open"
            aria-expanded={open}
            aria-label={`Details of ${name}`}
            onClick={() => shown.onOpen(open ? undefined : key)}
          >
            <Icon name={open ? 'down' : 'right'} size={12} />
            {row.account || <i className="bz-dim">not known</i>}
          </button>
        </td>
        <td data-label="Region">
          {row.region || <i className="bz-dim">not known</i>}
          {row.kind === 'events' && <span className="bz-dim"> events</span>}
        </td>
        <td data-label="State">
          <span className="bz-state" data-state={row.state}>
            {STATE[row.state]}
          </span>
        </td>
        <td className="bz-board-strip">
          <Strip
            row={row}
            window={window}
            cell={cell}
            zone={zone}
            label={`Records over time of ${name}`}
            onOpen={(span) => void navigate({ to: '/search', search: recordsOf(source, row, span, tz, present) })}
          />
          <StripAxis window={window} cell={cell} zone={zone} />
        </td>
        <td data-label="Records" className="bz-number">
          <Link
            to="/search"
            search={recordsOf(source, row, window, tz, present)}
            title={`${exact(row.records)} records${row.nodata > 0 ? ` and ${exact(row.nodata)} NODATA records` : ''}${row.bytes > 0 ? `, ${exact(row.bytes, 'bytes')} of traffic` : ''}`}
          >
            {short(row.records)}
          </Link>
        </td>
        <td data-label="SKIPDATA" className="bz-number">
          {row.skipdata > 0 ? (
            <Link className="bz-warn" to="/search" search={recordsOf(source, row, window, tz, present, true)}>
              {exact(row.skipdata)}
            </Link>
          ) : (
            <span className="bz-dim">0</span>
          )}
        </td>
        <td data-label="Last record">
          <Time at={row.lastRecord} shown={shown} />
        </td>
        <td data-label="Last stored">
          <Time at={row.lastReceived} shown={shown} />
        </td>
        <td data-label="Lag p50 · p95 · p99" className="bz-number" title="From a record’s end until it was stored">
          {lag ? lag.map(brief).join(' · ') : <span className="bz-dim">–</span>}
        </td>
      </tr>
      {open && (
        <tr className="bz-board-details">
          <td colSpan={COLUMNS}>
            <Details source={source} row={row} shown={shown} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Details({ source, row, shown }: { source: CompletenessSource; row: CompletenessRow; shown: Shown }) {
  const { zone, tz, window, present } = shown;
  const around = (from: number, to: number) => ({ from: from - MARGIN, to: to + MARGIN });
  return (
    <>
      <p>
        {row.usual === null
          ? 'There are too few records to know how often they usually come, so no gap is claimed.'
          : `Records usually come within ${duration(row.usual)} of each other; silence of more than ${duration(Math.max(900, 3 * row.usual))} is a gap.`}
        {row.judgedTo < window.to && ` What is newer than ${stamp(row.judgedTo * 1000, zone)} may still be on its way.`}
      </p>
      {row.gaps.length + row.skipped.length > 0 && (
        <ul>
          {row.gaps.map((gap) => (
            <li key={gap.from}>
              Nothing from{' '}
              <Link to="/search" search={recordsOf(source, row, around(gap.from, gap.to), tz, present)}>
                {shortRange(gap.from, gap.to, zone, shown.now)}
              </Link>
              , {duration(gap.to - gap.from)}
              {gap.open ? ', and nothing since' : ''}
            </li>
          ))}
          {row.skipped.map(({ at, count }) => (
            <li key={`s${at}`}>
              {exact(count)} SKIPDATA in{' '}
              <Link to="/search" search={recordsOf(source, row, { from: at, to: at + 300 }, tz, present, true)}>
                {shortRange(at, at + 300, zone, shown.now)}
              </Link>
              : AWS did not log some flows
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** 95 → `95 s`, 700 → `12 min`. */
function brief(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
