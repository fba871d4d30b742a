/**
 * The scope: what stands before the first `|`. Terms are joined by AND unless OR is written, as in a
 * search box; `field=value` names a field; `!` and NOT negate; an empty scope means everything.
 */
import type { Cursor } from './cursor.ts';
import { QueryError } from './diagnostics.ts';
import type { Comparison, Scope } from './tree.ts';

const COMPARISONS: Readonly<Record<string, Comparison>> = { '=': '=', '!=': '!=', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };
const MAX_DEPTH = 100;

/** Reads up to the first pipe or the end. Throws QueryError. */
export function parseScope(cursor: Cursor): Scope {
  if (cursor.done) return { node: 'all' };
  const scope = either(cursor, 0);
  if (!cursor.done) throw cursor.unexpected('a search term');
  return scope;
}

function either(cursor: Cursor, depth: number): Scope {
  if (depth > MAX_DEPTH) throw new QueryError('too-deep', cursor.peek(), 'The search is nested too deeply.');
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
  if (depth > MAX_DEPTH) throw new QueryError('too-deep', token, 'The search is nested too deeply.');
  if (cursor.take('!') || cursor.take('not')) return { node: 'not', item: one(cursor, depth + 1) };
  if (cursor.take('(')) {
    const inner = either(cursor, depth + 1);
    if (!cursor.is(')')) throw new QueryError('unclosed-parenthesis', { start: token.start, end: token.end }, 'This parenthesis is not closed.');
    cursor.next();
    return inner;
  }
  if (cursor.is('and') || cursor.is('or')) throw cursor.unexpected('a search term');
  if (token.kind !== 'word' && token.kind !== 'string' && token.kind !== 'quoted-name') throw cursor.unexpected('a search term');
  cursor.next();
  const span = { start: token.start, end: token.end };
  const op = cursor.peek().kind === 'symbol' ? COMPARISONS[cursor.peek().value] : undefined;
  if (op && token.kind !== 'string') {
    cursor.next();
    const value = cursor.peek();
    if (value.kind !== 'word' && value.kind !== 'string') throw cursor.unexpected('a value');
    cursor.next();
    return {
      node: 'condition',
      field: token.value,
      op,
      value: value.value,
      span: { start: token.start, end: value.end },
      valueSpan: { start: value.start, end: value.end },
    };
  }
  if (token.kind === 'quoted-name') throw cursor.unexpected('=');
  if (token.kind === 'string') return { node: 'phrase', text: token.value, span };
  return /^\*+$/.test(token.value) ? { node: 'all' } : { node: 'term', text: token.value, span };
}

/** Whether the scope, or a part of it, satisfies a test. */
export function someScope(scope: Scope, test: (scope: Scope) => boolean): boolean {
  if (test(scope)) return true;
  if (scope.node === 'and' || scope.node === 'or') return scope.items.some((item) => someScope(item, test));
  return scope.node === 'not' && someScope(scope.item, test);
}
