/** The demo through the real pipeline into the real engine. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { demoNetworks, startDemo } from '../../src/cli/demo.ts';
import { loadActivity, loadEstate } from '../../src/cli/demo-estate.ts';
import { openWorkspace, type Workspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import { createDemo } from '../../src/demo/demo.ts';
import { createDemoEvents } from '../../src/demo/events.ts';
import { demoInterfaces } from '../../src/demo/interfaces.ts';
import { openInterfaceHistory } from '../../src/ingest/interface-history.ts';
import { num, sql, statement } from '../../src/query/sql.ts';
import { newData } from '../store/new-store.ts';

const HISTORY = 100;
const MINUTE = Math.floor(Date.now() / 60_000) - 10;
const FIRST = Math.floor((MINUTE - HISTORY) / 60) * 60;

let dataDir: string;
let workspace: Workspace;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'bartizan-demo-'));
  workspace = await openWorkspace(loadConfig({ env: {}, flags: { data: newData(dataDir), internalNetworks: demoNetworks(), workers: 1 } }));
});
afterAll(async () => {
  await workspace.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const files = (from: number, to: number) => createDemo(loadEstate(), 1).files(from, to);
/** Records with traffic, the others, and events. */
function expected(to: number): [flows: number, status: number, events: number] {
  const lines = files(FIRST, to).flatMap(({ text }) => text.trimEnd().split('\n').slice(1));
  const status = lines.filter((line) => /\b(NODATA|SKIPDATA)\b/.test(line)).length;
  const events = createDemoEvents(loadEstate(), loadActivity(), 1).files(FIRST, to);
  return [lines.length - status, status, events.reduce((sum, { text }) => sum + (JSON.parse(text) as { Records: object[] }).Records.length, 0)];
}

async function stored(): Promise<[flows: number, status: number, events: number]> {
  const { rows } = await workspace.store.rows(
    statement(sql`
      SELECT toUInt32((SELECT count() FROM bartizan.vpc_flow)), toUInt32((SELECT count() FROM bartizan.vpc_flow_status)), toUInt32((SELECT count() FROM bartizan.cloudtrail))`),
  );
  return [Number(rows[0]![0]), Number(rows[0]![1]), Number(rows[0]![2])];
}

/** Runs the demo at a clock until everything up to `to` is stored. */
async function runUntil(now: () => number, to: number, said: string[]): Promise<void> {
  const controller = new AbortController();
  const { finished } = await startDemo({
    dataDir,
    pipeline: workspace.pipeline,
    interfaces: openInterfaceHistory(workspace.store, workspace.metadata),
    threats: workspace,
    signal: controller.signal,
    say: (text) => said.push(text),
    now,
    historyMinutes: HISTORY,
  });
  const goal = String(expected(to));
  await vi.waitUntil(async () => String(await stored()) === goal, { timeout: 120_000 });
  controller.abort();
  await finished;
}

test('history and new minutes are stored once, over failures and restarts, with direction and place', async () => {
  const said: string[] = [];
  // A folder stands where the first file belongs: the first round fails.
  const obstacle = join(dataDir, 'demo', `${files(MINUTE - 1, MINUTE)[0]!.name}.gz`);
  mkdirSync(obstacle, { recursive: true });
  // Rounds begin a second after the minute: the next one follows in little more than a second.
  const now = () => {
    if (said.length > 0) rmSync(obstacle, { recursive: true, force: true });
    return MINUTE * 60_000 + 59_900;
  };
  await runUntil(now, MINUTE, said);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^demo: “.*” is a folder$/);
  expect(await stored()).toEqual(expected(MINUTE));

  const later = () => (MINUTE + 3) * 60_000 + 100;
  await runUntil(later, MINUTE + 3, said);
  await runUntil(later, MINUTE + 3, said);
  expect(await stored()).toEqual(expected(MINUTE + 3));
  expect(said).toHaveLength(1);

  const { rows } = await workspace.store.rows(
    statement(sql`
      SELECT direction, toUInt32(count()), toUInt32(uniqExact(dictGet('bartizan.place_by_id', 'country_code', src_place))), toUInt32(countIf(src_place = 0 AND direction = 'inbound'))
      FROM bartizan.vpc_flow GROUP BY direction ORDER BY direction`),
  );
  expect(rows.map(([direction]) => direction)).toEqual(['inbound', 'internal', 'outbound']);
  const [inbound, internal] = rows;
  expect(Number(inbound![2])).toBeGreaterThan(30);
  expect(inbound![3]).toBe(0);
  expect(internal![2]).toBe(1);

  // Every record of every layout knows the machine and its groups, once for all rounds.
  const known = await workspace.store.rows(
    statement(sql`
      SELECT toUInt32((SELECT count() FROM bartizan.network_interface FINAL)),
        toUInt32(countIf(empty(dictGet('bartizan.network_interface_at', 'group_ids', cityHash64(interface_id), start)))),
        toUInt32(uniqExact(dictGet('bartizan.network_interface_at', 'vpc_id', cityHash64(interface_id), start)))
      FROM bartizan.vpc_flow`),
  );
  const matched = await workspace.store.rows(
    statement(sql`
      SELECT toUInt32(countIf(src_indicator != 0 AND action = 'ACCEPT')) > 0, countIf(src_indicator != 0 AND action = 'REJECT') > 0, countIf(dst_indicator != 0) > 0
      FROM bartizan.vpc_flow WHERE start < toDateTime(${num(FIRST * 60 + 3600)}, 'UTC')`),
  );
  expect(matched.rows[0]?.map(Number)).toEqual([1, 1, 1]);
  const interfaces = demoInterfaces(loadEstate(), 1).flatMap((region) => region.interfaces);
  expect(known.rows[0]).toEqual([interfaces.length, 0, 4]);
});
