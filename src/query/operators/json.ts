/** json: values of a JSON document by path; with multi, of a list in a row each; with auto, by every name that the rest of the query uses. */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import { printString } from '../print-expression.ts';
import { type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { text } from '../typed.ts';
import { hold, printFieldOf, printNames, printTail, readNamed, readTail, release, subject, type Tail, unfolded } from './extraction.ts';
import { findName, findPath, jsonPath, readable } from './json-path.ts';
import type { Of, Operator } from './kinds.ts';

export const json: Operator<'json'> = {
  keywords: ['json'],
  syntax: 'json [auto [maxdepth N] [extractarrays] [keys] [refonly]] [field=name] "path", … [as name, …] [nodrop] [multi]',
  doc: 'Takes values out of a JSON document by path: a.b, a[0].c, ["a b"], a[*].b (a JSON list). Without as, a column is called like the path. With multi, each item of the list that the one path finds gives a row. With auto, every name that later steps use and nothing else makes is a path into the document, in any letter case; no row is dropped.',
  example: 'json "message" as msg nodrop | count by msg',
  differs:
    'multi is of this language. auto adds no columns of its own: it finds the names that the query uses. ..key finds values by their key in the text. A number that neither 64 bits nor a double hold is a text of its digits, so that it stands in quotation marks in lists and objects.',
  parse: (cursor, start) => {
    const tail: Tail = { nodrop: false };
    let auto: Of<'json'>['auto'];
    let multi = false;
    const own = {
      auto: () => {
        auto = { arrays: false, only: false, ...auto };
      },
      maxdepth: () => {
        auto = { arrays: false, only: false, ...auto, depth: cursor.count('a depth') };
      },
      extractarrays: () => {
        auto = { only: false, ...auto, arrays: true };
      },
      refonly: () => {
        auto = { arrays: false, ...auto, only: true };
      },
      keys: () => {
        auto = { arrays: false, only: false, ...auto };
      },
      multi: () => {
        multi = true;
      },
    };
    readTail(cursor, tail, own);
    if (auto && !multi && cursor.done) return { op: 'json', multi, paths: [], names: [], auto, ...tail, span: cursor.span(start) };
    const { taken, names } = readNamed(cursor, 'a path in quotation marks', (token) => token.value);
    for (const token of taken)
      if (!jsonPath(token.value))
        throw new QueryError('bad-path', token, `${quoted(token.value)} is not a path.`, 'For example “userIdentity.arn” or “Records[0].name”.');
    readTail(cursor, tail, own);
    if (multi && (auto || taken.length > 1))
      throw new QueryError('names-do-not-match', cursor.span(start), '“multi” makes rows of one list.', 'For example “json "user.roles[*]" as role multi”.');
    return { op: 'json', multi, paths: taken.map((t) => t.value), names, ...(auto ? { auto } : {}), ...tail, span: cursor.span(start) };
  },
  print: (o) => {
    const list = o.paths.length ? ` ${o.paths.map(printString).join(', ')} as ${printNames(o.names)}` : '';
    if (!o.auto) return `json${printFieldOf(o)}${list}${printTail(o)}${o.multi ? ' multi' : ''}`;
    const { depth, arrays, only } = o.auto;
    return `json auto${printFieldOf(o)}${depth === undefined ? '' : ` maxdepth ${depth}`}${arrays ? ' extractarrays' : ''}${list && ` keys${list}`}${only ? ' refonly' : ''}${printTail(o)}`;
  },
  apply: (o, before) => {
    const { state: ready, source: value } = subject(o, before, o.span);
    const source = sql`ifNull(${value}, '')`;
    const document = readable(o.auto ? sql`if(startsWith(trimLeft(${source}), '{'), ${source}, extract(${source}, '(?s)\\\\{.*\\\\}'))` : source);
    // A field may be of another document: the conditions of all steps on the way must not become one.
    const { state, held } = o.field ? unfolded(ready, sql`[${document}]`, 'text') : hold(ready, document, 'text');
    if (o.auto) {
      const columns = o.paths.map((path, i) => ({ name: o.names[i]?.name ?? path, value: text(findName(held, path)) }));
      const open = o.auto.only ? state : state.opened(text(held), (name, document) => text(findName(sql`ifNull(${document}, '')`, name)));
      return release(open, columns);
    }
    if (o.multi) return itemsOf(o, state, held);
    const found = o.paths.map((path) => findPath(held, jsonPath(path) ?? [], () => state.ctx.fresh()));
    const filtered = o.nodrop ? state : found.reduce((next, { has }) => next.filter(sql`ifNull(${has}, false)`), state);
    return release(
      filtered,
      found.map(({ value }, i) => ({ name: o.names[i]?.name ?? '', value: text(value) })),
    );
  },
};

/** A row for each item of the list that the path finds; with nodrop one without a value where there is none. */
function itemsOf({ paths: [path = ''], names: [name], nodrop }: Of<'json'>, before: State, document: Sql): State {
  const list = sql`JSONExtractArrayRaw(ifNull(${findPath(document, jsonPath(path) ?? [], () => before.ctx.fresh()).value}, ''))`;
  const { state, held } = unfolded(before, nodrop ? sql`if(empty(${list}), [''], ${list})` : list, 'text');
  return release(state, [
    { name: name?.name ?? '', value: text(sql`if(startsWith(${held}, '"'), JSONExtractString(${held}), nullIf(nullIf(${held}, ''), 'null'))`) },
  ]);
}
