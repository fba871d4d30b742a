/** All that collects: collectors with their sources, what each is doing, and a way to add one. */
import './sources.css';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { SourceList } from '../../api/contract/sources.ts';
import { explain } from '../api/client.ts';
import { PageFailed } from '../app/failed.tsx';
import { Icon } from '../app/icons.tsx';
import type { Search } from '../app/search.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { round, short } from '../format/numbers.ts';
import { stamp } from '../format/times.ts';
import { ChoiceList } from './add/choices.tsx';
import { layoutsQuery, sourcesQuery } from './ask.ts';
import { NameDialog } from './dialogs.tsx';
import { waitingWords } from './layouts/choice.ts';
import { SourcesTable } from './table.tsx';
import { many } from './words.ts';

/** What goes along between the pages of sources. */
export function alongside({ from, to, tz, f }: Search): Search {
  return { ...(from && { from }), ...(to && { to }), ...(tz && { tz }), ...(f && { f }) };
}

export function SourcesPage() {
  const { search, zone } = usePage();
  const sources = useQuery(sourcesQuery);
  const [naming, setNaming] = useState(false);
  useTitle('Sources');
  const { data } = sources;
  if (sources.isError && !data) return <PageFailed error={sources.error} onRetry={() => void sources.refetch()} />;
  const along = alongside(search);
  return (
    <main className="bz-sources" aria-busy={sources.isPending}>
      <header className="bz-sources-head">
        <h1>Sources</h1>
        {data && data.sources.length > 0 && <Summary list={data} />}
        <span className="bz-grow" />
        <Button size="xs" variant="default" onClick={() => setNaming(true)}>
          New collector
        </Button>
        <Button size="xs" component={Link} to="/sources/new" search={along as never} leftSection={<Icon name="plus" size={14} />}>
          Add a source
        </Button>
      </header>
      {sources.isError && (
        <p className="bz-source-note" data-tone="warn" role="alert">
          {explain(sources.error).message} These are the numbers of {stamp(sources.dataUpdatedAt, zone)}.
        </p>
      )}
      {data?.spool.trouble !== undefined && (
        <p className="bz-source-note" data-tone="error" role="alert">
          <Icon name="warn" size={14} /> {data.spool.trouble} Senders are asked to come again, and keep what they have.
        </p>
      )}
      {data && data.spool.damaged.pieces > 0 && (
        <p className="bz-source-note" data-tone="warn" role="alert">
          <Icon name="warn" size={14} /> The disk damaged {short(data.spool.damaged.bytes, 'bytes')} of the spool: set aside in .damaged files.
        </p>
      )}
      <LayoutsLine search={along} />
      {!data && <Skeleton />}
      {data && data.sources.length === 0 && <Nothing />}
      {data && (data.sources.length > 0 || data.collectors.length > 0) && <SourcesTable list={data} zone={zone} now={sources.dataUpdatedAt} search={along} />}
      {naming && <NameDialog named={{ what: 'collector', item: undefined }} onClose={() => setNaming(false)} />}
    </main>
  );
}

/** Streams whose records wait for somebody: nothing where none does. */
function LayoutsLine({ search }: { search: Search }) {
  const { data, error } = useQuery(layoutsQuery);
  if (error && !data) {
    const { message, code } = explain(error);
    return (
      <p className="bz-source-note" data-tone="warn" role="alert">
        Whether streams wait for their layouts could not be asked. {message} <code>{code}</code>
      </p>
    );
  }
  if (!data) return null;
  if (data.questions.length === 0)
    return data.learned.length === 0 ? null : (
      <p className="bz-dim bz-small">
        <Link to="/sources/layouts" search={search as never}>
          {many(data.learned.length, 'learned layout')}
        </Link>
      </p>
    );
  return (
    <p className="bz-source-note" data-tone="warn">
      <Icon name="info" size={14} />{' '}
      <Link to="/sources/layouts" search={search as never}>
        {waitingWords(data.questions)}
      </Link>
    </p>
  );
}

function Summary({ list: { sources, spool } }: { list: SourceList }) {
  const trouble = sources.filter((s) => s.status.state === 'trouble').length;
  return (
    <span className="bz-dim bz-small">
      {many(sources.length, 'source')}
      {trouble > 0 && <span className="bz-source-wrong"> · {trouble} in trouble</span>} · spool {short(spool.bytes, 'bytes')} of{' '}
      {round(spool.maxBytes, 'bytes')}
      <span className="bz-sources-since"> · counts since the server started</span>
    </span>
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

function Nothing() {
  const { search } = usePage();
  return (
    <section aria-label="No sources yet" className="bz-sources-none">
      <h2>Nothing collects yet</h2>
      <p className="bz-dim">
        A source brings records in as long as the server runs: it reads a bucket, or takes what is sent to it. What do you have? Each way shows the commands for
        AWS, is tried before it is saved, and waits with you for the first records.
      </p>
      <ChoiceList search={alongside(search)} />
      <p className="bz-dim">
        Files that are here already need no source: <code>bartizan ingest ./logs</code>.
      </p>
    </section>
  );
}
