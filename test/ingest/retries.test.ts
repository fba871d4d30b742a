/** Retries of quarantined records that come together, or meet what a crash left: each record is stored once, and storing goes on. */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { HEADER, lines, openPlace, type Place } from './helpers.ts';

const LAYOUT = 'dstaddr srcaddr action start end';
const swapped = (i: number) => `10.0.0.${i} 198.51.100.7 ACCEPT 1700000100 1700000160`;

let directory: string;
let place: Place;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-retries-'));
  place = await openPlace({ directory });
});
afterEach(async () => {
  await place.close();
  await rm(directory, { recursive: true, force: true });
});

/** Files of one record each that only `LAYOUT` reads, beside one that nothing does; the ids of the readable ones. */
async function refuse(count: number): Promise<string[]> {
  for (let i = 1; i <= count; i++) await place.file(`odd-${i}.log`, `${swapped(i)}\n`);
  await place.file('noise.log', 'nothing that anybody can read\n');
  await place.pipeline.ingest([join(directory, 'logs')]);
  const { records } = await place.quarantine.list();
  expect(records.length).toBe(count + 1);
  return records
    .filter((r) => r.raw !== 'nothing that anybody can read')
    .sort((a, b) => a.raw.localeCompare(b.raw))
    .map((r) => r.id);
}

const copies = () => place.rows('SELECT toString(dstaddr), count() FROM bartizan.vpc_flow GROUP BY dstaddr ORDER BY dstaddr');
const once = (count: number) => Array.from({ length: count }, (_, i) => [`::ffff:10.0.0.${i + 1}`, 1]);

it('stores once what is retried twice at the same time, and goes on storing', async () => {
  const ids = await refuse(3);
  const results = await Promise.all([place.quarantine.retry(ids, LAYOUT), place.quarantine.retry(ids, LAYOUT)]);
  expect(results.map(({ retried, resolved }) => [retried, resolved])).toEqual([
    [3, 3],
    [0, 0],
  ]);
  expect(await copies()).toEqual(once(3));
  expect((await place.quarantine.list()).total).toBe(1);
  expect(await place.pipeline.ingest([await place.file('after.log', `${HEADER}\n${lines(5)}`)])).toMatchObject({ stored: 5, failures: [] });
  // Nor does anything keep the next start.
  await place.close();
  place = await openPlace({ directory });
  expect(await place.metadata.openManifests()).toEqual([]);
});

it('stores once what two retries at the same time have in common', async () => {
  const ids = await refuse(4);
  const results = await Promise.all([
    place.quarantine.retry(ids.slice(0, 3), LAYOUT),
    place.quarantine.retry(ids.slice(1, 2), LAYOUT),
    place.quarantine.retry(ids, LAYOUT),
  ]);
  expect(results.map(({ resolved }) => resolved)).toEqual([3, 0, 1]);
  expect(await copies()).toEqual(once(4));
});

it('goes on with the next retry after one that failed', async () => {
  const ids = await refuse(1);
  const [failed, next] = await Promise.allSettled([place.quarantine.retry(ids, 'no-such-field'), place.quarantine.retry(ids, LAYOUT)]);
  expect(failed?.status).toBe('rejected');
  expect(next).toMatchObject({ status: 'fulfilled', value: { resolved: 1 } });
  expect(readdirSync(join(directory, 'staging'))).toEqual([]);
});

it('waits for a retry that a crash cut off, and stores nothing of it again', async () => {
  const ids = await refuse(2);
  // Until the next start there is no such table: the rows are stored, the marks of the records are not.
  await place.store.command({ text: 'DETACH TABLE bartizan.ingest_counter', params: {} });
  await expect(place.quarantine.retry(ids, LAYOUT)).rejects.toThrow(/ingest_counter/);
  expect((await place.metadata.openManifests()).length).toBe(1);
  await place.close();
  // A server repairs while others ask for it already.
  place = await openPlace({ directory, untilDone: true });
  expect(await place.quarantine.retry(ids, LAYOUT)).toMatchObject({ retried: 0 });
  expect(await copies()).toEqual(once(2));
  expect(place.pipeline.failure).toBeUndefined();
});

/** A delivery that is refused as a whole: one record of several lines. */
function deliver(name: string, text: string) {
  const bytes = new TextEncoder().encode(text);
  const origin = { sourceName: name, sourceCategory: '', sourceHost: '', collector: '' };
  const refused = { code: 'invalid-base64', message: 'The record’s data is not valid base64.' } as const;
  const common = { id: `test:${name}`, source: '', name, size: bytes.length, content: { bytes }, origin };
  return place.pipeline.take({ ...common, settings: DEFAULT_RECORD_SETTINGS, refused });
}

it('stores all of a record of many lines, and of what stands beside it', async () => {
  await deliver('many', Array.from({ length: 250 }, (_, i) => `${swapped(i + 1)}\n`).join(''));
  await deliver('beside', `${swapped(251)}\n${swapped(252)}\n`);
  expect(await place.quarantine.retry(undefined, LAYOUT)).toEqual({ retried: 2, resolved: 2, filtered: 0, quarantined: 0 });
  expect(await place.rows('SELECT count(), uniqExact(dstaddr) FROM bartizan.vpc_flow')).toEqual([[252, 252]]);
  expect((await place.quarantine.list()).total).toBe(0);
});

it('stores nothing of a record of several lines while one of them cannot be read', async () => {
  const [one, two] = [`${swapped(1)}\n${swapped(2)}\n`, `${swapped(3)}\nno line of this layout\n`];
  await deliver('half', two);
  await deliver('whole', one);
  expect(await place.quarantine.retry(undefined, LAYOUT)).toEqual({ retried: 2, resolved: 1, filtered: 0, quarantined: 1 });
  expect(await copies()).toEqual(once(2));
  await deliver('later', `${swapped(4)}\n`);
  expect(await place.quarantine.retry(undefined, LAYOUT)).toEqual({ retried: 2, resolved: 1, filtered: 0, quarantined: 1 });
  expect(await copies()).toEqual([...once(2), ['::ffff:10.0.0.4', 1]]);
  expect((await place.quarantine.list()).records.map((r) => r.raw)).toEqual([two]);
});
