/**
 * The time that retention goes by. It follows the wall clock, and not where that jumps ahead: a wrong clock would drop what is to be
 * kept. Ahead is more than a day beyond the last time that was trusted and what a steady clock says has passed since. Then retention
 * goes on by the time that was trusted until the wall clock has said the same for a day, by two looks that are so far apart.
 */
import type { Metadata } from './metadata.ts';

const SETTING = 'retention-clock';
/** Of a jump, and of how long it is looked at. */
const DAY = 86_400;

interface State {
  /** Epoch seconds. */
  readonly trusted: number;
  /** What the clock said when it was first found ahead. */
  readonly ahead?: number;
}

export interface RetentionClockOptions {
  readonly metadata: Pick<Metadata, 'setting' | 'saveSetting' | 'newestDelivery'>;
  /** Epoch seconds of the wall clock. */
  readonly now: () => number;
  /** Seconds of a clock that nobody sets. */
  readonly steady: () => number;
  /** Somebody says that the wall clock is right. */
  readonly trust: boolean;
}

export class RetentionClock {
  readonly #options: RetentionClockOptions;
  #state: State | undefined;
  /** Of the steady clock, at the last look and when the wall clock was first found ahead; the latter only where this process found it. */
  #lookedAt = 0;
  #aheadAt: number | undefined;

  constructor(options: RetentionClockOptions) {
    this.#options = options;
  }

  /** Seconds that the wall clock is ahead of the time that retention goes by; undefined while they are one. */
  get held(): number | undefined {
    return this.#state?.ahead === undefined ? undefined : this.#state.ahead - this.#state.trusted;
  }

  /** Epoch seconds; looks at the clocks. */
  async look(): Promise<number> {
    const { metadata, now, steady, trust } = this.#options;
    const [wall, tick] = [now(), steady()];
    const state = this.#state ?? (await this.#load(wall));
    const passed = this.#state ? Math.max(0, tick - this.#lookedAt) : 0;
    this.#lookedAt = tick;
    const trusted = Math.floor(state.trusted + passed);
    this.#state = trust || wall <= trusted + DAY ? { trusted: wall } : this.#ahead({ ...state, trusted }, wall, tick);
    if (this.#state.ahead === undefined) this.#aheadAt = undefined;
    await metadata.saveSetting(SETTING, JSON.stringify(this.#state));
    return this.#state.trusted;
  }

  async #load(wall: number): Promise<State> {
    const saved = await this.#options.metadata.setting(SETTING);
    if (saved !== undefined) return JSON.parse(saved) as State;
    // Of a release that kept no such time: when something came last.
    return { trusted: (await this.#options.metadata.newestDelivery()) ?? wall };
  }

  #ahead({ trusted, ahead }: State, wall: number, tick: number): State {
    if (ahead === undefined) {
      this.#aheadAt = tick;
      return { trusted, ahead: wall };
    }
    // Found by an earlier process: how long it stood still nobody knows, and the two looks agree where they are a day apart.
    const passed = this.#aheadAt === undefined ? wall - ahead : tick - this.#aheadAt;
    if (Math.abs(wall - ahead - passed) > DAY || wall < ahead) {
      this.#aheadAt = tick;
      return { trusted, ahead: wall };
    }
    if (passed < DAY) return { trusted, ahead };
    if (this.#aheadAt !== undefined || wall <= ahead + 2 * DAY) return { trusted: wall };
    // What was said then is believed; what it says now is looked at in its turn.
    this.#aheadAt = tick;
    return { trusted: ahead, ahead: wall };
  }
}
