/** What the pages ask for once and keep: React Query's options by name. */
import { queryOptions } from '@tanstack/react-query';
import type { DashboardList, Filter, RecordsResponse, StatusResponse, ValuesResponse } from '../../api/contract.ts';
import type { Dashboard } from '../../dashboards/schema.ts';
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
    queryFn: ({ signal }) => getJson<Dashboard>(`/api/v1/dashboards/${encodeURIComponent(id)}`, signal),
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

export const PAGE_OF_RECORDS = 100;

export interface RecordsAsked {
  readonly query: string;
  readonly from: string;
  readonly to: string;
  readonly filters: readonly Filter[];
}

export function recordsPage(asked: RecordsAsked, offset: number, signal: AbortSignal): Promise<RecordsResponse> {
  return postJson<RecordsResponse>('/api/v1/records', { ...asked, limit: PAGE_OF_RECORDS, offset }, signal);
}
