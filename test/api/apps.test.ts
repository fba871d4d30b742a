/** Scopes of apps over HTTP: what is bound is told, outlives the server's answers, and only what makes sense is taken. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppList } from '../../src/api/contract/apps.ts';
import { startServer, type TestServer } from './helpers.ts';

const APP = 'AWS VPC Flow';
const SCOPE = { field: '_sourceCategory', values: ['prod/*'], negate: false };
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const list = async () => ((await (await server.call('/api/v1/apps')).json()) as AppList).apps;
const bind = (body: unknown) =>
  server.call('/api/v1/apps/scope', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

test('an app is bound, bound anew and freed; the others stay as they are', async () => {
  const events = 'AWS CloudTrail – Cloud Security Monitoring and Analytics';
  const other = 'Amazon VPC Flow – Cloud Security Monitoring and Analytics';
  expect(await list()).toEqual([
    { app: events, scope: null },
    { app: APP, scope: null },
    { app: other, scope: null },
  ]);
  expect((await bind({ app: APP, scope: SCOPE })).status).toBe(200);
  expect(await list()).toEqual([
    { app: events, scope: null },
    { app: APP, scope: SCOPE },
    { app: other, scope: null },
  ]);
  // Any name of a field, kept under its own.
  await bind({ app: APP, scope: { field: 'account-id', values: ['111122223333'], negate: true } });
  expect((await list()).find((a) => a.app === APP)?.scope).toEqual({ field: 'cloud.account.id', values: ['111122223333'], negate: true });
  const freed = (await (await bind({ app: APP, scope: null })).json()) as AppList;
  expect(freed.apps.map((a) => a.scope)).toEqual([null, null, null]);
  // Freed twice is free.
  expect((await bind({ app: APP, scope: null })).status).toBe(200);
});

test.each([
  ['an app that there is not', { app: 'AWS', scope: SCOPE }, 404, 'not-found'],
  ['a field that there is not', { app: APP, scope: { ...SCOPE, field: 'sourcecat' } }, 400, 'invalid-request'],
  ['no values', { app: APP, scope: { ...SCOPE, values: [] } }, 400, 'invalid-request'],
  ['another shape', { app: APP, scope: 'prod' }, 400, 'invalid-request'],
])('%s is refused by name, and nothing changes', async (_, body, status, code) => {
  const response = await bind(body);
  const { error } = (await response.json()) as { error: { code: string } };
  expect([response.status, error.code]).toEqual([status, code]);
  expect((await list()).map((a) => a.scope)).toEqual([null, null, null]);
});

test('what is bound is kept in the library, apart from what people save there', async () => {
  await bind({ app: APP, scope: SCOPE });
  const library = JSON.stringify(await (await server.call('/api/v1/library')).json());
  expect(library).not.toContain(APP);
  await bind({ app: APP, scope: null });
});
