/**
 * A queue of notifications: received by long polls, kept hidden from others while their objects are read, deleted
 * only when every object of a message, or the record that it is, is stored. SQS delivers at least once and in any order; what comes again is
 * known by the objects' identities.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { quoted, quotedWhole } from '../../model/wording.ts';
import type { Clients } from './clients.ts';
import { parseNotification } from './notification.ts';
import { type Doing, explain, S3Failure, type S3Problem } from './problems.ts';
import type { ObjectReader } from './reader.ts';
import { readQueue, type S3Settings } from './settings.ts';
import type { QueueState, Tally } from './status.ts';
import { Backoff, type Timings } from './timing.ts';

export interface QueueContext {
  readonly clients: Clients;
  readonly settings: Extract<S3Settings, { mode: 'queue' }>;
  readonly reader: ObjectReader;
  readonly tally: Tally;
  readonly timings: Timings;
  readonly clock: () => number;
  /** Aborted when nothing more shall be received. */
  readonly stopping: AbortSignal;
  report(problem: S3Problem): void;
}

interface Held {
  readonly receipt: string;
  readonly id: string;
  readonly since: number;
  /** It is given back: the heartbeat must not hide it again. */
  returned?: boolean;
}

/** SQS hides a message for twelve hours in all, counted from its receipt. */
const LONGEST_HELD_MS = 11.5 * 3_600_000;
/** Messages in hand: enough to keep the limiter busy, few enough to be prolonged by some requests. */
const MOST_HELD = 100;
const LONGEST_RETURN_S = 900;

export class QueueWorker {
  readonly #context: QueueContext;
  readonly #held = new Set<Held>();
  readonly #done: Held[] = [];
  readonly #watchers = new Set<() => void>();
  #url = '';
  #state: QueueState = { depth: undefined, received: undefined, deadLetter: undefined };
  #flushing: NodeJS.Timeout | undefined;
  #deleting: Promise<void> = Promise.resolve();
  #prolonging: Promise<void> = Promise.resolve();

  constructor(context: QueueContext) {
    this.#context = context;
  }

  get state(): QueueState {
    return this.#state;
  }
  get held(): number {
    return this.#held.size;
  }

  /** Until `stopping` is aborted. Never throws. */
  async run(): Promise<void> {
    const { stopping, timings, tally } = this.#context;
    const backoff = new Backoff(timings.retryMs, timings.longestRetryMs);
    const heartbeat = setInterval(
      () => {
        this.#prolonging = this.#prolong();
      },
      (this.#context.settings.visibilitySeconds * 1000) / 3,
    );
    const attributes = setInterval(() => void this.#readAttributes(), timings.attributesMs);
    try {
      while (!stopping.aborted) {
        try {
          if (!this.#url) {
            this.#url = await this.#findUrl();
            await this.#readAttributes();
            // An empty queue answers the first poll only after twenty seconds.
            if (this.#state.depth !== undefined && !stopping.aborted) tally.state = 'running';
          }
          await this.#until(() => this.#held.size < MOST_HELD, stopping);
          if (stopping.aborted) break;
          const messages = await this.#receive();
          if (!stopping.aborted) tally.state = 'running';
          backoff.reset();
          for (const message of messages)
            void this.#handle(message).catch((error: unknown) => this.#context.report(this.#explain(error, 'sqs:ReceiveMessage')));
        } catch (error) {
          if (stopping.aborted) break;
          tally.state = 'failing';
          this.#context.report(this.#explain(error, 'sqs:ReceiveMessage'));
          await backoff.wait(stopping);
        }
      }
    } finally {
      clearInterval(attributes);
      // What is in hand may take some seconds more; the rest is given back at once.
      await this.#until(() => this.#held.size === 0, undefined, timings.stopMs);
      clearInterval(heartbeat);
      await this.#prolonging;
      const left = [...this.#held];
      this.#held.clear();
      await this.#flush();
      if (left.length > 0) {
        tally.counts.returned += left.length;
        await this.#hide(left, 0).catch((error: unknown) => this.#context.report(this.#explain(error, 'sqs:ChangeMessageVisibility')));
      }
    }
  }

  /** Resolves when that is so, at the signal, or after `ms`. */
  #until(so: () => boolean, signal?: AbortSignal, ms?: number): Promise<void> {
    if (so() || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        this.#watchers.delete(look);
        resolve();
      };
      const look = () => {
        if (so()) end();
      };
      const timer = ms === undefined ? undefined : setTimeout(end, ms);
      signal?.addEventListener('abort', end, { once: true });
      this.#watchers.add(look);
    });
  }

  async #findUrl(): Promise<string> {
    const queue = readQueue(this.#context.settings.queue);
    if (!queue) throw new Error('the queue has no name');
    if (queue.url) return queue.url;
    const answer = await this.#send('sqs:GetQueueUrl', () =>
      this.#context.clients.sqs.send(new GetQueueUrlCommand({ QueueName: queue.name, ...(queue.account ? { QueueOwnerAWSAccountId: queue.account } : {}) })),
    );
    return answer.QueueUrl ?? '';
  }

  async #receive(): Promise<readonly Message[]> {
    const { clients, settings, timings, stopping } = this.#context;
    const answer = await this.#send('sqs:ReceiveMessage', () =>
      clients.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: this.#url,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: timings.pollSeconds,
          VisibilityTimeout: settings.visibilitySeconds,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
        }),
        { abortSignal: stopping },
      ),
    );
    return answer.Messages ?? [];
  }

  async #handle(message: Message): Promise<void> {
    const { clock, tally, settings, clients, reader, timings, stopping } = this.#context;
    const now = clock();
    const held: Held = { receipt: message.ReceiptHandle ?? '', id: message.MessageId ?? '', since: now };
    const times = Number(message.Attributes?.ApproximateReceiveCount ?? 1);
    const sent = Number(message.Attributes?.SentTimestamp ?? now);
    this.#held.add(held);
    tally.counts.messages += 1;
    const notification = parseNotification(message.Body ?? '');
    const mine = notification.objects.filter((object) => settings.bucket === undefined || object.bucket === settings.bucket);
    const foreign = notification.objects.find((object) => settings.bucket !== undefined && object.bucket !== settings.bucket);
    this.#warn(held, times, notification.objects[0]?.key);
    if (notification.test) tally.counts.tests += 1;
    tally.counts.ignored += notification.ignored;
    for (const object of mine) if (object.region) clients.suggestRegion(object.bucket, object.region);
    const reading = mine.map((object) => reader.read({ ...object, sentAt: object.sentAt ?? sent, graceMs: timings.graceMs }));
    if (notification.record !== undefined) reading.push(reader.record(notification.record, readQueue(settings.queue)?.name ?? settings.queue, sent));
    const results = await Promise.allSettled(reading);
    // Given back when the source stopped.
    if (!this.#held.has(held)) return;
    if (notification.unknown || foreign) this.#leave(held, notification.unknown, foreign?.bucket);
    else if (results.every((result) => result.status === 'fulfilled')) this.#delete(held);
    else await this.#return(held, stopping.aborted ? 0 : Math.min(LONGEST_RETURN_S, Math.ceil((timings.returnMs / 1000) * 2 ** Math.min(20, times - 1))));
    this.#held.delete(held);
    for (const look of this.#watchers) look();
  }

  /** Not deleted: it comes again until the queue moves it to its dead-letter queue. */
  #leave(held: Held, unknown: string, bucket: string | undefined): void {
    const { tally, settings } = this.#context;
    tally.counts.unknown += 1;
    this.#context.report(
      unknown
        ? {
            code: 'message-unknown',
            message: `The message ${held.id} is no notification of S3: ${unknown}.`,
            hint: this.#state.deadLetter
              ? 'It is left for the dead-letter queue, where it can be looked at.'
              : 'It is left in the queue. Give the queue a dead-letter queue, so that it does not come again and again.',
            retryable: false,
          }
        : {
            code: 'other-bucket',
            message: `The message ${held.id} names the bucket ${quoted(String(bucket))}, and this source reads “${settings.bucket}”.`,
            hint: 'Read it with a source of its own and a queue of its own, or leave the bucket out of this source’s settings.',
            retryable: false,
          },
    );
  }

  #warn(held: Held, times: number, key: string | undefined): void {
    const most = this.#state.deadLetter?.maxReceiveCount;
    if (most === undefined || times < Math.max(2, most - 1)) return;
    this.#context.report({
      code: 'near-dead-letter',
      message: `The message ${held.id}${key ? ` about ${quotedWhole(key)}` : ''} was received ${times} times of ${most}; then it goes to “${this.#state.deadLetter?.queue}”.`,
      hint: 'What keeps its objects from being read stands in the other problems. After that is mended, move the messages of the dead-letter queue back.',
      retryable: true,
    });
  }

  #delete(held: Held): void {
    this.#done.push(held);
    if (this.#done.length >= 10) void this.#flush();
    else this.#flushing ??= setTimeout(() => void this.#flush(), this.#context.timings.deleteMs);
  }

  /** One after the other, so that waiting for the last waits for all. */
  #flush(): Promise<void> {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    this.#deleting = this.#deleting.then(() => this.#deleteDone());
    return this.#deleting;
  }

  async #deleteDone(): Promise<void> {
    const { clients, tally } = this.#context;
    while (this.#done.length > 0) {
      const batch = this.#done.splice(0, 10);
      let left = batch;
      for (let tries = 0; left.length > 0 && tries < 3; tries++) {
        try {
          const answer = await this.#send('sqs:DeleteMessage', () =>
            clients.sqs.send(
              new DeleteMessageBatchCommand({ QueueUrl: this.#url, Entries: left.map((held, i) => ({ Id: String(i), ReceiptHandle: held.receipt })) }),
            ),
          );
          const failed = new Set((answer.Failed ?? []).map((entry) => Number(entry.Id)));
          left = left.filter((_, i) => failed.has(i));
        } catch (error) {
          // It comes again, and its objects are known then.
          this.#context.report(this.#explain(error, 'sqs:DeleteMessage'));
        }
      }
      tally.counts.deleted += batch.length - left.length;
    }
  }

  /** Back into the queue, to be received again in so many seconds. */
  async #return(held: Held, seconds: number): Promise<void> {
    this.#context.tally.counts.returned += 1;
    held.returned = true;
    await this.#prolonging;
    await this.#hide([held], seconds).catch((error: unknown) => this.#context.report(this.#explain(error, 'sqs:ChangeMessageVisibility')));
  }

  /** The heartbeat: what is in hand stays hidden. */
  async #prolong(): Promise<void> {
    const { clock, settings } = this.#context;
    const now = clock();
    const due = [...this.#held].filter((held) => !held.returned && now - held.since < LONGEST_HELD_MS);
    await this.#hide(due, settings.visibilitySeconds).catch((error: unknown) => this.#context.report(this.#explain(error, 'sqs:ChangeMessageVisibility')));
  }

  async #hide(all: readonly Held[], seconds: number): Promise<void> {
    const { clients } = this.#context;
    for (let from = 0; from < all.length; from += 10) {
      const batch = all.slice(from, from + 10);
      const answer = await this.#send('sqs:ChangeMessageVisibility', () =>
        clients.sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: this.#url,
            Entries: batch.map((held, i) => ({ Id: String(i), ReceiptHandle: held.receipt, VisibilityTimeout: seconds })),
          }),
        ),
      );
      for (const entry of answer.Failed ?? []) {
        const held = batch[Number(entry.Id)];
        // Deleted in the meantime is no loss.
        if (held && this.#held.has(held)) this.#lost(held);
      }
    }
  }

  #lost(held: Held): void {
    this.#context.report({
      code: 'receipt-lost',
      message: `The message ${held.id} can no longer be kept hidden while it is read.`,
      hint: 'It comes again, and its objects are not stored again. A longer visibility timeout of the source helps where this is frequent.',
      retryable: true,
    });
  }

  async #readAttributes(): Promise<void> {
    const { clients } = this.#context;
    if (!this.#url) return;
    try {
      const answer = await this.#send('sqs:GetQueueAttributes', () =>
        clients.sqs.send(
          new GetQueueAttributesCommand({
            QueueUrl: this.#url,
            AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'RedrivePolicy'],
          }),
        ),
      );
      this.#state = queueState(answer.Attributes ?? {});
    } catch (error) {
      if (!this.#context.stopping.aborted) this.#context.report(this.#explain(error, 'sqs:GetQueueAttributes'));
    }
  }

  #doing(action: string): Doing {
    const { clients, settings } = this.#context;
    return clients.doing({ action, resource: quotedWhole(settings.queue), region: clients.queueRegion });
  }

  #explain(error: unknown, action: string): S3Problem {
    return explain(error, this.#doing(action));
  }

  async #send<T>(action: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw new S3Failure(this.#explain(error, action), error);
    }
  }
}

/** From a queue's attributes. */
export function queueState(attributes: Readonly<Partial<Record<string, string>>>): QueueState {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    depth: number(attributes.ApproximateNumberOfMessages),
    received: number(attributes.ApproximateNumberOfMessagesNotVisible),
    deadLetter: deadLetter(attributes.RedrivePolicy),
  };
}

function deadLetter(policy: string | undefined): QueueState['deadLetter'] {
  try {
    const read = JSON.parse(policy ?? 'null') as { deadLetterTargetArn?: unknown; maxReceiveCount?: unknown } | null;
    const most = Number(read?.maxReceiveCount);
    return typeof read?.deadLetterTargetArn === 'string' && most > 0 ? { queue: read.deadLetterTargetArn, maxReceiveCount: most } : undefined;
  } catch {
    return undefined;
  }
}
