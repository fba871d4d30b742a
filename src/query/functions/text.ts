/** Functions on text. Positions count from 0, as in the public language. */
import { join, type Sql, sql } from '../sql.ts';
import type { Argument, QueryFunction } from './kinds.ts';

const TEXT: Argument = { name: 'text', kind: 'text' };

function simple(name: string, template: (value: Sql) => Sql, doc: string, returns: QueryFunction['returns'] = 'text'): QueryFunction {
  return { name, args: [TEXT], returns, sql: ([value]) => template(value as Sql), doc, example: `${name}(action) as x` };
}

export const TEXT_FUNCTIONS: readonly QueryFunction[] = [
  simple('toLowerCase', (v) => sql`lowerUTF8(${v})`, 'Text in lower case.'),
  simple('toUpperCase', (v) => sql`upperUTF8(${v})`, 'Text in upper case.'),
  simple('trim', (v) => sql`trimBoth(${v})`, 'Text without spaces at both ends.'),
  simple('length', (v) => sql`lengthUTF8(${v})`, 'Number of characters.', 'number'),
  simple('urldecode', (v) => sql`decodeURLComponent(${v})`, 'Text with percent-encoding resolved.'),
  simple('base64Decode', (v) => sql`tryBase64Decode(${v})`, 'Text decoded from base64; empty when it is none.'),
  {
    name: 'concat',
    args: [{ ...TEXT, many: true }],
    returns: 'text',
    sql: (values) =>
      sql`concat('', ${join(
        values.map((v) => sql`ifNull(${v}, '')`),
        ', ',
      )})`,
    doc: 'All values as one text; what has no value adds nothing.',
    example: 'concat(srcaddr, ":", srcport) as endpoint',
  },
  {
    name: 'substring',
    args: [TEXT, { name: 'start', kind: 'number' }, { name: 'end', kind: 'number', optional: true }],
    returns: 'text',
    sql: ([value, start, end]) =>
      end
        ? sql`substringUTF8(${value as Sql}, toInt64(${start as Sql}) + 1, greatest(toInt64(${end}) - toInt64(${start as Sql}), 0))`
        : sql`substringUTF8(${value as Sql}, toInt64(${start as Sql}) + 1)`,
    doc: 'Characters from start (0 is the first) up to, not including, end.',
    example: 'substring(interface_id, 0, 3) as kind',
  },
  {
    name: 'replace',
    args: [TEXT, { name: 'what', kind: 'pattern' }, { name: 'by', kind: 'text' }],
    returns: 'text',
    sql: ([value, what, by], { call }) =>
      call.args[1]?.node === 'regex'
        ? sql`replaceRegexpAll(${value as Sql}, ${what as Sql}, replaceRegexpAll(${by as Sql}, '\\$(\\d)', '\\\\\\1'))`
        : sql`replaceAll(${value as Sql}, ${what as Sql}, ${by as Sql})`,
    doc: 'Every occurrence of a text or /regex/ replaced; $1 in the replacement is the first group.',
    example: 'replace(interface_id, "eni-", "") as id',
  },
  {
    name: 'contains',
    args: [TEXT, { name: 'part', kind: 'text' }],
    returns: 'boolean',
    sql: ([value, part]) => sql`(position(${value as Sql}, ${part as Sql}) > 0)`,
    doc: 'Does the text contain the part, in the same letter case?',
    example: 'where contains(interface_id, "eni")',
  },
];
