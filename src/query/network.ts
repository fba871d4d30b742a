/**
 * Networks as ranges of 128-bit integers, in the form of the store (IPv4 as ::ffff:a.b.c.d): a network
 * condition is then a BETWEEN on the bare column, for both families.
 */
import { parseAddress } from '../model/address.ts';

const ALL_ONES = (1n << 128n) - 1n;

export interface AddressRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** Value of an IPv4 or IPv6 address; undefined when the text is neither. */
export function addressValue(text: string): bigint | undefined {
  return parseAddress(text)?.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** IPv6 text that every parser takes: eight groups. */
export function addressText(value: bigint): string {
  return Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
}

/** Ranges of texts that were asked for: isPublicIP alone asks for 27 of them, each time it is written. */
const KNOWN = new Map<string, AddressRange | undefined>();
const MOST_KNOWN = 1000;

/** `10.0.0.0/8`, `2001:db8::/32`: first and last address; undefined when the text is no network. The same object for the same text. */
export function parseNetwork(text: string): AddressRange | undefined {
  if (!KNOWN.has(text)) {
    if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
    KNOWN.set(text, readNetwork(text));
  }
  return KNOWN.get(text);
}

function readNetwork(text: string): AddressRange | undefined {
  const [address, length, ...rest] = text.split('/');
  if (address === undefined || length === undefined || rest.length || !/^\d{1,3}$/.test(length)) return undefined;
  const value = addressValue(address);
  const bits = address.includes(':') ? 128 : 32;
  if (value === undefined || Number(length) > bits) return undefined;
  const host = (1n << BigInt(bits - Number(length))) - 1n;
  return { first: value & (ALL_ONES ^ host), last: value | host };
}

/** `10.0.*`, `10.*.*.*`: a wildcard that ends on an octet of IPv4 is a range; undefined otherwise. */
export function parseOctetWildcard(text: string): AddressRange | undefined {
  const parts = text.split('.');
  const known = parts.indexOf('*');
  if (known < 1 || parts.length > 4 || !parts.slice(known).every((p) => p === '*')) return undefined;
  const head = parts.slice(0, known);
  return parseNetwork(`${[...head, ...Array.from({ length: 4 - known }, () => '0')].join('.')}/${known * 8}`);
}

/** Networks that are not on the public internet, by what isPublicIP and its siblings ask. */
export const PRIVATE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'] as const;

/** Special-purpose networks beside the private ones (IANA special-purpose registries). */
export const RESERVED_NETWORKS = [
  '0.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001:2::/48',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fe80::/10',
  'ff00::/8',
] as const;
