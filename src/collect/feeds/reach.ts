/**
 * How far an address reaches, so that a feed's owner cannot make the server ask what only the server can:
 * a redirect from a public address is not followed to a closer one, and nothing is asked of link-local
 * addresses, where clouds hand out credentials.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { FeedError } from './problems.ts';

export type Reach = 'link-local' | 'private' | 'public';

const LINK_LOCAL = listOf(['169.254.0.0', 16], ['fe80::', 10], ['fd00:ec2::', 32]);
const PRIVATE = listOf(
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['::', 127],
  ['fc00::', 7],
);

function listOf(...networks: readonly (readonly [network: string, length: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, length] of networks) list.addSubnet(network, length, isIP(network) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

/** `address`: an IPv4 or IPv6 address as text. */
export function reachOf(address: string): Reach {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (LINK_LOCAL.check(address, family)) return 'link-local';
  return PRIVATE.check(address, family) ? 'private' : 'public';
}

/**
 * Throws FeedError unless `address`, which `host` stands for, may be asked. `from`: how far what redirected to it reaches;
 * undefined where nothing did.
 */
export function assertReachable(host: string, address: string, from: Reach | undefined): void {
  const reach = reachOf(address);
  const code = from === undefined ? 'feed-settings' : 'feed-redirect';
  const named = host === address ? host : `${host} (${address})`;
  if (reach === 'link-local')
    throw new FeedError(code, `${named} is a link-local address, where no feed is read.`, { hint: 'Enter the address that is meant.' });
  if (from === 'public' && reach === 'private')
    throw new FeedError(code, `A feed on the internet redirects to ${named}, a private address: that is not followed.`, {
      hint: 'If it is meant, enter that address as the feed’s own.',
    });
}

/** Resolves as ever, and gives no address that may not be asked: what was looked at is what is connected to. */
export function reachableOnly(from: Reach | undefined): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      try {
        for (const { address } of found) assertReachable(name, address, from);
      } catch (refused) {
        return done(refused as Error, []);
      }
      const [first] = found;
      if (options.all || !first) done(null, found);
      else done(null, first.address, first.family);
    });
  };
}
