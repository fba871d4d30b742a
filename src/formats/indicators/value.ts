/**
 * Values of indicators in the one form of their type, so that what two feeds write differently is the same.
 * Everything that comes in is a stranger's text: lengths are limited, and what is refused has a reason in words.
 */
import { formatAddress, isIPv4, parseAddress } from '../../model/address.ts';
import type { IndicatorType } from '../../model/indicator.ts';

/** A value in the form of its type. */
export interface TypedValue {
  readonly type: IndicatorType;
  readonly value: string;
}

/** Values of one entry (a range of addresses is several blocks), or why there is none. */
export type Values = readonly TypedValue[] | string;

const MAX_DOMAIN = 253;
const MAX_URL = 4096;
const MAX_USER_AGENT = 1024;
/** A range of IPv4 addresses is 62 blocks at most, one of IPv6 addresses 254. */
const MAX_BLOCKS = 254;
/** The shortest prefixes that are taken: shorter ones hold most of the Internet, and everything would be a threat. */
const WIDEST = { ipv4: 3, ipv6: 4 };

/** Reads a text as a value of a type; `address` takes blocks and ranges `first-last`. */
export function valuesOf(type: IndicatorType, written: string): Values {
  const text = written.trim();
  if (text === '') return 'there is no value';
  switch (type) {
    case 'address':
      return addresses(text);
    case 'domain':
      return one('domain', domain(text), 'this is no domain name');
    case 'url':
      return one('url', url(text), 'this is no URL');
    case 'file':
      return one('file', hash(text), 'this is no MD5, SHA-1 or SHA-256 in hex');
    case 'user-agent':
      return one('user-agent', text.length <= MAX_USER_AGENT && !CONTROL.test(text) ? text : undefined, 'this is no user agent');
    default:
      return type satisfies never;
  }
}

/** Reads a text whose type only its look tells. */
export function guessedValues(written: string): Values {
  const text = refang(written.trim());
  if (text === '') return 'there is no value';
  if (hash(text)) return valuesOf('file', text);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return valuesOf('url', text);
  if (/^[\d.]+(?:[/-].*)?$/.test(text) || text.includes(':')) return addresses(withoutPort(text));
  return valuesOf('domain', text);
}

const CONTROL = /[\u0000-\u001f\u007f]/;

/** `198.51.100[.]7` and `hxxp://` as reports write them. */
export function refang(text: string): string {
  return text.includes('[') || /^hxxp/i.test(text) ? text.replaceAll('[.]', '.').replaceAll('[:]', ':').replace(/^hxxp/i, 'http') : text;
}

/** `198.51.100.7:443` or `[2001:db8::7]:443` without its port. */
export function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text);
  if (bracketed) return bracketed[1] as string;
  return /^[\d.]+:\d{1,5}$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
}

function one(type: IndicatorType, value: string | undefined, reason: string): Values {
  return value === undefined ? reason : [{ type, value }];
}

function hash(text: string): string | undefined {
  return /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text) ? text.toLowerCase() : undefined;
}

function domain(text: string): string | undefined {
  if (text.length > MAX_DOMAIN * 2) return undefined;
  let name = text.toLowerCase().replace(/^\*\./, '').replace(/\.$/, '');
  if (/[^\u0000-\u007f]/.test(name)) {
    if (/[\s/?#@:\\]/.test(name)) return undefined;
    name = URL.parse(`http://${name}/`)?.hostname ?? '';
  }
  if (name.length === 0 || name.length > MAX_DOMAIN || !name.includes('.')) return undefined;
  const labels = name.split('.');
  // The last label is never a number: that would be an address with a mistake in it.
  if (/^\d+$/.test(labels.at(-1) as string)) return undefined;
  return labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) ? name : undefined;
}

function url(text: string): string | undefined {
  return text.length <= MAX_URL && !CONTROL.test(text) && /^[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/?#]\S*$/i.test(text) ? text : undefined;
}

function addresses(text: string): Values {
  const dash = text.indexOf('-');
  if (dash > 0) return range(text.slice(0, dash).trim(), text.slice(dash + 1).trim());
  const slash = text.indexOf('/');
  const bytes = parseAddress((slash < 0 ? text : text.slice(0, slash)).trim());
  if (!bytes) return 'this is no address';
  let prefix = 128;
  if (slash >= 0) {
    const digits = text.slice(slash + 1).trim();
    const width = text.slice(0, slash).includes(':') ? 128 : 32;
    if (!/^\d{1,3}$/.test(digits) || Number(digits) > width) return 'behind the slash must stand the length of a prefix';
    prefix = Number(digits) + 128 - width;
  }
  return block(bytes, prefix);
}

/** `prefix`: of the 128 bits that every address has here. */
function block(bytes: Uint8Array, prefix: number): Values {
  const first = bytes.slice();
  for (let bit = prefix; bit < 128; bit++) first[bit >> 3]! &= ~(0x80 >> (bit & 7));
  const ipv4 = prefix >= 96 && isIPv4(first);
  const length = ipv4 ? prefix - 96 : prefix;
  if (length < (ipv4 ? WIDEST.ipv4 : WIDEST.ipv6)) return 'a block so wide would match most of the Internet';
  return [{ type: 'address', value: prefix === 128 ? formatAddress(first) : `${formatAddress(first)}/${length}` }];
}

/** The fewest blocks that hold exactly the addresses from the first to the last. */
function range(from: string, to: string): Values {
  const low = parseAddress(from);
  const high = parseAddress(to);
  if (!low || !high) return 'this is no range of two addresses';
  if (isIPv4(low) !== isIPv4(high)) return 'the ends of the range are of two families';
  let first = toNumber(low);
  const last = toNumber(high);
  if (first > last) return 'the range ends before it begins';
  const values: TypedValue[] = [];
  while (first <= last) {
    let size = 0;
    while (size < 128 && (first & ((1n << BigInt(size + 1)) - 1n)) === 0n && first + (1n << BigInt(size + 1)) - 1n <= last) size++;
    const found = block(toBytes(first), 128 - size);
    if (typeof found === 'string') return found;
    values.push(...found);
    if (values.length > MAX_BLOCKS) return 'the range is too uneven';
    first += 1n << BigInt(size);
  }
  return values;
}

function toNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function toBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let i = 15, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}
