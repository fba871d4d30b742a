/** CloudTrail's digests in a bucket, over real HTTP: verified with keys that CloudTrail gives, and their log files stored once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AskedTrailKeys, readTrailKeys, type TrailKeys } from '../../../src/collect/trail-keys.ts';
import { type Proof, proofOf } from '../../../src/formats/cloudtrail/digest-chain.ts';
import { MemoryChains, TrailProofs } from '../../../src/ingest/trails/proofs.ts';
import { BUCKET, HOUR, keyList, newKey, START, Trail } from '../../ingest/trails/trail.ts';
import { Aws, FaultProxy, flowFile, flowLines, folderOf, KEYS, nativeEvent, REGION, type Started, start, until, xmlError } from './aws.ts';
import { FakeCloudTrail } from './cloudtrail.ts';

const KEY = newKey();
let aws: Aws;
let proxy: FaultProxy;
let cloudtrail: FakeCloudTrail;
let folder: string;
let source: Started | undefined;
let asked: AskedTrailKeys | undefined;
let chains: MemoryChains;

beforeAll(async () => {
  aws = await Aws.start();
  for (const bucket of [BUCKET, 'secrets']) aws.server.createBucket(bucket);
  folder = mkdtempSync(join(tmpdir(), 'bartizan-digests-'));
});
afterAll(async () => {
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  aws.server.emptyBucket(BUCKET);
  proxy = await FaultProxy.start(aws.endpoint);
  cloudtrail = await FakeCloudTrail.start();
  cloudtrail.keys.set(
    'eu-central-1',
    [newKey(), KEY, newKey()].map((key) => ({ key, from: START - 10 * HOUR, to: START + 100 * HOUR })),
  );
  chains = new MemoryChains();
  ahead = 0;
});
afterEach(async () => {
  await source?.stop();
  asked?.close();
  source = undefined;
  await proxy.stop();
  await cloudtrail.stop();
});

const whole = (key = KEY) => new Trail({ key }).hours(2, 3, 0, 1);
const gets = (part: string) => proxy.requests.filter((line) => line.startsWith('GET') && line.includes(part)).length;

async function upload(trail: Trail): Promise<void> {
  for (const { key, bytes, metadata } of trail.objects())
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes, ...(metadata ? { Metadata: metadata } : {}) }));
}

/** Added to the clock: what CloudTrail did not know is not asked for again for minutes. */
let ahead = 0;

function begin(settings: Record<string, unknown> = {}, keys: 'asked' | 'none' | TrailKeys = 'asked', before?: Started): Started {
  asked = new AskedTrailKeys({
    access: { credentials: KEYS, region: REGION },
    endpoint: cloudtrail.endpoint,
    environment: {},
    clock: () => Date.now() + ahead,
  });
  const digests = new TrailProofs({ chains, keys: keys === 'asked' ? asked : keys === 'none' ? undefined : keys });
  source = start(settings.mode === 'queue' ? settings : { mode: 'list', bucket: BUCKET, follow: false, ...settings }, {
    endpoint: proxy.endpoint,
    folder,
    digests,
    timings: { judgeMs: 200 },
    ...(before ? { ledger: before.ledger, checkpoints: before.checkpoints } : {}),
  });
  return source;
}

/** Until all is read; fails with what keeps it from it. */
const readAll = (s: Started) =>
  until(
    () => s.status().state === 'finished',
    () => [s.status(), s.log.lines],
  );
const stored = (s: Started) => [...s.ledger.stored.keys()].map((id) => id.slice(`s3:${BUCKET}/`.length, id.lastIndexOf('@'))).sort();
const proofs = (): Proof[] => [...chains.all.values()].map(({ chain }) => proofOf(chain));
const faults = () => proofs().flatMap((proof) => proof.faults.map(({ code, from, to, count }) => [code, (from - START) / HOUR, (to - START) / HOUR, count]));
const logFiles = (trail: Trail) => trail.digests.flatMap((digest) => digest.logFiles.map(({ key }) => key)).sort();

describe('a bucket with digests', () => {
  it('is proven, its log files are stored once, and no digest is a record', async () => {
    const trail = whole();
    await upload(trail);
    await aws.put(BUCKET, `${folderOf('2026-03-01')}noise.log.gz`, flowFile(flowLines(1)));
    const s = begin();
    await readAll(s);
    expect(proofs()).toMatchObject([{ state: 'proven', from: START, until: START + 4 * HOUR, digests: 4, logFiles: 6, faults: [] }]);
    expect(s.status().counts).toMatchObject({ digests: 4, failed: 0 });
    expect(s.status().problems).toEqual([]);
    expect(stored(s).filter((name) => name.includes('/CloudTrail/'))).toEqual(logFiles(trail));
    expect(stored(s).filter((name) => name.includes('Digest'))).toEqual([]);
    expect(stored(s)).toHaveLength(7);
    // Asked once a day and region, in pages, as whom the source acts.
    expect(cloudtrail.calls.map(({ region, asked: { NextToken } }) => [region, NextToken])).toEqual([
      ['eu-central-1', undefined],
      ['eu-central-1', '1'],
      ['eu-central-1', '2'],
    ]);
    expect(cloudtrail.calls[0]?.asked.StartTime).toBeLessThan(START);
  });

  it('that told of each object by a queue is proven too', async () => {
    const trail = whole();
    await upload(trail);
    aws.server.createQueue('digests');
    // Digests come before their log files, and twice.
    const digests = trail.digests.map(({ key }) => key);
    for (const key of [...digests, ...logFiles(trail), ...digests.toReversed()]) aws.send('digests', nativeEvent([{ bucket: BUCKET, key }]));
    const s = begin({ mode: 'queue', queue: 'digests', queueEndpoint: aws.endpoint });
    await until(
      () => s.status().counts.deleted === 14,
      () => s.status(),
    );
    expect(proofs()).toMatchObject([{ state: 'proven', digests: 4, logFiles: 6 }]);
    expect(stored(s)).toEqual(logFiles(trail));
  });

  it('names log files that are missing or changed, and fetches none again and again', async () => {
    const trail = whole();
    await upload(trail);
    const [gone, changed] = trail.digests[1]?.logFiles ?? [];
    await aws.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: gone?.key }));
    await aws.put(BUCKET, changed?.key ?? '', gzipSync((changed?.content ?? '').replace('mallory', 'alice')));
    const s = begin();
    await readAll(s);
    expect(faults().sort()).toEqual([
      ['log-file-changed', 1, 2, 1],
      ['log-file-missing', 1, 2, 1],
    ]);
    expect(proofs()[0]).toMatchObject({ state: 'broken', until: START + HOUR });
    // By its digest, and where the listing comes to it meanwhile.
    for (const key of logFiles(trail)) expect(gets(key.slice(-20)), key).toBeLessThanOrEqual(2);
    // Put back, its digest proves it when it comes again.
    await upload(trail);
    await s.stop();
    await readAll(begin());
    expect(proofs()).toMatchObject([{ state: 'proven', faults: [] }]);
  });

  it('names digests that were changed, moved, or written by others, and does not follow them', async () => {
    const trail = whole();
    trail.key = newKey();
    trail.hours(1);
    trail.key = KEY;
    await upload(trail);
    const [first, second] = trail.digests;
    const forged = (second?.content ?? '').replace(/\{"s3Bucket".*?\},?/, '');
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: second?.key, Body: gzipSync(forged), Metadata: { signature: second?.signature ?? '' } }));
    // The first one again, as another hour's.
    const later = (trail.digests[3]?.key ?? '').replace('040131Z', '090131Z');
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: later, Body: first?.bytes ?? Buffer.of(), Metadata: { signature: first?.signature ?? '' } }));
    // Its signature is lost with a copy.
    await aws.put(BUCKET, trail.digests[3]?.key ?? '', trail.digests[3]?.bytes ?? Buffer.of());
    // Whoever reads digests alone fetches log files for them alone.
    const s = begin({ prefix: 'AWSLogs/111122223333/CloudTrail-Digest/' });
    await readAll(s);
    expect(faults()).toEqual([
      ['digest-unreadable', 8, 9, 1],
      ['key-unknown', 4, 5, 1],
      ['signature-missing', 3, 4, 1],
      ['signature-wrong', 1, 2, 1],
    ]);
    expect(logFiles(trail).filter((key) => gets(key.slice(-20)) > 0)).toEqual(trail.digests[0]?.logFiles.map(({ key }) => key).sort());
  });

  it('reads nothing elsewhere for a digest, whoever signed it', async () => {
    await aws.put('secrets', 'AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/01/a.json.gz', gzipSync('secret'));
    await aws.put(BUCKET, 'secret/other.txt', gzipSync('secret'));
    const entry = { hashValue: 'a'.repeat(64), hashAlgorithm: 'SHA-256' };
    const trail = new Trail({ key: KEY });
    trail.hour(0, {
      logFiles: [
        { ...entry, s3Bucket: 'secrets', s3Object: 'AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/01/a.json.gz' },
        { ...entry, s3Bucket: BUCKET, s3Object: 'secret/other.txt' },
      ],
    });
    await upload(trail);
    const s = begin({ prefix: 'AWSLogs/' });
    await readAll(s);
    expect(faults()).toEqual([['log-file-elsewhere', 0, 1, 2]]);
    expect(gets('secret')).toBe(0);
    expect(stored(s)).toEqual([]);
  });

  it('stores no log file outside of its prefix, and verifies it all the same', async () => {
    const trail = whole();
    await upload(trail);
    const s = begin({ prefix: 'AWSLogs/111122223333/CloudTrail-Digest/' });
    await readAll(s);
    expect(proofs()).toMatchObject([{ state: 'proven', logFiles: 6 }]);
    expect(stored(s)).toEqual([]);
  });

  it('passes digests over where it is told to, and checks no signature where no keys are', async () => {
    await upload(whole());
    let s = begin({ digests: 'off' });
    await readAll(s);
    expect(chains.all.size).toBe(0);
    expect(s.status().recognized).toMatchObject({ 'cloudtrail-digest': 4 });
    s = begin({}, 'none');
    await readAll(s);
    expect(proofs()).toMatchObject([{ state: 'unsigned', until: START + 4 * HOUR, faults: [] }]);
    expect(cloudtrail.calls).toEqual([]);
  });
});

describe('trouble', () => {
  it('of S3 and CloudTrail delays a proof and makes no fault', async () => {
    const trail = whole();
    await upload(trail);
    const hit = new Set<string>();
    // Every object fails once, and the keys do.
    proxy.fault = ({ method, url }) => {
      if (method !== 'GET' || !url.includes('.json.gz') || hit.has(url)) return undefined;
      hit.add(url);
      return { kind: 'answer', status: 503, body: xmlError('SlowDown', 'Please reduce your request rate.') };
    };
    for (let i = 0; i < 4; i++) cloudtrail.faults.push({ status: 400, type: 'ThrottlingException' });
    const s = begin({ follow: true, followSeconds: 1 });
    await until(
      () => proofs()[0]?.state === 'proven' && proofs()[0]?.digests === 4 && s.status().listing?.failed === 0,
      () => [s.status(), proofs()],
    );
    expect(faults()).toEqual([]);
  });

  it('with the permission to ask for keys is said, and no digest is let go of', async () => {
    await upload(new Trail({ key: KEY }).hours(1));
    for (let i = 0; i < 30; i++) cloudtrail.faults.push({ status: 400, type: 'AccessDeniedException' });
    const s = begin({ follow: true, followSeconds: 1 });
    await until(
      () => s.status().problems.some(({ code, message }) => code === 'access-denied' && message.includes('cloudtrail:ListPublicKeys')),
      () => s.status(),
    );
    expect(chains.all.size).toBe(0);
    cloudtrail.faults.length = 0;
    await until(
      () => proofs()[0]?.state === 'proven',
      () => s.status(),
    );
  });
});

describe('digests that came before their keys', () => {
  const account = (id: string) => [...chains.all.values()].flatMap(({ key, chain }) => (key.account === id ? [proofOf(chain)] : []))[0];
  /** Another account's trail, whose key nobody has. */
  const stranger = () => new Trail({ key: newKey(), account: '444455556666' }).hours(1, 0);
  const ended = (s: Started) => s.ended;

  it('are judged when the source has keys, each once, and their log files are not fetched again', async () => {
    const trail = whole();
    const other = stranger();
    await upload(trail);
    await upload(other);
    const first = begin({}, 'none');
    await ended(first);
    expect([account('111122223333')?.state, account('444455556666')?.state]).toEqual(['unsigned', 'unsigned']);
    proxy.requests.length = 0;
    const s = begin({}, 'asked', first);
    await ended(s);
    expect(account('111122223333')).toMatchObject({ state: 'proven', from: START, until: START + 4 * HOUR, digests: 4, logFiles: 6, faults: [] });
    expect(account('444455556666')).toMatchObject({ state: 'broken', until: null, faults: [{ code: 'key-unknown' }, { code: 'key-unknown' }] });
    expect(gets('/CloudTrail-Digest/')).toBe(6);
    expect(gets('/CloudTrail/')).toBe(0);
    // Nothing is left to be judged but what has no key.
    proxy.requests.length = 0;
    await ended(begin({}, 'asked', s));
    expect(gets('.json.gz')).toBe(0);
  });

  it('are judged by a source that runs when CloudTrail knows their key, wherever their chain begins', async () => {
    const trail = whole();
    const late = newKey();
    trail.key = late;
    trail.hours(1, 2);
    await upload(trail);
    await upload(stranger());
    const s = begin({ follow: true, followSeconds: 1 });
    await until(
      () => account('111122223333')?.faults.length === 2 && account('444455556666')?.faults.length === 2,
      () => [proofs(), s.status()],
    );
    expect(account('111122223333')).toMatchObject({ state: 'broken', until: START + 4 * HOUR });
    cloudtrail.keys.get('eu-central-1')?.push({ key: late, from: START, to: START + 100 * HOUR });
    ahead += 600_000;
    await until(
      () => account('111122223333')?.state === 'proven',
      () => [proofs(), s.status()],
    );
    expect(account('111122223333')).toMatchObject({ until: START + 6 * HOUR, digests: 6, logFiles: 9, faults: [] });
    expect(account('444455556666')).toMatchObject({ state: 'broken', until: null });
    expect(s.status().problems).toEqual([]);
  });

  it('are judged when a file of keys has theirs, for a source that a queue tells', async () => {
    const trail = whole();
    await upload(trail);
    const file = join(folder, 'keys.json');
    writeFileSync(file, JSON.stringify(keyList([newKey()])));
    aws.server.createQueue('later');
    for (const { key } of trail.digests) aws.send('later', nativeEvent([{ bucket: BUCKET, key }]));
    const s = begin({ mode: 'queue', queue: 'later', queueEndpoint: aws.endpoint }, await readTrailKeys(file));
    await until(
      () => s.status().counts.deleted === 4,
      () => s.status(),
    );
    expect(faults().map(([code]) => code)).toEqual(Array(4).fill('key-unknown'));
    writeFileSync(file, JSON.stringify(keyList([newKey(), KEY])));
    await until(
      () => proofs()[0]?.state === 'proven',
      () => [proofs(), s.status()],
    );
    expect(proofs()).toMatchObject([{ until: START + 4 * HOUR, digests: 4, logFiles: 6, faults: [] }]);
    expect(stored(s)).toEqual(logFiles(trail));
  });

  it('and name one of another bucket as the one before are not followed there, and what was found of log files stays', async () => {
    const trail = whole();
    await upload(trail);
    const [, second, third] = trail.digests;
    await aws.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: second?.logFiles[0]?.key }));
    const first = begin({}, 'none');
    await ended(first);
    expect(faults()).toEqual([['log-file-missing', 1, 2, 1]]);
    // The third one is made to name another digest, of a bucket that is none of the source's, as the one before it.
    const forged = (third?.content ?? '').replace(`"previousDigestS3Bucket":"${BUCKET}"`, '"previousDigestS3Bucket":"secrets"');
    expect(forged).not.toBe(third?.content);
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: third?.key, Body: gzipSync(forged), Metadata: { signature: third?.signature ?? '' } }));
    proxy.requests.length = 0;
    const s = begin({}, 'asked', first);
    await ended(s);
    expect(gets('/secrets/')).toBe(0);
    expect(faults()).toEqual(
      expect.arrayContaining([
        ['signature-wrong', 2, 3, 1],
        ['log-file-missing', 1, 2, 1],
      ]),
    );
    // Written anew as it was, and told of again, all of it is judged.
    await upload(trail);
    await ended(begin({}, 'asked'));
    expect(proofs()).toMatchObject([{ state: 'proven', until: START + 4 * HOUR, faults: [] }]);
  });

  it('and were changed are named, and those before them are judged all the same', async () => {
    const trail = whole();
    await upload(trail);
    const first = begin({}, 'none');
    await ended(first);
    const changed = trail.digests[2];
    const forged = (changed?.content ?? '').replace('"awsAccountId"', '"noise":1,"awsAccountId"');
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: changed?.key, Body: gzipSync(forged), Metadata: { signature: changed?.signature ?? '' } }));
    // It is not listed again by its new ETag: nothing but the keys is new.
    const checkpoints = first.checkpoints;
    await ended(begin({ since: Date.now() + 86_400_000 }, 'asked', { ...first, checkpoints }));
    expect(faults()).toEqual([['signature-wrong', 2, 3, 1]]);
    expect(proofs()[0]?.ranges).toEqual([
      { from: START, to: START + 2 * HOUR, signed: true },
      { from: START + 3 * HOUR, to: START + 4 * HOUR, signed: true },
    ]);
  });

  it('that S3 has no more are asked for once', async () => {
    const trail = whole();
    await upload(trail);
    const first = begin({}, 'none');
    await ended(first);
    await aws.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: trail.digests[3]?.key }));
    proxy.requests.length = 0;
    const s = begin({ follow: true, followSeconds: 1 }, 'asked', first);
    await until(
      () => gets('/CloudTrail-Digest/') > 0 && s.status().listing?.lastPassAt !== undefined,
      () => s.status(),
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(gets('/CloudTrail-Digest/')).toBe(1);
    expect(proofs()).toMatchObject([{ state: 'unsigned', until: START + 4 * HOUR }]);
  });
});
