/**
 * Senders that mean harm, over real HTTP: what they send is refused or ends in quarantine, the server
 * lives, and a neighbour's records are all stored. Senders with a token are meant: without one nothing of
 * a body is read.
 */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Aws, flowFile, flowLines, KEYS, REGION } from '../collect/s3/aws.ts';
import { HEADER, lines } from '../ingest/helpers.ts';
import { Estate, LIMITS, MIB } from './hostile.ts';

let estate: Estate;
beforeAll(async () => {
  estate = await Estate.open({ headers: 500, request: 2000 });
});
afterEach(() => estate.unharmed());
afterAll(async () => {
  await estate.close();
  // What was sent here unpacks to more than 20 GiB; the engine and the senders are in this process, too.
  expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(4096);
});

const record = (text: string | Uint8Array) => ({ data: Buffer.from(text).toString('base64') });
let requests = 0;
const delivery = (records: readonly unknown[], more: object = {}) =>
  JSON.stringify({ requestId: `r${++requests}`, timestamp: 1_700_000_000_000, records, ...more });
const repeated = (part: Uint8Array, times: number) => new Uint8Array(Buffer.concat(Array.from({ length: times }, () => part)));
const good = `${HEADER}\n${lines(5, 1)}`;

describe('bodies without end', () => {
  it('are refused by their length before they are read', async () => {
    const http = await estate.source('http');
    const firehose = await estate.source('firehose');
    const declared = { 'content-length': String(1024 * MIB) };
    const piece = Buffer.alloc(64 * 1024, 'x');
    const answers = [
      await estate.endless(`/v1/http/${http.token}`, declared, piece),
      await estate.endless('/firehose', { ...declared, 'x-amz-firehose-access-key': firehose.token }, piece),
      await estate.endless('/v1/http/wrong', declared, piece),
      await estate.endless('/nothing-here', declared, piece),
    ];
    expect(answers.map((a) => a.status)).toEqual([413, 400, 401, 404]);
    for (const { sent } of answers) expect(sent).toBeLessThan(1024 * MIB);
  });

  it('are cut off at the limit', async () => {
    const http = await estate.source('http');
    const firehose = await estate.source('firehose');
    const piece = Buffer.alloc(64 * 1024, 'x');
    const before = process.memoryUsage().arrayBuffers;
    const answers = [
      await estate.endless(`/v1/http/${http.token}`, { 'transfer-encoding': 'chunked' }, piece),
      await estate.endless('/firehose', { 'transfer-encoding': 'chunked', 'x-amz-firehose-access-key': firehose.token }, piece),
      await estate.endless('/v1/http/wrong', { 'transfer-encoding': 'chunked' }, piece),
    ];
    expect(answers.map((a) => a.status)).toEqual([413, 400, 401]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * LIMITS.bodyBytes);
    for (const source of [http, firehose]) expect((await estate.settled(source)).records).toBe(0);
  });

  it('leave no memory reserved', async () => {
    const { token } = await estate.source('http');
    // Reserved together they would be more than all bodies may have.
    for (let i = 0; i < 20; i++) {
      const { socket, closed } = estate.raw(`POST /v1/http/${token} HTTP/1.1\r\nhost: x\r\ncontent-length: ${16 * MIB}\r\n\r\nabc`);
      setTimeout(() => socket.destroy(), 20);
      await closed;
    }
    expect((await estate.push(token, good)).status).toBe(200);
  });
});

describe('slow senders', () => {
  it('of headers, of bodies and of nothing are closed', async () => {
    const source = await estate.source('http');
    const drip = (head: string, text: string) => {
      const connection = estate.raw(head);
      const timer = setInterval(() => connection.socket.write(text), 50);
      return connection.closed.finally(() => clearInterval(timer));
    };
    const many = await Promise.all([
      ...Array.from({ length: 100 }, () => estate.raw('').closed),
      ...Array.from({ length: 20 }, () => drip('POST /firehose HTTP/1.1\r\n', 'x: y\r\n')),
      ...Array.from({ length: 20 }, () => drip(`POST /v1/http/${source.token} HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n`, 'x')),
      ...Array.from({ length: 20 }, () => drip(`POST /v1/http/${source.token} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n')),
    ]);
    expect(many).toHaveLength(160);
    for (const answer of many) expect(answer).not.toContain('200 OK');
    expect((await estate.settled(source)).records).toBe(0);
  });

  it('do not keep others from being heard', async () => {
    const idle = Array.from({ length: 200 }, () => estate.raw('POST /v1/http/x HTTP/1.1\r\n'));
    await estate.unharmed();
    for (const { socket } of idle) socket.destroy();
    await Promise.all(idle.map(({ closed }) => closed));
  });
});

describe('what grows when it is unpacked', () => {
  /** 10 GiB of zeros in 10 MiB. */
  const gzipBomb = () => repeated(gzipSync(Buffer.alloc(16 * MIB), { level: 9 }), 640);
  const zstdBomb = () => repeated(zstdCompressSync(Buffer.alloc(64 * MIB)), 160);
  const nested = (layers: number) => {
    let body: Uint8Array = Buffer.from(good);
    for (let i = 0; i < layers; i++) body = gzipSync(body);
    return new Uint8Array(body);
  };

  it('is read up to the limit', async () => {
    const http = await estate.source('http');
    for (const body of [gzipBomb(), zstdBomb(), nested(100)]) expect((await estate.push(http.token, body)).status).toBe(200);
    expect((await estate.push(http.token, good)).status).toBe(200);
    expect(await estate.settled(http)).toMatchObject({ stored: 5 });
    expect((await estate.reasons(http))['decompression-limit']).toBe(3);
  });

  it('in a Firehose record costs its neighbours nothing', async () => {
    const source = await estate.source('firehose');
    const small = gzipSync(gzipSync(Buffer.alloc(128 * MIB)));
    const body = delivery([record(good), record(small), record(lines(3, 2)), record(nested(50)), record(lines(4, 3))]);
    expect((await estate.deliver(source.token, body)).status).toBe(200);
    expect(await estate.settled(source)).toMatchObject({ stored: 12 });
    expect((await estate.reasons(source))['decompression-limit']).toBe(2);
    // As Content-Encoding it is refused before anything is kept.
    expect((await estate.deliver(source.token, gzipBomb(), { 'content-encoding': 'gzip' })).status).toBe(400);
    const http = await estate.source('http');
    expect((await estate.push(http.token, new Uint8Array(deflateSync(Buffer.alloc(300 * MIB))), { 'content-encoding': 'deflate' })).status).toBe(413);
  });

  it('is bounded for all documents of a delivery together', async () => {
    const source = await estate.source('http');
    const document = JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: [{ message: lines(1, 4).trimEnd() }] });
    const blank = gzipSync(Buffer.alloc(48 * MIB, ' '));
    const body = Buffer.concat([Buffer.from(`${document}\n`), ...Array.from({ length: 40 }, () => Buffer.concat([blank, Buffer.from('\n')]))]);
    expect((await estate.push(source.token, new Uint8Array(body))).status).toBe(200);
    expect(await estate.settled(source)).toMatchObject({ stored: 1, quarantined: 1 });
    expect(await estate.reasons(source)).toEqual({ 'decompression-limit': 1 });
  });
});

describe('content that is not what it should be', () => {
  it('is taken with any content type and none', async () => {
    const source = await estate.source('http');
    const types = ['application/json', 'text/html', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'];
    // What is no type at all is refused, and its sender keeps it.
    for (const type of ['no type', '\u00e9', '__proto__']) expect((await estate.push(source.token, lines(1, 5), { 'content-type': type })).status).toBe(415);
    for (const type of types) expect((await estate.push(source.token, lines(1, 5), { 'content-type': type })).status).toBe(200);
    const line = lines(1, 6);
    const { closed } = estate.raw(
      `POST /v1/http/${source.token} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(line)}\r\n\r\n${line}`,
    );
    expect(await closed).toContain('200 OK');
    expect(await estate.settled(source)).toMatchObject({ records: types.length + 1, stored: types.length + 1 });
  });

  it('is one record in quarantine where one record is no base64', async () => {
    const source = await estate.source('firehose');
    const records = Array.from({ length: 50 }, (_, i) => (i % 10 === 5 ? { data: `%${i}` } : record(lines(2, 100 + i))));
    expect((await estate.deliver(source.token, delivery(records))).status).toBe(200);
    expect(await estate.settled(source)).toMatchObject({ records: 95, stored: 90, quarantined: 5 });
    expect(await estate.reasons(source)).toEqual({ 'invalid-base64': 5 });
  });

  it('does not go as deep as it is nested', async () => {
    const source = await estate.source('http');
    const firehose = await estate.source('firehose');
    const deep = [
      '['.repeat(1_000_000),
      `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`,
      '{"a":'.repeat(100_000),
      `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    ];
    for (const text of deep) {
      expect((await estate.push(source.token, text)).status).toBe(200);
      expect((await estate.deliver(firehose.token, text)).status).toBe(400);
      expect(
        (await estate.server.call('/api/v1/sources', { method: 'POST', headers: { 'content-type': 'application/json' }, body: text })).status,
      ).toBeGreaterThanOrEqual(400);
    }
    expect((await estate.push(source.token, good)).status).toBe(200);
    const closed = deep[1] as string;
    const beside = (depth: number) => `{"requestId":"deep","timestamp":1,"records":[],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect((await estate.deliver(firehose.token, beside(50_000))).status).toBe(200);
    // More values than the most records of a delivery come to.
    expect((await estate.deliver(firehose.token, beside(1_000_000))).status).toBe(400);
    expect((await estate.deliver(firehose.token, delivery([record(closed.slice(0, 200_000)), record(lines(2, 7))]))).status).toBe(200);
    const counts = await estate.settled(source);
    expect(counts.stored).toBe(5);
    expect(counts.quarantined).toBeGreaterThanOrEqual(4);
    expect((await estate.settled(firehose)).stored).toBe(2);
  });

  it('changes no prototype', async () => {
    const source = await estate.source('http');
    const firehose = await estate.source('firehose');
    const poison = '"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}';
    for (const text of [
      `{${poison}}`,
      `{"version":2,${poison},"srcaddr":"10.0.0.1","start":1700000000}`,
      `{"message":"${lines(1, 8).trimEnd()}",${poison}}`,
      `{"messageType":"DATA_MESSAGE",${poison},"logEvents":[{"message":"${lines(1, 9).trimEnd()}",${poison}}]}`,
      '__proto__ constructor start\n1 2 1700000000\n',
    ])
      expect((await estate.push(source.token, text)).status).toBe(200);
    const attributes = `{"commonAttributes":{${poison},"sourceHost":"h"},${poison}}`;
    const body = `{"requestId":"poison","timestamp":1,${poison},"records":[{"data":"${record(lines(1, 10)).data}",${poison}}]}`;
    expect((await estate.deliver(firehose.token, body, { 'x-amz-firehose-common-attributes': attributes })).status).toBe(200);
    const refused = await estate.server.call('/api/v1/collectors', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"name":"poisoned",${poison}}`,
    });
    expect(refused.status).toBe(400);
    expect((await estate.settled(source)).stored).toBeGreaterThanOrEqual(1);
    expect((await estate.settled(firehose)).stored).toBe(1);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('may hold any bytes', async () => {
    const source = await estate.source('http');
    const line = lines(1, 11).trimEnd();
    const bytes = [line, line.replace('eni-', 'eni-\0'), line, '\0\0\0', '\u001b[2J', line].map((text) => Buffer.from(`${text}\n`));
    bytes.splice(2, 0, Buffer.from([0x32, 0x20, 0xff, 0xfe, 0x80, 0x0a]), Buffer.from([0xed, 0xa0, 0x80, 0x0a]));
    expect((await estate.push(source.token, new Uint8Array(Buffer.concat(bytes)))).status).toBe(200);
    expect(await estate.settled(source)).toMatchObject({ records: 8, stored: 3, quarantined: 5 });
    expect(Object.keys(await estate.reasons(source))).toEqual(['binary-data', 'invalid-utf8']);
  });
});

describe('headers', () => {
  it('that are huge are refused', async () => {
    const source = await estate.source('http');
    const head = (text: string) => `POST /v1/http/${source.token} HTTP/1.1\r\nhost: x\r\n${text}\r\ncontent-length: 0\r\n\r\n`;
    expect(await estate.raw(head(`x-bartizan-name: ${'n'.repeat(100_000)}`)).closed).toContain('431');
    expect(await estate.raw(head(Array.from({ length: 20_000 }, (_, i) => `h${i}: v`).join('\r\n'))).closed).toContain('431');
    expect((await estate.push(source.token, good, { 'x-bartizan-name': 'n'.repeat(5000) })).status).toBe(400);
    expect((await estate.push(source.token, good, { 'idempotency-key': 'k'.repeat(5000) })).status).toBe(400);
    const firehose = await estate.source('firehose');
    const attributes = { 'x-amz-firehose-common-attributes': JSON.stringify({ commonAttributes: { sourceHost: 'h'.repeat(30_000) } }) };
    expect((await estate.deliver(firehose.token, delivery([record(lines(1, 12))]), attributes)).status).toBe(200);
    expect((await estate.deliver(firehose.token, delivery([]), { 'x-amz-firehose-request-id': 'r'.repeat(5000) })).status).toBe(400);
    expect((await estate.settled(firehose)).stored).toBe(1);
    const [[length] = []] = await estate.place.rows(`SELECT max(length(source_host)) FROM bartizan.vpc_flow WHERE source_category = '${firehose.category}'`);
    expect(Number(length)).toBe(1024);
  });

  it('and tokens become no paths', async () => {
    const source = await estate.source('http');
    const firehose = await estate.source('firehose');
    const path = '../../../../escaped';
    for (const token of [path, encodeURIComponent(path), '..%2f..%2fescaped', '%00', '.', '..%5cescaped', 't'.repeat(150)]) {
      const { closed } = estate.raw(`POST /v1/http/${token} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx`);
      expect(await closed).toMatch(/^HTTP\/1\.1 (400|401|404) /);
    }
    for (let i = 0; i < 2; i++) {
      expect((await estate.push(source.token, lines(1, 13), { 'idempotency-key': path, 'x-bartizan-name': `${path}/name` })).status).toBe(200);
      const body = JSON.stringify({ requestId: path, timestamp: 1, records: [record(lines(1, 14))] });
      expect((await estate.deliver(firehose.token, body)).status).toBe(200);
    }
    for (const each of [source, firehose]) expect((await estate.settled(each)).stored).toBe(1);
    expect(estate.names().filter((name) => name.includes('escaped'))).toEqual([]);
  });
});

describe('keys of objects', () => {
  it('become no paths', async () => {
    const aws = await Aws.start();
    const bucket = 'hostile-keys';
    aws.server.createBucket(bucket);
    const name = 'escaped.log.gz';
    const keys = [
      `AWSLogs/../../../../${name}`,
      `AWSLogs/..%2f..%2f..%2f..%2f${name}`,
      `AWSLogs/..\\..\\..\\${name}`,
      `AWSLogs/....//....//${name}`,
      `AWSLogs/$(touch ${name})`,
      `AWSLogs/${'k'.repeat(900)}.gz`,
    ];
    for (const [i, key] of keys.entries()) await aws.put(bucket, key, flowFile(flowLines(i + 1, 5)));
    // A large one goes through a file.
    await aws.put(bucket, `AWSLogs/../../large-${name}`, Buffer.from(lines(90_000)));
    const connection = { mode: 'list', bucket, prefix: 'AWSLogs/', region: REGION, credentials: KEYS, endpoint: aws.endpoint, pathStyle: true };
    const source = await estate.source('s3', { connection });
    await expect.poll(() => estate.collection.status(source.id).counts.records, { interval: 50 }).toBe(5 * keys.length + 90_000);
    const names = await estate.place.rows(`SELECT DISTINCT source_name FROM bartizan.vpc_flow WHERE source_category = '${source.category}'`);
    expect(names).toHaveLength(keys.length + 1);
    expect(estate.names().filter((path) => path.includes('escaped'))).toEqual([]);
    await estate.server.call(`/api/v1/sources/${source.id}`, { method: 'DELETE' });
    await aws.stop();
  });
});

describe('very many', () => {
  it('records in a Firehose request are taken up to the protocol’s number', async () => {
    const source = await estate.source('firehose');
    const text = lines(10_000, 15).trimEnd().split('\n');
    expect((await estate.deliver(source.token, delivery(text.map(record)))).status).toBe(200);
    const again = Array.from({ length: 20_000 }, () => record('x'));
    expect((await estate.deliver(source.token, delivery(again))).status).toBe(400);
    expect(await estate.settled(source)).toMatchObject({ records: 10_000, stored: 10_000 });
  });

  it('records of changing kinds are each read', async () => {
    const source = await estate.source('firehose');
    const packed = gzipSync(lines(1, 16));
    const records = Array.from({ length: 600 }, (_, i) => (i % 3 === 0 ? record(packed) : i % 3 === 1 ? { data: '*' } : record('x')));
    expect((await estate.deliver(source.token, delivery(records))).status).toBe(200);
    expect(await estate.settled(source)).toMatchObject({ records: 600, stored: 200, quarantined: 400 });
  });

  it('log events in a document are read, and those that are none are one record', async () => {
    const source = await estate.source('http');
    const document = (events: string) => `{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[${events}]}`;
    const line = `{"message":"${lines(1, 17).trimEnd()}"}`;
    const many = (event: string, times: number) => Array.from({ length: times }, () => event).join(',');
    // Just below what a document may have.
    const body = [document(many('0', 8_000_000)), document(many('{}', 2_000_000)), document(`${line},${many('{"message":""}', 1_000_000)},${line}`)].join('\n');
    expect((await estate.push(source.token, new Uint8Array(gzipSync(body, { level: 1 })))).status).toBe(200);
    expect(await estate.settled(source)).toMatchObject({ records: 4, stored: 2, quarantined: 2 });
  });
});
