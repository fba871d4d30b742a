/**
 * From a clicked value to the records behind it: the panel's query up to where it starts to count, the
 * clicked values as filters (or as conditions, when a column is computed and belongs to no field), and
 * the window of the panel or of the clicked bucket. Pure.
 */
import type { Filter, Window } from '../../api/contract.ts';
import { addFilters, type Chip, encodeChip } from '../filters/filter.ts';
import { fieldOf } from '../format/values.ts';
import type { Drill } from '../panels/props.ts';
import { absolute } from '../time/range.ts';

/** Operators that turn records into counts, and those that only shape the table afterwards. */
const AGGREGATES = new Set(
  'count count_distinct count_frequent sum avg min max pct median stddev first last most_recent least_recent values transpose compare sort order top topk limit'.split(
    ' ',
  ),
);
/** Steps that records do not need. */
const DROPPED = new Set(['timeslice', 'fields']);

/** Splits at pipes outside of quotes, comments and regular expressions' quotes. */
export function stages(query: string): string[] {
  const list: string[] = [];
  let stage = '';
  let quote = '';
  for (let i = 0; i < query.length; i++) {
    const c = query.charAt(i);
    if (quote) {
      stage += c;
      if (c === '\\') stage += query.charAt(++i);
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") {
      quote = c;
      stage += c;
    } else if (c === '/' && query.charAt(i + 1) === '/') {
      while (i + 1 < query.length && query.charAt(i + 1) !== '\n') i++;
    } else if (c === '|') {
      list.push(stage);
      stage = '';
    } else stage += c;
  }
  list.push(stage);
  return list.map((s) => s.trim());
}

/** The part of a query that selects records: everything before its first aggregate operator. */
export function scopeOf(query: string): string {
  const [scope = '', ...steps] = stages(query);
  const kept: string[] = [];
  for (const step of steps) {
    const operator = /^[a-z_]+/i.exec(step)?.[0].toLowerCase() ?? '';
    if (AGGREGATES.has(operator)) break;
    if (!DROPPED.has(operator)) kept.push(step);
  }
  return [scope, ...kept].join(' | ').trim();
}

export interface Drilled {
  readonly query: string;
  readonly filters: Filter[];
}

/** Values of fields become filters, values of computed columns a `where`. A value that is not there asks for its absence. */
export function drillInto(query: string, cells: Drill['cells']): Drilled {
  const filters: Filter[] = [];
  const wheres: string[] = [];
  for (const { column, value } of cells) {
    const field = fieldOf(column);
    const missing = value === null || value === undefined || value === '';
    if (field && !missing) filters.push({ field, values: [String(value)], negate: false });
    else if (field === undefined || missing) wheres.push(missing ? `isEmpty(${name(column.name)})` : `${name(column.name)} = ${literal(value)}`);
  }
  const scope = scopeOf(query);
  return { query: wheres.length > 0 ? `${scope} | where ${wheres.join(' and ')}` : scope, filters };
}

function name(column: string): string {
  return /^[A-Za-z_][\w.]*$/.test(column) ? column : `%"${column.replace(/["\\]/g, '\\$&')}"`;
}

function literal(value: unknown): string {
  return typeof value === 'number' ? String(value) : `"${String(value).replace(/["\\]/g, '\\$&')}"`;
}

/** The records page's address for a drill-down. */
export function recordsSearch(query: string, drill: Drill, chips: readonly Chip[], window: Window, tz: string | undefined) {
  const into = drillInto(query, drill.cells);
  const all = addFilters(
    chips.filter((c) => !c.paused),
    into.filters,
  );
  return { ...absolute(drill.window ?? window), q: into.query, ...(all.length > 0 && { f: all.map(encodeChip) }), ...(tz !== undefined && { tz }) };
}
