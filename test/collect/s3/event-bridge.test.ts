/** Events of CloudTrail that a rule of EventBridge sends to the queue itself, from the real SDK to rows of the real engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openWorkspace, type Workspace } from '../../../src/cli/workspace.ts';
import type { Delivery, Intake } from '../../../src/collect/delivery.ts';
import { loadConfig } from '../../../src/config.ts';
import { sql, statement } from '../../../src/query/sql.ts';
import { event, type Json } from '../../ingest/events.ts';
import { Aws, flowFile, flowLines, folderOf, KEYS, REGION, type Started, snsWrapped, start, until } from './aws.ts';

let aws: Aws;
let sqs: SQSClient;
let folder: string;
let workspace: Workspace;
let source: Started;
let queue = '';
const NOW = Math.floor(Date.now() / 1000);

beforeAll(async () => {
  aws = await Aws.start();
  aws.server.createBucket('flow-logs');
  sqs = new SQSClient({ region: REGION, endpoint: aws.endpoint, credentials: { ...KEYS } });
  folder = mkdtempSync(join(tmpdir(), 'bartizan-event-bridge-'));
  workspace = await openWorkspace(loadConfig({ env: {}, flags: { data: join(folder, 'data'), workers: 1 } }));
});
afterAll(async () => {
  sqs.destroy();
  await workspace.close();
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  queue = `events-${NOW}-${Math.random().toString(36).slice(2)}`;
  aws.server.createQueue(queue);
});
afterEach(() => source.stop());

const begin = (intake: Intake = workspace.pipeline) => {
  source = start({ mode: 'queue', queue }, { endpoint: aws.endpoint, folder, intake });
  return source;
};
const send = (body: object | string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: `${aws.endpoint}/000000000000/${queue}`, MessageBody: typeof body === 'string' ? body : JSON.stringify(body) }));
const bridged = (detail: unknown, more: Json = {}): Json => ({
  version: '0',
  id: '9c8b7a6d-0000-4000-8000-000000000001',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.ec2',
  account: '111122223333',
  time: '2026-11-18T10:15:30Z',
  region: REGION,
  resources: [],
  detail,
  ...more,
});
const rows = async (text: ReturnType<typeof sql>) => (await workspace.store.rows(statement(text), {})).rows;
const ids = async () => (await rows(sql`SELECT event_id FROM bartizan.cloudtrail ORDER BY event_id`)).map(([id]) => id);

it('stores the events of messages, those of S3’s own API too, beside the objects that other messages name', async () => {
  await send(bridged(event('bridge-1', NOW)));
  // By the source of S3, and no notification of an object.
  await send(bridged(event('bridge-2', NOW, { eventSource: 's3.amazonaws.com', eventName: 'PutBucketPolicy' }), { source: 'aws.s3' }));
  await send(bridged(event('bridge-3', NOW, { eventName: 'ConsoleLogin' }), { 'detail-type': 'AWS Console Sign In via CloudTrail', source: 'aws.signin' }));
  await send(snsWrapped(bridged(event('bridge-4', NOW))));
  // The same again, as SQS may bring it; and what other services send, which is none of it.
  await send(bridged(event('bridge-1', NOW)));
  await send(bridged({ state: 'running' }, { 'detail-type': 'EC2 Instance State-change Notification' }));
  await aws.putAndNotify(queue, 'flow-logs', `${folderOf('2026-11-20')}a.log.gz`, flowFile(flowLines(1)));
  const s = begin();
  await until(
    () => s.status().counts.deleted === 6 && s.status().counts.unknown === 1,
    () => s.status(),
  );
  expect(await ids()).toEqual(['bridge-1', 'bridge-2', 'bridge-3', 'bridge-4']);
  expect(await rows(sql`SELECT count() FROM bartizan.vpc_flow`)).toEqual([[3]]);
  expect(s.status()).toMatchObject({ counts: { events: 4, objects: 1, known: 1, ignored: 0, failed: 0 }, records: { records: 7, stored: 7 } });
  expect(s.status().problems.map((p) => p.code)).toEqual(['message-unknown']);
  expect(await rows(sql`SELECT DISTINCT source_name, source_host FROM bartizan.cloudtrail`)).toEqual([[`sqs://${queue}`, queue]]);
  expect(aws.queue(queue)).toEqual({ ready: 0, received: 1 });
});

it('keeps a message whose event is none in quarantine, with its text and the reason, and its neighbour is stored', async () => {
  const timeless = { eventVersion: '1.11', eventID: 'no-time', eventName: 'X' };
  const broken = [bridged('not an object'), bridged(undefined), bridged(timeless)].map((b) => JSON.stringify(b));
  for (const body of broken) await send(body);
  await send(bridged(event('neighbour', NOW)));
  const s = begin();
  await until(
    () => s.status().counts.deleted === 4,
    () => s.status(),
  );
  expect(await ids()).toContain('neighbour');
  expect(s.status().records).toMatchObject({ records: 4, stored: 1, quarantined: 3 });
  const { records } = await workspace.quarantine.list({ limit: 10 });
  expect(records.map(({ raw }) => raw).sort()).toEqual([broken[0], broken[1], JSON.stringify(timeless)].sort());
  expect(new Set(records.map(({ code }) => code))).toEqual(new Set(['unknown-json-shape', 'time-missing']));
});

it('deletes a message only when it is stored: what could not be stored comes back and is stored once', async () => {
  const names: string[] = [];
  let failures = 2;
  const intake: Intake = {
    async take(delivery: Delivery) {
      names.push(delivery.id);
      if (failures-- > 0) throw new Error('no room');
      expect(aws.queue(queue)).toEqual({ ready: 0, received: 1 });
      return workspace.pipeline.take(delivery);
    },
  };
  await send(bridged(event('comes-back', NOW)));
  const s = begin(intake);
  await until(
    () => s.status().counts.deleted === 1,
    () => s.status(),
  );
  expect(names).toHaveLength(3);
  expect(new Set(names).size).toBe(1);
  expect(s.status()).toMatchObject({ counts: { returned: 2, failed: 2, events: 1 }, records: { stored: 1 } });
  expect(s.status().problems.map((p) => p.code)).toEqual(['not-taken']);
  expect((await ids()).filter((id) => id === 'comes-back')).toHaveLength(1);
});
