/** Lookup tables in the real store: written whole, switched, cleaned up after a crash. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TableRows } from '../../src/model/lookup-table.ts';
import { sql, statement } from '../../src/query/sql.ts';
import { type Catalogs, openCatalogs } from '../../src/store/catalog.ts';
import { type Lookups, openLookups } from '../../src/store/lookups.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store } from '../../src/store/store.ts';
import { openNew } from './new-store.ts';

let folder: string;
let store: Store;
let metadata: Metadata;
let catalogs: Catalogs;
let lookups: Lookups;
let now = 1000;
const open = (): Promise<Lookups> =>
  openLookups({
    store,
    library: metadata.library,
    catalogs,
    folder: join(folder, 'lookups'),
    limits: { bytes: 6_000_000, columns: 3, cells: 200_000, tables: 4 },
  });
const write = (name: string, table: TableRows) => lookups.write(name, async () => table);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lookups-'));
  store = await openNew(join(folder, 'store'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => now);
  catalogs = await openCatalogs(metadata);
  lookups = await open();
});
afterAll(async () => {
  await lookups.close();
  await store.close();
  await metadata.close();
  await rm(folder, { recursive: true });
});

const versions = async () =>
  (await store.rows(statement(sql`SELECT lookup, count() FROM bartizan.lookup_row GROUP BY lookup ORDER BY count()`))).rows.map((row) => row[1]);
/** Through the catalog, as queries read it. */
const read = async (name: string) => {
  const table = catalogs.current().lookup(name) ?? expect.fail('not in the catalog');
  return (await store.rows(statement(sql`SELECT * FROM ${table.relation} ORDER BY row`))).rows;
};

it('keeps cells as they are, whatever is in them, over several blocks', async () => {
  const odd = ['', 'Zoë 🎈', "it's; DROP TABLE x --", '{p0:String}\n\0\t\\', 'x'.repeat(300)];
  const rows = Array.from({ length: 66_000 }, (_, i) => [String(i), odd[i % odd.length] as string]);
  expect(await write('big', { columns: ['n', 'row'], rows })).toMatchObject({ name: 'big', columns: ['n', 'row'], rows: 66_000, created: 1000 });
  const found = await read('BIG');
  expect(found.length).toBe(66_000);
  expect(found.every(([at, n, text], i) => at === i && n === String(i) && text === odd[i % odd.length])).toBe(true);
  expect(await lookups.head('big', 2)).toEqual([
    ['0', ''],
    ['1', 'Zoë 🎈'],
  ]);
});

it('replaces a table whole, keeps its name and what it was made', async () => {
  now = 2000;
  await write('Hosts', { columns: ['ip'], rows: [['1']] });
  now = 3000;
  const before = catalogs.current().lookup('hosts');
  expect(await write('path://hosts', { columns: ['ip', 'owner'], rows: [['2', 'ann']] })).toMatchObject({
    name: 'Hosts',
    rows: 1,
    bytes: 4,
    created: 2000,
    updated: 3000,
  });
  expect(await read('hosts')).toEqual([[0, '2', 'ann']]);
  // A query that was compiled before still finds its rows.
  expect((await store.rows(statement(sql`SELECT v0 FROM ${before?.relation ?? sql``}`))).rows).toEqual([['1']]);
  expect((await lookups.list()).map((table) => table.name)).toEqual(['Hosts', 'big']);
});

it('refuses what is too much or has no good name, and leaves the old table', async () => {
  const rows = [['2', 'ann']];
  const cases: readonly (readonly [string, readonly string[], string[][], string])[] = [
    ['hosts', [], [], 'lookup-columns'],
    ['hosts', ['a', 'A'], rows, 'lookup-columns'],
    ['hosts', ['a', ' '], rows, 'lookup-columns'],
    ['hosts', ['a', 'b', 'c', 'd'], [], 'lookup-too-large'],
    ['hosts', ['a', 'b'], Array.from({ length: 100_001 }, () => ['', '']), 'lookup-too-large'],
    ['hosts', ['a'], [['x'.repeat(6_000_001)]], 'lookup-too-large'],
    ['geo://location', ['a'], [], 'lookup-name'],
    ['path://""', ['a'], [], 'lookup-name'],
    ['a\nb', ['a'], [], 'lookup-name'],
    ['x'.repeat(201), ['a'], [], 'lookup-name'],
    ['half a sign \ud83c', ['a'], [], 'lookup-name'],
  ];
  for (const [name, columns, some, code] of cases) await expect(write(name, { columns, rows: some }), name).rejects.toMatchObject({ code });
  expect(await read('hosts')).toEqual([[0, '2', 'ann']]);
  await expect(lookups.get('nothing')).rejects.toMatchObject({ code: 'lookup-missing' });
});

it('appends by the names of columns', async () => {
  expect(await lookups.append('hosts', { columns: ['OWNER', 'more', 'ip'], rows: [['ben', 'x', '3']] })).toMatchObject({ rows: 2, columns: ['ip', 'owner'] });
  expect(await read('hosts')).toEqual([
    [0, '2', 'ann'],
    [1, '3', 'ben'],
  ]);
  await expect(lookups.append('hosts', { columns: ['ip'], rows: [['3']] })).rejects.toMatchObject({ code: 'lookup-columns' });
  expect(await lookups.append('made', { columns: ['a'], rows: [] })).toMatchObject({ rows: 0 });
  expect(await read('made')).toEqual([]);
});

it('writes one after another', async () => {
  await Promise.all(['a', 'b', 'c'].map((cell) => lookups.append('made', { columns: ['a'], rows: [[cell]] })));
  expect((await read('made')).map((row) => row[1]).sort()).toEqual(['a', 'b', 'c']);
});

it('reads one table at a time, sends away who would wait too long, and goes on after a failure', async () => {
  let [reading, most] = [0, 0];
  const read = (fails: boolean) => async (): Promise<TableRows> => {
    most = Math.max(most, ++reading);
    await new Promise((resolve) => setTimeout(resolve, 1));
    reading--;
    if (fails) throw new Error('the client left');
    return { columns: ['a'], rows: [] };
  };
  const asked = await Promise.allSettled(Array.from({ length: 11 }, (_, i) => lookups.write('made', read(i === 0))));
  expect(asked.map((a) => (a.status === 'fulfilled' ? 'written' : (a.reason.code ?? a.reason.message)))).toEqual([
    'the client left',
    ...Array.from({ length: 8 }, () => 'written'),
    'lookup-busy',
    'lookup-busy',
  ]);
  expect(most).toBe(1);
  await write('made', { columns: ['a'], rows: [['a'], ['b'], ['c']] });
});

it('has a most of tables; those that are there can be replaced', async () => {
  await write('fourth', { columns: ['a'], rows: [] });
  await expect(write('fifth', { columns: ['a'], rows: [] })).rejects.toMatchObject({ code: 'too-many-lookups' });
  await expect(lookups.append('fifth', { columns: ['a'], rows: [] })).rejects.toMatchObject({ code: 'too-many-lookups' });
  await write('FOURTH', { columns: ['b'], rows: [] });
  await lookups.remove('fourth');
});

it('drops rows that no table names when it opens, and no others', async () => {
  const old = catalogs.current().lookup('hosts') ?? expect.fail('not in the catalog');
  await write('hosts', { columns: ['ip', 'owner'], rows: await lookups.head('hosts', 10) });
  await lookups.remove('BIG');
  expect(catalogs.current().lookup('big')).toBeUndefined();
  expect((await versions()).length).toBeGreaterThan(2);
  await lookups.close();
  lookups = await open();
  expect(await versions()).toEqual([2, 3]);
  expect(await read('hosts')).toHaveLength(2);
  // What was compiled for the version before says that its rows are gone, in place of reading none.
  const late = [sql`SELECT * FROM ${old.relation}`, sql`SELECT '2' IN (SELECT v0 FROM ${old.relation})`, sql`SELECT count() FROM ${old.relation}`];
  for (const query of late) await expect(store.rows(statement(query))).rejects.toMatchObject({ code: 'lookup-replaced' });
});
