/** Networks as people write them, read into the first and last address of each. */
import { parseAddress } from './address.ts';

/** A text that a person wrote as a network and that is none. */
export class NetworkError extends Error {
  readonly code = 'not-a-network';
  constructor(text: string) {
    super(`“${text}” is not a network: write an address or a CIDR block such as 203.0.113.0/24 or 2001:db8::/32.`);
    this.name = 'NetworkError';
  }
}

/** First and last address, 16 bytes each (IPv4 as ::ffff:a.b.c.d). */
export interface NetworkRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** The first and last address of a CIDR block or single address. Throws NetworkError. */
export function networkRange(text: string): NetworkRange {
  const slash = text.indexOf('/');
  const address = parseAddress((slash < 0 ? text : text.slice(0, slash)).trim());
  if (!address) throw new NetworkError(text);
  const width = text.includes(':') ? 128 : 32;
  let length = width;
  if (slash >= 0) {
    const digits = text.slice(slash + 1).trim();
    length = Number(digits);
    if (!/^\d{1,3}$/.test(digits) || length > width) throw new NetworkError(text);
  }
  const prefix = length + (128 - width);
  const first = address.slice();
  const last = address.slice();
  for (let bit = prefix; bit < 128; bit++) {
    first[bit >> 3]! &= ~(0x80 >> (bit & 7));
    last[bit >> 3]! |= 0x80 >> (bit & 7);
  }
  return { first, last };
}

/**
 * A CIDR block, a single address, or the beginning of addresses as older forwarders list it
 * (`VPC_CIDR_PREFIX`): `10.0.` is 10.0.0.0/16, `2001:db8:` is 2001:db8::/32. A beginning ends in the
 * separator: `10.1` could mean 10.10.0.0 too. Throws NetworkError.
 */
export function prefixRange(text: string): NetworkRange {
  const prefix = text.trim();
  const octets = /^(?:\d{1,3}\.){1,3}$/.test(prefix) ? prefix.split('.').slice(0, -1) : [];
  if (octets.length > 0) return networkRange(`${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${octets.length * 8}`);
  const groups = /^(?:[0-9a-f]{1,4}:){1,7}$/i.test(prefix) ? prefix.split(':').slice(0, -1) : [];
  if (groups.length > 0) return networkRange(`${groups.join(':')}${groups.length < 7 ? '::' : ':0'}/${groups.length * 16}`);
  return networkRange(prefix);
}

/** The entries of a list as a setting or an environment variable holds it: separated by commas or blanks. */
export function splitNetworks(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}
