/** The indicators: search and filters, and a table of as many rows as there are, of which only those in view exist. */
import { Select, Switch, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { parseAddress } from '../../model/address.ts';
import { CONFIDENCE_BANDS, INDICATOR_TYPES } from '../../model/indicator.ts';
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { useOwnChanges } from '../app/own-changes.ts';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { exact } from '../format/numbers.ts';
import { feedsQuery, type IndicatorFilter, indicatorsQuery, statsQuery } from './ask.ts';
import { IndicatorDrawer } from './indicator.tsx';
import { IndicatorTable } from './indicator-table.tsx';
import { Failed } from './parts.tsx';
import { many, typesName } from './words.ts';

export function IndicatorsView() {
  const { search, zone, change } = usePage();
  const filter: IndicatorFilter = {
    search: search.q ?? '',
    feed: search.feed ?? '',
    type: search.type ?? '',
    band: search.band ?? '',
    removed: search.removed !== undefined,
  };
  const found = useInfiniteQuery(indicatorsQuery(filter));
  const stats = useQuery(statsQuery);
  const rows = useMemo(() => found.data?.pages.flatMap((page) => page.indicators) ?? [], [found.data]);
  const total = found.data?.pages[0]?.total;
  const filtered = filter.search !== '' || filter.feed !== '' || filter.type !== '' || filter.band !== '';
  const none = stats.data?.total === 0 && stats.data.feeds.every(({ removed }) => removed === 0);
  return (
    <section aria-label="Indicators" aria-busy={found.isPending}>
      <Filters filter={filter} />
      <p className="bz-threat-found" role="status">
        {total !== undefined && (
          <>
            <b>{many(total, 'indicator')}</b>
            {filter.search !== '' && parseAddress(filter.search.trim()) && ` hold${total === 1 ? 's' : ''} ${filter.search.trim()}`}
            {filter.removed && <span className="bz-dim">, with what feeds have dropped</span>}
          </>
        )}
      </p>
      {found.isError && !found.data && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      {found.isError && found.data && (
        <p className="bz-source-note" data-tone="warn" role="alert">
          {explain(found.error).message} <code>{explain(found.error).code}</code>{' '}
          <button type="button" className="bz-link" onClick={() => void found.fetchNextPage()}>
            Try again
          </button>
        </p>
      )}
      {!found.data && !found.isError && <Ghosts />}
      {total === 0 &&
        (none && !filtered ? <NoneAtAll /> : <p className="bz-dim">No indicator is like that. Take a filter away, or look at what feeds have dropped.</p>)}
      {rows.length > 0 && (
        <IndicatorTable
          rows={rows}
          total={total ?? rows.length}
          zone={zone}
          stale={found.isPlaceholderData}
          more={found.hasNextPage && !found.isFetchingNextPage && !found.isError}
          onMore={() => void found.fetchNextPage()}
          onOpen={({ number }) => change({ indicator: number })}
        />
      )}
      {total !== undefined && rows.length < total && <p className="bz-dim">{exact(rows.length)} are loaded; scroll for more.</p>}
      <IndicatorDrawer number={search.indicator} zone={zone} onClose={() => change({ indicator: undefined })} />
    </section>
  );
}

/** What is typed goes into the address a moment after the last key. */
const TYPING_MS = 300;

function Filters({ filter }: { filter: IndicatorFilter }) {
  const { change } = usePage();
  const feeds = useQuery(feedsQuery);
  const [text, setText] = useState(filter.search);
  const { sent, isOwn } = useOwnChanges();
  useEffect(() => {
    if (!isOwn(filter.search)) setText((typed) => (typed.trim() === filter.search ? typed : filter.search));
  }, [filter.search, isOwn]);
  useEffect(() => {
    const typed = text.trim();
    if (typed === filter.search) return;
    const timer = setTimeout(() => {
      sent(typed);
      change({ q: typed || undefined, indicator: undefined }, { replace: true });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, filter.search, change, sent]);
  const names = feeds.data?.feeds.filter(({ kind }) => kind !== 'aws-ranges').map(({ name }) => name) ?? [];
  if (filter.feed !== '' && !names.includes(filter.feed)) names.unshift(filter.feed);
  return (
    <search className="bz-threat-filters" aria-label="Filters">
      <TextInput
        id="search"
        aria-label="Search indicators"
        placeholder="An address, or a part of a value, an actor, a family, a label"
        leftSection={<Icon name="search" size={14} />}
        size="xs"
        maxLength={2048}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Select
        aria-label="Feed"
        placeholder="Any feed"
        size="xs"
        clearable
        clearButtonProps={{ 'aria-label': 'Any feed' }}
        searchable={names.length > 8}
        data={names}
        value={filter.feed || null}
        onChange={(feed) => change({ feed: feed ?? undefined })}
      />
      <Select
        aria-label="Type"
        placeholder="Any type"
        size="xs"
        clearable
        clearButtonProps={{ 'aria-label': 'Any type' }}
        data={INDICATOR_TYPES.map((value) => ({ value, label: typesName(value) }))}
        value={INDICATOR_TYPES.find((type) => type === filter.type) ?? null}
        onChange={(type) => change({ type: type ?? undefined })}
      />
      <Select
        aria-label="Confidence"
        placeholder="Any confidence"
        size="xs"
        clearable
        clearButtonProps={{ 'aria-label': 'Any confidence' }}
        data={[...CONFIDENCE_BANDS]}
        value={CONFIDENCE_BANDS.find((band) => band === filter.band) ?? null}
        onChange={(band) => change({ band: band ?? undefined })}
      />
      <Switch
        size="xs"
        label="With dropped ones"
        checked={filter.removed}
        onChange={(event) => change({ removed: event.currentTarget.checked ? 'yes' : undefined })}
      />
    </search>
  );
}

function NoneAtAll() {
  const { search } = usePage();
  const along = carried(search);
  return (
    <div className="bz-threat-none">
      <h2>No indicators yet</h2>
      <p className="bz-dim">
        They come with feeds.{' '}
        <Link to="/threats" search={{ ...along, step: 'import' }}>
          Import a file
        </Link>{' '}
        or{' '}
        <Link to="/threats" search={{ ...along, step: 'new' }}>
          add a feed
        </Link>
        .
      </p>
    </div>
  );
}

function Ghosts() {
  return (
    <div className="bz-sources-skeleton" aria-hidden="true">
      {[0, 1, 2, 3, 4, 5, 6, 7].map((i) => (
        <div key={i} />
      ))}
    </div>
  );
}
