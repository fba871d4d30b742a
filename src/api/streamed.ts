/** Queries whose rows are read as a stream, in flat memory where data does not make the columns: for exports and jobs. */
import { type Compiled, compile, shape } from '../query/index.ts';
import { type QueryOptions, StoreError, type Value } from '../store/store.ts';
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
  /**
   * Chunks of rows behind a first one that may be empty; each iteration compiles the query for the tables of
   * then and runs it. The columns come with each. Throws StoreError, and DiagnosticError where a table is gone.
   */
  rows(options: QueryOptions): AsyncIterable<{ readonly columns: readonly OutputColumn[]; readonly rows: Rows }>;
}

/** Any field may be absent, any be there, in any layout: a batch that lands while rows are read cannot make them wrong. */
const ANY_MASK = { absentMask: (1n << 64n) - 1n, missingMask: 0n, defaultOnly: false };

/** A query whose number of rows only the query itself and its reader limit. Throws Problem, DiagnosticError. */
export function streamed(deps: ServerDeps, request: StreamedRequest): Streamed {
  // The window is that of the request, however long it waits.
  const { range: _, catalog: __, ...options } = compileOptions(deps, request, Number.MAX_SAFE_INTEGER);
  const relations = { ...options.relations, ...ANY_MASK };
  // Rows of a lookup table that is replaced are dropped soon after: who starts reads the tables of now.
  const compiledNow = () => succeeded(compile(request.query, { ...options, catalog: deps.catalogs.current(), streamed: true, relations }));
  const { compiled, warnings } = compiledNow();
  return {
    columns: compiled.pivot ? undefined : outputs(compiled.columns),
    warnings: warnings.map(({ code, message }) => ({ code, message })),
    async *rows(how) {
      const now = compiledNow().compiled;
      const chunks = deps.store.stream(now.statement, how);
      if (now.pivot) yield await pivoted(now, chunks, deps.settings);
      else {
        const columns = outputs(now.columns);
        yield { columns, rows: [] };
        for await (const rows of chunks) yield { columns, rows };
      }
    },
  };
}

function outputs(columns: readonly OutputColumn[]): OutputColumn[] {
  return columns.map((column) => ({ ...column }));
}

/** Data makes the columns, so that all rows must be there first. Throws StoreError for more than are held. */
async function pivoted(compiled: Compiled, chunks: AsyncIterable<Rows>, { heldRows, heldBytes }: Pick<ServerDeps['settings'], 'heldRows' | 'heldBytes'>) {
  const all: (readonly Value[])[] = [];
  let bytes = 0;
  for await (const rows of chunks) {
    for (const row of rows) {
      bytes += sizeOf(row);
      if (all.length === heldRows) throw tooMuch('query-too-many-rows', `${heldRows.toLocaleString('en-US')} rows`);
      if (bytes > heldBytes) throw tooMuch('query-too-many-bytes', `${Math.round(heldBytes / 2 ** 20).toLocaleString('en-US')} MiB`);
      all.push(row);
    }
  }
  const { columns, rows } = shape(compiled, all);
  return { columns: outputs(columns), rows };
}

function tooMuch(code: 'query-too-many-rows' | 'query-too-many-bytes', limit: string): StoreError {
  return new StoreError(code, `The result has more than ${limit}, and one that is transposed is held in memory. Group by fewer or less varied fields.`);
}

/** Bytes that a value takes in memory, roughly. */
function sizeOf(value: Value): number {
  if (typeof value === 'string') return 16 + value.length;
  return Array.isArray(value) ? (value as readonly Value[]).reduce<number>((sum, part) => sum + sizeOf(part), 16) : 8;
}
