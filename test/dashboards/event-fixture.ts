/**
 * What the tests of CloudTrail dashboards share: a server over generated events that came through the real decoder
 * and pipeline, with noise that no panel may count, and expected numbers that are computed here from the list of
 * events alone. Checks of groups are those of fixture.ts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { DiskGuard } from '../../src/ingest/disk-guard.ts';
import { buildIndex } from '../../src/ingest/live-indicators.ts';
import { Pipeline } from '../../src/ingest/pipeline.ts';
import { openRegistries } from '../../src/ingest/registry.ts';
import type { Indicator } from '../../src/model/indicator.ts';
import { openIndicators } from '../../src/store/indicators.ts';
import { eventsOf, NOW, startServer, type TestServer } from '../api/helpers.ts';
import { writeMmdb } from '../enrich/write-mmdb.ts';
import { indicatorOf } from '../indicator.ts';
import { HEADER } from '../ingest/helpers.ts';
import { ADDRESSES, DENIED, makeEvents, moved, PLACES, type TrailEvent } from './events.ts';
import { type Key, type PanelEvent, rowsOf } from './fixture.ts';

export type KeepEvent = (e: TrailEvent) => boolean;

const HOUR = 3600;
/** The 24 hours of a dashboard of events. */
export const DAY = { from: NOW - 24 * HOUR, to: NOW };

const indicator = (value: string, confidence: number, more: Partial<Indicator> = {}) => indicatorOf(value, { confidence, updated: NOW - 86_400, ...more });

/** High from 85. The last three match nothing: an address of the inside, a text that is no address, a time that is over. */
export const FEED: readonly Indicator[] = [
  indicator('203.0.113.7', 92, { labels: ['c2', 'botnet'], actors: ['Copper'], malware: ['Mirai', 'Gafgyt'], updated: NOW - HOUR }),
  indicator('2001:db8::5', 85, { labels: ['scanner'], malware: ['Mirai'] }),
  // Below high, and in the same city as the first.
  indicator('198.51.100.9', 84, { actors: ['Copper', 'Tin'] }),
  // It holds for the second half of the window, and nobody is named as its actor.
  indicator('192.0.2.77', 99, { validFrom: NOW - 12 * HOUR }),
  indicator('10.0.0.5', 100),
  indicator('signin.amazonaws.com', 100, { type: 'domain' }),
  indicator('8.8.8.8', 100, { validUntil: DAY.from - HOUR }),
];

/** The indicator that held for the source of an event. */
export function threatOf(event: TrailEvent): Indicator | undefined {
  const { sourceIPAddress: address } = event.record;
  if (address === '10.0.0.5') return undefined;
  return FEED.find((i) => i.value === address && i.type === 'address' && event.at >= i.validFrom && (i.validUntil === 0 || event.at < i.validUntil));
}

export const isHighThreat: KeepEvent = (e) => (threatOf(e)?.confidence ?? 0) >= 85;

/** Columns of `geoip`. */
export function placeOf(event: TrailEvent): Key[] {
  const [code = null, country = null, state = null, city = null, latitude = null, longitude = null] = PLACES[event.record.sourceIPAddress] ?? [];
  return [latitude, longitude, code, country, state, city];
}

export interface EventFixture {
  readonly server: TestServer;
  /** Those in the window. */
  readonly events: readonly TrailEvent[];
  /** Runs all panels of a dashboard; no panel fails. */
  run(dashboard: string, body?: object): Promise<Map<string, PanelEvent>>;
  close(): Promise<void>;
}

/**
 * Noise: events before and after the window and at its edges, copies of events in a second object, flows of the same
 * addresses. `more`: events in the window beside the generated ones. What `isTestTrail` names came with that `_sourceCategory`, all else with prod/trail.
 */
export async function openEventFixture(seed: number, more: readonly TrailEvent[] = []): Promise<EventFixture> {
  const server = await startServer({ settings: { requestsPerMinute: 1_000_000 } });
  const { store, metadata, folder } = server;
  const indicators = await openIndicators({ store, metadata, catalogs: server.deps.catalogs, folder: join(folder, 'indicators') });
  await indicators.apply('test', FEED, { at: NOW - 7 * 24 * HOUR, complete: true });
  const pipeline = await Pipeline.open({
    store,
    metadata,
    staging: join(folder, 'staging'),
    registries: await openRegistries(store, metadata),
    databases: placeDatabases(),
    internalNetworks: [],
    workers: 1,
    batchRows: 1000,
    clock: () => performance.now(),
    untilDone: false,
    disk: new DiskGuard({ folder, minFreeBytes: 0, store }),
    extraction: (block, absentMask, only) => server.deps.catalogs.extraction(block, absentMask, NOW, only),
    rules: () => server.deps.catalogs.atIngest(),
  });
  await pipeline.matchWith(await buildIndex(await indicators.index()));

  const events = makeEvents(seed, 3000, DAY.from, DAY.to);
  const [first, second] = makeEvents(seed + 1, 2, DAY.from, DAY.to) as [TrailEvent, TrailEvent];
  events.push(moved(first, DAY.from, 'edge-1'), moved(second, DAY.to - 1, 'edge-2'), ...more);
  const noise = [
    moved(first, DAY.from - 1, 'edge-3'),
    moved(second, DAY.to, 'edge-4'),
    ...makeEvents(seed + 2, 300, DAY.from - 24 * HOUR, DAY.from),
    ...makeEvents(seed + 3, 300, DAY.to, DAY.to + 12 * HOUR),
  ];
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const deliver = async (name: string, content: string | Uint8Array, sourceCategory: string): Promise<number> => {
    await writeFile(join(logs, name), content);
    return (await pipeline.ingest([join(logs, name)], { sourceCategory })).stored;
  };
  const object = (list: readonly TrailEvent[]) => JSON.stringify({ Records: list.map((e) => e.record) });
  const prod = [...events.filter((e) => !isTestTrail(e)), ...noise];
  const test = events.filter(isTestTrail);
  const stored = (await deliver('prod.json.gz', gzipSync(object(prod)), 'prod/trail')) + (await deliver('test.json', object(test), 'test/trail'));
  expect(stored).toBe(events.length + noise.length);
  // Nothing of it is stored: each of its events came before.
  await deliver('copies.json', object(events.slice(0, 200)), 'prod/trail');
  const flows = Array.from({ length: 200 }, (_, i) => {
    const addresses = ADDRESSES.filter((address) => !address.includes(' '));
    const start = DAY.from + i * 400;
    return `2 ${first.account} eni-a ${addresses[i % addresses.length]} 10.0.0.9 443 ${1024 + i} 6 1 40 ${start} ${start + 30} ACCEPT OK`;
  });
  expect(await deliver('flows.log', `${HEADER}\n${flows.join('\n')}\n`, 'prod/trail')).toBe(flows.length);

  return {
    server,
    events,
    async run(dashboard, body = {}) {
      const response = await server.post(`/api/v1/dashboards/${dashboard}/run`, { from: '-24h', to: 'now', ...body });
      if (response.status !== 200) throw new Error(await response.text());
      const answers = await eventsOf(response);
      expect(answers.filter((e) => e.type === 'error')).toEqual([]);
      return new Map(answers.filter((e) => e.type === 'panel').map((e) => [e.panel, e]));
    },
    async close() {
      await pipeline.close();
      await indicators.close();
      await server.close();
    },
  };
}

/** Calls of one API action of a service. */
export const calls =
  (source: string, ...names: readonly string[]): KeepEvent =>
  (e) =>
    e.record.eventSource === source && names.includes(e.name);
export const succeeded: KeepEvent = (e) => e.outcome === 'success';
export const failed: KeepEvent = (e) => e.record.errorCode !== undefined;
export const denied: KeepEvent = (e) => DENIED.some((code) => code === e.record.errorCode);
export const allOf =
  (...conditions: readonly KeepEvent[]): KeepEvent =>
  (e) =>
    conditions.every((keep) => keep(e));

/** What came with the `_sourceCategory` test/trail. */
export const isTestTrail: KeepEvent = (e) => /[02468]$/.test(e.record.eventID);

function placeDatabases() {
  const networks = Object.entries(PLACES).map(([address, [code, country, state1, city, latitude, longitude]]) => {
    const record = { country_code: code, country_name: country, state1, city, latitude, longitude };
    return [address.includes(':') ? `${address}/128` : `${address}/32`, record] as const;
  });
  const of = (ipVersion: 4 | 6) => writeMmdb({ recordSize: 24, ipVersion, networks: networks.filter(([cidr]) => cidr.includes(':') === (ipVersion === 6)) });
  return { placeV4: of(4), placeV6: of(6) };
}

/** Counts events by keys; `null` where a text is empty. */
export function counts(events: readonly TrailEvent[], keep: KeepEvent, keys: (e: TrailEvent) => Key[]): Map<string, number> {
  const groups = new Map<string, number>();
  for (const event of events) {
    if (!keep(event)) continue;
    const key = JSON.stringify(keys(event).map((k) => (k === '' ? null : k)));
    groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  return groups;
}

/** A single value and its line: a row for each bucket of the window, 0 where nothing matched; something did. */
export function expectEventBuckets(panel: PanelEvent | undefined, events: readonly TrailEvent[], keep: KeepEvent, seconds = 900): void {
  const groups = counts(events, keep, (e) => [DAY.to - Math.ceil((DAY.to - e.at) / seconds) * seconds]);
  expect(groups.size).toBeGreaterThan(0);
  const buckets = Array.from({ length: (DAY.to - DAY.from) / seconds }, (_, i) => DAY.from + i * seconds);
  expect(rowsOf(panel, ['_timeslice', '_count'])).toEqual(buckets.map((at) => [at * 1000, groups.get(JSON.stringify([at])) ?? 0]));
  expect(panel?.timeslice).toBe(seconds);
}

/** A detail table: exactly these rows, the newest first by their first column. Empty texts are no values. */
export function expectRows(panel: PanelEvent | undefined, columns: readonly string[], expected: readonly (readonly Key[])[]): void {
  const rows = rowsOf(panel, columns);
  expect(rows.length).toBeGreaterThan(0);
  const listed = expected.map((row) => JSON.stringify(row.map((cell) => (cell === '' ? null : cell))));
  expect(rows.map((row) => JSON.stringify(row)).toSorted()).toEqual(listed.toSorted());
  const times = rows.map(([at]) => Number(at));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  expect(panel?.truncated).toBe(false);
}

/** The same by time and keys, where the last column is how many events are alike. */
export function expectDetails(
  panel: PanelEvent | undefined,
  columns: readonly string[],
  events: readonly TrailEvent[],
  keep: KeepEvent,
  keys: (e: TrailEvent) => Key[],
): void {
  const groups = counts(events, keep, (e) => [e.at * 1000, ...keys(e)]);
  expectRows(
    panel,
    columns,
    [...groups].map(([key, n]) => [...(JSON.parse(key) as Key[]), n]),
  );
}

/** Start of the hour that an event lies in, epoch milliseconds. */
export const hour = (e: TrailEvent): number => Math.floor(e.at / HOUR) * HOUR * 1000;
