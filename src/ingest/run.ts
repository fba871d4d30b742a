/** One call of `ingest`: the files behind some paths through the delivery queue, and what became of them all together. */
import { basename } from 'node:path';
import { DeliveryError } from '../collect/delivery.ts';
import type { SourceFile } from '../collect/files.ts';
import { addCounts, type Counts, NO_COUNTS } from '../model/counts.ts';
import { DEFAULT_RECORD_SETTINGS } from '../model/source.ts';
import { saidBy } from '../model/wording.ts';
import type { DeliveryQueue, StoredPart } from './delivery-queue.ts';
import type { IngestOptions, IngestSummary } from './ingest.ts';

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100;

export class Run {
  readonly #queue: DeliveryQueue;
  readonly #files: readonly SourceFile[];
  readonly #ask: IngestOptions;
  readonly #clock: () => number;
  readonly #started: number;
  readonly #totals: Counts = { ...NO_COUNTS };
  readonly #failures: { path: string; message: string }[] = [];
  readonly #notes: string[] = [];
  readonly #formats: Record<string, number> = {};
  /** Of records that are stored, of files that are not settled yet. */
  readonly #underway = new Map<number, number>();
  #next = 0;
  #filesDone = 0;
  #bytes = 0;
  #extent: { from: number; to: number } | null = null;
  #lastReport = 0;

  constructor(queue: DeliveryQueue, files: readonly SourceFile[], ask: IngestOptions, clock: () => number) {
    this.#queue = queue;
    this.#files = files;
    this.#ask = ask;
    this.#clock = clock;
    this.#started = clock();
  }

  /** Reads `atOnce` files at a time. Rejects when nothing is stored any more. */
  async finished(atOnce: number): Promise<IngestSummary> {
    await Promise.all(Array.from({ length: atOnce }, () => this.#readOn()));
    this.#report(true);
    return this.#summary();
  }

  async #readOn(): Promise<void> {
    while (this.#next < this.#files.length && !this.#ask.signal?.aborted) {
      const index = this.#next++;
      const file = this.#files[index] as SourceFile;
      if (file.problem !== undefined) this.#failures.push({ path: file.path, message: file.problem });
      else await this.#read(index, file);
    }
  }

  async #read(index: number, file: SourceFile): Promise<void> {
    const { format, layout, sourceCategory, sourceHost, collector, again, id, signal } = this.#ask;
    const standardInput = file.path === '-';
    try {
      const { counts, stopped } = await this.#queue.take({
        job: {
          content: standardInput ? 'stdin' : { path: file.path },
          size: file.size,
          origin: {
            sourceName: standardInput ? (id ?? 'stdin') : file.path,
            sourceCategory: sourceCategory ?? '',
            sourceHost: sourceHost ?? '',
            collector: collector ?? '',
          },
          settings: { ...DEFAULT_RECORD_SETTINGS, format: format ?? 'auto', layout: layout ?? 'auto' },
          ...(id === undefined || !standardInput ? {} : { id }),
        },
        name: file.path,
        again: again ?? false,
        signal,
        onBytes: (bytes) => {
          this.#bytes += bytes;
          this.#report();
        },
        onStored: (part) => this.#stored(index, part),
        onGrown: (known) =>
          this.#notes.push(`${basename(file.path)} begins like ${known}, which is stored: if it has grown, its first records are stored twice.`),
      });
      addCounts(this.#totals, counts);
      if (!stopped) this.#filesDone++;
    } catch (error) {
      const { counts } = error instanceof DeliveryError ? error : { counts: NO_COUNTS };
      addCounts(this.#totals, counts);
      const goesOn = !standardInput || id !== undefined;
      this.#failures.push({ path: file.path, message: failureOf(error, counts.records, goesOn) });
    } finally {
      this.#underway.delete(index);
      this.#report();
    }
  }

  #stored(index: number, { counts, extent, formats, notes }: StoredPart): void {
    this.#underway.set(index, (this.#underway.get(index) ?? 0) + counts.records);
    for (const [name, records] of Object.entries(formats)) this.#formats[name] = (this.#formats[name] ?? 0) + records;
    this.#notes.push(...notes);
    if (extent) this.#extent = this.#extent ? { from: Math.min(this.#extent.from, extent.from), to: Math.max(this.#extent.to, extent.to) } : extent;
    this.#report();
  }

  #report(always = false): void {
    const now = this.#clock();
    if (!this.#ask.onProgress || (!always && now - this.#lastReport < REPORT_EVERY)) return;
    this.#lastReport = now;
    let records = this.#totals.records;
    for (const count of this.#underway.values()) records += count;
    this.#ask.onProgress({
      files: this.#filesDone,
      filesTotal: this.#files.length,
      bytes: this.#bytes,
      bytesTotal: this.#files.reduce((n, f) => n + f.size, 0),
      records,
      seconds: (now - this.#started) / 1000,
    });
  }

  #summary(): IngestSummary {
    return {
      files: this.#filesDone,
      bytes: this.#bytes,
      ...this.#totals,
      seconds: Math.round(this.#clock() - this.#started) / 1000,
      formats: this.#formats,
      interrupted: this.#ask.signal?.aborted ?? false,
      failures: this.#failures,
      notes: this.#notes,
      extent: this.#extent,
    };
  }
}

/** Why a file was not read to its end, after how many of its records, and what becomes of the rest. */
function failureOf(error: unknown, records: number, goesOn: boolean): string {
  const why = saidBy(error);
  if (records === 0) return why;
  const after = `It failed after ${records.toLocaleString('en-US')} ${records === 1 ? 'record' : 'records'}, which ${records === 1 ? 'is' : 'are'} stored`;
  return `${why}${/[.!?]$/.test(why) ? '' : '.'} ${after}${goesOn ? '; the next run goes on from there' : ''}.`;
}
