import { afterAll, beforeAll, expect, it } from 'vitest';
import { CatalogueResponse } from '../../src/api/contract/catalogue.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import { startServer, type TestServer } from './helpers.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const read = async (from: TestServer) => CatalogueResponse.parse(await (await from.call('/api/v1/catalogue')).json());

it('is empty before anybody made anything, and needs a session', async () => {
  expect(await read(server)).toEqual({ extracted: [], rules: [], lookups: [], indicators: false });
  expect((await fetch(`${server.base}/api/v1/catalogue`)).status).toBe(401);
});

it('names lookup tables with their columns, fields that rules store, and rules that run when a query asks', async () => {
  const { library } = server.metadata;
  await library.create({ kind: 'lookup', name: 'owners', body: { version: 'v1', columns: ['account', 'team'], rows: 2, bytes: 40 } });
  const rule = { scope: '_sourceCategory=app', expression: 'parse "user=*" as user', fields: ['user'], samples: [] };
  await library.create({ kind: 'rule', name: 'users', body: { ...rule, at: 'query', enabled: true } });
  await library.create({ kind: 'rule', name: 'at ingest', body: { ...rule, at: 'ingest', enabled: true } });
  await library.create({ kind: 'rule', name: 'off', body: { ...rule, at: 'query', enabled: false } });
  const other = await startServer({ deps: { store: server.store, library, catalogs: await openCatalogs(server.metadata) } });
  expect(await read(other)).toEqual({
    extracted: ['user'],
    rules: [{ name: 'users', scope: '_sourceCategory=app', expression: 'parse "user=*" as user', fields: ['user'] }],
    lookups: [{ name: 'owners', columns: ['account', 'team'] }],
    indicators: false,
  });
  other.deps.catalogs.knowThreats({ allowed: {}, prefixes: [] });
  expect(await read(other)).toMatchObject({ indicators: true });
  await other.close();
});
