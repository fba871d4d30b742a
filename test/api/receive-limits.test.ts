/** The bounds of what is received: memory while bodies come and are taken apart, wrong tokens, and bodies that say what they are not. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WrongTokens } from '../../src/api/receive/wrong-tokens.ts';
import { lines } from '../ingest/helpers.ts';
import { Estate, LIMITS, MIB } from './hostile.ts';

let estate: Estate;
beforeAll(async () => {
  estate = await Estate.open({ headers: 20_000, request: 60_000 });
});
afterAll(() => estate.close());

/** Sends a head and a piece of a chunked body, and waits for no more than an answer or that the piece is read. */
async function chunked(path: string, headers: string, bytes: number): Promise<{ answer: () => string; end: () => Promise<string> }> {
  const { socket, closed } = estate.raw(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}transfer-encoding: chunked\r\n\r\n`);
  let seen = '';
  socket.on('data', (text) => {
    seen += String(text);
  });
  socket.write(`${bytes.toString(16)}\r\n`);
  const piece = Buffer.alloc(64 * 1024, ' ');
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += piece.length)
    await new Promise<void>((resolve) => socket.write(piece.subarray(0, Math.min(piece.length, bytes - sent)), () => resolve()));
  return {
    answer: () => seen,
    end: () => {
      socket.write('\r\n0\r\n\r\n');
      return closed;
    },
  };
}

describe('memory', () => {
  it('of bodies without a length is counted as it comes, and senders over it are asked to come again', async () => {
    const http = await estate.source('http');
    const firehose = await estate.source('firehose');
    const before = process.memoryUsage().arrayBuffers;
    const paths: [string, string][] = [
      [`/v1/http/${http.token}`, ''],
      ['/firehose', `x-amz-firehose-access-key: ${firehose.token}\r\n`],
    ];
    // 12 bodies of 12 MiB that do not end: 144 MiB under a limit of 64.
    const open = await Promise.all(Array.from({ length: 12 }, (_, i) => chunked(...(paths[i % 2] as [string, string]), 12 * MIB)));
    await expect.poll(() => open.filter(({ answer }) => answer().includes(' 503 ')).length).toBeGreaterThan(0);
    const refused = open.filter(({ answer }) => answer() !== '');
    for (const { answer } of refused) expect(answer().toLowerCase()).toMatch(/^http\/1\.1 503 [\s\S]*\r\nretry-after: \d+\r\n/);
    // Each piece is held once, and a body that has come whole a second time while it is put together.
    expect((open.length - refused.length) * 12 * MIB).toBeLessThanOrEqual(LIMITS.memoryBytes + 2 * LIMITS.bodyBytes);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LIMITS.memoryBytes + 3 * LIMITS.bodyBytes);
    await Promise.all(open.map(({ end }) => end()));
    // All of it is free again.
    const again = await chunked(`/v1/http/${http.token}`, '', 12 * MIB);
    expect(await again.end()).toContain(' 200 OK');
    await estate.unharmed();
  });

  it('of small bodies without a length is no more than they are', async () => {
    const { token } = await estate.source('http');
    // Each reserved whole they would be 1 GiB.
    const open = await Promise.all(Array.from({ length: 64 }, () => chunked(`/v1/http/${token}`, '', 1000)));
    const answers = await Promise.all(open.map(({ end }) => end()));
    for (const answer of answers) expect(answer).toContain(' 200 OK');
  });

  it('of what is taken apart is counted, one large body is always taken, and more at once are asked to come again', async () => {
    const http = await estate.source('http');
    const firehose = await estate.source('firehose');
    const record = { data: Buffer.from(' '.repeat(3000)).toString('base64') };
    const body = (n: number) =>
      gzipSync(JSON.stringify({ requestId: `large ${n}`, timestamp: 1_700_000_000_000, records: Array.from({ length: 7000 }, () => record) }), { level: 1 });
    const deflated = new Uint8Array(deflateSync(Buffer.alloc(40 * MIB, ' '), { level: 1 }));
    const bodies = Array.from({ length: 4 }, (_, n) => new Uint8Array(body(n)));
    const deliver = (n: number) => estate.deliver(firehose.token, bodies[n] as Uint8Array<ArrayBuffer>, { 'content-encoding': 'gzip' });
    const push = () => estate.push(http.token, deflated, { 'content-encoding': 'deflate' });
    const answers = await Promise.all([...bodies.map((_, n) => deliver(n)), ...Array.from({ length: 4 }, push)]);
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    for (const answer of answers) if (answer.status === 503) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    // Alone each of them goes through.
    for (const send of [() => deliver(0), push]) await expect.poll(async () => (await send()).status).toBe(200);
    await estate.unharmed();
  });

  it('of values that a small request packs is not taken at all, and the most records that there are go through', async () => {
    const { token } = await estate.source('firehose');
    const deliver = (body: string) => estate.deliver(token, new Uint8Array(gzipSync(body)), { 'content-encoding': 'gzip' });
    const around = (records: string) => `{"requestId":"many","timestamp":1700000000000,"records":[${records}]}`;
    const empty = '{},'.repeat(4 * 10 ** 6);
    for (const many of [around(`${empty}{}`), around(''.padEnd(10 ** 7, '"a",')), `{"x":{${'"a":1,'.repeat(10 ** 6)}"a":1}}`, '['.repeat(10 ** 7)]) {
      const before = process.memoryUsage().heapUsed;
      const answer = await deliver(many);
      expect([answer.status, ((await answer.json()) as { errorMessage: string }).errorMessage]).toEqual([400, expect.stringContaining('more values than')]);
      // As objects and pointers they are 80 to 300 MiB.
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * MIB);
    }
    // Texts hold what they like.
    const text = JSON.stringify(`${lines(1)}\\" {{[[,,::`.repeat(20_000));
    expect((await deliver(`{"note":${text},"requestId":"many","timestamp":1700000000000,"records":[]}`)).status).toBe(200);
    const record = JSON.stringify({ data: Buffer.from(lines(1)).toString('base64') });
    expect((await deliver(around(Array.from({ length: 10_000 }, () => record).join(' , ')))).status).toBe(200);
    const over = await deliver(around(Array.from({ length: 10_001 }, () => record).join(',')));
    expect([over.status, ((await over.json()) as { errorMessage: string }).errorMessage]).toEqual([400, expect.stringContaining('at most 10000 records')]);
  });
});

describe('wrong tokens', () => {
  it('are limited by address on both listeners, and right ones are not', async () => {
    const http = await estate.source('http');
    const firehose = await estate.source('firehose');
    const wrong = LIMITS.wrongTokensPerMinute;
    for (const base of [estate.server.base, `http://127.0.0.1:${estate.port}`]) {
      const guess = (n: number) =>
        n % 2
          ? fetch(`${base}/v1/http/wrong${n}`, { method: 'POST', body: 'x' })
          : fetch(`${base}/firehose`, { method: 'POST', body: '{}', headers: { 'x-amz-firehose-access-key': `wrong${n}` } });
      const answers = [];
      for (let n = 0; n < 2 * wrong + 2; n++) answers.push(await guess(n));
      const limited = answers.filter(({ status }) => status === 429);
      // A minute may end in between.
      expect(limited.length).toBeGreaterThan(0);
      expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(wrong);
      expect(limited.length + answers.filter(({ status }) => status === 401).length).toBe(answers.length);
      for (const { headers } of limited) {
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
      }
      const right = await fetch(`${base}/v1/http/${http.token}`, { method: 'POST', body: lines(1, 1) });
      expect(right.status).toBe(200);
      const body = JSON.stringify({ requestId: `r ${base}`, timestamp: 1, records: [] });
      expect((await fetch(`${base}/firehose`, { method: 'POST', body, headers: { 'x-amz-firehose-access-key': firehose.token } })).status).toBe(200);
    }
  });
});

describe('Content-Encoding', () => {
  it('is compared with the first bytes, however few there are', async () => {
    const { token, category } = await estate.source('http');
    const status = async (encoding: string, body: Uint8Array) => (await estate.push(token, new Uint8Array(body), { 'content-encoding': encoding })).status;
    for (let length = 1; length < 6; length++) {
      expect([length, await status('zstd', Buffer.alloc(length, 'x'))]).toEqual([length, 400]);
      expect([length, await status('gzip', Buffer.alloc(length, 'x'))]).toEqual([length, 400]);
    }
    expect(await status('zstd', zstdCompressSync(lines(2, 1)).subarray(0, 3))).toBe(400);
    expect(await status('gzip', Buffer.from([0x1f]))).toBe(400);
    for (const encoding of ['zstd', 'gzip']) expect(await status(encoding, Buffer.alloc(0))).toBe(200);
    // A skippable frame (RFC 8878 section 3.1.2) before the data.
    const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('abc')]);
    expect(await status('zstd', Buffer.concat([skippable, zstdCompressSync(lines(3, 2))]))).toBe(200);
    await expect.poll(async () => (await estate.place.rows(`SELECT count() FROM bartizan.vpc_flow WHERE source_category = '${category}'`))[0]?.[0]).toBe(3);
  });
});

it('holds a bounded number of addresses, and counts the others together', () => {
  const tokens = new WrongTokens(3);
  const now = 1_700_000_020_000;
  for (let n = 0; n < 50_000; n++) tokens.count(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, now);
  expect(tokens.addresses).toBeLessThanOrEqual(10_001);
  expect(tokens.count('192.0.2.1', now)).toBe(20);
  expect(tokens.count('10.0.0.1', now)).toBe(0);
  // The next minute begins anew.
  expect(tokens.count('192.0.2.1', now + 20_000)).toBe(0);
  expect(tokens.addresses).toBe(1);
});
