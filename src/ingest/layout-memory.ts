/**
 * The layouts of streams whose lines have no header: learned from evidence or answered by a person, and
 * the questions that are open. Records of a stream that waits are in quarantine, and read again when its
 * layout is known.
 */

import { ENOUGH_ROWS, type Inference, inferLayout } from '../formats/flow/infer.ts';
import { formatsOf, layoutText, parseLayoutText, readingOf } from '../formats/flow/layout.ts';
import type { RecordFormat } from '../model/source.ts';
import { num, param, sql, statement } from '../query/sql.ts';
import type { Metadata } from '../store/metadata.ts';
import type { Store } from '../store/store.ts';
import { HELD, type RetryResult, UNRESOLVED } from './unresolved.ts';

export interface StreamLayout {
  readonly layout: string;
  readonly by: 'evidence' | 'person';
  /** Epoch seconds. */
  readonly since: number;
}

export interface OpenQuestion {
  readonly stream: string;
  readonly records: number;
  /** Epoch seconds. */
  readonly first: number;
  readonly last: number;
  readonly samples: readonly string[];
  readonly inference: Inference;
}

const SETTING = 'stream-layouts';
/** Streams whose layout is kept. */
const MOST_STREAMS = 5000;
const MOST_QUESTIONS = 50;
/** Records that are looked at, and shown. */
const LOOKED_AT = 2000;
const SHOWN = 8;
/** Between two looks at one stream. */
const LOOK_MS = 2000;

export interface LayoutMemoryOptions {
  readonly store: Store;
  readonly metadata: Pick<Metadata, 'setting' | 'saveSetting'>;
  /** Reads again what waits of a stream. */
  readonly quarantine: () => { retry(ids: undefined, layout: string, stream: string): Promise<RetryResult> };
  /** Epoch seconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export class LayoutMemory {
  readonly #options: LayoutMemoryOptions;
  readonly #streams: Map<string, StreamLayout>;
  readonly #looks = new Map<string, NodeJS.Timeout>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: LayoutMemoryOptions, streams: Map<string, StreamLayout>) {
    this.#options = options;
    this.#streams = streams;
  }

  static async open(options: LayoutMemoryOptions): Promise<LayoutMemory> {
    const saved = JSON.parse((await options.metadata.setting(SETTING)) ?? '{}') as Record<string, StreamLayout>;
    return new LayoutMemory(options, new Map(Object.entries(saved)));
  }

  get streams(): ReadonlyMap<string, StreamLayout> {
    return this.#streams;
  }

  /** Layouts of the streams of a source, by stream. */
  of(source: string): Record<string, string> {
    const found: Record<string, string> = {};
    for (const [stream, { layout }] of this.#streams) if (stream.startsWith(`${source}|`)) found[stream] = layout;
    return found;
  }

  /** The evidence in a delivery was enough; what waits of its stream is read again. */
  learned(stream: string, layout: string): void {
    if (!this.#streams.has(stream)) void this.#settle(stream, layout, 'evidence').catch(this.#options.onError);
  }

  /**
   * Records of a stream were held: looks, in a moment, whether they are enough by now. A delivery may have been read
   * before the layout was known and be stored after what waited was read again: then it is its turn.
   */
  held(stream: string): void {
    if (this.#looks.has(stream)) return;
    const timer = setTimeout(() => {
      this.#looks.delete(stream);
      void this.#look(stream).catch(this.#options.onError);
    }, LOOK_MS);
    timer.unref();
    this.#looks.set(stream, timer);
  }

  async #look(stream: string): Promise<void> {
    const known = this.#streams.get(stream);
    if (known) {
      await this.#inTurn(() => this.#options.quarantine().retry(undefined, known.layout, stream));
      return;
    }
    const { lines, format } = await this.#samples(stream, LOOKED_AT);
    if (lines.length < ENOUGH_ROWS) return;
    const inferred = inferLayout(lines, formatsOf(format));
    if (inferred.certain) await this.#settle(stream, layoutText(inferred.layout, inferred.format), 'evidence');
  }

  /** Throws LayoutError for a layout that is none. */
  async answer(stream: string, layout: string): Promise<RetryResult> {
    return this.#settle(stream, parseLayoutText(layout).text, 'person');
  }

  async forget(stream: string): Promise<void> {
    this.#streams.delete(stream);
    await this.#save();
  }

  #settle(stream: string, layout: string, by: StreamLayout['by']): Promise<RetryResult> {
    return this.#inTurn(async () => {
      const oldest = this.#streams.keys().next().value;
      if (!this.#streams.has(stream) && this.#streams.size >= MOST_STREAMS && oldest !== undefined) this.#streams.delete(oldest);
      this.#streams.set(stream, { layout, by, since: this.#options.now() });
      await this.#save();
      return this.#options.quarantine().retry(undefined, layout, stream);
    });
  }

  /** One after another: two would read the same records again. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #save(): Promise<void> {
    await this.#options.metadata.saveSetting(SETTING, JSON.stringify(Object.fromEntries(this.#streams)));
  }

  /** The streams that wait, those with most records first. */
  async questions(): Promise<OpenQuestion[]> {
    const rows = await this.#rows(
      sql`SELECT stream, count(), toUnixTimestamp(min(received)), toUnixTimestamp(max(received)) FROM bartizan.quarantine WHERE code = ${param('String', HELD)} AND stream != '' AND ${UNRESOLVED} GROUP BY stream ORDER BY count() DESC LIMIT ${num(MOST_QUESTIONS)}`,
    );
    return Promise.all(
      rows.map(async ([stream, records, first, last]) => {
        const { lines, format } = await this.#samples(String(stream), LOOKED_AT);
        return {
          stream: String(stream),
          records: Number(records),
          first: Number(first),
          last: Number(last),
          samples: lines.slice(0, SHOWN),
          inference: inferLayout(lines, formatsOf(format)),
        };
      }),
    );
  }

  /** Records that wait, with the format that the settings of their source name. */
  async #samples(stream: string, limit: number): Promise<{ readonly lines: string[]; readonly format: RecordFormat }> {
    const rows = await this.#rows(
      sql`SELECT raw, layout FROM bartizan.quarantine WHERE code = ${param('String', HELD)} AND stream = ${param('String', stream)} AND ${UNRESOLVED} ORDER BY batch, seq LIMIT ${num(limit)}`,
    );
    return { lines: rows.map(([raw]) => String(raw)), format: readingOf(String(rows[0]?.[1] ?? '')).format };
  }

  async #rows(fragment: ReturnType<typeof sql>) {
    return (await this.#options.store.rows(statement(fragment), { lane: 'background' })).rows;
  }

  async close(): Promise<void> {
    for (const timer of this.#looks.values()) clearTimeout(timer);
    await this.#turn;
  }
}
