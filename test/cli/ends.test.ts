/** How commands end when a person or a pipe ends them, and that a slow pipe does not. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines } from '../ingest/helpers.ts';
import { newData } from '../store/new-store.ts';
import { bartizan, begin, closedPort, lastLine } from './helpers.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-ends-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('standard input', () => {
  it('is read to its end, however slowly it is written', async () => {
    const { child, ended } = begin(['ingest', '-', '--data', newData(join(root, 'slow')), '--json']);
    child.stdin?.write(lines(40));
    await wait(2500);
    child.stdin?.end(lines(60, 2));
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(lastLine(out)).toMatchObject({ files: 1, records: 100, stored: 100 });
  });

  it('is left on Ctrl-C while it is silent: what was read is stored, and one press that arrives twice is one', async () => {
    const data = newData(join(root, 'silent'));
    const { child, ended } = begin(['ingest', '-', '--data', data, '--json']);
    // Taken by a pipe that holds far less: so most of it has been read.
    await new Promise((resolve) => child.stdin?.write(lines(40_000), resolve));
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    expect([code, err]).toEqual([1, expect.stringContaining('To go on: bartizan ingest - ')]);
    const { records, stored } = lastLine(out) as { records: number; stored: number };
    expect([stored > 10_000, stored]).toEqual([true, records]);
    expect((await bartizan(['query', '* | count', '--from', 'all', '--format', 'csv', '--data', data])).out).toBe(`_count\n${stored}\n`);
  });
});

describe('standard output', () => {
  it('that is closed by its reader ends a command without a complaint', async () => {
    const file = join(root, 'many.log');
    await writeFile(file, lines(5000));
    const { child, ended } = begin(['normalize', file]);
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await ended).toMatchObject({ code: 0, err: '' });
  });
});

describe('what cannot be used', () => {
  it('is named, with the way out', async () => {
    const file = join(root, 'a-file');
    await writeFile(file, lines(3));
    const { code, err } = await bartizan(['ingest', file, '--data', file]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^bartizan: The data directory “.*a-file” cannot be used: “.*” is a file, not a folder\. Choose another/),
    ]);
    const config = await bartizan(['ingest', file, '--data', join(root, 'd')], '', { BARTIZAN_INTERNAL_NETWORKS: '10.0.0/8' });
    expect([config.code, config.err]).toEqual([2, expect.stringContaining('BARTIZAN_INTERNAL_NETWORKS')]);
    const layout = await bartizan(['ingest', file, '--layout', 'one two', '--data', join(root, 'd')]);
    expect([layout.code, layout.err]).toEqual([2, expect.stringContaining('unknown field: “one”. Write AWS’s names')]);
  });

  it('does not stop a start: the file of a killed server whose process number is in use again', async () => {
    const data = newData(join(root, 'killed'));
    await bartizan(['ingest', '-', '--data', data], lines(5));
    await writeFile(join(data, 'server.json'), JSON.stringify({ address: `http://127.0.0.1:${await closedPort()}`, pid: process.pid, token: 'x' }));
    expect(await bartizan(['query', '* | count', '--from', 'all', '--format', 'csv', '--data', data])).toMatchObject({ code: 0, out: '_count\n5\n' });
  });

  it('ends a server that was to load it, and leaves the directory free', async () => {
    const data = join(root, 'unloaded');
    const { code, err } = await bartizan(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ingest', join(root, 'nowhere')]);
    expect([code, err]).toEqual([2, expect.stringContaining('There is no file or folder')]);
    expect(await readdir(data)).not.toContain('server.json');
  });
});

describe('a file that somebody named and that cannot be read', () => {
  it.each([
    [['lookup', 'add', 'FILE', '--name', 'x']],
    [['ioc', 'import', 'FILE', '--feed', 'x']],
    [['dashboards', 'import', 'FILE']],
    [['sources', 'add', 'http', 'x', '--records', 'FILE']],
  ])('%j: is named with the reason, and no words of the runtime', async (args) => {
    const data = newData(join(root, `files-${args[0]}`));
    for (const [file, why] of [
      [join(root, 'nowhere.yaml'), 'does not exist'],
      [root, args[0] === 'ioc' ? 'is no file' : 'is a folder'],
    ] as const) {
      const { code, err } = await bartizan([...args.map((arg) => (arg === 'FILE' ? file : arg)), '--data', data]);
      expect([code, err]).toEqual([2, `bartizan: “${file}” cannot be read: it ${why}.\n`]);
    }
  });
});

it.each([
  ['127.0.0.1', (port: number) => `“127.0.0.1:${port}”: the port is taken. Stop what uses it, or choose another`],
  ['203.0.113.1', (port: number) => `“203.0.113.1:${port}”: this machine has no such address. Choose one of its own`],
])('an address that cannot be listened on is named with the reason: %s', async (host, why) => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)));
  const listen = ['--listen', '127.0.0.1:0', '--ingest-listen', `${host}:${port}`];
  const { code, err } = await bartizan(['serve', '--data', newData(join(root, `listen-${host}`)), ...listen]);
  // Before it there may be that the page is not built.
  expect([code, err.split('\n').slice(-2)]).toEqual([1, [`bartizan: Cannot listen on ${why(port)} with --ingest-listen.`, '']]);
  await new Promise((resolve) => taken.close(resolve));
});
