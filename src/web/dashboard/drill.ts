/**
 * From a clicked value to the records behind it: the matches of the panel's query, the clicked values as
 * filters, and the window of the panel or of the clicked bucket. A value that the query computed from an
 * address (its place, its network) becomes a filter of the field that holds the same. Pure.
 */
import type { Filter, OutputColumn } from '../../api/contract.ts';
import { findField } from '../../model/fields.ts';
import { parse } from '../../query/parser.ts';
import { type Chip, encodeChip } from '../filters/filter.ts';
import { fieldOf } from '../format/values.ts';
import type { Drill } from '../panels/props.ts';
import type { Range } from '../time/range.ts';

/** Columns that operators compute from an address → the field below that address's side. */
const COMPUTED: Readonly<Record<string, string>> = {
  country_code: 'geo.country_iso_code',
  state: 'geo.region_name',
  city: 'geo.city_name',
  asn: 'as.number',
  organization: 'as.organization.name',
  latitude: 'geo.location.lat',
  longitude: 'geo.location.lon',
};

/** Columns that a query takes out of a list, one value a row → the field that has the list. */
const PART_OF: Readonly<Record<string, string>> = { security_group: 'interface.security_group.ids' };

/** Columns that put an end of the flow together, `10.0.0.5:443` or `[2001:db8::5]:443` → the end. */
const ENDS: Readonly<Record<string, string>> = { src: 'source', dest: 'destination' };

/** Which end of the flow a query looks up: `geoip dest_ip`, `lookup asn from asn://default on ip=dest_ip`. */
function lookedUp(query: string): string | undefined {
  for (const step of parse(query).query.operations) {
    const names = step.op === 'geoip' ? [step.field] : step.op === 'lookup' ? step.on.map(({ right }) => right) : [];
    for (const { name } of names) {
      const field = findField(name)?.name;
      if (field === 'source.ip' || field === 'destination.ip') return field.replace('.ip', '');
    }
  }
  return undefined;
}

/** The field whose values a column has, if any. */
export function drillField(query: string, column: OutputColumn): string | undefined {
  const own = fieldOf(column);
  if (own !== undefined) return own;
  const list = PART_OF[column.name.toLowerCase()];
  if (list !== undefined) return list;
  const below = COMPUTED[column.name.toLowerCase()];
  const side = below === undefined ? undefined : lookedUp(query);
  return side && `${side}.${below}`;
}

/**
 * A filter for every clicked value that a field holds; a time is none to filter by, nor a value with a `*`, which would be
 * any text in a filter. What is not there is asked for by the empty value.
 */
export function drillFilters(query: string, cells: Drill['cells']): Filter[] {
  return cells.flatMap(({ column, value }) => {
    if (column.kind === 'time' || String(value).includes('*')) return [];
    const end = fieldOf(column) === undefined ? ENDS[column.name.toLowerCase()] : undefined;
    const [, address, port] = (end && /^\[?(.*?)\]?:(\d+)$/.exec(String(value))) || [];
    if (address && port) return [filterOf(`${end}.ip`, address), filterOf(`${end}.port`, port)];
    const field = drillField(query, column);
    return field === undefined ? [] : [filterOf(field, value)];
  });
}

function filterOf(field: string, value: unknown): Filter {
  return { field, values: [value === null || value === undefined ? '' : String(value)], negate: false };
}

/** The search page's address for a whole query on a panel's range. */
export function querySearch(query: string, range: Range, chips: readonly Chip[], tz: string | undefined) {
  return { ...range, q: query.trim(), ...(chips.length > 0 && { f: chips.map(encodeChip) }), ...(tz !== undefined && { tz }) };
}
