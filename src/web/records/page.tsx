/** Records behind a value: newest first, each opened into its ECS document and its raw text; every value filters in or out. */
import './records.css';
import { Button, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { RecordsResponse, Window } from '../../api/contract.ts';
import { explain } from '../api/client.ts';
import { recordsQuery, statusQuery } from '../api/queries.ts';
import { Icon } from '../app/icons.tsx';
import { useKeys } from '../app/keys.ts';
import { usePage } from '../app/use-page.ts';
import { addValue, applied } from '../filters/filter.ts';
import { FilterBar } from '../filters/filter-bar.tsx';
import { exact } from '../format/numbers.ts';
import { rangeText, zoneName } from '../format/times.ts';
import { absolute, type Range } from '../time/range.ts';
import { RangePicker } from '../time/range-picker.tsx';
import { Refresh } from '../time/refresh.tsx';
import { RecordList } from './record-list.tsx';
import { type Picked, ValueMenu } from './value-menu.tsx';

const NO_VARIABLES: never[] = [];

export function RecordsPage() {
  const { search, chips, zone, change, setChips, setRange } = usePage();
  const range = useMemo<Range>(() => ({ from: search.from ?? '-60m', to: search.to ?? 'now' }), [search.from, search.to]);
  const filters = useMemo(() => applied(chips), [chips]);
  const query = search.q ?? '';
  const records = useInfiniteQuery(recordsQuery({ query, from: range.from, to: range.to, filters }));
  const [picking, setPicking] = useState(false);
  const [adding, setAdding] = useState(false);
  const [picked, setPicked] = useState<Picked | null>(null);
  const first = records.data?.pages[0];
  const rows = useMemo(() => records.data?.pages.flatMap((page) => page.records) ?? [], [records.data]);
  const refresh = () => void records.refetch();
  useKeys({ f: () => setAdding(true), t: () => setPicking(true), r: refresh });
  useEffect(() => {
    document.title = 'Records · Bartizan';
  }, []);

  return (
    <main className="bz-dashboard bz-records">
      <h1 className="bz-hidden">Records</h1>
      <div className="bz-toolbar" role="toolbar" aria-label="Query, filters and time">
        <QueryBox key={query} query={query} onQuery={(q) => change({ q: q || undefined })} />
        <RangePicker range={range} zone={zone} window={first?.window ?? null} onChange={setRange} opened={picking} onOpen={setPicking} />
        <Refresh
          every={search.refresh}
          onEvery={(every) => change({ refresh: every }, { replace: true })}
          onRefresh={refresh}
          busy={records.isFetching}
          onStop={() => setPicked(null)}
        />
        <div className="bz-records-filters">
          <FilterBar chips={chips} variables={NO_VARIABLES} range={range} onChange={setChips} adding={adding} onAdding={setAdding} />
        </div>
      </div>
      <Count first={first} zone={zone} pending={records.isPending} />
      {records.isError && rows.length === 0 ? (
        <Failure error={records.error} onRetry={refresh} />
      ) : first && first.total === 0 ? (
        <NoRecords window={first.window} zone={zone} onRange={setRange} />
      ) : (
        <RecordList
          records={rows}
          total={first?.total ?? 0}
          zone={zone}
          pending={records.isPending}
          stale={records.isFetching && !records.isFetchingNextPage}
          onPick={setPicked}
          onMore={() => {
            if (records.hasNextPage && !records.isFetching) void records.fetchNextPage();
          }}
        />
      )}
      {records.isFetchNextPageError && <Failure error={records.error} onRetry={() => void records.fetchNextPage()} />}
      <ValueMenu
        picked={picked}
        onClose={() => setPicked(null)}
        onFilter={(field, value, negate) => {
          setPicked(null);
          setChips(addValue(chips, field, value, negate));
        }}
      />
    </main>
  );
}

function Count({ first, zone, pending }: { first: RecordsResponse | undefined; zone: string; pending: boolean }) {
  return (
    <p className="bz-records-count" role="status">
      {first ? (
        <>
          <b>{exact(first.total)}</b> {first.total === 1 ? 'record' : 'records'}
          <span className="bz-dim">
            {' '}
            · {rangeText(first.window.from, first.window.to, zone)} {zoneName(zone)} · newest first
          </span>
        </>
      ) : (
        pending && <span className="bz-dim">Loading…</span>
      )}
    </p>
  );
}

/** Nothing in the window at all says where data is; nothing that matches says what to loosen. */
function NoRecords({ window, zone, onRange }: { window: Window; zone: string; onRange: (range: Range) => void }) {
  const extent = useQuery(statusQuery).data?.extent;
  const apart = extent && (extent.to < window.from || extent.from >= window.to);
  return (
    <div className="bz-note bz-records-empty">
      <p>{apart ? 'No data was ingested in this window.' : 'No records match in this window.'}</p>
      {apart ? (
        <p>
          <button type="button" className="bz-link" onClick={() => onRange(absolute(extent))}>
            Data exists from {rangeText(extent.from, extent.to, zone)}
          </button>
        </p>
      ) : (
        <p className="bz-dim">Widen the time range, or take a filter away.</p>
      )}
    </div>
  );
}

function Failure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { code, message, hint } = explain(error);
  return (
    <div className="bz-note bz-records-empty" data-tone="error" role="alert">
      <p>
        <Icon name="warn" size={14} /> {message}
      </p>
      {hint && <p className="bz-dim">{hint}</p>}
      <p>
        <code>{code}</code>
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </p>
    </div>
  );
}

function QueryBox({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const [typed, setTyped] = useState(query);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (window.location.hash === '#search') input.current?.focus();
  }, []);
  return (
    <form
      className="bz-query"
      onSubmit={(event) => {
        event.preventDefault();
        onQuery(typed.trim());
      }}
    >
      <TextInput
        id="search"
        ref={input}
        size="xs"
        aria-label="Search records"
        placeholder="Search records: 203.0.113.9, dest_port=22 action=REJECT …"
        leftSection={<Icon name="search" size={14} />}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          setTyped(query);
          event.currentTarget.blur();
        }}
      />
    </form>
  );
}
