/** A decoding thread that breaks at the worst moments: who brought a delivery hears of it, once. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DeliveryQueue } from '../../src/ingest/delivery-queue.ts';
import { WorkerPool } from '../../src/ingest/worker-pool.ts';
import type { ToWorker } from '../../src/ingest/worker-protocol.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { HEADER, lines, openPlace, type Place } from './helpers.ts';

let place: Place;
let pool: WorkerPool;
beforeEach(async () => {
  place = await openPlace();
  const staging = join(place.directory, 'staging');
  pool = new WorkerPool(1, { staging, batchRows: 1000, databases: {}, internalNetworks: [], untilDone: false });
});
afterEach(async () => {
  await pool.close();
  await place.close();
});

/** The thread reads it before whatever is sent to it afterwards, and ends by an error that nothing catches. */
const breaks = (): void => pool.send(0, { type: 'job' } as ToWorker);

/** A queue on one thread, which breaks while the ledger is asked about a delivery. */
function queueThatLoses(): DeliveryQueue {
  const { metadata } = place;
  let broken = false;
  const asked = {
    ...metadata,
    delivery: async (id: string) => {
      const known = await metadata.delivery(id);
      if (!broken) breaks();
      broken = true;
      return known;
    },
    open: metadata.open.bind(metadata),
    sameHead: metadata.sameHead.bind(metadata),
    repeated: metadata.repeated.bind(metadata),
  };
  const store = async (): Promise<never> => Promise.reject(new Error('nothing is stored here'));
  return new DeliveryQueue({ pool: () => pool, metadata: asked, ids: async () => [], store, layouts: undefined, clock: () => performance.now() });
}

const request = (path: string) => ({
  job: {
    content: { path },
    size: 1,
    origin: { sourceName: path, sourceCategory: '', sourceHost: '', collector: '' },
    settings: DEFAULT_RECORD_SETTINGS,
  },
  name: path,
});

it('answers for what the ledger knew: nothing of it was to be read', async () => {
  const path = await place.file('known.log', `${HEADER}\n${lines(30)}`);
  await place.pipeline.ingest([path]);
  const queue = queueThatLoses();
  expect(await queue.take(request(path))).toMatchObject({ known: true, stopped: false, counts: { records: 30, duplicates: 30 } });
  expect(queue.size).toBe(0);
  // The thread that takes its place goes on.
  expect(await queue.take(request(path))).toMatchObject({ known: true });
});

it('fails what was to be read, and what is brought again is read', async () => {
  const path = await place.file('new.log', `${HEADER}\n${lines(30)}`);
  const queue = queueThatLoses();
  await expect(queue.take(request(path))).rejects.toMatchObject({ name: 'DeliveryError', retryable: true });
  expect(queue.size).toBe(0);
  expect(await place.pipeline.ingest([path])).toMatchObject({ stored: 30, failures: [] });
});
