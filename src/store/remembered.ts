/**
 * How long the ledger remembers the identities that senders give: of a Firehose request, an idempotency key, and a message that is
 * a record by itself. What comes again must be known, whatever the wall clock says by then. So its age is counted in seconds that
 * the ledger was open, by a steady clock: what was finished carries the ledger's own time, which goes on from the newest of them at
 * the next start. A clock that is set forward or back ages nothing, and neither does a server that stands still.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';

/** Ids of deliveries that carry one begin so. */
export const FIREHOSE_PREFIX = 'firehose:';
export const KEY_PREFIX = 'http-key:';
/** Ids of messages of a queue that are records by themselves begin so (collect/s3/reader.ts). */
const MESSAGE_PREFIX = 'sqs:';

/** How long an identity is remembered that a sender gives, in days that the ledger was open. */
export const IDENTITY_DAYS = 7;
/** A queue keeps a message for 14 days at most, and the queue of its dead letters for as long again. */
export const MESSAGE_DAYS = 30;

/** Days by prefix. */
const KEPT: readonly (readonly [string, number])[] = [
  [FIREHOSE_PREFIX, IDENTITY_DAYS],
  [KEY_PREFIX, IDENTITY_DAYS],
  [MESSAGE_PREFIX, MESSAGE_DAYS],
];

/** Of one statement, which holds up all else. */
const MOST_AT_ONCE = 2000;

/** An index serves a statement that has its condition in the same words: no parameters. */
const ids = (prefix: string) => `id >= '${prefix}' AND id < '${prefix}\u{10ffff}'`;
const index = (prefix: string) => `delivery_${prefix.replace(/\W/g, '')}`;

const indexes = (prefixes: readonly string[]) =>
  prefixes.map((prefix) => `CREATE INDEX ${index(prefix)} ON delivery (finished) WHERE ${ids(prefix)};`).join('\n');

/** What objects and files leave in the ledger for good is in no index of these. */
export const REMEMBERED_SCHEMA = indexes([FIREHOSE_PREFIX, KEY_PREFIX]);
export const MESSAGES_SCHEMA = indexes([MESSAGE_PREFIX]);

export class Remembered {
  readonly #db: Kysely<unknown>;
  readonly #steady: () => number;
  /** The ledger's time less the steady clock's, seconds. */
  readonly #ahead: number;

  private constructor(db: Kysely<unknown>, steady: () => number, ahead: number) {
    this.#db = db;
    this.#steady = steady;
    this.#ahead = ahead;
  }

  /** `steady`: seconds of a clock that nobody sets. */
  static async load<T>(database: Kysely<T>, steady: () => number): Promise<Remembered> {
    const db = database as Kysely<unknown>;
    let newest = 0;
    for (const [prefix] of KEPT) {
      const { rows } = await sql<{ at: number | null }>`SELECT max(finished) AS at FROM ${from(prefix)}`.execute(db);
      newest = Math.max(newest, rows[0]?.at ?? 0);
    }
    return new Remembered(db, steady, newest - steady());
  }

  /** What a delivery that is finished now is marked with: seconds that the ledger was open. */
  now(): number {
    return Math.floor(this.#steady() + this.#ahead);
  }

  /** Forgets what is too old to come again. */
  async forgetOld(): Promise<void> {
    for (const [prefix, days] of KEPT) {
      const before = this.now() - days * 86_400;
      const some = sql`DELETE FROM delivery WHERE id IN (SELECT id FROM ${from(prefix)} AND finished < ${before} LIMIT ${MOST_AT_ONCE})`;
      while (((await some.execute(this.#db)).numAffectedRows ?? 0n) > 0n) await turn();
    }
  }
}

function from(prefix: string) {
  return sql.raw(`delivery INDEXED BY ${index(prefix)} WHERE ${ids(prefix)}`);
}
