/**
 * How far an address reaches, so that a feed's owner cannot make the server ask what only the server can:
 * a redirect from a public address is not followed to a closer one, and nothing is asked of link-local
 * addresses and of others where clouds hand out credentials. An IPv6 address that leads to an IPv4 address
 * reaches as far as that.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { networkRange } from '../../model/network.ts';
import { FeedError } from './problems.ts';

export type Reach = 'link-local' | 'private' | 'public';

const LINK_LOCAL = listOf(
  '169.254.0.0/16',
  'fe80::/10',
  // Instance metadata: AWS by IPv6, Google by IPv6, Oracle, Alibaba; Azure's platform.
  'fd00:ec2::/32',
  'fd20:ce::/32',
  '192.0.0.192/32',
  '100.100.100.200/32',
  '168.63.129.16/32',
);
/** Not of the internet as a whole: what the registries have as not globally reachable, multicast, and site-local addresses (RFC 3879). */
const PRIVATE = listOf(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001:2::/48',
  '2001:10::/28',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fec0::/10',
  'ff00::/8',
);

/** Where IPv6 addresses hold an IPv4 address, and at which of their 16 bytes; `flipped`: each bit of it is the other one. */
const EMBEDDED: readonly (readonly [list: BlockList, at: number, flipped?: true])[] = [
  // Mapped (BlockList knows them, too), IPv4-compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052, RFC 8215).
  [listOf('::ffff:0:0/96', '::/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48'), 12],
  // 6to4 (RFC 3056).
  [listOf('2002::/16'), 2],
  // Teredo (RFC 4380): its server, and its client.
  [listOf('2001::/32'), 4],
  [listOf('2001::/32'), 12, true],
];

function listOf(...networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length] = network.split('/');
    list.addSubnet(address, Number(length), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** `address`: an IPv4 or IPv6 address as text, as it may be with a zone (`fe80::1%eth0`). */
export function reachOf(address: string): Reach {
  const [plain = ''] = address.split('%');
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  const reaches = [plain, ...(family === 'ipv6' ? embeddedIn(plain) : [])].map((one): Reach => {
    const of = isIP(one) === 6 ? 'ipv6' : 'ipv4';
    if (LINK_LOCAL.check(one, of)) return 'link-local';
    return PRIVATE.check(one, of) ? 'private' : 'public';
  });
  return reaches.find((reach) => reach === 'link-local') ?? reaches.find((reach) => reach === 'private') ?? 'public';
}

/** The IPv4 addresses that an IPv6 address leads to. */
function embeddedIn(address: string): string[] {
  const { first } = networkRange(address);
  return EMBEDDED.filter(([list]) => list.check(address, 'ipv6')).map(([, at, flipped]) =>
    Array.from(first.subarray(at, at + 4), (byte) => (flipped ? byte ^ 255 : byte)).join('.'),
  );
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
    throw new FeedError(code, `${named} is a link-local address or one where a cloud hands out credentials: no feed is read there.`, {
      hint: 'Enter the address that is meant.',
    });
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
