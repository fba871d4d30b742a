/**
 * predict: a straight line through the slices (least squares), and its values for some slices behind the
 * last one. Slices between the first and the last that no record made count as zero.
 */
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { EMPTY, join, num, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Operation } from '../tree.ts';
import { asNumber, number } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';
import { parseWidth, sliceStarts, widthOf } from './timeslice.ts';

const DEFAULT_FORECAST = 3;
const MAX_FORECAST = 100;
/** Slices that a model may be made of. */
const MAX_SLICES = 10_000;

type Forecast = Of<'predict'>['forecast'];

function parseForecast(cursor: Cursor): Forecast {
  if (!cursor.peek().suffix) return { count: cursor.count('a number of slices, or a duration') };
  const { seconds, text } = cursor.duration();
  return { seconds, text };
}

/** `model=linear`: the only one there is. */
function parseModel(cursor: Cursor): void {
  const token = cursor.peek();
  if (cursor.take('linear')) return;
  if (!cursor.is('ar')) throw cursor.unexpected('linear');
  const hint = 'Leave model=ar out: predict draws a straight line. Or compare with earlier windows: compare timeshift 1d 7 avg';
  throw new QueryError('not-supported', token, 'The auto-regressive model is not supported.', hint);
}

export const predict: Operator<'predict'> = {
  keywords: ['predict'],
  syntax: 'predict field by duration [model=linear] [forecast=N | duration]',
  doc: 'A straight line through the slices (least squares): adds name_predicted and name_error (predicted less actual), and rows for the next slices (three, unless forecast says otherwise, at most 100). Needs an aggregate by _timeslice alone; slices without records count as zero.',
  example: 'timeslice 5m | count by _timeslice | predict _count by 5m forecast=2',
  differs: 'model=ar is not supported.',
  parse: (cursor, start) => {
    const field = cursor.name();
    cursor.expect('by');
    const every = parseWidth(cursor);
    let forecast: Forecast = { count: DEFAULT_FORECAST };
    while (!cursor.done) {
      cursor.take(',');
      const option = (['model', 'forecast', 'ar.window'] as const).find((name) => cursor.is(name));
      if (!option) throw cursor.unexpected('model= or forecast=');
      cursor.next();
      cursor.expect('=');
      if (option === 'forecast') forecast = parseForecast(cursor);
      else if (option === 'model') parseModel(cursor);
      else cursor.count();
    }
    return { op: 'predict', field, every, forecast, span: cursor.span(start) };
  },
  print: (o) =>
    `predict ${printName(o.field.name)} by ${'text' in o.every ? o.every.text : ''} forecast=${'count' in o.forecast ? o.forecast.count : o.forecast.text}`,
  apply: (o, before, around) => {
    const slice = before.parts.columns.find((c) => c.key && c.value.kind === 'time');
    const keys = before.parts.columns.filter((c) => c.key);
    if (!before.parts.grouped || !slice || keys.length > 1) {
      const message =
        slice && keys.length > 1
          ? 'predict needs one row for each slice: an aggregate by _timeslice alone.'
          : 'predict needs an aggregate by _timeslice before it.';
      throw new QueryError('needs-timeslice', o.span, message, 'For example: timeslice 5m | count by _timeslice | predict _count by 5m');
    }
    checkWidth(o, before, around.steps);
    return line(o, before.finished(), slice.name);
  },
};

/** Slices of the model are those of the rows. */
function checkWidth(o: Of<'predict'>, state: State, steps: readonly Operation[]): void {
  const { options } = state.ctx;
  const made = steps.findLast((step) => step.op === 'timeslice');
  const width = widthOf(o.every, options, o.span);
  if (!made || widthOf(made.slice, options, o.span) === width) return;
  const text = 'text' in made.slice ? made.slice.text : `${widthOf(made.slice, options, o.span)}s`;
  throw new QueryError('bad-value', o.span, 'predict must go by the slices of the rows.', `Write predict ${o.field.name} by ${text}`);
}

function line(o: Of<'predict'>, state: State, sliceName: string): State {
  const { ctx } = state;
  const width = widthOf(o.every, ctx.options, o.span);
  const ahead = 'count' in o.forecast ? o.forecast.count : Math.max(1, Math.round(o.forecast.seconds / width));
  if (ahead > MAX_FORECAST) throw new QueryError('too-many-rows', o.span, `predict looks at most ${MAX_FORECAST} slices ahead.`);
  const slice = state.column(sliceName) as Column;
  const time = slice.value.sql;
  const value = asNumber(state.resolve(o.field));
  const shown = state.parts.columns.filter((c) => !c.hidden && !c.cells && c !== slice);
  const { from } = state.parts;
  const ends = sql`(SELECT intDiv(min(${time}), 1000) AS first, intDiv(max(${time}), 1000) AS final FROM ${from} HAVING count() > 0)`;
  const behind = sql`(final + ${num(ahead * width + Math.ceil(width / 2))})`;
  const tail = (of: (c: Column) => Sql): Sql => (shown.length ? sql`, ${join(shown.map(of), ', ')}` : EMPTY);
  const grid = sql`SELECT arrayJoin(${sliceStarts(o.every, ctx.options, sql`first`, behind, o.span)}) * 1000 AS ${time}, CAST(NULL, 'Nullable(Float64)') AS value${tail((c) => sql`NULL AS ${c.value.sql}`)} FROM ${ends} LIMIT ${num(MAX_SLICES + MAX_FORECAST)}`;
  const there = sql`SELECT ${time}, toFloat64(${value}) AS value${tail((c) => c.value.sql)} FROM ${from}`;
  const made = new Map(shown.map((c) => [c, ctx.fresh()] as const));
  const kept = tail((c) => sql`anyOrNull(${c.value.sql}) AS ${made.get(c) as Sql}`);
  const last = sql`(SELECT max(${time}) FROM ${from})`;
  const rows = sql`SELECT ${time}, anyOrNull(value) AS given${kept} FROM (${there} UNION ALL (${grid})) GROUP BY ${time}`;
  const numbered = sql`SELECT *, ${time} <= ${last} AS known, if(known, ifNull(given, 0), NULL) AS actual, toFloat64(row_number() OVER (ORDER BY ${time})) AS x FROM (${rows})`;
  const sums = sql`SELECT *, countIf(known) OVER () AS n, sumIf(x, known) OVER () AS sx, sumIf(actual, known) OVER () AS sy, sumIf(x * x, known) OVER () AS sxx, sumIf(x * actual, known) OVER () AS sxy FROM (${numbered})`;
  const slope = sql`if(n * sxx = sx * sx, 0, (n * sxy - sx * sy) / (n * sxx - sx * sx))`;
  const fitted = sql`SELECT *, ${slope} AS slope, (sy - slope * sx) / n + slope * x AS predicted FROM (${sums})`;
  const name = o.field.name;
  const isField = (c: Column): boolean => c.name.toLowerCase() === name.toLowerCase();
  const columns: Column[] = [
    slice,
    ...shown.map((c): Column => ({ ...c, value: isField(c) ? number(sql`actual`) : { ...plain(c.value), sql: made.get(c) as Sql } })),
    { name: `${name}_predicted`, value: number(sql`predicted`) },
    { name: `${name}_error`, value: number(sql`(predicted - actual)`) },
  ];
  return state.with({ from: sql`(${fitted})`, where: [], columns, order: [{ value: slice.value, descending: false }], limit: undefined }).finished();
}
