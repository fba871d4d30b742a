/** What quarantine and the questions about layouts both know of records that wait. */
import { sql } from '../query/sql.ts';

/** Code of records that wait for a layout. */
export const HELD = 'layout-unknown';
/** Condition on `bartizan.quarantine`: no retry has stored the record. */
export const UNRESOLVED = sql`(batch, seq) NOT IN (SELECT batch, seq FROM bartizan.quarantine_resolved)`;

export interface RetryResult {
  readonly retried: number;
  /** Stored now. */
  readonly resolved: number;
  /** Not to be stored, by the settings of their source; they are resolved, too. */
  readonly filtered: number;
  /** Still unreadable. */
  readonly quarantined: number;
}
