/** Indicators that were found for stored flows later, and what the compiler asks of the store for each form of a lookup. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Catalog, compile, shape } from '../../src/query/index.ts';
import { sql } from '../../src/query/sql.ts';
import { type Engine, openEngine, options } from './engine.ts';

let engine: Engine;
let catalog: Catalog;
beforeAll(async () => {
  engine = await openEngine();
  await engine.loadIndicators([
    { feed: 'a', type: 'address', value: '198.51.100.7' },
    { feed: 'a', type: 'address', value: '203.0.113.0/24' },
  ]);
  await engine.load([
    { line: '2 1 eni-a 198.51.100.7 10.0.0.1 1 22 6 1 100 $10 $20 REJECT OK', columns: { src_indicator: 'a/198.51.100.7' } },
    { line: '2 1 eni-a 203.0.113.5 10.0.0.1 1 22 6 1 200 $100 $120 REJECT OK' },
    { line: '2 1 eni-a 203.0.113.5 10.0.0.1 1 22 6 1 300 $200 $220 REJECT OK' },
    { line: '2 1 eni-a 10.0.0.1 203.0.113.5 1 22 6 1 400 $210 $220 REJECT OK' },
    { line: '2 1 eni-a 8.8.8.8 10.0.0.1 1 22 6 1 500 $210 $220 REJECT OK' },
  ]);
  // Holds from T0 + 150 on.
  const number = sql`(SELECT number FROM bartizan.indicator WHERE prefix = 120)`;
  catalog = {
    ...engine.catalog,
    threats: {
      allowed: {},
      prefixes: [128, 120],
      retro: (address, start) => sql`if(${address} = toIPv6('203.0.113.5') AND ${start} >= toDateTime(1773144150, 'UTC'), ${number}, toUInt64(0))`,
    },
  };
});
afterAll(() => engine.close());

function compiled(query: string, by: Catalog) {
  const result = compile(query, options(engine, { catalog: by }));
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.compiled;
}
const ask = async (query: string, by = catalog) => {
  const made = compiled(query, by);
  return shape(made, await engine.rows(made.statement)).rows;
};

it('flows have what was found for them later, at either end and from its first second on', async () => {
  const query = '| threatlookup singleIndicator src_ip | where !isNull(_threatlookup.indicator) | sum(bytes) by _threatlookup.indicator | sort + _sum';
  expect(await ask(query)).toEqual([
    ['198.51.100.7', 100],
    ['203.0.113.0/24', 300],
  ]);
  expect(await ask(query, engine.catalog)).toEqual([['198.51.100.7', 100]]);
  expect(await ask('| threatip dest_ip | where !isNull(malicious_confidence) | sum(bytes)')).toEqual([[400]]);
  expect(await ask('| count by src_ip | threatip src_ip | where !isNull(type) | count')).toEqual([[2]]);
  expect(await ask('| threatlookup src_ip | where isNull(_threatlookup.source) | sum(bytes)')).toEqual([[1100]]);
});

it('flows are read once, and of their attributes only what is named', () => {
  const text = (query: string) => compiled(query, engine.catalog).statement.text;
  const scans = (query: string) => text(query).split('`vpc_flow`').length - 1;
  const count = '| threatlookup singleIndicator src_ip | where !isNull(_threatlookup.indicator) | count';
  expect([scans(count), text(count).includes('dictGet')]).toEqual([1, false]);
  expect(scans('| threatlookup singleIndicator src_ip, dest_ip | count by _threatlookup.source')).toBe(1);
  expect(scans('| lookup raw, threatlevel from sumo://threat/cs on threat = dest_ip | count by threatlevel')).toBe(1);
  // How many there are, another source or each of them is asked of the indicators again.
  expect(scans('| threatlookup singleIndicator src_ip | count by _threatlookup.num_matches')).toBeGreaterThan(1);
  expect(scans('| threatlookup src_ip | count by _threatlookup.source')).toBeGreaterThan(1);
});

it('without indicators a lookup reads nothing of them', () => {
  const none = compiled('| threatlookup singleIndicator src_ip | where !isNull(_threatlookup.indicator) | count', { ...catalog, threats: undefined as never });
  expect(none.reads).toEqual(['start']);
});
