/** `bartizan sources` and `bartizan collectors` at a running server, and without one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Address, Source, SourceList, SourceMade } from '../../src/api/contract/sources.ts';
import { lines } from '../ingest/helpers.ts';
import { newData } from '../store/new-store.ts';
import { bartizan, closedPort, type Serving, serve } from './helpers.ts';

let root: string;
let data: string;
let server: Serving;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-sources-'));
  data = newData(join(root, 'data'));
  server = await serve(data);
});
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

const run = (args: readonly string[], input?: string, env?: Record<string, string>) => bartizan([...args, '--data', data], input, env);
const sources = (...args: string[]) => run(['sources', ...args]);
const shown = async (name: string) => JSON.parse((await sources('show', name, '--json')).out) as Source;

it('makes a source, whose address takes records, and shows what came', async () => {
  expect((await sources('list')).out).toContain('Nothing collects yet');
  const added = await sources('add', 'http', 'edge', '--collector', 'production', '--category', 'prod/edge');
  expect([added.code, added.err]).toEqual([0, '']);
  const [, url] = added.out.trim().split('\n');
  expect(added.out).toMatch(/^made edge in production; its address, which is shown this once:\nhttp:\/\/127\.0\.0\.1:\d+\/v1\/http\/[\w-]{43}\n$/);
  expect((await fetch(url as string, { method: 'POST', body: lines(14) })).status).toBe(200);
  await expect.poll(async () => (await shown('production/EDGE')).status.counts.stored).toBe(14);
  expect((await sources('list')).out).toMatch(
    /^production\n {2}edge {2}http {2}running {2}prod\/edge {2}\d{4}-\S+Z {2}14 stored {2}0 quarantined {2}0 errors\nspool: /,
  );
  const text = (await sources('show', 'edge')).out;
  for (const part of ['state:          running', 'category:       prod/edge', 'stored 14', 'lag:            p50 ']) expect(text).toContain(part);
});

it('pauses and resumes, alone and with the collector, and replaces the token', async () => {
  const made = JSON.parse((await sources('add', 'http', 'second', '--collector', 'production', '--json')).out) as SourceMade;
  const post = async (url: string) => (await fetch(url, { method: 'POST', body: lines(1, 7) })).status;
  const url = made.address?.url as string;
  expect((await sources('pause', 'second')).out).toBe('second: paused\n');
  expect(await post(url)).toBe(503);
  expect((await sources('show', 'second')).out).toContain('source-paused 1×');
  expect((await sources('resume', 'second')).out).toBe('second: waiting\n');
  expect((await run(['collectors', 'pause', 'production'])).out).toBe('production, paused\n');
  expect(await post(url)).toBe(503);
  expect((await run(['collectors', 'resume', 'PRODUCTION'])).out).toBe('production\n');
  expect(await post(url)).toBe(200);
  const fresh = JSON.parse((await sources('rotate-token', 'second', '--grace-hours', '0', '--json')).out) as Address;
  expect([await post(url), await post(fresh.url)]).toEqual([401, 200]);
  expect((await sources('rotate-token', 'second')).out).toMatch(/^second has a new token\. Its address, which is shown this once:\nhttp:\S+\n$/);
  expect((await sources('rotate-token', 'second', '--grace-hours', 'x')).code).toBe(2);
});

it('takes the secrets of an S3 source from the environment and standard input only, and names what fails', async () => {
  const endpoint = `http://127.0.0.1:${await closedPort()}`;
  const s3 = ['--list', '--bucket', 'acme', '--region', 'eu-central-1', '--access-key-id', 'AKIAIOSFODNN7EXAMPLE', '--endpoint', endpoint];
  const none = await sources('add', 's3', 'archive', ...s3);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('BARTIZAN_SECRET_ACCESS_KEY')]);
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const tried = await run(['sources', 'add', 's3', 'archive', ...s3, '--test'], undefined, { BARTIZAN_SECRET_ACCESS_KEY: secret });
  expect([tried.code, tried.out]).toEqual([1, expect.stringMatching(/^skipped {2}credentials .*\nfailed {3}bucket {9}unreachable: /)]);
  expect((await sources('list')).out).not.toContain('archive');
  const added = await run(['sources', 'add', 's3', 'archive', ...s3, '--secret-stdin'], `${secret}\n`);
  expect([added.code, added.out]).toEqual([0, 'made archive in default\n']);
  const source = await shown('archive');
  expect(source.connection.credentials).toMatchObject({ secretAccessKey: 'secret' });
  expect(JSON.stringify(source)).not.toContain(secret);
  const tested = await sources('test', 'archive');
  expect([tested.code, tested.err]).toEqual([1, expect.stringContaining('1 of 2 steps failed.')]);
  const wrong = await run(['sources', 'add', 's3', 'wrong', '--queue', 'a queue', '--region', 'moon']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/connection\.queue: .*; connection\.region: /)]);
});

it('makes an interface lookup, names every kind in its help, and refuses options that a kind does not have', async () => {
  const help = (await bartizan(['sources', 'add', '--help'])).out;
  for (const part of ['http (', 'firehose (', 's3 (', 'ec2 (', 's3, ec2: role to take', 'ec2: how often']) expect(help.replace(/\s+/g, ' ')).toContain(part);
  const role = 'arn:aws:iam::123456789012:role/interfaces';
  const made = await sources('add', 'ec2', 'names', '--region', 'eu-central-1, us-east-1', '--role-arn', role, '--interval', '30');
  expect([made.code, made.out]).toEqual([0, 'made names in default\n']);
  expect(await shown('names')).toMatchObject({
    kind: 'ec2',
    connection: { regions: ['eu-central-1', 'us-east-1'], intervalMinutes: 30, credentials: { roleArn: role } },
  });
  expect((await sources('remove', 'names')).code).toBe(0);
  const wrong: [string[], string][] = [
    [['http', 'x', '--queue', 'q'], '--queue is for s3, not for http'],
    [['firehose', 'x', '--test'], '--test is for s3 and ec2, not for firehose'],
    [['ec2', 'x', '--region', 'eu-central-1', '--bucket', 'b'], '--bucket is for s3, not for ec2'],
    [['s3', 'x', '--list', '--interval', '5'], '--interval is for ec2, not for s3'],
    [['ec2', 'x'], '--region is needed'],
    [['ec2', 'x', '--region', 'eu-central-1', '--interval', '0'], '--interval takes minutes'],
    [['kafka', 'x'], 'There is no kind “kafka”: choose one of http, firehose, s3, ec2'],
  ];
  for (const [args, message] of wrong) {
    const refused = await sources('add', ...args);
    expect([args, refused.code, refused.err]).toEqual([args, 2, expect.stringContaining(message)]);
  }
});

it('reads record settings from a file, and says where they are wrong', async () => {
  const file = join(root, 'records.yaml');
  await writeFile(file, 'layout: v5\nrules:\n  - {kind: exclude, name: no data, pattern: " NODATA"}\ninternalTraffic: [10.0.0.0/8]\n');
  expect((await sources('add', 'http', 'ruled', '--records', file)).code).toBe(0);
  expect((await shown('ruled')).records).toMatchObject({
    format: 'auto',
    layout: 'v5',
    rules: [{ kind: 'exclude', name: 'no data', pattern: ' NODATA' }],
    internalTraffic: ['10.0.0.0/8'],
  });
  await writeFile(file, 'rules:\n  - {kind: drop, name: x, pattern: y}\n');
  const wrong = await sources('add', 'http', 'other', '--records', file);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('records.rules.0.kind: ')]);
});

it('removes what was named, asks which where two have the name, and says what there is', async () => {
  expect((await sources('add', 'firehose', 'edge', '--collector', 'other')).out).toMatch(
    /^made edge in other; its endpoint, and its access key, which is shown this once:\nendpoint: \S+\naccess key: \S+\n$/,
  );
  const both = await sources('remove', 'edge');
  expect([both.code, both.err]).toEqual([2, expect.stringContaining('“other/edge” and “production/edge”')]);
  expect((await sources('remove', 'other/edge')).out).toBe('removed edge; its records stay\n');
  expect((await sources('show', 'nothing')).err).toContain('There is no source “nothing”. There ');
  const full = await run(['collectors', 'remove', 'production']);
  expect([full.code, full.err]).toEqual([1, expect.stringContaining('folder-not-empty')]);
  expect((await run(['collectors', 'rename', 'other', 'spare'])).out).toBe('spare\n');
  expect((await run(['collectors', 'list'])).out).toContain('spare: no sources\n');
  expect((await run(['collectors', 'remove', 'spare'])).out).toBe('removed spare\n');
  const { collectors } = JSON.parse((await sources('list', '--json')).out) as SourceList;
  expect(collectors.map(({ name }) => name)).toEqual(['default', 'production']);
});

it('says how to go on where no server runs', async () => {
  const alone = await bartizan(['sources', 'list', '--data', join(root, 'nobody')]);
  expect([alone.code, alone.err]).toEqual([1, expect.stringContaining('Start it with "bartizan serve"')]);
});
