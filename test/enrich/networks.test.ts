import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import { createNetworks, DIRECTIONS, directionIndex } from '../../src/enrich/networks.ts';
import { parseAddress } from '../../src/model/address.ts';
import { NetworkError, networkRange } from '../../src/model/network.ts';

const internal = (own: string[], address: string) => createNetworks(own).isInternal(parseAddress(address)!, 0);

const ipv4 = fc.ipV4();
// Without a dotted tail: ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4.
const ipv6 = fc.ipV6().filter((text) => !text.includes('.'));
const cidr = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([a, n]) => `${a}/${n}`),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([a, n]) => `${a}/${n}`),
);

describe('internal networks', () => {
  test.each([
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '169.254.10.1',
    '::1',
    'fe80::1',
    'febf::1',
    'fc00::1',
    'fdff:ffff::1',
    '::ffff:10.1.2.3',
  ])('%s is internal', (address) => expect(internal([], address)).toBe(true));

  test.each([
    '9.255.255.255',
    '11.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '128.0.0.1',
    '169.253.255.255',
    '::2',
    '::',
    'fec0::1',
    'fbff::1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
  ])('%s is external', (address) => expect(internal([], address)).toBe(false));

  test('the operator’s networks count, in both families, and single addresses too', () => {
    const own = ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'];
    expect(internal(own, '203.0.113.200')).toBe(true);
    expect(internal(own, '203.0.114.0')).toBe(false);
    expect(internal(own, '2001:db8:ffff::1')).toBe(true);
    expect(internal(own, '2001:db9::1')).toBe(false);
    expect(internal(own, '198.51.100.7')).toBe(true);
    expect(internal(own, '198.51.100.8')).toBe(false);
    expect(internal(own, '10.0.0.1')).toBe(true);
  });

  test('membership agrees with ipaddr.js', () => {
    fc.assert(
      fc.property(cidr, fc.oneof(ipv4, ipv6), fc.boolean(), (block, free, near) => {
        // Half of the addresses lie next to the block, where mistakes live.
        const address = near ? block.slice(0, block.indexOf('/')) : free;
        const [network, length] = ipaddr.parseCIDR(block);
        const parsed = ipaddr.process(address);
        const base = ipaddr.process(network.toString());
        const mapped = network.kind() === 'ipv6' && base.kind() === 'ipv4';
        fc.pre(!mapped);
        // ::/0 and its like hold the mapped addresses as well: compare in 128 bits.
        const wide = (a: ipaddr.IPv4 | ipaddr.IPv6) => (a.kind() === 'ipv4' ? (a as ipaddr.IPv4).toIPv4MappedAddress() : (a as ipaddr.IPv6));
        const expected = wide(parsed).match(wide(network), network.kind() === 'ipv4' ? length + 96 : length);
        expect(internal([block], address)).toBe(expected || internal([], address));
      }),
      { numRuns: 2000 },
    );
  });

  test('a block begins and ends where ipaddr.js says', () => {
    fc.assert(
      fc.property(cidr, (block) => {
        const { first, last } = networkRange(block);
        const kind = block.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
        const text = (bytes: Uint8Array) => ipaddr.fromByteArray([...bytes.subarray(kind === ipaddr.IPv4 ? 12 : 0)]).toString();
        expect(text(first)).toBe(kind.networkAddressFromCIDR(block).toString());
        if (kind === ipaddr.IPv4) expect(text(last)).toBe(ipaddr.IPv4.broadcastAddressFromCIDR(block).toString());
      }),
      { numRuns: 500 },
    );
  });

  test.each(['', '10.0.0.0/33', '10.0.0/8', 'fe80::/129', 'fe80::1%eth0/64', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '010.0.0.1', 'home'])(
    '“%s” is refused with its text in the message',
    (text) => {
      expect(() => createNetworks([text])).toThrow(NetworkError);
      expect(() => createNetworks([text])).toThrow(`“${text}”`);
    },
  );
});

test('the four directions', () => {
  expect(DIRECTIONS[directionIndex(false, true)]).toBe('inbound');
  expect(DIRECTIONS[directionIndex(true, false)]).toBe('outbound');
  expect(DIRECTIONS[directionIndex(true, true)]).toBe('internal');
  expect(DIRECTIONS[directionIndex(false, false)]).toBe('external');
});
