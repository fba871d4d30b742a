import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { demoNetworks, openDemo, units } from '../../src/cli/demo.ts';
import { loadActivity, loadEstate } from '../../src/cli/demo-estate.ts';
import { createDemo, type DemoFile } from '../../src/demo/demo.ts';
import { createDemoEvents } from '../../src/demo/events.ts';

/** Lines of a flow log, events of CloudTrail. */
function recordsOf(name: string, text: string): string[] {
  if (name.includes('/vpcflowlogs/')) return text.trimEnd().split('\n').slice(1);
  return (JSON.parse(text) as { Records: object[] }).Records.map((record) => JSON.stringify(record));
}

/** Stores like the ledger does: a file's bytes once. */
class Stored {
  readonly lines = new Map<string, number>();
  /** Files by source category. */
  readonly categories = new Map<string, number>();
  readonly #seen = new Set<string>();
  calls = 0;
  failOnCall = 0;

  ingest = async (paths: readonly string[], category: string): Promise<void> => {
    this.calls++;
    const fails = this.calls === this.failOnCall;
    // A failure comes half-way: some files are stored, some are not.
    for (const path of fails ? paths.slice(0, Math.ceil(paths.length / 2)) : paths) {
      const bytes = readFileSync(path);
      const digest = createHash('sha256').update(bytes).digest('hex');
      if (this.#seen.has(digest)) continue;
      this.#seen.add(digest);
      for (const line of recordsOf(path, gunzipSync(bytes).toString())) this.lines.set(line, (this.lines.get(line) ?? 0) + 1);
      this.categories.set(category, (this.categories.get(category) ?? 0) + 1);
    }
    if (fails) throw new Error('disk-full');
  };
}

/** What must be stored for the minutes [from, to). */
function expected(from: number, to: number): Map<string, number> {
  const files: DemoFile[] = [...createDemo(loadEstate(), 3).files(from, to), ...createDemoEvents(loadEstate(), loadActivity(), 3).files(from, to)];
  const lines = new Map<string, number>();
  for (const { name, text } of files) for (const line of recordsOf(name, text)) lines.set(line, (lines.get(line) ?? 0) + 1);
  return lines;
}

/** Names a few lines instead of printing a hundred thousand. */
function expectSame(actual: ReadonlyMap<string, number>, wanted: ReadonlyMap<string, number>): void {
  expect([...wanted].filter(([line, n]) => actual.get(line) !== n).slice(0, 3)).toEqual([]);
  expect([...actual].filter(([line]) => !wanted.has(line)).slice(0, 3)).toEqual([]);
}

const START = Date.parse('2026-11-18T18:20:30Z');
const HISTORY = 100;
const FIRST = Math.floor((START / 60_000 - HISTORY) / 60) * 60;
const MINUTE = Math.floor(START / 60_000);

let dataDir: string;
let now: number;
let stored: Stored;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'bartizan-demo-'));
  now = START;
  stored = new Stored();
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const open = (seed = 3) => openDemo({ dataDir, seed, now: () => now, ingest: stored.ingest, historyMinutes: HISTORY });

test('whole hours where possible', () => {
  expect(units(118, 242).map(({ from, to }) => to - from)).toEqual([1, 1, 60, 60, 1, 1]);
  expect(units(60, 60)).toEqual([]);
});

describe('the feed', () => {
  test('writes history, then each minute once, and nothing between', async () => {
    const feed = open();
    expect(await feed.catchUp()).toBe(MINUTE - FIRST);
    expectSame(stored.lines, expected(FIRST, MINUTE));
    expect(await feed.catchUp()).toBe(0);
    now += 60_000;
    expect(await feed.catchUp()).toBe(1);
    expectSame(stored.lines, expected(FIRST, MINUTE + 1));
    expect([...stored.categories.keys()]).toEqual(['demo/vpc-flow', 'demo/cloudtrail']);
    // The five minutes that are under way are no file of events yet; four minutes later they are.
    const events = stored.categories.get('demo/cloudtrail') ?? 0;
    now += 4 * 60_000;
    expect(await feed.catchUp()).toBe(4);
    expectSame(stored.lines, expected(FIRST, MINUTE + 5));
    expect(stored.categories.get('demo/cloudtrail')).toBeGreaterThan(events);
  });

  test('a restart fills the gap, with another seed in hand too', async () => {
    await open().catchUp();
    now += 3_600_000;
    await open(99).catchUp();
    expectSame(stored.lines, expected(FIRST, MINUTE + 60));
  });

  test('a failure half-way and a restart after the hour store everything once', async () => {
    await open().catchUp();
    now += 10 * 60_000;
    stored.failOnCall = stored.calls + 1;
    await expect(open().catchUp()).rejects.toThrow('disk-full');
    now += 70 * 60_000;
    await open().catchUp();
    expectSame(stored.lines, expected(FIRST, MINUTE + 80));
  });

  test('stops at the signal and goes on later', async () => {
    const feed = open();
    expect(await feed.catchUp(AbortSignal.abort())).toBe(0);
    expect(stored.lines.size).toBe(0);
    now += 3_600_000;
    await open().catchUp();
    expectSame(stored.lines, expected(FIRST, MINUTE + 60));
  });

  test('after weeks of sleep only the last days are written, and old files go', async () => {
    await open().catchUp();
    const days = ['vpcflowlogs', 'CloudTrail'].map((kind) => join(dataDir, `demo/AWSLogs/111122223333/${kind}/us-east-1/2026/11`));
    for (const day of days) expect(readdirSync(day)).toEqual(['18']);
    now += 8 * 86_400_000;
    await open().catchUp();
    for (const day of days) expect(existsSync(join(day, '18'))).toBe(false);
    const gap = MINUTE + 8 * 24 * 60;
    const back = Math.floor((gap - HISTORY) / 60) * 60;
    expectSame(stored.lines, new Map([...expected(FIRST, MINUTE), ...expected(back, gap)]));
  });
});

test('the networks of the demo', () => {
  expect(demoNetworks()).toEqual(['2600:1f18:4a2b:1c00::/56', '2a05:d014:91c:2d00::/56']);
});
