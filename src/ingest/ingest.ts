/** The ingest interface: what the command line, the API and the demo ask of the pipeline. */
import type { Counts } from '../model/counts.ts';
import type { RecordFormat } from '../model/source.ts';

export interface IngestOptions {
  /** `auto`, the default: told by content. */
  readonly format?: RecordFormat;
  /** `auto`, a preset's name, or header names separated by spaces. */
  readonly layout?: string;
  readonly sourceCategory?: string;
  readonly sourceHost?: string;
  readonly collector?: string;
  /** Re-read deliveries that the ledger knows as done. */
  readonly again?: boolean;
  /** Names standard input, so that the same stream is stored once. */
  readonly id?: string;
  /** Stops cleanly: what was decoded is stored, the rest is left for the next run. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestProgress) => void;
}

export interface IngestProgress {
  readonly files: number;
  readonly filesTotal: number;
  /** Compressed bytes read so far, of `bytesTotal`. */
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly records: number;
  readonly seconds: number;
}

/** Result of one ingest; the last line of `bartizan ingest --json`. Counts are disjoint, `records` is their sum. */
export interface IngestSummary extends Counts {
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Records by format. */
  readonly formats: Record<string, number>;
  /** Stopped before the end by the signal. */
  readonly interrupted: boolean;
  /** Files that could not be read at all, and what people should know of others. */
  readonly failures: readonly { readonly path: string; readonly message: string }[];
  readonly notes: readonly string[];
  /** First and last start of the stored records, epoch seconds; null when none was stored. */
  readonly extent: { readonly from: number; readonly to: number } | null;
}

/** What the pipeline is doing, and has done since the start. */
export interface IngestLoad {
  /** Deliveries that wait, are read or are not stored yet; of them, those that no thread reads yet. */
  readonly deliveries: number;
  readonly waiting: number;
  /** Batches that are decoded and not stored yet; of them, those that a crash left. */
  readonly openBatches: number;
  readonly repairing: number;
  /** How often a batch that was not full was made to wait, so that others share its insert. */
  readonly gathered: number;
  readonly batches: number;
  /** Blocks that were inserted, and their rows. */
  readonly inserts: number;
  readonly rows: number;
  /** Tries to store a batch that failed. */
  readonly failures: number;
}

export interface Ingest {
  /** Reads files, folders, globs or `-`. Runs of the same process queue up. Throws PathError for a path that is not there. */
  ingest(paths: readonly string[], options?: IngestOptions): Promise<IngestSummary>;
}
