/** A signal ends a process also where the engine is in the middle of a statement, which nothing but the process's end can cut off. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openNew } from '../store/new-store.ts';

/** No test waits so long. */
const FOREVER = 3600;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-interrupt-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Slow {
  readonly child: ChildProcess;
  readonly ended: Promise<{ signal: string | null; code: number | null; out: string; err: string }>;
  /** Answers when it has printed that. */
  said(text: string): Promise<void>;
}

async function begin(name: string, seconds: number, patience: number): Promise<Slow> {
  const path = join(root, name);
  await (await openNew(path)).close();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'interrupt-child.ts'), path, String(seconds), String(patience)]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => {
    out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }));
  const said = async (text: string) => {
    while (!out.includes(`${text}\n`)) await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error(out + err)))]);
  };
  await said('storing');
  return { child, ended, said };
}

it('leaves what takes too long, says so, and can be opened again', async () => {
  const { child, ended } = await begin('bound', FOREVER, 2000);
  child.kill('SIGTERM');
  const { code, signal, out, err } = await ended;
  expect([code, signal, out]).toEqual([null, 'SIGKILL', 'storing\nending\n']);
  expect(err).toContain('Still waiting for 1 batch that is being stored; in 1 s it is left as it is.');
  expect(err).toContain('Left after 2 s: 1 batch that is being stored. What was accepted is on the disk, and the next start stores the rest of it.');
  const store = await openNew(join(root, 'bound'));
  expect((await store.rows({ text: 'SELECT count() FROM bartizan.vpc_flow', params: {} })).rows).toEqual([[0]]);
  await store.close();
});

it('leaves at once on a second signal, not on an echo of the first', async () => {
  const { child, ended, said } = await begin('twice', FOREVER, FOREVER * 1000);
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  await said('ending');
  await wait(600);
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ signal: 'SIGKILL', out: 'storing\nending\n', err: '' });
});

it('waits for what is soon done, and says nothing', async () => {
  const { child, ended } = await begin('soon', 3, FOREVER * 1000);
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null, out: 'storing\nending\nended\n', err: '' });
  const store = await openNew(join(root, 'soon'));
  expect((await store.rows({ text: 'SELECT count() FROM bartizan.vpc_flow', params: {} })).rows).toEqual([[30]]);
  await store.close();
});
