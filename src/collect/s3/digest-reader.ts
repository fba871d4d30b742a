/**
 * CloudTrail's digests of a bucket, handed to who verifies them, and the log files that they name. A log file's hash is
 * taken from its bytes when they come to be stored, so that it is not fetched twice; one that has not come is fetched
 * when its digest names it, and stored like any other: what is proven is also there.
 */
import { readFile } from 'node:fs/promises';
import { quotedWhole, saidBy } from '../../model/wording.ts';
import { pathFacts } from '../aws-path.ts';
import { contentHash, type DigestIntake, type LogFileHash } from '../digests.ts';
import type { Downloaded } from './download.ts';
import { explain, S3Failure, type S3ProblemCode } from './problems.ts';
import type { NamedObject, ReaderContext } from './reading.ts';

/** What the reader of objects does for digests. */
export interface ObjectWays {
  fetch<T>(object: NamedObject, use: (got: Downloaded) => Promise<T>): Promise<T>;
  store(object: NamedObject, got: Downloaded): Promise<void>;
}

/** Log files whose hashes are remembered until their digest comes, an hour or two later. */
const REMEMBERED = 50_000;
/** Compressed. */
const LARGEST_DIGEST = 64 * 2 ** 20;
/** Nothing that is tried again makes them readable. */
const UNREADABLE: ReadonlySet<S3ProblemCode> = new Set(['object-archived', 'object-too-large', 'customer-key', 'kms-key-unusable']);

/** Digests that are read again at once. */
const JUDGED_AT_ONCE = 16;

type Context = Pick<ReaderContext, 'source' | 'bucket' | 'prefix' | 'tally' | 'stopping' | 'digestsOnly' | 'report'>;

export class DigestReader {
  readonly #intake: DigestIntake;
  readonly #context: Context;
  readonly #ways: ObjectWays;
  readonly #hashes = new Map<string, string | undefined>();
  /** Whether the source has brought a digest: where there are none, no hash is taken. */
  #inUse = false;
  readonly #buckets: Set<string>;
  /** Digests that are not there any more. */
  readonly #gone = new Set<string>();

  constructor(intake: DigestIntake, context: Context, ways: ObjectWays) {
    this.#intake = intake;
    this.#context = context;
    this.#ways = ways;
    this.#buckets = new Set(context.bucket === undefined ? [] : [context.bucket]);
  }

  /** Keeps the hash of what comes, if a digest may name it. */
  async note(object: NamedObject, got: Downloaded): Promise<void> {
    if (!this.#inUse || !isLogFile(object.key)) return;
    const name = `${object.bucket}/${object.key}`;
    const hash = await contentHash(got.content);
    this.#hashes.delete(name);
    this.#hashes.set(name, hash);
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size > REMEMBERED && oldest !== undefined) this.#hashes.delete(oldest);
  }

  /**
   * Reads digests again that came before their key was known, if it is known now. Each that is proven may name the one before it.
   * Resolves when no more can be judged; what goes wrong is reported, and tried by the next call.
   */
  async judge(): Promise<void> {
    const { source, stopping, report } = this.#context;
    /** Were read, and wait all the same. */
    const stuck = new Set(this.#gone);
    for (let before: string[] = []; !stopping.aborted; ) {
      let names: readonly string[];
      try {
        names = await this.#intake.waiting(source);
      } catch (error) {
        if (stopping.aborted) return;
        report(error instanceof S3Failure ? error.problem : explain(error, { action: 'judging', resource: 'digests that came before their keys' }));
        return;
      }
      const still = new Set(names);
      for (const name of before) if (still.has(name)) stuck.add(name);
      before = [...still].filter((name) => !stuck.has(name) && this.#isOwn(name));
      if (before.length === 0) return;
      for (let at = 0; at < before.length && !stopping.aborted; at += JUDGED_AT_ONCE)
        await Promise.all(before.slice(at, at + JUDGED_AT_ONCE).map((name) => this.#judgeOne(name)));
    }
  }

  async #judgeOne(name: string): Promise<void> {
    try {
      await this.read(named(name), true);
    } catch (error) {
      if (this.#context.stopping.aborted) return;
      const problem = error instanceof S3Failure ? error.problem : explain(error, { action: 'reading', resource: quotedWhole(`s3://${name}`) });
      if (problem.code === 'object-gone' && this.#gone.size < REMEMBERED) this.#gone.add(name);
      else this.#context.report(problem, `s3://${name}`);
    }
  }

  /** The credentials read what the source is for, and not what somebody writes into a digest. */
  #isOwn(name: string): boolean {
    const { bucket, key } = named(name);
    return this.#buckets.has(bucket) && key.startsWith(this.#context.prefix);
  }

  /** Resolves when what the digest proves is kept. Throws S3Failure. */
  async read(object: NamedObject, again = false): Promise<void> {
    const { source, tally, stopping } = this.#context;
    this.#inUse = true;
    this.#buckets.add(object.bucket);
    const name = `s3://${object.bucket}/${object.key}`;
    const { bytes, metadata } = await this.#ways.fetch(object, async (got) => {
      if (got.size > LARGEST_DIGEST)
        throw new S3Failure({
          code: 'object-too-large',
          message: `${quotedWhole(name)} has ${got.size} bytes.`,
          hint: 'No digest is so large; it is left where it is.',
          retryable: false,
        });
      // The memory that holds it is given back.
      return { bytes: 'path' in got.content ? await readFile(got.content.path) : got.content.bytes.slice(), metadata: got.metadata };
    });
    const writtenAt = Date.parse(metadata['backfill-generation-timestamp'] ?? '') / 1000;
    const place = { bucket: object.bucket, object: object.key };
    const file = { source, name, place, bytes, signature: metadata.signature, ...(Number.isNaN(writtenAt) ? {} : { writtenAt }) };
    try {
      await this.#intake.take(file, { hash: (bucket, key) => this.#hash(object.bucket, bucket, key) }, again);
    } catch (error) {
      if (error instanceof S3Failure || stopping.aborted) throw error;
      const why = saidBy(error);
      throw new S3Failure(
        { code: 'not-taken', message: `What ${quotedWhole(name)} proves could not be kept: ${why}`, hint: 'It is brought again.', retryable: true },
        error,
      );
    }
    tally.counts.digests += 1;
  }

  async #hash(own: string, bucket: string, key: string): Promise<LogFileHash> {
    const name = `${bucket}/${key}`;
    // The credentials read what the source is for, and not what somebody writes into a digest.
    if (bucket !== own || !isLogFile(key)) return { problem: 'elsewhere', message: `${quotedWhole(name)} is not read for a digest of the bucket “${own}”.` };
    if (!this.#hashes.has(name)) {
      const object = { bucket, key };
      try {
        const { prefix, digestsOnly } = this.#context;
        await this.#ways.fetch(object, (got) => (digestsOnly || !key.startsWith(prefix) ? this.note(object, got) : this.#ways.store(object, got)));
      } catch (error) {
        if (!(error instanceof S3Failure)) throw error;
        if (error.problem.code === 'object-gone') return { problem: 'missing', message: error.problem.message };
        if (UNREADABLE.has(error.problem.code)) return { problem: 'unreadable', message: error.problem.message };
        throw error;
      }
    }
    const hash = this.#hashes.get(name);
    return hash === undefined ? { problem: 'unreadable', message: `${quotedWhole(name)} cannot be uncompressed.` } : { hash };
  }
}

function isLogFile(key: string): boolean {
  return ['cloudtrail', 'cloudtrail-insight', 'cloudtrail-aggregated'].includes(pathFacts(key).kind);
}

/** Of `bucket/key`. */
function named(name: string): { readonly bucket: string; readonly key: string } {
  const at = name.indexOf('/');
  return { bucket: name.slice(0, at), key: name.slice(at + 1) };
}
