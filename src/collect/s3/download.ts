/**
 * One object from S3, whole or not at all: its bytes go to memory or to a file of a random name, a cut connection
 * goes on at the byte where it ended, and length and MD5 are what S3 said.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Content } from '../delivery.ts';
import type { Clients } from './clients.ts';
import type { Leave, Limiter } from './limiter.ts';
import { explain, inS3, S3Failure } from './problems.ts';

export interface Downloaded {
  readonly content: Content;
  readonly size: number;
  /** Without quotes; empty where the service gives none. */
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly modified: number | undefined;
  /** What its writer said of it (`x-amz-meta-…`), names in small letters. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Until the first answer. */
  readonly answeredMs: number;
  /** Gives back the memory, removes the file. */
  discard(): Promise<void>;
}

export interface DownloadOptions {
  readonly clients: Clients;
  readonly limiter: Limiter;
  /** Where files go; it exists. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Without a byte for so long, the connection is given up. */
  readonly idleMs: number;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

/** Objects up to this size may be held in memory. */
const SMALL = 8 * 2 ** 20;
/** Far above what AWS writes (75 MB); S3 itself allows 5 TiB. */
const LARGEST = 2 * 2 ** 30;
/** Tries without a single new byte. */
const FRUITLESS = 3;

/** Throws S3Failure. Nothing is left behind then. */
export async function download(name: ObjectName, leave: Leave, options: DownloadOptions): Promise<Downloaded> {
  const { limiter } = options;
  const resource = inS3(name.bucket, name.key);
  const began = performance.now();
  const first = await get(name, options);
  const answeredMs = performance.now() - began;
  const size = first.ContentLength;
  const fail = async (problem: ConstructorParameters<typeof S3Failure>[0]) => {
    discardBody(first);
    return new S3Failure(problem);
  };
  if (size === undefined)
    throw await fail({
      code: 'object-damaged',
      message: `S3 does not say how long ${resource} is.`,
      hint: 'The service behind the endpoint must send Content-Length.',
      retryable: false,
    });
  if (size > LARGEST)
    throw await fail({
      code: 'object-too-large',
      message: `${resource} has ${size} bytes.`,
      hint: `Objects of up to ${LARGEST} bytes are read; it is left where it is.`,
      retryable: false,
    });

  leave.holds(size);
  const small = size <= SMALL && limiter.takeMemory(size);
  const sink = small
    ? new MemorySink(size)
    : await FileSink.open(options.folder).catch((error: unknown) => {
        discardBody(first);
        throw disk(error, resource);
      });
  const discard = async () => {
    if (small) limiter.freeMemory(size);
    await sink.remove();
  };
  try {
    await fill(name, first, sink, size, options);
    await sink.close();
    return {
      content: sink.content(),
      size,
      etag: bare(first.ETag),
      modified: first.LastModified?.getTime(),
      metadata: first.Metadata ?? {},
      answeredMs,
      discard,
    };
  } catch (error) {
    await discard();
    throw error instanceof S3Failure || options.signal.aborted ? error : disk(error, resource);
  } finally {
    discardBody(first);
  }
}

function disk(error: unknown, resource: string): S3Failure {
  return new S3Failure(explain(error, { action: 'writing', resource }), error);
}

/** Writes the body, over as many requests as it takes, and compares it with what was promised. */
async function fill(name: ObjectName, first: GetObjectCommandOutput, sink: Sink, size: number, options: DownloadOptions): Promise<void> {
  const resource = inS3(name.bucket, name.key);
  const hash = createHash('md5');
  let at = 0;
  let fruitless = 0;
  let answer = first;
  for (;;) {
    const before = at;
    try {
      for await (const chunk of chunks(answer, options)) {
        if (at + chunk.byteLength > size) throw new S3Failure(damaged(resource, `more than the ${size} bytes that S3 announced`));
        await sink.write(chunk, at);
        hash.update(chunk);
        at += chunk.byteLength;
      }
      if (at === size) break;
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (!(error instanceof BodyError)) throw error;
      if (at === size) break;
    }
    // The body ended before its length: go on behind what is there, of the same object only.
    fruitless = at === before ? fruitless + 1 : 0;
    if (fruitless >= FRUITLESS) throw new S3Failure(damaged(resource, `${at} of ${size} bytes, again and again`));
    answer = await get(name, options, at, first.ETag);
  }
  const md5 = md5Of(first);
  if (md5 !== undefined && hash.digest('hex') !== md5) throw new S3Failure(damaged(resource, 'other bytes than its ETag says'));
}

function damaged(resource: string, what: string) {
  return { code: 'object-damaged', message: `${resource}: ${what} arrived.`, hint: 'It is read again.', retryable: true } as const;
}

/** An ETag is the MD5 of the bytes, but not of objects uploaded in parts or encrypted with keys of KMS or of customers. */
function md5Of(answer: GetObjectCommandOutput): string | undefined {
  const etag = bare(answer.ETag).toLowerCase();
  const own = answer.SSECustomerAlgorithm !== undefined || (answer.ServerSideEncryption ?? 'AES256') !== 'AES256';
  return own || !/^[0-9a-f]{32}$/.test(etag) ? undefined : etag;
}

function bare(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}

function get(name: ObjectName, options: DownloadOptions, from = 0, etag?: string): Promise<GetObjectCommandOutput> {
  const resource = inS3(name.bucket, name.key);
  const command = new GetObjectCommand({
    Bucket: name.bucket,
    Key: name.key,
    ...(name.versionId ? { VersionId: name.versionId } : {}),
    ...(from > 0 ? { Range: `bytes=${from}-`, ...(etag ? { IfMatch: etag } : {}) } : {}),
  });
  return options.clients.withBucket(name.bucket, { action: 's3:GetObject', resource }, async (client) => {
    const answer = await client.send(command, { abortSignal: options.signal });
    if (from > 0 && !answer.ContentRange?.startsWith(`bytes ${from}-`)) {
      discardBody(answer);
      throw new S3Failure(damaged(resource, 'another part than was asked for'));
    }
    return answer;
  });
}

/** The connection broke or went silent. */
class BodyError extends Error {}

async function* chunks(answer: GetObjectCommandOutput, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const body = answer.Body as (AsyncIterable<Uint8Array> & { destroy(error?: Error): void }) | undefined;
  if (!body) return;
  const stop = () => body.destroy(new BodyError('stopped'));
  options.signal.addEventListener('abort', stop, { once: true });
  // Only silence of the other side counts, not the time that a slow disk takes.
  let waiting = true;
  const watchdog = setTimeout(() => waiting && body.destroy(new BodyError('silent')), options.idleMs);
  try {
    options.signal.throwIfAborted();
    const reader = body[Symbol.asyncIterator]();
    for (;;) {
      waiting = true;
      watchdog.refresh();
      const next = await reader.next().catch((error: unknown) => Promise.reject(new BodyError('cut', { cause: error })));
      waiting = false;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    clearTimeout(watchdog);
    options.signal.removeEventListener('abort', stop);
    body.destroy();
  }
}

function discardBody(answer: GetObjectCommandOutput): void {
  const body = answer.Body as { destroy?(): void; on?(event: 'error', listener: () => void): void } | undefined;
  body?.on?.('error', () => {});
  body?.destroy?.();
}

interface Sink {
  write(chunk: Uint8Array, at: number): Promise<void> | void;
  close(): Promise<void> | void;
  remove(): Promise<void> | void;
  content(): Content;
}

class MemorySink implements Sink {
  readonly #bytes: Uint8Array;
  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }
  write(chunk: Uint8Array, at: number): void {
    this.#bytes.set(chunk, at);
  }
  close(): void {}
  remove(): void {}
  content(): Content {
    return { bytes: this.#bytes };
  }
}

class FileSink implements Sink {
  readonly #path: string;
  readonly #file: Awaited<ReturnType<typeof open>>;
  private constructor(path: string, file: Awaited<ReturnType<typeof open>>) {
    this.#path = path;
    this.#file = file;
  }
  /** Keys never become file names. */
  static async open(folder: string): Promise<FileSink> {
    const path = join(folder, `${randomUUID()}.part`);
    return new FileSink(path, await open(path, 'wx', 0o600));
  }
  async write(chunk: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < chunk.byteLength; ) done += (await this.#file.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten;
  }
  async close(): Promise<void> {
    await this.#file.close();
  }
  async remove(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true });
  }
  content(): Content {
    return { path: this.#path };
  }
}
