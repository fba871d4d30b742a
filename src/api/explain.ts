/** What the stages make of a query, and what the engine's indexes make of its conditions. */
import { explain } from '../query/index.ts';
import { type Statement, type Store, StoreError, type StoreErrorCode } from '../store/store.ts';
import type { QueryExplanation, QueryRequest } from './contract.ts';
import type { ServerDeps } from './deps.ts';
import { DiagnosticError } from './errors.ts';
import { compileOptions } from './queries.ts';

type IndexUse = QueryExplanation['explain']['indexes'][number];

/** The engine may compute the sets of subqueries to say what its indexes reach; that must not become a query of its own. */
const INDEX_SECONDS = 3;
const LIMITS: readonly StoreErrorCode[] = ['query-timeout', 'query-memory', 'query-too-many-rows', 'query-reads-too-much'];

/** The query is not run: the engine says which parts of the table it would read, if it can soon. Throws DiagnosticError, StoreError. */
export async function explainQuery(deps: ServerDeps, request: QueryRequest, signal: AbortSignal, indexSeconds = INDEX_SECONDS): Promise<QueryExplanation> {
  const { range: _, ...options } = compileOptions(deps, request, request.limit);
  const { statement, diagnostics, warnings, tokens, tree, printed, plan, reads } = explain(request.query, { ...options, maySave: true });
  if (!statement) throw new DiagnosticError(diagnostics);
  const indexes = await indexesOf(deps.store, statement, signal, indexSeconds);
  return {
    explain: {
      tokens: tokens.map((token) => ({ ...token })),
      tree,
      printed,
      plan: typeof indexes === 'string' ? [...plan, `indexes: not known. ${indexes}`] : [...plan],
      indexes: typeof indexes === 'string' ? [] : indexes,
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

/** Each index that a table is read by, and what is left of the table's granules behind it; or why that is not known. */
async function indexesOf(store: Store, { text, params }: Statement, signal: AbortSignal, maxSeconds: number): Promise<IndexUse[] | string> {
  const asked = store.rows({ text: `EXPLAIN indexes = 1, json = 1 ${text}`, params }, { signal, maxSeconds });
  const answer = await asked.catch((error: unknown) => {
    if (error instanceof StoreError && LIMITS.includes(error.code)) return error.message;
    throw error;
  });
  if (typeof answer === 'string') return answer;
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
