/** Problems in the text: underlined where they are, told when the pointer or the cursor is there, mended by a button. */
import { completionStatus } from '@codemirror/autocomplete';
import { linter, type Diagnostic as Mark } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { suggestion } from '../../../query/diagnostics.ts';
import { type Problem, problemsOf, type Surroundings } from './language.ts';

/** Time that somebody types without a pause. */
const PAUSE_MS = 250;

interface Wanted {
  readonly surroundings: () => Surroundings;
  readonly onProblems: (problems: Problem[]) => void;
  /** Opens the reference at a code. */
  readonly onExplain: (code: string) => void;
}

export function problems({ surroundings, onProblems, onExplain }: Wanted): Extension {
  const check = (view: EditorView): Mark[] => {
    const text = view.state.doc.toString();
    const cursor = view.state.selection.main.head;
    // A word that is being completed is not wrong yet.
    const isTyped = ({ span }: Problem) => span.end === cursor && completionStatus(view.state) !== null;
    const found = problemsOf(text, surroundings()).filter((p) => !isTyped(p));
    onProblems(found);
    return found.map((problem) => markOf(problem, text.length, onExplain));
  };
  return linter(check, {
    delay: PAUSE_MS,
    needsRefresh: ({ startState, state }) => completionStatus(startState) !== null && completionStatus(state) === null,
  });
}

function markOf(problem: Problem, length: number, onExplain: (code: string) => void): Mark {
  const { code, span, message, hint, severity } = problem;
  const word = suggestion(problem);
  // A place without width gets one, so that there is something to underline.
  const from = Math.min(span.start, Math.max(0, length - 1));
  const to = Math.min(Math.max(span.end, from + 1), length);
  return {
    from,
    to,
    severity,
    message: hint ? `${message} ${hint}` : message,
    actions: word === undefined ? [] : [{ name: `Use ${word}`, apply: (view) => replace(view, problem, word) }],
    renderMessage: () => {
      const box = document.createElement('div');
      box.append(paragraph(message));
      if (hint) box.append(paragraph(hint, 'bz-dim'));
      const link = document.createElement('button');
      link.type = 'button';
      link.className = 'bz-link bz-code';
      link.textContent = code;
      link.title = 'Explain in the reference';
      link.addEventListener('click', () => onExplain(code));
      box.append(link);
      return box;
    },
  };
}

function paragraph(text: string, className = ''): HTMLElement {
  const p = document.createElement('p');
  p.className = className;
  p.textContent = text;
  return p;
}

/** Puts the suggested word in the place of the wrong one. */
export function replace(view: EditorView, { span }: Problem, word: string): void {
  view.dispatch({ changes: { from: span.start, to: span.end, insert: word }, selection: { anchor: span.start + word.length }, userEvent: 'input.fix' });
  view.focus();
}
