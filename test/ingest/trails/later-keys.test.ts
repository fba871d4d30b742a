/** A source that is told to ask for keys proves what it read before, and the board follows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { trailsOf } from '../../../src/api/trails.ts';
import { S3Sources } from '../../../src/ingest/s3-sources.ts';
import { storedChains } from '../../../src/ingest/trails/proofs.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../../src/model/source.ts';
import { type Metadata, openMetadata } from '../../../src/store/metadata.ts';
import { Aws, KEYS, Ledger, REGION } from '../../collect/s3/aws.ts';
import { FakeCloudTrail } from '../../collect/s3/cloudtrail.ts';
import { BUCKET, HOUR, newKey, START, Trail } from './trail.ts';

const KEY = newKey();
let folder: string;
let metadata: Metadata;
let aws: Aws;
let cloudtrail: FakeCloudTrail;
let running: S3Sources;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-later-keys-'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => 1);
  aws = await Aws.start();
  cloudtrail = await FakeCloudTrail.start();
  cloudtrail.keys.set('eu-central-1', [{ key: KEY, from: START - HOUR, to: START + 100 * HOUR }]);
  aws.server.createBucket(BUCKET);
  const log = { info: () => undefined, warn: () => undefined };
  const trails = { chains: storedChains(metadata.proofs), keys: undefined };
  running = new S3Sources({ sources: metadata.sources, intake: new Ledger(), trails, folder, log, proxy: undefined, clock: Date.now });
});
afterEach(async () => {
  await running.close();
  await cloudtrail.stop();
  await aws.stop();
  await metadata.close();
  await rm(folder, { recursive: true, force: true });
});

it('without a restart of the server', async () => {
  const objects = [new Trail({ key: KEY }).hours(1, 0, 2), new Trail({ key: newKey(), account: '444455556666' }).hours(1)].flatMap((trail) => trail.objects());
  for (const { key, bytes, metadata: of } of objects)
    await aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes, ...(of ? { Metadata: of } : {}) }));
  const { secretAccessKey, ...credentials } = KEYS;
  const connection = (digests: string) => ({
    mode: 'list',
    bucket: BUCKET,
    region: REGION,
    endpoint: aws.endpoint,
    cloudtrailEndpoint: cloudtrail.endpoint,
    digests,
    credentials,
  });
  const { sources } = metadata;
  const collector = await sources.createCollector({ name: 'c', description: '' });
  const body = { description: '', sourceCategory: '', sourceName: '', sourceHost: '', records: DEFAULT_RECORD_SETTINGS };
  const secrets = { 'credentials.secretAccessKey': secretAccessKey };
  const made = await sources.create({ ...body, collector: collector.id, kind: 's3', name: 's', secrets, connection: connection('hashes') });
  const origin = { sourceName: '', sourceCategory: '', sourceHost: '', collector: '' };
  const states = async () => {
    const deps = { proofs: metadata.proofs, clock: () => (START + 3 * HOUR) * 1000 } as Parameters<typeof trailsOf>[0];
    const { trails } = await trailsOf(deps, { from: START - HOUR, to: START + 10 * HOUR }, new Map([[made.id, { name: 's', kind: 's3', paused: false }]]));
    return trails.map(({ account, state, until, faults }) => [account, state, until, faults.map(({ code }) => code)]);
  };
  await running.apply([{ source: made, origin }]);
  await expect.poll(states).toEqual([
    ['111122223333', 'unsigned', START + 3 * HOUR, []],
    ['444455556666', 'unsigned', START + HOUR, []],
  ]);
  const changed = await sources.update(made.id, { connection: connection('signatures') });
  await running.apply([{ source: changed, origin }]);
  await expect.poll(states).toEqual([
    ['444455556666', 'broken', null, ['key-unknown']],
    ['111122223333', 'proven', START + 3 * HOUR, []],
  ]);
});
