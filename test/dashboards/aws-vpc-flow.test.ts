/** Every panel of “Security Groups” and of “AWS VPC Flow: Network” and “… Security” against numbers computed here from the generated flows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accept,
  all,
  bytes,
  expectBuckets,
  expectGroups,
  expectNamed,
  expectSame,
  type Fixture,
  going,
  type Key,
  openFixture,
  type PanelEvent,
  PLACE,
  place,
  reject,
  rowsOf,
  slice,
  sums,
  sumsOfMany,
  system,
  tcp,
} from './fixture.ts';
import type { WideFlow } from './flows.ts';

type Check = (panel: PanelEvent | undefined, flows: readonly WideFlow[]) => void;
type Keep = (f: WideFlow) => boolean;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture(61);
});
afterAll(() => fixture.server.close());

const has =
  (field: keyof WideFlow): Keep =>
  (f) =>
    f[field] !== '' && f[field] !== null;
const port =
  (...ports: number[]): Keep =>
  (f) =>
    ports.includes(f.dstport);

/** Over time by a key that a flow may have several of, or none. */
function overTime(action: Keep, series: string, keys: (f: WideFlow) => readonly string[], limit: number, measure?: typeof bytes): Check {
  return (panel, flows) => {
    const groups = sumsOfMany(flows, action, (f) => keys(f).map((key) => [slice(f), key]), measure);
    const name = measure ? 'bytes' : 'flows';
    if (limit > 0) expectNamed(panel, ['_timeslice', series, name], groups, limit);
    else expectSame(panel, ['_timeslice', series, name], groups);
  };
}

const present = (text: string) => (text === '' ? [] : [text]);
const BY: readonly (readonly [string, string, (f: WideFlow) => readonly string[], number])[] = [
  ['group', 'security_group', (f) => f.security_group_ids, 10],
  ['vpc', 'vpc', (f) => present(f.vpc_id), 10],
  ['subnet', 'subnet', (f) => present(f.subnet_id), 10],
  ['direction', 'direction', (f) => [f.direction], 0],
];
const ACTIONS: readonly (readonly [string, Keep])[] = [
  ['accepted', accept],
  ['rejected', reject],
];

/** The values at one place of the groups' keys that have most. */
function most(groups: ReadonlyMap<string, number>, at: number, count: number): Set<unknown> {
  const totals = new Map<unknown, number>();
  for (const [key, value] of groups) {
    const name = (JSON.parse(key) as unknown[])[at];
    totals.set(name, (totals.get(name) ?? 0) + value);
  }
  const ranked = [...totals].toSorted((a, b) => b[1] - a[1]);
  expect(ranked[count - 1]?.[1]).not.toBe(ranked[count]?.[1]);
  return new Set(ranked.slice(0, count).map(([name]) => name));
}

const SECURITY_GROUPS: Record<string, Check> = {
  ...Object.fromEntries(
    ACTIONS.flatMap(([word, action]) => BY.map(([id, series, keys, limit]) => [`${word}-by-${id}`, overTime(action, series, keys, limit)])),
  ),
  // Of 14 groups none is left out.
  'rejects-by-group-and-port': (panel, flows) => {
    const groups = sumsOfMany(flows, reject, (f) => f.security_group_ids.map((group) => [f.dstport, group, 0]));
    const ports = most(groups, 0, 15);
    expectSame(panel, ['dest_port', 'security_group', '_other', 'flows'], new Map([...groups].filter(([key]) => ports.has((JSON.parse(key) as Key[])[0]))));
  },
  'top-talkers-by-group': (panel, flows) => {
    const keys = (f: WideFlow) => f.security_group_ids.map((group) => [group, f.srcaddr, f.dstaddr]);
    const [counts, sizes] = [sumsOfMany(flows, accept, keys), sumsOfMany(flows, accept, keys, bytes)];
    const rows = rowsOf(panel, ['security_group', 'src_ip', 'dest_ip', 'flows', 'bytes_sum']);
    const byGroup = Map.groupBy([...sizes], ([key]) => (JSON.parse(key) as string[])[0]);
    const expected = [...byGroup.values()].flatMap((pairs) => pairs.toSorted((a, b) => b[1] - a[1]).slice(0, 5));
    expect(rows).toEqual(expected.toSorted((a, b) => b[1] - a[1]).map(([key, size]) => [...(JSON.parse(key) as string[]), counts.get(key), size]));
  },
};

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const flagsOf = (f: WideFlow) => FLAGS.filter((_, bit) => ((f.tcp_flags ?? 0) >> bit) & 1).join('|');
const PATHS = [
  'same VPC',
  'internet gateway or gateway endpoint',
  'virtual private gateway',
  'intra-region peering',
  'inter-region peering',
  'local gateway',
  'gateway endpoint',
  'internet gateway',
];
const PROTOCOLS: Record<number, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };

function donut(x: string, keep: Keep, key: (f: WideFlow) => string | null): Check {
  return (panel, flows) =>
    expectNamed(
      panel,
      [x, '_count'],
      sums(flows, all(accept, keep), (f) => [key(f)]),
      10,
    );
}

function top(columns: readonly string[], keep: Keep, keys: (f: WideFlow) => (string | number | null)[], measure?: typeof bytes): Check {
  return (panel, flows) => expectGroups(panel, columns, sums(flows, keep, keys, measure), 10);
}

const any: Keep = () => true;
const NETWORK: Record<string, Check> = {
  'accepted-over-time': (panel, flows) =>
    expectSame(
      panel,
      ['_timeslice', '_count'],
      sums(flows, accept, (f) => [slice(f)]),
    ),
  protocols: donut('protocolName', any, (f) => PROTOCOLS[f.protocol] ?? null),
  'destination-ports': top(['dest_port', '_count'], accept, (f) => [f.dstport]),
  'pairs-by-bytes': (panel, flows) => {
    const counts = sums(flows, accept, (f) => [f.srcaddr, f.dstaddr]);
    const sizes = sums(flows, accept, (f) => [f.srcaddr, f.dstaddr, counts.get(JSON.stringify([f.srcaddr, f.dstaddr])) ?? 0], bytes);
    expectGroups(panel, ['src_ip', 'dest_ip', '_count', 'bytes_sum'], sizes, 10);
  },
  regions: donut('region', has('region'), (f) => f.region),
  'availability-zones': top(['az-id', '_count'], all(accept, has('az_id')), (f) => [f.az_id]),
  'flow-direction': (panel, flows) =>
    expectGroups(
      panel,
      ['flow-direction', '_count'],
      sums(flows, all(accept, has('flow_direction')), (f) => [f.flow_direction]),
    ),
  'traffic-paths': (panel, flows) =>
    expectGroups(
      panel,
      ['traffic_path_name', '_count'],
      sums(flows, all(accept, has('traffic_path')), (f) => [PATHS[(f.traffic_path ?? 0) - 1] ?? null]),
    ),
  'instances-by-bytes': top(['instanceID', 'instance_name', 'bytes_sum'], all(accept, has('instance_id')), (f) => [f.instance_id, null], bytes),
  'interfaces-by-bytes': top(['interfaceID', 'bytes_sum'], accept, (f) => [f.interface_id], bytes),
  'vpcs-by-bytes': top(['vpc', 'bytes_sum'], all(accept, has('vpc_id')), (f) => [f.vpc_id], bytes),
  'tcp-flags': top(
    ['tcp_flag_names', '_count'],
    all(accept, tcp, (f) => (f.tcp_flags ?? 0) > 0),
    (f) => [flagsOf(f)],
  ),
};

const MITRE = all(reject, port(22, 23, 3389));
const DATABASES = port(1433, 1434, 1521, 3306, 5432, 5439, 6379, 9042, 9200, 11211, 27017);
const blocked =
  (ports: Keep): Check =>
  (panel, flows) =>
    expectBuckets(panel, flows, all(reject, ports), 900);

const SECURITY: Record<string, Check> = {
  'rejected-over-time': (panel, flows) =>
    expectSame(
      panel,
      ['_timeslice', '_count'],
      sums(flows, reject, (f) => [slice(f)]),
    ),
  'blocked-ports': top(['dest_port', '_count'], reject, (f) => [f.dstport]),
  // No indicators are stored: the columns of a threat are empty.
  'blocked-sources': top(['src_ip', 'src_country', 'src_city', 'src_asn', 'src_organization', 'threat', 'confidence', '_count'], reject, (f) => {
    const [, , country, , , city] = place(f.src_place);
    return [f.srcaddr, country ?? null, city ?? null, ...system(f.src_as), null, null];
  }),
  'ssh-blocked': blocked(port(22)),
  'rdp-blocked': blocked(port(3389)),
  'telnet-blocked': blocked(port(23)),
  'smb-blocked': blocked(port(137, 138, 139, 445)),
  'databases-blocked': blocked(DATABASES),
  'mitre-matrix': (panel, flows) =>
    expectSame(
      panel,
      ['mitre_id', 'mitre_tactic', '_count'],
      sums(flows, MITRE, () => ['T1110', 'Credential Access']),
    ),
  'mitre-events': (panel, flows) => {
    const distinct = (at: number, end: 'srcaddr' | 'dstaddr') => new Set(flows.filter(all(MITRE, port(at))).map((f) => f[end])).size;
    const counts = sums(flows, MITRE, (f) => ['T1110', 'Credential Access', f.dstport, distinct(f.dstport, 'srcaddr'), distinct(f.dstport, 'dstaddr')]);
    expectGroups(panel, ['mitre_id', 'mitre_tactic', 'dest_port', 'sources', 'destinations', '_count'], counts);
  },
  'blocked-source-map': (panel, flows) =>
    expectGroups(
      panel,
      [...PLACE, '_count'],
      sums(flows, all(reject, going('inbound')), (f) => place(f.src_place)),
    ),
};

describe.each([
  ['vpc-security-groups', SECURITY_GROUPS],
  ['vpc-network', NETWORK],
  ['vpc-security', SECURITY],
] as const)('%s', (id, checks) => {
  let panels: Map<string, PanelEvent>;
  beforeAll(async () => {
    panels = await fixture.run(id);
  });

  test('the checks cover every panel', () => {
    expect(Object.keys(checks).toSorted()).toEqual([...panels.keys()].toSorted());
  });

  test.each(Object.entries(checks))('%s', (panel, check) => {
    expect(panels.get(panel)?.state).toBe('data');
    check(panels.get(panel), fixture.flows);
  });
});

test('the security groups have bytes beside flows', async () => {
  const ids = ACTIONS.flatMap(([word]) => BY.map(([id]) => `${word}-by-${id}`));
  const found = await fixture.run('vpc-security-groups', { panels: ids, measures: Object.fromEntries(ids.map((id) => [id, 'bytes'])) });
  for (const [word, action] of ACTIONS) {
    for (const [id, series, keys, limit] of BY) overTime(action, series, keys, limit, bytes)(found.get(`${word}-by-${id}`), fixture.flows);
  }
});

test.each<[string, string, object, Keep]>([
  ['a VPC', 'vpc-network', { field: 'interface.vpc', values: ['vpc-1'] }, (f) => f.vpc_id === 'vpc-1'],
  ['regions', 'vpc-security', { field: 'region', values: ['us-*'] }, (f) => f.region.startsWith('us-')],
  ['a zone', 'vpc-security', { field: 'az-id', values: ['us-east-1-az1'], negate: true }, (f) => f.az_id !== 'us-east-1-az1'],
])('the filter of %s', async (_, id, filter, keep) => {
  const found = await fixture.run(id, { filters: [filter] });
  const ids = id === 'vpc-network' ? ['accepted-over-time', 'destination-ports'] : ['rejected-over-time', 'blocked-ports', 'blocked-source-map'];
  const checks: Record<string, Check> = id === 'vpc-network' ? NETWORK : SECURITY;
  const kept = fixture.flows.filter(keep);
  for (const panel of ids) checks[panel]?.(found.get(panel), kept);
});
