/** Flows between listed networks are dropped and counted, per delivery; everything else stays as it was. */
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { FlowDecoder } from '../../src/formats/flow/decode.ts';
import { rebuildBytes } from '../../src/formats/flow/rebuild.ts';
import type { DatasetRows, DecodedBatches } from '../../src/formats/result.ts';
import { withoutInternalTraffic } from '../../src/ingest/internal-traffic.ts';
import { VPC_FLOW } from '../../src/model/log-formats.ts';
import { networkRange, prefixRange, splitNetworks } from '../../src/model/network.ts';
import { NOW } from '../formats/support.ts';

const line = (source: string, destination: string, start = 1599665193, status = 'OK') =>
  `2 123456789010 eni-1 ${source} ${destination} 40000 443 6 3 180 ${start} ${start + 60} ACCEPT ${status}`;

function decode(...texts: readonly string[]): DecodedBatches {
  const decoder = new FlowDecoder({ layout: 'auto', now: () => NOW, capacity: 1000 });
  texts.forEach((text, i) => {
    if (i > 0) decoder.nextDelivery();
    decoder.push(new TextEncoder().encode(text), true);
  });
  return decoder.take();
}

const flowsOf = ({ tables }: DecodedBatches) => (tables[0] as DatasetRows).batch;

function textsOf(taken: DecodedBatches): string[] {
  const flows = flowsOf(taken);
  return Array.from({ length: flows.rows }, (_, row) => new TextDecoder().decode(rebuildBytes(flows, row, VPC_FLOW)));
}

describe('internal traffic', () => {
  const inside = line('10.0.1.2', '10.0.255.255');
  const leaving = line('10.0.1.2', '10.1.0.0', 1599665000);
  const coming = line('198.51.100.7', '10.0.0.0');
  const six = line('2001:db8::1', '2001:db8:ffff::');
  const sixOut = line('2001:db8::1', '2001:db9::', 1599665999);

  it('is dropped where both ends are listed, and only there', () => {
    const taken = decode([inside, leaving, coming, six, sixOut, inside].join('\n'));
    const result = withoutInternalTraffic(taken, () => ['10.0.0.0/16', '2001:db8::/32']);
    expect(textsOf(result)).toEqual([leaving, coming, sixOut]);
    expect(result.counts).toMatchObject({ records: 6, stored: 3, filtered: 3 });
    expect(result).toMatchObject({ minStart: 1599665000, maxStart: 1599665999 });
    expect(result.order).toHaveLength(3);
    // A flow from one listed network to another is internal too.
    expect(textsOf(withoutInternalTraffic(decode(leaving), () => ['10.0.0.0/16', '10.1.0.0']))).toEqual([]);
  });

  it('is told by each delivery’s own list', () => {
    const texts = [`${inside}\n${coming}\njunk line`, `${coming}\n${inside}`, `${inside}\n${line('-', '-', 1599665193, 'NODATA')}`, leaving];
    const taken = decode(...texts);
    const lists: Record<number, string[]> = { 0: ['10.0.'], 2: ['10.0.', '192.0.2.0/24'], 3: ['172.16.0.0/12'] };
    const result = withoutInternalTraffic(taken, (delivery) => lists[delivery]);
    expect(textsOf(result)).toEqual([coming, coming, inside, leaving]);
    expect(result.deliveries.map((part) => part.rows[0])).toEqual([
      { start: 0, end: 1 },
      { start: 1, end: 3 },
      { start: 3, end: 3 },
      { start: 3, end: 4 },
    ]);
    expect(result.deliveries.map(({ counts: c }) => [c.records, c.stored, c.nodata, c.quarantined, c.filtered])).toEqual([
      [3, 1, 0, 1, 1],
      [2, 2, 0, 0, 0],
      [2, 0, 1, 0, 1],
      [1, 1, 0, 0, 0],
    ]);
    expect(result.deliveries.map((part) => part.bad)).toEqual(taken.deliveries.map((part) => part.bad));
  });

  it('leaves a batch alone that has none, or no lists, or no addresses', () => {
    const taken = decode(coming);
    expect(withoutInternalTraffic(taken, () => ['10.0.0.0/8'])).toBe(taken);
    expect(flowsOf(withoutInternalTraffic(decode(inside), () => undefined)).rows).toBe(1);
    expect(flowsOf(withoutInternalTraffic(decode('start bytes\n1599665193 7'), () => ['0.0.0.0/0'])).rows).toBe(1);
    expect(flowsOf(withoutInternalTraffic(decode(line('-', '10.0.0.1')), () => ['0.0.0.0/0', '::/0'])).rows).toBe(1);
  });

  it('is what ipaddr.js says of both ends', () => {
    const v4 = fc.ipV4();
    const list = fc.array(
      fc.tuple(v4, fc.integer({ min: 0, max: 8 })).map(([a, n]) => `${a}/${n}`),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(v4, v4), { minLength: 1, maxLength: 20 }), list, (pairs, networks) => {
        const lines = pairs.map(([a, b]) => line(a, b));
        const listed = (a: string) => networks.some((n) => ipaddr.IPv4.parse(a).match(ipaddr.IPv4.parseCIDR(n)));
        const result = withoutInternalTraffic(decode(lines.join('\n')), () => networks);
        expect(textsOf(result)).toEqual(lines.filter((_, i) => !(listed(pairs[i]![0]) && listed(pairs[i]![1]))));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a list of networks', () => {
  it.each([
    ['10.', '10.0.0.0/8'],
    ['10.8.', '10.8.0.0/16'],
    ['10.8.0.', '10.8.0.0/24'],
    [' 10.8.0.0 ', '10.8.0.0/32'],
    ['10.8.0.0/15', '10.8.0.0/15'],
    ['2001:db8:', '2001:db8::/32'],
    ['1:2:3:4:5:6:7:', '1:2:3:4:5:6:7:0/112'],
    ['2001:db8::/40', '2001:db8::/40'],
  ])('reads %s as %s', (text, network) => {
    expect(prefixRange(text)).toEqual(networkRange(network));
  });

  it.each(['10', '10.1', '256.', '10.0.0.0.', '10..', '.', ':', '10.0.*', 'home.', '2001:db8', '2001:db8::x:'])('refuses %s', (text) => {
    expect(() => prefixRange(text)).toThrow('is not a network');
  });

  it('is split at commas and blanks', () => {
    expect(splitNetworks(' 10.0., 10.8.0.0/16\n2001:db8::/32,,')).toEqual(['10.0.', '10.8.0.0/16', '2001:db8::/32']);
    expect(splitNetworks(' ')).toEqual([]);
  });
});
