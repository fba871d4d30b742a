/** The editor with what belongs to it: Run, what is wrong with the text, how far the run is, and the text's tools. */
import { ActionIcon, Button } from '@mantine/core';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { ValuesResponse } from '../../api/contract.ts';
import { suggestion } from '../../query/diagnostics.ts';
import { getJson } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';
import type { Range } from '../time/range.ts';
import type { EditorHandle } from './editor/editor.tsx';
import type { Problem, Surroundings } from './editor/language.ts';
import type { Run } from './history.ts';
import { History } from './history-menu.tsx';
import { Progress } from './progress.tsx';
import type { ResultsState } from './results/results.tsx';
import { Searched } from './searched.tsx';

const QueryEditor = lazy(() => import('./editor/editor.tsx').then((m) => ({ default: m.QueryEditor })));

interface Props {
  readonly handle: React.RefObject<EditorHandle | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly surroundings: Surroundings;
  readonly range: Range;
  readonly state: ResultsState;
  /** Nothing was asked yet: one begins to type. */
  readonly fresh: boolean;
  readonly onRun: () => void;
  /** Another choice of what is searched was written into the text. */
  readonly onChoice: (text: string) => void;
  readonly onAsk: (past: Run) => void;
  readonly onStop: () => void;
  /** Opens the reference at a name; '' opens or closes it. */
  readonly onReference: (at: string) => void;
}

export function Ask({ handle, text, onText, surroundings, range, state, fresh, onRun, onChoice, onAsk, onStop, onReference }: Props) {
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [past, setPast] = useState(false);
  /** What had the keyboard when the page came. */
  const [focused] = useState(() => document.activeElement);
  const latest = useRef(range);
  latest.current = range;
  const valuesOf = async (field: string, prefix: string, signal: AbortSignal) => {
    const params = new URLSearchParams({ field, prefix, from: latest.current.from, to: latest.current.to });
    return (await getJson<ValuesResponse>(`/api/v1/values?${params}`, signal)).values;
  };
  return (
    <section className="bz-ask" aria-label="Query">
      <div className="bz-ask-box">
        <Suspense fallback={<pre className="bz-editor-wait">{text}</pre>}>
          <QueryEditor
            text={text}
            surroundings={surroundings}
            onText={onText}
            onRun={onRun}
            onHistory={() => setPast(true)}
            onProblems={setProblems}
            onExplain={onReference}
            valuesOf={valuesOf}
            handle={handle}
          />
          <FocusOnce handle={handle} fresh={fresh} before={focused} />
        </Suspense>
        {state.running ? (
          <Button className="bz-run" variant="default" leftSection={<Icon name="stop" size={14} />} onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button className="bz-run" data-go leftSection={<Icon name="play" size={14} />} onClick={onRun} title="Run (Ctrl+Enter)">
            Run
          </Button>
        )}
      </div>
      <div className="bz-ask-foot">
        <Searched text={text} surroundings={surroundings} onText={onChoice} />
        <FirstProblem problems={problems} onMend={(problem, word) => handle.current?.mend(problem, word)} onExplain={onReference} />
        <Progress state={state} />
        <History opened={past} onOpen={setPast} onAsk={onAsk} />
        <ActionIcon variant="subtle" color="gray" aria-label="Format the query" title="Format (Shift+Alt+F)" onClick={() => handle.current?.format()}>
          <Icon name="format" />
        </ActionIcon>
        <ActionIcon variant="subtle" color="gray" aria-label="Reference of the language" title="Reference" onClick={() => onReference('')}>
          <Icon name="book" />
        </ActionIcon>
      </div>
    </section>
  );
}

/** Beside the editor, so that it runs when the editor is there. Who has gone elsewhere by then keeps the keyboard. */
function FocusOnce({ handle, fresh, before }: Pick<Props, 'handle' | 'fresh'> & { readonly before: Element | null }) {
  const wanted = useRef(fresh || window.location.hash === '#search');
  useEffect(() => {
    const { activeElement } = document;
    if (wanted.current && (activeElement === before || activeElement === document.body)) handle.current?.focus();
  }, [handle, before]);
  return null;
}

interface FirstProblemProps {
  readonly problems: readonly Problem[];
  readonly onMend: (problem: Problem, word: string) => void;
  readonly onExplain: (code: string) => void;
}

/** One problem at a time, mistakes before warnings. */
export function FirstProblem({ problems, onMend, onExplain }: FirstProblemProps) {
  const first = problems.find((p) => p.severity === 'error') ?? problems[0];
  const word = first && suggestion(first);
  const more = problems.length - 1;
  return (
    <p className="bz-problem" id="search-problem" data-tone={first?.severity} aria-live="polite">
      {first && (
        <>
          <Icon name="warn" size={14} />
          <span>
            {first.message} {word === undefined && first.hint && <span className="bz-dim">{first.hint}</span>}
          </span>
          {word !== undefined && (
            <Button size="compact-xs" variant="light" onClick={() => onMend(first, word)}>
              Use {word}
            </Button>
          )}
          <button type="button" className="bz-link bz-code" title="Explain in the reference" onClick={() => onExplain(first.code)}>
            {first.code}
          </button>
          {more > 0 && <span className="bz-dim">and {more} more</span>}
        </>
      )}
    </p>
  );
}
