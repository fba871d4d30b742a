/**
 * The index of indicators that records are matched with, kept up with what is stored. After a change it is
 * built anew beside the old one, in small steps between which all else goes on, and then handed to whoever
 * matches; what changes meanwhile is in the next one.
 */
import { IndicatorIndexBuilder, IndicatorIndexFull } from '../enrich/indicators.ts';
import type { IndicatorEntries } from '../model/indicator.ts';

export interface LiveIndicatorsOptions {
  /** What the index is built of, as it is stored now. */
  readonly read: () => Promise<IndicatorEntries>;
  /** Matches with an index from now on; answers when nothing is on its way any more that was matched with the one before. */
  readonly use: (index: Uint8Array | undefined) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** Changes that come within so many milliseconds share one index. */
  readonly waitMs?: number;
}

const WAIT_MS = 500;
/** After an index that could not be built. */
const RETRY_MS = 10_000;

export class LiveIndicators {
  readonly #options: LiveIndicatorsOptions;
  #timer: NodeJS.Timeout | undefined;
  #building: Promise<void> = Promise.resolve();
  /** Changes that were told of, and those that the index in use holds. */
  #told = 0;
  #used = 0;
  #closed = false;
  #waiting: { readonly change: number; readonly resolve: () => void }[] = [];

  constructor(options: LiveIndicatorsOptions) {
    this.#options = options;
  }

  /** What is stored has changed. */
  changed(): void {
    this.#told++;
    this.#plan(this.#options.waitMs ?? WAIT_MS);
  }

  /** Answers when records are matched with all that changed before the call, and no record is on its way that was not; also when it is closed. */
  async settled(): Promise<void> {
    const change = this.#told;
    if (this.#used >= change || this.#closed) return;
    await new Promise<void>((resolve) => this.#waiting.push({ change, resolve }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#building;
    this.#answer(Number.POSITIVE_INFINITY);
  }

  #plan(ms: number): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#building = this.#building.then(() => this.#build());
    }, ms);
  }

  async #build(): Promise<void> {
    this.#timer = undefined;
    const change = this.#told;
    if (this.#closed || this.#used >= change) return;
    try {
      await this.#options.use(await buildIndex(await this.#options.read()));
      this.#used = change;
      this.#answer(change);
    } catch (error) {
      if (!(error instanceof IndicatorIndexFull)) this.#options.onError(error);
      this.#plan(error instanceof IndicatorIndexFull ? 0 : RETRY_MS);
    }
  }

  #answer(change: number): void {
    for (const waiting of this.#waiting) if (waiting.change <= change) waiting.resolve();
    this.#waiting = this.#waiting.filter((waiting) => waiting.change > change);
  }
}

/** Bytes of an index in shared memory; undefined where there is nothing to match with. Throws IndicatorIndexFull when more was stored meanwhile. */
export async function buildIndex({ ipv4, ipv6, allowed, entries }: IndicatorEntries): Promise<Uint8Array | undefined> {
  if (ipv4 + ipv6 === 0) return undefined;
  const builder = new IndicatorIndexBuilder({ ipv4, ipv6 }, allowed);
  for await (const some of entries) for (const entry of some) builder.add(entry);
  return builder.finish();
}
