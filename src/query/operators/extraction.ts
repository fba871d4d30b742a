/**
 * What all operators share that take columns out of text: the field they read (`_raw` unless field= is
 * written), nodrop, the columns they add. Without nodrop a row that does not match is dropped.
 */
import { findField } from '../../model/fields.ts';
import { counted } from '../../model/wording.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { compileExpr } from '../expression.ts';
import type { Token } from '../lexer.ts';
import { printExpr, printName } from '../print-expression.ts';
import { type Sql, sql } from '../sql.ts';
import { RAW, type State } from '../state.ts';
import type { Expr, Name, Span } from '../tree.ts';
import { asText, type Typed } from '../typed.ts';

export interface Extraction {
  readonly field?: Expr;
  readonly nodrop: boolean;
}

/** Options that people write before and behind the pattern, in any order. */
export interface Tail {
  field?: Expr;
  nodrop: boolean;
}

/** Reads `field=name`, `nodrop` and the operator's own words, while there are any. */
export function readTail(cursor: Cursor, tail: Tail, own: Readonly<Record<string, () => void>> = {}): void {
  for (;;) {
    const word = Object.keys(own).find((w) => cursor.is(w));
    if ((cursor.is('field') || cursor.is('fields')) && cursor.is('=', 1)) {
      cursor.next();
      cursor.next();
      tail.field = { node: 'field', ...cursor.label('the field to parse') };
    } else if (cursor.take('nodrop')) tail.nodrop = true;
    else if (word !== undefined) {
      cursor.next();
      own[word]?.();
    } else return;
  }
}

/** `"a", "b" as x, y`, or `"a" as x, "b" as y`: what is taken and its names, which are those of `nameOf` without `as`. */
export function readNamed(cursor: Cursor, what: string, nameOf: (token: Token) => string): { readonly taken: Token[]; readonly names: Name[] } {
  const { start } = cursor.peek();
  const taken: Token[] = [];
  const names: Name[] = [];
  do {
    const list: Token[] = [];
    do list.push(cursor.kind('string', what));
    while (cursor.take(','));
    taken.push(...list);
    names.push(...(cursor.take('as') ? cursor.labels('a name') : list.map((t) => ({ name: nameOf(t), span: { start: t.start, end: t.end } }))));
  } while (cursor.take(','));
  if (names.length !== taken.length)
    throw new QueryError(
      'names-do-not-match',
      cursor.span(start),
      `There are ${counted(taken.length, 'value')} and ${counted(names.length, 'name')}.`,
      'Give one name for each value.',
    );
  return { taken, names };
}

export function printTail(o: Extraction): string {
  return o.nodrop ? ' nodrop' : '';
}

export function printFieldOf(o: Extraction): string {
  return o.field ? ` field=${printExpr(o.field)}` : '';
}

export function printNames(names: readonly Name[]): string {
  return names.map((n) => printName(n.name)).join(', ');
}

/**
 * The text to take from. The rebuilt text of a record costs much, so the first step that asks for it
 * holds it for those behind; `inline` when it is asked for only of some records.
 */
export function subject(o: Extraction, before: State, span: Span, inline = false): { state: State; source: Sql } {
  const ready = before.parts.limit === undefined ? before : before.finished();
  const field = o.field ?? { node: 'field' as const, name: '_raw', span };
  if (!o.field && !ready.parts.stored && !ready.column('_raw'))
    throw new QueryError(
      'field-not-grouped',
      span,
      'There is no “_raw” here: the query has grouped the records.',
      'Parse before the aggregate, or name a field with “field=”.',
    );
  const isRaw = field.node === 'field' && ready.parts.stored && !ready.column(field.name) && findField(field.name)?.derived === 'raw';
  const state = isRaw && !inline && !ready.column(RAW) ? ready.assign(RAW, compileExpr(field, ready), true).finished() : ready;
  return { state, source: sql`toString(${asText(compileExpr(field, state))})` };
}

/** Column that holds what was found until the names are made. */
const HELPER = '\0groups';

/** A state in which `found` can be named often and is computed once. */
export function hold(state: State, found: Sql, kind: 'text' | 'list'): { state: State; held: Sql } {
  const next = state.assign(HELPER, { sql: found, kind }, true).finished();
  return { state: next, held: next.column(HELPER)?.value.sql as Sql };
}

/**
 * A state with a row for each item of `list`. Not by the function arrayJoin: the engine joins the expressions of all SELECTs around
 * that into one, which grows without measure where such steps and conditions follow one another.
 */
export function unfolded(state: State, list: Sql, kind: 'text' | 'list'): { state: State; held: Sql } {
  const { state: next, held } = hold(state, list, 'list');
  const item = state.ctx.fresh();
  const columns = next.parts.columns.map((column) => (column.name === HELPER ? { ...column, value: { sql: item, kind } } : column));
  const rows = next.with({ from: sql`${next.parts.from} ARRAY JOIN ${held} AS ${item}`, columns }).finished();
  return { state: rows, held: rows.column(HELPER)?.value.sql as Sql };
}

/** The state with new columns and without what was held. */
export function release(state: State, columns: readonly { readonly name: string; readonly value: Typed }[]): State {
  const done = columns.reduce((next, { name, value }) => next.assign(name, value), state);
  return done.with({ columns: done.parts.columns.filter((c) => c.name !== HELPER) });
}
