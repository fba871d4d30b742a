/**
 * Tries an S3 source's settings step by step, changing nothing: each step is named, and a failure says what is wrong
 * and the way out. No message is received, so that none is hidden from the running source.
 */

import { GetBucketNotificationConfigurationCommand, GetObjectCommand, HeadBucketCommand, type QueueConfiguration } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { quotedWhole } from '../../model/wording.ts';
import { otherObject } from '../aws-path.ts';
import { Clients } from './clients.ts';
import { dayBefore, dayOf, type ListedObject, listObjects } from './listing.ts';
import { type Doing, explain, inS3, isRegion, S3Failure, type S3ProblemCode } from './problems.ts';
import { queueState } from './queue-worker.ts';
import { readQueue, type S3Settings } from './settings.ts';

export type CheckName = 'credentials' | 'queue' | 'dead-letter' | 'queue-policy' | 'bucket' | 'list' | 'object' | 'regions' | 'notification';

export interface Check {
  readonly name: CheckName;
  /** `warning`: it works, and may not be what is meant. `skipped`: it could not be tried, and need not be. */
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  readonly hint?: string;
  readonly code?: S3ProblemCode;
}

export interface TestOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly clock?: () => number;
  readonly signal?: AbortSignal;
}

/** Pages that are looked through for a recent object. */
const PAGES = 5;
const LONGEST_MS = 60_000;

/** Never throws. */
export async function testS3Source(settings: S3Settings, options: TestOptions = {}): Promise<readonly Check[]> {
  const clients = new Clients(settings, options.environment);
  const signals = [AbortSignal.timeout(LONGEST_MS), ...(options.signal ? [options.signal] : [])];
  try {
    const test = new Test(clients, settings, AbortSignal.any(signals), options.clock ?? Date.now);
    await test.run();
    return test.checks;
  } finally {
    clients.close();
  }
}

class Test {
  readonly checks: Check[] = [];
  readonly #clients: Clients;
  readonly #settings: S3Settings;
  readonly #signal: AbortSignal;
  readonly #clock: () => number;

  constructor(clients: Clients, settings: S3Settings, signal: AbortSignal, clock: () => number) {
    this.#clients = clients;
    this.#settings = settings;
    this.#signal = signal;
    this.#clock = clock;
  }

  async run(): Promise<void> {
    await this.#credentials();
    const queue = this.#settings.mode === 'queue' ? await this.#queue(this.#settings.queue) : undefined;
    const bucket = this.#settings.bucket ?? queue?.buckets[0];
    if (bucket === undefined) {
      this.#add(
        'bucket',
        'skipped',
        'The settings name no bucket, and the queue’s policy names none: it was not tried.',
        'Name the bucket to have it tested too; messages of other buckets are then left in the queue.',
      );
      return;
    }
    if (!(await this.#bucket(bucket))) return;
    await this.#object(bucket);
    this.#regions(bucket);
    if (queue) await this.#notification(bucket, queue.arn);
  }

  #add(name: CheckName, result: Check['result'], message: string, hint?: string, code?: S3ProblemCode): void {
    this.checks.push({ name, result, message, ...(hint ? { hint } : {}), ...(code ? { code } : {}) });
  }

  #fail(name: CheckName, error: unknown, doing: Doing): void {
    const { code, message, hint } = error instanceof S3Failure ? error.problem : explain(error, this.#clients.doing(doing));
    this.#add(name, 'failed', message, hint, code);
  }

  async #credentials(): Promise<void> {
    const { endpoint, queueEndpoint, stsEndpoint, region } = this.#settings;
    if ((endpoint ?? queueEndpoint) && !stsEndpoint) {
      this.#add('credentials', 'skipped', 'The endpoint is not AWS’s own: whose the credentials are was not asked. The next steps use them.');
      return;
    }
    try {
      const answer = await this.#clients.sts.send(new GetCallerIdentityCommand({}), { abortSignal: this.#signal });
      this.#add('credentials', 'ok', `The source acts as ${answer.Arn ? quotedWhole(answer.Arn) : 'an identity without a name'}.`);
    } catch (error) {
      this.#fail('credentials', error, { action: 'sts:GetCallerIdentity', resource: 'the credentials', region });
    }
  }

  /** The queue's ARN, and the buckets that its policy names. */
  async #queue(text: string): Promise<{ arn: string; buckets: readonly string[] } | undefined> {
    const region = this.#clients.queueRegion;
    try {
      const { sqs } = this.#clients;
      const url = await queueUrl(sqs, text, this.#signal);
      const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }), { abortSignal: this.#signal });
      const attributes = answer.Attributes ?? {};
      const state = queueState(attributes);
      this.#add('queue', 'ok', `The queue is there, in ${region}; about ${state.depth ?? 0} messages wait in it.`);
      if (state.deadLetter) this.#add('dead-letter', 'ok', `After ${state.deadLetter.maxReceiveCount} receipts a message goes to “${state.deadLetter.queue}”.`);
      else
        this.#add(
          'dead-letter',
          'warning',
          'The queue has no dead-letter queue.',
          'Give it one with a redrive policy of five receipts or more, so that messages that cannot be read do not come again and again.',
        );
      const policy = readPolicy(attributes.Policy);
      this.#add('queue-policy', policy.result, policy.message, policy.hint);
      return { arn: attributes.QueueArn ?? '', buckets: policy.buckets };
    } catch (error) {
      this.#fail('queue', error, { action: 'sqs:GetQueueAttributes', resource: quotedWhole(text), region });
      return undefined;
    }
  }

  async #bucket(bucket: string): Promise<boolean> {
    const resource = inS3(bucket);
    try {
      const answer = await this.#clients.withBucket(bucket, { action: 's3:ListBucket', resource }, (client) =>
        client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: this.#signal }),
      );
      if (answer.BucketRegion && isRegion(answer.BucketRegion)) this.#clients.suggestRegion(bucket, answer.BucketRegion);
      this.#add('bucket', 'ok', `The bucket “${bucket}” is there, in ${answer.BucketRegion ?? this.#clients.bucketRegion(bucket)}.`);
      return true;
    } catch (error) {
      this.#fail('bucket', error, { action: 's3:ListBucket', resource });
      // Reading by a queue needs no permission on the bucket itself.
      return this.#settings.mode === 'queue' && error instanceof S3Failure && error.problem.code === 'access-denied';
    }
  }

  async #object(bucket: string): Promise<void> {
    let newest: ListedObject | undefined;
    try {
      const { found, others } = await this.#newest(bucket);
      newest = found;
      const where = inS3(bucket, this.#settings.prefix ?? '');
      if (newest) this.#add('list', 'ok', `${where} can be listed; ${quotedWhole(newest.key)} is the newest object that was seen.`);
      else if (others > 0)
        this.#add(
          'list',
          'warning',
          `${where} can be listed, and what was seen there are ${others} objects of other kinds, no flow logs.`,
          'Check the prefix, or wait ten minutes for the first flow log file.',
        );
      else
        this.#add(
          'list',
          'warning',
          `${where} can be listed, and nothing is there.`,
          'Check the prefix; the first file of a new flow log comes after about ten minutes.',
        );
    } catch (error) {
      this.#fail('list', error, { action: 's3:ListBucket', resource: inS3(bucket, this.#settings.prefix ?? '') });
    }
    if (!newest) {
      this.#add('object', 'skipped', 'There is no object to try reading.');
      return;
    }
    const resource = inS3(bucket, newest.key);
    try {
      const command = new GetObjectCommand({ Bucket: bucket, Key: newest.key, Range: 'bytes=0-0' });
      await this.#clients.withBucket(bucket, { action: 's3:GetObject', resource }, async (client) => {
        const answer = await client.send(command, { abortSignal: this.#signal });
        await answer.Body?.transformToByteArray();
      });
      this.#add('object', 'ok', `${quotedWhole(newest.key)} can be read.`);
    } catch (error) {
      this.#fail('object', error, { action: 's3:GetObject', resource });
    }
  }

  /** Of the last two days where there is one, else of the first pages. */
  async #newest(bucket: string): Promise<{ found: ListedObject | undefined; others: number }> {
    let found: ListedObject | undefined;
    let others = 0;
    for (const fromDay of [dayBefore(dayOf(this.#clock()), 1), '']) {
      let pages = 0;
      others = 0;
      for await (const page of listObjects({ clients: this.#clients, bucket, prefix: this.#settings.prefix ?? '', after: '', fromDay, signal: this.#signal })) {
        for (const object of page) {
          if (otherObject(object.key, object.size)) others += 1;
          else if (!found || object.modified > found.modified) found = object;
        }
        pages += 1;
        if (pages >= PAGES) break;
      }
      if (found) break;
    }
    return { found, others };
  }

  #regions(bucket: string): void {
    const { region, mode } = this.#settings;
    const ofBucket = this.#clients.bucketRegion(bucket);
    const named = [`the source ${region}`, ...(mode === 'queue' ? [`the queue ${this.#clients.queueRegion}`] : []), `the bucket ${ofBucket}`];
    const all = new Set([region, ofBucket, ...(mode === 'queue' ? [this.#clients.queueRegion] : [])]);
    if (all.size === 1) this.#add('regions', 'ok', `All is in ${region}.`);
    else this.#add('regions', 'ok', `The regions differ (${named.join(', ')}); each is asked in its own.`);
  }

  async #notification(bucket: string, queueArn: string): Promise<void> {
    try {
      const answer = await this.#clients.withBucket(bucket, { action: 's3:GetBucketNotification', resource: inS3(bucket) }, (client) =>
        client.send(new GetBucketNotificationConfigurationCommand({ Bucket: bucket }), { abortSignal: this.#signal }),
      );
      const queues = (answer.QueueConfigurations ?? []).filter((to) => to.QueueArn === queueArn);
      const created = queues.filter((to) => to.Events?.some((event) => event.startsWith('s3:ObjectCreated:')));
      const topics = (answer.TopicConfigurations ?? []).map((to) => to.TopicArn);
      if (created.length > 0) this.#add('notification', 'ok', `The bucket notifies the queue of new objects${filterText(created)}.`);
      else if (queues.length > 0)
        this.#add(
          'notification',
          'failed',
          'The bucket notifies the queue, but not of new objects.',
          'Add the event type s3:ObjectCreated:* to the notification.',
        );
      else if (topics.length > 0)
        this.#add(
          'notification',
          'ok',
          `The bucket notifies ${topics.map((topic) => quotedWhole(topic ?? '')).join(', ')}; whether that topic passes it on to the queue was not tried.`,
        );
      else if (answer.EventBridgeConfiguration)
        this.#add('notification', 'ok', 'The bucket notifies EventBridge; whether a rule there passes it on to the queue was not tried.');
      else
        this.#add(
          'notification',
          'warning',
          'The bucket notifies nobody of new objects.',
          'Add an event notification for s3:ObjectCreated:* that goes to the queue, in the bucket’s properties.',
        );
    } catch (error) {
      const problem = error instanceof S3Failure ? error.problem : undefined;
      if (problem?.code === 'access-denied')
        this.#add(
          'notification',
          'skipped',
          'Whether the bucket notifies the queue may not be asked with these credentials.',
          'It need not be; s3:GetBucketNotification would allow it.',
        );
      else this.#fail('notification', error, { action: 's3:GetBucketNotification', resource: inS3(bucket) });
    }
  }
}

function filterText(to: readonly QueueConfiguration[]): string {
  const rules = to.flatMap((one) => one.Filter?.Key?.FilterRules ?? []);
  return rules.length === 0 ? '' : `, with the filter ${rules.map((rule) => `${rule.Name ?? ''} ${quotedWhole(rule.Value ?? '')}`).join(', ')}`;
}

async function queueUrl(sqs: SQSClient, text: string, signal: AbortSignal): Promise<string> {
  const queue = readQueue(text);
  if (queue?.url) return queue.url;
  const answer = await sqs.send(new GetQueueUrlCommand({ QueueName: queue?.name, ...(queue?.account ? { QueueOwnerAWSAccountId: queue.account } : {}) }), {
    abortSignal: signal,
  });
  return answer.QueueUrl ?? '';
}

interface PolicyFacts {
  readonly result: 'ok' | 'warning';
  readonly message: string;
  readonly hint?: string;
  readonly buckets: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

/** Who may send to the queue, as its policy says. */
function readPolicy(text: string | undefined): PolicyFacts {
  const none = {
    result: 'warning',
    message: 'The queue’s policy lets nobody else send to it.',
    hint: 'Allow sqs:SendMessage to the service s3.amazonaws.com (or to the SNS topic), with a condition on aws:SourceArn and aws:SourceAccount.',
    buckets: [],
  } as const;
  let statements: readonly unknown[];
  try {
    statements = list((JSON.parse(text ?? '{}') as Json).Statement);
  } catch {
    return { ...none, message: 'The queue’s policy cannot be read.' };
  }
  const senders = statements
    .filter((statement): statement is Json => typeof statement === 'object' && statement !== null)
    .filter((statement) => statement.Effect === 'Allow' && list(statement.Action).some((action) => /^(\*|sqs:(\*|Send.*))$/i.test(String(action))));
  if (senders.length === 0) return none;
  const conditions = senders.map((statement) => JSON.stringify(statement.Condition ?? {}));
  const buckets = [
    ...new Set(conditions.flatMap((condition) => [...condition.matchAll(/"arn:aws[a-z-]*:s3:::([a-z0-9.-]+)"/g)].map((match) => match[1] as string))),
  ];
  const open = senders.some((statement, i) => conditions[i] === '{}' && isAnybody(statement.Principal));
  if (open)
    return {
      result: 'warning',
      message: 'The queue’s policy lets anybody send to it.',
      hint: 'Narrow it to the service s3.amazonaws.com with a condition on aws:SourceArn and aws:SourceAccount: who sends there decides what is read.',
      buckets,
    };
  return {
    result: 'ok',
    message: `The queue’s policy lets ${buckets.length > 0 ? `the bucket ${buckets.map(quotedWhole).join(', ')}` : 'others'} send to it.`,
    buckets,
  };
}

function isAnybody(principal: unknown): boolean {
  if (typeof principal !== 'object' || principal === null) return principal === '*';
  return list((principal as Json).AWS).includes('*');
}
