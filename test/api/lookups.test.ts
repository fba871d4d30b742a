/** Lookup tables over real HTTP: upload, show, replace, remove, and a query that uses them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LookupList, LookupShown } from '../../src/api/contract/lookups.ts';
import type { ApiError, QueryResponse } from '../../src/api/contract.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import { openLookups } from '../../src/store/lookups.ts';
import { startServer, type TestServer } from './helpers.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const put = (name: string, body: string, type = 'text/csv') =>
  server.call(`/api/v1/lookups/${encodeURIComponent(name)}`, { method: 'PUT', body, headers: { 'content-type': type } });
const show = async (name: string) => (await (await server.call(`/api/v1/lookups/${encodeURIComponent(name)}`)).json()) as LookupShown;
const errorOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as ApiError).error });
const rows = async (query: string) => ((await (await server.post('/api/v1/query', { query, from: 'all' })).json()) as QueryResponse).rows;

it('takes CSV and JSON, shows the first rows, and queries read them at once', async () => {
  const made = await put('/Library/Admin Recommended/Hosts', 'ip,owner\n10.0.0.1,ann\n10.0.0.2,ben\n');
  expect(made.status).toBe(200);
  expect(await made.json()).toMatchObject({ name: '/Library/Admin Recommended/Hosts', columns: ['ip', 'owner'], rows: 2, bytes: 22 });
  expect(await show('/library/admin recommended/hosts')).toMatchObject({
    rows: 2,
    head: [
      ['10.0.0.1', 'ann'],
      ['10.0.0.2', 'ben'],
    ],
  });
  expect(await rows('cat path://"/Library/Admin Recommended/Hosts"')).toEqual([
    ['10.0.0.1', 'ann'],
    ['10.0.0.2', 'ben'],
  ]);

  await put('users', '[{"id":7,"roles":["a"]}]', 'application/json; charset=utf-8');
  expect((await show('users')).head).toEqual([['7', '["a"]']]);
  await put('users', '{"id":8}\n{"id":9}\n', 'application/x-ndjson');
  expect((await show('users')).head).toEqual([['8'], ['9']]);
  // Without a type the text tells.
  await put('users', 'id\n10\n', 'application/octet-stream');
  expect(await rows('cat users')).toEqual([['10']]);

  const list = (await (await server.call('/api/v1/lookups')).json()) as LookupList;
  expect(list.lookups.map(({ name, rows: n }) => [name, n])).toEqual([
    ['/Library/Admin Recommended/Hosts', 2],
    ['users', 1],
  ]);
  expect(list.limits).toEqual({ bytes: 32 * 2 ** 20, columns: 100, cells: 2_000_000, tables: 1000 });
});

it('shows a hundred rows of many', async () => {
  await put('many', `n\n${Array.from({ length: 5000 }, (_, i) => i).join('\n')}\n`);
  const shown = await show('many');
  expect([shown.rows, shown.head.length, shown.head[99]]).toEqual([5000, 100, ['99']]);
});

it('a wrong file changes nothing and says where it is wrong', async () => {
  expect(await errorOf(await put('users', 'id\n1\n2,3\n'))).toMatchObject({
    status: 400,
    code: 'lookup-file',
    message: 'Line 3: 2 cells where the header has 1 column.',
  });
  expect(await errorOf(await put('users', '{"id":1}\n{', 'application/json'))).toMatchObject({ status: 400, code: 'lookup-file' });
  expect(await errorOf(await put('users', 'id,ID\n1,2\n'))).toMatchObject({ status: 400, code: 'lookup-columns' });
  expect(await errorOf(await put('users', ''))).toMatchObject({ status: 400, code: 'lookup-file' });
  expect(await errorOf(await put('sumo://threat/cs', 'a\n1\n'))).toMatchObject({ status: 400, code: 'lookup-name' });
  expect(await rows('cat users')).toEqual([['10']]);
});

it('says when to come again where many uploads wait', async () => {
  const name = 'waiting';
  let go: (() => void) | undefined;
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('a\n1\n'));
      go = () => controller.close();
    },
  });
  const slow = server.call(`/api/v1/lookups/${name}`, { method: 'PUT', body, duplex: 'half', headers: { 'content-type': 'text/csv' } } as RequestInit & {
    duplex: 'half';
  });
  const others = Array.from({ length: 12 }, () => put(name, 'a\n2\n'));
  const refused = await Promise.any(others.map(async (other) => ((await other).status === 429 ? other : Promise.reject(new Error('written')))));
  expect(refused.headers.get('retry-after')).toBe('10');
  expect(await errorOf(refused)).toMatchObject({ code: 'lookup-busy' });
  go?.();
  const statuses = (await Promise.all([slow, ...others])).map((response) => response.status).sort();
  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 429, 429, 429, 429]);
  await server.call(`/api/v1/lookups/${name}`, { method: 'DELETE' });
});

it('refuses a body beyond the limit as it arrives', async () => {
  const catalogs = await openCatalogs(server.metadata);
  const lookups = await openLookups({
    store: server.store,
    library: server.metadata.library,
    catalogs,
    folder: `${server.folder}/small`,
    limits: { bytes: 1000, columns: 2, cells: 100, tables: 1000 },
  });
  const small = await startServer({ deps: { store: server.store, catalogs, lookups } });
  try {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('a,b\n'));
        for (let i = 0; i < 1000; i++) controller.enqueue(Buffer.from('xxxxxxxx,yyyyyyyy\n'));
        controller.close();
      },
    });
    const response = await small.call('/api/v1/lookups/users', {
      method: 'PUT',
      body,
      duplex: 'half',
      headers: { 'content-type': 'text/csv' },
    } as RequestInit & { duplex: 'half' });
    expect(await errorOf(response)).toMatchObject({ status: 413, code: 'lookup-too-large' });
    expect(
      await errorOf(await small.call('/api/v1/lookups/users', { method: 'PUT', body: 'x'.repeat(2000), headers: { 'content-type': 'text/csv' } })),
    ).toMatchObject({ status: 413 });
    // Nobody reads on: the connections are cut off, in place of being kept for the next request for more than a minute.
    const open = () => new Promise((resolve, reject) => small.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
    await expect.poll(open, { timeout: 30_000 }).toBe(0);
  } finally {
    await small.close();
  }
});

it('save writes the whole result, only when it is asked to, and appends', async () => {
  const save = async (query: string, more: object = {}) => server.post('/api/v1/query', { query, from: 'all', ...more });
  expect(await errorOf(await save('cat many | where n < 3 | save copy'))).toMatchObject({ status: 400, code: 'save-not-asked', span: { start: 25, end: 34 } });
  expect(await errorOf(await server.call('/api/v1/lookups/copy'))).toMatchObject({ status: 404 });

  const answer = (await (await save('cat many | toLong(n) * 2 as twice | save copy', { save: true, limit: 2 })).json()) as QueryResponse;
  expect([answer.rows, answer.saved]).toEqual([
    [
      ['0', 0],
      ['1', 2],
    ],
    { name: 'copy', rows: 5000 },
  ]);
  expect((await show('copy')).head.slice(1, 3)).toEqual([
    ['1', '2'],
    ['2', '4'],
  ]);
  await save('cat many | where n = "7" | "x" as twice | save append copy', { save: true });
  expect(await rows('cat copy | lookup twice as last from copy on n = n | where n = "7" | fields n, twice, last')).toEqual([
    ['7', '14', 'x'],
    ['7', 'x', 'x'],
  ]);
  expect(await errorOf(await save('cat many | save append copy', { save: true }))).toMatchObject({ status: 400, code: 'lookup-columns' });
  expect((await show('copy')).rows).toBe(5001);
  // Explaining writes nothing and needs no permission.
  expect((await save('cat many | save other', { explain: true })).status).toBe(200);
  expect(await errorOf(await server.call('/api/v1/lookups/other'))).toMatchObject({ status: 404 });
});

it('removes a table, and says what is not there', async () => {
  expect((await server.call('/api/v1/lookups/MANY', { method: 'DELETE' })).status).toBe(204);
  expect(await errorOf(await server.call('/api/v1/lookups/many'))).toMatchObject({ status: 404, code: 'lookup-missing' });
  expect(await errorOf(await server.call('/api/v1/lookups/user', { method: 'DELETE' }))).toMatchObject({ status: 404, hint: 'Did you mean “users”?' });
  expect(await errorOf(await server.post('/api/v1/query', { query: 'cat many', from: 'all' }))).toMatchObject({ status: 400, code: 'unknown-source' });
});

it('needs a sign-in, and is in the API’s description', async () => {
  expect((await fetch(`${server.base}/api/v1/lookups/users`, { method: 'PUT', body: 'a\n1', headers: { 'content-type': 'text/csv' } })).status).toBe(401);
  const { paths } = (await (await server.call('/api/openapi.json')).json()) as { paths: Record<string, Record<string, unknown>> };
  expect(Object.keys(paths['/api/v1/lookups/{name}'] ?? {}).sort()).toEqual(['delete', 'get', 'put']);
});
