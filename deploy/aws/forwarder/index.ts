/**
 * The two functions of the CloudWatch forwarder.
 *
 * - `forward` is subscribed to a log group. When it throws, Lambda invokes it twice again and then puts the event
 *   into the dead-letter queue.
 * - `redrive` is fed from that queue: it forwards the same events once more and gives back to the queue what fails.
 *   https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
import { EC2Client } from '@aws-sdk/client-ec2';
import { readConfig } from './config.ts';
import { forward as forwardEvent, type Means } from './forward.ts';
import { createInterfaces, type Interfaces } from './interfaces.ts';
import type { Clock } from './post.ts';

/** What is used of Lambda's context. */
export interface Context {
  getRemainingTimeInMillis(): number;
}

export interface QueueEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

export interface QueueAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

const CLOCK: Clock = {
  now: Date.now,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
};

// Not console.log: Lambda writes a prefix before its lines, and CloudWatch finds no metrics then.
const log = (line: string): void => void process.stdout.write(`${line}\n`);

let interfaces: Interfaces | undefined;

function means(): Means {
  return {
    config: readConfig(process.env),
    // Kept between invocations, with what is known.
    get interfaces() {
      interfaces ??= createInterfaces(new EC2Client({ maxAttempts: 5 }), CLOCK.now);
      return interfaces;
    },
    clock: CLOCK,
    log,
  };
}

export async function forward(event: unknown, context: Context): Promise<void> {
  try {
    await forwardEvent(event, deadlineOf(context), means());
  } catch (error) {
    logFailure(error);
    throw error;
  }
}

export async function redrive(event: QueueEvent, context: Context): Promise<QueueAnswer> {
  const failed: { itemIdentifier: string }[] = [];
  for (const { messageId, body } of event.Records) {
    try {
      await forwardEvent(parse(body), deadlineOf(context), means());
    } catch (error) {
      logFailure(error, messageId);
      failed.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures: failed };
}

function deadlineOf(context: Context): number {
  return CLOCK.now() + context.getRemainingTimeInMillis();
}

/** What is no JSON is read as an event that has nothing in it, and named as such. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function logFailure(error: unknown, messageId?: string): void {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  log(JSON.stringify({ event: 'failed', messageId, name, code, message }));
}
