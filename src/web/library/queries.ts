/** What the library's parts ask of the server; each change lets what is shown be asked anew. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { DashboardAnswer, DashboardChange, DashboardImport, DashboardNew, PanelNew } from '../../api/contract/dashboards.ts';
import type { LibraryChange, LibraryItem, LibraryList, LibraryNew } from '../../api/contract/library.ts';
import { getJson, postJson, putJson, remove } from '../api/client.ts';

const LIBRARY = '/api/v1/library';
const DASHBOARDS = '/api/v1/dashboards';

export const libraryQuery = queryOptions({
  queryKey: ['library'],
  queryFn: ({ signal }) => getJson<LibraryList>(LIBRARY, signal),
  staleTime: 30_000,
});

export function itemQuery(id: string) {
  return queryOptions({
    queryKey: ['library', id],
    queryFn: ({ signal }) => getJson<LibraryItem>(`${LIBRARY}/${encodeURIComponent(id)}`, signal),
    staleTime: 30_000,
  });
}

type Change<T> =
  | { readonly do: 'create'; readonly body: T }
  | { readonly do: 'change'; readonly id: string; readonly body: LibraryChange }
  | { readonly do: 'remove'; readonly id: string };

/** Creates, changes or removes an item of the library. Removing answers nothing. */
export function useLibraryChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (change: Change<LibraryNew>): Promise<LibraryItem | null> => {
      if (change.do === 'create') return postJson<LibraryItem>(LIBRARY, change.body);
      const path = `${LIBRARY}/${encodeURIComponent(change.id)}`;
      if (change.do === 'change') return putJson<LibraryItem>(path, change.body);
      await remove(path);
      return null;
    },
    onSuccess: (item) => {
      if (item) client.setQueryData(itemQuery(item.id).queryKey, item);
    },
    // The list alone: what was removed need not be asked for again.
    onSettled: () => client.invalidateQueries({ queryKey: libraryQuery.queryKey, exact: true }),
  });
}

type DashboardEdit =
  | { readonly do: 'create'; readonly body: DashboardNew }
  | { readonly do: 'change'; readonly id: string; readonly body: DashboardChange }
  | { readonly do: 'add'; readonly id: string; readonly body: PanelNew }
  | { readonly do: 'import'; readonly body: DashboardImport }
  | { readonly do: 'remove'; readonly id: string };

/** Changes an own dashboard. Removing a whole one answers nothing. */
export function useDashboardChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (edit: DashboardEdit): Promise<DashboardAnswer | null> => {
      if (edit.do === 'create') return postJson<DashboardAnswer>(DASHBOARDS, edit.body);
      if (edit.do === 'import') return postJson<DashboardAnswer>(`${DASHBOARDS}/import`, edit.body);
      const path = `${DASHBOARDS}/${encodeURIComponent(edit.id)}`;
      if (edit.do === 'change') return putJson<DashboardAnswer>(path, edit.body);
      if (edit.do === 'add') return postJson<DashboardAnswer>(`${path}/panels`, edit.body);
      await remove(path);
      return null;
    },
    onSuccess: (dashboard) => {
      if (dashboard) client.setQueryData(['dashboard', dashboard.id], dashboard);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['dashboards'] }),
  });
}
