/**
 * An S3 source: objects of a bucket, named by a queue of notifications or found by listing a prefix, each handed to
 * the intake once it is whole. Any number of them run at once and share one Limiter.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Origin } from '../../model/batch.ts';
import type { RecordSettings } from '../../model/source.ts';
import type { Intake } from '../delivery.ts';
import type { DigestIntake } from '../digests.ts';
import type { Checkpoints } from './checkpoints.ts';
import { Clients } from './clients.ts';
import type { Limiter } from './limiter.ts';
import { ListWorker } from './list-worker.ts';
import { explain, type S3Problem } from './problems.ts';
import { QueueWorker } from './queue-worker.ts';
import { ObjectReader } from './reader.ts';
import type { S3Settings } from './settings.ts';
import { type S3Status, Tally } from './status.ts';
import { Backoff, TIMINGS, type Timings } from './timing.ts';
import { isLasting, Unreadable } from './unreadable.ts';

export interface S3Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface S3SourceOptions {
  readonly id: string;
  readonly name: string;
  readonly settings: S3Settings;
  readonly records: RecordSettings;
  /** An empty name or host becomes the object's address or its bucket. */
  readonly origin: Origin;
  readonly intake: Intake;
  /** Who verifies CloudTrail's digests; undefined: they are passed over. */
  readonly digests?: DigestIntake | undefined;
  /** Verifies digests and stores nothing. */
  readonly digestsOnly?: boolean;
  readonly checkpoints: Checkpoints;
  /** One for all S3 sources. */
  readonly limiter: Limiter;
  /** Downloads go to a folder of this source inside it, which is emptied at the start and at the end. */
  readonly folder: string;
  readonly log: S3Log;
  readonly clock?: () => number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Stops the source as `stop` does. */
  readonly signal?: AbortSignal;
  readonly timings?: Partial<Timings>;
}

export interface S3Source {
  status(): S3Status;
  /** Begins nothing more, waits some seconds for what is in hand, gives the rest back. Never throws. */
  stop(): Promise<void>;
  /** When it has stopped or, where it follows nothing, read all. */
  readonly ended: Promise<void>;
}

/** Returns at once; what goes wrong is in the status and tried again until the source is stopped. */
export function startS3Source(options: S3SourceOptions): S3Source {
  const { id, name, settings, log, clock = Date.now } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const tally = new Tally();
  const clients = new Clients(settings, options.environment);
  const folder = join(options.folder, createHash('sha256').update(id).digest('hex').slice(0, 24));
  const stopping = new AbortController();
  const aborting = new AbortController();
  const unreadable = new Unreadable((facts, message) => log.warn({ source: name, ...facts }, message));
  const report = (problem: S3Problem, object?: string) => {
    const first = tally.report(problem, clock());
    if (object !== undefined && isLasting(problem)) unreadable.report(problem, object);
    else if (first) log.warn({ source: name, code: problem.code }, `${problem.message} ${problem.hint}`);
  };
  const reader = new ObjectReader({
    source: id,
    clients,
    limiter: options.limiter,
    intake: options.intake,
    digests: settings.digests === 'off' ? undefined : options.digests,
    digestsOnly: options.digestsOnly ?? false,
    origin: options.origin,
    records: options.records,
    folder,
    tally,
    clock,
    bucket: settings.mode === 'list' ? settings.bucket : undefined,
    prefix: settings.prefix ?? '',
    idleMs: timings.idleMs,
    retryMs: timings.retryMs,
    stopping: stopping.signal,
    signal: aborting.signal,
    report,
  });
  const shared = { clients, reader, tally, timings, clock, stopping: stopping.signal, report };
  const queue = settings.mode === 'queue' ? new QueueWorker({ ...shared, settings }) : undefined;
  const list =
    settings.mode === 'list' ? new ListWorker({ ...shared, settings, source: id, checkpoints: options.checkpoints, signal: aborting.signal }) : undefined;

  /** Until `over`, where the source follows what comes; else once. */
  const judge = async (over: AbortSignal) => {
    const follows = settings.mode === 'queue' || settings.follow;
    do {
      await reader.judgeDigests();
      if (follows) await delay(timings.judgeMs, undefined, { signal: over }).catch(() => {});
    } while (follows && !over.aborted);
  };
  const read = async () => {
    const over = new AbortController();
    const judged = judge(AbortSignal.any([stopping.signal, over.signal]));
    const ended = (queue ?? list)?.run().catch((error: unknown) => {
      over.abort();
      throw error;
    });
    await Promise.all([ended, judged]);
  };

  const run = async () => {
    const backoff = new Backoff(timings.retryMs, timings.longestRetryMs);
    for (let made = false; !made && !stopping.signal.aborted; ) {
      try {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true, mode: 0o700 });
        made = true;
      } catch (error) {
        tally.state = 'failing';
        report(explain(error, { action: 'writing', resource: 'the folder of downloads' }));
        await backoff.wait(stopping.signal);
      }
    }
    if (!stopping.signal.aborted) await read();
    aborting.abort(new Error('the source has stopped'));
    clients.close();
    await reader.settled(timings.stopMs);
    // What the intake still reads stays until the next start.
    if (reader.objectsInHand === 0) await rm(folder, { recursive: true, force: true }).catch(() => {});
    unreadable.flush();
    if (tally.state !== 'finished') tally.state = 'stopped';
  };

  const stop = () => {
    if (!stopping.signal.aborted && tally.state !== 'stopped') {
      if (tally.state !== 'finished') tally.state = 'stopping';
      stopping.abort(new Error('the source stops'));
      setTimeout(() => aborting.abort(new Error('the source has stopped')), timings.stopMs).unref();
    }
    return ended;
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted) stopping.abort(new Error('the source stops'));
  log.info({ source: name, mode: settings.mode }, 'The S3 source starts.');
  const ended = run().finally(() => options.signal?.removeEventListener('abort', stop));

  return {
    ended,
    stop,
    status: () => ({
      state: tally.state,
      lastDelivery: tally.lastDelivery,
      lagMs: tally.lagMs,
      counts: { ...tally.counts },
      records: { ...tally.records },
      recognized: Object.fromEntries(tally.recognized),
      problems: tally.problems().map((problem) => ({ ...problem, objects: unreadable.names(problem.code) })),
      inFlight: { messages: queue?.held ?? 0, objects: reader.objectsInHand, limit: options.limiter.limit },
      queue: queue?.state,
      listing: list?.state,
    }),
  };
}
