/** A progress bar on a terminal; nothing where output is not a terminal. */
import { Presets, SingleBar } from 'cli-progress';
import type { IngestProgress } from '../ingest/ingest.ts';
import { bytes, count } from './output.ts';

export interface ProgressBar {
  update(progress: IngestProgress): void;
  stop(): void;
}

/** Writes to standard error, so that standard output stays a result. */
export function progressBar(): ProgressBar {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar(
    {
      format: '{bar} {share} | {done} | {files} | {records} records, {rate}/s | {left}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update(progress) {
      const payload = {
        // Nobody knows how long standard input is.
        share: progress.bytesTotal ? `${Math.floor((100 * progress.bytes) / progress.bytesTotal)}%` : '',
        done: progress.bytesTotal ? `${bytes(progress.bytes)} of ${bytes(progress.bytesTotal)}` : bytes(progress.bytes),
        files: `${count(progress.files)} of ${count(progress.filesTotal)} files`,
        records: count(progress.records),
        rate: count(Math.round(progress.records / Math.max(progress.seconds, 0.001))),
        left: timeLeft(progress),
      };
      if (!started) {
        bar.start(progress.bytesTotal || 1, 0, payload);
        started = true;
      }
      bar.update(Math.min(progress.bytes, progress.bytesTotal), payload);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

function timeLeft(progress: IngestProgress): string {
  if (progress.bytes === 0 || progress.bytesTotal === 0) return '';
  const seconds = Math.ceil((progress.seconds / progress.bytes) * (progress.bytesTotal - progress.bytes));
  if (seconds < 60) return `${seconds} s left`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min left`;
  return `${(seconds / 3600).toFixed(1)} h left`;
}
