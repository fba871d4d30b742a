/** What the page of administrators asks of the server. */
import { queryOptions } from '@tanstack/react-query';
import type { Administrator, AdministratorList, AdministratorNew } from '../../api/contract/administrators.ts';
import { getJson, postJson, remove } from '../api/client.ts';

const PATH = '/api/v1/administrators';

export const administratorsQuery = queryOptions({
  queryKey: ['administrators'],
  queryFn: ({ signal }) => getJson<AdministratorList>(PATH, signal),
  staleTime: 10_000,
});

export function addAdministrator(asked: AdministratorNew): Promise<Administrator> {
  return postJson<Administrator>(PATH, asked);
}

export function removeAdministrator(id: string): Promise<void> {
  return remove(`${PATH}/${encodeURIComponent(id)}`);
}
