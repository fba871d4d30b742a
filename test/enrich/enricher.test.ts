import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildAsnIndex } from '../../src/enrich/asn.ts';
import { createEnricher, type Enricher } from '../../src/enrich/enricher.ts';
import { parseAddress } from '../../src/model/address.ts';
import type { Batch, Column } from '../../src/model/batch.ts';
import { asnFile, placeFile } from './databases.ts';

const databases = { placeV4: placeFile('ipv4'), placeV6: placeFile('ipv6'), asn: buildAsnIndex(asnFile('ipv4'), asnFile('ipv6')) };

/** A batch of flows; '' is a missing address. */
function batchOf(flows: readonly (readonly [source: string, destination: string])[]): Batch {
  const ids = new Map<string, number>([['', 0]]);
  const id = (address: string) => {
    if (!ids.has(address)) ids.set(address, ids.size);
    return ids.get(address)!;
  };
  const source = Uint32Array.from(flows, ([from]) => id(from));
  const destination = Uint32Array.from(flows, ([, to]) => id(to));
  // Longer than needed: valid only up to count * 16.
  const bytes = new Uint8Array((ids.size + 3) * 16).fill(0x20);
  bytes.fill(0, 0, 16);
  for (const [address, at] of ids) if (address) bytes.set(parseAddress(address)!, at * 16);
  const columns = new Map<string, Column>([
    ['srcaddr', { type: 'IPv6', ids: source }],
    ['dstaddr', { type: 'IPv6', ids: destination }],
  ]);
  return { rows: flows.length, columns, addresses: { count: ids.size, bytes } };
}

function texts(batch: Batch, name: string): string[] {
  const column = batch.columns.get(name);
  if (column?.type !== 'LowCardinality(String)') throw new Error(`${name} is missing`);
  return Array.from(column.ids.subarray(0, batch.rows), (id) => column.dictionary[id]!);
}

function enriched(enricher: Enricher, flows: readonly (readonly [string, string])[]): Batch {
  const batch = batchOf(flows);
  enricher.enrich(batch);
  return batch;
}

describe('a batch', () => {
  const enricher = createEnricher(databases, { internalNetworks: ['203.0.113.0/24', '8.8.4.0/24'] });
  const flows = [
    ['8.8.8.8', '10.0.0.1'],
    ['10.0.0.1', '1.1.1.1'],
    ['10.0.0.1', '203.0.113.9'],
    ['1.1.1.1', '8.8.8.8'],
    ['', '10.0.0.1'],
    ['2606:4700:4700::1111', 'fd00::1'],
    ['8.8.4.4', '8.8.8.8'],
  ] as const;

  test('gets direction, place and AS', () => {
    const batch = enriched(enricher, flows);
    expect(texts(batch, 'direction')).toEqual(['inbound', 'outbound', 'internal', 'external', '', 'inbound', 'outbound']);
    expect(texts(batch, 'src_as')).toEqual(['15169 Google LLC', '', '', '13335 Cloudflare, Inc.', '', '13335 Cloudflare, Inc.', '']);
    expect(texts(batch, 'dst_as')).toEqual(['', '13335 Cloudflare, Inc.', '', '15169 Google LLC', '', '', '15169 Google LLC']);
    expect(texts(batch, 'src_place').map((p) => p.split('|')[2] ?? '')).toEqual(['Mountain View', '', '', 'Sydney', '', 'Montreal', '']);
    expect(texts(batch, 'dst_place')[1]).toBe('AU|New South Wales|Sydney|-33.8688|151.209');
  });

  test('dictionaries hold each used text once, the empty text first', () => {
    const batch = enriched(enricher, [...flows, ...flows]);
    for (const name of ['src_place', 'dst_place', 'src_as', 'dst_as']) {
      const column = batch.columns.get(name);
      if (column?.type !== 'LowCardinality(String)') throw new Error(name);
      expect(column.dictionary[0]).toBe('');
      expect(new Set(column.dictionary).size).toBe(column.dictionary.length);
      expect([...new Set(column.ids)].sort((a, b) => a - b)).toEqual(column.dictionary.map((_, i) => i));
    }
  });

  test('one batch leaves nothing behind for the next', () => {
    const first = texts(enriched(enricher, flows), 'src_place');
    enriched(enricher, [['1.1.1.1', '9.9.9.9']]);
    expect(texts(enriched(enricher, flows), 'src_place')).toEqual(first);
    expect(texts(enriched(enricher, [['10.9.9.9', '10.8.8.8']]), 'dst_as')).toEqual(['']);
  });

  test('an empty batch and one without addresses', () => {
    expect(texts(enriched(enricher, []), 'direction')).toEqual([]);
    const batch: Batch = { rows: 1, columns: new Map(), addresses: { count: 1, bytes: new Uint8Array(16) } };
    enricher.enrich(batch);
    expect(batch.columns.size).toBe(0);
  });

  test('rows agree with describe, address by address', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.1`),
      fc.tuple(fc.nat(15), fc.nat(65535)).map(([a, b]) => `2a0${a.toString(16)}:${b.toString(16)}::1`),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(address, address), { minLength: 1, maxLength: 40 }), (random) => {
        const batch = enriched(enricher, random);
        random.forEach(([from, to], row) => {
          const source = enricher.describe(from)!;
          const destination = enricher.describe(to)!;
          const expected = source.internal ? (destination.internal ? 'internal' : 'outbound') : destination.internal ? 'inbound' : 'external';
          expect(texts(batch, 'direction')[row]).toBe(expected);
          expect(texts(batch, 'src_as')[row]?.split(' ')[0]).toBe(String(source.as?.number ?? ''));
          expect(texts(batch, 'dst_place')[row]?.split('|')[2] ?? '').toBe(destination.place?.city ?? '');
        });
      }),
      { numRuns: 100 },
    );
  });
});

test('without databases only the direction is known', () => {
  const batch = enriched(createEnricher({}, { internalNetworks: [] }), [['8.8.8.8', '10.0.0.1']]);
  expect(texts(batch, 'direction')).toEqual(['inbound']);
  for (const name of ['src_place', 'dst_place', 'src_as', 'dst_as']) expect(texts(batch, name)).toEqual(['']);
});

test('describe', () => {
  const enricher = createEnricher(databases, { internalNetworks: [] });
  expect(enricher.describe('1.1.1.1')).toEqual({
    internal: false,
    place: { country: 'AU', state: 'New South Wales', city: 'Sydney', latitude: -33.8688, longitude: 151.209 },
    as: { number: 13335, organization: 'Cloudflare, Inc.' },
  });
  expect(enricher.describe('192.168.1.1')).toEqual({ internal: true });
  expect(enricher.describe('2001:db8::1')).toEqual({ internal: false });
  expect(enricher.describe('nowhere')).toBeUndefined();
});
