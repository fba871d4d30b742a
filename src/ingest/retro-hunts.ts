/**
 * Hunts one after another, behind everything else. What is asked for is on record until it is done, with how
 * far it is, so that a stop or a crash only repeats the last step, which writes the same again. The first hunt
 * waits until `address_day` knows of the records of earlier releases.
 */
import { createNetworks, listedNetworks } from '../enrich/networks.ts';
import { prefixRange } from '../model/network.ts';
import type { Metadata } from '../store/metadata.ts';
import { type Store, StoreError } from '../store/store.ts';
import type { AddressBackfill } from './address-backfill.ts';
import { anyFinding, countIndicators, type HuntScope, hunt, publishFindings } from './retro-hunt.ts';

export interface RetroHuntsOptions {
  readonly store: Store;
  readonly metadata: Pick<Metadata, 'setting' | 'saveSetting'>;
  readonly backfill: AddressBackfill;
  readonly internalNetworks: readonly string[];
  /** What indicators of a feed never match: addresses and CIDR blocks; what is neither is passed over. */
  readonly allowed: (feed: string) => Promise<readonly string[]>;
  /** Batches that a crash left and that are not stored yet. */
  readonly repairing: () => number;
  /** Answers when records are matched with all indicators that are stored. */
  readonly inUse?: () => Promise<void>;
  /** Epoch seconds. */
  readonly now: () => number;
  /** There are findings, at the start or anew: who compiles queries has to know. */
  readonly onFound?: () => void;
  /** Indicators of one step. */
  readonly chunk?: number;
}

/** What the hunts are doing. Times are epoch seconds. */
export interface HuntStatus {
  /** `filling`: records of earlier releases are made known first. `trouble`: it failed, and is tried again. */
  readonly state: 'idle' | 'filling' | 'running' | 'trouble';
  /** Hunts that wait, the one that runs included. */
  readonly waiting: number;
  /** The one that runs, or ran last; null when none has since the start. */
  readonly last: {
    readonly feed: string;
    readonly state: 'running' | 'done' | 'cancelled' | 'trouble';
    readonly started: number;
    readonly ended: number | null;
    /** Indicators that were hunted so far, of all there are to hunt. */
    readonly indicators: number;
    readonly indicatorsTotal: number;
    /** Days whose records had to be read again, for a border cuts them or they are events. */
    readonly daysRead: number;
    /** Findings, each of an indicator, an address and a day. */
    readonly found: number;
    readonly message: string | null;
  } | null;
}

/** Allow-lists hold domains and files, too. */
function isNetwork(text: string): boolean {
  try {
    prefixRange(text);
    return true;
  } catch {
    return false;
  }
}

/** Waits, but not when a signal ends it. Throws its reason then. */
async function unlessAborted(wait: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([wait, aborted]).finally(() => signal.removeEventListener('abort', stop));
  signal.throwIfAborted();
}

interface Pending extends HuntScope {
  /** Number of the last indicator that is done. */
  readonly after: string;
  readonly indicators: number;
  readonly daysRead: number;
  readonly found: number;
}

const SETTING = 'retro-hunts';
const CHUNK = 100_000;
const RETRY_MS = 60_000;
const REPAIR_POLL_MS = 500;

export class RetroHunts {
  readonly #options: RetroHuntsOptions;
  #pending: readonly Pending[];
  #last: HuntStatus['last'] = null;
  #state: HuntStatus['state'] = 'idle';
  #running: Promise<void> = Promise.resolve();
  #started = false;
  #active = false;
  /** The one that has begun, as it was asked for. */
  #begun: Pending | undefined;
  #current: AbortController | undefined;
  /** It was done, and the next one may begin. */
  #over: Promise<void> = Promise.resolve();
  #endOver: () => void = () => undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: RetroHuntsOptions, pending: readonly Pending[]) {
    this.#options = options;
    this.#pending = pending;
  }

  static async open(options: RetroHuntsOptions): Promise<RetroHunts> {
    if (await anyFinding(options.store)) options.onFound?.();
    return new RetroHunts(options, JSON.parse((await options.metadata.setting(SETTING)) ?? '[]') as Pending[]);
  }

  get status(): HuntStatus {
    // Between two hunts, and as one is ended: the next one begins in a moment.
    const state = this.#active && this.#state === 'idle' && this.#pending.length > 0 ? 'running' : this.#state;
    return { state, waiting: this.#pending.length, last: this.#last };
  }

  /** Asks for a hunt, after those that wait. It is on record when this answers, and runs once `start` was called. */
  async add(scope: HuntScope): Promise<void> {
    const { feed, fresh, known } = scope;
    // The one that has begun may have read what has changed since.
    const same = (other: Pending): boolean => other.feed === feed && other.fresh === fresh && other.after === '0' && other !== this.#begun;
    if (!this.#pending.some(same)) await this.#save([...this.#pending, { feed, fresh, known, after: '0', indicators: 0, daysRead: 0, found: 0 }]);
    if (this.#started) this.start();
  }

  /** Begins with what waits; what a stop or a crash left is done first. */
  start(): void {
    this.#started = true;
    if (this.#active || this.#closed) return;
    clearTimeout(this.#retry);
    this.#active = true;
    this.#running = this.#work().finally(() => {
      this.#active = false;
      // What was asked for as the work came to its end, or waits behind a hunt that was cancelled.
      if (this.#pending.length > 0 && this.#state === 'idle') this.start();
    });
  }

  /** Ends the hunt that runs, for good; its findings so far stay. Those that wait come after it. */
  async cancel(): Promise<void> {
    const over = Promise.race([this.#over, this.#running]);
    this.#current?.abort('cancel');
    await over;
  }

  /** Settles when nothing runs any more: all is done, or something failed. */
  async settled(): Promise<void> {
    while (this.#active) await this.#running;
  }

  /** Stops; what is not done goes on with the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#current?.abort('close');
    await this.#running;
  }

  async #work(): Promise<void> {
    let signal = this.#renewed();
    try {
      if (!this.#options.backfill.done) await this.#fill(signal);
      for (;;) {
        const next = this.#pending[0];
        if (!next || this.#closed) break;
        this.#state = 'running';
        // Else records would be stored behind the hunt that nobody matches.
        await unlessAborted(this.#options.inUse?.(), signal);
        await this.#hunt(next, signal);
        signal = this.#renewed();
      }
      this.#state = 'idle';
    } catch (error) {
      await this.#stopped(error, signal);
    } finally {
      this.#begun = undefined;
    }
  }

  /** Ends what runs from now on; whoever ends it as it is done does not end the next one. */
  #renewed(): AbortSignal {
    this.#endOver();
    this.#over = new Promise((resolve) => {
      this.#endOver = resolve;
    });
    this.#current = new AbortController();
    return this.#current.signal;
  }

  async #fill(signal: AbortSignal): Promise<void> {
    this.#state = 'filling';
    while (this.#options.repairing() > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, REPAIR_POLL_MS));
    signal.throwIfAborted();
    await this.#options.backfill.run(signal);
  }

  async #hunt(pending: Pending, signal: AbortSignal): Promise<void> {
    this.#begun = pending;
    const { store, internalNetworks, allowed, now, chunk = CHUNK } = this.#options;
    const internal = createNetworks(internalNetworks);
    const left = await countIndicators(store, pending, pending.after);
    const started = now();
    let state = pending;
    const show = (over: boolean): void => {
      const { feed, indicators, daysRead, found } = state;
      const total = pending.indicators + left;
      this.#last = {
        feed,
        state: over ? 'done' : 'running',
        started,
        ended: over ? now() : null,
        indicators,
        indicatorsTotal: total,
        daysRead,
        found,
        message: null,
      };
    };
    show(false);
    const context = { store, internal, allowed: listedNetworks((await allowed(pending.feed)).filter(isNetwork)), now, signal, chunk };
    for await (const step of hunt(context, pending, pending.after)) {
      const { indicators, daysRead, found } = state;
      if (step.found > 0) await this.#publish();
      state = { ...state, after: step.after, indicators: indicators + step.indicators, daysRead: daysRead + step.daysRead, found: found + step.found };
      await this.#save([state, ...this.#pending.slice(1)]);
      show(false);
    }
    await this.#save(this.#pending.slice(1));
    show(true);
  }

  async #publish(): Promise<void> {
    await publishFindings(this.#options.store);
    this.#options.onFound?.();
  }

  /** What ended the work: somebody, the end of the process, or trouble that may pass. */
  async #stopped(error: unknown, signal: AbortSignal): Promise<void> {
    const { now } = this.#options;
    const ended = now();
    const message = error instanceof Error ? error.message : String(error);
    if (signal.aborted) {
      this.#state = 'idle';
      if (this.#last?.state === 'running') this.#last = { ...this.#last, state: 'cancelled', ended };
      // What it found before it was ended may not be published yet.
      if (signal.reason === 'cancel' && this.#pending.length > 0) {
        await this.#save(this.#pending.slice(1)).catch(() => undefined);
        await this.#publish().catch(() => undefined);
      }
      return;
    }
    this.#state = 'trouble';
    const feed = this.#pending[0]?.feed ?? '';
    const blank = { feed, started: ended, indicators: 0, indicatorsTotal: 0, daysRead: 0, found: 0 };
    this.#last = { ...(this.#last?.state === 'running' ? this.#last : blank), state: 'trouble', ended, message };
    if (this.#closed || (error instanceof StoreError && error.code === 'store-unavailable' && !error.retryable)) return;
    this.#retry = setTimeout(() => this.start(), RETRY_MS).unref();
  }

  /** In force at once: who comes while it is written adds to it. */
  async #save(pending: readonly Pending[]): Promise<void> {
    this.#pending = pending;
    await this.#options.metadata.saveSetting(SETTING, JSON.stringify(pending));
  }
}
