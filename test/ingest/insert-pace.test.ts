/** Small deliveries: one that is alone waits for nothing, those that come together share inserts. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Delivery } from '../../src/collect/delivery.ts';
import { InsertPace } from '../../src/ingest/insert-pace.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { lines, openPlace, type Place } from './helpers.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

const delivery = (n: number): Delivery => {
  const bytes = new TextEncoder().encode(lines(3, n));
  const origin = { sourceName: `${n}`, sourceCategory: '', sourceHost: '', collector: '' };
  return { id: `test:${n}`, source: 'a', name: `${n}`, size: bytes.length, content: { bytes }, origin, settings: DEFAULT_RECORD_SETTINGS };
};
const stored = async () => Number((await place.rows('SELECT count() FROM bartizan.vpc_flow'))[0]?.[0]);

it('stores deliveries that come one by one at once, however many they are', async () => {
  for (let n = 0; n < 40; n++) {
    const { counts } = await place.pipeline.take(delivery(n));
    expect(counts.stored).toBe(3);
    if (n % 10 === 0) expect(await stored()).toBe(3 * (n + 1));
  }
  // A known one stores nothing, and holds nobody up.
  expect(await place.pipeline.take(delivery(0))).toMatchObject({ known: true });
  expect((await place.pipeline.take(delivery(40))).counts.stored).toBe(3);
  expect(place.pipeline.load).toMatchObject({ batches: 41, gathered: 0, deliveries: 0 });
  expect(await stored()).toBe(123);
});

it('lets those that come together share batches', async () => {
  const outcomes = await Promise.all(Array.from({ length: 300 }, (_, n) => place.pipeline.take(delivery(n))));
  expect(outcomes.every(({ counts, known }) => counts.stored === 3 && !known)).toBe(true);
  // Each second two threads hand over what they have, however slow the machine is.
  expect(place.pipeline.load.batches).toBeLessThan(150);
  expect(await stored()).toBe(900);
});

it('lets some inserts follow at once, then makes all wait but one that is alone, and asks again', async () => {
  let now = 0;
  let again: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    again = resolve;
  });
  const pace = new InsertPace(
    () => now,
    () => again(),
  );
  expect(Array.from({ length: 22 }, () => pace.allows(false))).toEqual([...Array.from({ length: 20 }, () => true), false, false]);
  expect(pace.waits).toBe(1);
  expect(pace.allows(true)).toBe(true);
  await asked;
  now += 200;
  expect([pace.allows(false), pace.allows(false)]).toEqual([true, false]);
  now += 60_000;
  expect(Array.from({ length: 21 }, () => pace.allows(false)).filter(Boolean)).toHaveLength(20);
  // Nothing asks after the test.
  await new Promise<void>((resolve) => {
    again = resolve;
  });
});
