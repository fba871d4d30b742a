/**
 * The scope: what stands before the first `|`. Terms are joined by AND unless OR is written, as in a
 * search box; `field=value` names a field; `!` and NOT negate; an empty scope means everything.
 */
import type { Cursor } from './cursor.ts';
import { QueryError } from './diagnostics.ts';
import type { Token } from './lexer.ts';
import { parseSubquery } from './subqueries.ts';
import type { Comparison, Scope } from './tree.ts';

const COMPARISONS: Readonly<Record<string, Comparison>> = { '=': '=', '==': '=', '!=': '!=', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };
const MAX_DEPTH = 100;

/** Reads up to the first pipe or the end. Throws QueryError. */
export function parseScope(cursor: Cursor): Scope {
  if (cursor.done) return { node: 'all' };
  const scope = either(cursor, 0);
  if (!cursor.done) throw cursor.unexpected('a search term');
  return scope;
}

function either(cursor: Cursor, depth: number): Scope {
  if (depth > MAX_DEPTH)
    throw new QueryError('too-deep', cursor.peek(), 'The search is nested too deeply.', 'Write alternatives as a list: “field in (a, b)”.');
  const items = [all(cursor, depth)];
  while (cursor.take('or')) items.push(all(cursor, depth));
  return items.length === 1 ? items[0]! : { node: 'or', items };
}

function all(cursor: Cursor, depth: number): Scope {
  const items = [one(cursor, depth)];
  while (!cursor.done && !cursor.is('or') && !cursor.is(')')) {
    cursor.take('and');
    items.push(one(cursor, depth));
  }
  return items.length === 1 ? items[0]! : { node: 'and', items };
}

function one(cursor: Cursor, depth: number): Scope {
  const token = cursor.peek();
  if (depth > MAX_DEPTH) throw new QueryError('too-deep', token, 'The search is nested too deeply.', 'Write alternatives as a list: “field in (a, b)”.');
  if (cursor.take('!') || cursor.take('not')) return { node: 'not', item: one(cursor, depth + 1) };
  if (cursor.take('(')) {
    const inner = either(cursor, depth + 1);
    if (!cursor.is(')'))
      throw new QueryError(
        'unclosed-parenthesis',
        { start: token.start, end: token.end },
        'This parenthesis is not closed.',
        'Write “)” where it ends. To search for a parenthesis, put it in quotation marks.',
      );
    cursor.next();
    return inner;
  }
  if (cursor.is('[') && cursor.is('subquery', 1)) return { node: 'subquery', subquery: parseSubquery(cursor) };
  if (cursor.is('and') || cursor.is('or')) throw cursor.unexpected('a search term');
  if (token.kind !== 'word' && token.kind !== 'string' && token.kind !== 'quoted-name') throw cursor.unexpected('a search term');
  cursor.next();
  const span = { start: token.start, end: token.end };
  const op = cursor.peek().kind === 'symbol' ? COMPARISONS[cursor.peek().value] : undefined;
  if (op) {
    cursor.next();
    return cursor.is('(') ? alternatives(cursor, token, op, depth) : condition(cursor, token, op);
  }
  const list = token.kind === 'string' ? undefined : membership(cursor, token);
  if (list) return list;
  if (token.kind === 'quoted-name') throw cursor.unexpected('“=”');
  if (token.kind === 'string') return { node: 'phrase', text: token.value, span };
  return /^\*+$/.test(token.value) ? { node: 'all' } : { node: 'term', text: token.value, span };
}

type Condition = Scope & { readonly node: 'condition' };

/** The value behind `field=`; `"a b"*` is one value. */
function condition(cursor: Cursor, field: Token, op: Comparison): Condition {
  const first = cursor.peek();
  if (first.kind !== 'word' && first.kind !== 'string') throw cursor.unexpected('a value');
  cursor.next();
  let value = first.value;
  let { end } = first;
  for (let next = cursor.peek(); next.start === end && (next.kind === 'word' || next.kind === 'string'); next = cursor.peek()) {
    value += next.value;
    end = next.end;
    cursor.next();
  }
  return { node: 'condition', field: field.value, op, value, span: { start: field.start, end }, valueSpan: { start: first.start, end } };
}

/** `field=(a OR b)` */
function alternatives(cursor: Cursor, field: Token, op: Comparison, depth: number): Scope {
  if (depth > MAX_DEPTH)
    throw new QueryError('too-deep', cursor.peek(), 'The search is nested too deeply.', 'Write alternatives as a list: “field in (a, b)”.');
  cursor.expect('(');
  const items: Scope[] = [];
  const joins: string[] = [];
  do items.push(cursor.is('(') ? alternatives(cursor, field, op, depth + 1) : condition(cursor, field, op));
  while ((cursor.is('or') || cursor.is('and')) && joins.push(cursor.next().value.toLowerCase()));
  cursor.expect(')');
  const [only] = items;
  if (only && items.length === 1) return only;
  const either = joins.every((join) => join === 'or');
  // `!=` of alternatives is none of them.
  return { node: either === (op === '!=') ? 'and' : 'or', items };
}

/** `field in (a, "b")` and `field not in (…)`; `in` without parentheses is a word. */
function membership(cursor: Cursor, field: Token): Scope | undefined {
  const negate = cursor.is('not') && cursor.is('in', 1) && cursor.is('(', 2);
  if (!negate && !(cursor.is('in') && cursor.is('(', 1))) return undefined;
  if (negate) cursor.next();
  cursor.next();
  cursor.next();
  const items: Condition[] = [];
  while (!cursor.is(')')) {
    const token = cursor.peek();
    if (token.kind !== 'word' && token.kind !== 'string') throw cursor.unexpected('a value');
    cursor.next();
    const valueSpan = { start: token.start, end: token.end };
    // Outside quotation marks commas are parts of words.
    for (const value of token.kind === 'string' ? [token.value] : token.value.split(',').filter((part) => part !== ''))
      items.push({ node: 'condition', field: field.value, op: '=', value, span: { start: field.start, end: token.end }, valueSpan });
  }
  cursor.expect(')');
  const found: Scope = { node: 'or', items };
  return negate ? { node: 'not', item: found } : found;
}

/** Whether the scope, or a part of it, satisfies a test. */
export function someScope(scope: Scope, test: (scope: Scope) => boolean): boolean {
  if (test(scope)) return true;
  if (scope.node === 'and' || scope.node === 'or') return scope.items.some((item) => someScope(item, test));
  return scope.node === 'not' && someScope(scope.item, test);
}

const AGGREGATES = new Set(['count', 'sum', 'avg', 'min', 'max', 'count_distinct', 'first', 'last', 'pct', 'values']);

/**
 * The word with which a step seems to begin that has no `|` in front of it: `count by action` looks for
 * the words count, by and action.
 */
export function forgottenPipe(scope: Scope): (Scope & { readonly node: 'term' }) | undefined {
  const [first, second] = scope.node === 'and' ? scope.items : [];
  if (first?.node !== 'term' || !second) return undefined;
  const word = first.text.toLowerCase();
  const next = second.node === 'term' ? second.text.toLowerCase() : '';
  const isStep =
    (AGGREGATES.has(word) && next === 'by') ||
    (word === 'where' && second.node === 'condition') ||
    (word === 'timeslice' && /^\d+[smhdw]$/.test(next)) ||
    ((word === 'limit' || word === 'top') && /^\d+$/.test(next)) ||
    ((word === 'sort' || word === 'order') && next === 'by');
  return isStep ? first : undefined;
}
