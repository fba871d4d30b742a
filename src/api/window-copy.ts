/**
 * A window's flows in memory, for one run. The copy lives in a database whose tables the engine never
 * writes to disk, so that a crash leaves none behind.
 */

import { ADDED_FIELDS, AWS_FIELDS, RECORD_COLUMNS } from '../model/fields.ts';
import type { Relations } from '../query/index.ts';
import { ident, join, sql, statement } from '../query/sql.ts';
import type { Window } from './contract.ts';
import { inWindow } from './data.ts';
import type { ServerDeps } from './deps.ts';
import { rawRelations } from './relations.ts';

export interface WindowCopy {
  readonly relations: Relations;
  drop(): Promise<void>;
}

/** ClickHouse type of each column of the table. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ...[...AWS_FIELDS, ...ADDED_FIELDS].map((field) => [field.column, field.columnType] as const),
  ...RECORD_COLUMNS.map((column) => [column.column, column.clickhouse] as const),
]);

/** Copies columns of `vpc_flow` in a window. Throws StoreError; then nothing is left behind. */
export async function copyWindow(deps: ServerDeps, runId: string, reads: readonly string[], window: Window, signal: AbortSignal): Promise<WindowCopy> {
  const { store } = deps;
  const raw = rawRelations(deps);
  const name = `bartizan_runs.\`${runId}\``;
  const columns = [...new Set(['start', ...reads])].filter((column) => TYPES.has(column));
  const definitions = columns.map((column) => `\`${column}\` ${TYPES.get(column)}`).join(', ');
  const list = join(columns.map(ident), ', ');
  const table = join([ident('bartizan_runs'), sql`.`, ident(runId)], ' ');
  const drop = async (): Promise<void> => {
    await store.command(statement(sql`DROP TABLE IF EXISTS ${table} SYNC`));
  };
  await store.command(statement(sql`CREATE DATABASE IF NOT EXISTS bartizan_runs ENGINE = Memory`));
  try {
    // This database knows no rename, which CREATE … AS SELECT needs: made first, filled then.
    await store.command({ text: `CREATE TABLE ${name} (${definitions}) ENGINE = Memory`, params: {} });
    const from = sql`SELECT ${list} FROM ${raw.table('vpc_flow')} WHERE ${inWindow(window.from, window.to)}`;
    await store.command(statement(sql`INSERT INTO ${table} (${list}) ${from}`), { signal, threads: 2 });
  } catch (error) {
    await drop().catch(() => undefined);
    throw error;
  }
  return { relations: { ...raw, table: (dataset) => (dataset === 'vpc_flow' ? table : raw.table(dataset)) }, drop };
}
