/** AWS's list of its address ranges: how it is read, which entry counts, and what becomes of it in batches. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AwsRange, AwsRangesError, buildAwsIndex, parseAws, readAwsRanges } from '../../src/enrich/aws-ranges.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { openRangeIndex, RangeIndexError } from '../../src/enrich/range-index.ts';
import { formatAddress, parseAddress } from '../../src/model/address.ts';
import type { Batch, Column } from '../../src/model/batch.ts';

const SAMPLE = readFileSync(join(import.meta.dirname, 'samples/ip-ranges.json'));
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const v4 = (ip_prefix: string, service = 'S3', region = 'eu-west-1') => ({ ip_prefix, service, region, network_border_group: region });
const list = (prefixes: readonly unknown[], ipv6_prefixes: readonly unknown[] = []) => bytes({ syncToken: '0', createDate: '', prefixes, ipv6_prefixes });

describe('the sample', () => {
  const read = readAwsRanges(SAMPLE);
  const index = openRangeIndex(buildAwsIndex(read.ranges));
  const of = (address: string) => index.texts[index.find(parseAddress(address)!, 0)];

  it('is read whole', () => {
    expect(read).toMatchObject({ created: Date.UTC(2025, 10, 20, 14, 5, 9) / 1000, skipped: 0 });
    expect(read.ranges).toHaveLength(12);
    expect(read).not.toHaveProperty('problem');
  });

  it.each([
    ['203.0.112.255', ''],
    ['203.0.113.0', 'EC2|eu-central-1'],
    // AMAZON names all that AWS has, however narrow the block.
    ['203.0.113.64', 'EC2|eu-central-1'],
    ['203.0.113.127', 'EC2|eu-central-1'],
    ['203.0.113.128', 'S3|eu-central-1'],
    ['203.0.113.135', 'S3|eu-central-1'],
    ['203.0.113.136', 'EC2_INSTANCE_CONNECT|eu-central-1'],
    ['203.0.113.143', 'EC2_INSTANCE_CONNECT|eu-central-1'],
    ['203.0.113.144', 'S3|eu-central-1'],
    ['203.0.113.255', 'S3|eu-central-1'],
    ['203.0.114.0', ''],
    ['198.51.100.63', 'CLOUDFRONT|GLOBAL'],
    ['198.51.100.64', 'AMAZON|GLOBAL'],
    ['198.51.100.128', ''],
    ['192.0.2.254', ''],
    ['192.0.2.255', 'ROUTE53_HEALTHCHECKS|us-east-1'],
    ['192.0.3.0', ''],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', ''],
    ['2001:db8::', 'AMAZON|us-east-1'],
    ['2001:db8:1::', 'S3|us-east-1'],
    ['2001:db8:1:ff00::1', 'DYNAMODB|us-west-2'],
    ['2001:db8:1:ffff:ffff:ffff:ffff:ffff', 'DYNAMODB|us-west-2'],
    ['2001:db8:2::', 'AMAZON|us-east-1'],
    ['2001:db9::', ''],
  ])('%s → “%s”', (address, expected) => expect(of(address)).toBe(expected));
});

describe('what cannot be read', () => {
  it.each([
    ['nothing', bytes(''), /is no JSON/],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), /is no JSON/],
    ['a page of a proxy', bytes('<html>Blocked</html>'), /is no JSON/],
    ['a list', bytes([]), /is no object/],
    ['an answer without lists', bytes({ message: 'Forbidden' }), /has no list prefixes/],
    ['one family alone', bytes({ prefixes: [] }), /has no list ipv6_prefixes/],
    ['empty lists', list([]), /lists are empty/],
    ['no entry that is a range', list([v4('203.0.113.0/33'), 7]), /entry 1 of prefixes has no network: .*203\.0\.113\.0\/33/],
  ])('%s', (_, file, message) => {
    expect(() => readAwsRanges(file)).toThrow(AwsRangesError);
    expect(() => readAwsRanges(file)).toThrow(message);
  });

  it.each([
    ['a family in the other’s list', v4('2001:db8::/32'), /entry 2 of prefixes has no ip_prefix of its family/],
    ['no service', { ip_prefix: '203.0.113.0/24', region: 'eu-west-1' }, /has no service/],
    ['a service that could be two parts', v4('203.0.113.0/24', 'S3|x'), /has no service/],
    ['a region that is no word', v4('203.0.113.0/24', 'S3', ''), /has no region/],
    ['no object', null, /is no object/],
  ])('an entry with %s is left out and counted', (_, entry, problem) => {
    const read = readAwsRanges(list([v4('198.51.100.0/24'), entry, v4('192.0.2.0/24')], [entry]));
    expect(read.ranges).toHaveLength(2);
    expect(read.skipped).toBe(2);
    expect(read.problem).toMatch(problem);
  });
});

it('every address has what a search through all entries finds', () => {
  const service = fc.constantFrom('AMAZON', 'EC2', 'S3', 'CLOUDFRONT');
  const region = fc.constantFrom('eu-west-1', 'GLOBAL');
  // Few distinct beginnings, so that blocks lie in each other and begin and end together.
  const block4 = fc
    .tuple(fc.constantFrom('203.0.113.', '203.0.114.'), fc.nat(255), fc.integer({ min: 20, max: 32 }))
    .map(([head, last, bits]) => `${head}${last}/${bits}`);
  const block6 = fc.tuple(fc.nat(3), fc.nat(3), fc.integer({ min: 30, max: 128 })).map(([a, b, bits]) => `2001:db8:${a}::${b}/${bits}`);
  const entry4 = fc.tuple(block4, service, region).map(([prefix, s, r]) => v4(prefix, s, r));
  const entry6 = fc.tuple(block6, service, region).map(([ipv6_prefix, s, r]) => ({ ipv6_prefix, service: s, region: r }));
  const address = fc.oneof(
    fc.tuple(fc.constantFrom(112, 113, 114, 115), fc.nat(255)).map(([c, d]) => `203.0.${c}.${d}`),
    fc.tuple(fc.nat(4), fc.nat(4)).map(([a, b]) => `2001:db8:${a}::${b}`),
  );
  const rank = ({ service: s, bits }: AwsRange) => [s === 'AMAZON' ? 0 : 1, bits, s === 'EC2' ? 0 : 1] as const;
  const less = (a: readonly number[], b: readonly number[]) => {
    const at = a.findIndex((x, i) => x !== b[i]);
    return at >= 0 && (a[at] as number) < (b[at] as number);
  };
  const within = (range: AwsRange, of: Uint8Array) => Buffer.compare(range.first, of) <= 0 && Buffer.compare(range.last, of) >= 0;
  fc.assert(
    fc.property(
      fc.array(entry4, { maxLength: 30 }),
      fc.array(entry6, { maxLength: 30 }),
      fc.array(address, { minLength: 20, maxLength: 60 }),
      (four, six, addresses) => {
        fc.pre(four.length + six.length > 0);
        const { ranges } = readAwsRanges(list(four, six));
        const index = openRangeIndex(buildAwsIndex(ranges));
        const borders = ranges.flatMap(({ first, last }) => [formatAddress(first, 0), formatAddress(last, 0)]);
        for (const text of [...addresses, ...borders]) {
          const asked = parseAddress(text)!;
          const holding = ranges.filter((range) => within(range, asked));
          const best = holding.filter((range) => !holding.some((other) => less(rank(range), rank(other))));
          const expected = best.map((range) => `${range.service}|${range.region}`).sort()[0] ?? '';
          expect([text, index.texts[index.find(asked, 0)]]).toEqual([text, expected]);
        }
      },
    ),
    { numRuns: 200 },
  );
});

describe('in batches', () => {
  const index = buildAwsIndex(readAwsRanges(SAMPLE).ranges);
  /** One row from each address to 10.0.0.1. */
  const batchOf = (...from: string[]): Batch => {
    const all = new Uint8Array((from.length + 2) * 16);
    for (const [i, address] of [...from, '10.0.0.1'].entries()) all.set(parseAddress(address)!, (i + 1) * 16);
    const columns = new Map<string, Column>([
      ['srcaddr', { type: 'IPv6', ids: Uint32Array.from(from, (_, i) => i + 1) }],
      ['dstaddr', { type: 'IPv6', ids: new Uint32Array(from.length).fill(from.length + 1) }],
    ]);
    return { rows: from.length, columns, addresses: { count: from.length + 2, bytes: all } };
  };
  const texts = (batch: Batch, name: string) => {
    const column = batch.columns.get(name);
    return column?.type === 'LowCardinality(String)' ? Array.from(column.ids, (id) => column.dictionary[id]) : undefined;
  };

  it('external addresses get their service, and internal ones none', () => {
    const enricher = createEnricher({ aws: index }, { internalNetworks: ['198.51.100.0/26'] });
    const batch = batchOf('203.0.113.200', '198.51.100.1', '198.51.100.100', '192.0.2.1', '2001:db8:1::5');
    enricher.enrich(batch);
    expect(texts(batch, 'src_aws')).toEqual(['S3|eu-central-1', '', 'AMAZON|GLOBAL', '', 'S3|us-east-1']);
    expect(texts(batch, 'dst_aws')).toEqual(['', '', '', '', '']);
    expect(enricher.describe('203.0.113.200')).toEqual({ internal: false, aws: { service: 'S3', region: 'eu-central-1' } });
    expect(enricher.describe('192.0.2.1')).toEqual({ internal: false });
    expect(enricher.describe('198.51.100.1')).toEqual({ internal: true });
  });

  it('without the list there are no columns; it comes, is replaced and goes while others are looked up', () => {
    const enricher = createEnricher({}, { internalNetworks: [] });
    const seen = () => {
      const batch = batchOf('203.0.113.200', '192.0.2.255');
      enricher.enrich(batch);
      expect(texts(batch, 'direction')).toEqual(['inbound', 'inbound']);
      return texts(batch, 'src_aws');
    };
    expect(seen()).toBeUndefined();
    enricher.setAwsRanges(index);
    expect(seen()).toEqual(['S3|eu-central-1', 'ROUTE53_HEALTHCHECKS|us-east-1']);
    expect(() => enricher.setAwsRanges(index.subarray(0, 100))).toThrow(RangeIndexError);
    expect(seen()).toEqual(['S3|eu-central-1', 'ROUTE53_HEALTHCHECKS|us-east-1']);
    enricher.setAwsRanges(buildAwsIndex(readAwsRanges(list([v4('203.0.113.0/24', 'EC2')])).ranges));
    expect(seen()).toEqual(['EC2|eu-west-1', '']);
    enricher.setAwsRanges(undefined);
    expect(seen()).toBeUndefined();
  });

  it('service and region come apart again', () => {
    expect(parseAws('S3|eu-central-1')).toEqual({ service: 'S3', region: 'eu-central-1' });
    expect(parseAws('')).toBeUndefined();
  });
});
