/**
 * Tree to statement. The steps build a State; the outermost SELECT then shows its columns: times as
 * epoch milliseconds, addresses as text, missing values as null.
 *
 * Inner selects hand on only the stored columns that the query reads, which is known when it has been
 * compiled once: where there are such selects, it is compiled twice.
 */
import { type Field, findField } from '../model/fields.ts';
import type { Dataset } from '../model/log-formats.ts';
import { quoted } from '../model/wording.ts';
import { plain } from './aggregates.ts';
import { Context, NeedsDataset, NeedsField, type Nested } from './context.ts';
import type { Compiled, CompileOptions, CompileResult, Condition, Diagnostic, OutputColumn } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { namesMade, withMadeFields } from './extraction.ts';
import { compileConditions, compileScope, datasetsOf, namesIndex, warnOfForgottenPipe } from './filter.ts';
import { zoneName } from './functions/time.ts';
import { applyOperation } from './operators/index.ts';
import { parse } from './parser.ts';
import { EMPTY, ident, join, num, type Sql, sql, statement, streamedStatement } from './sql.ts';
import { baseState, type Column, completeOrder, type Order, orderList, type Reading, type State, THIS_WINDOW } from './state.ts';
import { storedField } from './stored.ts';
import { subqueryTime, zoneOffset } from './subqueries.ts';
import { areOfSums, isOfSums } from './sums.ts';
import { isOfThreatsOnly } from './threats-only.ts';
import { topGroups } from './top.ts';
import type { Query, Scope, Subquery } from './tree.ts';
import { asOutput, type Typed } from './typed.ts';

/** Text to statement. Never throws for what a person wrote. */
export function compile(text: string, options: CompileOptions): CompileResult {
  const parsed = parse(text, options.variables);
  if (parsed.diagnostics.length) return { ok: false, diagnostics: parsed.diagnostics };
  return compileQuery(parsed.query, options);
}

/** A query that was parsed, to a statement. Never throws for what a person wrote. */
export function compileQuery(query: Query, options: CompileOptions): CompileResult {
  return caught(() => {
    const { value, ctx } = withContext(query, options, (context) => ({
      ...emit(query, context),
      ofThreatsOnly: isOfThreatsOnly(query),
      fills: query.operations.some(({ op }) => op === 'fillmissing'),
    }));
    return { ok: true, compiled: value, warnings: distinct(ctx.warnings), notes: ctx.notes };
  });
}

/** Compiles with a context of its own. Throws QueryError. */
export function withContext<T>(query: Query, options: CompileOptions, work: (ctx: Context) => T): { readonly value: T; readonly ctx: Context } {
  return withDatasets(query, options, (datasets) =>
    withRules((made) => {
      const ctx = newContext(options, datasets, made);
      return { value: work(ctx), ctx };
    }),
  );
}

/**
 * Works with the datasets that a query reads. Where it names none, and a field that only events have, it reads
 * events: nobody has to say what the names say. Throws QueryError.
 */
export function withDatasets<T>(query: Query, options: CompileOptions, work: (datasets: readonly Dataset[]) => T): T {
  const datasets = datasetsOf(query.scope, options, query.operations);
  try {
    return work(datasets);
  } catch (error) {
    if (!(error instanceof NeedsDataset)) throw error;
    if (namesIndex(query.scope) || datasets.includes(error.dataset)) throw error.failure;
    try {
      return work([error.dataset]);
    } catch (again) {
      throw again instanceof NeedsDataset ? again.failure : again;
    }
  }
}

/** A context that compiles queries inside the query too. Throws QueryError for a zone that there is not. */
export function newContext(options: CompileOptions, datasets: readonly Dataset[], made: readonly string[]): Context {
  const timeZone = zoneName(options.timeZone);
  if (timeZone === undefined)
    throw new QueryError('bad-value', { start: 0, end: 0 }, `There is no time zone ${quoted(options.timeZone)}.`, 'Use an IANA name such as “Europe/Berlin”.');
  const ctx = new Context(timeZone === options.timeZone ? options : { ...options, timeZone }, datasets, made);
  ctx.nested = (subquery) => nestedQuery(subquery, ctx);
  return ctx;
}

/**
 * A query inside a query, in the same window unless it names another. Filters of dashboards narrow the query
 * around it, and that alone.
 */
function nestedQuery({ query, from, to, span }: Subquery, outer: Context): Nested {
  const { now, timeZone } = outer.options;
  const time = (text: string): number => subqueryTime(text, now, (instant) => zoneOffset(instant, timeZone), span);
  const window = { ...(from === undefined ? {} : { from: time(from), to: now }), ...(to === undefined ? {} : { to: time(to) }) };
  const { value, ctx } = withContext(query, { ...outer.options, ...window, conditions: [], maySave: false }, (inner): Nested => {
    const state = run(query, inner, THIS_WINDOW);
    const last = query.operations.at(-1);
    return {
      columns: state.parts.columns.filter((c) => !c.hidden),
      keywords: last?.op === 'compose' && last.keywords,
      span,
      rows: (list) => state.select(list),
    };
  });
  outer.warnings.push(...ctx.warnings);
  for (const column of [...ctx.reads, ...ctx.innerReads]) outer.innerReads.add(column);
  return value;
}

/** Works again with each name that rules make and that the query turns out to ask for. */
export function withRules<T>(work: (made: readonly string[]) => T): T {
  const made: string[] = [];
  for (;;) {
    try {
      return work([...made]);
    } catch (error) {
      if (!(error instanceof NeedsField) || made.includes(error.field)) throw error;
      made.push(error.field);
    }
  }
}

/** Runs a compilation; a person's mistake becomes a value. */
export function caught<T>(work: () => T): T | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] } {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { code, span, message, hint } = error.diagnostic;
    return { ok: false, diagnostics: [{ code, span: { start: span.start, end: span.end }, message, ...(hint ? { hint } : {}) }] };
  }
}

/** Each warning of a place once. */
export function distinct(warnings: readonly Diagnostic[]): Diagnostic[] {
  return warnings.filter((w, i) => warnings.findIndex((v) => v.code === w.code && v.span.start === w.span.start) === i);
}

/** Records of the scope and conditions that a reading covers. */
export function scoped(query: Query, ctx: Context, reading: Reading): State {
  const { conditions = [] } = ctx.options;
  warnOfForgottenPipe(query.scope, ctx);
  const isMade = (name: string) => ctx.made.some((made) => made.toLowerCase() === name.toLowerCase());
  const [late, early] = split(query.scope.node === 'and' ? query.scope.items : [query.scope], (item) => namesMade(item, ctx.made));
  const [lateConditions, earlyConditions] = split(conditions, (condition) => isMade(condition.field));
  const narrowed = (state: State, items: readonly Scope[], filters: readonly Condition[]): State => {
    const where = [...items.flatMap((item) => compileScope(item, state) ?? []), ...compileConditions(filters, state)];
    return where.length ? state.with({ where: [...state.parts.where, ...where] }) : state;
  };
  // Rules look only at the records that the rest of the scope leaves.
  return narrowed(withMadeFields(narrowed(baseState(ctx, reading), early, earlyConditions)), late, lateConditions);
}

/** Those that pass a test, and the others. */
function split<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

/** The records that a query is about: the state before its first step that groups them. Throws QueryError. */
export function matches(query: Query, ctx: Context): State {
  return run(query, ctx, THIS_WINDOW, query.operations.length, true);
}

/** The state behind the first `count` steps, or before the first of them that groups records. */
function run(query: Query, ctx: Context, reading: Reading, count = query.operations.length, ungrouped = false): State {
  let state = scoped(query, ctx, reading);
  for (const [i, operation] of query.operations.slice(0, count).entries()) {
    if (ungrouped && operation.op === 'save') break;
    const next = applyOperation(operation, state, {
      steps: query.operations.slice(0, i),
      before: (other) => run(query, ctx, other, i),
      after: query.operations.slice(i + 1),
      scope: query.scope,
    });
    // The rows of a table are no records of the query, and there are no others.
    if (ungrouped && next.parts.grouped && operation.op !== 'cat') break;
    state = next;
  }
  return state;
}

/** A query without what its steps alone tell. */
type Emitted = Omit<Compiled, 'ofThreatsOnly' | 'fills'>;

function emit(query: Query, ctx: Context): Emitted {
  ctx.sums = isOfSums(query, ctx);
  let state = run(query, ctx, THIS_WINDOW);
  if (ctx.sums && !areOfSums(ctx.reads)) {
    ctx.sums = false;
    state = run(query, ctx, THIS_WINDOW);
  }
  const { top, maxRows } = ctx.options;
  if (top) {
    const { shown, from, order } = topGroups(state, top);
    return finish(state, shown, from, order, maxRows, 'aggregates');
  }
  return state.parts.grouped ? emitGroups(state) : emitRecords(state);
}

function emitGroups(state: State): Emitted {
  const shown = state.parts.columns.filter((c) => !c.hidden);
  const order = completeOrder(state.parts.order, shown);
  const limit = Math.min(state.parts.limit ?? state.ctx.options.maxRows, state.ctx.options.maxRows);
  const inner = state.parts.where.length ? sql`(${state.with({ limit: undefined }).select([sql`*`])})` : state.parts.from;
  return finish(state, shown, inner, order, limit, 'aggregates');
}

function emitRecords(state: State): Emitted {
  const { ctx } = state;
  const limit = Math.min(state.parts.limit ?? ctx.options.maxRows, ctx.options.maxRows);
  const stream = ofStream(state);
  // First the few rows, then what is costly to compute of them: the rebuilt text.
  const few = stream ?? state.with({ limit }).finished();
  const removed = state.parts.removed ?? new Set();
  const standard = ['_messageTime', '_raw'].filter((name) => !removed.has(name.toLowerCase()) && !few.column(name));
  const own: Column[] = state.parts.chosen ? [] : standard.map((name) => ({ name, value: storedField(ctx, findField(name) as Field) }));
  const shown = [...own, ...few.parts.columns.filter((c) => !c.hidden)];
  const made = shown.map((c) => ({ ...c, id: ctx.fresh() }));
  const columns = made.map((c) => ({ ...c, value: { ...plain(c.value), sql: c.id } }));
  if (stream) return finish(state, columns, sql`(${stream.select(made.map((c) => sql`${c.value.sql} AS ${c.id}`))})`, [], limit, 'records');
  const orderIds = few.parts.order.map((o) => ({ ...o, id: ctx.fresh() }));
  const inner = sql`(SELECT ${join([...made.map((c) => sql`${c.value.sql} AS ${c.id}`), ...orderIds.map((o) => sql`${o.value.sql} AS ${o.id}`)], ', ')} FROM ${few.parts.from})`;
  const order = orderIds.map((o) => ({ value: { ...plain(o.value), sql: o.id }, descending: o.descending }));
  return finish(state, columns, inner, order, limit, 'records');
}

/**
 * The state of a stream of all rows: there are no few rows to find first, so that one SELECT makes and sorts
 * them. What nothing sorted is read as it lies, newest first by bucket and start: the engine follows the
 * table's key, and holds no more than a bucket.
 */
function ofStream(state: State): State | undefined {
  const { options } = state.ctx;
  const [start, ...more] = state.parts.order;
  if (!options.streamed || state.parts.limit !== undefined) return undefined;
  if (!start?.byKey || more.length) return state.with({ limit: options.maxRows });
  const bucket: Order = { value: { sql: sql`toStartOfFiveMinutes(${start.value.sql})`, kind: 'time', datetime: true }, descending: true };
  return state.with({ order: [bucket, start], limit: options.maxRows });
}

/** Pairs of label and shown value. */
function cellsOutput(cells: Sql, value: Omit<Typed, 'sql'>): Sql {
  return sql`arrayMap(cell -> (tupleElement(cell, 1), ${asOutput({ ...value, sql: sql`tupleElement(cell, 2)` })}), ${cells})`;
}

function finish(state: State, shown: readonly Column[], from: Sql, order: readonly Order[], limit: number, shape: Compiled['shape']): Emitted {
  // Names of people stay out of the statement: result columns are known by their place.
  const list = shown.map((column, i) => sql`${column.cells ? cellsOutput(column.value.sql, column.cells) : asOutput(column.value)} AS ${ident(`o${i}`)}`);
  const sorted = order.length ? sql` ORDER BY ${orderList(order)}` : EMPTY;
  const columns: OutputColumn[] = shown.map((c) => ({
    name: c.name,
    kind: c.value.kind,
    ...(c.value.field ? { field: c.value.field.name } : {}),
    ...(c.value.link ? { link: true } : {}),
  }));
  const { timeslice } = state.parts;
  const pivot = shown.findIndex((c) => c.cells);
  const whole = sql`SELECT ${list.length ? join(list, ', ') : sql`1`} FROM ${from}${sorted} LIMIT ${num(limit)}`;
  const made = state.ctx.options.streamed ? streamedStatement(whole) : statement(whole);
  const texts = [made.text, ...(made.first ?? []).map((one) => one.text)];
  return {
    statement: made,
    columns,
    shape,
    datasets: state.ctx.datasets,
    // An address whose place is asked for was itself only named.
    reads: [...new Set([...state.ctx.reads, ...state.ctx.innerReads])].filter((column) => texts.some((text) => text.includes(`\`${column}\``))).sort(),
    ...(timeslice !== undefined && columns.some((c) => c.kind === 'time') ? { timeslice } : {}),
    ...(state.ctx.save ? { save: state.ctx.save } : {}),
    ...(pivot < 0 ? {} : { pivot: { at: pivot, kind: shown[pivot]?.cells?.kind ?? 'number' } }),
  };
}
