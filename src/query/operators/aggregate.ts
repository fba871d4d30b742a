/** Operators that group: aggregates, timeslice, top. */
import { AGGREGATES, findAggregate, plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { didYouMean, QueryError } from '../diagnostics.ts';
import { compileExpr } from '../expression.ts';
import { printExpr, printName } from '../print-expression.ts';
import { EMPTY, join, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { AggregateCall, Expr, GroupKey, Operation } from '../tree.ts';
import type { Typed } from '../typed.ts';
import type { Operator } from './kinds.ts';

/** `sum(bytes) as total`, `count`. */
export function parseCall(cursor: Cursor): AggregateCall {
  const token = cursor.peek();
  const fn = token.kind === 'name' ? findAggregate(token.value) : undefined;
  if (!fn) {
    const error = cursor.unexpected('an aggregate such as count or sum(bytes)');
    const hint = didYouMean(
      token.value,
      AGGREGATES.map((a) => a.name),
    );
    throw hint ? new QueryError('unknown-function', token, error.message, hint) : error;
  }
  cursor.next();
  const args: Expr[] = [];
  if (cursor.take('(')) {
    if (!cursor.is(')') && !(cursor.is('*') && cursor.is(')', 1))) {
      do args.push(cursor.expression());
      while (cursor.take(','));
    } else cursor.take('*');
    cursor.expect(')');
  } else if (!cursor.done && !['as', 'by', 'group', ','].some((word) => cursor.is(word))) args.push(cursor.expression());
  const span = cursor.span(token.start);
  const [least, most] = fn.arity;
  if (args.length < least || args.length > most) throw new QueryError('wrong-arguments', span, `${fn.name} takes other values.`, `Write ${fn.signature}.`);
  const as = cursor.alias();
  return { fn: fn.name, args, ...(as === undefined ? {} : { as }), span };
}

function parseKeys(cursor: Cursor): GroupKey[] {
  const keys: GroupKey[] = [];
  do {
    const expr = cursor.expression();
    const as = cursor.alias();
    keys.push({ expr, ...(as === undefined ? {} : { as }) });
  } while (cursor.take(','));
  return keys;
}

export function printCall(call: AggregateCall): string {
  const args = call.args.length ? `(${call.args.map(printExpr).join(', ')})` : '';
  return `${call.fn}${args}${call.as === undefined ? '' : ` as ${printName(call.as)}`}`;
}

export const aggregate: Operator<'aggregate'> = {
  keywords: AGGREGATES.map((a) => a.name),
  syntax: 'aggregate [as name], … [by field, …]',
  doc: 'Groups the rows and computes one or more aggregates of each group.',
  example: 'count, sum(bytes) as bytes by srcaddr',
  parse: (cursor, start) => {
    const calls = [parseCall(cursor)];
    while (cursor.take(',')) calls.push(parseCall(cursor));
    cursor.take('group');
    const by = cursor.take('by') ? parseKeys(cursor) : [];
    return { op: 'aggregate', calls, by, span: cursor.span(start) };
  },
  print: (o) =>
    `${o.calls.map(printCall).join(', ')}${o.by.length ? ` by ${o.by.map((k) => printExpr(k.expr) + (k.as === undefined ? '' : ` as ${printName(k.as)}`)).join(', ')}` : ''}`,
  apply: (o, state, around) => group(state, o.calls, o.by, around.after),
};

/** Groups by keys; the result's columns are the keys, then the aggregates. */
export function group(before: State, calls: readonly AggregateCall[], by: readonly GroupKey[], after: readonly Operation[]): State {
  const state = before.parts.limit === undefined ? before : before.finished();
  const { ctx } = state;
  const selected: Sql[] = [];
  const keys: Sql[] = [];
  const columns: Column[] = [];
  const add = (name: string, value: Typed, call?: AggregateCall): Sql => {
    const key = name.toLowerCase();
    if (columns.some((c) => c.name.toLowerCase() === key)) {
      throw new QueryError('duplicate-name', call?.span ?? { start: 0, end: 0 }, `Two columns are called ${name}.`, 'Give one another name with as.');
    }
    const id = ctx.fresh();
    selected.push(sql`${value.sql} AS ${id}`);
    const beside = call ? {} : carriedBeside(value, state, after, selected);
    columns.push({ name, value: { ...plain(value), sql: id, ...beside }, ...(call ? {} : { key: true }) });
    return id;
  };
  for (const key of by) keys.push(add(key.as ?? (key.expr.node === 'field' ? key.expr.name : printExpr(key.expr)), compileExpr(key.expr, state)));
  const order = firstRow(state);
  for (const call of calls) {
    const fn = findAggregate(call.fn);
    if (!fn) throw new QueryError('unknown-function', call.span, `There is no aggregate ${call.fn}.`);
    const values = call.args.map((arg) => compileExpr(arg, state));
    add(call.as ?? fn.defaultName(call), fn.compile(values, call, order), call);
  }
  const grouping = keys.length ? sql` GROUP BY ${join(keys, ', ')}` : EMPTY;
  const sliceEnd = state.column('__timeslice_end');
  if (sliceEnd && columns.some((c) => c.value.sql && c.name === '_timeslice')) {
    const id = ctx.fresh();
    selected.push(sql`any(${sliceEnd.value.sql}) AS ${id}`);
    columns.push({ name: '__timeslice_end', value: { ...plain(sliceEnd.value), sql: id }, hidden: true });
  }
  return state.with({ from: sql`(${state.select(selected)}${grouping})`, stored: false, where: [], columns, order: [], grouped: true });
}

/** An address that is grouped by keeps its place and network, if a later step asks for them. */
function carriedBeside(value: Typed, state: State, after: readonly Operation[], selected: Sql[]): Pick<Typed, 'place' | 'as'> {
  const wants = { place: false, as: false };
  for (const step of after) {
    if (step.op === 'geoip') wants.place = true;
    if (step.op === 'lookup') {
      wants.place ||= step.source.startsWith('geo:');
      wants.as ||= step.source.startsWith('asn:');
    }
  }
  const carry = (source: (() => Sql) | undefined, wanted: boolean): (() => Sql) | undefined => {
    if (!source || !wanted) return undefined;
    const id = state.ctx.fresh();
    selected.push(sql`any(${source()}) AS ${id}`);
    return () => id;
  };
  const place = carry(value.place, wants.place);
  const as = carry(value.as, wants.as);
  return { ...(place ? { place } : {}), ...(as ? { as } : {}) };
}

/** An expression that is smallest for the row that comes first. */
function firstRow(state: State): Sql {
  const [first] = state.parts.order;
  if (!first) return sql`rowNumberInAllBlocks()`;
  const { value, descending } = first;
  if (!descending) return value.sql;
  return value.datetime ? sql`-toInt64(toUnixTimestamp(${value.sql}))` : sql`-toFloat64OrNull(toString(${value.sql}))`;
}

export const top: Operator<'top'> = {
  keywords: ['top'],
  syntax: 'top N field [by aggregate]',
  doc: 'The N most frequent values of a field, or those with the largest aggregate; after an aggregate, the N first rows by a column.',
  example: 'top 5 srcaddr by sum(bytes)',
  parse: (cursor, start) => {
    const count = cursor.count('a number of values');
    const field = cursor.name();
    if (!cursor.take('by')) return { op: 'top', count, field, span: cursor.span(start) };
    const token = cursor.peek();
    const by = token.kind === 'name' && findAggregate(token.value) ? parseCall(cursor) : cursor.name();
    return { op: 'top', count, field, by, span: cursor.span(start) };
  },
  print: (o) => `top ${o.count} ${printName(o.field.name)}${o.by ? ` by ${'fn' in o.by ? printCall(o.by) : printName(o.by.name)}` : ''}`,
  apply: (o, state, around) => {
    const measureName = o.by && !('fn' in o.by) ? o.by : undefined;
    if (state.parts.grouped) {
      const name = measureName ?? { name: '_count', span: o.field.span };
      const key = { name: o.field.name, value: state.resolve(o.field), key: true as const };
      const measure = { name: name.name, value: state.resolve(name) };
      return state.with({ columns: [key, measure], order: [{ value: measure.value, descending: true }], limit: o.count });
    }
    const key: GroupKey = { expr: { node: 'field', name: o.field.name, span: o.field.span } };
    const latest: AggregateCall | undefined = measureName && {
      fn: 'max',
      args: [{ node: 'field', ...measureName }],
      as: measureName.name,
      span: measureName.span,
    };
    const call = latest ?? (o.by && 'fn' in o.by ? o.by : { fn: 'count', args: [], span: o.span });
    const grouped = group(state, [call], [key], around.after);
    const measure = grouped.parts.columns.find((c) => c.name.toLowerCase() !== o.field.name.toLowerCase() && !c.hidden);
    return grouped.with({ order: measure ? [{ value: measure.value, descending: true }] : [], limit: o.count });
  },
};
