/** bin: numbers into ranges of one width, for distributions. */
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { numberOf } from '../numbers.ts';
import { printName } from '../print-expression.ts';
import { num, type Sql, sql } from '../sql.ts';
import { asNumber, number, text } from '../typed.ts';
import type { Operator } from './kinds.ts';

const OPTIONS = ['width', 'min', 'max'] as const;

function parseNumber(cursor: Cursor): number {
  const sign = cursor.take('-') ? -1 : 1;
  return sign * numberOf(cursor.kind('number', 'a number'));
}

export const bin: Operator<'bin'> = {
  keywords: ['bin'],
  syntax: 'bin field width=N[, min=N][, max=N] [as name]',
  doc: 'Puts numbers into ranges of one width, from min (else from 0): adds _bin_label (or the name behind as) such as [0, 100), _bin_lower and _bin_upper. What is below min is in the first range, what is above max in the last.',
  example: 'bin bytes width=1000, min=0, max=10000 | count by _bin_label, _bin_lower | sort +_bin_lower',
  parse: (cursor, start) => {
    const field = cursor.name();
    const given: { width?: number; min?: number; max?: number } = {};
    let as: string | undefined;
    while (!cursor.done) {
      cursor.take(',');
      if (cursor.is('as')) {
        as = cursor.alias();
        continue;
      }
      const option = OPTIONS.find((name) => cursor.is(name));
      if (!option) throw cursor.unexpected('“width=”, “min=” or “max=”');
      cursor.next();
      cursor.expect('=');
      given[option] = parseNumber(cursor);
    }
    const span = cursor.span(start);
    const { width, min, max } = given;
    if (width === undefined || !(width > 0)) throw new QueryError('wrong-arguments', span, '“bin” needs a width above zero.', 'Write “bin field width=100”.');
    if (min !== undefined && max !== undefined && min >= max) throw new QueryError('bad-value', span, '“min” must be below “max”.');
    return { op: 'bin', field, width, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }), ...(as === undefined ? {} : { as }), span };
  },
  print: (o) => {
    const bounds = `${o.min === undefined ? '' : `, min=${o.min}`}${o.max === undefined ? '' : `, max=${o.max}`}`;
    return `bin ${printName(o.field.name)} width=${o.width}${bounds}${o.as === undefined ? '' : ` as ${printName(o.as)}`}`;
  },
  apply: (o, before) => {
    const state = before.parts.limit === undefined ? before : before.finished();
    const base = num(o.min ?? 0);
    const [width, value] = [num(o.width), sql`toFloat64(${asNumber(state.resolve(o.field))})`];
    // A value that has no range below or above it moves into the first or last one.
    const raised = o.min === undefined ? value : sql`if(${value} < ${base}, ${base}, ${value})`;
    const index = sql`floor((${raised} - ${base}) / ${width})`;
    const last = o.max === undefined ? undefined : num(Math.ceil((o.max - (o.min ?? 0)) / o.width) - 1);
    const place = last ? sql`if(${index} > ${last}, ${last}, ${index})` : index;
    const lower = sql`(${base} + ${place} * ${width})`;
    const made = state.assign('_bin_lower', number(lower)).finished();
    const edge = made.resolve({ name: '_bin_lower', span: o.span }).sql;
    const upper = sql`(${edge} + ${width})`;
    const label = (of: Sql): Sql => sql`toString(${of})`;
    return made.assign('_bin_upper', number(upper)).assign(o.as ?? '_bin_label', text(sql`concat('[', ${label(edge)}, ', ', ${label(upper)}, ')')`));
  },
};
