/**
 * A prefix read by listing it: first all of it in key order, from where the last run came to; then, at an interval,
 * what is new. What recent passes saw is remembered and not fetched again. Objects that come later than the
 * remembered days reach (a misconfigured bucket can hold AWS up for weeks) are found by a pass over everything,
 * once a day, by the time of their writing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Checkpoints } from './checkpoints.ts';
import type { Clients } from './clients.ts';
import { dayBefore, dayOf, type ListedObject, listObjects } from './listing.ts';
import { explain, inS3, type S3Problem } from './problems.ts';
import type { ObjectReader } from './reader.ts';
import { Seen } from './seen.ts';
import type { S3Settings } from './settings.ts';
import type { ListingState, Tally } from './status.ts';
import { Backoff, type Timings } from './timing.ts';

export interface ListContext {
  readonly source: string;
  readonly clients: Clients;
  readonly settings: Extract<S3Settings, { mode: 'list' }>;
  readonly reader: ObjectReader;
  readonly tally: Tally;
  readonly timings: Timings;
  readonly checkpoints: Checkpoints;
  readonly clock: () => number;
  /** Aborted when nothing more shall be begun. */
  readonly stopping: AbortSignal;
  /** Aborted when what is in hand is not waited for any more. */
  readonly signal: AbortSignal;
  report(problem: S3Problem): void;
}

interface FailedObject extends ListedObject {
  readonly tries: number;
  /** Epoch milliseconds of the next try. */
  readonly next: number;
}

/** How far it has come, as it is stored. Times are epoch milliseconds. */
interface Progress {
  /** What it is the progress of; other settings begin anew. */
  readonly scope: string;
  /** All up to this key is read, in the first pass. */
  position: string;
  readonly startedAt: number;
  caughtUp: boolean;
  /** Beginning of the last whole look for what is new, and of the last one over everything. */
  lookedAt: number;
  searchedAt: number;
  failed: FailedObject[];
}

const PROGRESS = 'listing';
/** Objects read at once at most; the limiter allows fewer. */
const LANES = 64;
/** Days behind today that each look covers. */
const WINDOW_DAYS = 2;
const DAY_MS = 86_400_000;
/** An object uploaded in parts is as old as the beginning of its upload. */
const UPLOAD_MS = 3_600_000;
const MOST_FAILED = 1000;
const LONGEST_RETRY_MS = 3_600_000;
const SAVE_SEEN_MS = 300_000;
/** Tried once: nothing that anybody may do makes them succeed. */
const PERMANENT: ReadonlySet<string> = new Set(['object-too-large', 'customer-key']);

export class ListWorker {
  readonly #context: ListContext;
  readonly #seen: Seen;
  readonly #since: number;
  readonly #sinceDay: string;
  #progress: Progress;
  #savedAt = 0;
  #savedSeenAt: number;
  #saving: Promise<void> = Promise.resolve();

  constructor(context: ListContext) {
    this.#context = context;
    const { settings, checkpoints, source, clock } = context;
    this.#seen = new Seen(checkpoints, source, settings.bucket);
    this.#since = settings.since ?? 0;
    this.#sinceDay = settings.since === undefined ? '' : dayOf(settings.since);
    this.#progress = this.#begin();
    this.#savedSeenAt = clock();
  }

  get state(): ListingState {
    const { position, caughtUp, lookedAt, failed } = this.#progress;
    return { position, caughtUp, lastPassAt: lookedAt || undefined, failed: failed.length };
  }

  /** Until `stopping` is aborted, or all is read where nothing is to be followed. Never throws. */
  async run(): Promise<void> {
    const { stopping, timings, tally, settings } = this.#context;
    const backoff = new Backoff(timings.retryMs, timings.longestRetryMs);
    let loaded = false;
    while (!stopping.aborted) {
      try {
        if (!loaded) await this.#load();
        loaded = true;
        const listed = this.#progress.caughtUp ? await this.#look() : await this.#first();
        if (stopping.aborted) break;
        await this.#save(true);
        tally.state = 'running';
        backoff.reset();
        if (this.#progress.caughtUp && !settings.follow && this.#progress.failed.length === 0) {
          tally.state = 'finished';
          return;
        }
        // A bucket that takes long to list is listed less often.
        await delay(Math.max(settings.followSeconds * 1000, 10 * listed), undefined, { signal: stopping }).catch(() => {});
      } catch (error) {
        if (stopping.aborted) break;
        tally.state = 'failing';
        this.#context.report(this.#explain(error));
        await backoff.wait(stopping);
      }
    }
    if (loaded) await this.#save(true).catch((error: unknown) => this.#context.report(this.#explain(error)));
  }

  #begin(): Progress {
    const { settings, clock } = this.#context;
    const scope = JSON.stringify([settings.bucket, settings.prefix ?? '', settings.since ?? null]);
    return { scope, position: '', startedAt: clock(), caughtUp: false, lookedAt: 0, searchedAt: 0, failed: [] };
  }

  async #load(): Promise<void> {
    const { checkpoints, source } = this.#context;
    const text = await checkpoints.get(source, PROGRESS);
    const stored = text === undefined ? undefined : (JSON.parse(text) as Progress);
    // Kept apart from the scope: what was read under other settings need not be fetched again.
    await this.#seen.load();
    if (stored?.scope === this.#progress.scope) this.#progress = stored;
    else await this.#save(false, true);
  }

  /** One after the other; `all` also saves what was seen. */
  #save(all: boolean, now = all): Promise<void> {
    const { checkpoints, source, clock, timings } = this.#context;
    const time = clock();
    // However far a clock is set back, it is not caught up with before something is saved.
    if (!now && Math.abs(time - this.#savedAt) < timings.saveMs) return this.#saving;
    this.#savedAt = time;
    const seen = all || Math.abs(time - this.#savedSeenAt) > SAVE_SEEN_MS;
    if (seen) this.#savedSeenAt = time;
    const text = JSON.stringify(this.#progress);
    this.#saving = this.#saving
      .catch(() => {})
      .then(async () => {
        if (seen) await this.#seen.save();
        await checkpoints.set(source, PROGRESS, text);
      });
    return this.#saving;
  }

  /** The first pass, from the position on. Returns milliseconds spent listing. */
  async #first(): Promise<number> {
    const { stopping } = this.#context;
    const progress = this.#progress;
    this.#seen.forgetBefore(dayBefore(dayOf(Math.min(this.#now(), progress.startedAt)), WINDOW_DAYS));
    const listed = await this.#pages(progress.position, this.#sinceDay, async (page) => {
      const fresh = page.filter((object) => this.#isWanted(object));
      this.#context.tally.counts.outside += page.length - fresh.length;
      await this.#read(
        fresh.filter((object) => !this.#isKnown(object)),
        (key) => {
          progress.position = key;
        },
      );
      const last = page.at(-1);
      if (last && !stopping.aborted) progress.position = last.key;
      while (progress.failed.length >= MOST_FAILED && !stopping.aborted) await this.#waitForFailed();
    });
    if (stopping.aborted) return listed;
    progress.caughtUp = true;
    progress.lookedAt = progress.startedAt;
    progress.searchedAt = progress.startedAt;
    return listed;
  }

  /**
   * Now, by the clock that wrote the objects' times: a machine whose clock is days ahead would look for new objects in folders
   * of days that are yet to come.
   */
  #now(): number {
    const { clients, settings, clock } = this.#context;
    return clock() + clients.clockOffset(settings.bucket);
  }

  /** A look for what is new. */
  async #look(): Promise<number> {
    const { stopping } = this.#context;
    const progress = this.#progress;
    const began = this.#now();
    await this.#retryFailed();
    // A clock that was ahead and was set right must not put the search off.
    const thorough = Math.abs(began - progress.searchedAt) > DAY_MS;
    const recent = later(this.#sinceDay, dayBefore(dayOf(Math.min(began, progress.lookedAt)), WINDOW_DAYS));
    const written = Math.min(began, progress.searchedAt) - UPLOAD_MS;
    this.#seen.forgetBefore(dayBefore(dayOf(Math.min(began, progress.lookedAt, progress.searchedAt)), WINDOW_DAYS));
    const listed = await this.#pages('', thorough ? this.#sinceDay : recent, async (page) => {
      const fresh = page.filter(
        (object) => this.#isWanted(object) && (object.day >= recent || (thorough && object.modified >= written)) && !this.#isKnown(object),
      );
      await this.#read(fresh);
      while (progress.failed.length >= MOST_FAILED && !stopping.aborted) await this.#waitForFailed();
    });
    if (stopping.aborted) return listed;
    progress.lookedAt = began;
    if (thorough) progress.searchedAt = began;
    return listed;
  }

  /** Read, or to be tried again by itself. */
  #isKnown(object: ListedObject): boolean {
    return this.#seen.has(object) || this.#progress.failed.some((failed) => failed.key === object.key && failed.etag === object.etag);
  }

  #isWanted(object: ListedObject): boolean {
    return object.modified >= this.#since;
  }

  async #pages(after: string, fromDay: string, read: (page: readonly ListedObject[]) => Promise<void>): Promise<number> {
    const { clients, settings, stopping, tally } = this.#context;
    let listed = 0;
    // Not the wall clock: the next look waits by this, and a clock that is set forward would put it off for days.
    let asked = performance.now();
    for await (const page of listObjects({ clients, bucket: settings.bucket, prefix: settings.prefix ?? '', after, fromDay, signal: stopping })) {
      listed += performance.now() - asked;
      if (stopping.aborted) break;
      tally.state = 'running';
      await read(page);
      if (stopping.aborted) break;
      asked = performance.now();
    }
    return listed;
  }

  /** Reads objects; `upTo` hears the key up to which all are read. Returns early when the source stops. */
  async #read(objects: readonly ListedObject[], upTo?: (key: string) => void): Promise<void> {
    const { stopping, signal } = this.#context;
    const done = new Uint8Array(objects.length);
    let next = 0;
    let whole = 0;
    const lane = async () => {
      while (next < objects.length && !stopping.aborted) {
        const at = next++;
        if (!(await this.#readOne(objects[at] as ListedObject))) return;
        done[at] = 1;
        while (done[whole]) whole += 1;
        if (upTo && whole > 0) upTo((objects[whole - 1] as ListedObject).key);
        await this.#save(false);
      }
    };
    const lanes = Promise.all(Array.from({ length: Math.min(LANES, objects.length) }, lane));
    await unlessAborted(lanes, signal);
  }

  /** Whether it is read, or kept as failed; not when the source stopped. */
  async #readOne(object: ListedObject, tries = 0): Promise<boolean> {
    const { reader, settings, stopping, clock } = this.#context;
    try {
      await reader.read({ bucket: settings.bucket, key: object.key, etag: object.etag, size: object.size, sentAt: object.modified });
      this.#seen.add(object);
      return true;
    } catch (error) {
      if (stopping.aborted) return false;
      // Whatever it is, the listing goes on behind this object: what is not read must be on the list.
      const { code, retryable } = this.#explain(error);
      if (PERMANENT.has(code) || (code === 'not-taken' && !retryable)) this.#seen.add(object);
      else {
        // On this list and not among what was seen, so that it is never lost between two saves.
        const { key, size, etag, modified, day } = object;
        this.#progress.failed.push({
          key,
          size,
          etag,
          modified,
          day,
          tries: tries + 1,
          next: clock() + Math.min(LONGEST_RETRY_MS, settings.followSeconds * 1000 * 2 ** Math.min(20, tries)),
        });
      }
      return true;
    }
  }

  async #retryFailed(): Promise<void> {
    const { clock, stopping } = this.#context;
    const now = clock();
    // None waits for longer than the longest pause: such a time is of a clock that was ahead.
    const due = this.#progress.failed.filter(({ next }) => next <= now || next > now + LONGEST_RETRY_MS);
    for (let at = 0; at < due.length && !stopping.aborted; at += LANES) {
      const some = due.slice(at, at + LANES);
      // Taken off the list only when it is read, or on it again.
      await unlessAborted(
        Promise.all(
          some.map(async (object) => {
            if (await this.#readOne(object, object.tries)) this.#progress.failed.splice(this.#progress.failed.indexOf(object), 1);
          }),
        ),
        this.#context.signal,
      );
    }
  }

  async #waitForFailed(): Promise<void> {
    const { report, settings, stopping } = this.#context;
    report({
      code: 'too-many-failed',
      message: `${this.#progress.failed.length} objects of “${settings.bucket}” could not be read; listing waits for them.`,
      hint: 'Why stands in the other problems. After that is mended it goes on by itself.',
      retryable: true,
    });
    await this.#save(true);
    await delay(settings.followSeconds * 1000, undefined, { signal: stopping }).catch(() => {});
    await this.#retryFailed();
  }

  #explain(error: unknown): S3Problem {
    const { clients, settings } = this.#context;
    return explain(
      error,
      clients.doing({ action: 's3:ListBucket', resource: inS3(settings.bucket, settings.prefix ?? ''), region: clients.bucketRegion(settings.bucket) }),
    );
  }
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

/** Settles as the promise does; resolves at the signal if that comes first. */
function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => resolve();
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    promise.then(end, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
