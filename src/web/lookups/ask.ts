/** What the page of lookup tables asks of the server. */
import { queryOptions } from '@tanstack/react-query';
import type { LookupList, LookupShown, LookupTable } from '../../api/contract/lookups.ts';
import { getJson, putFile, remove } from '../api/client.ts';

export const lookupsQuery = queryOptions({
  queryKey: ['lookups'],
  queryFn: ({ signal }) => getJson<LookupList>('/api/v1/lookups', signal),
  staleTime: 10_000,
});

const path = (name: string): string => `/api/v1/lookups/${encodeURIComponent(name)}`;

export function lookupQuery(name: string) {
  return queryOptions({ queryKey: ['lookups', name], queryFn: ({ signal }) => getJson<LookupShown>(path(name), signal), staleTime: 10_000 });
}

export function upload(name: string, file: File): Promise<LookupTable> {
  const json = /\.(?:json|ndjson|jsonl)$/i.test(file.name);
  const csv = /\.(?:csv|tsv)$/i.test(file.name);
  return putFile<LookupTable>(path(name), file, json ? 'application/json' : csv ? 'text/csv' : 'application/octet-stream');
}

export function removeLookup(name: string): Promise<void> {
  return remove(path(name));
}
