/** `address_day` says of each external address and day what its flows come to: as they are stored, and filled in for those that an earlier release stored. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AddressBackfill } from '../../src/ingest/address-backfill.ts';
import { addressDays } from '../../src/ingest/address-days.ts';
import type { Batch, Column } from '../../src/model/batch.ts';
import { HEADER, openPlace, type Place } from './helpers.ts';
import { DAY, foundIn, MIDNIGHT, picker, putFlows } from './retro.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace({ batchRows: 1000 });
});
afterEach(() => place.close());

const TABLE = `SELECT replaceRegexpOne(toString(address), '^::ffff:([0-9.]+)$', '\\\\1') AS a, toUInt16(day) AS d, dataset, sum(accepted), sum(refused), sum(bytes),
  toUnixTimestamp(min(first)), toUnixTimestamp(max(last)) FROM bartizan.address_day GROUP BY a, d, dataset`;
const seen = async () => (await place.rows(TABLE)).map((row) => row.join(' ')).sort();

const EXTERNAL = ['198.51.100.1', '198.51.100.2', '203.0.113.200', '8.8.8.8', '2001:db8::1', '2a00:1450:4001::5'];
const INTERNAL = ['10.0.0.1', '172.16.3.4', '192.168.1.1', 'fd00::9', '100.64.0.1'];

interface Made {
  readonly text: string;
  /** As `seen` has it. */
  readonly rows: string[];
}

/** Lines of VPC flow logs, and what is to be known of their external addresses. */
function log(seed: number, count: number, days: number): Made {
  const pick = picker(seed);
  const sums = new Map<string, { accepted: number; refused: number; bytes: number; first: number; last: number }>();
  const lines = [HEADER];
  for (let i = 0; i < count; i++) {
    const end = (list = pick(3) === 0 ? INTERNAL : EXTERNAL) => list[pick(list.length)] as string;
    const [source, destination] = [end(), end()];
    const start = MIDNIGHT + pick(days) * DAY + [0, DAY - 1, pick(DAY)][pick(3)]!;
    const bytes = pick(1_000_000);
    const refused = pick(4) === 0;
    if (pick(20) === 0) {
      lines.push(`2 123456789012 eni-1 - - - - - - - ${start} ${start + 60} - NODATA`);
      continue;
    }
    lines.push(`2 123456789012 eni-1 ${source} ${destination} 1 443 6 1 ${bytes} ${start} ${start + 60} ${refused ? 'REJECT' : 'ACCEPT'} OK`);
    for (const address of new Set([source, destination].filter((a) => EXTERNAL.includes(a)))) {
      const key = `${address} ${Math.floor(start / DAY)} vpc_flow`;
      const sum = sums.get(key) ?? { accepted: 0, refused: 0, bytes: 0, first: start, last: start };
      sum[refused ? 'refused' : 'accepted'] += 1;
      sum.bytes += bytes;
      sum.first = Math.min(sum.first, start);
      sum.last = Math.max(sum.last, start);
      sums.set(key, sum);
    }
  }
  return { text: `${lines.join('\n')}\n`, rows: [...sums].map(([key, s]) => `${key} ${s.accepted} ${s.refused} ${s.bytes} ${s.first} ${s.last}`).sort() };
}

it('knows the external ends of all flows that are stored, over many batches, and no others', async () => {
  const made = log(1, 5000, 3);
  const summary = await place.pipeline.ingest([await place.file('a.log', made.text)]);
  expect(summary.quarantined).toBe(0);
  expect(await seen()).toEqual(made.rows);
  expect(made.rows).toHaveLength(3 * EXTERNAL.length);
  // The same bytes once more are the same delivery.
  await place.pipeline.ingest([await place.file('b.log', made.text)]);
  expect(await seen()).toEqual(made.rows);
  const newest = async (table: string) => await place.rows(`SELECT toUnixTimestamp(max(received)) FROM bartizan.${table}`);
  expect(await newest('address_day')).toEqual(await newest('vpc_flow'));
});

it('takes batches of more days than one insert may touch', async () => {
  const made = log(2, 900, 40);
  await place.pipeline.ingest([await place.file('a.log', made.text)]);
  expect(await seen()).toEqual(made.rows);
  expect(await place.rows("SELECT uniqExact(partition) FROM system.parts WHERE active AND database = 'bartizan' AND table = 'address_day'")).toEqual([[40]]);
});

it('keeps flows of transit gateways apart, which have no action, and takes the end that is there where the other is not', async () => {
  const tgw = (source: string, destination: string, bytes: number) => `${MIDNIGHT + 5} ${MIDNIGHT + 6} ${source} ${destination} ${bytes} tgw-1 OK`;
  await place.file(
    'a.log',
    `start end srcaddr dstaddr bytes tgw-id log-status\n${tgw('198.51.100.1', '10.0.0.1', 5)}\n${tgw('10.0.0.1', '198.51.100.1', 6)}\n`,
  );
  await place.file('b.log', `start srcaddr bytes action\n${MIDNIGHT + 9} 198.51.100.1 7 REJECT\n${MIDNIGHT + 9} - 8 REJECT\n`);
  await place.pipeline.ingest([join(place.directory, 'logs')]);
  const day = MIDNIGHT / DAY;
  expect(await seen()).toEqual([
    `198.51.100.1 ${day} tgw_flow 2 0 11 ${MIDNIGHT + 5} ${MIDNIGHT + 5}`,
    `198.51.100.1 ${day} vpc_flow 0 1 7 ${MIDNIGHT + 9} ${MIDNIGHT + 9}`,
  ]);
});

it('an address that talks to itself is counted once', () => {
  const flows: Batch = {
    rows: 1,
    addresses: { count: 2, bytes: new Uint8Array(32).fill(9, 16) },
    columns: new Map<string, Column>([
      ['srcaddr', { type: 'IPv6', ids: Uint32Array.of(1) }],
      ['dstaddr', { type: 'IPv6', ids: Uint32Array.of(1) }],
      ['start', { type: "DateTime('UTC')", values: Uint32Array.of(MIDNIGHT) }],
      ['bytes', { type: 'UInt64', values: Float64Array.of(3) }],
    ]),
  };
  const [block, ...others] = addressDays('vpc_flow', flows, MIDNIGHT + 60);
  expect(others).toEqual([]);
  expect(block?.rows).toBe(1);
  expect(block?.columns.get('accepted')).toEqual({ type: 'UInt64', values: Float64Array.of(1) });
  expect(addressDays('vpc_flow', { ...flows, rows: 0 }, MIDNIGHT)).toEqual([]);
});

/** The table as an earlier release left it: empty, and nothing on record of it. */
async function forget(): Promise<void> {
  await place.store.command({ text: 'TRUNCATE TABLE bartizan.address_day', params: {} });
}

it('fills in what an earlier release stored, once, and goes on where it was stopped', async () => {
  const made = log(3, 4000, 5);
  const tgw = `start end srcaddr dstaddr bytes tgw-id log-status\n${MIDNIGHT + 5} ${MIDNIGHT + 6} 198.51.100.1 10.0.0.1 5 tgw-1 OK\n`;
  await place.file('a.log', made.text);
  await place.file('t.log', tgw);
  await place.pipeline.ingest([join(place.directory, 'logs')]);
  const stored = await seen();
  await forget();
  // Behind all that is stored here, however long that takes.
  let clock = Math.floor(Date.now() / 1000) + 3600;
  const options = { store: place.store, metadata: place.metadata, now: () => clock++ };
  const stopped: string[] = [];
  const first = await AddressBackfill.open({
    ...options,
    metadata: {
      openManifests: () => place.metadata.openManifests(),
      setting: (name) => place.metadata.setting(name),
      saveSetting: async (name, value) => {
        stopped.push(value);
        // As if the process ended when two days were filled, and one of them was on record.
        if (stopped.length === 3) throw new Error('the process has ended');
        await place.metadata.saveSetting(name, value);
      },
    },
  });
  expect(first.done).toBe(false);
  await expect(first.run(new AbortController().signal)).rejects.toThrow('the process has ended');
  expect((await seen()).length).toBe(2 * EXTERNAL.length);

  // What this release stores meanwhile brings its own rows.
  const before = JSON.parse((await place.metadata.setting('address-days')) as string).before;
  expect(before).toBeGreaterThan(Date.now() / 1000);
  await putFlows(place.store, [
    { dataset: 'vpc_flow', source: '8.8.8.8', destination: '10.0.0.1', direction: 'inbound', refused: false, bytes: 1, start: MIDNIGHT, received: before },
  ]);
  const second = await AddressBackfill.open(options);
  await second.run(new AbortController().signal);
  expect(second.done).toBe(true);
  expect(await seen()).toEqual(stored);
  const third = await AddressBackfill.open(options);
  expect(third.done).toBe(true);
  await third.run(new AbortController().signal);
  expect(await seen()).toEqual(stored);
  expect(await foundIn(place.store)).toEqual([]);
});

it('has nothing to fill in a new store, and says so', async () => {
  const backfill = await AddressBackfill.open({ store: place.store, metadata: place.metadata, now: () => MIDNIGHT });
  expect(backfill.done).toBe(true);
  await place.pipeline.ingest([await place.file('a.log', log(4, 100, 1).text)]);
  const stored = await seen();
  const again = await AddressBackfill.open({ store: place.store, metadata: place.metadata, now: () => MIDNIGHT });
  await again.run(new AbortController().signal);
  expect(await seen()).toEqual(stored);
});
