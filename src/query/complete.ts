/** What the editor offers, from the same tables that the compiler reads. */
import { FIELDS, namesOf } from '../model/fields.ts';
import { AGGREGATES } from './aggregates.ts';
import { FUNCTIONS } from './functions/index.ts';
import { signature } from './functions/kinds.ts';
import { lex } from './lexer.ts';
import { OPERATORS } from './operators/index.ts';
import { printName } from './print-expression.ts';

export interface Completion {
  readonly kind: 'operator' | 'function' | 'aggregate' | 'field';
  /** What is inserted. */
  readonly text: string;
  /** Syntax, signature or type. */
  readonly detail: string;
  readonly doc: string;
}

/** Every operator, function, aggregate and field, each under its first name. */
export function vocabulary(): Completion[] {
  const operators = Object.values(OPERATORS).flatMap((o) =>
    o === OPERATORS.aggregate ? [] : o.keywords.map((text): Completion => ({ kind: 'operator', text, detail: o.syntax, doc: o.doc })),
  );
  const aggregates = AGGREGATES.map((a): Completion => ({ kind: 'aggregate', text: a.name, detail: a.signature, doc: a.doc }));
  const functions = FUNCTIONS.map((f): Completion => ({ kind: 'function', text: f.name, detail: signature(f), doc: f.doc }));
  const fields = FIELDS.flatMap((f) => namesOf(f).map((name): Completion => ({ kind: 'field', text: printName(name), detail: f.type, doc: f.doc })));
  return [...operators, ...aggregates, ...functions, ...fields];
}

/** Completions for the word at a place in a text: operators behind a pipe, else what can stand in an expression. */
export function complete(text: string, at: number): { readonly start: number; readonly end: number; readonly items: readonly Completion[] } {
  const before = lex(text.slice(0, at)).filter((t) => t.kind !== 'end');
  const last = before.at(-1);
  const isWord = last !== undefined && (last.kind === 'name' || last.kind === 'word') && last.end === at;
  const prefix = isWord ? last.value.toLowerCase() : '';
  const previous = before.at(isWord ? -2 : -1);
  const inScope = !before.some((t) => t.kind === 'pipe');
  const kinds: readonly Completion['kind'][] = inScope
    ? ['field']
    : previous?.kind === 'pipe'
      ? ['operator', 'aggregate', 'function', 'field']
      : ['field', 'function', 'aggregate'];
  const items = kinds.flatMap((kind) => vocabulary().filter((c) => c.kind === kind && c.text.toLowerCase().startsWith(prefix)));
  return { start: isWord ? last.start : at, end: at, items: items.slice(0, 100) };
}
