/** Functions on text. Positions count from 0, as in the public language. */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { readable } from '../operators/json-path.ts';
import { groupCount, namedGroups } from '../regex.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { Expr } from '../tree.ts';
import { FORMAT } from './format.ts';
import type { Argument, QueryFunction } from './kinds.ts';

const TEXT: Argument = { name: 'text', kind: 'text' };

function simple(name: string, template: (value: Sql) => Sql, doc: string, aliases: readonly string[] = []): QueryFunction {
  return { name, aliases, args: [TEXT], returns: 'text', sql: ([value]) => template(value as Sql), doc, example: `${name}(action) as x` };
}

/** Positions are whole numbers from 0; a constant that is none is a mistake. */
function checkPositions(args: readonly Expr[]): void {
  const [start, end] = args.map((arg) => (arg.node === 'literal' ? Number(arg.value) : undefined));
  const wrong = (start ?? 0) < 0 ? args[0] : end !== undefined && end < (start ?? 0) ? args[1] : undefined;
  if (wrong) throw new QueryError('bad-value', wrong.span, 'The part of a text must start at 0 or later, and end where it starts or later.');
}

/** `$1`, `${name}` and `$0` of a replacement in the engine's syntax, `\1`. Throws QueryError. */
function replacement(pattern: Expr & { node: 'regex' }, by: Expr): Sql | undefined {
  if (by.node !== 'literal' || typeof by.value !== 'string') return undefined;
  const groups = namedGroups(pattern.source);
  const made = by.value.replace(/\\(.)|\$(\d)|\$\{(\w+)\}|\\/gs, (found, escaped?: string, digit?: string, name?: string) => {
    if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped;
    const asked = digit ?? name;
    if (asked === undefined) return '\\\\';
    const index = /^\d$/.test(asked) ? Number(asked) : groups.find((g) => g.name === asked)?.indexes[0];
    if (index === undefined || index > Math.min(9, groupCount(pattern.source)))
      throw new QueryError('bad-value', by.span, `The pattern has no group ${quoted(found)}.`, 'Groups are “(…)” and “(?<name>…)”; nine can be named.');
    return `\\${index}`;
  });
  return param('String', made);
}

/** The same of a text that a row makes: `$1` becomes `\\1`, `\\$` a dollar sign (kept apart as a control character); what names no group, and other backslashes, stay what they are. */
function computedReplacement(pattern: string, by: Sql): Sql {
  const apart = sql`replaceAll(replaceAll(${by}, '\\\\$', '\\x01'), '\\\\', '\\\\\\\\')`;
  return sql`replaceAll(replaceRegexpAll(${apart}, ${param('String', `\\$([0-${Math.min(9, groupCount(pattern))}])`)}, '\\\\\\\\\\\\1'), '\\x01', '$')`;
}

const linked = (url: Sql, name: Sql): Sql => sql`if(match(${url}, '^https?://[^\\\\s()]+$'), concat('[', ${name}, '](', ${url}, ')'), ${name})`;

export const TEXT_FUNCTIONS: readonly QueryFunction[] = [
  simple('toLowerCase', (v) => sql`lowerUTF8(${v})`, 'Text in lower case.', ['lower']),
  simple('toUpperCase', (v) => sql`upperUTF8(${v})`, 'Text in upper case.', ['upper']),
  simple('trim', (v) => sql`trimBoth(${v}, ' \\t\\n\\r\\f')`, 'Text without white space at both ends.'),
  simple('toString', (v) => sql`toString(${v})`, 'The value as text.'),
  { ...simple('length', (v) => sql`lengthUTF8(${v})`, 'Number of characters.'), returns: 'number' },
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
  FORMAT,
  {
    name: 'substring',
    args: [TEXT, { name: 'start', kind: 'number' }, { name: 'end', kind: 'number', optional: true }],
    returns: 'text',
    sql: ([value, start, end], { call }) => {
      checkPositions(call.args.slice(1));
      const from = sql`toInt64(${start as Sql})`;
      if (!end) return sql`if(ifNull(${from} < 0, true), NULL, substringUTF8(${value as Sql}, greatest(${from}, 0) + 1))`;
      const length = sql`(toInt64(${end}) - ${from})`;
      return sql`if(ifNull(${from} < 0 OR ${length} < 0, true), NULL, substringUTF8(${value as Sql}, greatest(${from}, 0) + 1, greatest(${length}, 0)))`;
    },
    doc: 'Characters from start (0 is the first) up to, not including, end.',
    example: 'substring(interface_id, 0, 3) as kind',
  },
  {
    name: 'replace',
    args: [TEXT, { name: 'what', kind: 'pattern' }, { name: 'by', kind: 'text' }],
    returns: 'text',
    sql: ([value, what, by], { call }) => {
      const [, pattern, written] = call.args;
      if (pattern?.node !== 'regex' || !written) return sql`replaceAll(${value as Sql}, ${what as Sql}, ${by as Sql})`;
      const to = replacement(pattern, written) ?? computedReplacement(pattern.source, by as Sql);
      return sql`replaceRegexpAll(${value as Sql}, ${what as Sql}, ${to})`;
    },
    doc: `Every occurrence of a text or /regex/ replaced. In the replacement $1 is the first group, \${name} a named one, $0 the whole match, \\\\$ a dollar sign.`,
    example: `replace(interface_id, /eni-(?<id>\\w+)/, "\${id}") as id`,
  },
  {
    name: 'contains',
    args: [TEXT, { name: 'part', kind: 'text' }],
    returns: 'boolean',
    sql: ([value, part]) => sql`ifNull(if(${part as Sql} = '', ${value as Sql} = '', position(${value as Sql}, ${part as Sql}) > 0), false)`,
    doc: 'Does the text contain the part, in the same letter case? An empty part is in an empty text only.',
    example: 'where contains(interface_id, "eni")',
  },
  {
    name: 'tourl',
    args: [
      { name: 'url', kind: 'text' },
      { name: 'name', kind: 'text' },
      { name: 'prefix', kind: 'text', optional: true },
      { name: 'suffix', kind: 'text', optional: true },
    ],
    returns: 'text',
    sql: ([url, name, prefix, suffix], { call }) => {
      if (prefix && !suffix) throw new QueryError('wrong-arguments', call.span, 'A prefix needs a suffix.', 'Write “""” for no suffix.');
      const shown = prefix && suffix ? sql`concat(${prefix}, ${name as Sql}, ${suffix})` : (name as Sql);
      return { sql: linked(url as Sql, shown), kind: 'text', link: true };
    },
    doc: 'A link with a short name: the text `[name](url)`, which tables show as the name and open when it is clicked. An address that does not begin with http:// or https://, or has spaces or parentheses, gives the name alone.',
    example: 'tourl(concat("https://example.com/?ip=", srcaddr), srcaddr, "About ", "") as page | count by page',
  },
  {
    name: 'luhn',
    args: [TEXT],
    returns: 'boolean',
    sql: ([value]) => {
      const digits = sql`reverse(replaceRegexpAll(ifNull(${value as Sql}, ''), '[^0-9]', ''))`;
      const sum = sql`arraySum((d, i) -> if(i % 2 = 1, toUInt8(d), if(toUInt8(d) > 4, toUInt8(d) * 2 - 9, toUInt8(d) * 2)), extractAll(${digits}, '[0-9]'), arrayEnumerate(extractAll(${digits}, '[0-9]')))`;
      return sql`(${digits} != '' AND ${sum} % 10 = 0)`;
    },
    doc: 'Are the digits of the text a number with a right check digit, as those of credit cards? Other characters are left out.',
    example: 'where luhn(account_id)',
  },
  {
    name: 'levenshtein',
    args: [TEXT, { name: 'other', kind: 'text' }],
    returns: 'number',
    sql: ([a, b]) => sql`levenshteinDistanceUTF8(${a as Sql}, ${b as Sql})`,
    doc: 'Characters to insert, remove or replace until the texts are equal.',
    example: 'levenshtein(action, "ACCEPT") as distance',
    differs: 'the public language has no such function.',
  },
  {
    name: 'jsonArrayContains',
    args: [TEXT, { name: 'item', kind: 'text' }],
    returns: 'boolean',
    sql: ([list, item]) =>
      sql`ifNull(has(arrayMap(e -> if(startsWith(e, '"'), JSONExtractString(concat('[', e, ']'), 1), e), JSONExtractArrayRaw(${readable(sql`ifNull(${list as Sql}, '')`)})), ${item as Sql}), false)`,
    doc: 'Is the text an item of the JSON array?',
    example: 'where jsonArrayContains("[\\"ACCEPT\\"]", action)',
  },
  {
    name: 'jsonArraySize',
    args: [TEXT],
    returns: 'number',
    sql: ([list]) => {
      const document = readable(sql`ifNull(${list as Sql}, '')`);
      return sql`if(ifNull(toString(JSONType(${document})), '') = 'Array', toInt64(JSONLength(${document})), ${num(-1)})`;
    },
    doc: 'Number of items of a JSON array; -1 where there is none.',
    example: 'jsonArraySize("[1, 2, 3]") as n',
  },
];
