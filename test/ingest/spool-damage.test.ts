/** What a disk does to the spool: nothing readable is lost, what is not readable is set aside, counted and told, and folders outlast a loss of power. */
import { readdirSync, readlinkSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PLACE, PLACE_PREFIX, type Spool } from '../../src/ingest/spool.ts';
import { SpoolDrain } from '../../src/ingest/spool-drain.ts';
import type { Entry } from '../../src/ingest/spool-file.ts';
import { append, disk, ids, intakeOf, ORIGIN, spoolPlace } from './spool-place.ts';

const spools = spoolPlace();
const { open, names, told } = spools;

async function all(spool: Spool): Promise<Entry[]> {
  const found = [];
  for (let entry = await spool.next('s'); entry; entry = await spool.next('s')) found.push(entry);
  return found;
}

const spoolFile = async () => join(spools.folder, 's', (await names()).find((name) => name.endsWith('.spool')) as string);

/** Six entries of a file, and where each frame of it begins and ends. */
async function six(
  body = (n: number): string | Uint8Array => `body ${n} ${'x'.repeat(40 * n)}`,
): Promise<{ spool: Spool; frames: { from: number; to: number }[] }> {
  const spool = await open();
  const frames = [];
  for (let n = 0, from = 0; n < 6; n++) {
    await append(spool, body(n), `id${n}`);
    const to = spool.status().bytes;
    frames.push({ from, to });
    from = to;
  }
  return { spool, frames };
}

async function change(path: string, how: (bytes: Buffer) => void): Promise<Buffer> {
  const bytes = await readFile(path);
  how(bytes);
  await writeFile(path, bytes, { flag: 'r+' });
  return bytes;
}

const KINDS: readonly [string, (bytes: Buffer, from: number, to: number) => void][] = [
  ['body', (bytes, _, to) => bytes.writeUInt8(bytes.readUInt8(to - 1) ^ 1, to - 1)],
  ['header', (bytes, from) => bytes.fill('}', from + 16, from + 20)],
  ['magic', (bytes, from) => bytes.fill(0, from, from + 4)],
  ['lengths', (bytes, from) => bytes.fill(0xff, from + 4, from + 12)],
  ['length that says too little', (bytes, from) => bytes.writeUInt32LE(bytes.readUInt32LE(from + 8) - 1, from + 8)],
  ['whole frame', (bytes, from, to) => bytes.fill(0, from, to)],
];

describe('a damaged frame', () => {
  // A crash may leave these at the end of a file, too: they were never acknowledged.
  for (const [kind, damage] of KINDS)
    for (const place of [0, 2, 5])
      for (const when of ['found after a restart', 'found while it runs'] as const)
        if (!(place === 5 && when === 'found after a restart' && /^(lengths|whole frame)$/.test(kind)))
          it(`${when}, ${kind} of frame ${place}: set aside, counted and told, and the others are read`, async () => {
            const { spool: first, frames } = await six();
            if (when === 'found after a restart') await first.close();
            const { from, to } = frames[place] as { from: number; to: number };
            const path = await spoolFile();
            const bytes = await change(path, (b) => damage(b, from, to));
            const spool = when === 'found after a restart' ? await open() : first;
            const read = await all(spool);
            expect(ids(read)).toEqual([0, 1, 2, 3, 4, 5].filter((n) => n !== place).map((n) => `id${n}`));
            expect(spool.status().damaged).toEqual({ pieces: 1, bytes: to - from });
            expect(told).toEqual([expect.stringMatching(new RegExp(`^s: .*${to - from} bytes.*\\.damaged`))]);
            const kept = (await names()).filter((name) => name.endsWith('.damaged'));
            expect(kept).toHaveLength(1);
            expect((await readFile(join(spools.folder, 's', kept[0] as string))).equals(bytes.subarray(from, to))).toBe(true);
            // A good write ends troubles of writing, and not this.
            await append(spool, 'later', 'later');
            expect(spool.status().damaged.pieces).toBe(1);
            const later = await all(spool);
            expect(ids(later)).toEqual(['later']);
            for (const entry of [...read, ...later]) spool.settled('s', entry);
            expect(await names()).toEqual(kept);
            expect(spool.status().bytes).toBe(0);
            await spool.close();
            const again = await open();
            expect(again.status().damaged).toEqual({ pieces: 1, bytes: to - from });
            expect(await all(again)).toEqual([]);
            await again.close();
          });

  it('is counted once, however often its file is read again', async () => {
    const { spool, frames } = await six();
    await spool.close();
    for (const place of [1, 3]) await change(await spoolFile(), (b) => b.fill(0, (frames[place]?.to as number) - 3, frames[place]?.to));
    for (let i = 0; i < 3; i++) {
      const again = await open();
      expect(ids(await all(again))).toEqual(['id0', 'id2', 'id4', 'id5']);
      expect(again.status().damaged.pieces).toBe(2);
      await again.close();
    }
    expect(told).toHaveLength(2);
  });

  it('next to another one, and one that is last, hold nothing up', async () => {
    const { spool, frames } = await six();
    await change(await spoolFile(), (b) => {
      for (const place of [1, 2, 5]) b.fill('#', (frames[place]?.to as number) - 2, frames[place]?.to);
    });
    // All that is whole was stored before the last one is come to.
    for (let entry = await spool.next('s'); entry; entry = await spool.next('s')) spool.settled('s', entry);
    expect(spool.status()).toMatchObject({ bytes: 0, damaged: { pieces: 2 } });
    expect((await names()).every((name) => name.endsWith('.damaged'))).toBe(true);
    await spool.close();
  });

  it('is not searched without end, whatever a sender put into it', async () => {
    // A million beginnings of frames, each of which claims all that follows.
    const head = Buffer.alloc(16);
    head.write('BZS1');
    head.writeUInt32LE(2, 4);
    head.writeUInt32LE(2_000_000, 8);
    const bait = Buffer.concat(Array.from({ length: 250_000 }, () => head));
    const { spool, frames } = await six((n) => (n === 1 ? bait : `body ${n}`));
    await change(await spoolFile(), (b) => b.fill(0, frames[1]?.from, (frames[1]?.from as number) + 4));
    const read = ids(await all(spool));
    expect(read[0]).toBe('id0');
    expect(told).toHaveLength(1);
    // What was not searched is set aside with it.
    const bytes = (frames[1]?.to as number) - (frames[1]?.from as number);
    expect(spool.status().damaged.bytes).toBeGreaterThanOrEqual(bytes);
    await spool.close();
  });

  it('whose lengths are whole hides no frame that its sender wrote into it', async () => {
    const inner = await six();
    const forged = await readFile(await spoolFile());
    await inner.spool.close();
    await rm(spools.folder, { recursive: true });
    const { spool, frames } = await six((n) => (n === 3 || n === 4 ? forged : `body ${n}`));
    await change(await spoolFile(), (b) => {
      for (const place of [3, 4]) b.fill('#', (frames[place]?.from as number) + 20, (frames[place]?.from as number) + 22);
    });
    expect(ids(await all(spool))).toEqual(['id0', 'id1', 'id2', 'id5']);
    await spool.close();
  });

  it('costs the drain nothing but itself', async () => {
    const { spool: first, frames } = await six();
    await first.close();
    await change(await spoolFile(), (b) => b.fill(0, frames[2]?.from, (frames[2]?.from as number) + 30));
    const spool = await open();
    const taken: string[] = [];
    const drain = new SpoolDrain({
      spool,
      intake: intakeOf(taken),
      settingsOf: async () => undefined,
      forget: async () => undefined,
      onError: (_, m) => told.push(m),
    });
    drain.begin();
    await expect.poll(() => spool.status().bytes).toBe(0);
    expect(taken.sort()).toEqual(['id0', 'id1', 'id3', 'id4', 'id5']);
    expect(drain.troubles.size).toBe(0);
    expect(told).toHaveLength(1);
    drain.stop();
    await spool.close();
  });
});

it('counts nothing where a crash cut a frame off, or left room that was never written', async () => {
  for (const end of [
    (b: Buffer) => b.subarray(0, b.length - 3),
    (b: Buffer) => Buffer.concat([b, Buffer.from('BZS1').subarray(0, 3)]),
    (b: Buffer) => Buffer.concat([b, Buffer.alloc(5000)]),
  ]) {
    const { spool } = await six();
    await spool.close();
    const path = await spoolFile();
    await writeFile(path, end(await readFile(path)));
    const again = await open();
    expect((await all(again)).length).toBeGreaterThanOrEqual(5);
    expect(again.status().damaged).toEqual({ pieces: 0, bytes: 0 });
    expect(told).toEqual([]);
    await again.close();
    await rm(spools.folder, { recursive: true });
  }
});

it('syncs every folder on the way to a new file before it acknowledges', async () => {
  const synced: string[] = [];
  const note = (call: string, path: string): undefined => {
    if (call === 'sync') synced.push(path);
  };
  await disk(note, async () => {
    for (let i = 0; i < 2; i++) {
      synced.length = 0;
      const spool = await open();
      await append(spool, 'first', `first ${i}`);
      const parent = join(spools.folder, '..');
      expect(synced).toEqual(expect.arrayContaining([parent, spools.folder, join(spools.folder, 's')]));
      for (const entry of await all(spool)) spool.settled('s', entry);
      // Its folder goes with it, and is made anew by the next start.
      await spool.close();
      expect(await readdir(spools.folder)).toEqual([]);
    }
  });
});

it('keeps no file open, and none behind, where a folder cannot be synced, and takes again when it can', async () => {
  const spool = await open();
  await append(spool, 'before', 'id0');
  for (const entry of await all(spool)) spool.settled('s', entry);
  const opened = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(spools.folder);
      } catch {
        return false;
      }
    });
  await disk(
    (call, path) => (call === 'sync' && path === join(spools.folder, 's') ? 'EIO' : undefined),
    async () => {
      for (let i = 0; i < 5; i++) await expect(append(spool, 'refused', `r${i}`)).rejects.toMatchObject({ code: 'spool-failed' });
    },
  );
  expect(await names()).toEqual([]);
  expect(opened()).toEqual([]);
  await append(spool, 'after', 'id1');
  expect(ids(await all(spool))).toEqual(['id1']);
  await spool.close();
});

describe('what was refused because it could not be synced', () => {
  const refuse = async (spool: Spool, fails: readonly string[]) =>
    disk(
      (call, path) => (fails.includes(call) && path.endsWith('.spool') ? 'EIO' : undefined),
      async () => {
        const together = await Promise.allSettled(['r1', 'r2', 'r3'].map((id) => append(spool, `refused ${id}`, id)));
        expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      },
    );

  for (const fails of [['datasync'], ['datasync', 'truncate']])
    it(`is not there after a restart, and what stands before it is: ${fails.join(', ')}`, async () => {
      const { spool } = await six();
      await refuse(spool, fails);
      // The sender has it still, and sends it again: to another file.
      await append(spool, 'refused r1', 'r1');
      await spool.close();
      const again = await open();
      const found = await all(again);
      expect(ids(found)).toEqual(['id0', 'id1', 'id2', 'id3', 'id4', 'id5', 'r1']);
      for (const entry of found) again.settled('s', entry);
      expect(await names()).toEqual([]);
      expect([again.status().bytes, again.status().damaged.pieces, told]).toEqual([0, 0, []]);
      await again.close();
    });

  it('leaves nothing where the file held nothing else', async () => {
    const spool = await open();
    await refuse(spool, ['datasync', 'truncate']);
    await spool.close();
    const again = await open();
    expect([await all(again), again.status().bytes]).toEqual([[], 0]);
    await again.close();
  });
});

it('refuses what is beside a body and too long to be read again, that request alone, and takes what is as long as it may be', async () => {
  const spool = await open();
  const request = (id: string, name: string) => spool.append('s', [{ header: { id, name, origin: ORIGIN, received: 1 }, body: Buffer.from(id) }]);
  const [before, large, after, most] = await Promise.allSettled([
    request('a', 'x'),
    request('b', 'ü"'.repeat(20_000)),
    request('c', 'x'),
    request('d', 'x'.repeat(48_000)),
  ]);
  expect([before, after, most].map((one) => one?.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  expect(large).toMatchObject({ status: 'rejected', reason: { code: 'spool-failed', message: expect.stringContaining('49152 bytes') } });
  await spool.close();
  const again = await open();
  expect(ids(await all(again)).sort()).toEqual(['a', 'c', 'd']);
  expect([again.status().damaged.pieces, told]).toEqual([0, []]);
  await again.close();
});

it('reads small bodies that share an entry again, with the longest names there may be', async () => {
  const spool = await open();
  const origin = { ...ORIGIN, sourceName: '\u0001'.repeat(7900) };
  const header = { id: `${PLACE_PREFIX}${PLACE}`, name: 'x', origin, received: 1 };
  await spool.append(
    's',
    Array.from({ length: 5000 }, () => ({ header, body: Buffer.alloc(100, 'x') })),
  );
  const entries = await all(spool);
  expect(entries.map(({ header }) => header.parts?.length)).toEqual([2000, 2000, 1000]);
  expect(told).toEqual([]);
  await spool.close();
});
