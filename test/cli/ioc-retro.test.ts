/** `bartizan ioc retro` as a person meets it: indicators that come after the flows, and queries that see what was found. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RetroResponse } from '../../src/api/contract/findings.ts';
import { openWorkspace, type Workspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import type { Indicator } from '../../src/model/indicator.ts';
import { compile } from '../../src/query/index.ts';
import { tableName } from '../../src/store/ddl.ts';
import { HEADER } from '../ingest/helpers.ts';
import { DAY, MIDNIGHT } from '../ingest/retro.ts';
import { newData } from '../store/new-store.ts';
import { bartizan } from './helpers.ts';

let root: string;
let data: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-ioc-retro-'));
  data = newData(join(root, 'data'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const line = (source: string, start: number, action = 'ACCEPT') =>
  `2 123456789012 eni-1 ${source} 10.0.0.5 40000 443 6 2 50 ${start} ${start + 60} ${action} OK`;
const indicator = (value: string, validUntil = 0): Indicator => ({
  type: 'address',
  value,
  id: '',
  confidence: 90,
  severity: 'high',
  threatType: 'botnet_cc',
  actors: ['Example Bear'],
  malware: [],
  killChain: [],
  labels: [],
  firstSeen: 0,
  updated: 0,
  validFrom: MIDNIGHT - DAY,
  validUntil,
});

async function withWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace(loadConfig({ env: {}, flags: { data, workers: 1 } }));
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
}

/** Sources of the flows that threatlookup finds an indicator for. */
async function threats({ store, catalogs, metadata }: Workspace): Promise<unknown> {
  const relations = { table: tableName, absentMask: metadata.absentMask() };
  const options = { from: MIDNIGHT - 2 * DAY, to: MIDNIGHT + 2 * DAY, now: MIDNIGHT, timeZone: 'UTC', relations, maxRows: 100, catalog: catalogs.current() };
  const query = 'threatlookup singleIndicator srcaddr | where !isNull(_threatlookup.indicator) | count by srcaddr, _threatlookup.indicator | sort by +srcaddr';
  const compiled = compile(`* | ${query}`, options);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  return (await store.rows(compiled.compiled.statement)).rows;
}

it('finds in history what comes later, once, and the language sees it; what comes after that is matched as it is stored', async () => {
  const flows = [
    line('198.51.100.7', MIDNIGHT + 60),
    line('198.51.100.7', MIDNIGHT + 120, 'REJECT'),
    line('203.0.113.9', MIDNIGHT + 60),
    line('203.0.113.9', MIDNIGHT + DAY),
    line('192.0.2.1', MIDNIGHT),
  ];
  await writeFile(join(root, 'old.log'), `${[HEADER, ...flows].join('\n')}\n`);
  await writeFile(join(root, 'new.log'), `${[HEADER, line('198.51.100.8', MIDNIGHT + 90)].join('\n')}\n`);
  await withWorkspace(async (workspace) => {
    await workspace.pipeline.ingest([join(root, 'old.log')]);
    const source = [indicator('198.51.100.0/28'), indicator('203.0.113.9', MIDNIGHT + DAY), indicator('192.0.2.2')];
    await workspace.indicators.apply('test', source, { at: Math.floor(Date.now() / 1000), complete: true });
    expect(await threats(workspace)).toEqual([]);
    await workspace.indicatorsInUse();
    await workspace.pipeline.ingest([join(root, 'new.log')]);
    // The hunt was asked for by the load, and waits for a server or a person.
    expect(workspace.retro.status).toMatchObject({ state: 'idle', waiting: 1, last: null });
  });
  await withWorkspace(async (workspace) => {
    expect(workspace.retro.status.waiting).toBe(1);
    // As a stop leaves it between the switch of the set and the record of its hunt.
    await workspace.metadata.saveSetting('indicators-untold', JSON.stringify({ feed: 'test', revision: 1 }));
    await workspace.metadata.saveSetting('retro-hunts', '[]');
  });
  await withWorkspace(async (workspace) => {
    expect(workspace.retro.status.waiting).toBe(1);
    expect(await workspace.metadata.setting('retro-hunts')).toContain('"feed":"test","fresh":1');
    expect(await workspace.metadata.setting('indicators-untold')).toBe('');
  });
  const listed = await bartizan(['ioc', 'retro', '--data', data]);
  expect([listed.code, listed.out]).toEqual([0, 'Nothing was found later.\n']);
  expect(listed.err).toContain('1 hunt waits');

  const again = await bartizan(['ioc', 'retro', '--again', '--feed', 'test', '--json', '--data', data]);
  expect(again.code).toBe(0);
  const { totals, findings, hunt } = JSON.parse(again.out) as RetroResponse;
  expect(hunt).toMatchObject({ state: 'idle', waiting: 0 });
  expect(totals).toEqual({ findings: 2, addresses: 2, indicators: 2 });
  expect(findings.map(({ address, indicator: value, accepted, refused, actors }) => [address, value, accepted, refused, actors]).sort()).toEqual([
    ['198.51.100.7', '198.51.100.0/28', 1, 1, ['Example Bear']],
    ['203.0.113.9', '203.0.113.9', 1, 0, ['Example Bear']],
  ]);
  const shown = await bartizan(['ioc', 'retro', '--data', data]);
  expect(shown.out).toContain('2 findings: 2 addresses, 2 indicators');
  expect(shown.out).toMatch(
    /198\.51\.100\.7 {2}198\.51\.100\.0\/28 of test, high: botnet_cc, Example Bear\n {4}Found later: known since .+, flows from 2026-03-10 00:01 UTC to 2026-03-10 00:02 UTC/,
  );

  await withWorkspace(async (workspace) => {
    const rows = (await threats(workspace)) as string[][];
    expect(rows.map((row) => row.map(String).join(' ').replace('::ffff:', ''))).toEqual([
      '198.51.100.7 198.51.100.0/28 2',
      '198.51.100.8 198.51.100.0/28 1',
      '203.0.113.9 203.0.113.9 1',
    ]);
  });
});

it('says what is wrong', async () => {
  const wrong = await bartizan(['ioc', 'retro', '--again', '--data', data]);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--again needs --feed')]);
  expect((await bartizan(['ioc', 'retro', '--limit', '0', '--data', data])).code).toBe(2);
});
