import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/api/deps.ts';
import type { Collection } from '../../src/ingest/collection.ts';
import { HEADER, lines, openCollection, openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

let place: Place;
let server: TestServer;
let collection: Collection;
/** The server's clock where a test stops it, epoch milliseconds. */
let standing: number | undefined;

beforeAll(async () => {
  place = await openPlace({ workers: 2 });
  collection = await openCollection(place);
  server = await startServer({
    deps: {
      store: place.store,
      collection,
      sources: place.metadata.sources,
      clock: () => standing ?? Date.now(),
      listener: () => 'https://ingest.example.net',
    },
    settings: { receive: { ...DEFAULT_SETTINGS.receive, bodyBytes: 4 * 2 ** 20, requestsPerSecond: 50 } },
  });
});
afterAll(async () => {
  await server.close();
  await collection.close();
  await place.close();
});

/** Waits until the store says so. */
async function until(sql: string, expected: unknown): Promise<void> {
  await expect.poll(async () => (await place.rows(sql))[0]?.[0], { interval: 50 }).toEqual(expected);
}

const byCategory = (category: string, what = 'count()') => `SELECT ${what} FROM bartizan.vpc_flow WHERE source_category = '${category}'`;

let sources = 0;
async function makeSource(kind: 'http' | 'firehose', more: object = {}): Promise<{ id: string; token: string; url: string; category: string }> {
  const collector = (await (await server.post('/api/v1/collectors', { name: `collector ${++sources}` })).json()) as { id: string };
  const category = `test/${sources}`;
  const response = await server.post('/api/v1/sources', { collector: collector.id, kind, name: `source ${sources}`, sourceCategory: category, ...more });
  expect(response.status).toBe(201);
  const { source, address } = (await response.json()) as { source: { id: string }; address: { token: string; url: string } };
  return { id: source.id, ...address, category };
}

const push = (token: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${server.base}/v1/http/${token}`, { method: 'POST', body, headers });

describe('the HTTP source', () => {
  it('takes lines, plain and compressed, and JSON, each record once in its place', async () => {
    const { token, url, category } = await makeSource('http');
    expect(url).toBe(`https://ingest.example.net/v1/http/${token}`);
    const text = (seed: number) => `${HEADER}\n${lines(100, seed)}`;
    const bodies: [BodyInit, Record<string, string>][] = [
      [text(1), {}],
      [gzipSync(text(2)), { 'content-encoding': 'gzip' }],
      [zstdCompressSync(text(3)), { 'content-encoding': 'zstd' }],
      [deflateSync(text(4)), { 'content-encoding': 'deflate', 'content-type': 'text/plain' }],
      [gzipSync(text(5)), {}],
    ];
    for (const [body, headers] of bodies) {
      const answer = await push(token, body, headers);
      expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    }
    const json = {
      version: 2,
      account_id: '123456789012',
      interface_id: 'eni-json',
      srcaddr: '10.0.0.1',
      dstaddr: '10.0.0.2',
      start: 1_700_000_000,
      end: 1_700_000_060,
    };
    for (const body of [
      JSON.stringify(json),
      JSON.stringify([json, json]),
      `${JSON.stringify(json)}\n${JSON.stringify(json)}\n`,
      JSON.stringify(json, null, 2),
    ])
      expect((await push(token, body, { 'content-type': 'application/json' })).status).toBe(200);
    await until(byCategory(category), 506);
    await until(byCategory(category, "countIf(interface_id = 'eni-json')"), 6);
    expect((await place.rows(byCategory(category, 'any(source_name), any(collector)')))[0]).toEqual([`source ${sources}`, `collector ${sources}`]);
  });

  it('says of each request what its headers say of its records', async () => {
    const { token } = await makeSource('http');
    const headers = { 'x-sumo-category': 'prod/vpc', 'x-sumo-host': 'lambda-1', 'x-bartizan-name': 'Straße' };
    const utf8 = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, Buffer.from(v).toString('latin1')]));
    expect((await push(token, lines(3, 11), utf8)).status).toBe(200);
    await until(byCategory('prod/vpc'), 3);
    expect((await place.rows(byCategory('prod/vpc', 'any(source_name), any(source_host)')))[0]).toEqual(['Straße', 'lambda-1']);
  });

  it('stores a request with a key once, and one without a key each time that it comes', async () => {
    const { token, category } = await makeSource('http');
    for (let i = 0; i < 3; i++) expect((await push(token, lines(10, 21), { 'idempotency-key': 'a' })).status).toBe(200);
    for (let i = 0; i < 2; i++) expect((await push(token, lines(10, 22))).status).toBe(200);
    expect((await push(token, lines(10, 23), { 'idempotency-key': 'b' })).status).toBe(200);
    await until(byCategory(category), 40);
  });

  it('refuses wrong tokens, tokens of other kinds, what is not what it says, and too much', async () => {
    const { token, id } = await makeSource('http');
    const firehose = await makeSource('firehose');
    expect((await push('wrong', lines(1))).status).toBe(401);
    expect((await push(firehose.token, lines(1))).status).toBe(401);
    expect((await push(token, lines(1), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await push(token, lines(1), { 'content-encoding': 'br' })).status).toBe(415);
    expect((await push(token, deflateSync(lines(1)).subarray(0, 20), { 'content-encoding': 'deflate' })).status).toBe(400);
    expect((await push(token, Buffer.alloc(5 * 2 ** 20, 'x'))).status).toBe(413);
    expect((await push(token, '', { 'content-type': 'application/json' })).status).toBe(200);
    const paused = await server.call(`/api/v1/sources/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"paused":true}' });
    expect(((await paused.json()) as { status: { state: string } }).status.state).toBe('paused');
    const refused = await push(token, lines(1));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
  });

  it('keeps a token that was replaced for its time, and no longer', async () => {
    const { token, id, category } = await makeSource('http');
    const rotate = async (graceHours: number) => ((await (await server.post(`/api/v1/sources/${id}/token`, { graceHours })).json()) as { token: string }).token;
    const second = await rotate(1);
    expect((await push(token, lines(1, 31))).status).toBe(200);
    const third = await rotate(0);
    expect((await push(second, lines(1, 32))).status).toBe(401);
    expect((await push(third, lines(1, 33))).status).toBe(200);
    await until(byCategory(category), 2);
    const shown = JSON.stringify(await (await server.call(`/api/v1/sources/${id}`)).json());
    for (const secret of [token, second, third]) expect(shown).not.toContain(secret);
  });

  it('asks who sends too often to wait, and only for this second', async () => {
    const { token, category } = await makeSource('http');
    const { token: other } = await makeSource('http');
    standing = Date.now();
    try {
      const answers = await Promise.all(Array.from({ length: 80 }, (_, i) => push(token, lines(1, 40 + i))));
      const waiting = answers.filter((a) => a.status === 429);
      expect([waiting.length, answers.filter((a) => a.status === 200).length]).toEqual([30, 50]);
      expect(new Set(waiting.map((a) => a.headers.get('retry-after')))).toEqual(new Set(['1']));
      expect((await push(other, lines(1, 130))).status).toBe(200);
      standing += 1000;
      expect((await push(token, lines(1, 131))).status).toBe(200);
    } finally {
      standing = undefined;
    }
    await until(byCategory(category), 51);
  });
});

describe('what a body is packed with', () => {
  it('may be named twice, and is refused by name where it is not what it says', async () => {
    const { token, category } = await makeSource('http');
    const text = (seed: number) => `${HEADER}\n${lines(10, seed)}`;
    const good: [Buffer, string][] = [
      [gzipSync(gzipSync(text(1))), 'gzip, gzip'],
      [gzipSync(zstdCompressSync(text(2))), 'zstd, x-gzip'],
      [deflateSync(gzipSync(text(3))), 'gzip,deflate'],
      [gzipSync(text(4)), 'identity, gzip'],
    ];
    for (const [body, encoding] of good) expect((await push(token, new Uint8Array(body), { 'content-encoding': encoding })).status).toBe(200);
    await until(byCategory(category), 40);
    const wrong: [string, string, number][] = [
      ['ab', 'zstd', 400],
      ['a', 'gzip', 400],
      ['plain', 'gzip, gzip', 400],
      ['x', 'br', 415],
      ['x', 'gzip, br', 415],
      ['x', 'gzip, gzip, gzip', 415],
      ['x', 'deflate, gzip', 415],
    ];
    for (const [body, encoding, status] of wrong)
      expect([encoding, (await push(token, body, { 'content-encoding': encoding })).status]).toEqual([encoding, status]);
    expect((await push(token, '', { 'content-encoding': 'zstd' })).status).toBe(200);
  });

  it('of an array, a value that is no object costs none of its neighbours', async () => {
    const { token, category } = await makeSource('http');
    const object = (bytes: number) => ({ srcaddr: '10.0.0.1', dstaddr: '10.0.0.2', bytes, start: 1_767_225_600, end: 1_767_225_660, note: undefined });
    const body = JSON.stringify([object(1), 5, null, 'a, b] "c"', [object(2)], true, object(4), object(8)]);
    expect((await push(token, body)).status).toBe(200);
    await until(byCategory(category, 'toUInt32(sum(bytes))'), 13);
    await until(`SELECT count() FROM bartizan.quarantine WHERE source_category = '${category}' AND code = 'unknown-json-shape'`, 5);
  });
});

describe('the Firehose endpoint', () => {
  const deliver = (key: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${server.base}/firehose`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-amz-firehose-protocol-version': '1.0', 'x-amz-firehose-access-key': key, ...headers },
      body: Buffer.isBuffer(body) ? new Uint8Array(body) : typeof body === 'string' ? body : JSON.stringify(body),
    });
  const record = (text: string | Uint8Array) => ({ data: Buffer.from(text).toString('base64') });

  it('acknowledges as the protocol says, and stores a request that comes again once', async () => {
    const { token, category } = await makeSource('firehose');
    const body = {
      requestId: 'ed4acda5',
      timestamp: 1_700_000_100_000,
      records: [record(lines(5, 51).trimEnd()), record(''), record(`${JSON.stringify({ message: lines(1, 52).trimEnd() })}`)],
    };
    for (let i = 0; i < 2; i++) {
      const answer = await deliver(i ? JSON.stringify({ api_key: token }) : token, body, { 'x-amz-firehose-request-id': 'ed4acda5' });
      expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
        200,
        'application/json',
        { requestId: 'ed4acda5', timestamp: 1_700_000_100_000 },
      ]);
    }
    const packed = { ...body, requestId: 'packed', records: [record(lines(7, 53))] };
    expect((await deliver(token, gzipSync(JSON.stringify(packed)), { 'content-encoding': 'gzip' })).status).toBe(200);
    await until(byCategory(category), 13);
  });

  it('keeps a record that is no base64 in quarantine, and its neighbours in the store', async () => {
    const { token, category } = await makeSource('firehose');
    const records = [record(lines(2, 61)), { data: 'not*base64' }, record(lines(2, 62))];
    expect((await deliver(token, { requestId: 'mixed', timestamp: 1, records })).status).toBe(200);
    await until(byCategory(category), 4);
    await expect.poll(async () => (await place.quarantine.list({ code: 'invalid-base64' })).records.map((r) => r.raw)).toEqual(['not*base64']);
  });

  it('keeps what a damaged packed record is from its neighbours', async () => {
    const { token, category } = await makeSource('firehose');
    const payload = (seed: number) =>
      gzipSync(
        JSON.stringify({
          messageType: 'DATA_MESSAGE',
          owner: '123456789012',
          logGroup: 'flows',
          logStream: 'eni-1-all',
          logEvents: lines(5, seed)
            .split('\n')
            .filter(Boolean)
            .map((message, i) => ({ id: `${i}`, timestamp: 1, message })),
        }),
      );
    const cut = payload(2).subarray(0, 90);
    const broken = Buffer.from(payload(3)).fill(0xff, 40, 60);
    const records = [payload(1), cut, payload(4), broken, payload(5)].map((bytes) => record(new Uint8Array(bytes)));
    expect((await deliver(token, { requestId: 'damaged', timestamp: 1, records })).status).toBe(200);
    await until(byCategory(category), 15);
    await until(`SELECT count() > 1 FROM bartizan.quarantine WHERE source_category = '${category}' AND code IN ('gzip-damaged', 'envelope-damaged')`, 1);
  });

  it('takes source category, name and host from the common attributes', async () => {
    const { token } = await makeSource('firehose');
    const attributes = JSON.stringify({ commonAttributes: { sourceCategory: 'edge/flows', other: 'x' } });
    const headers = {
      'x-amz-firehose-common-attributes': attributes,
      'x-amz-firehose-source-arn': 'arn:aws:firehose:eu-west-1:123456789012:deliverystream/flows',
    };
    expect((await deliver(token, { requestId: 'attributes', timestamp: 1, records: [record(lines(2, 71))] }, headers)).status).toBe(200);
    await until(byCategory('edge/flows'), 2);
    expect((await place.rows(byCategory('edge/flows', 'any(source_host)')))[0]?.[0]).toBe(headers['x-amz-firehose-source-arn']);
    // Bytes of UTF-8 in the header, as JSON has them.
    const words = Buffer.from(JSON.stringify({ commonAttributes: { sourceCategory: 'Gebäude' } }), 'utf8').toString('latin1');
    const named = { 'x-amz-firehose-common-attributes': words };
    expect((await deliver(token, { requestId: 'words', timestamp: 1, records: [record(lines(3, 72))] }, named)).status).toBe(200);
    await until(byCategory('Gebäude'), 3);
    for (const odd of ['null', '[]', '"x"', '{"commonAttributes":null}', '{"commonAttributes":{"sourceCategory":5}}']) {
      const answer = await deliver(token, { requestId: odd, timestamp: 1, records: [] }, { 'x-amz-firehose-common-attributes': odd });
      expect([odd, answer.status]).toEqual([odd, 200]);
    }
  });

  it('never answers 413, and each refusal in the protocol’s shape', async () => {
    const { token } = await makeSource('firehose');
    const wrong: [unknown, Record<string, string>, number][] = [
      ['{', {}, 400],
      [{ timestamp: 1, records: [] }, {}, 400],
      [{ requestId: 'r', timestamp: 1, records: [{ data: 1 }] }, {}, 400],
      [{ requestId: 'r', timestamp: 1, records: [] }, { 'x-amz-firehose-request-id': 'other' }, 400],
      [{ requestId: 'r', timestamp: 1, records: [] }, { 'x-amz-firehose-protocol-version': '2.0' }, 400],
      [{ requestId: 'r', timestamp: 1, records: [] }, { 'x-amz-firehose-access-key': 'wrong' }, 401],
      [Buffer.alloc(5 * 2 ** 20, 'x'), {}, 400],
      [gzipSync('x').subarray(0, 8), { 'content-encoding': 'gzip' }, 400],
      [`{"requestId":"r","timestamp":1,"records":${'['.repeat(100_000)}`, {}, 400],
    ];
    for (const [body, headers, status] of wrong) {
      const answer = await deliver(token, body, { 'x-amz-firehose-request-id': 'r', ...headers });
      expect([answer.status, Object.keys((await answer.json()) as object).sort()]).toEqual([status, ['errorMessage', 'requestId', 'timestamp']]);
    }
    expect((await deliver(token, { requestId: 'empty', timestamp: 1, records: [] })).status).toBe(200);
  });

  it('names an encoding that Firehose does not send', async () => {
    const { token } = await makeSource('firehose');
    const body = JSON.stringify({ requestId: 'packed twice', timestamp: 1, records: [] });
    const wrong: [Buffer, string][] = [
      [deflateSync(body), 'deflate'],
      [gzipSync(gzipSync(body)), 'gzip, gzip'],
      [zstdCompressSync(body), 'zstd'],
      [gzipSync(body), 'br, gzip'],
    ];
    for (const [bytes, encoding] of wrong) {
      const answer = await deliver(token, bytes, { 'content-encoding': encoding });
      const { errorMessage } = (await answer.json()) as { errorMessage: string };
      expect([answer.status, errorMessage]).toEqual([415, expect.stringContaining(`“${encoding}”`)]);
    }
    const right: [Buffer, string][] = [
      [gzipSync(body), 'X-GZIP'],
      [gzipSync(body), 'identity, gzip '],
      [Buffer.from(body), 'identity'],
    ];
    for (const [bytes, encoding] of right) expect([encoding, (await deliver(token, bytes, { 'content-encoding': encoding })).status]).toEqual([encoding, 200]);
  });
});
