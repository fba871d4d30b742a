/** What the pages ask for once and keep: React Query's options by name. */
import { queryOptions } from '@tanstack/react-query';
import type { CatalogueResponse } from '../../api/contract/catalogue.ts';
import type { CompletenessResponse } from '../../api/contract/completeness.ts';
import type { DashboardAnswer, DashboardList } from '../../api/contract/dashboards.ts';
import type { StatusResponse, ValuesResponse } from '../../api/contract.ts';
import type { Range } from '../time/range.ts';
import { getJson } from './client.ts';

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

export function completenessQuery(range: Range) {
  return queryOptions({
    queryKey: ['completeness', range.from, range.to],
    queryFn: ({ signal }) => getJson<CompletenessResponse>(`/api/v1/completeness?${new URLSearchParams({ from: range.from, to: range.to })}`, signal),
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
