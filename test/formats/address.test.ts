import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { formatAddress, isIPv4, parseAddress } from '../../src/model/address.ts';

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['1:0:0:2::', '1:0:0:2::'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    // As the engine prints them; measured.
    ['::1:2', '::0.1.0.2'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
  ])('%s is %s', (text, printed) => {
    expect(formatAddress(parseAddress(text)!)).toBe(printed);
  });

  it.each([
    '',
    '-',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.',
    '.1.2.3',
    '1.2.3.4 ',
    ':',
    ':::',
    '1:2',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
    '1.2.3.4::',
    '::1.2.3',
    '::01.2.3.4',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:1.2.3.4',
    '１.2.3.4',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('prints what it reads, and reads what another parser reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const bytes = parseAddress(text)!;
        // ipaddr.js takes the IPv4-compatible ::a.b.c.d (RFC 4291 2.5.5.1) for an IPv4-mapped address.
        fc.pre(!/^(::|(0+:){6})\d+\./.test(text));
        const theirs = ipaddr.parse(text);
        const sixteen = theirs.kind() === 'ipv4' ? (theirs as ipaddr.IPv4).toIPv4MappedAddress() : (theirs as ipaddr.IPv6);
        expect([...bytes]).toEqual(sixteen.toByteArray());
        expect(parseAddress(formatAddress(bytes))).toEqual(bytes);
        expect(isIPv4(bytes)).toBe(theirs.kind() === 'ipv4' || (theirs as ipaddr.IPv6).isIPv4MappedAddress());
      }),
    );
  });
});
