/** Runs of feeds from a real server into the real store: what a run changes, what a failing one keeps, and when the next one is. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dueAt } from '../../src/ingest/feed-state.ts';
import { FeedRuns } from '../../src/ingest/feeds.ts';
import { DEFAULT_FEED_DEFAULTS, type FeedKind } from '../../src/model/feed.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import type { FeedSecrets, FeedSettings } from '../../src/store/feeds.ts';
import { type Indicators, openIndicators } from '../../src/store/indicators.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store } from '../../src/store/store.ts';
import { FeedServer } from '../collect/feeds/server.ts';
import { openNew } from '../store/new-store.ts';

/** A Monday, 00:00 UTC. */
const T0 = 1_773_014_400;
const DAY = 86_400;

let folder: string;
let store: Store;
let metadata: Metadata;
let indicators: Indicators;
let server: FeedServer;
let runs: FeedRuns;
/** Epoch seconds. */
let now = T0;
let ranges: Uint8Array[];

/** Of runs that begin from now on. */
let runMs = 600_000;

const openRuns = () =>
  FeedRuns.open({
    feeds: metadata.feeds,
    indicators,
    folder: join(folder, 'feeds'),
    log: { info: () => {}, warn: () => {} },
    clock: () => now * 1000,
    proxy: undefined,
    environment: {},
    userAgent: 'bartizan/test',
    awsRanges: (json) => {
      if (!Buffer.from(json).toString().startsWith('{')) throw new Error('this is no list of ranges');
      ranges.push(json);
      return { ranges: 2, skipped: 1, problem: 'entry 3 of prefixes has no service' };
    },
    timeouts: {
      idleMs: 20_000,
      wholeMs: 60_000,
      get runMs() {
        return runMs;
      },
    },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-feed-runs-'));
  store = await openNew(join(folder, 'store'));
});
beforeEach(async () => {
  now = T0;
  runMs = 600_000;
  ranges = [];
  await rm(join(folder, 'metadata.db'), { force: true });
  metadata = await openMetadata(join(folder, 'metadata.db'), () => now);
  await store.command({ text: 'TRUNCATE TABLE bartizan.indicator', params: {} });
  indicators = await openIndicators({ store, metadata, catalogs: await openCatalogs(metadata), folder: join(folder, 'indicators') });
  server = await FeedServer.start();
  runs = await openRuns();
});
afterEach(async () => {
  await runs.close();
  await server.stop();
  await indicators.close();
  await metadata.close();
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const settingsOf = (more: Partial<FeedSettings> = {}): FeedSettings => ({
  url: server.url('/list.txt'),
  format: 'auto',
  everyMinutes: 60,
  auth: { kind: 'none' },
  defaults: DEFAULT_FEED_DEFAULTS,
  maxMib: 1,
  ...more,
});
const add = (name: string, more: Partial<FeedSettings> = {}, kind: FeedKind = 'http', secrets: FeedSecrets = {}) =>
  metadata.feeds.create({ name, kind, settings: settingsOf(more), enabled: true, secrets });
const state = (name: string) => metadata.feeds.state(name);
const values = async (feed: string) => (await indicators.list({ feed, limit: 1000 })).indicators.map((i) => i.value);
async function run(name: string, at = now): Promise<void> {
  now = at;
  expect(await runs.run(name)).toBe(true);
}

describe('a run', () => {
  it('stores what the feed says, counts what changed, and names what it could not read', async () => {
    server.handle = () => ({ body: '198.51.100.1\n198.51.100.0/28 # block\nwhat is this\n2001:db8::1\n' });
    await add('one', { defaults: { confidence: 70, validDays: 0, threatType: 'scanner', labels: ['mine'] } });
    await add('other');
    await run('one');
    expect(await state('one')).toMatchObject({
      lastTry: T0,
      lastSuccess: T0,
      notModified: false,
      counts: { added: 3, changed: 0, expired: 0, unchanged: 0 },
      problemCount: 1,
      problems: [{ line: 3, reason: 'this is no domain name', excerpt: 'what is this' }],
      error: null,
    });
    expect((await indicators.list({ feed: 'one', search: '2001:db8::1' })).indicators).toMatchObject([
      { confidence: 70, threatType: 'scanner', labels: ['mine'], imported: T0 },
    ]);
    server.handle = () => ({ body: '198.51.100.1\n203.0.113.9\n' });
    await run('one', T0 + 3600);
    expect((await state('one')).counts).toEqual({ added: 1, changed: 0, expired: 2, unchanged: 1 });
    expect(await values('one')).toEqual(['198.51.100.1', '203.0.113.9']);
    expect((await state('other')).lastTry).toBeNull();
    expect(await readdir(join(folder, 'feeds'))).toEqual([]);
  });

  it('asks with its secret, which stands nowhere in clear text', async () => {
    server.handle = ({ headers }) => (headers['auth-key'] === 'a very secret key' ? { body: '198.51.100.1\n' } : { status: 403 });
    await add('keyed', { auth: { kind: 'header', header: 'Auth-Key' } }, 'http', { secret: 'a very secret key' });
    await run('keyed');
    expect((await state('keyed')).error).toBeNull();
    await metadata.feeds.update('KEYED', { secrets: { secret: 'a wrong key' } });
    await run('keyed');
    expect((await state('keyed')).error).toMatchObject({ code: 'feed-refused' });
    await metadata.close();
    const { default: Database } = await import('better-sqlite3');
    const file = new Database(join(folder, 'metadata.db'));
    expect(JSON.stringify(file.prepare('SELECT * FROM feed').all())).not.toContain('key"');
    const { secrets } = file.prepare('SELECT secrets FROM feed').get() as { secrets: Buffer };
    expect(secrets.includes('secret') || secrets.includes('wrong')).toBe(false);
    file.close();
    metadata = await openMetadata(join(folder, 'metadata.db'), () => now);
  });

  it('that fetches nothing new changes nothing', async () => {
    server.handle = ({ headers }) => (headers['if-none-match'] ? { status: 304 } : { body: '198.51.100.1\n', headers: { etag: '"a"' } });
    await add('same');
    await run('same');
    await run('same', T0 + 3600);
    expect(await state('same')).toMatchObject({ lastSuccess: T0 + 3600, notModified: true, counts: { added: 1 } });
    // Other settings read the same document anew.
    await metadata.feeds.update('same', { settings: settingsOf({ defaults: { ...DEFAULT_FEED_DEFAULTS, confidence: 20 } }) });
    await run('same', T0 + 7200);
    expect(await state('same')).toMatchObject({ notModified: false, counts: { added: 0, changed: 1 } });
  });

  it('gives days of validity from the day that a list was seen, and goes on giving them', async () => {
    server.handle = ({ headers }) => (headers['if-none-match'] ? { status: 304 } : { body: '198.51.100.1\n', headers: { etag: '"a"' } });
    await add('days', { defaults: { ...DEFAULT_FEED_DEFAULTS, validDays: 2 } });
    const until = async () => (await indicators.list({ feed: 'days' })).indicators[0]?.validUntil;
    await run('days', T0 + 3600);
    expect(await until()).toBe(T0 + 2 * DAY);
    await run('days', T0 + 7200);
    expect((await state('days')).notModified).toBe(true);
    await run('days', T0 + 3600 + DAY);
    expect([(await state('days')).notModified, await until()]).toEqual([false, T0 + 3 * DAY]);
  });

  it('of AWS’s ranges hands them over and stores no indicator', async () => {
    server.handle = () => ({ body: { prefixes: [] } });
    await add('aws', {}, 'aws-ranges');
    await run('aws');
    expect([ranges.length, await values('aws')]).toEqual([1, []]);
    expect(await state('aws')).toMatchObject({ counts: { added: 2 }, problemCount: 1, problems: [{ reason: 'entry 3 of prefixes has no service' }] });
    server.handle = () => ({ body: 'nothing' });
    await run('aws', T0 + 60);
    expect((await state('aws')).error).toMatchObject({ code: 'feed-unreadable', message: 'this is no list of ranges' });
  });

  it('of a file reads the file', async () => {
    const path = join(folder, 'list.csv');
    await writeFile(path, 'ip,score\n198.51.100.1,90\n');
    await add('file', { path }, 'file');
    await run('file');
    expect((await indicators.list({ feed: 'file' })).indicators).toMatchObject([{ value: '198.51.100.1', confidence: 90 }]);
  });
});

describe('a service that says what is new', () => {
  const indicator = (n: number, more: object = {}) => ({
    type: 'indicator',
    id: `indicator--${n}`,
    pattern: `[ipv4-addr:value = '198.51.100.${n}']`,
    modified: '2026-03-01T00:00:00Z',
    ...more,
  });

  it('adds to what was there; what is revoked ends, and what is gone goes with the next whole look', async () => {
    const date = { 'x-taxii-date-added-last': '2026-03-09T00:00:00Z' };
    server.handle = () => ({ headers: date, body: { objects: [indicator(1), indicator(2), indicator(3)] } });
    await add('taxii', { url: server.url('/c/') }, 'taxii');
    await run('taxii');
    server.handle = () => ({ headers: date, body: { objects: [indicator(4), indicator(1, { revoked: true })] } });
    await run('taxii', T0 + 3600);
    expect((await state('taxii')).counts).toEqual({ added: 1, changed: 1, expired: 0, unchanged: 2 });
    expect(await values('taxii')).toEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4']);
    expect((await indicators.list({ feed: 'taxii', search: '198.51.100.1' })).indicators[0]?.validUntil).toBe(Date.parse('2026-03-01T00:00:00Z') / 1000);
    server.handle = () => ({ headers: date, body: {} });
    await run('taxii', T0 + 7200);
    expect(await state('taxii')).toMatchObject({ notModified: true, error: null });
    server.handle = ({ query }) => ({ headers: date, body: { objects: query.has('added_after') ? [] : [indicator(4)] } });
    await run('taxii', T0 + 8 * DAY);
    expect(await values('taxii')).toEqual(['198.51.100.4']);
  });

  it('that fails behind its first page is asked for the same again', async () => {
    await add('taxii', { url: server.url('/c/') }, 'taxii');
    server.handle = ({ query }) =>
      query.has('next')
        ? { status: 500 }
        : { headers: { 'x-taxii-date-added-last': '2026-03-09T00:00:00Z' }, body: { more: true, next: 'b', objects: [indicator(1)] } };
    await run('taxii');
    expect([(await state('taxii')).error?.code, await values('taxii')]).toEqual(['feed-answer', []]);
    server.handle = ({ query }) => ({ body: { objects: [indicator(query.has('added_after') ? 9 : 1)] } });
    await run('taxii', T0 + 60);
    expect(await values('taxii')).toEqual(['198.51.100.1']);
  });
});

describe('a feed that fails', () => {
  const good = '198.51.100.1\n198.51.100.2\n198.51.100.3\n';

  it.each([
    ['an answer of 500', { status: 500 }, 'feed-answer'],
    ['a page to sign in', { body: '<!doctype html><html>Sign in</html>' }, 'feed-unreadable'],
    ['words', { body: 'Please come again later,\nthere is nothing here.\n' }, 'feed-unreadable'],
    ['mostly damage', { body: `198.51.100.1\n${'??\n'.repeat(20)}` }, 'feed-unreadable'],
    ['an empty document', { body: '' }, 'feed-unreadable'],
    ['too much', { body: '198.51.100.9\n'.repeat(100_000) }, 'feed-too-large'],
    ['half of a document', { body: '{"objects":[{"type":"indicator","pattern":"[ipv4-addr:value = \'198.51.100.9\']"},' }, 'feed-unreadable'],
  ] as const)('with %s keeps its last good set', async (_, answer, code) => {
    server.handle = () => ({ body: good });
    await add('feed');
    await run('feed');
    server.handle = () => answer;
    await run('feed', T0 + 3600);
    expect(await values('feed')).toEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3']);
    expect(await state('feed')).toMatchObject({ lastTry: T0 + 3600, lastSuccess: T0, failures: 1, error: { code }, counts: { added: 3 } });
    server.handle = () => ({ body: good });
    await run('feed', T0 + 7200);
    expect(await state('feed')).toMatchObject({ lastSuccess: T0 + 7200, failures: 0, error: null, counts: { unchanged: 3 } });
  });

  it('is ended where its pages have no end, keeps what it had, and lets the others run', async () => {
    const found = {
      type: 'indicator',
      id: 'indicator--00000000-0000-4000-8000-000000000001',
      pattern_type: 'stix',
      pattern: "[ipv4-addr:value = '198.51.100.1']",
    };
    server.handle = () => ({ body: { objects: [found] } });
    await add('feed', { url: server.url('/collections/1/') }, 'taxii');
    await add('other');
    await run('feed');
    expect(await values('feed')).toEqual(['198.51.100.1']);
    let page = 0;
    server.handle = ({ path }) => {
      if (!path.includes('collections')) return { body: good };
      // Of this run alone: the others may take as long as they do.
      runMs = 600_000;
      return { body: { more: true, next: `${++page}`, objects: [] } };
    };
    runMs = 3000;
    await Promise.all([runs.run('feed'), runs.run('other')]);
    expect(page).toBeGreaterThan(1);
    expect(await state('feed')).toMatchObject({ failures: 1, error: { code: 'feed-timeout', message: expect.stringContaining('other feeds wait') } });
    expect(await values('feed')).toEqual(['198.51.100.1']);
    expect(await state('other')).toMatchObject({ error: null, counts: { added: 3 } });
  });

  it('is no feed with nothing in it, which is emptied', async () => {
    server.handle = () => ({ body: good });
    await add('feed');
    await run('feed');
    server.handle = () => ({ body: '# there is nothing bad at the moment\n' });
    await run('feed', T0 + 3600);
    expect(await values('feed')).toEqual([]);
    expect(await state('feed')).toMatchObject({ error: null, counts: { expired: 3 } });
  });

  it('is tried again sooner, then later and later, and not before the other side wants', () => {
    const hour = (failures: number, notBefore = 0) => dueAt(3600, { lastTry: T0, failures, notBefore }, 0.5) - T0;
    expect([0, 1, 2, 3, 6, 7, 30].map((n) => hour(n))).toEqual([3600, 60, 120, 240, 1920, 3600, 3600]);
    expect(hour(1, T0 + 500)).toBe(500);
    expect(dueAt(3600, { lastTry: null, failures: 0, notBefore: 0 }, 0.5)).toBe(0);
    expect([dueAt(3600, { lastTry: T0, failures: 0, notBefore: 0 }, 0), dueAt(3600, { lastTry: T0, failures: 0, notBefore: 0 }, 1)]).toEqual([
      T0 + 3420,
      T0 + 3780,
    ]);
  });
});

describe('the schedule', () => {
  const tried = async () => Promise.all((await metadata.feeds.list()).map(async ({ name }) => (await state(name)).lastTry));

  it('runs what is due, one at a time, and nothing that nobody has enabled', async () => {
    let at = 0;
    let most = 0;
    server.handle = async () => {
      most = Math.max(most, ++at);
      await new Promise((resolve) => setImmediate(resolve));
      at--;
      return { body: '198.51.100.1\n' };
    };
    for (const name of ['a', 'b', 'c']) await add(name);
    await add('d-asked', { everyMinutes: 0 });
    await add('e-off');
    await metadata.feeds.update('e-off', { enabled: false });
    await add('f-import', {}, 'import');
    expect(server.asked).toEqual([]);
    await runs.tick();
    await expect.poll(tried).toEqual([T0, T0, T0, null, null, null]);
    expect([most, server.asked.length]).toEqual([1, 3]);
    await expect.poll(() => ['a', 'b', 'c'].map((name) => runs.progress(name))).toEqual([undefined, undefined, undefined]);
    now = T0 + 3000;
    expect(await runs.tick()).toBeGreaterThan(now);
    expect(server.asked.length).toBe(3);
    now = T0 + 4000;
    await runs.tick();
    await expect.poll(tried).toEqual([now, now, now, null, null, null]);
  });

  it('says how far a run is, runs a feed once at a time, and ends with the server', async () => {
    let release = (): void => {};
    server.handle = async (_, response) => {
      response.write('198.51.100.1\n');
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      response.end();
      return undefined;
    };
    await add('slow');
    const done = runs.run('slow');
    await expect.poll(() => runs.progress('slow')?.bytes).toBe(13);
    expect(runs.progress('slow')).toMatchObject({ started: T0, doing: 'fetching' });
    expect(await runs.run('slow')).toBe(false);
    let isOver = false;
    const over = runs.settled('slow').then(() => {
      isOver = true;
    });
    await runs.settled('another');
    await add('behind');
    const behind = runs.run('behind');
    await runs.end('behind');
    expect(isOver).toBe(false);
    await runs.end('slow');
    await done;
    await over;
    release();
    expect([await behind, (await state('behind')).lastTry, runs.progress('slow')]).toEqual([true, null, undefined]);
    const again = runs.run('slow');
    await expect.poll(() => runs.progress('slow')?.bytes).toBe(13);
    await runs.close();
    await again;
    release();
    expect(await state('slow')).toMatchObject({ lastTry: null, error: null });
    expect(await values('slow')).toEqual([]);
    expect(await runs.run('slow')).toBe(false);
  });
});
