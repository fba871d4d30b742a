/** What the sources page asks of the server; each change lets what is shown be asked anew. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type {
  Address,
  Collector,
  CollectorChange,
  CollectorNew,
  LayoutAnswered,
  LayoutList,
  Source,
  SourceChange,
  SourceList,
  SourceMade,
  SourceNew,
  TemplateList,
  TestRequest,
  TestResponse,
} from '../../api/contract/sources.ts';
import type { QuarantineResponse } from '../../api/contract.ts';
import { getJson, post, postJson, putJson, remove, sendJson } from '../api/client.ts';
import { statusQuery } from '../api/queries.ts';

const SOURCES = '/api/v1/sources';
const LAYOUTS = '/api/v1/layouts';
const COLLECTORS = '/api/v1/collectors';
/** How often numbers are asked for anew, and while somebody waits for the first records. */
const LIVE_MS = 5000;
const WAITING_MS = 1000;

const at = (base: string, id: string): string => `${base}/${encodeURIComponent(id)}`;

export const sourcesQuery = queryOptions({
  queryKey: ['sources'],
  queryFn: ({ signal }) => getJson<SourceList>(SOURCES, signal),
  refetchInterval: LIVE_MS,
});

export function arrivalQuery(id: string) {
  return queryOptions({
    queryKey: ['sources', id, 'arrival'],
    queryFn: ({ signal }) => getJson<Source>(at(SOURCES, id), signal),
    refetchInterval: WAITING_MS,
  });
}

export const templatesQuery = queryOptions({
  queryKey: ['source-templates'],
  queryFn: ({ signal }) => getJson<TemplateList>(`${SOURCES}/templates`, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const layoutsQuery = queryOptions({
  queryKey: ['layouts'],
  queryFn: ({ signal }) => getJson<LayoutList>(LAYOUTS, signal),
  refetchInterval: LIVE_MS * 3,
});

/** Records in quarantine, by what they are stored under. */
export function quarantineQuery(under: Readonly<Record<string, string>>, limit: number) {
  const parameters = new URLSearchParams({ ...under, limit: String(limit) });
  return queryOptions({
    queryKey: ['quarantine', under, limit],
    queryFn: ({ signal }) => getJson<QuarantineResponse>(`/api/v1/quarantine?${parameters}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_MS * 3,
  });
}

/** The file's text. Throws ApiFailure. */
export async function filledTemplate(name: string, parameters: Readonly<Record<string, string>>): Promise<Blob> {
  return (await post(`${at(`${SOURCES}/templates`, name)}`, { parameters })).blob();
}

export const createSource = (source: SourceNew): Promise<SourceMade> => postJson(SOURCES, source);
export const changeSource = (id: string, change: SourceChange): Promise<Source> => putJson(at(SOURCES, id), change);
export const removeSource = (id: string): Promise<void> => remove(at(SOURCES, id));
export const rotateToken = (id: string, graceHours: number): Promise<Address> => postJson(`${at(SOURCES, id)}/token`, { graceHours });
export const testSource = (request: TestRequest, signal?: AbortSignal): Promise<TestResponse> => postJson(`${SOURCES}/test`, request, signal);
export const createCollector = (collector: CollectorNew): Promise<Collector> => postJson(COLLECTORS, collector);
export const changeCollector = (id: string, change: CollectorChange): Promise<Collector> => putJson(at(COLLECTORS, id), change);
export const removeCollector = (id: string): Promise<void> => remove(at(COLLECTORS, id));

export const answerLayout = (stream: string, layout: string): Promise<LayoutAnswered> => putJson(LAYOUTS, { stream, layout });
export const forgetLayout = (stream: string): Promise<unknown> => sendJson('DELETE', LAYOUTS, { stream });

/** A change of what is known of layouts; also the counts of sources are others then. */
export function useLayoutChange<A, R>(work: (argument: A) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSettled: () =>
      Promise.all(
        [layoutsQuery.queryKey, sourcesQuery.queryKey, statusQuery.queryKey, ['quarantine']].map((queryKey) => client.invalidateQueries({ queryKey })),
      ),
  });
}

/** A change of sources or collectors; the list is asked for anew before it counts as done. */
export function useSourceChange<A, R>(work: (argument: A) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: work, onSettled: () => client.invalidateQueries({ queryKey: sourcesQuery.queryKey }) });
}
