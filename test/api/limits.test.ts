/** What a query may cost: each limit, made tiny, is held by the engine and answered with its name and a way out. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Limits, Store } from '../../src/store/store.ts';
import { insertFlows, makeFlows } from '../dashboards/flows.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
let limited: TestServer;
beforeAll(async () => {
  server = await startServer();
  await insertFlows(server.store, makeFlows(3, 2000, NOW - 3600, NOW));
  await server.store.command({
    text: `INSERT INTO bartizan.vpc_flow (start, srcaddr, dstaddr, srcport, dstport, bytes)
      SELECT toDateTime(${NOW - 90_000}, 'UTC') + number % 3600, toIPv6('::1'), toIPv6('::2'), number % 60000, number % 100, number FROM numbers(300000)`,
    params: {},
  });
  limited = await startServer({ deps: { store: under(server.store) } });
});
afterAll(async () => {
  await limited.close();
  await server.close();
});

let limit: Partial<Limits> = {};

/** The same engine under the limit of a test. */
function under(store: Store): Store {
  return {
    rows: (text, options) => store.rows(text, { ...options, ...limit }),
    stream: (text, options) => store.stream(text, { ...options, ...limit }),
    command: (text, options) => store.command(text, options),
    insertNative: (insert) => store.insertNative(insert),
    readNative: (block, select) => store.readNative(block, select),
    storedTokens: (inserts) => store.storedTokens(inserts),
    progress: (id) => store.progress(id),
    close: () => store.close(),
  };
}

const MANY = '* | count_distinct(concat(srcaddr, bytes, srcport)) as a, pct(bytes, 50) as b by srcport, dest_port, bytes';

test.each([
  ['time', { maxSeconds: 0.001 }, MANY, 504, 'query-timeout', '0.001 s', 'job'],
  ['memory', { maxMemoryBytes: 8 * 2 ** 20 }, MANY, 422, 'query-memory', '8 MiB', 'time range'],
  ['rows of a result', { maxResultRows: 10 }, '* | count by srcport', 422, 'query-too-many-rows', 'limit of 10', 'export'],
  ['bytes of a result', { maxResultBytes: 1000 }, '* | count by srcport', 422, 'query-too-many-bytes', 'limit of', 'export'],
  ['records read', { maxRowsRead: 100 }, '* | count by action', 422, 'query-reads-too-much', 'limit of 100', 'time range'],
  ['bytes read', { maxBytesRead: 100 }, '* | count by action', 422, 'query-reads-too-much', 'limit of', 'time range'],
] as const)('%s', async (_, tiny, query, status, code, words, way) => {
  limit = tiny;
  const response = await limited.post('/api/v1/query', { query, from: '-2d' });
  limit = {};
  const { error } = (await response.json()) as { error: { code: string; message: string; hint: string } };
  expect([response.status, error]).toEqual([status, { code, message: expect.stringContaining(words), hint: expect.stringContaining(way) }]);
  // The next query on the same session is whole.
  expect(await (await limited.post('/api/v1/query', { query: '* | count', from: '-1h' })).json()).toMatchObject({ rows: [[2000]] });
});
