/** Streams whose records wait because nobody knows their layout, and what has been learned of the others. */
import '../sources.css';
import './layouts.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { LayoutAnswered } from '../../../api/contract/sources.ts';
import { explain } from '../../api/client.ts';
import { PageFailed } from '../../app/failed.tsx';
import { Icon } from '../../app/icons.tsx';
import { usePage } from '../../app/use-page.ts';
import { useTitle } from '../../app/use-title.ts';
import { exact } from '../../format/numbers.ts';
import { stamp } from '../../format/times.ts';
import { layoutsQuery } from '../ask.ts';
import { alongside } from '../page.tsx';
import { streamName, waitingWords } from './choice.ts';
import { Learned } from './learned.tsx';
import { Question } from './question.tsx';

interface Answered extends LayoutAnswered {
  readonly stream: string;
  readonly name: string;
}

export function LayoutsPage() {
  const { search, zone, change } = usePage();
  const layouts = useQuery(layoutsQuery);
  const [answered, setAnswered] = useState<readonly Answered[]>([]);
  useTitle('Layouts');
  const { data } = layouts;
  if (layouts.isError && !data) return <PageFailed error={layouts.error} onRetry={() => void layouts.refetch()} />;
  const now = layouts.dataUpdatedAt;
  const open = data?.questions.find(({ stream }) => stream === search.view)?.stream ?? (search.view === 'none' ? undefined : data?.questions[0]?.stream);
  return (
    <main className="bz-sources bz-layouts" aria-busy={layouts.isPending}>
      <header className="bz-sources-head">
        <h1>
          <Link to="/sources" search={alongside(search)} className="bz-dim">
            Sources
          </Link>{' '}
          <span className="bz-dim">/</span> Layouts
        </h1>
      </header>
      {layouts.isError && (
        <p className="bz-source-note" data-tone="warn" role="alert">
          {explain(layouts.error).message} This is what was known at {stamp(now, zone)}.
        </p>
      )}
      <div role="status">
        {answered.map(({ stream, name, resolved, filtered, quarantined }) => (
          <p key={stream} className="bz-source-note" data-tone={quarantined > 0 ? 'warn' : undefined}>
            <Icon name={quarantined > 0 ? 'info' : 'check'} size={14} /> <b>{name}</b>: {exact(resolved)} read,{' '}
            {filtered > 0 && `${exact(filtered)} left out by the source’s settings, `}
            {exact(quarantined)} still unreadable.
            {quarantined > 0 && ' They stay in quarantine, each with its reason.'}
          </p>
        ))}
      </div>
      {!data && <div className="bz-layout-skeleton" aria-hidden="true" />}
      {data?.questions.length === 0 && (
        <section aria-label="Nothing waits">
          <h2>No stream waits for its layout</h2>
          <p className="bz-dim">
            Records whose lines have no header are read by what their values show. Where that leaves more than one layout, they wait in quarantine, and the
            question stands here.
          </p>
        </section>
      )}
      {data && data.questions.length > 0 && (
        <>
          <h2>{waitingWords(data.questions)}</h2>
          <p className="bz-dim">
            Their lines have no header, and what their values show leaves more than one layout. Say which it is: what waits is read again, and what comes is
            read so from then on.
          </p>
          {data.questions.map((question) => (
            <Question
              key={question.stream}
              question={question}
              zone={zone}
              now={now}
              open={question.stream === open}
              onOpen={(yes) => change({ view: yes ? question.stream : 'none' }, { replace: true })}
              onAnswered={(counts) =>
                setAnswered((old) => [
                  ...old.filter(({ stream }) => stream !== question.stream),
                  { ...counts, stream: question.stream, name: streamName(question) },
                ])
              }
            />
          ))}
        </>
      )}
      {data && <Learned learned={data.learned} zone={zone} now={now} />}
    </main>
  );
}
