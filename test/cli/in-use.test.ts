/** A data directory that another process has: every command says so, who it is, and the way out. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { HEADER, lines } from '../ingest/helpers.ts';
import { bartizan, begin } from './helpers.ts';

let root: string;
let data: string;
let log: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-in-use-'));
  data = join(root, 'data');
  log = join(root, 'a.log');
  await writeFile(log, `${HEADER}\n${lines(50)}`);
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('is told of by every command that opens it, with the process and the way out, and free again after that', async () => {
  // Standard input that does not end holds it.
  const { child, ended } = begin(['ingest', '-', '--data', data, '--source-category', 'secret-words', '--json']);
  try {
    await vi.waitFor(async () => expect(await readFile(join(data, 'store', 'status'), 'utf8')).toContain(`PID: ${child.pid}`), { timeout: 120_000 });
    for (const args of [
      ['ingest', log],
      ['query', '* | count'],
      ['quarantine', 'list'],
      ['lookup', 'list'],
      ['serve', '--listen', '127.0.0.1:0'],
    ]) {
      const { code, err } = await bartizan([...args, '--data', data]);
      expect([args[0], code]).toEqual([args[0], 1]);
      expect(err).toContain(`data-dir-in-use: ${data}`);
      expect(err).toContain(`process ${child.pid}, bartizan ingest`);
      expect(err).toContain('choose another folder with --data');
      expect(err).not.toContain('secret-words');
      expect(err).not.toMatch(/Failed to create connection|^ {4}at /m);
    }
  } finally {
    child.stdin?.end(`${HEADER}\n${lines(7, 3)}`);
  }
  expect(JSON.parse((await ended).out.trim())).toMatchObject({ stored: 7 });
  // What a process that was killed leaves.
  await writeFile(join(data, 'store', 'status'), `PID: ${child.pid}\n`);
  expect(JSON.parse((await bartizan(['ingest', log, '--data', data, '--json'])).out)).toMatchObject({ stored: 50 });
});
