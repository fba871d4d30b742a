/**
 * The search page: a query, its window and its filters on top, what it found below. The URL is the state:
 * a link runs its query at once, and Back brings the one before.
 */
import './search.css';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { catalogueQuery, statusQuery } from '../api/queries.ts';
import { useKeys } from '../app/keys.ts';
import { useOwnChanges } from '../app/own-changes.ts';
import { usePage } from '../app/use-page.ts';
import { useTitle } from '../app/use-title.ts';
import { applied } from '../filters/filter.ts';
import { FilterBar } from '../filters/filter-bar.tsx';
import { SearchActions } from '../library/search-actions.tsx';
import { type Range, resolveRange } from '../time/range.ts';
import { RangePicker } from '../time/range-picker.tsx';
import { Ask } from './ask.tsx';
import type { EditorHandle } from './editor/editor.tsx';
import { datasetsOf, type Surroundings } from './editor/language.ts';
import { Examples } from './examples.tsx';
import { remember } from './history.ts';
import { MOST_ROWS } from './results/answer.ts';
import { type Asked, Results, type ResultsState } from './results/results.tsx';

const Reference = lazy(() => import('./reference.tsx').then((m) => ({ default: m.Reference })));
const NO_VARIABLES: never[] = [];
const IDLE: ResultsState = { running: false, fraction: null, read: null };

export function SearchPage() {
  const { search, chips, zone, change, setChips } = usePage();
  const { q } = search;
  const [draft, setDraft] = useState(q ?? '');
  const [run, setRun] = useState(0);
  const [stop, setStop] = useState(0);
  const [state, setState] = useState<ResultsState>(IDLE);
  const [picking, setPicking] = useState(false);
  const [adding, setAdding] = useState(false);
  /** What the reference is opened at; null when it is closed. */
  const [looking, setLooking] = useState<string | null>(null);
  const editor = useRef<EditorHandle>(null);
  const range = useMemo<Range>(() => ({ from: search.from ?? '-60m', to: search.to ?? 'now' }), [search.from, search.to]);
  const filters = useMemo(() => applied(chips), [chips]);
  const catalogue = useQuery(catalogueQuery).data;
  const stored = useQuery(statusQuery).data?.datasets;
  const present = useMemo(() => stored?.map(({ dataset }) => dataset) ?? [], [stored]);
  const surroundings = useMemo<Surroundings>(() => ({ catalogue, window: resolveRange(range, Date.now()), zone, present }), [catalogue, range, zone, present]);
  const reads = useMemo(() => datasetsOf(q ?? '', surroundings), [q, surroundings]);
  const asked = useMemo<Asked | null>(
    () => (q === undefined ? null : { query: q, from: range.from, to: range.to, filters, timeZone: zone, run }),
    [q, range, filters, zone, run],
  );

  const { sent, isOwn } = useOwnChanges();
  useEffect(() => {
    if (!isOwn(q ?? '')) setDraft(q ?? '');
  }, [q, isOwn]);
  useEffect(() => {
    if (asked) remember({ query: asked.query, range: { from: asked.from, to: asked.to }, at: Date.now() });
    else setState(IDLE);
  }, [asked]);
  useTitle('Search');

  /** Runs a text; the same one again asks the server again. */
  const ask = useCallback(
    (text: string, more: Partial<Range> = {}) => {
      const query = text.trim() || '*';
      setDraft(query);
      const sameWindow = (more.from ?? range.from) === range.from && (more.to ?? range.to) === range.to;
      if (query === q && sameWindow) return setRun((n) => n + 1);
      if (query !== q) sent(query);
      change({ q: query, why: undefined, ...more });
    },
    [q, range, change, sent],
  );
  /** What is typed goes along when the window changes. */
  const setRange = useCallback(
    (next: Range) => {
      const query = draft.trim();
      if (query && query !== q) sent(query);
      change({ ...next, why: undefined, ...(query && { q: query }) });
    },
    [q, change, draft, sent],
  );
  useKeys({ f: () => setAdding(true), t: () => setPicking(true), r: () => asked && setRun((n) => n + 1) });

  return (
    <main className="bz-dashboard bz-search" data-beside={looking !== null || undefined}>
      <h1 className="bz-hidden">Search</h1>
      <div className="bz-toolbar" role="toolbar" aria-label="Filters and time">
        <FilterBar chips={chips} variables={NO_VARIABLES} range={range} onChange={setChips} adding={adding} onAdding={setAdding} />
        <span className="bz-grow" />
        <SearchActions query={draft} range={range} rows={state.rows ?? state.total} atLeast={state.rows !== undefined && state.rows >= MOST_ROWS} />
        <RangePicker range={range} zone={zone} window={null} onChange={setRange} opened={picking} onOpen={setPicking} />
      </div>
      <Ask
        handle={editor}
        text={draft}
        onText={setDraft}
        surroundings={surroundings}
        range={range}
        state={state}
        fresh={asked === null}
        onChoice={(text) => (asked ? ask(text) : setDraft(text))}
        onRun={() => ask(draft)}
        onAsk={(past) => ask(past.query, past.range)}
        onStop={() => setStop((n) => n + 1)}
        onReference={(at) => setLooking((now) => (at === '' && now !== null ? null : at))}
      />
      <div className="bz-search-below">
        {asked && <h2 className="bz-hidden">What was found</h2>}
        {asked ? (
          <Results asked={asked} reads={reads} zone={zone} onRange={setRange} onQuery={ask} onState={setState} stop={stop} />
        ) : (
          <Examples range={range} zone={zone} onAsk={ask} />
        )}
      </div>
      {looking !== null && (
        <Suspense fallback={null}>
          <Reference at={looking} onInsert={(text) => editor.current?.insert(text)} onClose={() => setLooking(null)} />
        </Suspense>
      )}
    </main>
  );
}
