/** Feeds and indicators over real HTTP: set up, tried, run, imported, searched, allow-listed, removed; and how right a feed was. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Feed, FeedList, FeedTested, Imported, IndicatorList, IndicatorStats, StoredIndicator } from '../../src/api/contract/feeds.ts';
import type { ApiError } from '../../src/api/contract.ts';
import { FeedRuns } from '../../src/ingest/feeds.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import { type Indicators, openIndicators } from '../../src/store/indicators.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store } from '../../src/store/store.ts';
import { FeedServer } from '../collect/feeds/server.ts';
import { openNew } from '../store/new-store.ts';
import { NOW, startServer, type TestServer } from './helpers.ts';

let folder: string;
let store: Store;
let metadata: Metadata;
let indicators: Indicators;
let runs: FeedRuns;
let server: TestServer;
let source: FeedServer;
/** Epoch milliseconds. */
let clock = NOW * 1000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-feeds-api-'));
  store = await openNew(join(folder, 'store'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => Math.floor(clock / 1000));
  indicators = await openIndicators({ store, metadata, catalogs: await openCatalogs(metadata), folder: join(folder, 'indicators') });
  runs = await FeedRuns.open({
    feeds: metadata.feeds,
    indicators,
    folder: join(folder, 'feeds'),
    log: { info: () => {}, warn: () => {} },
    clock: () => clock,
    proxy: undefined,
    environment: {},
    userAgent: 'bartizan/test',
  });
  source = await FeedServer.start();
  server = await startServer({ deps: { store, clock: () => clock, threats: { feeds: metadata.feeds, runs, indicators } } });
});
afterAll(async () => {
  await server.close();
  await source.stop();
  await runs.close();
  await indicators.close();
  await metadata.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** Two indicators, one that is broken, and one of a type that nothing here matches. */
const FALCON = [
  { indicator: '198.51.100.30', type: 'ip_address', malicious_confidence: 'high', actors: ['EXAMPLEACTOR'], _marker: '1770000000a' },
  { indicator: 'bad.example.org', type: 'domain', malicious_confidence: 'medium', _marker: '1770000000b' },
  { indicator: 7, type: 'ip_address', _marker: '1770000000c' },
  { indicator: 'x', type: 'mutex_name', _marker: '1770000000d' },
];

const get = async <T>(path: string): Promise<T> => (await (await server.call(path)).json()) as T;
const send = (method: string, path: string, body: unknown) =>
  server.call(path, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const errorOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as ApiError).error });
const feedPath = (name: string) => `/api/v1/feeds/${encodeURIComponent(name)}`;
const runNow = async (name: string): Promise<Feed> => {
  expect((await server.post(`${feedPath(name)}/run?wait=true`, {})).status).toBe(202);
  return get<Feed>(feedPath(name));
};
const put = (query: Record<string, string>, body: string | Uint8Array<ArrayBuffer>, type = 'application/octet-stream') =>
  server.call(`/api/v1/indicators/import?${new URLSearchParams(query)}`, { method: 'POST', body, headers: { 'content-type': type } });
const list = (query: Record<string, string>) => get<IndicatorList>(`/api/v1/indicators?${new URLSearchParams(query)}`);

describe('a feed', () => {
  it('is set up, run, shown, changed and removed, and its secret never shown', async () => {
    source.handle = ({ headers }) => (headers.authorization === 'Bearer the-token' ? { body: '198.51.100.1\n??\n' } : { status: 401 });
    const settings = { url: source.url('/list.txt'), everyMinutes: 30, auth: { kind: 'bearer', secret: 'the-token' }, proxy: '', defaults: { confidence: 60 } };
    const made = await server.post('/api/v1/feeds', { name: 'Some list/of mine', kind: 'http', settings, allowList: ['198.51.100.99'] });
    expect(made.status).toBe(201);
    const feed = (await made.json()) as Feed;
    expect(feed).toMatchObject({
      name: 'Some list/of mine',
      settings: { format: 'auto', auth: { kind: 'bearer', secret: 'secret' }, maxMib: 256, defaults: { confidence: 60, validDays: 0 } },
      enabled: true,
      allowList: ['198.51.100.99'],
      revision: 1,
      state: { state: 'waiting', lastTry: null, counts: null, progress: null },
      indicators: 0,
    });
    const ran = await runNow('some list/OF mine');
    expect(ran).toMatchObject({
      indicators: 1,
      state: { state: 'ok', lastSuccess: NOW, counts: { added: 1 }, problemCount: 1, problems: [{ line: 2, excerpt: '??' }], error: null },
    });
    expect(ran.state.nextTry).toBeGreaterThan(NOW + 25 * 60);
    // The secret stays when what is shown is sent back.
    const changed = await send('PUT', feedPath(feed.name), { settings: { ...feed.settings, everyMinutes: 0 }, revision: 1 });
    expect(await changed.json()).toMatchObject({ revision: 2, settings: { everyMinutes: 0, auth: { secret: 'secret' } }, state: { nextTry: null } });
    expect((await runNow(feed.name)).state.error).toBeNull();
    expect(await errorOf(await send('PUT', feedPath(feed.name), { enabled: false, revision: 1 }))).toMatchObject({ status: 409, code: 'edited-meanwhile' });
    // It goes to no other server; an empty one goes.
    expect(await errorOf(await send('PUT', feedPath(feed.name), { settings: { ...feed.settings, url: 'https://elsewhere.example.net/' } }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('enter the secret again'),
    });
    expect(
      await errorOf(await server.post('/api/v1/feeds/test', { kind: 'http', name: feed.name, settings: { ...feed.settings, url: 'http://127.0.0.1:1/' } })),
    ).toMatchObject({ status: 400 });
    await send('PUT', feedPath(feed.name), { settings: { ...feed.settings, auth: { kind: 'bearer', secret: '' } } });
    expect((await runNow(feed.name)).state).toMatchObject({ state: 'trouble', failures: 1, error: { code: 'feed-refused' } });
    const all = await (await server.call('/api/v1/feeds')).text();
    expect(all).not.toContain('the-token');
    expect((await server.call(feedPath(feed.name), { method: 'DELETE' })).status).toBe(204);
    expect(await errorOf(await server.call(feedPath(feed.name)))).toMatchObject({ status: 404, code: 'not-found' });
    expect(await list({ feed: feed.name })).toMatchObject({ total: 0 });
    expect(await list({ feed: feed.name, removed: 'true' })).toMatchObject({ total: 1, indicators: [{ value: '198.51.100.1', removed: NOW, active: false }] });
    expect(indicators.allowed()).toEqual({});
  });

  it('that runs already when it is asked to is waited for, too', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    source.handle = async () => {
      await asked;
      return { body: '198.51.100.1\n' };
    };
    await server.post('/api/v1/feeds', { name: 'slow', kind: 'http', settings: { url: source.url('/list.txt'), everyMinutes: 0 } });
    const first = server.post(`${feedPath('slow')}/run`, {});
    await expect.poll(async () => (await get<Feed>(feedPath('slow'))).state.progress?.doing).toBe('fetching');
    const second = runNow('slow');
    answer();
    expect((await second).state).toMatchObject({ state: 'ok', progress: null });
    expect((await first).status).toBe(202);
    expect((await server.call(feedPath('slow'), { method: 'DELETE' })).status).toBe(204);
  });

  it('that is run while it is removed leaves nothing that is nobody’s', async () => {
    source.handle = () => ({ body: '198.51.100.1\n' });
    await server.post('/api/v1/feeds', { name: 'late', kind: 'http', settings: { url: source.url('/list.txt'), everyMinutes: 0 } });
    const end = runs.end.bind(runs);
    let late: Promise<boolean> | undefined;
    runs.end = async (name) => {
      await end(name);
      runs.end = end;
      late = runs.run(name);
    };
    expect((await server.call(feedPath('late'), { method: 'DELETE' })).status).toBe(204);
    await late;
    expect(await list({ feed: 'late' })).toMatchObject({ total: 0 });
    expect((await get<FeedList>('/api/v1/feeds')).feeds).toEqual([]);
  });

  it.each([
    [{ name: 'a', kind: 'http', settings: {} }, 'settings.url: the address is missing'],
    [{ name: 'a', kind: 'http', settings: { url: 'ftp://a/' } }, 'settings.url: write an address'],
    [{ name: 'a', kind: 'http', settings: { url: 'https://u:p@a/' } }, 'no name and password in the address'],
    [{ name: 'a', kind: 'http', settings: { url: 'https://a/', path: '/x' } }, 'settings.path: only a feed'],
    [{ name: 'a', kind: 'file', settings: { path: 'x.txt' } }, 'settings.path: write the whole path'],
    [{ name: 'a', kind: 'import', settings: { url: 'https://a/' } }, 'neither an address nor a path'],
    [
      { name: 'a', kind: 'http', settings: { url: 'https://a/', auth: { kind: 'oauth2', user: 'c', secret: 's' } } },
      'only a feed of the kind “crowdstrike” signs in',
    ],
    [{ name: 'a', kind: 'crowdstrike', settings: { auth: { kind: 'bearer', secret: 's' } } }, 'is asked with “oauth2”'],
    [{ name: 'a', kind: 'crowdstrike', settings: { auth: { kind: 'oauth2', user: '', secret: 's' } } }, 'the id of the client is missing'],
    [{ name: 'a', kind: 'taxii', settings: { url: 'https://a/', filter: "type:'url'" } }, 'settings.filter: only a feed of the kind “crowdstrike” has one'],
    [{ name: 'a', kind: 'http', settings: { url: 'https://a/', proxy: 'socks://a' } }, 'settings.proxy'],
    [{ name: 'a"b', kind: 'http', settings: { url: 'https://a/' } }, 'a name has no quotation marks'],
    [{ name: '', kind: 'http', settings: { url: 'https://a/' } }, 'a feed needs a name'],
    [{ name: 'a', kind: 'gopher', settings: {} }, 'body.kind'],
    [{ name: 'a', kind: 'http', settings: { url: 'https://a/', mapping: { colour: 'x' } } }, 'body.settings.mapping'],
    [{ name: 'a', kind: 'http', settings: { url: 'https://a/', auth: { kind: 'header', header: 'a b' } } }, 'no name of a header'],
    [{ name: 'a', kind: 'http', settings: { url: 'https://a/' }, allowList: ['1.2.3.4/99'] }, 'neither an address'],
  ])('that cannot be is refused by name: %j', async (body, words) => {
    const error = await errorOf(await server.post('/api/v1/feeds', body));
    expect([error.status, error.message]).toEqual([400, expect.stringContaining(words)]);
    expect((await get<FeedList>('/api/v1/feeds')).feeds).toEqual([]);
  });

  it('from a file of this machine is set up by the command line alone; a browser may change the rest of it', async () => {
    const path = join(folder, 'list.txt');
    await writeFile(path, '198.51.100.44\n');
    const login = await fetch(server.base + server.auth.issueLink());
    const cookies = login.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] as string);
    const csrf = cookies.find((cookie) => cookie.startsWith('bartizan_csrf='))?.slice('bartizan_csrf='.length) ?? '';
    const browser = (method: string, where: string, body: unknown) =>
      fetch(server.base + where, {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', cookie: cookies.join('; '), 'x-csrf-token': decodeURIComponent(csrf) },
      });
    const body = { name: 'here', kind: 'file', settings: { path, everyMinutes: 0 } };
    expect(await errorOf(await browser('POST', '/api/v1/feeds', body))).toMatchObject({ status: 401, message: expect.stringContaining('by the command line') });
    expect((await browser('POST', '/api/v1/feeds/test', { kind: 'file', settings: body.settings })).status).toBe(401);
    expect((await server.post('/api/v1/feeds', body)).status).toBe(201);
    const { settings } = await runNow('here');
    expect((await browser('PUT', feedPath('here'), { settings: { ...settings, maxMib: 1 } })).status).toBe(200);
    expect((await browser('PUT', feedPath('here'), { settings: { ...settings, path: '/etc/hosts' } })).status).toBe(401);
    expect(await (await browser('POST', '/api/v1/feeds/test', { kind: 'file', name: 'here', settings })).json()).toMatchObject({ ok: true, entries: 1 });
    await server.call(feedPath('here'), { method: 'DELETE' });
  });

  it('of CrowdStrike signs in with an API client, whose secret is sealed, and says which indicators it asks for', async () => {
    source.handle = ({ path, body, headers, query }) => {
      if (path === '/oauth2/token')
        return body === 'client_id=the-client&client_secret=the-secret'
          ? { status: 201, body: { access_token: 'the-token', expires_in: 1799 } }
          : { status: 403 };
      if (headers.authorization !== 'Bearer the-token') return { status: 401 };
      const resources = query.get('filter')?.includes('_marker:>') ? [] : FALCON;
      return { body: { meta: { pagination: { total: resources.length } }, errors: [], resources } };
    };
    const auth = { kind: 'oauth2', user: 'the-client', secret: 'the-secret' };
    const made = await server.post('/api/v1/feeds', { name: 'Falcon', kind: 'crowdstrike', settings: { url: source.url(''), everyMinutes: 0, auth } });
    const shown = await made.text();
    expect(shown).not.toMatch(/the-secret|the-token/);
    expect(JSON.parse(shown)).toMatchObject({
      settings: { filter: expect.stringContaining("malicious_confidence:['high','medium']"), auth: { ...auth, secret: 'secret' } },
    });
    expect(await runNow('Falcon')).toMatchObject({
      indicators: 2,
      state: { state: 'ok', counts: { added: 2 }, problemCount: 1, problems: [{ index: 3 }], skipped: [{ count: 1 }] },
    });
    expect(await list({ feed: 'Falcon' })).toMatchObject({
      indicators: [
        { value: '198.51.100.30', confidence: 90, actors: ['EXAMPLEACTOR'] },
        { value: 'bad.example.org', type: 'domain', confidence: 65 },
      ],
    });
    // The next run asks for what lies behind the last, and keeps what there is.
    expect(await runNow('Falcon')).toMatchObject({ indicators: 2, state: { state: 'ok', notModified: true } });
    await send('PUT', feedPath('Falcon'), { settings: { url: source.url(''), auth: { ...auth, user: 'another' } } });
    expect(await runNow('Falcon')).toMatchObject({ indicators: 2, state: { state: 'trouble', error: { code: 'feed-refused' } } });
    const elsewhere = await server.post('/api/v1/feeds', { name: 'Cloud', kind: 'crowdstrike', enabled: false, settings: { auth } });
    expect(await elsewhere.json()).toMatchObject({ settings: { url: 'https://api.crowdstrike.com' } });
    for (const name of ['Falcon', 'Cloud']) await server.call(feedPath(name), { method: 'DELETE' });
  });

  it('has one name in any letter case, and kinds with one place need no address', async () => {
    const otx = await server.post('/api/v1/feeds', { name: 'Pulses', kind: 'otx', enabled: false, settings: { auth: { kind: 'key', secret: 'k' } } });
    expect(await otx.json()).toMatchObject({ settings: { url: 'https://otx.alienvault.com' }, state: { state: 'disabled' } });
    expect(await errorOf(await server.post('/api/v1/feeds', { name: 'PULSES', kind: 'otx' }))).toMatchObject({ status: 409, code: 'name-taken' });
    expect(await errorOf(await server.post(`${feedPath('none')}/run`, {}))).toMatchObject({ status: 404 });
    await server.call(feedPath('pulses'), { method: 'DELETE' });
  });

  it('is tried without storing anything', async () => {
    source.handle = () => ({ body: 'ip,score\n198.51.100.1,90\n198.51.100.0/24,\nx y,\n' });
    const tried = (await (await server.post('/api/v1/feeds/test', { kind: 'http', settings: { url: source.url('/a.csv') } })).json()) as FeedTested;
    expect(tried).toMatchObject({
      ok: true,
      error: null,
      format: 'csv',
      entries: 3,
      byType: [{ type: 'address', count: 2 }],
      problemCount: 1,
      problems: [{ line: 4, excerpt: 'x y,' }],
      samples: [
        { value: '198.51.100.1', confidence: 90, band: 'high' },
        { value: '198.51.100.0/24', band: 'unverified' },
      ],
    });
    source.handle = () => ({ status: 404 });
    expect(await (await server.post('/api/v1/feeds/test', { kind: 'http', settings: { url: source.url('/a') } })).json()).toMatchObject({
      ok: false,
      error: { code: 'feed-missing' },
      format: null,
    });
    expect(await list({})).toMatchObject({ total: 0 });
  });
});

describe('an import', () => {
  it('stores a file of any format as it comes, packed or not, and says what it could not read', async () => {
    const first = await put({ feed: 'By hand', confidence: '55', threatType: 'scanner' }, '198.51.100.7\n198.51.100.8\nnothing here\n2001:db8::/32\n');
    expect(await first.json()).toEqual({
      feed: 'By hand',
      format: 'list',
      added: 3,
      changed: 0,
      expired: 0,
      unchanged: 0,
      entries: 4,
      problemCount: 1,
      problems: [{ line: 3, reason: 'this is no domain name', excerpt: 'nothing here' }],
      skipped: [],
    } satisfies Imported);
    // What it had stays, unless it is replaced; the feed keeps what it assumes.
    expect(await (await put({ feed: 'by HAND' }, new Uint8Array(gzipSync('198.51.100.9\n')))).json()).toMatchObject({ feed: 'By hand', added: 1, expired: 0 });
    expect((await list({ feed: 'By hand', search: '198.51.100.9' })).indicators).toMatchObject([{ confidence: 55, threatType: 'scanner' }]);
    expect(await (await put({ feed: 'By hand', replace: 'true' }, '198.51.100.9\n198.51.100.7\n')).json()).toMatchObject({
      added: 0,
      unchanged: 2,
      expired: 2,
    });
    const mapped = await put({ feed: 'csv', mapping: '{"value":"addr"}' }, 'addr;x\n198.51.100.20;1\n');
    expect(await mapped.json()).toMatchObject({ format: 'csv', added: 1 });
    expect((await get<FeedList>('/api/v1/feeds')).feeds).toMatchObject([
      { name: 'By hand', kind: 'import', indicators: 2, state: { state: 'ok', nextTry: null } },
      { name: 'csv', kind: 'import', indicators: 1 },
    ]);
  });

  it('of nothing that can be read makes no feed and changes nothing', async () => {
    for (const [query, body, status, code] of [
      [{}, '<html></html>', 422, 'feed-unreadable'],
      [{}, 'no address at all\n', 422, 'feed-unreadable'],
      [{}, '', 422, 'feed-unreadable'],
      [{ mapping: '{"value":"c"}' }, 'a,b\n1,2\n', 422, 'feed-unreadable'],
      [{ mapping: '{"value"' }, 'a,b\n1,2\n', 400, 'invalid-request'],
      [{ mapping: '{"worth":"a"}' }, 'a,b\n1,2\n', 400, 'invalid-request'],
      [{ format: 'parchment' }, 'a', 400, 'invalid-request'],
      [{ confidence: '101' }, 'a', 400, 'invalid-request'],
    ] as const) {
      expect(await errorOf(await put({ feed: 'new one', ...query }, body)), `${JSON.stringify(query)} ${body}`).toMatchObject({ status, code });
    }
    expect((await get<FeedList>('/api/v1/feeds')).feeds.map(({ name }) => name)).toEqual(['By hand', 'csv']);
    source.handle = () => ({ body: '198.51.100.30\n' });
    await server.post('/api/v1/feeds', { name: 'fetched', kind: 'http', settings: { url: source.url('/'), everyMinutes: 0 } });
    expect(await errorOf(await put({ feed: 'fetched' }, '198.51.100.31\n'))).toMatchObject({
      status: 400,
      message: expect.stringContaining('would be dropped'),
    });
    expect(await errorOf(await server.post(`${feedPath('By hand')}/run`, {}))).toMatchObject({ status: 400 });
  });
});

describe('indicators', () => {
  it('are listed by page, searched by what holds an address, shown by number, and counted', async () => {
    await put({ feed: 'By hand', replace: 'true' }, '198.51.100.7\n198.51.100.0/24\n2001:db8::/32\nevil.example.net\n');
    const one = await list({ feed: 'By hand', limit: '3' });
    expect([one.total, one.indicators.length]).toEqual([4, 3]);
    const two = await list({ feed: 'By hand', limit: '3', cursor: one.next ?? '' });
    expect([...one.indicators, ...two.indicators].map(({ value }) => value)).toEqual(['198.51.100.0/24', '198.51.100.7', '2001:db8::/32', 'evil.example.net']);
    expect(two.next).toBeNull();
    expect((await list({ feed: 'By hand', search: '198.51.100.7' })).indicators.map(({ value }) => value)).toEqual(['198.51.100.0/24', '198.51.100.7']);
    expect((await list({ type: 'domain' })).indicators.map(({ value }) => value)).toEqual(['evil.example.net']);
    expect((await list({ feed: 'By hand', band: 'high' })).total).toBe(0);
    const shown = one.indicators[0] as StoredIndicator;
    expect(await get<StoredIndicator>(`/api/v1/indicators/${shown.number}`)).toEqual(shown);
    expect(await errorOf(await server.call('/api/v1/indicators/1'))).toMatchObject({ status: 404 });
    expect(await errorOf(await server.call('/api/v1/indicators/x'))).toMatchObject({ status: 404 });
    expect(await errorOf(await server.call('/api/v1/indicators?limit=0'))).toMatchObject({ status: 400 });
    const stats = await get<IndicatorStats>('/api/v1/indicators/stats');
    expect(stats).toMatchObject({
      total: 5,
      byType: [
        { type: 'address', count: 4 },
        { type: 'domain', count: 1 },
      ],
      feeds: expect.arrayContaining([expect.objectContaining({ feed: 'By hand', active: 4, removed: 2, outdated: 0, lastImported: NOW })]),
    });
    expect(stats.byBand.reduce((sum, { count }) => sum + count, 0)).toBe(5);
  });

  it('are allow-listed for all feeds and for one', async () => {
    const replaced = await send('PUT', '/api/v1/allow-list', { entries: ['198.51.100.7', ' 10.0.0.0/8 '] });
    expect(await replaced.json()).toEqual({ entries: ['198.51.100.7', '10.0.0.0/8'] });
    expect(await get('/api/v1/allow-list')).toEqual({ entries: ['198.51.100.7', '10.0.0.0/8'] });
    expect(await (await send('PUT', feedPath('csv'), { allowList: ['198.51.100.20'] })).json()).toMatchObject({ allowList: ['198.51.100.20'], revision: 1 });
    expect(indicators.allowed()).toEqual({ '': ['198.51.100.7', '10.0.0.0/8'], csv: ['198.51.100.20'] });
    expect(await errorOf(await send('PUT', '/api/v1/allow-list', { entries: ['10.0.0.0/99'] }))).toMatchObject({ status: 400, code: 'allow-list' });
    expect(await errorOf(await send('PUT', '/api/v1/allow-list', { entries: ['10.0.0.0/99'], more: 1 }))).toMatchObject({
      status: 400,
      code: 'invalid-request',
    });
  });

  it('tell how right a feed was: its matches of thirty days, accepted and refused', async () => {
    await runNow('fetched');
    const number = async (feed: string, search: string) => (await list({ feed, search, limit: '1' })).indicators[0]?.number;
    const [hand, fetched, other] = [await number('By hand', 'evil'), await number('fetched', '198.51.100.30'), await number('By hand', '198.51.100.0/24')];
    const flow = (start: number, action: string, from: string | undefined, to: string | undefined) => `(${start}, '${action}', ${from ?? 0}, ${to ?? 0})`;
    const day = 86_400;
    const flows = [
      flow(NOW - day, 'ACCEPT', fetched, undefined),
      flow(NOW - day, 'REJECT', fetched, undefined),
      flow(NOW - 2 * day, 'REJECT', undefined, fetched),
      // Both ends: one flow.
      flow(NOW - 2 * day, 'REJECT', fetched, fetched),
      flow(NOW - 29 * day, 'ACCEPT', fetched, hand),
      flow(NOW - 31 * day, 'ACCEPT', fetched, hand),
      flow(NOW - day, 'ACCEPT', undefined, undefined),
    ];
    await store.command({ text: `INSERT INTO bartizan.vpc_flow (start, action, src_indicator, dst_indicator) VALUES ${flows.join(', ')}`, params: {} });
    const found = (start: number, dataset: string, indicator: string | undefined, address: string, accepted: number, refused: number, revision = 1) =>
      `(toIPv6('${address}'), ${indicator ?? 0}, toDate(${start}), '${dataset}', ${accepted}, ${refused}, ${start}, ${start}, ${revision})`;
    const later = [
      found(NOW - 3 * day, 'vpc_flow', hand, '192.0.2.1', 4, 1),
      // What a hunt finds again counts as it was found last.
      found(NOW - 3 * day, 'vpc_flow', hand, '192.0.2.1', 5, 2, 2),
      found(NOW - 4 * day, 'vpc_flow', hand, '192.0.2.1', 10, 0),
      found(NOW - 31 * day, 'vpc_flow', hand, '192.0.2.1', 100, 100),
      found(NOW - 3 * day, 'cloudtrail', hand, '192.0.2.1', 100, 100),
      found(NOW - 3 * day, 'vpc_flow', other, '192.0.2.1', 5, 2),
      found(NOW - 3 * day, 'vpc_flow', other, '192.0.2.2', 1, 0),
    ];
    await store.command({
      text: `INSERT INTO bartizan.retro_match (address, indicator, day, dataset, accepted, refused, first, last, revision) VALUES ${later.join(', ')}`,
      params: {},
    });
    clock += 61_000;
    const { feeds, precisionDays } = await get<FeedList>('/api/v1/feeds');
    expect(precisionDays).toBe(30);
    expect(Object.fromEntries(feeds.map(({ name, precision }) => [name, precision]))).toEqual({
      // Two of its indicators speak of the same flows of an address.
      'By hand': { accepted: 1, refused: 0, later: { accepted: 16, refused: 2 } },
      csv: { accepted: 0, refused: 0, later: { accepted: 0, refused: 0 } },
      fetched: { accepted: 2, refused: 3, later: { accepted: 0, refused: 0 } },
    });
  });
});

it('a server without feeds says so', async () => {
  const bare = await startServer({ deps: { store } });
  expect(await errorOf(await bare.call('/api/v1/feeds'))).toMatchObject({ status: 501, code: 'not-available' });
  expect((await fetch(`${bare.base}/api/v1/feeds`)).status).toBe(401);
  await bare.close();
});
