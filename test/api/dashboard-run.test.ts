import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/api/contract.ts';
import { Dashboard } from '../../src/dashboards/schema.ts';
import { type Sql, sql, statement } from '../../src/query/sql.ts';
import { insertFlows, makeFlows } from '../dashboards/flows.ts';
import { eventsOf, NOW, startServer, type TestServer } from './helpers.ts';

const table = (id: string, query: string) => ({ id, title: id, description: 'D.', kind: 'table' as const, query });
const dashboard = Dashboard.parse({
  id: 'mixed',
  title: 'Mixed',
  description: 'D.',
  useCase: 'D.',
  app: 'Test',
  sections: [
    {
      id: 'all',
      title: 'All',
      panels: [
        table('count', '| count'),
        table('actions', '| count by action'),
        table('broken', '| count by actoin'),
        table('nothing', 'account-id=none | count by action'),
        table('filled', 'account-id=none | timeslice 15m | count by _timeslice | fillmissing timeslice'),
        { ...table('total', '| timeslice 15m | count by _timeslice'), kind: 'value', y: '_count', bucket: 900 },
      ],
    },
  ],
});
const slow = Dashboard.parse({
  ...dashboard,
  id: 'slow',
  sections: [
    {
      id: 'all',
      title: 'All',
      panels: Array.from({ length: 40 }, (_, i) =>
        table(`p${i}`, `| count_distinct(concat(srcaddr, dstaddr, srcport, bytes, ${i})) as n by interfaceID, dest_port`),
      ),
    },
  ],
});

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ deps: { dashboards: [dashboard, slow] } });
  await insertFlows(server.store, makeFlows(1, 200, NOW - 3600, NOW));
});
afterAll(() => server.close());

async function run(body: object, id = 'mixed'): Promise<RunEvent[]> {
  return eventsOf(await server.post(`/api/v1/dashboards/${id}/run`, body));
}

async function refusal(body: object, id = 'mixed'): Promise<[number, string, string]> {
  const response = await server.post(`/api/v1/dashboards/${id}/run`, body);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return [response.status, error.code, error.message];
}

const stateOf = (events: RunEvent[], panel: string) => events.find((e) => e.type === 'panel' && e.panel === panel);

describe('a run', () => {
  test('a broken panel fails alone, with the place in its query', async () => {
    const events = await run({});
    expect(events.filter((e) => e.type === 'error')).toEqual([
      {
        type: 'error',
        panel: 'broken',
        error: expect.objectContaining({ code: expect.any(String), span: { start: 11, end: 17 }, hint: expect.stringContaining('action') }),
      },
    ]);
    expect(stateOf(events, 'count')).toMatchObject({ state: 'data', rows: [[200]] });
    expect(events.at(-1)?.type).toBe('end');
  });

  test('tells “nothing matched” from “nothing was ingested”', async () => {
    expect(stateOf(await run({}), 'nothing')).toMatchObject({ state: 'no-match', rows: [] });
    const empty = await run({ from: '-3d', to: '-2d' });
    expect(stateOf(empty, 'nothing')).toMatchObject({ state: 'no-data', extent: { from: expect.any(Number) } });
    expect(stateOf(empty, 'actions')).toMatchObject({ state: 'no-data' });
    // Zeros that no record stands behind are an answer only where there are records.
    expect(stateOf(await run({}), 'filled')).toMatchObject({ state: 'data' });
    expect(stateOf(empty, 'filled')).toMatchObject({ state: 'no-data' });
  });

  test('says when there are more rows than a panel shows', async () => {
    const other = await startServer({ deps: { store: server.store, dashboards: [dashboard] }, settings: { panelRows: 1 } });
    const few = await eventsOf(await other.post('/api/v1/dashboards/mixed/run', { panels: ['actions', 'total'] }));
    expect(stateOf(few, 'actions')).toMatchObject({ truncated: true, rows: [expect.anything()] });
    expect(stateOf(few, 'total')).toMatchObject({ truncated: false });
    expect(stateOf(await run({}), 'actions')).toMatchObject({ truncated: false, rows: [expect.anything(), expect.anything()] });
    await other.close();
  });

  test('a panel may have its own window', async () => {
    const events = await run({ panels: ['count', 'actions'], windows: { count: { from: '-2h', to: '-1h' } } });
    expect(events.filter((e) => e.type === 'panel').map((e) => [e.panel, e.window.to])).toEqual(
      expect.arrayContaining([
        ['count', NOW - 3600],
        ['actions', NOW],
      ]),
    );
  });

  test('all time begins with the first flow', async () => {
    const [start] = await run({ from: 'all' });
    const extent = ((await (await server.call('/api/v1/status')).json()) as { extent: { from: number } }).extent;
    expect(start).toMatchObject({ type: 'start', window: { from: extent.from, to: NOW } });
  });

  test('leaves no copy behind', async () => {
    await run({});
    expect((await server.store.rows(statement(sql`SELECT count() FROM system.tables WHERE database = 'bartizan_runs'`))).rows).toEqual([[0]]);
  });

  test('what is wrong with the request is said before anything runs', async () => {
    expect(await refusal({ from: 'yesterday' })).toEqual([400, 'bad-time', expect.stringContaining('yesterday')]);
    expect(await refusal({ panels: ['count', 'other'] })).toEqual([400, 'invalid-request', expect.stringContaining('other')]);
    expect(await refusal({ filters: [{ field: 'srcadr', values: ['1'] }] })).toEqual([400, 'invalid-request', expect.stringContaining('srcadr')]);
    expect(await refusal({ filters: [{ field: 'srcaddr', values: [] }] })).toEqual([400, 'invalid-request', expect.stringContaining('filters')]);
    expect(await refusal({}, 'unknown')).toEqual([404, 'not-found', expect.any(String)]);
  });
});

describe('a run that nobody waits for', () => {
  const DAY_AGO = { from: NOW - 86_400, to: NOW - 80_000 };

  beforeAll(async () => {
    await server.store.command({
      text: `INSERT INTO bartizan.vpc_flow (start, srcaddr, dstaddr, srcport, dstport, bytes, interface_id)
        SELECT toDateTime(${NOW - 86_400}, 'UTC') + number % 3600, toIPv6('::1'), toIPv6('::2'), number % 60000, number % 100, number, toString(number % 50) FROM numbers(600000)`,
      params: {},
    });
  });

  const ask = async (fragment: Sql) => Number((await server.store.rows(statement(fragment), { lane: 'control' })).rows[0]?.[0]);
  // A killed statement stays in the list until its session is used again.
  const running = () => ask(sql`SELECT count() FROM system.processes WHERE query LIKE '%uniq%' AND query NOT LIKE '%system.processes%' AND NOT is_cancelled`);
  const copies = () => ask(sql`SELECT count() FROM system.tables WHERE database = 'bartizan_runs'`);

  async function startSlow(copyRows: number, signal?: AbortSignal): Promise<{ other: TestServer; response: Response }> {
    const other = await startServer({ deps: { store: server.store, dashboards: [slow] }, settings: { copyRows } });
    const response = await other.post('/api/v1/dashboards/slow/run', DAY_AGO, signal);
    await expect.poll(running, { interval: 10 }).toBeGreaterThan(0);
    return { other, response };
  }

  test.each([
    ['from a copy', 5_000_000],
    ['in place', 0],
  ])('stops its statements when the client goes away: %s', async (_, copyRows) => {
    const abort = new AbortController();
    const { other, response } = await startSlow(copyRows, abort.signal);
    expect(response.status).toBe(200);
    abort.abort();
    await expect.poll(async () => [await running(), await copies()]).toEqual([0, 0]);
    await other.close();
  });

  test('stops when the server closes', async () => {
    const { other, response } = await startSlow(5_000_000);
    await other.close();
    expect(await running()).toBe(0);
    await expect.poll(copies).toBe(0);
    expect((await eventsOf(response)).at(-1)?.type).not.toBe('end');
  });
});
