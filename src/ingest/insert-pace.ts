/**
 * When a small batch may go to the store. Each insert costs the store a part of a few tables, whatever is in it: where
 * deliveries come faster than they are stored they share inserts, and one that is alone waits for nothing.
 */

/** Inserts that may follow each other at once, and how many a second come back. */
const BURST = 20;
const INSERTS_A_SECOND = 5;

export class InsertPace {
  /** Milliseconds of a steady clock. */
  readonly #clock: () => number;
  /** Asks again: an insert may go now. */
  readonly #again: () => void;
  #tokens = BURST;
  #at = 0;
  #timer: NodeJS.Timeout | undefined;
  #waits = 0;

  constructor(clock: () => number, again: () => void) {
    this.#clock = clock;
    this.#again = again;
  }

  /** How often a batch was made to wait since the start. */
  get waits(): number {
    return this.#waits;
  }

  /**
   * Whether another small batch may go now; if not, asks again when one may. `alone`: it holds the only delivery that
   * there is, so that nothing can share its insert. Of these there are never many: what comes while one is stored is
   * not alone.
   */
  allows(alone: boolean): boolean {
    if (alone) return true;
    const now = this.#clock();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#at) / 1000) * INSERTS_A_SECOND);
    this.#at = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return true;
    }
    this.#timer ??= this.#wait(((1 - this.#tokens) / INSERTS_A_SECOND) * 1000 + 1);
    return false;
  }

  #wait(milliseconds: number): NodeJS.Timeout {
    this.#waits++;
    return setTimeout(() => {
      this.#timer = undefined;
      this.#again();
    }, milliseconds);
  }
}
