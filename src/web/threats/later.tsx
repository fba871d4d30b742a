/** What was found later: flows and events that were stored before an indicator of them was known, and what the hunt for them is doing. */
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { HuntStatus } from '../../api/contract/findings.ts';
import { Icon } from '../app/icons.tsx';
import { usePage } from '../app/use-page.ts';
import { exact } from '../format/numbers.ts';
import { ago, stamp } from '../format/times.ts';
import { ProblemNote } from '../library/problem.tsx';
import { cancelHunt, laterQuery, useThreatsChange } from './ask.ts';
import { Findings } from './findings.tsx';
import { Failed } from './parts.tsx';
import { many } from './words.ts';

export function LaterView() {
  const { search, zone } = usePage();
  const later = useInfiniteQuery(laterQuery(search.feed ?? ''));
  const newest = later.data?.pages[0];
  if (later.isError && !newest) return <Failed error={later.error} onRetry={() => void later.refetch()} />;
  const findings = later.data?.pages.flatMap((page) => page.findings) ?? [];
  return (
    <section aria-label="Found later" aria-busy={!newest}>
      <p className="bz-dim">
        When an indicator is new, the flows and events of the past are compared with it, too. What is listed here passed before anybody knew; accepted flows and
        calls that succeeded are the ones to look at first.
      </p>
      {newest && <Hunt hunt={newest.hunt} zone={zone} />}
      {!newest && (
        <div className="bz-sources-skeleton" aria-hidden="true">
          {[0, 1, 2, 3].map((i) => (
            <div key={i} />
          ))}
        </div>
      )}
      {newest && findings.length === 0 && <p>Nothing was found later.</p>}
      {newest && findings.length > 0 && (
        <>
          <p role="status">
            <b>{many(newest.totals.findings, 'finding')}</b> of {many(newest.totals.addresses, 'address', 'addresses')} and{' '}
            {many(newest.totals.indicators, 'indicator')}
          </p>
          <Findings findings={findings} zone={zone} />
        </>
      )}
      <ProblemNote error={newest ? later.error : null} />
      {later.hasNextPage && (
        <p>
          <Button size="xs" variant="default" loading={later.isFetchingNextPage} onClick={() => void later.fetchNextPage()}>
            Older ones
          </Button>{' '}
          <span className="bz-dim">{exact(findings.length)} are shown.</span>
        </p>
      )}
    </section>
  );
}

function Hunt({ hunt: { state, waiting, last }, zone }: { hunt: HuntStatus; zone: string }) {
  const stopping = useThreatsChange(() => cancelHunt());
  if (state === 'filling') return <Note>Addresses of days that an earlier release stored are made known first; hunts wait for that.</Note>;
  if (state === 'running' && last) {
    return (
      <Note>
        Comparing history with <b>{last.feed}</b>: {exact(last.indicators)} of {many(last.indicatorsTotal, 'indicator')}, {many(last.found, 'match', 'matches')}{' '}
        so far
        {waiting > 1 && `; ${many(waiting - 1, 'feed')} after it`}.{' '}
        <Button size="compact-xs" variant="default" loading={stopping.isPending} onClick={() => stopping.mutate(undefined)}>
          Stop
        </Button>
        <ProblemNote error={stopping.error} />
      </Note>
    );
  }
  if (!last) return null;
  if (state === 'trouble' || last.state === 'trouble') {
    return (
      <p className="bz-source-note" data-tone="error" role="alert">
        <Icon name="warn" size={14} /> Comparing history with <b>{last.feed}</b> failed and is tried again. {last.message}
      </p>
    );
  }
  const ended = last.ended === null ? '' : `, ${ago(last.ended * 1000)}`;
  return (
    <p className="bz-dim bz-small" title={last.ended === null ? undefined : stamp(last.ended * 1000, zone)}>
      History was compared last with {last.feed}
      {ended}
      {last.state === 'cancelled' && ', and stopped before its end'}.
    </p>
  );
}

function Note({ children }: { children: ReactNode }) {
  return (
    <div className="bz-source-note" role="status">
      {children}
    </div>
  );
}
