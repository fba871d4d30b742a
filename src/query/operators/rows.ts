/** Operators that keep rows as they are: they choose, order, cut and add columns. */

import { quoted } from '../../model/wording.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { compileExpr, condition } from '../expression.ts';
import { findFunction } from '../functions/index.ts';
import { printExpr, printName } from '../print-expression.ts';
import type { State } from '../state.ts';
import type { Expr, Name, SortKey } from '../tree.ts';
import type { Operator } from './kinds.ts';
import { withoutLabels } from './transpose.ts';

export const where: Operator<'where'> = {
  keywords: ['where'],
  syntax: 'where condition',
  doc: 'Keeps the rows for which the condition is true.',
  example: 'where dstport = 22 and action = "REJECT"',
  parse: (cursor, start) => ({ op: 'where', test: cursor.expression(), span: cursor.span(start) }),
  print: (o) => `where ${printExpr(o.test)}`,
  apply: (o, state) => {
    const ready = state.parts.limit === undefined ? state : state.finished();
    return ready.filter(condition(o.test, ready));
  },
};

export const assign: Operator<'assign'> = {
  keywords: [],
  syntax: 'expression as name',
  doc: 'Adds a column, or renames one: `bytes / 1024 as kb`, `srcaddr as source`. A function of a field needs no name: `toLong(x)` is `toLong(x) as x`.',
  example: 'bytes / 1024 as kb',
  parse: (cursor, start) => {
    const expr = cursor.expression();
    if (!cursor.is('as')) {
      if (!cursor.done) throw cursor.unexpected('“as” and a name');
      const own = convertedField(expr);
      if (own !== undefined) return { op: 'assign', expr, as: own, span: cursor.span(start) };
      throw new QueryError('missing-alias', cursor.span(start), 'This step makes a value without a name.', `Write ${quoted(`${printExpr(expr)} as name`)}.`);
    }
    return { op: 'assign', expr, as: cursor.alias() as string, span: cursor.span(start) };
  },
  print: (o) => `${printExpr(o.expr)} as ${printName(o.as)}`,
  apply: (o, state) => {
    const value = compileExpr(o.expr, state);
    const made = o.expr.node === 'field' ? state.column(o.expr.name) : undefined;
    // `a as b` renames a made column, which its old name still names; a stored field stays nameable under its own names.
    const next = state.assign(o.as, value);
    if (!made && o.expr.node === 'field' && state.parts.columns.some((c) => c.cells)) return withoutLabels(next, [o.expr.name]);
    if (!made || made.name.toLowerCase() === o.as.toLowerCase()) return next;
    return next.with({ columns: next.parts.columns.map((c) => (c.name === made.name ? { ...c, hidden: true as const } : c)) });
  },
};

/** `toLong(duration)` without a name converts the field itself. */
function convertedField(expr: Expr): string | undefined {
  const [first] = expr.node === 'call' ? expr.args : [];
  if (expr.node !== 'call' || first?.node !== 'field') return undefined;
  const fn = findFunction(expr.name);
  return fn && fn.returns !== 'boolean' && (fn.args[0]?.kind === 'text' || fn.args[0]?.kind === 'number' || TO_WHOLE.has(fn.name)) ? first.name : undefined;
}

const TO_WHOLE = new Set(['toInt', 'toLong']);

function sortKey(cursor: Cursor): SortKey {
  const sign = cursor.is('+') ? 'asc' : cursor.is('-') ? 'desc' : undefined;
  if (sign) cursor.next();
  const expr = cursor.expression();
  const word = cursor.take('asc') ? 'asc' : cursor.take('desc') ? 'desc' : undefined;
  return { expr, descending: (word ?? sign ?? 'desc') === 'desc' };
}

export const sort: Operator<'sort'> = {
  keywords: ['sort', 'order'],
  syntax: 'sort [by] [+|-]field [asc|desc], …',
  doc: 'Orders the rows; descending unless + or asc is written.',
  example: 'count by dstport | sort _count',
  parse: (cursor, start) => {
    cursor.take('by');
    const keys = [sortKey(cursor)];
    while (cursor.take(',')) keys.push(sortKey(cursor));
    return { op: 'sort', keys, span: cursor.span(start) };
  },
  print: (o) => `sort ${o.keys.map((k) => `${printExpr(k.expr)} ${k.descending ? 'desc' : 'asc'}`).join(', ')}`,
  apply: (o, state) => {
    const ready = state.parts.limit === undefined ? state : state.finished();
    return ready.with({ order: o.keys.map((k) => ({ value: compileExpr(k.expr, ready), descending: k.descending })) });
  },
};

export const limit: Operator<'limit'> = {
  keywords: ['limit'],
  syntax: 'limit N',
  doc: 'Keeps the first N rows.',
  example: 'count by dstport | sort _count | limit 10',
  parse: (cursor, start) => ({ op: 'limit', count: cursor.count(), span: cursor.span(start) }),
  print: (o) => `limit ${o.count}`,
  apply: (o, state) => state.with({ limit: Math.min(o.count, state.parts.limit ?? o.count) }),
};

export const fields: Operator<'fields'> = {
  keywords: ['fields'],
  syntax: 'fields [-] name, …',
  doc: 'Shows only these columns, or with - all others. The names may stand in parentheses.',
  example: 'fields srcaddr, dstaddr, bytes',
  parse: (cursor, start) => {
    const remove = cursor.take('-');
    const parenthesized = cursor.take('(');
    const names = cursor.names();
    if (parenthesized) cursor.expect(')');
    return { op: 'fields', remove, names, span: cursor.span(start) };
  },
  print: (o) => `fields ${o.remove ? '- ' : ''}${o.names.map((n) => printName(n.name)).join(', ')}`,
  apply: (o, state) => (o.remove ? remove(o.names, state) : choose(o.names, state)),
};

function choose(names: readonly Name[], state: State): State {
  const columns = names.map((name) => ({ name: name.name, value: state.resolve(name), ...(state.keyOf(name.name) ? { key: true as const } : {}) }));
  const rest = state.parts.columns.filter((c) => c.hidden && !columns.some((k) => k.name.toLowerCase() === c.name.toLowerCase()));
  return state.with({ columns: [...columns, ...rest], chosen: true });
}

function remove(names: readonly Name[], state: State): State {
  for (const name of names) warnIfNothing(name, state);
  const gone = new Set(names.map((n) => n.name.toLowerCase()));
  const labels = names.filter((n) => !state.column(n.name)).map((n) => n.name);
  const rest = labels.length && state.parts.columns.some((c) => c.cells) ? withoutLabels(state, labels) : state;
  return rest.with({
    columns: rest.parts.columns.filter((c) => !gone.has(c.name.toLowerCase())),
    removed: new Set([...(state.parts.removed ?? []), ...gone]),
  });
}

/** What is not there is gone already. */
function warnIfNothing(name: Name, state: State): void {
  try {
    state.resolve(name);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    state.ctx.warnings.push(error.diagnostic);
  }
}

/** The time needs no place in the value: most_recent reads the record's own. */
export const withtime: Operator<'withtime'> = {
  keywords: ['withtime'],
  syntax: 'withtime field',
  doc: 'Makes name_withtime for most_recent and least_recent.',
  example: 'withtime srcaddr | most_recent(srcaddr_withtime) by action',
  parse: (cursor, start) => ({ op: 'withtime', field: cursor.name(), span: cursor.span(start) }),
  print: (o) => `withtime ${printName(o.field.name)}`,
  apply: (o, state) => state.assign(`${o.field.name}_withtime`, state.resolve(o.field)),
};
