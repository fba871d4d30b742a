/** From a request's text, window and filters to rows. */
import { randomUUID } from 'node:crypto';
import type { Dataset } from '../model/log-formats.ts';
import { type CompileOptions, compile, type Diagnostic, shape } from '../query/index.ts';
import type { Filter, QueryEvent, QueryRequest, QueryResponse, Window } from './contract.ts';
import { dataExtent } from './data.ts';
import type { ServerDeps } from './deps.ts';
import { DiagnosticError, toAnswer } from './errors.ts';
import { saveRows } from './lookups.ts';
import { onTables, rawRelations } from './relations.ts';
import { parseRange, type TimeRange } from './time-range.ts';

const PROGRESS_MS = 500;
const ROWS_A_LINE = 1000;

interface Asked {
  readonly from: string | number;
  readonly to: string | number;
  readonly filters: readonly Filter[];
  readonly timeZone?: string;
}

/** What every statement of a request is compiled with. Throws Problem `bad-time`. */
export function compileOptions(deps: ServerDeps, asked: Asked, maxRows: number): CompileOptions & { readonly range: TimeRange } {
  const now = Math.floor(deps.clock() / 1000);
  const timeZone = asked.timeZone ?? 'UTC';
  const range = parseRange(asked.from, asked.to, now, timeZone);
  return {
    range,
    from: range.from,
    to: range.to,
    now,
    timeZone,
    conditions: asked.filters,
    relations: rawRelations(deps),
    catalog: deps.catalogs.current(),
    maxRows,
  };
}

/** The value of a compilation that went well. Throws DiagnosticError. */
export function succeeded<T extends object>(
  result: T | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] },
): Exclude<T, { readonly ok: false }> {
  if ('ok' in result && result.ok === false) throw new DiagnosticError(result.diagnostics);
  return result as Exclude<T, { readonly ok: false }>;
}

/** A range without a beginning begins with the first record of the datasets that are read, or of all. */
export async function windowOf(deps: ServerDeps, range: TimeRange, datasets?: readonly Dataset[]): Promise<Window> {
  if (range.from !== null) return { from: range.from, to: range.to };
  const first = (await dataExtent(deps.store, datasets)).extent?.from;
  return { from: Math.min(first ?? range.to, range.to), to: range.to };
}

/** `id` names the statement for progress. */
export async function runQuery(deps: ServerDeps, request: QueryRequest, signal: AbortSignal, id: string = randomUUID()): Promise<QueryResponse> {
  const { range, ...options } = compileOptions(deps, request, request.limit);
  const { compiled, warnings, answer } = await onTables(deps, async (relations) => {
    const asked = { ...options, relations, maySave: request.save };
    const once = succeeded(compile(request.query, asked));
    // What is saved is all of it, whatever the answer shows.
    const result = once.compiled.save ? succeeded(compile(request.query, { ...asked, maxRows: deps.lookups.limits.cells + 1 })) : once;
    return { ...result, answer: await deps.store.rows(result.compiled.statement, { id, signal, lane: 'interactive', threads: 2 }) };
  });
  const { columns, rows, cut } = shape(compiled, answer.rows);
  const saved = compiled.save && (await saveRows(deps.lookups, compiled.save, columns, rows));
  return {
    columns: columns.map((c) => ({ ...c })),
    rows: (saved ? rows.slice(0, request.limit) : rows).map((row) => [...row]),
    ...(saved ? { saved: { name: saved.name, rows: saved.rows } } : {}),
    stats: { ...answer.stats },
    window: await windowOf(deps, range, compiled.datasets),
    shape: compiled.shape,
    ...(compiled.timeslice === undefined ? {} : { timeslice: compiled.timeslice }),
    warnings: [...warnings.map(({ code, message }) => ({ code, message })), ...(cut ? [columnsCut(cut)] : [])],
  };
}

/** The same as a stream: how far the query is, then the columns, then the rows by and by. */
export async function streamQuery(deps: ServerDeps, request: QueryRequest, emit: (event: QueryEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
  const id = randomUUID();
  let answered = false;
  const progress = setInterval(async () => {
    const now = await deps.store.progress(id).catch(() => undefined);
    if (now?.rowsTotal && !answered) await emit({ type: 'progress', fraction: Math.min(1, now.rowsRead / now.rowsTotal), rowsRead: now.rowsRead });
  }, PROGRESS_MS);
  try {
    const { rows, stats, ...about } = await runQuery(deps, request, signal, id).finally(() => {
      answered = true;
      clearInterval(progress);
    });
    await emit({ type: 'start', ...about });
    for (let at = 0; at < rows.length; at += ROWS_A_LINE) await emit({ type: 'rows', rows: rows.slice(at, at + ROWS_A_LINE) });
    await emit({ type: 'end', stats });
  } catch (error) {
    if (signal.aborted) return;
    const { status, body } = toAnswer(error);
    if (status >= 500) deps.logger.error({ err: error }, 'query failed');
    await emit({ type: 'error', error: body.error });
  }
}

function columnsCut(cut: number): { code: string; message: string } {
  return { code: 'columns-cut', message: `${cut} more columns were left out. Narrow the query, or transpose a field with fewer values.` };
}
