/** Wrong tokens by address and minute: guessing one is hopeless, and should not be cheap either. */

/** Addresses that are told apart; further ones share a count until the minute is over. */
const MOST_ADDRESSES = 10_000;
const MINUTE_MS = 60_000;

export class WrongTokens {
  readonly #perMinute: number;
  readonly #counts = new Map<string, number>();
  #minute = Number.NaN;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Addresses that are held. */
  get addresses(): number {
    return this.#counts.size;
  }

  /** One more from an address; seconds until it may try again, 0 where it may at once. `now`: epoch milliseconds. */
  count(address: string, now: number): number {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) this.#counts.clear();
    this.#minute = minute;
    const key = this.#counts.has(address) || this.#counts.size < MOST_ADDRESSES ? address : '';
    const wrong = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, wrong);
    return wrong <= this.#perMinute ? 0 : Math.ceil(((minute + 1) * MINUTE_MS - now) / 1000);
  }
}
