/**
 * Which addresses are ours. An address is internal when it lies in one of the private ranges or in a
 * network that the operator lists; everything else is external, and the two ends of a flow give its
 * direction (dashboards.md, common rules).
 */
import { isIPv4 } from '../model/address.ts';
import { type NetworkRange, networkRange, prefixRange } from '../model/network.ts';

/** Ranges that are internal in every installation. */
export const DEFAULT_INTERNAL_NETWORKS: readonly string[] = [
  '10.0.0.0/8', // RFC 1918
  '172.16.0.0/12', // RFC 1918
  '192.168.0.0/16', // RFC 1918
  '100.64.0.0/10', // RFC 6598, shared address space
  '127.0.0.0/8', // RFC 1122, loopback
  '169.254.0.0/16', // RFC 3927, link-local
  '::1/128', // RFC 4291, loopback
  'fe80::/10', // RFC 4291, link-local
  'fc00::/7', // RFC 4193, unique local
];

/** Where a flow goes, by its two ends. The index is the id in the `direction` column's dictionary; '' when an end is missing. */
export const DIRECTIONS = ['', 'inbound', 'outbound', 'internal', 'external'] as const;

/** Index into DIRECTIONS: external→internal, internal→external, both internal, both external. */
export function directionIndex(sourceInternal: boolean, destinationInternal: boolean): 1 | 2 | 3 | 4 {
  if (sourceInternal) return destinationInternal ? 3 : 2;
  return destinationInternal ? 1 : 4;
}

export interface Networks {
  /** Whether the 16 bytes at `offset` (IPv4 as ::ffff:a.b.c.d) lie in one of the networks. */
  isInternal(bytes: Uint8Array, offset: number): boolean;
}

/** 32 bits at `offset`, network order, unsigned. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}

/** The default ranges and the operator's own. Throws NetworkError for a text that is no network. */
export function createNetworks(own: readonly string[]): Networks {
  return networksOf([...DEFAULT_INTERNAL_NETWORKS, ...own].map(networkRange));
}

/** The listed networks and no others: CIDR blocks, addresses, beginnings (`10.0.`). Throws NetworkError. */
export function listedNetworks(list: readonly string[]): Networks {
  return networksOf(list.map(prefixRange));
}

function networksOf(ranges: readonly NetworkRange[]): Networks {
  const within = (r: NetworkRange) => isIPv4(r.first) && isIPv4(r.last);
  // IPv4 as plain numbers, merged: nearly all addresses, and one comparison of words instead of 32 bytes.
  const v4 = Float64Array.from(merged(ranges.filter(within).map((r) => [wordAt(r.first, 12), wordAt(r.last, 12)])).flat());
  const v6 = ranges.filter((r) => !within(r));
  return {
    isInternal(bytes, offset) {
      if (isIPv4(bytes, offset)) {
        const address = wordAt(bytes, offset + 12);
        for (let i = 0; i < v4.length; i += 2) if (address >= v4[i]! && address <= v4[i + 1]!) return true;
      }
      for (const { first, last } of v6) if (compare(bytes, offset, first) >= 0 && compare(bytes, offset, last) <= 0) return true;
      return false;
    },
  };
}

/** Sorted ranges without overlap or needless borders. */
function merged(ranges: readonly [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = out.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else out.push([first, last]);
  }
  return out;
}

function compare(bytes: Uint8Array, offset: number, other: Uint8Array): number {
  for (let i = 0; i < 16; i++) {
    const difference = bytes[offset + i]! - other[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
