/** AWS's list of its address ranges (ip-ranges.json) as an index in shared memory, and the copy of it that a data directory keeps. */
import { renameSync, writeFileSync } from 'node:fs';
import { type AwsRanges, buildAwsIndex, readAwsRanges } from '../enrich/aws-ranges.ts';

/** Name of the copy in a data directory. */
export const AWS_RANGES_FILE = 'aws-ip-ranges.json';

/** What is said of a list that was taken. */
export interface AwsRangesSummary extends Pick<AwsRanges, 'created' | 'skipped' | 'problem'> {
  readonly ranges: number;
}

/** The index for all threads. Throws AwsRangesError. */
export function sharedAwsIndex(json: Uint8Array): { readonly index: Uint8Array; readonly summary: AwsRangesSummary } {
  const { ranges, ...about } = readAwsRanges(json);
  const built = buildAwsIndex(ranges);
  const index = new Uint8Array(new SharedArrayBuffer(built.length));
  index.set(built);
  return { index, summary: { ...about, ranges: ranges.length } };
}

/** Keeps a list that was read for the next start: whole, or the one before stays. */
export function keepAwsRanges(file: string, json: Uint8Array): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, json, { mode: 0o600 });
  renameSync(unfinished, file);
}

/** In words: entries of the list that are none. */
export function skippedEntries({ skipped, problem }: AwsRangesSummary): string | undefined {
  return skipped === 0
    ? undefined
    : `AWS’s address ranges: ${skipped} ${skipped === 1 ? 'entry is' : 'entries are'} no range and left out (the first: ${problem}).`;
}
