/** split, csv and keyvalue: parts of delimited text, and values by their key. */
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName, printString } from '../print-expression.ts';
import { checkedRegex } from '../regex.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import type { Span } from '../tree.ts';
import { text } from '../typed.ts';
import { hold, printFieldOf, printNames, printTail, readNamed, readTail, release, subject, type Tail } from './extraction.ts';
import type { Of, Operator } from './kinds.ts';

const DEFAULTS = { delim: ',', quote: '"', escape: '\\' };

function escaped(literal: string): string {
  return literal.replace(/[-.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** `delim=':', quote="'"`, with or without commas between them, up to extract. */
function splitOptions(cursor: Cursor): typeof DEFAULTS {
  const options = { ...DEFAULTS };
  while (!cursor.is('extract')) {
    const name = cursor.peek().value.toLowerCase();
    const key = name === 'delimiter' ? 'delim' : name;
    if (!Object.hasOwn(options, key) || !cursor.is('=', 1)) throw cursor.unexpected('“extract”');
    cursor.next();
    cursor.next();
    const value = cursor.kind('string', 'a character in quotation marks');
    if (value.value === '' || (key !== 'delim' && [...value.value].length !== 1)) throw new QueryError('wrong-type', value, 'This must be one character.');
    options[key as 'delim'] = value.value;
    cursor.take(',');
  }
  return options;
}

export const split: Operator<'split'> = {
  keywords: ['split', 'csv'],
  syntax: 'split|csv field [delim="c"] [quote="c"] [escape="c"] extract 1 as name, 3 as name  |  … extract name, _, name',
  doc: 'Takes parts of delimited text: commas, unless delim says otherwise; a part in quotes may hold the delimiter. A part that is not there has no value.',
  example: 'split interface_id delim="-" extract kind, id | count by kind',
  differs: 'delim may be several characters; then nothing is quoted.',
  parse: (cursor, start, keyword) => {
    const tail: Tail = { nodrop: false };
    readTail(cursor, tail);
    const field = tail.field?.node === 'field' ? { name: tail.field.name, span: tail.field.span } : cursor.name('a field such as “_raw”');
    const options = splitOptions(cursor);
    cursor.expect('extract');
    const parts: { index: number; name: string }[] = [];
    let index = 0;
    do {
      const numbered = cursor.peek().kind === 'number' && cursor.peek().suffix === undefined;
      index = numbered ? cursor.count() : index + 1;
      cursor.take('as');
      const { name } = cursor.label('a name');
      if (name !== '_') parts.push({ index, name });
    } while (cursor.take(','));
    readTail(cursor, tail);
    return {
      op: 'split',
      fn: keyword as 'split',
      field,
      delimiter: options.delim,
      quote: options.quote,
      escape: options.escape,
      parts,
      span: cursor.span(start),
    };
  },
  print: (o) => {
    const options = [
      ...(o.delimiter === DEFAULTS.delim ? [] : [`delim=${printString(o.delimiter)}`]),
      ...(o.quote === DEFAULTS.quote ? [] : [`quote=${printString(o.quote)}`]),
      ...(o.escape === DEFAULTS.escape ? [] : [`escape=${printString(o.escape)}`]),
    ];
    return [o.fn, printName(o.field.name), ...options, 'extract', o.parts.map((p) => `${p.index} as ${printName(p.name)}`).join(', ')].join(' ');
  },
  apply: (o, before) => {
    const { state: ready, source } = subject({ field: { node: 'field', ...o.field }, nodrop: true }, before, o.span);
    // No text has no parts, not one that is empty.
    const { state, held } = hold(ready, sql`if(isNull(${source}), [], ${splitList(o, source)})`, 'list');
    return release(
      state,
      o.parts.map(({ index, name }) => ({
        name,
        value: text(sql`if(${num(index)} > length(${held}), NULL, ${partOf(o, sql`arrayElement(${held}, ${num(index)})`)})`),
      })),
    );
  },
};

function splitList(o: Of<'split'>, source: Sql): Sql {
  if ([...o.delimiter].length > 1) return sql`splitByString(${param('String', o.delimiter)}, ifNull(${source}, ''))`;
  const [d, q, e] = [escaped(o.delimiter), escaped(o.quote), escaped(o.escape)];
  // A delimiter in front makes every part, even an empty one, a match of at least one character.
  return sql`extractAllGroupsVertical(concat(${param('String', o.delimiter)}, ifNull(${source}, '')), ${param('String', `(?s)${d}(?:${q}((?:[^${q}${e}]|${e}.)*)${q}|([^${d}]*))`)})`;
}

function partOf(o: Of<'split'>, part: Sql): Sql {
  if ([...o.delimiter].length > 1) return part;
  const unquoted = sql`replaceRegexpAll(arrayElement(${part}, 1), ${param('String', `${escaped(o.escape)}(.)`)}, '\\\\1')`;
  return sql`concat(${unquoted}, arrayElement(${part}, 2))`;
}

/** Value behind a key: `key=value`, `key: "value"`, `"key" -> value`. */
function pairRegex(key: string, delimiter: string | undefined): string {
  const between = delimiter === undefined ? '(?:=|->|:)' : escaped(delimiter);
  return `(?:^|[\\s,;{\\[("&?|])"?${escaped(key)}"?\\s*${between}\\s*(?:"([^"]*)"|([^\\s,;}\\])&|]+))`;
}

/** The value behind a key, NULL when there is none. */
function behindKey(o: Of<'keyvalue'>, document: Sql, key: string): Sql {
  if (!o.regex) {
    const groups = sql`extractGroups(${document}, ${param('String', pairRegex(key, o.delimiter))})`;
    return sql`if(empty(${groups}), NULL, arrayStringConcat(${groups}))`;
  }
  const regex = param('String', o.regex.source);
  const name = param('String', key);
  if (groupsOf(o.regex.source) > 1) {
    const pairs = sql`arrayFilter(g -> trimBoth(arrayElement(g, 1)) = ${name}, extractAllGroupsVertical(${document}, ${regex}))`;
    return sql`if(empty(${pairs}), NULL, arrayElement(arrayElement(${pairs}, 1), 2))`;
  }
  const behind = sql`substring(${document}, position(${document}, ${name}) + length(${name}))`;
  return sql`if(position(${document}, ${name}) = 0 OR NOT match(${behind}, ${regex}), NULL, extract(${behind}, ${regex}))`;
}

/** Capturing groups of a regular expression. */
function groupsOf(source: string): number {
  return (
    source
      .replace(/\\./g, '')
      .replace(/\[[^\]]*\]/g, '')
      .match(/\((?!\?)/g) ?? []
  ).length;
}

export const keyvalue: Operator<'keyvalue'> = {
  keywords: ['keyvalue', 'kv'],
  syntax: 'keyvalue|kv [infer|auto|regex "pattern"] [delim="c"] [field=name] [keys] "key", … [as name, …] [refonly] [nodrop]',
  doc: 'Takes values by their key out of text such as key=value, key: "value" or key -> value, or by a regular expression of the value (one group) or of key and value (two groups). Without as, a column is called like the key, other characters than letters and digits replaced by _. With auto, every name that later steps use and nothing else makes is a key; no row is dropped.',
  example: 'keyvalue "level", "user" nodrop | count by level',
  differs: 'auto adds no columns of its own: it finds the names that the query uses.',
  parse: (cursor, start) => {
    const tail: Tail = { nodrop: false };
    const more: { auto?: { only: boolean }; regex?: { source: string; span: Span }; delimiter?: string } = {};
    const delimiter = () => {
      cursor.take('=');
      more.delimiter = cursor.kind('string', 'a delimiter in quotation marks').value;
    };
    const own = {
      infer: () => {},
      keys: () => {},
      auto: () => {
        more.auto = { only: false, ...more.auto };
      },
      refonly: () => {
        more.auto = { only: true };
      },
      regex: () => {
        const token = cursor.kind('string', 'a regular expression in quotation marks');
        const span = { start: token.start, end: token.end };
        const source = checkedRegex(token.raw ?? token.value, span);
        if (groupsOf(source) === 0)
          throw new QueryError('bad-regex', span, 'The pattern has no group.', 'Write parentheses around the value: “"user=(\\w+)"”.');
        more.regex = { source, span };
        cursor.take(',');
      },
      delim: delimiter,
      kvdelimiter: delimiter,
    };
    readTail(cursor, tail, own);
    if (more.auto && cursor.done) return { op: 'keyvalue', keys: [], names: [], ...more, ...tail, span: cursor.span(start) };
    const { taken, names } = readNamed(cursor, 'a key in quotation marks', (token) => token.value.replace(/\W/g, '_'));
    readTail(cursor, tail, own);
    return { op: 'keyvalue', keys: taken.map((t) => t.value), names, ...more, ...tail, span: cursor.span(start) };
  },
  print: (o) => {
    const mode = o.regex ? ` regex "${o.regex.source.replace(/\\.|"/g, (c) => (c === '"' ? '\\"' : c))}"` : o.auto ? ' auto' : '';
    const list = o.keys.length ? ` keys ${o.keys.map(printString).join(', ')} as ${printNames(o.names)}` : '';
    const delimiter = o.delimiter === undefined ? '' : ` delim=${printString(o.delimiter)}`;
    return `keyvalue${mode}${printFieldOf(o)}${delimiter}${list}${o.auto?.only ? ' refonly' : ''}${printTail(o)}`;
  },
  apply: (o, before) => {
    const { state: ready, source } = subject(o, before, o.span);
    const { state, held } = hold(ready, sql`ifNull(${source}, '')`, 'text');
    const found = o.keys.map((key) => behindKey(o, held, key));
    const filtered = o.nodrop || o.auto ? state : found.reduce((next, value) => next.filter(sql`isNotNull(${value})`), state);
    const open = o.auto && !o.auto.only ? filtered.opened(text(held), (name, value) => text(behindKey(o, value, name))) : filtered;
    return release(
      open,
      found.map((value, i) => ({ name: o.names[i]?.name ?? '', value: text(value) })),
    );
  },
};
