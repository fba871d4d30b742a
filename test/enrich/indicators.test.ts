/** The index of indicators against a plain search through all of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { type IndicatorIndex, IndicatorIndexBuilder, IndicatorIndexFull, openIndicatorIndex } from '../../src/enrich/indicators.ts';
import { parseAddress } from '../../src/model/address.ts';
import type { Batch, Column } from '../../src/model/batch.ts';
import type { AllowedRange, IndicatorEntry } from '../../src/model/indicator.ts';
import { networkRange } from '../../src/model/network.ts';

interface Given {
  readonly block: string;
  readonly number: number;
  readonly feed?: string;
  readonly confidence?: number;
  readonly newest?: number;
  readonly from?: number;
  readonly until?: number;
}

function rangeOf(block: string): Pick<IndicatorEntry, 'words' | 'prefix'> {
  const { first } = networkRange(block);
  const view = new DataView(first.buffer);
  const length = block.includes('/') ? Number(block.split('/')[1]) : undefined;
  const prefix = length === undefined ? 128 : block.includes(':') ? length : length + 96;
  return { words: [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)], prefix };
}

function entryOf({ block, number, feed = 'a', confidence = 50, newest = 0, from = 0, until = 0 }: Given): IndicatorEntry {
  return { ...rangeOf(block), low: number, high: number * 2, feed, confidence, newest, validFrom: from, validUntil: until };
}

/** As the store gives them: by first address, wide blocks first. */
function sorted(entries: readonly IndicatorEntry[]): IndicatorEntry[] {
  const value = ({ words }: IndicatorEntry): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return [...entries].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a.prefix - b.prefix));
}

function bytesOf(given: readonly Given[], allowed: readonly AllowedRange[] = []): Uint8Array {
  const entries = sorted(given.map(entryOf));
  const ipv4 = given.filter(({ block }) => !block.includes(':')).length;
  const builder = new IndicatorIndexBuilder({ ipv4, ipv6: given.length - ipv4 }, allowed);
  for (const entry of entries) builder.add(entry);
  return builder.finish();
}

/** Number of the indicator that counts; 0 for none. */
function ask(index: IndicatorIndex, address: string, time = 1000): number {
  // Not at the beginning: batches have many addresses in one array.
  const bytes = new Uint8Array(48);
  bytes.set(parseAddress(address) as Uint8Array, 16);
  const cover = index.cover(bytes, 16);
  if (cover === 0) return 0;
  const entry = index.best(cover, bytes, 16, time);
  if (entry === 0) return 0;
  expect(index.high(entry)).toBe(index.low(entry) * 2);
  return index.low(entry);
}

const indexOf = (given: readonly Given[], allowed: readonly AllowedRange[] = []) => openIndicatorIndex(bytesOf(given, allowed));

test('addresses and blocks of both families; neighbours do not match', () => {
  const index = indexOf([
    { block: '192.0.2.7', number: 1 },
    { block: '198.51.100.0/24', number: 2 },
    { block: '2001:db8::7', number: 3 },
    { block: '2001:db8:1::/48', number: 4 },
    { block: '255.255.255.255', number: 5 },
  ]);
  expect(index.size).toBe(5);
  const of = (addresses: string[]) => addresses.map((address) => ask(index, address));
  expect(of(['192.0.2.7', '192.0.2.6', '192.0.2.8'])).toEqual([1, 0, 0]);
  expect(of(['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'])).toEqual([2, 2, 0, 0]);
  expect(of(['2001:db8::7', '2001:db8::8', '2001:db8:1:ffff::1', '2001:db8:2::'])).toEqual([3, 0, 4, 0]);
  // The last 32 bits are those of an IPv4 indicator, the address is not.
  expect(of(['::c000:207', '255.255.255.255', '0.0.0.0', '::'])).toEqual([0, 5, 0, 0]);
});

test('blocks of every length hold their first and last address, and not those beside them', () => {
  for (let length = 1; length <= 32; length++) {
    const size = 2 ** (32 - length);
    const first = Math.floor(0x55aa55aa / size) * size;
    const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    const index = indexOf([{ block: `${text(first)}/${length}`, number: 1 }]);
    const of = (values: number[]) => values.map((value) => ask(index, text(value)));
    expect([length, ...of([first, first + size - 1])]).toEqual([length, 1, 1]);
    expect([length, ...of([first - 1, first + size].filter((value) => value >= 0 && value < 2 ** 32))].slice(1)).not.toContain(1);
  }
});

test('the highest confidence counts, then the newest, however narrow its block', () => {
  const index = indexOf([
    { block: '192.0.2.0/24', number: 1, confidence: 90 },
    { block: '192.0.2.7', number: 2, confidence: 40 },
    { block: '198.51.100.7', number: 3, feed: 'a', newest: 10 },
    { block: '198.51.100.7', number: 4, feed: 'b', newest: 20 },
    { block: '198.51.100.7', number: 5, feed: 'c', newest: 15 },
  ]);
  expect(ask(index, '192.0.2.7')).toBe(1);
  expect(ask(index, '198.51.100.7')).toBe(4);
});

test('one counts from its first to before its last second', () => {
  const index = indexOf([
    { block: '192.0.2.7', number: 1, confidence: 90, from: 100, until: 200 },
    { block: '192.0.2.0/24', number: 2, confidence: 20, until: 4_294_967_295 },
  ]);
  expect([99, 100, 199, 200, 4_294_967_295].map((time) => ask(index, '192.0.2.7', time))).toEqual([2, 1, 1, 2, 2]);
  expect(ask(indexOf([{ block: '192.0.2.7', number: 1, until: 200 }]), '192.0.2.7', 200)).toBe(0);
});

test('what is allow-listed never matches, for its feed or for all', () => {
  const given = [
    { block: '192.0.2.0/24', number: 1, feed: 'a', confidence: 90 },
    { block: '192.0.2.7', number: 2, feed: 'b' },
    { block: '2001:db8::/32', number: 3, feed: 'a' },
  ];
  const allow = (...list: [feed: string, block: string][]) =>
    indexOf(
      given,
      list.map(([feed, block]) => ({ feed, ...rangeOf(block) })),
    );
  expect(ask(allow(['a', '192.0.2.7']), '192.0.2.7')).toBe(2);
  expect(ask(allow(['a', '192.0.2.7']), '192.0.2.8')).toBe(1);
  expect(ask(allow(['', '192.0.2.0/28']), '192.0.2.7')).toBe(0);
  expect(ask(allow(['', '192.0.2.0/28']), '192.0.2.17')).toBe(1);
  expect(ask(allow(['b', '192.0.2.7'], ['a', '192.0.2.0/24']), '192.0.2.7')).toBe(0);
  expect(ask(allow(['unknown', '192.0.2.0/24']), '192.0.2.7')).toBe(1);
  expect(ask(allow(['a', '2001:db8:5::/48']), '2001:db8:5::1')).toBe(0);
  expect(ask(allow(['a', '2001:db8:5::/48']), '2001:db8:6::1')).toBe(3);
});

test('any entries give what a search through all of them gives', () => {
  const octets = fc.tuple(fc.constantFrom(9, 203), fc.nat(1), fc.nat(3), fc.nat(3));
  const v4 = fc.tuple(octets, fc.integer({ min: 8, max: 32 }));
  const v6 = fc.tuple(fc.nat(3), fc.nat(3), fc.integer({ min: 16, max: 128 }));
  const block = fc.oneof(
    v4.map(([parts, length]) => `${parts.join('.')}/${length}`),
    v6.map(([a, b, length]) => `2001:db8:${a}::${b}/${length}`),
  );
  const address = fc.oneof(
    octets.map((parts) => parts.join('.')),
    fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `2001:db8:${a}::${b}`),
  );
  const bounds = fc.tuple(fc.nat(4), fc.nat(6));
  const given = fc.array(fc.tuple(block, fc.constantFrom('a', 'b'), fc.nat(3), fc.nat(3), bounds), { maxLength: 30 });
  const holds = (b: string, a: Uint8Array): boolean => {
    const { first, last } = networkRange(b);
    return Buffer.compare(a, first) >= 0 && Buffer.compare(a, last) <= 0;
  };
  fc.assert(
    fc.property(
      given,
      fc.array(fc.tuple(fc.constantFrom('', 'a', 'b'), block), { maxLength: 4 }),
      fc.array(fc.tuple(address, fc.nat(6)), { minLength: 1 }),
      (list, allowed, asked) => {
        const all = list.map(([b, feed, confidence, newest, [from, until]], i) => ({ block: b, feed, confidence, newest, from, until, number: i + 1 }));
        const index = indexOf(
          all,
          allowed.map(([feed, b]) => ({ feed, ...rangeOf(b) })),
        );
        for (const [text, time] of asked) {
          const bytes = parseAddress(text) as Uint8Array;
          const exempt = new Set(allowed.filter(([, b]) => holds(b, bytes)).map(([feed]) => feed));
          const fitting = all.filter(
            (i) => holds(i.block, bytes) && time >= i.from && (i.until === 0 || time < i.until) && !exempt.has('') && !exempt.has(i.feed),
          );
          const rank = (i: { confidence: number; newest: number }) => i.confidence * 10 + i.newest;
          const best = Math.max(...fitting.map(rank));
          const found = ask(index, text, time);
          if (fitting.length === 0) expect(found).toBe(0);
          else expect(fitting.filter((i) => rank(i) === best).map((i) => i.number)).toContain(found);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('takes no entries out of order, no more than it was made for, and no other bytes', () => {
  const builder = new IndicatorIndexBuilder({ ipv4: 3, ipv6: 0 });
  builder.add(entryOf({ block: '192.0.2.0/24', number: 1 }));
  expect(() => builder.add(entryOf({ block: '192.0.2.0/23', number: 2 }))).toThrow(RangeError);
  expect(() => builder.add(entryOf({ block: '9.9.9.9', number: 2 }))).toThrow(RangeError);
  expect(() => builder.add(entryOf({ block: '2001:db8::1', number: 2 }))).toThrow(IndicatorIndexFull);
  const bytes = bytesOf([{ block: '192.0.2.7', number: 1 }]);
  expect(() => openIndicatorIndex(bytes.slice(0, 100))).toThrow(RangeError);
  expect(() => openIndicatorIndex(new Uint8Array(bytes.length))).toThrow(RangeError);
});

test('a million indicators take less than 64 MiB', () => {
  const size = (sizes: { ipv4: number; ipv6: number }) => new IndicatorIndexBuilder(sizes).finish().length;
  expect(size({ ipv4: 1_000_000, ipv6: 0 })).toBeLessThan(34 * 2 ** 20);
  expect(size({ ipv4: 0, ipv6: 1_000_000 })).toBeLessThan(46 * 2 ** 20);
});

describe('a batch', () => {
  const batchOf = (flows: readonly (readonly [from: string, to: string, start: number])[]): Batch => {
    const texts = ['', ...new Set(flows.flatMap(([from, to]) => [from, to].filter(Boolean)))];
    const bytes = new Uint8Array(texts.length * 16);
    for (const [i, text] of texts.entries()) if (text) bytes.set(parseAddress(text) as Uint8Array, i * 16);
    const ids = (place: 0 | 1): Column => ({ type: 'IPv6', ids: Uint32Array.from(flows, (flow) => texts.indexOf(flow[place])) });
    return {
      rows: flows.length,
      addresses: { count: texts.length, bytes },
      columns: new Map<string, Column>([
        ['srcaddr', ids(0)],
        ['dstaddr', ids(1)],
        ['start', { type: "DateTime('UTC')", values: Uint32Array.from(flows, (flow) => flow[2]) }],
      ]),
    };
  };
  const numbers = (batch: Batch, column: string): number[] | undefined => {
    const found = batch.columns.get(column);
    return found?.type === 'UInt64Mask' ? [...found.low.subarray(0, batch.rows)] : undefined;
  };
  const index = bytesOf([
    { block: '192.0.2.7', number: 1, from: 100, until: 200 },
    { block: '10.0.0.0/8', number: 2 },
    { block: '2001:db8::/32', number: 3 },
  ]);

  test('gets the numbers of external addresses, at each row’s start', () => {
    const enricher = createEnricher({}, { internalNetworks: ['2001:db8:5::/48'] });
    enricher.matchWith(index);
    const batch = batchOf([
      ['192.0.2.7', '10.0.0.1', 150],
      ['192.0.2.7', '10.0.0.1', 200],
      ['10.0.0.1', '192.0.2.7', 100],
      ['192.0.2.8', '10.0.0.1', 150],
      ['2001:db8:5::1', '2001:db8:6::1', 150],
      ['', '192.0.2.7', 150],
    ]);
    enricher.enrich(batch);
    expect(numbers(batch, 'src_indicator')).toEqual([1, 0, 0, 0, 0, 0]);
    expect(numbers(batch, 'dst_indicator')).toEqual([0, 0, 1, 0, 3, 1]);
  });

  test('without a match, without indicators and after they were taken away it has no columns of them', () => {
    const enricher = createEnricher({}, { internalNetworks: [] });
    const flows = [['192.0.2.7', '198.51.100.1', 150]] as const;
    const columns = () => {
      const batch = batchOf(flows);
      enricher.enrich(batch);
      return [numbers(batch, 'src_indicator'), numbers(batch, 'dst_indicator')];
    };
    expect(columns()).toEqual([undefined, undefined]);
    enricher.matchWith(index);
    expect(columns()).toEqual([[1], undefined]);
    enricher.matchWith(bytesOf([{ block: '198.51.100.1', number: 9 }]));
    expect(columns()).toEqual([undefined, [9]]);
    enricher.matchWith(undefined);
    expect(columns()).toEqual([undefined, undefined]);
  });
});
