/** Tokens of parts that a kill kept from being in place are forgotten, and never while another process has the store. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cleanLogs, isOpened, wasLeftOpen } from '../../src/store/deduplication-log.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openNew } from './new-store.ts';

let path: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'bartizan-tokens-'));
});
afterEach(async () => {
  // One that is not gone yet may write to what is removed.
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) await killed(child);
  rmSync(path, { recursive: true, force: true });
});

const RECORDS = ['1\t20260101_1_1_0\ta_1', '1\t20260101_2_2_0\ta_2', '1\t20260101_7_7_0\ta_7', '2\t20260101_3_3_0\ta_3'];

/** A table's folder with some parts; its log. */
function tableWith(lines: readonly string[]): string {
  for (const name of ['deduplication_logs', '20260101_1_4_1', 'tmp_insert_20260101_7_7_0', '20260102_7_7_0']) mkdirSync(join(path, name), { recursive: true });
  const log = join(path, 'deduplication_logs', 'deduplication_log_1.txt');
  writeFileSync(log, `${lines.join('\n')}\n`);
  return log;
}

it('forgets the token of a part that is not there, and keeps those of parts that are or were merged', () => {
  const log = tableWith(RECORDS);
  expect(cleanLogs(path)).toBe(1);
  expect(readFileSync(log, 'utf8')).toBe(`${[RECORDS[0], RECORDS[1], RECORDS[3]].join('\n')}\n`);
  expect(cleanLogs(path)).toBe(0);
});

it('leaves alone a log that it does not know', () => {
  const lines = [RECORDS[2] as string, 'something else'];
  const log = tableWith(lines);
  expect(cleanLogs(path)).toBe(0);
  expect(readFileSync(log, 'utf8')).toBe(`${lines.join('\n')}\n`);
  expect(cleanLogs(join(path, 'nowhere'))).toBe(0);
});

it('knows a store that was left open, also by the same number in a container, from one that was closed or is its own', () => {
  expect(wasLeftOpen(path)).toBe(false);
  writeFileSync(join(path, 'status'), 'PID: 1\n');
  expect(wasLeftOpen(path)).toBe(true);
  writeFileSync(join(path, 'status'), `PID: ${process.pid}\n`);
  expect(wasLeftOpen(path)).toBe(true);
  isOpened(path);
  expect(wasLeftOpen(path)).toBe(false);
});

/** A store that another process has open, and the folder of its table. */
async function held(): Promise<{ child: ChildProcess; store: string; table: string }> {
  const store = join(path, 'store');
  await (await openNew(store)).close();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holding-child.ts'), store], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  const folders = readdirSync(join(store, 'store')).flatMap((group) =>
    readdirSync(join(store, 'store', group)).map((name) => join(store, 'store', group, name)),
  );
  const table = folders.find((folder) => readdirSync(folder).includes('0_2_2_0'));
  return { child, store, table: table ?? expect.fail('no table') };
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

it('touches nothing of a store whose process cannot be seen from here, and mends it when that was killed', async () => {
  const { child, store, table } = await held();
  const logs = join(table, 'deduplication_logs');
  const texts = () => readdirSync(logs).map((name) => [name, readFileSync(join(logs, name), 'utf8')]);
  // The second part is not in place yet.
  rmSync(join(table, '0_2_2_0'), { recursive: true });
  const before = texts();
  // As one of another container looks: the number is nobody's here. The file, and the engine's lock on it, stay the same.
  writeFileSync(join(store, 'status'), 'PID: 999999999\n');
  await expect(openEmbedded({ path: store })).rejects.toMatchObject({ name: 'StoreError' });
  expect(texts()).toEqual(before);

  await killed(child);
  const mended = await openEmbedded({ path: store });
  try {
    const rows = async () => (await mended.rows({ text: 'SELECT x FROM bartizan.probe ORDER BY x', params: {} })).rows;
    expect(await rows()).toEqual([[1]]);
    for (const [token, x] of [
      ['one', 1],
      ['two', 2],
    ])
      await mended.command({ text: `INSERT INTO bartizan.probe SETTINGS insert_deduplication_token = '${token}' VALUES (${x})`, params: {} });
    expect(await rows()).toEqual([[1], [2]]);
  } finally {
    await mended.close();
  }
});

it('names no process of the same number that has nothing to do with the store', async () => {
  const { store } = await held();
  // A process of this machine that is there, and has no lock.
  writeFileSync(join(store, 'status'), `PID: ${process.ppid}\n`);
  await expect(openEmbedded({ path: store })).rejects.toMatchObject({ code: 'store-unavailable', message: expect.stringContaining('another container') });
});
