/** explain beside a subquery that takes long: the engine is given a moment to say what its indexes reach, no more. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QueryRequest } from '../../src/api/contract.ts';
import { explainQuery } from '../../src/api/explain.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await server.store.command({
    text: `INSERT INTO bartizan.vpc_flow (start, srcaddr, dstaddr, srcport, dstport, bytes, action)
      SELECT toDateTime(${NOW - 7200}, 'UTC') + number % 3600, toIPv6('::1'), toIPv6('::2'), number % 60000, number % 100, number, 'ACCEPT' FROM numbers(300000)`,
    params: {},
  });
});
afterAll(() => server.close());

const HEAVY = QueryRequest.parse({
  query: '[subquery: * | count_distinct(concat(srcaddr, bytes, srcport)) as a, pct(bytes, 50) by srcaddr, srcport, dstport, bytes | compose srcaddr]',
  from: '-3h',
  explain: true,
});
const NEVER = new AbortController().signal;

test('without an answer of the engine in time there are no indexes, and the plan says so', async () => {
  const { explain } = await explainQuery(server.deps, HEAVY, NEVER, 0.02);
  expect(explain.indexes).toEqual([]);
  expect(explain.plan.at(-1)).toMatch(/^indexes: not known\. .* limit of 0\.02 s/);
  expect((await explainQuery(server.deps, { ...HEAVY, query: '*' }, NEVER)).explain.indexes).not.toEqual([]);
});

test('a subquery that gives too many values does not fail the explanation', async () => {
  const many = { ...HEAVY, query: '[subquery: * | count by bytes | compose bytes] | count by srcaddr' };
  const { explain } = await explainQuery(server.deps, many, NEVER, 60);
  expect(explain.sql).toContain('SELECT');
});

test('stops when nobody waits for it', async () => {
  await expect(explainQuery(server.deps, HEAVY, AbortSignal.abort())).rejects.toMatchObject({ code: 'query-cancelled' });
});
