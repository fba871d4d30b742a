/** Every panel and search of threats against numbers computed here from the generated flows and the indicators that held for them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueryResponse, Window } from '../../src/api/contract.ts';
import { panelsOf } from '../../src/dashboards/plan.ts';
import type { Dashboard, Panel } from '../../src/dashboards/schema.ts';
import type { Indicator } from '../../src/model/indicator.ts';
import { sql, statement } from '../../src/query/sql.ts';
import { type Indicators, openIndicators } from '../../src/store/indicators.ts';
import type { PanelResult } from '../../src/web/dashboard/run-store.ts';
import type { Drill } from '../../src/web/panels/props.ts';
import { spotsOf } from '../../src/web/panels/spots.ts';
import { NOW } from '../api/helpers.ts';
import { indicatorOf } from '../indicator.ts';
import {
  accept,
  all,
  expectBuckets,
  expectGroups,
  expectSame,
  type Fixture,
  going,
  type Key,
  openFixture,
  type PanelEvent,
  PLACE,
  place,
  reject,
  slice,
  sums,
  system,
  WINDOW,
} from './fixture.ts';
import type { WideFlow } from './flows.ts';
import { recordsBehind } from './records.ts';

type Keep = (f: WideFlow) => boolean;
type End = 'srcaddr' | 'dstaddr';

const HALF = NOW - 1800;

const indicator = (value: string, confidence: number, more: Partial<Indicator> = {}) => indicatorOf(value, { confidence, updated: NOW - 86_400, ...more });

/** The last two match nothing: an address of the inside, and what is no address. */
const FEED: readonly Indicator[] = [
  indicator('203.0.113.7', 92, { labels: ['c2', 'botnet'], actors: ['Copper'], malware: ['Mirai', 'Gafgyt'], updated: NOW - 3600 }),
  indicator('2001:db8::5', 85, { labels: ['scanner'], malware: ['Mirai'] }),
  // Below high, and in the same city as the first.
  indicator('198.51.100.9', 84, { actors: ['Copper', 'Tin'] }),
  // It holds for the second half of the window.
  indicator('192.0.2.77', 99, { validFrom: HALF }),
  // It held until a moment before the window.
  indicator('8.8.8.8', 100, { validUntil: WINDOW.from }),
  indicator('10.0.0.5', 100),
  indicator('bad.example', 100, { type: 'domain' }),
];

/** The indicator that held for an end of a flow: of external addresses, at the flow's time. */
function threatOf(flow: WideFlow, end: End): Indicator | undefined {
  if (/^(10|172\.16)\.|^fd/.test(flow[end])) return undefined;
  return FEED.find((i) => i.value === flow[end] && flow.start >= i.validFrom && (i.validUntil === 0 || flow.start < i.validUntil));
}

let fixture: Fixture;
let indicators: Indicators;
beforeAll(async () => {
  fixture = await openFixture(81, {
    facts: async () => ({ indicators: indicators.active, quarantined: 0, place: null }),
    matching: async ({ store, metadata, deps, folder }) => {
      indicators = await openIndicators({ store, metadata, catalogs: deps.catalogs, folder: join(folder, 'indicators') });
      await indicators.apply('test', FEED, { at: NOW - 7 * 86_400, complete: true });
      const { rows } = await store.rows(statement(sql`SELECT value, toString(number) FROM bartizan.indicator`));
      const numbers = new Map(rows.map(([value, number]) => [String(value), String(number)]));
      const numberOf = (flow: WideFlow, end: End) => numbers.get(threatOf(flow, end)?.value ?? '') ?? '0';
      return (flow) => ({ src_indicator: numberOf(flow, 'srcaddr'), dst_indicator: numberOf(flow, 'dstaddr') });
    },
  });
});
afterAll(async () => {
  await indicators.close();
  await fixture.server.close();
});

const from: Keep = (f) => threatOf(f, 'srcaddr') !== undefined;
const to: Keep = (f) => threatOf(f, 'dstaddr') !== undefined;
const text = (list: readonly string[] | undefined) => list?.join(', ') || null;
const band = (confidence: number) => (confidence >= 85 ? 'high' : 'medium');

/** What a map's marker says of a place. */
function placed(end: End): (f: WideFlow) => Key[] {
  return (f) => {
    const found = threatOf(f, end);
    if (!found) throw new Error('no threat');
    const where = place(end === 'srcaddr' ? f.src_place : f.dst_place);
    return [...where, text(found.labels), text(found.actors), band(found.confidence), found.updated * 1000];
  };
}

const DETAILS = ['labels', 'actor', 'confidence', 'updated'];
type Check = (panel: PanelEvent | undefined) => void;

function map(keep: Keep, end: End): Check {
  return (panel) => expectGroups(panel, [...PLACE, ...DETAILS, '_count'], sums(fixture.flows, keep, placed(end)));
}

const endpoint = (address: string, port: number) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

/** High confidence only. */
function table(action: Keep): Check {
  return (panel) => {
    const high: Keep = (f) => (threatOf(f, 'srcaddr')?.confidence ?? 0) >= 85;
    const groups = sums(fixture.flows, all(action, high), (f) => {
      const found = threatOf(f, 'srcaddr');
      const ends = [endpoint(f.srcaddr, f.srcport), endpoint(f.dstaddr, f.dstport)];
      const said = [found?.confidence ?? null, text(found?.labels), text(found?.malware), (found?.updated ?? 0) * 1000];
      return [f.interface_id, f.account_id, ...ends, f.protocol, ...said];
    });
    const columns = ['interfaceID', 'accountID', 'src', 'dest', 'protocol', 'confidence', 'labels', 'malware_families', 'updated', '_count'];
    expectGroups(panel, columns, groups);
  };
}

const byAction = (f: WideFlow) => [slice(f), f.action || null];

const CHECKS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'vpc-overview': {
    'threat-source-hits': (panel) => expectBuckets(panel, fixture.flows, all(going('inbound'), from), 900),
    'threat-sources-by-action': (panel) => expectSame(panel, ['_timeslice', 'action', '_count'], sums(fixture.flows, all(going('inbound'), from), byAction)),
    'threat-source-map': map(all(accept, going('inbound'), from), 'srcaddr'),
    'threat-destination-hits': (panel) => expectBuckets(panel, fixture.flows, all(going('outbound'), to), 900),
    'threat-destinations-by-action': (panel) =>
      expectSame(panel, ['_timeslice', 'action', '_count'], sums(fixture.flows, all(going('outbound'), to), byAction)),
    'threat-destination-map': map(all(accept, going('outbound'), to), 'dstaddr'),
  },
  'vpc-accepts-rejects': {
    'rejected-threat-map': map(all(reject, going('inbound'), from), 'srcaddr'),
    'rejected-threats': table(reject),
    'accepted-threat-map': map(all(accept, going('inbound'), from), 'srcaddr'),
    'accepted-threats': table(accept),
  },
  'vpc-traffic-direction': {
    'inbound-threat-map': map(all(accept, going('inbound'), from), 'srcaddr'),
    'outbound-threat-map': map(all(accept, going('outbound'), to), 'dstaddr'),
  },
  'vpc-security': {
    'blocked-sources': (panel) => {
      const groups = sums(fixture.flows, reject, (f) => {
        const [, , country, , , city] = place(f.src_place);
        const found = threatOf(f, 'srcaddr');
        return [f.srcaddr, country ?? null, city ?? null, ...system(f.src_as), found?.value ?? null, found?.confidence ?? null];
      });
      const columns = ['src_ip', 'src_country', 'src_city', 'src_asn', 'src_organization', 'threat', 'confidence', '_count'];
      expectGroups(panel, columns, groups, 10);
    },
  },
};

describe.each(Object.entries(CHECKS))('%s', (id, checks) => {
  let panels: Map<string, PanelEvent>;
  beforeAll(async () => {
    panels = await fixture.run(id, { panels: Object.keys(checks) });
  });

  test.each(Object.entries(checks))('%s', (panel, check) => {
    expect(panels.get(panel)?.state).toBe('data');
    check(panels.get(panel));
  });

  test('no panel of threats is left out', () => {
    const needing = fixture.server.deps.dashboards.find((d) => d.id === id)?.sections.flatMap((s) => s.panels.filter((p) => p.needs === 'indicators'));
    expect(needing?.map((p) => p.id).filter((panel) => !(panel in checks))).toEqual([]);
  });
});

/** Behind each value of a panel's answer: what is clicked, in which part of the window, and the value. */
function valuesOf({ kind, size, y, x, bucket = 300 }: Panel, result: PanelResult): { cells: Drill['cells']; window?: Window; value: number }[] {
  const { columns, rows } = result;
  const at = (name: string | undefined) => columns.findIndex((c) => c.name === name);
  if (kind === 'map') {
    const { spots, unknown, where } = spotsOf(result, size, [], 'UTC');
    return [...spots, ...unknown].map((spot) => ({ cells: where(spot).map(({ column, index }) => ({ column, value: spot.row[index] })), value: spot.value }));
  }
  const measure = kind === 'table' ? '_count' : y;
  return rows.map((row) => {
    const cells = columns.flatMap((column, i) => (column.name === measure || column.name === x ? [] : [{ column, value: row[i] }]));
    const start = Number(row[at(x ?? '_timeslice')]) / 1000;
    const sliced = kind !== 'table';
    return { cells, ...(sliced && { window: { from: start, to: start + bucket } }), value: Number(row[at(measure)]) };
  });
}

describe.each(Object.keys(CHECKS))('the records behind values of %s', (id) => {
  test('are as many as the values say', async () => {
    const dashboard = fixture.server.deps.dashboards.find((d) => d.id === id) as Dashboard;
    const panels = panelsOf(dashboard).filter((panel) => panel.id in (CHECKS[id] ?? {}));
    const ran = await fixture.run(id, { panels: panels.map((panel) => panel.id) });
    for (const panel of panels) {
      const values = valuesOf(panel, ran.get(panel.id) as unknown as PanelResult);
      expect([panel.id, values.length > 0]).toEqual([panel.id, true]);
      // Some from each part.
      for (const { value, ...drill } of values.filter((_, i) => i % Math.ceil(values.length / 8) === 0)) {
        const found = await recordsBehind(fixture.server, panel.query, drill, WINDOW);
        expect([panel.id, drill.cells.map((cell) => cell.value), found]).toEqual([panel.id, drill.cells.map((cell) => cell.value), value]);
      }
    }
  });
});

test.each([
  ['what its rows must be', '_index=vpc_flow | where bytes > 4000 and dest_port < 1024 | count by dest_port, action'],
  [
    'which indicators',
    '_index=vpc_flow | threatip src_ip | where !isNull(malicious_confidence) and action = "ACCEPT" | count by src_ip, actor, malicious_confidence',
  ],
  [
    'what it computes',
    '_index=vpc_flow | if(bytes > 4000, "large", "small") as size | where size = "large" | lookup actor as who from sumo://threat/cs on threat=src_ip | count by who, size',
  ],
  ['a key by another name', '_index=vpc_flow | threatlookup singleIndicator src_ip | count by _threatlookup.confidence as sure, packets % 3 as third'],
])('the records behind a value of a panel that says %s are its records and no others', async (_, query) => {
  const response = await fixture.server.post('/api/v1/query', { query, from: WINDOW.from, to: WINDOW.to });
  const { columns, rows } = (await response.json()) as QueryResponse;
  expect(rows.length).toBeGreaterThan(1);
  const all = await recordsBehind(fixture.server, '_index=vpc_flow', { cells: [] }, WINDOW);
  for (const row of rows.slice(0, 12)) {
    const cells = columns.flatMap((column, i) => (column.name === '_count' ? [] : [{ column, value: row[i] }]));
    const found = await recordsBehind(fixture.server, query, { cells }, WINDOW);
    expect([row, found]).toEqual([row, row[columns.length - 1]]);
    expect(found).toBeLessThan(all);
  }
});

test.each([
  ['an indicator that held before the window', '8.8.8.8'],
  ['an indicator of an address of the inside', '10.0.0.5'],
])('%s matches nothing', async (_, address) => {
  const panels = await fixture.run('vpc-accepts-rejects', { filters: [{ field: 'src_ip', values: [address] }] });
  expect(panels.get('rejected-sources')?.state).toBe('data');
  for (const id of Object.keys(CHECKS['vpc-accepts-rejects'] ?? {})) expect([id, panels.get(id)?.state]).toEqual([id, 'no-match']);
});

describe.each([
  ['threat-matches-accepted', accept],
  ['threat-matches-rejected', reject],
] as const)('the search %s', (id, action) => {
  test('finds both ends, the best indicator of each flow', async () => {
    const search = fixture.server.deps.searches.find((s) => s.id === id)?.search;
    const response = await fixture.server.post('/api/v1/query', { query: search?.query, from: search?.from, to: search?.to });
    const { columns, rows } = (await response.json()) as QueryResponse;
    const bestOf = (f: WideFlow) => [threatOf(f, 'srcaddr'), threatOf(f, 'dstaddr')].toSorted((a, b) => (b?.confidence ?? -1) - (a?.confidence ?? -1))[0];
    const keys = (f: WideFlow): Key[] => [bestOf(f)?.value ?? null, bestOf(f)?.confidence ?? null, f.srcaddr, f.dstaddr, f.dstport];
    const groups = sums(
      fixture.flows,
      all(action, (f) => from(f) || to(f)),
      keys,
    );
    expect(columns.map((c) => c.name).slice(0, 6)).toEqual(['_threatlookup.indicator', '_threatlookup.confidence', 'src_ip', 'dest_ip', 'dest_port', '_count']);
    expect(rows.map((row) => row[5])).toEqual([...groups.values()].toSorted((a, b) => b - a).slice(0, 100));
    for (const row of rows) expect([row.slice(0, 5), groups.get(JSON.stringify(row.slice(0, 5)))]).toEqual([row.slice(0, 5), row[5]]);
  });
});
