/**
 * The windows of `compare` read in one scan. Windows may overlap, so their ends cut time into segments,
 * each of which lies in one window or in several. Records are grouped by segment beside the query's own
 * keys; each of these few groups is then counted in every window that its segment lies in, and its slice
 * moved to the current window. That is the same as reading each window on its own where
 * - the steps before the aggregate look at one record at a time, and slices are used as keys only;
 * - windows lie whole slices apart; and
 * - each window is one segment, or the aggregates of parts of a group give that of the group.
 */
import { findAggregate } from '../aggregates.ts';
import { EMPTY, join, num, type Sql, sql } from '../sql.ts';
import { instant, type State, WINDOW } from '../state.ts';
import type { Expr, Operation, OperationName } from '../tree.ts';
import type { Of, Surroundings } from './kinds.ts';
import { evenWidth } from './timeslice.ts';

const ONE_RECORD: ReadonlySet<OperationName> = new Set<OperationName>([
  'where',
  'assign',
  'fields',
  'sort',
  'withtime',
  'geoip',
  'lookup',
  'threat',
  'parse',
  'parse-regex',
  'json',
  'split',
  'keyvalue',
  'bin',
]);

interface Segment {
  readonly from: number;
  readonly to: number;
  /** Numbers of the windows that it lies in. */
  readonly windows: readonly number[];
}

/**
 * A SELECT of all windows, the window's number in `w`, the shown columns of `current` as `ids`; undefined
 * where the windows must be read one by one. `shifts`: seconds that each window lies before the current one.
 */
export function oneScan(shifts: readonly number[], ids: readonly Sql[], current: State, around: Surroundings): Sql | undefined {
  const { from, to } = current.ctx.options;
  if (from === null || to === null || to <= from) return undefined;
  const segments = segmentsOf(shifts.map((shift) => ({ from: from - shift, to: to - shift })));
  const whole = segments.every((s) => s.windows.length === 1) && segments.length === shifts.length;
  const last = separable(around.steps, shifts, current, whole);
  if (!last) return undefined;

  const later = segments.slice(1).map((s) => s.from);
  const grouped = around.before({ spans: joined(segments), borders: later, group: (start) => numberOf(start, later) });
  const shown = grouped.parts.columns.filter((c) => !c.hidden && c.name !== WINDOW);
  const segment = grouped.column(WINDOW)?.value.sql as Sql;
  const own = shown.map(() => current.ctx.fresh());
  const windows = sql`arrayJoin(${list(segments.map((s) => list(s.windows.map(num))))}[${segment} + 1])`;
  const inWindows = grouped.select([sql`${windows} AS w`, ...shown.map((c, i) => sql`${c.value.sql} AS ${own[i] as Sql}`)]);

  const moved = list(shifts.map((shift) => num(shift * 1000)));
  const keys = last.operation.by.length;
  const columns = own.map((id, i): Sql => {
    if (i >= keys) return whole ? id : sql`${mergeOf(last.operation, i - keys)}(${id})`;
    return i === last.slice ? sql`${id} + ${moved}[w + 1]` : id;
  });
  const selected = columns.map((column, i) => sql`${column} AS ${ids[i] as Sql}`);
  const grouping = whole ? EMPTY : sql` GROUP BY w, ${join(own.slice(0, keys), ', ')}`;
  return sql`SELECT w, ${join(selected, ', ')} FROM (${inWindows})${grouping}`;
}

interface Separable {
  readonly operation: Of<'aggregate'>;
  /** Place of the slice among the keys. */
  readonly slice: number;
}

/** The aggregate that `steps` end with, when groups of segments can be moved and put together. */
function separable(steps: readonly Operation[], shifts: readonly number[], state: State, whole: boolean): Separable | undefined {
  const operation = steps.at(-1);
  // Without keys there is a row even where there are no records.
  if (operation?.op !== 'aggregate' || operation.by.length === 0) return undefined;
  if (!whole && !operation.calls.every((call) => findAggregate(call.fn)?.merge)) return undefined;
  const sliced = steps.at(-2);
  const before = sliced?.op === 'timeslice' ? steps.slice(0, -2) : steps.slice(0, -1);
  if (!before.every((step) => ONE_RECORD.has(step.op))) return undefined;
  if (sliced?.op !== 'timeslice') return { operation, slice: -1 };

  const width = evenWidth(sliced.slice, state.ctx.options);
  if (width === undefined || !shifts.every((shift) => shift % width === 0)) return undefined;
  const name = (sliced.as ?? '_timeslice').toLowerCase();
  const isSlice = (expr: Expr): boolean => expr.node === 'field' && expr.name.toLowerCase() === name;
  const apart = (expr: Expr): boolean => expr.node === 'literal' || (expr.node === 'field' && !isSlice(expr) && expr.name.toLowerCase() !== '__timeslice_end');
  const keys = operation.by.map((key) => key.expr);
  if (!keys.every((key) => isSlice(key) || apart(key)) || keys.filter(isSlice).length > 1) return undefined;
  return operation.calls.every((call) => call.args.every(apart)) ? { operation, slice: keys.findIndex(isSlice) } : undefined;
}

function mergeOf(operation: Of<'aggregate'>, call: number): Sql {
  const merge = findAggregate(operation.calls[call]?.fn ?? '')?.merge;
  return merge === 'min' ? sql`min` : merge === 'max' ? sql`max` : sql`sum`;
}

/** Stretches of time between the windows' ends that lie in a window, oldest first. */
function segmentsOf(windows: readonly { readonly from: number; readonly to: number }[]): Segment[] {
  const ends = [...new Set(windows.flatMap((w) => [w.from, w.to]))].sort((a, b) => a - b);
  return ends.slice(0, -1).flatMap((from, i) => {
    const to = ends[i + 1] as number;
    const inside = windows.flatMap((w, k) => (w.from <= from && to <= w.to ? [k] : []));
    return inside.length ? [{ from, to, windows: inside }] : [];
  });
}

/** Segments without the cuts between those that touch. */
function joined(segments: readonly Segment[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const { from, to } of segments) {
    const last = spans.at(-1);
    if (last?.to === from) last.to = to;
    else spans.push({ from, to });
  }
  return spans;
}

/** How many of these instants a record's start has reached. */
function numberOf(start: Sql, instants: readonly number[]): Sql {
  const reached = instants.map((at) => sql`(${start} >= ${instant(at)})`);
  return reached.length ? sql`(${join(reached, ' + ')})` : sql`0`;
}

function list(items: readonly Sql[]): Sql {
  return sql`[${join(items, ', ')}]`;
}
