/**
 * compare: the same aggregate over earlier windows, in columns of its own, with the slices of the current
 * window. All windows are read in one scan where that gives the same (one-scan.ts); else each earlier
 * window is one branch of the statement, with its own time filter (so it is pruned like the current one).
 * A group or slice without rows has no value, never zero.
 */

import { quoted } from '../../model/wording.ts';
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { EMPTY, join, num, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Timeshift } from '../tree.ts';
import type { Typed } from '../typed.ts';
import type { Operator, Surroundings } from './kinds.ts';
import { oneScan } from './one-scan.ts';

const MAX_WINDOWS = 7;

function parseShift(cursor: Cursor): Timeshift {
  cursor.take('with');
  const start = cursor.peek().start;
  cursor.expect('timeshift');
  // `-1d` says the same as `1d`: only earlier windows can be compared with.
  cursor.take('-');
  const { seconds, text } = cursor.duration();
  const count = cursor.peek().kind === 'number' ? cursor.count('a number of windows') : 1;
  const combine = (['avg', 'min', 'max'] as const).find((name) => cursor.take(name));
  const as = cursor.alias();
  return { seconds, text, count, ...(combine ? { combine } : {}), ...(as === undefined ? {} : { as }), span: cursor.span(start) };
}

function printShift(shift: Timeshift): string {
  return `timeshift ${shift.text}${shift.count > 1 || shift.combine ? ` ${shift.count}` : ''}${shift.combine ? ` ${shift.combine}` : ''}${shift.as === undefined ? '' : ` as ${printName(shift.as)}`}`;
}

/** Suffixes of a shift's columns: `1d`, `2d`, `3d`; `5d_avg`; the alias. */
function suffixes(shift: Timeshift): string[] {
  const amount = Number.parseInt(shift.text, 10);
  const unit = shift.text.slice(String(amount).length);
  if (shift.combine) return [shift.as ?? `${amount * shift.count}${unit}_${shift.combine}`];
  return Array.from({ length: shift.count }, (_, i) =>
    shift.as === undefined ? `${amount * (i + 1)}${unit}` : shift.count > 1 ? `${shift.as}_${i + 1}` : shift.as,
  );
}

export const compare: Operator<'compare'> = {
  keywords: ['compare'],
  syntax: 'compare [with] timeshift duration [n [avg|min|max]] [as name], …',
  doc: 'Adds the same aggregate of one or more earlier windows, aligned with the current one: sum(bytes) as bytes gives bytes_1d, bytes_2d, … At most seven windows; avg is of numbers and times only.',
  example: 'timeslice 5m | count by _timeslice | compare with timeshift 1d 3',
  parse: (cursor, start) => {
    const shifts = [parseShift(cursor)];
    while (cursor.take(',')) shifts.push(parseShift(cursor));
    return { op: 'compare', shifts, span: cursor.span(start) };
  },
  print: (o) => `compare with ${o.shifts.map(printShift).join(', ')}`,
  apply: (o, state, around) => {
    if (state.parts.columns.some((c) => c.cells)) {
      const hint = 'Name them: “transpose row … column … as a, b”.';
      throw new QueryError('not-supported', o.span, '“compare” cannot follow a “transpose” whose columns are not named.', hint);
    }
    if (!state.parts.grouped)
      throw new QueryError(
        'needs-aggregate',
        o.span,
        '“compare” needs an aggregate before it.',
        'For example “count by _timeslice | compare with timeshift 1d”.',
      );
    if (around.after.some((step) => step.op === 'compare'))
      throw new QueryError('compare-once', o.span, '“compare” can be used once.', 'Write the shifts in one step: “compare timeshift 1d, timeshift 7d”.');
    const windows = o.shifts.reduce((sum, shift) => sum + shift.count, 0);
    if (windows > MAX_WINDOWS)
      throw new QueryError(
        'too-many-comparisons',
        o.span,
        `This compares with ${windows} earlier windows; at most ${MAX_WINDOWS} are possible.`,
        'Ask for fewer windows.',
      );
    const names = o.shifts.flatMap(suffixes);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new QueryError('duplicate-name', o.span, `Two comparisons are called ${quoted(twice)}.`, 'Give one another name with “as”.');
    return combine(o.shifts, state, around);
  },
};

/** A SELECT for each window, its number in `w`, the shown columns as `ids`. */
function branches(seconds: readonly number[], ids: readonly Sql[], current: State, around: Surroundings): Sql {
  const selects = seconds.map((shift, i) => {
    const state = i === 0 ? current : around.before({ shift });
    const columns = state.parts.columns.filter((c) => !c.hidden).map((c, k) => sql`${c.value.sql} AS ${ids[k] as Sql}`);
    return state.select([sql`${num(i)} AS w`, ...columns]);
  });
  return join(selects, ' UNION ALL ');
}

/** Lists have no average and no order; an average is of numbers and times. */
function combines(how: NonNullable<Timeshift['combine']>, { kind }: Typed): boolean {
  return how === 'avg' ? kind === 'number' || kind === 'time' : kind !== 'list';
}

function combine(shifts: readonly Timeshift[], current: State, around: Surroundings): State {
  const { ctx } = current;
  const shown = current.parts.columns.filter((c) => !c.hidden);
  const ids = shown.map(() => ctx.fresh());
  const seconds = [0, ...shifts.flatMap((shift) => Array.from({ length: shift.count }, (_, i) => shift.seconds * (i + 1)))];
  const windows = oneScan(seconds, ids, current, around) ?? branches(seconds, ids, current, around);

  const selected: Sql[] = [];
  const columns: Column[] = [];
  const add = (name: string, column: Column, value: Sql): Sql => {
    const id = ctx.fresh();
    selected.push(sql`${value} AS ${id}`);
    columns.push({ ...column, name, value: { ...plain(column.value), sql: id } });
    return id;
  };
  const keys: Sql[] = [];
  shown.forEach((column, i) => {
    if (column.key) keys.push(add(column.name, column, ids[i] as Sql));
  });
  shown.forEach((column, i) => {
    if (column.key) return;
    const one = column.value.kind === 'list' ? sql`groupArrayArrayIf` : sql`anyOrNullIf`;
    const inWindow = (w: number): Sql => sql`${one}(${ids[i] as Sql}, w = ${num(w)})`;
    add(column.name, column, inWindow(0));
    let window = 1;
    for (const shift of shifts) {
      const names = suffixes(shift).map((suffix) => `${column.name}_${suffix}`);
      const first = window;
      window += shift.count;
      if (shift.combine && !combines(shift.combine, column.value)) continue;
      if (!shift.combine) names.forEach((name, k) => void add(name, column, inWindow(first + k)));
      else {
        const inside = sql`w BETWEEN ${num(first)} AND ${num(window - 1)}`;
        const fn = { avg: sql`avgOrNullIf`, min: sql`minOrNullIf`, max: sql`maxOrNullIf` }[shift.combine];
        add(names[0] as string, column, sql`${fn}(${ids[i] as Sql}, ${inside})`);
      }
    }
  });
  const grouping = keys.length ? sql` GROUP BY ${join(keys, ', ')}` : EMPTY;
  const from = sql`(SELECT ${join(selected, ', ')} FROM (${windows})${grouping})`;
  return current.with({ from, where: [], columns, order: [], limit: undefined });
}
