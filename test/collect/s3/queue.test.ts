/** A queue of notifications, over real HTTP: what is read, what is deleted, what comes back. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../src/collect/delivery.ts';
import {
  Aws,
  afterPoll,
  eventBridge,
  flowFile,
  flowLines,
  folderOf,
  KEYS,
  Ledger,
  nativeEvent,
  REGION,
  type Started,
  snsWrapped,
  start,
  until,
} from './aws.ts';

let aws: Aws;
let folder: string;
let source: Started | undefined;
let number = 0;
let queue = '';

beforeAll(async () => {
  aws = await Aws.start();
  aws.server.createBucket('flow-logs');
  folder = mkdtempSync(join(tmpdir(), 'bartizan-s3-'));
});
afterAll(async () => {
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  number += 1;
  queue = `queue-${number}`;
  aws.server.createQueue(queue);
  aws.server.emptyBucket('flow-logs');
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
});

const begin = (settings: Record<string, unknown> = {}, options: Partial<Parameters<typeof start>[1]> = {}) => {
  source = start({ mode: 'queue', queue, ...settings }, { endpoint: aws.endpoint, folder, ...options });
  return source;
};
const key = (name: string, day = '2026-11-20') => `${folderOf(day)}${name}.log.gz`;
/** What the stand-in gives to a poll of a client that has gone comes back soon. */
const BRIEF = { visibilitySeconds: 5 };
const isEmpty = () => aws.queue(queue).ready === 0 && aws.queue(queue).received === 0;

describe('notifications', () => {
  it('reads what messages of every shape name, deletes them, and leaves what it does not know', async () => {
    const bodies = Array.from({ length: 9 }, (_, i) => flowLines(i));
    const named = (i: number, name: string) => ({ bucket: 'flow-logs', key: key(name), size: flowFile(bodies[i]!).byteLength });
    const names = ['native 2.0', 'native+2.3', 'native%20 2.5 é', 'wrapped in sns', 'event bridge+%41', 'cloudtrail’s own', 'several 1', 'several 2', 'raw'];
    const etags = await Promise.all(names.map((name, i) => aws.put('flow-logs', key(name), flowFile(bodies[i]!))));
    const object = (i: number) => ({ ...named(i, names[i]!), etag: etags[i]! });
    aws.send(queue, nativeEvent([object(0)], '2.0'));
    aws.send(queue, nativeEvent([object(1)], '2.3'));
    aws.send(queue, nativeEvent([object(2)], '2.5'));
    aws.send(queue, snsWrapped(nativeEvent([object(3)], '2.2')));
    aws.send(queue, eventBridge(object(4)));
    aws.send(queue, { s3Bucket: 'flow-logs', s3ObjectKey: [key(names[5]!)] });
    aws.send(queue, nativeEvent([object(6), object(7), { bucket: 'flow-logs', key: key('removed'), name: 'ObjectRemoved:Delete' }]));
    aws.send(queue, nativeEvent([object(8)], '2.4'));
    aws.send(queue, { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-11-20T00:00:00Z', Bucket: 'flow-logs' });
    aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: key('gone'), name: 'ObjectRemoved:DeleteMarkerCreated' }]));
    // Noise: two strangers, which stay.
    aws.send(queue, 'hello');
    aws.send(queue, { Records: [{ eventSource: 'aws:kinesis', kinesis: { data: 'AAAA' } }] });

    const s = begin();
    await until(
      () => s.status().counts.objects === 9 && s.status().counts.deleted === 10 && s.status().counts.unknown === 2,
      () => s.status(),
    );
    expect(s.ledger.lines()).toEqual(bodies.flat().sort());
    expect([...s.ledger.stored.keys()].sort()).toEqual(names.map((name, i) => `s3:flow-logs/${key(name)}@${etags[i]}`).sort());
    expect(s.status()).toMatchObject({
      state: 'running',
      records: { records: 27, stored: 27 },
      counts: { tests: 1, ignored: 2, messages: 12, failed: 0, gone: 0 },
    });
    expect(s.status().problems.map((p) => p.code)).toEqual(['message-unknown']);
    expect(s.status().problems[0]).toMatchObject({ count: 2, hint: expect.stringContaining('dead-letter queue') });
    expect(aws.queue(queue)).toEqual({ ready: 0, received: 2 });
    expect(s.ledger.taken[0]).toMatchObject({
      source: 'source-1',
      origin: { sourceHost: 'flow-logs', sourceCategory: 'aws/vpc', collector: 'example', sourceName: expect.stringMatching(/^s3:\/\/flow-logs\/AWSLogs/) },
    });
    expect(s.ledger.taken[0]!.sentAt).toBeGreaterThan(Date.now() - 60_000);
    expect(s.status().lagMs).toBeGreaterThanOrEqual(0);
  });

  it('acknowledges objects of other kinds with a count and reads none of them', async () => {
    const other = [
      `AWSLogs/123456789012/WAFLogs/${REGION}/2026/11/20/x.log.gz`,
      `AWSLogs/123456789012/CloudTrail-Lake/Query/2026/11/20/01234567-89ab-cdef-0123-456789abcdef/result_sign.json`,
      `AWSLogs/123456789012/CloudTrail-Digest/${REGION}/2026/11/20/digest.json.gz`,
      'AWSLogs/123456789012/Config/ConfigWritabilityCheckFile',
      'AWSLogs/123456789012/vpcflowlogs/',
    ];
    for (const name of other) await aws.putAndNotify(queue, 'flow-logs', name, Buffer.from(name.endsWith('/') ? '' : 'x'));
    await aws.putAndNotify(queue, 'flow-logs', key('real'), flowFile(flowLines(1)));
    const s = begin();
    await until(
      () => s.status().counts.deleted === 6,
      () => s.status(),
    );
    expect(s.status().recognized).toEqual({ 'other-log': 1, manifest: 1, 'cloudtrail-digest': 1, test: 1, folder: 1 });
    expect(s.ledger.stored.size).toBe(1);
    expect(s.status().problems).toEqual([]);
  });

  it('keeps to its bucket and prefix', async () => {
    aws.server.createBucket('other-logs');
    await aws.putAndNotify(queue, 'other-logs', key('foreign'), flowFile(flowLines(1)));
    await aws.putAndNotify(queue, 'flow-logs', 'elsewhere/a.log.gz', flowFile(flowLines(2)));
    await aws.putAndNotify(queue, 'flow-logs', key('mine'), flowFile(flowLines(3)));
    const s = begin({ bucket: 'flow-logs', prefix: 'AWSLogs/' });
    await until(
      () => s.status().counts.deleted === 2 && s.status().counts.unknown === 1,
      () => s.status(),
    );
    expect(s.ledger.lines()).toEqual(flowLines(3).sort());
    expect(s.status().counts.outside).toBe(1);
    expect(s.status().problems[0]).toMatchObject({ code: 'other-bucket', message: expect.stringContaining('other-logs') });
  });

  it('makes no file names of keys', async () => {
    const bad = ['../../../etc/passwd', '/absolute/a.log', 'a/\u0000b.log', '..', 'a'.repeat(1000)];
    for (const [i, name] of bad.entries()) {
      // The stand-in cannot hold such keys under their own names: that they are asked for is what counts here.
      aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: name, time: '2026-01-01T00:00:00Z', sequencer: `0${i}` }]));
    }
    const body = flowFile(flowLines(9, 100_000));
    await aws.putAndNotify(queue, 'flow-logs', 'dots/..%2F..%2F/a.log.gz', body);
    const files = new Set<string>();
    const ledger = new Ledger();
    ledger.before = (delivery) => {
      if ('path' in delivery.content) files.add(delivery.content.path.slice(folder.length));
    };
    const s = begin({}, { ledger, limiter: new (await import('../../../src/collect/s3/limiter.ts')).Limiter({ maxMemory: 0 }) });
    await until(
      () => s.status().counts.objects === 1 && s.status().counts.deleted + s.status().counts.failed >= 6,
      () => s.status(),
    );
    // Bad names that were given back may have been tried twice by then, and the good one's file still be there.
    await s.stop();
    expect([...files]).toEqual([expect.stringMatching(/^\/[0-9a-f]{24}\/[0-9a-f-]{36}\.part$/)]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('at least once', () => {
  it('reads an object once that many messages name, in any order', async () => {
    const bodies = Array.from({ length: 20 }, (_, i) => flowLines(i));
    const events: object[] = [];
    for (const [i, lines] of bodies.entries()) {
      const etag = await aws.put('flow-logs', key(`n${i}`), flowFile(lines));
      for (let again = 0; again < 3; again++) events.push(nativeEvent([{ bucket: 'flow-logs', key: key(`n${i}`), etag, sequencer: `00${i}` }]));
    }
    for (const event of events.reverse()) aws.send(queue, event);
    const s = begin();
    await until(
      () => s.status().counts.deleted === 60,
      () => s.status(),
    );
    expect(s.ledger.lines()).toEqual(bodies.flat().sort());
    expect(s.ledger.taken.length).toBe(20);
    expect(s.status().counts).toMatchObject({ objects: 20, repeated: 40 });
    expect(isEmpty()).toBe(true);
  });

  it('takes new content under an old key for another object', async () => {
    const first = await aws.putAndNotify(queue, 'flow-logs', key('same'), flowFile(flowLines(1)));
    const s = begin();
    await until(
      () => s.status().counts.deleted === 1,
      () => s.status(),
    );
    const second = await aws.putAndNotify(queue, 'flow-logs', key('same'), flowFile(flowLines(2)));
    await until(
      () => s.status().counts.deleted === 2,
      () => s.status(),
    );
    expect([...s.ledger.stored.keys()]).toEqual([`s3:flow-logs/${key('same')}@${first}`, `s3:flow-logs/${key('same')}@${second}`]);
  });

  it('stores once what is delivered again to a source that was started anew', async () => {
    await aws.putAndNotify(queue, 'flow-logs', key('a'), flowFile(flowLines(1)));
    const s = begin(BRIEF);
    await until(
      () => s.status().counts.deleted === 1,
      () => s.status(),
    );
    await s.stop();
    await afterPoll();
    await aws.putAndNotify(queue, 'flow-logs', key('a'), flowFile(flowLines(1)));
    const again = begin({}, { ledger: s.ledger });
    await until(
      () => again.status().counts.deleted === 1,
      () => again.status(),
    );
    expect(again.status().counts).toMatchObject({ known: 1, objects: 0 });
    expect(s.ledger.lines()).toEqual(flowLines(1).sort());
  });

  it('reads what a killed process had received and not deleted', async () => {
    await aws.putAndNotify(queue, 'flow-logs', key('a'), flowFile(flowLines(1)));
    const killed = new SQSClient({ region: REGION, endpoint: aws.endpoint, credentials: { ...KEYS }, useQueueUrlAsEndpoint: false });
    const received = await killed.send(new ReceiveMessageCommand({ QueueUrl: aws.server.inspectQueue(queue)!.url, VisibilityTimeout: 1 }));
    expect(received.Messages?.length).toBe(1);
    killed.destroy();
    const s = begin();
    await until(
      () => s.status().counts.deleted === 1,
      () => s.status(),
    );
    expect(s.ledger.lines()).toEqual(flowLines(1).sort());
  });

  it('deletes a message only after all of its objects are stored', async () => {
    const ledger = new Ledger();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    ledger.before = (delivery) => (delivery.name.includes('second') ? gate : undefined);
    const objects = await Promise.all(
      ['first', 'second'].map(async (name, i) => ({
        bucket: 'flow-logs',
        key: key(name),
        etag: await aws.put('flow-logs', key(name), flowFile(flowLines(i))),
      })),
    );
    aws.send(queue, nativeEvent(objects));
    const s = begin({}, { ledger });
    await until(
      () => ledger.stored.size === 1 && ledger.active === 1,
      () => s.status(),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(aws.queue(queue)).toEqual({ ready: 0, received: 1 });
    expect(s.status()).toMatchObject({ counts: { deleted: 0 }, inFlight: { messages: 1, objects: 1 } });
    open();
    // It is counted when the answer is here, and the queue is empty before.
    await until(
      () => s.status().counts.deleted === 1,
      () => s.status(),
    );
    expect(isEmpty()).toBe(true);
  });

  it('keeps a message hidden for as long as its objects take', async () => {
    const ledger = new Ledger();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    ledger.before = () => gate;
    await aws.putAndNotify(queue, 'flow-logs', key('slow'), flowFile(flowLines(1)));
    // The heartbeat beats three times within it: a machine that is busy may be late by two.
    const s = begin({ visibilitySeconds: 4 }, { ledger });
    await until(
      () => ledger.active === 1,
      () => s.status(),
    );
    // Longer than the timeout that it was received with.
    await new Promise((resolve) => setTimeout(resolve, 5500));
    expect(s.status().counts.messages).toBe(1);
    expect(aws.queue(queue)).toEqual({ ready: 0, received: 1 });
    open();
    await until(
      () => s.status().counts.deleted === 1,
      () => s.status(),
    );
    expect(isEmpty()).toBe(true);
    expect(s.status().counts).toMatchObject({ messages: 1, objects: 1 });
  });

  it('gives a message back whose objects were refused, and reads it when it comes again', async () => {
    const ledger = new Ledger();
    let refused = 0;
    ledger.before = (delivery) => {
      if (delivery.name.includes('refused') && refused++ < 1) throw new DeliveryError('the store is full', { retryable: true });
    };
    await aws.putAndNotify(queue, 'flow-logs', key('refused'), flowFile(flowLines(1)));
    await aws.putAndNotify(queue, 'flow-logs', key('noise'), flowFile(flowLines(2)));
    const s = begin({}, { ledger });
    await until(
      () => s.status().counts.deleted === 2,
      () => s.status(),
    );
    expect(isEmpty()).toBe(true);
    expect(s.ledger.lines()).toEqual([...flowLines(1), ...flowLines(2)].sort());
    expect(s.status().counts).toMatchObject({ messages: 3, returned: 1, deleted: 2, failed: 1 });
    expect(s.status().problems[0]).toMatchObject({ code: 'not-taken', message: expect.stringContaining('the store is full') });
  });

  it('says that a message is about to go to the dead-letter queue, and lets it go there', async () => {
    aws.server.createQueue(`${queue}-dead`);
    const arn = `arn:aws:sqs:${REGION}:000000000000:${queue}-dead`;
    aws.server.deleteQueue(queue);
    aws.server.createQueue(queue, { attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 2 }) } });
    const ledger = new Ledger();
    ledger.before = (delivery) => {
      if (delivery.name.includes('never')) throw new Error('no');
    };
    await aws.putAndNotify(queue, 'flow-logs', key('never'), flowFile(flowLines(1)));
    await aws.putAndNotify(queue, 'flow-logs', key('noise'), flowFile(flowLines(2)));
    const s = begin({}, { ledger });
    await until(
      () => aws.queue(`${queue}-dead`).ready === 1,
      () => s.status(),
    );
    expect(s.status().queue).toMatchObject({ deadLetter: { queue: arn, maxReceiveCount: 2 } });
    expect(s.status().problems.find((p) => p.code === 'near-dead-letter')).toMatchObject({ count: 1, message: expect.stringContaining('2 times of 2') });
    expect(s.ledger.lines()).toEqual(flowLines(2).sort());
  });

  it('waits for an object that is not there yet, and lets one go that is no longer there', async () => {
    const s = begin({}, { timings: { graceMs: 60_000 } });
    aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: key('late') }]));
    aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: key('expired'), time: '2026-01-01T00:00:00Z' }]));
    await until(
      () => s.status().counts.gone === 1,
      () => s.status(),
    );
    expect(s.status().inFlight.messages).toBeGreaterThanOrEqual(1);
    await aws.put('flow-logs', key('late'), flowFile(flowLines(1)));
    await until(
      () => s.status().counts.deleted === 2,
      () => s.status(),
    );
    expect(s.ledger.lines()).toEqual(flowLines(1).sort());
    expect(s.status().counts).toMatchObject({ messages: 2, deleted: 2, gone: 1, failed: 0 });
    expect(s.status().problems).toMatchObject([
      { code: 'object-gone', message: expect.stringContaining('expired'), objects: [expect.stringContaining('expired')] },
    ]);
  });

  it('logs each object that will not be read by its name, once, and says the last ones', async () => {
    const s = begin();
    const gone = Array.from({ length: 14 }, (_, i) => key(`expired-${i}`));
    for (const name of [...gone, gone[3]!, key('there')]) {
      if (name === key('there')) await aws.put('flow-logs', name, flowFile(flowLines(1)));
      aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: name, time: '2026-01-01T00:00:00Z' }]));
    }
    await until(
      () => s.status().counts.deleted === 16,
      () => s.status(),
    );
    const lines = s.log.lines.filter((line) => line.includes('object-gone'));
    expect(lines.map((line) => (JSON.parse(line.slice(0, line.indexOf('}') + 1)) as { object: string }).object).sort()).toEqual(
      gone.map((name) => `s3://flow-logs/${name}`).sort(),
    );
    const [problem] = s.status().problems;
    expect(problem?.count).toBeGreaterThanOrEqual(14);
    expect(new Set(problem?.objects).size).toBe(10);
    expect(s.ledger.lines()).toEqual(flowLines(1).sort());
  });
});

describe('stopping', () => {
  it('finishes what is in hand, and gives back at once what takes longer', async () => {
    const ledger = new Ledger();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let finish = () => {};
    const stopped = new Promise<void>((resolve) => {
      finish = resolve;
    });
    ledger.before = (delivery) => (delivery.name.includes('stuck') ? gate : stopped);
    await aws.putAndNotify(queue, 'flow-logs', key('stuck'), flowFile(flowLines(1)));
    await aws.putAndNotify(queue, 'flow-logs', key('quick'), flowFile(flowLines(2)));
    const s = begin(BRIEF, { ledger, timings: { stopMs: 4000 } });
    await until(
      () => ledger.active === 2,
      () => s.status(),
    );
    const ended = s.stop();
    finish();
    await ended;
    expect(s.status()).toMatchObject({ state: 'stopped', counts: { deleted: 1, returned: 1, objects: 1 } });
    // Back in the queue, not hidden: the next receives it at once.
    ledger.before = () => {};
    const next = begin({}, { ledger });
    await until(isEmpty, () => next.status());
    open();
    expect(ledger.lines()).toEqual([...flowLines(1), ...flowLines(2)].sort());
  });

  it('stops within a long poll, at a signal, and twice', async () => {
    const stop = new AbortController();
    const s = begin({}, { signal: stop.signal });
    await until(
      () => s.status().state === 'running',
      () => s.status(),
    );
    stop.abort();
    await s.stop();
    await s.stop();
    await s.ended;
    expect(s.status().state).toBe('stopped');
    await afterPoll();
    aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: key('after') }]));
    await afterPoll();
    // A source that runs deletes the message of an object that is gone; a poll of a client that has gone may have it.
    const { ready, received } = aws.queue(queue);
    expect(ready + received).toBe(1);
    expect(s.status().counts.messages).toBe(0);
  });
});

describe('many at once', () => {
  it('runs many sources with one limiter, each with its own records', async () => {
    const { Limiter } = await import('../../../src/collect/s3/limiter.ts');
    const limiter = new Limiter({ max: 6 });
    const ledger = new Ledger();
    ledger.before = () => new Promise((resolve) => setTimeout(resolve, 5));
    const all: Started[] = [];
    for (let n = 0; n < 4; n++) {
      const name = `${queue}-${n}`;
      aws.server.createQueue(name);
      for (let i = 0; i < 25; i++) await aws.putAndNotify(name, 'flow-logs', key(`${n}-${i}`), flowFile(flowLines(n * 100 + i)));
      all.push(start({ mode: 'queue', queue: name }, { endpoint: aws.endpoint, folder, ledger, limiter, id: `source-${n}` }));
    }
    await until(
      () => all.every((s) => s.status().counts.deleted === 25),
      () => all.map((s) => s.status().counts),
    );
    await Promise.all(all.map((s) => s.stop()));
    expect(ledger.stored.size).toBe(100);
    expect(ledger.most).toBeGreaterThan(1);
    expect(ledger.most).toBeLessThanOrEqual(6);
    for (let n = 0; n < 4; n++) expect(ledger.taken.filter((d) => d.source === `source-${n}`).length).toBe(25);
    expect(limiter.active).toBe(0);
  });

  it('finds a queue by name, ARN and URL', async () => {
    for (const [i, name] of [queue, `arn:aws:sqs:${REGION}:000000000000:${queue}`, aws.server.inspectQueue(queue)!.url].entries()) {
      await aws.putAndNotify(queue, 'flow-logs', key(`by-${i}`), flowFile(flowLines(i)));
      const s = begin({ ...BRIEF, queue: name });
      await until(
        () => s.status().counts.deleted === 1,
        () => s.status(),
      );
      await s.stop();
      await afterPoll();
    }
  });
});
