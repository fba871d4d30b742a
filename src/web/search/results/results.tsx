/** The results half of the search page: matches over time, then the messages or the result of counting, beside the fields. */
import './results.css';
import '../../records/records.css';
import { Drawer, Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { OutputColumn, Window } from '../../../api/contract.ts';
import type { Dataset } from '../../../model/log-formats.ts';
import { explain } from '../../api/client.ts';
import { Icon } from '../../app/icons.tsx';
import { EVENT_COLUMNS } from '../../app/search.ts';
import { usePage } from '../../app/use-page.ts';
import { exact, short } from '../../format/numbers.ts';
import { SaveNote } from '../../lookups/save-note.tsx';
import type { Drill } from '../../panels/props.ts';
import { type Picked, ValueMenu } from '../../records/value-menu.tsx';
import { absolute, type Range } from '../../time/range.ts';
import { choiceOf } from '../index-choice.ts';
import { Aggregates, GhostResult, useViews, ViewSwitch } from './aggregates.tsx';
import { useAnswer } from './answer.ts';
import { type Asked, histogramQuery, keyOf } from './ask.ts';
import { bytesBy, countBy, drilled, isGrouped, isSorted, isTable, matchesOf, oldestFirst, sliceOf, topOverTime, withValue } from './edit.ts';
import { Fields } from './fields.tsx';
import { termsOf } from './highlight.tsx';
import { Histogram } from './histogram.tsx';
import { useKept } from './kept.ts';
import type { Listed } from './listed.ts';
import { MessageTools, withColumn } from './message-tools.tsx';
import { Messages } from './messages.tsx';
import { type Seen, usePages } from './pages.ts';
import { Empty, Failed, GhostLines, PartFailed, Stopped } from './states.tsx';
import { columnOf, RAW } from './values.ts';

export type { Asked } from './ask.ts';

export interface ResultsState {
  readonly running: boolean;
  /** 0 to 1 while the server says so. */
  readonly fraction: number | null;
  /** Rows read so far. */
  readonly read: number | null;
  readonly seconds?: number;
  /** Of a result that was counted. */
  readonly rows?: number;
  /** Messages that match. */
  readonly total?: number;
}

interface Props {
  readonly asked: Asked;
  /** Datasets that the query reads; none where that is not known. */
  readonly reads: readonly Dataset[];
  /** IANA zone that times are shown in. */
  readonly zone: string;
  readonly onRange: (range: Range) => void;
  readonly onQuery: (text: string) => void;
  readonly onState: (state: ResultsState) => void;
  /** Each increment cancels what is under way. */
  readonly stop: number;
}

const NOWHERE: Seen = { first: 0, last: 0 };

export function Results({ asked, reads, zone, onRange, onQuery, onState, stop }: Props) {
  const { query } = asked;
  const { search, change } = usePage();
  const client = useQueryClient();
  const narrow = useMediaQuery('(max-width: 760px)', window.innerWidth <= 760, { getInitialValueInEffect: false });
  const grouped = useMemo(() => isGrouped(query), [query]);
  const sorted = useMemo(() => isSorted(query), [query]);
  const terms = useMemo(() => termsOf(query), [query]);
  const order = search.order === 'oldest' ? 'oldest' : 'newest';
  const [seen, setSeen] = useState<Seen>(NOWHERE);
  const [wrap, setWrap] = useKept<boolean>('wrap', false);
  const [beside, setBeside] = useKept<boolean>('fields', true);
  const [sheet, setSheet] = useState(false);
  const [picked, setPicked] = useState<Picked | null>(null);
  const [stopped, setStopped] = useState<Asked | null>(null);
  const table = useMemo(() => isTable(query), [query]);
  const fieldsShown = !table && (narrow ? sheet : beside);

  const matches = useMemo(() => (order === 'oldest' ? oldestFirst(query) : matchesOf(query)), [query, order]);
  const pages = usePages(asked, matches, seen, !table && (!grouped || search.view === 'messages' || fieldsShown) && stopped !== asked);
  // Rows that never were records, such as those of a table, are shown as a result, too.
  const counted = grouped || (pages.error !== null && explain(pages.error).code === 'no-records');
  const tab = table || (counted && search.view !== 'messages') ? 'result' : 'messages';
  const answer = useAnswer(counted ? asked : null);
  const views = useViews(query, answer.answer, search.view);
  const onlyEvents = choiceOf(reads) === 'events';
  const shown = useMemo(() => search.cols ?? standardColumns(pages.made, onlyEvents), [search.cols, pages.made, onlyEvents]);
  const columns = useMemo(() => shown.map((name) => columnOf(name, pages.made, pages.first)), [shown, pages.made, pages.first]);

  const { stop: stopAnswer, again } = answer;
  const stopsSeen = useRef(stop);
  useEffect(() => {
    if (stopsSeen.current === stop) return;
    stopsSeen.current = stop;
    stopAnswer();
    void client.cancelQueries({ queryKey: keyOf(asked) });
    setStopped(asked);
  }, [stop, stopAnswer, client, asked]);

  const counting = useIsFetching({ queryKey: histogramQuery(asked).queryKey }) > 0;
  const running = counting || (tab === 'messages' ? pages.loading : answer.running);
  const { fraction, read } = answer;
  const seconds = answer.answer?.seconds;
  const rows = answer.answer?.rows.length;
  const total = pages.total;
  useEffect(() => {
    onState({ running, fraction, read, ...(seconds !== undefined && { seconds }), ...(rows !== undefined && { rows }), ...(total !== null && { total }) });
  }, [onState, running, fraction, read, seconds, rows, total]);

  const setColumns = (names: readonly string[] | null) => change({ cols: names && names.length > 0 ? names : undefined }, { replace: true });
  const toggleColumn = (name: string) => setColumns(withColumn(shown, name));
  const filter = (name: string, value: string, negate: boolean) => {
    setPicked(null);
    onQuery(withValue(query, columnOf(name, pages.made, pages.first), value, negate));
  };
  const overTime = (field: Listed, values: readonly string[]) => {
    const seconds = client.getQueryData(histogramQuery(asked).queryKey)?.seconds ?? 60;
    onQuery(topOverTime(query, field.column, values, seconds));
  };
  const slice = answer.answer?.timeslice;
  const drill = useCallback(
    ({ cells, window = sliceOf(cells, slice, zone), why }: Drill) =>
      change({
        q: drilled(query, cells) || '*',
        view: undefined,
        ...(why ? { why: 'newest', order: undefined } : { why: undefined }),
        ...(window && absolute(window)),
      }),
    [change, query, slice, zone],
  );
  const retry = () => {
    setStopped(null);
    again();
    void client.refetchQueries({ queryKey: keyOf(asked), type: 'active' });
  };
  const fields = fieldsShown && (
    <Fields
      asked={asked}
      pages={pages}
      zone={zone}
      shown={tab === 'messages' ? shown : []}
      onColumn={toggleColumn}
      onFilter={(field, value, negate) => onQuery(withValue(query, field.column, value, negate))}
      onCount={(field) => onQuery(countBy(query, field.name))}
      {...(choiceOf(reads) === 'flows' && { onBytes: (field: Listed) => onQuery(bytesBy(query, field.name)) })}
      onTopOverTime={overTime}
    />
  );
  const empty = (window: Window) => <Empty asked={asked} reads={reads} window={window} zone={zone} counted={tab === 'result'} onRange={onRange} />;

  return (
    <div className="bz-results">
      <SaveNote key={`${asked.run} ${asked.query}`} asked={asked} />
      {!table && <Histogram asked={asked} zone={zone} onRange={onRange} />}
      <Tabs value={tab} onChange={(value) => change({ view: value === 'messages' ? 'messages' : undefined }, { replace: true })} keepMounted={false}>
        <div className="bz-results-bar">
          {!table && (
            <button
              type="button"
              className="bz-tool"
              aria-expanded={fieldsShown}
              onClick={() => (narrow ? setSheet(true) : setBeside(!beside))}
              title={fieldsShown ? 'Hide the fields' : 'Show the fields'}
            >
              <Icon name="filter" size={12} /> Fields
            </button>
          )}
          <Tabs.List>
            {counted && (
              <Tabs.Tab value="result">
                Result <Count of={rows} />
              </Tabs.Tab>
            )}
            {!table && (
              <Tabs.Tab value="messages">
                Messages <Count of={total ?? undefined} />
              </Tabs.Tab>
            )}
          </Tabs.List>
          <span className="bz-grow" />
          {tab === 'result' && answer.answer && <span className="bz-dim bz-small">{short(answer.answer.rowsRead)} rows read</span>}
          {tab === 'result' && views && <ViewSwitch views={views} onView={(view) => change({ view }, { replace: true })} />}
          {tab === 'messages' && (
            <MessageTools
              pages={pages}
              order={order}
              sorted={sorted}
              wrap={wrap}
              shown={shown}
              onOrder={(next) => change({ order: next === 'oldest' ? next : undefined }, { replace: true })}
              onWrap={setWrap}
              events={onlyEvents}
              onColumns={setColumns}
            />
          )}
        </div>
        <div className="bz-results-body" data-fields={(fieldsShown && !narrow) || undefined}>
          {fieldsShown && !narrow && <aside aria-label="Fields">{fields}</aside>}
          <Tabs.Panel value="result">
            {answer.error?.code === 'save-not-asked' ? null : answer.error ? (
              <Failed error={answer.error} onRetry={again} />
            ) : answer.answer && views ? (
              <>
                <Warnings of={answer.answer.warnings} />
                {answer.answer.rows.length === 0 ? (
                  empty(answer.answer.window)
                ) : (
                  <Aggregates query={query} answer={answer.answer} views={views} zone={zone} stale={answer.running} onDrill={drill} onRange={onRange} />
                )}
              </>
            ) : answer.stopped ? (
              <Stopped onRetry={retry} />
            ) : (
              <GhostResult query={query} view={search.view} progress={fraction} />
            )}
          </Tabs.Panel>
          <Tabs.Panel value="messages">
            {total !== null && <Warnings of={pages.warnings} />}
            {pages.error !== null && total === null ? (
              <Failed error={explain(pages.error)} onRetry={pages.again} />
            ) : total === null ? (
              stopped === asked ? (
                <Stopped onRetry={retry} />
              ) : (
                <GhostLines />
              )
            ) : total === 0 && pages.window ? (
              empty(pages.window)
            ) : (
              <>
                {pages.error !== null && <PartFailed error={explain(pages.error)} onRetry={pages.again} />}
                <Messages
                  pages={pages}
                  columns={columns}
                  terms={terms}
                  zone={zone}
                  wrap={wrap}
                  order={order}
                  sorted={sorted}
                  why={search.why !== undefined}
                  onSeen={setSeen}
                  onPick={setPicked}
                  onColumn={toggleColumn}
                />
              </>
            )}
          </Tabs.Panel>
        </div>
      </Tabs>
      {narrow && (
        <Drawer opened={sheet} onClose={() => setSheet(false)} title="Fields" size="100%" position="bottom">
          {fields}
        </Drawer>
      )}
      <ValueMenu picked={picked} onClose={() => setPicked(null)} onFilter={filter} />
    </div>
  );
}

/** What the query made and the message; of events what says most of one before it, for their text is long. */
function standardColumns(made: readonly OutputColumn[], events: boolean): readonly string[] {
  const own = made.filter((c) => c.kind !== 'time').map((c) => c.name);
  return own.length === 0 && events ? [...EVENT_COLUMNS, RAW] : [...own, RAW];
}

function Count({ of }: { of: number | undefined }) {
  return <span className="bz-tab-count">{of === undefined ? '' : exact(of)}</span>;
}

/** What the compiler or the engine noticed, each once. */
function Warnings({ of }: { of: readonly { readonly code: string; readonly message: string }[] }) {
  const texts = [...new Set(of.map((w) => w.message))];
  if (texts.length === 0) return null;
  return (
    <ul className="bz-results-warnings" aria-label="Warnings">
      {texts.map((text) => (
        <li key={text}>
          <Icon name="warn" size={12} /> {text}
        </li>
      ))}
    </ul>
  );
}
