/** The query editor. Loaded when the search page opens; the page gives it a text and hears of every change. */

import { closeBrackets, closeBracketsKeymap, closeCompletion, completionStatus } from '@codemirror/autocomplete';
import { history, isolateHistory } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { forceLinting } from '@codemirror/lint';
import { highlightSelectionMatches, search } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { useEffect, useImperativeHandle, useRef } from 'react';
import { colours } from './colours.ts';
import { completion, type ValueCount } from './completion.ts';
import { hover } from './info.ts';
import { formatText, keys } from './keys.ts';
import type { Problem, Surroundings } from './language.ts';
import { problems, replace } from './problems.ts';

export interface EditorHandle {
  readonly focus: () => void;
  readonly format: () => void;
  /** Puts a text where the cursor is. */
  readonly insert: (text: string) => void;
  readonly mend: (problem: Problem, word: string) => void;
}

interface Props {
  readonly text: string;
  readonly surroundings: Surroundings;
  readonly onText: (text: string) => void;
  readonly onRun: () => void;
  readonly onHistory: () => void;
  readonly onProblems: (problems: readonly Problem[]) => void;
  readonly onExplain: (code: string) => void;
  readonly valuesOf: (field: string, prefix: string, signal: AbortSignal) => Promise<readonly ValueCount[]>;
  readonly handle: React.Ref<EditorHandle>;
}

export function QueryEditor(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!box.current) return;
    const made = new EditorView({ state: stateOf(latest), parent: box.current });
    view.current = made;
    return () => made.destroy();
  }, []);

  // The text changes from outside: Back, a link, a click in the results.
  useEffect(() => {
    const made = view.current;
    if (!made || made.state.doc.toString() === props.text) return;
    made.dispatch({
      changes: { from: 0, to: made.state.doc.length, insert: props.text },
      selection: { anchor: props.text.length },
      annotations: isolateHistory.of('full'),
    });
    closeCompletion(made);
  }, [props.text]);

  // What a name means may be known only now.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are read through the latest props
  useEffect(() => {
    if (view.current) forceLinting(view.current);
  }, [props.surroundings]);

  useImperativeHandle(props.handle, () => ({
    focus: () => {
      const made = view.current;
      if (!made) return;
      made.focus();
      made.dispatch({ selection: { anchor: made.state.doc.length }, scrollIntoView: true });
    },
    format: () => view.current && formatText(view.current),
    insert: (text) => view.current && insertText(view.current, text),
    mend: (problem, word) => view.current && replace(view.current, problem, word),
  }));

  return <div className="bz-editor" ref={box} />;
}

function stateOf(latest: React.RefObject<Props>): EditorState {
  const surroundings = () => latest.current.surroundings;
  return EditorState.create({
    doc: latest.current.text,
    extensions: [
      keys(() => ({ run: latest.current.onRun, history: latest.current.onHistory })),
      completion({ surroundings, valuesOf: (field, prefix, signal) => latest.current.valuesOf(field, prefix, signal) }),
      problems({ surroundings, onProblems: (found) => latest.current.onProblems(found), onExplain: (code) => latest.current.onExplain(code) }),
      hover(surroundings),
      colours,
      history(),
      search({ top: true }),
      highlightSelectionMatches(),
      bracketMatching(),
      closeBrackets(),
      keymap.of(closeBracketsKeymap),
      drawSelection(),
      EditorState.languageData.of(() => [{ commentTokens: { line: '//' }, closeBrackets: { brackets: ['(', '[', '"'] } }]),
      EditorView.lineWrapping,
      placeholder('action=REJECT | count by dest_port'),
      EditorView.contentAttributes.of({
        'aria-label': 'Query',
        id: 'search',
        'aria-describedby': 'search-problem',
        spellcheck: 'false',
        autocapitalize: 'off',
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) latest.current.onText(update.state.doc.toString());
      }),
      EditorView.domEventHandlers({
        // The first Escape closes what is open, the next one leaves the editor.
        keydown: (event, made) => {
          if (event.key !== 'Escape' || completionStatus(made.state) !== null || made.dom.querySelector('.cm-panel')) return false;
          made.contentDOM.blur();
          return true;
        },
      }),
    ],
  });
}

/** A step goes behind the text on a line of its own; anything else to the cursor. */
function insertText(view: EditorView, text: string): void {
  const { from, to } = view.state.selection.main;
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, userEvent: 'input.insert' });
  view.focus();
}
