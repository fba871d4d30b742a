/**
 * Networks whose inner traffic is not forwarded: VPC_CIDR_PREFIX, a comma-separated list. Each entry is
 * - a CIDR block, `10.8.0.0/16` or `2001:db8::/32`;
 * - the beginning of an address, as older forwarders take it: `10.0.` is 10.0.0.0/16, `2001:db8:` is 2001:db8::/32;
 * - an address without a length: zeros at its end are read as "any", so that `10.8.0.0` is 10.8.0.0/16 and
 *   `2001:db8::` is 2001:db8::/32; with none (`10.8.1.7`) it is that one address. Of IPv4 two numbers count at least: `10.0.0.0`
 *   is 10.0.0.0/16, as a VPC has no more; who means all of 10 writes `10.` or `10.0.0.0/8`.
 *
 * An entry that would hold every address (`0.0.0.0`, `::`) must say so with its length, `0.0.0.0/0`.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

export interface Network {
  readonly address: string;
  /** Leading bits that count: 0–32 or 0–128. */
  readonly length: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** An entry of VPC_CIDR_PREFIX that is no network. */
export class NetworkError extends Error {
  readonly code = 'not-a-network';
  constructor(entry: string) {
    super(`VPC_CIDR_PREFIX: "${entry.slice(0, 60)}" is no network: write a CIDR block such as 10.8.0.0/16 or 2001:db8::/32.`);
    this.name = 'NetworkError';
  }
}

/** Empty entries are passed over. Throws NetworkError. */
export function readNetworks(list: string): Network[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(readNetwork);
}

function readNetwork(entry: string): Network {
  const [address = '', digits, ...rest] = entry.split('/');
  if (rest.length > 0 || address.includes('%')) throw new NetworkError(entry);
  if (digits === undefined) return address.includes(':') ? readIPv6Prefix(entry) : readIPv4Prefix(entry);
  const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > width) throw new NetworkError(entry);
  return { address, length: Number(digits), family: width === 32 ? 'ipv4' : 'ipv6' };
}

/** Of an IPv4 address that is written whole. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html: a VPC has a /16 at most. */
const LEAST_OCTETS = 2;

function readIPv4Prefix(entry: string): Network {
  const given = entry.replace(/\.$/, '').split('.');
  const address = [...given, '0', '0', '0'].slice(0, 4).join('.');
  if (given.length > 4 || !isIPv4(address) || (given.length === 4 && entry.endsWith('.'))) throw new NetworkError(entry);
  if (address === '0.0.0.0') throw new NetworkError(entry);
  let octets = given.length;
  if (octets === 4) while (octets > LEAST_OCTETS && given[octets - 1] === '0') octets--;
  return { address, length: octets * 8, family: 'ipv4' };
}

function readIPv6Prefix(entry: string): Network {
  const open = entry.endsWith(':') && !entry.endsWith('::');
  const address = open ? `${entry}:` : entry;
  if (!isIPv6(address)) throw new NetworkError(entry);
  if (!address.endsWith('::')) return single(address);
  const groups = address
    .slice(0, -2)
    .split(':')
    .filter((group) => group !== '').length;
  if (groups === 0) throw new NetworkError(entry);
  return { address, length: groups * 16, family: 'ipv6' };
}

/** The network of one address. */
export function single(address: string): Network {
  return isIPv4(address) ? { address, length: 32, family: 'ipv4' } : { address, length: 128, family: 'ipv6' };
}

/** Whether an address lies in one of the networks. What is no address lies in none. */
export function membership(networks: readonly Network[]): (address: string) => boolean {
  const blocks = new BlockList();
  for (const { address, length, family } of networks) blocks.addSubnet(address, length, family);
  return (address) => {
    const family = isIP(address);
    return family !== 0 && blocks.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}
