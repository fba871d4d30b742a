/** What the ledger speaks of: deliveries, and the manifests of the batches that their records are stored in. */
import type { Counts } from '../model/counts.ts';
import type { NativeBlockFile, NativeInsert } from './store.ts';

/**
 * A part of a delivery that a batch holds. Offsets are of the decompressed bytes; [from, to). A manifest may have several
 * ranges of a delivery; what is of other formats between the records of one is in another of them.
 */
export interface DeliveryRange {
  readonly delivery: string;
  readonly from: number;
  readonly to: number;
  /** Layout in force at `to`; where a later batch goes on. */
  readonly layout: string;
  /** The delivery ends with this range. */
  readonly last: boolean;
  readonly counts: Readonly<Counts>;
  /** Records by format; absent in manifests of earlier releases, which knew one. */
  readonly formats?: Readonly<Record<string, number>>;
}

/**
 * One block of a batch, as it is inserted. What rules make of it is said as it was when the batch was staged: what a crash
 * left is stored by the same rules, whatever they are by then.
 */
export interface StagedBlock extends NativeInsert {
  readonly rows: number;
  readonly bytes: number;
  /** CRC-32 of its file; absent in manifests of earlier releases. */
  readonly crc?: number;
  /** Layouts of its records, where they are few. */
  readonly layouts?: readonly string[];
  /** Rows up to which each of the manifest's ranges goes, where the rows are in their order. */
  readonly ends?: readonly number[];
  /** A block of its own with the ids and times of events, and where they are counted: looking for copies reads it, and not the whole. */
  readonly ids?: NativeBlockFile;
  /** Of a part of the counter's block: which of its rows these are. */
  readonly counterRows?: readonly number[];
}

export interface Manifest {
  readonly batch: string;
  readonly ranges: readonly DeliveryRange[];
  /** In insert order: quarantine, then rows. */
  readonly blocks: readonly StagedBlock[];
  /** OR of the `absent` masks of the rows for `vpc_flow`, as decimal text. */
  readonly absentMask: string;
  /** AND of the same; absent in manifests of earlier releases. */
  readonly missingMask?: string;
  /** All rows for `vpc_flow` are in the default layout and their texts their values joined by spaces. */
  readonly defaultOnly?: boolean;
}

/** A delivery as the ledger knows it. */
export interface Delivery {
  readonly id: string;
  readonly name: string;
  /** Bytes as delivered (compressed). */
  readonly size: number;
  readonly done: boolean;
  /** Decompressed bytes that are stored; a re-read goes on here. */
  readonly doneTo: number;
  readonly layout: string;
  readonly counts: Counts;
}
