/** The memory of what is being received: one account for all requests, and each request's share of it. */

export class Memory {
  readonly limit: number;
  held = 0;
  /** The one share that may take what is over the limit. */
  over: Share | undefined;

  /** Bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }
}

/** What one request holds. */
export class Share {
  readonly #memory: Memory;
  readonly #busy: () => Error;
  #bytes = 0;
  #working = false;
  #closed = false;

  /** `busy`: what is thrown where there is no room. */
  constructor(memory: Memory, busy: () => Error) {
    this.#memory = memory;
    this.#busy = busy;
  }

  /** Room for bytes that a sender sends, however slowly: over the limit only where nothing else is held. */
  read(bytes: number): void {
    this.#take(bytes, this.#memory.held === this.#bytes);
  }

  /** Room for what is made of them: one request at a time may go over the limit, or a large one would never be taken. */
  make(bytes: number): void {
    const { over } = this.#memory;
    this.#take(bytes, over === undefined || over === this);
  }

  give(bytes: number): void {
    const memory = this.#memory;
    this.#bytes -= bytes;
    memory.held -= bytes;
    if (memory.over === this && memory.held <= memory.limit) memory.over = undefined;
  }

  /** What is held while `work` goes on stays counted, also where the sender has gone. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working = true;
    try {
      return await work();
    } finally {
      this.#working = false;
      if (this.#closed) this.#free();
    }
  }

  /** The request is answered, or its sender has gone. */
  close(): void {
    this.#closed = true;
    if (!this.#working) this.#free();
  }

  #take(bytes: number, mayGoOver: boolean): void {
    const memory = this.#memory;
    if (memory.held + bytes > memory.limit) {
      if (!mayGoOver) throw this.#busy();
      memory.over = this;
    }
    this.#bytes += bytes;
    memory.held += bytes;
  }

  #free(): void {
    this.give(this.#bytes);
    if (this.#memory.over === this) this.#memory.over = undefined;
  }
}
