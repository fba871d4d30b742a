/** What the results ask of the server: React Query's options by name. Everything of one press of Run begins with `keyOf`. */
import { queryOptions } from '@tanstack/react-query';
import type { FieldResponse, HistogramResponse } from '../../../api/contract/search.ts';
import type { Filter, RecordsResponse, Window } from '../../../api/contract.ts';
import { type ErrorBody, postJson } from '../../api/client.ts';

export interface Asked {
  readonly query: string;
  readonly from: string;
  readonly to: string;
  readonly filters: readonly Filter[];
  readonly timeZone: string;
  /** Counts the presses of Run. */
  readonly run: number;
}

/** Records of a page, which is one request. */
export const PAGE = 100;
/** The server goes no further back; a narrower window does. */
export const MOST = 100_000;
const BUCKETS = 120;

export function keyOf(asked: Asked) {
  return ['search', asked] as const;
}

/** Whether the same question fails again: a mistake of its text, which has a place there, or of its range. */
export function isOfQuestion({ code, span }: ErrorBody): boolean {
  return span !== undefined || code === 'bad-time';
}

function body({ query, from, to, filters, timeZone }: Asked) {
  return { query, from, to, filters, timeZone };
}

export function histogramQuery(asked: Asked) {
  return queryOptions({
    queryKey: [...keyOf(asked), 'histogram'],
    queryFn: ({ signal }) => postJson<HistogramResponse>('/api/v1/search/histogram', { ...body(asked), buckets: BUCKETS }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** `window`: of the records' first page, because `now` must not move between pages, or records come twice. */
export function recordsQuery(asked: Asked, query: string, page: number, window: Window | undefined) {
  return queryOptions({
    queryKey: [...keyOf(asked), 'records', query, page, window ?? null],
    queryFn: ({ signal }) => postJson<RecordsResponse>('/api/v1/records', { ...body(asked), query, ...window, limit: PAGE, offset: page * PAGE }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    // Pages far from where one looks are given back: 100,000 records would fill the memory.
    gcTime: 60_000,
  });
}

export function fieldQuery(asked: Asked, field: string) {
  return queryOptions({
    queryKey: [...keyOf(asked), 'field', field],
    queryFn: ({ signal }) => postJson<FieldResponse>('/api/v1/search/field', { ...body(asked), field, limit: 10 }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
