/** The file of a job's rows: pages within bytes, reads beside its removal, and a disk that is full. */
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobFile } from '../../src/api/job-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-job-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function filled(rows: readonly unknown[][]): Promise<JobFile> {
  const file = await JobFile.create(join(folder, 'rows.ndjson'));
  for (const row of rows) await file.append([row]);
  await file.flush();
  return file;
}

const numbers = (page: unknown[][] | undefined) => page?.map(([n]) => n);

test('a page has the rows that fit in 8 MiB, and the next one begins behind them', async () => {
  const text = 'ü'.repeat(2 ** 19);
  const file = await filled(Array.from({ length: 20 }, (_, i) => [i, text]));
  expect(numbers(await file.read(0, 1000))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(numbers(await file.read(7, 1000))).toEqual([7, 8, 9, 10, 11, 12, 13]);
  expect(numbers(await file.read(14, 1000))).toEqual([14, 15, 16, 17, 18, 19]);
  expect(numbers(await file.read(3, 2))).toEqual([3, 4]);
  expect((await file.read(19, 1))?.[0]?.[1]).toBe(text);
  await file.remove();
});

test('one row that is larger than a page is a page', async () => {
  const large = 'x'.repeat(9 * 2 ** 20);
  const file = await filled([[0], [1, large], [2]]);
  expect(numbers(await file.read(0, 10))).toEqual([0]);
  expect(await file.read(1, 10)).toEqual([[1, large]]);
  expect(numbers(await file.read(2, 10))).toEqual([2]);
  await file.remove();
});

test('a read that has begun ends before the file goes; a later one learns that it is gone', async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => [i]);
  const file = await filled(rows);
  const reads = [file.read(0, 3000), file.read(2990, 10)];
  const removed = file.remove();
  expect(await file.read(0, 1)).toBeUndefined();
  expect(await Promise.all(reads)).toEqual([rows, rows.slice(2990)]);
  await removed;
  expect(await readdir(folder)).toEqual([]);
});

test('a full disk is named', async () => {
  const full = await open('/dev/full', 'r+');
  const file = new JobFile(join(folder, 'full'), full);
  await file.append([[1]]);
  await expect(file.flush()).rejects.toMatchObject({ code: 'disk-full' });
  expect(file.rows).toBe(0);
  await full.close();
});
