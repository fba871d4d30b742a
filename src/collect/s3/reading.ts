/** What the readers of a source's objects share: an object by its name, and what reading needs. */
import type { Origin } from '../../model/batch.ts';
import type { RecordSettings } from '../../model/source.ts';
import type { Intake } from '../delivery.ts';
import type { DigestIntake } from '../digests.ts';
import type { Clients } from './clients.ts';
import type { Limiter } from './limiter.ts';
import type { S3Problem } from './problems.ts';
import type { Tally } from './status.ts';

/** What is known of an object before it is read. */
export interface NamedObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  /** Without quotes. */
  readonly etag?: string | undefined;
  readonly size?: number | undefined;
  /** Epoch milliseconds of the event or of the object. */
  readonly sentAt?: number | undefined;
  /** An object that is not there yet is waited for until its event is so old. */
  readonly graceMs?: number;
}

export interface ReaderContext {
  readonly source: string;
  readonly clients: Clients;
  readonly limiter: Limiter;
  readonly intake: Intake;
  readonly digests: DigestIntake | undefined;
  /** Nothing is stored. */
  readonly digestsOnly: boolean;
  readonly origin: Origin;
  readonly records: RecordSettings;
  readonly folder: string;
  readonly tally: Tally;
  readonly clock: () => number;
  /** That is listed; undefined where notifications name it. */
  readonly bucket: string | undefined;
  readonly prefix: string;
  readonly idleMs: number;
  readonly retryMs: number;
  /** Aborted when nothing more shall be begun. */
  readonly stopping: AbortSignal;
  /** Aborted when downloads shall end too; what the intake has is not called back. */
  readonly signal: AbortSignal;
  /** `object`: the address of the one that it is about. */
  report(problem: S3Problem, object?: string): void;
}
