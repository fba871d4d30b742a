/**
 * A lane: a fixed number of engine sessions and the queue in front of them. A session is
 * first-in-first-out, so one slow statement delays only its own lane.
 */
export class LanePool<S> {
  readonly #idle: S[];
  readonly #waiting: ((session: S) => void)[] = [];
  #busy = 0;

  constructor(sessions: readonly S[]) {
    this.#idle = [...sessions];
  }

  /** Statements that run or wait. */
  get load(): number {
    return this.#busy + this.#waiting.length;
  }

  /** Runs `work` on a free session. An aborted wait leaves the queue and rejects with the signal's reason. */
  async run<T>(work: (session: S) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { session, leave } = await this.enter(signal);
    try {
      return await work(session);
    } finally {
      leave();
    }
  }

  /** A free session, until it is left; who comes when all are taken waits. Waits as `run`. */
  async enter(signal?: AbortSignal): Promise<{ readonly session: S; readonly leave: () => void }> {
    const session = await this.#acquire(signal);
    this.#busy++;
    return {
      session,
      leave: () => {
        this.#busy--;
        this.#release(session);
      },
    };
  }

  #acquire(signal: AbortSignal | undefined): Promise<S> {
    signal?.throwIfAborted();
    const free = this.#idle.pop();
    if (free) return Promise.resolve(free);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(signal?.reason);
      };
      const take = (session: S) => {
        signal?.removeEventListener('abort', giveUp);
        resolve(session);
      };
      this.#waiting.push(take);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #release(session: S): void {
    const next = this.#waiting.shift();
    if (next) next(session);
    else this.#idle.push(session);
  }
}
