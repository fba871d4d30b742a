/** Query jobs over real HTTP: their rows by page, their limits, and that cancel stops the engine. */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JobResponse, JobRowsResponse } from '../../src/api/contract/jobs.ts';
import type { ServerSettings } from '../../src/api/deps.ts';
import { Jobs } from '../../src/api/jobs.ts';
import { insertFlows, makeFlows } from '../dashboards/flows.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
const flows = makeFlows(9, 300, NOW - 3600, NOW);
const MANY = NOW - 500_000;

beforeAll(async () => {
  server = await startServer();
  await insertFlows(server.store, flows);
  await server.store.command({
    text: `INSERT INTO bartizan.vpc_flow (start, srcaddr, dstaddr, srcport, dstport, bytes, action)
      SELECT toDateTime(${MANY}, 'UTC') + number % 3600, toIPv6('::1'), toIPv6('::2'), number % 60000, number % 100, number, 'ACCEPT' FROM numbers(300000)`,
    params: {},
  });
});
afterAll(() => server.close());
afterEach(async () => {
  for (const { id } of await list()) await server.call(`/api/v1/jobs/${id}`, { method: 'DELETE' });
});

const json = async <T>(response: Promise<Response>) => (await response).json() as Promise<T>;
const list = async (at = server) => (await json<{ jobs: JobResponse[] }>(at.call('/api/v1/jobs'))).jobs;
const get = (id: string, at = server) => json<JobResponse>(at.call(`/api/v1/jobs/${id}`));
const rows = (id: string, page = '', at = server) => json<JobRowsResponse>(at.call(`/api/v1/jobs/${id}/rows${page}`));
const errorOf = async (response: Response) => [response.status, ((await response.json()) as { error: { code: string } }).error.code];

async function start(query: string, more: object = {}, at = server): Promise<JobResponse> {
  const response = await at.post('/api/v1/jobs', { query, from: '-1h', ...more });
  expect(response.status).toBe(202);
  return (await response.json()) as JobResponse;
}

async function until(id: string, states: readonly JobResponse['state'][], at = server): Promise<JobResponse> {
  for (;;) {
    const job = await get(id, at);
    if (states.includes(job.state)) return job;
    await new Promise((tick) => setTimeout(tick, 10));
  }
}
const ENDED = ['done', 'failed', 'cancelled'] as const;

/** Runs for as long as it is let: every pair of many records. */
const ENDLESS = { query: '* | join (where bytes > 0) as a, (where bytes > 1) as b on a.action = b.action | count', from: MANY, to: MANY + 3600 };
/** A server with other limits on the same store. */
async function withSettings(settings: Partial<ServerSettings>, work: (other: TestServer) => Promise<void>, clock = () => NOW * 1000): Promise<void> {
  const other = await startServer({ deps: { store: server.store, clock }, settings });
  try {
    await work(other);
  } finally {
    await other.close();
  }
}

describe('a job', () => {
  test('answers at once, then has what the query has', async () => {
    const asked = await start('* | count, sum(bytes) as total by action | sort by action asc');
    expect(asked).toMatchObject({ error: null, expires: null, created: NOW * 1000 });
    const done = await until(asked.id, ENDED);
    expect(done).toMatchObject({ state: 'done', fraction: 1, rows: 2, expires: (NOW + 3600) * 1000, warnings: [] });
    expect(done.columns?.map((c) => [c.name, c.kind])).toEqual([
      ['action', 'text'],
      ['_count', 'number'],
      ['total', 'number'],
    ]);
    const of = (action: string) => flows.filter((f) => f.action === action);
    const expected = ['ACCEPT', 'REJECT'].map((a) => [a, of(a).length, of(a).reduce((sum, f) => sum + f.bytes, 0)]);
    expect((await rows(asked.id)).rows).toEqual(expected);
    expect((await list()).map((j) => j.id)).toEqual([asked.id]);
  });

  test('hands its rows out by page, more than a query answers with', async () => {
    const { id } = await start('* | fields bytes | sort by bytes asc', { from: MANY, to: MANY + 3600 });
    expect(await until(id, ENDED)).toMatchObject({ state: 'done', rows: 300_000 });
    const page = async (offset: number, limit: number) => (await rows(id, `?offset=${offset}&limit=${limit}`)).rows.map(([n]) => n);
    expect(await page(0, 3)).toEqual([0, 1, 2]);
    expect(await page(123_456, 2)).toEqual([123_456, 123_457]);
    expect(await page(998, 4)).toEqual([998, 999, 1000, 1001]);
    expect(await page(299_999, 10)).toEqual([299_999]);
    expect(await page(300_000, 10)).toEqual([]);
    expect((await page(290_000, 10_000)).reduce<number>((sum, n) => sum + Number(n), 0)).toBe(((290_000 + 299_999) * 10_000) / 2);
    expect((await server.call(`/api/v1/jobs/${id}/rows?limit=10001`)).status).toBe(400);
    const file = join(server.folder, 'jobs', `${id}.ndjson`);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    expect((await server.call(`/api/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await readdir(join(server.folder, 'jobs'))).toEqual([]);
  });

  test('is refused at once where the query is wrong', async () => {
    expect(await errorOf(await server.post('/api/v1/jobs', { query: '* | count by actoin' }))).toEqual([400, 'unknown-field']);
    expect(await errorOf(await server.post('/api/v1/jobs', { query: '*', from: 'yesterday' }))).toEqual([400, 'bad-time']);
    expect(await list()).toEqual([]);
  });

  test('says that it is gone', async () => {
    const { id } = await start('* | count');
    await until(id, ENDED);
    await server.call(`/api/v1/jobs/${id}`, { method: 'DELETE' });
    for (const path of [`/api/v1/jobs/${id}`, `/api/v1/jobs/${id}/rows`, '/api/v1/jobs/never']) {
      expect(await errorOf(await server.call(path))).toEqual([404, 'job-gone']);
    }
    expect(await errorOf(await server.post(`/api/v1/jobs/${id}/cancel`, {}))).toEqual([404, 'job-gone']);
  });

  test('cancelled, stops the engine and keeps the rows so far', async () => {
    const { id } = await start(ENDLESS.query, ENDLESS);
    await until(id, ['running']);
    await expect.poll(() => server.store.progress(id), { interval: 5 }).toBeDefined();
    const cancelled = await json<JobResponse>(server.post(`/api/v1/jobs/${id}/cancel`, {}));
    expect(cancelled).toMatchObject({ state: 'cancelled', error: null });
    expect(await server.store.progress(id)).toBeUndefined();
    expect((await rows(id)).state).toBe(cancelled.state);
  });

  test('waits for its turn, and dashboards do not wait for it', async () => {
    await withSettings({ jobsAtOnce: 1 }, async (other) => {
      const first = await start(ENDLESS.query, ENDLESS, other);
      const second = await start('* | count', {}, other);
      expect((await get(second.id, other)).state).toBe('queued');
      expect((await (await other.post('/api/v1/query', { query: '* | count', from: '-1h' })).json()) as object).toMatchObject({ rows: [[300]] });
      await other.post(`/api/v1/jobs/${first.id}/cancel`, {});
      expect(await until(second.id, ENDED, other)).toMatchObject({ state: 'done', rows: 1 });
    });
  });
});

test('a job that waited reads the lookup table that is there when it starts', async () => {
  await withSettings({ jobsAtOnce: 1 }, async (other) => {
    const save = (name: string) => other.post('/api/v1/query', { query: `* | "${name}" as name | count by name | save waited_for`, from: '-1h', save: true });
    expect((await save('old')).status).toBe(200);
    const first = await start(ENDLESS.query, ENDLESS, other);
    const second = await start('cat waited_for | fields name', {}, other);
    expect(second.state).toBe('queued');
    expect((await save('new')).status).toBe(200);
    await other.post(`/api/v1/jobs/${first.id}/cancel`, {});
    expect(await until(second.id, ENDED, other)).toMatchObject({ state: 'done', rows: 1 });
    expect((await rows(second.id, '', other)).rows).toEqual([['new']]);
  });
});

describe('limits of jobs', () => {
  test('of time', async () => {
    await withSettings({ jobMaxSeconds: 0.05 }, async (other) => {
      const { id } = await start(ENDLESS.query, ENDLESS, other);
      expect(await until(id, ENDED, other)).toMatchObject({ state: 'failed', error: { code: 'query-timeout', message: expect.stringContaining('0.05 s') } });
    });
  });

  test('of the size of its rows', async () => {
    await withSettings({ jobMaxBytes: 1_000_000 }, async (other) => {
      const { id } = await start('* | fields bytes, srcport', { from: MANY, to: MANY + 3600 }, other);
      const job = await until(id, ENDED, other);
      expect(job).toMatchObject({ state: 'failed', error: { code: 'job-too-large', hint: expect.stringContaining('export') } });
      expect((await rows(id, '?limit=1', other)).rows.length).toBe(1);
    });
  });

  test('of their number: the one that ended first goes, and none that runs', async () => {
    await withSettings({ jobsKept: 2 }, async (other) => {
      const ids = [];
      for (let i = 0; i < 3; i++) {
        const { id } = await start(`* | limit ${i + 1} | count`, {}, other);
        ids.push(id);
        await until(id, ENDED, other);
      }
      expect((await list(other)).map((j) => j.id)).toEqual([ids[2], ids[1]]);
    });
    await withSettings({ jobsKept: 1 }, async (other) => {
      await start(ENDLESS.query, ENDLESS, other);
      expect(await errorOf(await other.post('/api/v1/jobs', { query: '*' }))).toEqual([429, 'too-many-jobs']);
    });
  });

  test('of the time that they are kept', async () => {
    let now = NOW * 1000;
    await withSettings(
      { jobKeepSeconds: 60 },
      async (other) => {
        const { id } = await start('* | count', {}, other);
        await until(id, ENDED, other);
        now += 59_000;
        expect((await get(id, other)).state).toBe('done');
        now += 1000;
        expect(await errorOf(await other.call(`/api/v1/jobs/${id}`))).toEqual([404, 'job-gone']);
        expect(await readdir(join(other.folder, 'jobs'))).toEqual([]);
      },
      () => now,
    );
  });

  test('of the time that they are kept, also when nobody asks', async () => {
    // It stands still until the file has been seen, however long that takes.
    let now = NOW * 1000;
    await withSettings(
      { jobKeepSeconds: 1 },
      async (other) => {
        const { id } = await start('* | count', {}, other);
        const files = () => readdir(join(other.folder, 'jobs'));
        await until(id, ENDED, other);
        expect(await files()).toEqual([`${id}.ndjson`]);
        now += 1000;
        await expect.poll(files).toEqual([]);
      },
      () => now,
    );
  });

  test('of their number, for requests that come together', async () => {
    await withSettings({ jobsKept: 2 }, async (other) => {
      for (let i = 0; i < 2; i++) await until((await start('* | count', {}, other)).id, ENDED, other);
      const answers = await Promise.all(Array.from({ length: 6 }, () => other.post('/api/v1/jobs', ENDLESS)));
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 429, 429, 429, 429]);
      expect((await list(other)).length).toBe(2);
    });
  });

  test('of those that run, the one that is just being removed included', async () => {
    await withSettings({ jobsAtOnce: 1 }, async (other) => {
      const jobs = new Jobs({ ...other.deps, jobsFolder: join(other.folder, 'own') });
      await jobs.open();
      const asked = { ...ENDLESS, filters: [], timeZone: 'UTC' };
      const first = await jobs.create(asked);
      expect(first.state).toBe('running');
      await expect.poll(() => server.store.progress(first.id)).toBeDefined();
      const removal = jobs.remove(first.id);
      const next = await jobs.create({ ...asked, query: '* | count' });
      expect(next.state).toBe('queued');
      await removal;
      await expect.poll(() => jobs.get(next.id)).toMatchObject({ state: 'done', rows: 1 });
      await jobs.close();
    });
  });

  test('of a server’s life: what an earlier one left is removed', async () => {
    const other = await startServer({ deps: { store: server.store, jobsFolder: join(server.folder, 'left') } });
    await other.close();
    await writeFile(join(server.folder, 'left', 'old.ndjson'), '[1]\n');
    const next = await startServer({ deps: { store: server.store, jobsFolder: join(server.folder, 'left') } });
    expect(await readdir(join(server.folder, 'left'))).toEqual([]);
    const { id } = await start(ENDLESS.query, ENDLESS, next);
    await until(id, ['running', 'done'], next);
    await next.close();
    expect(await server.store.progress(id)).toBeUndefined();
    expect(await readdir(join(server.folder, 'left'))).toEqual([]);
  });
});
