/** Threat panels over flows that were matched as they were stored, through the HTTP API; numbers computed here from the flows. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QueryRequest, type RecordsResponse, type RunEvent } from '../../src/api/contract.ts';
import { explainQuery } from '../../src/api/explain.ts';
import { buildIndex } from '../../src/ingest/live-indicators.ts';
import type { Indicator } from '../../src/model/indicator.ts';
import { type Indicators, openIndicators } from '../../src/store/indicators.ts';
import { eventsOf, NOW, startServer, type TestServer } from '../api/helpers.ts';
import { HEADER, openPlace, type Place } from '../ingest/helpers.ts';
import { random } from './flows.ts';

type PanelEvent = Extract<RunEvent, { type: 'panel' }>;
interface Flow {
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly action: string;
}

const HOUR = 3600;
const BAD = ['198.51.100.1', '203.0.113.9', '2001:db8:bad::1'];
const GOOD = ['198.51.100.2', '9.9.9.9', '2001:db8:900d::1'];
const OWN = ['10.0.0.1', '10.0.0.2', 'fd00::1'];
const PANELS = [
  'threat-source-hits',
  'threat-sources-by-action',
  'threat-source-map',
  'threat-destination-hits',
  'threat-destinations-by-action',
  'threat-destination-map',
];

let place: Place;
let server: TestServer;
let indicators: Indicators;
let flows: Flow[];

beforeAll(async () => {
  place = await openPlace();
  server = await startServer({ deps: { store: place.store, catalogs: place.catalogs } });
  indicators = await openIndicators({ ...place, folder: join(place.directory, 'indicators') });
  const next = random(7);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  flows = Array.from({ length: 600 }, (_, i) => {
    const [from, to] = [pick([...BAD, ...GOOD, ...OWN]), pick([...BAD, ...GOOD, ...OWN])];
    // Some before the window, and some after it.
    return { from, to, start: NOW - 2 * HOUR + Math.floor((i / 600) * 3 * HOUR), action: pick(['ACCEPT', 'ACCEPT', 'REJECT']) };
  });
});
afterAll(async () => {
  await indicators.close();
  await server.close();
  await place.close();
});

async function run(): Promise<Map<string, PanelEvent>> {
  const response = await server.post('/api/v1/dashboards/vpc-overview/run', { from: '-60m', to: 'now', panels: PANELS });
  const events = await eventsOf(response);
  expect(events.filter((e) => e.type === 'error')).toEqual([]);
  return new Map(events.filter((e) => e.type === 'panel').map((e) => [e.panel, e]));
}

const inWindow = (f: Flow) => f.start >= NOW - HOUR && f.start < NOW;
const inbound = (f: Flow) => inWindow(f) && BAD.includes(f.from) && OWN.includes(f.to);
const outbound = (f: Flow) => inWindow(f) && OWN.includes(f.from) && BAD.includes(f.to);
const counted = (match: (f: Flow) => boolean, key: (f: Flow) => string) => {
  const counts: Record<string, number> = {};
  for (const flow of flows.filter(match)) counts[key(flow)] = (counts[key(flow)] ?? 0) + 1;
  return counts;
};
const summed = (panel: PanelEvent | undefined, keys: readonly string[], measure = '_count') => {
  const at = (name: string) => (panel?.columns ?? []).findIndex((c) => c.name === name);
  const counts: Record<string, number> = {};
  for (const row of panel?.rows ?? []) {
    const key = keys.map((name) => String(row[at(name)])).join(' ');
    const value = Number(row[at(measure)]);
    if (value > 0) counts[key] = (counts[key] ?? 0) + value;
  }
  return counts;
};

test('without indicators the panels say so; with some they count the flows of the window that match', async () => {
  const before = await run();
  expect([...before.values()].map((p) => p.state)).toEqual(PANELS.map(() => 'no-indicators'));

  const plain = {
    type: 'address',
    id: '',
    severity: '',
    actors: ['Bear'],
    malware: [],
    killChain: [],
    labels: [],
    firstSeen: 500,
    updated: 700,
    validFrom: 0,
    validUntil: 0,
  } as const;
  const feed: Indicator[] = ['198.51.100.1', '203.0.113.0/24', '2001:db8:bad::/48', '10.0.0.0/8'].map((value) => ({
    ...plain,
    value,
    confidence: 90,
    threatType: 'scanner',
  }));
  await indicators.apply('feed', feed, { at: NOW, complete: true });
  await place.pipeline.matchWith(await buildIndex(await indicators.index()));
  const lines = flows.map((f, i) => `2 123456789012 eni-a ${f.from} ${f.to} ${1024 + i} 443 6 1 40 ${f.start} ${f.start + 30} ${f.action} OK`);
  await place.pipeline.ingest([await place.file('flows.log', `${HEADER}\n${lines.join('\n')}\n`)]);

  const panels = await run();
  const slice = (seconds: number) => (f: Flow) => String(Math.floor((f.start - NOW) / seconds) * seconds * 1000 + NOW * 1000);
  const fives = (f: Flow) => `${Math.floor(f.start / 300) * 300_000} ${f.action}`;
  expect(summed(panels.get('threat-source-hits'), ['_timeslice'])).toEqual(counted(inbound, slice(900)));
  expect(summed(panels.get('threat-sources-by-action'), ['_timeslice', 'action'])).toEqual(counted(inbound, fives));
  expect(summed(panels.get('threat-destination-hits'), ['_timeslice'])).toEqual(counted(outbound, slice(900)));
  expect(summed(panels.get('threat-destinations-by-action'), ['_timeslice', 'action'])).toEqual(counted(outbound, fives));
  const accepted = (match: (f: Flow) => boolean) => ({
    '': counted(
      (f) => match(f) && f.action === 'ACCEPT',
      () => '',
    )[''],
  });
  expect(summed(panels.get('threat-source-map'), [])).toEqual(accepted(inbound));
  expect(summed(panels.get('threat-destination-map'), [])).toEqual(accepted(outbound));
});

test('a record tells its indicator as ECS names it, and its text stays as it was', async () => {
  const find = async (query: string) => {
    const response = await server.post('/api/v1/records', { query, from: '-3h', to: 'now', limit: 1, offset: 0, filters: [] });
    return ((await response.json()) as RecordsResponse).records[0];
  };
  const found = await find('src_ip=203.0.113.9 dest_ip=10.0.0.1');
  expect(found?.document).toMatchObject({
    threat: {
      indicator: {
        ip: '203.0.113.9',
        type: 'ipv4-addr',
        name: '203.0.113.0/24',
        confidence: 'High',
        provider: 'feed',
        description: 'scanner',
        first_seen: '1970-01-01T00:08:20Z',
        last_seen: '1970-01-01T00:11:40Z',
      },
      feed: { name: 'feed' },
    },
  });
  expect(found?.raw).toMatch(/^2 123456789012 eni-a 203\.0\.113\.9 10\.0\.0\.1 \d+ 443 6 1 40 \d+ \d+ \w+ OK$/);
  expect((await find('src_ip=10.0.0.1 dest_ip=203.0.113.9'))?.document).toMatchObject({ threat: { indicator: { ip: '203.0.113.9' } } });
  expect((await find('src_ip=9.9.9.9 dest_ip=10.0.0.1'))?.document).not.toHaveProperty('threat');
});

test('an index finds the flows with an indicator without reading the others', async () => {
  await place.store.command({
    text: `INSERT INTO bartizan.vpc_flow (start, srcaddr, dstaddr, srcport, dstport, bytes, action)
      SELECT toDateTime(${NOW - 2 * HOUR}, 'UTC') + number % 3600, toIPv6('::ffff:9.9.9.9'), toIPv6('::ffff:10.0.0.1'), number % 60000, number % 100, number, 'ACCEPT' FROM numbers(200000)`,
    params: {},
  });
  const use = async (query: string) => {
    const { explain } = await explainQuery(server.deps, QueryRequest.parse({ query, from: '-3h', explain: true }), new AbortController().signal, 60);
    return explain.indexes.find(({ index }) => index === 'indicators');
  };
  for (const condition of ['!isNull(_threatlookup.indicator)', '_threatlookup.confidence > 50', '_threatlookup.source = "feed"']) {
    const index = await use(`| threatlookup singleIndicator src_ip | where ${condition} | count`);
    expect(index?.of).toBeGreaterThan(20);
    expect(index?.granules).toBeLessThan(5);
  }
  expect(await use('| threatlookup singleIndicator src_ip | count')).toBeUndefined();
});
