/** Fetching over real HTTP: what is asked, what is remembered, what goes wrong, and where secrets go. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedAuth } from '../../../src/collect/feeds/http.ts';
import { type Reach, reachableOnly, reachOf } from '../../../src/collect/feeds/reach.ts';
import { failure, fetched, NOW } from './fetching.ts';
import { type Asked, FeedServer } from './server.ts';

let folder: string;
let server: FeedServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-feeds-'));
  server = await FeedServer.start();
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const last = (): Asked => server.asked.at(-1) as Asked;

describe('a document at an address', () => {
  it('is fetched once, and again only when it is another', async () => {
    server.handle = ({ headers }) =>
      headers['if-none-match'] === '"v1"'
        ? { status: 304 }
        : { body: '198.51.100.1\n', headers: { etag: '"v1"', 'last-modified': 'Fri, 20 Feb 2026 00:00:00 GMT' } };
    const first = await fetched(server.url('/list.txt?key=a'));
    expect(first).toMatchObject({ notModified: false, complete: true, text: '198.51.100.1\n', bytes: 13 });
    expect(last().headers).toMatchObject({ 'user-agent': 'bartizan/test' });
    expect(last().headers['if-none-match']).toBeUndefined();
    expect(await fetched(server.url('/list.txt?key=a'), { cursor: first.cursor })).toMatchObject({ notModified: true, cursor: first.cursor });
    expect(last().headers['if-modified-since']).toBe('Fri, 20 Feb 2026 00:00:00 GMT');
    // Another address is another document, and a test reads it whatever is known.
    expect((await fetched(server.url('/other.txt'), { cursor: first.cursor })).notModified).toBe(false);
    expect((await fetched(server.url('/list.txt?key=a'), { cursor: first.cursor, sample: true })).notModified).toBe(false);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('is decompressed: %s', async (encoding, pack) => {
    server.handle = () => ({ body: pack('198.51.100.1\n'), headers: { 'content-encoding': encoding } });
    expect((await fetched(server.url('/'))).text).toBe('198.51.100.1\n');
  });

  it('that is a file ending in .gz is decompressed too', async () => {
    server.handle = () => ({ body: gzipSync('198.51.100.1\n') });
    expect((await fetched(server.url('/list.gz'))).text).toBe('198.51.100.1\n');
  });

  it('that is larger than allowed is given up, packed or not, with a length or without', async () => {
    server.handle = () => ({ body: 'x'.repeat(100_001) });
    expect(await failure(server.url('/'), { most: 100_000 })).toMatchObject({ code: 'feed-too-large' });
    expect((await fetched(server.url('/'), { most: 100_001 })).bytes).toBe(100_001);
    server.handle = () => ({ body: gzipSync(Buffer.alloc(50_000_000)), headers: { 'content-encoding': 'gzip' } });
    expect(await failure(server.url('/'), { most: 1_000_000 })).toMatchObject({ code: 'feed-too-large', message: expect.stringContaining('1 MiB') });
    server.handle = (_, response) => {
      const go = (): void => {
        while (!response.destroyed && response.write('198.51.100.1\n'.repeat(1000)));
        if (!response.destroyed) response.once('drain', go);
      };
      go();
      return undefined;
    };
    expect(await failure(server.url('/endless'), { most: 1_000_000 })).toMatchObject({ code: 'feed-too-large' });
  });

  it.each([
    [401, 'feed-refused'],
    [403, 'feed-refused'],
    [404, 'feed-missing'],
    [429, 'feed-busy'],
    [500, 'feed-answer'],
    [503, 'feed-busy'],
    [204, undefined],
  ] as const)('with an answer of %i is %s', async (status, code) => {
    server.handle = () => ({ status, headers: { 'retry-after': '120' } });
    if (code === undefined) expect((await fetched(server.url('/'))).bytes).toBe(0);
    else
      expect(await failure(server.url('/'))).toMatchObject({
        code,
        message: expect.stringContaining(server.host),
        ...(code === 'feed-busy' ? { retryAfter: 120 } : {}),
      });
  });

  it('that is cut off, damaged, silent or not there says so', async () => {
    server.handle = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('198.51');
      setImmediate(() => response.destroy());
      return undefined;
    };
    expect(await failure(server.url('/'))).toMatchObject({ code: 'feed-unreachable' });
    server.handle = () => ({ body: gzipSync('198.51.100.1\n'.repeat(1000)).subarray(0, 50), headers: { 'content-encoding': 'gzip' } });
    expect(await failure(server.url('/'))).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('decompressed') });
    server.handle = () => undefined;
    expect(await failure(server.url('/'), { timeouts: { idleMs: 50, wholeMs: 60_000, runMs: 600_000 } })).toMatchObject({ code: 'feed-timeout' });
    expect(await failure(server.url('/'), { timeouts: { idleMs: 60_000, wholeMs: 50, runMs: 600_000 } })).toMatchObject({ code: 'feed-timeout' });
    const other = await FeedServer.start();
    const gone = other.url('/');
    await other.stop();
    expect(await failure(gone)).toMatchObject({ code: 'feed-unreachable', message: expect.stringContaining('nothing listens there') });
    expect(await failure('ftp://127.0.0.1/x')).toMatchObject({ code: 'feed-settings' });
    expect(await failure(undefined)).toMatchObject({ code: 'feed-settings' });
  });

  it('is given up when the server stops', async () => {
    const stop = new AbortController();
    server.handle = () => {
      stop.abort(new Error('the server stops'));
      return undefined;
    };
    await expect(fetched(server.url('/'), { signal: stop.signal })).rejects.toThrow('the server stops');
  });
});

describe('secrets', () => {
  it.each([
    [{ kind: 'basic', user: 'reader', secret: 'pass:word' }, 'authorization', `Basic ${Buffer.from('reader:pass:word').toString('base64')}`],
    [{ kind: 'bearer', secret: 'token' }, 'authorization', 'Bearer token'],
    [{ kind: 'header', header: 'Auth-Key', secret: 'key' }, 'auth-key', 'key'],
  ] as const)('go into their header: $kind', async (auth, header, value) => {
    await fetched(server.url('/'), { auth }).catch(() => {});
    expect(last().headers[header]).toBe(value);
  });

  it('follow a redirect on the same server, and not to another', async () => {
    const other = await FeedServer.start();
    other.handle = () => ({ body: 'other' });
    server.handle = ({ path }) =>
      path === '/here'
        ? { status: 302, headers: { location: '/there' } }
        : path === '/away'
          ? { status: 307, headers: { location: other.url('/x') } }
          : { body: 'there' };
    const auth: FeedAuth = { kind: 'bearer', secret: 'token' };
    expect((await fetched(server.url('/here'), { auth })).text).toBe('there');
    expect(last().headers.authorization).toBe('Bearer token');
    expect((await fetched(server.url('/away'), { auth })).text).toBe('other');
    expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    await other.stop();
  });

  it('are not drawn around in circles, to other schemes, or by what is sent', async () => {
    server.handle = () => ({ status: 301, headers: { location: '/again' } });
    expect(await failure(server.url('/'))).toMatchObject({ code: 'feed-redirect', message: expect.stringContaining('5 times') });
    server.handle = () => ({ status: 301, headers: { location: 'file:///etc/hosts' } });
    expect(await failure(server.url('/'))).toMatchObject({ code: 'feed-redirect' });
    server.handle = () => ({ status: 301, headers: { location: '/elsewhere' } });
    expect(await failure(server.url('/'), { kind: 'misp' })).toMatchObject({ code: 'feed-redirect' });
  });
});

describe('addresses that only this machine reaches', () => {
  it('are told from public ones', () => {
    for (const [address, reach] of [
      ['169.254.169.254', 'link-local'],
      ['::ffff:169.254.169.254', 'link-local'],
      ['fd00:ec2::254', 'link-local'],
      ['fe80::1', 'link-local'],
      ['127.0.0.1', 'private'],
      ['::1', 'private'],
      ['::ffff:10.1.2.3', 'private'],
      ['100.64.0.1', 'private'],
      ['172.31.255.255', 'private'],
      ['fd12::1', 'private'],
      ['172.32.0.1', 'public'],
      ['8.8.8.8', 'public'],
      // IPv6 addresses that lead to IPv4 ones: NAT64, 6to4, IPv4-compatible, translated, Teredo by its server and its client.
      ['64:ff9b::a9fe:a9fe', 'link-local'],
      ['64:ff9b::10.0.0.1', 'private'],
      ['64:ff9b::8.8.8.8', 'public'],
      ['64:ff9b:1::8.8.8.8', 'private'],
      ['64:ff9b:1::169.254.169.254', 'link-local'],
      ['2002:a9fe:a9fe::1', 'link-local'],
      ['2002:7f00:1::', 'private'],
      ['2002:808:808::a9fe:a9fe', 'public'],
      ['::a9fe:a9fe', 'link-local'],
      ['::192.168.1.1', 'private'],
      ['::8.8.8.8', 'public'],
      ['::ffff:0:127.0.0.1', 'private'],
      ['2001:0:a9fe:a9fe::f7f7:f7f7', 'link-local'],
      ['2001:0:808:808::5601:5601', 'link-local'],
      ['2001:0:808:808::f7f7:f7f7', 'public'],
      // Where clouds hand out credentials.
      ['192.0.0.192', 'link-local'],
      ['100.100.100.200', 'link-local'],
      ['168.63.129.16', 'link-local'],
      ['168.63.129.17', 'public'],
      ['fd20:ce::254', 'link-local'],
      ['fe80::1%eth0', 'link-local'],
      ['::', 'private'],
      ['0.0.0.0', 'private'],
      ['192.0.0.1', 'private'],
      ['192.0.1.1', 'public'],
      ['198.51.100.1', 'private'],
      ['224.0.0.1', 'private'],
      ['223.255.255.255', 'public'],
      ['255.255.255.255', 'private'],
      ['fec0::1', 'private'],
      ['ff02::1', 'private'],
      ['2001:db8::1', 'private'],
      ['2001:4860:4860::8888', 'public'],
      ['2606:4700::1111', 'public'],
    ] as const)
      expect(reachOf(address), address).toBe(reach);
  });

  it('are not redirected to from the internet, and link-local ones are never asked', async () => {
    server.handle = () => ({ status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data/' } });
    expect(await failure(server.url('/'))).toMatchObject({ code: 'feed-redirect', message: expect.stringContaining('169.254.169.254') });
    server.handle = () => ({ status: 302, headers: { location: 'http://[::ffff:a9fe:a9fe]/' } });
    expect(await failure(server.url('/'))).toMatchObject({ code: 'feed-redirect' });
    expect(await failure('http://169.254.169.254/latest/')).toMatchObject({ code: 'feed-settings' });
    const looked = (from: Reach | undefined) =>
      new Promise<unknown>((done) => reachableOnly(from)('localhost', { all: true }, (error, found) => done(error ?? found)));
    expect(await looked('public')).toMatchObject({ code: 'feed-redirect', message: expect.stringContaining('localhost (') });
    expect(await looked('private')).toMatchObject([{ address: expect.stringMatching(/^(?:127\.|::1$)/) }]);
    expect(await looked(undefined)).toMatchObject([{ address: expect.stringMatching(/^(?:127\.|::1$)/) }]);
  });

  it('are looked at for each request: no connection is kept for the next one', async () => {
    const ports = new Set<number | undefined>();
    server.handle = (_, response) => {
      ports.add(response.socket?.remotePort);
      return { body: '198.51.100.1\n' };
    };
    for (let i = 0; i < 3; i++) await fetched(server.url('/'));
    expect(ports.size).toBe(3);
  });
});

describe('a proxy', () => {
  it('is asked in place of the server: the feed’s own, else the environment’s', async () => {
    const proxy = await FeedServer.start();
    proxy.tunnelTo = server;
    server.handle = ({ path, headers }) => ({ body: `${headers.host}${path}` });
    expect((await fetched('http://feed.example.net/a', { proxy: `http://user:word@${proxy.host}`, auth: { kind: 'bearer', secret: 'token' } })).text).toBe(
      'feed.example.net/a',
    );
    expect((await fetched('http://feed.example.net/b', { environment: { HTTP_PROXY: proxy.url('') } })).text).toBe('feed.example.net/b');
    expect(proxy.tunnels).toEqual([
      { to: 'feed.example.net:80', authorization: `Basic ${Buffer.from('user:word').toString('base64')}` },
      { to: 'feed.example.net:80', authorization: undefined },
    ]);
    await fetched(server.url('/'), { environment: { HTTP_PROXY: proxy.url(''), NO_PROXY: '127.0.0.1' } });
    expect(proxy.tunnels).toHaveLength(2);
    await proxy.stop();
  });
});

describe('a file', () => {
  it('is read again only when it has changed', async () => {
    const path = join(folder, 'list.txt');
    await writeFile(path, gzipSync('198.51.100.1\n'));
    const first = await fetched(undefined, { kind: 'file', path });
    expect(first).toMatchObject({ notModified: false, complete: true, text: '198.51.100.1\n' });
    expect(await fetched(undefined, { kind: 'file', path, cursor: first.cursor })).toMatchObject({ notModified: true });
    await utimes(path, 1, 1);
    expect(await fetched(undefined, { kind: 'file', path, cursor: first.cursor })).toMatchObject({ notModified: false });
    expect(await failure(undefined, { kind: 'file', path: 'list.txt' })).toMatchObject({ code: 'feed-settings' });
    expect(await failure(undefined, { kind: 'file', path: join(folder, 'none') })).toMatchObject({
      code: 'feed-file',
      message: expect.stringMatching(/^“.*” cannot be read: it does not exist\.$/),
    });
    expect(await failure(undefined, { kind: 'file', path: folder })).toMatchObject({ code: 'feed-file' });
    expect(await failure(undefined, { kind: 'file', path, most: 5 })).toMatchObject({ code: 'feed-too-large' });
  });

  it('leaves no file open that is over its limit', async () => {
    const path = join(folder, 'over.txt');
    const open = async () => {
      const names = await readdir('/proc/self/fd');
      const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
      return targets.filter((target) => target === path).length;
    };
    for (const content of ['198.51.100.1\n'.repeat(100_000), gzipSync(randomBytes(500_000))]) {
      await writeFile(path, content);
      for (let i = 0; i < 3; i++) expect(await failure(undefined, { kind: 'file', path, most: 5 })).toMatchObject({ code: 'feed-too-large' });
      await expect.poll(open).toBe(0);
    }
  });
});

describe('a TAXII collection', () => {
  const indicator = (n: number) => ({ type: 'indicator', id: `indicator--${n}`, pattern: `[ipv4-addr:value = '198.51.100.${n}']` });
  const DATE = '2026-02-20T00:00:00.000000Z';

  it('is read page by page, and later what was added since', async () => {
    server.handle = ({ query }) => {
      const next = query.get('next');
      if (query.has('added_after')) return { body: query.get('added_after') === DATE ? {} : { objects: [indicator(9)] } };
      return {
        headers: { 'content-type': 'application/taxii+json;version=2.1', 'x-taxii-date-added-last': DATE },
        body: next === null ? { more: true, next: 'p 2', objects: [indicator(1), indicator(2)] } : { more: false, objects: [indicator(3)] },
      };
    };
    const url = server.url('/api1/collections/a/');
    const first = await fetched(url, { kind: 'taxii', auth: { kind: 'basic', user: 'u', secret: 'p' } });
    expect(first).toMatchObject({ notModified: false, complete: true, format: 'stix' });
    expect(JSON.parse(first.text)).toEqual({ objects: [indicator(1), indicator(2), indicator(3)] });
    expect(server.asked.map(({ path, query, headers }) => [path, query.get('next'), headers.accept, headers.authorization])).toEqual([
      ['/api1/collections/a/objects/', null, 'application/taxii+json;version=2.1', `Basic ${Buffer.from('u:p').toString('base64')}`],
      ['/api1/collections/a/objects/', 'p 2', 'application/taxii+json;version=2.1', `Basic ${Buffer.from('u:p').toString('base64')}`],
    ]);
    const second = await fetched(url, { kind: 'taxii', cursor: first.cursor, now: NOW + 3600 });
    expect(last().query.get('added_after')).toBe(DATE);
    expect(second).toMatchObject({ notModified: true, complete: false });
    // After a week all of it, for what is not there any more.
    const third = await fetched(url, { kind: 'taxii', cursor: second.cursor, now: NOW + 8 * 86_400 });
    expect(third).toMatchObject({ notModified: false, complete: true });
    expect(JSON.parse(third.text)).toEqual(JSON.parse(first.text));
  });

  it('without names for pages goes on behind the last object', async () => {
    const dates = ['2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z', '2026-02-03T00:00:00Z'];
    server.handle = ({ query }) => {
      const at = dates.indexOf(query.get('added_after') ?? '') + 1;
      return { headers: { 'x-taxii-date-added-last': dates[at] ?? '' }, body: { more: at < 2, objects: [indicator(at + 1)] } };
    };
    const { text, cursor } = await fetched(server.url('/c/objects/'), { kind: 'taxii' });
    expect(JSON.parse(text)).toEqual({ objects: [1, 2, 3].map(indicator) });
    expect(cursor.addedAfter).toBe(dates[2]);
  });

  it('that leads in circles, nowhere, or is none, fails', async () => {
    server.handle = () => ({ body: { more: true, next: 'a', objects: [] } });
    expect(await failure(server.url('/c/'), { kind: 'taxii' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('same page') });
    server.handle = () => ({ body: { more: true, objects: [] } });
    expect(await failure(server.url('/c/'), { kind: 'taxii' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('not where') });
    server.handle = () => ({ body: { objects: 'x' } });
    expect(await failure(server.url('/c/'), { kind: 'taxii' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('no TAXII envelope') });
    server.handle = () => ({ body: 'null' });
    expect(await failure(server.url('/c/'), { kind: 'taxii' })).toMatchObject({ code: 'feed-answer' });
    server.handle = () => ({ body: '<html>' });
    expect(await failure(server.url('/c/'), { kind: 'taxii' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('no JSON') });
    let page = 0;
    server.handle = () => ({ body: { more: true, next: String(++page), objects: Array.from({ length: 100 }, (_, i) => indicator(i)) } });
    expect(await failure(server.url('/c/'), { kind: 'taxii', most: 1_000_000 })).toMatchObject({ code: 'feed-too-large' });
    server.handle = ({ query }) => (query.has('next') ? { status: 500 } : { body: { more: true, next: 'a', objects: [indicator(1)] } });
    expect(await failure(server.url('/c/'), { kind: 'taxii' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('500') });
  });
});

describe('MISP', () => {
  const attribute = (n: number) => ({ uuid: `u${n}`, type: 'ip-dst', to_ids: true, value: `198.51.100.${n % 250}` });

  it('is asked for attributes page by page, and later for what changed', async () => {
    server.handle = ({ body }) => {
      const { page, timestamp } = JSON.parse(body) as { page: number; timestamp?: number };
      if (timestamp !== undefined) return { body: { response: [] } };
      return { body: { response: { Attribute: Array.from({ length: page === 1 ? 1000 : 5 }, (_, i) => attribute(page * 1000 + i)) } } };
    };
    const first = await fetched(server.url('/'), { kind: 'misp', auth: { kind: 'key', secret: 'the-key' } });
    expect(first).toMatchObject({ complete: true, format: 'misp' });
    expect((JSON.parse(first.text) as { response: { Attribute: unknown[] } }).response.Attribute).toHaveLength(1005);
    expect(server.asked.map(({ method, path, headers }) => [method, path, headers.authorization])).toEqual(
      Array(2).fill(['POST', '/attributes/restSearch', 'the-key']),
    );
    expect(JSON.parse(server.asked[0]?.body ?? '')).toMatchObject({ returnFormat: 'json', to_ids: 1, page: 1, limit: 1000 });
    const second = await fetched(server.url('/'), { kind: 'misp', cursor: first.cursor, now: NOW + 60 });
    expect(JSON.parse(last().body)).toMatchObject({ timestamp: NOW - 300, deleted: [0, 1] });
    expect(second).toMatchObject({ notModified: true, complete: false });
    server.handle = () => ({ body: { message: 'Authentication failed' } });
    expect(await failure(server.url('/'), { kind: 'misp' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('no attributes of MISP') });
  });

  it('feed: the events that the manifest says have changed, and all when one is gone', async () => {
    const uuids = [1, 2, 3].map((n) => `5e000000-0000-4000-8000-00000000000${n}`);
    let manifest: Record<string, { timestamp: string }> = {
      ...Object.fromEntries(uuids.map((uuid) => [uuid, { timestamp: '100' }])),
      '../../etc/passwd': { timestamp: '1' },
    };
    server.handle = ({ path }) => ({ body: path === '/feed/manifest.json' ? manifest : { Event: { uuid: path.slice(6, -5), Attribute: [] } } });
    const events = (text: string) => (JSON.parse(text) as { response: { Event: { uuid: string } }[] }).response.map(({ Event }) => Event.uuid);
    const url = server.url('/feed/manifest.json');
    const first = await fetched(url, { kind: 'misp-feed' });
    expect([first.complete, events(first.text)]).toEqual([true, uuids]);
    expect(server.asked.map(({ path }) => path)).toEqual(['/feed/manifest.json', ...uuids.map((uuid) => `/feed/${uuid}.json`)]);
    expect(await fetched(url, { kind: 'misp-feed', cursor: first.cursor })).toMatchObject({ notModified: true, complete: false });
    manifest = { ...manifest, [uuids[1] as string]: { timestamp: '200' } };
    const second = await fetched(url, { kind: 'misp-feed', cursor: first.cursor });
    expect([second.complete, events(second.text)]).toEqual([false, [uuids[1]]]);
    manifest = { [uuids[2] as string]: { timestamp: '100' } };
    const third = await fetched(url, { kind: 'misp-feed', cursor: second.cursor });
    expect([third.complete, events(third.text)]).toEqual([true, [uuids[2]]]);
    server.handle = ({ path }) => (path.endsWith('manifest.json') ? { body: manifest } : { status: 404 });
    expect(await failure(url, { kind: 'misp-feed' })).toMatchObject({ code: 'feed-missing' });
  });
});

describe('OTX', () => {
  it('is read page by page with its key, and later what changed', async () => {
    server.handle = ({ query }) => ({
      body: query.has('modified_since')
        ? { results: [], next: null }
        : { results: [{ id: query.get('page') ?? '1' }], next: query.has('page') ? null : server.url('/api/v1/pulses/subscribed?limit=50&page=2') },
    });
    const first = await fetched(server.url(''), { kind: 'otx', auth: { kind: 'key', secret: 'the-key' } });
    expect(first).toMatchObject({ complete: true, format: 'otx' });
    expect(JSON.parse(first.text)).toEqual({ results: [{ id: '1' }, { id: '2' }] });
    expect(server.asked.map(({ path, headers }) => [path, headers['x-otx-api-key']])).toEqual(Array(2).fill(['/api/v1/pulses/subscribed', 'the-key']));
    expect(await fetched(server.url(''), { kind: 'otx', cursor: first.cursor })).toMatchObject({ notModified: true, complete: false });
    expect(last().query.get('modified_since')).toBe('2026-03-08T19:55:00+00:00');
  });

  it('leads neither to another server nor in circles', async () => {
    server.handle = () => ({ body: { results: [], next: 'http://other.example.net/steal' } });
    expect(await failure(server.url(''), { kind: 'otx' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('another server') });
    server.handle = () => ({ body: { results: [], next: server.url('/api/v1/pulses/subscribed?limit=50') } });
    expect(await failure(server.url(''), { kind: 'otx' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('read already') });
    server.handle = () => ({ body: { detail: 'Invalid' } });
    expect(await failure(server.url(''), { kind: 'otx' })).toMatchObject({ code: 'feed-answer', message: expect.stringContaining('no pulses') });
  });
});
