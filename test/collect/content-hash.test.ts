/** SHA-256 of log files that are there, damaged, or gone. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contentHash } from '../../src/collect/digests.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bartizan-hash-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = Buffer.from('{"Records":[]}\n');
const HASH = createHash('sha256').update(TEXT).digest('hex');

it('is of the uncompressed content, in a file and in memory', async () => {
  for (const bytes of [TEXT, gzipSync(TEXT)]) {
    const path = join(folder, 'log');
    writeFileSync(path, bytes);
    expect(await contentHash({ path })).toBe(HASH);
    expect(await contentHash({ bytes })).toBe(HASH);
  }
  expect(await contentHash({ bytes: gzipSync(TEXT).subarray(0, 20) })).toBeUndefined();
});

it('rejects for a file that cannot be opened, and ends nothing', async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', note);
  try {
    await expect(contentHash({ path: join(folder, 'gone') })).rejects.toThrow('ENOENT');
    await expect(contentHash({ path: folder })).rejects.toThrow('EISDIR');
    // A stream tells of its error in a later turn.
    await delay(50);
  } finally {
    process.off('uncaughtException', note);
  }
  expect(uncaught).toEqual([]);
});
