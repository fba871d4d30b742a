import { appendFile, mkdtemp, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Delivery, DeliveryError, type Outcome } from '../../src/collect/delivery.ts';
import { type Append, PLACE, PLACE_PREFIX, Spool, type SpoolError } from '../../src/ingest/spool.ts';
import { SpoolDrain } from '../../src/ingest/spool-drain.ts';
import type { Entry } from '../../src/ingest/spool-file.ts';
import { NO_COUNTS } from '../../src/model/counts.ts';

const ORIGIN = { sourceName: 'n', sourceCategory: 'c', sourceHost: '', collector: '' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-spool-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (more: { maxBytes?: number; minFreeBytes?: number; fileBytes?: number; clock?: () => number } = {}) =>
  Spool.open({ folder, maxBytes: 2 ** 20, minFreeBytes: 0, clock: Date.now, ...more });
const append = (text: string, id = `${PLACE_PREFIX}${PLACE}`): Append => ({ header: { id, name: 'x', origin: ORIGIN, received: 1 }, body: Buffer.from(text) });

async function bodyOf(entry: Entry): Promise<string> {
  return (await readFile(entry.path)).subarray(entry.from, entry.from + entry.length).toString();
}

/** What is left to read, oldest first. */
async function all(spool: Spool, source = 's'): Promise<{ id: string; body: string; entry: Entry }[]> {
  const found = [];
  for (let entry = await spool.next(source); entry; entry = await spool.next(source)) found.push({ id: entry.header.id, body: await bodyOf(entry), entry });
  return found;
}

const files = async () => (await readdir(join(folder, 's'))).sort();

describe('the spool', () => {
  it('gives back what was appended, oldest first, and removes a file when all of it is stored', async () => {
    const spool = await open({ fileBytes: 500 });
    for (let i = 0; i < 10; i++) await spool.append('s', [append(`body ${i} ${'x'.repeat(40)}`)]);
    await spool.append('other', [append('of another source')]);
    expect((await files()).length).toBeGreaterThan(2);
    const read = await all(spool);
    expect(read.map((r) => r.body.slice(0, 6))).toEqual(Array.from({ length: 10 }, (_, i) => `body ${i}`));
    expect(new Set(read.map((r) => r.id)).size).toBe(10);
    for (const { entry } of read.slice(0, -1)) spool.settled('s', entry);
    expect((await files()).length).toBe(1);
    expect(spool.settled('s', read.at(-1)?.entry as Entry)).toMatch(/^[0-9a-z]+-[0-9a-f]{12}$/);
    expect(await files()).toEqual([]);
    expect(spool.status().sources.has('s')).toBe(false);
    expect((await all(spool, 'other')).map((r) => r.body)).toEqual(['of another source']);
    await spool.close();
  });

  it('shares a sync between appends that come together, whole requests at a time', async () => {
    const spool = await open();
    await Promise.all(Array.from({ length: 200 }, (_, i) => spool.append('s', [append(`a${i}`), append(`b${i}`)])));
    // What comes together shares an entry, each body in its bounds.
    const entries = await all(spool);
    expect(entries.length).toBeLessThan(100);
    const read = entries.flatMap(({ body, entry }) => {
      let at = 0;
      return (entry.header.parts ?? [body.length]).map((length) => {
        at += length;
        return body.slice(at - length, at);
      });
    });
    expect(read).toHaveLength(400);
    for (let i = 0; i < 200; i++) expect(read.indexOf(`b${i}`)).toBe(read.indexOf(`a${i}`) + 1);
    await spool.close();
  });

  it('gives after a restart all that was not stored, under the same ids, without what a crash cut off', async () => {
    const first = await open();
    for (let i = 0; i < 5; i++) await first.append('s', [append(`body ${i}`)]);
    const before = await all(first);
    await first.close();
    const path = before[0]?.entry.path as string;
    const { size } = await stat(path);
    // Half of the last frame is missing, as when the process was killed while it wrote.
    await truncate(path, size - 3);
    await appendFile(join(folder, 's', '000000001-abcdefabcdef.spool'), 'no frame at all');
    const second = await open();
    expect((await all(second)).map(({ id, body }) => [id, body])).toEqual(before.slice(0, 4).map(({ id, body }) => [id, body]));
    await second.append('s', [append('new')]);
    const [added] = await all(second);
    expect(before.map((b) => b.id)).not.toContain(added?.id);
    await second.close();
  });

  it('keeps the order and gives no id twice while the clock is set forward and back, and over restarts', async () => {
    let now = Date.parse('2026-11-25T12:00:00Z');
    const jumps = [0, 86_400_000 * 400, -86_400_000 * 800, 1, -1, 0, 3_600_000, -7_200_000];
    const sent: string[] = [];
    let spool = await open({ fileBytes: 200, clock: () => now });
    for (let i = 0; i < 40; i++) {
      now += jumps[i % jumps.length] ?? 0;
      if (i % 10 === 9) {
        await spool.close();
        spool = await open({ fileBytes: 200, clock: () => now });
      }
      sent.push(`body ${i} ${'x'.repeat(60)}`);
      await spool.append('s', [append(sent.at(-1) as string)]);
    }
    const read = await all(spool);
    expect(read.map((r) => r.body)).toEqual(sent);
    expect(new Set(read.map((r) => r.id)).size).toBe(sent.length);
    await spool.close();
  });

  it('refuses what is over its size, and what would fill the disk, and takes again when there is room', async () => {
    const spool = await open({ maxBytes: 3000 });
    await spool.append('s', [append('x'.repeat(1500))]);
    await expect(spool.append('s', [append('y'.repeat(1500))])).rejects.toMatchObject({ code: 'spool-full' } satisfies Partial<SpoolError>);
    for (const { entry } of await all(spool)) spool.settled('s', entry);
    await spool.append('s', [append('z'.repeat(1500))]);
    expect((await all(spool)).map((r) => r.body[0])).toEqual(['z']);
    await spool.close();
    await rm(join(folder, 's'), { recursive: true });
    const nearlyFull = await open({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    await expect(nearlyFull.append('s', [append('x')])).rejects.toMatchObject({ code: 'disk-full' });
    expect(nearlyFull.status().trouble).toContain('nearly full');
    await nearlyFull.close();
  });

  it('holds its size and the room of the disk also for what comes while the disk is asked', async () => {
    const codes = (settled: readonly PromiseSettledResult<void>[]) => settled.map((s) => (s.status === 'rejected' ? (s.reason as SpoolError).code : 'taken'));
    const small = await open({ maxBytes: 3000 });
    const bodies = ['a', 'b', 'c'].map((letter) => append(letter.repeat(1500)));
    expect(codes(await Promise.allSettled(bodies.map((body) => small.append('s', [body]))))).toEqual(['taken', 'spool-full', 'spool-full']);
    expect((await all(small)).map((r) => r.body[0])).toEqual(['a']);
    await small.close();
    const nearlyFull = await open({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    expect(codes(await Promise.allSettled(bodies.map((body) => nearlyFull.append('t', [body]))))).toEqual(['disk-full', 'disk-full', 'disk-full']);
    expect(nearlyFull.status().sources.has('t')).toBe(false);
    await nearlyFull.close();
  });

  it('says in its own words that the disk cannot be asked, and asks again', async () => {
    const spool = await open();
    await rename(folder, `${folder}-away`);
    await expect(spool.append('s', [append('x')])).rejects.toMatchObject({ name: 'SpoolError', code: 'spool-failed', message: 'The spool cannot be written.' });
    expect(spool.status()).toMatchObject({ failing: true });
    await rename(`${folder}-away`, folder);
    await spool.append('s', [append('y')]);
    expect((await all(spool)).map((r) => r.body)).toEqual(['y']);
    expect(spool.status()).toMatchObject({ failing: false, trouble: undefined });
    await spool.close();
  });

  it('takes nothing that comes as it is closed', async () => {
    const spool = await open();
    const late = spool.append('s', [append('x')]);
    const settled = expect(late).rejects.toMatchObject({ code: 'spool-failed', message: 'The server is stopping.' });
    await spool.close();
    await settled;
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the drain', () => {
  it('brings each entry until it is taken, then lets the ledger forget its place', async () => {
    const spool = await open();
    const taken: Delivery[] = [];
    const forgotten: string[] = [];
    const errors: string[] = [];
    let refusals = 0;
    let isOpen = false;
    const intake = {
      async take(delivery: Delivery): Promise<Outcome> {
        if (!isOpen && ++refusals > 0) throw new DeliveryError('not now', { retryable: true });
        taken.push(delivery);
        return { counts: NO_COUNTS, known: false };
      },
    };
    await spool.append('s', [append('one')]);
    const drain = new SpoolDrain({
      spool,
      intake,
      settingsOf: async () => undefined,
      forget: async (p) => void forgotten.push(p),
      onError: (_, m) => errors.push(m),
    });
    drain.begin();
    await expect.poll(() => refusals).toBeGreaterThan(1);
    // While the first one is not stored, so that all are of one file.
    await spool.append('s', [append('two', `${PLACE_PREFIX}${PLACE}`), append('named', 'http-key:s:abc')]);
    isOpen = true;
    await expect.poll(() => forgotten.length).toBe(1);
    expect(taken.map((d) => d.id).sort()).toEqual(['http-key:s:abc', `${forgotten[0]}0`, `${forgotten[0]}1`].sort());
    expect(new Set(errors)).toEqual(new Set(['not now']));
    expect(drain.troubles.size).toBe(0);
    await spool.append('s', [append('three')]);
    await expect.poll(() => taken.length).toBe(4);
    drain.stop();
    await spool.append('s', [append('four')]);
    await spool.close();
    expect(taken).toHaveLength(4);
    const later = await open();
    expect((await all(later)).map((r) => r.body)).toEqual(['four']);
    await later.close();
  });
});
