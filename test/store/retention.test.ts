import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DATASETS, FLOW_DATASETS } from '../../src/model/log-formats.ts';
import { migrate, schemaVersion } from '../../src/store/migrate.ts';
import { SCHEMA_VERSION } from '../../src/store/migrations.ts';
import { applyRetention } from '../../src/store/retention.ts';
import type { Store } from '../../src/store/store.ts';
import { openNew } from './new-store.ts';

const DAY = 86_400;
const NOON = Math.floor(Date.UTC(2026, 10, 20, 12) / 1000);
let directory: string;
let store: Store;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-retention-'));
  store = await openNew(join(directory, 'db'));
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const run = (text: string) => store.command({ text, params: {} });
/** The same for all but the text of events. */
const keep = (days: number) => ({ flows: days, events: days, raw: 0 });
const rows = async (text: string) => (await store.rows({ text, params: {} })).rows;

it('drops whole days that ended before the kept ones, and nothing when it is off', async () => {
  for (const table of DATASETS) await run(`INSERT INTO bartizan.${table} (start) SELECT toDateTime(${NOON}, 'UTC') - number * ${DAY} FROM numbers(10)`);
  expect(await applyRetention(store, keep(0), NOON)).toEqual([]);
  const dropped = await applyRetention(store, keep(3), NOON);
  expect(dropped).toHaveLength(24);
  expect(await rows('SELECT count(), toString(min(toDate(start))) FROM bartizan.vpc_flow')).toEqual([[4, '2026-11-17']]);
  for (const table of FLOW_DATASETS) expect(await rows(`SELECT count() FROM bartizan.${table}`)).toEqual([[4]]);
  // Events go by months: one is dropped when all of it is too old.
  expect(await rows('SELECT count() FROM bartizan.cloudtrail')).toEqual([[10]]);
  expect(await applyRetention(store, keep(3), NOON + 35 * DAY)).toContain('cloudtrail/202611');
});

it('forgets versions of interfaces that ended before the kept days, whole, and no others', async () => {
  const version = (id: string, from: number, to: string | number, revision: number) =>
    run(
      `INSERT INTO bartizan.network_interface (interface_id, scope, valid_from, valid_to, revision) VALUES ('${id}', '1', ${NOON + from * DAY}, ${to}, ${revision})`,
    );
  // The end of a version is a second row of it, which may lie in another part of the table.
  await run('SYSTEM STOP MERGES bartizan.network_interface');
  for (const id of ['eni-old', 'eni-kept', 'eni-open']) await version(id, -9, 4_294_967_295, 1);
  await version('eni-old', -9, NOON - 4 * DAY, 2);
  await version('eni-kept', -9, NOON - 2 * DAY, 2);
  await run('SYSTEM START MERGES bartizan.network_interface');
  await applyRetention(store, keep(3), NOON);
  expect(await rows('SELECT interface_id, toUnixTimestamp(valid_to) FROM bartizan.network_interface FINAL ORDER BY interface_id')).toEqual([
    ['eni-kept', NOON - 2 * DAY],
    ['eni-open', 4_294_967_295],
  ]);
  await applyRetention(store, keep(3), NOON);
  expect(await rows('SELECT uniqExact(interface_id) FROM bartizan.network_interface')).toEqual([[2]]);
});

it('drops what is known of the addresses of these days, and what was found later of them', async () => {
  const at = (days: number) => `toDateTime(${NOON + days * DAY}, 'UTC')`;
  await run(
    `INSERT INTO bartizan.address_day (address, day) SELECT toIPv6('198.51.100.1'), toDate(toDateTime(${NOON}, 'UTC') - number * ${DAY}) FROM numbers(6)`,
  );
  const match = (address: string, day: number) => `(toIPv6('${address}'), 7, toDate(${at(day)}), 0, ${at(-100)}, ${at(100)})`;
  const matches = [match('198.51.100.1', -5), match('198.51.100.2', -4), match('198.51.100.2', -3)];
  await run(`INSERT INTO bartizan.retro_match (address, indicator, day, confidence, valid_from, valid_until) VALUES ${matches.join(', ')}`);
  const numberOf = async (address: string) =>
    (await rows(`SELECT dictGetOrDefault('bartizan.retro_match_at', 'indicator', cityHash64(toIPv6('${address}')), ${at(-5)}, 0)`))[0]?.[0];
  expect([await numberOf('198.51.100.1'), await numberOf('198.51.100.2')]).toEqual([7, 7]);
  expect(await applyRetention(store, keep(3), NOON)).toEqual(['address_day/20261115', 'address_day/20261116']);
  expect(await rows('SELECT toString(min(day)), count() FROM bartizan.address_day')).toEqual([['2026-11-17', 4]]);
  expect(await rows('SELECT toString(address), toString(day) FROM bartizan.retro_match')).toEqual([['::ffff:198.51.100.2', '2026-11-17']]);
  expect([await numberOf('198.51.100.1'), await numberOf('198.51.100.2')]).toEqual([0, 7]);
});

it('adds the columns that an older store lacks, and refuses a store of a newer release', async () => {
  await run('ALTER TABLE bartizan.vpc_flow DROP COLUMN next_hop_vpc_id');
  await migrate(store);
  expect(await rows("SELECT count() FROM system.columns WHERE table = 'vpc_flow' AND database = 'bartizan' AND name = 'next_hop_vpc_id'")).toEqual([[1]]);
  expect(await schemaVersion(store)).toBe(SCHEMA_VERSION);
  await run(`INSERT INTO bartizan.schema_version SELECT ${SCHEMA_VERSION + 1}, 'a later release', now('UTC')`);
  await expect(migrate(store)).rejects.toThrow(/newer release/);
});

it('lets the text of events go before the events, by months, and leaves their fields', async () => {
  const at = Date.UTC(2026, 5, 15) / 1000;
  const event = (id: string, start: number) =>
    run(
      `INSERT INTO bartizan.cloudtrail (start, event_id, event_name, request, frame) VALUES (toDateTime(${start}, 'UTC'), '${id}', 'RunInstances', '{"a":1}', '{"requestParameters":\x01}')`,
    );
  await event('old', at - 60 * DAY);
  await event('new', at - 5 * DAY);
  expect(await applyRetention(store, { flows: 0, events: 0, raw: 30 }, at)).toEqual([]);
  const kept = "SELECT event_id, event_name, request, length(frame) FROM bartizan.cloudtrail WHERE event_id IN ('old', 'new') ORDER BY start";
  expect(await rows(kept)).toEqual([
    ['old', 'RunInstances', '{"a":1}', 0],
    ['new', 'RunInstances', '{"a":1}', 23],
  ]);
  // A second time there is nothing to do, and nothing is harmed.
  expect(await applyRetention(store, { flows: 0, events: 0, raw: 30 }, at)).toEqual([]);
  expect(await rows(kept)).toHaveLength(2);
});
