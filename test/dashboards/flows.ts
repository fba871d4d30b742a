/** Generated flows with everything that a panel must count and must not, from a seed. */

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

/** As stored: an IPv4 address is mapped into IPv6. */
export async function insertFlows(store: Store, flows: readonly Flow[], table: 'vpc_flow' | 'vpc_flow_status' = 'vpc_flow', status = 'OK'): Promise<void> {
  const mapped = (address: string): string => (address.includes(':') ? address : `::ffff:${address}`);
  const lines = flows.map((f) => JSON.stringify({ ...withIds(f), srcaddr: mapped(f.srcaddr), dstaddr: mapped(f.dstaddr), log_status: status }));
  const structure =
    'start UInt32, account_id String, interface_id String, srcaddr IPv6, dstaddr IPv6, srcport UInt16, dstport UInt16, protocol UInt8, packets UInt64, bytes UInt64, action String, direction String, src_place UInt32, dst_place UInt32, src_as UInt32, dst_as UInt32, log_status String';
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
  const names = structure
    .split(', ')
    .map((c) => c.split(' ')[0])
    .join(', ');
  const { text, params } = statement(sql`${param('String', structure)}, ${param('String', lines.join('\n'))}`);
  await store.command({ text: `INSERT INTO ${table} (${names}) SELECT ${names} FROM format('JSONEachRow', ${text})`, params });
}
