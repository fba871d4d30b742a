/** What the search page asks beside a query: its matches over time, and the values of a field among them. */
import { fieldStatement, histogramStatement } from '../query/index.ts';
import type { FieldRequest, FieldResponse, HistogramRequest, HistogramResponse } from './contract/search.ts';
import type { ServerDeps } from './deps.ts';
import { compileOptions, succeeded, windowOf } from './queries.ts';
import { onTables } from './relations.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** Widths that people read easily, in seconds. */
const WIDTHS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364, 3640].map((n) => n * DAY),
];

/** Seconds of a bucket, so that a window has at most so many. */
export function bucketWidth(seconds: number, buckets: number): number {
  return WIDTHS.find((width) => width * buckets >= seconds) ?? Math.ceil(seconds / buckets);
}

/** Matches over time. Buckets begin at full minutes, hours and days of the viewer's zone. */
export async function searchHistogram(deps: ServerDeps, request: HistogramRequest, signal: AbortSignal): Promise<HistogramResponse> {
  const { range, ...options } = compileOptions(deps, request, 1);
  const window = await windowOf(deps, range);
  const seconds = bucketWidth(window.to - window.from, request.buckets);
  const answer = await onTables(deps, (relations) => {
    const { statement } = succeeded(histogramStatement({ ...options, relations, query: request.query }, seconds, window));
    return deps.store.rows(statement, { signal });
  });
  const buckets = answer.rows.map(([start, count]): [number, number] => [Number(start), Number(count)]);
  return { window, seconds, total: buckets.reduce((sum, [, count]) => sum + count, 0), buckets };
}

/** The most frequent values of a field among the matches. */
export async function searchField(deps: ServerDeps, request: FieldRequest, signal: AbortSignal): Promise<FieldResponse> {
  const { range, ...options } = compileOptions(deps, request, 1);
  const answer = await onTables(deps, (relations) => {
    const { statement } = succeeded(fieldStatement({ ...options, relations, query: request.query }, request.field, request.limit));
    return deps.store.rows(statement, { signal });
  });
  const [, , total = 0, present = 0, distinct = 0] = answer.rows[0] ?? [];
  return {
    window: await windowOf(deps, range),
    total: Number(total),
    present: Number(present),
    distinct: Number(distinct),
    values: answer.rows.flatMap(([value, count]) => (value === null ? [] : [{ value: String(value), count: Number(count) }])),
  };
}
