/** A page's state, read from the URL, and the one way to change it. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { type Chip, decodeChips, encodeChip } from '../filters/filter.ts';
import { localZone } from '../format/times.ts';
import type { Range } from '../time/range.ts';
import type { Search } from './search.ts';

/** Parameters to set; undefined takes one out of the URL. */
export type Change = { readonly [K in keyof Search]?: Search[K] | undefined };

export interface Page {
  readonly search: Search;
  readonly chips: Chip[];
  /** IANA zone that times are shown in. */
  readonly zone: string;
  readonly change: (change: Change, how?: { replace?: boolean }) => void;
  readonly setChips: (chips: readonly Chip[]) => void;
  readonly setRange: (range: Range) => void;
}

const NONE: readonly string[] = [];

export function usePage(): Page {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const f = search.f ?? NONE;
  const chips = useMemo(() => decodeChips(f), [f]);
  const change = useCallback<Page['change']>(
    (next, how) => {
      void navigate({ to: '.', search: (old: Search) => compact({ ...old, ...next }), replace: how?.replace ?? false, resetScroll: false });
    },
    [navigate],
  );
  const setChips = useCallback<Page['setChips']>((list) => change({ f: list.length > 0 ? list.map(encodeChip) : undefined }), [change]);
  const setRange = useCallback<Page['setRange']>((range) => change({ from: range.from, to: range.to }), [change]);
  return { search, chips, zone: zoneOf(search.tz), change, setChips, setRange };
}

function compact(change: Change): Search {
  return Object.fromEntries(Object.entries(change).filter(([, v]) => v !== undefined));
}

/** `utc`, an IANA name, or the viewer's own. */
export function zoneOf(tz: string | undefined): string {
  if (!tz) return localZone();
  try {
    return new Intl.DateTimeFormat('en', { timeZone: tz }).resolvedOptions().timeZone;
  } catch {
    return localZone();
  }
}
