/** A request that comes again is known for days of the server's work, whatever becomes of the wall clock meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { FIREHOSE_PREFIX, IDENTITY_DAYS, KEY_PREFIX, MESSAGE_DAYS } from '../../src/store/metadata.ts';
import { lines, openPlace, type Place } from './helpers.ts';

const DAY = 86_400;
const RIGHT = 1_780_000_000;
const origin = { sourceName: 's', sourceCategory: 'remembered', sourceHost: 'h', collector: 'c' };

let directory: string;
let place: Place;
/** Seconds. */
let wall = RIGHT;
let steady = 50;
const open = async () => {
  place = await openPlace({ directory, now: () => wall, steady: () => steady });
};
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-remembered-'));
  await open();
});
afterAll(async () => {
  await place.close();
  await rm(directory, { recursive: true, force: true });
});

/** What the ledger said: stored now, or known. */
async function bring(id: string): Promise<'stored' | 'known'> {
  const bytes = Buffer.from(lines(3, id.length));
  const outcome = await place.pipeline.take({ id, source: 's', name: id, size: bytes.length, content: { bytes }, origin, settings: DEFAULT_RECORD_SETTINGS });
  return outcome.known ? 'known' : 'stored';
}
const stored = async () => Number((await place.rows(`SELECT count() FROM bartizan.vpc_flow WHERE source_category = 'remembered'`))[0]?.[0]);
const passes = (seconds: number) => {
  wall += seconds;
  steady += seconds;
};
const all = (name: string) => [`${FIREHOSE_PREFIX}s:${name}#0`, `${KEY_PREFIX}s:${name}`];
const bringAll = async (ids: readonly string[]) => {
  const said = [];
  for (const id of ids) said.push(await bring(id));
  return said;
};

it('knows requests after jumps of the clock in both directions, and after a start by a wrong clock', async () => {
  expect(await bringAll(all('first'))).toEqual(['stored', 'stored']);
  for (const days of [30, -60, 4000, -3]) {
    wall = RIGHT + days * DAY;
    passes(3600);
    await place.metadata.forgetOld();
    // What came under the clock before, and what comes under this one.
    expect(await bringAll([...all('first'), ...all(`jump ${days}`)])).toEqual(['known', 'known', 'stored', 'stored']);
  }
  wall = RIGHT;
  await place.metadata.forgetOld();
  // At a start by a wrong clock; the steady one begins anew.
  await place.close();
  wall = RIGHT + 300 * DAY;
  steady = 1;
  await open();
  await place.metadata.forgetOld();
  wall = RIGHT;
  await place.metadata.forgetOld();
  const names = ['first', 'jump 30', 'jump -60', 'jump 4000', 'jump -3'];
  expect(await bringAll(names.flatMap(all))).toEqual(names.flatMap(() => ['known', 'known']));
  expect(await stored()).toBe(names.length * 2 * 3);
});

it('forgets them when they are too old, and nothing that has no end', async () => {
  const before = await stored();
  const lasting = ['s3:bucket/key:etag', 'firehose', 'http-kez:1'];
  expect(await bringAll([...all('old'), ...lasting])).toEqual(['stored', 'stored', 'stored', 'stored', 'stored']);
  passes((IDENTITY_DAYS - 1) * DAY);
  await place.metadata.forgetOld();
  expect(await bringAll([...all('old'), ...all('young')])).toEqual(['known', 'known', 'stored', 'stored']);
  passes(DAY + 60);
  await place.metadata.forgetOld();
  expect(await bringAll([...all('old'), ...all('first'), ...all('young'), ...lasting])).toEqual([
    ...['stored', 'stored', 'stored', 'stored'],
    ...['known', 'known', 'known', 'known', 'known'],
  ]);
  expect(await stored()).toBe(before + 3 * (5 + 2 + 4));
});

it('forgets any number in steps, and leaves what is younger', async () => {
  const file = new Sqlite(join(directory, 'metadata.db'));
  const insert = file.prepare(
    `INSERT INTO delivery SELECT ?, name, size, head, done, done_to, layout, counts, first_seen, finished + ? FROM delivery WHERE id = ?`,
  );
  const [like] = all('young') as [string];
  file.transaction(() => {
    for (let i = 0; i < 5000; i++)
      for (const prefix of [FIREHOSE_PREFIX, KEY_PREFIX]) insert.run(`${prefix}many:${i}`, i < 4900 ? -2 * IDENTITY_DAYS * DAY : 0, like);
  })();
  await place.metadata.forgetOld();
  const left = file.prepare(`SELECT count(*) AS n FROM delivery WHERE id LIKE '%:many:%'`).get();
  expect(left).toEqual({ n: 200 });
  file.close();
});

it('forgets a message that is a record only after every queue has let go of it', async () => {
  expect(await bringAll(['sqs:old', 'sqs', 'sqt:1'])).toEqual(['stored', 'stored', 'stored']);
  passes((MESSAGE_DAYS - 1) * DAY);
  await place.metadata.forgetOld();
  expect(await bringAll(['sqs:old', 'sqs:young'])).toEqual(['known', 'stored']);
  passes(DAY + 60);
  await place.metadata.forgetOld();
  expect(await bringAll(['sqs:old', 'sqs:young', 'sqs', 'sqt:1'])).toEqual(['stored', 'known', 'known', 'known']);
  // Only what has a head is in the index that files are looked up in, and it serves.
  const file = new Sqlite(join(directory, 'metadata.db'));
  const plan = file.prepare(`EXPLAIN QUERY PLAN SELECT name FROM delivery WHERE head != '' AND head = ? AND id != ? LIMIT 5`).all('x', 'y');
  expect(JSON.stringify(plan)).toContain('INDEX delivery_head');
  file.close();
});
