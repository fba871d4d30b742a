/** Functions on numbers and conversions to them. */
import { type Sql, sql } from '../sql.ts';
import type { Argument, QueryFunction } from './kinds.ts';

const NUMBER: Argument = { name: 'number', kind: 'number' };

function simple(name: string, template: (value: Sql) => Sql, doc: string): QueryFunction {
  return { name, args: [NUMBER], returns: 'number', sql: ([value]) => template(value as Sql), doc, example: `${name}(bytes / 3) as x` };
}

/** Half away from zero, as people round; ClickHouse rounds half to even. */
function round(value: Sql, digits: Sql): Sql {
  return sql`(sign(toFloat64(${value})) * floor(abs(toFloat64(${value})) * pow(10, ${digits}) + 0.5) / pow(10, ${digits}))`;
}

export const NUMBER_FUNCTIONS: readonly QueryFunction[] = [
  {
    name: 'round',
    args: [NUMBER, { name: 'digits', kind: 'number', optional: true }],
    returns: 'number',
    sql: ([value, digits]) => round(value as Sql, digits ?? sql`0`),
    doc: 'Nearest whole number, or with that many digits behind the point; half goes away from zero.',
    example: 'round(bytes / 1024, 2) as kb',
  },
  simple('floor', (v) => sql`floor(${v})`, 'Largest whole number that is not above.'),
  simple('ceil', (v) => sql`ceil(${v})`, 'Smallest whole number that is not below.'),
  simple('abs', (v) => sql`abs(${v})`, 'Value without its sign.'),
  simple('sqrt', (v) => sql`sqrt(${v})`, 'Square root.'),
  simple('log', (v) => sql`log(${v})`, 'Natural logarithm.'),
  simple('log10', (v) => sql`log10(${v})`, 'Logarithm to base 10.'),
  simple('exp', (v) => sql`exp(${v})`, 'e to the power.'),
  {
    name: 'pow',
    args: [NUMBER, { name: 'exponent', kind: 'number' }],
    returns: 'number',
    sql: ([value, exponent]) => sql`pow(${value as Sql}, ${exponent as Sql})`,
    doc: 'The number to a power.',
    example: 'pow(2, 10) as x',
  },
  simple('toInt', (v) => sql`toInt64(trunc(${v}))`, 'Whole number, cut; null when the text is no number.'),
  simple('toLong', (v) => sql`toInt64(trunc(${v}))`, 'Whole number, cut; null when the text is no number.'),
  simple('toDouble', (v) => sql`toFloat64(${v})`, 'Number; null when the text is no number.'),
  simple('num', (v) => sql`toFloat64(${v})`, 'Number; null when the text is no number.'),
  {
    name: 'haversine',
    args: ['latitude1', 'longitude1', 'latitude2', 'longitude2'].map((name) => ({ name, kind: 'number' as const })),
    returns: 'number',
    sql: ([lat1, lon1, lat2, lon2]) =>
      sql`(greatCircleDistance(toFloat64(${lon1 as Sql}), toFloat64(${lat1 as Sql}), toFloat64(${lon2 as Sql}), toFloat64(${lat2 as Sql})) / 1000)`,
    doc: 'Distance of two places in kilometres along the surface.',
    example: 'haversine(52.5, 13.4, 48.9, 2.35) as km',
  },
];
