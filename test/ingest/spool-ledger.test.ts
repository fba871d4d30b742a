/** What the ledger keeps of the spool: as long as a file can bring it again, and no longer. */
import { readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PLACE, PLACE_PREFIX, Spool } from '../../src/ingest/spool.ts';
import type { Origin } from '../../src/model/batch.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { HEADER, lines, openCollection, openPlace, type Place } from './helpers.ts';

const ORIGIN: Origin = { sourceName: 'n', sourceCategory: 'c', sourceHost: '', collector: '' };
const BODY = Buffer.from(`${HEADER}\n${lines(20)}`);

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

const take = (id: string, body: Buffer) =>
  place.pipeline.take({ id, source: 's', name: id, size: body.length, content: { bytes: body }, origin: ORIGIN, settings: DEFAULT_RECORD_SETTINGS });
const known = async (id: string) => (await place.metadata.delivery(id)) !== undefined;

it('forgets what no file can bring again when it starts, and nothing else', async () => {
  const folder = join(place.directory, 'spool');
  const spool = await Spool.open({ folder, maxBytes: 2 ** 24, minFreeBytes: 0, clock: Date.now });
  await spool.append('s', [{ header: { id: `${PLACE_PREFIX}${PLACE}`, name: 'x', origin: ORIGIN, received: 1 }, body: BODY }]);
  await spool.close();
  const [file = ''] = await readdir(join(folder, 's'));
  const name = file.replace('.spool', '');
  // It was stored before a crash kept its file.
  await take(`spool:${name}:0`, BODY);
  await take('spool:gone-1:0', Buffer.from(`${HEADER}\n${lines(3, 1)}`));
  await take(`spool:${name}x:12`, Buffer.from(`${HEADER}\n${lines(4, 2)}`));
  await place.metadata.open({ id: 'spool:gone-2:7', name: 'half', size: 1, head: '' });
  for (const id of ['http-key:spool:gone-1:0', 'spooled', 'sha']) await place.metadata.open({ id, name: 'other', size: 1, head: '' });

  const collection = await openCollection(place);
  try {
    for (const id of ['spool:gone-1:0', 'spool:gone-2:7', `spool:${name}x:12`]) expect([id, await known(id)]).toEqual([id, false]);
    for (const id of ['http-key:spool:gone-1:0', 'spooled', 'sha']) expect([id, await known(id)]).toEqual([id, true]);
    // The one whose file was there is known, so that it is not stored twice; it goes with its file.
    await expect.poll(() => collection.spool.bytes).toBe(0);
    await expect.poll(() => known(`spool:${name}:0`)).toBe(false);
    expect(await place.rows('SELECT count() FROM bartizan.vpc_flow')).toEqual([[27]]);
  } finally {
    await collection.close();
  }
});

it('knows what was stored of a file that the disk does not give, until it is read again', async () => {
  const folder = join(place.directory, 'spool');
  const spool = await Spool.open({ folder, maxBytes: 2 ** 24, minFreeBytes: 0, clock: Date.now });
  await spool.append('s', [{ header: { id: `${PLACE_PREFIX}${PLACE}`, name: 'x', origin: ORIGIN, received: 1 }, body: BODY }]);
  await spool.close();
  const [file = ''] = await readdir(join(folder, 's'));
  const [path, id] = [join(folder, 's', file), `spool:${file.replace('.spool', '')}:0`];
  await take(id, BODY);
  await rename(path, join(place.directory, 'aside'));
  await symlink(path, path);
  const without = await openCollection(place);
  expect([without.spool.damaged.pieces, await known(id)]).toEqual([1, true]);
  await without.close();
  await rm(path.replace('.spool', '.unreadable'));
  await rename(join(place.directory, 'aside'), path);
  const mended = await openCollection(place);
  try {
    await expect.poll(() => known(id)).toBe(false);
    expect(mended.spool).toMatchObject({ bytes: 0, damaged: { pieces: 0 } });
    expect(await place.rows('SELECT count() FROM bartizan.vpc_flow')).toEqual([[20]]);
  } finally {
    await mended.close();
  }
});
