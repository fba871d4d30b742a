/**
 * Objects that will not be read however often they are tried: each is logged by its name, so that somebody can find it. Bounded: of
 * an hour the first ones, then their number; the last names of each problem are kept to be shown.
 */
import type { S3Problem, S3ProblemCode } from './problems.ts';

/** Lines of an hour. */
export const LOGGED_AN_HOUR = 100;
const HOUR_MS = 3_600_000;
/** Names of a problem that are shown. */
const SHOWN = 10;
/** Objects that are known as told: a listing comes to the same ones with each pass. */
const TOLD = 10_000;

/** Problems that one object has and another one has not. */
const OF_OBJECTS = /^(object-.*|access-denied|kms-.*|customer-key|not-taken)$/;

/** Whether it is a problem of an object that passes by nobody's patience; an archived one is read once it is restored. */
export function isLasting({ code, retryable }: S3Problem): boolean {
  return OF_OBJECTS.test(code) && (!retryable || code === 'object-archived');
}

export class Unreadable {
  readonly #warn: (facts: object, message: string) => void;
  readonly #steady: () => number;
  readonly #told = new Set<string>();
  readonly #names = new Map<S3ProblemCode, string[]>();
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #more = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `steady`: milliseconds of a clock that nobody sets. */
  constructor(warn: (facts: object, message: string) => void, steady: () => number = () => performance.now()) {
    this.#warn = warn;
    this.#steady = steady;
  }

  /** `object`: its address. */
  report(problem: S3Problem, object: string): void {
    const { code, message, hint } = problem;
    const names = this.#names.get(code) ?? [];
    this.#names.set(code, [object, ...names.filter((name) => name !== object)].slice(0, SHOWN));
    const key = `${code} ${object}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const [oldest] = this.#told;
    if (this.#told.size > TOLD && oldest !== undefined) this.#told.delete(oldest);
    const now = this.#steady();
    if (now - this.#since >= HOUR_MS) {
      this.flush();
      this.#since = now;
      this.#lines = 0;
    }
    if (this.#lines++ < LOGGED_AN_HOUR) {
      this.#warn({ code, object }, `${message} ${hint}`);
      return;
    }
    this.#more++;
    this.#timer ??= setTimeout(() => this.flush(), this.#since + HOUR_MS - now).unref();
  }

  /** Names of a problem, the latest first. */
  names(code: S3ProblemCode): readonly string[] {
    return this.#names.get(code) ?? [];
  }

  /** Tells how many were not logged by name: at the end of their hour, and of the source. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#more > 0)
      this.#warn({ objects: this.#more }, `${this.#more} more objects could not be read; ${LOGGED_AN_HOUR} of an hour are named, the last ones in the status.`);
    this.#more = 0;
  }
}
