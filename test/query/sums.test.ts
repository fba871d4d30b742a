/**
 * Queries that are answered from the sums of five minutes, beside the same numbers added up here from the flows, and
 * beside the same query of the flows alone: in a store from before there were sums, with flows that come meanwhile, when
 * parts are merged, and when a day is gone. Windows begin and end anywhere.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VPC_FLOW } from '../../src/model/log-formats.ts';
import { type CompileOptions, compile } from '../../src/query/index.ts';
import { inBuckets } from '../../src/query/sums.ts';
import { tableName } from '../../src/store/ddl.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import type { Store } from '../../src/store/store.ts';
import { insertFlows, makeWideFlows, random, type WideFlow } from '../dashboards/flows.ts';

const HOUR = 3600;
const DAY = 86_400;
/** 2026-03-10T00:00:00Z, epoch seconds. */
const T0 = Date.UTC(2026, 2, 10) / 1000;
const END = T0 + 3 * DAY;
const ABSENT = 1n << BigInt(VPC_FLOW.bits.get('action') ?? 0);

const directory = mkdtempSync(join(tmpdir(), 'bartizan-sums-'));
let store: Store;
let flows: WideFlow[] = [];

async function add(seed: number, count: number, from = T0, to = END): Promise<void> {
  const made = makeWideFlows(seed, count, from, to);
  await insertFlows(store, made);
  flows.push(...made);
}

const command = (text: string) => store.command({ text, params: {} });

beforeAll(async () => {
  store = await openEmbedded({ path: directory });
  await command('ALTER TABLE bartizan.vpc_flow DROP PROJECTION sums SETTINGS mutations_sync = 1');
  await command('ALTER TABLE bartizan.schema_version DELETE WHERE version >= 15 SETTINGS mutations_sync = 1');
  await add(1, 4000);
  await store.close();
  store = await openEmbedded({ path: directory });
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

function compiled(query: string, window: { from: number | null; to: number | null }, sums: boolean, more: Partial<CompileOptions> = {}) {
  const relations = { table: tableName, absentMask: ABSENT, sums };
  const result = compile(query, { ...window, now: END, timeZone: 'UTC', relations, maxRows: 100_000, ...more });
  if (!result.ok) throw new Error(`${query}: ${result.diagnostics[0]?.message}`);
  return result.compiled.statement;
}

const isOfSums = (text: string): boolean => text.includes('__flows');

const FILTERS: readonly (readonly [text: string, test: (flow: WideFlow) => boolean])[] = [
  ['', () => true],
  ['action=ACCEPT', (f) => f.action === 'ACCEPT'],
  ['action=REJECT protocol=6', (f) => f.action === 'REJECT' && f.protocol === 6],
  ['(direction=inbound OR direction=outbound)', (f) => ['inbound', 'outbound'].includes(f.direction)],
  ['account_id=1000*', (f) => f.account_id.startsWith('1000')],
];
const KEYS = ['action', 'direction', 'protocol', 'account_id'] as const;
const CALLS: readonly (readonly [text: string, value: (flow: WideFlow) => number])[] = [
  ['count as n', () => 1],
  ['sum(bytes) as n', (f) => f.bytes],
  ['sum(packets) as n', (f) => f.packets],
];

interface Asked {
  readonly query: string;
  readonly from: number;
  readonly to: number;
  readonly expected: Map<string, number>;
}

function anything(seed: number): Asked {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const grain = pick([1, 1, 300]);
  const from = Math.floor((T0 - HOUR + next() * 2 * DAY) / grain) * grain;
  const to = Math.floor((from + 2 * HOUR + next() * DAY) / grain) * grain;
  const [filter, passes] = pick(FILTERS);
  const width = pick([0, 300, 900, HOUR]);
  const keys = KEYS.filter(() => next() < 0.4);
  const [call, value] = pick(CALLS);
  const by = [...(width ? ['_timeslice'] : []), ...keys];
  const query = `_index=vpc_flow ${filter} ${width ? `| timeslice ${width / 60}m` : ''} | ${call} ${by.length ? `by ${by.join(', ')}` : ''}`;
  const expected = new Map<string, number>();
  for (const flow of flows) {
    if (flow.start < from || flow.start >= to || !passes(flow)) continue;
    const group = [...(width ? [(flow.start - (flow.start % width)) * 1000] : []), ...keys.map((key) => (flow[key] === '' ? null : flow[key]))];
    expected.set(JSON.stringify(group), (expected.get(JSON.stringify(group)) ?? 0) + value(flow));
  }
  return { query, from, to, expected };
}

async function expectSums(first: number): Promise<void> {
  for (let seed = first; seed < first + 25; seed++) {
    const { query, from, to, expected } = anything(seed);
    const statement = compiled(query, { from, to }, true);
    expect([query, isOfSums(statement.text)]).toEqual([query, true]);
    const { rows } = await store.rows(statement);
    const found = new Map(rows.map((row) => [JSON.stringify(row.slice(0, -1)), Number(row.at(-1))]));
    expect([query, from, to, [...found].sort()]).toEqual([query, from, to, [...expected].sort()]);
  }
}

const COMPARED = [
  ['action=ACCEPT | timeslice 5m | sum(bytes) as b by _timeslice | compare with timeshift 1d', 1],
  ['| timeslice 5m | count by _timeslice, action | compare with timeshift 90m 3', 7],
  ['| timeslice 1h | count, sum(packets) by _timeslice, network.transport | compare with timeshift 1h 2', 300],
  ['!action=ACCEPT | count by direction | compare with timeshift 2h', 1],
  ['| where direction in ("inbound", "internal") and protocol != 17 | count by action | compare with timeshift 5m 3 avg', 11],
  ['| timeslice 1h | count by _timeslice | fillmissing timeslice(1h)', 1],
  ['| timeslice 5m | count by _timeslice, direction | transpose row _timeslice column direction', 1],
] as const;

async function expectCompared(): Promise<void> {
  for (const [query, odd] of COMPARED) {
    const window = { from: T0 + DAY + 5 * HOUR - (odd % 300), to: T0 + DAY + 11 * HOUR - (odd % 300) };
    const [sums, alone] = [true, false].map((from) => compiled(query, window, from));
    expect([query, isOfSums(sums?.text ?? ''), isOfSums(alone?.text ?? '')]).toEqual([query, true, false]);
    expect([query, (await store.rows(sums as never)).rows]).toEqual([query, (await store.rows(alone as never)).rows]);
  }
}

describe('sums of five minutes', () => {
  test('are those of the flows in a store that has none yet, or is making them', async () => {
    await expectSums(100);
    await expectCompared();
  });

  test('hold what came a moment ago', async () => {
    await add(2, 1500);
    await add(3, 300, END - DAY - 20, END - DAY + 20);
    await expectSums(200);
    await add(4, 1);
    await expectSums(300);
    await expectCompared();
  });

  test('stay what they are when parts are merged', async () => {
    await command('OPTIMIZE TABLE bartizan.vpc_flow FINAL');
    await expectSums(400);
    await expectCompared();
  });

  test('go with the day that they are of', async () => {
    await command('ALTER TABLE bartizan.vpc_flow DROP PARTITION 20260310');
    flows = flows.filter(({ start }) => start >= T0 + DAY);
    await expectSums(500);
    await expectCompared();
  });

  test('are read by the engine where whole buckets are asked for, and of all that there is', async () => {
    const { text, params } = compiled('action=ACCEPT | count', { from: T0, to: END }, true);
    const { rows } = await store.rows({ text: `EXPLAIN ${text}`, params });
    expect(rows.flat().join('\n')).toContain('ReadFromMergeTree (sums)');
    const all = await store.rows(compiled('* | count', { from: null, to: null }, true));
    expect(all.rows).toEqual([[flows.length]]);
  });

  test('a store that is opened again has them once', async () => {
    await store.close();
    store = await openEmbedded({ path: directory });
    const { rows } = await store.rows({ text: "SELECT name FROM system.projections WHERE database = 'bartizan' AND table = 'vpc_flow'", params: {} });
    expect([rows, MIGRATIONS.some(({ version }) => version === 15)]).toEqual([[['sums']], true]);
    await expectSums(600);
  });
});

describe('queries that ask for more than the sums hold', () => {
  const window = { from: T0, to: END };

  test.each([
    'srcaddr=10.0.0.5 | count',
    'interface_id=eni-1 | count by action',
    'ssh | count by action',
    '| where bytes > 100 | count by action',
    '| count by dest_port',
    '| count by interface_id, action',
    '| avg(bytes) by action',
    '| count(bytes) by action',
    '| sum(bytes * 2) as b by action',
    '| max(bytes) by action',
    '| count_distinct(action)',
    '| timeslice 1m | count by _timeslice',
    '| timeslice 7m | count by _timeslice',
    '| timeslice 20 buckets | count by _timeslice',
    '| timeslice 5m | count by _timeslice, action | compare with timeshift 61m',
    '| limit 10 | count by action',
    'action=ACCEPT',
    '_index=vpc_flow_status | count by action',
    '_index=vpc_flow OR _index=tgw_flow | count by action',
    '| count by formatDate(_messageTime, "HH")',
  ])('%s reads flows', (query) => {
    const result = compile(query, { ...window, now: END, timeZone: 'UTC', relations: { table: tableName, absentMask: ABSENT, sums: true }, maxRows: 10 });
    expect(result.ok && isOfSums(result.compiled.statement.text)).toBe(false);
    expect(result.ok).toBe(true);
  });

  test('a filter of a dashboard on another field, a slice that ends inside a bucket, a short window', () => {
    const query = '| timeslice 15m | count by _timeslice';
    const filter = (field: string) => ({ conditions: [{ field, values: ['x'], negate: false }] });
    const text = (over: object, more = {}) => isOfSums(compiled(query, { ...window, ...over }, true, more).text);
    expect([text({}), text({}, filter('action')), text({}, { alignTo: END - 600 })]).toEqual([true, true, true]);
    expect([text({}, filter('interface_id')), text({}, { alignTo: END - 60 }), text({ from: END - HOUR })]).toEqual([false, false, false]);
  });
});

test('buckets that a border cuts are read flow by flow', () => {
  expect(inBuckets([{ from: 300, to: 1200 }])).toEqual({ whole: [{ from: 300, to: 1200 }], cut: [] });
  expect(inBuckets([{ from: 10, to: 20 }])).toEqual({ whole: [], cut: [{ from: 10, to: 20 }] });
  expect(inBuckets([{ from: 310, to: 1210 }], [700])).toEqual({
    whole: [{ from: 900, to: 1200 }],
    cut: [
      { from: 310, to: 600 },
      { from: 600, to: 900 },
      { from: 1200, to: 1210 },
    ],
  });
});
