/** Colours the text as paint.ts says: one mark for each piece, made anew when the text changes. */
import { type EditorState, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';
import { PAINTS, type Paint, paint } from './paint.ts';

const MARKS = Object.fromEntries(PAINTS.map((kind) => [kind, Decoration.mark({ class: `q-${kind}` })])) as Readonly<Record<Paint, Decoration>>;

function decorate(state: EditorState): DecorationSet {
  return Decoration.set(paint(state.doc.toString()).map((p) => MARKS[p.paint].range(p.start, p.end)));
}

export const colours = StateField.define<DecorationSet>({
  create: decorate,
  update: (old, transaction) => (transaction.docChanged ? decorate(transaction.state) : old),
  provide: (field) => EditorView.decorations.from(field),
});
