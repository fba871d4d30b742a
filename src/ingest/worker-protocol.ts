/** Messages between the pipeline (main thread) and a decoding worker. */

import type { Databases } from '../enrich/enricher.ts';
import type { Origin } from '../model/batch.ts';
import type { Manifest } from '../store/metadata.ts';

/** Given to a worker when it starts. */
export interface WorkerSetup {
  readonly staging: string;
  readonly batchRows: number;
  readonly databases: Databases;
  readonly internalNetworks: readonly string[];
}

/** A file for a worker to read. */
export interface Job {
  readonly job: number;
  /** Absolute path, or `-` for standard input. */
  readonly path: string;
  readonly size: number;
  readonly layout: string;
  readonly origin: Origin;
  /** Identity of standard input; made up when absent. */
  readonly id?: string;
}

export type ToWorker =
  | { readonly type: 'job'; readonly job: Job }
  /** What the ledger says of an identified delivery: read it from an offset, or leave it. */
  | { readonly type: 'verdict'; readonly job: number; readonly read: { readonly from: number; readonly layout: string } | false }
  /** Ids of the texts that were asked for, in their order. */
  | { readonly type: 'ids'; readonly ask: number; readonly ids: readonly number[] }
  /** The batch is stored. */
  | { readonly type: 'stored'; readonly batch: string }
  /** No more jobs for now: hand over what is decoded. */
  | { readonly type: 'flush' }
  /** Stop reading; hand over what is decoded. */
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'identified'; readonly job: number; readonly id: string; readonly size: number; readonly head: string }
  /** Ids of texts of a registry (model/registries.ts). */
  | { readonly type: 'ask-ids'; readonly ask: number; readonly registry: string; readonly texts: readonly string[] }
  /** Compressed bytes read of a job since the last message. */
  | { readonly type: 'progress'; readonly job: number; readonly bytes: number }
  | { readonly type: 'batch'; readonly manifest: Manifest; readonly extent: { readonly from: number; readonly to: number } | null }
  /** The file was read to its end (its last records may still be in the open batch). */
  | { readonly type: 'read'; readonly job: number }
  /** The file was not read to its end, because of `stop`. */
  | { readonly type: 'left'; readonly job: number }
  | { readonly type: 'failed'; readonly job: number; readonly message: string }
  | { readonly type: 'flushed' };
