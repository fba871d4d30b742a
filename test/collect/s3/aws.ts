/**
 * S3 and SQS over real HTTP on loopback, a bridge that sends the notifications that the stand-in accepts and does
 * not deliver, a proxy between the SDK and them that makes faults, and the ledger that tests keep of their own.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import type { Delivery, Intake, Outcome } from '../../../src/collect/delivery.ts';
import type { Checkpoints } from '../../../src/collect/s3/checkpoints.ts';
import { Limiter } from '../../../src/collect/s3/limiter.ts';
import { S3Settings, type S3SettingsInput } from '../../../src/collect/s3/settings.ts';
import { type S3Source, type S3SourceOptions, startS3Source } from '../../../src/collect/s3/source.ts';
import type { Timings } from '../../../src/collect/s3/timing.ts';
import { NO_COUNTS } from '../../../src/model/counts.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../../src/model/source.ts';

export const KEYS = { kind: 'keys', accessKeyId: 'AKIAEXAMPLEEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' } as const;
export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';
const HEADER = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';

/** Short enough for tests. The stand-in goes on polling for a client that has gone, so that a poll is short too. */
export const QUICK: Partial<Timings> = {
  pollSeconds: 1,
  retryMs: 50,
  longestRetryMs: 400,
  returnMs: 500,
  deleteMs: 10,
  graceMs: 0,
  stopMs: 2000,
  attributesMs: 300,
  idleMs: 1000,
  saveMs: 0,
};

/** A day's folder of flow logs of an account and region. */
export function folderOf(day: string, region = REGION, account = ACCOUNT): string {
  return `AWSLogs/${account}/vpcflowlogs/${region}/${day.replaceAll('-', '/')}/`;
}

/** Lines of a flow log file; `seed` makes them distinct. */
export function flowLines(seed: number, count = 3): string[] {
  return Array.from(
    { length: count },
    (_, i) => `2 ${ACCOUNT} eni-0a1b2c3d 10.0.${seed % 250}.${i % 250} 198.51.100.7 ${1024 + i} 443 6 ${seed} 840 1700000000 1700000060 ACCEPT OK`,
  );
}

export function flowFile(lines: readonly string[]): Buffer {
  return gzipSync(`${HEADER}\n${lines.join('\n')}\n`);
}

/** A stand-in, and what tests do with it as AWS would. */
export class Aws {
  readonly server: FauxqsServer;
  readonly endpoint: string;
  readonly s3: S3Client;

  private constructor(server: FauxqsServer) {
    this.server = server;
    this.endpoint = `http://127.0.0.1:${server.port}`;
    this.s3 = new S3Client({ region: REGION, endpoint: this.endpoint, forcePathStyle: true, credentials: { ...KEYS } });
  }

  static async start(): Promise<Aws> {
    return new Aws(await startFauxqs({ port: 0, logger: false, messageSpies: { bufferSize: 20_000 } }));
  }

  async stop(): Promise<void> {
    this.s3.destroy();
    await this.server.stop();
  }

  /** Returns the ETag without quotes. */
  async put(bucket: string, key: string, body: Uint8Array): Promise<string> {
    const answer = await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    return (answer.ETag ?? '').replaceAll('"', '');
  }

  /** The object, and the message that S3 would send of it. */
  async putAndNotify(queue: string, bucket: string, key: string, body: Uint8Array): Promise<string> {
    const etag = await this.put(bucket, key, body);
    this.send(queue, nativeEvent([{ bucket, key, etag, size: body.byteLength }]));
    return etag;
  }

  send(queue: string, message: object | string): string {
    return this.server.sendMessage(queue, typeof message === 'string' ? message : JSON.stringify(message)).messageId;
  }

  /** Messages of a queue by what they are. */
  queue(name: string): { ready: number; received: number } {
    const found = this.server.inspectQueue(name);
    if (!found) throw new Error(`there is no queue ${name}`);
    return { ready: found.messages.ready.length, received: found.messages.inflight.length };
  }
}

export interface EventObject {
  readonly bucket: string;
  readonly key: string;
  readonly etag?: string;
  readonly size?: number;
  readonly versionId?: string;
  readonly sequencer?: string;
  readonly name?: string;
  readonly time?: string;
}

/** S3's own event. Keys are encoded as S3 does: a space is a plus. */
export function nativeEvent(objects: readonly EventObject[], version = '2.1', region = REGION): object {
  return {
    Records: objects.map((object) => ({
      eventVersion: version,
      eventSource: 'aws:s3',
      awsRegion: region,
      eventTime: object.time ?? new Date().toISOString(),
      eventName: object.name ?? 'ObjectCreated:Put',
      userIdentity: { principalId: 'EXAMPLE' },
      requestParameters: { sourceIPAddress: '192.0.2.3' },
      responseElements: { 'x-amz-request-id': 'EXAMPLE' },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'example',
        bucket: { name: object.bucket, ownerIdentity: { principalId: 'EXAMPLE' }, arn: `arn:aws:s3:::${object.bucket}` },
        object: {
          key: encodeURIComponent(object.key).replaceAll('%2F', '/').replaceAll('%20', '+'),
          ...(object.size === undefined ? {} : { size: object.size }),
          ...(object.etag === undefined ? {} : { eTag: object.etag }),
          ...(object.versionId === undefined ? {} : { versionId: object.versionId }),
          sequencer: object.sequencer ?? '0055AED6DCD90281E5',
        },
      },
    })),
  };
}

export function snsWrapped(message: object | string): object {
  return {
    Type: 'Notification',
    MessageId: '11111111-2222-3333-4444-555555555555',
    TopicArn: `arn:aws:sns:${REGION}:${ACCOUNT}:example`,
    Subject: 'Amazon S3 Notification',
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: new Date().toISOString(),
    SignatureVersion: '1',
    Signature: 'EXAMPLE',
    SigningCertURL: 'https://sns.example.invalid/cert.pem',
    UnsubscribeURL: 'https://sns.example.invalid/unsubscribe',
  };
}

export function eventBridge(object: EventObject, type = 'Object Created'): object {
  return {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': type,
    source: 'aws.s3',
    account: ACCOUNT,
    time: new Date().toISOString(),
    region: REGION,
    resources: [`arn:aws:s3:::${object.bucket}`],
    detail: {
      version: '0',
      bucket: { name: object.bucket },
      object: { key: object.key, size: object.size, etag: object.etag, sequencer: '00617F08299329D189' },
      'request-id': 'EXAMPLE',
      reason: 'PutObject',
    },
  };
}

/** The test's own ledger: reads what it is given, and stores each delivery once. */
export class Ledger implements Intake {
  /** Lines by delivery id. */
  readonly stored = new Map<string, string[]>();
  readonly taken: Delivery[] = [];
  /** Deliveries under way now, and at most at once. */
  active = 0;
  most = 0;
  /** Runs before a delivery is stored: waits, or throws. */
  before: (delivery: Delivery) => Promise<void> | void = () => {};

  async take(delivery: Delivery): Promise<Outcome> {
    this.taken.push(delivery);
    this.active += 1;
    this.most = Math.max(this.most, this.active);
    try {
      const bytes = 'path' in delivery.content ? await readFile(delivery.content.path) : delivery.content.bytes;
      if (bytes.byteLength !== delivery.size) throw new Error(`${bytes.byteLength} bytes in place of ${delivery.size}`);
      await this.before(delivery);
      if (this.stored.has(delivery.id)) return { counts: NO_COUNTS, known: true };
      const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : Buffer.from(bytes)).toString();
      const lines = text.split('\n').filter((line) => line !== '' && line !== HEADER);
      this.stored.set(delivery.id, lines);
      return { counts: { ...NO_COUNTS, records: lines.length, stored: lines.length }, known: false };
    } finally {
      this.active -= 1;
    }
  }

  /** All lines that were stored, sorted. */
  lines(): string[] {
    return [...this.stored.values()].flat().sort();
  }
}

export class MemoryCheckpoints implements Checkpoints {
  readonly values = new Map<string, string>();
  async get(source: string, name: string): Promise<string | undefined> {
    return this.values.get(`${source} ${name}`);
  }
  async set(source: string, name: string, value: string | undefined): Promise<void> {
    if (value === undefined) this.values.delete(`${source} ${name}`);
    else this.values.set(`${source} ${name}`, value);
  }
  async list(source: string): Promise<readonly string[]> {
    return [...this.values.keys()].filter((key) => key.startsWith(`${source} `)).map((key) => key.slice(source.length + 1));
  }
}

/** What a source wrote to its log, as text. */
export class LogText {
  readonly lines: string[] = [];
  info(facts: object, message: string): void {
    this.lines.push(`${JSON.stringify(facts)} ${message}`);
  }
  warn(facts: object, message: string): void {
    this.lines.push(`${JSON.stringify(facts)} ${message}`);
  }
}

export interface Started extends S3Source {
  readonly ledger: Ledger;
  readonly checkpoints: MemoryCheckpoints;
  readonly log: LogText;
}

/** A source on a stand-in (or on a proxy before it). */
export function start(
  settings: Record<string, unknown>,
  options: { endpoint: string; folder: string; ledger?: Ledger; checkpoints?: MemoryCheckpoints; timings?: Partial<Timings> } & Partial<
    Omit<S3SourceOptions, 'timings' | 'checkpoints'>
  >,
): Started {
  const ledger = options.ledger ?? new Ledger();
  const checkpoints = options.checkpoints ?? new MemoryCheckpoints();
  const log = new LogText();
  const { endpoint, ledger: _ledger, timings, ...rest } = options;
  const source = startS3Source({
    id: 'source-1',
    name: 'example',
    records: DEFAULT_RECORD_SETTINGS,
    origin: { sourceName: '', sourceCategory: 'aws/vpc', sourceHost: '', collector: 'example' },
    intake: ledger,
    limiter: new Limiter(),
    log,
    environment: {},
    ...rest,
    checkpoints,
    settings: S3Settings.parse({ region: REGION, credentials: KEYS, endpoint, queueEndpoint: endpoint, ...settings } as S3SettingsInput),
    timings: { ...QUICK, ...timings },
  });
  return { ...source, ledger, checkpoints, log };
}

/** Until the stand-in's last poll for a client that has gone has ended. */
export function afterPoll(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1200));
}

/** Waits until something is so; after `ms` it fails with what is there in its place. */
export async function until(so: () => boolean, show: () => unknown = () => '', ms = 120_000): Promise<void> {
  const end = Date.now() + ms;
  while (!so()) {
    if (Date.now() > end) throw new Error(`it did not come to that: ${JSON.stringify(show())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export type Fault =
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** The body of the real answer ends after so many bytes, with the connection. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The body of the real answer stops after so many bytes, and the connection stays. */
  | { readonly kind: 'silence'; readonly after: number }
  /** The body comes in pieces with pauses. */
  | { readonly kind: 'slow'; readonly piece: number; readonly ms: number }
  /** The body is the first so many bytes, and the answer says that this is all. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** The body is another one of the same length. */
  | { readonly kind: 'garble' };

export function xmlError(code: string, message: string, more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>EXAMPLE</RequestId><HostId>example</HostId></Error>`;
}

/** A server between the SDK and the stand-in. */
export class FaultProxy {
  readonly #server = createServer((req, res) => this.#serve(req, res));
  readonly #target: URL;
  /** Requests as METHOD path, with their Range. */
  readonly requests: string[] = [];
  /** Says what goes wrong with a request; called once a request. */
  fault: (request: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }) => Fault | undefined = () => undefined;

  private constructor(target: string) {
    this.#target = new URL(target);
  }
  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? '';
    const target = String(req.headers['x-amz-target'] ?? '');
    this.requests.push([req.method, target || url, req.headers.range ?? ''].filter(Boolean).join(' '));
    const fault = this.fault({ method: req.method ?? '', url, headers: req.headers });
    if (fault?.kind === 'answer') {
      req.resume();
      res.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers });
      res.end(req.method === 'HEAD' ? undefined : fault.body);
      return;
    }
    const onward = request({ host: this.#target.hostname, port: this.#target.port, method: req.method, path: url, headers: req.headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => void send(res, answer, Buffer.concat(parts), fault));
    });
    onward.on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  }
}

async function send(res: ServerResponse, answer: IncomingMessage, body: Buffer, fault: Fault | undefined): Promise<void> {
  if (fault?.kind === 'truncate') {
    const part = body.subarray(0, fault.after);
    res.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': part.length });
    res.end(part);
    return;
  }
  res.writeHead(answer.statusCode ?? 500, answer.headers);
  if (!fault) {
    res.end(body);
  } else if (fault.kind === 'garble') {
    res.end(Buffer.alloc(body.length, createHash('sha256').update(body).digest()));
  } else if (fault.kind === 'cut') {
    // What has arrived and is not read yet is lost with the connection: who reads it is given a moment.
    res.write(body.subarray(0, fault.after), () => setTimeout(() => res.destroy(), 20));
  } else if (fault.kind === 'silence') {
    res.write(body.subarray(0, fault.after));
  } else if (fault.kind === 'slow') {
    for (let at = 0; at < body.length && !res.destroyed; at += fault.piece) {
      res.write(body.subarray(at, at + fault.piece));
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
    }
    res.end();
  }
}
