/** `bartizan admins` as a person meets it: without a server, and while one holds the data directory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newData } from '../store/new-store.ts';
import { bartizan, serve } from './helpers.ts';

let root: string;
let data: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-admins-'));
  data = newData(join(root, 'data'));
  const event = (userName: string, n: number) => ({
    eventVersion: '1.08',
    userIdentity: { type: 'IAMUser', userName },
    eventTime: `2026-03-10T12:00:0${n}Z`,
    eventSource: 'iam.amazonaws.com',
    eventName: 'ListUsers',
    eventID: `e${n}`,
  });
  await writeFile(join(root, 'trail.json'), JSON.stringify({ Records: [event('ann', 1), event('ann', 2), event('eve', 3)] }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const admins = (...args: string[]) => bartizan(['admins', ...args, '--data', data]);
const counted = async () =>
  (await bartizan(['query', '_index=cloudtrail | count by is_admin | sort by is_admin asc', '--from', 'all', '--format', 'csv', '--data', data])).out;

it('adds, lists and removes, and queries of events that are stored follow', async () => {
  expect((await bartizan(['ingest', join(root, 'trail.json'), '--data', data])).code).toBe(0);
  expect((await admins('list')).out).toBe('Nobody is listed: bartizan admins add NAME\n');
  expect(await admins('add', 'a*', '--note', 'on call')).toMatchObject({ code: 0, out: 'added a*  on call\n' });
  expect(await counted()).toBe('is_admin,_count\nfalse,1\ntrue,2\n');
  expect(await admins('add', 'A*', '--note', 'on leave')).toMatchObject({ code: 0, out: 'added A*  on leave\n' });
  expect(await admins('add', '*')).toMatchObject({ code: 2, err: expect.stringContaining('only * makes everybody an administrator') });
  expect(JSON.parse((await admins('list', '--json')).out)).toMatchObject({ administrators: [{ entry: 'A*', note: 'on leave' }] });
  expect(await admins('remove', 'b*')).toMatchObject({ code: 2, err: expect.stringContaining('“b*” is not in the list') });
  expect(await admins('remove', 'a*')).toMatchObject({ code: 0, out: 'removed a*\n' });
  expect(await counted()).toBe('is_admin,_count\nfalse,3\n');
});

it('uses the server that holds the data directory', async () => {
  const { stop } = await serve(data);
  try {
    expect(await admins('add', 'eve')).toMatchObject({ code: 0, out: 'added eve\n' });
    expect(await counted()).toBe('is_admin,_count\nfalse,2\ntrue,1\n');
    expect(await admins('remove', 'eve')).toMatchObject({ code: 0, out: 'removed eve\n' });
    expect((await admins('list')).out).toContain('Nobody is listed');
  } finally {
    await stop();
  }
});
