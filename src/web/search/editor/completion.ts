/** Completion: what complete.ts offers, and values of a field from the data. */
import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  type Completion as Offer,
  startCompletion,
} from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';
import { type Completions, complete, type ValuesWanted, writeValue } from '../../../query/complete.ts';
import type { Completion } from '../../../query/offers.ts';
import { short } from '../../format/numbers.ts';
import { info } from './info.ts';
import { optionsOf, type Surroundings } from './language.ts';

export interface ValueCount {
  readonly value: string;
  readonly count: number;
}

interface Wanted {
  readonly surroundings: () => Surroundings;
  /** The most frequent values of a field that begin with a text. */
  readonly valuesOf: (field: string, prefix: string, signal: AbortSignal) => Promise<readonly ValueCount[]>;
}

/** Before the data is asked for values. */
const PAUSE_MS = 150;

export function completion({ surroundings, valuesOf }: Wanted): Extension {
  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const { state, pos, explicit } = context;
    const found = complete(state.doc.toString(), pos, optionsOf(surroundings()));
    if (!explicit && found.start === pos && !isAskedFor(state.sliceDoc(0, pos), found)) return null;
    const values = found.values ? await valueOffers(context, found.values, valuesOf) : [];
    if (context.aborted) return null;
    const options = [...values, ...found.items.map(offerOf)];
    return options.length > 0 ? { from: found.start, to: found.end, options, filter: false } : null;
  };
  return [
    autocompletion({ override: [source], icons: false, addToOptions: [{ render: kindOf, position: 20 }] }),
    // Tab takes the completion that is chosen; without an open list it leaves the editor. A list that is just
    // coming, or is of the letters before, is not taken yet: the key must not leave from under it.
    keymap.of([{ key: 'Tab', run: (view) => acceptCompletion(view) || view.dom.querySelector('.cm-tooltip-autocomplete') !== null }]),
  ];
}

/**
 * Offered before anything is typed of it: a step behind its pipe, values, and what must follow. Not what
 * may follow: Enter would take it, and one means to run or to begin a line.
 */
function isAskedFor(before: string, { items, values }: Completions): boolean {
  return values !== undefined || (/[|(,\s]$/.test(before) && before.includes('|') && !items.every((item) => item.kind === 'keyword'));
}

async function valueOffers(context: CompletionContext, wanted: ValuesWanted, valuesOf: Wanted['valuesOf']): Promise<Offer[]> {
  const abort = new AbortController();
  context.addEventListener('abort', () => abort.abort(), { onDocChange: true });
  await new Promise((done) => setTimeout(done, PAUSE_MS));
  if (abort.signal.aborted) return [];
  const values = await valuesOf(wanted.field, wanted.prefix, abort.signal).catch(() => []);
  return values.map(
    ({ value, count }): Offer => ({
      label: value === '' ? '(empty)' : value,
      detail: short(count),
      type: 'value',
      apply: (view, _, from, to) => insertValue(view, wanted, value, from, to),
    }),
  );
}

function insertValue(view: EditorView, wanted: ValuesWanted, value: string, from: number, to: number): void {
  const text = writeValue(wanted, value);
  // The mark that closes may stand there already.
  const end = wanted.form === 'quoted' && view.state.sliceDoc(to, to + 1) === '"' ? to + 1 : to;
  view.dispatch({ changes: { from, to: end, insert: text }, selection: { anchor: from + text.length }, userEvent: 'input.complete' });
}

function offerOf(item: Completion): Offer {
  // The syntax begins with the word that stands before it.
  const detail = item.detail.startsWith(item.text) ? item.detail.slice(item.text.length).trim() : item.detail;
  return { label: item.text, detail, type: item.kind, info: () => info(item), apply: (view, _, from, to) => insert(view, item, from, to) };
}

/** What follows is offered next: the values of a field in a search, a step's words behind an operator. */
function insert(view: EditorView, item: Completion, from: number, to: number): void {
  const next = view.state.sliceDoc(to, to + 1);
  const call = item.call && next !== '(';
  const inSearch = item.kind === 'field' && !view.state.sliceDoc(0, from).includes('|') && next !== '=';
  const after = call ? '()' : inSearch ? '=' : (item.kind === 'operator' || item.kind === 'keyword') && !item.text.endsWith('=') && next !== ' ' ? ' ' : '';
  const anchor = from + item.text.length + (call ? 1 : after.length);
  view.dispatch({ changes: { from, to, insert: item.text + after }, selection: { anchor }, userEvent: 'input.complete' });
  if (after !== '') startCompletion(view);
}

function kindOf(offer: Offer): HTMLElement {
  const label = document.createElement('span');
  label.className = 'q-kind';
  label.dataset.kind = offer.type ?? '';
  label.textContent = KINDS[offer.type ?? ''] ?? '';
  return label;
}

const KINDS: Readonly<Record<string, string>> = {
  operator: 'op',
  aggregate: 'agg',
  function: 'fn',
  column: 'col',
  field: 'field',
  keyword: 'word',
  duration: 'time',
  source: 'from',
  value: 'value',
};
