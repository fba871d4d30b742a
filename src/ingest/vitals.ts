/** Whether the server takes and stores what comes, and how it fares: for readiness and metrics. */
import { statfs } from 'node:fs/promises';
import type { Collection } from './collection.ts';
import type { IngestLoad } from './ingest.ts';
import type { Pipeline } from './pipeline.ts';

/** Why a server is not ready. Codes are stable. */
export const NOT_READY = {
  'store-unavailable': 'The store does not answer.',
  'store-repairing': 'Batches that a crash left half stored are being stored: until then some records are missing.',
  'not-storing': 'What is decoded cannot be stored at the moment; it is tried again.',
  'ingest-stopped': 'Storing failed for good: nothing more is stored until the server is started again.',
  'spool-full': 'The spool has no room for what is pushed: senders are told to come again.',
  'spool-failing': 'The spool could not be written within the last minute.',
  'disk-nearly-full': 'The disk of the data directory has less room than diskMinFreeMib: nothing that is pushed is accepted.',
} as const;

/** What somebody should look at, though the server is ready. Codes are stable. */
export const NOTICES = {
  'spool-damaged':
    'The disk damaged what was acknowledged and not stored yet. What could be read is stored; the rest is in .damaged files in DATA/spool (and files that the disk does not give whole are .unreadable there), and is told of until they are taken away and the server is started again.',
  'clock-ahead':
    'The clock is more than a day ahead of when the data directory was last used and what has passed since: retention goes on by the time before, until the clock has said the same for a day. Where it is right, retentionTrustClock lets it drop at once.',
} as const;

export type ReasonCode = keyof typeof NOT_READY;

export interface Reason {
  readonly code: ReasonCode | keyof typeof NOTICES;
  readonly message: string;
  /** In the words of the engine or the machine, which hold statements and paths: for people who are signed in. */
  readonly detail?: string | undefined;
}

export interface Vitals {
  readonly load: IngestLoad;
  /** Bytes of the disk of the data directory; what a program without special rights may use. */
  readonly disk: { readonly free: number; readonly size: number };
}

export interface VitalsOptions {
  readonly pipeline: Pick<Pipeline, 'load' | 'trouble' | 'failure'>;
  readonly collection: Pick<Collection, 'spool'>;
  /** The data directory. */
  readonly folder: string;
  /** Bytes that must stay free. */
  readonly minFreeBytes: number;
}

export async function vitalsOf({ pipeline, folder }: Pick<VitalsOptions, 'pipeline' | 'folder'>): Promise<Vitals> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { load: pipeline.load, disk: { free: bavail * bsize, size: blocks * bsize } };
}

/** Empty when the server is ready. A source in trouble is none of these: the others go on. */
export async function reasonsOf({ pipeline, collection, folder, minFreeBytes }: VitalsOptions): Promise<Reason[]> {
  // A disk that cannot be asked is trouble of the pipeline, which looks at it all the time.
  const { disk } = await vitalsOf({ pipeline, folder }).catch(() => ({ disk: undefined }));
  const { repairing } = pipeline.load;
  const { spool } = collection;
  const reasons: Reason[] = [];
  const say = (code: ReasonCode, detail?: string) => reasons.push({ code, message: NOT_READY[code], detail });
  if (pipeline.failure) say('ingest-stopped', pipeline.failure.message);
  else if (pipeline.trouble !== undefined) say('not-storing', pipeline.trouble);
  if (repairing > 0 && !pipeline.failure) reasons.push({ code: 'store-repairing', message: `${NOT_READY['store-repairing']} ${repairing} to go.` });
  if (spool.full) say('spool-full');
  if (spool.failing) say('spool-failing', spool.trouble);
  if (disk && disk.free < minFreeBytes) say('disk-nearly-full');
  return reasons;
}

/** `retentionHeld`: the clock is ahead. */
export function noticesOf({ spool: { damaged } }: Pick<Collection, 'spool'>, retentionHeld = false): Reason[] {
  const notices: Reason[] = [];
  if (damaged.pieces > 0)
    notices.push({
      code: 'spool-damaged',
      message: `${NOTICES['spool-damaged']} ${damaged.pieces} ${damaged.pieces === 1 ? 'piece' : 'pieces'}, ${damaged.bytes} bytes.`,
    });
  if (retentionHeld) notices.push({ code: 'clock-ahead', message: NOTICES['clock-ahead'] });
  return notices;
}
