/** A prefix read by listing it, over real HTTP: paging, days, resuming, following. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clients } from '../../../src/collect/s3/clients.ts';
import { Limiter } from '../../../src/collect/s3/limiter.ts';
import { dayBefore, dayOf, listObjects } from '../../../src/collect/s3/listing.ts';
import { S3Settings } from '../../../src/collect/s3/settings.ts';
import { Aws, FaultProxy, flowFile, flowLines, folderOf, KEYS, Ledger, MemoryCheckpoints, REGION, type Started, start, until, xmlError } from './aws.ts';

let aws: Aws;
let proxy: FaultProxy;
let folder: string;
let source: Started | undefined;
let number = 0;
let bucket = '';

beforeAll(async () => {
  aws = await Aws.start();
  proxy = await FaultProxy.start(aws.endpoint);
  folder = mkdtempSync(join(tmpdir(), 'bartizan-s3-'));
});
afterAll(async () => {
  await proxy.stop();
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  number += 1;
  bucket = `flow-logs-${number}`;
  aws.server.createBucket(bucket);
  proxy.requests.length = 0;
  proxy.fault = () => undefined;
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
});

const begin = (settings: Record<string, unknown> = {}, options: Partial<Parameters<typeof start>[1]> = {}) => {
  source = start({ mode: 'list', bucket, followSeconds: 1, ...settings }, { endpoint: proxy.endpoint, folder, ...options });
  return source;
};
const put = (key: string, seed: number) => aws.put(bucket, key, flowFile(flowLines(seed)));
const keys = (ledger: Ledger) => [...ledger.stored.keys()].map((id) => id.slice(`s3:${bucket}/`.length, id.lastIndexOf('@'))).sort();
const lists = () => proxy.requests.filter((r) => r.includes('list-type=2')).length;
const gets = () => proxy.requests.filter((r) => r.includes('x-id=GetObject')).length;
const today = dayOf(Date.now());

describe('all of a prefix', () => {
  it('pages through more than a thousand objects in key order, each once', async () => {
    // Most of them of a kind that is only counted: what is tried here is paging.
    const flows: string[] = [];
    for (let from = 0; from < 1100; from += 100)
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const n = String(from + i).padStart(5, '0');
          // The stand-in sorts by language: keys that differ in digits first are in S3’s order there too.
          const key = `${folderOf('2026-10-01')}${n}/a.log`;
          if (i % 10 === 0) flows.push(key);
          await aws.put(bucket, i % 10 === 0 ? key : `${folderOf('2026-10-01')}${n}/manifest.json`, Buffer.from(`${flowLines(from + i, 1)[0]}\n`));
        }),
      );
    await put('elsewhere/noise.log.gz', 1);
    const s = begin({ prefix: 'AWSLogs/', follow: false }, { timings: { saveMs: 100 } });
    await s.ended;
    expect(s.status()).toMatchObject({
      state: 'finished',
      counts: { objects: 110, failed: 0 },
      recognized: { manifest: 990 },
      listing: { caughtUp: true, failed: 0 },
    });
    expect(keys(s.ledger)).toEqual(flows.sort());
    expect(s.ledger.lines().length).toBe(110);
    expect(lists()).toBe(2);
  });

  it('begins at a day, in plain, organization and Hive paths, and in folders without days by the time of writing', async () => {
    const bases = [
      'a/AWSLogs/123456789012/vpcflowlogs/eu-west-1/',
      'AWSLogs/o-exampleorgid/123456789012/vpcflowlogs/us-east-1/',
      'AWSLogs/210987654321/vpcflowlogs/us-east-1/',
    ];
    const hive = 'AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/';
    const days = ['2025-12-31', '2026-09-30', '2026-10-01', '2026-10-02'];
    const wanted: string[] = [];
    let seed = 0;
    for (const day of days) {
      const [y, m, d] = day.split('-');
      for (const key of [...bases.map((base) => `${base}${y}/${m}/${d}/x.log.gz`), `${hive}year=${y}/month=${m}/day=${d}/hour=00/x.log.gz`]) {
        await put(key, ++seed);
        if (day >= '2026-10-01') wanted.push(key);
      }
    }
    await put('plain/2020/01/01/x.log.gz', ++seed);
    wanted.push('plain/2020/01/01/x.log.gz');
    const s = begin({ since: '2026-10-01', follow: false });
    await s.ended;
    expect(keys(s.ledger)).toEqual(wanted.sort());
    // Nothing was written before tomorrow.
    const later = begin({ since: Date.now() + 86_400_000, follow: false });
    await later.ended;
    expect(later.ledger.stored.size).toBe(0);
    expect(later.status().counts).toMatchObject({ outside: 1, objects: 0 });
  });

  it('jumps over years of old days in place of listing them', async () => {
    const recent = ['eu-west-1', 'us-east-1'].map((region) => `${folderOf('2026-10-01', region)}a.log.gz`);
    for (const region of ['eu-west-1', 'us-east-1'])
      for (let i = 0; i < 60; i++) await aws.put(bucket, `${folderOf(`2024-03-${10 + (i % 20)}`, region)}${i}.log`, Buffer.from('x'));
    for (const key of recent) await put(key, 1);
    const clients = new Clients(S3Settings.parse({ mode: 'list', bucket, region: REGION, credentials: KEYS, endpoint: proxy.endpoint }), {});
    const list = async (fromDay: string) => {
      const found: string[] = [];
      const { signal } = new AbortController();
      for await (const page of listObjects({ clients, bucket, prefix: '', after: '', fromDay, signal, pageSize: 10 }))
        found.push(...page.map((object) => object.key));
      return found;
    };
    expect((await list('')).length).toBe(122);
    proxy.requests.length = 0;
    expect(await list('2026-10-01')).toEqual(recent);
    // A page for each region and one for what comes behind the first one's old days.
    expect(lists()).toBe(3);
    clients.close();
  });

  it('goes on behind the last key where an endpoint gives no token, and ends with a reason where it leads nowhere', async () => {
    const all = Array.from({ length: 30 }, (_, i) => `${folderOf('2026-10-01')}${String(i).padStart(2, '0')}.log`);
    for (const key of all) await aws.put(bucket, key, Buffer.from('x'));
    const contents = (of: readonly string[]) => of.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('');
    const page = (of: readonly string[], token: string) => ({
      kind: 'answer' as const,
      status: 200,
      body: `<?xml version="1.0"?>\n<ListBucketResult><Name>${bucket}</Name><IsTruncated>true</IsTruncated>${token}${contents(of)}</ListBucketResult>`,
    });
    const clients = new Clients(S3Settings.parse({ mode: 'list', bucket, region: REGION, credentials: KEYS, endpoint: proxy.endpoint }), {});
    const list = async (found: string[] = []) => {
      for await (const objects of listObjects({ clients, bucket, prefix: '', after: '', fromDay: '', signal: AbortSignal.timeout(60_000) }))
        found.push(...objects.map((object) => object.key));
      return found;
    };
    proxy.fault = ({ url }) => (url.includes('start-after') ? undefined : page(all.slice(0, 10), ''));
    expect(await list()).toEqual(all);
    for (const token of ['<NextContinuationToken>same</NextContinuationToken>', '']) {
      proxy.requests.length = 0;
      proxy.fault = () => page(all.slice(0, 10), token);
      const found: string[] = [];
      await expect(list(found)).rejects.toMatchObject({ problem: { code: 'unexpected', message: expect.stringContaining(`“s3://${bucket}/”`) } });
      expect([lists(), new Set(found).size]).toEqual([2, 10]);
    }
    clients.close();
  });

  it('passes over objects of other kinds, with a count each', async () => {
    await put(`${folderOf(today)}a.log.gz`, 1);
    for (const key of [
      'AWSLogs/123456789012/CloudTrail-Digest/us-east-1/x.json.gz',
      'AWSLogs/123456789012/elasticloadbalancing/x.log.gz',
      `${folderOf(today)}_manifest.json`,
      'AWSLogs/123456789012/Config/x.json.gz',
      'AWSLogs/123456789012/guardduty/x.gz',
    ])
      await aws.put(bucket, key, Buffer.from('x'));
    const s = begin();
    await until(
      () => s.status().listing?.lastPassAt !== undefined && lists() >= 3,
      () => s.status(),
    );
    // Looked at again and again, counted once.
    expect(s.status().recognized).toEqual({ 'cloudtrail-digest': 1, 'load-balancer': 1, manifest: 1, config: 1, 'other-log': 1 });
    expect(s.ledger.stored.size).toBe(1);
  });
});

describe('resuming', () => {
  it('goes on where it was stopped, and reads nothing twice', async () => {
    for (let i = 0; i < 60; i++) await put(`${folderOf('2026-10-01')}${String(i).padStart(3, '0')}.log.gz`, i);
    const ledger = new Ledger();
    const checkpoints = new MemoryCheckpoints();
    ledger.before = () => new Promise((resolve) => setTimeout(resolve, 20));
    const s = begin({}, { ledger, checkpoints, limiter: new Limiter({ max: 3 }) });
    await until(
      () => ledger.stored.size >= 20,
      () => s.status(),
    );
    await s.stop();
    const before = ledger.stored.size;
    expect(before).toBeLessThan(60);
    const again = begin({ follow: false }, { ledger, checkpoints });
    await again.ended;
    expect(ledger.stored.size).toBe(60);
    expect(ledger.taken.length).toBe(60);
    expect(again.status().counts).toMatchObject({ known: 0, objects: 60 - before });
  });

  it('after a kill reads at most what was not saved again, and stores it once', async () => {
    for (let i = 0; i < 60; i++) await put(`${folderOf('2026-10-01')}${String(i).padStart(3, '0')}.log.gz`, i);
    const ledger = new Ledger();
    const checkpoints = new MemoryCheckpoints();
    ledger.before = () => new Promise((resolve) => setTimeout(resolve, 20));
    const s = begin({}, { ledger, checkpoints, limiter: new Limiter({ max: 3 }) });
    await until(
      () => ledger.stored.size >= 20,
      () => s.status(),
    );
    // What a killed process leaves: the checkpoints of this instant.
    const left = new MemoryCheckpoints();
    for (const [key, value] of checkpoints.values) left.values.set(key, value);
    await s.stop();
    const again = begin({ follow: false }, { ledger, checkpoints: left });
    await again.ended;
    expect(ledger.stored.size).toBe(60);
    expect(ledger.lines().length).toBe(180);
    expect(again.status().counts.known).toBeLessThanOrEqual(10);
    expect(again.status().counts.known + again.status().counts.objects).toBeLessThan(50);
  });

  it('begins anew under other settings', async () => {
    await put(`${folderOf('2026-09-01')}a.log.gz`, 1);
    await put(`${folderOf('2026-10-01')}a.log.gz`, 2);
    const checkpoints = new MemoryCheckpoints();
    const ledger = new Ledger();
    await begin({ follow: false, since: '2026-10-01' }, { ledger, checkpoints }).ended;
    expect(ledger.lines()).toEqual(flowLines(2).sort());
    await begin({ follow: false, since: '2026-09-01' }, { ledger, checkpoints }).ended;
    expect(ledger.lines()).toEqual([...flowLines(1), ...flowLines(2)].sort());
  });
});

describe('following', () => {
  it('finds new objects, late ones, new accounts, and fetches nothing twice', async () => {
    await put(`${folderOf(today)}a.log.gz`, 1);
    await put(`${folderOf('2026-01-01')}old.log.gz`, 2);
    const s = begin();
    await until(
      () => s.ledger.stored.size === 2,
      () => s.status(),
    );
    // Behind the last key, before it (late), in a new account, and without a day.
    await put(`${folderOf(today)}b.log.gz`, 3);
    await put(`${folderOf(dayBefore(today, 1))}late.log.gz`, 4);
    await put(`${folderOf(today, 'ap-south-1', '210987654321')}c.log.gz`, 5);
    await put('copied/d.log.gz', 6);
    await until(
      () => s.ledger.stored.size === 6,
      () => s.status(),
    );
    const asked = lists();
    await until(
      () => lists() >= asked + 2,
      () => s.status(),
    );
    expect(gets()).toBe(6);
    expect(s.ledger.lines()).toEqual([1, 2, 3, 4, 5, 6].flatMap((seed) => flowLines(seed)).sort());
  });

  it('remembers over a restart what it saw, and finds what came in between', async () => {
    for (let i = 0; i < 20; i++) await put(`${folderOf(today)}${i}.log.gz`, i);
    const checkpoints = new MemoryCheckpoints();
    const ledger = new Ledger();
    const s = begin({}, { ledger, checkpoints });
    await until(
      () => s.status().listing?.caughtUp === true && ledger.stored.size === 20,
      () => s.status(),
    );
    await s.stop();
    await put(`${folderOf(today)}00-new.log.gz`, 50);
    const again = begin({}, { ledger, checkpoints });
    await until(
      () => ledger.stored.size === 21,
      () => again.status(),
    );
    expect(gets()).toBe(21);
    expect(again.status().counts).toMatchObject({ objects: 1, known: 0 });
  });

  it('finds objects of long-gone days by a search over everything, once a day', async () => {
    let now = Date.now();
    const clock = () => now;
    await put(`${folderOf(today)}a.log.gz`, 1);
    const s = begin({}, { clock });
    await until(
      () => s.status().listing?.caughtUp === true,
      () => s.status(),
    );
    await put(`${folderOf(dayBefore(today, 20))}held-up.log.gz`, 2);
    const asked = lists();
    await until(
      () => lists() >= asked + 2,
      () => s.status(),
    );
    expect(s.ledger.stored.size).toBe(1);
    now += 25 * 3_600_000;
    await until(
      () => s.ledger.stored.size === 2,
      () => s.status(),
    );
    expect(gets()).toBe(2);
  });

  it('goes on looking at its interval when the clock is set while it lists', async () => {
    let now = Date.now();
    // Forward by a day in the middle of each listing, and back again in the next.
    let forward = false;
    proxy.fault = ({ url }) => {
      if (url.includes('list-type=2')) {
        forward = !forward;
        now += (forward ? 25 : -25) * 3_600_000;
      }
      return undefined;
    };
    const s = begin({}, { clock: () => now });
    for (let i = 0; i < 3; i++) {
      await put(`${folderOf(today)}${i}.log.gz`, i);
      await until(
        () => s.ledger.stored.size === i + 1,
        () => s.status(),
      );
    }
    expect(gets()).toBe(3);
  });

  it('goes on by itself when the bucket can be listed again, and tries failed objects again', async () => {
    await put(`${folderOf(today)}a.log.gz`, 1);
    await put(`${folderOf(today)}b.log.gz`, 2);
    let broken = true;
    proxy.fault = ({ url }) =>
      broken && url.includes('list-type=2') ? { kind: 'answer', status: 403, body: xmlError('AccessDenied', 'Access Denied') } : undefined;
    const s = begin();
    await until(
      () => s.status().state === 'failing' && (s.status().problems[0]?.count ?? 0) >= 2,
      () => s.status(),
    );
    expect(s.status().problems[0]).toMatchObject({ code: 'access-denied', message: `s3:ListBucket on “s3://${bucket}/” is not allowed.` });
    broken = false;
    proxy.fault = ({ url }) => (url.includes('b.log.gz') ? { kind: 'answer', status: 403, body: xmlError('AccessDenied', 'Access Denied') } : undefined);
    await until(
      () => s.status().state === 'running' && s.status().listing?.failed === 1 && s.ledger.stored.size === 1,
      () => s.status(),
    );
    expect(s.ledger.lines()).toEqual(flowLines(1).sort());
    proxy.fault = () => undefined;
    await until(
      () => s.ledger.stored.size === 2,
      () => s.status(),
    );
    await until(
      () => s.status().listing?.failed === 0,
      () => s.status(),
    );
  });

  it('passes no object over that this machine failed on, and says so', async () => {
    const names = ['1', '2', '3'].map((name) => `plain/${name}.log.gz`);
    for (const [i, name] of names.entries()) await put(name, i + 1);
    const ledger = new Ledger();
    const odd: string[] = [];
    let broken = true;
    ledger.before = ({ name, content }) => {
      if (!broken || !name.endsWith('2.log.gz') || !('path' in content)) return;
      // A download that cannot be removed: it is a folder now.
      rmSync(content.path);
      mkdirSync(content.path);
      odd.push(content.path);
      throw new Error('the disk is away');
    };
    const s = begin({}, { ledger, limiter: new Limiter({ maxMemory: 0 }) });
    await until(
      () => s.status().listing?.caughtUp === true,
      () => s.status(),
    );
    expect(keys(ledger)).toEqual([names[0], names[2]]);
    expect(s.status()).toMatchObject({ counts: { objects: 2 }, listing: { failed: 1 } });
    expect(s.status().problems.map(({ message }) => message)).toEqual([expect.stringContaining('2.log.gz')]);
    broken = false;
    await until(
      () => ledger.stored.size === 3 && s.status().listing?.failed === 0,
      () => s.status(),
    );
    expect(keys(ledger)).toEqual(names);
    for (const path of odd) rmSync(path, { recursive: true });
  });
});
