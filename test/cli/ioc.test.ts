/** `bartizan ioc` as a person meets it: without a server, and while one holds the data directory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Asked, FeedServer } from '../collect/feeds/server.ts';
import { newData } from '../store/new-store.ts';
import { bartizan, serve } from './helpers.ts';

let root: string;
let data: string;
let source: FeedServer;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-ioc-'));
  data = newData(join(root, 'data'));
  await writeFile(join(root, 'list.txt'), '198.51.100.7\nwhat is this\n203.0.113.0/24\n');
  await writeFile(join(root, 'scored.csv'), 'where;how sure\n198.51.100.8;90\n');
  source = await FeedServer.start();
});
afterAll(async () => {
  await source.stop();
  await rm(root, { recursive: true, force: true });
});

const ioc = (...args: string[]) => bartizan(['ioc', ...args, '--data', data]);

it('imports files, lists and counts what is in them', async () => {
  const list = join(root, 'list.txt');
  const first = await ioc('import', list, '--confidence', '40');
  expect(first).toEqual({
    code: 3,
    out: `${list} (list) into imported: 2 added, 0 changed, 0 unchanged, 1 could not be read\n`,
    err: '  line 2: this is no domain name: what is this\n',
  });
  const mapped = await ioc('import', join(root, 'scored.csv'), '--feed', 'Scored', '--map', 'value=where', 'confidence=how sure');
  expect([mapped.code, mapped.out, mapped.err]).toEqual([0, expect.stringContaining('into Scored: 1 added'), '']);
  const piped = await bartizan(['ioc', 'import', '-', '--feed', 'Scored', '--json', '--data', data], '198.51.100.9\n');
  expect(JSON.parse(piped.out)).toMatchObject({ file: '-', feed: 'Scored', added: 1, problemCount: 0 });
  expect((await ioc('list')).out).toBe(
    '198.51.100.7  address  low 40  imported\n198.51.100.8  address  high 90  Scored\n198.51.100.9  address  unverified 0  Scored\n203.0.113.0/24  address  low 40  imported\n',
  );
  expect((await ioc('list', '203.0.113.99', '--json')).out).toContain('"value":"203.0.113.0/24"');
  expect(await ioc('list', '--band', 'high', '--feed', 'imported')).toMatchObject({ code: 0, out: '' });
  expect((await ioc('stats')).out).toBe('4 indicators: 4 address\nconfidence: 1 high, 0 medium, 2 low, 1 unverified\nScored  2\nimported  2\n');
});

it('says what is wrong', async () => {
  expect(await ioc('import', join(root, 'none.txt'))).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') });
  expect(await ioc('import', join(root, 'scored.csv'), '--map', 'colour=x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--map takes part=column'),
  });
  expect(await ioc('import', join(root, 'scored.csv'), '--map', 'value=x')).toMatchObject({
    code: 1,
    err: expect.stringContaining('The file has no column “x”'),
  });
  expect(await ioc('import', join(root, 'list.txt'), join(root, 'list.txt'), '--replace')).toMatchObject({ code: 2 });
  expect(await ioc('feeds', 'add', 'gopher', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('no kind “gopher”') });
  expect(await ioc('feeds', 'add', 'otx', 'x', '--auth', 'key')).toMatchObject({ code: 2, err: expect.stringContaining('BARTIZAN_FEED_SECRET') });
  expect(await ioc('feeds', 'add', 'crowdstrike', 'x', '--user', 'client')).toMatchObject({ code: 2, err: expect.stringContaining('BARTIZAN_FEED_SECRET') });
  expect(await ioc('feeds', 'add', 'crowdstrike', 'x', '--cloud', 'moon-1')).toMatchObject({ code: 2, err: expect.stringContaining('us-1, us-2, eu-1') });
  expect(await ioc('feeds', 'add', 'http', 'x', '--cloud', 'eu-1')).toMatchObject({ code: 2, err: expect.stringContaining('of a crowdstrike feed') });
  expect(await ioc('feeds', 'run', 'none')).toMatchObject({ code: 1, err: expect.stringContaining('There is no feed “none”') });
});

const withKey = ({ headers }: Asked) => (headers['auth-key'] === 'the-key' ? { body: '198.51.100.70\n' } : { status: 403 });
const add = (name: string, secret: string, ...more: string[]) =>
  bartizan(
    [
      'ioc',
      'feeds',
      'add',
      'http',
      name,
      '--url',
      source.url('/list.txt'),
      '--auth',
      'header',
      '--header',
      'Auth-Key',
      '--secret-stdin',
      ...more,
      '--data',
      data,
    ],
    secret,
  );

it('sets up a feed that works, and runs it', async () => {
  source.handle = withKey;
  expect(await add('wrong', 'another', '--every', '0', '--test')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('refuses the request (403)'),
  });
  expect(await add('mine', 'the-key\n', '--every', '0', '--test')).toMatchObject({
    code: 0,
    out: expect.stringContaining('mine  http  waiting  0 indicators'),
  });
  expect(await ioc('feeds', 'run', 'mine')).toMatchObject({ code: 0, out: expect.stringContaining('mine  http  ok  1 indicators (+1 ~0 −0)') });
});

it('uses the server that holds the data directory, which runs feeds on their schedules', async () => {
  const { stop } = await serve(data);
  try {
    expect((await ioc('import', join(root, 'list.txt'))).out).toContain('0 added, 0 changed, 2 unchanged');
    source.handle = () => ({ status: 500 });
    expect(await ioc('feeds', 'run', 'mine')).toMatchObject({ code: 1, out: expect.stringContaining('answered 500') });
    source.handle = withKey;
    expect((await add('often', 'the-key')).code).toBe(0);
    const list = async () => (await ioc('feeds', 'list')).out;
    await expect.poll(list).toContain('often  http  ok  1 indicators (+1 ~0 −0)');
    expect((await list()).split('\n').map((line) => line.split('  ')[0])).toEqual(['imported', 'mine', 'often', 'Scored', '']);
    expect(await ioc('feeds', 'remove', 'often')).toMatchObject({ code: 0, out: 'removed often\n' });
    expect((await ioc('stats')).out).toMatch(/^5 indicators: .*\n.*\nScored {2}2\nimported {2}2\nmine {2}1\noften {2}0, 1 dropped\n$/);
  } finally {
    await stop();
  }
});
