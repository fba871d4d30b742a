/**
 * predict: a straight line through the slices (least squares), and its values for some slices behind the
 * last one. The auto-regressive model adds to the line what the distances of the slices before it from
 * the line say of the next one (Yule-Walker equations, solved by Levinson's recursion), so that it learns
 * cycles. Slices between the first and the last that no record made count as zero.
 */

import { quoted } from '../../model/wording.ts';
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { EMPTY, join, num, param, type Sql, sql } from '../sql.ts';
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

export const predict: Operator<'predict'> = {
  keywords: ['predict'],
  syntax: 'predict field by duration [model=linear | ar] [ar.window=N] [forecast=N | duration]',
  doc: 'A straight line through the slices (least squares): adds name_predicted and name_error (predicted less actual), and rows for the next slices (three, unless forecast says otherwise, at most 100). model=ar adds to the line, then called name_linear, what the ar.window slices before each say of it (two fifths of all, at most 100, unless written; never more than half). Needs an aggregate by _timeslice alone; slices without records count as zero.',
  example: 'timeslice 5m | count by _timeslice | predict _count by 5m forecast=2',
  differs: 'the error of model=ar is that of its own prediction, not of the line.',
  parse: (cursor, start) => {
    const field = cursor.name();
    cursor.expect('by');
    const every = parseWidth(cursor);
    let forecast: Forecast = { count: DEFAULT_FORECAST };
    let model: Of<'predict'>['model'] = 'linear';
    let window: number | undefined;
    while (!cursor.done) {
      cursor.take(',');
      const option = (['model', 'forecast', 'ar.window'] as const).find((name) => cursor.is(name));
      if (!option) throw cursor.unexpected('“model=”, “ar.window=” or “forecast=”');
      cursor.next();
      cursor.expect('=');
      if (option === 'forecast') forecast = parseForecast(cursor);
      else if (option === 'ar.window') window = cursor.count('a number of slices');
      else if (cursor.take('ar')) model = 'ar';
      else if (!cursor.take('linear')) throw cursor.unexpected('“linear” or “ar”');
    }
    const span = cursor.span(start);
    if (window !== undefined && model === 'linear')
      throw new QueryError('wrong-arguments', span, 'A straight line has no window.', 'Write “model=ar, ar.window=5”.');
    return { op: 'predict', field, every, model, ...(window === undefined ? {} : { window }), forecast, span };
  },
  print: (o) => {
    const model = o.model === 'linear' ? '' : ` model=ar${o.window === undefined ? '' : `, ar.window=${o.window}`}`;
    const forecast = 'count' in o.forecast ? o.forecast.count : o.forecast.text;
    return `predict ${printName(o.field.name)} by ${'text' in o.every ? o.every.text : ''}${model} forecast=${forecast}`;
  },
  apply: (o, before, around) => {
    const slice = before.parts.columns.find((c) => c.key && c.value.kind === 'time');
    const keys = before.parts.columns.filter((c) => c.key);
    if (!before.parts.grouped || !slice || keys.length > 1) {
      const message =
        slice && keys.length > 1
          ? '“predict” needs one row for each slice: an aggregate by “_timeslice” alone.'
          : '“predict” needs an aggregate by “_timeslice” before it.';
      throw new QueryError('needs-timeslice', o.span, message, 'For example “timeslice 5m | count by _timeslice | predict _count by 5m”.');
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
  throw new QueryError('bad-value', o.span, '“predict” must go by the slices of the rows.', `Write ${quoted(`predict ${o.field.name} by ${text}`)}.`);
}

function line(o: Of<'predict'>, state: State, sliceName: string): State {
  const { ctx } = state;
  const width = widthOf(o.every, ctx.options, o.span);
  const ahead = 'count' in o.forecast ? o.forecast.count : Math.max(1, Math.round(o.forecast.seconds / width));
  if (ahead > MAX_FORECAST) throw new QueryError('too-many-rows', o.span, `“predict” looks at most ${MAX_FORECAST} slices ahead.`);
  const slice = state.column(sliceName) as Column;
  const time = slice.value.sql;
  const value = asNumber(state.resolve(o.field));
  const shown = state.parts.columns.filter((c) => !c.hidden && !c.cells && c !== slice);
  const { from } = state.parts;
  const ends = sql`(SELECT intDiv(min(${time}), 1000) AS first, intDiv(max(${time}), 1000) AS final FROM ${from} HAVING count() > 0 AND throwIf((final - first) / ${num(width)} > ${num(MAX_SLICES)}, ${param('String', `bartizan-limit:${MAX_SLICES}`)}) = 0)`;
  const behind = sql`(final + ${num(ahead * width + Math.ceil(width / 2))})`;
  const tail = (of: (c: Column) => Sql): Sql => (shown.length ? sql`, ${join(shown.map(of), ', ')}` : EMPTY);
  const grid = sql`SELECT arrayJoin(${sliceStarts(o.every, ctx.options, sql`first`, behind, o.span)}) * 1000 AS ${time}, CAST(NULL, 'Nullable(Float64)') AS value, 0 AS there${tail((c) => sql`${c.value.kind === 'list' ? sql`[]` : sql`NULL`} AS ${c.value.sql}`)} FROM ${ends}`;
  const there = sql`SELECT ${time}, toFloat64(${value}) AS value, 1 AS there${tail((c) => c.value.sql)} FROM ${from}`;
  const made = new Map(shown.map((c) => [c, ctx.fresh()] as const));
  const kept = tail((c) => sql`${c.value.kind === 'list' ? sql`groupArrayArray` : sql`anyOrNull`}(${c.value.sql}) AS ${made.get(c) as Sql}`);
  const rows = sql`SELECT ${time}, anyOrNull(value) AS given, max(there) AS recorded${kept} FROM (${there} UNION ALL (${grid})) GROUP BY ${time}`;
  const numbered = sql`SELECT *, ${time} <= maxIf(${time}, recorded = 1) OVER () AS known, if(known, ifNull(given, 0), NULL) AS actual, toFloat64(row_number() OVER (ORDER BY ${time})) AS x FROM (${rows})`;
  const sums = sql`SELECT *, countIf(known) OVER () AS n, sumIf(x, known) OVER () AS sx, sumIf(actual, known) OVER () AS sy, sumIf(x * x, known) OVER () AS sxx, sumIf(x * actual, known) OVER () AS sxy FROM (${numbered})`;
  const slope = sql`if(n * sxx = sx * sx, 0, (n * sxy - sx * sy) / (n * sxx - sx * sx))`;
  const fitted = sql`(SELECT *, ${slope} AS slope, (sy - slope * sx) / n + slope * x AS predicted FROM (${sums}))`;
  const name = o.field.name;
  const isField = (c: Column): boolean => c.name.toLowerCase() === name.toLowerCase();
  const predicted = o.model === 'ar' ? sql`(predicted + swing)` : sql`predicted`;
  const added: Column[] = [
    { name: `${name}_predicted`, value: number(predicted) },
    ...(o.model === 'ar' ? [{ name: `${name}_linear`, value: number(sql`predicted`) }] : []),
    { name: `${name}_error`, value: number(sql`(${predicted} - actual)`) },
  ];
  // Those of the same name, such as outlier's error, give way.
  const columns: Column[] = [
    slice,
    ...shown
      .filter((c) => !added.some((a) => a.name.toLowerCase() === c.name.toLowerCase()))
      .map((c): Column => ({ ...c, value: isField(c) ? number(sql`actual`) : { ...plain(c.value), sql: made.get(c) as Sql } })),
    ...added,
  ];
  const lines = o.model === 'ar' ? sql`${fitted} AS line INNER JOIN ${swings(fitted, o.window, ahead)} AS swings ON line.x = swings.at` : fitted;
  return state.with({ from: lines, where: [], columns, order: [{ value: slice.value, descending: false }], limit: undefined }).finished();
}

/**
 * A relation of `at` (number of the slice from 1) and `swing`: what the slices before say of a slice's distance
 * from the line. Of the first slices, which have too few before them, it is zero.
 */
function swings(fitted: Sql, window: number | undefined, ahead: number): Sql {
  const distances = sql`SELECT arrayMap(pair -> tupleElement(pair, 2), arraySort(groupArrayIf((x, assumeNotNull(actual - predicted)), known))) AS d FROM ${fitted}`;
  const wanted = window === undefined ? sql`least(100, intDiv(length(d) * 2, 5))` : num(window);
  const depth = sql`SELECT d, toInt64(least(${wanted}, intDiv(length(d), 2))) AS p FROM (${distances})`;
  const likeness = sql`SELECT d, p, arrayMap(k -> arrayDotProduct(arraySlice(d, 1, length(d) - k), arraySlice(d, 1 + k)), range(0, p + 1)) AS r FROM (${depth})`;
  // Levinson: from the best prediction by k - 1 slices the one by k, and what it leaves unexplained.
  const next = sql`if(tupleElement(acc, 2) <= 1e-9 * r[1], 0, (r[k + 1] - arraySum((f, q) -> f * q, tupleElement(acc, 1), arrayReverse(arraySlice(r, 2, k - 1)))) / tupleElement(acc, 2))`;
  const step = sql`arrayMap(w -> (arrayConcat(arrayMap((f, b) -> f - w * b, tupleElement(acc, 1), arrayReverse(tupleElement(acc, 1))), [w]), tupleElement(acc, 2) * (1 - w * w)), [${next}])[1]`;
  const weights = sql`SELECT d, p, tupleElement(arrayFold((acc, k) -> ${step}, range(1, p + 1), (CAST([], 'Array(Float64)'), r[1])), 1) AS weights FROM (${likeness})`;
  const before = (list: Sql, at: Sql): Sql => sql`arraySum((f, v) -> f * v, weights, arrayReverse(arraySlice(${list}, ${at} - p, p)))`;
  const extended = sql`SELECT p, weights, arrayFold((acc, h) -> arrayConcat(acc, [${before(sql`acc`, sql`toInt64(length(acc)) + 1`)}]), range(1, ${num(ahead + 1)}), d) AS d FROM (${weights})`;
  const each = sql`SELECT arrayMap(i -> if(i <= p OR p = 0, 0., ${before(sql`d`, sql`i`)}), range(1, toInt64(length(d)) + 1)) AS swing FROM (${extended})`;
  return sql`(SELECT toFloat64(at) AS at, swing FROM (${each}) ARRAY JOIN swing, arrayEnumerate(swing) AS at)`;
}
