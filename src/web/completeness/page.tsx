/** The completeness board: what has come, how late, and what is missing, the worst first. */
import './completeness.css';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { CompletenessResponse } from '../../api/contract/completeness.ts';
import { explain } from '../api/client.ts';
import { completenessQuery, statusQuery } from '../api/queries.ts';
import { PageFailed } from '../app/failed.tsx';
import { useKeys } from '../app/keys.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { HowToIngest } from '../dashboard/nothing-stored.tsx';
import { exact } from '../format/numbers.ts';
import { duration, rangeText } from '../format/times.ts';
import { absolute, type Range } from '../time/range.ts';
import { RangePicker } from '../time/range-picker.tsx';
import { Refresh } from '../time/refresh.tsx';
import { SourceView } from './source.tsx';
import { TrailsView } from './trails.tsx';

const DEFAULT: Range = { from: '-24h', to: 'now' };

export function CompletenessPage() {
  const { search, zone, change, setRange } = usePage();
  const range = useMemo<Range>(() => (search.from ? { from: search.from, to: search.to ?? 'now' } : DEFAULT), [search.from, search.to]);
  const board = useQuery({ ...completenessQuery(range), placeholderData: keepPreviousData });
  const present = useQuery(statusQuery).data?.datasets.map(({ dataset }) => dataset) ?? [];
  const [picking, setPicking] = useState(false);
  const refresh = () => void board.refetch();
  useKeys({ t: () => setPicking(true), r: refresh });
  useTitle('Completeness');
  if (board.isError && !board.data) return <PageFailed error={board.error} onRetry={refresh} />;
  const { data } = board;
  return (
    <main className="bz-completeness" aria-busy={board.isPending}>
      <div className="bz-toolbar" role="toolbar" aria-label="Time">
        <h1>Completeness</h1>
        <span className="bz-grow" />
        <RangePicker range={range} zone={zone} window={data?.window ?? null} onChange={setRange} opened={picking} onOpen={setPicking} />
        <Refresh
          every={search.refresh}
          onEvery={(every) => change({ refresh: every }, { replace: true })}
          onRefresh={refresh}
          busy={board.isFetching}
          onStop={refresh}
        />
      </div>
      {board.isError && (
        <p className="bz-banner" data-tone="warn" role="alert">
          <b>This is what was known before.</b> {explain(board.error).message} <code>{explain(board.error).code}</code>
        </p>
      )}
      <Hatch />
      {!data && <Skeleton />}
      {data && <Summary board={data} />}
      {data && <TrailsView trails={data.trails} truncated={data.trailsTruncated} zone={zone} now={data.now * 1000} />}
      {data?.trails.length === 0 && data.sources.every((source) => source.rows.length === 0) && (
        <Empty onRange={setRange} zone={zone} alone={data.sources.length === 0} />
      )}
      {data?.sources.map((source) => (
        <SourceView
          key={source.key}
          source={source}
          shown={{
            window: data.window,
            cell: data.cell,
            now: data.now * 1000,
            zone,
            tz: search.tz,
            present,
            open: search.view,
            onOpen: (view) => change({ view }, { replace: true }),
          }}
        />
      ))}
    </main>
  );
}

/** The pattern of gaps, once for all strips. */
function Hatch() {
  return (
    <svg width="0" height="0" className="bz-hidden" aria-hidden="true">
      <pattern id="bz-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect className="bz-hatch-ground" width="6" height="6" />
        <path className="bz-hatch-line" d="M0 0v6" strokeWidth="3" />
      </pattern>
    </svg>
  );
}

function Summary({ board }: { board: CompletenessResponse }) {
  const rows = board.sources.flatMap((source) => source.rows);
  if (rows.length === 0) return null;
  const count = (state: string) => rows.filter((row) => row.state === state).length;
  const said = [
    [count('silent'), 'silent'],
    [count('gap'), 'with gaps'],
    [count('skipped'), 'where AWS skipped records'],
    [count('unknown'), 'too little to tell'],
    [count('ok'), 'complete'],
  ] as const;
  return (
    <div className="bz-completeness-head">
      <p role="status">
        {exact(rows.length)} {rows.length === 1 ? 'row' : 'rows'} of account, region and source:{' '}
        {said
          .filter(([n]) => n > 0)
          .map(([n, text]) => `${exact(n)} ${text}`)
          .join(', ')}
        .{board.truncated && ' There are more; these are the first.'}
      </p>
      <ul className="bz-board-legend" aria-label={`Cells of ${duration(board.cell)}`}>
        <li>
          <Key level={2} />
          <Key level={5} /> few to many records in {duration(board.cell)}
        </li>
        <li>
          <Key gap /> gap
        </li>
        <li>
          <Key skip /> SKIPDATA
        </li>
        <li>
          <Key fresh /> may still come
        </li>
      </ul>
    </div>
  );
}

function Key({ level = 0, gap, skip, fresh }: { level?: number; gap?: boolean; skip?: boolean; fresh?: boolean }) {
  return (
    <svg width="12" height="16" viewBox="0 0 10 20" aria-hidden="true">
      <rect className="bz-cell" data-level={level} data-new={fresh || undefined} x={0.5} y={0} width={9} height={16} />
      {gap && <rect className="bz-cell-gap" x={0} y={0} width={10} height={16} />}
      {skip && <rect className="bz-cell-skip" x={0} y={17} width={10} height={3} />}
    </svg>
  );
}

function Empty({ onRange, zone, alone }: { onRange: (range: Range) => void; zone: string; alone: boolean }) {
  const status = useQuery(statusQuery);
  const extent = status.data?.extent;
  return (
    <div className="bz-completeness-empty" data-alone={alone || undefined}>
      <h2>{extent ? 'No data was ingested in this window' : 'No data has been ingested yet'}</h2>
      {extent ? (
        <p>
          Records exist from {rangeText(extent.from, extent.to, zone)}.{' '}
          <button type="button" className="bz-link" onClick={() => onRange(absolute({ from: Math.max(extent.from, extent.to - 86_400), to: extent.to }))}>
            Show their last day
          </button>
        </p>
      ) : (
        <>
          <HowToIngest />
          <p>Each account, region and source then has a row here, with what has come of it and what is missing.</p>
        </>
      )}
    </div>
  );
}

function Skeleton() {
  return (
    <div className="bz-completeness-skeleton" aria-hidden="true">
      {Array.from({ length: 6 }, (_, i) => (
        <i key={String(i)} />
      ))}
    </div>
  );
}
