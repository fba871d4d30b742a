import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuth } from '../../src/api/auth.ts';
import { type Browser, COMMAND_LINE_TOKEN, signIn, startServer, type TestServer } from './helpers.ts';

let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  server = await startServer();
  browser = await signIn(server);
});
afterAll(() => server.close());

/** As raw HTTP, because fetch does not let a test lie about Host and Origin. */
function send(path: string, headers: Record<string, string>, method = 'GET'): Promise<{ status: number; body: string }> {
  const url = new URL(server.base + path);
  return new Promise((resolve, reject) => {
    const out = request({ host: url.hostname, port: url.port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    out.on('error', reject);
    out.end();
  });
}

const cookies = (): string => `bartizan_session=${browser.session}; bartizan_csrf=${browser.csrf}`;
const codeOf = (body: string): string => (JSON.parse(body) as { error: { code: string } }).error.code;

describe('who may call', () => {
  test.each(['/api/v1/status', '/api/v1/dashboards', '/api/openapi.json', '/api/docs'])('%s needs a session', async (path) => {
    const refused = await send(path, {});
    expect([refused.status, codeOf(refused.body)]).toEqual([401, 'not-signed-in']);
    expect((await send(path, { cookie: cookies() })).status).toBe(200);
    expect((await send(path, { authorization: `Bearer ${COMMAND_LINE_TOKEN}` })).status).toBe(200);
    const wrong = await send(path, { authorization: `Bearer ${COMMAND_LINE_TOKEN}x` });
    expect([wrong.status, wrong.body]).toEqual([401, expect.stringContaining('The token is not that of this server.')]);
  });

  test('every route of the description is closed without a session, but for health', async () => {
    const paths = Object.entries(server.app.swagger().paths ?? {}).flatMap(([path, methods]) => Object.keys(methods ?? {}).map((m) => [m, path] as const));
    const open = [];
    for (const [method, path] of paths) {
      const { status } = await send(path.replace(/\{\w+\}/g, 'x'), {}, method.toUpperCase());
      if (status !== 401) open.push(path);
    }
    expect(open.sort()).toEqual(['/healthz', '/metrics', '/readyz']);
  });

  test('an encoded path is not a way around', async () => {
    expect((await send('/%61pi/v1/status', {})).status).toBe(401);
    expect((await send('//api/v1/status', {})).body).not.toContain('"records"');
  });

  test('a forged, changed or ended session is none', async () => {
    const changed = browser.session.replace(/^\d/, (d) => String((Number(d) + 1) % 10));
    for (const session of ['', 'x', 'a.b.c', changed]) expect((await send('/api/v1/status', { cookie: `bartizan_session=${session}` })).status).toBe(401);
    let now = 1_700_000_000_000;
    const late = await startServer({ deps: { store: server.store, clock: () => now } });
    try {
      const { session } = await signIn(late);
      const status = async () => (await fetch(`${late.base}/api/v1/status`, { headers: { cookie: `bartizan_session=${session}` } })).status;
      expect(await status()).toBe(200);
      now += 8 * 86_400_000;
      expect(await status()).toBe(401);
    } finally {
      await late.close();
    }
  });

  test('the routes of the command line take no browser', async () => {
    expect((await send('/api/v1/login-link', { cookie: cookies(), 'x-csrf-token': browser.csrf }, 'POST')).status).toBe(401);
    const response = await server.call('/api/v1/login-link', { method: 'POST' });
    const link = (await response.json()) as { path: string };
    expect((await fetch(server.base + link.path)).status).toBe(200);
  });
});

describe('the one-time link', () => {
  test('works once and sets a strict, HttpOnly session and a readable CSRF cookie', async () => {
    const path = server.auth.issueLink();
    const first = await fetch(`${server.base}${path}?to=${encodeURIComponent('/dashboards/vpc-overview?from=1&to=2')}`);
    const set = first.headers.getSetCookie();
    expect(set.find((c) => c.startsWith('bartizan_session='))).toMatch(/; HttpOnly; SameSite=Strict/);
    expect(set.find((c) => c.startsWith('bartizan_csrf='))).not.toContain('HttpOnly');
    expect(await first.text()).toContain('content="0;url=/dashboards/vpc-overview?from=1&#38;to=2"');
    const second = await fetch(server.base + path);
    expect([second.status, second.headers.getSetCookie()]).toEqual([403, []]);
  });

  test.each(['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', '/\t/evil.example'])('does not lead to %s', async (to) => {
    const text = await (await fetch(`${server.base}${server.auth.issueLink()}?to=${encodeURIComponent(to)}`)).text();
    expect(text).toContain('content="0;url=/"');
  });

  test('ends after its time', () => {
    let now = 1_700_000_000_000;
    const auth = createAuth({ secret: new Uint8Array(32), token: 't', clock: () => now });
    const token = auth.issueLink(60).slice('/login/'.length);
    now += 61_000;
    expect(auth.redeem(token)).toBeUndefined();
  });
});

describe('other web sites', () => {
  test('a re-bound host name gets nothing', async () => {
    for (const path of ['/', '/healthz', '/api/v1/status', '/metrics']) {
      const refused = await send(path, { host: 'evil.example', cookie: cookies() });
      expect([refused.status, codeOf(refused.body)]).toEqual([403, 'host-not-allowed']);
    }
    const port = new URL(server.base).port;
    expect((await send('/healthz', { host: `localhost:${port}` })).status).toBe(200);
    expect((await send('/healthz', { host: `[::1]:${port}` })).status).toBe(200);
    expect((await send('/healthz', { host: '127.0.0.1.evil.example' })).status).toBe(403);
  });

  test('another origin is refused, also with cookies', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
      const refused = await send('/api/v1/status', { origin, cookie: cookies() });
      expect([refused.status, codeOf(refused.body)]).toEqual([403, 'origin-not-allowed']);
    }
    expect((await send('/api/v1/status', { origin: server.base, cookie: cookies() })).status).toBe(200);
  });

  test('what changes something needs the CSRF header of this session', async () => {
    const retry = (headers: Record<string, string>) => send('/api/v1/quarantine/retry', headers, 'POST');
    const other = await signIn(server);
    for (const headers of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': 'wrong' }, { 'x-csrf-token': other.csrf }]) {
      const refused = await retry({ cookie: cookies(), ...headers });
      expect([refused.status, codeOf(refused.body)]).toEqual([403, 'csrf-missing']);
    }
    // A planted cookie pair of another session does not help either.
    const planted = await retry({ cookie: `bartizan_session=${browser.session}; bartizan_csrf=${other.csrf}`, 'x-csrf-token': other.csrf });
    expect(codeOf(planted.body)).toBe('csrf-missing');
    expect((await retry({ cookie: cookies(), 'x-csrf-token': browser.csrf })).status).not.toBe(403);
  });

  test('no inline script, no frame, no type guessing', async () => {
    const { headers } = await fetch(`${server.base}/`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-eval');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('limits', () => {
  test('too many requests and too large bodies are refused in the common shape', async () => {
    const small = await startServer({ deps: { store: server.store }, settings: { requestsPerMinute: 3 } });
    try {
      const statuses = [];
      for (let i = 0; i < 5; i++) statuses.push((await small.call('/api/v1/dashboards')).status);
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
    } finally {
      await small.close();
    }
    const large = await server.post('/api/v1/quarantine/retry', { ids: ['x'.repeat(1_100_000)] });
    expect([large.status, codeOf(await large.text())]).toEqual([413, 'body-too-large']);
  });
});
