/** The part of the page with feeds: the table, one feed, adding one, importing a file. */
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import { carried } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { stamp } from '../format/times.ts';
import { AddFeed } from './add.tsx';
import { feedsQuery, statsQuery } from './ask.ts';
import { FeedView } from './feed.tsx';
import { Import } from './import.tsx';
import { Failed } from './parts.tsx';
import { FeedsTable } from './table.tsx';

export function FeedsView() {
  const { search, zone } = usePage();
  const client = useQueryClient();
  const feeds = useQuery(feedsQuery);
  const { data } = feeds;
  // When a run has ended there are other indicators.
  const runs = data?.feeds.map(({ state }) => `${state.lastSuccess ?? ''}`).join() ?? '';
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ends of runs say when
  useEffect(() => {
    void client.invalidateQueries({ queryKey: statsQuery.queryKey });
    void client.invalidateQueries({ queryKey: ['threats', 'indicators'] });
  }, [runs, client]);
  if (feeds.isError && !data) return <Failed error={feeds.error} onRetry={() => void feeds.refetch()} />;
  if (!data) return <Skeleton />;
  const now = feeds.dataUpdatedAt;
  const stale = feeds.isError && (
    <p className="bz-source-note" data-tone="warn" role="alert">
      {explain(feeds.error).message} These are the numbers of {stamp(now, zone)}.
    </p>
  );
  if (search.step === 'new') return <AddFeed />;
  if (search.step === 'import') return <Import feeds={data.feeds} into={search.feed} />;
  if (search.feed !== undefined) {
    return (
      <>
        {stale}
        <FeedView list={data} name={search.feed} zone={zone} now={now} />
      </>
    );
  }
  return (
    <>
      {stale}
      {data.feeds.length === 0 ? (
        <Nothing />
      ) : (
        <>
          <Ways />
          <FeedsTable list={data} zone={zone} now={now} />
        </>
      )}
    </>
  );
}

/** Where indicators come from. */
function Ways() {
  const { search } = usePage();
  const along = carried(search);
  return (
    <div className="bz-threat-ways">
      <Button size="xs" variant="default" component={Link} to="/threats" search={{ ...along, step: 'import' } as never}>
        Import a file
      </Button>
      <Button size="xs" component={Link} to="/threats" search={{ ...along, step: 'new' } as never} leftSection={<Icon name="plus" size={14} />}>
        Add a feed
      </Button>
    </div>
  );
}

function Nothing() {
  return (
    <section aria-label="No feeds yet" className="bz-threat-none">
      <h2>No feeds yet</h2>
      <p className="bz-dim">
        Feeds are lists of addresses, networks, domains, URLs and hashes that somebody calls a threat: indicators. Every flow is compared with them as it is
        stored, those of the past are compared when an indicator is new, and each match says which indicator it was and how sure its feed is of it.
      </p>
      <p className="bz-dim">Nothing is fetched until you set a feed up here. Without a network, import files.</p>
      <Ways />
    </section>
  );
}

function Skeleton() {
  return (
    <div className="bz-sources-skeleton" aria-hidden="true">
      {[0, 1, 2, 3].map((i) => (
        <div key={i} />
      ))}
    </div>
  );
}
