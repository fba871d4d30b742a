/**
 * All collectors of a server bring records while it is killed, stopped and frozen, while S3 and SQS fail, and while its clock jumps:
 * what was acknowledged is stored exactly once, and nothing that was refused, counted by the senders' own ledger.
 * `npm run test:faults` does more of each (BARTIZAN_FAULT_KILLS).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { Aws, type Fault, FaultProxy, xmlError } from '../collect/s3/aws.ts';
import { Collectors } from './collectors.ts';
import { FaultServer } from './server.ts';

const KILLS = Number(process.env.BARTIZAN_FAULT_KILLS ?? 2);
/** Of each other fault. */
const ROUNDS = Math.max(1, Math.ceil(KILLS / 5));
// Ends what hangs: many kills take long.
vi.setConfig({ testTimeout: 600_000 + KILLS * 60_000 });
const DAY_MS = 86_400_000;

let folder: string;
let clock: string;
let aws: Aws;
let proxy: FaultProxy;
let server: FaultServer;
let collectors: Collectors;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-faults-'));
  clock = join(folder, 'clock');
  aws = await Aws.start();
  proxy = await FaultProxy.start(aws.endpoint);
  server = new FaultServer({ folder: join(folder, 'data'), clock });
  await server.start();
  collectors = await Collectors.make({ server, aws, endpoint: proxy.endpoint, name: 'faults' });
});
afterAll(async () => {
  await server.kill('SIGTERM');
  await proxy.stop();
  await aws.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A fault of a request to S3 or SQS, by chance. */
function anyFault(url: string, target: string): Fault | undefined {
  const error = (status: number, code: string): Fault => ({ kind: 'answer', status, body: xmlError(code, 'We encountered an internal error.') });
  const chance = Math.random();
  if (url.includes('x-id=GetObject')) {
    if (chance < 0.1) return error(500, 'InternalError');
    if (chance < 0.2) return error(503, 'SlowDown');
    if (chance < 0.3) return { kind: 'cut', after: Math.floor(Math.random() * 200) };
    if (chance < 0.4) return { kind: 'truncate', after: Math.floor(Math.random() * 200) };
    if (chance < 0.45) return { kind: 'garble' };
    if (chance < 0.55) return { kind: 'slow', piece: 40, ms: 100 };
    return undefined;
  }
  if (url.includes('list-type=2')) return chance < 0.3 ? error(500, 'InternalError') : undefined;
  // What is not deleted comes again.
  if (/DeleteMessage|ChangeMessageVisibility/.test(target)) return chance < 0.5 ? { kind: 'answer', status: 500, body: '{}' } : undefined;
  if (target.includes('ReceiveMessage')) return chance < 0.3 ? { kind: 'cut', after: 50 } : undefined;
  return undefined;
}

describe('with all collectors under load, what was acknowledged is stored exactly once', () => {
  it('however often the server is killed', async () => {
    collectors.begin();
    for (let i = 0; i < KILLS; i++) {
      await delay(300 + Math.random() * 1500);
      await server.kill();
      await server.start();
    }
    await collectors.more(200);
    await collectors.end();
  });

  it('when the store is stopped and started again, stands still, or is held by another process', async () => {
    collectors.begin();
    for (let i = 0; i < ROUNDS; i++) {
      await collectors.more(200);
      await server.freeze(3500);
      await collectors.more(200);
      // Longer than is waited for the lock.
      const other = new Sqlite(join(folder, 'data', 'metadata.db'));
      other.exec('BEGIN IMMEDIATE');
      await delay(7000);
      other.exec('ROLLBACK');
      other.close();
      await collectors.more(200);
      await server.kill('SIGTERM');
      await delay(500);
      await server.start();
    }
    await collectors.more(200);
    await collectors.end();
  });

  it('when S3 and SQS fail, answer slowly, cut connections and deliver less than there is', async () => {
    proxy.fault = ({ url, headers }) => anyFault(url, String(headers['x-amz-target'] ?? ''));
    collectors.begin();
    for (let i = 0; i < ROUNDS; i++) {
      await collectors.more(400);
      // For some time nothing can be read: all is given back.
      const { fault } = proxy;
      proxy.fault = ({ url }) => (url.includes('x-id=GetObject') ? { kind: 'answer', status: 500, body: xmlError('InternalError', 'no') } : undefined);
      await delay(4000);
      proxy.fault = fault;
    }
    await collectors.more(300);
    proxy.fault = () => undefined;
    await collectors.end();
  });

  it('when its clock jumps', async () => {
    collectors.begin();
    for (let i = 0; i < ROUNDS; i++) {
      for (const days of [10, -3, 0.02, 40]) {
        await writeFile(clock, String(days * DAY_MS));
        await collectors.more(150);
        await delay(1000);
      }
      // Started by a wrong clock, it stores all while that stays wrong.
      await server.kill();
      await server.start();
      await collectors.more(200);
      await collectors.end();
      collectors.begin();
      await collectors.more(100);
      // And set right while it runs.
      await writeFile(clock, '0');
      await collectors.more(200);
    }
    await collectors.end();
  });
});
