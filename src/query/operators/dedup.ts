/** dedup: the first rows of each combination of values, or of each run of equal ones. */
import { join, num, type Sql, sql } from '../sql.ts';
import { orderList, type State } from '../state.ts';
import { asText, boolean, nullable, number, type Typed } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';
import { byList, inOrder, printBy } from './window.ts';

export const dedup: Operator<'dedup'> = {
  keywords: ['dedup'],
  syntax: 'dedup [consecutive] [N] [by field, …]',
  doc: 'Keeps the first N rows (one, unless written) of each combination of values; with consecutive, of each run of rows with the same values. Records come newest first unless sorted. Without by: the text of records (_raw), or all columns behind an aggregate.',
  example: 'dedup 2 by srcaddr',
  parse: (cursor, start) => {
    let consecutive = cursor.take('consecutive');
    const count = cursor.peek().kind === 'number' ? cursor.count('a number of rows') : 1;
    consecutive ||= cursor.take('consecutive');
    return { op: 'dedup', consecutive, count, by: byList(cursor), span: cursor.span(start) };
  },
  print: (o) => `dedup${o.consecutive ? ' consecutive' : ''}${o.count === 1 ? '' : ` ${o.count}`}${printBy(o.by)}`,
  apply: (o, before) => {
    const named = withValues(o, before.parts.limit === undefined ? before : before.finished());
    const rows = inOrder(named);
    const values = rows.parts.columns.filter((c) => c.name.startsWith(VALUE)).map((c) => c.value.sql);
    const order = rows.parts.order.length ? sql`ORDER BY ${orderList(rows.parts.order)}` : sql``;
    const kept = o.consecutive ? inRuns(rows, values, order) : ranked(rows, values, order);
    const rank = kept.column(RANK)?.value.sql as Sql;
    const done = kept.filter(sql`${rank} <= ${num(o.count)}`);
    return done.with({ columns: done.parts.columns.filter((c) => !HELPERS.some((name) => c.name.startsWith(name))) });
  },
};

// Names that nobody can write.
const VALUE = '\0value';
const RANK = '\0rank';
const CHANGE = '\0change';
const RUN = '\0run';
const HELPERS = [VALUE, RANK, CHANGE, RUN];

/** Rows with the compared values as columns of their own; no value equals no value. */
function withValues(o: Of<'dedup'>, state: State): State {
  const raw = state.parts.stored
    ? [state.resolve({ name: '_raw', span: o.span })]
    : state.parts.columns.filter((c) => !c.hidden && !c.cells).map((c) => c.value);
  const values = o.by.length ? o.by.map((name) => state.resolve(name)) : raw;
  const text = (value: Typed): Sql => sql`ifNull(toString(${value.kind === 'text' ? nullable({ ...value, sql: asText(value) }) : asText(value)}), '')`;
  const given = (value: Typed): Sql => sql`(${text(value)}, isNull(${value.kind === 'list' ? text(value) : nullable(value)}))`;
  return values.reduce((next, value, i) => next.assign(`${VALUE}${i}`, { sql: given(value), kind: 'list' }, true), state);
}

function ranked(rows: State, values: readonly Sql[], order: Sql): State {
  return rows.assign(RANK, number(sql`row_number() OVER (PARTITION BY ${join(values, ', ')} ${order})`), true).finished();
}

function inRuns(rows: State, values: readonly Sql[], order: Sql): State {
  const row = sql`tuple(${join(values, ', ')})`;
  const over = sql`OVER (${order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
  const change = sql`(row_number() ${over} = 1 OR ${row} != lagInFrame(${row}, 1) ${over})`;
  const changed = rows.assign(CHANGE, boolean(change), true).finished();
  const at = changed.column(CHANGE)?.value.sql as Sql;
  const sorted = changed.parts.order.length ? sql`ORDER BY ${orderList(changed.parts.order)} ` : sql``;
  const run = changed.assign(RUN, number(sql`sum(${at}) OVER (${sorted}ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`), true).finished();
  const id = run.column(RUN)?.value.sql as Sql;
  const again = run.parts.order.length ? sql` ORDER BY ${orderList(run.parts.order)}` : sql``;
  return run.assign(RANK, number(sql`row_number() OVER (PARTITION BY ${id}${again})`), true).finished();
}
