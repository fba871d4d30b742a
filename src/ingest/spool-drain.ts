/** From the spool to the pipeline: per source oldest first, many at once, each again until it is stored. */
import type { Intake } from '../collect/delivery.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../model/source.ts';
import { saidBy } from '../model/wording.ts';
import { PLACE_PREFIX, type Spool } from './spool.ts';
import type { Entry } from './spool-file.ts';

export interface DrainOptions {
  readonly spool: Spool;
  readonly intake: Intake;
  /** How records of a source are read today; undefined for a source that is gone: what it acknowledged is stored all the same. */
  readonly settingsOf: (source: string) => Promise<RecordSettings | undefined>;
  /** The ledger's: what only a file of the spool could bring again. */
  readonly forget: (prefix: string) => Promise<void>;
  readonly onError: (source: string, message: string) => void;
  /** Between two tries to read what cannot be read; LONGEST_WAIT_MS where nothing else is said. */
  readonly waitMs?: number;
}

/** Entries and bytes of a source that are given out and not settled. */
const MOST_ENTRIES = 4096;
const MOST_BYTES = 256 * 1024 * 1024;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export class SpoolDrain {
  readonly #options: DrainOptions;
  /** Sources that are drained; true: something was appended since it last looked. */
  readonly #running = new Map<string, boolean>();
  readonly #troubles = new Map<string, string>();
  #stopped = false;
  readonly #waits = new Set<() => void>();

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** Begins with what is there. By now it is known how records of each source are read. */
  begin(): void {
    const { spool } = this.#options;
    spool.onAppend = (source) => this.#start(source);
    for (const source of spool.sources) this.#start(source);
  }

  /** By source: why its oldest entries are not stored. */
  get troubles(): ReadonlyMap<string, string> {
    return this.#troubles;
  }

  /** Gives out nothing more; what is given out may still be stored. */
  stop(): void {
    this.#stopped = true;
    for (const wake of this.#waits) wake();
  }

  #start(source: string): void {
    if (this.#stopped) return;
    const running = this.#running.has(source);
    this.#running.set(source, running);
    if (running) return;
    void this.#drain(source).catch((error: unknown) => {
      this.#running.delete(source);
      this.#trouble(source, error);
      void this.#pause(this.#options.waitMs ?? LONGEST_WAIT_MS).then(() => this.#start(source));
    });
  }

  async #drain(source: string): Promise<void> {
    const { spool, settingsOf } = this.#options;
    let entries = 0;
    let bytes = 0;
    let room: (() => void) | undefined;
    for (;;) {
      while ((entries >= MOST_ENTRIES || bytes >= MOST_BYTES) && !this.#stopped) {
        await new Promise<void>((resolve) => {
          room = resolve;
          this.#waits.add(resolve);
        });
      }
      if (this.#stopped) return;
      this.#running.set(source, false);
      const entry = await spool.next(source);
      if (!entry && this.#running.get(source)) continue;
      if (!entry) break;
      const settings = (await settingsOf(source)) ?? DEFAULT_RECORD_SETTINGS;
      entries++;
      bytes += entry.length;
      void this.#bring(source, entry, settings).finally(() => {
        entries--;
        bytes -= entry.length;
        if (room) this.#waits.delete(room);
        room?.();
      });
    }
    // The next append starts this again.
    this.#running.delete(source);
  }

  async #bring(source: string, entry: Entry, settings: RecordSettings): Promise<void> {
    const { header, path, from, length } = entry;
    const { id, name, origin, received, sentAt = received, refused, parts } = header;
    for (let wait = FIRST_WAIT_MS; !this.#stopped; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        await this.#options.intake.take({
          id,
          source,
          name,
          size: length,
          content: { path, from, length, ...(parts ? { parts } : {}) },
          origin,
          settings,
          sentAt,
          ...(refused ? { refused } : {}),
        });
        this.#troubles.delete(source);
        const gone = this.#options.spool.settled(source, entry);
        if (gone) await this.#options.forget(`${PLACE_PREFIX}${gone}:`).catch((error: unknown) => this.#trouble(source, error));
        return;
      } catch (error) {
        this.#trouble(source, error);
        await this.#pause(wait);
      }
    }
  }

  #trouble(source: string, error: unknown): void {
    const message = saidBy(error);
    if (this.#troubles.get(source) !== message && !this.#stopped) this.#options.onError(source, message);
    this.#troubles.set(source, message);
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waits.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      timer.unref();
      this.#waits.add(done);
    });
  }
}
