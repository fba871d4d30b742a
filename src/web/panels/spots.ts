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
  const where = PLACE_COLUMNS.map((name) => locate(columns, name)).filter((c) => c !== undefined);
  const told = details.map((name) => locate(columns, name)).filter((c) => c !== undefined);
  const places = new Map<string, { place: Spot; details: Map<string, Details>; greatest: number }>();
  for (const row of result.rows) {
    const [lat, lon] = [latitude && asNumber(row[latitude.index]), longitude && asNumber(row[longitude.index])];
    const known = hasPosition(lat ?? null, lon ?? null);
    const name = placeName(columns, row, where);
    const key = known ? `${lat} ${lon} ${name}` : name;
    const amount = numberAt(row, value);
    const at = places.get(key) ?? { place: { name, value: 0, row, latitude: lat ?? 0, longitude: lon ?? 0, details: [] }, details: new Map(), greatest: -1 };
    const own = detailsOf(row, told, zone);
    if (own.length > 0) at.details.set(JSON.stringify(own), own);
    at.place = { ...at.place, value: at.place.value + amount, ...(amount > at.greatest && { row }) };
    at.greatest = Math.max(at.greatest, amount);
    places.set(key, at);
  }
  const all = [...places.values()].map(({ place, details: its }): Spot => ({ ...place, details: [...its.values()] })).sort((a, b) => b.value - a.value);
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

function placeName(columns: PanelResult['columns'], row: readonly unknown[], where: readonly Located[]): string {
  const [code = '', state = '', city = ''] = PLACE_COLUMNS.map((name) =>
    textAt(
      row,
      where.find((w) => w.column.name.toLowerCase() === name),
    ),
  );
  const country = textAt(row, locate(columns, 'country_name')) || code;
  const named = [city, state === city ? '' : state, country].filter(Boolean).join(', ');
  return named ? `${flag(code)} ${named}`.trim() : 'unknown place';
}
