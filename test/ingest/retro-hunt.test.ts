/** What indicators that became known later find in stored flows, against sums that are worked out flow by flow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AddressBackfill } from '../../src/ingest/address-backfill.ts';
import { RetroHunts, type RetroHuntsOptions } from '../../src/ingest/retro-hunts.ts';
import { param, sql, statement } from '../../src/query/sql.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import { retroNumber } from '../../src/store/retro-tables.ts';
import type { Store } from '../../src/store/store.ts';
import { openNew } from '../store/new-store.ts';
import { DAY, expectedOf, type Flow, foundIn, GRACE, MIDNIGHT, picker, putFlows, putIndicators, type TestIndicator } from './retro.ts';

/** The hunts happen long after everything was stored. */
const NOW = MIDNIGHT + 100 * DAY;
let directory: string;
let store: Store;
let metadata: Metadata;
let opened: RetroHunts[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-retro-'));
  store = await openNew(join(directory, 'store'));
  metadata = await openMetadata(join(directory, 'metadata.db'), () => NOW);
  opened = [];
});
afterEach(async () => {
  for (const hunts of opened) await hunts.close();
  await store.close();
  await metadata.close();
  await rm(directory, { recursive: true, force: true });
});

const rows = async (text: string) => (await store.rows({ text, params: {} })).rows;

async function hunts(options: Partial<RetroHuntsOptions> = {}): Promise<RetroHunts> {
  let ticks = 0;
  const backfill = await AddressBackfill.open({ store, metadata, now: () => NOW + ticks++ });
  const made = await RetroHunts.open({
    store,
    metadata,
    backfill,
    internalNetworks: [],
    allowed: async () => [],
    repairing: () => 0,
    now: () => NOW,
    ...options,
  });
  opened.push(made);
  return made;
}

/** The metadata, in which something is done while what hunts do after their start is put on record for the `times`th time. */
function asSaved(times: number, work: () => unknown): RetroHuntsOptions['metadata'] {
  let saved = 0;
  return {
    setting: (name) => metadata.setting(name),
    async saveSetting(name, value) {
      if (opened.at(-1)?.status.state === 'running' && ++saved === times) void work();
      await metadata.saveSetting(name, value);
    },
  };
}

/** Hunts once for all of the feed `test`. */
async function huntAll(options: Partial<RetroHuntsOptions> = {}, known = 0): Promise<RetroHunts> {
  const made = await hunts(options);
  await made.add({ feed: 'test', fresh: 0, known });
  made.start();
  await made.settled();
  expect(made.status).toMatchObject({ state: 'idle', waiting: 0, last: { state: 'done' } });
  return made;
}

const BLANK: Flow = {
  dataset: 'vpc_flow',
  source: '198.51.100.7',
  destination: '10.0.0.1',
  direction: 'inbound',
  refused: false,
  bytes: 100,
  start: MIDNIGHT + 3600,
  received: MIDNIGHT + 4000,
};
const flow = (given: Partial<Flow> = {}): Flow => ({ ...BLANK, ...given });
const indicator = (given: Partial<TestIndicator> = {}): TestIndicator => ({
  number: '42',
  value: '198.51.100.7',
  confidence: 90,
  validFrom: 0,
  validUntil: 0,
  imported: NOW - DAY,
  ...given,
});

describe('a hunt finds', () => {
  it('exact addresses of both families, at either end, and nothing beside them', async () => {
    await putFlows(store, [
      flow(),
      flow({ source: '10.0.0.1', destination: '198.51.100.7', direction: 'outbound', refused: true, bytes: 7, start: MIDNIGHT + 10 }),
      flow({ source: '198.51.100.8' }),
      flow({ source: '2001:db8::7', destination: '2001:db8::1', direction: 'external', bytes: 5 }),
      flow({ source: '2001:db8::70', destination: 'fd00::1' }),
    ]);
    await putIndicators(store, [indicator(), indicator({ number: '18446744073709551615', value: '2001:db8::7', confidence: 10 })]);
    const { status } = await huntAll();
    const day = MIDNIGHT / DAY;
    expect(await foundIn(store)).toEqual([
      `18446744073709551615 2001:db8::7 ${day} vpc_flow 10 1 0 5 ${MIDNIGHT + 3600} ${MIDNIGHT + 3600}`,
      `42 198.51.100.7 ${day} vpc_flow 90 1 1 107 ${MIDNIGHT + 10} ${MIDNIGHT + 3600}`,
    ]);
    expect(status.last).toMatchObject({ feed: 'test', indicators: 2, indicatorsTotal: 2, found: 2, daysRead: 0 });
  });

  it('addresses in blocks of any length, with the borders of the blocks', async () => {
    await putFlows(
      store,
      [
        '203.0.112.255',
        '203.0.113.0',
        '203.0.113.255',
        '203.0.114.0',
        '2001:db8:0:ffff::1',
        '2001:db8:1::',
        '2001:db8:1:ffff:ffff:ffff:ffff:ffff',
        '2001:db8:2::',
      ].map((source) => flow({ source })),
    );
    await putIndicators(store, [
      indicator({ number: '1', value: '203.0.113.0/24' }),
      indicator({ number: '2', value: '2001:db8:1::/48' }),
      indicator({ number: '3', value: '203.0.113.255' }),
      indicator({ number: '4', value: '192.0.2.0/25' }),
    ]);
    await huntAll();
    expect((await foundIn(store)).map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual([
      '1 203.0.113.0',
      '1 203.0.113.255',
      '2 2001:db8:1::',
      '2 2001:db8:1:ffff:ffff:ffff:ffff:ffff',
      '3 203.0.113.255',
    ]);
  });

  it('only what lies in the validity: its first second is in it, its last is not; days are cut where it cuts them', async () => {
    const [from, until] = [MIDNIGHT + 1000, MIDNIGHT + DAY + 500];
    const starts = [from - 1, from, MIDNIGHT + DAY - 1, MIDNIGHT + DAY, until - 1, until];
    await putFlows(
      store,
      starts.map((start, i) => flow({ start, received: start + 60, bytes: 10 ** i })),
    );
    await putIndicators(store, [indicator({ validFrom: from, validUntil: until })]);
    const { status } = await huntAll();
    const day = MIDNIGHT / DAY;
    expect(await foundIn(store)).toEqual([
      `42 198.51.100.7 ${day} vpc_flow 90 2 0 110 ${from} ${MIDNIGHT + DAY - 1}`,
      `42 198.51.100.7 ${day + 1} vpc_flow 90 2 0 11000 ${MIDNIGHT + DAY} ${until - 1}`,
    ]);
    expect(status.last?.daysRead).toBe(2);
  });

  it('no records that were stored when the indicator was known, and of a mixed day the others', async () => {
    const imported = MIDNIGHT + 5000;
    await putFlows(store, [
      flow({ received: imported - 1, bytes: 1 }),
      // Threads may have learned of it a moment later.
      flow({ received: imported + GRACE - 1, bytes: 10 }),
      flow({ received: imported + 30, bytes: 5, matched: '42' }),
      flow({ received: imported + 30, bytes: 7, matched: '43' }),
      flow({ received: imported + GRACE, bytes: 100 }),
      flow({ received: imported + DAY, bytes: 1000 }),
      flow({ source: '198.51.100.9', received: imported + GRACE }),
      flow({ source: '198.51.100.10', start: imported + 3 * DAY, received: imported + 3 * DAY }),
    ]);
    await putIndicators(store, [indicator({ imported }), indicator({ number: '43', value: '198.51.100.8/30', imported })]);
    await huntAll();
    expect(await foundIn(store)).toEqual([`42 198.51.100.7 ${MIDNIGHT / DAY} vpc_flow 90 3 0 18 ${MIDNIGHT + 3600} ${MIDNIGHT + 3600}`]);
  });

  it('what a changed validity takes in, up to the load that changed it', async () => {
    const imported = MIDNIGHT;
    const changed = MIDNIGHT + 10 * DAY;
    await putFlows(store, [
      flow({ start: MIDNIGHT + 2 * DAY, received: MIDNIGHT + 2 * DAY + 60, bytes: 1 }),
      flow({ start: changed - 60, received: changed + GRACE + 60, bytes: 10 }),
    ]);
    await putIndicators(store, [indicator({ imported, fresh: 7 }), indicator({ number: '43', imported, fresh: 6 })]);
    const made = await hunts();
    await made.add({ feed: 'test', fresh: 7, known: changed });
    made.start();
    await made.settled();
    const day = MIDNIGHT / DAY + 2;
    expect(await foundIn(store)).toEqual([`42 198.51.100.7 ${day} vpc_flow 90 1 0 1 ${MIDNIGHT + 2 * DAY} ${MIDNIGHT + 2 * DAY}`]);
    expect(made.status.last?.indicatorsTotal).toBe(1);
  });

  it('nothing of internal and allowed addresses, of other feeds, and of what a feed has dropped', async () => {
    await putFlows(store, [
      flow({ source: '10.1.2.3', destination: '::', direction: '' }),
      flow({ source: '203.0.113.5' }),
      flow({ source: '198.51.100.200' }),
      flow(),
    ]);
    await putIndicators(store, [
      indicator({ number: '1', value: '10.0.0.0/8' }),
      indicator({ number: '2', value: '203.0.113.5' }),
      indicator({ number: '3', value: '198.51.100.200' }),
      indicator({ number: '4', feed: 'other' }),
      indicator({ number: '5', removed: NOW - 5 }),
    ]);
    const asked: string[] = [];
    const allowed = async (feed: string) => {
      asked.push(feed);
      return ['198.51.100.128/25', 'example.com'];
    };
    await huntAll({ internalNetworks: ['203.0.113.0/24'], allowed });
    expect(await foundIn(store)).toEqual([]);
    expect(asked).toEqual(['test']);
    expect(await rows('SELECT uniqExact(address) FROM bartizan.address_day')).toEqual([[4]]);
  });
});

const POOL = ['198.51.100.1', '198.51.100.2', '198.51.101.3', '203.0.113.9', '2001:db8::1', '2001:db8:0:1::2', '2a00:1::3', '192.0.2.77'];
const DIRECTIONS = ['inbound', 'outbound', 'internal', 'external', ''] as const;

/** Flows of four days around borders, received soon or much later, and indicators of every kind. */
function estate(seed: number): { flows: Flow[]; indicators: TestIndicator[] } {
  const pick = picker(seed);
  const address = () => POOL[pick(POOL.length)] as string;
  const start = () => MIDNIGHT + pick(4) * DAY + [0, 1, DAY - 1, pick(DAY)][pick(4)]!;
  const flows = Array.from({ length: 1500 }, (): Flow => {
    const direction = DIRECTIONS[pick(8)] ?? 'inbound';
    const at = start();
    return {
      dataset: pick(5) === 0 ? 'tgw_flow' : 'vpc_flow',
      source: direction === 'inbound' || direction === 'external' ? address() : '10.0.0.9',
      destination: direction === 'outbound' || direction === 'external' ? address() : direction === '' ? '::' : '10.0.0.8',
      direction,
      refused: pick(3) === 0,
      bytes: pick(100_000),
      start: at,
      received: at + [30, 400, 7200, 3 * DAY][pick(4)]!,
    };
  });
  const blocks = ['198.51.100.0/24', '198.51.100.0/31', '198.51.0.0/16', '2001:db8::/32', '2001:db8:0:1::/64', '0.0.0.0/0', '192.0.2.64/26', '198.18.0.0/15'];
  const indicators = Array.from({ length: 60 }, (_, i): TestIndicator => {
    const validFrom = pick(3) === 0 ? 0 : start();
    return {
      number: String(1000n + BigInt(i) * 300_000_000_000_000_007n),
      value: pick(2) === 0 ? address() : (blocks[pick(blocks.length)] as string),
      confidence: pick(101),
      validFrom,
      validUntil: pick(2) === 0 ? 0 : validFrom + 1 + pick(2 * DAY),
      imported: MIDNIGHT + pick(8) * DAY + pick(DAY),
    };
  });
  // Some were matched as they were stored, with what was known then.
  const matched = flows.map((one): Flow => {
    const known = indicators.filter(({ imported }) => imported <= one.received);
    return known.length > 0 && pick(2) === 0 ? { ...one, matched: (known[pick(known.length)] as TestIndicator).number } : one;
  });
  return { flows: matched, indicators };
}

describe('any mixture', () => {
  it.each([1, 2, 3, 4])('is found flow by flow as it should be, whatever the size of a step (%i)', async (seed) => {
    const { flows, indicators } = estate(seed);
    await putFlows(store, flows);
    await putIndicators(store, indicators);
    const expected = expectedOf(flows, indicators).filter((row) => !row.split(' ')[1]?.startsWith('10.'));
    const { status } = await huntAll({ chunk: seed === 1 ? 1000 : 7 * seed });
    expect(await foundIn(store)).toEqual(expected);
    expect(status.last).toMatchObject({ indicators: 60, found: expected.length });
    expect(expected.length).toBeGreaterThan(100);
  });
});

describe('hunts', () => {
  it('find nothing twice: a hunt that is repeated leaves what was found, and when', async () => {
    const { flows, indicators } = estate(9);
    await putFlows(store, flows);
    await putIndicators(store, indicators);
    await huntAll();
    const first = await foundIn(store);
    const second = await hunts({ now: () => NOW + 5000 });
    await second.add({ feed: 'test', fresh: 0, known: 0 });
    await second.add({ feed: 'test', fresh: 0, known: 0 });
    expect(second.status.waiting).toBe(1);
    second.start();
    await second.settled();
    expect(await foundIn(store)).toEqual(first);
    expect(await rows('SELECT DISTINCT toUnixTimestamp(found_at) FROM bartizan.retro_match FINAL')).toEqual([[NOW]]);
  });

  it('that are asked for while one runs come after it, once: it may have read what has changed since', async () => {
    await putFlows(store, [flow(), flow({ source: '198.51.100.8' })]);
    await putIndicators(store, [indicator(), indicator({ number: '43', value: '198.51.100.8' })]);
    let allowed = ['198.51.100.7', '198.51.100.8'];
    let reads = 0;
    const made: RetroHunts = await hunts({
      allowed: async () => {
        const read = allowed;
        if (++reads === 1) {
          allowed = ['198.51.100.8'];
          for (let i = 0; i < 2; i++) await made.add({ feed: 'test', fresh: 0, known: 0 });
          expect(made.status.waiting).toBe(2);
        }
        return read;
      },
    });
    await made.add({ feed: 'test', fresh: 0, known: 0 });
    await made.add({ feed: 'test', fresh: 0, known: 0 });
    expect(made.status.waiting).toBe(1);
    made.start();
    await made.settled();
    expect(made.status).toMatchObject({ state: 'idle', waiting: 0, last: { state: 'done', found: 1 } });
    expect((await foundIn(store)).map((row) => row.split(' ')[0])).toEqual(['42']);
    expect(reads).toBe(2);
  });

  it('go on where a stop left them, and after a step that was not put on record', async () => {
    const { flows, indicators } = estate(5);
    await putFlows(store, flows);
    await putIndicators(store, indicators);
    let steps = 0;
    // As if the process ended after the second step was written, before it was on record.
    const failing: RetroHuntsOptions['metadata'] = {
      setting: (name) => metadata.setting(name),
      saveSetting: (name, value) => (++steps === 3 ? Promise.reject(new Error('the process has ended')) : metadata.saveSetting(name, value)),
    };
    const first = await hunts({ chunk: 10, metadata: failing });
    await first.add({ feed: 'test', fresh: 0, known: 0 });
    first.start();
    await first.settled();
    expect(first.status).toMatchObject({ state: 'trouble', waiting: 1, last: { state: 'trouble', indicators: 10 } });
    await first.close();
    const half = await foundIn(store);
    expect(half.length).toBeGreaterThan(0);

    const second = await hunts({ chunk: 10 });
    second.start();
    await second.settled();
    const expected = expectedOf(flows, indicators).filter((row) => !row.split(' ')[1]?.startsWith('10.'));
    expect(half.length).toBeLessThan(expected.length);
    expect(await foundIn(store)).toEqual(expected);
    expect(second.status).toMatchObject({ state: 'idle', waiting: 0, last: { state: 'done', indicators: 60, indicatorsTotal: 60 } });
  });

  it('can be cancelled: what was found stays, and the next one runs', async () => {
    const { flows, indicators } = estate(6);
    await putFlows(store, flows);
    await putIndicators(store, [...indicators, indicator({ feed: 'other', number: '7', value: POOL[0] as string })]);
    const made: RetroHunts = await hunts({ chunk: 1, metadata: asSaved(3, () => made.cancel()) });
    await made.add({ feed: 'test', fresh: 0, known: 0 });
    await made.add({ feed: 'other', fresh: 0, known: 0 });
    made.start();
    await made.settled();
    expect(made.status).toMatchObject({ state: 'idle', waiting: 0, last: { feed: 'other', state: 'done' } });
    const numbers = new Set((await foundIn(store)).map((row) => row.split(' ')[0]));
    expect(numbers.has('7')).toBe(true);
    expect(numbers.size).toBeLessThan(60);
    expect(await metadata.setting('retro-hunts')).toBe('[]');
  });

  it('can be cancelled as they are done: the next one runs, and is not waited for', async () => {
    await putFlows(store, [flow()]);
    await putIndicators(store, [indicator(), indicator({ feed: 'other', number: '43' })]);
    let cancelled: Promise<string | undefined> | undefined;
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    // The only step is on record; what comes is that nothing of it is left to do.
    const made: RetroHunts = await hunts({
      metadata: asSaved(2, () => {
        cancelled = made.cancel().then(() => made.status.last?.feed);
      }),
      allowed: async (feed) => {
        if (feed === 'other') await held;
        return [];
      },
    });
    await made.add({ feed: 'test', fresh: 0, known: 0 });
    await made.add({ feed: 'other', fresh: 0, known: 0 });
    made.start();
    await expect.poll(() => cancelled).toBeDefined();
    expect(await cancelled).toBe('test');
    go();
    await made.settled();
    expect(made.status).toMatchObject({ state: 'idle', waiting: 0, last: { feed: 'other', state: 'done', found: 1 } });
    expect((await foundIn(store)).map((row) => row.split(' ')[0])).toEqual(['42', '43']);
  });

  it('are never idle while one waits that will run, also as one is ended', async () => {
    await putIndicators(store, [indicator(), indicator({ feed: 'other', number: '43' })]);
    const states: string[] = [];
    const made: RetroHunts = await hunts({
      allowed: async (feed) => {
        if (feed === 'test') void made.cancel();
        return [];
      },
      metadata: {
        setting: (name) => metadata.setting(name),
        async saveSetting(name, value) {
          await metadata.saveSetting(name, value);
          if (states.push(made.status.state) === 3) await made.add({ feed: 'late', fresh: 0, known: 0 });
        },
      },
    });
    await made.add({ feed: 'test', fresh: 0, known: 0 });
    await made.add({ feed: 'other', fresh: 0, known: 0 });
    made.start();
    await made.settled();
    expect(states.slice(0, 2)).toEqual(['idle', 'idle']);
    expect(new Set(states.slice(2, -1))).toEqual(new Set(['running']));
    expect(made.status).toMatchObject({ state: 'idle', waiting: 0, last: { feed: 'late', state: 'done' } });
  });
});

it('the language finds the indicator of an address in force at an instant: the best of those that hold', async () => {
  await putFlows(store, [flow(), flow({ source: '203.0.113.1' })]);
  const [from, until] = [MIDNIGHT, MIDNIGHT + DAY];
  await putIndicators(store, [
    indicator({ number: '1', confidence: 50, validFrom: from, validUntil: until }),
    indicator({ number: '2', confidence: 90, validFrom: from + 1000, validUntil: from + 5000 }),
    indicator({ number: '3', confidence: 50, validFrom: from + 3000, validUntil: until + 10 }),
  ]);
  let known = 0;
  await huntAll({ onFound: () => known++ });
  expect(known).toBe(1);
  await hunts({ onFound: () => known++ });
  expect(known).toBe(2);
  const at = async (address: string, time: number) => {
    const number = retroNumber(param('IPv6', address), param("DateTime('UTC')", time));
    return (await store.rows(statement(sql`SELECT ${number}`))).rows[0]?.[0];
  };
  const seen = [from - 1, from, from + 999, from + 1000, from + 4999, from + 5000, until - 1, until, until + 9, until + 10];
  expect(await Promise.all(seen.map((time) => at('198.51.100.7', time)))).toEqual([0, 1, 1, 2, 2, 3, 3, 3, 3, 0]);
  expect(await at('203.0.113.1', from + 2000)).toBe(0);
});
