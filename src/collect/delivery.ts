/**
 * What collectors and the pipeline say to each other. A collector brings deliveries; the promise of each
 * settles when every record of it is stored (or quarantined, or filtered), so that it can be
 * acknowledged where it came from.
 */
import type { Origin, RecordErrorCode } from '../model/batch.ts';
import { type Counts, NO_COUNTS } from '../model/counts.ts';
import type { RecordSettings } from '../model/source.ts';

/** Some bytes that came together: an object, a file, a request. */
export interface Delivery {
  /** Identity in the ledger: what was stored under it once is not stored again. */
  readonly id: string;
  /** Id of the source that it came by; empty for files that somebody named. */
  readonly source: string;
  /** Shown to people: an object's address, a file's path. */
  readonly name: string;
  /** Bytes as delivered (compressed), where they are known. */
  readonly size: number;
  readonly content: Content;
  readonly origin: Origin;
  readonly settings: RecordSettings;
  /** Epoch milliseconds at which the other side made or noticed it, for the delivery lag; absent where nobody says. */
  readonly sentAt?: number;
  readonly refused?: Refusal;
}

/** Why bytes are known to be no records: they are kept in quarantine as one. */
export interface Refusal {
  readonly code: RecordErrorCode;
  readonly message: string;
}

/** A part of a file of this machine, or bytes in memory. Compression is told by the first bytes. */
export type Content =
  | {
      readonly path: string;
      readonly from?: number;
      readonly length?: number;
      /** Lengths of what was sent one by one and stands here one after another: each is compressed, and begins a record, on its own. */
      readonly parts?: readonly number[];
    }
  | { readonly bytes: Uint8Array };

export interface Outcome {
  readonly counts: Readonly<Counts>;
  /** The ledger knew it as done: nothing was read. */
  readonly known: boolean;
}

/** Where collectors hand over. */
export interface Intake {
  /** Resolves when the delivery is stored. Rejects when it could not be read or stored: bring it again. */
  take(delivery: Delivery): Promise<Outcome>;
}

/**
 * A delivery that could not be taken: `retryable` says whether the same bytes may succeed later. `counts`: of its
 * records before the place where it failed, which are stored, and are passed over when it is brought again.
 */
export class DeliveryError extends Error {
  readonly retryable: boolean;
  readonly counts: Readonly<Counts>;
  constructor(message: string, options: { retryable: boolean; counts?: Readonly<Counts>; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'DeliveryError';
    this.retryable = options.retryable;
    this.counts = options.counts ?? NO_COUNTS;
  }
}
