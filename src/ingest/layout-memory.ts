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
import type { Store, Value } from '../store/store.ts';
import { SourceLayouts } from './layout-changes.ts';
import { HELD, type RetryResult, UNRESOLVED } from './unresolved.ts';

export interface StreamLayout {
  readonly layout: string;
  readonly by: 'evidence' | 'person';
  /** Epoch seconds. */
  readonly since: number;
}

export interface OpenQuestion extends Waiting {
  readonly stream: string;
  readonly samples: readonly string[];
  readonly inference: Inference;
}

const SETTING = 'stream-layouts';
/** Streams whose layout is kept. */
const MOST_STREAMS = 5000;
const MOST_QUESTIONS = 50;
/** Streams of which is kept what they told: more than are asked about. */
const MOST_LOOKED = 200;
/** Records that are looked at, and shown. */
const LOOKED_AT = 2000;
const SHOWN = 8;
/** Between records that were held and the look at their stream. It doubles with each look that told nothing, up to SELDOM_MS. */
const LOOK_MS = 2000;
const SELDOM_MS = 128_000;
/** Between two searches, so that others have their turn: the thread that serves requests does them. */
const REST_MS = 100;

/** What waits of a stream, which tells whether it is the same as before. Epoch seconds. */
interface Waiting {
  readonly records: number;
  readonly first: number;
  readonly last: number;
}

/** What was told of records that waited. */
interface Looked {
  readonly waiting: Waiting;
  readonly samples: readonly string[];
  readonly inference: Inference;
}

export interface LayoutMemoryOptions {
  readonly store: Store;
  readonly metadata: Pick<Metadata, 'setting' | 'saveSetting'>;
  /** Reads again what waits of a stream. */
  readonly quarantine: () => { retry(ids: undefined, layout: string, stream: string): Promise<RetryResult> };
  /** Epoch seconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  /** What lines tell; inferLayout where nothing else is said. */
  readonly infer?: typeof inferLayout;
}

export class LayoutMemory {
  readonly #options: LayoutMemoryOptions;
  readonly #streams: Map<string, StreamLayout>;
  /** The same, as threads are told of them. */
  readonly bySource: SourceLayouts;
  readonly #looks = new Map<string, NodeJS.Timeout>();
  /** The last look at a stream, and how long to wait for the next; the oldest go first. */
  readonly #looked = new Map<string, Looked>();
  readonly #patience = new Map<string, number>();
  readonly #infer: typeof inferLayout;
  #turn: Promise<unknown> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  #asked: Promise<OpenQuestion[]> | undefined;
  #closed = false;

  private constructor(options: LayoutMemoryOptions, streams: Map<string, StreamLayout>) {
    this.#options = options;
    this.#streams = streams;
    this.bySource = new SourceLayouts([...streams].map(([stream, { layout }]) => [stream, layout]));
    this.#infer = options.infer ?? inferLayout;
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
    return Object.fromEntries(this.bySource.of(source)?.layouts ?? []);
  }

  /** The evidence in a delivery was enough; what waits of its stream is read again. Threads learn until they end: what comes after `close` is learned anew. */
  learned(stream: string, layout: string): void {
    if (!this.#streams.has(stream) && !this.#closed) void this.#settle(stream, layout, 'evidence').catch(this.#options.onError);
  }

  /**
   * Records of a stream were held: looks, in a moment, whether they are enough by now. A delivery may have been read
   * before the layout was known and be stored after what waited was read again: then it is its turn.
   */
  held(stream: string): void {
    if (this.#looks.has(stream) || this.#closed) return;
    const timer = setTimeout(() => {
      this.#looks.delete(stream);
      this.#looking = this.#looking.then(() => this.#look(stream).catch(this.#options.onError));
    }, this.#patience.get(stream) ?? LOOK_MS);
    timer.unref();
    this.#looks.set(stream, timer);
  }

  async #look(stream: string): Promise<void> {
    if (this.#closed) return;
    const known = this.#streams.get(stream);
    if (known) {
      await this.#inTurn(() => this.#options.quarantine().retry(undefined, known.layout, stream));
      return;
    }
    const [row] = await this.#rows(sql`SELECT ${WAITING} AND stream = ${param('String', stream)}`);
    const waiting = waitingOf(row ?? []);
    if (waiting.records < ENOUGH_ROWS) return;
    const { inference } = await this.#lookAt(stream, waiting);
    if (inference.certain) await this.#settle(stream, layoutText(inference.layout, inference.format), 'evidence');
    else keep(this.#patience, stream, Math.min(SELDOM_MS, 2 * (this.#patience.get(stream) ?? LOOK_MS)), MOST_STREAMS);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }

  /** What the records that wait tell; those that waited before are not looked at again. */
  async #lookAt(stream: string, waiting: Waiting): Promise<Looked> {
    const known = this.#looked.get(stream);
    if (known && known.waiting.records === waiting.records && known.waiting.first === waiting.first && known.waiting.last === waiting.last) return known;
    const { lines, format } = await this.#samples(stream, LOOKED_AT);
    const looked = { waiting, samples: lines.slice(0, SHOWN), inference: this.#infer(lines, formatsOf(format)) };
    keep(this.#looked, stream, looked, MOST_LOOKED);
    return looked;
  }

  /** Throws LayoutError for a layout that is none. */
  async answer(stream: string, layout: string): Promise<RetryResult> {
    return this.#settle(stream, parseLayoutText(layout).text, 'person');
  }

  async forget(stream: string): Promise<void> {
    this.#streams.delete(stream);
    this.bySource.delete(stream);
    await this.#save();
  }

  #settle(stream: string, layout: string, by: StreamLayout['by']): Promise<RetryResult> {
    return this.#inTurn(async () => {
      const oldest = this.#streams.keys().next().value;
      if (!this.#streams.has(stream) && this.#streams.size >= MOST_STREAMS && oldest !== undefined) {
        this.#streams.delete(oldest);
        this.bySource.delete(oldest);
      }
      this.bySource.set(stream, layout);
      this.#streams.set(stream, { layout, by, since: this.#options.now() });
      this.#patience.delete(stream);
      this.#looked.delete(stream);
      // What is still to be looked at only has to be read again: that need not wait.
      clearTimeout(this.#looks.get(stream));
      if (this.#looks.delete(stream)) this.held(stream);
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

  /** The streams that wait, those with most records first. Those who ask at the same time are answered at once. */
  questions(): Promise<OpenQuestion[]> {
    this.#asked ??= this.#questions().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  async #questions(): Promise<OpenQuestion[]> {
    const rows = await this.#rows(sql`SELECT ${WAITING} AND stream != '' GROUP BY stream ORDER BY count() DESC LIMIT ${num(MOST_QUESTIONS)}`);
    const questions: OpenQuestion[] = [];
    // One after another, with a query between two of them: others are served meanwhile.
    for (const row of rows) {
      const [stream, waiting] = [String(row[3]), waitingOf(row)];
      const { samples, inference } = await this.#lookAt(stream, waiting);
      questions.push({ stream, ...waiting, samples, inference });
    }
    return questions;
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
    this.#closed = true;
    for (const timer of this.#looks.values()) clearTimeout(timer);
    await this.#looking;
    await this.#turn;
  }
}

/** Of each stream: its number of records that wait, the first and last time. More conditions follow. */
const WAITING = sql`count(), toUnixTimestamp(min(received)), toUnixTimestamp(max(received)), any(stream) FROM bartizan.quarantine WHERE code = ${param('String', HELD)} AND ${UNRESOLVED}`;

function waitingOf([records, first, last]: readonly Value[]): Waiting {
  return { records: Number(records), first: Number(first), last: Number(last) };
}

/** Keeps the newest. */
function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  const oldest = map.keys().next().value;
  if (oldest !== undefined && map.size >= most) map.delete(oldest);
  map.set(key, value);
}
