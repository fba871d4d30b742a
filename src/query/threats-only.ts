/** Queries that are about flows with a threat indicator alone: what has none can be left out before they run. */
import { findField } from '../model/fields.ts';
import { type Expr, type Operation, operands, type Query } from './tree.ts';

const ENDS: ReadonlySet<string> = new Set(['srcaddr', 'dstaddr']);
const FOUND = /^_threatlookup\./i;
/** Steps whose rows are those of the step before, or groups of them: they read no others. */
const OF_ROWS: ReadonlySet<Operation['op']> = new Set<Operation['op']>([
  ...(['where', 'threat', 'timeslice', 'lookup', 'geoip'] as const),
  ...(['aggregate', 'assign', 'fields', 'sort', 'limit', 'top'] as const),
]);

/**
 * Whether a query reads its records once, and first of all keeps those whose source or destination has an
 * indicator, of whichever feed: `threatlookup src_ip | where !isNull(_threatlookup.indicator)`. Says no where it is not sure.
 */
export function isOfThreatsOnly({ scope, operations }: Query): boolean {
  const first = operations.findIndex((step) => step.op !== 'threat');
  const lookups = operations.slice(0, Math.max(0, first));
  const test = operations[first];
  const ends = lookups.every(
    (step) => step.op === 'threat' && step.fn === 'threatlookup' && step.fields.every(({ name }) => ENDS.has(findField(name)?.column ?? '')),
  );
  return (
    lookups.length > 0 &&
    ends &&
    test?.op === 'where' &&
    conjuncts(test.test).some(needsIndicator) &&
    operations.every((step) => OF_ROWS.has(step.op)) &&
    !/"node":"subquery"/.test(JSON.stringify([scope, operations]))
  );
}

function conjuncts(expr: Expr): readonly Expr[] {
  return expr.node === 'binary' && expr.op === 'and' ? operands(expr).flatMap(conjuncts) : [expr];
}

/** Whether a condition is never true of a row without an indicator: what has no value is not greater than anything. */
function needsIndicator(expr: Expr): boolean {
  if (expr.node === 'unary' && expr.op === '!' && expr.arg.node === 'call' && expr.arg.name.toLowerCase() === 'isnull') return isFound(expr.arg.args[0]);
  return (
    expr.node === 'binary' &&
    (expr.op === '>' || expr.op === '>=') &&
    isConfidence(expr.left) &&
    expr.right.node === 'literal' &&
    typeof expr.right.value === 'number'
  );
}

function isFound(expr: Expr | undefined): boolean {
  return expr?.node === 'field' && FOUND.test(expr.name);
}

function isConfidence(expr: Expr): boolean {
  return expr.node === 'field' && expr.name.toLowerCase() === '_threatlookup.confidence';
}
