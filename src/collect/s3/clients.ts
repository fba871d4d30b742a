/**
 * Clients of S3, SQS and STS for one source: its credentials, endpoints and proxy, and the region of each bucket,
 * which is learnt where it is another one than the source's.
 */
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent';
import { CredentialsFailure, type Doing, explain, isRegion, regionOf, S3Failure } from './problems.ts';
import { readQueue, type S3Credentials, type S3Settings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}
type Provider = () => Promise<Keys>;

const CONNECT_MS = 10_000;
/** Longer than SQS's longest poll. */
const ANSWER_MS = 35_000;

export class Clients {
  readonly settings: S3Settings;
  /** Of the queue, as its ARN or URL says, else the source's. */
  readonly queueRegion: string;
  readonly #environment: Environment;
  readonly #credentials: Provider;
  readonly #regions = new Map<string, string>();
  readonly #s3 = new Map<string, S3Client>();
  #sqs: SQSClient | undefined;
  #sts: STSClient | undefined;
  #base: STSClient | undefined;

  constructor(settings: S3Settings, environment: Environment = process.env) {
    this.settings = settings;
    this.#environment = environment;
    this.queueRegion = (settings.mode === 'queue' ? readQueue(settings.queue)?.region : undefined) ?? settings.region;
    this.#credentials = this.#provider(settings.credentials);
  }

  get sqs(): SQSClient {
    const endpoint = this.settings.queueEndpoint;
    this.#sqs ??= new SQSClient({
      region: this.queueRegion,
      credentials: this.#credentials,
      // A URL that somebody typed decides the queue, never the host that signed requests go to.
      useQueueUrlAsEndpoint: false,
      ...(endpoint ? { endpoint } : {}),
      ...this.#transport(endpoint ?? `https://sqs.${this.queueRegion}.amazonaws.com`),
    });
    return this.#sqs;
  }

  get sts(): STSClient {
    this.#sts ??= this.#newSts(this.#credentials);
    return this.#sts;
  }

  /** The region that a bucket is asked in. */
  bucketRegion(bucket: string): string {
    return this.#regions.get(bucket) ?? this.settings.region;
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
    const proxy = this.#proxyFor(endpoint ?? `https://${doing.action.split(':')[0]}.${doing.region ?? this.settings.region}.amazonaws.com`);
    return proxy ? { ...doing, proxy: proxy.host } : doing;
  }

  close(): void {
    for (const client of this.#s3.values()) client.destroy();
    for (const client of [this.#sqs, this.#sts, this.#base]) client?.destroy();
  }

  #s3In(region: string): S3Client {
    const known = this.#s3.get(region);
    if (known) return known;
    const { endpoint, pathStyle } = this.settings;
    const client = new S3Client({
      region,
      credentials: this.#credentials,
      followRegionRedirects: false,
      // Objects are tried again by who reads them: a request that the SDK repeats by itself hides that S3 is throttling.
      maxAttempts: 1,
      forcePathStyle: pathStyle ?? endpoint !== undefined,
      // Each download is verified here, over resumed parts too.
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint ? { endpoint } : {}),
      ...this.#transport(endpoint ?? `https://s3.${region}.amazonaws.com`),
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

  #newSts(credentials: Provider): STSClient {
    const { region, stsEndpoint } = this.settings;
    return new STSClient({
      region,
      credentials,
      ...(stsEndpoint ? { endpoint: stsEndpoint } : {}),
      ...this.#transport(stsEndpoint ?? `https://sts.${region}.amazonaws.com`),
    });
  }

  #provider(credentials: S3Credentials): Provider {
    switch (credentials.kind) {
      case 'keys': {
        const { accessKeyId, secretAccessKey, sessionToken } = credentials;
        return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) });
      }
      case 'profile':
        return named(fromIni({ profile: credentials.name, clientConfig: this.#credentialsClient() }));
      case 'instance':
        return named(fromNodeProviderChain({ clientConfig: this.#credentialsClient() }));
      case 'role': {
        const base = this.#provider(credentials.base ?? { kind: 'instance' });
        this.#base = this.#newSts(base);
        const sts = this.#base;
        const { roleArn, externalId } = credentials;
        return async () => {
          const answer = await sts
            .send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'bartizan', ...(externalId ? { ExternalId: externalId } : {}) }))
            .catch((error: unknown) => {
              throw error instanceof CredentialsFailure ? error : new CredentialsFailure(error, roleArn);
            });
          const keys = answer.Credentials;
          if (!keys?.AccessKeyId || !keys.SecretAccessKey) throw new CredentialsFailure(new Error('STS answered without credentials'), roleArn);
          return {
            accessKeyId: keys.AccessKeyId,
            secretAccessKey: keys.SecretAccessKey,
            ...(keys.SessionToken ? { sessionToken: keys.SessionToken } : {}),
            ...(keys.Expiration ? { expiration: keys.Expiration } : {}),
          };
        };
      }
      default:
        return credentials satisfies never;
    }
  }

  #credentialsClient() {
    const { region } = this.settings;
    return { region, ...this.#transport(`https://sts.${region}.amazonaws.com`) };
  }

  /** Timeouts, and the proxy for that address if there is one. */
  #transport(url: string) {
    const proxy = this.#proxyFor(url);
    const agents = { keepAlive: true, maxSockets: 128 };
    const handler: { httpAgent: HttpAgent | object; httpsAgent: HttpsAgent | object } = proxy
      ? { httpAgent: new HttpProxyAgent({ ...agents, proxy }), httpsAgent: new HttpsProxyAgent({ ...agents, proxy }) }
      : { httpAgent: agents, httpsAgent: agents };
    return {
      requestHandler: { ...handler, connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true, socketTimeout: ANSWER_MS },
    };
  }

  #proxyFor(url: string): URL | undefined {
    if (this.settings.proxy) return new URL(this.settings.proxy);
    return environmentProxy(new URL(url), this.#environment);
  }
}

/** Says of every failure of a provider that it is one, so that it is not taken for an answer of the service asked. */
function named(provider: Provider): Provider {
  return async () => {
    try {
      return await provider();
    } catch (error) {
      throw new CredentialsFailure(error);
    }
  };
}

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as most programs read them; small letters go before capitals. */
export function environmentProxy(url: URL, environment: Environment): URL | undefined {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name] || '';
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (!proxy) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const direct = read('NO_PROXY')
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const host = name.replace(/^\*?\./, '').toLowerCase();
      return (only === undefined || only === port) && (url.hostname === host || url.hostname.endsWith(`.${host}`));
    });
  const text = /^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  return direct || !/^https?:/i.test(text) || !URL.canParse(text) ? undefined : new URL(text);
}
