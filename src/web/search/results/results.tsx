/** The results half of the search page: matches over time, then the messages or the result of counting, beside the fields. */
import './results.css';
import '../../records/records.css';
import { Tabs } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { usePage } from '../../app/use-page.ts';
import type { Drill } from '../../panels/props.ts';
import { type Picked, ValueMenu } from '../../records/value-menu.tsx';
import { absolute, type Range } from '../../time/range.ts';
import { Aggregates, useViews, ViewSwitch } from './aggregates.tsx';
import { useAnswer } from './answer.ts';
import { type Asked, keyOf } from './ask.ts';
import { drilled, isGrouped, matchesOf, oldestFirst, withValue } from './edit.ts';
import { termsOf } from './highlight.tsx';
import { Histogram } from './histogram.tsx';
import { useKept } from './kept.ts';
import { Messages } from './messages.tsx';
import { type Seen, usePages } from './pages.ts';
import { Empty, Failed, GhostLines, Stopped, Unasked } from './states.tsx';
import { columnOf, RAW } from './values.ts';

export type { Asked } from './ask.ts';

export interface ResultsState {
  readonly running: boolean;
  /** 0 to 1 while the server says so. */
  readonly fraction: number | null;
  readonly seconds?: number;
  readonly rows?: number;
  readonly total?: number;
}

interface Props {
  /** null: nothing has been run yet. */
  readonly asked: Asked | null;
  /** IANA zone that times are shown in. */
  readonly zone: string;
  readonly onRange: (range: Range) => void;
  readonly onQuery: (text: string) => void;
  readonly onState: (state: ResultsState) => void;
  /** Each increment cancels what is under way. */
  readonly stop: number;
}

export function Results(props: Props) {
  return props.asked ? <Asking {...props} asked={props.asked} /> : <Unasked />;
}

function Asking({ asked, zone, onRange, onQuery, onState, stop }: Props & { readonly asked: Asked }) {
  const { search, change } = usePage();
  const client = useQueryClient();
  const grouped = useMemo(() => isGrouped(asked.query), [asked.query]);
  const tab = grouped && search.view !== 'messages' ? 'result' : 'messages';
  const order = search.order === 'oldest' ? 'oldest' : 'newest';
  const matches = useMemo(() => (order === 'oldest' ? oldestFirst(asked.query) : matchesOf(asked.query)), [asked.query, order]);
  const terms = useMemo(() => termsOf(asked.query), [asked.query]);
  const [seen, setSeen] = useState<Seen>({ first: 0, last: 0 });
  const [wrap] = useKept<boolean>('wrap', false);
  const [picked, setPicked] = useState<Picked | null>(null);
  const [stopped, setStopped] = useState<Asked | null>(null);
  const answer = useAnswer(grouped ? asked : null);
  const pages = usePages(asked, matches, seen, tab === 'messages' && stopped !== asked);
  const views = useViews(asked.query, answer.answer, search.view);
  const columns = useMemo(() => (search.cols ?? [...pages.made.map((c) => c.name), RAW]).map((name) => columnOf(name, pages.made)), [search.cols, pages.made]);

  const { stop: stopAnswer, again } = answer;
  const last = useRef(stop);
  useEffect(() => {
    if (last.current === stop) return;
    last.current = stop;
    stopAnswer();
    void client.cancelQueries({ queryKey: keyOf(asked) });
    setStopped(asked);
  }, [stop, stopAnswer, client, asked]);

  const running = tab === 'messages' ? pages.fetching && pages.total === null : answer.running;
  const { fraction } = answer;
  const seconds = answer.answer?.seconds;
  const rows = tab === 'messages' ? undefined : answer.answer?.rows.length;
  const total = pages.total ?? undefined;
  useEffect(() => {
    onState({ running, fraction, ...(seconds !== undefined && { seconds }), ...(rows !== undefined && { rows }), ...(total !== undefined && { total }) });
  }, [onState, running, fraction, seconds, rows, total]);

  const filter = (name: string, value: string, negate: boolean) => {
    setPicked(null);
    onQuery(withValue(asked.query, columnOf(name, pages.made), value, negate));
  };
  const drill = useCallback(
    ({ cells, window }: Drill) => {
      const narrowed = window ? absolute(window) : {};
      change({ q: drilled(asked.query, cells), view: undefined, ...narrowed });
    },
    [change, asked.query],
  );
  const retry = () => {
    setStopped(null);
    again();
    pages.again();
  };

  return (
    <div className="bz-results">
      <Histogram asked={asked} zone={zone} onRange={onRange} />
      <Tabs value={tab} onChange={(value) => change({ view: value === 'messages' ? 'messages' : undefined }, { replace: true })} keepMounted={false}>
        <Tabs.List>
          {grouped && <Tabs.Tab value="result">Result</Tabs.Tab>}
          <Tabs.Tab value="messages">Messages</Tabs.Tab>
          <span className="bz-grow" />
          {tab === 'result' && views && <ViewSwitch views={views} onView={(view) => change({ view }, { replace: true })} />}
        </Tabs.List>
        <Tabs.Panel value="result">
          {answer.error ? (
            <Failed error={answer.error} onRetry={again} />
          ) : answer.answer && views ? (
            answer.answer.rows.length === 0 ? (
              <Empty window={answer.answer.window} zone={zone} filtered={asked.filters.length > 0} onRange={onRange} />
            ) : (
              <Aggregates query={asked.query} answer={answer.answer} views={views} zone={zone} stale={answer.running} onDrill={drill} onRange={onRange} />
            )
          ) : answer.stopped ? (
            <Stopped onRetry={retry} />
          ) : (
            <GhostLines />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="messages">
          {pages.error !== null && pages.total === null ? (
            <Failed error={pages.error} onRetry={pages.again} />
          ) : pages.total === null ? (
            stopped === asked ? (
              <Stopped onRetry={retry} />
            ) : (
              <GhostLines />
            )
          ) : pages.total === 0 && pages.window ? (
            <Empty window={pages.window} zone={zone} filtered={asked.filters.length > 0} onRange={onRange} />
          ) : (
            <Messages
              pages={pages}
              columns={columns}
              terms={terms}
              zone={zone}
              wrap={wrap}
              order={order}
              onSeen={setSeen}
              onPick={setPicked}
              onColumn={(name) => change({ cols: columns.map((c) => c.name).filter((c) => c !== name) }, { replace: true })}
            />
          )}
        </Tabs.Panel>
      </Tabs>
      <ValueMenu picked={picked} onClose={() => setPicked(null)} onFilter={filter} />
    </div>
  );
}
