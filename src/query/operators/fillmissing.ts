/**
 * fillmissing: rows for the groups that no record made. Key fields have generators (every slice of the
 * window, values, all values that occur); each combination of what they generate gets a row.
 */

import { quoted } from '../../model/wording.ts';
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { compileExpr } from '../expression.ts';
import { addressValue } from '../network.ts';
import { printExpr, printName, printString } from '../print-expression.ts';
import { limited } from '../semi-join.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Expr, Name, Operation, Slice } from '../tree.ts';
import { choice, literal, type Typed } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';
import { parseWidth, sliceStarts, widthOf } from './timeslice.ts';

/** Rows that fillmissing may make. */
const MAX_FILLED = 10_000;

function parseTimeslice(cursor: Cursor): NonNullable<Of<'fillmissing'>['timeslice']> {
  let slice: Slice | undefined;
  if (cursor.take('(')) {
    if (!cursor.is(')')) slice = parseWidth(cursor);
    cursor.expect(')');
  }
  return { ...(slice ? { slice } : {}), field: cursor.take('in') ? cursor.name().name : '_timeslice' };
}

function parseValues(cursor: Cursor): string[] {
  const values: string[] = [];
  if (cursor.take('all')) return values;
  cursor.expect('(');
  do values.push(cursor.kind('string', 'a value in quotation marks').value);
  while (cursor.take(','));
  cursor.expect(')');
  return values;
}

export const fillmissing: Operator<'fillmissing'> = {
  keywords: ['fillmissing'],
  syntax: 'fillmissing [timeslice[(duration)] [in name]], [values("a", …) | values all] in name, … [with value for name, …] [takeLast]',
  doc: 'Adds the rows that no record made: every slice of the window (as wide as those of timeslice, unless a duration is given), every combination of values. The other columns are 0 or false, text and what transpose made have no value; with says otherwise, and takeLast takes the values of the slice before. At most 10,000 rows.',
  example: 'timeslice 5m | count by _timeslice, action | fillmissing timeslice, values all in action',
  parse: (cursor, start) => {
    let timeslice: Of<'fillmissing'>['timeslice'];
    const keys: { field: Name; values: string[] }[] = [];
    do {
      if (cursor.take('timeslice')) timeslice = parseTimeslice(cursor);
      else if (cursor.take('values')) {
        const values = parseValues(cursor);
        cursor.expect('in');
        keys.push({ field: cursor.name(), values });
      } else throw cursor.unexpected('“timeslice(…)” or “values”');
    } while (cursor.take(','));
    const defaults: { field: Name; value: Expr }[] = [];
    if (cursor.take('with')) {
      do {
        const value = cursor.expression();
        cursor.expect('for');
        defaults.push({ field: cursor.name(), value });
      } while (cursor.take(','));
    }
    const takeLast = cursor.take('takelast');
    const span = cursor.span(start);
    if (takeLast && !timeslice)
      throw new QueryError(
        'needs-timeslice',
        span,
        '“takeLast” takes values of the slice before, and nothing here fills slices.',
        'Write “fillmissing timeslice … takeLast”.',
      );
    return { op: 'fillmissing', ...(timeslice ? { timeslice } : {}), keys, defaults, takeLast, span };
  },
  print: (o) => {
    const { slice, field } = o.timeslice ?? {};
    const width = slice && 'text' in slice ? `(${slice.text})` : '';
    const generated = [
      ...(field === undefined ? [] : [`timeslice${width} in ${printName(field)}`]),
      ...o.keys.map((k) => `${k.values.length ? `values(${k.values.map(printString).join(', ')})` : 'values all'} in ${printName(k.field.name)}`),
    ];
    const defaults = o.defaults.map((d) => `${printExpr(d.value)} for ${printName(d.field.name)}`);
    return `fillmissing ${generated.join(', ')}${defaults.length ? ` with ${defaults.join(', ')}` : ''}${o.takeLast ? ' takeLast' : ''}`;
  },
  apply: (o, state, around) => fill(o, state, around.steps),
};

interface Key {
  readonly column: Column;
  /** Values as a relation of one column that is called like the key's. */
  readonly values: Sql;
}

/** The rows that are there, and below them one empty row of each combination; grouped by the keys. */
function fill(o: Of<'fillmissing'>, before: State, steps: readonly Operation[]): State {
  if (!before.parts.grouped)
    throw new QueryError(
      'needs-aggregate',
      o.span,
      '“fillmissing” needs an aggregate before it.',
      'For example “timeslice 5m | count by _timeslice | fillmissing timeslice”.',
    );
  const state = before.finished();
  const { ctx } = state;
  const keys = keysOf(o, state, steps);
  const shown = state.parts.columns.filter((c) => !c.hidden);
  const isKey = (column: Column): boolean => keys.some((key) => key.column === column);
  const product = keys.map((key) => sql`(${key.values}) AS ${ctx.fresh()}`).reduce((left, right) => sql`${left} CROSS JOIN ${right}`);
  const list = (of: (column: Column) => Sql): Sql => join(shown.map(of), ', ');
  const there = sql`SELECT ${list((c) => c.value.sql)}, 1 AS there FROM ${state.parts.from}`;
  const nothing = (c: Column): Sql => (isKey(c) ? c.value.sql : sql`${c.value.kind === 'list' ? sql`[]` : sql`NULL`} AS ${c.value.sql}`);
  const missing = limited(sql`SELECT ${list(nothing)}, 0 AS there FROM ${product}`, MAX_FILLED);
  const grouping = join(
    keys.map((key) => key.column.value.sql),
    ', ',
  );
  const made = new Map(shown.map((c) => [c, isKey(c) ? c.value.sql : ctx.fresh()] as const));
  const merged = list((c) =>
    isKey(c) ? c.value.sql : sql`${c.value.kind === 'list' ? sql`groupArrayArray(${c.value.sql})` : sql`anyOrNull(${c.value.sql})`} AS ${made.get(c) as Sql}`,
  );
  const rows = sql`(SELECT ${merged}, max(there) AS given FROM (${there} UNION ALL (${missing})) GROUP BY ${grouping})`;

  const selected: Sql[] = [];
  const columns = shown.map((c) => {
    const id = ctx.fresh();
    const value: Typed = isKey(c) ? c.value : cellValue(c, made.get(c) as Sql, o, state, keys);
    selected.push(sql`${value.sql} AS ${id}`);
    return { ...c, value: { ...plain(value.kind === c.value.kind ? c.value : value), sql: id } };
  });
  return state.with({ from: sql`(SELECT ${join(selected, ', ')} FROM ${rows})`, where: [], columns, order: [] });
}

/** A column that is no key: what was there, else the value of the slice before or the default. */
function cellValue(column: Column, made: Sql, o: Of<'fillmissing'>, state: State, keys: readonly Key[]): Typed {
  const value: Typed = { ...plain(column.value), sql: made };
  if (value.kind === 'list') return value;
  const given = o.defaults.find((d) => d.field.name.toLowerCase() === column.name.toLowerCase());
  const empty = given ? compileExpr(given.value, state) : literal(value.kind === 'number' ? 0 : value.kind === 'boolean' ? false : null);
  const slice = o.timeslice ? keys[0] : undefined;
  if (!o.takeLast || !slice) return choice(sql`given`, value, empty);
  const others = keys.filter((key) => key !== slice).map((key) => key.column.value.sql);
  const partition = others.length ? sql`PARTITION BY ${join(others, ', ')} ` : sql``;
  const over = sql`OVER (${partition}ORDER BY ${slice.column.value.sql} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
  const last: Typed = { ...value, sql: sql`argMaxIf(${made}, ${slice.column.value.sql}, given = 1) ${over}` };
  const before = choice(sql`isNotNull(${last.sql})`, last, empty);
  return choice(sql`given`, value, before);
}

/** The column of the slices; what the timeslice step called it where nothing else is written. */
function sliceName(o: Of<'fillmissing'>, state: State, steps: readonly Operation[]): string {
  const name = o.timeslice?.field ?? '_timeslice';
  const as = steps.findLast((step) => step.op === 'timeslice')?.as;
  return as !== undefined && !state.column(name) ? as : name;
}

function keysOf(o: Of<'fillmissing'>, state: State, steps: readonly Operation[]): Key[] {
  const find = (name: Name): Column => {
    state.resolve(name);
    const key = name.name.toLowerCase();
    const column = state.parts.columns.find((c) => !c.hidden && !c.cells && c.name.toLowerCase() === key);
    if (!column) throw new QueryError('unknown-field', name.span, `The rows have no column ${quoted(name.name)}.`, 'Name a column that is shown.');
    return column;
  };
  const keys: Key[] = [];
  if (o.timeslice) {
    const column = find({ name: sliceName(o, state, steps), span: o.span });
    keys.push({ column, values: sql`SELECT arrayJoin(arrayMap(s -> toInt64(s * 1000), ${starts(o, state, steps)})) AS ${column.value.sql}` });
  }
  for (const { field, values } of o.keys) {
    const column = find(field);
    const made = values.length ? sql`SELECT arrayJoin(${constants(column, field, values)})` : sql`SELECT DISTINCT ${column.value.sql}`;
    keys.push({ column, values: values.length ? sql`${made} AS ${column.value.sql}` : sql`${made} FROM ${state.parts.from}` });
  }
  return keys;
}

/** Written values in the kind of their column. */
function constants(column: Column, field: Name, values: readonly string[]): Sql {
  if (column.value.kind === 'address') {
    if (values.some((value) => addressValue(value) === undefined))
      throw new QueryError('bad-value', field.span, `${quoted(field.name)} holds addresses.`, 'Write addresses in quotation marks, such as “"10.0.0.1"”.');
    return sql`arrayMap(a -> toIPv6(a), ${param('Array(String)', values)})`;
  }
  if (column.value.kind !== 'number') return param('Array(String)', values);
  const numbers = values.map(Number);
  if (numbers.some((n) => !Number.isFinite(n)))
    throw new QueryError('bad-value', field.span, `${quoted(field.name)} holds numbers.`, 'Write numbers in quotation marks, such as “"443"”.');
  return param('Array(Float64)', numbers);
}

/** Starts of the slices of the window, epoch seconds. */
function starts(o: Of<'fillmissing'>, state: State, steps: readonly Operation[]): Sql {
  const { options } = state.ctx;
  const { from, to } = options;
  if (from === null || to === null)
    throw new QueryError('needs-window', o.span, '“fillmissing” needs a time window with a start and an end.', 'Choose a window, or leave “timeslice” out.');
  const step = steps.findLast((s) => s.op === 'timeslice');
  const slice = o.timeslice?.slice ?? step?.slice;
  if (!slice)
    throw new QueryError(
      'needs-timeslice',
      o.span,
      'There is no step “timeslice” whose slices could be filled.',
      'Write their width: “fillmissing timeslice(5m)”.',
    );
  if ((to - from) / widthOf(slice, options, o.span) > MAX_FILLED)
    throw new QueryError(
      'too-many-rows',
      o.span,
      `The window has more than ${MAX_FILLED.toLocaleString('en-US')} slices.`,
      'Use longer slices, or a shorter window.',
    );
  return sliceStarts(slice, options, num(from), num(to), o.span);
}
