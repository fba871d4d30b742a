/** Matches over time, values among matches, and records of a query with steps, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FieldResponse, HistogramResponse } from '../../src/api/contract/search.ts';
import type { QueryExplanation, RecordsResponse } from '../../src/api/contract.ts';
import { bucketWidth } from '../../src/api/search.ts';
import { HEADER, openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

/** 2023-11-14 23:13:20 UTC */
const NOW = 1_700_003_600;
const FLOWS = [
  '2 123456789012 eni-1 203.0.113.9 10.0.0.5 40000 22 6 3 180 1700000000 1700000060 REJECT OK',
  '2 123456789012 eni-1 10.0.0.5 203.0.113.9 22 40000 6 5 900 1700000010 1700000160 ACCEPT OK',
  '2 210987654321 eni-2 2001:db8::1 fd00::7 5000 443 17 1 80 1700000900 1700000930 ACCEPT OK',
  '2 210987654321 eni-2 10.0.0.5 10.0.0.6 5000 5432 6 9 4000 1700003000 1700003330 ACCEPT OK',
];

let place: Place;
let server: TestServer;
beforeAll(async () => {
  place = await openPlace();
  server = await startServer({ deps: { store: place.store, clock: () => NOW * 1000, ingest: place.pipeline, absentMask: () => place.metadata.absentMask() } });
  const path = await place.file('flows.log', [HEADER, ...FLOWS, ''].join('\n'));
  await (await server.post('/api/v1/ingest', { paths: [path] })).text();
});
afterAll(async () => {
  await server.close();
  await place.close();
});

async function ask<T>(path: string, body: object): Promise<T> {
  const response = await server.post(path, { from: '-2h', ...body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

describe('histogram', () => {
  const filled = ({ buckets }: HistogramResponse) => buckets.filter(([, count]) => count > 0);

  test('counts matches before the first aggregate, in buckets that people can read', async () => {
    const answer = await ask<HistogramResponse>('/api/v1/search/histogram', { query: 'action=ACCEPT | count by srcaddr | where _count > 100', buckets: 10 });
    expect({ ...answer, buckets: filled(answer) }).toEqual({
      window: { from: NOW - 7200, to: NOW },
      seconds: 900,
      total: 3,
      buckets: [
        [1_699_999_200, 1],
        [1_700_000_100, 1],
        [1_700_002_800, 1],
      ],
    });
  });

  test('filters by steps, and its days are those of the zone', async () => {
    const answer = await ask<HistogramResponse>('/api/v1/search/histogram', {
      query: '| where bytes > 100 | parse "* * *" as v, a, rest',
      from: '-30d',
      timeZone: 'Asia/Kolkata',
      buckets: 30,
    });
    // Midnight of 15 November in Kolkata.
    expect(answer).toMatchObject({ seconds: 86_400, total: 3 });
    expect(filled(answer)).toEqual([[Date.UTC(2023, 10, 14, 18, 30) / 1000, 3]]);
  });

  test('of nothing is empty', async () => {
    const answer = await ask<HistogramResponse>('/api/v1/search/histogram', { query: 'dstport=1', buckets: 4 });
    expect(answer).toMatchObject({ seconds: 1800, total: 0 });
    // From 21:13:20 to 23:13:20.
    expect(answer.buckets).toEqual([0, 1, 2, 3, 4].map((i) => [Date.UTC(2023, 10, 14, 21) / 1000 + i * 1800, 0]));
  });

  test('days and hours follow the clocks of the zone when these are changed', async () => {
    const of = async (from: string, to: string, buckets: number) =>
      ask<HistogramResponse>('/api/v1/search/histogram', { query: '', from, to, buckets, timeZone: 'Europe/Berlin' });
    const days = await of('2023-10-27T00:00:00+02:00', '2023-11-02T00:00:00+01:00', 7);
    expect(days.buckets.map(([start]) => new Date(start * 1000).toISOString().slice(5, 16))).toEqual([
      '10-26T22:00',
      '10-27T22:00',
      '10-28T22:00',
      '10-29T23:00',
      '10-30T23:00',
      '10-31T23:00',
    ]);
    const hours = await of('2023-10-29T00:00:00+02:00', '2023-10-30T00:00:00+01:00', 9);
    expect(hours.buckets.map(([start]) => new Date(start * 1000).toISOString().slice(8, 13))).toEqual([
      ...['28T22', '29T02', '29T05', '29T08', '29T11', '29T14', '29T17', '29T20'],
    ]);
  });

  test('the name of a zone may be in any letter case, and an offset is none', async () => {
    const window = { from: '2023-10-29T00:00:00+02:00', to: '2023-10-30T00:00:00+01:00' };
    const of = (timeZone: string) => ask<HistogramResponse>('/api/v1/search/histogram', { query: '', ...window, buckets: 9, timeZone });
    expect((await of('europe/berlin')).buckets).toEqual((await of('Europe/Berlin')).buckets);
    const refused = await server.post('/api/v1/search/histogram', { query: '', ...window, buckets: 9, timeZone: '+02:00' });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'bad-time' } }]);
  });

  test('widths are at least a second and cover any window', () => {
    expect([1, 60, 3600, 86_400, 30 * 86_400, 20 * 365 * 86_400].map((s) => bucketWidth(s, 100))).toEqual([1, 1, 60, 900, 43_200, 91 * 86_400]);
    expect(bucketWidth(4e9, 1)).toBe(4e9);
  });
});

describe('values of a field among the matches', () => {
  test('are counted, most frequent first', async () => {
    const answer = await ask<FieldResponse>('/api/v1/search/field', { query: 'action=ACCEPT | count', field: 'src_ip' });
    expect(answer).toMatchObject({ total: 3, present: 3, distinct: 2 });
    expect(answer.values).toEqual([
      { value: '10.0.0.5', count: 2 },
      { value: '2001:db8::1', count: 1 },
    ]);
  });

  test('of a made column, with those that lack it', async () => {
    const answer = await ask<FieldResponse>('/api/v1/search/field', { query: '| if(dstport = 22, "ssh", null) as what', field: 'what', limit: 1 });
    expect(answer).toMatchObject({ total: 4, present: 1, distinct: 1, values: [{ value: 'ssh', count: 1 }] });
  });

  test('of a field that no match has', async () => {
    const answer = await ask<FieldResponse>('/api/v1/search/field', { query: '*', field: 'vpc-id' });
    expect(answer).toMatchObject({ total: 4, present: 0, distinct: 0, values: [] });
    expect(await ask<FieldResponse>('/api/v1/search/field', { query: 'dstport=1', field: 'vpc-id' })).toMatchObject({ total: 0, values: [] });
  });

  test('an unknown one is named with the nearest', async () => {
    const response = await server.post('/api/v1/search/field', { query: '*', field: 'scraddr' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'unknown-field', hint: expect.stringContaining('srcaddr') } });
  });
});

describe('records of a query with steps', () => {
  test('are those before the first aggregate, with the columns that the steps made', async () => {
    const answer = await ask<RecordsResponse>('/api/v1/records', {
      query: '| parse "* * * * *" as v, account, eni, source, rest | where bytes < 1000 and source matches "10.*" | count by eni',
    });
    expect(answer.total).toBe(1);
    expect(answer.made.map((c) => c.name)).toEqual(['v', 'account', 'eni', 'source', 'rest']);
    expect(answer.records).toMatchObject([{ raw: FLOWS[1], values: { v: '2', eni: 'eni-1', source: '10.0.0.5' } }]);
  });

  test('are computed in the zone that is asked for, as the result and the histogram are', async () => {
    const hours = async (timeZone: string) => {
      const answer = await ask<RecordsResponse>('/api/v1/records', { query: '| formatDate(_messageTime, "HH") as hour', timeZone });
      return answer.records.map((r) => Number(r.values.hour));
    };
    const [utc, tokyo] = [await hours('UTC'), await hours('Asia/Tokyo')];
    expect(utc.length).toBeGreaterThan(0);
    expect(tokyo).toEqual(utc.map((hour) => (hour + 9) % 24));
  });

  test('keep the order and limit of a query that does not group', async () => {
    const answer = await ask<RecordsResponse>('/api/v1/records', { query: '| sort by +bytes | limit 3', limit: 2 });
    expect(answer.total).toBe(3);
    expect(answer.records.map((r) => r.fields.bytes)).toEqual([80, 180]);
    const rest = await ask<RecordsResponse>('/api/v1/records', { query: '| sort by +bytes | limit 3', limit: 2, offset: 2 });
    expect(rest.records.map((r) => r.fields.bytes)).toEqual([900]);
  });
});

test('records come with what the compiler noticed', async () => {
  const { warnings, total } = await ask<RecordsResponse>('/api/v1/records', { query: 'count by action' });
  expect(total).toBe(0);
  expect(warnings).toEqual([{ code: 'words-not-steps', message: 'This searches for the word “count” and those after it.' }]);
  expect((await ask<RecordsResponse>('/api/v1/records', { query: 'ACCEPT' })).warnings).toEqual([]);
});

describe('explain', () => {
  const explain = async (query: string) => (await ask<QueryExplanation>('/api/v1/query', { query, explain: true })).explain;

  test('says which conditions are pushed down, and what the indexes leave to read', async () => {
    const { plan, indexes } = await explain(
      '198.51.100.77 | where dstport = 22 | if(bytes > 1, "x", "y") as size | where size = "x" | count by size | where _count > 1',
    );
    expect(plan.filter((line) => /pushed|filter/.test(line))).toEqual([
      'filter by the scope, pushed down to stored columns',
      'where dstport = 22 — pushed down to stored columns (dstport)',
      'where size = "x" — filter on made values (size), after the steps before it',
      'where _count > 1 — filter on the groups',
    ]);
    expect(indexes.map((i) => i.index)).toEqual(['Min-Max', 'Partition', 'PrimaryKey', 'addresses']);
    // No record has that address.
    expect(indexes.at(-1)).toMatchObject({ table: 'bartizan.vpc_flow', granules: 0, of: 1 });
  });
});

// Last: it stores records that other tests do not count.
describe('many records of a second', () => {
  test('come in pages that neither repeat nor lose one of many of the same second', async () => {
    const lines = Array.from(
      { length: 2000 },
      (_, i) => `2 123456789012 eni-9 10.9.${i >> 8}.${i & 255} 10.0.0.6 ${i % 60_000} 443 6 1 ${i} ${1_700_002_000 + (i % 3)} 1700002060 ACCEPT OK`,
    );
    const path = await place.file('many.log', [HEADER, ...lines, ''].join('\n'));
    await (await server.post('/api/v1/ingest', { paths: [path] })).text();
    const seen = new Set<string>();
    for (let offset = 0; offset < 2000; offset += 100) {
      const page = await ask<RecordsResponse>('/api/v1/records', { query: 'interface_id=eni-9', limit: 100, offset });
      expect(page.total).toBe(2000);
      for (const record of page.records) seen.add(record.raw);
    }
    expect(seen.size).toBe(2000);
  });
});
