/**
 * The server is killed at random moments while all collectors bring records, and its disk fills up: what
 * was acknowledged is stored exactly once, counted by the senders' own ledger. `npm run test:faults`
 * kills more often (BARTIZAN_FAULT_KILLS).
 */
import { appendFile, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Aws, flowFile, KEYS, nativeEvent, REGION } from '../collect/s3/aws.ts';
import { SendersLedger, sendFirehose, sendHttp } from './senders.ts';
import { FaultServer } from './server.ts';

const KILLS = Number(process.env.BARTIZAN_FAULT_KILLS ?? 3);
const CATEGORY = 'faults';
const MIB = 2 ** 20;
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let folder: string;
let aws: Aws;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-faults-'));
  aws = await Aws.start();
});
afterAll(async () => {
  await aws.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Made {
  readonly source: { readonly id: string };
  readonly address: { readonly token: string } | null;
}

async function makeSource(server: FaultServer, kind: string, connection: object = {}): Promise<Made> {
  const collector = await server.call<{ id: string }>('/api/v1/collectors', { name: `${kind} ${Math.random()}` });
  return server.call<Made>('/api/v1/sources', { collector: collector.id, kind, name: kind, sourceCategory: CATEGORY, connection });
}

/** Nothing waits any more: neither in the spool nor in what is being read. */
async function drained(server: FaultServer): Promise<void> {
  await expect.poll(async () => (await server.call<{ spool: { bytes: number } }>('/api/v1/sources')).spool.bytes, { timeout: 120_000, interval: 200 }).toBe(0);
}

function expectExactlyOnce(stored: ReadonlyMap<number, number>, expected: ReadonlySet<number>): void {
  const twice = [...stored].filter(([, count]) => count !== 1);
  const missing = [...expected].filter((number) => !stored.has(number));
  const unknown = [...stored.keys()].filter((number) => !expected.has(number));
  expect({ twice, missing, unknown }).toEqual({ twice: [], missing: [], unknown: [] });
}

describe('under load from all collectors', () => {
  it('stores what was acknowledged exactly once, however often it is killed', async () => {
    const server = new FaultServer({ folder: join(folder, 'killed') });
    await server.start();
    await aws.s3.send(new CreateBucketCommand({ Bucket: 'flow-logs' }));
    aws.server.createQueue('notifications', { attributes: { VisibilityTimeout: '2' } });
    const http = await makeSource(server, 'http');
    const firehose = await makeSource(server, 'firehose');
    await makeSource(server, 's3', {
      mode: 'queue',
      queue: 'notifications',
      visibilitySeconds: 2,
      region: REGION,
      endpoint: aws.endpoint,
      queueEndpoint: aws.endpoint,
      credentials: KEYS,
    });

    const ledger = new SendersLedger();
    const stop = new AbortController();
    const objects = async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        const { numbers, text } = ledger.lines(5);
        const key = `AWSLogs/123456789012/vpcflowlogs/${REGION}/2026/11/25/file ${i}.log.gz`;
        const body = flowFile(text.trimEnd().split('\n'));
        const etag = await aws.put('flow-logs', key, body);
        // As S3 does: now and then twice, and late.
        for (let n = 0; n < (i % 3 === 0 ? 2 : 1); n++)
          setTimeout(() => aws.send('notifications', nativeEvent([{ bucket: 'flow-logs', key, etag, size: body.length }])), Math.random() * 300);
        ledger.acknowledge(numbers);
        await wait(60);
      }
    };
    const senders = [
      ...Array.from({ length: 4 }, () => sendHttp(server, http.address?.token ?? '', ledger, stop.signal)),
      ...Array.from({ length: 2 }, () => sendFirehose(server, firehose.address?.token ?? '', ledger, stop.signal)),
      objects(),
    ];
    for (let i = 0; i < KILLS; i++) {
      await wait(300 + Math.random() * 1500);
      await server.kill();
      await server.start();
    }
    await wait(500);
    stop.abort();
    await Promise.all(senders);
    await wait(400);
    await drained(server);
    await expect.poll(() => aws.queue('notifications'), { timeout: 120_000, interval: 200 }).toEqual({ ready: 0, received: 0 });
    expect(ledger.surprises).toEqual([]);
    expect(ledger.acknowledged).toEqual(ledger.sent);
    expectExactlyOnce(await server.stored(CATEGORY), ledger.acknowledged);

    // Asked to stop, it finishes what it has and says nothing was wrong.
    await server.kill('SIGTERM');
    await server.start();
    expectExactlyOnce(await server.stored(CATEGORY), ledger.acknowledged);
    await server.kill('SIGTERM');
  }, 600_000);

  it('refuses while its disk is full, loses nothing, and goes on by itself when there is room', async () => {
    const data = join(folder, 'small');
    const mount = `mkdir -p '${data}' && mount -t tmpfs -o size=400m tmpfs '${data}' && exec "$@"`;
    const server = new FaultServer({
      folder: data,
      within: ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh'],
      env: { BARTIZAN_DISK_MIN_FREE_MIB: '80' },
    });
    await server.start();
    const http = await makeSource(server, 'http');
    const ledger = new SendersLedger();
    const stop = new AbortController();
    const senders = Array.from({ length: 4 }, () => sendHttp(server, http.address?.token ?? '', ledger, stop.signal, 500));
    await expect.poll(() => ledger.acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(1000);
    const ballast = join(server.folder, 'ballast');
    const fill = async (left: number) => {
      const { bavail, bsize } = await statfs(server.folder);
      await appendFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - left))).catch(() => undefined);
    };
    await fill(40 * MIB);
    await expect.poll(() => ledger.refused, { timeout: 60_000 }).toBeGreaterThan(5);
    await expect.poll(async () => (await fetch(`${server.base}/readyz`)).status, { timeout: 60_000 }).toBe(503);
    // Now to the last byte: the ledger and the log cannot be written either.
    await fill(0);
    await wait(1500);
    await rm(ballast);
    const before = ledger.acknowledged.size;
    await expect.poll(() => ledger.acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + 1000);
    stop.abort();
    await Promise.all(senders);
    await drained(server);
    await expect.poll(async () => (await fetch(`${server.base}/readyz`)).status, { timeout: 60_000 }).toBe(200);
    expect(ledger.surprises).toEqual([]);
    expectExactlyOnce(await server.stored(CATEGORY), ledger.acknowledged);
    await server.kill('SIGTERM');
  }, 300_000);
});
