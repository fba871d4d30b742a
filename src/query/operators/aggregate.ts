/** The step that groups: aggregates, and their keys. */

import { counted, didYouMean, quoted } from '../../model/wording.ts';
import { AGGREGATES, type Aggregate, eachColumn, findAggregate, plain, type RowOrder, shortName } from '../aggregates.ts';
import { type Beside, besideId } from '../beside.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { compileExpr } from '../expression.ts';
import { printExpr, printName } from '../print-expression.ts';
import { EMPTY, join, type Sql, sql } from '../sql.ts';
import { type Column, orderList, type State, WINDOW } from '../state.ts';
import { FLOWS } from '../sums.ts';
import { isThreatSource } from '../tables.ts';
import type { AggregateCall, Expr, GroupKey, Operation } from '../tree.ts';
import { nullable, number, type Typed } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

/** Groups of count_frequent. */
const MOST_FREQUENT = 10_000;

/** `sum(bytes) as total`, `count`. */
export function parseCall(cursor: Cursor): AggregateCall {
  const token = cursor.peek();
  const fn = token.kind === 'name' ? findAggregate(token.value) : undefined;
  if (!fn) {
    const error = cursor.unexpected('an aggregate such as “count” or “sum(bytes)”');
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

/** The aggregate of a call with as many values as it takes. Throws QueryError. */
function aggregateOf({ fn: name, args, span }: AggregateCall): Aggregate {
  const fn = findAggregate(name);
  if (!fn) throw new QueryError('unknown-function', span, `There is no aggregate ${quoted(name)}.`);
  const [least, most] = fn.arity;
  // Metrics have one value each, and their queries do not name it.
  if (args.length === 0 && least > 0)
    throw new QueryError(
      'wrong-arguments',
      span,
      `${quoted(name)} needs a value.`,
      `Write ${quoted(fn.signature)}. Queries of metrics have none; this is a query of records.`,
    );
  if (args.length < least || args.length > most)
    throw new QueryError('wrong-arguments', span, `${quoted(name)} cannot take ${counted(args.length, 'value')}.`, `Write ${quoted(fn.signature)}.`);
  return fn;
}

export function printCall(call: AggregateCall): string {
  const args = call.args.length ? `(${call.args.map(printExpr).join(', ')})` : '';
  return `${call.fn}${args}${call.as === undefined ? '' : ` as ${printName(call.as)}`}`;
}

export const aggregate: Operator<'aggregate'> = {
  keywords: AGGREGATES.map((a) => a.name),
  syntax: 'aggregate [as name], … [by field, …]',
  doc: 'Groups the rows and computes one or more aggregates of each group. A second aggregate of the same default name gets a number: sum(bytes), sum(packets) gives _sum and _sum_2.',
  example: 'count, sum(bytes) as bytes by srcaddr',
  parse: (cursor, start, keyword) => {
    const bare = groupedNames(cursor, start, keyword);
    if (bare) return bare;
    const calls = [parseCall(cursor)];
    while (cursor.take(',')) calls.push(parseCall(cursor));
    cursor.take('group');
    // `count as n a, b` groups as `count a, b` does.
    const isBare = !cursor.done && (cursor.peek().kind === 'name' || cursor.peek().kind === 'quoted-name') && calls.length === 1 && calls[0]?.as !== undefined;
    const by = cursor.take('by') || isBare ? parseKeys(cursor) : [];
    return { op: 'aggregate', calls, by, span: cursor.span(start) };
  },
  print: (o) => {
    const keys = o.by.map((k) => printExpr(k.expr) + (k.as === undefined ? '' : ` as ${printName(k.as)}`)).join(', ');
    const [call] = o.calls;
    if (call?.fn === 'count_frequent') return `count_frequent(${keys})${call.as === undefined ? '' : ` as ${printName(call.as)}`}`;
    return `${o.calls.map(printCall).join(', ')}${o.by.length ? ` by ${keys}` : ''}`;
  },
  apply: (o, state, around) => {
    const grouped = group(state, o.calls, o.by, around.after);
    const [call] = o.calls;
    if (call?.fn !== 'count_frequent') return grouped;
    const value = grouped.resolve({ name: call.as ?? '_approxcount', span: call.span });
    const keys = grouped.parts.columns.filter((c) => c.key).map((c) => ({ value: c.value, descending: false }));
    return grouped.with({ order: [{ value, descending: true }, ...keys], limit: MOST_FREQUENT });
  },
};

/** `count a, b` is `count by a, b`, and `count_frequent` has no other form. */
function groupedNames(cursor: Cursor, start: number, keyword: string): Of<'aggregate'> | undefined {
  const frequent = keyword === 'count_frequent';
  const open = cursor.is('(', 1) ? 1 : 0;
  if (!frequent && (keyword !== 'count' || open > 0 || !isBareList(cursor))) return undefined;
  const fn = cursor.next().value.toLowerCase();
  if (open) cursor.next();
  const by = parseKeys(cursor);
  if (open) cursor.expect(')');
  const as = frequent ? cursor.alias() : undefined;
  const call: AggregateCall = { fn, args: frequent ? by.map((key) => key.expr) : [], ...(as === undefined ? {} : { as }), span: cursor.span(start) };
  return { op: 'aggregate', calls: [call], by, span: cursor.span(start) };
}

/** Behind the keyword: names and commas up to the end, none of them an aggregate. */
function isBareList(cursor: Cursor): boolean {
  for (let at = 1; ; at += 2) {
    const token = cursor.peek(at);
    const isName =
      token.kind === 'quoted-name' || (token.kind === 'name' && !findAggregate(token.value) && !['as', 'by', 'group'].includes(token.value.toLowerCase()));
    if (!isName) return false;
    const next = cursor.peek(at + 1);
    if (next.kind === 'end' || next.kind === 'pipe') return true;
    if (next.kind !== 'symbol' || next.value !== ',') return false;
  }
}

interface Key {
  readonly name: string;
  readonly value: Typed;
}

interface Measure {
  readonly name: string;
  readonly value: Typed;
  readonly merge?: 'sum' | 'min' | 'max' | undefined;
  readonly also?: string;
}

/** Groups by keys; the result's columns are the keys, then the aggregates. */
export function group(before: State, calls: readonly AggregateCall[], by: readonly GroupKey[], after: readonly Operation[]): State {
  const each = calls.flatMap(eachColumn);
  const ready = before.parts.limit === undefined ? before : before.finished();
  const state = each.some(({ fn }) => ENDS.has(fn)) ? numbered(ready) : ready;
  const window = state.column(WINDOW);
  const keys: Key[] = [
    ...keyNames(by, each, state).map((name, i) => ({ name, value: compileExpr((by[i] as GroupKey).expr, state) })),
    ...(window ? [window] : []),
  ];
  const order = rowOrder(state);
  const taken = takenNames([...keys.map((k) => k.name), ...each.flatMap((call) => call.as ?? [])]);
  const measures: Measure[] = each.map((call) => {
    const fn = aggregateOf(call);
    const values = call.args.map((arg) => compileExpr(arg, state));
    const also = shortName(call);
    const name = call.as ?? freeName(fn.defaultName(call), taken);
    const value = fn.compile(values, call, order);
    return { name, value: keys.length || fn.ofNothing ? value : ofSomething(value), merge: fn.merge, ...(also === undefined ? {} : { also }) };
  });
  const seen = new Set<string>();
  const twice = [...keys, ...measures].findIndex(({ name }) => seen.size === seen.add(name.toLowerCase()).size);
  if (twice >= 0) {
    const span = each[twice - keys.length]?.span ?? by[twice]?.expr.span ?? { start: 0, end: 0 };
    throw new QueryError(
      'duplicate-name',
      span,
      `Two columns are called ${quoted([...keys, ...measures][twice]?.name ?? '')}.`,
      'Give one another name with “as”.',
    );
  }
  const decided = keys.filter((key) => key.value.of);
  return decided.length > 0 && measures.every((m) => m.merge) ? inTwoSteps(state, keys, measures, after) : inOneStep(state, keys, measures, after);
}

/** Without keys there is a row even where there are no rows: it has no smallest value, and none that is first. */
function ofSomething(value: Typed): Typed {
  return value.kind === 'list' ? value : { ...value, sql: sql`if(count() = 0, NULL, ${nullable(value)})` };
}

/** Names that columns have, each with the number that the next of the name gets. */
type TakenNames = Map<string, number>;

function takenNames(names: readonly string[]): TakenNames {
  return new Map(names.map((name) => [name.toLowerCase(), 2]));
}

/** `_sum`, then `_sum_2`. */
function freeName(name: string, taken: TakenNames): string {
  let free = name;
  let next = taken.get(name.toLowerCase()) ?? 2;
  while (taken.has(free.toLowerCase())) free = `${name}_${next++}`;
  taken.set(name.toLowerCase(), next);
  taken.set(free.toLowerCase(), 2);
  return free;
}

/** Names of keys. Where an aggregate is called like a key, the name is the aggregate's, and the key gets a number. */
function keyNames(by: readonly GroupKey[], calls: readonly AggregateCall[], state: State): string[] {
  const names = by.map((key) => key.as ?? (key.expr.node === 'field' ? key.expr.name : printExpr(key.expr)));
  const labels = new Set(calls.flatMap((call) => call.as?.toLowerCase() ?? []));
  if (!names.some((name) => labels.has(name.toLowerCase()))) return names;
  const taken = takenNames([...names, ...labels]);
  return names.map((name, i) => {
    if (!labels.has(name.toLowerCase())) return name;
    const free = freeName(name, taken);
    const message = `${quoted(name)} is the aggregate; the key of that name is called ${quoted(free)}.`;
    state.ctx.warnings.push({ code: 'duplicate-name', span: (by[i] as GroupKey).expr.span, message, hint: 'Give one another name with “as”.' });
    return free;
  });
}

/** Hidden columns by the short names of measures, where only one has it. */
function shortNames(measures: readonly Measure[], columns: readonly Column[]): Column[] {
  const taken = columns.map((c) => c.name);
  return measures.flatMap(({ name, also }) => {
    const column = columns.find((c) => c.name === name);
    const alone = also !== undefined && !taken.includes(also) && measures.filter((m) => m.also === also).length === 1;
    return column && alone ? [{ name: also, value: column.value, hidden: true as const }] : [];
  });
}

function inOneStep(state: State, keys: readonly Key[], measures: readonly Measure[], after: readonly Operation[]): State {
  const { ctx } = state;
  const selected: Sql[] = [];
  const add = ({ name, value }: Key, isKey: boolean): Column => {
    const id = ctx.fresh();
    selected.push(sql`${value.sql} AS ${id}`);
    return { name, value: { ...plain(value), sql: id, ...(isKey ? carriedBeside(value, state, after, selected) : {}) }, ...(isKey ? { key: true } : {}) };
  };
  const columns = [...keys.map((key) => add(key, true)), ...measures.map((measure) => add(measure, false))];
  columns.push(...shortNames(measures, columns));
  const sliceEnd = state.column('__timeslice_end');
  if (sliceEnd && keys.some((key) => key.name === '_timeslice')) {
    const column = add({ name: '__timeslice_end', value: { ...sliceEnd.value, sql: sql`any(${sliceEnd.value.sql})` } }, false);
    columns.push({ ...column, hidden: true });
  }
  const from = sql`(${state.select(selected)}${groupBy(columns)})`;
  return state.with({ from, stored: false, where: [], columns, order: [], grouped: true });
}

/**
 * First by the stored columns that decide the keys (one place instead of its six parts), then, on few
 * rows, by the keys; not again where the keys are all parts of a registry's texts, which no two ids share.
 */
function inTwoSteps(state: State, keys: readonly Key[], measures: readonly Measure[], after: readonly Operation[]): State {
  const stored = new Map<string, Key>();
  const idOf = (column: Sql): string => JSON.stringify(column.parts);
  for (const { value } of keys)
    if (value.of) stored.set(idOf(value.of.column), { name: `__stored${stored.size}`, value: { sql: value.of.column, kind: 'list' } });
  const decided = keys.filter((key) => key.value.of);
  const first = inOneStep(state, [...stored.values(), ...keys.filter((key) => !key.value.of)], measures, after);
  const columnOf = (name: string): Typed => first.parts.columns.find((c) => c.name === name)?.value as Typed;
  const outer = keys.map((key): Key => {
    if (!key.value.of) return { name: key.name, value: columnOf(key.name) };
    const made = key.value.of.make(columnOf(stored.get(idOf(key.value.of.column))?.name ?? '').sql);
    return { name: key.name, value: { ...plain(key.value), sql: made.sql } };
  });
  if (decided.every((key) => wholeText(key, decided)))
    return withoutGrouping(
      first,
      outer,
      measures.map((m) => ({ name: m.name, value: columnOf(m.name) })),
    );
  const merged = measures.map((m): Measure => {
    const part = columnOf(m.name);
    const value = m.merge === 'sum' ? sql`sum(${part.sql})` : m.merge === 'min' ? sql`min(${part.sql})` : sql`max(${part.sql})`;
    return { name: m.name, value: { ...plain(m.value), sql: value } };
  });
  return inOneStep(first, outer, merged, after);
}

/** Whether keys that the same stored id decides are together all parts of its text. */
function wholeText(key: Key, keys: readonly Key[]): boolean {
  const of = key.value.of;
  if (!of?.part) return false;
  const column = JSON.stringify(of.column.parts);
  const parts = new Set(keys.flatMap((k) => (k.value.of?.part && JSON.stringify(k.value.of.column.parts) === column ? [k.value.of.part.name] : [])));
  return of.part.registry.parts.every((part) => parts.has(part.name));
}

function withoutGrouping(first: State, keys: readonly Key[], measures: readonly Key[]): State {
  const columns = [...keys.map((key): Column => ({ ...key, key: true })), ...measures];
  return first.with({ columns: [...columns, ...first.parts.columns.filter((c) => c.hidden)] });
}

function groupBy(columns: readonly Column[]): Sql {
  const keys = columns.filter((c) => c.key).map((c) => c.value.sql);
  return keys.length ? sql` GROUP BY ${join(keys, ', ')}` : EMPTY;
}

/** An address that is grouped by keeps its place, network and indicator, if a later step asks for them. */
function carriedBeside(value: Typed, state: State, after: readonly Operation[], selected: Sql[]): Pick<Typed, Beside> {
  const wants = new Set<Beside>();
  for (const step of after) {
    if (step.op === 'geoip') wants.add('place');
    if (step.op === 'threat') wants.add('indicator');
    if (step.op !== 'lookup') continue;
    if (/^geo:/i.test(step.source.name)) wants.add('place');
    if (/^asn:/i.test(step.source.name)) wants.add('as');
    if (isThreatSource(step.source.name)) wants.add('indicator');
  }
  const carry = (which: Beside): Partial<Record<Beside, () => Sql>> => {
    const source = wants.has(which) ? besideId(value, which, state) : undefined;
    if (!source) return {};
    const id = state.ctx.fresh();
    selected.push(sql`${which === 'indicator' ? latest(source(), state) : sql`any(${source()})`} AS ${id}`);
    return { [which]: () => id };
  };
  return { ...carry('place'), ...carry('as'), ...carry('indicator') };
}

/** Of the records of a group some may have no indicator, and others another: that of the newest which has one. */
function latest(number: Sql, state: State): Sql {
  return sql`argMax(${number}, (${number} != 0${state.parts.stored ? sql`, ${state.ctx.column('start')}` : EMPTY}))`;
}

/** Aggregates of the rows' order. */
const ENDS: ReadonlySet<string> = new Set(['first', 'last']);

/** Rows in an order of several keys, with their number in it as its only key: an aggregate can look at one alone. */
function numbered(state: State): State {
  if (state.parts.order.length < 2) return state;
  const name = '\0place';
  const made = state.assign(name, number(sql`row_number() OVER (ORDER BY ${orderList(state.parts.order)})`), true).finished();
  return made.with({ order: [{ value: made.resolve({ name, span: { start: 0, end: 0 } }), descending: false }] });
}

/** Rows without an order come as the engine reads them. */
function rowOrder(state: State): RowOrder {
  const { stored, order } = state.parts;
  const [first] = order;
  const place = first ? { sql: first.value.sql, descending: first.descending } : { sql: sql`rowNumberInAllBlocks()`, descending: false };
  const records = stored && state.ctx.sums ? { records: FLOWS } : {};
  return { place, age: stored ? { sql: state.ctx.column('start'), descending: true } : place, ...records };
}
