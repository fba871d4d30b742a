/** What the pages ask for once and keep: React Query's options by name. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { CatalogueResponse } from '../../api/contract/catalogue.ts';
import type { DashboardAnswer, DashboardList } from '../../api/contract/dashboards.ts';
import type { Filter, RecordsResponse, StatusResponse, ValuesResponse, Window } from '../../api/contract.ts';
import type { Range } from '../time/range.ts';
import { getJson, postJson } from './client.ts';

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => getJson<StatusResponse>('/api/v1/status', signal),
  refetchInterval: 30_000,
});

export const dashboardsQuery = queryOptions({
  queryKey: ['dashboards'],
  queryFn: ({ signal }) => getJson<DashboardList>('/api/v1/dashboards', signal),
  staleTime: 300_000,
});

export function dashboardQuery(id: string) {
  return queryOptions({
    queryKey: ['dashboard', id],
    queryFn: ({ signal }) => getJson<DashboardAnswer>(`/api/v1/dashboards/${encodeURIComponent(id)}`, signal),
    staleTime: 300_000,
  });
}

export function valuesQuery(field: string, prefix: string, range: Range) {
  const params = new URLSearchParams({ field, prefix, from: range.from, to: range.to });
  return queryOptions({
    queryKey: ['values', field, prefix, range.from, range.to],
    queryFn: ({ signal }) => getJson<ValuesResponse>(`/api/v1/values?${params}`, signal),
    staleTime: 60_000,
  });
}

/** What people made that a query can name; a new rule or table is known after a minute. */
export const catalogueQuery = queryOptions({
  queryKey: ['catalogue'],
  queryFn: ({ signal }) => getJson<CatalogueResponse>('/api/v1/catalogue', signal),
  staleTime: 60_000,
});

/** Records that one request asks for. */
const PAGE = 100;
/** The server goes no further back; a narrower window does. */
const MOST = 100_000;

export interface RecordsAsked {
  readonly query: string;
  readonly from: string;
  readonly to: string;
  readonly filters: readonly Filter[];
}

interface RecordsPage {
  readonly offset: number;
  /** Window of the first page: `now` must not move between pages, or records come twice. */
  readonly window?: Window;
}

export function recordsQuery(asked: RecordsAsked) {
  return infiniteQueryOptions({
    queryKey: ['records', asked],
    queryFn: ({ pageParam: { offset, window }, signal }) => {
      return postJson<RecordsResponse>('/api/v1/records', { ...asked, ...window, limit: PAGE, offset }, signal);
    },
    initialPageParam: { offset: 0 } as RecordsPage,
    getNextPageParam: (last, all): RecordsPage | undefined => {
      const offset = all.length * PAGE;
      return offset < Math.min(last.total, MOST) ? { offset, window: last.window } : undefined;
    },
    placeholderData: keepPreviousData,
  });
}
