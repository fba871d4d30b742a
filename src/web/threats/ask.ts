/** What the threats page asks of the server; each change lets what is shown be asked anew. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import type {
  Feed,
  FeedChange,
  FeedList,
  FeedNew,
  FeedTest,
  FeedTested,
  Imported,
  IndicatorList,
  IndicatorStats,
  StoredIndicator,
} from '../../api/contract/feeds.ts';
import type { HuntRequest, HuntStatus, RetroResponse } from '../../api/contract/findings.ts';
import { getJson, postFile, postJson, putJson, remove, sendJson } from '../api/client.ts';
import { statusQuery } from '../api/queries.ts';

const FEEDS = '/api/v1/feeds';
const INDICATORS = '/api/v1/indicators';
const ALLOW_LIST = '/api/v1/allow-list';
const LATER = '/api/v1/findings/retro';
/** How often numbers are asked for anew, and while a feed runs. */
const LIVE_MS = 5000;
const RUNNING_MS = 1000;
const PAGE = 200;
const LATER_PAGE = 100;

const at = (name: string): string => `${FEEDS}/${encodeURIComponent(name)}`;

export const feedsQuery = queryOptions({
  queryKey: ['threats', 'feeds'],
  queryFn: ({ signal }) => getJson<FeedList>(FEEDS, signal),
  refetchInterval: ({ state }) => (state.data?.feeds.some((feed) => feed.state.state === 'running') ? RUNNING_MS : LIVE_MS),
});

export const statsQuery = queryOptions({
  queryKey: ['threats', 'stats'],
  queryFn: ({ signal }) => getJson<IndicatorStats>(`${INDICATORS}/stats`, signal),
  refetchInterval: LIVE_MS * 3,
});

/** What is asked of the list of indicators; what is empty is left out. */
export interface IndicatorFilter {
  readonly search: string;
  readonly feed: string;
  readonly type: string;
  readonly band: string;
  readonly removed: boolean;
}

export function indicatorsQuery({ removed, ...texts }: IndicatorFilter) {
  const asked = Object.entries(texts).filter(([, text]) => text !== '');
  return infiniteQueryOptions({
    queryKey: ['threats', 'indicators', { removed, ...texts }],
    queryFn: ({ pageParam, signal }) => {
      const more = pageParam === null ? {} : { cursor: pageParam };
      const parameters = new URLSearchParams({ ...Object.fromEntries(asked), ...(removed ? { removed: 'true' } : {}), limit: String(PAGE), ...more });
      return getJson<IndicatorList>(`${INDICATORS}?${parameters}`, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export function indicatorQuery(number: string) {
  return queryOptions({
    queryKey: ['threats', 'indicator', number],
    queryFn: ({ signal }) => getJson<StoredIndicator>(`${INDICATORS}/${encodeURIComponent(number)}`, signal),
  });
}

interface AllowEntries {
  readonly entries: readonly string[];
}

export const allowListQuery = queryOptions({
  queryKey: ['threats', 'allow-list'],
  queryFn: ({ signal }) => getJson<AllowEntries>(ALLOW_LIST, signal),
});

/** What was found later, of all feeds or of one. */
export function laterQuery(feed = '') {
  return infiniteQueryOptions({
    queryKey: ['threats', 'later', feed],
    queryFn: ({ pageParam, signal }) => {
      const parameters = new URLSearchParams({ ...(feed === '' ? {} : { feed }), limit: String(LATER_PAGE), offset: String(pageParam) });
      return getJson<RetroResponse>(`${LATER}?${parameters}`, signal);
    },
    initialPageParam: 0,
    getNextPageParam: ({ totals }, pages) => (pages.length * LATER_PAGE < totals.findings ? pages.length * LATER_PAGE : null),
    refetchInterval: ({ state }) => (state.data?.pages[0]?.hunt.state === 'running' ? RUNNING_MS : LIVE_MS * 3),
    placeholderData: keepPreviousData,
  });
}

export const createFeed = (feed: FeedNew): Promise<Feed> => postJson(FEEDS, feed);
export const changeFeed = (name: string, change: FeedChange): Promise<Feed> => putJson(at(name), change);
export const removeFeed = (name: string): Promise<void> => remove(at(name));
export const runFeed = (name: string): Promise<{ started: boolean }> => postJson(`${at(name)}/run`, {});
export const testFeed = (test: FeedTest, signal?: AbortSignal): Promise<FeedTested> => postJson(`${FEEDS}/test`, test, signal);
export const saveAllowList = (entries: readonly string[]): Promise<AllowEntries> => putJson(ALLOW_LIST, { entries });
export const huntAgain = (feed: string): Promise<HuntStatus> => postJson(`${LATER}/hunt`, { feed } satisfies z.infer<typeof HuntRequest>);
export const cancelHunt = (): Promise<HuntStatus> => sendJson('DELETE', `${LATER}/hunt`);
export const importFile = (file: File, asked: Readonly<Record<string, string>>): Promise<Imported> =>
  postFile(`${INDICATORS}/import?${new URLSearchParams(asked)}`, file, 'application/octet-stream');

/** A change of feeds or lists; all that the page shows is asked for anew before it counts as done. */
export function useThreatsChange<A, R>(work: (argument: A) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSettled: () => Promise.all([['threats'], statusQuery.queryKey].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
