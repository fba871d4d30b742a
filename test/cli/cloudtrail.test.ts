/** `bartizan cloudtrail`: real processes over a copy of a bucket, over a bucket, and over what was ingested. */
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Aws, KEYS, REGION } from '../collect/s3/aws.ts';
import { FakeCloudTrail } from '../collect/s3/cloudtrail.ts';
import { BUCKET, HOUR, keyList, newKey, START, Trail } from '../ingest/trails/trail.ts';
import { newData } from '../store/new-store.ts';
import { bartizan, lastLine } from './helpers.ts';

const KEY = newKey();
let folder: string;
let keys: string;
let logs: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-cli-trail-'));
  keys = join(folder, 'keys.json');
  logs = join(folder, 'logs');
  await writeFile(keys, JSON.stringify(keyList([KEY])));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('verifies a copy of a bucket, ingests it without taking digests for records, and says what is proven', async () => {
  const trail = new Trail({ key: KEY }).hours(2, 0, 1);
  await trail.write(logs);
  const whole = await bartizan(['cloudtrail', 'verify', logs, '--keys', keys]);
  expect(whole).toMatchObject({ code: 0, err: '' });
  expect(whole.out).toContain(
    'all_events 111122223333 eu-central-1: proven\n  complete from 2026-03-01T00:01:31Z until 2026-03-01T03:01:31Z\n  3 digests, 3 log files',
  );

  const data = ['--data', newData(join(folder, 'data'))];
  const ingested = await bartizan(['ingest', logs, ...data, '--json', '--strict'], undefined, { BARTIZAN_CLOUDTRAIL_KEYS: keys });
  expect(ingested.code, ingested.err).toBe(0);
  expect(lastLine(ingested.out)).toMatchObject({ files: 3, records: 3, stored: 3, quarantined: 0 });
  expect(ingested.err).toContain('3 digests of CloudTrail were verified');
  const window = ['--from', '2026-03-01', '--to', '2026-03-02'];
  const told = await bartizan(['cloudtrail', 'proofs', ...window, ...data, '--json']);
  expect(told.code, told.err).toBe(0);
  expect(lastLine(told.out)).toMatchObject({ trails: [{ state: 'proven', since: START, until: START + 3 * HOUR, digests: 3, logFiles: 3, source: '' }] });

  const gone = trail.digests[0]?.logFiles[1]?.key ?? '';
  const content = await readFile(join(logs, gone));
  await unlink(join(logs, gone));
  const broken = await bartizan(['cloudtrail', 'verify', logs, '--keys', keys]);
  expect(broken.code).toBe(1);
  expect(broken.out).toContain('BROKEN');
  expect(broken.out).toContain('log-file-missing');
  expect(broken.out).toContain(gone);
  const json = await bartizan(['cloudtrail', 'verify', logs, '--json']);
  expect(json.err).toContain('Signatures are not checked');
  expect(lastLine(json.out)).toMatchObject({ trails: [{ state: 'broken', until: null, faults: [{ code: 'log-file-missing', count: 1 }] }] });
  await bartizan(['ingest', logs, ...data], undefined, { BARTIZAN_CLOUDTRAIL_KEYS: keys });
  expect(await bartizan(['cloudtrail', 'proofs', ...window, ...data])).toMatchObject({ code: 1, out: expect.stringContaining(gone) });
  // Found again, it is proven again.
  await writeFile(join(logs, gone), content);
  await bartizan(['ingest', logs, ...data], undefined, { BARTIZAN_CLOUDTRAIL_KEYS: keys });
  expect((await bartizan(['cloudtrail', 'proofs', ...window, ...data])).code).toBe(0);
});

it('says what it cannot verify with', async () => {
  await writeFile(join(folder, 'other.json'), '{}');
  for (const [args, said] of [
    [[folder, '--keys', join(folder, 'other.json')], 'holds no public keys'],
    [[join(folder, 'other.json')], 'no digest of CloudTrail among the files'],
    [[join(folder, 'nowhere')], 'nowhere'],
    [['s3://a-bucket', logs], 'verified alone'],
    [['s3://B!'], 'bucket: write the bucket’s name alone'],
  ] as const) {
    const ended = await bartizan(['cloudtrail', 'verify', ...args]);
    expect(ended.code, said).toBe(2);
    expect(ended.err).toContain(said);
  }
});

it('verifies a bucket with keys that CloudTrail is asked for, and stores nothing', async () => {
  const aws = await Aws.start();
  const cloudtrail = await FakeCloudTrail.start();
  try {
    aws.server.createBucket(BUCKET);
    cloudtrail.keys.set('eu-central-1', [{ key: KEY, from: START - HOUR, to: START + 100 * HOUR }]);
    const trail = new Trail({ key: KEY, prefix: 'audit/' }).hours(1, 2);
    for (const { key, bytes, metadata } of trail.objects())
      await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes, ...(metadata ? { Metadata: metadata } : {}) }));
    await aws.put(BUCKET, 'audit/noise.txt', Buffer.from('noise'));
    const verify = (more: readonly string[] = []) =>
      bartizan(
        [
          'cloudtrail',
          'verify',
          `s3://${BUCKET}/audit`,
          '--region',
          REGION,
          '--access-key-id',
          KEYS.accessKeyId,
          '--endpoint',
          aws.endpoint,
          '--cloudtrail-endpoint',
          cloudtrail.endpoint,
          ...more,
        ],
        undefined,
        { BARTIZAN_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
      );
    const whole = await verify(['--ask-keys']);
    expect(whole.code, whole.err).toBe(0);
    expect(whole.out).toContain(': proven');
    expect(cloudtrail.calls.length).toBeGreaterThan(0);
    const asked = cloudtrail.calls.length;
    expect((await verify()).out).toContain('signatures not checked');
    expect(cloudtrail.calls).toHaveLength(asked);
    await aws.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: trail.digests[1]?.logFiles[0]?.key }));
    expect(await verify(['--ask-keys'])).toMatchObject({ code: 1, out: expect.stringContaining('log-file-missing') });
  } finally {
    await cloudtrail.stop();
    await aws.stop();
  }
});
