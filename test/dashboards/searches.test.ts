/** The searches over flows that ship: each is run on flows that it must find and flows that it must not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { QueryResponse } from '../../src/api/contract.ts';
import { loadSearches } from '../../src/dashboards/load-searches.ts';
import { NOW, startServer, type TestServer } from '../api/helpers.ts';
import { type Flow, insertFlows, makeFlows } from './flows.ts';

const ALL = loadSearches(join(import.meta.dirname, '../../content/searches'));
/** Those over events: cloudtrail-searches.test.ts. */
const SEARCHES = ALL.filter((s) => !s.id.startsWith('cloudtrail-'));
const flows = makeFlows(31, 1500, NOW - 3600, NOW);
let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  await insertFlows(server.store, flows);
  await insertFlows(server.store, makeFlows(32, 40, NOW - 90_000, NOW - 7200));
  await insertFlows(server.store, flows.slice(0, 30), 'vpc_flow_status', 'NODATA');
  await insertFlows(server.store, flows.slice(30, 50), 'vpc_flow_status', 'SKIPDATA');
  await server.store.command({
    text: `INSERT INTO bartizan.vpc_flow (start, duration, srcaddr, dstaddr, dstport, bytes, action, direction, protocol)
      VALUES (${NOW - 1800}, 900, '10.9.9.9', '10.8.8.8', 443, 1, 'ACCEPT', 'external', 6)`,
    params: {},
  });
});
afterAll(() => server.close());

type Cells = readonly (string | number)[];

/** Rows of `[…key, …measures]` of the flows that a search is about. */
function grouped(keep: (f: Flow) => boolean, key: (f: Flow) => Cells, measures: readonly ((group: readonly Flow[]) => number)[]): Cells[] {
  const groups = Map.groupBy(flows.filter(keep), (f) => JSON.stringify(key(f)));
  return [...groups].map(([id, group]) => [...(JSON.parse(id) as Cells), ...measures.map((m) => m(group))]);
}

const count = (group: readonly Flow[]) => group.length;
const bytes = (group: readonly Flow[]) => group.reduce((sum, f) => sum + f.bytes, 0);
const packets = (group: readonly Flow[]) => group.reduce((sum, f) => sum + f.packets, 0);
const accepted = (f: Flow) => f.action === 'ACCEPT';
const rejected = (f: Flow) => f.action === 'REJECT';
const tcp = (f: Flow) => f.protocol === 6;
const within =
  (...ports: number[]) =>
  (f: Flow) =>
    ports.includes(f.dstport);
const DATABASES = within(22, 3389, 1433, 1434, 1521, 3306, 5432, 5439, 6379, 9042, 9200, 11211, 27017);
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };
const ADMIN = within(22, 23, 3389, 5900, 5985, 5986);
const LONG: Flow = { ...(flows[0] as Flow), srcaddr: '10.9.9.9', dstaddr: '10.8.8.8', bytes: 1, packets: 0, protocol: 6, interface_id: '' };

/** Expected rows and the place of the measure that they are sorted by. */
const EXPECTED: Readonly<Record<string, readonly [rows: readonly Cells[], by: number]>> = {
  'top-talkers': [[...grouped(accepted, (f) => [f.srcaddr, f.dstaddr], [bytes, count]), [LONG.srcaddr, LONG.dstaddr, 1, 1]], 2],
  'rejects-by-interface': [grouped(rejected, (f) => [f.interface_id, f.direction], [count]), 2],
  'rejects-by-source-and-port': [grouped(rejected, (f) => [f.srcaddr, f.dstport], [count, (g) => new Set(g.map((f) => f.dstaddr)).size]), 2],
  'ssh-rdp-database-rejects': [
    grouped(
      (f) => rejected(f) && tcp(f) && DATABASES(f),
      (f) => [f.dstport, f.srcaddr],
      [count],
    ),
    2,
  ],
  'accepted-admin-from-internet': [
    grouped(
      (f) => accepted(f) && f.direction === 'inbound' && tcp(f) && ADMIN(f),
      (f) => [f.srcaddr, f.dstaddr, f.dstport],
      [count, bytes],
    ),
    3,
  ],
  'internal-traffic-by-interface': [
    grouped(
      (f) => f.direction === 'internal',
      (f) => [f.interface_id, f.action],
      [count, bytes],
    ),
    3,
  ],
  'bytes-by-protocol': [
    grouped(
      () => true,
      (f) => [f.protocol, PROTOCOLS[f.protocol] ?? ''],
      [bytes, packets, count],
    ).map(([p, name, b, k, n]) => (p === 6 ? [6, name, Number(b) + 1, Number(k), Number(n) + 1] : [p, name, b, k, n]) as Cells),
    2,
  ],
};

/** Checked by tests of their own. */
const OTHERS = ['log-status-by-interface', 'longest-flows', 'new-destination-asn-today', 'threat-matches-accepted', 'threat-matches-rejected'];
const DAY = 86_400;

const sorted = (rows: readonly unknown[]) => rows.map((r) => JSON.stringify(r)).sort();

async function run(id: string): Promise<QueryResponse> {
  const search = SEARCHES.find((s) => s.id === id)?.search;
  const response = await server.post('/api/v1/query', { query: search?.query, from: search?.from, to: search?.to, filters: search?.filters });
  expect([id, response.status]).toEqual([id, 200]);
  return (await response.json()) as QueryResponse;
}

test.each(Object.keys(EXPECTED))('%s', async (id) => {
  const [rows, by] = EXPECTED[id] ?? [[], 0];
  const found = await run(id);
  expect(found.warnings).toEqual([]);
  const top = [...rows].sort((a, b) => Number(b[by]) - Number(a[by]));
  if (top.length <= 100) expect(sorted(found.rows)).toEqual(sorted(top));
  expect(found.rows.map((r) => r[by])).toEqual(top.slice(0, 100).map((r) => r[by]));
});

test('new-destination-asn-today finds the networks of today that no day before had', async () => {
  const today = Math.floor(NOW / DAY) * DAY;
  const [like] = makeFlows(33, 1, NOW - 60, NOW) as [Flow];
  const to = (asn: string, start: number, more: Partial<Flow> = {}): Flow => ({
    ...like,
    action: 'ACCEPT',
    direction: 'outbound',
    dstaddr: '198.51.100.77',
    bytes: 100,
    dst_as: asn,
    start,
    ...more,
  });
  await insertFlows(server.store, [
    to('65001 New Today', today, { dstaddr: '198.51.100.78' }),
    to('65001 New Today', NOW - 10),
    to('65002 Known, Last Week', NOW - 20),
    to('65002 Known, Last Week', today - 7 * DAY + 60),
    to('65003 Known, A Second Before', today - 1),
    to('65003 Known, A Second Before', NOW - 30),
    to('65004 Forgotten', NOW - 40),
    to('65004 Forgotten', NOW - 9 * DAY),
    to('65005 Refused', NOW - 50, { action: 'REJECT' }),
    to('65006 Inbound', NOW - 50, { direction: 'inbound' }),
    to('', NOW - 50),
  ]);
  const { rows, columns } = await run('new-destination-asn-today');
  expect(columns.map((c) => c.name)).toEqual(['asn', 'organization', 'first_seen', 'destinations', '_count', 'bytes_sum']);
  // Those of the flows of the other tests are new as well.
  const own = rows.filter((r) => Number(r[0]) > 65_000);
  expect(own).toEqual([
    [65_001, 'New Today', today * 1000, 2, 2, 200],
    [65_004, 'Forgotten', (NOW - 40) * 1000, 1, 1, 100],
  ]);
});

test('log-status-by-interface counts lost and silent records apart', async () => {
  const { rows } = await run('log-status-by-interface');
  const sum = (status: string) => rows.filter((r) => r[0] === status).reduce((all, r) => all + Number(r[2]), 0);
  expect([sum('NODATA'), sum('SKIPDATA')]).toEqual([30, 20]);
});

test('longest-flows begins with the longest', async () => {
  const { rows, columns } = await run('longest-flows');
  expect(columns.map((c) => c.name)).toEqual(['seconds', 'src_ip', 'dest_ip', 'dest_port', 'bytes', 'action']);
  expect(rows[0]).toEqual([900, '10.9.9.9', '10.8.8.8', 443, 1, 'ACCEPT']);
  expect(rows.length).toBe(100);
});

test('every search that ships is checked above, says what it is for, and has a name of its own', () => {
  expect(SEARCHES.map((s) => s.id).sort()).toEqual([...Object.keys(EXPECTED), ...OTHERS].sort());
  expect(new Set(ALL.map((s) => s.name)).size).toBe(ALL.length);
  expect(SEARCHES.every((s) => (s.search.description ?? '').length > 20)).toBe(true);
});

test('a wrong file is named with everything that is wrong in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-searches-'));
  await writeFile(join(folder, 'a.yaml'), 'name: A\nquery: "* | cuont"\ndescription: What it is for.\n');
  await writeFile(join(folder, 'b.yaml'), 'query: 5\nother: x\n');
  await writeFile(join(folder, 'c.yaml'), '"');
  expect(() => loadSearches(folder)).toThrow(/a\.yaml: query: .*b\.yaml: .*c\.yaml: /s);
  await rm(folder, { recursive: true });
});
