/**
 * Reads the objects that a queue or a listing names and hands them to the intake. An object is read once however
 * often it is named while it is in hand, and not fetched again while it is remembered; the ledger knows the rest.
 */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { quotedWhole, saidBy } from '../../model/wording.ts';
import { otherObject } from '../aws-path.ts';
import { type Content, DeliveryError, type Outcome } from '../delivery.ts';
import { DigestReader } from './digest-reader.ts';
import { type Downloaded, download } from './download.ts';
import { explain, inS3, S3Failure } from './problems.ts';
import type { NamedObject, ReaderContext } from './reading.ts';

/** What the intake is given. */
interface Brought {
  readonly id: string;
  readonly name: string;
  /** Bucket or queue. */
  readonly host: string;
  readonly size: number;
  readonly content: Content;
  readonly sentAt: number | undefined;
}

/** Objects that are remembered as read. */
const REMEMBERED = 20_000;
const TRIES = 4;

export class ObjectReader {
  readonly #context: ReaderContext;
  readonly #inHand = new Map<string, Promise<void>>();
  readonly #read = new Set<string>();
  readonly #digests: DigestReader | undefined;

  constructor(context: ReaderContext) {
    this.#context = context;
    const { digests } = context;
    if (digests)
      this.#digests = new DigestReader(digests, context, {
        fetch: (object, use) => this.#fetch(object, use),
        store: (object, got) => this.#store(object, got),
      });
  }

  /** Digests that came before their key was known are judged again where it is known now. */
  async judgeDigests(): Promise<void> {
    await this.#digests?.judge();
  }

  get objectsInHand(): number {
    return this.#inHand.size;
  }

  /** Resolves when nothing is in hand, or after `ms`: what the intake has cannot be called back. */
  async settled(ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([Promise.allSettled(this.#inHand.values()), delay(ms, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }

  /** Resolves when the object is stored, known, or nothing to store. Rejects with S3Failure, or when the source stops. */
  read(object: NamedObject): Promise<void> {
    const { tally, prefix } = this.#context;
    if (!object.key.startsWith(prefix)) {
      tally.counts.outside += 1;
      return Promise.resolve();
    }
    const kind = otherObject(object.key, object.size);
    if (this.#context.digestsOnly && kind !== 'cloudtrail-digest') return Promise.resolve();
    if (kind && !(kind === 'cloudtrail-digest' && this.#digests)) {
      tally.recognize(kind);
      return Promise.resolve();
    }
    const named = identity(object, object.etag);
    if (object.etag !== undefined && this.#read.has(named)) {
      tally.counts.repeated += 1;
      return Promise.resolve();
    }
    const underway = this.#inHand.get(named);
    if (underway) {
      tally.counts.repeated += 1;
      return underway;
    }
    const reading = this.#readAgain(object).finally(() => this.#inHand.delete(named));
    this.#inHand.set(named, reading);
    return reading;
  }

  /** Tries a few times; who named the object tries again later. */
  async #readAgain(object: NamedObject): Promise<void> {
    const { stopping, clock, retryMs, tally } = this.#context;
    const began = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        return await this.#readOnce(object);
      } catch (cause) {
        if (stopping.aborted) throw stopping.reason;
        // A download that cannot be read again or removed is none of S3's answers; it is told and tried again all the same.
        const error =
          cause instanceof S3Failure ? cause : new S3Failure(explain(cause, { action: 'reading', resource: inS3(object.bucket, object.key) }), cause);
        const { code, retryable } = error.problem;
        const wait = retryMs * 2 ** (tries - 1) * (0.75 + Math.random() / 2);
        if (code === 'object-gone') {
          // The notification can be here before every part of S3 shows the object.
          const grace = object.graceMs ?? 0;
          // Waited for only so long, whatever a clock says.
          const young = object.sentAt !== undefined && clock() - object.sentAt < grace && performance.now() - began < grace;
          if (!young) {
            tally.counts.gone += 1;
            this.#context.report(error.problem, address(object));
            return;
          }
        } else if (!retryable || code === 'not-taken' || tries >= TRIES) {
          tally.counts.failed += 1;
          this.#context.report(error.problem, address(object));
          throw error;
        }
        await delay(Math.min(wait, 10_000), undefined, { signal: stopping });
      }
    }
  }

  async #readOnce(object: NamedObject): Promise<void> {
    if (this.#digests && otherObject(object.key) === 'cloudtrail-digest') await this.#digests.read(object);
    else await this.#fetch(object, (got) => this.#store(object, got));
  }

  /** Downloads it and lets it be used, with the limiter's leave. Throws S3Failure. */
  async #fetch<T>(object: NamedObject, use: (got: Downloaded) => Promise<T>): Promise<T> {
    const { limiter, stopping } = this.#context;
    const leave = await limiter.acquire(object.size ?? 0, stopping);
    let throttled = false;
    let answeredMs: number | undefined;
    let takenMs: number | undefined;
    try {
      const got = await download(object, leave, this.#context);
      answeredMs = got.answeredMs;
      try {
        const began = performance.now();
        const used = await use(got);
        takenMs = (performance.now() - began) / Math.max(1, got.size / 2 ** 20);
        return used;
      } finally {
        await got.discard();
      }
    } catch (error) {
      throttled = error instanceof S3Failure && error.problem.code === 'throttled';
      throw error;
    } finally {
      leave.release({ throttled, answeredMs, takenMs });
    }
  }

  async #store(object: NamedObject, got: Downloaded): Promise<void> {
    const { tally } = this.#context;
    await this.#digests?.note(object, got);
    const id = identity(object, got.etag);
    const sentAt = object.sentAt ?? got.modified;
    if (await this.#take({ id, name: address(object), host: object.bucket, size: got.size, content: got.content, sentAt })) tally.counts.objects += 1;
    this.#remember(id);
  }

  /**
   * A message that is a record by itself; the queue is told by its name. The same text is the same delivery, however often
   * and in how many messages it comes, within the days that the ledger knows such a delivery (store/remembered.ts). Rejects with S3Failure.
   */
  async record(text: string, queue: string, sentAt: number): Promise<void> {
    const bytes = Buffer.from(text);
    const id = `sqs:${createHash('sha256').update(bytes).digest('hex')}`;
    try {
      if (await this.#take({ id, name: `sqs://${queue}`, host: queue, size: bytes.byteLength, content: { bytes }, sentAt }))
        this.#context.tally.counts.events += 1;
    } catch (error) {
      this.#context.tally.counts.failed += 1;
      if (error instanceof S3Failure) this.#context.report(error.problem);
      throw error;
    }
  }

  /** Whether it was new. Throws S3Failure. */
  async #take({ id, name, host, size, content, sentAt }: Brought): Promise<boolean> {
    const { intake, origin, records, source, tally, clock } = this.#context;
    let outcome: Outcome;
    try {
      outcome = await intake.take({
        id,
        source,
        name,
        size,
        content,
        origin: { ...origin, sourceName: origin.sourceName || name, sourceHost: origin.sourceHost || host },
        settings: records,
        ...(sentAt === undefined ? {} : { sentAt }),
      });
    } catch (error) {
      const retryable = !(error instanceof DeliveryError) || error.retryable;
      const message = saidBy(error);
      throw new S3Failure(
        {
          code: 'not-taken',
          message: `${quotedWhole(name)} could not be stored: ${message}`,
          hint: retryable ? 'It is brought again.' : 'It is left where it is.',
          retryable,
        },
        error,
      );
    }
    if (outcome.known) tally.counts.known += 1;
    else tally.stored(name, size, outcome.counts, clock(), sentAt);
    return !outcome.known;
  }

  #remember(id: string): void {
    this.#read.add(id);
    const [oldest] = this.#read;
    if (this.#read.size > REMEMBERED && oldest !== undefined) this.#read.delete(oldest);
  }
}

/**
 * The object's name in the ledger: bucket, key, and the ETag of its bytes. The ETag and not the version, because a
 * listing knows no version; the same object read by a queue and by a listing is one object.
 */
function identity(object: NamedObject, etag: string | undefined): string {
  return `s3:${object.bucket}/${object.key}@${etag || object.versionId || ''}`;
}

function address(object: NamedObject): string {
  return `s3://${object.bucket}/${object.key}`;
}
