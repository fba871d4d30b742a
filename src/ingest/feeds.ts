/**
 * Runs of feeds: on their schedules, one at a time, and when somebody asks. A run fetches the whole document first and
 * then hands its indicators to the store, which takes them as a whole or not at all: a feed that fails keeps what it
 * had. Nothing is fetched of a feed that nobody has set up.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fetchFeed, KEY_HEADERS } from '../collect/feeds/fetch.ts';
import { TIMEOUTS, type Timeouts, unzipped, type Way } from '../collect/feeds/http.ts';
import { FeedError, lateError } from '../collect/feeds/problems.ts';
import type { Fetched } from '../collect/feeds/request.ts';
import type { Environment } from '../collect/proxy.ts';
import type { FeedDefaults, FeedKind, IndicatorFormat } from '../model/feed.ts';
import type { Indicator, IndicatorType } from '../model/indicator.ts';
import type { Feed, FeedCounts, FeedSecrets, FeedSettings, FeedState, Feeds } from '../store/feeds.ts';
import { newSummary, type ReadSummary, readFeed } from './feed-reading.ts';
import { dueAt, failed, isUsable, succeeded } from './feed-state.ts';

/** What a run needs of the store of indicators (store/indicators.ts). */
export interface IndicatorSink {
  apply(
    feed: string,
    source: AsyncIterable<Indicator>,
    load: { readonly at: number; readonly complete: boolean },
  ): Promise<FeedCounts & { readonly invalid: number }>;
}

export interface FeedLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface FeedRunsOptions {
  readonly feeds: Feeds;
  readonly indicators: IndicatorSink;
  /** For documents on their way; emptied when it opens. */
  readonly folder: string;
  readonly log: FeedLog;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** The outbound proxy of feeds that name none; else the environment's. */
  readonly proxy: string | undefined;
  readonly environment: Environment;
  readonly userAgent: string;
  /** Takes ip-ranges.json of AWS: how many ranges it has, and entries that are none with what is wrong with the first. It throws an Error in words for what is no list. */
  readonly awsRanges?: ((json: Uint8Array) => { readonly ranges: number; readonly skipped: number; readonly problem?: string | undefined }) | undefined;
  readonly timeouts?: Timeouts;
}

/** Of a run that goes on. */
export interface RunProgress {
  /** Epoch seconds. */
  readonly started: number;
  bytes: number;
  entries: number;
  doing: string;
}

/** A feed as it is tried or run. */
interface Runnable {
  readonly kind: FeedKind;
  readonly settings: FeedSettings;
  readonly secrets: FeedSecrets;
}

/** A document on its way into the store. */
interface Storing {
  readonly name: string;
  readonly what: Runnable;
  readonly file: string;
  readonly fetched: Fetched;
  readonly at: number;
  readonly summary: ReadSummary;
  readonly progress: RunProgress;
  readonly signal: AbortSignal;
}

export interface TestResult {
  readonly error: FeedError | undefined;
  readonly bytes: number;
  readonly partial: boolean;
  readonly summary: ReadSummary;
  readonly samples: readonly Indicator[];
  readonly byType: ReadonlyMap<IndicatorType, number>;
}

export interface ImportOptions {
  readonly feed: string;
  readonly format: IndicatorFormat | 'auto';
  readonly mapping: Readonly<Record<string, string | undefined>> | undefined;
  readonly defaults: FeedDefaults;
  readonly replace: boolean;
  readonly maxBytes: number;
}

export interface ImportResult extends FeedCounts {
  readonly summary: ReadSummary;
}

const SAMPLES = 10;
const WAITING = 'waiting for other feeds';
const LONGEST_SLEEP_MS = 60_000;

export class FeedRuns {
  readonly #options: FeedRunsOptions;
  readonly #stopping = new AbortController();
  /** Feeds that run or wait for their turn: how such a run is ended, and when it is over. */
  readonly #runs = new Map<string, { readonly progress: RunProgress; readonly ending: AbortController; readonly done: Promise<void> }>();
  /** Epoch seconds at which a feed is due. */
  readonly #due = new Map<string, { readonly revision: number; readonly at: number }>();
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #started = false;

  private constructor(options: FeedRunsOptions) {
    this.#options = options;
  }

  static async open(options: FeedRunsOptions): Promise<FeedRuns> {
    await rm(options.folder, { recursive: true, force: true });
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    return new FeedRuns(options);
  }

  /** Runs feeds on their schedules from now on. */
  start(): void {
    this.#started = true;
    void this.#look();
  }

  /** After a change of feeds: what is due now does not wait. */
  wake(): void {
    if (this.#started) void this.#look();
  }

  /** Starts what is due; answers with when the next feed is (epoch seconds), undefined where none will be. */
  async tick(): Promise<number | undefined> {
    const now = this.#now();
    let next: number | undefined;
    for (const feed of await this.#options.feeds.list()) {
      const due = await this.nextRun(feed);
      if (due === undefined) continue;
      if (due <= now) this.run(feed.name).catch((error: unknown) => this.#options.log.warn({ err: error, feed: feed.name }, 'A feed could not be run.'));
      else next = Math.min(next ?? due, due);
    }
    return next;
  }

  /** Epoch seconds at which a feed is run next; undefined where only people run it. */
  async nextRun(feed: Feed): Promise<number | undefined> {
    if (!feed.enabled || feed.kind === 'import' || feed.settings.everyMinutes === 0) return undefined;
    const known = this.#due.get(feed.name);
    if (known?.revision === feed.revision) return known.at;
    const at = dueAt(feed.settings.everyMinutes * 60, await this.#options.feeds.state(feed.name), Math.random());
    this.#due.set(feed.name, { revision: feed.revision, at });
    return at;
  }

  progress(name: string): RunProgress | undefined {
    return this.#runs.get(name)?.progress;
  }

  /** Runs a feed as soon as none runs. Resolves to false at once where it runs or waits already, else when it is done. */
  async run(name: string): Promise<boolean> {
    if (this.#runs.has(name) || this.#stopping.signal.aborted) return false;
    const progress: RunProgress = { started: this.#now(), bytes: 0, entries: 0, doing: WAITING };
    const ending = new AbortController();
    const done = this.#alone(async () => {
      const signal = AbortSignal.any([ending.signal, this.#stopping.signal]);
      const feed = signal.aborted ? undefined : await this.#options.feeds.get(name);
      if (feed) await this.#runOnce(feed, progress, signal);
    }).finally(() => {
      this.#runs.delete(name);
      this.#due.delete(name);
    });
    this.#runs.set(name, { progress, ending, done });
    await done;
    return true;
  }

  /** Ends the run of a feed that is under way; what it had before stays. */
  async end(name: string): Promise<void> {
    this.#runs.get(name)?.ending.abort(new Error('the run is ended'));
    // One that waits behind others does nothing when its turn comes.
    if (this.progress(name)?.doing !== WAITING) await this.settled(name);
  }

  /** Answers when the run of a feed that is under way, or waits, is over. */
  async settled(name: string): Promise<void> {
    await this.#runs.get(name)?.done.catch(() => undefined);
  }

  /** Fetches and reads, and stores nothing. */
  async test(what: Runnable, signal: AbortSignal): Promise<TestResult> {
    const summary = newSummary();
    const samples: Indicator[] = [];
    const byType = new Map<IndicatorType, number>();
    const file = join(this.#options.folder, randomUUID());
    const progress: RunProgress = { started: this.#now(), bytes: 0, entries: 0, doing: '' };
    let partial = false;
    let error: FeedError | undefined;
    try {
      const fetched = await this.#fetch(what, {}, file, progress, { signal: AbortSignal.any([signal, this.#stopping.signal]), sample: true });
      partial = what.kind !== 'http' && what.kind !== 'file' && what.kind !== 'aws-ranges';
      if (what.kind !== 'aws-ranges') {
        for await (const indicator of this.#reading(what, file, fetched, 'some', signal, summary)) {
          byType.set(indicator.type, (byType.get(indicator.type) ?? 0) + 1);
          if (samples.length < SAMPLES) samples.push(indicator);
        }
      }
    } catch (failure) {
      if (signal.aborted) throw failure;
      error = asFeedError(failure);
    } finally {
      await rm(file, { force: true });
    }
    return { error, bytes: progress.bytes, partial, summary, samples, byType };
  }

  /** Stores what a person hands over. Throws FeedError, and what the store throws. */
  async import(body: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<ImportResult> {
    const file = join(this.#options.folder, randomUUID());
    const { signal } = this.#stopping;
    try {
      await pipeline(Readable.from(limited(body, options.maxBytes)), createWriteStream(file, { mode: 0o600 }), { signal });
      const summary = newSummary();
      const at = this.#now();
      const source = readFeed({ file, at, trust: 'some', signal, ...options }, summary);
      const counts = countsOf(await this.#options.indicators.apply(options.feed, source, { at, complete: options.replace }), summary);
      const state = await this.#options.feeds.state(options.feed);
      await this.#options.feeds.saveState(options.feed, succeeded(state, at, counts, summary));
      return { ...counts, summary };
    } finally {
      await rm(file, { force: true });
    }
  }

  /** Ends what runs; a feed that was being read keeps what it had. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort(new Error('the server stops'));
    await this.#turn;
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    const next = await this.tick().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'The schedule of feeds could not be read.');
      return undefined;
    });
    if (this.#stopping.signal.aborted) return;
    const wait = next === undefined ? LONGEST_SLEEP_MS : Math.max(1000, next * 1000 - this.#options.clock());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), Math.min(LONGEST_SLEEP_MS, wait)).unref();
  }

  async #runOnce(feed: Feed, progress: RunProgress, ending: AbortSignal): Promise<void> {
    progress.doing = 'starting';
    const { runMs } = this.#options.timeouts ?? TIMEOUTS;
    const late = AbortSignal.timeout(runMs);
    const signal = AbortSignal.any([ending, late]);
    const { feeds, log } = this.#options;
    const at = this.#now();
    const state = await feeds.state(feed.name);
    const file = join(this.#options.folder, randomUUID());
    try {
      const what = { ...feed, secrets: await feeds.secrets(feed.name) };
      const cursor = isUsable(state.cursor, feed, at) ? state.cursor : {};
      const fetched = await this.#fetch(what, cursor, file, progress, { signal, sample: false });
      const kept = { ...fetched.cursor, revision: feed.revision, read: fetched.notModified ? cursor.read : at };
      if (fetched.notModified) {
        await feeds.saveState(feed.name, { ...state, lastTry: at, lastSuccess: at, notModified: true, error: null, failures: 0, notBefore: 0, cursor: kept });
        return;
      }
      progress.doing = 'storing';
      const summary = newSummary();
      const counts =
        feed.kind === 'aws-ranges'
          ? await this.#takeRanges(file, summary)
          : await this.#store({ name: feed.name, what, file, fetched, at, summary, progress, signal });
      await feeds.saveState(feed.name, { ...succeeded(state, at, counts, summary), cursor: kept });
      log.info({ feed: feed.name, ...counts, problems: summary.problemCount }, 'A feed was read.');
    } catch (failure) {
      if (ending.aborted) return;
      const error = late.aborted ? lateError(runMs) : asFeedError(failure);
      const next = failed(state, at, error);
      await feeds.saveState(feed.name, next);
      log.warn({ feed: feed.name, code: error.code, failures: next.failures }, error.message);
    } finally {
      await rm(file, { force: true });
    }
  }

  async #store({ name, what, file, fetched, at, summary, progress, signal }: Storing): Promise<FeedCounts> {
    const reading = this.#reading(what, file, fetched, 'whole', signal, summary);
    const counted = async function* (): AsyncGenerator<Indicator> {
      for await (const indicator of reading) {
        progress.entries = summary.entries;
        yield indicator;
      }
    };
    return countsOf(await this.#options.indicators.apply(name, counted(), { at, complete: fetched.complete }), summary);
  }

  async #takeRanges(file: string, summary: ReadSummary): Promise<FeedCounts> {
    const { awsRanges } = this.#options;
    if (!awsRanges) throw new FeedError('feed-settings', 'This server does not take ranges of AWS.');
    const json = await readFile(file);
    try {
      const { ranges, skipped, problem } = awsRanges(json);
      summary.entries = ranges + skipped;
      summary.problemCount = skipped;
      if (problem) summary.problems.push({ reason: problem, excerpt: '' });
      return { added: ranges, changed: 0, expired: 0, unchanged: 0 };
    } catch (error) {
      throw new FeedError('feed-unreadable', error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  #reading(
    { settings }: Runnable,
    file: string,
    fetched: Fetched,
    trust: 'whole' | 'some',
    signal: AbortSignal,
    summary: ReadSummary,
  ): AsyncGenerator<Indicator> {
    const { mapping, defaults } = settings;
    return readFeed({ file, format: fetched.format ?? settings.format, mapping, defaults, at: this.#now(), trust, signal }, summary);
  }

  #fetch(
    { kind, settings, secrets }: Runnable,
    cursor: FeedState['cursor'],
    file: string,
    progress: RunProgress,
    { signal, sample }: { readonly signal: AbortSignal; readonly sample: boolean },
  ): Promise<Fetched> {
    const { proxy, environment, userAgent, timeouts = TIMEOUTS } = this.#options;
    const keyHeader = KEY_HEADERS[kind];
    const most = settings.maxMib * 2 ** 20;
    const way: Way = {
      auth: { ...settings.auth, secret: secrets.secret },
      ...(keyHeader ? { keyHeader } : {}),
      proxy: secrets.proxy ?? proxy,
      environment,
      signal,
      userAgent,
      timeouts,
      budget: { left: most, most },
      onBytes: (count) => {
        progress.bytes += count;
      },
    };
    const onDoing = (doing: string): void => {
      progress.doing = doing;
    };
    return fetchFeed({ kind, url: settings.url, path: settings.path, filter: settings.filter, way, cursor, file, now: this.#now(), sample, onDoing });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #now(): number {
    return Math.floor(this.#options.clock() / 1000);
  }
}

/** What the store found wrong counts with what the reader did. */
function countsOf({ added, changed, expired, unchanged, invalid }: FeedCounts & { readonly invalid: number }, summary: ReadSummary): FeedCounts {
  summary.problemCount += invalid;
  return { added, changed, expired, unchanged };
}

function asFeedError(failure: unknown): FeedError {
  if (failure instanceof FeedError) return failure;
  const message = failure instanceof Error ? failure.message : String(failure);
  if (failure instanceof Error && failure.name === 'SecretsError') return new FeedError('feed-settings', message, { cause: failure });
  return new FeedError('feed-not-stored', `What the feed says could not be stored: ${message}`, {
    hint: 'What was there before is kept. It is tried again later.',
    cause: failure,
  });
}

async function* limited(body: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of unzipped(Readable.from(body))) {
    bytes += chunk.length;
    if (bytes > most) throw new FeedError('feed-too-large', `The file has more than ${Math.round(most / 2 ** 20)} MiB.`);
    yield chunk;
  }
}
