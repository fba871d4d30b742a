/** All collectors of one server under load: pushed by HTTP and Firehose; flow logs and CloudTrail's files by queue and by listing. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Aws, KEYS, REGION } from '../collect/s3/aws.ts';
import { SendersLedger, sendFirehose, sendHttp, upload } from './senders.ts';
import type { FaultServer } from './server.ts';

const CATEGORY = 'faults';
/** After faults messages and objects that were given back wait for seconds, then for twice as long. */
const SETTLED = { timeout: 240_000, interval: 2000 };

interface Made {
  readonly source: { readonly id: string };
  readonly address: { readonly token: string } | null;
}

interface Bucket {
  readonly bucket: string;
  readonly queue?: string;
  readonly kind: 'flows' | 'events';
}

export interface CollectorsOptions {
  readonly server: FaultServer;
  readonly aws: Aws;
  /** Of S3 and SQS, as the server reaches them. */
  readonly endpoint: string;
  /** Distinguishes buckets and queues. */
  readonly name: string;
  /** Senders by HTTP and by Firehose, and most records of their requests. */
  readonly http?: number;
  readonly firehose?: number;
  readonly records?: number;
}

export class Collectors {
  readonly #options: CollectorsOptions;
  readonly #tokens: { readonly http: string; readonly firehose: string };
  readonly #buckets: readonly Bucket[];
  readonly ledger = new SendersLedger();
  #stop = new AbortController();
  #senders: Promise<void>[] = [];

  private constructor(options: CollectorsOptions, tokens: { http: string; firehose: string }, buckets: readonly Bucket[]) {
    this.#options = options;
    this.#tokens = tokens;
    this.#buckets = buckets;
  }

  /** Makes the sources on a server that runs. */
  static async make(options: CollectorsOptions): Promise<Collectors> {
    const { server, aws, endpoint, name } = options;
    const make = async (kind: string, connection: object = {}) => {
      const collector = await server.call<{ id: string }>('/api/v1/collectors', { name: `${kind} ${Math.random()}` });
      return server.call<Made>('/api/v1/sources', { collector: collector.id, kind, name: kind, sourceCategory: CATEGORY, connection });
    };
    const http = await make('http');
    const firehose = await make('firehose');
    const buckets = (['flows', 'events'] as const).flatMap((kind): Bucket[] => [
      { kind, bucket: `${name}-${kind}-queue`, queue: `${name}-${kind}` },
      { kind, bucket: `${name}-${kind}-list` },
    ]);
    for (const { bucket, queue } of buckets) {
      aws.server.createBucket(bucket);
      if (queue) aws.server.createQueue(queue, { attributes: { VisibilityTimeout: '2' } });
      const way = queue ? { mode: 'queue', queue, visibilitySeconds: 2 } : { mode: 'list', bucket, followSeconds: 1 };
      await make('s3', { ...way, region: REGION, endpoint, queueEndpoint: endpoint, credentials: KEYS });
    }
    return new Collectors(options, { http: http.address?.token ?? '', firehose: firehose.address?.token ?? '' }, buckets);
  }

  /** Sends until `end`. */
  begin(): void {
    const { server, aws, http = 3, firehose = 2, records } = this.#options;
    const { ledger } = this;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const waiting = () => Math.max(...this.#buckets.map(({ queue }) => (queue ? aws.queue(queue).ready : 0)));
    const pushing = { server, ledger, signal, ...(records === undefined ? {} : { records }) };
    this.#senders = [
      ...Array.from({ length: http }, () => sendHttp({ ...pushing, token: this.#tokens.http })),
      ...Array.from({ length: firehose }, () => sendFirehose({ ...pushing, token: this.#tokens.firehose })),
      ...this.#buckets.map((bucket) => upload({ ...bucket, aws, ledger, signal, waiting })),
    ];
  }

  /** Until each of all collectors had so many records more acknowledged or put. */
  async more(records: number): Promise<void> {
    const before = this.ledger.acknowledged.size;
    await expect.poll(() => this.ledger.acknowledged.size, { interval: 50 }).toBeGreaterThan(before + records);
  }

  /** Ends the senders, waits until nothing is under way any more, and counts. */
  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#senders);
    await this.settled();
    await this.expectExactlyOnce();
  }

  async settled(): Promise<void> {
    const { server, aws } = this.#options;
    const spooled = async () => (await server.call<{ spool: { bytes: number } }>('/api/v1/sources')).spool.bytes;
    await expect.poll(spooled, SETTLED).toBe(0);
    for (const { queue } of this.#buckets) if (queue) await expect.poll(() => aws.queue(queue), SETTLED).toEqual({ ready: 0, received: 0 });
    // A listing does not say when it has seen all.
    const missing = async () => {
      const stored = await server.stored(CATEGORY);
      return [...this.ledger.acknowledged].filter((number) => !stored.has(number));
    };
    await expect.poll(missing, SETTLED).toEqual([]);
    // What is cut off is told of, each at its place.
    const damaged = async () => (await server.call<{ total: number }>('/api/v1/quarantine?limit=1')).total;
    await expect.poll(damaged, SETTLED).toBeGreaterThanOrEqual(this.ledger.cut);
    // Two more looks at what is listed, which bring nothing twice.
    await delay(2500);
  }

  async expectExactlyOnce(): Promise<void> {
    this.ledger.expectExactlyOnce(await this.#options.server.stored(CATEGORY));
  }
}
