/** format(): printf in the syntax that the public language takes (Java's Formatter), piece by piece in SQL. */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { Span } from '../tree.ts';
import { asNumber, asText, asWhole, nullable, type Typed } from '../typed.ts';
import type { QueryFunction } from './kinds.ts';

/** Values that one call may format. */
const MAX_VALUES = 16;
const MAX_WIDTH = 1000;

interface Specifier {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly conversion: string;
}

type Conversion = (value: Typed, specifier: Specifier) => Sql;

const text: Conversion = (value, { precision }) => {
  const shown = sql`toString(${value.kind === 'text' ? nullable({ ...value, sql: asText(value) }) : asText(value)})`;
  return precision === undefined ? shown : sql`substringUTF8(${shown}, 1, ${num(precision)})`;
};

const whole: Conversion = (value, specifier) => signed(asWhole(value), (absolute) => sql`toString(${absolute})`, specifier);

const decimal: Conversion = (value, specifier) => {
  const digits = Math.min(specifier.precision ?? 6, 40);
  const number = sql`toFloat64(${asNumber(value)})`;
  // Half away from zero; beyond a double's digits there is nothing to round.
  const factor = num(10 ** Math.min(digits, 15));
  const made = (absolute: Sql): Sql => {
    const rounded = digits > 15 ? absolute : sql`(floor(${absolute} * ${factor} + 0.5) / ${factor})`;
    return sql`printf(${param('String', `%.${digits}f`)}, ${rounded})`;
  };
  return signed(number, made, specifier);
};

const scientific: Conversion = (value, specifier) =>
  signed(
    sql`toFloat64(${asNumber(value)})`,
    (absolute) => sql`printf(${param('String', `%.${Math.min(specifier.precision ?? 6, 40)}e`)}, ${absolute})`,
    specifier,
  );

const hexadecimal: Conversion = (value, { flags }) => {
  const digits = sql`replaceRegexpOne(lower(hex(${asWhole(value)})), '^0+(.)', '\\\\1')`;
  return flags.includes('#') ? sql`concat('0x', ${digits})` : digits;
};

/** Sign, thousands and leading zeros of a number. */
function signed(number: Sql, made: (absolute: Sql) => Sql, { flags, width }: Specifier): Sql {
  const digits = made(sql`abs(${number})`);
  const grouped = flags.includes(',')
    ? sql`concat(trimLeft(reverse(replaceRegexpAll(reverse(splitByChar('.', ${digits})[1]), '([0-9]{3})', '\\\\1,')), ','), substring(${digits}, length(splitByChar('.', ${digits})[1]) + 1))`
    : digits;
  const plus = flags.includes('+') ? sql`'+'` : flags.includes(' ') ? sql`' '` : sql`''`;
  const [before, behind] = flags.includes('(') ? [sql`'('`, sql`')'`] : [sql`'-'`, sql`''`];
  const zeros = flags.includes('0') && width > 0;
  const padded = zeros
    ? sql`leftPad(${grouped}, greatest(toInt64(${num(width)} - if(${number} < 0, length(${before}) + length(${behind}), length(${plus}))), toInt64(length(${grouped}))), '0')`
    : grouped;
  return sql`if(${number} < 0, concat(${before}, ${padded}, ${behind}), concat(${plus}, ${padded}))`;
}

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  s: text,
  d: whole,
  f: decimal,
  e: scientific,
  x: hexadecimal,
  b: (value, specifier) => text(value, specifier),
  c: (value) => sql`substringUTF8(${text(value, { flags: '', width: 0, precision: undefined, conversion: 's' })}, 1, 1)`,
};

function one(value: Typed, specifier: Specifier): Sql {
  const { flags, width, conversion } = specifier;
  const convert = CONVERSIONS[conversion.toLowerCase()] as Conversion;
  const made = convert(value, specifier);
  const cased = conversion === conversion.toUpperCase() ? sql`upperUTF8(${made})` : made;
  if (width === 0) return cased;
  const size = sql`greatest(${num(width)}, lengthUTF8(${cased}))`;
  return flags.includes('-') ? sql`rightPadUTF8(${cased}, ${size})` : sql`leftPadUTF8(${cased}, ${size})`;
}

/** Texts and values of a format. Throws QueryError `bad-value` for what it cannot say. */
function compileFormat(format: string, values: readonly Typed[], span: Span): Sql {
  const fail = (message: string, hint: string): never => {
    throw new QueryError('bad-value', span, message, hint);
  };
  const parts: Sql[] = [];
  let next = 0;
  for (const [run, index, flags = '', width, precision, conversion = ''] of format.matchAll(
    /%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%]|$)|[^%]+/g,
  )) {
    if (!run.startsWith('%')) parts.push(param('String', run));
    else if (conversion === '%') parts.push(sql`'%'`);
    else if (conversion === 'n') parts.push(sql`'\\n'`);
    else {
      if (!CONVERSIONS[conversion.toLowerCase()] || 'DFB'.includes(conversion || '-'))
        fail(`${quoted(run)} is not a known format.`, 'There are “%s”, “%d”, “%f”, “%e”, “%x”, “%b”, “%c”, “%n” and “%%”; for dates use “formatDate”.');
      const value = values[index === undefined ? next++ : Number(index) - 1];
      if (!value) fail(`There is no value for ${quoted(run)} of the format.`, 'Give one value for each “%” of the format.');
      if (Number(width ?? 0) > MAX_WIDTH) fail(`${quoted(run)} is too wide.`, `A width may have at most ${MAX_WIDTH} characters.`);
      parts.push(one(value as Typed, { flags, width: Number(width ?? 0), precision: precision === undefined ? undefined : Number(precision), conversion }));
    }
  }
  return sql`concat('', ${join(parts.length ? parts : [sql`''`], ', ')})`;
}

export const FORMAT: QueryFunction = {
  name: 'format',
  args: [
    { name: 'format', kind: 'text' },
    { name: 'value', kind: 'any', many: true, optional: true },
  ],
  returns: 'text',
  sql: (_, { call }, [, ...values]) => {
    const [format] = call.args;
    if (format?.node !== 'literal' || typeof format.value !== 'string')
      throw new QueryError('wrong-type', format?.span ?? call.span, 'The format must be written as text.', 'For example “format("%s:%d", srcaddr, srcport)”.');
    if (values.length > MAX_VALUES) throw new QueryError('wrong-arguments', call.span, `“format” takes at most ${MAX_VALUES} values.`);
    return compileFormat(format.value, values, format.span);
  },
  doc: 'Values as text by a format: %s text, %d whole number, %.2f number, %,d with thousands, %05d with zeros, %x hexadecimal, %e, %b, %c, %S in upper case, %-10s to a width, %2$s by place.',
  example: 'format("%s:%05d %,.1f KiB", srcaddr, srcport, bytes / 1024) as line',
  differs: 'a missing value, or a text that is no number where one is wanted, gives no value instead of an error.',
};
