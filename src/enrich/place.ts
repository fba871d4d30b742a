/**
 * Place of a public address. Two databases, one a family: an IPv6 address asked of an IPv4 file gives
 * a wrong record without a word, so the family decides first. Records become short texts, interned:
 * an address costs a tree walk, a record is decoded once.
 *
 * Reads DB-IP's flat records (https://db-ip.com, IP Geolocation by DB-IP, CC-BY-4.0) and MaxMind's
 * nested ones (https://dev.maxmind.com/geoip/docs/databases/city-and-country).
 */

import { isIPv4 } from '../model/address.ts';
import { type AddressLookup, Interner } from './lookup.ts';
import { type MmdbValue, openMmdb } from './mmdb.ts';

export interface Place {
  /** ISO 3166 alpha-2 code; '' when unknown, like every text here. */
  readonly country: string;
  readonly state: string;
  readonly city: string;
  /** Degrees, at most 4 decimals (11 m); undefined when unknown. */
  readonly latitude: number | undefined;
  readonly longitude: number | undefined;
}

/** Opens the databases that there are. Texts: `country|state|city|latitude|longitude`. Throws MmdbError. */
export function createPlaces(ipv4: Uint8Array | undefined, ipv6: Uint8Array | undefined): AddressLookup {
  const interner = new Interner();
  const v4 = family(ipv4, 'findIPv4', interner);
  const v6 = family(ipv6, 'findIPv6', interner);
  return {
    texts: interner.texts,
    find: (bytes, offset) => (isIPv4(bytes, offset) ? v4(bytes, offset + 12) : v6(bytes, offset)),
  };
}

type Find = (bytes: Uint8Array, offset: number) => number;

function family(file: Uint8Array | undefined, find: 'findIPv4' | 'findIPv6', interner: Interner): Find {
  if (!file) return () => 0;
  const database = openMmdb(file);
  const search = database[find];
  const idByPosition = new Map<number, number>([[0, 0]]);
  return (bytes, offset) => {
    const position = search(bytes, offset);
    let id = idByPosition.get(position);
    if (id === undefined) {
      const place = readPlace(database.decode(position));
      id = place ? interner.id(placeText(place)) : 0;
      idByPosition.set(position, id);
    }
    return id;
  };
}

/** `|` separates the parts, so it never stands in one. */
function clean(value: MmdbValue | undefined): string {
  return typeof value === 'string' ? value.replaceAll('|', ' ').trim() : '';
}

function degrees(value: MmdbValue | undefined, limit: number): number | undefined {
  return typeof value === 'number' && Math.abs(value) <= limit ? Math.round(value * 1e4) / 1e4 : undefined;
}

/** A part of a nested record; `key` may be a position in a list. */
function part(value: MmdbValue | undefined, key: string | number): MmdbValue | undefined {
  return typeof value === 'object' && !(value instanceof Uint8Array) ? (value as Readonly<Record<string | number, MmdbValue>>)[key] : undefined;
}

/** Either shape of record; undefined when nothing in it is known. */
export function readPlace(record: MmdbValue): Place | undefined {
  const flat = part(record, 'country_code') !== undefined;
  const location = flat ? record : part(record, 'location');
  const place: Place = {
    country: clean(flat ? part(record, 'country_code') : part(part(record, 'country'), 'iso_code')),
    state: clean(flat ? part(record, 'state1') : part(part(part(part(record, 'subdivisions'), 0), 'names'), 'en')),
    city: clean(flat ? part(record, 'city') : part(part(part(record, 'city'), 'names'), 'en')),
    latitude: degrees(part(location, 'latitude'), 90),
    longitude: degrees(part(location, 'longitude'), 180),
  };
  return place.country || place.city || place.latitude !== undefined ? place : undefined;
}

/** `US|California|Mountain View|37.422|-122.085` */
export function placeText(place: Place): string {
  return [place.country, place.state, place.city, place.latitude ?? '', place.longitude ?? ''].join('|');
}

/** The inverse of placeText; undefined for ''. */
export function parsePlace(text: string): Place | undefined {
  if (text === '') return undefined;
  const [country = '', state = '', city = '', latitude = '', longitude = ''] = text.split('|');
  const number = (s: string) => (s === '' ? undefined : Number(s));
  return { country, state, city, latitude: number(latitude), longitude: number(longitude) };
}
