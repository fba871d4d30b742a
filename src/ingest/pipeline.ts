/**
 * The pipeline on the main thread: hands files to decoding workers, asks the ledger about each
 * delivery, and inserts the batches that come back, exactly once and in each worker's order.
 *
 * Back-pressure: a worker has at most OPEN_BATCHES batches that are not stored yet and then waits, so
 * memory does not grow with the input.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expandPaths, type SourceFile } from '../collect/files.ts';
import type { Databases } from '../enrich/enricher.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/counts.ts';
import type { Manifest, Metadata, StagedBlock } from '../store/metadata.ts';
import { type StagedSelect, type Store, StoreError } from '../store/store.ts';
import type { Ingest, IngestOptions, IngestSummary } from './ingest.ts';
import type { Registries } from './registry.ts';
import { WorkerPool } from './worker-pool.ts';
import type { FromWorker, Job } from './worker-protocol.ts';

export interface PipelineOptions {
  readonly store: Store;
  readonly metadata: Metadata;
  readonly registries: Registries;
  /** Folder for blocks on their way into the store (DATA/staging). */
  readonly staging: string;
  readonly databases: Databases;
  readonly internalNetworks: readonly string[];
  readonly workers: number;
  readonly batchRows: number;
  /** Milliseconds of a steady clock. */
  readonly clock: () => number;
  /** What field extraction rules make of a block as it is stored; `absentMask` is that of its flows. */
  readonly extraction?: (block: StagedBlock, absentMask: bigint, only?: readonly string[]) => Promise<StagedSelect | undefined>;
  /** Names of the rules that take part in it. */
  readonly rules?: () => readonly string[];
}

/** What the engine says when a rule asks too much of it. */
const FAILED_RULES: ReadonlySet<string> = new Set(['query-refused', 'query-failed', 'query-memory', 'query-timeout']);

/** What people should know of a block whose rules failed. */
function noteOf({ rows, extraction }: StagedBlock, culprits: readonly string[], { message }: StoreError): string {
  if (!extraction) return `The field extraction rules failed on ${rows} records, which are stored without their fields: ${message}`;
  const names = culprits.map((name) => `“${name}”`).join(', ');
  return `The field extraction rule ${names} failed on ${rows} records, which are stored without its fields: ${message}`;
}

/** Repairs what a crash left, then takes in files. */
export class Pipeline implements Ingest {
  readonly #options: PipelineOptions;
  #pool: WorkerPool | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Inserts the batches of open manifests again (same blocks, same tokens) and clears the staging folder. */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    mkdirSync(options.staging, { recursive: true });
    const pipeline = new Pipeline(options);
    for (const manifest of await options.metadata.openManifests()) await pipeline.#insert(manifest);
    for (const name of readdirSync(options.staging)) rmSync(join(options.staging, name), { force: true });
    return pipeline;
  }

  ingest(paths: readonly string[], options: IngestOptions = {}): Promise<IngestSummary> {
    const run = this.#queue.then(async () => {
      const files = await expandPaths(paths);
      this.#pool ??= new WorkerPool(this.#options.workers, {
        staging: this.#options.staging,
        batchRows: this.#options.batchRows,
        databases: this.#options.databases,
        internalNetworks: this.#options.internalNetworks,
      });
      return new Run(this.#pool, this.#options, files, options, (manifest) => this.#store(manifest)).finished();
    });
    this.#queue = run.catch(() => undefined);
    return run;
  }

  /** Commits a batch's manifest with what rules make of its blocks, then inserts it; what people should know of it. */
  async #store(staged: Manifest): Promise<string[]> {
    const blocks: StagedBlock[] = [];
    for (const block of staged.blocks) {
      const extraction = await this.#options.extraction?.(block, BigInt(staged.absentMask));
      blocks.push(extraction ? { ...block, extraction } : block);
    }
    const manifest = { ...staged, blocks };
    await this.#options.metadata.commit(manifest);
    return this.#insert(manifest);
  }

  /** Stages of a batch after its manifest is committed; repeating it stores nothing twice. */
  async #insert(committed: Manifest): Promise<string[]> {
    const notes: string[] = [];
    let manifest = committed;
    for (const { token } of committed.blocks) {
      const block = (): StagedBlock => manifest.blocks.find((b) => b.token === token) as StagedBlock;
      // Whatever is inserted in the end, the manifest says it first: a crash in between inserts the same again.
      const instead = async (extraction: StagedSelect | undefined): Promise<void> => {
        const { extraction: _, ...bare } = block();
        manifest = { ...manifest, blocks: manifest.blocks.map((b) => (b.token === token ? { ...bare, ...(extraction ? { extraction } : {}) } : b)) };
        await this.#options.metadata.amend(manifest);
      };
      const failure = await this.#tryInsert(block());
      if (!failure) continue;
      const { culprits, extraction } = await this.#withoutCulprits(block(), BigInt(manifest.absentMask));
      await instead(extraction);
      const again = await this.#tryInsert(block());
      if (again) {
        await instead(undefined);
        await this.#options.store.insertNative(block());
      }
      // What each of them can do, and all together can the second time, was no failure of theirs.
      if (again || culprits.length || !extraction) notes.push(noteOf(block(), culprits, again ?? failure));
    }
    await this.#options.metadata.finish(manifest);
    for (const block of manifest.blocks) rmSync(block.file, { force: true });
    return notes;
  }

  /** What the rules failed with; nothing is stored then. Throws what else fails. */
  async #tryInsert(block: StagedBlock): Promise<StoreError | undefined> {
    try {
      await this.#options.store.insertNative(block);
      return undefined;
    } catch (error) {
      if (block.extraction && error instanceof StoreError && FAILED_RULES.has(error.code)) return error;
      throw error;
    }
  }

  /** Tries rule by rule what a block fails on; and an extraction by the others. */
  async #withoutCulprits(block: StagedBlock, absentMask: bigint): Promise<{ culprits: readonly string[]; extraction: StagedSelect | undefined }> {
    const { extraction, rules, store } = this.#options;
    const names = rules?.() ?? [];
    const culprits: string[] = [];
    for (const name of names) {
      const alone = await extraction?.(block, absentMask, [name]);
      if (!alone) continue;
      // Reads all that the rule makes, and gives one row.
      const text = `SELECT sum(cityHash64(extracted)) FROM (${alone.statement.text})`;
      try {
        await store.readNative(block, { ...alone, statement: { ...alone.statement, text } });
      } catch (error) {
        if (!(error instanceof StoreError) || !FAILED_RULES.has(error.code)) throw error;
        culprits.push(name);
      }
    }
    const others = names.filter((name) => !culprits.includes(name));
    return { culprits, extraction: others.length ? await extraction?.(block, absentMask, others) : undefined };
  }

  /** Commits and inserts a batch that was staged elsewhere, between runs. */
  storeBatch(manifest: Manifest): Promise<void> {
    const done = this.#queue.then(() => this.#store(manifest)).then(() => undefined);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#pool?.close();
  }
}

/** One call of `ingest`. */
class Run {
  readonly #pool: WorkerPool;
  readonly #options: PipelineOptions;
  readonly #files: readonly SourceFile[];
  readonly #ask: IngestOptions;
  readonly #storeBatch: (manifest: Manifest) => Promise<string[]>;
  readonly #started: number;
  readonly #totals: Counts = { ...NO_COUNTS };
  readonly #failures: { path: string; message: string }[] = [];
  readonly #notes: string[] = [];
  /** Deliveries that are being read, and how many more files turned out to be the same. */
  readonly #reading = new Map<string, { copies: number }>();
  readonly #formats: Record<string, number> = {};
  #inserts: Promise<void> = Promise.resolve();
  #next = 0;
  #active = 0;
  #filesDone = 0;
  #bytes = 0;
  #extent: { from: number; to: number } | null = null;
  #failed: unknown;
  #lastProgress = 0;

  constructor(
    pool: WorkerPool,
    options: PipelineOptions,
    files: readonly SourceFile[],
    ask: IngestOptions,
    storeBatch: (manifest: Manifest) => Promise<string[]>,
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#files = files;
    this.#ask = ask;
    this.#storeBatch = storeBatch;
    this.#started = options.clock();
  }

  async finished(): Promise<IngestSummary> {
    const stop = () => this.#pool.broadcast({ type: 'stop' });
    this.#ask.signal?.addEventListener('abort', stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#pool.listen((worker, message) => this.#receive(worker, message, resolve, reject), reject);
        for (let worker = 0; worker < this.#pool.size; worker++) this.#dispatch(worker);
        if (this.#active === 0) resolve();
      });
      await this.#pool.flush();
      await this.#inserts;
      if (this.#failed) throw this.#failed;
    } finally {
      this.#ask.signal?.removeEventListener('abort', stop);
    }
    await this.#countCopies();
    this.#report(true);
    return this.#summary();
  }

  #dispatch(worker: number): void {
    if (this.#next >= this.#files.length || this.#ask.signal?.aborted || this.#failed) return;
    const job = this.#next++;
    const file = this.#files[job] as SourceFile;
    if (file.problem !== undefined) {
      this.#failures.push({ path: file.path, message: file.problem });
      this.#dispatch(worker);
      return;
    }
    this.#active++;
    this.#pool.send(worker, { type: 'job', job: this.#job(job, file) });
  }

  #job(job: number, file: SourceFile): Job {
    const origin = {
      sourceName: file.path === '-' ? (this.#ask.id ?? 'stdin') : file.path,
      sourceCategory: this.#ask.sourceCategory ?? '',
      sourceHost: this.#ask.sourceHost ?? '',
      collector: this.#ask.collector ?? '',
    };
    return { job, path: file.path, size: file.size, layout: this.#ask.layout ?? 'auto', origin, ...(this.#ask.id === undefined ? {} : { id: this.#ask.id }) };
  }

  #receive(worker: number, message: FromWorker, resolve: () => void, reject: (error: unknown) => void): void {
    switch (message.type) {
      case 'identified':
        void this.#judge(message).then((read) => this.#pool.send(worker, { type: 'verdict', job: message.job, read }), reject);
        return;
      case 'ask-ids':
        void this.#options.registries
          .ids(message.registry, message.texts)
          .then((ids) => this.#pool.send(worker, { type: 'ids', ask: message.ask, ids }), reject);
        return;
      case 'progress':
        this.#bytes += message.bytes;
        this.#report();
        return;
      case 'batch':
        this.#inserts = this.#inserts
          .then(() => this.#store(worker, message))
          .catch((error: unknown) => {
            this.#failed ??= error;
            reject(error);
          });
        return;
      case 'failed':
        this.#failures.push({ path: this.#files[message.job]?.path ?? '', message: message.message });
        this.#done(worker, resolve);
        return;
      case 'read':
        this.#filesDone++;
        this.#done(worker, resolve);
        return;
      case 'left':
        this.#done(worker, resolve);
        return;
      case 'ready':
      case 'flushed':
        return;
    }
  }

  #done(worker: number, resolve: () => void): void {
    this.#active--;
    this.#report();
    this.#dispatch(worker);
    if (this.#active === 0) resolve();
  }

  async #judge(found: Extract<FromWorker, { type: 'identified' }>): Promise<{ from: number; layout: string } | false> {
    const { metadata } = this.#options;
    const name = this.#files[found.job]?.path ?? '';
    const reading = this.#reading.get(found.id);
    if (reading) {
      reading.copies++;
      return false;
    }
    const known = await metadata.delivery(found.id);
    if (known?.done && !this.#ask.again) {
      addCounts(this.#totals, { ...NO_COUNTS, records: known.counts.records, duplicates: known.counts.records });
      return false;
    }
    this.#reading.set(found.id, { copies: 0 });
    // A file that is shorter than a head has none.
    if (!known && found.head !== '') {
      const grown = await metadata.sameHead(found.head, found.id);
      if (grown[0]) this.#notes.push(`${basename(name)} begins like ${grown[0]}, which is stored: if it has grown, its first records are stored twice.`);
    }
    const delivery = await metadata.open({ id: found.id, name, size: found.size, head: found.head }, this.#ask.again && known?.done);
    // What an interrupted run stored of it is there already.
    if (delivery.doneTo > 0) addCounts(this.#totals, { ...NO_COUNTS, records: delivery.counts.records, duplicates: delivery.counts.records });
    return { from: delivery.doneTo, layout: delivery.layout };
  }

  async #store(worker: number, message: Extract<FromWorker, { type: 'batch' }>): Promise<void> {
    const { manifest, extent } = message;
    const notes = await this.#storeBatch(manifest);
    this.#notes.push(...notes);
    for (const range of manifest.ranges) {
      addCounts(this.#totals, range.counts);
      this.#formats['vpc-flow'] = (this.#formats['vpc-flow'] ?? 0) + range.counts.records;
    }
    if (extent) {
      this.#extent = this.#extent ? { from: Math.min(this.#extent.from, extent.from), to: Math.max(this.#extent.to, extent.to) } : extent;
    }
    this.#pool.send(worker, { type: 'stored', batch: manifest.batch });
    this.#report();
  }

  /** Files that were the same as one being read count as its duplicates, once that one is counted. */
  async #countCopies(): Promise<void> {
    for (const [id, { copies }] of this.#reading) {
      if (!copies) continue;
      const records = (await this.#options.metadata.delivery(id))?.counts.records ?? 0;
      addCounts(this.#totals, { ...NO_COUNTS, records: records * copies, duplicates: records * copies });
    }
  }

  #report(always = false): void {
    const now = this.#options.clock();
    if (!this.#ask.onProgress || (!always && now - this.#lastProgress < 100)) return;
    this.#lastProgress = now;
    this.#ask.onProgress({
      files: this.#filesDone,
      filesTotal: this.#files.length,
      bytes: this.#bytes,
      bytesTotal: this.#files.reduce((n, f) => n + f.size, 0),
      records: this.#totals.records,
      seconds: (now - this.#started) / 1000,
    });
  }

  #summary(): IngestSummary {
    return {
      files: this.#filesDone,
      bytes: this.#bytes,
      ...this.#totals,
      seconds: Math.round(this.#options.clock() - this.#started) / 1000,
      formats: this.#formats,
      interrupted: this.#ask.signal?.aborted ?? false,
      failures: this.#failures,
      notes: this.#notes,
      extent: this.#extent,
    };
  }
}
