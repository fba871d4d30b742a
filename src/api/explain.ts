/** What the stages make of a query, and what the engine's indexes make of its conditions. */
import { explain } from '../query/index.ts';
import type { Statement, Store } from '../store/store.ts';
import type { QueryExplanation, QueryRequest } from './contract.ts';
import type { ServerDeps } from './deps.ts';
import { DiagnosticError } from './errors.ts';
import { compileOptions } from './queries.ts';

type IndexUse = QueryExplanation['explain']['indexes'][number];

/** Nothing is run: the engine says which parts of the table it would read. Throws DiagnosticError. */
export async function explainQuery(deps: ServerDeps, request: QueryRequest): Promise<QueryExplanation> {
  const { range: _, ...options } = compileOptions(deps, request, request.limit);
  const { statement, diagnostics, warnings, tokens, tree, printed, plan, reads } = explain(request.query, { ...options, maySave: true });
  if (!statement) throw new DiagnosticError(diagnostics);
  return {
    explain: {
      tokens: tokens.map((token) => ({ ...token })),
      tree,
      printed,
      plan: [...plan],
      indexes: await indexesOf(deps.store, statement),
      reads: [...(reads ?? [])],
      sql: statement.text,
      params: Object.fromEntries(Object.entries(statement.params).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value])),
    },
    warnings: warnings.map(({ code, message }) => ({ code, message })),
  };
}

/** A node of the engine's plan, as `EXPLAIN json = 1` writes it. */
interface PlanNode {
  readonly Description?: string;
  readonly Indexes?: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Keys?: readonly string[];
    readonly 'Initial Granules'?: number;
    readonly 'Selected Granules'?: number;
  }[];
  readonly Plans?: readonly PlanNode[];
}

/** Each index that a table is read by, and what is left of the table's granules behind it. */
async function indexesOf(store: Store, statement: Statement): Promise<IndexUse[]> {
  const answer = await store.rows({ text: `EXPLAIN indexes = 1, json = 1 ${statement.text}`, params: statement.params });
  const plans = JSON.parse(answer.rows.map((row) => String(row[0])).join('\n')) as readonly { readonly Plan: PlanNode }[];
  const uses = (node: PlanNode): IndexUse[] => [
    ...(node.Indexes ?? []).map((index) => ({
      table: node.Description ?? '',
      index: index.Name ?? index.Type,
      keys: [...(index.Keys ?? [])],
      granules: index['Selected Granules'] ?? 0,
      of: index['Initial Granules'] ?? 0,
    })),
    ...(node.Plans ?? []).flatMap(uses),
  ];
  return plans.flatMap(({ Plan }) => uses(Plan));
}
