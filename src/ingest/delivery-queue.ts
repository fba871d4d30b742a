/**
 * Deliveries on their way through the decoding threads, named files and what collectors bring in one queue.
 * Each thread reads one delivery at a time; a delivery is settled when its last records are stored.
 *
 * A thread's open batch is handed over when it is full, and when nothing waits: then few records are
 * visible at once. Many small deliveries share batches (insert-pace.ts).
 */
import { DeliveryError, type Outcome } from '../collect/delivery.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/counts.ts';
import type { Manifest, Metadata } from '../store/metadata.ts';
import { InsertPace } from './insert-pace.ts';
import type { Stored } from './inserter.ts';
import { ToldLayouts } from './layout-changes.ts';
import type { LayoutMemory } from './layout-memory.ts';
import type { OfDeliveries, WorkerPool } from './worker-pool.ts';
import type { FromWorker, Job } from './worker-protocol.ts';

/** Collectors' records are handed over at least so often, also while more of them wait. */
const OPEN_MS = 1000;
/** While collectors bring more than is read, every so many-th delivery is a file that somebody named. */
const TURN_OF_FILES = 4;

/** A delivery to be read. */
export interface Request {
  readonly job: Omit<Job, 'job'>;
  /** Shown to people, and kept in the ledger. */
  readonly name: string;
  /** Re-read what the ledger knows as done. */
  readonly again?: boolean;
  /** Collectors' deliveries go before files that somebody named. */
  readonly first?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Compressed bytes read since the last call. */
  readonly onBytes?: (bytes: number) => void;
  readonly onStored?: (part: StoredPart) => void;
  /** A stored delivery begins with the same bytes: it may have grown. */
  readonly onGrown?: (known: string) => void;
}

export interface StoredPart {
  readonly counts: Readonly<Counts>;
  readonly extent: { readonly from: number; readonly to: number } | null;
  /** Records by format. */
  readonly formats: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** `stopped`: by its signal, before its end; what was read is stored. */
export interface Settled extends Outcome {
  readonly stopped: boolean;
}

interface Ticket {
  readonly number: number;
  readonly request: Request;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: DeliveryError) => void;
  readonly unwatch: () => void;
  worker: number;
  id: string;
  /** The ledger knew it; nothing is read. */
  known: boolean;
  /** Its thread reads no more of it: by its end, by a stop or by a failure. */
  end: 'read' | 'left' | { readonly failure: string } | undefined;
  /** Its last range is stored. */
  complete: boolean;
  /** Batches with records of it that are on their way into the store. */
  underway: number;
  counts: Counts;
  /** Others of the same identity, which came while it was read. */
  readonly twins: Ticket[];
}

export interface QueueOptions {
  readonly pool: () => WorkerPool;
  readonly metadata: Metadata;
  readonly ids: (registry: string, texts: readonly string[]) => Promise<number[]>;
  readonly store: (manifest: Manifest) => Promise<Stored>;
  /** What is known of the layouts of streams. */
  readonly layouts: Pick<LayoutMemory, 'bySource' | 'learned' | 'held'> | undefined;
  /** Milliseconds of a steady clock. */
  readonly clock: () => number;
}

export class DeliveryQueue {
  readonly #options: QueueOptions;
  readonly #first: Ticket[] = [];
  readonly #rest: Ticket[] = [];
  readonly #tickets = new Map<number, Ticket>();
  readonly #byId = new Map<string, Ticket>();
  /** By thread: the delivery that it reads, and whether it holds records that it has not handed over. */
  readonly #reading: (Ticket | undefined)[] = [];
  /** When it took the first delivery of its open batch, where a collector's is in it; 0 where it holds nothing. */
  readonly #holds: ({ since: number; collected: boolean } | undefined)[] = [];
  /** Threads that were told to hand over and have not said that they did. */
  readonly #flushing = new Set<number>();
  readonly #told = new ToldLayouts();
  /** Batches that are on their way into the store, which takes one after another. */
  #storing = 0;
  #pool: WorkerPool | undefined;
  #numbers = 0;
  #turns = 0;
  readonly #pace: InsertPace;
  #stall: string | undefined;
  /** Why nothing is stored any more. */
  #failure: string | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#pace = new InsertPace(options.clock, () => this.#dispatch());
  }

  /** That wait or are read. */
  get size(): number {
    return this.#tickets.size;
  }

  /** Deliveries that no thread reads yet. */
  get waiting(): number {
    return this.#first.length + this.#rest.length;
  }

  /** How often a batch that was not full was made to wait for an insert. */
  get gathered(): number {
    return this.#pace.waits;
  }

  /** Why decoded records cannot be written for the store at the moment. */
  get trouble(): string | undefined {
    return this.#stall;
  }

  /** Rejects with DeliveryError. */
  take(request: Request): Promise<Settled> {
    if (this.#failure !== undefined) return Promise.reject(new DeliveryError(this.#failure, { retryable: true }));
    return new Promise((resolve, reject) => {
      const number = ++this.#numbers;
      const stop = () => this.#stop(number);
      const { signal } = request;
      signal?.addEventListener('abort', stop, { once: true });
      const ticket: Ticket = {
        number,
        request,
        resolve,
        reject,
        unwatch: () => signal?.removeEventListener('abort', stop),
        worker: -1,
        id: '',
        known: false,
        end: undefined,
        complete: false,
        underway: 0,
        counts: { ...NO_COUNTS },
        twins: [],
      };
      this.#tickets.set(number, ticket);
      (request.first ? this.#first : this.#rest).push(ticket);
      this.#open();
      if (signal?.aborted) stop();
      this.#dispatch();
    });
  }

  #open(): void {
    if (this.#pool) return;
    this.#pool = this.#options.pool();
    this.#pool.listen(
      (worker, message) => this.#receive(worker, message),
      (worker, error) => this.#lost(worker, error),
    );
  }

  #stop(number: number): void {
    const ticket = this.#tickets.get(number);
    // What was read to its end is stored all the same.
    if (ticket === undefined || ticket.end !== undefined) return;
    if (ticket.worker >= 0) this.#pool?.send(ticket.worker, { type: 'stop', job: number });
    else {
      for (const queue of [this.#first, this.#rest]) if (queue.includes(ticket)) queue.splice(queue.indexOf(ticket), 1);
      ticket.end = 'left';
      this.#settle(ticket);
    }
  }

  #next(): Ticket | undefined {
    const files = ++this.#turns % TURN_OF_FILES === 0;
    return (files ? this.#rest.shift() : undefined) ?? this.#first.shift() ?? this.#rest.shift();
  }

  #dispatch(): void {
    const pool = this.#pool;
    if (!pool || this.#failure) return;
    for (let worker = 0; worker < pool.size; worker++) {
      if (this.#reading[worker]) continue;
      const ticket = this.#next();
      const holds = this.#holds[worker];
      const late = holds?.collected && this.#options.clock() - holds.since > OPEN_MS;
      // While another batch is stored this one would only wait: what comes meanwhile can still share it.
      const idle = this.#storing === 0 && !this.#flushing.has(worker);
      if (holds && (!ticket || late) && idle && this.#pace.allows(this.#tickets.size <= 1)) {
        this.#holds[worker] = undefined;
        this.#flushing.add(worker);
        pool.send(worker, { type: 'flush' });
      }
      if (!ticket) continue;
      ticket.worker = worker;
      this.#reading[worker] = ticket;
      const open = this.#holds[worker] ?? { since: this.#options.clock(), collected: false };
      this.#holds[worker] = { ...open, collected: open.collected || (ticket.request.first ?? false) };
      pool.ref();
      const { job } = ticket.request;
      const layouts = this.#options.layouts && this.#told.next(worker, job.source ?? '', this.#options.layouts.bySource);
      pool.send(worker, { type: 'job', job: { ...job, layouts, job: ticket.number } });
    }
  }

  #receive(worker: number, message: OfDeliveries): void {
    switch (message.type) {
      case 'identified':
        void this.#judge(message).then(
          (read) => this.#pool?.send(worker, { type: 'verdict', job: message.job, read }),
          (error: unknown) =>
            this.#pool?.send(worker, { type: 'verdict', job: message.job, read: { refused: error instanceof Error ? error.message : String(error) } }),
        );
        return;
      case 'ask-ids':
        void this.#askIds(worker, message);
        return;
      case 'progress':
        this.#tickets.get(message.job)?.request.onBytes?.(message.bytes);
        return;
      case 'batch':
        void this.#batch(worker, message);
        return;
      case 'learned':
        this.#options.layouts?.learned(message.stream, message.layout);
        return;
      case 'stalled':
        this.#stall = message.message;
        return;
      case 'failed':
        this.#ended(worker, message.job, { failure: message.message });
        return;
      case 'read':
        this.#ended(worker, message.job, 'read');
        return;
      case 'left':
        this.#ended(worker, message.job, 'left');
        return;
      case 'flushed':
        this.#flushing.delete(worker);
        this.#dispatch();
        return;
    }
  }

  /** New texts wait for a store that can take them: a batch without them could not be read. */
  async #askIds(worker: number, { ask, registry, texts }: Extract<FromWorker, { type: 'ask-ids' }>): Promise<void> {
    for (let wait = 250; ; wait = Math.min(wait * 2, 10_000)) {
      try {
        const ids = await this.#options.ids(registry, texts);
        this.#pool?.send(worker, { type: 'ids', ask, ids });
        return;
      } catch (error) {
        if (!this.#pool || this.#pool.closing) return;
        this.#stall = error instanceof Error ? error.message : String(error);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** What the ledger says of a delivery. */
  async #judge(found: Extract<FromWorker, { type: 'identified' }>): Promise<{ from: number; layout: string } | false> {
    const ticket = this.#tickets.get(found.job);
    if (!ticket) return false;
    const { metadata } = this.#options;
    const { request } = ticket;
    ticket.id = found.id;
    const twin = this.#byId.get(found.id);
    if (twin) {
      ticket.known = true;
      twin.twins.push(ticket);
      return false;
    }
    this.#byId.set(found.id, ticket);
    const known = await metadata.delivery(found.id);
    if (known?.done && !request.again) {
      ticket.known = true;
      addCounts(ticket.counts, { ...NO_COUNTS, records: known.counts.records, duplicates: known.counts.records });
      return false;
    }
    // A file that is shorter than a head has none.
    if (!known && found.head !== '') {
      const grown = await metadata.sameHead(found.head, found.id);
      if (grown[0]) request.onGrown?.(grown[0]);
    }
    const delivery = await metadata.open({ id: found.id, name: request.name, size: found.size, head: found.head }, request.again && known?.done);
    // What an interrupted run stored of it is there already.
    if (delivery.doneTo > 0) addCounts(ticket.counts, { ...NO_COUNTS, records: delivery.counts.records, duplicates: delivery.counts.records });
    return { from: delivery.doneTo, layout: delivery.layout };
  }

  async #batch(worker: number, { manifest, extent, held }: Extract<FromWorker, { type: 'batch' }>): Promise<void> {
    this.#stall = undefined;
    const tickets = manifest.ranges.map((range) => this.#byId.get(range.delivery));
    for (const ticket of tickets) if (ticket) ticket.underway++;
    this.#storing++;
    const stored = await this.#options.store(manifest).catch((error: unknown) => {
      this.#giveUp(error instanceof Error ? error.message : String(error));
      return undefined;
    });
    this.#storing--;
    if (!stored) return;
    this.#pool?.send(worker, { type: 'stored', batch: manifest.batch });
    for (const stream of held) this.#options.layouts?.held(stream);
    stored.ranges.forEach(({ counts, last, formats = {} }, i) => {
      const ticket = tickets[i];
      if (!ticket) return;
      ticket.underway--;
      ticket.complete ||= last;
      addCounts(ticket.counts, counts);
      ticket.request.onStored?.({ counts, extent: counts.records > 0 ? extent : null, formats, notes: i === 0 ? stored.notes : [] });
    });
    for (const ticket of new Set(tickets)) if (ticket) this.#settle(ticket);
    this.#dispatch();
  }

  /** Nothing is stored until the next start: what is here is brought again then. */
  #giveUp(failure: string): void {
    this.#failure = failure;
    for (const ticket of [...this.#tickets.values()]) this.#reject(ticket, failure);
  }

  #ended(worker: number, job: number, end: Ticket['end']): void {
    const ticket = this.#tickets.get(job);
    this.#reading[worker] = undefined;
    if (ticket) {
      ticket.end = end;
      this.#settle(ticket);
    }
    this.#dispatch();
  }

  /** Answers who brought a delivery, when nothing of it is underway any more. */
  #settle(ticket: Ticket): void {
    const { end, counts, twins } = ticket;
    if (end === undefined || ticket.underway > 0) return;
    if (typeof end === 'object') {
      for (const one of [ticket, ...twins]) this.#reject(one, end.failure);
      return;
    }
    if (end === 'read' && !ticket.known && !ticket.complete) return;
    // One that came while it was read waits for it.
    if (ticket.known && this.#byId.get(ticket.id) !== ticket) return;
    const stopped = end === 'left';
    this.#close(ticket);
    this.#answer(ticket, { counts, known: ticket.known, stopped });
    for (const twin of twins) {
      this.#close(twin);
      const repeated = { ...NO_COUNTS, records: counts.records, duplicates: counts.records };
      this.#answer(twin, { counts: stopped ? twin.counts : repeated, known: !stopped, stopped });
    }
  }

  /** What was known is counted before who brought it hears so. */
  #answer({ request, resolve }: Ticket, settled: Settled): void {
    const answer = () => resolve(settled);
    // A count that cannot be written holds nobody up.
    if (settled.known) this.#options.metadata.repeated(request.job.source ?? '', settled.counts.records).then(answer, answer);
    else answer();
  }

  #reject(ticket: Ticket, failure: string): void {
    if (!this.#tickets.has(ticket.number)) return;
    this.#close(ticket);
    ticket.reject(new DeliveryError(failure, { retryable: true, counts: ticket.counts }));
  }

  #close(ticket: Ticket): void {
    ticket.unwatch();
    this.#tickets.delete(ticket.number);
    if (this.#byId.get(ticket.id) === ticket) this.#byId.delete(ticket.id);
    if (this.#tickets.size === 0) this.#pool?.unref();
  }

  /** A thread broke. What it read or held is brought again by who brought it; another thread takes its place. */
  #lost(worker: number, error: Error): void {
    this.#reading[worker] = undefined;
    this.#holds[worker] = undefined;
    this.#flushing.delete(worker);
    this.#told.lost(worker);
    for (const ticket of [...this.#tickets.values()]) {
      if (ticket.worker !== worker) continue;
      // What is stored was read to its end, also where the thread could not say so any more.
      ticket.end = ticket.complete || ticket.known ? (ticket.end ?? 'read') : { failure: error.message };
      this.#settle(ticket);
    }
    this.#dispatch();
  }
}
