/** parse and parse regex: columns out of text by an anchor text or by a regular expression. */

import { counted } from '../../model/wording.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printString } from '../print-expression.ts';
import { anchorRegex, checkedRegex, namedGroups, withoutLooks, withoutNames } from '../regex.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import type { Span } from '../tree.ts';
import { text } from '../typed.ts';
import { type Extraction, hold, printFieldOf, printNames, printTail, readTail, release, subject, type Tail, unfolded } from './extraction.ts';
import type { Operator } from './kinds.ts';
import { parsedFromColumns } from './pushdown.ts';

interface Group {
  readonly name: string;
  /** Numbers of the groups that give the value, from 1: the first that is not empty. */
  readonly indexes: readonly number[];
}

/** Adds the groups of the first match as columns; with multi, of every match in a row of its own. */
function addGroups(o: Extraction, before: State, pattern: string, groups: readonly Group[], span: Span, multi = false): State {
  const { state: ready, source } = subject(o, before, span);
  const regex = param('String', pattern);
  const all = sql`extractAllGroupsVertical(${source}, ${regex})`;
  const { state, held } = multi ? unfolded(ready, o.nodrop ? orOneEmpty(all) : all, 'list') : hold(ready, sql`extractGroups(${source}, ${regex})`, 'list');
  const columns = groups.map(({ name, indexes }) => {
    const value = groupValue(held, indexes);
    return { name, value: text(o.nodrop ? sql`if(empty(${held}), NULL, ${value})` : value) };
  });
  return release(o.nodrop ? state : state.filter(sql`notEmpty(${held})`), columns);
}

function groupValue(held: Sql, indexes: readonly number[]): Sql {
  const values = indexes.map((index) => sql`arrayElement(${held}, ${num(index)})`);
  return values.length === 1 ? (values[0] as Sql) : sql`arrayFirst(v -> v != '', [${join(values, ', ')}])`;
}

function orOneEmpty(list: Sql): Sql {
  return sql`if(empty(${list}), [[]], ${list})`;
}

const BARE = /^[\w.*/:-]+$/;

/** A pattern without quotation marks and spaces, as queries of metrics have it behind `field=`: `requests_*`. */
function bare(cursor: Cursor): string | undefined {
  let pattern = '';
  if (cursor.is('as')) return undefined;
  for (let end = cursor.peek().start; cursor.peek().start === end && ['name', 'symbol'].includes(cursor.peek().kind) && BARE.test(cursor.peek().value); ) {
    const token = cursor.next();
    pattern += token.value;
    end = token.end;
  }
  return pattern || undefined;
}

export const parse: Operator<'parse'> = {
  keywords: ['parse'],
  syntax: 'parse [anchor] [field=name] "text * text" as name, … [nodrop] [, "text *" as name, …]',
  doc: 'Takes what stands at each * of an anchor text. Several patterns separated by commas are several steps.',
  example: 'parse "* * * * * *" as a, b, c, d, e, f | count by c',
  differs: 'Each step without nodrop drops the rows that it misses, also behind steps with nodrop.',
  parse: (cursor, start) => {
    cursor.take('anchor');
    if (cursor.is('using'))
      throw new QueryError('not-supported', cursor.peek(), 'Ready-made parsers are not supported.', 'Write the pattern: “parse "* - *" as a, b”.');
    const tail: Tail = { nodrop: false };
    readTail(cursor, tail);
    const pattern = (tail.field && bare(cursor)) ?? cursor.kind('string', 'the pattern in quotation marks').value;
    readTail(cursor, tail);
    cursor.expect('as');
    const names = cursor.labels('a name');
    readTail(cursor, tail);
    const stars = pattern.split('*').length - 1;
    if (stars !== names.length) {
      throw new QueryError(
        'names-do-not-match',
        cursor.span(start),
        `The pattern has ${counted(stars, 'star')}, and there ${names.length === 1 ? 'is' : 'are'} ${counted(names.length, 'name')}.`,
        'Give one name for each “*”.',
      );
    }
    return { op: 'parse', pattern, names, ...tail, span: cursor.span(start) };
  },
  print: (o) => `parse${printFieldOf(o)} ${printString(o.pattern)} as ${printNames(o.names)}${printTail(o)}`,
  apply: (o, state) =>
    parsedFromColumns(o, state, o.span) ??
    addGroups(
      o,
      state,
      anchorRegex(state.ctx.fill(o.pattern, o.span)),
      o.names.map(({ name }, i) => ({ name, indexes: [i + 1] })),
      o.span,
    ),
};

export const parseRegex: Operator<'parse-regex'> = {
  keywords: ['extract'],
  syntax: 'parse regex|extract [field=name] "pattern with (?<name>…)" [nodrop] [multi]',
  doc: 'Takes the named groups of a regular expression (RE2); with multi every match gives a row. Groups of one name in alternatives give one column.',
  example: 'parse regex "(?<eni>eni-[0-9a-f]+)" | count by eni',
  differs:
    'Without multi, a look-ahead at the end or before .* and a look-behind at the beginning are taken as parts of the match; others are not part of RE2.',
  parse: (cursor, start) => {
    const tail: Tail = { nodrop: false };
    let multi = false;
    const own = {
      multi: () => {
        multi = true;
      },
    };
    readTail(cursor, tail, own);
    const pattern = cursor.kind('string', 'the pattern in quotation marks');
    readTail(cursor, tail, own);
    const source = pattern.raw ?? pattern.value;
    const patternSpan = { start: pattern.start, end: pattern.end };
    if (namedGroups(source).length === 0)
      throw new QueryError('bad-regex', patternSpan, 'The pattern has no named group.', 'Write “(?<name>…)” around what you want.');
    return { op: 'parse-regex', pattern: source, patternSpan, multi, ...tail, span: cursor.span(start) };
  },
  print: (o) => `parse regex${printFieldOf(o)} "${o.pattern.replace(/\\.|"/g, (c) => (c === '"' ? '\\"' : c))}"${printTail(o)}${o.multi ? ' multi' : ''}`,
  apply: (o, state) => {
    // Patterns of other engines are right in the public language.
    const plain = (pattern: string): string => (o.multi ? pattern : withoutLooks(pattern));
    const source = state.ctx.fill(o.pattern, o.patternSpan);
    return addGroups(o, state, withoutNames(checkedRegex(plain(source), o.patternSpan)), namedGroups(source), o.span, o.multi);
  },
};
