/** Functions that ask whether there is a value. Three kinds of emptiness, as in the public language. */
import { join, type Sql, sql } from '../sql.ts';
import { alike, asText, isNull, nullable, type Typed } from '../typed.ts';
import type { Argument, QueryFunction } from './kinds.ts';

const ANY: Argument = { name: 'value', kind: 'any' };

export const LOGIC_FUNCTIONS: readonly QueryFunction[] = [
  {
    name: 'isNull',
    args: [ANY],
    returns: 'boolean',
    sql: (_, __, [value]) => isNull(value as Typed),
    doc: 'Is there no value?',
    example: 'where !isNull(instance_id)',
  },
  {
    name: 'isEmpty',
    args: [ANY],
    returns: 'boolean',
    sql: (_, __, [value]) => sql`(${isNull(value as Typed)} OR ${asText(value as Typed)} = '')`,
    doc: 'Is there no value, or a text without characters?',
    example: 'where !isEmpty(instance_id)',
  },
  {
    name: 'isBlank',
    args: [ANY],
    returns: 'boolean',
    sql: (_, __, [value]) => sql`(${isNull(value as Typed)} OR match(${asText(value as Typed)}, '^\\s*$'))`,
    doc: 'Is there no value, or only spaces?',
    example: 'where !isBlank(instance_id)',
  },
  {
    name: 'ifNull',
    args: [ANY, { name: 'other', kind: 'any' }],
    returns: 'text',
    sql: (_, __, [value, other]) => {
      const [a, b] = [value as Typed, other as Typed];
      // Either may be a field that a record does not have.
      const given = (v: Typed): Sql => nullable({ ...v, sql: asText(v), kind: 'text' });
      return a.kind === 'number' && b.kind === 'number'
        ? { sql: sql`ifNull(${join(alike([a, b]), ', ')})`, kind: 'number' }
        : { sql: sql`ifNull(${given(a)}, ${given(b)})`, kind: 'text' };
    },
    doc: 'The value, or the other one when there is none.',
    example: 'ifNull(instance_id, "none") as instance',
  },
  {
    name: 'coalesce',
    args: [ANY, { name: 'other', kind: 'any', many: true }],
    returns: 'text',
    sql: (_, __, values) => {
      const numbers = values.every((value) => value.kind === 'number');
      const given = numbers ? alike(values) : values.map((value) => nullable({ ...value, sql: asText(value), kind: 'text' }));
      return { sql: sql`coalesce(${join(given, ', ')})`, kind: numbers ? 'number' : 'text' };
    },
    doc: 'The first of the values that there is.',
    example: 'coalesce(pkt_srcaddr, srcaddr) as sender',
    differs: 'An addition: events name the same thing by different paths.',
  },
];
