/** The tree as text again, in one canonical form: print(parse(x)) is stable. */
import { printOperation } from './operators/index.ts';
import { printString } from './print-expression.ts';
import { printSubquery } from './subqueries.ts';
import type { Expr, Query, Scope } from './tree.ts';

/** The scope, then a step a line behind `| `, without a line end after the last. */
export function print(query: Query): string {
  const scope = query.scope.node === 'all' ? '' : printScope(query.scope);
  const steps = query.operations.map((operation) => `| ${printOperation(withPrinted(operation))}`);
  return [...(scope || steps.length === 0 ? [scope || '*'] : []), ...steps].join('\n');
}

/** Subqueries in expressions with their text beside them, which has those inside it: printing an expression knows nothing of queries. */
function withPrinted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withPrinted) as T;
  if (typeof value !== 'object' || value === null) return value;
  const { node, subquery } = value as Partial<Extract<Expr, { node: 'subquery' }>>;
  if (node === 'subquery' && subquery) return { ...value, printed: printSubquery(subquery, print(subquery.query)) };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withPrinted(inner)])) as T;
}

function printScope(scope: Scope): string {
  switch (scope.node) {
    case 'all':
      return '*';
    case 'and':
    case 'or':
      return scope.items
        .map((item) => (item.node === 'and' || item.node === 'or' ? `(${printScope(item)})` : printScope(item)))
        .join(scope.node === 'and' ? ' ' : ' OR ');
    case 'not':
      return scope.item.node === 'and' || scope.item.node === 'or' ? `NOT (${printScope(scope.item)})` : `NOT ${printScope(scope.item)}`;
    case 'subquery':
      return printSubquery(scope.subquery, print(scope.subquery.query));
    case 'term':
      return scope.text;
    case 'phrase':
      return printString(scope.text);
    case 'condition':
      return `${/^[\w@.-]+$/.test(scope.field) && !/^(and|or|not)$/i.test(scope.field) ? scope.field : `%${printString(scope.field)}`}${scope.op}${printValue(scope.value)}`;
  }
}

/** A value as the scope takes it: bare where it can be. */
export function printValue(value: string): string {
  return /^[\w@.*:/-]+$/.test(value) && !value.startsWith('//') && !/^(and|or|not)$/i.test(value) ? value : printString(value);
}
