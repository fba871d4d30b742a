/** What a source has done and what is wrong with it, kept while it runs and shown to people. */
import { addCounts, type Counts, NO_COUNTS } from '../../model/counts.ts';
import type { OtherObject } from '../aws-path.ts';
import type { S3Problem, S3ProblemCode } from './problems.ts';

export type S3State = 'starting' | 'running' | 'failing' | 'finished' | 'stopping' | 'stopped';

/** Since the source was started. */
export interface S3Counts {
  /** Messages received, again each time that they come back. */
  messages: number;
  /** Messages deleted from the queue. */
  deleted: number;
  /** Messages given back, to be received again. */
  returned: number;
  /** Messages that are no notification: left in the queue. */
  unknown: number;
  /** S3's test messages. */
  tests: number;
  /** Events that name nothing to read, such as removals. */
  ignored: number;
  /** Objects that were stored. */
  objects: number;
  /** Messages that were records by themselves and were stored. */
  events: number;
  /** Bytes of both, as they came. */
  bytes: number;
  /** Objects that the ledger knew: their bytes were fetched and not stored again. */
  known: number;
  /** Objects that were named again and not fetched again. */
  repeated: number;
  /** Objects that were removed before they were read. */
  gone: number;
  /** Objects outside the source's prefix or before its start. */
  outside: number;
  /** Tries to read an object that failed. */
  failed: number;
  /** CloudTrail's digests that were verified, whatever was found. */
  digests: number;
}

export interface ReportedProblem extends S3Problem {
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface QueueState {
  /** Messages that wait, about; undefined where the attributes may not be read. */
  readonly depth: number | undefined;
  /** Messages that somebody has received, about. */
  readonly received: number | undefined;
  readonly deadLetter: { readonly queue: string; readonly maxReceiveCount: number } | undefined;
}

export interface ListingState {
  /** The key up to which everything is read, while the first pass is under way. */
  readonly position: string;
  /** Whether the first pass has come to its end. */
  readonly caughtUp: boolean;
  /** Epoch milliseconds at which the last whole pass began. */
  readonly lastPassAt: number | undefined;
  /** Objects that could not be read and are tried again. */
  readonly failed: number;
}

export interface S3Status {
  readonly state: S3State;
  /** The last object that was stored. */
  readonly lastDelivery: { readonly at: number; readonly name: string } | undefined;
  /** From S3's event (or the object's time) until it was stored, of the last object. */
  readonly lagMs: number | undefined;
  readonly counts: Readonly<S3Counts>;
  readonly records: Readonly<Counts>;
  /** Objects that were recognized and are not collected. */
  readonly recognized: Readonly<Partial<Record<OtherObject, number>>>;
  /** One a code, the latest first; `objects`: addresses of the last ones that will not be read because of it, the latest first. */
  readonly problems: readonly (ReportedProblem & { readonly objects: readonly string[] })[];
  readonly inFlight: { readonly messages: number; readonly objects: number; readonly limit: number };
  readonly queue: QueueState | undefined;
  readonly listing: ListingState | undefined;
}

export class Tally {
  state: S3State = 'starting';
  readonly counts: S3Counts = {
    messages: 0,
    deleted: 0,
    returned: 0,
    unknown: 0,
    tests: 0,
    ignored: 0,
    objects: 0,
    events: 0,
    bytes: 0,
    known: 0,
    repeated: 0,
    gone: 0,
    outside: 0,
    failed: 0,
    digests: 0,
  };
  readonly records: Counts = { ...NO_COUNTS };
  readonly recognized = new Map<OtherObject, number>();
  lastDelivery: { readonly at: number; readonly name: string } | undefined;
  lagMs: number | undefined;
  readonly #problems = new Map<S3ProblemCode, ReportedProblem>();

  stored(name: string, bytes: number, counts: Readonly<Counts>, at: number, sentAt: number | undefined): void {
    this.counts.bytes += bytes;
    addCounts(this.records, counts);
    this.lastDelivery = { at, name };
    this.lagMs = sentAt === undefined ? undefined : Math.max(0, at - sentAt);
  }

  recognize(kind: OtherObject): void {
    this.recognized.set(kind, (this.recognized.get(kind) ?? 0) + 1);
  }

  /** Returns whether it is the first of its code. */
  report(problem: S3Problem, at: number): boolean {
    const known = this.#problems.get(problem.code);
    this.#problems.set(problem.code, { ...problem, count: (known?.count ?? 0) + 1, firstAt: known?.firstAt ?? at, lastAt: at });
    return known === undefined;
  }

  problems(): ReportedProblem[] {
    return [...this.#problems.values()].sort((a, b) => b.lastAt - a.lastAt);
  }
}
