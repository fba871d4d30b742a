/** Messages between the pipeline (main thread) and a decoding worker. */

import type { Content, Refusal } from '../collect/delivery.ts';
import type { Databases } from '../enrich/enricher.ts';
import type { Origin } from '../model/batch.ts';
import type { RecordSettings } from '../model/source.ts';
import type { Manifest } from '../store/metadata.ts';
import type { LayoutNews } from './layout-changes.ts';

/** Given to a worker when it starts. */
export interface WorkerSetup {
  readonly staging: string;
  readonly batchRows: number;
  readonly databases: Databases;
  readonly internalNetworks: readonly string[];
  /** Index of threat indicators, in shared memory; none when absent. */
  readonly indicators?: Uint8Array | undefined;
  /** Waits for a disk that is full; otherwise the thread ends, and what it held fails. */
  readonly untilDone: boolean;
}

/** A delivery for a worker to read. */
export interface Job {
  readonly job: number;
  readonly content: Content | 'stdin';
  /** Bytes as delivered; 0 where nobody knows. */
  readonly size: number;
  readonly origin: Origin;
  /** Id of the source that it came by; absent for what somebody named. */
  readonly source?: string;
  readonly settings: RecordSettings;
  /** Its identity; the SHA-256 of its bytes and how they are read where it is absent (for standard input: made up). */
  readonly id?: string;
  readonly refused?: Refusal;
  /** What is new of the layouts of its source’s streams since the thread was last told. */
  readonly layouts?: LayoutNews | undefined;
  /** Others sent it: what it may become when it is decompressed is limited. */
  readonly bounded?: true;
}

/** What the ledger says of an identified delivery: read it from an offset, leave it, or why it could not be asked. */
export type Verdict = { readonly from: number; readonly layout: string } | false | { readonly refused: string };

export type ToWorker =
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'verdict'; readonly job: number; readonly read: Verdict }
  /** Ids of the texts that were asked for, in their order. */
  | { readonly type: 'ids'; readonly ask: number; readonly ids: readonly number[] }
  /** The batch is stored. */
  | { readonly type: 'stored'; readonly batch: string }
  /** Matches with this index of threat indicators from the next batch on; `number` comes back in the answer. */
  | { readonly type: 'indicators'; readonly number: number; readonly index: Uint8Array | undefined }
  /** No more jobs for now: hand over what is decoded. */
  | { readonly type: 'flush' }
  /** Look up AWS services in this index from now on (in a SharedArrayBuffer). */
  | { readonly type: 'aws-ranges'; readonly index: Uint8Array }
  /** Stop reading a job; hand over what is decoded. */
  | { readonly type: 'stop'; readonly job: number };

export type FromWorker =
  /** All batches that were matched with an earlier index have been handed over. */
  | { readonly type: 'indicators-used'; readonly number: number }
  | { readonly type: 'identified'; readonly job: number; readonly id: string; readonly size: number; readonly head: string }
  /** Ids of texts of a registry (model/registries.ts). */
  | { readonly type: 'ask-ids'; readonly ask: number; readonly registry: string; readonly texts: readonly string[] }
  /** Compressed bytes read of a job since the last message. */
  | { readonly type: 'progress'; readonly job: number; readonly bytes: number }
  | {
      readonly type: 'batch';
      readonly manifest: Manifest;
      readonly extent: { readonly from: number; readonly to: number } | null;
      readonly held: readonly string[];
    }
  /** A batch cannot be written for the store at the moment (a full disk); it is tried again. */
  | { readonly type: 'stalled'; readonly message: string }
  /** What the lines of a stream prove of their layout. */
  | { readonly type: 'learned'; readonly stream: string; readonly layout: string }
  /** The delivery was read to its end (its last records may still be in the open batch). */
  | { readonly type: 'read'; readonly job: number }
  /** The delivery was not read to its end, because of `stop`. */
  | { readonly type: 'left'; readonly job: number }
  | { readonly type: 'failed'; readonly job: number; readonly message: string }
  | { readonly type: 'flushed' };
