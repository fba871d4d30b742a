/**
 * `npm run bench:receive [-- seconds]`: the real server as a process of its own under sustained deliveries:
 * a thousand small requests a second, then large ones as fast as it takes them, then objects that a queue
 * names. Prints the acknowledgements' p50 and p99, the server's memory, and whether every record is stored
 * once. Senders run on the same machine and take their share of it. BENCH_KINDS=large sends only these.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { Aws, KEYS, nativeEvent, REGION } from '../test/collect/s3/aws.ts';
import { machine, median } from './measure.ts';
import { BENCH_DIR } from './workspace.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const SMALL_A_SECOND = Number(process.env.BENCH_SMALL ?? 1000);
/** Records of a small request, of a large one, and of an object. */
const [SMALL, LARGE, OBJECT] = [5, 30_000, 1000];
const LARGE_AT_ONCE = 3;
/** What is sent, one after another. */
const KINDS = (process.env.BENCH_KINDS ?? 'small,large,objects').split(',');
const OBJECTS = 60;
const MIB = 2 ** 20;

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const wait = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

interface Server {
  readonly child: ChildProcess;
  readonly base: string;
  readonly token: string;
}

async function start(): Promise<Server> {
  const data = resolve(BENCH_DIR, 'receive');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  const bin = new URL('../bin/bartizan.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [bin, 'serve', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const file = resolve(data, 'server.json');
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error('the server did not start');
    await wait(50);
  }
  const { address, token } = JSON.parse(readFileSync(file, 'utf8')) as { address: string; token: string };
  return { child, base: address, token };
}

async function call<T>({ base, token }: Server, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await fetch(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function makeSource(server: Server, kind: string, connection: object = {}): Promise<string> {
  const collector = await call<{ id: string }>(server, '/api/v1/collectors', { name: kind });
  const made = await call<{ address: { token: string } | null }>(server, '/api/v1/sources', {
    collector: collector.id,
    kind,
    name: kind,
    sourceCategory: kind,
    connection,
  });
  return made.address?.token ?? '';
}

/** Milliseconds until it was acknowledged; undefined where it was refused. */
function send(url: string, body: Uint8Array, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((done, fail) => {
    const began = performance.now();
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': String(body.length) } }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        if (answer.statusCode === 200) done(performance.now() - began);
        else if (answer.statusCode === 503 || answer.statusCode === 429) done(undefined);
        else fail(new Error(`${url}: ${answer.statusCode}`));
      });
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

const NOW = Math.floor(Date.now() / 1000);
let serial = 0;
function lines(count: number): string {
  let text = '';
  for (let i = 0; i < count; i++, serial++)
    text += `2 123456789012 eni-${serial % 97} 10.0.${serial % 250}.${serial % 241} 198.51.100.${serial % 199} ${1024 + (serial % 60_000)} 443 6 3 ${40 + (serial % 9000)} ${NOW - 60 + (serial % 60)} ${NOW} ACCEPT OK\n`;
  return text;
}

function memoryMib({ child }: Server): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

const at = (sorted: readonly number[], share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
function report(name: string, times: readonly number[], more: string): void {
  const sorted = [...times].sort((a, b) => a - b);
  console.log(`${name}: p50 ${at(sorted, 0.5)} ms, p99 ${at(sorted, 0.99)} ms, largest ${at(sorted, 1)} ms of ${times.length} acknowledgements; ${more}`);
}

/** Records the server's memory while `work` runs. */
async function watched(server: Server, work: () => Promise<void>): Promise<string> {
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(memoryMib(server)), 1000);
  await work();
  clearInterval(timer);
  const third = Math.max(1, Math.floor(seen.length / 3));
  return `resident ${median(seen.slice(0, third)).toFixed(0)} MiB in the first third, ${median(seen.slice(-third)).toFixed(0)} in the last, ${Math.max(...seen).toFixed(0)} at most`;
}

/** Waits until nothing is on its way, and compares what is stored with what was acknowledged. */
async function check(server: Server, category: string, expected: number): Promise<void> {
  const began = performance.now();
  const count = async () => {
    const { rows } = await call<{ rows: [number][] }>(server, '/api/v1/query', { query: `_sourceCategory=${category} | count`, from: 'all' });
    return Number(rows[0]?.[0] ?? 0);
  };
  let found = await count();
  while (found < expected && performance.now() - began < 300_000) {
    await wait(250);
    found = await count();
  }
  console.log(
    `  ${found === expected ? 'every record is stored once' : `STORED ${found} OF ${expected}`}: ${found} ${((performance.now() - began) / 1000).toFixed(1)} s after the last acknowledgement`,
  );
  if (found !== expected) process.exitCode = 1;
}

async function small(server: Server): Promise<void> {
  const token = await makeSource(server, 'http');
  const times: number[] = [];
  let acknowledged = 0;
  let refused = 0;
  const underway = new Set<Promise<void>>();
  const memory = await watched(server, async () => {
    const began = performance.now();
    for (let sent = 0; performance.now() - began < SECONDS * 1000; ) {
      const due = Math.floor(((performance.now() - began) / 1000) * SMALL_A_SECOND);
      for (; sent < due && underway.size < 2000; sent++) {
        const one = send(`${server.base}/v1/http/${token}`, Buffer.from(lines(SMALL)), {}).then((took) => {
          if (took === undefined) refused++;
          else {
            times.push(took);
            acknowledged += SMALL;
          }
          underway.delete(one);
        });
        underway.add(one);
      }
      await wait(2);
    }
    await Promise.all(underway);
  });
  report(
    `small requests (${SMALL} records), ${SMALL_A_SECOND}/s asked, ${(times.length / SECONDS).toFixed(0)}/s acknowledged, ${refused} refused, ${SECONDS} s`,
    times,
    memory,
  );
  await check(server, 'http', acknowledged);
}

async function large(server: Server): Promise<void> {
  const token = await makeSource(server, 'firehose');
  const bodies = Array.from({ length: 8 }, () => {
    const records = Array.from({ length: 30 }, () => ({ data: Buffer.from(lines(LARGE / 30)).toString('base64') }));
    return JSON.stringify({ records }).slice(1);
  });
  const times: number[] = [];
  let bytes = 0;
  let acknowledged = 0;
  let refused = 0;
  let requests = 0;
  const headers = { 'content-type': 'application/json', 'x-amz-firehose-access-key': token };
  const memory = await watched(server, async () => {
    const end = performance.now() + SECONDS * 1000;
    await Promise.all(
      Array.from({ length: LARGE_AT_ONCE }, async () => {
        while (performance.now() < end) {
          const number = ++requests;
          const body = Buffer.from(`{"requestId":"r${number}","timestamp":${Date.now()},${bodies[number % bodies.length]}`);
          const took = await send(`${server.base}/firehose`, body, headers);
          if (took === undefined) {
            refused++;
            await wait(500);
          } else {
            times.push(took);
            bytes += body.length;
            acknowledged += LARGE;
          }
        }
      }),
    );
  });
  report(
    `large Firehose requests (${LARGE} records), ${(bytes / MIB / SECONDS).toFixed(0)} MiB/s and ${(acknowledged / SECONDS / 1000).toFixed(0)} k records/s acknowledged, ${refused} refused, ${SECONDS} s`,
    times,
    memory,
  );
  await check(server, 'firehose', acknowledged);
}

/** P9 without its alert: from the notification of an object of 1,000 records until a query sees them. */
async function fresh(server: Server): Promise<void> {
  const aws = await Aws.start();
  try {
    await aws.s3.send(new CreateBucketCommand({ Bucket: 'flow-logs' }));
    aws.server.createQueue('notifications');
    await makeSource(server, 's3', {
      mode: 'queue',
      queue: 'notifications',
      region: REGION,
      endpoint: aws.endpoint,
      queueEndpoint: aws.endpoint,
      credentials: KEYS,
    });
    await wait(2000);
    const times: number[] = [];
    for (let i = 0; i < OBJECTS; i++) {
      const key = `AWSLogs/123456789012/vpcflowlogs/${REGION}/2026/11/25/file-${i}.log.gz`;
      const body = gzipSync(lines(OBJECT));
      const etag = await aws.put('flow-logs', key, body);
      const began = performance.now();
      aws.send('notifications', nativeEvent([{ bucket: 'flow-logs', key, etag, size: body.length }]));
      for (let seen = 0; seen < (i + 1) * OBJECT; ) {
        const { rows } = await call<{ rows: [number][] }>(server, '/api/v1/query', { query: '_sourceCategory=s3 | count', from: 'all' });
        seen = Number(rows[0]?.[0] ?? 0);
      }
      times.push(performance.now() - began);
      await wait(150);
    }
    report(
      `P9 objects of ${OBJECT} records, from notification to visible in a query over HTTP`,
      times,
      `p95 ${at(
        [...times].sort((a, b) => a - b),
        0.95,
      )} ms`,
    );
  } finally {
    await aws.stop();
  }
}

console.log(machine());
const server = await start();
try {
  if (KINDS.includes('small')) await small(server);
  if (KINDS.includes('large')) await large(server);
  if (KINDS.includes('objects')) await fresh(server);
} finally {
  const gone = once(server.child, 'exit');
  server.child.kill('SIGTERM');
  await gone;
  agent.destroy();
}
