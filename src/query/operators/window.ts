/** Operators that look at several result rows at once: topk, total, accum, diff and their like. */

import { quoted } from '../../model/wording.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { EMPTY, join, num, type Sql, sql } from '../sql.ts';
import { completeOrder, orderList, type State } from '../state.ts';
import type { Name } from '../tree.ts';
import { asNumber, number, type Typed } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

function partition(names: readonly Name[], state: State): Sql {
  if (names.length === 0) return EMPTY;
  return sql`PARTITION BY ${join(
    names.map((name) => state.resolve(name).sql),
    ', ',
  )} `;
}

export function byList(cursor: Cursor): Name[] {
  return cursor.take('by') ? cursor.names() : [];
}

export function printBy(by: readonly Name[]): string {
  return by.length ? ` by ${by.map((n) => printName(n.name)).join(', ')}` : '';
}

export const topk: Operator<'topk'> = {
  keywords: ['topk'],
  syntax: 'topk(N, field[, field]) [by key, …]',
  doc: 'The N rows with the largest values, of each group; adds _rank.',
  example: 'count by interface_id, dstport | topk(3, _count) by interface_id',
  parse: (cursor, start) => {
    cursor.expect('(');
    const count = cursor.count('a number of rows');
    cursor.expect(',');
    const measures = cursor.names();
    cursor.expect(')');
    return { op: 'topk', count, measures, by: byList(cursor), span: cursor.span(start) };
  },
  print: (o) => `topk(${o.count}, ${o.measures.map((n) => printName(n.name)).join(', ')})${printBy(o.by)}`,
  apply: (o, before) => {
    const state = before.finished();
    const measured = o.measures.map((name) => ({ value: state.resolve(name), descending: true }));
    const shown = state.parts.columns.filter((c) => !c.hidden);
    const order = orderList(state.parts.grouped ? completeOrder(measured, shown) : measured);
    const rank = sql`row_number() OVER (${partition(o.by, state)}ORDER BY ${order})`;
    const ranked = state.assign('_rank', number(rank)).finished();
    const value = ranked.column('_rank')?.value as Typed;
    const keys = o.by.map((name) => ({ value: ranked.resolve(name), descending: false }));
    return ranked.filter(sql`${value.sql} <= ${num(o.count)}`).with({ order: [...keys, { value, descending: false }] });
  },
};

/** Longest look back. */
const MAX_LENGTH = 1000;

interface Running {
  /** Without a written length; undefined where none can be written. */
  readonly length?: number;
  /** `over`: the rows of one key in order, with a frame. */
  readonly sql: (value: Sql, over: (frame: Sql) => Sql, length: number) => Sql;
}

const preceding = (length: number): Sql => sql`ROWS BETWEEN ${num(length)} PRECEDING AND CURRENT ROW`;
const WHOLE = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING`;

const RUNNING: Readonly<Record<Of<'running'>['fn'], Running>> = {
  total: { sql: (value, over) => sql`sum(${value}) ${over(WHOLE)}` },
  accum: { sql: (value, over) => sql`sum(${value}) ${over(sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`)}` },
  // The row before is the last one that has a value.
  diff: { sql: (value, over) => sql`(${value} - anyLast(toNullable(${value})) ${over(sql`ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING`)})` },
  backshift: { length: 1, sql: (value, over, length) => sql`lagInFrame(toNullable(${value}), ${num(length)}) ${over(WHOLE)}` },
  smooth: { length: 10, sql: (value, over, length) => sql`avg(${value}) ${over(preceding(length - 1))}` },
  rollingstd: { length: 10, sql: (value, over, length) => sql`stddevPop(${value}) ${over(preceding(length - 1))}` },
};

export const running: Operator<'running'> = {
  keywords: Object.keys(RUNNING),
  syntax: 'total|accum|diff|backshift|smooth|rollingstd field[, length] [as name] [by key, …]',
  doc: 'Looks at neighbouring rows. total: the sum over all rows; accum: the sum up to the row; diff: the change; backshift: the value of a row before; smooth: the moving mean; rollingstd: the moving standard deviation. Rows in the order of sort, else of time.',
  example: 'timeslice 5m | count by _timeslice | smooth _count, 3 as calm',
  parse: (cursor, start, keyword) => {
    const open = cursor.take('(');
    const field = cursor.name();
    const length = cursor.take(',') ? cursor.count('a number of rows') : undefined;
    const span = cursor.span(start);
    if (length !== undefined && RUNNING[keyword as 'total'].length === undefined)
      throw new QueryError('wrong-arguments', span, `${quoted(keyword)} takes no length.`);
    if ((length ?? 1) > MAX_LENGTH) throw new QueryError('wrong-arguments', span, `The length is at most ${MAX_LENGTH.toLocaleString('en-US')}.`);
    if (open) cursor.expect(')');
    const named = cursor.alias();
    const by = byList(cursor);
    const as = named ?? cursor.alias();
    return {
      op: 'running',
      fn: keyword as 'total',
      field,
      ...(length === undefined ? {} : { length }),
      ...(as === undefined ? {} : { as }),
      by,
      span: cursor.span(start),
    };
  },
  print: (o) =>
    `${o.fn} ${printName(o.field.name)}${o.length === undefined ? '' : `, ${o.length}`}${o.as === undefined ? '' : ` as ${printName(o.as)}`}${printBy(o.by)}`,
  apply: (o, before) => {
    const state = inOrder(before);
    const { length = 1, sql: template } = RUNNING[o.fn];
    const value = template(asNumber(state.resolve(o.field)), (frame) => over(o.by, state, frame), o.length ?? length);
    return state.assign(o.as ?? `_${o.fn}`, number(value)).finished();
  },
};

/** Finished rows that have an order. */
export function inOrder(before: State): State {
  return (before.parts.order.length ? before : before.with({ order: timeOrder(before) })).finished();
}

/** `OVER (…)` of the rows of one key, in order. */
export function over(by: readonly Name[], state: State, frame: Sql): Sql {
  const order = state.parts.order.length ? sql`ORDER BY ${orderList(state.parts.order)} ` : EMPTY;
  return sql`OVER (${partition(by, state)}${order}${frame})`;
}

/** Rows without sort follow their time, then their keys. */
function timeOrder(state: State): { value: Typed; descending: boolean }[] {
  const keys = state.parts.columns.filter((c) => c.key && !c.hidden);
  return [...keys.filter((c) => c.value.kind === 'time'), ...keys.filter((c) => c.value.kind !== 'time')].map((c) => ({ value: c.value, descending: false }));
}
