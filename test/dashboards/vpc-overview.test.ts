/**
 * Every panel of Overview against numbers computed here from the generated flows, through the HTTP API.
 * Noise that no panel may count: flows before and after the window, and status records.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/api/contract.ts';
import { eventsOf, NOW, startServer, type TestServer } from '../api/helpers.ts';
import { type Flow, insertFlows, makeFlows } from './flows.ts';

type PanelEvent = Extract<RunEvent, { type: 'panel' }>;
type Key = string | number | null;

const HOUR = 3600;
const DAY = 86_400;
const WINDOW = { from: NOW - HOUR, to: NOW };

let server: TestServer;
let inPlace: TestServer;
let flows: Flow[];

beforeAll(async () => {
  server = await startServer();
  inPlace = await startServer({ deps: { store: server.store }, settings: { copyRows: 0 } });
  flows = [
    ...makeFlows(1, 3000, WINDOW.from, WINDOW.to),
    ...makeFlows(2, 400, WINDOW.from - 2 * HOUR, WINDOW.from),
    ...makeFlows(3, 200, WINDOW.to, WINDOW.to + HOUR),
    ...[1, 2, 3, 4].flatMap((days) => makeFlows(10 + days, 500, WINDOW.from - days * DAY - 600, WINDOW.to - days * DAY + 600)),
  ];
  // The edges of a window: its first second belongs to it, the second after its last does not.
  const [edge] = makeFlows(4, 1, WINDOW.from, WINDOW.to) as [Flow];
  flows.push(
    { ...edge, action: 'ACCEPT', start: WINDOW.from },
    { ...edge, action: 'ACCEPT', start: WINDOW.to - 1 },
    { ...edge, action: 'ACCEPT', start: WINDOW.to },
  );
  await insertFlows(server.store, flows);
  await insertFlows(server.store, makeFlows(5, 50, WINDOW.from, WINDOW.to), 'vpc_flow_status', 'NODATA');
  await insertFlows(server.store, makeFlows(6, 7, WINDOW.from, WINDOW.to), 'vpc_flow_status', 'SKIPDATA');
});
afterAll(async () => {
  await inPlace.close();
  await server.close();
});

async function run(body: object = {}, on = server): Promise<{ panels: Map<string, PanelEvent>; events: RunEvent[] }> {
  const response = await on.post('/api/v1/dashboards/vpc-overview/run', { from: '-60m', to: 'now', ...body });
  if (response.status !== 200) throw new Error(await response.text());
  const events = await eventsOf(response);
  expect(events.filter((e) => e.type === 'error')).toEqual([]);
  return { panels: new Map(events.filter((e) => e.type === 'panel').map((e) => [e.panel, e])), events };
}

/** Sums a measure by keys over the flows of a window that match. */
function expected(match: (f: Flow) => boolean, keys: (f: Flow) => Key[], measure: (f: Flow) => number = () => 1, days = 0): Map<string, number> {
  const groups = new Map<string, number>();
  for (const flow of flows) {
    if (flow.start < WINDOW.from - days * DAY || flow.start >= WINDOW.to - days * DAY || !match(flow)) continue;
    const key = JSON.stringify(keys(flow));
    groups.set(key, (groups.get(key) ?? 0) + measure(flow));
  }
  return groups;
}

/** The panel shows exactly the expected groups, or the `limit` largest of them, largest first. */
function expectGroups(panel: PanelEvent | undefined, columns: string[], groups: Map<string, number>, limit = Number.POSITIVE_INFINITY): void {
  expect(panel?.columns.map((c) => c.name).toSorted()).toEqual(columns.toSorted());
  const at = columns.map((name) => panel?.columns.findIndex((c) => c.name === name) as number);
  const rows = (panel?.rows ?? []).map((row) => at.map((i) => row[i] as Key));
  const largest = [...groups.values()].toSorted((a, b) => b - a).slice(0, limit);
  expect(rows.map((row) => row.at(-1))).toEqual(largest);
  for (const row of rows) expect([row, groups.get(JSON.stringify(row.slice(0, -1)))]).toEqual([row, row.at(-1)]);
  expect(new Set(rows.map((row) => JSON.stringify(row.slice(0, -1)))).size).toBe(rows.length);
}

const accept = (f: Flow) => f.action === 'ACCEPT';
const reject = (f: Flow) => f.action === 'REJECT';
const tcp = (f: Flow) => f.protocol === 6;
const going = (direction: string) => (f: Flow) => f.direction === direction;
const all =
  (...conditions: ((f: Flow) => boolean)[]) =>
  (f: Flow) =>
    conditions.every((c) => c(f));
const bytes = (f: Flow) => f.bytes;
const COUNTRIES: Record<string, string> = { US: 'United States', DE: 'Germany', JP: 'Japan' };

function place(text: string): Key[] {
  if (!text) return [null, null, null, null, null, null];
  const [code = '', state = '', city = '', latitude, longitude] = text.split('|');
  return [Number(latitude), Number(longitude), code, COUNTRIES[code] ?? null, state, city];
}
const PLACE = ['latitude', 'longitude', 'country_code', 'country_name', 'state', 'city', '_count'];

function system(text: string): Key[] {
  const cut = text.indexOf(' ');
  return text ? [Number(text.slice(0, cut)), text.slice(cut + 1)] : [null, null];
}

/** What each panel must show; a run with a filter is checked by the same list on fewer flows. */
const CHECKS: Record<string, (panel: PanelEvent | undefined) => void> = {
  'accepted-total': (panel) => expectBuckets(panel, accept),
  'accepted-bytes-comparison': (panel) => expectComparison(panel, 'bytes', accept, bytes),
  'source-locations': (panel) =>
    expectGroups(
      panel,
      PLACE,
      expected(all(accept, going('inbound')), (f) => place(f.src_place)),
    ),
  'destination-locations': (panel) =>
    expectGroups(
      panel,
      PLACE,
      expected(all(accept, going('outbound')), (f) => place(f.dst_place)),
    ),
  'rejected-total': (panel) => expectBuckets(panel, reject),
  'rejected-tcp-ports': (panel) =>
    expectGroups(
      panel,
      ['dest_port', '_count'],
      expected(all(reject, tcp, going('outbound')), (f) => [f.dstport]),
      10,
    ),
  'rejected-comparison': (panel) => expectComparison(panel, 'flows', reject, () => 1),
  'rejects-by-interface-destination': (panel) =>
    expectGroups(
      panel,
      ['interfaceID', 'dstDevice_ip', '_count'],
      expected(reject, (f) => [f.interface_id, f.dstaddr]),
    ),
  'outbound-tcp-ports': (panel) =>
    expectGroups(
      panel,
      ['dest_port', '_count'],
      expected(all(accept, tcp, going('outbound')), (f) => [f.dstport]),
      10,
    ),
  'accounts-by-bytes': (panel) => {
    const boundary = (f: Flow) => f.direction === 'inbound' || f.direction === 'outbound';
    expectGroups(
      panel,
      ['accountID', 'bytes_sum'],
      expected(all(accept, tcp, boundary), (f) => [f.account_id], bytes),
      10,
    );
  },
  'destination-asn-bytes': (panel) => {
    const groups = expected(all(accept, going('outbound')), (f) => [...system(f.dst_as), f.dstport], bytes);
    expectGroups(panel, ['asn', 'organization', 'dest_port', 'bytes_sum'], groups, 50);
  },
  'tcp-ports-by-asn': (panel) => {
    const groups = expected(all(accept, tcp, going('outbound')), (f) => [...system(f.dst_as), f.dstport]);
    expectGroups(panel, ['asn', 'organization', 'dest_port', 'dest_port_count'], groups);
  },
  'outbound-ports-by-interface': (panel) =>
    expectGroups(
      panel,
      ['interfaceID', 'dest_port', '_count'],
      expected(all(accept, going('outbound')), (f) => [f.interface_id, f.dstport]),
    ),
  'internal-tcp-ports': (panel) =>
    expectGroups(
      panel,
      ['dest_port', '_count'],
      expected(all(accept, tcp, going('internal')), (f) => [f.dstport]),
      10,
    ),
  'internal-interfaces-by-bytes': (panel) =>
    expectGroups(
      panel,
      ['interfaceID', 'bytes_sum'],
      expected(all(accept, going('internal')), (f) => [f.interface_id], bytes),
      20,
    ),
  'internal-destinations-by-interface': (panel) => {
    const groups = expected(all(accept, going('internal')), (f) => [f.interface_id, f.dstaddr], bytes);
    expectGroups(panel, ['interfaceID', 'dstDevice_ip', 'bytes_sum'], groups);
  },
  'internal-ports-by-interface': (panel) =>
    expectGroups(
      panel,
      ['interfaceID', 'dest_port', '_count'],
      expected(all(accept, going('internal')), (f) => [f.interface_id, f.dstport]),
    ),
};

function expectBuckets(panel: PanelEvent | undefined, match: (f: Flow) => boolean): void {
  const groups = expected(match, (f) => [WINDOW.to - Math.ceil((WINDOW.to - f.start) / 900) * 900]);
  const buckets = [4, 3, 2, 1].map((back) => WINDOW.to - back * 900);
  expect(panel?.columns.map((c) => c.name)).toEqual(['_timeslice', '_count']);
  expect(panel?.rows).toEqual(buckets.map((at) => [at * 1000, groups.get(JSON.stringify([at])) ?? 0]));
  expect(panel?.timeslice).toBe(900);
}

function expectComparison(panel: PanelEvent | undefined, name: string, match: (f: Flow) => boolean, measure: (f: Flow) => number): void {
  const slice =
    (days: number) =>
    (f: Flow): Key[] => [(Math.floor(f.start / 300) * 300 + days * DAY) * 1000];
  const days = [0, 1, 2, 3].map((back) => expected(match, slice(back), measure, back));
  const columns = ['_timeslice', name, `${name}_1d`, `${name}_2d`, `${name}_3d`];
  expect(panel?.columns.map((c) => c.name)).toEqual(columns);
  const times = [...new Set(days.flatMap((day) => [...day.keys()].map((key) => (JSON.parse(key) as [number])[0])))].toSorted((a, b) => a - b);
  const rows = times.map((time) => [time, ...days.map((day) => day.get(JSON.stringify([time])) ?? null)]);
  expect((panel?.rows ?? []).toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual(rows);
}

describe('Overview', () => {
  let panels: Map<string, PanelEvent>;
  let events: RunEvent[];
  beforeAll(async () => {
    ({ panels, events } = await run());
  });

  test('the checks cover every panel that needs no indicators', () => {
    expect(Object.keys(CHECKS).toSorted()).toEqual([...panels.values()].flatMap((p) => (p.state === 'no-indicators' ? [] : [p.panel])).toSorted());
    expect(panels.size).toBe(23);
  });

  test.each(Object.entries(CHECKS))('%s', (id, check) => {
    expect(panels.get(id)).toMatchObject({ state: 'data', window: WINDOW });
    check(panels.get(id));
  });

  test('the threat panels say that there are no indicators, and where records are', () => {
    const starts = flows.map((f) => f.start);
    const without = [...panels.values()].filter((p) => p.state === 'no-indicators');
    expect(without).toHaveLength(6);
    for (const { extent } of without) expect(extent).toEqual({ from: Math.min(...starts), to: Math.max(...starts) + 1 });
  });

  test('begins with the snapshot and ends with the warnings of the window', () => {
    expect(events[0]).toMatchObject({ type: 'start', snapshot: NOW, window: WINDOW });
    expect(events.at(-1)).toMatchObject({ type: 'end', skipdata: 7 });
  });

  test('reading in place gives the same rows as the copy in memory', async () => {
    const direct = await run({}, inPlace);
    const content = (found: Map<string, PanelEvent>) => Object.fromEntries([...found].map(([id, p]) => [id, [p.state, p.columns, sorted(p)]]));
    expect(content(direct.panels)).toEqual(content(panels));
  });
});

/** Rows in one order, also where the measure ties. Rows cut at a tie may differ, so their keys are left out. */
function sorted(panel: PanelEvent): string[] {
  const measure = panel.columns.length - 1;
  const cut = [10, 20, 50].includes(panel.rows.length);
  return panel.rows.map((row) => JSON.stringify(cut ? row[measure] : row)).toSorted();
}

describe('the filters of the dashboard', () => {
  test.each<[string, { field: string; values: string[]; negate?: boolean }, (f: Flow) => boolean]>([
    ['an account', { field: 'accountID', values: ['100000000001', '100000000002'] }, (f) => ['100000000001', '100000000002'].includes(f.account_id)],
    ['interfaces by wildcard', { field: 'interfaceID', values: ['eni-1*'] }, (f) => f.interface_id.startsWith('eni-1')],
    ['a source network', { field: 'src_ip', values: ['10.0.0.0/16'] }, (f) => f.srcaddr.startsWith('10.0.')],
    [
      'no destination',
      { field: 'dest_ip', values: ['8.8.8.8', '2001:db8::/32'], negate: true },
      (f) => f.dstaddr !== '8.8.8.8' && !f.dstaddr.startsWith('2001:db8:'),
    ],
    ['a range of ports', { field: 'dest_port', values: ['20-100', '443'] }, (f) => (f.dstport >= 20 && f.dstport <= 100) || f.dstport === 443],
  ])('%s', async (_, filter, keep) => {
    const { panels } = await run({ filters: [filter] });
    const whole = flows;
    flows = flows.filter(keep);
    try {
      for (const [id, check] of Object.entries(CHECKS)) check(panels.get(id));
    } finally {
      flows = whole;
    }
  });
});

describe('the measures of “Flows Rejected”', () => {
  test.each([
    ['packets', (f: Flow) => f.packets],
    ['bytes', bytes],
  ] as const)('%s', async (name, measure) => {
    const { panels } = await run({ panels: ['rejected-comparison'], measures: { 'rejected-comparison': name } });
    expectComparison(panels.get('rejected-comparison'), name, reject, measure);
  });
});
