/**
 * How long the ledger remembers the identities that senders give: of a Firehose request, and an idempotency key. A request that
 * comes again must be known, whatever the wall clock says by then. So its age is counted in seconds that the ledger was open, by a steady
 * clock: what was finished carries the ledger's own time, which goes on from the newest of them at the next start. A clock that
 * is set forward or back ages nothing, and neither does a server that stands still.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';

/** Ids of deliveries that carry one begin so. */
export const FIREHOSE_PREFIX = 'firehose:';
export const KEY_PREFIX = 'http-key:';
const PREFIXES = [FIREHOSE_PREFIX, KEY_PREFIX];

/** How long one is remembered, in days that the ledger was open. */
export const IDENTITY_DAYS = 7;

/** Of one statement, which holds up all else. */
const MOST_AT_ONCE = 2000;

/** An index serves a statement that has its condition in the same words: no parameters. */
const ids = (prefix: string) => `id >= '${prefix}' AND id < '${prefix}\u{10ffff}'`;
const index = (prefix: string) => `delivery_${prefix.replace(/\W/g, '')}`;

/** What objects and files leave in the ledger for good is in no index of these. */
export const REMEMBERED_SCHEMA = PREFIXES.map((prefix) => `CREATE INDEX ${index(prefix)} ON delivery (finished) WHERE ${ids(prefix)};`).join('\n');

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
    for (const prefix of PREFIXES) {
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
    const before = this.now() - IDENTITY_DAYS * 86_400;
    for (const prefix of PREFIXES) {
      const some = sql`DELETE FROM delivery WHERE id IN (SELECT id FROM ${from(prefix)} AND finished < ${before} LIMIT ${MOST_AT_ONCE})`;
      while (((await some.execute(this.#db)).numAffectedRows ?? 0n) > 0n) await turn();
    }
  }
}

function from(prefix: string) {
  return sql.raw(`delivery INDEXED BY ${index(prefix)} WHERE ${ids(prefix)}`);
}
