/** The decoding threads: started once and kept; one that breaks is replaced. */
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts';

export class WorkerPool {
  #setup: WorkerSetup;
  readonly #workers: Worker[];
  #receive: (worker: number, message: FromWorker) => void = () => undefined;
  #lost: (worker: number, error: Error) => void = () => undefined;
  #closing = false;

  constructor(size: number, setup: WorkerSetup) {
    this.#setup = setup;
    this.#workers = Array.from({ length: size }, (_, index) => this.#start(index));
  }

  #start(index: number): Worker {
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const worker = new Worker(file, { workerData: this.#setup, execArgv: [] });
    let failure: Error | undefined;
    worker.on('message', (message: FromWorker) => this.#receive(index, message));
    worker.on('error', (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', (code) => {
      if (this.#closing) return;
      this.#workers[index] = this.#start(index);
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
  listen(receive: (worker: number, message: FromWorker) => void, lost: (worker: number, error: Error) => void): void {
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

  ref(): void {
    for (const worker of this.#workers) worker.ref();
  }

  unref(): void {
    for (const worker of this.#workers) worker.unref();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
