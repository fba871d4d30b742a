/**
 * sessionize: records that belong together because a value of one stands in the next. Each pattern takes
 * values out of `_raw`; `$name` in it stands for a value that a pattern before it took.
 */

import { counted, quoted } from '../../model/wording.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName, printString } from '../print-expression.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Name, Span } from '../tree.ts';
import { asText, text } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

const MAX_PATTERNS = 8;

type Pattern = Of<'sessionize'>['patterns'][number];

/** What a pattern takes, in its order: a new name for each `*`, and the names that it uses. */
interface Taken {
  readonly regex: string;
  readonly names: readonly { readonly name: string; readonly used: boolean }[];
}

function parsePattern(cursor: Cursor): Pattern {
  const { start } = cursor.peek();
  const open = cursor.take('(');
  const { value } = cursor.kind('string', 'a pattern in quotation marks');
  if (open) cursor.expect(')');
  cursor.expect('as');
  const grouped = cursor.take('(');
  const names = cursor.names('a name');
  if (grouped) cursor.expect(')');
  const span = cursor.span(start);
  const stars = value.split('*').length - 1;
  if (stars !== names.length)
    throw new QueryError(
      'names-do-not-match',
      span,
      `The pattern has ${counted(stars, 'star')}, and there ${names.length === 1 ? 'is' : 'are'} ${counted(names.length, 'name')}.`,
      'Give one name for each “*”.',
    );
  return { text: value, names, span };
}

export const sessionize: Operator<'sessionize'> = {
  keywords: ['sessionize'],
  syntax: 'sessionize "text * text" as (name, …), "text $name text *" as (name, …), …',
  doc: 'Puts records together: each pattern takes values out of _raw, and $name in a later one is a value that one before it took. A row is one record of each pattern with the same values; its columns are all names.',
  example: 'sessionize "10.0.0.1 * 40000" as (server), "$server * 443" as (client)',
  differs: 'a name that two patterns take must have the same value in both, and counts as used in the second.',
  parse: (cursor, start) => {
    const patterns = [parsePattern(cursor)];
    while (cursor.take(',')) patterns.push(parsePattern(cursor));
    if (patterns.length > MAX_PATTERNS) throw new QueryError('wrong-arguments', cursor.span(start), `“sessionize” takes at most ${MAX_PATTERNS} patterns.`);
    return { op: 'sessionize', patterns, span: cursor.span(start) };
  },
  print: (o) => `sessionize ${o.patterns.map((p) => `${printString(p.text)} as (${p.names.map((n) => printName(n.name)).join(', ')})`).join(', ')}`,
  apply: (o, before) => {
    if (!before.parts.stored)
      throw new QueryError('field-not-grouped', o.span, '“sessionize” reads records, and the query has grouped them.', 'Put it before the aggregate.');
    const known: Name[] = [];
    const taken = o.patterns.map((pattern) => take(pattern, known));
    return joined(taken, before, o.span);
  },
};

/** Names are added to `known`. Throws QueryError for a `$name` that nothing took. */
function take({ text: pattern, names, span }: Pattern, known: Name[]): Taken {
  const fresh = [...names];
  const found: { name: string; used: boolean }[] = [];
  const isKnown = (name: string): boolean => known.some((k) => k.name === name);
  const parts = pattern.split(/(\*|\$[A-Za-z_]\w*)/);
  const last = parts.length - 1;
  const regex = parts.map((part, i) => {
    if (part === '*') {
      const { name } = fresh.shift() as Name;
      found.push({ name, used: isKnown(name) });
    } else if (/^\$[A-Za-z_]\w*$/.test(part)) {
      const name = part.slice(1);
      if (!isKnown(name)) throw new QueryError('unknown-field', span, `No pattern before this one takes ${quoted(name)}.`);
      found.push({ name, used: true });
    } else return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    // Where nothing stands before or behind it, a value is one word.
    return (i === 1 && parts[0] === '') || (i === last - 1 && parts[last] === '') ? '(\\S*)' : '(.*?)';
  });
  known.push(...names.filter((name) => !isKnown(name.name)));
  return { regex: `(?s)${regex.join('')}`, names: found };
}

function joined(patterns: readonly Taken[], before: State, span: Span): State {
  const { ctx } = before;
  const state = before.parts.limit === undefined ? before : before.finished();
  const source = sql`toString(${asText(state.resolve({ name: '_raw', span }))})`;
  const columns: Column[] = [];
  let from: Sql | undefined;
  for (const { regex, names } of patterns) {
    const groups = ctx.fresh();
    const ids = names.map(() => ctx.fresh());
    const list = names.map((_, i) => sql`arrayElement(${groups}, ${num(i + 1)}) AS ${ids[i] as Sql}`);
    const rows = sql`(${state.select([sql`extractGroups(${source}, ${param('String', regex)}) AS ${groups}`])})`;
    const select = sql`(SELECT DISTINCT ${list.length ? join(list, ', ') : sql`1`} FROM ${rows} WHERE notEmpty(${groups}))`;
    const equal = names.flatMap(({ name, used }, i) => {
      const earlier = columns.find((c) => c.name === name);
      if (earlier) return used ? [sql`${earlier.value.sql} = ${ids[i] as Sql}`] : [];
      columns.push({ name, value: text(ids[i] as Sql) });
      return [];
    });
    const right = sql`${select} AS ${ctx.fresh()}`;
    if (from && equal.length === 0) {
      const hint = 'Write “$name” where a value of a pattern before it stands.';
      throw new QueryError('wrong-arguments', span, 'A pattern shares no value with those before it.', hint);
    }
    from = from ? sql`${from} INNER JOIN ${right} ON ${join(equal, ' AND ')}` : right;
  }
  const order = columns.map((c) => ({ value: c.value, descending: false }));
  const list = join(
    columns.map((c) => c.value.sql),
    ', ',
  );
  return state.with({ from: sql`(SELECT ${list} FROM ${from ?? sql`(SELECT 1)`})`, stored: false, grouped: true, where: [], columns, order });
}
