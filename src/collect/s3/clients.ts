/**
 * Clients of S3, SQS and STS for one source: its credentials, endpoints and proxy, and the region of each bucket,
 * which is learnt where it is another one than the source's.
 */
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { STSClient } from '@aws-sdk/client-sts';
import { AwsConnection } from '../aws-connection.ts';
import type { Environment } from '../proxy.ts';
import { type Doing, explain, isRegion, regionOf, S3Failure } from './problems.ts';
import { readQueue, type S3Settings } from './settings.ts';

export class Clients {
  readonly settings: S3Settings;
  /** Of the queue, as its ARN or URL says, else the source's. */
  readonly queueRegion: string;
  readonly #connection: AwsConnection;
  readonly #regions = new Map<string, string>();
  readonly #s3 = new Map<string, S3Client>();
  #sqs: SQSClient | undefined;

  constructor(settings: S3Settings, environment: Environment = process.env) {
    this.settings = settings;
    this.#connection = new AwsConnection(settings, environment);
    this.queueRegion = (settings.mode === 'queue' ? readQueue(settings.queue)?.region : undefined) ?? settings.region;
  }

  get sqs(): SQSClient {
    const endpoint = this.settings.queueEndpoint;
    this.#sqs ??= new SQSClient({
      region: this.queueRegion,
      credentials: this.#connection.credentials,
      // A URL that somebody typed decides the queue, never the host that signed requests go to.
      useQueueUrlAsEndpoint: false,
      ...(endpoint ? { endpoint } : {}),
      ...this.#connection.transport(endpoint ?? `https://sqs.${this.queueRegion}.amazonaws.com`),
    });
    return this.#sqs;
  }

  get sts(): STSClient {
    return this.#connection.sts;
  }

  /** The region that a bucket is asked in. */
  bucketRegion(bucket: string): string {
    return this.#regions.get(bucket) ?? this.settings.region;
  }

  /** Milliseconds that S3's clock, as its last answer said it, is ahead of this machine's; 0 before the first answer. */
  clockOffset(bucket: string): number {
    return this.#s3.get(this.bucketRegion(bucket))?.config.systemClockOffset ?? 0;
  }

  /** Remembers what a notification says of a bucket; a region that an answer of S3 named is not overridden. */
  suggestRegion(bucket: string, region: string): void {
    if (!this.#regions.has(bucket) && this.#regions.size < 1000) this.#regions.set(bucket, region);
  }

  /**
   * Asks S3 for something of a bucket, in the bucket's region: where S3 names another one, the request is made
   * again there. Throws S3Failure.
   */
  async withBucket<T>(bucket: string, doing: Omit<Doing, 'proxy' | 'region'>, ask: (client: S3Client) => Promise<T>): Promise<T> {
    const region = this.bucketRegion(bucket);
    try {
      return await ask(this.#s3In(region));
    } catch (error) {
      const right = regionOf(error) ?? (await this.#lookUpRegion(bucket, region, error));
      if (right === undefined || right === region) throw new S3Failure(explain(error, this.doing({ ...doing, region })), error);
      this.#regions.set(bucket, right);
      try {
        return await ask(this.#s3In(right));
      } catch (again) {
        throw new S3Failure(explain(again, this.doing({ ...doing, region: right })), again);
      }
    }
  }

  /** With the proxy that the request goes through, for messages. */
  doing(doing: Doing): Doing {
    const endpoint = doing.action.startsWith('sqs:')
      ? this.settings.queueEndpoint
      : doing.action.startsWith('sts:')
        ? this.settings.stsEndpoint
        : this.settings.endpoint;
    const proxy = this.#connection.proxyFor(endpoint ?? `https://${doing.action.split(':')[0]}.${doing.region ?? this.settings.region}.amazonaws.com`);
    return proxy ? { ...doing, proxy: proxy.host } : doing;
  }

  close(): void {
    for (const client of this.#s3.values()) client.destroy();
    this.#sqs?.destroy();
    this.#connection.close();
  }

  #s3In(region: string): S3Client {
    const known = this.#s3.get(region);
    if (known) return known;
    const { endpoint, pathStyle } = this.settings;
    const client = new S3Client({
      region,
      credentials: this.#connection.credentials,
      followRegionRedirects: false,
      // Objects are tried again by who reads them: a request that the SDK repeats by itself hides that S3 is throttling.
      maxAttempts: 1,
      forcePathStyle: pathStyle ?? endpoint !== undefined,
      // Each download is verified here, over resumed parts too.
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint ? { endpoint } : {}),
      ...this.#connection.transport(endpoint ?? `https://s3.${region}.amazonaws.com`),
    });
    this.#s3.set(region, client);
    return client;
  }

  /** A redirect without a region's name (answers to HEAD, older services): HeadBucket says it in a header. */
  async #lookUpRegion(bucket: string, region: string, error: unknown): Promise<string | undefined> {
    const name = error instanceof Error ? error.name : '';
    if (!/Redirect|AuthorizationHeaderMalformed|^301$/.test(name)) return undefined;
    try {
      const answer = await this.#s3In(region).send(new HeadBucketCommand({ Bucket: bucket }));
      return answer.BucketRegion && isRegion(answer.BucketRegion) ? answer.BucketRegion : undefined;
    } catch (again) {
      return regionOf(again);
    }
  }
}
