/** The API of CrowdStrike over real HTTP: signing in, pages behind markers, tokens that end, and servers that mean no good. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedAuth } from '../../../src/collect/feeds/http.ts';
import { failure, fetched, NOW } from './fetching.ts';
import { type Asked, FeedServer } from './server.ts';

const AUTH: FeedAuth = { kind: 'oauth2', user: 'the client', secret: 'the+secret&' };
const PATH = '/intel/combined/indicators/v1';

interface Indicator {
  readonly indicator: string;
  readonly _marker: string;
  readonly deleted?: boolean;
}

let server: FeedServer;
/** What the service holds, in no order. */
let held: Indicator[];
/** Tokens that were given, the newest last; those before it hold no more. */
let tokens: string[];
/** Of one page, whatever is asked for. */
let most: number;

const indicator = (n: number, more: Partial<Indicator> = {}): Indicator => ({
  indicator: `198.51.100.${n % 250}`,
  _marker: `17730000${String(n).padStart(4, '0')}`,
  ...more,
});
const shuffled = (count: number): Indicator[] => Array.from({ length: count }, (_, i) => indicator((i * 7) % count));

beforeEach(async () => {
  server = await FeedServer.start();
  [held, tokens, most] = [shuffled(10), [], 4];
  server.handle = service;
});
afterEach(() => server.stop());

/** Answers as the service does. */
function service({ method, path, headers, query, body }: Asked) {
  if (path === '/oauth2/token') {
    const asked = new URLSearchParams(body);
    if (method !== 'POST' || asked.get('client_id') !== AUTH.user || asked.get('client_secret') !== AUTH.secret)
      return { status: 403, body: { errors: [{ code: 403, message: 'access denied, invalid bearer token' }] } };
    tokens.push(`token-${tokens.length + 1}`);
    return { status: 201, body: { access_token: tokens.at(-1), expires_in: 1799, token_type: 'bearer' } };
  }
  if (path !== PATH) return { status: 404 };
  if (headers.authorization !== `Bearer ${tokens.at(-1)}`) return { status: 401, body: { errors: [{ code: 401, message: 'access denied' }] } };
  const marker = /_marker:>'([^']*)'/.exec(query.get('filter') ?? '')?.[1] ?? '';
  const matching = held
    .filter(({ _marker, deleted }) => _marker > marker && (deleted !== true || query.get('include_deleted') === 'true'))
    .sort((a, b) => (a._marker < b._marker ? -1 : 1));
  const resources = matching.slice(0, Math.min(most, Number(query.get('limit'))));
  return { body: { meta: { pagination: { total: matching.length, limit: Number(query.get('limit')) } }, errors: [], resources } };
}

const pages = () => server.asked.filter(({ path }) => path === PATH);
const fetch = (options: object = {}) => fetched(server.url(''), { kind: 'crowdstrike', auth: AUTH, ...options });
const fails = (options: object = {}) => failure(server.url(''), { kind: 'crowdstrike', auth: AUTH, ...options });
const values = (text: string): string[] => (JSON.parse(text) as { resources: Indicator[] }).resources.map(({ _marker }) => _marker);
const markers = (count: number): string[] => Array.from({ length: count }, (_, i) => indicator(i)._marker);

describe('indicators of CrowdStrike', () => {
  it('are read page by page behind the last marker, and later what has changed', async () => {
    held.push(indicator(20, { deleted: true }));
    const filter = "type:'ip_address',type:'url'";
    const first = await fetch({ filter });
    expect(first).toMatchObject({ notModified: false, complete: true, format: 'crowdstrike' });
    expect(values(first.text)).toEqual(markers(10));
    expect(tokens).toHaveLength(1);
    expect(pages().map(({ query }) => [query.get('filter'), query.get('sort'), query.get('limit'), query.get('include_deleted')])).toEqual([
      [`(${filter})`, '_marker|asc', '5000', 'false'],
      [`(${filter})+_marker:>'177300000003'`, '_marker|asc', '5000', 'false'],
      [`(${filter})+_marker:>'177300000007'`, '_marker|asc', '5000', 'false'],
    ]);
    // One is new and one was taken away, which says so itself; noise before the marker is not asked for again.
    held = [...held.filter(({ _marker }) => _marker !== indicator(20)._marker), indicator(30), indicator(31, { deleted: true })];
    const second = await fetch({ filter, cursor: first.cursor, now: NOW + 3600 });
    expect(second).toMatchObject({ notModified: false, complete: false });
    expect(values(second.text)).toEqual([indicator(30)._marker, indicator(31)._marker]);
    expect(await fetch({ filter, cursor: second.cursor, now: NOW + 7200 })).toMatchObject({
      notModified: true,
      complete: false,
      cursor: { marker: indicator(31)._marker },
    });
    // After a week all of it, for what went away without a word.
    const third = await fetch({ filter, cursor: second.cursor, now: NOW + 8 * 86_400 });
    expect([third.complete, values(third.text)]).toEqual([true, [...markers(10), indicator(30)._marker]]);
  });

  it('may be none, and a test reads one page', async () => {
    most = 1000;
    held = shuffled(300);
    const sample = await fetch({ sample: true });
    expect([values(sample.text), pages().length]).toEqual([markers(100), 1]);
    held = [];
    expect(await fetch()).toMatchObject({ notModified: false, complete: true, text: '{"resources":[]}' });
    server.handle = (asked) => (asked.path === PATH ? { body: { meta: { pagination: { total: 0 } }, errors: null, resources: null } } : service(asked));
    expect(await fetch()).toMatchObject({ complete: true, text: '{"resources":[]}' });
  });

  it('are found below an address with a path, with and without the API’s own', async () => {
    server.handle = (asked) => service({ ...asked, path: asked.path.replace('/falcon', '') });
    for (const path of ['/falcon/', `/falcon${PATH}`]) {
      server.asked.length = 0;
      expect(values((await fetched(server.url(path), { kind: 'crowdstrike', auth: AUTH })).text)).toEqual(markers(10));
      expect(new Set(server.asked.map((asked) => asked.path))).toEqual(new Set(['/falcon/oauth2/token', `/falcon${PATH}`]));
    }
  });

  it('go on with a new token where the old one has ended', async () => {
    let asked = 0;
    server.handle = (request) => {
      // The token ends before the second page.
      if (request.path === PATH && ++asked === 2) return { status: 401 };
      return service(request);
    };
    expect(values((await fetch()).text)).toEqual(markers(10));
    expect(tokens).toEqual(['token-1', 'token-2']);
    expect(pages().map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2', 'Bearer token-2']);
  });
});

describe('what goes wrong', () => {
  it('a client that is refused, whatever the status, and never its secret in the words', async () => {
    for (const status of [400, 401, 403]) {
      server.handle = () => ({ status });
      const error = await fails();
      expect(error).toMatchObject({ code: 'feed-refused', message: expect.stringContaining(`no token to this client (${status})`) });
      expect(JSON.stringify([error.message, error.hint])).not.toContain('secret&');
    }
    server.handle = () => ({ status: 308, headers: { location: 'https://api.eu-1.crowdstrike.com/oauth2/token' } });
    expect(await fails()).toMatchObject({
      code: 'feed-redirect',
      message: expect.stringContaining('api.eu-1.crowdstrike.com'),
      hint: expect.stringContaining('another cloud'),
    });
    server.handle = () => ({ status: 500 });
    expect(await fails()).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('500') });
  });

  it.each([[{}], [{ access_token: 7 }], [{ access_token: '' }], [{ access_token: 'a\r\nx-evil: 1' }], [[]], ['null'], ['<html>']])(
    'a token that is none: %j',
    async (body) => {
      server.handle = ({ path }) => (path === PATH ? { status: 500 } : { status: 201, body });
      expect(await fails()).toMatchObject({ code: 'feed-answer' });
      expect(pages()).toEqual([]);
    },
  );

  it('a new token that is refused too is not asked for again and again', async () => {
    server.handle = (asked) => (asked.path === PATH ? { status: 401 } : service(asked));
    expect(await fails()).toMatchObject({ code: 'feed-refused' });
    expect([tokens.length, pages().length]).toEqual([2, 2]);
    server.asked.length = 0;
    server.handle = (asked) => (asked.path === PATH ? { status: 403 } : service(asked));
    expect(await fails()).toMatchObject({ code: 'feed-refused', message: expect.stringContaining('403') });
    expect(pages()).toHaveLength(1);
  });

  it('too many requests: it says how long to wait, in either header', async () => {
    const until = Math.floor(Date.now() / 1000) + 600;
    server.handle = (asked) => (asked.path === PATH ? { status: 429, headers: { 'retry-after': '120' } } : service(asked));
    expect(await fails()).toMatchObject({ code: 'feed-busy', retryAfter: 120 });
    server.handle = () => ({ status: 429, headers: { 'x-ratelimit-retryafter': String(until) } });
    const { code, retryAfter } = await fails();
    expect(code).toBe('feed-busy');
    expect(retryAfter).toBeGreaterThan(400);
    expect(retryAfter).toBeLessThanOrEqual(600);
    server.handle = () => ({ status: 429, headers: { 'x-ratelimit-retryafter': 'soon' } });
    expect(await fails()).toMatchObject({ code: 'feed-busy', retryAfter: undefined });
  });

  it('pages without end: those that stand still, go back, or only grow', async () => {
    const answer = (markerOf: (page: number) => string) => {
      let page = 0;
      server.handle = (asked) =>
        asked.path === PATH
          ? { body: { errors: [], resources: [{ ...indicator(1), filler: 'x'.repeat(10_000), _marker: markerOf(++page) }] } }
          : service(asked);
    };
    answer(() => 'same');
    expect(await fails()).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('read already') });
    answer((page) => (page % 2 ? 'b' : 'a'));
    expect(await fails()).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('read already') });
    answer((page) => String(page).padStart(9, '0'));
    expect(await fails({ most: 200_000 })).toMatchObject({ code: 'feed-too-large' });
  });

  it.each([
    [{ resources: 'x' }, 'no indicators of CrowdStrike'],
    [{ resources: null, meta: { pagination: { total: 3 } } }, 'no indicators of CrowdStrike'],
    [{}, 'no indicators of CrowdStrike'],
    [[], 'no indicators of CrowdStrike'],
    ['null', 'no indicators of CrowdStrike'],
    ['<html>', 'no JSON'],
    [{ resources: [7] }, 'no marker'],
    [{ resources: [{ _marker: 7 }] }, 'no marker'],
    [{ resources: [{ _marker: "x'+type:'url" }] }, 'no marker'],
    [{ resources: [], errors: [{ code: 400, message: 'invalid filter' }] }, 'invalid filter'],
    [{ resources: [], errors: [7] }, 'nothing more'],
  ])('a page that is none: %j', async (body, words) => {
    server.handle = (asked) => (asked.path === PATH ? { body } : service(asked));
    expect(await fails()).toMatchObject({ code: 'feed-answer', message: expect.stringContaining(words) });
  });
});
