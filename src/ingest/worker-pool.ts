/** The decoding threads: started once and kept; one that breaks is replaced. */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts';

/**
 * A thread's heap is small (16 MiB) beside the bytes that pass through it, and those count towards the next full
 * collection: with the engine's usual growth it marked its whole heap once for every 15 MiB that were read.
 */
setFlagsFromString('--heap-growing-percent=400');

/**
 * What a thread makes lives for a record or for a batch, and a batch is longer than any young generation: more than this is memory
 * that nobody needs (V8 would take up to 192 MiB a thread).
 */
const YOUNG_MIB = 48;

/** What the pool does not answer itself. */
export type OfDeliveries = Exclude<FromWorker, { readonly type: 'indicators-used' }>;

export class WorkerPool {
  #setup: WorkerSetup;
  readonly #workers: Worker[];
  #receive: (worker: number, message: OfDeliveries) => void = () => undefined;
  #lost: (worker: number, error: Error) => void = () => undefined;
  #closing = false;
  #indicators: Uint8Array | undefined;
  /** Answers of threads to the newest index that are still to come. */
  #asked: { readonly number: number; readonly workers: Set<number>; readonly resolve: () => void } | undefined;
  #numbers = 0;

  constructor(size: number, setup: WorkerSetup) {
    this.#setup = setup;
    this.#indicators = setup.indicators;
    this.#workers = Array.from({ length: size }, (_, index) => this.#start(index));
  }

  #start(index: number): Worker {
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const workerData = { ...this.#setup, indicators: this.#indicators } satisfies WorkerSetup;
    const worker = new Worker(file, { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } });
    let failure: Error | undefined;
    worker.on('message', (message: FromWorker) => {
      if (message.type !== 'indicators-used') this.#receive(index, message);
      else if (message.number === this.#asked?.number) this.#used(index);
    });
    worker.on('error', (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', (code) => {
      if (this.#closing) return;
      this.#workers[index] = this.#start(index);
      // It begins with the newest index.
      this.#used(index);
      this.#lost(index, failure ?? new Error(`a decoding thread ended with code ${code}`));
    });
    // Threads alone do not keep the process alive: deliveries do, while they are read.
    worker.unref();
    return worker;
  }

  get size(): number {
    return this.#workers.length;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Who gets the messages, and hears of a thread that broke and was replaced. */
  listen(receive: (worker: number, message: OfDeliveries) => void, lost: (worker: number, error: Error) => void): void {
    this.#receive = receive;
    this.#lost = lost;
  }

  /** For all threads, and those that replace one. */
  setAwsRanges(index: Uint8Array): void {
    this.#setup = { ...this.#setup, databases: { ...this.#setup.databases, aws: index } };
    for (const worker of this.#workers) worker.postMessage({ type: 'aws-ranges', index } satisfies ToWorker);
  }

  send(worker: number, message: ToWorker): void {
    this.#workers[worker]?.postMessage(message);
  }

  /**
   * Gives all threads an index of threat indicators; undefined: they match with none. Answers when each of them uses
   * it, or a newer one, and has handed over what it matched before.
   */
  async matchWith(index: Uint8Array | undefined): Promise<void> {
    this.#indicators = index;
    this.#asked?.resolve();
    const number = ++this.#numbers;
    // Threads that are waited for do not keep the process alive; who waits wants it to be.
    const alive = setInterval(() => undefined, 2 ** 30);
    await new Promise<void>((resolve) => {
      this.#asked = { number, workers: new Set(this.#workers.keys()), resolve };
      for (const worker of this.#workers.keys()) this.send(worker, { type: 'indicators', number, index });
    });
    clearInterval(alive);
  }

  #used(worker: number): void {
    this.#asked?.workers.delete(worker);
    if (this.#asked?.workers.size === 0) this.#asked.resolve();
  }

  ref(): void {
    for (const worker of this.#workers) worker.ref();
  }

  unref(): void {
    for (const worker of this.#workers) worker.unref();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#asked?.resolve();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
