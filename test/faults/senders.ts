/**
 * Senders as they are in the world: they send again until they are told that it was taken, and some give up when they are
 * refused. Each record carries a number of its own, and the ledger here knows which were acknowledged and which refused.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { type Aws, eventBridge, flowFile, nativeEvent, REGION, snsWrapped } from '../collect/s3/aws.ts';
import { event, trail } from '../ingest/events.ts';
import type { FaultServer } from './server.ts';

/** Between two requests of a sender; twice as long between two objects of a bucket. */
const PAUSE_MS = Number(process.env.BARTIZAN_FAULT_PAUSE_MS ?? 500);
/** Bytes of a packet: flows of this size are possible ones, whatever their number. */
const PACKET = 1400;

export interface Numbered {
  readonly numbers: readonly number[];
  readonly text: string;
}

/** What senders gave out, and what became of it. */
export class SendersLedger {
  /** The number stands as a flow's bytes; fewer than 40 to a packet are no flow, and such lines are held back. */
  #next = 1000;
  readonly sent = new Set<number>();
  readonly acknowledged = new Set<number>();
  /** By requests of which no try could have been taken. */
  readonly refused = new Set<number>();
  /** In objects that are cut off: what is before the cut may be stored, once. */
  readonly damaged = new Set<number>();
  /** Such objects. */
  cut = 0;
  /** Answers that were neither 200 nor a refusal that asks to come again. */
  readonly surprises: string[] = [];
  /** Answers that asked to come again, by what they came to. */
  readonly refusals = { http: 0, firehose: 0 };

  #take(count: number): number[] {
    const numbers = Array.from({ length: count }, () => this.#next++);
    for (const number of numbers) this.sent.add(number);
    return numbers;
  }

  /** Lines of flows. */
  lines(count: number): Numbered {
    const numbers = this.#take(count);
    const now = Math.floor(Date.now() / 1000);
    const text = numbers
      .map((n) => {
        const packets = Math.ceil(n / PACKET);
        return `2 123456789012 eni-${n % 7} 10.0.0.${n % 250} 198.51.100.7 ${1024 + (n % 60_000)} 443 6 ${packets} ${n} ${now - 60} ${now} ACCEPT OK\n`;
      })
      .join('');
    return { numbers, text };
  }

  /** Events of CloudTrail, whose ids hold their numbers. */
  events(count: number): { readonly numbers: readonly number[]; readonly records: readonly ReturnType<typeof event>[] } {
    const numbers = this.#take(count);
    const at = Math.floor(Date.now() / 1000) - 300;
    return { numbers, records: numbers.map((n) => event(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, at + (n % 200))) };
  }

  acknowledge(numbers: readonly number[]): void {
    for (const number of numbers) this.acknowledged.add(number);
  }

  /** What is stored is what was acknowledged, each record once, and nothing that was refused. */
  expectExactlyOnce(stored: ReadonlyMap<number, number>): void {
    const twice = [...stored].filter(([, count]) => count !== 1);
    const missing = [...this.acknowledged].filter((number) => !stored.has(number));
    const refused = [...stored.keys()].filter((number) => this.refused.has(number));
    const unknown = [...stored.keys()].filter((number) => !this.sent.has(number));
    expect({ twice, missing, refused, unknown }).toEqual({ twice: [], missing: [], refused: [], unknown: [] });
    // The ledger itself left nothing open.
    expect(this.acknowledged.size + this.refused.size + this.damaged.size).toBe(this.sent.size);
    expect(this.surprises).toEqual([]);
  }
}

export interface Pushing {
  readonly server: FaultServer;
  readonly token: string;
  readonly ledger: SendersLedger;
  /** What is begun when it aborts is brought to its end. */
  readonly signal: AbortSignal;
  /** Most records of a request. */
  readonly records?: number;
}

const upTo = (most: number) => 1 + Math.floor(Math.random() * most);

export async function sendHttp({ server, token, ledger, signal, records = 20 }: Pushing): Promise<void> {
  while (!signal.aborted) {
    const events = Math.random() < 0.2 ? ledger.events(upTo(records)) : undefined;
    const { numbers, text } = events ? { numbers: events.numbers, text: JSON.stringify({ Records: events.records }) } : ledger.lines(upTo(records));
    const body = Math.random() < 0.5 ? text : gzipSync(text);
    // Now and then a sender has the token of no source.
    const wrong = Math.random() < 0.03;
    const headers = { 'idempotency-key': `n${numbers[0]}` };
    await untilSettled(ledger, 'http', numbers, wrong, () =>
      fetch(`${server.base}/v1/http/${wrong ? 'x'.repeat(43) : token}`, { method: 'POST', body, headers }),
    );
    await delay(Math.random() * 2 * PAUSE_MS);
  }
}

export async function sendFirehose({ server, token, ledger, signal, records = 10 }: Pushing): Promise<void> {
  while (!signal.aborted) {
    const parts = Array.from({ length: upTo(4) }, () => ledger.lines(upTo(records)));
    const numbers = parts.flatMap((part) => part.numbers);
    const requestId = `request-${numbers[0]}`;
    const wrong = Math.random() < 0.03;
    const headers = { 'content-type': 'application/json', 'x-amz-firehose-request-id': requestId, 'x-amz-firehose-access-key': wrong ? 'wrong' : token };
    const body = JSON.stringify({ requestId, timestamp: Date.now(), records: parts.map(({ text }) => ({ data: Buffer.from(text).toString('base64') })) });
    await untilSettled(ledger, 'firehose', numbers, wrong, () => fetch(`${server.base}/firehose`, { method: 'POST', body, headers }));
    await delay(Math.random() * 2 * PAUSE_MS);
  }
}

/** Sends until it is taken, or refused for good; one in three that was refused and nothing else gives up. */
async function untilSettled(
  ledger: SendersLedger,
  way: keyof SendersLedger['refusals'],
  numbers: readonly number[],
  wrong: boolean,
  send: () => Promise<Response>,
): Promise<void> {
  let unknown = false;
  for (;;) {
    try {
      const answer = await send();
      const text = await answer.text();
      if (answer.status === 200 && !wrong) return ledger.acknowledge(numbers);
      const later = answer.status === 503 || answer.status === 429;
      if (later) ledger.refusals[way]++;
      else if (!(wrong && /^40[134]$/.test(String(answer.status)))) ledger.surprises.push(`${answer.status} ${text}`);
      if (wrong || (later && !unknown && Math.random() < 0.3)) {
        for (const number of numbers) ledger.refused.add(number);
        return;
      }
    } catch {
      // The server is gone, or went in the middle: nothing is known, and so it is sent again.
      unknown = true;
    }
    await delay(20 + Math.random() * 80);
  }
}

export interface Uploading {
  readonly aws: Aws;
  readonly bucket: string;
  /** Gets the notifications; without one the bucket is listed. */
  readonly queue?: string;
  readonly kind: 'flows' | 'events';
  readonly ledger: SendersLedger;
  readonly signal: AbortSignal;
  /** Messages that wait to be received: with many nothing is put until some are, or a slow machine would be at them for long after the end. */
  readonly waiting: () => number;
}

/** Messages that may wait of a queue. */
const MOST_WAITING = 150;
const ACCOUNT = '123456789012';
/** Notifications that are held back so that they come in another order. */
const HELD = 6;

/** Objects as AWS writes them; what S3 has is acknowledged. Its notifications come twice now and then, late, and in any order. */
export async function upload({ aws, bucket, queue, kind, ledger, signal, waiting }: Uploading): Promise<void> {
  const held: object[] = [];
  const before: object[] = [];
  const any = <T>(list: readonly T[]) => list[Math.floor(Math.random() * list.length)] as T;
  const notify = (message: object) => {
    if (queue === undefined) return;
    aws.send(queue, message);
    before.push(message);
  };
  let again: ReturnType<typeof event>[] = [];
  for (let i = 0; !signal.aborted; i++) {
    // No object is written over, also when senders begin again: one that was not read yet would be gone.
    const name = createHash('sha256').update(`${bucket} ${ledger.sent.size}`).digest('hex').slice(0, 8);
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    const folder = `AWSLogs/${ACCOUNT}/${kind === 'flows' ? 'vpcflowlogs' : 'CloudTrail'}/${REGION}/${day}/`;
    const key =
      kind === 'flows' ? `${folder}${name} ${i}.log.gz` : `${folder}${ACCOUNT}_CloudTrail_${REGION}_${day.replaceAll('/', '')}T0000Z_${name}${i}.json.gz`;
    // One in twelve is cut off, and stays so.
    const cut = i % 12 === 5;
    let body: Uint8Array;
    let numbers: readonly number[];
    if (kind === 'flows') {
      const made = ledger.lines(cut ? 60 : 20);
      numbers = made.numbers;
      body = flowFile(made.text.trimEnd().split('\n'));
    } else {
      // CloudTrail delivers an event again now and then, in another object.
      const made = ledger.events(cut ? 60 : 20);
      numbers = made.numbers;
      body = trail([...made.records, ...(i % 4 === 0 ? again : [])]);
      again = cut ? [] : [...made.records];
    }
    if (cut) {
      body = body.subarray(0, Math.floor(body.length * 0.6));
      ledger.cut++;
    }
    const etag = await aws.put(bucket, key, body);
    for (const number of numbers) (cut ? ledger.damaged : ledger.acknowledged).add(number);
    const object = { bucket, key, etag, size: body.length, sequencer: i.toString(16).padStart(16, '0') };
    const message = [nativeEvent([object]), snsWrapped(nativeEvent([object])), eventBridge(object)][i % 3] as object;
    for (let n = 0; n < (i % 3 === 0 ? 2 : 1); n++) held.push(message);
    while (held.length > HELD) notify(held.splice(Math.floor(Math.random() * held.length), 1)[0] as object);
    if (before.length > 0 && i % 10 === 9) notify(any(before));
    do await delay(Math.random() * 4 * PAUSE_MS);
    while (waiting() > MOST_WAITING && !signal.aborted);
  }
  for (const message of held) notify(message);
}
