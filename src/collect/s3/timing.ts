/** How long a source waits for what. Tests make the times short; nobody else changes them. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Timings {
  /** Seconds of a long poll; SQS allows 20. */
  readonly pollSeconds: number;
  /** First pause after an error, doubled each time up to the longest. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** First pause of a message that is given back. */
  readonly returnMs: number;
  /** How long receipts are gathered for one delete request. */
  readonly deleteMs: number;
  /** How long an object that a notification names may not be there yet. */
  readonly graceMs: number;
  /** How long what is in hand may take when the source stops. */
  readonly stopMs: number;
  /** Between looks at the queue's depth. */
  readonly attributesMs: number;
  /** Longest silence of a download. */
  readonly idleMs: number;
  /** Between two saves of a listing's position. */
  readonly saveMs: number;
  /** Between looks for keys of digests that came before them. */
  readonly judgeMs: number;
}

export const TIMINGS: Timings = {
  pollSeconds: 20,
  retryMs: 1000,
  longestRetryMs: 60_000,
  returnMs: 10_000,
  deleteMs: 200,
  graceMs: 60_000,
  stopMs: 8000,
  attributesMs: 60_000,
  idleMs: 30_000,
  saveMs: 1000,
  judgeMs: 300_000,
};

/** A pause that grows with each error in a row, with some chance in it so that many sources do not go in step. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  #times = 0;

  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
  }
  reset(): void {
    this.#times = 0;
  }
  /** Ends at once, and without an error, when the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = Math.min(this.#longest, this.#first * 2 ** Math.min(20, this.#times)) * (0.75 + Math.random() / 4);
    this.#times += 1;
    await delay(ms, undefined, { signal }).catch(() => {});
  }
}
