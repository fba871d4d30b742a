/**
 * What a value of a result means to a reader: a port has a service, a protocol a keyword, a technique a name, a country a flag.
 * The meaning comes from the field that a column's values are values of; a computed column's from its name.
 */
import type { OutputColumn } from '../../api/contract.ts';
import { canonicalName } from '../../model/fields.ts';
import { TECHNIQUE_NAMES } from '../../model/mitre.ts';
import { PROTOCOL_NAMES, SERVICE_NAMES } from '../../model/services.ts';
import { flag } from './flags.ts';
import { asNumber, cell } from './numbers.ts';
import { stamp } from './times.ts';

export type Role =
  | 'port'
  | 'protocol'
  | 'technique'
  | 'country'
  | 'asn'
  | 'address'
  | 'id'
  | 'action'
  | 'direction'
  | 'confidence'
  | 'time'
  | 'number'
  | 'text';

const ROLE_BY_FIELD: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['source.port', 'port'],
  ['destination.port', 'port'],
  ['network.iana_number', 'protocol'],
  ['threat.technique.id', 'technique'],
  ['source.geo.country_iso_code', 'country'],
  ['destination.geo.country_iso_code', 'country'],
  ['source.as.number', 'asn'],
  ['destination.as.number', 'asn'],
  ['event.action', 'action'],
  ['network.direction', 'direction'],
  ['cloud.account.id', 'id'],
  ['observer.ingress.interface.name', 'id'],
  ['cloud.instance.id', 'id'],
  ['aws.flowlogs.vpc_id', 'id'],
  ['aws.flowlogs.subnet_id', 'id'],
  ['interface.instance.id', 'id'],
  ['interface.vpc.id', 'id'],
  ['interface.subnet.id', 'id'],
]);

const ROLE_BY_NAME: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['country_code', 'country'],
  ['asn', 'asn'],
  ['ports', 'id'],
]);

/** Canonical name of the field that a column's values belong to, if any. */
export function fieldOf(column: OutputColumn): string | undefined {
  return column.field === undefined ? undefined : (canonicalName(column.field) ?? column.field);
}

export function roleOf(column: OutputColumn): Role {
  const field = fieldOf(column);
  const known = (field && ROLE_BY_FIELD.get(field)) ?? ROLE_BY_NAME.get(column.name.toLowerCase());
  if (known) return known;
  // `confidence`, `threat_confidence`, `_threatlookup.confidence`: words, where a number of 0 to 100 is a number.
  if (column.kind === 'text' && /(?:^|[._])confidence$/i.test(column.name)) return 'confidence';
  if (column.kind === 'address' || column.kind === 'time' || column.kind === 'number') return column.kind;
  return 'text';
}

/** What AWS writes in place of the name that was entered, where a sign-in failed because there is no such user. */
export const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** Why a value is not what one would expect; undefined for nearly all. */
export function explained(value: unknown): string | undefined {
  return value === HIDDEN ? 'Hidden by AWS: the sign-in failed because the user name is wrong, and AWS does not log what was entered there.' : undefined;
}

/** Shown in the monospace face. */
export function isMono(role: Role): boolean {
  return role === 'port' || role === 'address' || role === 'id' || role === 'asn';
}

const MONO_TEXTS = [
  // A resource of AWS: `sg-0a1b2c3d4e5f67890`; an access key.
  /^[a-z]{1,12}-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  /^A(?:KIA|SIA)[A-Z0-9]{16}$/i,
  // An event's id.
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  // An address, alone, with the length of a prefix, or with a port.
  /^\d{1,3}(?:\.\d{1,3}){3}(?:[/:]\d{1,5})?$/,
  /^\[?[0-9a-f:]*:[0-9a-f:]*(?:\.\d{1,3}){0,3}(?:\]:\d{1,5}|\/\d{1,3})?$/i,
];

/** Is a text without a known role an id or an address all the same? */
export function isMonoText(text: string): boolean {
  return text.length <= 64 && MONO_TEXTS.some((form) => form.test(text));
}

/** The id of a resource in a legend, where the kind and a few digits tell it from the others. */
export function shortId(text: string, most: number): string {
  return MONO_TEXTS[0]?.test(text) ? shortenMiddle(text, 16) : shortenMiddle(text, most);
}

/** Text of a value: `22 ssh`, `6 tcp`, `T1110 Brute Force`, `🇺🇸 United States`, `AS16509`. */
export function display(value: unknown, role: Role, zone = 'UTC'): string {
  if (value === null || value === undefined || value === '') return '–';
  const text = String(value);
  if (text === HIDDEN) return 'hidden by AWS';
  switch (role) {
    case 'port':
      return named(text, SERVICE_NAMES.get(Number(text)));
    case 'protocol':
      return named(text, PROTOCOL_NAMES[Number(text)]);
    case 'technique':
      return named(text, TECHNIQUE_NAMES.get(text));
    case 'country':
      return country(text);
    case 'asn':
      return /^\d+$/.test(text) ? `AS${text}` : text;
    case 'time':
      return typeof value === 'number' ? stamp(value, zone) : text;
    case 'number':
      return cell(asNumber(value) ?? text);
    default:
      return Array.isArray(value) ? value.join(', ') : text;
  }
}

function named(text: string, name: string | undefined): string {
  return name ? `${text} ${name}` : text;
}

const countries = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });

/** `US` → `🇺🇸 United States`; text that is no code stays. */
export function country(code: string): string {
  return /^[A-Za-z]{2}$/.test(code) ? `${flag(code)} ${countryName(code)}`.trim() : code;
}

export function countryName(code: string): string {
  return countries.of(code.toUpperCase()) ?? code;
}

/** A long id with its middle left out, so that kind and end stay readable: `eni-0a1b…9f3c`. */
export function shortenMiddle(text: string, most = 22): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(-tail)}`;
}
