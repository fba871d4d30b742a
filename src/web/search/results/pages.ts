/**
 * Records by their place in the list, from pages that are asked for when one looks at them. All pages are
 * of the window of the first, so that a list that is read for an hour holds together.
 */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { OutputColumn, RecordsResponse, Window } from '../../../api/contract.ts';
import type { Rec } from '../../records/flow.ts';
import { type Asked, MOST, PAGE, recordsQuery } from './ask.ts';

export interface Seen {
  readonly first: number;
  readonly last: number;
}

export interface Pages {
  /** Records that match; null until known. */
  readonly total: number | null;
  /** Records that the list can show. */
  readonly count: number;
  readonly window: Window | undefined;
  /** Columns that the query's steps made. */
  readonly made: readonly OutputColumn[];
  readonly warnings: RecordsResponse['warnings'];
  readonly first: readonly Rec[];
  /** undefined while its page is on the way. */
  readonly at: (index: number) => Rec | undefined;
  /** The first page is on the way; records of the question before may stand in its place. */
  readonly loading: boolean;
  readonly error: unknown;
  /** Asks again for what failed. */
  readonly again: () => void;
}

const NONE: never[] = [];
/** Rests of the scroll bar shorter than this ask for nothing. */
const SETTLE_MS = 60;

export function usePages(asked: Asked, query: string, seen: Seen, enabled: boolean): Pages {
  const first = useQuery({
    ...recordsQuery(asked, query, 0, undefined),
    enabled,
    // What was there stays while the same question is asked of another time, or again.
    placeholderData: (before, last) => (isOf(last?.queryKey[1], asked) ? before : undefined),
  });
  const { data } = first;
  const count = Math.min(data?.total ?? 0, MOST);
  const wanted = useSettled(pagesOf(seen, count));
  const others = useQueries({ queries: data ? wanted.map((page) => recordsQuery(asked, query, page, data.window)) : [] });
  const pages = new Map(wanted.map((page, i) => [page, others[i]?.data?.records]));
  const failed = others.find((o) => o.isError);
  return {
    total: data?.total ?? null,
    count,
    window: data?.window,
    made: data?.made ?? NONE,
    warnings: data?.warnings ?? NONE,
    first: data?.records ?? NONE,
    at: (index) => {
      const page = Math.floor(index / PAGE);
      return (page === 0 ? data?.records : pages.get(page))?.[index % PAGE];
    },
    loading: first.isFetching,
    error: first.error ?? failed?.error ?? null,
    again: () => {
      if (first.isError) void first.refetch();
      for (const other of others) if (other.isError) void other.refetch();
    },
  };
}

function isOf(before: unknown, asked: Asked): boolean {
  return typeof before === 'object' && before !== null && 'query' in before && before.query === asked.query;
}

/** Pages behind the first that hold any of the rows, and the one that comes next. */
function pagesOf({ first, last }: Seen, count: number): number[] {
  const end = Math.min(Math.floor((last + PAGE / 2) / PAGE), Math.floor((count - 1) / PAGE));
  const start = Math.max(1, Math.floor(first / PAGE));
  return Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => start + i);
}

function useSettled(pages: number[]): readonly number[] {
  const [settled, setSettled] = useState<readonly number[]>(NONE);
  const text = pages.join(' ');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text === '' ? NONE : text.split(' ').map(Number)), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
