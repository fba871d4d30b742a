/** A stream of bytes whose beginning can be looked at, and whose end can be asked for afterwards. */
import type { Stop } from './decompress.ts';

/** Bytes that are left to the layers that share it. */
export interface Budget {
  readonly limit: number;
  left: number;
}

export const budgetOf = (limit: number): Budget => ({ limit, left: limit });

export class Layer implements AsyncIterable<Uint8Array> {
  /** What stopped it, once it has ended. */
  end: Stop | undefined;
  private readonly source: AsyncIterator<Uint8Array, Stop | undefined>;
  private held: Uint8Array[] = [];
  private readonly budget: Budget;
  private done = false;

  /** `budget`: when it is used up the layer ends as damaged, always at the same byte. */
  constructor(source: AsyncIterator<Uint8Array, Stop | undefined>, budget: Budget = budgetOf(Number.POSITIVE_INFINITY)) {
    this.source = source;
    this.budget = budget;
  }

  /** The first `count` bytes, or as many as there are; they are read again. For use before anything is read. */
  async head(count: number): Promise<Uint8Array> {
    let length = this.held.reduce((sum, piece) => sum + piece.length, 0);
    while (length < count) {
      const piece = await this.pull();
      if (!piece) break;
      this.held.push(piece);
      length += piece.length;
    }
    const whole = this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held);
    return whole.subarray(0, count);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (let held = this.held.shift(); held; held = this.held.shift()) yield held;
      for (let piece = await this.pull(); piece; piece = await this.pull()) yield piece;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    if (this.done) return;
    this.done = true;
    await this.source.return?.();
  }

  private async pull(): Promise<Uint8Array | undefined> {
    if (this.done) return undefined;
    const next = await this.source.next();
    if (next.done) {
      this.done = true;
      this.end = next.value;
      return undefined;
    }
    const { budget } = this;
    if (next.value.length <= budget.left) {
      budget.left -= next.value.length;
      return next.value;
    }
    const rest = next.value.subarray(0, budget.left);
    budget.left = 0;
    await this.close();
    this.end = {
      code: 'decompression-limit',
      message: `the delivery is more than the ${budget.limit} bytes that it may have when it is decompressed`,
      offset: budget.limit,
    };
    return rest.length > 0 ? rest : undefined;
  }
}
