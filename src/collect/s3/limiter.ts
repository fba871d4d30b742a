/**
 * How many objects are in hand at once, over all S3 sources: twice as many after each round that went well until one did
 * not, then one more; half as many when S3 asks for fewer requests, somewhat fewer when S3 or the pipeline behind takes much
 * longer than it did at its best. Bytes are bounded too: what is downloaded and not yet stored lies in memory or on the disk.
 */

/** How an object went. Milliseconds; `takenMs` is per MiB, at least one. */
export interface Outing {
  readonly throttled: boolean;
  /** Until the first byte came. */
  readonly answeredMs?: number | undefined;
  /** Until the intake had stored it. */
  readonly takenMs?: number | undefined;
}

/** Leave to hold an object; given back once. */
export interface Leave {
  /** How many bytes it is in truth; those who wait see it, nobody is stopped. */
  holds(bytes: number): void;
  release(outing: Outing): void;
}

export interface LimiterOptions {
  readonly start?: number;
  readonly max?: number;
  /** Bytes downloaded and not yet stored; one object alone may be larger. */
  readonly maxBytes?: number;
  /** Bytes of them that may be in memory. */
  readonly maxMemory?: number;
  /** Milliseconds that never go back. */
  readonly clock?: () => number;
}

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

/** Times below this are no sign of anything. */
const QUICK_MS = 500;
/** Slower than this many times the best is slow. */
const SLOW = 4;
/** After a cut, answers of requests that were sent before it say nothing. */
const PAUSE_MS = 1000;

export class Limiter {
  readonly #max: number;
  readonly #maxBytes: number;
  readonly #clock: () => number;
  #memory: number;
  #limit: number;
  #active = 0;
  #bytes = 0;
  #waiting: Waiter[] = [];
  #cutAt = Number.NEGATIVE_INFINITY;
  #answered = new Latency();
  #taken = new Latency();
  #share = new Latency();

  constructor(options: LimiterOptions = {}) {
    this.#max = options.max ?? 64;
    this.#limit = Math.min(options.start ?? 4, this.#max);
    this.#maxBytes = options.maxBytes ?? 2 ** 30;
    this.#memory = options.maxMemory ?? 64 * 2 ** 20;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Objects that may be in hand now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }
  get active(): number {
    return this.#active;
  }

  /** Waits its turn; rejects with the signal's reason. `bytes`: as many as are known beforehand. */
  async acquire(bytes: number, signal: AbortSignal): Promise<Leave> {
    signal.throwIfAborted();
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await this.#turn(bytes, signal);
    else this.#enter(bytes);
    const before = this.#active;
    let held = true;
    let own = bytes;
    return {
      holds: (more) => {
        if (!held) return;
        this.#bytes += more - own;
        own = more;
        this.#admit();
      },
      release: (outing) => {
        if (!held) return;
        held = false;
        this.#adapt(outing, Math.max(before, this.#active));
        this.#active -= 1;
        this.#bytes -= own;
        this.#admit();
      },
    };
  }

  /** Whether so many bytes may be held in memory; then `freeMemory` gives them back. */
  takeMemory(bytes: number): boolean {
    if (bytes > this.#memory) return false;
    this.#memory -= bytes;
    return true;
  }
  freeMemory(bytes: number): void {
    this.#memory += bytes;
  }

  #fits(bytes: number): boolean {
    return this.#active < this.limit && (this.#bytes === 0 || this.#bytes + bytes <= this.#maxBytes);
  }

  #enter(bytes: number): void {
    this.#active += 1;
    this.#bytes += bytes;
  }

  #turn(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        go: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(signal.reason);
        this.#admit();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#enter(next.bytes);
      next.go();
    }
  }

  /** `together`: how many were in hand, this one among them. */
  #adapt(outing: Outing, together: number): void {
    // Those in hand share the inserts of the pipeline, which makes small ones wait for others on purpose: many take longer each, and
    // few take longer each of what they share. The pipeline is slow where both are longer than they were: fewer at once would
    // otherwise be stored more slowly, look slower still, and be made fewer.
    const { answeredMs, takenMs } = outing;
    const taken = [this.#taken.isSlow(takenMs), this.#share.isSlow(takenMs === undefined ? undefined : takenMs / together)].every(Boolean);
    const slow = this.#answered.isSlow(answeredMs) || taken;
    if (outing.throttled) this.#cut(0.5);
    else if (slow) this.#cut(0.8);
    // Only a limit that holds somebody back is too low.
    else if (this.#waiting.length > 0) this.#limit = Math.min(this.#max, this.#limit + (this.#cutAt === Number.NEGATIVE_INFINITY ? 1 : 1 / this.#limit));
  }

  #cut(factor: number): void {
    const now = this.#clock();
    if (now - this.#cutAt < PAUSE_MS) return;
    this.#cutAt = now;
    this.#limit = Math.max(1, this.#limit * factor);
  }
}

/** The mean of late beside the best, which is forgotten slowly so that a new normal is learnt. */
class Latency {
  #mean = 0;
  #best = Number.POSITIVE_INFINITY;

  isSlow(ms: number | undefined): boolean {
    if (ms === undefined) return false;
    this.#mean = this.#mean === 0 ? ms : this.#mean * 0.8 + ms * 0.2;
    this.#best = Math.min(ms, this.#best * 1.01);
    return this.#mean > QUICK_MS && this.#mean > this.#best * SLOW;
  }
}
