/** What the stages make of a text: for `--explain`, the API and bug reports. */
import { findField } from '../model/fields.ts';
import { compileQuery } from './compile.ts';
import type { Compiled, CompileOptions, Diagnostic } from './contract.ts';
import { datasetsOf, namesIndex } from './filter.ts';
import { OPERATORS, printOperation } from './operators/index.ts';
import { parse } from './parser.ts';
import { print } from './print.ts';
import { someScope } from './scope.ts';
import type { Statement } from './sql.ts';
import type { Operation, Query } from './tree.ts';

export interface Explanation {
  /** Kind and text of each token. */
  readonly tokens: readonly { readonly kind: string; readonly text: string; readonly start: number; readonly end: number }[];
  readonly tree: Query;
  /** The query in canonical form. */
  readonly printed: string;
  /** One line a step: what it does. */
  readonly plan: readonly string[];
  readonly statement?: Statement;
  /** Stored columns that are read. */
  readonly reads?: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Never throws for what a person wrote. */
export function explain(text: string, options: CompileOptions): Explanation {
  const { query, tokens, diagnostics } = parse(text, options.variables);
  const result = diagnostics.length ? { ok: false as const, diagnostics } : compileQuery(query, options);
  return {
    tokens: tokens.filter((t) => t.kind !== 'end').map((t) => ({ kind: t.kind, text: text.slice(t.start, t.end), start: t.start, end: t.end })),
    tree: query,
    printed: print(query),
    plan: result.ok ? plan(query, options, result.compiled, result.notes) : [],
    ...(result.ok ? { statement: result.compiled.statement, reads: result.compiled.reads } : {}),
    diagnostics: result.ok ? [] : result.diagnostics,
    warnings: result.ok ? result.warnings : [],
  };
}

/** Why a query reads these datasets: the rule is in filter.ts. */
function whyDatasets(query: Query, options: CompileOptions, datasets: Compiled['datasets']): string {
  if (namesIndex(query.scope)) return 'as _index says';
  const chosen = datasetsOf(query.scope, options, query.operations);
  if (String(chosen) !== String(datasets)) return `as only ${datasets.join(' and ')} has a field that is named`;
  if (datasets.includes('vpc_flow_status')) return 'as the log status is asked for';
  if (datasets.length > 1) return 'as nothing that is named tells them apart';
  return datasets[0] === 'vpc_flow' ? 'flows unless something else is named' : 'as nothing else is stored';
}

function plan(query: Query, options: CompileOptions, { datasets, reads }: Compiled, notes: ReadonlyMap<number, string>): string[] {
  const { from, to } = options;
  const lines = [
    `read ${datasets.join(' and ')} (${whyDatasets(query, options, datasets)})${from === null && to === null ? ', all time' : `, start in [${from ?? '…'}, ${to ?? '…'})`}: columns ${reads.join(', ')}`,
  ];
  if (query.scope.node !== 'all') lines.push('filter by the scope, pushed down to stored columns');
  if (someScope(query.scope, (s) => s.node === 'phrase' && /\s/.test(s.text)))
    lines.push('rebuild the text of records that have each of its words, for a phrase that spans fields (slow)');
  for (const condition of options.conditions ?? [])
    lines.push(`filter ${condition.field} ${condition.negate ? 'not ' : ''}in ${condition.values.join(', ')}, pushed down to stored columns`);
  query.operations.forEach((operation, i) => {
    const note = notes.get(operation.span.start) ?? whereNote(operation, query.operations.slice(0, i));
    lines.push(`${printOperation(operation)} — ${note ?? (operation.op === 'refused' ? operation.message : OPERATORS[operation.op].doc.split('. ')[0])}`);
  });
  lines.push(`show at most ${options.maxRows} rows`);
  return lines;
}

/** Whether a condition is about stored columns or about what steps made. */
function whereNote(operation: Operation, before: readonly Operation[]): string | undefined {
  if (operation.op !== 'where') return undefined;
  if (before.some((o) => o.op === 'aggregate' || o.op === 'top' || o.op === 'topk')) return 'filter on the groups';
  const names = [...new Set(fieldsOf(operation.test))];
  const steps = JSON.stringify(before).toLowerCase();
  const made = names.filter((name) => !findField(name) || steps.includes(JSON.stringify(name.toLowerCase())));
  if (names.length === 0) return undefined;
  return made.length === 0 ? `pushed down to stored columns (${names.join(', ')})` : `filter on made values (${made.join(', ')}), after the steps before it`;
}

/** Names in an expression. */
function fieldsOf(expr: unknown): string[] {
  if (typeof expr !== 'object' || expr === null) return [];
  const node = expr as { readonly node?: unknown; readonly name?: unknown };
  const own = node.node === 'field' ? [String(node.name)] : [];
  return [...own, ...Object.values(expr).flatMap(fieldsOf)];
}
