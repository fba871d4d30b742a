/** Keys of the editor. Enter runs a query of one line; Shift+Enter begins a line, Ctrl or Cmd with Enter always runs. */
import { acceptCompletion, closeCompletion, completionStatus, selectedCompletion } from '@codemirror/autocomplete';
import { defaultKeymap, historyKeymap, insertNewlineAndIndent, toggleLineComment } from '@codemirror/commands';
import { searchKeymap } from '@codemirror/search';
import { EditorSelection, type EditorState, type Extension, Prec } from '@codemirror/state';
import { type EditorView, type KeyBinding, keymap } from '@codemirror/view';
import { format } from '../../../query/format.ts';

export interface Actions {
  readonly run: () => void;
  /** The queries that were run, offered in an empty editor. */
  readonly history: () => void;
}

export function keys(actions: () => Actions): Extension {
  const run = (): boolean => {
    actions().run();
    return true;
  };
  const own: KeyBinding[] = [
    { key: 'Mod-Enter', run, preventDefault: true },
    { key: 'Shift-Enter', run: insertNewlineAndIndent },
    { key: 'Shift-Alt-f', run: formatText, preventDefault: true },
    { key: 'Mod-/', run: toggleLineComment },
    {
      key: 'ArrowUp',
      run: (view) => {
        if (view.state.doc.length > 0) return false;
        actions().history();
        return true;
      },
    },
  ];
  /** A completion is taken unless it is there already. */
  const enter = (view: EditorView): boolean => {
    if (completionStatus(view.state) === 'active' && !isTyped(view.state) && acceptCompletion(view)) return true;
    closeCompletion(view);
    return view.state.doc.lines === 1 && run();
  };
  return [Prec.highest(keymap.of([{ key: 'Enter', run: enter }])), Prec.high(keymap.of(own)), keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap])];
}

/** Whether the word before the cursor is the chosen completion. */
function isTyped(state: EditorState): boolean {
  const label = selectedCompletion(state)?.label ?? '';
  const { head } = state.selection.main;
  return label !== '' && /(?:^|[^\w.])$/.test(state.sliceDoc(0, Math.max(0, head - label.length))) && state.sliceDoc(head - label.length, head) === label;
}

/** Writes the text in its canonical form; one step back undoes it. */
export function formatText(view: EditorView): boolean {
  const before = view.state.doc.toString();
  const after = format(before);
  if (after === before) return true;
  const end = before.slice(0, view.state.selection.main.head).replace(/\s/g, '').length;
  view.dispatch({
    changes: { from: 0, to: before.length, insert: after },
    selection: EditorSelection.cursor(placeOf(after, end)),
    userEvent: 'input.format',
  });
  return true;
}

/** The place behind so many characters that are no space: where the cursor was, whatever the spaces are now. */
function placeOf(text: string, count: number): number {
  let at = 0;
  for (let seen = 0; at < text.length && seen < count; at++) if (!/\s/.test(text.charAt(at))) seen++;
  return at;
}
