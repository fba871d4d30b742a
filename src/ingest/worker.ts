/**
 * A decoding thread: reads deliveries, decodes and enriches, stages blocks, and tells the main thread. It
 * holds at most OPEN_BATCHES batches of a format that are not stored yet; then it waits.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { DELIVERY_LIMITS, FILE_LIMITS, type Source, segments, segmentsFrom } from '../decode/segments.ts';
import { segmentsOfAll } from '../decode/segments-of-all.ts';
import { createEnricher } from '../enrich/enricher.ts';
import { createDecoder, type DecoderKind, decoderKind, headed, type RecordDecoder } from '../formats/decoder.ts';
import { FlowDecoder } from '../formats/flow/decode.ts';
import { heldState, namedState } from '../formats/flow/detect.ts';
import { formatOfText, formatsOf } from '../formats/flow/layout.ts';
import type { FlowReading } from '../formats/flow/options.ts';
import { compileRecordRules } from '../formats/record-rules.ts';
import { RAW_LIMIT } from '../model/batch.ts';
import type { Segment } from '../model/segment.ts';
import { saidBy, whyOfFile } from '../model/wording.ts';
import type { Manifest } from '../store/metadata.ts';
import { type BatchDelivery, stageBatch } from './batch-writer.ts';
import { identify, standardInput } from './identity.ts';
import { joinedBatches, type TakenBatch } from './joined-batches.ts';
import { KnownLayouts, streamOf } from './layout-changes.ts';
import type { LayoutChoice } from './layout-choice.ts';
import { IdCache } from './registry.ts';
import { StreamChoices } from './stream-choices.ts';
import type { FromWorker, Job, ToWorker, Verdict, WorkerSetup } from './worker-protocol.ts';

const OPEN_BATCHES = 2;
/** Between two tries to write to a full disk. */
const STALL_MS = 1000;
/** Settings whose compiled form is kept. */
const READINGS = 256;
const EMPTY = new Uint8Array(0);

if (!parentPort) throw new Error('this file is a worker thread');
const port = parentPort;
const setup = workerData as WorkerSetup;
const enricher = createEnricher(setup.databases, { internalNetworks: setup.internalNetworks });
enricher.matchWith(setup.indicators);
const now = () => Math.floor(Date.now() / 1000);

const layouts = new KnownLayouts();
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
/** A batch is being enriched and staged; an index of indicators that comes meanwhile waits for its end. */
let staging = false;
let nextIndicators: Extract<ToWorker, { readonly type: 'indicators' }> | undefined;
let pause: (() => void) | undefined; // ends a wait for the disk

/** A batch that is being filled: its decoder holds the records. */
interface OpenBatch {
  readonly decoder: RecordDecoder;
  /** Segments of deliveries in it, by the decoder's delivery number. */
  deliveries: Map<number, BatchDelivery>;
  number: number;
}

/** Each format has one of its own, so that what comes of several in turn fills them all. */
const batches = new Map<DecoderKind, OpenBatch>();
/** A delivery may have records in several of them. The ledger knows one offset of it: they are stored together. */
let mixed = false;
/** Of the segment that is read. */
let kind: DecoderKind = 'flow';
/** A segment of it was begun. */
let begun = false;
/** How sources' records are read, by their settings as JSON. */
const readings = new Map<string, FlowReading>();
/** The last delivery has not come to its end. */
let reading = false;

const send = (message: FromWorker): void => port.postMessage(message);

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'job':
      if (message.job.layouts) layouts.hear(message.job.source ?? '', message.job.layouts);
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
    case 'indicators':
      nextIndicators = message;
      if (!staging) matchWith();
      return;
    case 'stored':
      unstored.delete(message.batch);
      stored?.();
      return;
    case 'aws-ranges':
      enricher.setAwsRanges(message.index);
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

function matchWith(): void {
  if (!nextIndicators) return;
  enricher.matchWith(nextIndicators.index);
  send({ type: 'indicators-used', number: nextIndicators.number });
  nextIndicators = undefined;
}

async function run(job: Job): Promise<void> {
  current = job.job;
  begun = false;
  stopped = cancelled.delete(job.job);
  const standard = () => {
    input = standardInput();
    return input;
  };
  const { id, head, contents, size } = await identify(job, standard, () => stopped);
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
  const whole = job.refused ? await readRefused(job, contents[0], id) : await readAll(job, contents, id, read);
  if (!whole) await abandon();
  reading = false;
  send({ type: whole ? 'read' : 'left', job: job.job });
}

/** A segment in hand: whether it is the delivery's last is known at its end. */
type Owner = Omit<BatchDelivery, 'last' | 'stream'> & { last: boolean; stream?: string };

/** Bytes that are known to be no records: kept as one. */
async function readRefused(job: Job, content: Source, id: string): Promise<boolean> {
  const pieces: Uint8Array[] = [];
  if ('bytes' in content) pieces.push(content.bytes);
  else if ('path' in content) {
    const { path, from = 0, length = 0 } = content;
    for await (const piece of createReadStream(path, { start: from, end: from + length - 1 }) as AsyncIterable<Buffer>) pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  const { code, message } = job.refused as NonNullable<Job['refused']>;
  begin(job, id, undefined, 0, kind).last = true;
  open().endDamaged(code, message, { raw: bytes.subarray(0, RAW_LIMIT), length: bytes.length });
  return true;
}

/** Reads a delivery segment by segment; false when it was stopped before its end. */
async function readAll(job: Job, contents: readonly [Source, ...Source[]], id: string, { from, layout }: { from: number; layout: string }): Promise<boolean> {
  const options = {
    limits: job.bounded ? DELIVERY_LIMITS : FILE_LIMITS,
    // Of what others send nobody watches the progress.
    ...(job.bounded ? {} : { onRead: (bytes: number) => send({ type: 'progress', job: job.job, bytes }) }),
  };
  const all = contents.length === 1 ? segments(contents[0], options) : segmentsOfAll(contents, options);
  const stream = from > 0 ? segmentsFrom(all, from) : all;
  let end = from; // where the text ends, as far as it is read
  let owner: Owner | undefined;
  try {
    for (;;) {
      const next = await stream.next();
      if (next.done) {
        // The text before may be what is damaged: its end is still open.
        if (!owner || open().deliveryFinished) owner = begin(job, id, undefined, next.value?.offset ?? end, kind);
        owner.last = true;
        await push(EMPTY, next.value === undefined);
        if (next.value) open().endDamaged(next.value.code, next.value.message);
        return true;
      }
      const segment = next.value;
      if (segment.kind === 'control') continue;
      if (owner && !open().deliveryFinished) await push(EMPTY, true);
      if (segment.kind === 'bad') {
        owner = begin(job, id, segment, segment.offset, kind);
        open().endDamaged(segment.code, segment.message, segment);
        end = segment.offset + segment.length;
        continue;
      }
      const resumed = segment.resumed ? layout : undefined;
      end = segment.offset;
      owner = undefined;
      for await (const chunk of headed(segment.chunks, job.settings.format, resumed)) {
        if (!owner) {
          owner = begin(job, id, segment, segment.offset, decoderKind(job.settings.format, chunk, resumed), resumed);
          if (resumed === undefined) choose(job, owner, chunk);
        }
        end += chunk.length;
        await push(chunk, false);
        if (stopped) return false;
      }
      owner ??= begin(job, id, segment, segment.offset, kind, resumed);
    }
  } finally {
    await stream.return(undefined);
  }
}

const choices = new StreamChoices();

/** Decides how the lines of a segment that begins with these bytes are read, where the settings leave it open. */
function choose(job: Job, owner: Owner, head: Uint8Array): void {
  const { layout, format } = job.settings;
  const decoder = open();
  if (!(decoder instanceof FlowDecoder)) return;
  if (layout.trim().toLowerCase() !== 'auto') return;
  const formats = formatsOf(format);
  const stream = streamOf(owner);
  const learned = layouts.of(stream);
  // The setting may have been changed since it was learned.
  const known = learned !== undefined && formatOfText(learned, formats) ? learned : undefined;
  const choice: LayoutChoice = known === undefined ? choices.choose(stream, head, formats) : { kind: 'layout', layout: known, learned: false };
  if (choice.kind === 'layout') {
    decoder.setState(namedState(choice.layout));
    if (choice.learned) send({ type: 'learned', stream, layout: choice.layout });
  } else if (choice.kind === 'hold') {
    decoder.setState(heldState(choice.message));
    owner.stream = stream;
  }
}

/** Decodes bytes, handing batches over as they fill. */
async function push(bytes: Uint8Array, last: boolean): Promise<void> {
  let taken = open().push(bytes, last);
  while (!taken) {
    await handOver(kind);
    taken = open().push(EMPTY, last);
  }
}

function open(): RecordDecoder {
  const batch = batches.get(kind);
  if (!batch) throw new Error('no decoder is open');
  return batch.decoder;
}

/** Lets the decoder of a kind read by the job's settings. Sources of different settings share batches. */
function decodeBy({ settings }: Job, wanted: DecoderKind): OpenBatch {
  mixed ||= begun && wanted !== kind;
  kind = wanted;
  const key = JSON.stringify(settings);
  let reading = readings.get(key);
  if (!reading) {
    reading = { layout: settings.layout, format: settings.format, rules: compileRecordRules(settings) };
    // Settings that were changed are not used again.
    if (readings.size >= READINGS) readings.clear();
    readings.set(key, reading);
  }
  let batch = batches.get(kind);
  if (!batch) {
    batch = { decoder: createDecoder(kind, { ...reading, now, capacity: setup.batchRows }), deliveries: new Map(), number: 0 };
    batches.set(kind, batch);
    // A decoder begins with a delivery of its own, which is nobody's.
    batch.decoder.push(EMPTY, true);
  }
  batch.decoder.readBy(reading);
  return batch;
}

/** Begins a segment of a delivery at an offset, for a kind of decoder. `state`: that of the decoder where it was read before. */
function begin(job: Job, id: string, segment: Exclude<Segment, { kind: 'control' }> | undefined, offset: number, wanted: DecoderKind, state?: string): Owner {
  const batch = decodeBy(job, wanted);
  batch.decoder.nextDelivery(state === undefined ? { offset } : { state, offset });
  const owner = { id, source: job.source ?? '', origin: { ...job.origin, ...segment?.origin }, internalTraffic: job.settings.internalTraffic, last: false };
  batch.deliveries.set(++batch.number, owner);
  reading = true;
  begun = true;
  return owner;
}

/** Gives the open batch of a format to the main thread, with the others where they are mixed; waits while too many are not stored. */
async function handOver(of: DecoderKind): Promise<void> {
  // The one that is read comes last: where its decoder stands the ledger goes on.
  const kinds = mixed ? [...batches.keys()].sort((a, b) => Number(a === kind) - Number(b === kind)) : [of];
  const open = kinds.flatMap((one) => batches.get(one) ?? []).filter(({ deliveries }) => deliveries.size > 0);
  const [first, ...more] = open.map(({ decoder, deliveries }): TakenBatch => ({ decoded: decoder.take(), deliveries }));
  mixed = false;
  if (!first) return;
  const { decoded, deliveries } = joinedBatches([first, ...more]);
  if (decoded.deliveries.some((part) => deliveries.has(part.delivery))) {
    const batch = randomUUID();
    const state = open.at(-1)?.decoder.state ?? '';
    staging = true;
    const manifest = await stage(() => stageBatch(batch, decoded, deliveries, state, { staging: setup.staging, enricher, ids, now }));
    unstored.add(batch);
    const held = new Set(decoded.bad.some((b) => b.code === 'layout-unknown') ? [...deliveries.values()].flatMap((d) => d.stream ?? []) : []);
    send({ type: 'batch', manifest, extent: decoded.maxStart ? { from: decoded.minStart, to: decoded.maxStart } : null, held: [...held] });
    staging = false;
    matchWith();
  }
  for (const one of open) one.deliveries = new Map([...one.deliveries].filter(([n]) => reading && one === batches.get(kind) && n === one.number));
  while (unstored.size >= OPEN_BATCHES * batches.size) {
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
      send({ type: 'stalled', message: `The decoded records cannot be written: ${saidBy(error)}` });
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

/** Stores what was decoded before a delivery failed; the ledger keeps it as unfinished. */
async function abandon(): Promise<void> {
  await handOver(kind);
  batches.delete(kind);
  reading = false;
}

for (;;) {
  const job = jobs.shift();
  if (job === undefined) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  } else if (job === 'flush') {
    for (const of of batches.keys()) await handOver(of);
    send({ type: 'flushed' });
  } else {
    await run(job).catch(async (error: unknown) => {
      if (error instanceof BrokenBatch) throw error;
      await abandon();
      if (stopped) send({ type: 'left', job: job.job });
      else send({ type: 'failed', job: job.job, message: error instanceof Error && !('syscall' in error) ? error.message : `it ${whyOfFile(error)}` });
    });
  }
}
