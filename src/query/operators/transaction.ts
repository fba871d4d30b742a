/** transaction: the states that the records of one id went through, counted or one after the other. */

import { quoted } from '../../model/wording.ts';
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { any, compare, like } from '../match.ts';
import { printName, printString } from '../print-expression.ts';
import { EMPTY, join, num, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import { isNull, literal, number, type Typed, text } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

type Stage = Of<'transaction'>['states'][number];

function parseStates(cursor: Cursor): Stage[] {
  const { start } = cursor.peek();
  if (!cursor.take('states')) {
    const pattern = cursor.kind('string', 'a pattern in quotation marks').value;
    const field = cursor.take('in') ? cursor.name() : undefined;
    cursor.expect('as');
    const { name } = cursor.name('the name of a state');
    return [{ text: pattern, exact: false, ...(field ? { field } : {}), name, span: cursor.span(start) }];
  }
  const named: { text: string; name: string }[] = [];
  do {
    const value = cursor.peek().kind === 'string' ? cursor.next().value : cursor.name('the value of a state').name;
    named.push({ text: value, name: cursor.alias() ?? value });
  } while (!cursor.is('with', 1) && cursor.take(','));
  cursor.expect('in');
  const field = cursor.name();
  const span = cursor.span(start);
  return named.map((state) => ({ ...state, exact: true, field, span }));
}

function parseResults(cursor: Cursor): Of<'transaction'>['results'] {
  if (!cursor.take('results')) return 'transactions';
  cursor.expect('by');
  const found = (['transactions', 'flow'] as const).find((name) => cursor.take(name));
  if (!found) {
    if (!cursor.is('states')) throw cursor.unexpected('“transactions” or “flow”');
    throw new QueryError('not-supported', cursor.peek(), '“results by states” is not supported.', 'Write “results by flow | count by tostate”.');
  }
  if (cursor.is('showing'))
    throw new QueryError(
      'not-supported',
      cursor.peek(),
      '“showing” is not supported.',
      'Aggregate after it: “results by flow | max(latency) by fromstate, tostate”.',
    );
  return found;
}

export const transaction: Operator<'transaction'> = {
  keywords: ['transaction'],
  syntax:
    'transaction on field, … [fringe=duration] with "pattern" [in field] as state, with …  |  with states value [as state], … in field  [results by transactions|flow]',
  doc: 'Follows the records of one id through states: a record is in the first state whose pattern (with *, of the whole _raw unless a field is named) or value it has; others are left out. By transactions: a row for each id with _start_time, _end_time and how often it was in each state. By flow: a row for each step from a state to the next, with fromstate, tostate and latency in milliseconds. fringe leaves out what ends so soon after the window’s start or starts so shortly before its end.',
  example: 'transaction on srcaddr with states ACCEPT, REJECT in action results by flow | count, max(latency) by fromstate, tostate',
  differs: 'a record counts for one state. results by states and showing are not supported.',
  parse: (cursor, start) => {
    cursor.expect('on');
    const on = cursor.names();
    let fringe: Of<'transaction'>['fringe'];
    if (cursor.take('fringe')) {
      cursor.expect('=');
      const { seconds, text: written } = cursor.duration();
      fringe = { seconds, text: written };
    }
    const states: Stage[] = [];
    do {
      cursor.expect('with');
      states.push(...parseStates(cursor));
    } while (cursor.take(','));
    const twice = states.find((state, i) => states.findIndex((s) => s.name.toLowerCase() === state.name.toLowerCase()) !== i);
    if (twice) throw new QueryError('duplicate-name', twice.span, `Two states are called ${quoted(twice.name)}.`, 'Give one another name with “as”.');
    return { op: 'transaction', on, ...(fringe ? { fringe } : {}), states, results: parseResults(cursor), span: cursor.span(start) };
  },
  print: (o) => {
    const states = o.states.map((s) =>
      s.exact
        ? `with states ${printString(s.text)} as ${printName(s.name)} in ${printName(s.field?.name ?? '')}`
        : `with ${printString(s.text)}${s.field ? ` in ${printName(s.field.name)}` : ''} as ${printName(s.name)}`,
    );
    const on = o.on.map((name) => printName(name.name)).join(', ');
    return `transaction on ${on}${o.fringe ? ` fringe=${o.fringe.text}` : ''} ${states.join(', ')} results by ${o.results}`;
  },
  apply: (o, before) => {
    if (!before.parts.stored)
      throw new QueryError('field-not-grouped', o.span, '“transaction” follows records, and the query has grouped them.', 'Put it before the aggregate.');
    const state = before.parts.limit === undefined ? before : before.finished();
    const found = o.states.map((stage) => matched(stage, state));
    const place = sql`multiIf(${join(
      found.flatMap((condition, i) => [condition, num(i + 1)]),
      ', ',
    )}, 0)`;
    const time = sql`toInt64(toUnixTimestamp(${state.ctx.column('start')})) * 1000`;
    const ids = o.on.map((name) => ({ name: name.name, value: state.resolve(name) }));
    const selected = ids.map(({ value }) => ({ value, id: state.ctx.fresh() }));
    // Records without any id belong to no transaction.
    const given = any(ids.map(({ value }) => sql`NOT ${isNull(value)}`));
    const rows = sql`(${state
      .filter(any(found))
      .filter(given)
      .select([...selected.map(({ value, id }) => sql`${value.sql} AS ${id}`), sql`${place} AS place`, sql`${time} AS at`])})`;
    const keys = ids.map(({ name, value }, i): Column => ({ name, value: { ...plain(value), sql: selected[i]?.id as Sql }, key: true }));
    return o.results === 'flow' ? flow(o, state, keys, rows) : transactions(o, state, keys, rows);
  },
};

function matched({ text: pattern, exact, field, span }: Stage, state: State): Sql {
  const value = state.resolve(field ?? { name: '_raw', span });
  return exact ? compare('=', value, literal(pattern), span) : like(value, pattern, false);
}

function keyList(keys: readonly Column[]): Sql {
  return join(
    keys.map((c) => c.value.sql),
    ', ',
  );
}

const time = (value: Sql): Typed => ({ sql: value, kind: 'time' });

function transactions(o: Of<'transaction'>, state: State, keys: readonly Column[], rows: Sql): State {
  const { ctx } = state;
  const [begin, end] = [ctx.fresh(), ctx.fresh()];
  const counts = o.states.map((stage, i) => ({ name: stage.name, id: ctx.fresh(), value: sql`countIf(place = ${num(i + 1)})` }));
  const list = join([keyList(keys), sql`min(at) AS ${begin}`, sql`max(at) AS ${end}`, ...counts.map(({ id, value }) => sql`${value} AS ${id}`)], ', ');
  const columns: Column[] = [
    ...keys,
    { name: '_start_time', value: time(begin) },
    { name: '_end_time', value: time(end) },
    ...counts.map(({ name, id }) => ({ name, value: number(id) })),
  ];
  const having = fringeOf(o, state, begin, end);
  const from = sql`(SELECT ${list} FROM ${rows} GROUP BY ${keyList(keys)}${having ? sql` HAVING ${having}` : EMPTY})`;
  const order = [{ value: time(begin), descending: false }];
  return state.with({ from, stored: false, grouped: true, where: [], columns, order, limit: undefined });
}

function flow(o: Of<'transaction'>, state: State, keys: readonly Column[], rows: Sql): State {
  const { ctx } = state;
  const [from, to, latency] = [ctx.fresh(), ctx.fresh(), ctx.fresh()];
  const over = sql`OVER (PARTITION BY ${keyList(keys)} ORDER BY at, place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`;
  const steps = sql`SELECT *, lagInFrame(place, 1, 0) ${over} AS earlier, at - lagInFrame(at, 1) ${over} AS passed, min(at) ${over} AS first, max(at) ${over} AS final FROM ${rows}`;
  const named = (place: Sql): Sql =>
    sql`[${join(
      o.states.map((s) => literal(s.name).sql),
      ', ',
    )}][${place}]`;
  const within = fringeOf(o, state, sql`first`, sql`final`);
  const list = join([keyList(keys), sql`${named(sql`earlier`)} AS ${from}`, sql`${named(sql`place`)} AS ${to}`, sql`passed AS ${latency}`], ', ');
  const columns: Column[] = [
    ...keys,
    { name: 'fromstate', value: text(from) },
    { name: 'tostate', value: text(to) },
    { name: 'latency', value: number(latency) },
  ];
  const condition = within ? sql`earlier > 0 AND ${within}` : sql`earlier > 0`;
  return state.with({
    from: sql`(SELECT ${list} FROM (${steps}) WHERE ${condition})`,
    stored: false,
    grouped: true,
    where: [],
    columns,
    order: [],
    limit: undefined,
  });
}

/** Transactions that neither end at the window's start nor begin at its end. Both in epoch milliseconds. */
function fringeOf(o: Of<'transaction'>, state: State, begin: Sql, end: Sql): Sql | undefined {
  if (!o.fringe) return undefined;
  const { from, to } = state.ctx.options;
  if (from === null || to === null)
    throw new QueryError('needs-window', o.span, '“fringe” is a part of the time window, and the query has none.', 'Choose a window with a start and an end.');
  return sql`(${end} >= ${num((from + o.fringe.seconds) * 1000)} AND ${begin} <= ${num((to - o.fringe.seconds) * 1000)})`;
}
