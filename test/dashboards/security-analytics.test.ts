/** Every panel of “Accepts & Rejects” and “Traffic Direction Monitoring” against numbers computed here from the generated flows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accept,
  all,
  bytes,
  expectBuckets,
  expectGroups,
  expectNamed,
  expectTopOfParts,
  type Fixture,
  going,
  openFixture,
  type PanelEvent,
  packets,
  reject,
  slice,
  sums,
  system,
  tcp,
} from './fixture.ts';
import type { WideFlow } from './flows.ts';

type Check = (panel: PanelEvent | undefined, flows: readonly WideFlow[]) => void;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture(41);
});
afterAll(() => fixture.server.close());

const NAMES: Record<number, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };
const interfaces = (f: WideFlow) => [f.interface_id];
const accounts = (f: WideFlow) => [f.account_id];
const sources = (f: WideFlow) => [f.srcaddr];
const destinations = (f: WideFlow) => [f.dstaddr];
const portsOverTime = (f: WideFlow) => [slice(f), f.dstport];

const ACCEPTS_REJECTS: Record<string, Check> = {
  'rejected-by-interface': (panel, flows) => expectGroups(panel, ['interfaceID', 'flows'], sums(flows, reject, interfaces), 20),
  'rejected-by-account': (panel, flows) => expectNamed(panel, ['accountID', 'flows'], sums(flows, reject, accounts), 10),
  'rejected-ports-over-time': (panel, flows) => expectNamed(panel, ['_timeslice', 'dest_port', 'flows'], sums(flows, reject, portsOverTime), 10),
  'rejected-sources': (panel, flows) => expectGroups(panel, ['srcDevice_ip', '_count'], sums(flows, reject, sources), 20),
  'rejected-destinations': (panel, flows) => expectGroups(panel, ['dstDevice_ip', '_count'], sums(flows, reject, destinations), 20),
  'accepted-bytes-by-protocol': (panel, flows) =>
    expectNamed(
      panel,
      ['protocolName', 'bytes_sum'],
      sums(flows, accept, (f) => [NAMES[f.protocol] ?? null], bytes),
      10,
    ),
  'accepted-bytes-by-port': (panel, flows) => expectNamed(panel, ['_timeslice', 'dest_port', 'bytes_sum'], sums(flows, accept, portsOverTime, bytes), 10),
  'accepted-sources': (panel, flows) => expectGroups(panel, ['srcDevice_ip', '_count'], sums(flows, accept, sources), 20),
  'accepted-destinations': (panel, flows) => expectGroups(panel, ['dstDevice_ip', '_count'], sums(flows, accept, destinations), 20),
  'destination-asn-ports': (panel, flows) => {
    const groups = sums(flows, all(accept, tcp, going('outbound')), (f) => [...system(f.dst_as), f.dstport]);
    expectGroups(panel, ['asn', 'organization', 'dest_port', '_count'], groups, 50);
  },
};

/** Accepted, rejected and unknown parts of the ten values with most. */
function expectMegabytes(direction: string, address: (f: WideFlow) => string, name: string): Check {
  return (panel, flows) => {
    const groups = sums(flows, going(direction), (f) => [address(f), f.action || null], bytes);
    expectTopOfParts(panel, [name, 'action', 'MB'], new Map([...groups].map(([key, sum]) => [key, sum / 1_000_000])), 10);
  };
}

const DIRECTIONS: Record<string, Check> = Object.fromEntries(
  ['inbound', 'outbound'].flatMap((direction): [string, Check][] => [
    [`${direction}-accepted`, (panel, flows) => expectBuckets(panel, flows, all(accept, going(direction)), 300)],
    [`${direction}-rejected`, (panel, flows) => expectBuckets(panel, flows, all(reject, going(direction)), 300)],
    [`${direction}-sources-by-mb`, expectMegabytes(direction, (f) => f.srcaddr, 'srcDevice_ip')],
    [`${direction}-destinations-by-mb`, expectMegabytes(direction, (f) => f.dstaddr, 'dstDevice_ip')],
    [
      `${direction}-ports`,
      (panel, flows) =>
        expectTopOfParts(
          panel,
          ['dest_port', 'action', '_count'],
          sums(flows, going(direction), (f) => [f.dstport, f.action || null]),
          10,
        ),
    ],
  ]),
);

describe.each([
  ['vpc-accepts-rejects', 14, ACCEPTS_REJECTS],
  ['vpc-traffic-direction', 12, DIRECTIONS],
] as const)('%s', (id, count, checks) => {
  let panels: Map<string, PanelEvent>;
  beforeAll(async () => {
    panels = await fixture.run(id);
  });

  test('the checks cover every panel that needs no indicators', () => {
    expect(Object.keys(checks).toSorted()).toEqual([...panels.values()].flatMap((p) => (p.state === 'no-indicators' ? [] : [p.panel])).toSorted());
    expect(panels.size).toBe(count);
  });

  test.each(Object.entries(checks))('%s', (panel, check) => {
    expect(panels.get(panel)?.state).toBe('data');
    check(panels.get(panel), fixture.flows);
  });

  test.each<[string, object, (f: WideFlow) => boolean]>([
    ['a source category', { field: '_sourceCategory', values: ['prod/*'] }, (f) => f.source_category === 'prod/vpc'],
    ['no account', { field: 'accountID', values: ['100000000000'], negate: true }, (f) => f.account_id !== '100000000000'],
  ])('filtered by %s', async (_, filter, keep) => {
    const kept = fixture.flows.filter(keep);
    const found = await fixture.run(id, { filters: [filter] });
    for (const [panel, check] of Object.entries(checks)) check(found.get(panel), kept);
  });
});

describe('“Flows Rejected” counts flows, or what it is switched to', () => {
  test.each([
    ['packets', packets],
    ['bytes', bytes],
  ] as const)('%s', async (name, measure) => {
    const ids = ['rejected-by-interface', 'rejected-by-account', 'rejected-ports-over-time'];
    const found = await fixture.run('vpc-accepts-rejects', { panels: ids, measures: Object.fromEntries(ids.map((id) => [id, name])) });
    expectGroups(found.get('rejected-by-interface'), ['interfaceID', name], sums(fixture.flows, reject, interfaces, measure), 20);
    expectNamed(found.get('rejected-by-account'), ['accountID', name], sums(fixture.flows, reject, accounts, measure), 10);
    expectNamed(found.get('rejected-ports-over-time'), ['_timeslice', 'dest_port', name], sums(fixture.flows, reject, portsOverTime, measure), 10);
  });
});
