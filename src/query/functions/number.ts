/** Functions on numbers and conversions to them. What has no value, or is no number, gives none. */
import { num, type Sql, sql } from '../sql.ts';
import { asText, asWhole, nullable, type Typed } from '../typed.ts';
import type { Argument, QueryFunction } from './kinds.ts';

const NUMBER: Argument = { name: 'number', kind: 'number' };
/** Kilometres. */
const EARTH_RADIUS = 6372.8;
const ANY: Argument = { name: 'value', kind: 'any' };

function simple(name: string, template: (value: Sql) => Sql, doc: string): QueryFunction {
  return { name, args: [NUMBER], returns: 'number', sql: ([value]) => template(value as Sql), doc, example: `${name}(bytes / 3) as x` };
}

function ofTwo(name: string, names: readonly [string, string], template: (a: Sql, b: Sql) => Sql, doc: string): QueryFunction {
  const args = names.map((n): Argument => ({ name: n, kind: 'number' }));
  return { name, args, returns: 'number', sql: ([a, b]) => template(a as Sql, b as Sql), doc, example: `${name}(bytes, packets) as x` };
}

function toWhole(name: string): QueryFunction {
  return {
    name,
    args: [ANY],
    returns: 'number',
    sql: (_, __, [value]) => asWhole(value as Typed),
    doc: 'Whole number of 64 bits, cut; null when the text is no number, or a larger one.',
    example: `${name}(bytes / 3) as x`,
  };
}

/** Half away from zero, as people round; ClickHouse rounds half to even. */
function round(value: Sql, digits: Sql): Sql {
  return sql`(sign(toFloat64(${value})) * floor(abs(toFloat64(${value})) * pow(10, ${digits}) + 0.5) / pow(10, ${digits}))`;
}

/** A text that Java would read as a number: hexadecimal, octal, with an exponent or a type's letter. */
const JAVA_NUMBER = sql`'^[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*[lL]?|[1-9][0-9]*[lLfFdD]?|(?:[0-9]+\\\\.[0-9]*|\\\\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?|[0-9]+[eE][+-]?[0-9]+[fFdD]?)$'`;

function asked(name: string, template: (value: Typed) => Sql, doc: string): QueryFunction {
  return { name, args: [ANY], returns: 'boolean', sql: (_, __, [value]) => template(value as Typed), doc, example: `where ${name}(bytes)` };
}

const textOf = (value: Typed): Sql => sql`toString(${value.kind === 'text' ? nullable({ ...value, sql: asText(value) }) : asText(value)})`;

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
  simple('signum', (v) => sql`sign(${v})`, 'Sign: -1, 0 or 1.'),
  simple('sqrt', (v) => sql`sqrt(${v})`, 'Square root.'),
  simple('cbrt', (v) => sql`cbrt(${v})`, 'Cube root.'),
  simple('log', (v) => sql`log(${v})`, 'Natural logarithm.'),
  simple('log10', (v) => sql`log10(${v})`, 'Logarithm to base 10.'),
  simple('log1p', (v) => sql`log1p(${v})`, 'Natural logarithm of one more than the number.'),
  simple('exp', (v) => sql`exp(${v})`, 'e to the power.'),
  // The engine's exp(x) - 1 loses the digits of a small x; this identity keeps them.
  simple('expm1', (v) => sql`(2 * exp(toFloat64(${v}) / 2) * sinh(toFloat64(${v}) / 2))`, 'e to the power, less one.'),
  simple('sin', (v) => sql`sin(${v})`, 'Sine of an angle in radians.'),
  simple('cos', (v) => sql`cos(${v})`, 'Cosine of an angle in radians.'),
  simple('tan', (v) => sql`tan(${v})`, 'Tangent of an angle in radians.'),
  simple('asin', (v) => sql`asin(${v})`, 'Angle in radians of a sine.'),
  simple('acos', (v) => sql`acos(${v})`, 'Angle in radians of a cosine.'),
  simple('atan', (v) => sql`atan(${v})`, 'Angle in radians of a tangent.'),
  simple('sinh', (v) => sql`sinh(${v})`, 'Hyperbolic sine.'),
  simple('cosh', (v) => sql`cosh(${v})`, 'Hyperbolic cosine.'),
  simple('tanh', (v) => sql`tanh(${v})`, 'Hyperbolic tangent.'),
  simple('toDegrees', (v) => sql`degrees(${v})`, 'Degrees of an angle in radians.'),
  simple('toRadians', (v) => sql`radians(${v})`, 'Radians of an angle in degrees.'),
  ofTwo('atan2', ['y', 'x'], (y, x) => sql`atan2(toFloat64(${y}), toFloat64(${x}))`, 'Angle in radians of the point (x, y).'),
  ofTwo('hypot', ['x', 'y'], (x, y) => sql`hypot(toFloat64(${x}), toFloat64(${y}))`, 'Length of the vector (x, y).'),
  ofTwo('pow', ['number', 'exponent'], (value, exponent) => sql`pow(${value}, ${exponent})`, 'The number to a power.'),
  ofTwo(
    'min',
    ['a', 'b'],
    (a, b) => sql`if(isNull(${a}) OR isNull(${b}), NULL, least(toFloat64(${a}), toFloat64(${b})))`,
    'The smaller of two numbers; with one value it is the aggregate.',
  ),
  ofTwo(
    'max',
    ['a', 'b'],
    (a, b) => sql`if(isNull(${a}) OR isNull(${b}), NULL, greatest(toFloat64(${a}), toFloat64(${b})))`,
    'The larger of two numbers; with one value it is the aggregate.',
  ),
  { ...toWhole('toInt'), aliases: ['int'] },
  { ...toWhole('toLong'), aliases: ['long'] },
  { ...simple('toDouble', (v) => sql`toFloat64(${v})`, 'Number; null when the text is no number.'), aliases: ['double'] },
  { ...simple('num', (v) => sql`toFloat64(${v})`, 'Number; null when the text is no number.'), aliases: ['number'] },
  asked(
    'isNumeric',
    (value) => (value.kind === 'number' ? sql`isNotNull(${value.sql})` : sql`ifNull(match(${textOf(value)}, ${JAVA_NUMBER}), false)`),
    'Is the value a number, or a text that is one: 12, -1.5, 1e5, 0x1F, 017, 123L? A leading zero makes an octal number: 09 is none.',
  ),
  asked(
    'isNaN',
    (value) =>
      value.kind === 'number'
        ? sql`ifNull(isNaN(${value.sql}), false)`
        : sql`ifNull(trimBoth(${textOf(value)}) != '' AND isNaN(ifNull(toFloat64OrNull(${textOf(value)}), nan)), false)`,
    'Is the value given and no number?',
  ),
  asked(
    'isInfinity',
    (value) => (value.kind === 'number' ? sql`ifNull(isInfinite(${value.sql}), false)` : sql`ifNull(match(${textOf(value)}, '^[+-]?Infinity$'), false)`),
    'Is the value endless: Infinity or -Infinity?',
  ),
  {
    name: 'haversine',
    args: ['latitude1', 'longitude1', 'latitude2', 'longitude2'].map((name) => ({ name, kind: 'number' as const })),
    returns: 'number',
    sql: ([lat1, lon1, lat2, lon2]) => {
      const half = (a: Sql, b: Sql): Sql => sql`pow(sin(radians(toFloat64(${b}) - toFloat64(${a})) / 2), 2)`;
      const cosines = sql`cos(radians(toFloat64(${lat1 as Sql}))) * cos(radians(toFloat64(${lat2 as Sql})))`;
      const h = sql`(${half(lat1 as Sql, lat2 as Sql)} + ${cosines} * ${half(lon1 as Sql, lon2 as Sql)})`;
      return sql`(2 * ${num(EARTH_RADIUS)} * asin(sqrt(if(${h} > 1, 1, ${h}))))`;
    },
    doc: 'Distance of two places in kilometres along the surface of a sphere of 6372.8 km radius.',
    example: 'haversine(52.5, 13.4, 48.9, 2.35) as km',
  },
];
