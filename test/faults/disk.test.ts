/** The server's disk fills up while all collectors bring records: it refuses, loses nothing, and goes on by itself when there is room. */
import { appendFile, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Aws } from '../collect/s3/aws.ts';
import { Collectors } from './collectors.ts';
import { FaultServer } from './server.ts';

const ROUNDS = Math.max(1, Math.ceil(Number(process.env.BARTIZAN_FAULT_KILLS ?? 1) / 10));
const MIB = 2 ** 20;
vi.setConfig({ testTimeout: 600_000 * ROUNDS });
const OFTEN = { interval: 100 };

let folder: string;
let aws: Aws;
let server: FaultServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-faults-disk-'));
  aws = await Aws.start();
});
afterAll(async () => {
  await server.kill();
  await aws.stop();
  await rm(folder, { recursive: true, force: true });
});

it('refuses while its disk is full, loses nothing, and goes on by itself when there is room', async () => {
  const data = join(folder, 'small');
  const mount = `mkdir -p '${data}' && mount -t tmpfs -o size=400m tmpfs '${data}' && exec "$@"`;
  server = new FaultServer({
    folder: data,
    within: ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh'],
    env: { BARTIZAN_DISK_MIN_FREE_MIB: '80' },
  });
  await server.start();
  const collectors = await Collectors.make({ server, aws, endpoint: aws.endpoint, name: 'disk', records: 100 });
  const { ledger } = collectors;
  const ready = async () => (await fetch(`${server.base}/readyz`)).status;
  collectors.begin();
  for (let i = 0; i < ROUNDS; i++) {
    await collectors.more(600);
    const ballast = join(server.folder, 'ballast');
    const fill = async (left: number) => {
      const { bavail, bsize } = await statfs(server.folder);
      await appendFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - left))).catch(() => undefined);
    };
    const before = { ...ledger.refusals };
    await fill(40 * MIB);
    await expect.poll(() => ledger.refusals.http, OFTEN).toBeGreaterThan(before.http + 5);
    await expect.poll(() => ledger.refusals.firehose, OFTEN).toBeGreaterThan(before.firehose + 5);
    await expect.poll(ready, OFTEN).toBe(503);
    // Now to the last byte: the ledger and the log cannot be written either.
    await fill(0);
    await delay(3000);
    await rm(ballast);
  }
  await collectors.more(600);
  await collectors.end();
  await expect.poll(ready, OFTEN).toBe(200);
  expect(ledger.refused.size).toBeGreaterThan(0);
  await server.kill('SIGTERM');
});
