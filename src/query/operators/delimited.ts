/** split, csv and keyvalue: parts of delimited text, and values by their key. */
import { QueryError } from '../diagnostics.ts';
import { printName, printString } from '../print-expression.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import type { Name } from '../tree.ts';
import { text } from '../typed.ts';
import { HELPER, optional, parseField, printFieldOf, printNames, printTail, subject } from './extract.ts';
import type { Operator } from './kinds.ts';

const DELIMITER = ',';
const QUOTE = '"';

function escaped(literal: string): string {
  return literal.replace(/[-.*+?^${}()|[\]\\/]/g, '\\$&');
}

export const split: Operator<'split'> = {
  keywords: ['split', 'csv'],
  syntax: 'split|csv field [delim="c"] [quote="c"] extract 1 as name, 3 as name  |  … extract name, _, name',
  doc: 'Takes parts of delimited text: commas, unless delim says otherwise; a part in quotes may hold the delimiter. A part that is not there has no value.',
  example: 'split interface_id delim="-" extract kind, id | count by kind',
  parse: (cursor, start, keyword) => {
    const field = cursor.name('a field, such as _raw');
    const options = { delim: DELIMITER, quote: QUOTE, escape: '\\' };
    while (!cursor.is('extract')) {
      const name = cursor.peek().value.toLowerCase();
      if (!(name in options) || !cursor.is('=', 1)) throw cursor.unexpected('extract');
      cursor.next();
      cursor.next();
      const value = cursor.kind('string', 'one character in quotation marks');
      if ([...value.value].length !== 1) throw new QueryError('wrong-type', value, 'This must be one character.');
      options[name as 'delim'] = value.value;
    }
    cursor.next();
    const parts: { index: number; name: string }[] = [];
    let index = 0;
    do {
      index = cursor.peek().kind === 'number' ? cursor.count() : index + 1;
      cursor.take('as');
      const { name } = cursor.name('a name');
      if (name !== '_') parts.push({ index, name });
    } while (cursor.take(','));
    return { op: 'split', fn: keyword as 'split', field, delimiter: options.delim, quote: options.quote, parts, span: cursor.span(start) };
  },
  print: (o) => {
    const options = [
      ...(o.delimiter === DELIMITER ? [] : [`delim=${printString(o.delimiter)}`]),
      ...(o.quote === QUOTE ? [] : [`quote=${printString(o.quote)}`]),
    ];
    return [o.fn, printName(o.field.name), ...options, 'extract', o.parts.map((p) => `${p.index} as ${printName(p.name)}`).join(', ')].join(' ');
  },
  apply: (o, before) => {
    const { state, source } = subject({ field: { node: 'field', ...o.field }, nodrop: true }, before, o.span);
    const [d, q] = [escaped(o.delimiter), escaped(o.quote)];
    // A delimiter in front makes every part, even an empty one, a match of at least one character.
    const parts = sql`extractAllGroupsVertical(concat(${param('String', o.delimiter)}, ifNull(${source}, '')), ${param('String', `(?s)${d}(?:${q}((?:[^${q}\\\\]|\\\\.)*)${q}|([^${d}]*))`)})`;
    const done = state.assign(HELPER, { sql: parts, kind: 'list' }, true).finished();
    const list = done.column(HELPER)?.value.sql as Sql;
    const named = o.parts.reduce((next, { index, name }) => {
      const part = sql`arrayElement(${list}, ${num(index)})`;
      const unquoted = sql`replaceRegexpAll(arrayElement(${part}, 1), '\\\\\\\\(.)', '\\\\1')`;
      return next.assign(name, text(sql`if(${num(index)} > length(${list}), NULL, concat(${unquoted}, arrayElement(${part}, 2)))`));
    }, done);
    return named.with({ columns: named.parts.columns.filter((c) => c.name !== HELPER) });
  },
};

/** Value behind a key: `key=value`, `key: "value"`, `"key" -> value`. */
function pairRegex(key: string): string {
  return `(?:^|[\\s,;{\\[("&?])"?${escaped(key)}"?\\s*(?:=|->|:)\\s*(?:"([^"]*)"|([^\\s,;}\\])&]+))`;
}

export const keyvalue: Operator<'keyvalue'> = {
  keywords: ['keyvalue', 'kv'],
  syntax: 'keyvalue|kv [infer] [field=name] [keys] "key", … [as name, …] [nodrop]',
  doc: 'Takes values by their key out of text such as key=value, key: "value" or key -> value. Without as, a column is called like the key, other characters than letters and digits replaced by _.',
  example: 'keyvalue "level", "user" nodrop | count by level',
  parse: (cursor, start) => {
    cursor.take('infer');
    let field = parseField(cursor);
    cursor.take('infer');
    cursor.take('keys');
    const keys: string[] = [];
    const made: Name[] = [];
    do {
      const token = cursor.kind('string', 'a key in quotation marks');
      keys.push(token.value);
      made.push({ name: token.value.replace(/\W/g, '_'), span: { start: token.start, end: token.end } });
    } while (cursor.take(','));
    const names = cursor.take('as') ? cursor.names('a name') : made;
    if (names.length !== keys.length)
      throw new QueryError('names-do-not-match', cursor.span(start), `There are ${keys.length} keys and ${names.length} names.`, 'Give one name for each key.');
    let nodrop = cursor.take('nodrop');
    field ??= parseField(cursor);
    nodrop ||= cursor.take('nodrop');
    return { op: 'keyvalue', keys, names, nodrop, ...optional(field), span: cursor.span(start) };
  },
  print: (o) => `keyvalue${printFieldOf(o)} ${o.keys.map(printString).join(', ')} as ${printNames(o.names)}${printTail(o)}`,
  apply: (o, before) => {
    const { state, source } = subject(o, before, o.span);
    const document = state.assign(HELPER, text(source), true).finished();
    const held = document.column(HELPER)?.value.sql as Sql;
    const found = o.keys.map((key) => sql`extractGroups(ifNull(${held}, ''), ${param('String', pairRegex(key))})`);
    const filtered = o.nodrop ? document : found.reduce((next, groups) => next.filter(sql`notEmpty(${groups})`), document);
    const done = o.names.reduce(
      (next, { name }, i) => next.assign(name, text(sql`if(empty(${found[i] as Sql}), NULL, arrayStringConcat(${found[i] as Sql}))`)),
      filtered,
    );
    return done.with({ columns: done.parts.columns.filter((c) => c.name !== HELPER) });
  },
};
