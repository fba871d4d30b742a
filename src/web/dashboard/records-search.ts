/** From a clicked value or row of a panel to its records on the search page. Pure. */
import type { Window } from '../../api/contract.ts';
import { EVENT_COLUMNS, FLOW_COLUMNS } from '../app/search.ts';
import { addFilters, type Chip, encodeChip } from '../filters/filter.ts';
import type { Drill } from '../panels/props.ts';
import { readsEvents } from '../search/index-choice.ts';
import { drilled, withoutAdded } from '../search/results/edit.ts';
import { absolute } from '../time/range.ts';
import { drillFilters } from './drill.ts';

/** The search page's address for a drill-down: the records behind a value. */
export function recordsSearch(query: string, drill: Drill, chips: readonly Chip[], window: Window, tz: string | undefined) {
  const active = chips.filter((c) => !c.paused);
  const all = addFilters(active, drillFilters(query, drill.cells));
  // The query's own steps choose records too (threats of high confidence), and what they made of a row is asked for behind them.
  const made = drill.cells.filter((cell) => drillFilters(query, [cell]).length === 0);
  return {
    ...absolute(drill.window ?? momentOf(drill.cells) ?? window),
    q: withoutAdded(drilled(query, made)) || '*',
    cols: readsEvents(query) ? EVENT_COLUMNS : FLOW_COLUMNS,
    ...(all.length > 0 && { f: all.map(encodeChip) }),
    ...(drill.why && { why: 'newest' }),
    ...(tz !== undefined && { tz }),
  };
}

/** The second of a record, where one of the cells is its time and not the start of a slice. */
function momentOf(cells: Drill['cells']): Window | undefined {
  const time = cells.find(({ column, value }) => column.kind === 'time' && column.field !== undefined && typeof value === 'number')?.value;
  if (typeof time !== 'number') return undefined;
  const from = Math.floor(time / 1000);
  return { from, to: from + 1 };
}
