import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeServerFile, runningServer, sessionSecret, writeServerFile } from '../../src/api/server-file.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

async function errorOf(response: Response): Promise<{ code: string; message: string; hint?: string }> {
  return ((await response.json()) as { error: { code: string; message: string } }).error;
}

describe('health', () => {
  test('healthz and readyz answer without a session', async () => {
    expect(await (await fetch(`${server.base}/healthz`)).json()).toEqual({ ok: true, reasons: [], notices: [] });
    expect(await (await fetch(`${server.base}/readyz`)).json()).toEqual({ ok: true, reasons: [], notices: [] });
  });

  test('readyz names why it is not ready', async () => {
    const starting = await startServer({ deps: { store: server.store, notReady: async () => [{ code: 'store-repairing', message: 'Two to go.' }] } });
    const response = await fetch(`${starting.base}/readyz`);
    expect([response.status, await response.json()]).toEqual([503, { ok: false, reasons: [{ code: 'store-repairing', message: 'Two to go.' }], notices: [] }]);
    await starting.close();
  });

  test('metrics count requests by route, never by path', async () => {
    await server.call('/api/v1/dashboards/vpc-overview');
    const text = await (await fetch(`${server.base}/metrics`)).text();
    expect(text).toMatch(/bartizan_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/dashboards\/:id",status="200"\} \d+/);
    expect(text).not.toContain('vpc-overview');
  });
});

describe('status', () => {
  test('an empty store has no extent', async () => {
    expect(await (await server.call('/api/v1/status')).json()).toEqual({
      version: '1.2.3',
      demo: false,
      extent: null,
      datasets: [],
      records: 0,
      indicators: 0,
      quarantined: 0,
      place: null,
      now: NOW,
    });
  });
});

describe('dashboards', () => {
  test('the list, one, and none', async () => {
    const list = (await (await server.call('/api/v1/dashboards')).json()) as { dashboards: { id: string }[] };
    expect(list.dashboards.map((d) => d.id)).toContain('vpc-overview');
    const one = (await (await server.call('/api/v1/dashboards/vpc-overview')).json()) as { sections: { panels: unknown[] }[] };
    expect(one.sections.flatMap((s) => s.panels)).toHaveLength(23);
    const none = await server.call('/api/v1/dashboards/nothing');
    expect([none.status, (await errorOf(none)).code]).toEqual([404, 'not-found']);
  });
});

describe('documentation', () => {
  test('OpenAPI 3.1 describes every route that the page lists', async () => {
    const description = (await (await server.call('/api/openapi.json')).json()) as { openapi: string; paths: Record<string, unknown> };
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths)).toEqual(expect.arrayContaining(['/api/v1/status', '/api/v1/dashboards/{id}', '/api/v1/ingest', '/healthz']));
    const page = await (await server.call('/api/docs')).text();
    for (const path of Object.keys(description.paths)) expect(page).toContain(` ${path}<`);
    expect(page).not.toContain('<script');
  });
});

describe('the page', () => {
  test('says so when it is not built', async () => {
    const response = await fetch(`${server.base}/dashboards/vpc-overview`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('The page is not built');
  });

  test('serves files, keeps hashed ones for ever, and falls back to the page', async () => {
    const root = join(server.folder, 'web');
    await mkdir(join(root, 'assets'), { recursive: true });
    await writeFile(join(root, 'index.html'), '<title>page</title>');
    await writeFile(join(root, 'assets/app-BxY12_3z.js'), 'export {}');
    await writeFile(join(server.folder, 'secret.txt'), 'secret');
    const get = async (path: string) => {
      const response = await fetch(server.base + path);
      return [response.status, response.headers.get('cache-control'), await response.text()];
    };
    expect(await get('/')).toEqual([200, 'no-cache', '<title>page</title>']);
    expect(await get('/dashboards/vpc-overview?from=-1h')).toEqual([200, 'no-cache', '<title>page</title>']);
    expect(await get('/assets/app-BxY12_3z.js')).toEqual([200, 'public, max-age=31536000, immutable', 'export {}']);
    expect((await get('/assets/missing-BxY12_3z.js'))[0]).toBe(404);
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/%2e%2e%5csecret.txt']) {
      expect((await get(path)).join()).not.toContain('secret,');
      expect((await get(path))[2]).not.toBe('secret');
    }
    await rm(root, { recursive: true });
  });

  test('an unknown API address is an error, not the page', async () => {
    const response = await server.call('/api/v1/nothing');
    expect([response.status, (await errorOf(response)).code]).toEqual([404, 'not-found']);
    const posted = await server.post('/nothing', {});
    expect([posted.status, (await errorOf(posted)).code]).toEqual([404, 'not-found']);
  });
});

describe('wrong requests', () => {
  test('name the place that is wrong', async () => {
    const response = await server.post('/api/v1/quarantine/retry', { ids: [1], more: true });
    const error = await errorOf(response);
    expect([response.status, error.code]).toEqual([400, 'invalid-request']);
    expect(error.message).toBe('body.ids.0: write text in quotation marks, not a bare number; body: “more” is not known here: what may stand here is “ids”');
  });

  test.each([
    ['/api/v1/query', '{"querry":"*"}', 'body.query: it is missing: write text; body: “querry” is not known here, write “query”'],
    ['/api/v1/query', '{"query":"*","from":true}', 'body.from: write text or a number, not “true”'],
    ['/api/v1/query', '[]', 'body: write fields with their values, not a list'],
    ['/api/v1/query', '{', 'The body is no JSON that is whole and well-formed.'],
    ['/api/v1/query', '', 'The body is empty: write JSON, or send none with “Content-Type: application/json”.'],
    ['/api/v1/sources', '{"collector":"c","kind":"s4","name":"n"}', 'body.kind: write one of “http”, “firehose”, “s3”, “ec2”, not “s4”'],
  ])('say what is to be written: %s %s', async (path, body, message) => {
    const response = await server.call(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect([response.status, await errorOf(response)]).toEqual([400, expect.objectContaining({ code: 'invalid-request', message })]);
  });

  test('name the place in an address', async () => {
    const error = await errorOf(await server.call('/api/v1/quarantine?limit=5000&resolved=perhaps'));
    expect(error).toMatchObject({
      code: 'invalid-request',
      message: 'querystring.resolved: write “true” or “false”, not “perhaps”; querystring.limit: write a number of at most 1,000, not “5000”',
    });
  });
});

describe('server.json', () => {
  test('is for its owner only and counts only while the process lives and listens', async () => {
    const file = { address: server.base, pid: process.pid, token: 'secret' };
    await writeServerFile(server.folder, file);
    expect((await stat(join(server.folder, 'server.json'))).mode & 0o777).toBe(0o600);
    expect(await runningServer(server.folder)).toEqual(file);
    await writeServerFile(server.folder, { ...file, address: 'http://127.0.0.1:2' });
    expect(await runningServer(server.folder)).toBeUndefined();
    await writeServerFile(server.folder, { ...file, pid: 2 ** 22 + 1 });
    expect(await runningServer(server.folder)).toBeUndefined();
    await writeFile(join(server.folder, 'server.json'), 'half a fi');
    expect(await runningServer(server.folder)).toBeUndefined();
    await removeServerFile(server.folder);
    expect(await runningServer(server.folder)).toBeUndefined();
  });

  test('the session key is made once', async () => {
    const first = await sessionSecret(server.folder);
    expect(await sessionSecret(server.folder)).toEqual(Buffer.from(first));
    expect((await stat(join(server.folder, 'session.key'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(server.folder, 'session.key'))).length).toBe(32);
  });
});
