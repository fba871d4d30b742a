/** A disk that does not give what is in the spool: it is tried again, then passed over, counted and kept, and what is behind it is read. */
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Spool } from '../../src/ingest/spool.ts';
import { SpoolDrain } from '../../src/ingest/spool-drain.ts';
import type { Entry } from '../../src/ingest/spool-file.ts';
import { noticesOf } from '../../src/ingest/vitals.ts';
import { append, disk, ids, intakeOf, spoolPlace } from './spool-place.ts';

const PAGE = 4096;
const BODY = 8000;
/** A file takes six entries. */
const spools = spoolPlace(6 * BODY);
const { open, names, told } = spools;

/** Two files of six entries; the first one's path, and where its entries begin. */
async function twelve(): Promise<{ spool: Spool; path: string; starts: number[] }> {
  const spool = await open();
  const starts = [];
  for (let n = 0; n < 12; n++) {
    if (n < 6) starts.push(spool.status().bytes);
    await append(spool, `id${n} `.padEnd(BODY, 'x'), `id${n}`);
  }
  const files = await names();
  expect(files).toHaveLength(2);
  return { spool, path: join(spools.folder, 's', files[0] as string), starts };
}

/** Runs on a disk that gives none of these pages of a file; answers how often each was asked for in vain. */
async function failing(path: string, pages: readonly number[], code: string, work: () => Promise<void>): Promise<number> {
  let failures = 0;
  const how = (call: string, of: string, [, , length, position]: readonly unknown[]): string | undefined => {
    const [from, to] = [Number(position), Number(position) + Number(length)];
    if (call !== 'read' || of !== path || !pages.some((page) => page * PAGE < to && (page + 1) * PAGE > from)) return undefined;
    failures++;
    return code;
  };
  await disk(how, work);
  return failures;
}

/** As the drain does: again and again. */
async function drained(spool: Spool, most = 10): Promise<{ ids: string[]; entries: Entry[]; rejected: number }> {
  const entries: Entry[] = [];
  let rejected = 0;
  for (;;) {
    try {
      const entry = await spool.next('s');
      if (!entry) break;
      entries.push(entry);
    } catch {
      if (++rejected >= most) break;
    }
  }
  return { ids: ids(entries), entries, rejected };
}

const all = (...without: number[]) => Array.from({ length: 12 }, (_, n) => `id${n}`).filter((_, n) => !without.includes(n));

it('passes over the entries of pages that are never given, keeps the file, and reads what is around and behind', async () => {
  const { spool, path, starts } = await twelve();
  const whole = await readFile(path);
  // In the middle of the third entry.
  await failing(path, [Math.ceil((starts[2] as number) / PAGE)], 'EIO', async () => {
    const { ids, entries, rejected } = await drained(spool);
    expect([ids, rejected]).toEqual([all(2), 2]);
    expect(told).toEqual([expect.stringMatching(/^s: \d+ bytes of .*cannot be read: the disk does not give all of them.*\.unreadable/)]);
    const bytes = (starts[3] as number) - (starts[2] as number);
    expect(spool.status().damaged).toEqual({ pieces: 1, bytes });
    expect(noticesOf({ spool: spool.status() })).toEqual([expect.objectContaining({ code: 'spool-damaged' })]);
    for (const entry of entries) spool.settled('s', entry);
  });
  expect(spool.status().bytes).toBe(0);
  expect((await names()).map((name) => name.replace(/^[^.]*/, '')).sort()).toEqual(['.damaged', '.unreadable']);
  expect((await readFile(path.replace(/spool$/, 'unreadable'))).equals(whole)).toBe(true);
  await spool.close();
  const again = await open();
  expect(again.status()).toMatchObject({ bytes: 0, damaged: { pieces: 1 } });
  expect((await drained(again)).ids).toEqual([]);
  await again.close();
});

it('asks a disk that gives nothing of a file a bounded number of times', async () => {
  const { spool: first, path } = await twelve();
  await first.close();
  const spool = await open();
  const tried = await failing(path, [...Array(20).keys()], 'EIO', async () => {
    expect(await drained(spool)).toMatchObject({ ids: all(0, 1, 2, 3, 4, 5), rejected: 2 });
  });
  expect(tried).toBeLessThan(50);
  expect(spool.status().damaged.bytes).toBeGreaterThan(48_000);
  await spool.close();
});

it('passes over a file that is gone', async () => {
  const { spool, path } = await twelve();
  await rm(path);
  expect(await drained(spool)).toMatchObject({ ids: all(0, 1, 2, 3, 4, 5), rejected: 2 });
  expect(told).toEqual([expect.stringMatching(/ bytes of “.*” from byte 0 on cannot be read: it does not exist\. The file is kept as “\.unreadable”\.$/)]);
  await spool.close();
});

it('passes over nothing where the machine is short of something, or a disk gives it the second time', async () => {
  const { spool, path, starts } = await twelve();
  await failing(path, [Math.ceil((starts[2] as number) / PAGE)], 'EMFILE', async () => {
    expect(await drained(spool)).toMatchObject({ ids: ['id0', 'id1'], rejected: 10 });
  });
  await failing(path, [Math.ceil((starts[2] as number) / PAGE)], 'EIO', async () => {
    await expect(spool.next('s')).rejects.toMatchObject({ code: 'EIO' });
  });
  expect((await drained(spool)).ids).toEqual(all(0, 1));
  expect([spool.status().damaged.pieces, told, (await names()).length]).toEqual([0, [], 2]);
  await spool.close();
});

/** Asking for it fails each time, and not because it is not there. */
const neverGiven = (path: string) => symlink(path, path);

it('starts where a file cannot even be asked for its size: it is kept and told of, and read when it is back under its name', async () => {
  const { spool: first, path } = await twelve();
  await first.close();
  await rename(path, `${spools.folder}-aside`);
  await neverGiven(path);
  const spool = await open();
  expect(spool.found).toEqual([
    { source: 's', message: expect.stringMatching(`^“${path}” cannot be read: it is a link in a circle\\. It is kept as “.unreadable”`) },
  ]);
  expect(spool.status().damaged).toEqual({ pieces: 1, bytes: 0 });
  expect(noticesOf({ spool: spool.status() })).toEqual([expect.objectContaining({ code: 'spool-damaged' })]);
  const { ids: read, entries, rejected } = await drained(spool);
  expect([read, rejected]).toEqual([all(0, 1, 2, 3, 4, 5), 0]);
  for (const entry of entries) spool.settled('s', entry);
  expect([spool.status().bytes, spool.holds('s')]).toEqual([0, true]);
  await spool.close();
  const kept = path.replace(/spool$/, 'unreadable');
  expect((await names()).map((name) => join(spools.folder, 's', name))).toEqual([kept]);

  // It is told of until it is taken away.
  const again = await open();
  expect([again.found, again.status().damaged.pieces, again.files.length]).toEqual([[], 1, 1]);
  await again.close();
  await rm(kept);
  await rename(`${spools.folder}-aside`, path);
  const mended = await open();
  expect([mended.found, mended.status().damaged.pieces]).toEqual([[], 0]);
  expect((await drained(mended)).ids).toEqual(all(6, 7, 8, 9, 10, 11));
  await mended.close();
});

it('starts where a note or the folder of a source cannot be read, and says so; a stray file is nothing', async () => {
  const { spool: first, path } = await twelve();
  await first.close();
  await mkdir(path.replace(/spool$/, 'cut'));
  await neverGiven(join(spools.folder, 't'));
  await writeFile(join(spools.folder, 'readme.txt'), 'not ours');
  const spool = await open();
  expect([...spool.found].sort((a, b) => a.source.localeCompare(b.source))).toEqual([
    { source: 's', message: expect.stringMatching(`^The note beside “${path}” cannot be read: it is a folder\\.`) },
    { source: 't', message: expect.stringMatching(`^The folder “${join(spools.folder, 't')}” cannot be read: it is a link in a circle\\.`) },
  ]);
  expect(spool.status().damaged.pieces).toBe(1);
  expect((await drained(spool)).ids).toEqual(all());
  await expect(spool.append('t', [])).rejects.toMatchObject({ code: 'spool-failed' });
  await append(spool, 'after', 'after');
  expect((await drained(spool)).ids).toEqual(['after']);
  await spool.close();
});

it('lets the drain store what is behind, and the ledger know what was stored of it while the file is kept', async () => {
  const { spool: first, path, starts } = await twelve();
  await first.close();
  const spool = await open();
  const taken: string[] = [];
  const forgotten: string[] = [];
  await failing(path, [Math.ceil((starts[4] as number) / PAGE)], 'EIO', async () => {
    const drain = new SpoolDrain({
      spool,
      intake: intakeOf(taken),
      settingsOf: async () => undefined,
      forget: async (prefix) => void forgotten.push(prefix),
      onError: () => undefined,
      waitMs: 10,
    });
    drain.begin();
    await expect.poll(() => spool.status().bytes).toBe(0);
    expect(taken.sort()).toEqual(all(4).sort());
    await expect.poll(() => forgotten.length).toBe(1);
    expect([forgotten.some((prefix) => prefix.includes(basename(path, '.spool'))), spool.files]).toEqual([false, [basename(path, '.spool')]]);
    drain.stop();
  });
  expect(told).toHaveLength(1);
  await spool.close();
});
