/**
 * geoip, and lookup from geo://location and asn://default: what was known of an address when its record was
 * stored. Place and autonomous system lie beside source and destination addresses; for any other address
 * nothing is stored, and the new columns are empty.
 */
import type { Registry } from '../../model/registries.ts';
import { didYouMean, listed, quoted } from '../../model/wording.ts';
import { besideId } from '../beside.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { AS_COLUMNS, PLACE_COLUMNS, partOf } from '../stored.ts';
import type { Name, Span } from '../tree.ts';
import { type Typed, text } from '../typed.ts';
import type { Operator } from './kinds.ts';

export interface PlaceSource {
  readonly registry: Registry['name'];
  readonly beside: 'place' | 'as';
  readonly columns: Readonly<Record<string, (stored: Sql) => Typed>>;
  /** Columns that the public language has and nothing stores: they are empty. */
  readonly unstored: readonly string[];
}

const LOCATION: PlaceSource = {
  registry: 'place',
  beside: 'place',
  columns: { ...PLACE_COLUMNS, region: PLACE_COLUMNS.state as (place: Sql) => Typed },
  unstored: ['continent', 'postal_code', 'area_code', 'metro_code', 'connection_type', 'country_cf', 'state_cf', 'city_cf'],
};

/** Sources of `lookup … from`, by name. */
export const PLACE_SOURCES: Readonly<Record<string, PlaceSource>> = {
  'geo://location': LOCATION,
  'geo://default': LOCATION,
  'asn://default': {
    registry: 'autonomous_system',
    beside: 'as',
    columns: { ...AS_COLUMNS, carrier_organization: AS_COLUMNS.organization as (as: Sql) => Typed },
    unstored: ['registering_organization'],
  },
};

export interface Wanted {
  readonly name: string;
  readonly as: string;
  readonly span: Span;
}

/** Columns of what is stored beside an address. Throws QueryError for a column that the source does not have. */
export function addPlace(state: State, source: PlaceSource, on: Name, columns: readonly Wanted[]): State {
  const address = state.resolve(on);
  const id = besideId(address, source.beside, state)?.();
  const { warnings } = state.ctx;
  if (!id) {
    const message = 'Place and network are stored for source and destination addresses only: these columns are empty.';
    warnings.push({ code: 'not-stored', span: on.span, message });
  }
  return columns.reduce((next, { name, as, span }) => {
    const known = columnOf(source, name, span);
    const make = source.columns[known];
    if (!make) warnings.push({ code: 'not-stored', span, message: `${quoted(known)} is not stored: the column is empty.` });
    if (make && id) return next.assign(as, partOf(id, source.registry, known, make));
    return next.assign(as, { ...(make?.(sql`''`) ?? text(sql`''`)), sql: sql`NULL` });
  }, state);
}

function columnOf(source: PlaceSource, name: string, span: Span): string {
  const known = [...Object.keys(source.columns), ...source.unstored];
  const found = known.find((k) => k === name.toLowerCase());
  if (found) return found;
  throw new QueryError('unknown-field', span, `This lookup has no column ${quoted(name)}.`, didYouMean(name, known) ?? `It has ${listed(known)}.`);
}

export const geoip: Operator<'geoip'> = {
  keywords: ['geoip'],
  syntax: 'geoip address [column, …]',
  doc: 'Adds latitude, longitude, country_code, country_name, city and state of an address, as known when the record was stored; empty when unknown.',
  example: 'geoip srcaddr | count by country_name',
  parse: (cursor, start) => {
    const field = cursor.name('an address field');
    const names = cursor.done ? [] : cursor.names('a column of the place');
    return { op: 'geoip', field, names, span: cursor.span(start) };
  },
  print: (o) => `geoip ${printName(o.field.name)}${o.names.length ? ` ${o.names.map((n) => printName(n.name)).join(', ')}` : ''}`,
  apply: (o, state) => {
    const ready = state.parts.limit === undefined ? state : state.finished();
    const names = o.names.length ? o.names : Object.keys(PLACE_COLUMNS).map((name) => ({ name, span: o.field.span }));
    return addPlace(
      ready,
      LOCATION,
      o.field,
      names.map(({ name, span }) => ({ name, as: name.toLowerCase(), span })),
    );
  },
};
