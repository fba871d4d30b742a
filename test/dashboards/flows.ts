/** Generated flows with everything that a panel must count and must not, from a seed. */

import { VPC_FLOW } from '../../src/model/log-formats.ts';
import { param, sql, statement } from '../../src/query/sql.ts';
import type { Store } from '../../src/store/store.ts';
import { registryInserts, withIds } from '../registries.ts';

export interface Flow {
  readonly start: number;
  readonly account_id: string;
  readonly interface_id: string;
  readonly srcaddr: string;
  readonly dstaddr: string;
  readonly srcport: number;
  readonly dstport: number;
  readonly protocol: number;
  readonly packets: number;
  readonly bytes: number;
  readonly action: string;
  readonly direction: string;
  readonly src_place: string;
  readonly dst_place: string;
  readonly src_as: string;
  readonly dst_as: string;
}

/** Outside addresses with their place and autonomous system; the last two are known to no database. */
type End = readonly [address: string, place: string, system: string];
const OUTSIDE: readonly End[] = [
  ['8.8.8.8', 'US|California|Mountain View|37.4223|-122.085', '15169 Google LLC'],
  ['203.0.113.7', 'DE|Hesse|Frankfurt am Main|50.1109|8.6821', '64500 Example Carrier GmbH'],
  ['2001:db8::5', 'JP|Tokyo|Tokyo|35.6895|139.6917', '64501 Example | Pipe, Inc'],
  ['198.51.100.9', 'DE|Hesse|Frankfurt am Main|50.1109|8.6821', '64502 Other in the same city'],
  ['192.0.2.77', '', ''],
  ['2001:db8:ffff::1', '', ''],
];
const INSIDE: readonly End[] = ['10.0.0.5', '10.0.1.6', '172.16.9.9', 'fd00::7'].map((address) => [address, '', '']);

/** A small generator of numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Flows in [from, to). */
export function makeFlows(seed: number, count: number, from: number, to: number): Flow[] {
  const next = random(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  return Array.from({ length: count }, () => {
    const direction = pick(['inbound', 'inbound', 'outbound', 'outbound', 'internal', 'external']);
    const source = pick(direction === 'outbound' || direction === 'internal' ? INSIDE : OUTSIDE);
    const destination = pick(direction === 'inbound' || direction === 'internal' ? INSIDE : OUTSIDE);
    const protocol = pick([6, 6, 6, 17, 1]);
    return {
      start: from + Math.floor(next() * (to - from)),
      account_id: `10000000000${Math.floor(next() * next() * 13)}`.slice(-12),
      interface_id: `eni-${Math.floor(next() * next() * 25)}`,
      srcaddr: source[0],
      dstaddr: destination[0],
      srcport: 1024 + Math.floor(next() * 60_000),
      dstport: protocol === 1 ? 0 : pick([22, 53, 80, 123, 443, 443, 445, 1433, 3306, 3389, 5432, 6379, 8080, 8443]),
      protocol,
      packets: 1 + Math.floor(next() * 100),
      bytes: 40 + Math.floor(next() ** 4 * 5_000_000_000),
      action: next() < 0.35 ? 'REJECT' : 'ACCEPT',
      direction,
      src_place: source[1],
      dst_place: destination[1],
      src_as: source[2],
      dst_as: destination[2],
    };
  });
}

/** What flow logs of higher versions and forwarders add; null and empty where the record has none. */
export interface WideFlow extends Flow {
  readonly vpc_id: string;
  readonly subnet_id: string;
  readonly instance_id: string;
  readonly tcp_flags: number | null;
  readonly region: string;
  readonly az_id: string;
  readonly flow_direction: string;
  readonly traffic_path: number | null;
  readonly security_group_ids: readonly string[];
  readonly source_category: string;
}

const WIDE = ['vpc-id', 'subnet-id', 'instance-id', 'tcp-flags', 'region', 'az-id', 'flow-direction', 'traffic-path'] as const;
const REGIONS = ['eu-central-1', 'us-east-1', 'us-east-1', 'ap-southeast-2'] as const;

/** Every third flow is in the default format; of the others one in ten lacks its action. */
export function makeWideFlows(seed: number, count: number, from: number, to: number): WideFlow[] {
  const next = random(seed * 7919);
  const below = (limit: number) => Math.floor(next() * limit);
  return makeFlows(seed, count, from, to).map((made, i) => {
    // Rarer services, and a protocol without a name.
    const rare = below(8) === 0 ? { dstport: [23, 23, 137, 138, 139, 1434, 9042, 9200, 11211, 27017][below(10)] ?? 0 } : {};
    const flow = { ...made, ...rare, ...(below(40) === 0 ? { protocol: 253 } : {}) };
    const groups = Array.from({ length: below(4) }, () => `sg-${below(14)}`);
    const more = { security_group_ids: [...new Set(groups)], source_category: ['prod/vpc', 'prod/vpc', 'test/vpc'][below(3)] ?? '' };
    const narrow = { vpc_id: '', subnet_id: '', instance_id: '', tcp_flags: null, region: '', az_id: '', flow_direction: '', traffic_path: null };
    if (i % 3 === 0) return { ...flow, ...more, ...narrow };
    const region = REGIONS[below(4)] ?? '';
    const egress = next() < 0.5;
    return {
      ...flow,
      ...more,
      action: below(10) === 0 ? '' : flow.action,
      vpc_id: `vpc-${below(13)}`,
      subnet_id: `subnet-${below(15)}`,
      instance_id: below(5) === 0 ? '' : `i-${below(14)}`,
      tcp_flags: flow.protocol === 6 ? ([0, 2, 3, 18, 19, 4, 24, 1, 16, 20, 17, 6, 255][below(13)] ?? 0) : 0,
      region,
      az_id: `${region}-az${below(4)}`,
      flow_direction: egress ? 'egress' : 'ingress',
      traffic_path: egress ? 1 + below(8) : null,
    };
  });
}

/** Bits of the fields that a record lacks (model/log-formats.ts). */
function absentOf(flow: WideFlow): number {
  const value = (name: string) => flow[name.replaceAll('-', '_') as keyof WideFlow];
  const lacking = ['action', ...WIDE].filter((name) => value(name) === null || value(name) === '');
  return lacking.reduce((mask, name) => mask + 2 ** (VPC_FLOW.bits.get(name) ?? 0), 0);
}

/** As stored: an IPv4 address is mapped into IPv6. */
export async function insertFlows(
  store: Store,
  flows: readonly (Flow | WideFlow)[],
  table: 'vpc_flow' | 'vpc_flow_status' = 'vpc_flow',
  status = 'OK',
): Promise<void> {
  const mapped = (address: string): string => (address.includes(':') ? address : `::ffff:${address}`);
  const lines = flows.map((f) => {
    const wide = 'region' in f ? { tcp_flags: f.tcp_flags ?? 0, traffic_path: f.traffic_path ?? 0, absent: absentOf(f) } : {};
    return JSON.stringify({ ...withIds(f), ...wide, srcaddr: mapped(f.srcaddr), dstaddr: mapped(f.dstaddr), log_status: status });
  });
  const structure =
    'start UInt32, account_id String, interface_id String, srcaddr IPv6, dstaddr IPv6, srcport UInt16, dstport UInt16, protocol UInt8, packets UInt64, bytes UInt64, action String, direction String, src_place UInt32, dst_place UInt32, src_as UInt32, dst_as UInt32, log_status String, vpc_id String, subnet_id String, instance_id String, tcp_flags UInt16, region String, az_id String, flow_direction String, traffic_path UInt8, security_group_ids Array(String), source_category String, absent UInt64, src_indicator UInt64, dst_indicator UInt64';
  await insertJson(store, `bartizan.${table}`, structure, lines);
  for (const { table: registry, structure: columns, rows, reload } of registryInserts()) {
    await insertJson(
      store,
      registry,
      columns,
      rows.map((r) => JSON.stringify(r)),
    );
    await store.command({ text: reload, params: {} });
  }
}

async function insertJson(store: Store, table: string, structure: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const names = structure
    .split(', ')
    .map((c) => c.split(' ')[0])
    .join(', ');
  const { text, params } = statement(sql`${param('String', structure)}, ${param('String', lines.join('\n'))}`);
  await store.command({ text: `INSERT INTO ${table} (${names}) SELECT ${names} FROM format('JSONEachRow', ${text})`, params });
}
