/** A saved search and the search page's address say the same: one made of the other, and whether they still agree. Pure. */
import type { LibraryItem } from '../../api/contract/library.ts';
import type { SavedSearch } from '../../dashboards/saved-search.ts';
import type { Search } from '../app/search.ts';
import { applied, type Chip, decodeChips, encodeChip } from '../filters/filter.ts';
import type { Range } from '../time/range.ts';

export type SavedItem = Extract<LibraryItem, { kind: 'search' }>;

/** What the search page shows. */
export interface Current {
  /** As it stands in the editor, run or not. */
  readonly query: string;
  readonly range: Range;
  readonly chips: readonly Chip[];
  readonly search: Search;
}

/** What would be saved now. Filters that are paused are left out. */
export function toSaved({ query, range, chips, search }: Current): SavedSearch {
  const { view, order, cols, tz } = search;
  const shown = { ...(view && { view }), ...(order && { order }), ...(cols && { cols: [...cols] }) };
  return {
    query: query.trim(),
    from: range.from,
    to: range.to,
    filters: applied(chips).map((f) => ({ ...f, values: [...f.values] })),
    ...(tz && { timeZone: tz }),
    ...(Object.keys(shown).length > 0 && { view: shown }),
  };
}

/** The address of a saved search; every parameter of it, so that nothing of the one before stays but the viewer's zone. */
export function addressOf(item: SavedItem) {
  const { query, from, to, filters, timeZone, view } = item.search;
  const chips = filters.map((f) => encodeChip({ ...f, paused: false }));
  return {
    saved: item.id,
    q: query,
    from,
    to,
    f: chips.length > 0 ? chips : undefined,
    ...(timeZone !== undefined && { tz: timeZone }),
    view: view?.view,
    order: view?.order,
    cols: view?.cols,
  };
}

/** Whether what is shown differs from what was saved; in which zone it is looked at changes nothing. */
export function isChanged(item: SavedItem, current: Current): boolean {
  const { description: _, ...saved } = item.search;
  const then: SavedSearch = { ...saved, query: saved.query.trim(), filters: applied(decodeChips(addressOf(item).f ?? [])) };
  return JSON.stringify(ordered(then)) !== JSON.stringify(ordered(toSaved(current)));
}

/** The same keys in the same order, whoever wrote them. */
function ordered({ query, from, to, filters, view }: SavedSearch) {
  return [query, from, to, filters.map((f) => encodeChip({ ...f, paused: false })), view?.view ?? '', view?.order ?? '', view?.cols ?? []];
}
