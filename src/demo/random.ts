/** Chance that can be repeated: every number is a function of what it is for, never of what came before elsewhere. */

/** 32 mixed bits of numbers (the finalizer of MurmurHash3 over each). */
export function hash(...parts: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const part of parts) {
    h = Math.imul(h ^ part, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/** 32 bits of a text (FNV-1a). */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** `digits` hexadecimal digits of a hash. */
export function hex(digits: number, ...parts: readonly number[]): string {
  let text = '';
  for (let i = 0; text.length < digits; i++)
    text += hash(i, ...parts)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, digits);
}

/** A stream of numbers in [0, 1) from one state (mulberry32). */
export class Random {
  #state: number;

  constructor(state: number) {
    this.#state = state >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Between low and high, each order of magnitude as likely as the next. */
  magnitude(low: number, high: number): number {
    return Math.round(low * (high / low) ** this.next());
  }
}

/** Picks by weight: a choice is a key with its share. */
export class Weighted<T> {
  readonly #items: readonly T[];
  readonly #ends: readonly number[];

  /** Weights are positive; there is at least one. */
  constructor(choices: readonly (readonly [T, number])[]) {
    let sum = 0;
    this.#items = choices.map(([item]) => item);
    this.#ends = choices.map(([, weight]) => {
      sum += weight;
      return sum;
    });
  }

  /** The item at `share` in [0, 1) of all weight. */
  at(share: number): T {
    const target = share * this.#ends.at(-1)!;
    let i = 0;
    while (this.#ends[i]! <= target) i++;
    return this.#items[i]!;
  }
}
