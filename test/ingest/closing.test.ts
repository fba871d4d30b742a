/** What is underway while a data directory is closed: nothing goes on in the store behind it, and nothing is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LayoutMemory } from '../../src/ingest/layout-memory.ts';
import { HEADER, lines, openPlace, type Place } from './helpers.ts';

let directory: string;
let place: Place;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-closing-'));
  place = await openPlace({ directory, batchRows: 100 });
});
afterEach(async () => {
  await place.close();
  await rm(directory, { recursive: true, force: true });
});

it('waits for the insert of a batch that a thread handed over meanwhile', async () => {
  const { store } = place;
  const insert = store.insertNative.bind(store);
  let running = 0;
  store.insertNative = async (block) => {
    running++;
    // Threads hand over more than they can be rid of.
    await delay(50);
    await insert(block).finally(() => running--);
  };
  const path = await place.file('many.log', `${HEADER}\n${lines(20_000)}`);
  void place.pipeline.ingest([path]);
  await expect.poll(() => running, { interval: 5 }).toBe(1);
  await place.pipeline.close();
  expect([running, place.pipeline.load.openBatches]).toEqual([0, 0]);

  await place.close();
  place = await openPlace({ directory });
  const { stored, duplicates } = await place.pipeline.ingest([path]);
  expect([stored + duplicates, duplicates > 0]).toEqual([20_000, true]);
  expect(await place.rows('SELECT count(), uniqExact(interface_id, srcport, bytes) FROM bartizan.vpc_flow')).toEqual([[20_000, 20_000]]);
});

it('learns no layout behind it', async () => {
  let retries = 0;
  const memory = await LayoutMemory.open({
    ...place,
    quarantine: () => ({
      retry: async (...asked) => {
        retries++;
        return place.quarantine.retry(...asked);
      },
    }),
    now: () => 1_700_000_000,
    onError: (error) => expect.fail(String(error)),
  });
  memory.learned('s1|', 'srcaddr dstaddr');
  await memory.close();
  expect([memory.of('s1'), retries]).toEqual([{ 's1|': 'srcaddr dstaddr' }, 1]);
  // Threads read on until the pipeline is closed, behind it.
  memory.learned('s2|', 'srcaddr dstaddr');
  await memory.close();
  expect([memory.of('s2'), retries]).toEqual([{}, 1]);
});
