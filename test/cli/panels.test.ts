/** Panel meanings asked with `bartizan query`, beside SQL that was written by hand for the same numbers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIXED, writeFlows } from '../../bench/flows.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import type { Store } from '../../src/store/store.ts';
import { newData } from '../store/new-store.ts';
import { bartizan } from './helpers.ts';

const END = Date.UTC(2026, 10, 18, 15) / 1000;
const FROM = END - 3600;

/** Pipe query, and SQL with the same rows in any order. W is the window. */
const PANELS: readonly (readonly [title: string, pipe: string, sql: string])[] = [
  [
    'Total Accepted Flow Records',
    'action=ACCEPT | timeslice 15m | count by _timeslice',
    "SELECT toUnixTimestamp(toStartOfFifteenMinutes(start)) * 1000, count() FROM T WHERE W AND action = 'ACCEPT' GROUP BY 1",
  ],
  [
    'Flows rejected over time',
    'action=reject | timeslice 5m | count by _timeslice',
    "SELECT toUnixTimestamp(toStartOfFiveMinutes(start)) * 1000, count() FROM T WHERE W AND action = 'REJECT' GROUP BY 1",
  ],
  [
    'Rejects by InterfaceID, dstDevice_ip',
    'action=REJECT | count by interfaceID, dstDevice_ip',
    "SELECT interface_id, replaceOne(toString(dstaddr), '::ffff:', ''), count() FROM T WHERE W AND action = 'REJECT' GROUP BY interface_id, dstaddr",
  ],
  [
    'Top TCP Destination Ports',
    'action=ACCEPT direction=outbound protocol=6 | count by dest_port',
    "SELECT dstport, count() FROM T WHERE W AND action = 'ACCEPT' AND direction = 'outbound' AND protocol = 6 GROUP BY dstport",
  ],
  [
    'Account IDs by Bytes',
    'action=ACCEPT protocol=6 | where direction in ("inbound", "outbound") | sum(bytes) as b by accountID',
    "SELECT account_id, sum(bytes) FROM T WHERE W AND action = 'ACCEPT' AND protocol = 6 AND direction IN ('inbound', 'outbound') GROUP BY account_id",
  ],
  [
    'Source Address Locations',
    'action=ACCEPT direction=inbound | geoip srcaddr | count by country_code, city',
    "SELECT nullIf(dictGet('bartizan.place_by_id', 'country_code', src_place), ''), nullIf(dictGet('bartizan.place_by_id', 'city', src_place), ''), count() FROM T WHERE W AND action = 'ACCEPT' AND direction = 'inbound' GROUP BY 1, 2",
  ],
  [
    'Top TCP Destination Ports by ASN Organization',
    'action=ACCEPT direction=outbound protocol=6 | lookup asn, organization from asn://default on ip=dest_ip | count by asn, organization, dest_port',
    "SELECT nullIf(dictGet('bartizan.autonomous_system_by_id', 'asn', dst_as), 0), nullIf(dictGet('bartizan.autonomous_system_by_id', 'organization', dst_as), ''), dstport, count() FROM T WHERE W AND action = 'ACCEPT' AND direction = 'outbound' AND protocol = 6 GROUP BY 1, 2, 3",
  ],
  [
    'Internal bytes by interface',
    'action=ACCEPT direction=internal | sum(bytes) as bytes_sum by interfaceID',
    "SELECT interface_id, sum(bytes) FROM T WHERE W AND action = 'ACCEPT' AND direction = 'internal' GROUP BY interface_id",
  ],
];

let root: string;
let store: Store;
const answers: unknown[][][] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-panels-'));
  // Two hours of every kind of line: the hour before the window and the malformed lines are noise.
  writeFlows({ directory: join(root, 'logs'), count: 30_000, files: 24, end: END, mix: MIXED, seed: 5 });
  const data = newData(join(root, 'data'));
  expect((await bartizan(['ingest', join(root, 'logs'), '--data', data])).code).toBe(0);
  for (const [, pipe] of PANELS) {
    const { out, err } = await bartizan(['query', pipe, '--data', data, '--from', String(FROM), '--to', String(END), '--limit', '100000', '--format', 'json']);
    if (!out) throw new Error(err);
    answers.push((JSON.parse(out) as { rows: unknown[][] }).rows);
  }
  store = await openEmbedded({ path: join(data, 'store') });
});
afterAll(async () => {
  await store.close();
  await rm(root, { recursive: true, force: true });
});

const sorted = (rows: readonly (readonly unknown[])[]) => rows.map((row) => JSON.stringify(row)).sort();

it.each(PANELS.map(([title, , text], i) => [title, text, i] as const))('%s', async (_, text, i) => {
  const window = `start >= toDateTime(${FROM}, 'UTC') AND start < toDateTime(${END}, 'UTC')`;
  const expected = await store.rows({ text: text.replace('FROM T', 'FROM bartizan.vpc_flow').replace('WHERE W', `WHERE ${window}`), params: {} });
  expect(expected.rows.length).toBeGreaterThan(0);
  expect(sorted(answers[i] ?? [])).toEqual(sorted(expected.rows));
});
