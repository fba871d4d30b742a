/** What passes by itself makes storing wait and does not end it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HEADER, lines, openPlace, type Place } from './helpers.ts';

let directory: string;
let place: Place;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-passing-'));
  place = await openPlace({ directory, untilDone: true });
});
afterEach(async () => {
  await place.close();
  await rm(directory, { recursive: true, force: true });
});

const command = (text: string) => place.store.command({ text, params: {} });
const rows = async () => Number((await place.rows('SELECT count() FROM bartizan.vpc_flow'))[0]?.[0]);
const ingest = async (name: string, seed: number) => place.pipeline.ingest([await place.file(name, `${HEADER}\n${lines(40, seed)}`)]);
/** Until storing has trouble or has ended. */
async function held(): Promise<string> {
  while (place.pipeline.trouble === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  return place.pipeline.trouble;
}

it('waits while the engine has too many parts to take another', async () => {
  await command('SYSTEM STOP MERGES');
  for (let i = 0; i < 3; i++) await ingest(`${i}.log`, i);
  await command('ALTER TABLE bartizan.vpc_flow MODIFY SETTING parts_to_throw_insert = 2');
  const done = ingest('late.log', 9);
  expect(await held()).toMatch(/too many parts/i);
  expect(place.pipeline.failure).toBeUndefined();
  expect(await rows()).toBe(120);
  await command('ALTER TABLE bartizan.vpc_flow MODIFY SETTING parts_to_throw_insert = 3000');
  expect(await done).toMatchObject({ stored: 40, failures: [] });
  expect(await rows()).toBe(160);
  expect(place.pipeline.trouble).toBeUndefined();
});

it('ends where the engine refuses for good', async () => {
  await command('DETACH TABLE bartizan.vpc_flow');
  await expect(ingest('one.log', 1)).rejects.toThrow(/vpc_flow/);
  expect(place.pipeline.failure).toBeDefined();
});
