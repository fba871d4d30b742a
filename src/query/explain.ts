/** What the stages make of a text: for `--explain`, the API and bug reports. */
import { compileQuery } from './compile.ts';
import type { CompileOptions, Diagnostic } from './contract.ts';
import { datasetsOf } from './filter.ts';
import { OPERATORS, printOperation } from './operators/index.ts';
import { parse } from './parser.ts';
import { print } from './print.ts';
import { someScope } from './scope.ts';
import type { Statement } from './sql.ts';
import type { Query } from './tree.ts';

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
    plan: result.ok ? plan(query, options, result.compiled.reads) : [],
    ...(result.ok ? { statement: result.compiled.statement, reads: result.compiled.reads } : {}),
    diagnostics: result.ok ? [] : result.diagnostics,
    warnings: result.ok ? result.warnings : [],
  };
}

function plan(query: Query, options: CompileOptions, reads: readonly string[]): string[] {
  const { from, to } = options;
  const datasets = datasetsOf(query.scope, options.conditions ?? []);
  const lines = [
    `read ${datasets.join(' and ')}${from === null && to === null ? ', all time' : `, start in [${from ?? '…'}, ${to ?? '…'})`}: columns ${reads.join(', ')}`,
  ];
  if (query.scope.node !== 'all') lines.push('filter by the scope, on columns');
  if (someScope(query.scope, (s) => s.node === 'phrase' && /\s/.test(s.text)))
    lines.push('rebuild the text of every record for a phrase that spans fields (slow)');
  for (const condition of options.conditions ?? []) lines.push(`filter ${condition.field} ${condition.negate ? 'not ' : ''}in ${condition.values.join(', ')}`);
  for (const operation of query.operations) lines.push(`${printOperation(operation)} — ${OPERATORS[operation.op].doc.split('. ')[0]}`);
  lines.push(`show at most ${options.maxRows} rows`);
  return lines;
}
