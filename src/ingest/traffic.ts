/** What each source has delivered since the server started: totals, the last hour by minute, lag, and errors by kind. */
import { addCounts, type Counts, NO_COUNTS } from '../model/counts.ts';

const MINUTES = 60;
const MINUTE_MS = 60_000;
/** Lags that percentiles are taken of. */
const LAGS = 512;
/** Kinds of errors that are kept of a source. */
const ERRORS = 20;

export interface SourceError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly count: number;
  /** Epoch milliseconds at which it happened last. */
  readonly last: number;
}

export interface TrafficStatus {
  readonly deliveries: number;
  /** As received (compressed). */
  readonly bytes: number;
  readonly counts: Readonly<Counts>;
  /** Epoch milliseconds of the last delivery that was accepted; null while there was none. */
  readonly lastDelivery: number | null;
  /** Epoch milliseconds at which records of it were last stored. */
  readonly lastStored: number | null;
  /** Records stored a minute, oldest first, the current minute last. */
  readonly recordsByMinute: readonly number[];
  /** Milliseconds from when a delivery was sent (or received, where its sender does not say) until it was stored. */
  readonly lag: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** Deliveries that the ledger knew. */
  readonly known: number;
  readonly errors: readonly SourceError[];
}

class SourceTraffic {
  deliveries = 0;
  bytes = 0;
  known = 0;
  readonly counts: Counts = { ...NO_COUNTS };
  lastDelivery: number | null = null;
  lastStored: number | null = null;
  readonly #minutes = new Float64Array(MINUTES);
  #minute = 0;
  readonly #lags = new Float64Array(LAGS);
  #lagged = 0;
  readonly errors = new Map<string, SourceError>();

  addRecords(records: number, now: number): void {
    this.#turn(now);
    this.#minutes[this.#minute % MINUTES] = (this.#minutes[this.#minute % MINUTES] ?? 0) + records;
  }

  addLag(milliseconds: number): void {
    this.#lags[this.#lagged++ % LAGS] = Math.max(0, milliseconds);
  }

  /** Empties the minutes that passed without records. */
  #turn(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute < this.#minute - 1) {
      // The clock was set back: what was counted belongs to minutes that are yet to come.
      this.#minutes.fill(0);
      this.#minute = minute;
    }
    for (let m = Math.max(this.#minute + 1, minute - MINUTES + 1); m <= minute; m++) this.#minutes[m % MINUTES] = 0;
    this.#minute = Math.max(this.#minute, minute);
  }

  status(now: number): TrafficStatus {
    this.#turn(now);
    const { deliveries, bytes, known, counts, lastDelivery, lastStored } = this;
    return {
      deliveries,
      bytes,
      known,
      counts: { ...counts },
      lastDelivery,
      lastStored,
      recordsByMinute: Array.from({ length: MINUTES }, (_, i) => this.#minutes[(this.#minute + 1 + i) % MINUTES] ?? 0),
      lag: this.#percentiles(),
      errors: [...this.errors.values()].sort((a, b) => b.last - a.last),
    };
  }

  #percentiles(): TrafficStatus['lag'] {
    const sorted = this.#lags.slice(0, Math.min(this.#lagged, LAGS)).sort();
    if (sorted.length === 0) return null;
    const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}

export class Traffic {
  readonly #clock: () => number;
  readonly #sources = new Map<string, SourceTraffic>();
  /** Told of each delivery that is stored, and how long that took (milliseconds). */
  onLag: (source: string, milliseconds: number) => void = () => undefined;

  /** `clock`: epoch milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The sources that there are. What others still do, such as what of a removed one is stored from the spool, is not counted. */
  keep(sources: ReadonlySet<string>): void {
    for (const source of this.#sources.keys()) if (!sources.has(source)) this.#sources.delete(source);
    for (const source of sources) if (!this.#sources.has(source)) this.#sources.set(source, new SourceTraffic());
  }

  /** A delivery was accepted. */
  delivered(source: string, bytes: number): void {
    const traffic = this.#sources.get(source);
    if (!traffic) return;
    traffic.deliveries++;
    traffic.bytes += bytes;
    traffic.lastDelivery = this.#clock();
  }

  /** A delivery was stored, or the ledger knew it. `since`: epoch milliseconds at which it was sent. */
  stored(source: string, counts: Readonly<Counts>, known: boolean, since: number): void {
    const traffic = this.#sources.get(source);
    if (!traffic) return;
    const now = this.#clock();
    if (known) traffic.known++;
    addCounts(traffic.counts, counts);
    traffic.addRecords(counts.records - counts.duplicates, now);
    traffic.addLag(now - since);
    this.onLag(source, Math.max(0, now - since));
    traffic.lastStored = now;
  }

  failed(source: string, code: string, message: string, hint?: string): void {
    const errors = this.#sources.get(source)?.errors;
    const before = errors?.get(code);
    if (!errors || (!before && errors.size >= ERRORS)) return;
    errors.set(code, { code, message, hint, count: (before?.count ?? 0) + 1, last: this.#clock() });
  }

  /** Forgets the errors, after somebody has changed something. */
  cleared(source: string): void {
    this.#sources.get(source)?.errors.clear();
  }

  /** Of a source that there is not: nothing was delivered. */
  status(source: string): TrafficStatus {
    return (this.#sources.get(source) ?? new SourceTraffic()).status(this.#clock());
  }
}
