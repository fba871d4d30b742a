/** Operators that look at several result rows at once: topk, total, accum, diff, fillmissing. */

import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { compileExpr } from '../expression.ts';
import { printExpr, printName, printString } from '../print-expression.ts';
import { EMPTY, join, num, param, type Sql, sql } from '../sql.ts';
import { orderList, type State } from '../state.ts';
import type { Expr, Name } from '../tree.ts';
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
    const order = orderList(o.measures.map((name) => ({ value: state.resolve(name), descending: true })));
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
  diff: { length: 1, sql: (value, over, length) => sql`(${value} - lagInFrame(toNullable(${value}), ${num(length)}) ${over(WHOLE)})` },
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
    if (length !== undefined && RUNNING[keyword as 'total'].length === undefined) throw new QueryError('wrong-arguments', span, `${keyword} takes no length.`);
    if ((length ?? 1) > MAX_LENGTH) throw new QueryError('wrong-arguments', span, `The length is at most ${MAX_LENGTH}.`);
    if (open) cursor.expect(')');
    const as = cursor.alias();
    return {
      op: 'running',
      fn: keyword as 'total',
      field,
      ...(length === undefined ? {} : { length }),
      ...(as === undefined ? {} : { as }),
      by: byList(cursor),
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

/** Rows that fillmissing may make. */
const MAX_FILLED = 10_000;

export const fillmissing: Operator<'fillmissing'> = {
  keywords: ['fillmissing'],
  syntax: 'fillmissing [timeslice(duration) [in name]], [values("a", …) | values all] in name, … [with value for name, …]',
  doc: 'Adds the rows that no record made: every slice of the window, every combination of values; numbers are 0, or what with says.',
  example: 'timeslice 5m | count by _timeslice, action | fillmissing timeslice(5m), values all in action',
  parse: (cursor, start) => {
    let timeslice: Of<'fillmissing'>['timeslice'];
    const keys: { field: Name; values: string[] }[] = [];
    do {
      if (cursor.take('timeslice')) {
        cursor.expect('(');
        const { seconds, text } = cursor.duration();
        cursor.expect(')');
        timeslice = { seconds, text, field: cursor.take('in') ? cursor.name().name : '_timeslice' };
      } else if (cursor.take('values')) {
        const values: string[] = [];
        if (!cursor.take('all')) {
          cursor.expect('(');
          do values.push(cursor.kind('string', 'a value in quotation marks').value);
          while (cursor.take(','));
          cursor.expect(')');
        }
        cursor.expect('in');
        keys.push({ field: cursor.name(), values });
      } else throw cursor.unexpected('timeslice(…) or values');
    } while (cursor.take(','));
    const defaults: { field: Name; value: Expr }[] = [];
    if (cursor.take('with')) {
      do {
        const value = cursor.expression();
        cursor.expect('for');
        defaults.push({ field: cursor.name(), value });
      } while (cursor.take(','));
    }
    return { op: 'fillmissing', ...(timeslice ? { timeslice } : {}), keys, defaults, span: cursor.span(start) };
  },
  print: (o) => {
    const slice = o.timeslice ? [`timeslice(${o.timeslice.text}) in ${printName(o.timeslice.field)}`] : [];
    const keys = o.keys.map((k) => `${k.values.length ? `values(${k.values.map(printString).join(', ')})` : 'values all'} in ${printName(k.field.name)}`);
    const defaults = o.defaults.map((d) => `${printExpr(d.value)} for ${printName(d.field.name)}`);
    return `fillmissing ${[...slice, ...keys].join(', ')}${defaults.length ? ` with ${defaults.join(', ')}` : ''}`;
  },
  apply: fill,
};

/** The rows that are there, and below them one empty row of each combination; grouped by the keys. */
function fill(o: Of<'fillmissing'>, before: State): State {
  if (!before.parts.grouped) throw new QueryError('needs-aggregate', o.span, 'fillmissing needs an aggregate before it.');
  const state = before.finished();
  const { ctx } = state;
  const wanted = new Map<string, Sql>();
  if (o.timeslice) wanted.set(o.timeslice.field.toLowerCase(), sliceList(o, state));
  for (const { field, values } of o.keys) wanted.set(field.name.toLowerCase(), values.length ? sql`arrayJoin(${param('Array(String)', values)})` : sql``);
  for (const name of wanted.keys()) state.resolve({ name, span: o.span });
  const shown = state.parts.columns.filter((c) => !c.hidden);
  const isKey = (name: string): boolean => wanted.has(name.toLowerCase());
  // Each key's values, joined to all combinations.
  const lists = shown
    .filter((c) => isKey(c.name))
    .map((c) => {
      const made = wanted.get(c.name.toLowerCase()) as Sql;
      const list = made.parts.length ? sql`SELECT ${made} AS ${c.value.sql}` : sql`SELECT DISTINCT ${c.value.sql} FROM ${state.parts.from}`;
      return sql`(${list}) AS ${ctx.fresh()}`;
    });
  const product = lists.reduce((left, right) => sql`${left} CROSS JOIN ${right}`);
  const names = shown.map((c) => c.value.sql);
  const there = sql`SELECT ${join(names, ', ')} FROM ${state.parts.from}`;
  const missing = sql`SELECT ${join(
    shown.map((c) => (isKey(c.name) ? c.value.sql : c.cells ? sql`[] AS ${c.value.sql}` : sql`NULL AS ${c.value.sql}`)),
    ', ',
  )} FROM ${product} LIMIT ${num(MAX_FILLED)}`;
  const selected: Sql[] = [];
  const columns = shown.map((c) => {
    const id = ctx.fresh();
    const given = o.defaults.find((d) => d.field.name.toLowerCase() === c.name.toLowerCase());
    const empty = given ? compileExpr(given.value, state).sql : c.value.kind === 'number' ? sql`0` : undefined;
    const value = c.cells ? sql`groupArrayArray(${c.value.sql})` : sql`anyOrNull(${c.value.sql})`;
    selected.push(isKey(c.name) ? sql`${c.value.sql} AS ${id}` : sql`${empty ? sql`ifNull(${value}, ${empty})` : value} AS ${id}`);
    return { ...c, value: { ...plain(c.value), sql: id } };
  });
  const groups = shown.filter((c) => isKey(c.name)).map((c) => c.value.sql);
  const from = sql`(SELECT ${join(selected, ', ')} FROM (${there} UNION ALL (${missing})) GROUP BY ${join(groups, ', ')})`;
  return state.with({ from, where: [], columns, order: [] });
}

/** Start of every slice of the window, in the form of `_timeslice`. */
function sliceList(o: Of<'fillmissing'>, state: State): Sql {
  const { from, to, alignTo } = state.ctx.options;
  if (from === null || to === null) throw new QueryError('needs-window', o.span, 'fillmissing needs a time window with a start and an end.');
  const width = o.timeslice?.seconds ?? 1;
  const offset = (alignTo ?? 0) % width;
  const first = Math.floor((from - offset) / width) * width + offset;
  if ((to - first) / width > MAX_FILLED)
    throw new QueryError('too-many-rows', o.span, `The window has more than ${MAX_FILLED} slices.`, 'Use a longer timeslice.');
  return sql`arrayJoin(arrayMap(i -> toInt64(i) * 1000, range(${num(first)}, ${num(to)}, ${num(width)})))`;
}
