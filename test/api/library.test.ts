/** The library over real HTTP: folders, saved searches, what ships with the product, and what is refused. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LibraryItem } from '../../src/api/contract/library.ts';
import { signIn, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

type Answer = LibraryItem & { error?: { code: string; message: string; hint?: string; span?: object } };

async function send(method: string, path: string, body?: object): Promise<[number, Answer]> {
  const response = await server.call(path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  return [response.status, response.status === 204 ? ({} as Answer) : ((await response.json()) as Answer)];
}

const LIBRARY = '/api/v1/library';
const refused = async (method: string, path: string, body?: object) => {
  const [status, { error }] = await send(method, path, body);
  return [status, error?.code];
};
const folder = async (name: string, parent: string | null = null) => (await send('POST', LIBRARY, { kind: 'folder', name, folder: parent }))[1].id;
const search = async (name: string, query: string, parent: string | null = null) =>
  (await send('POST', LIBRARY, { kind: 'search', name, folder: parent, search: { query } }))[1];
const names = async (kind = '') => {
  const [, list] = await send('GET', `${LIBRARY}${kind && `?kind=${kind}`}`);
  return (list as unknown as { items: LibraryItem[] }).items.filter((i) => !i.readOnly).map((i) => i.name);
};

describe('a saved search', () => {
  test('is kept with its time, zone, filters and view', async () => {
    const kept = {
      query: 'REJECT | count by src_ip',
      from: '-3h',
      to: 'now',
      timeZone: 'Europe/Berlin',
      filters: [{ field: 'dstport', values: ['22', '3389'], negate: true }],
      view: { view: 'bar', cols: ['src_ip', '_raw'] },
    };
    const [status, made] = await send('POST', LIBRARY, { kind: 'search', name: '  Who is refused ', search: kept });
    expect([status, made]).toEqual([
      201,
      expect.objectContaining({ kind: 'search', name: 'Who is refused', folder: null, revision: 1, readOnly: false, search: kept }),
    ]);
    expect((await send('GET', `${LIBRARY}/${made.id}`))[1]).toEqual(made);
    await send('DELETE', `${LIBRARY}/${made.id}`);
    expect(await refused('GET', `${LIBRARY}/${made.id}`)).toEqual([404, 'not-found']);
  });

  test('is renamed, moved and overwritten, by who saw its newest revision', async () => {
    const into = await folder('Mine');
    const made = await search('A', '* | count');
    const [, moved] = await send('PUT', `${LIBRARY}/${made.id}`, { name: 'B', folder: into, revision: 1 });
    expect(moved).toMatchObject({ name: 'B', folder: into, revision: 2, search: { query: '* | count' } });
    const [, changed] = await send('PUT', `${LIBRARY}/${made.id}`, { search: { query: 'REJECT' }, revision: 2 });
    expect(changed).toMatchObject({ name: 'B', revision: 3, search: { query: 'REJECT', from: '-60m' } });
    expect(await refused('PUT', `${LIBRARY}/${made.id}`, { name: 'C', revision: 2 })).toEqual([409, 'edited-meanwhile']);
    expect(await names('search')).toEqual(['B']);
    await send('DELETE', `${LIBRARY}/${made.id}`);
    await send('DELETE', `${LIBRARY}/${into}`);
  });

  test('with a mistake is refused, with the place of the mistake', async () => {
    const [status, { error }] = await send('POST', LIBRARY, { kind: 'search', name: 'Wrong', search: { query: '* | cuont by action' } });
    expect([status, error]).toEqual([400, expect.objectContaining({ code: 'unknown-operator', span: { start: 4, end: 9 } })]);
    const made = await search('Right', '*');
    expect(await refused('PUT', `${LIBRARY}/${made.id}`, { search: { query: '(' } })).toEqual([400, expect.any(String)]);
    await send('DELETE', `${LIBRARY}/${made.id}`);
  });
});

describe('folders', () => {
  test('are trees, and stay whole', async () => {
    const outer = await folder('Outer');
    const inner = await folder('Inner', outer);
    const made = await search('In it', '*', inner);
    expect(await refused('POST', LIBRARY, { kind: 'search', name: 'IN IT', folder: inner, search: { query: '*' } })).toEqual([409, 'name-taken']);
    expect(await refused('PUT', `${LIBRARY}/${outer}`, { folder: inner })).toEqual([400, 'folder-circle']);
    expect(await refused('DELETE', `${LIBRARY}/${inner}`)).toEqual([409, 'folder-not-empty']);
    expect(await refused('POST', LIBRARY, { kind: 'folder', name: 'X', folder: 'nowhere' })).toEqual([400, 'folder-missing']);
    expect(await refused('PUT', `${LIBRARY}/${outer}`, { search: { query: '*' } })).toEqual([400, 'invalid-request']);
    expect(await names()).toEqual(['Inner', 'Outer', 'In it']);
    for (const id of [made.id, inner, outer]) expect((await send('DELETE', `${LIBRARY}/${id}`))[0]).toBe(204);
    expect(await names()).toEqual([]);
    expect(await refused('DELETE', `${LIBRARY}/${outer}`)).toEqual([404, 'not-found']);
  });
});

describe('what ships with the product', () => {
  test('is in a folder that can be read and not changed', async () => {
    const items = ((await send('GET', LIBRARY))[1] as unknown as { items: LibraryItem[] }).items;
    expect(items.find((i) => i.id === 'bartizan')).toMatchObject({ kind: 'folder', name: 'Bartizan', readOnly: true });
    const ready = items.filter((i) => i.folder === 'bartizan');
    expect(ready.length).toBeGreaterThanOrEqual(8);
    expect(await send('GET', `${LIBRARY}/top-talkers`)).toEqual([200, expect.objectContaining({ readOnly: true, name: 'Top talkers by bytes' })]);
    for (const id of ['bartizan', 'top-talkers']) {
      expect(await refused('DELETE', `${LIBRARY}/${id}`)).toEqual([403, 'read-only']);
      expect(await refused('PUT', `${LIBRARY}/${id}`, { name: 'Mine' })).toEqual([403, 'read-only']);
    }
    expect(await refused('POST', LIBRARY, { kind: 'search', name: 'A', folder: 'bartizan', search: { query: '*' } })).toEqual([403, 'read-only']);
    const made = await search('A', '*');
    expect(await refused('PUT', `${LIBRARY}/${made.id}`, { folder: 'bartizan' })).toEqual([403, 'read-only']);
    await send('DELETE', `${LIBRARY}/${made.id}`);
  });
});

describe('limits', () => {
  test('of names and shapes', async () => {
    for (const name of ['', '   ', 'x'.repeat(201), 'a\nb']) {
      expect(await refused('POST', LIBRARY, { kind: 'folder', name })).toEqual([400, 'invalid-request']);
    }
    expect((await send('POST', LIBRARY, { kind: 'folder', name: 'x'.repeat(200) }))[0]).toBe(201);
    expect(await refused('POST', LIBRARY, { kind: 'rule', name: 'A' })).toEqual([400, 'invalid-request']);
    expect(await refused('POST', LIBRARY, { kind: 'search', name: 'A' })).toEqual([400, 'invalid-request']);
    expect(await refused('POST', LIBRARY, { kind: 'search', name: 'A', search: { query: '*', owner: 'me' } })).toEqual([400, 'invalid-request']);
    await send('DELETE', `${LIBRARY}/${(await names()).length ? ((await send('GET', LIBRARY))[1] as unknown as { items: LibraryItem[] }).items[0]?.id : ''}`);
  });

  test('of their number', async () => {
    const database = new Database(join(server.folder, 'metadata.db'));
    database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
      INSERT INTO item SELECT 'many-' || i, 'search', NULL, 'Many ' || i, '{}', 1, 1, 1 FROM n`);
    expect(await refused('POST', LIBRARY, { kind: 'folder', name: 'One more' })).toEqual([422, 'library-full']);
    database.exec(`DELETE FROM item WHERE id LIKE 'many-%'`);
    database.close();
    expect((await send('POST', LIBRARY, { kind: 'folder', name: 'One more' }))[0]).toBe(201);
    await send('DELETE', `${LIBRARY}/${((await send('GET', LIBRARY))[1] as unknown as { items: LibraryItem[] }).items[0]?.id}`);
  });

  test('other items of the library are not reached', async () => {
    const rule = await server.metadata.library.create({ kind: 'rule', name: 'Rule', body: {} });
    expect(await refused('GET', `${LIBRARY}/${rule.id}`)).toEqual([404, 'not-found']);
    expect(await refused('DELETE', `${LIBRARY}/${rule.id}`)).toEqual([404, 'not-found']);
    expect(await names()).toEqual([]);
  });

  test('a browser needs its token to change something', async () => {
    const { session } = await signIn(server);
    const response = await fetch(server.base + LIBRARY, {
      method: 'POST',
      headers: { cookie: `bartizan_session=${session}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'folder', name: 'X' }),
    });
    expect(response.status).toBe(403);
  });
});
