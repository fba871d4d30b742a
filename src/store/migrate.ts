/** Brings a store to this release's schema. Safe to repeat and to interrupt. */
import { DATASETS, formatOf } from '../model/log-formats.ts';
import { num, param, sql, statement } from '../query/sql.ts';
import { columnsOf, DATABASE } from './ddl.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './migrations.ts';
import { type Store, StoreError } from './store.ts';

const CONTROL = { lane: 'control' } as const;

/** Runs the missing migrations, then adds the columns that the field table has and the tables lack. */
export async function migrate(store: Store): Promise<void> {
  await store.command(statement(sql`CREATE DATABASE IF NOT EXISTS bartizan`), CONTROL);
  await store.command(
    statement(
      sql`CREATE TABLE IF NOT EXISTS bartizan.schema_version (version UInt32, why String, applied DateTime('UTC')) ENGINE = MergeTree ORDER BY version`,
    ),
    CONTROL,
  );
  const current = await schemaVersion(store);
  if (current > SCHEMA_VERSION) {
    throw new StoreError(
      'store-unavailable',
      `The data directory has schema ${current}; this release knows ${SCHEMA_VERSION}. Start it with the newer release that wrote it.`,
    );
  }
  for (const migration of MIGRATIONS.filter((m) => m.version > current)) {
    for (const text of migration.statements) await store.command({ text, params: {} }, CONTROL);
    const why = param('String', migration.why);
    await store.command(statement(sql`INSERT INTO bartizan.schema_version SELECT ${num(migration.version)}, ${why}, now('UTC')`), CONTROL);
  }
  await addMissingColumns(store);
}

/** Version of the schema in the store; 0 for a new one. */
export async function schemaVersion(store: Store): Promise<number> {
  const result = await store.rows(statement(sql`SELECT max(version) FROM bartizan.schema_version`), CONTROL);
  return Number(result.rows[0]?.[0] ?? 0);
}

async function addMissingColumns(store: Store): Promise<void> {
  for (const table of DATASETS) {
    const result = await store.rows(statement(sql`SELECT name FROM system.columns WHERE database = 'bartizan' AND table = ${param('String', table)}`), CONTROL);
    const present = new Set(result.rows.map((row) => String(row[0])));
    for (const column of columnsOf(formatOf(table)).filter((c) => !present.has(c.name))) {
      const text = `ALTER TABLE ${DATABASE}.${table} ADD COLUMN IF NOT EXISTS \`${column.name}\` ${column.type} CODEC(${column.codec})`;
      await store.command({ text, params: {} }, CONTROL);
    }
  }
}
