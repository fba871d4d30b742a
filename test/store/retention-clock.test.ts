/** A wall clock that goes wrong drops nothing; one that was right all along is followed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import { applyRetention } from '../../src/store/retention.ts';
import { RetentionClock } from '../../src/store/retention-clock.ts';
import { openNew } from './new-store.ts';

const HOUR = 3600;
const DAY = 86_400;
const NOON = Math.floor(Date.UTC(2026, 10, 20, 12) / 1000);

let folder: string;
let metadata: Metadata;
let wall: number;
let tick: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-clock-'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => wall);
  wall = NOON;
  tick = 0;
});
afterEach(async () => {
  await metadata.close();
  await rm(folder, { recursive: true, force: true });
});

/** A process that begins: its steady clock says something else. */
const start = (trust = false) => {
  tick = Math.floor(tick / 2);
  return new RetentionClock({ metadata, now: () => wall, steady: () => tick, trust });
};
/** A look some seconds later by both clocks. */
const later = (clock: RetentionClock, seconds: number) => {
  wall += seconds;
  tick += seconds;
  return clock.look();
};

it('follows a clock that goes on, with little corrections, and over a night without a process', async () => {
  const clock = start();
  expect(await clock.look()).toBe(NOON);
  for (let i = 0; i < 60; i++) expect(await later(clock, HOUR)).toBe(wall);
  wall += 300;
  expect(await later(clock, HOUR)).toBe(wall);
  wall -= 900;
  expect(await later(clock, HOUR)).toBe(wall);
  wall += 15 * HOUR;
  const next = start();
  expect([await next.look(), next.held]).toEqual([wall, undefined]);
  // A machine that was asleep: the steady clock may stand still.
  wall += 23 * HOUR;
  expect([await next.look(), next.held]).toEqual([wall, undefined]);
});

it('goes on by the time before while the clock is 40 days ahead, also over a start, and follows it again when it is set right', async () => {
  const clock = start();
  await clock.look();
  wall += 40 * DAY;
  expect(await later(clock, HOUR)).toBe(NOON + HOUR);
  expect(clock.held).toBeGreaterThan(39 * DAY);
  expect(await later(clock, HOUR)).toBe(NOON + 2 * HOUR);
  const next = start();
  expect([await next.look(), next.held !== undefined]).toEqual([NOON + 2 * HOUR, true]);
  wall -= 40 * DAY;
  expect([await later(next, HOUR), next.held]).toEqual([NOON + 3 * HOUR, undefined]);
});

it('believes a clock that says the same for a day, and not one that jumps again meanwhile', async () => {
  const clock = start();
  await clock.look();
  wall += 40 * DAY;
  for (let hour = 1; hour <= 20; hour++) expect(await later(clock, HOUR)).toBe(NOON + hour * HOUR);
  wall += 40 * DAY;
  for (let hour = 21; hour <= 44; hour++) expect(await later(clock, HOUR)).toBe(NOON + hour * HOUR);
  expect(clock.held).toBeDefined();
  expect([await later(clock, HOUR), clock.held]).toEqual([wall, undefined]);
  expect(wall).toBe(NOON + 80 * DAY + 45 * HOUR);
});

it('believes what two commands say that are a day apart, and the setting at once', async () => {
  await start().look();
  wall += 100 * DAY;
  expect(await start().look()).toBe(NOON);
  wall += HOUR;
  expect(await start().look()).toBe(NOON);
  wall += DAY;
  expect(await start().look()).toBe(wall);
  const before = wall;
  wall += 100 * DAY;
  expect(await start().look()).toBe(before);
  expect(await start(true).look()).toBe(wall);
  expect(await start().look()).toBe(wall);
});

it('begins by the newest delivery of the ledger, and keeps flows and counts that a jump would drop', async () => {
  const store = await openNew(join(folder, 'store'));
  try {
    const kept = async () => [
      Number((await store.rows({ text: 'SELECT count() FROM bartizan.vpc_flow', params: {} })).rows[0]?.[0]),
      (await metadata.repeats(0, wall)).get('s')?.records ?? 0,
    ];
    await store.command({ text: `INSERT INTO bartizan.vpc_flow (start) SELECT toDateTime(${NOON}, 'UTC') - number * ${DAY} FROM numbers(10)`, params: {} });
    await metadata.repeated('s', 7);
    await metadata.open({ id: 'one', name: 'one', size: 1, head: '' });
    wall += 500 * DAY;
    const retain = async (clock: RetentionClock) => {
      const time = await clock.look();
      await applyRetention(store, { flows: 5, events: 5, raw: 0 }, time);
      await metadata.forgetRepeated(time);
    };
    await retain(start());
    expect(await kept()).toEqual([6, 7]);
    await metadata.close();
    metadata = await openMetadata(join(folder, 'metadata.db'), () => wall);
    expect(await kept()).toEqual([6, 7]);
    await retain(start(true));
    expect(await kept()).toEqual([0, 0]);
  } finally {
    await store.close();
  }
});
