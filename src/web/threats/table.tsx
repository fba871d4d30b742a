/** All feeds in one table. */
import { Link } from '@tanstack/react-router';
import type { Feed, FeedList } from '../../api/contract/feeds.ts';
import { carried, type Search } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { exact, short } from '../format/numbers.ts';
import { zoneName } from '../format/times.ts';
import { When } from '../sources/parts.tsx';
import { FeedActions } from './actions.tsx';
import { KINDS } from './kinds.ts';
import { FeedState } from './parts.tsx';
import { matchesOf } from './search-of.ts';
import { countsText, scheduleText } from './words.ts';

interface Props {
  readonly list: FeedList;
  readonly zone: string;
  /** Epoch milliseconds at which the numbers were taken. */
  readonly now: number;
}

export function FeedsTable({ list: { feeds, precisionDays }, zone, now }: Props) {
  return (
    <div className="bz-sources-scroll">
      <table className="bz-sources-table" aria-label="Feeds">
        <thead>
          <tr>
            <th>Feed</th>
            <th>Kind</th>
            <th>State</th>
            <th>Schedule</th>
            <th>Last success ({zoneName(zone)})</th>
            <th className="bz-number" title="Of the last run that read something">
              Added / changed / expired
            </th>
            <th className="bz-number">Indicators</th>
            <th
              className="bz-number"
              title={`Flows of the last ${precisionDays} days that matched: many accepted ones of a block list are false alarms, or a breach`}
            >
              Matches accepted / refused, {precisionDays} days
            </th>
            <th className="bz-number" title="Entries of the last run that could not be read">
              Problems
            </th>
            <th>
              <span className="bz-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {feeds.map((feed) => (
            <FeedRow key={feed.name} feed={feed} days={precisionDays} zone={zone} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FeedRow({ feed, days, zone, now }: { feed: Feed; days: number; zone: string; now: number }) {
  const { search } = usePage();
  const along = carried(search);
  const { state } = feed;
  return (
    <tr data-state={state.state === 'disabled' ? 'paused' : state.state}>
      <th scope="row">
        <Link to="/threats" search={{ ...along, feed: feed.name }}>
          {feed.name}
        </Link>
      </th>
      <td data-label="Kind">{KINDS[feed.kind].name}</td>
      <td data-label="State">
        <FeedState feed={feed} />
        {state.error && (
          <span className="bz-source-wrong bz-threat-why" title={state.error.message}>
            {state.error.message}
          </span>
        )}
      </td>
      <td data-label="Schedule">{scheduleText(feed.kind, feed.settings.everyMinutes)}</td>
      <td data-label="Last success">
        <When ms={state.lastSuccess === null ? null : state.lastSuccess * 1000} zone={zone} now={now} />
      </td>
      <td data-label="Added / changed / expired" className="bz-number">
        {state.counts ? (
          <span title={countsText(state.counts)}>
            {exact(state.counts.added)} / {exact(state.counts.changed)} / {exact(state.counts.expired)}
          </span>
        ) : (
          <span className="bz-dim">–</span>
        )}
      </td>
      <td data-label="Indicators" className="bz-number">
        <Link to="/threats" search={{ ...along, view: 'indicators', feed: feed.name }} title={exact(feed.indicators)}>
          {short(feed.indicators)}
        </Link>
      </td>
      <td data-label="Matches accepted / refused" className="bz-number">
        <Precision feed={feed} days={days} search={along} />
      </td>
      <td data-label="Problems" className="bz-number">
        {state.problemCount > 0 ? (
          <Link to="/threats" search={{ ...along, feed: feed.name }} hash="problems" className="bz-warn">
            {exact(state.problemCount)}
          </Link>
        ) : (
          <span className="bz-dim">0</span>
        )}
      </td>
      <td>
        <FeedActions feed={feed} />
      </td>
    </tr>
  );
}

/** How right a feed was: what it matched, by what was decided of the flows. Each number leads to them. */
export function Precision({ feed: { name, kind, precision }, days, search }: { feed: Feed; days: number; search: Search }) {
  if (kind === 'aws-ranges') return <span className="bz-dim">–</span>;
  const { accepted, refused, later } = precision;
  if (accepted + refused + later.accepted + later.refused === 0) return <span className="bz-dim">none</span>;
  const within = { from: `-${days}d`, to: 'now', ...(search.tz && { tz: search.tz }) };
  return (
    <>
      <span className="bz-nowrap">
        <Link to="/search" search={{ ...within, q: matchesOf(name, 'ACCEPT') }} data-meaning="accept" title={`${exact(accepted)} flows were accepted`}>
          {short(accepted)}
        </Link>{' '}
        /{' '}
        <Link to="/search" search={{ ...within, q: matchesOf(name, 'REJECT') }} data-meaning="reject" title={`${exact(refused)} flows were refused`}>
          {short(refused)}
        </Link>
      </span>
      {later.accepted + later.refused > 0 && (
        <div className="bz-nowrap">
          <Link
            to="/threats"
            search={{ ...search, view: 'later', feed: name }}
            className="bz-dim"
            title={`Stored before the indicator was known, and found later: ${exact(later.accepted)} flows were accepted, ${exact(later.refused)} refused`}
          >
            found later: {short(later.accepted)} / {short(later.refused)}
          </Link>
        </div>
      )}
    </>
  );
}
