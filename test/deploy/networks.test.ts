/** VPC_CIDR_PREFIX against another reading of the same rules: addresses as big integers. */
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { membership, NetworkError, readNetworks } from '../../deploy/aws/forwarder/networks.ts';

const shown = (list: string) => readNetworks(list).map((n) => `${n.address}/${n.length}`);

describe('entries', () => {
  it.each([
    ['10.8.0.0/16', '10.8.0.0/16'],
    ['10.8.1.5/16', '10.8.1.5/16'],
    ['10.0.', '10.0.0.0/16'],
    ['10.', '10.0.0.0/8'],
    ['10', '10.0.0.0/8'],
    ['10.1.2.', '10.1.2.0/24'],
    ['10.8.0.0', '10.8.0.0/16'],
    ['10.0.0.0', '10.0.0.0/16'],
    ['10.1.2.0', '10.1.2.0/24'],
    ['10.0.0.7', '10.0.0.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['2001:db8:', '2001:db8::/32'],
    ['2001:db8::', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::1', '::1/128'],
    [' 10.8.0.0 ,, 10.9.0.0 ', '10.8.0.0/16 10.9.0.0/16'],
    ['', ''],
  ])('%j is %j', (list, networks) => {
    expect(shown(list).join(' ')).toBe(networks);
  });

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.0/33',
    '2001:db8::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/a',
    '/8',
    '256.1.',
    '10.0.0.1.',
    '1.2.3.4.5',
    '..',
    ':',
    'ten',
    '10.0/16',
    'fe80::1%eth0/64',
    '1e1',
    '010.1.',
  ])('%j is refused', (entry) => {
    expect(() => readNetworks(`192.168.0.0/16,${entry}`)).toThrow(NetworkError);
  });
});

describe('membership', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
  const v6 = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }).map((groups) => groups.map((g) => g.toString(16)).join(':'));
  /** 128 bits, IPv4 as ::ffff:a.b.c.d. */
  const bits = (address: string): bigint => {
    const parsed = ipaddr.parse(address);
    const six = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
    return six.toByteArray().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  };
  const holds = (cidr: string, address: string): boolean => {
    const [network = '', length = ''] = cidr.split('/');
    const free = BigInt((network.includes(':') ? 128 : 32) - Number(length));
    return bits(network) >> free === bits(address) >> free;
  };
  /** An address, and one that shares its beginning: chance alone would never hit a long prefix. */
  const near = (address: fc.Arbitrary<string>, width: 32 | 128) =>
    fc.tuple(address, address, fc.integer({ min: 0, max: width })).map(([a, b, kept]) => {
      const free = BigInt(width - kept);
      const mixed = ((bits(a) >> free) << free) | (bits(b) & ((1n << free) - 1n));
      const bytes = Array.from({ length: width / 8 }, (_, i) => Number((mixed >> BigInt(width - 8 - 8 * i)) & 255n));
      return { network: a, address: ipaddr.fromByteArray(bytes).toString(), length: kept };
    });

  it('agrees with big integers', () => {
    let inside = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof(near(v4, 32), near(v6, 128)), { minLength: 1, maxLength: 5 }), fc.integer({ min: -2, max: 2 }), (cases, shift) => {
        const cidrs = cases.map(({ network, length }) => `${network}/${Math.min(Math.max(length + shift, 0), network.includes(':') ? 128 : 32)}`);
        const contains = membership(readNetworks(cidrs.join(',')));
        for (const { address } of cases) {
          const expected = cidrs.some((cidr) => holds(cidr, address));
          if (expected) inside++;
          expect(contains(address), `${address} in ${cidrs}`).toBe(expected);
        }
      }),
      { numRuns: 2000 },
    );
    expect(inside).toBeGreaterThan(500);
  });

  it('holds nothing that is no address', () => {
    const contains = membership(readNetworks('0.0.0.0/0,::/0'));
    for (const text of ['-', '', '10.0.0', '10.0.0.1.2', 'NODATA', '443']) expect(contains(text)).toBe(false);
    expect(contains('10.0.0.1')).toBe(true);
  });
});
