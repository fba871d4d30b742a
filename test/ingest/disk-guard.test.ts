/** A disk that does not say how much room it has: nothing is stored meanwhile, and nothing ends. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DiskGuard } from '../../src/ingest/disk-guard.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import type { Store } from '../../src/store/store.ts';

let folder: string;
let store: Store;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bartizan-disk-'));
  store = await openEmbedded({ path: join(folder, 'db') });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

it('takes a disk that cannot be asked for trouble that passes', async () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on('unhandledRejection', note);
  const guard = new DiskGuard({ folder: data, minFreeBytes: 0, store });
  try {
    guard.watch();
    await guard.check();
    expect(guard.trouble).toBeUndefined();
    // As a network disk that went away.
    renameSync(data, `${data}-away`);
    await expect.poll(() => guard.trouble).toMatch(/does not say how much room it has: the folder does not exist\.$/);
    await expect(guard.check()).rejects.toMatchObject({ code: 'store-unavailable', retryable: true });
    renameSync(`${data}-away`, data);
    await expect.poll(() => guard.trouble).toBeUndefined();
    await guard.check();
    expect(uncaught).toEqual([]);
  } finally {
    guard.close();
    process.off('unhandledRejection', note);
  }
});

it('says what the disk has left where that is too little, and stores again when there is room', async () => {
  const options = { folder, minFreeBytes: Number.MAX_SAFE_INTEGER, store };
  const guard = new DiskGuard(options);
  await expect(guard.check()).rejects.toMatchObject({ code: 'disk-full', retryable: true });
  options.minFreeBytes = 0;
  guard.watch();
  await expect.poll(() => guard.trouble).toBeUndefined();
  guard.close();
});
