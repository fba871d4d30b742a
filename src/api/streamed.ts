/** Queries whose rows are read as a stream, in flat memory: for exports and jobs. */
import { type Compiled, compile, shape } from '../query/index.ts';
import type { QueryOptions, Value } from '../store/store.ts';
import type { Filter, OutputColumn } from './contract.ts';
import type { ServerDeps } from './deps.ts';
import { compileOptions, succeeded } from './queries.ts';

export interface StreamedRequest {
  readonly query: string;
  readonly from: string | number;
  readonly to: string | number;
  readonly filters: readonly Filter[];
  readonly timeZone: string;
}

type Rows = readonly (readonly Value[])[];

export interface Streamed {
  /** Not known before the rows where data makes the columns (`transpose`). */
  readonly columns: readonly OutputColumn[] | undefined;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Chunks of rows; each iteration runs the query. The columns come with each. Throws StoreError. */
  rows(options: QueryOptions): AsyncIterable<{ readonly columns: readonly OutputColumn[]; readonly rows: Rows }>;
}

/** Rows of a query whose columns data makes: they are held. */
const MOST_PIVOTED = 200_000;

/** Any field may be absent, any be there, in any layout: a batch that lands while rows are read cannot make them wrong. */
const ANY_MASK = { absentMask: (1n << 64n) - 1n, missingMask: 0n, defaultOnly: false };

/** Compiles a query whose number of rows only the query itself and its reader limit. Throws Problem, DiagnosticError. */
export function streamed(deps: ServerDeps, request: StreamedRequest): Streamed {
  const { range: _, ...options } = compileOptions(deps, request, Number.MAX_SAFE_INTEGER);
  const { compiled, warnings } = succeeded(compile(request.query, { ...options, streamed: true, relations: { ...options.relations, ...ANY_MASK } }));
  const columns = compiled.columns.map((c) => ({ ...c }));
  return {
    columns: compiled.pivot ? undefined : columns,
    warnings: warnings.map(({ code, message }) => ({ code, message })),
    async *rows(how) {
      if (compiled.pivot) yield await pivoted(compiled, deps.store.stream(compiled.statement, { maxResultRows: MOST_PIVOTED, ...how }));
      else for await (const rows of deps.store.stream(compiled.statement, how)) yield { columns, rows };
    },
  };
}

/** Data makes the columns, so that all rows must be there first. */
async function pivoted(compiled: Compiled, chunks: AsyncIterable<Rows>) {
  const all: (readonly Value[])[] = [];
  for await (const rows of chunks) all.push(...rows);
  const { columns, rows } = shape(compiled, all);
  return { columns: columns.map((c) => ({ ...c })), rows };
}
