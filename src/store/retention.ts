/** Retention: whole days are dropped, so that nothing is rewritten. The ledger of deliveries stays. */
import { FLOW_DATASETS } from '../model/log-formats.ts';
import { num, param, sql, statement } from '../query/sql.ts';
import { DATABASE } from './ddl.ts';
import type { Store } from './store.ts';

const DAY = 86_400;
/** Tables and the form of their partitions: UTC days, or months where a day holds little. */
const TABLES = [
  ...[...FLOW_DATASETS, 'ingest_counter', 'address_day'].map((table) => ({ table, months: false })),
  { table: 'cloudtrail', months: true },
] as const;

/** Drops the days that ended more than `days` days before `now` (epoch seconds); 0 keeps all. Returns the dropped partitions. */
export async function applyRetention(store: Store, days: number, now: number): Promise<string[]> {
  if (days <= 0) return [];
  const oldest = Number(new Date((Math.floor(now / DAY) - days) * DAY * 1000).toISOString().slice(0, 10).replaceAll('-', ''));
  const dropped: string[] = [];
  for (const { table, months } of TABLES) {
    const before = months ? Math.floor(oldest / 100) : oldest;
    const result = await store.rows(
      statement(
        sql`SELECT DISTINCT partition FROM system.parts WHERE active AND database = 'bartizan' AND table = ${param('String', table)} AND toUInt32(partition) < ${num(before)} ORDER BY partition`,
      ),
      { lane: 'background' },
    );
    for (const row of result.rows) {
      const partition = Number(row[0]);
      await store.command({ text: `ALTER TABLE ${DATABASE}.${table} DROP PARTITION ${partition}`, params: {} }, { lane: 'background' });
      dropped.push(`${table}/${partition}`);
    }
  }
  await forgetInterfaces(store, Math.floor(now / DAY - days) * DAY);
  await forgetFindings(store, Math.floor(now / DAY) - days);
  return dropped;
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
