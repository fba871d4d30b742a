/** Rows of places as spots of a map: rows of one place are one spot, and what they say beside their count is its details. Pure. */

import type { PanelResult } from '../dashboard/run-store.ts';
import { flag } from '../format/flags.ts';
import { asNumber } from '../format/numbers.ts';
import { display, roleOf } from '../format/values.ts';
import { hasPosition, type Place } from './cluster.ts';
import { type Located, locate, locateMeasure, numberAt, textAt } from './columns.ts';

/** What a row says of its place: column and shown value, in the panel's order. */
export type Details = readonly { readonly name: string; readonly text: string }[];

export interface Spot extends Place {
  /** The greatest of its rows, for a click. */
  readonly row: readonly unknown[];
  /** Greatest first; equal ones once. Empty when the panel asks for none. */
  readonly details: readonly Details[];
}

export interface Spots {
  readonly spots: readonly Spot[];
  /** Places without a position: listed, never drawn at 0,0. */
  readonly unknown: readonly Spot[];
  /** Columns that say where a spot is and no other. */
  readonly where: (spot: Spot) => readonly Located[];
}

const PLACE_COLUMNS = ['country_code', 'state', 'city'];

export function spotsOf(result: PanelResult, measure: string | undefined, details: readonly string[], zone: string): Spots {
  const { columns } = result;
  const [latitude, longitude] = [locate(columns, 'latitude'), locate(columns, 'longitude')];
  const value = locateMeasure(columns, measure, ['latitude', 'longitude', ...details]);
  const [code, state, city] = PLACE_COLUMNS.map((name) => locate(columns, name));
  const where = [code, state, city].filter((c) => c !== undefined);
  const country = locate(columns, 'country_name');
  const told = details.map((name) => locate(columns, name)).filter((c) => c !== undefined);
  const places = new Map<string, { -readonly [key in keyof Spot]: Spot[key] } & { greatest: number; told: Map<string, Details> | undefined }>();
  for (const row of result.rows) {
    const [lat, lon] = [latitude && asNumber(row[latitude.index]), longitude && asNumber(row[longitude.index])];
    const name = placeName(textAt(row, code), textAt(row, state), textAt(row, city), textAt(row, country));
    const key = hasPosition(lat ?? null, lon ?? null) ? `${lat} ${lon} ${name}` : name;
    const amount = numberAt(row, value);
    let at = places.get(key);
    if (!at) {
      at = { name, value: 0, row, latitude: lat ?? 0, longitude: lon ?? 0, details: [], greatest: amount, told: undefined };
      places.set(key, at);
    }
    at.value += amount;
    if (amount > at.greatest) Object.assign(at, { row, greatest: amount });
    const own = told.length > 0 ? detailsOf(row, told, zone) : [];
    if (own.length > 0) {
      at.told ??= new Map();
      at.told.set(JSON.stringify(own), own);
    }
  }
  const all = [...places.values()]
    .map(({ greatest, told: its, ...spot }): Spot => ({ ...spot, details: its ? [...its.values()] : [] }))
    .sort((a, b) => b.value - a.value);
  const positioned = (spot: Spot) => hasPosition(spot.latitude, spot.longitude);
  // Where two places have one name, only the position tells them apart.
  const names = new Map<string, number>();
  for (const { name } of all) names.set(name, (names.get(name) ?? 0) + 1);
  const position = [latitude, longitude].filter((c) => c !== undefined);
  return {
    spots: all.filter(positioned),
    unknown: all.filter((spot) => !positioned(spot)),
    where: ({ name }) => (where.length === 0 || (names.get(name) ?? 0) > 1 ? [...where, ...position] : where),
  };
}

/** What is there to say; a column without a value in this row says nothing. */
function detailsOf(row: readonly unknown[], columns: readonly Located[], zone: string): Details {
  return columns.flatMap(({ column, index }) => {
    const value = row[index];
    return value === null || value === undefined || value === '' ? [] : [{ name: column.name, text: display(value, roleOf(column), zone) }];
  });
}

function placeName(code: string, state: string, city: string, country: string): string {
  const named = [city, state === city ? '' : state, country || code].filter(Boolean).join(', ');
  return named ? `${flag(code)} ${named}`.trim() : 'unknown place';
}
