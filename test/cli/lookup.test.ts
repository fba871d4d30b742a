/** `bartizan lookup` as a person meets it: without a server, and while one holds the data directory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newData } from '../store/new-store.ts';
import { bartizan, serve } from './helpers.ts';

let root: string;
let data: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-lookup-'));
  data = newData(join(root, 'data'));
  await writeFile(join(root, 'hosts.csv'), 'ip,owner\n10.0.0.1,ann\n10.0.0.2,ben\n');
  await writeFile(join(root, 'bad.csv'), 'ip,owner\n10.0.0.1\n');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const lookup = (...args: string[]) => bartizan(['lookup', ...args, '--data', data]);

it('adds, lists, shows and removes tables, and queries read and save them', async () => {
  expect((await lookup('list')).out).toContain('There are no lookup tables');
  expect(await lookup('add', join(root, 'hosts.csv'))).toMatchObject({ code: 0, out: 'hosts  2 rows, 22 B: ip, owner\n' });
  const asked = await bartizan([
    'query',
    'cat hosts | where owner = "ben" | ip as address | fields address | save "/Library/copy"',
    '--data',
    data,
    '--format',
    'csv',
  ]);
  expect([asked.code, asked.out, asked.err]).toEqual([0, 'address\n10.0.0.2\n', 'saved: /Library/copy has 1 rows\n']);
  expect(JSON.parse((await lookup('list', '--json')).out).lookups.map((t: { name: string }) => t.name)).toEqual(['/Library/copy', 'hosts']);
  expect((await lookup('show', 'HOSTS')).out).toBe('hosts  2 rows, 22 B: ip, owner\n\nip\towner\n10.0.0.1\tann\n10.0.0.2\tben\n');
  expect(await lookup('remove', '/Library/copy')).toMatchObject({ code: 0, out: 'removed /Library/copy\n' });
  const missing = await lookup('show', 'host');
  expect(missing.code).not.toBe(0);
  expect(missing.err).toContain('Did you mean “hosts”?');
  const bad = await lookup('add', join(root, 'bad.csv'), '--name', 'hosts');
  expect(bad.code).toBe(2);
  expect(bad.err).toContain('Line 2: 1 cell where the header has 2 columns.');
  expect((await bartizan(['lookup', 'add', '-', '--data', data], 'a\n1\n')).code).toBe(2);
});

it('uses the server that holds the data directory', async () => {
  const { stop } = await serve(data);
  try {
    expect((await bartizan(['lookup', 'add', '-', '--name', 'users', '--data', data], '[{"id":1},{"id":2}]')).out).toBe('users  2 rows, 2 B: id\n');
    expect((await lookup('list')).out.split('\n')).toHaveLength(3);
    expect((await lookup('show', 'users')).out).toContain('id\n1\n2\n');
    const bad = await lookup('add', join(root, 'bad.csv'), '--name', 'users');
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining('lookup-file: Line 2')]);
    expect((await lookup('remove', 'users')).code).toBe(0);
  } finally {
    await stop();
  }
});
