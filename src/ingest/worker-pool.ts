/** The decoding threads, started once and kept. */
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts';

type Receive = (worker: number, message: FromWorker) => void;

export class WorkerPool {
  readonly #workers: Worker[];
  readonly #flushes = new Map<number, () => void>();
  #receive: Receive = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  #closing = false;

  constructor(size: number, setup: WorkerSetup) {
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    this.#workers = Array.from({ length: size }, (_, index) => {
      const worker = new Worker(file, { workerData: setup, execArgv: [] });
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'flushed') this.#flushes.get(index)?.();
        else this.#receive(index, message);
      });
      worker.on('error', (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', (code) => {
        if (!this.#closing) this.#fail(new Error(`a decoding thread ended with code ${code}`));
      });
      // Threads alone do not keep the process alive: a run does, by waiting for their messages.
      worker.unref();
      return worker;
    });
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Who gets the messages of the run that starts now, and its end by a broken thread. */
  listen(receive: Receive, fail: (error: Error) => void): void {
    this.#receive = receive;
    this.#fail = fail;
    for (const worker of this.#workers) worker.ref();
  }

  send(worker: number, message: ToWorker): void {
    this.#workers[worker]?.postMessage(message);
  }

  broadcast(message: ToWorker): void {
    for (let i = 0; i < this.#workers.length; i++) this.send(i, message);
  }

  /** Every thread hands over what it has decoded; resolves when all batches were sent and stored. */
  async flush(): Promise<void> {
    await Promise.all(
      this.#workers.map(
        (_, index) =>
          new Promise<void>((resolve) => {
            this.#flushes.set(index, resolve);
            this.send(index, { type: 'flush' });
          }),
      ),
    );
    for (const worker of this.#workers) worker.unref();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
