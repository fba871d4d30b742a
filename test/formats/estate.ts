/**
 * Flow logs as an estate gives them, for tests of layout inference: all fields of version 11 a row, in
 * order of time. What goes on differs from seed to seed; some of it is rare on purpose.
 */
import { AWS_FIELDS } from '../../src/model/fields.ts';

export type FlowRow = Readonly<Record<string, string>>;

export const ALL_NAMES: readonly string[] = AWS_FIELDS.map((f) => f.aws as string);
const SINCE = new Map(AWS_FIELDS.map((f) => [f.aws as string, f.since as number]));

/** Deterministic random numbers in [0, 1). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Interface {
  readonly id: string;
  readonly address: string;
  readonly address6: string;
  /** Addresses of pods or behind a NAT gateway that the packets show. */
  readonly behind: readonly string[];
  readonly port: number;
  readonly fields: Record<string, string>;
}

const SCANNED_PORTS = [22, 23, 3389, 445, 1433, 3306, 5432, 6379, 8080, 8443, 25, 110, 143, 21, 5900, 2375, 9200, 80, 443];

/** `rows`: at least so many. */
export function estateRows(seed: number, rows: number): FlowRow[] {
  const random = randomOf(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const hex = (n: number): string => Array.from({ length: n }, () => below(16).toString(16)).join('');
  const chance = (p: number): boolean => random() < p;
  const some = (p: number): number => (chance(p) ? random() : 0);

  // What this estate is like.
  const account = String(100000000000 + below(800000000000));
  const region = pick(['eu-west-1', 'us-east-1', 'ap-southeast-2', 'us-gov-west-1']);
  const zones = [1, 2, 3].map((n) => `${pick(['euw1', 'use1'])}-az${n}`);
  const share = {
    web: 0.4 + random(),
    database: random(),
    out: random(),
    scan: chance(0.85) ? random() : 0,
    blocked: some(0.25),
    stateless: some(0.1) * 0.3,
    icmp: chance(0.8) ? random() * 0.2 : 0,
    dns: some(0.7) * 0.5,
    peers: some(0.3) * 0.4,
    silent: chance(0.85) ? random() * 0.15 : 0,
  };
  const udp = chance(0.9);
  const v6 = chance(0.3) ? random() * 0.5 : 0;
  const localZone = chance(0.1);
  const ecs = chance(0.3);
  const vpcs = chance(0.7) ? [`vpc-${hex(17)}`] : [`vpc-${hex(17)}`, `vpc-${hex(8)}`];
  const interfaces: Interface[] = Array.from({ length: 1 + below(chance(0.2) ? 2 : 12) }, (_, n) => {
    const zone = pick(zones);
    const task = ecs && chance(0.5);
    const cluster = `arn:aws:ecs:${region}:${account}:cluster/main`;
    const taskId = hex(32);
    const tag = (): string => pick(['web', 'prod', 'team%20a', '42', '1001', 'Gr%C3%B6%C3%9Fe', '-', 'blue/green']);
    return {
      id: `eni-${hex(17)}`,
      address: `10.${below(3)}.${n}.${4 + below(250)}`,
      address6: `2600:1f18:${hex(4)}:${n + 1}00::${hex(4)}`,
      behind: chance(0.35) ? [`10.9.${n}.${below(250)}`, `10.9.${n}.${below(250)}`] : [],
      port: pick([443, 80, 22, 8080, 443]),
      fields: {
        'vpc-id': pick(vpcs),
        'subnet-id': `subnet-${hex(17)}`,
        'instance-id': chance(0.8) ? `i-${hex(17)}` : '-',
        region,
        'az-id': localZone ? '-' : zone,
        'sublocation-type': localZone ? 'localzone' : '-',
        'sublocation-id': localZone ? 'usw2-lax1-az1' : '-',
        'ecs-cluster-arn': task ? cluster : '-',
        'ecs-cluster-name': task ? 'main' : '-',
        'ecs-container-instance-arn': task ? `arn:aws:ecs:${region}:${account}:container-instance/main/${hex(32)}` : '-',
        'ecs-container-instance-id': task ? hex(32) : '-',
        'ecs-container-id': task ? hex(64) : '-',
        'ecs-second-container-id': task && chance(0.5) ? hex(64) : '-',
        'ecs-service-name': task ? 'api' : '-',
        'ecs-task-definition-arn': task ? `arn:aws:ecs:${region}:${account}:task-definition/api:7` : '-',
        'ecs-task-arn': task ? `arn:aws:ecs:${region}:${account}:task/main/${taskId}` : '-',
        'ecs-task-id': task ? taskId : '-',
        'resource-id': '-',
        'instance-tag': tag(),
        'instance-tag-2': tag(),
        'interface-tag': tag(),
        'interface-tag-2': '-',
        'asg-tag': tag(),
        'asg-tag-2': '-',
        'interface-type': pick(['interface', 'nat_gateway', 'network_load_balancer']),
      },
    };
  });
  const databases = Array.from({ length: 1 + below(3) }, (_, n) => ({ address: `10.${below(3)}.200.${n + 4}`, port: pick([5432, 3306, 6379, 27017]) }));
  const outside = Array.from({ length: 4 + below(30) }, () => `52.${below(256)}.${below(256)}.${below(256)}`);
  const found: FlowRow[] = [];
  const encrypted = chance(0.3);
  let time = 1790000000 + below(4_000_000);

  const internet = (): string => `${pick([3, 45, 78, 93, 141, 185, 203])}.${below(256)}.${below(256)}.${1 + below(254)}`;
  const ephemeral = (): number => (chance(0.7) ? 32768 + below(28231) : 1024 + below(64511));
  const size = (): { packets: number; bytes: number } => {
    const packets = 1 + Math.floor(Math.exp(random() * (chance(0.1) ? 11 : 4)) - 1);
    return { packets, bytes: packets * (40 + below(chance(0.05) ? 8900 : 1400)) };
  };
  interface Flow {
    own: Interface;
    peer: string;
    ownPort: number;
    peerPort: number;
    protocol: number;
    out: boolean;
    action?: string;
    flags?: number;
    small?: boolean;
    service?: string;
    behind?: string;
  }
  const row = (flow: Flow): void => {
    const { own, out, protocol } = flow;
    const isV6 = flow.peer.includes(':');
    const mine = isV6 ? own.address6 : own.address;
    const behind = flow.behind ?? mine;
    const { packets, bytes } = flow.small ? { packets: 1 + below(3), bytes: 0 } : size();
    const start = time + below(40);
    const hop = pick(interfaces);
    const port = protocol === 1 || protocol === 58 ? 0 : -1;
    found.push({
      ...own.fields,
      version: '',
      'account-id': account,
      'interface-id': own.id,
      srcaddr: out ? mine : flow.peer,
      dstaddr: out ? flow.peer : mine,
      srcport: String(port === 0 ? 0 : out ? flow.ownPort : flow.peerPort),
      dstport: String(port === 0 ? 0 : out ? flow.peerPort : flow.ownPort),
      protocol: String(protocol),
      packets: String(packets),
      bytes: String(flow.small ? packets * (40 + below(20)) : bytes),
      start: String(start),
      end: String(start + (chance(0.1) ? 0 : below(60))),
      action: flow.action ?? 'ACCEPT',
      'log-status': 'OK',
      'tcp-flags': String(protocol === 6 ? (flow.flags ?? pick([0, 0, 1, 3])) : 0),
      type: isV6 ? 'IPv6' : 'IPv4',
      'pkt-srcaddr': out ? behind : flow.peer,
      'pkt-dstaddr': out ? flow.peer : behind,
      'pkt-src-aws-service': out ? '-' : (flow.service ?? '-'),
      'pkt-dst-aws-service': out ? (flow.service ?? '-') : '-',
      'flow-direction': out ? 'egress' : 'ingress',
      'traffic-path': out ? String(flow.peer.startsWith('10.') ? 1 : flow.service === 'S3' ? 7 : 8) : '-',
      'reject-reason': flow.action === 'REJECT' && chance(0.02) ? 'BPA' : '-',
      'encryption-status': encrypted ? (flow.peer.startsWith('10.') ? '1' : flow.peerPort === 443 ? '2' : '0') : '-',
      'next-hop-interface-id': chance(0.5) ? hop.id : '-',
      'next-hop-subnet-id': chance(0.5) ? (hop.fields['subnet-id'] as string) : '-',
      'next-hop-az-id': chance(0.5) ? (hop.fields['az-id'] as string) : '-',
      'next-hop-vpc-id': chance(0.5) ? (hop.fields['vpc-id'] as string) : '-',
      'next-hop-interface-type': chance(0.5) ? 'interface' : '-',
    });
  };
  /** Both directions at one interface; who begins is outside or not. */
  const both = (flow: Omit<Flow, 'out'>, ownBegins: boolean): void => {
    const flags = flow.protocol === 6 ? pick([2, 3, 2, 0]) : 0;
    row({ ...flow, out: ownBegins, flags });
    row({ ...flow, out: !ownBegins, flags: flags === 0 ? 0 : flags === 3 ? 19 : 18 });
  };
  const total = share.web + share.database + share.out + share.scan + share.blocked + share.stateless + share.icmp + share.dns + share.peers + share.silent;
  while (found.length < rows) {
    const own = pick(interfaces);
    let left = random() * total;
    const is = (weight: number): boolean => {
      left -= weight;
      return left < 0;
    };
    if (chance(0.2)) time += 1 + below(60);
    const behind = own.behind.length > 0 && chance(0.5) ? { behind: pick(own.behind) } : {};
    const client = chance(v6) ? `2a02:${hex(4)}::${hex(4)}` : internet();
    if (is(share.web)) both({ own, peer: client, ownPort: own.port, peerPort: ephemeral(), protocol: 6 }, false);
    else if (is(share.database)) {
      const database = pick(databases);
      both({ own, peer: database.address, ownPort: ephemeral(), peerPort: database.port, protocol: 6, ...behind }, true);
    } else if (is(share.out)) {
      const service = pick(['S3', 'DYNAMODB', 'AMAZON', 'EC2', undefined]);
      both(
        {
          own,
          peer: pick(outside),
          ownPort: ephemeral(),
          peerPort: pick([443, 443, 80]),
          protocol: udp && chance(0.1) ? 17 : 6,
          ...behind,
          ...(service ? { service } : {}),
        },
        true,
      );
    } else if (is(share.scan))
      row({
        own,
        peer: client,
        ownPort: pick(SCANNED_PORTS),
        peerPort: ephemeral(),
        protocol: udp && chance(0.1) ? 17 : 6,
        out: false,
        action: 'REJECT',
        flags: 2,
        small: true,
      });
    else if (is(share.blocked))
      row({
        own,
        peer: pick(outside),
        ownPort: ephemeral(),
        peerPort: pick([443, 25, 123, 53]),
        protocol: 6,
        out: true,
        action: 'REJECT',
        flags: 2,
        small: true,
      });
    else if (is(share.stateless)) {
      const flow = { own, peer: client, ownPort: own.port, peerPort: ephemeral(), protocol: 6 };
      row({ ...flow, out: false, flags: 2 });
      row({ ...flow, out: true, flags: 18, action: 'REJECT' });
    } else if (is(share.icmp)) both({ own, peer: client, ownPort: 0, peerPort: 0, protocol: client.includes(':') ? 58 : 1 }, chance(0.5));
    else if (is(share.dns)) {
      if (udp) both({ own, peer: pick(outside), ownPort: chance(0.3) ? 123 : ephemeral(), peerPort: pick([123, 53]), protocol: 17 }, true);
    } else if (is(share.peers)) both({ own, peer: client, ownPort: ephemeral(), peerPort: ephemeral(), protocol: udp && chance(0.5) ? 17 : 6 }, chance(0.5));
    else {
      const silent: Record<string, string> = Object.fromEntries(ALL_NAMES.map((name) => [name, own.fields[name] ?? '-']));
      found.push({
        ...silent,
        version: '',
        'account-id': account,
        'interface-id': own.id,
        start: String(time),
        end: String(time + 60),
        'log-status': chance(0.9) ? 'NODATA' : 'SKIPDATA',
      });
    }
  }
  return found;
}

/** Lines of the rows in a layout. */
export function linesOf(rows: readonly FlowRow[], layout: readonly string[]): string[] {
  const version = String(Math.max(2, ...layout.map((name) => SINCE.get(name) ?? 2)));
  return rows.map((row) => layout.map((name) => (name === 'version' ? version : row[name])).join(' '));
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

/** All fields up to a version. */
export function fieldsUpTo(version: number): string[] {
  return ALL_NAMES.filter((name) => (SINCE.get(name) ?? 0) <= version);
}
