/** Retention: whole days of flows and whole months of events are dropped, so that nothing is rewritten. The ledger of deliveries stays. */
import { CLOUDTRAIL, FLOW_DATASETS } from '../model/log-formats.ts';
import { num, param, sql, statement } from '../query/sql.ts';
import { DATABASE } from './ddl.ts';
import type { Store } from './store.ts';

const DAY = 86_400;
/** Tables whose partitions are days. */
const BY_DAYS = [...FLOW_DATASETS, 'ingest_counter', 'address_day'] as const;

/** How many days what is kept; 0 keeps all. */
export interface Retention {
  /** Flow records, counters of what was ingested, and what is known of addresses by day. */
  readonly flows: number;
  readonly events: number;
  /** The text of events. */
  readonly raw: number;
}

/**
 * Drops the days, and the months of events, that ended more than their days before `now` (epoch seconds), and the text
 * of events that is not kept as long as they are. Returns the dropped partitions.
 */
export async function applyRetention(store: Store, keep: Retention, now: number): Promise<string[]> {
  const dropped: string[] = [];
  const before = (days: number): number => (Math.floor(now / DAY) - days) * DAY;
  if (keep.flows > 0) {
    for (const table of BY_DAYS) dropped.push(...(await drop(store, table, dateNumber(before(keep.flows)))));
    await forgetInterfaces(store, before(keep.flows));
    await forgetFindings(store, before(keep.flows) / DAY);
  }
  const month = (days: number): number => Math.floor(dateNumber(before(days)) / 100);
  if (keep.events > 0) dropped.push(...(await drop(store, CLOUDTRAIL.main, month(keep.events))));
  if (keep.raw > 0) await clearTexts(store, month(keep.raw));
  return dropped;
}

/** 20261126. */
function dateNumber(seconds: number): number {
  return Number(new Date(seconds * 1000).toISOString().slice(0, 10).replaceAll('-', ''));
}

async function drop(store: Store, table: string, oldest: number): Promise<string[]> {
  const partitions = await partitionsBefore(store, table, oldest);
  for (const partition of partitions)
    await store.command({ text: `ALTER TABLE ${DATABASE}.${table} DROP PARTITION ${partition}`, params: {} }, { lane: 'background' });
  return partitions.map((partition) => `${table}/${partition}`);
}

/** Frames of months that have some; where they are gone there is no column to read. */
async function clearTexts(store: Store, oldest: number): Promise<void> {
  const month = sql`toYYYYMM(start, 'UTC')`;
  const found = await store.rows(
    statement(sql`SELECT DISTINCT ${month} FROM bartizan.cloudtrail WHERE ${month} < ${num(oldest)} AND notEmpty(frame) ORDER BY 1`),
    { lane: 'background' },
  );
  for (const partition of found.rows.map((row) => Number(row[0])))
    await store.command(
      { text: `ALTER TABLE ${DATABASE}.${CLOUDTRAIL.main} CLEAR COLUMN frame IN PARTITION ${partition} SETTINGS mutations_sync = 1`, params: {} },
      { lane: 'background' },
    );
}

async function partitionsBefore(store: Store, table: string, oldest: number): Promise<number[]> {
  const result = await store.rows(
    statement(
      sql`SELECT DISTINCT partition FROM system.parts WHERE active AND database = 'bartizan' AND table = ${param('String', table)} AND toUInt32(partition) < ${num(oldest)} ORDER BY partition`,
    ),
    { lane: 'background' },
  );
  return result.rows.map((row) => Number(row[0]));
}

/** What was found later of records that are gone. `before`: days since 1970. */
async function forgetFindings(store: Store, before: number): Promise<void> {
  const old = sql`day < toDate(${num(before)})`;
  const found = await store.rows(statement(sql`SELECT count() FROM bartizan.retro_match WHERE ${old}`), { lane: 'background' });
  if (Number(found.rows[0]?.[0] ?? 0) === 0) return;
  await store.command(statement(sql`ALTER TABLE bartizan.retro_match DELETE WHERE ${old} SETTINGS mutations_sync = 1`), { lane: 'background' });
  await store.command(statement(sql`SYSTEM RELOAD DICTIONARY bartizan.retro_match_at`), { lane: 'background' });
}

/** Versions of interfaces that ended before an instant: no record is left that is read with them. All rows of such a version go, those with an earlier end too. */
async function forgetInterfaces(store: Store, before: number): Promise<void> {
  const ended = sql`SELECT interface_id, scope, valid_from FROM bartizan.network_interface FINAL WHERE valid_to <= toDateTime(${num(before)}, 'UTC')`;
  const found = await store.rows(statement(sql`SELECT count() FROM (${ended})`), { lane: 'background' });
  if (Number(found.rows[0]?.[0] ?? 0) === 0) return;
  const versions = sql`ALTER TABLE bartizan.network_interface DELETE WHERE (interface_id, scope, valid_from) IN (${ended}) SETTINGS mutations_sync = 1`;
  await store.command(statement(versions), { lane: 'background' });
}
