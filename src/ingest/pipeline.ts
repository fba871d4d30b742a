/**
 * The pipeline on the main thread: repairs what a crash left, then takes what files and collectors bring
 * through the decoding threads into the store, exactly once.
 *
 * Back-pressure: a thread has at most OPEN_BATCHES batches that are not stored yet and then waits, so
 * memory does not grow with the input.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Delivery, Intake, Outcome } from '../collect/delivery.ts';
import { DeliveryError } from '../collect/delivery.ts';
import type { DigestIntake } from '../collect/digests.ts';
import { expandPaths } from '../collect/files.ts';
import type { Databases } from '../enrich/enricher.ts';
import type { Manifest } from '../store/metadata.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import type { Ingest, IngestLoad, IngestOptions, IngestSummary } from './ingest.ts';
import { Inserter, type InserterOptions } from './inserter.ts';
import type { LayoutMemory } from './layout-memory.ts';
import type { Registries } from './registry.ts';
import { Run } from './run.ts';
import { isDigestFile, isSignatureFile, takeDigestFiles } from './trails/files.ts';
import { WorkerPool } from './worker-pool.ts';

export interface PipelineOptions extends InserterOptions {
  readonly registries: Registries;
  /** What is known of the layouts of streams. */
  readonly layouts?: LayoutMemory | undefined;
  /** Who verifies the digests of CloudTrail among files. */
  readonly digests?: DigestIntake;
  /** Folder for blocks on their way into the store (DATA/staging). */
  readonly staging: string;
  /** Asked for when a record is first read: a getter need not load them before. */
  readonly databases: Databases;
  readonly internalNetworks: readonly string[];
  readonly workers: number;
  readonly batchRows: number;
  /** Milliseconds of a steady clock. */
  readonly clock: () => number;
  /** Hears what people should know of batches that a crash left. */
  readonly onRepaired?: (note: string) => void;
}

/**
 * Files of one run in the queue at a time. A file is settled when it is stored, and a thread whose queue is empty hands
 * over what it has: with few of them waiting, small files would be stored in small batches.
 */
const FILES_AT_ONCE = 2000;

export class Pipeline implements Ingest, Intake {
  readonly #options: PipelineOptions;
  readonly #inserter: Inserter;
  readonly #queue: DeliveryQueue;
  #databases: Databases | undefined;
  #pool: WorkerPool | undefined;
  #indicators: Uint8Array | undefined;

  private constructor(options: PipelineOptions) {
    this.#options = options;
    this.#inserter = new Inserter(options);
    this.#queue = new DeliveryQueue({
      pool: () => this.#threads(),
      metadata: options.metadata,
      ids: (registry, texts) => options.registries.ids(registry, texts),
      layouts: options.layouts,
      store: (manifest) => this.#inserter.store(manifest),
      clock: options.clock,
    });
  }

  /**
   * Inserts the batches of open manifests again (same blocks, same tokens), also where the data directory was moved since, and
   * clears the staging folder of what no manifest names. With `untilDone` it answers at once, and what comes is stored after them.
   */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    mkdirSync(options.staging, { recursive: true });
    const pipeline = new Pipeline(options);
    const here = <T extends { readonly file: string }>(block: T): T => ({ ...block, file: join(options.staging, basename(block.file)) });
    const open = (await options.metadata.openManifests()).map((manifest) => ({ ...manifest, blocks: manifest.blocks.map(here) }));
    const named = new Set(open.flatMap((manifest) => manifest.blocks.map((block) => basename(block.file))));
    for (const name of readdirSync(options.staging)) if (!named.has(name)) rmSync(join(options.staging, name), { force: true });
    const repairs = open.map(async (manifest) => {
      for (const note of (await pipeline.#inserter.repair(manifest)).notes) options.onRepaired?.(note);
    });
    if (options.untilDone) for (const repair of repairs) repair.catch(() => undefined);
    else await Promise.all(repairs);
    return pipeline;
  }

  /** Why nothing is stored at the moment; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#inserter.trouble ?? this.#queue.trouble;
  }

  /** What ended all storing until the next start. */
  get failure(): Error | undefined {
    return this.#inserter.failure;
  }

  get load(): IngestLoad {
    const { open, repairing, ...done } = this.#inserter.load;
    return { deliveries: this.#queue.size, waiting: this.#queue.waiting, openBatches: open, repairing, gathered: this.#queue.gathered, ...done };
  }

  async ingest(paths: readonly string[], options: IngestOptions = {}): Promise<IngestSummary> {
    const files = await expandPaths(paths);
    const records = files.filter(({ path }) => !isDigestFile(path) && !isSignatureFile(path));
    const summary = await new Run(this.#queue, records, options, this.#options.clock).finished(FILES_AT_ONCE);
    if (this.#inserter.failure) throw this.#inserter.failure;
    const { digests } = this.#options;
    const verified = files.filter(({ path }) => isDigestFile(path)).length;
    if (!digests || verified === 0) return summary;
    // After the log files that they name.
    const failures = await takeDigestFiles(files, digests, options.signal);
    const note = `${verified} ${verified === 1 ? 'digest' : 'digests'} of CloudTrail were verified: see "bartizan cloudtrail proofs", or the completeness board.`;
    return { ...summary, failures: [...summary.failures, ...failures], notes: [...summary.notes, note] };
  }

  async take(delivery: Delivery): Promise<Outcome> {
    const { id, source, name, size, content, origin, settings, refused } = delivery;
    const { counts, known, stopped } = await this.#queue.take({
      job: { content, size, origin, source, settings, id, bounded: true, ...(refused ? { refused } : {}) },
      name,
      first: true,
    });
    if (stopped) throw new DeliveryError('The pipeline was stopped.', { retryable: true });
    return { counts, known };
  }

  /** Index of threat indicators that records are matched with. */
  get indicators(): Uint8Array | undefined {
    return this.#indicators;
  }

  /**
   * Matches with this index (bytes of an IndicatorIndexBuilder) from now on; undefined: with none. Answers when all that
   * was matched with the one before is stored.
   */
  async matchWith(index: Uint8Array | undefined): Promise<void> {
    this.#indicators = index;
    await this.#pool?.matchWith(index);
    await this.#inserter.settled();
  }

  /** What records are enriched from at the moment. */
  get databases(): Databases {
    this.#databases ??= this.#options.databases;
    return this.#databases;
  }

  /** Looks up AWS services in another index (enrich/aws-ranges.ts, in a SharedArrayBuffer) from the next batch on. */
  setAwsRanges(index: Uint8Array): void {
    this.#databases = { ...this.databases, aws: index };
    this.#pool?.setAwsRanges(index);
  }

  /** Commits and inserts a batch that was staged elsewhere. */
  async storeBatch(manifest: Manifest): Promise<void> {
    await this.#inserter.store(manifest);
  }

  /** Answers when all that was given to be stored before the call is stored, what a crash left too. Rejects where storing has ended. */
  async settled(): Promise<void> {
    await this.#inserter.settled();
    if (this.#inserter.failure) throw this.#inserter.failure;
  }

  async close(): Promise<void> {
    const closed = this.#inserter.close();
    await this.#pool?.close();
    await closed;
    // What threads handed over before they ended: an insert goes on in the engine when the store is closed.
    await this.#inserter.settled();
  }

  #threads(): WorkerPool {
    const { workers, staging, batchRows, internalNetworks, untilDone } = this.#options;
    this.#pool ??= new WorkerPool(workers, {
      staging,
      batchRows,
      databases: this.databases,
      internalNetworks,
      untilDone,
      indicators: this.#indicators,
    });
    return this.#pool;
  }
}
