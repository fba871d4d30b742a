/** Why a flow was refused, over HTTP and on the real engine, among records that are none of its business. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExplainRequest, ExplainResponse } from '../../src/api/contract/refusal.ts';
import { openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

/** 2023-11-14 22:13:20 UTC */
const T = 1_700_000_000;
const HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id instance-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction reject-reason';
const line = (
  eni: string,
  [from, sourcePort]: readonly [string, number],
  [to, destinationPort]: readonly [string, number],
  action: string,
  start: number,
  { flags = 2, way = 'ingress', protocol = 6, subnet = 'subnet-a', reason = '-' } = {},
) =>
  `8 123456789012 ${eni} ${from} ${to} ${sourcePort} ${destinationPort} ${protocol} 3 180 ${T + start} ${T + start + 59} ${action} OK vpc-1 ${subnet} i-1 ${flags} ${from} ${to} ${way} ${reason}`;

const PEER = ['203.0.113.9', 40_000] as const;
const SSH = ['10.0.0.5', 22] as const;
const WEB = ['10.0.0.5', 443] as const;
const CUSTOM = [
  HEADER,
  // Asked about: an attempt that was refused, and a refused reply to a request 40 minutes before.
  line('eni-1', PEER, SSH, 'REJECT', 0),
  line('eni-1', WEB, PEER, 'REJECT', 10, { flags: 18, way: 'egress' }),
  line('eni-1', PEER, WEB, 'ACCEPT', -2400),
  // The same ends at another interface, with other ports, by another protocol, at other times.
  line('eni-2', PEER, SSH, 'ACCEPT', 1, { subnet: 'subnet-b' }),
  line('eni-1', ['203.0.113.9', 40_001], SSH, 'ACCEPT', 2),
  line('eni-1', SSH, ['203.0.113.9', 40_001], 'ACCEPT', 2, { flags: 18, way: 'egress' }),
  line('eni-1', SSH, PEER, 'ACCEPT', 3, { protocol: 17, way: 'egress' }),
  line('eni-1', ['203.0.113.10', 40_000], SSH, 'ACCEPT', 4),
  line('eni-1', SSH, PEER, 'ACCEPT', 7200, { way: 'egress' }),
  line('eni-1', PEER, SSH, 'REJECT', 200),
  // Refused by a control that AWS names; IPv6; ICMP.
  line('eni-3', PEER, SSH, 'REJECT', 30, { reason: 'BPA' }),
  line('eni-4', ['2001:db8:1::9', 50_000], ['2001:db8:2::5', 8080], 'REJECT', 40),
  line('eni-5', ['203.0.113.9', 0], ['10.0.0.7', 0], 'ACCEPT', 50, { protocol: 1, flags: 0 }),
  line('eni-5', ['10.0.0.7', 0], ['203.0.113.9', 0], 'REJECT', 51, { protocol: 1, flags: 0, way: 'egress' }),
];
const internal = (from: string, to: string, port: number, action: string, start: number) =>
  `2 123456789012 eni-7 ${from} ${to} 50000 ${port} 6 1 40 ${T + start} ${T + start + 30} ${action} OK`;
const DEFAULT = [
  internal('10.1.0.1', '10.1.0.2', 5432, 'REJECT', 0),
  // The interface is 10.1.0.2's: it stands in all of its records.
  internal('10.1.0.3', '10.1.0.2', 5432, 'ACCEPT', 5),
  internal('10.1.0.2', '10.1.0.4', 443, 'ACCEPT', 6),
  `2 123456789012 eni-8 10.2.0.1 10.2.0.2 50000 5432 6 1 40 ${T} ${T + 30} REJECT OK`,
  `2 123456789012 eni-8 - - - - - - - ${T - 60} ${T} - SKIPDATA`,
];
const NO_PORTS = ['interface-id srcaddr dstaddr protocol start end action', `eni-9 203.0.113.77 10.0.0.9 6 ${T} ${T + 9} REJECT`];

let place: Place;
let server: TestServer;
beforeAll(async () => {
  place = await openPlace();
  const files = await Promise.all([CUSTOM, DEFAULT, NO_PORTS].map((lines, i) => place.file(`${i}.log`, `${lines.join('\n')}\n`)));
  expect((await place.pipeline.ingest(files)).stored).toBe(CUSTOM.length - 1 + DEFAULT.length - 1 + 1);
  const facts = `('eni-8', '1', ${T - 86_400}, 1, 'db-1', ['10.2.0.2'], ['sg-db', 'sg-all'], ['database', 'everything'], 'interface')`;
  await place.store.command(
    {
      text: `INSERT INTO bartizan.network_interface (interface_id, scope, valid_from, revision, instance_name, private_ips, group_ids, group_names, type) VALUES ${facts}`,
      params: {},
    },
    { lane: 'control' },
  );
  await place.store.command({ text: 'SYSTEM RELOAD DICTIONARY bartizan.network_interface_at', params: {} }, { lane: 'control' });
  server = await startServer({ deps: { store: place.store, clock: () => (T + 10_000) * 1000, absentMask: () => place.metadata.absentMask() } });
});
afterAll(async () => {
  await server.close();
  await place.close();
});

async function ask(request: Partial<ExplainRequest>): Promise<ExplainResponse> {
  const response = await server.post('/api/v1/flows/explain', request);
  const body = (await response.json()) as ExplainResponse;
  expect(body).not.toHaveProperty('error');
  return body;
}
const of = (
  eni: string,
  [source, sourcePort]: readonly [string, number],
  [destination, destinationPort]: readonly [string, number],
  start = 0,
  protocol = 6,
) => ({
  start: T + start,
  interfaceId: eni,
  source,
  destination,
  sourcePort,
  destinationPort,
  protocol,
});
const listed = (answer: ExplainResponse) => answer.flows.map((f) => `${f.start - T} ${f.relation} ${f.action} ${f.interfaceId}${f.asked ? ' asked' : ''}`);

describe('a refused flow is explained', () => {
  test('without an accepted direction: both directions around it, at all interfaces, and nothing else', async () => {
    const answer = await ask(of('eni-1', PEER, SSH));
    expect(listed(answer)).toEqual(['0 same REJECT eni-1 asked', '1 same ACCEPT eni-2', '30 same REJECT eni-3', '200 same REJECT eni-1']);
    expect(answer).toMatchObject({ cut: false, egress: false, protocol: 'tcp', window: { from: T - 300, to: T + 301 }, since: T - 3600 });
    expect(answer.interface).toEqual({
      id: 'eni-1',
      type: '',
      description: '',
      account: '123456789012',
      region: '',
      vpcId: 'vpc-1',
      subnetId: 'subnet-a',
      instanceId: 'i-1',
      instanceName: '',
      securityGroups: [],
    });
    expect(answer.verdict).toMatchObject({ by: 'security-group-or-network-acl', reply: false, doubts: [] });
    expect(answer.verdict.allow.map((r) => `${r.control} ${r.direction} ${r.ports} ${r.cidr}`)).toEqual([
      'security-group inbound 22 203.0.113.9/32',
      'network-acl inbound 22 203.0.113.9/32',
      'network-acl outbound 1024–65535 203.0.113.9/32',
    ]);
    expect(listed(await ask({ ...of('eni-1', PEER, SSH), minutes: 1 }))).toHaveLength(3);
  });

  test('as the reply to a request that was accepted long before its window', async () => {
    const answer = await ask(of('eni-1', WEB, PEER, 10));
    expect(listed(answer)).toEqual(['-2400 reverse ACCEPT eni-1', '10 same REJECT eni-1 asked']);
    expect(answer.verdict).toMatchObject({ by: 'network-acl', reply: true, reason: expect.stringContaining('2023-11-14 21:33:20 UTC') });
  });

  test('by AWS’s own word', async () => {
    expect((await ask(of('eni-3', PEER, SSH, 30))).verdict).toMatchObject({ by: 'block-public-access', allow: [] });
  });

  test('in IPv6, and for ICMP', async () => {
    const six = await ask(of('eni-4', ['2001:db8:1:0::9', 50_000], ['2001:db8:2::5', 8080], 40));
    expect(six.verdict.allow[0]).toMatchObject({ cidr: '2001:db8:1::9/128', ports: '8080' });
    expect(six.verdict.doubts).toEqual([expect.stringContaining('No accepted flow of this interface')]);
    const ping = await ask(of('eni-5', ['10.0.0.7', 0], ['203.0.113.9', 0], 51, 1));
    expect(ping.verdict).toMatchObject({ by: 'network-acl', reply: true, allow: [{ protocol: 'ICMP', direction: 'outbound' }] });
    expect(listed(ping)).toEqual(['50 reverse ACCEPT eni-5', '51 same REJECT eni-5 asked']);
  });

  test('with the interface’s end told by its other flows, where the record does not say it', async () => {
    const answer = await ask(of('eni-7', ['10.1.0.1', 50_000], ['10.1.0.2', 5432]));
    expect(answer.egress).toBe(false);
    expect(answer.verdict).toMatchObject({ by: 'security-group-or-network-acl', doubts: [] });
  });

  test('with what the interface lookup knows, and what AWS lost', async () => {
    const answer = await ask(of('eni-8', ['10.2.0.1', 50_000], ['10.2.0.2', 5432]));
    expect(answer.egress).toBe(false);
    expect(answer.interface).toMatchObject({
      instanceName: 'db-1',
      type: 'interface',
      securityGroups: [
        { id: 'sg-db', name: 'database' },
        { id: 'sg-all', name: 'everything' },
      ],
    });
    expect(answer.verdict.doubts).toEqual([expect.stringContaining('SKIPDATA'), expect.stringContaining('No accepted flow')]);
  });

  test('not at all where its layout leaves the ports out', async () => {
    const answer = await ask({ start: T, interfaceId: 'eni-9', source: '203.0.113.77', destination: '10.0.0.9', protocol: 6 });
    expect(answer.verdict).toMatchObject({ by: 'unknown', allow: [], reason: expect.stringContaining('source port, destination port') });
    expect(answer.flows).toHaveLength(1);
  });
});

describe('refused', () => {
  test.each([
    ['an accepted record', of('eni-1', ['203.0.113.10', 40_000], SSH, 4), 404, 'not-found'],
    ['a second later', of('eni-1', PEER, SSH, 1), 404, 'not-found'],
    ['another interface', of('eni-2', PEER, SSH), 404, 'not-found'],
    ['no address', { ...of('eni-1', PEER, SSH), source: "10.0.0.1' OR 1" }, 400, 'invalid-request'],
    ['a wildcard for an address', { ...of('eni-1', PEER, SSH), destination: '10.*' }, 400, 'invalid-request'],
    ['a port that is none', { ...of('eni-1', PEER, SSH), sourcePort: 65_536 }, 400, 'invalid-request'],
    ['too wide a window', { ...of('eni-1', PEER, SSH), minutes: 61 }, 400, 'invalid-request'],
    ['an unknown key', { ...of('eni-1', PEER, SSH), query: '*' }, 400, 'invalid-request'],
    ['nothing', {}, 400, 'invalid-request'],
  ] as const)('%s', async (_, request, status, code) => {
    const response = await server.post('/api/v1/flows/explain', request);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });
});
