/**
 * Sums instead of flows. The table of flows keeps a projection with the count, bytes and packets of every five minutes
 * by account, action, direction and protocol (store/ddl.ts). A query that groups by nothing else and asks for nothing
 * else reads a relation of a thousandth of the rows: the sums of whole buckets, and the flows themselves at the window's
 * edges. Here alone it is decided which queries do.
 */
import { VPC_FLOW } from '../model/log-formats.ts';
import type { Context } from './context.ts';
import { ident, join, num, type Sql, sql } from './sql.ts';
import type { AggregateCall, Expr, GroupKey, Operation, Query, Scope, Slice } from './tree.ts';
import { isIndexName } from './words.ts';

/** Seconds of a bucket. */
const BUCKET = 300;
/** Shorter windows are read as fast as they are. */
const WORTH_SECONDS = 2 * 3600;
/** What the sums are by, beside the bucket. `absent` tells what has no value. */
const KEYS = ['account_id', 'action', 'direction', 'protocol', 'absent'] as const;
const SUMMED = ['bytes', 'packets'] as const;
/** Column of the number of flows that a row stands for. */
export const FLOWS = sql`__flows`;
const LAST = 2 ** 32 - 1;
/** Steps behind the first that groups, which read no records of their own but those of compared windows. */
const AFTER: ReadonlySet<Operation['op']> = new Set<Operation['op']>([
  ...(['compare', 'sort', 'limit', 'fields', 'assign', 'where', 'top', 'aggregate', 'transpose'] as const),
  ...(['topk', 'running', 'outlier', 'fillmissing', 'predict'] as const),
]);

/** Epoch seconds, [from, to); null = open. */
export interface TimeSpan {
  readonly from: number | null;
  readonly to: number | null;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Whether a query can be answered from sums, exactly; says no where it is not sure. */
export function isOfSums({ scope, operations }: Query, ctx: Context): boolean {
  const { relations, conditions = [], from, to } = ctx.options;
  const [only] = ctx.datasets;
  const at = operations.findIndex((step) => step.op === 'aggregate');
  const [group, before, after] = [operations[at], operations.slice(0, at), operations.slice(at + 1)];
  if (!relations.sums || only !== VPC_FLOW.flows || ctx.datasets.length > 1 || ctx.made.length > 0 || group?.op !== 'aggregate') return false;
  const shifts = after.flatMap((step) => (step.op === 'compare' ? step.shifts : []));
  const slices = before.flatMap((step) => (step.op === 'timeslice' ? [(step.as ?? '_timeslice').toLowerCase()] : []));
  return (
    (to ?? LAST) - (from ?? 0) >= WORTH_SECONDS &&
    scopeIsOfKeys(scope, ctx) &&
    conditions.every(({ field }) => isKey(field, ctx)) &&
    before.every((step) => (step.op === 'timeslice' && isOfBuckets(step.slice, ctx)) || (step.op === 'where' && isOfKeys(step.test, ctx))) &&
    group.calls.every((call) => isSum(call, ctx)) &&
    group.by.every((key: GroupKey) => isOfKeys(key.expr, ctx, slices)) &&
    after.every((step) => AFTER.has(step.op)) &&
    shifts.every(({ seconds }) => seconds % BUCKET === 0) &&
    !/"node":"subquery"/.test(JSON.stringify(operations))
  );
}

/** Whether all stored columns that a statement asked for are those of the sums. */
export function areOfSums(reads: Iterable<string>): boolean {
  const known: ReadonlySet<string> = new Set(['start', ...KEYS, ...SUMMED]);
  return [...reads].every((column) => known.has(column));
}

function isKey(name: string, ctx: Context): boolean {
  const field = ctx.field(name);
  return field !== undefined && (KEYS as readonly string[]).includes(field.column) && (field.derived === undefined || field.derived === 'transport');
}

function scopeIsOfKeys(scope: Scope, ctx: Context): boolean {
  switch (scope.node) {
    case 'all':
      return true;
    case 'and':
    case 'or':
      return scope.items.every((item) => scopeIsOfKeys(item, ctx));
    case 'not':
      return scopeIsOfKeys(scope.item, ctx);
    case 'condition':
      return isIndexName(scope.field) || isKey(scope.field, ctx);
    default:
      return false;
  }
}

function isOfKeys(expr: Expr, ctx: Context, slices: readonly string[] = []): boolean {
  return fieldsIn(expr).every((name) => slices.includes(name.toLowerCase()) || isKey(name, ctx));
}

/** Names of the fields in an expression, which is a tree of plain objects. */
function fieldsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('node' in value && value.node === 'field' && 'name' in value) return [String(value.name)];
  return Object.values(value).flatMap(fieldsIn);
}

function isSum({ fn, args }: AggregateCall, ctx: Context): boolean {
  const [value, ...more] = args;
  if (fn === 'count') return value === undefined;
  const field = value?.node === 'field' ? ctx.field(value.name) : undefined;
  return fn === 'sum' && more.length === 0 && field !== undefined && field.derived === undefined && (SUMMED as readonly string[]).includes(field.column);
}

/** Whether no slice begins inside a bucket. Clocks of all zones are set by multiples of a bucket. */
function isOfBuckets(slice: Slice, { options }: Context): boolean {
  const isWhole = (seconds: number | null | undefined): boolean => (seconds ?? 0) % BUCKET === 0;
  if (!isWhole(options.alignTo)) return false;
  return slice.by === 'calendar' || (slice.by === 'seconds' && isWhole(slice.seconds));
}

/** Rows of the flows of windows, `borders` (epoch seconds) within them told apart: many of them as one: a row at its bucket's start, with the number of flows in `__flows`. */
export function sumsOf(spans: readonly TimeSpan[], table: Sql, borders: readonly number[] = []): Sql {
  const { whole, cut } = inBuckets(spans, borders);
  const start = ident('start');
  const bucket = sql`toStartOfFiveMinutes(${start})`;
  const keys = join(KEYS.map(ident), ', ');
  const sums = SUMMED.map((name) => sql`sum(${ident(name)}) AS ${ident(`__${name}`)}`);
  const grouped = sql`SELECT ${bucket} AS __bucket, ${keys}, ${join(sums, ', ')}, count() AS __count FROM ${table} WHERE ${within(bucket, whole)} GROUP BY __bucket, ${keys}`;
  const named = SUMMED.map((name) => sql`${ident(`__${name}`)} AS ${ident(name)}`);
  const rest = sql`SELECT ${start}, ${keys}, ${join(SUMMED.map(ident), ', ')}, toUInt64(1) AS ${FLOWS} FROM ${table} WHERE ${within(start, cut)}`;
  return sql`(SELECT __bucket AS ${start}, ${keys}, ${join(named, ', ')}, __count AS ${FLOWS} FROM (${grouped}) UNION ALL ${rest})`;
}

function within(time: Sql, spans: readonly Span[]): Sql {
  const each = spans.map(({ from, to }) => sql`(${time} >= toDateTime(${num(from)}, 'UTC') AND ${time} < toDateTime(${num(to)}, 'UTC'))`);
  return each.length ? sql`(${join(each, ' OR ')})` : sql`false`;
}

/**
 * Spans as whole buckets, and the rest in seconds. A bucket that a border of a span or a border within one cuts is
 * none: its flows lie in different windows of a comparison.
 */
export function inBuckets(windows: readonly TimeSpan[], inside: readonly number[] = []): { readonly whole: readonly Span[]; readonly cut: readonly Span[] } {
  const spans = windows.map(({ from, to }): Span => ({ from: from ?? 0, to: to ?? LAST }));
  const down = (at: number): number => at - (at % BUCKET);
  const ends = spans.flatMap(({ from, to }) => [from, to]);
  const borders = [...new Set([...inside, ...ends].filter((at) => at % BUCKET !== 0).map(down))].sort((a, b) => a - b);
  const whole: Span[] = [];
  const cut: Span[] = [];
  for (const { from, to } of merged(spans)) {
    let at = from;
    for (const border of borders.filter((b) => b + BUCKET > from && b < to)) {
      if (border > at) whole.push({ from: at, to: border });
      const end = Math.min(to, border + BUCKET);
      cut.push({ from: Math.max(at, border), to: end });
      at = end;
    }
    if (at < to) whole.push({ from: at, to });
  }
  return { whole, cut };
}

function merged(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const span of spans.filter(({ from, to }) => from < to).toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last && span.from <= last.to) found[found.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else found.push(span);
  }
  return found;
}
