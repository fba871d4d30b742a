/**
 * Keeps the disk from filling up. The engine does not survive a merge whose disk is full (it may commit
 * a part with an empty file of marks), so that below a reserve nothing is inserted and merges are stopped.
 */
import { statfs } from 'node:fs/promises';
import { whyOfFile } from '../model/wording.ts';
import { sql, statement } from '../query/sql.ts';
import { type Store, StoreError } from '../store/store.ts';

const EVERY_MS = 500;
const MIB = 2 ** 20;

export interface DiskGuardOptions {
  /** The data directory. */
  readonly folder: string;
  /** Bytes that stay free. */
  readonly minFreeBytes: number;
  readonly store: Pick<Store, 'command'>;
}

export class DiskGuard {
  readonly #options: DiskGuardOptions;
  #low: string | undefined;
  /** Why the disk does not tell its room. */
  #unknown: string | undefined;
  /** The engine was told to merge nothing. */
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
  }

  /** Why nothing may be written; undefined while there is room. As of the last look. */
  get trouble(): string | undefined {
    return this.#unknown ?? this.#low;
  }

  /** Looks now and then, also while nothing is stored: others fill disks, too. */
  watch(): void {
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS).unref();
  }

  /** Throws StoreError `disk-full` or `store-unavailable`; both pass when there is room again, and known to be. */
  async check(): Promise<void> {
    if (performance.now() - this.#lookedAt > EVERY_MS) await this.#look();
    if (this.#unknown !== undefined) throw new StoreError('store-unavailable', this.#unknown, { retryable: true });
    if (this.#low !== undefined) throw new StoreError('disk-full', this.#low, { retryable: true });
  }

  /** Never rejects: what looks now and then has nobody to tell. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { folder, minFreeBytes, store } = this.#options;
    let free: number;
    try {
      const { bavail, bsize } = await statfs(folder);
      free = bavail * bsize;
      this.#unknown = undefined;
    } catch (error) {
      // Merges go on or stand still as before: nothing says that the disk is full.
      this.#unknown = `The disk of the data directory does not say how much room it has: the folder ${whyOfFile(error)}.`;
      return;
    } finally {
      this.#lookedAt = performance.now();
    }
    const low =
      free < minFreeBytes
        ? `The disk of the data directory has ${Math.floor(free / MIB)} MiB left; ${Math.ceil(minFreeBytes / MIB)} MiB stay free.`
        : undefined;
    if ((low !== undefined) !== this.#stopped) {
      // What the engine cannot be told now is told with the next look.
      const told = await store
        .command(statement(low === undefined ? sql`SYSTEM START MERGES` : sql`SYSTEM STOP MERGES`), { lane: 'control', maxSeconds: 10 })
        .then(
          () => true,
          () => false,
        );
      if (told) this.#stopped = low !== undefined;
      else if (low === undefined) return;
    }
    this.#low = low;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
