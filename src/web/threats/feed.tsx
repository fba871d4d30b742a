/** One feed: what it is doing, what its last run found, its settings, and what of it is no threat. */
import { Button } from '@mantine/core';
import { Link, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { type Feed, type FeedList, SECRET } from '../../api/contract/feeds.ts';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { exact } from '../format/numbers.ts';
import { minuteStamp, zoneName } from '../format/times.ts';
import { When } from '../sources/parts.tsx';
import { FeedActions } from './actions.tsx';
import { AllowListEditor } from './allow-list.tsx';
import { changeFeed } from './ask.ts';
import { EditFeed } from './edit.tsx';
import { AUTH_NAMES, FORMAT_NAMES, KINDS } from './kinds.ts';
import { Counts, FeedState, Item, Problems } from './parts.tsx';
import { matchesOf, within } from './search-of.ts';
import { Precision } from './table.tsx';
import { many, scheduleText } from './words.ts';

interface Props {
  readonly list: FeedList;
  readonly name: string;
  readonly zone: string;
  readonly now: number;
}

export function FeedView({ list, name, zone, now }: Props) {
  const { search, change } = usePage();
  const feed = list.feeds.find((one) => one.name.toLowerCase() === name.toLowerCase());
  const hash = useRouterState({ select: (s) => s.location.hash });
  const there = feed !== undefined;
  useEffect(() => {
    if (there && hash) document.getElementById(hash)?.scrollIntoView({ block: 'start' });
  }, [there, hash]);
  const along = carried(search);
  if (!feed) {
    return (
      <section className="bz-threat-none" aria-label="No such feed">
        <h2>There is no feed “{name}” any more</h2>
        <p>
          <Link to="/threats" search={along}>
            All feeds
          </Link>
        </p>
      </section>
    );
  }
  return (
    <article className="bz-source" aria-label={`Feed ${feed.name}`}>
      <header className="bz-sources-head bz-threat-head">
        <h2>
          <Link to="/threats" search={along} className="bz-dim">
            Feeds
          </Link>{' '}
          <span className="bz-dim">/</span> {feed.name}
        </h2>
        <FeedState feed={feed} />
        <span className="bz-grow" />
        {feed.kind !== 'aws-ranges' && (
          <Button size="xs" variant="default" component={Link} to="/search" search={{ ...within(search), q: matchesOf(feed.name) } as never}>
            Search its matches
          </Button>
        )}
        <FeedActions feed={feed} />
      </header>
      {feed.state.error && <Trouble feed={feed} />}
      {search.step === 'edit' ? (
        <EditFeed key={feed.name} feed={feed} onDone={() => change({ step: undefined })} />
      ) : (
        <>
          <Now feed={feed} days={list.precisionDays} zone={zone} now={now} />
          <Run feed={feed} />
          <Settings feed={feed} onEdit={() => change({ step: 'edit' })} />
          {feed.kind !== 'aws-ranges' && (
            <section aria-label="Allow-list of this feed">
              <h2>Never a threat in this feed</h2>
              <AllowListEditor entries={feed.allowList} save={(allowList) => changeFeed(feed.name, { allowList: [...allowList] })} />
            </section>
          )}
        </>
      )}
    </article>
  );
}

function Trouble({ feed: { state, indicators } }: { feed: Feed }) {
  const { error, failures } = state;
  if (!error) return null;
  return (
    <div className="bz-source-note" data-tone="error" role="alert">
      <p>
        <Icon name="warn" size={14} /> {error.message} <code>{error.code}</code>
      </p>
      {error.hint && <p className="bz-dim">{error.hint}</p>}
      <p className="bz-dim">
        {failures > 1 && `${exact(failures)} tries have failed since the last success. `}
        {indicators > 0 && `The ${many(indicators, 'indicator')} that it had stay in force.`}
      </p>
    </div>
  );
}

function Now({ feed, days, zone, now }: { feed: Feed; days: number; zone: string; now: number }) {
  const { search } = usePage();
  const { state, indicators, kind, settings } = feed;
  const time = (seconds: number | null) => <When ms={seconds === null ? null : seconds * 1000} zone={zone} now={now} />;
  return (
    <section className="bz-source-now" aria-label="Now">
      <dl className="bz-source-facts">
        <Item name={`Last success (${zoneName(zone)})`}>
          {time(state.lastSuccess)}
          {state.notModified && <span className="bz-dim"> nothing new to fetch</span>}
        </Item>
        {kind !== 'import' && (
          <>
            <Item name="Last try">{time(state.lastTry)}</Item>
            <Item name="Next try">
              {state.nextTry === null ? <span className="bz-dim">when asked</span> : <NextTry at={state.nextTry} now={now} zone={zone} />}
            </Item>
            <Item name="Schedule">{scheduleText(kind, settings.everyMinutes)}</Item>
          </>
        )}
        <Item name="Indicators">
          <Link to="/threats" search={{ ...carried(search), view: 'indicators', feed: feed.name }}>
            {exact(indicators)}
          </Link>
        </Item>
        <Item name={`Matches accepted / refused, ${days} days`}>
          <Precision feed={feed} days={days} search={search} />
        </Item>
      </dl>
    </section>
  );
}

function NextTry({ at, now, zone }: { at: number; now: number; zone: string }) {
  const ms = at * 1000;
  const minutes = Math.round((ms - now) / 60_000);
  if (minutes < 1) return <>now</>;
  return (
    <>
      in {minutes < 120 ? many(minutes, 'minute') : minutes < 2880 ? many(Math.round(minutes / 60), 'hour') : many(Math.round(minutes / 1440), 'day')}{' '}
      <span className="bz-dim">{minuteStamp(ms, zone)}</span>
    </>
  );
}

function Run({ feed: { state } }: { feed: Feed }) {
  if (!state.counts) return null;
  return (
    <section aria-label="Last run" id="problems">
      <h2>The last run that read something</h2>
      <dl className="bz-source-facts bz-threat-counts">
        <Counts counts={state.counts} />
      </dl>
      <Problems of={state} />
    </section>
  );
}

function Settings({ feed, onEdit }: { feed: Feed; onEdit: () => void }) {
  const { kind, settings, enabled } = feed;
  const { auth, defaults, mapping } = settings;
  const { fields, place } = KINDS[kind];
  const has = new Set(fields);
  const assumed = [
    ...(defaults.confidence > 0 ? [`confidence ${defaults.confidence}`] : []),
    ...(defaults.validDays > 0 ? [`valid for ${many(defaults.validDays, 'day')}`] : []),
    ...(defaults.threatType ? [defaults.threatType] : []),
    ...defaults.labels,
  ];
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <dl className="bz-source-settings">
        <Item name="Kind">{KINDS[kind].name}</Item>
        {(settings.url ?? settings.path) !== undefined && (
          <Item name={place.label}>
            <span className="bz-mono">{settings.url ?? settings.path}</span>
          </Item>
        )}
        {has.has('format') && <Item name="Format">{FORMAT_NAMES[settings.format]}</Item>}
        {mapping && Object.keys(mapping).length > 0 && (
          <Item name="Columns">
            {Object.entries(mapping)
              .map(([part, column]) => `${part}: ${column}`)
              .join(', ')}
          </Item>
        )}
        {has.has('auth') && (
          <Item name="Signs in with">
            {AUTH_NAMES[auth.kind]}
            {auth.kind === 'basic' && ` ${auth.user}`}
            {auth.kind === 'header' && ` ${auth.header}`}
            {auth.kind !== 'none' && <span className="bz-dim">{auth.secret === SECRET ? ' – stored, encrypted' : ' – nothing is stored'}</span>}
          </Item>
        )}
        {settings.proxy !== undefined && <Item name="Outbound proxy">stored, encrypted</Item>}
        {has.has('defaults') && <Item name="Assumed where it says nothing">{assumed.length > 0 ? assumed.join(', ') : 'nothing'}</Item>}
        {has.has('limits') && <Item name="Largest document">{settings.maxMib} MiB</Item>}
        {kind !== 'import' && <Item name="Schedule">{enabled ? scheduleText(kind, settings.everyMinutes) : 'switched off'}</Item>}
      </dl>
      <Button size="xs" variant="default" onClick={onEdit}>
        Edit
      </Button>
    </section>
  );
}
