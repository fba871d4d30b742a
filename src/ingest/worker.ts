/**
 * A decoding thread: reads deliveries, decodes and enriches, stages blocks, and tells the main thread. It
 * holds at most OPEN_BATCHES batches that are not stored yet; then it waits.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream as TerminalStream } from 'node:tty';
import { parentPort, workerData } from 'node:worker_threads';
import { decompress } from '../decode/decompress.ts';
import { createEnricher } from '../enrich/enricher.ts';
import { compileRecordRules } from '../formats/record-rules.ts';
import { FlowDecoder } from '../formats/vpc-flow/decode.ts';
import type { RecordFormat } from '../model/source.ts';
import type { Manifest } from '../store/metadata.ts';
import { type BatchDelivery, stageBatch } from './batch-writer.ts';
import { IdCache } from './registry.ts';
import type { FromWorker, Job, ToWorker, Verdict, WorkerSetup } from './worker-protocol.ts';

/** Part of every delivery's identity: another way of reading is another delivery. What is told by content was called vpc-flow before there was more to tell. */
const TARGETS: Readonly<Record<RecordFormat, string>> = { auto: 'vpc-flow', 'vpc-flow': 'vpc-flow', 'tgw-flow': 'tgw-flow' };
const OPEN_BATCHES = 2;
/** Between two tries to write to a full disk. */
const STALL_MS = 1000;
/** Files up to this size are read once, for identity and content together. */
const WHOLE_FILE = 64 * 1024 * 1024;
/** Parts of files up to this size are read at once. */
const SMALL = 1024 * 1024;
/** First bytes that tell a grown file. */
const HEAD = 64 * 1024;
const READ_SIZE = 1024 * 1024;
const EMPTY = new Uint8Array(0);

if (!parentPort) throw new Error('this file is a worker thread');
const port = parentPort;
const setup = workerData as WorkerSetup;
const enricher = createEnricher(setup.databases, { internalNetworks: setup.internalNetworks });
const now = () => Math.floor(Date.now() / 1000);

const jobs: (Job | 'flush')[] = [];
const asked = new Map<number, (ids: readonly number[]) => void>();
let asks = 0;
const ids = new IdCache(
  (registry, texts) =>
    new Promise((resolve) => {
      asked.set(++asks, resolve);
      send({ type: 'ask-ids', ask: asks, registry, texts });
    }),
);
const verdicts = new Map<number, (read: Verdict) => void>();
const unstored = new Set<string>();
/** The job that is read, and whether it is to be left. */
let current = 0;
let stopped = false;
/** Jobs that were stopped before they began. */
const cancelled = new Set<number>();
/** Standard input while it is read. */
let input: Readable | undefined;
let wake: (() => void) | undefined;
let stored: (() => void) | undefined;
/** Ends a wait for the disk. */
let pause: (() => void) | undefined;

/** A decoder per setting of format and layout; the open one holds the batch that is being filled. */
let decoder: FlowDecoder | undefined;
let decoderSetting = '';
/** Deliveries of the open batch, by the decoder's delivery number. */
let deliveries = new Map<number, BatchDelivery>();
let deliveryNumber = -1;
/** The last delivery has not come to its end. */
let reading = false;

const send = (message: FromWorker): void => port.postMessage(message);

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'job':
      jobs.push(message.job);
      break;
    case 'flush':
      jobs.push('flush');
      break;
    case 'verdict':
      verdicts.get(message.job)?.(message.read);
      verdicts.delete(message.job);
      return;
    case 'ids':
      asked.get(message.ask)?.(message.ids);
      asked.delete(message.ask);
      return;
    case 'stored':
      unstored.delete(message.batch);
      stored?.();
      return;
    case 'stop':
      if (message.job === current) {
        stopped = true;
        // It may have nothing to say for hours.
        input?.destroy();
        pause?.();
      } else cancelled.add(message.job);
      return;
  }
  wake?.();
});

async function run(job: Job): Promise<void> {
  current = job.job;
  stopped = cancelled.delete(job.job);
  const { id, head, content, size } = await identify(job);
  if (stopped) {
    send({ type: 'left', job: job.job });
    return;
  }
  const read = await new Promise<Verdict>((resolve) => {
    verdicts.set(job.job, resolve);
    send({ type: 'identified', job: job.job, id, size, head });
  });
  if (!read) {
    send({ type: 'progress', job: job.job, bytes: job.size });
    send({ type: 'read', job: job.job });
    return;
  }
  if ('refused' in read) throw new Error(read.refused);
  const open = await begin(job, id, read);
  if (job.refused) {
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    open.refuse(job.refused.code, job.refused.message, new Uint8Array(Buffer.concat(parts)));
    reading = false;
    send({ type: 'read', job: job.job });
    return;
  }
  let position = 0;
  const stream = decompress(reportProgress(job, content));
  for (;;) {
    const next = await stream.next();
    if (next.done) {
      const damage = next.value;
      if (damage) open.endDamaged(damage.code, damage.message);
      else while (!open.push(EMPTY, true)) await handOver();
      break;
    }
    let chunk = next.value;
    if (position < read.from) {
      const skip = Math.min(chunk.length, read.from - position);
      position += skip;
      chunk = chunk.subarray(skip);
      if (chunk.length === 0) continue;
    }
    position += chunk.length;
    let taken = open.push(chunk, false);
    while (!taken) {
      await handOver();
      taken = open.push(EMPTY, false);
    }
    if (stopped) {
      await stream.return(undefined);
      await abandon();
      send({ type: 'left', job: job.job });
      return;
    }
  }
  reading = false;
  send({ type: 'read', job: job.job });
}

async function begin(job: Job, id: string, read: { from: number; layout: string }): Promise<FlowDecoder> {
  const { settings } = job;
  const setting = JSON.stringify(settings);
  if (!decoder || decoderSetting !== setting) {
    await handOver();
    decoder = new FlowDecoder({ layout: settings.layout, format: settings.format, now, capacity: setup.batchRows, rules: compileRecordRules(settings) });
    decoderSetting = setting;
    deliveryNumber = 0;
    if (read.from > 0) {
      // A decoder begins with a delivery at offset 0; this one goes on elsewhere.
      decoder.push(EMPTY, true);
      decoder.nextDelivery({ state: read.layout, offset: read.from });
      deliveryNumber = 1;
    }
  } else {
    decoder.nextDelivery(read.from > 0 ? { state: read.layout, offset: read.from } : undefined);
    deliveryNumber++;
  }
  deliveries.set(deliveryNumber, { id, origin: job.origin, internalTraffic: job.settings.internalTraffic });
  reading = true;
  return decoder;
}

/** Gives the open batch to the main thread; waits while too many are not stored. */
async function handOver(): Promise<void> {
  if (!decoder) return;
  const taken = decoder.take();
  if (taken.deliveries.some((part) => deliveries.has(part.delivery))) {
    const batch = randomUUID();
    const manifest = await stage(() => stageBatch(batch, taken, deliveries, decoder?.state ?? '', { staging: setup.staging, enricher, ids, now }));
    unstored.add(batch);
    send({ type: 'batch', manifest, extent: taken.maxStart ? { from: taken.minStart, to: taken.maxStart } : null });
  }
  deliveries = new Map([...deliveries].filter(([number]) => reading && number === deliveryNumber));
  while (unstored.size >= OPEN_BATCHES) {
    await new Promise<void>((resolve) => {
      stored = resolve;
    });
  }
}

/**
 * What is decoded is staged, however long the disk is full: without it, what comes after would be stored
 * behind a hole. Staging a batch again writes the same blocks.
 */
async function stage(work: () => Promise<Manifest>): Promise<Manifest> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!setup.untilDone || !/^(ENOSPC|EDQUOT|EIO|EMFILE|ENFILE)$/.test(String((error as { code?: unknown }).code))) throw new BrokenBatch(error);
      send({ type: 'stalled', message: `The decoded records cannot be written: ${error instanceof Error ? error.message : String(error)}` });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, STALL_MS);
        pause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      pause = undefined;
    }
  }
}

/** A batch could not be made: the thread ends, and what it held is brought again. */
class BrokenBatch extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'BrokenBatch';
  }
}

interface Identified {
  readonly id: string;
  /** SHA-256 of the first bytes. */
  readonly head: string;
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** A file is its bytes, with how it is read; its path does not matter. Standard input is what it is called, and what a collector brings what it says. */
async function identify({ content, settings, id, size }: Job): Promise<Identified> {
  const suffix = `${TARGETS[settings.format]}:${settings.layout}`;
  if (content === 'stdin') {
    input = standardInput();
    return { id: `stdin:${id ?? randomUUID()}:${suffix}`, head: '', size: 0, content: input as AsyncIterable<Uint8Array> };
  }
  if ('bytes' in content) return { id: id ?? `sha256:${sha256(content.bytes)}:${suffix}`, head: '', size, content: pieces(content.bytes) };
  const { path, from = 0, length } = content;
  const stream = () =>
    createReadStream(path, { highWaterMark: READ_SIZE, start: from, ...(length === undefined ? {} : { end: from + length - 1 }) }) as AsyncIterable<Uint8Array>;
  if (id !== undefined) return { id, head: '', size, content: length !== undefined && length <= SMALL ? pieces(readPart(path, from, length)) : stream() };
  if (size <= WHOLE_FILE) {
    const bytes = await readFile(path);
    return { id: `sha256:${sha256(bytes)}:${suffix}`, head: headOf(bytes), size: bytes.length, content: pieces(bytes) };
  }
  const hash = createHash('sha256');
  let head = '';
  let read = 0;
  for await (const chunk of stream()) {
    if (!head) head = headOf(chunk);
    hash.update(chunk);
    read += chunk.length;
    if (stopped) break;
  }
  return { id: `sha256:${hash.digest('hex')}:${suffix}`, head, size: read, content: stream() };
}

/** A part of a file, at once: a stream would cost more than reading it. */
function readPart(path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(path, 'r');
  try {
    let done = 0;
    while (done < length) {
      const read = readSync(descriptor, bytes, done, length - done, from + done);
      if (read === 0) throw new Error(`${path} is shorter than it was`);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** A pipe or a socket is read as one: as a file it ends with EAGAIN where its writer is slower than we are. */
function standardInput(): Readable {
  const info = fstatSync(0);
  if (info.isFIFO() || info.isSocket()) return new Socket({ fd: 0, readable: true, writable: false });
  if (isatty(0)) return new TerminalStream(0);
  return createReadStream('', { fd: 0, highWaterMark: READ_SIZE, autoClose: false });
}

function headOf(bytes: Uint8Array): string {
  return bytes.length < HEAD ? '' : sha256(bytes.subarray(0, HEAD));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += READ_SIZE) yield bytes.subarray(at, at + READ_SIZE);
}

async function* reportProgress(job: Job, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    send({ type: 'progress', job: job.job, bytes: chunk.length });
    yield chunk;
  }
}

/** Stores what was decoded before a delivery failed; the ledger keeps it as unfinished. */
async function abandon(): Promise<void> {
  await handOver();
  decoder = undefined;
  reading = false;
}

send({ type: 'ready' });
for (;;) {
  const job = jobs.shift();
  if (job === undefined) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  } else if (job === 'flush') {
    await handOver();
    send({ type: 'flushed' });
  } else {
    await run(job).catch(async (error: unknown) => {
      if (error instanceof BrokenBatch) throw error;
      await abandon();
      if (stopped) send({ type: 'left', job: job.job });
      else send({ type: 'failed', job: job.job, message: error instanceof Error ? error.message : String(error) });
    });
  }
}
