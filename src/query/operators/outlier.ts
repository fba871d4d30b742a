/**
 * outlier: slices that lie further from the trailing mean than so many trailing standard deviations.
 * The mean is that of the slices before the one that is judged. The newest slice may be incomplete and
 * is never judged.
 */
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { numberOf } from '../numbers.ts';
import { printName } from '../print-expression.ts';
import { num, type Sql, sql } from '../sql.ts';
import { asNumber, number } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';
import { byList, inOrder, over, printBy } from './window.ts';

type Settings = Pick<Of<'outlier'>, 'window' | 'threshold' | 'consecutive' | 'direction'>;

const DEFAULTS: Settings = { window: 10, threshold: 3, consecutive: 1, direction: '+-' };

function parseSettings(cursor: Cursor): Settings {
  const settings: { -readonly [K in keyof Settings]: Settings[K] } = { ...DEFAULTS };
  while (!cursor.done && !cursor.is('by')) {
    cursor.take(',');
    const name = cursor.peek().value.toLowerCase();
    if (cursor.peek().kind !== 'name' || !Object.hasOwn(DEFAULTS, name)) throw cursor.unexpected('“window=”, “threshold=”, “consecutive=” or “direction=”');
    cursor.next();
    cursor.expect('=');
    if (name === 'window' || name === 'consecutive') settings[name] = Math.min(cursor.count(), 1000);
    else if (name === 'threshold') settings.threshold = numberOf(cursor.kind('number', 'a number'));
    else {
      const up = cursor.take('+');
      const down = cursor.take('-');
      if (!up && !down) throw cursor.unexpected('“+-”, “+” or “-”');
      settings.direction = up && down ? '+-' : up ? '+' : '-';
    }
  }
  return settings;
}

export const outlier: Operator<'outlier'> = {
  keywords: ['outlier'],
  syntax: 'outlier field [by key, …] [window=10, threshold=3.0, consecutive=1, direction=+-]',
  doc: 'Marks unusual slices: adds name_mean, _std, _error (distance from the mean), _lower, _upper, _indicator (outside the bounds) and _violation (so many in a row).',
  example: 'timeslice 5m | count by _timeslice | outlier _count window=5, threshold=3',
  parse: (cursor, start) => {
    const field = cursor.name();
    const first = byList(cursor);
    const settings = parseSettings(cursor);
    const by = first.length ? first : byList(cursor);
    if (!cursor.done) throw cursor.unexpected('“window=”, “threshold=”, “consecutive=” or “direction=”');
    return { op: 'outlier', field, by, ...settings, span: cursor.span(start) };
  },
  print: (o) =>
    `outlier ${printName(o.field.name)}${printBy(o.by)} window=${o.window}, threshold=${o.threshold}, consecutive=${o.consecutive}, direction=${o.direction}`,
  apply: (o, before) => {
    const slice = before.parts.columns.find((c) => c.key && c.value.kind === 'time');
    if (!before.parts.grouped || !slice)
      throw new QueryError(
        'needs-timeslice',
        o.span,
        '“outlier” needs an aggregate by “_timeslice” before it.',
        'For example “timeslice 5m | count by _timeslice | outlier _count”.',
      );
    const name = o.field.name;
    const rows = inOrder(before.with({ order: [{ value: slice.value, descending: false }] }));
    const trailing = over(o.by, rows, sql`ROWS BETWEEN ${num(o.window)} PRECEDING AND 1 PRECEDING`);
    const value = asNumber(rows.resolve(o.field));
    const time = rows.resolve({ name: slice.name, span: o.span }).sql;
    const judged = sql`(${time} < max(${time}) OVER () AND count() ${trailing} > 1)`;
    const given = (result: Sql): Sql => sql`if(${judged}, ${result}, NULL)`;
    const based = rows
      .assign(`${name}_mean`, number(given(sql`avg(${value}) ${trailing}`)))
      .assign(`${name}_std`, number(given(sql`stddevSamp(${value}) ${trailing}`)))
      .finished();
    const column = (suffix: string): Sql => based.resolve({ name: `${name}_${suffix}`, span: o.span }).sql;
    const now = asNumber(based.resolve(o.field));
    const lower = sql`(${column('mean')} - ${num(o.threshold)} * ${column('std')})`;
    const upper = sql`(${column('mean')} + ${num(o.threshold)} * ${column('std')})`;
    const outside = { '+-': sql`(${now} < ${lower} OR ${now} > ${upper})`, '+': sql`(${now} > ${upper})`, '-': sql`(${now} < ${lower})` }[o.direction];
    const marked = based
      .assign(`${name}_error`, number(sql`(${now} - ${column('mean')})`))
      .assign(`${name}_lower`, number(lower))
      .assign(`${name}_upper`, number(upper))
      .assign(`${name}_indicator`, number(sql`toUInt8(ifNull(${outside}, false))`))
      .finished();
    const indicator = marked.resolve({ name: `${name}_indicator`, span: o.span }).sql;
    const run = sql`sum(${indicator}) ${over(o.by, marked, sql`ROWS BETWEEN ${num(o.consecutive - 1)} PRECEDING AND CURRENT ROW`)}`;
    return marked.assign(`${name}_violation`, number(sql`toUInt8(${run} >= ${num(o.consecutive)})`)).finished();
  },
};
