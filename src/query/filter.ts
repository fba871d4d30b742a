/**
 * The scope and the conditions of dashboards as SQL on the stored columns, and the choice of the
 * datasets that a query reads.
 *
 * Rule: a query reads `vpc_flow` only. `_index=…` in the scope chooses otherwise (wildcards allowed;
 * `_index=*` is everything); without it, a scope or filter that names log-status, or the words NODATA
 * or SKIPDATA, reads `vpc_flow_status` as well; a query of nothing but words, or one that takes JSON apart, reads
 * flows and events, where there are both; and one that names a field which only events have reads those (compile.ts). So flows are never counted together with "no data"
 * notes, nor with what a transit gateway saw of them, unless somebody asks for it.
 */
import { FIELDS, fieldsNamed, findField, namesOf } from '../model/fields.ts';
import { CLOUDTRAIL, DATASETS, type Dataset, hasField, VPC_FLOW } from '../model/log-formats.ts';
import { didYouMean, listed, quoted } from '../model/wording.ts';
import { type Context, fillTemplates } from './context.ts';
import { type CompileOptions, type Condition, isMadeByRules } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { isPartOfEvent } from './event-parts.ts';
import { isFlowWord, keyword, namesStatus } from './keyword.ts';
import { all, any, compare, fitsWildcard, matchValue, not } from './match.ts';
import { forgottenPipe, someScope } from './scope.ts';
import { composed, composedKeywords } from './semi-join.ts';
import { type Sql, sql } from './sql.ts';
import type { State } from './state.ts';
import type { Operation, Scope } from './tree.ts';
import { literal } from './typed.ts';
import { isIndexName } from './words.ts';

type ScopeCondition = Scope & { node: 'condition' };

/** What the choice of datasets asks of the options. */
type Choice = Pick<CompileOptions, 'conditions' | 'variables' | 'catalog'> & { readonly relations?: Pick<CompileOptions['relations'], 'present'> };

/** Datasets that a scope reads. Throws QueryError when `_index` names none. */
export function datasetsOf(scope: Scope, options: Choice, operations: readonly Operation[] = []): readonly Dataset[] {
  const conditions = options.conditions ?? [];
  const found = new Set<Dataset>();
  let named = false;
  const visit = (node: Scope, negated: boolean): void => {
    if (node.node === 'and' || node.node === 'or') for (const item of node.items) visit(item, negated);
    else if (node.node === 'not') visit(node.item, !negated);
    else if (node.node === 'condition' && isIndexName(node.field)) {
      named = true;
      for (const dataset of negated || node.op !== '=' ? DATASETS : datasetsLike(node, options)) found.add(dataset);
    }
  };
  visit(scope, false);
  // An index that holds no flows: its statement reads flows and finds none.
  if (named) return found.size ? DATASETS.filter((d) => found.has(d)) : [VPC_FLOW.flows];
  if (namesLogStatus(scope) || conditions.some((c) => isLogStatus(c.field))) return [VPC_FLOW.flows, VPC_FLOW.status];
  const { present } = options.relations ?? {};
  if (!present?.includes(CLOUDTRAIL.main)) return [VPC_FLOW.flows];
  return present.length === 1 || isOfAnything(scope, operations) ? present : [VPC_FLOW.flows];
}

/** Whether `_index` is named. */
export function namesIndex(scope: Scope): boolean {
  return someScope(scope, (s) => s.node === 'condition' && isIndexName(s.field));
}

/** Whether nothing tells what records a query is about: words that no field of flows is known by, or JSON in the records' text. */
function isOfAnything(scope: Scope, operations: readonly Operation[]): boolean {
  const ofFlows = (s: Scope): boolean =>
    (s.node === 'condition' && fieldsNamed(s.field).some((field) => !hasField(CLOUDTRAIL, field))) || (s.node === 'term' && isFlowWord(s.text));
  if (someScope(scope, ofFlows)) return false;
  return someScope(scope, (s) => s.node === 'term' || s.node === 'phrase') || operations.some(takesJson);
}

function takesJson(operation: Operation): boolean {
  if (operation.op === 'json') return true;
  return (operation.op === 'parse' || operation.op === 'parse-regex') && operation.pattern.includes('"');
}

function datasetsLike(node: ScopeCondition, options: Choice): Dataset[] {
  const value = fillTemplates(node.value, options.variables, node.valueSpan);
  const found = DATASETS.filter((dataset) => fitsWildcard(dataset, value));
  if (found.length || options.catalog?.index?.(value)) return found;
  const hint = didYouMean(value, DATASETS) ?? `There are ${listed(DATASETS)}.`;
  throw new QueryError('bad-value', node.valueSpan, `There is no index ${quoted(value)}.`, hint);
}

function isLogStatus(name: string): boolean {
  return findField(name)?.aws === 'log-status';
}

function namesLogStatus(scope: Scope): boolean {
  return someScope(scope, (s) => (s.node === 'condition' && isLogStatus(s.field)) || ((s.node === 'term' || s.node === 'phrase') && namesStatus(s.text)));
}

/** Warns of a search that reads like steps: nobody looks for the words count and by. */
export function warnOfForgottenPipe(scope: Scope, ctx: Context): void {
  const step = forgottenPipe(scope);
  if (!step) return;
  const message = `This searches for the word ${quoted(step.text)} and those after it.`;
  ctx.warnings.push({ code: 'words-not-steps', span: step.span, message, hint: `A step stands after a pipe: ${quoted(`| ${step.text} …`)}.` });
}

/** The scope as one condition; undefined when it is everything. */
export function compileScope(scope: Scope, state: State): Sql | undefined {
  const { ctx } = state;
  const compile = (node: Scope): Sql => {
    switch (node.node) {
      case 'all':
        return sql`true`;
      case 'and':
        return all(node.items.map(compile));
      case 'or':
        return any(node.items.map(compile));
      case 'not':
        return not(compile(node.item));
      case 'term':
      case 'phrase': {
        const text = ctx.fill(node.text, node.span);
        return text.trim() === '' || (node.node === 'term' && /^\*+$/.test(text)) ? sql`true` : keyword(ctx, text, node.span);
      }
      case 'subquery': {
        const nested = ctx.nested(node.subquery);
        return nested.keywords ? composedKeywords(nested, state) : composed(nested, (name) => state.resolve(name));
      }
      case 'condition':
        return compileCondition(node, state, ctx);
    }
  };
  return scope.node === 'all' ? undefined : compile(scope);
}

function compileCondition(node: ScopeCondition, state: State, ctx: Context): Sql {
  const left = state.resolve({ name: node.field, span: { start: node.span.start, end: node.span.start + node.field.length } });
  const value = ctx.fill(node.value, node.valueSpan);
  if (node.op !== '=' && node.op !== '!=') return compare(node.op, left, literal(value), node.valueSpan);
  const matched =
    isIndexName(node.field) && left.literal ? indexMatches(node, String(left.literal.value), ctx.options) : matchValue(left, value, node.valueSpan);
  return node.op === '=' ? matched : not(matched);
}

function indexMatches(node: ScopeCondition, dataset: string, options: Choice): Sql {
  return datasetsLike(node, options).some((d) => d === dataset) ? sql`true` : sql`false`;
}

/** Whether a filter can name it: a field, a value in the JSON of events, the index, or what rules make. */
export function isConditionField(name: string, catalog: Choice['catalog']): boolean {
  return findField(name) !== undefined || isPartOfEvent(name) || isIndexName(name) || isMadeByRules(catalog, name);
}

/** Filters of dashboards and drill-downs. */
export function compileConditions(conditions: readonly Condition[], state: State): Sql[] {
  return conditions.map((condition) => {
    const span = { start: 0, end: 0 };
    if (!isConditionField(condition.field, state.ctx.options.catalog)) {
      throw new QueryError(
        'unknown-field',
        span,
        `A filter names ${quoted(condition.field)}, which is not a field.`,
        didYouMean(condition.field, FIELDS.flatMap(namesOf)),
      );
    }
    const left = state.resolve({ name: condition.field, span });
    const matched = any(condition.values.map((value) => matchValue(left, value, span)));
    return condition.negate ? not(matched) : matched;
  });
}
