/**
 * The engine writes that it knows a token before the part of its rows is in place. Killed in between, it
 * would take the repeated insert for done, and the rows would be gone. So before anything is inserted, what its logs
 * say of parts that are not there is taken out of them. A log that looks otherwise than known is left alone.
 *
 * That is done when the engine has the folder, table by table while the engine has let go of it: its lock is the only
 * proof that no other process, of another container or machine, has the folder open. Numbers of processes prove nothing there.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ident, param, sql, statement } from '../query/sql.ts';
import { DATABASE } from './ddl.ts';
import { lastHolder } from './holder.ts';
import type { Store } from './store.ts';

/** Operation (1: added, 2: dropped), part, block. */
const RECORD = /^([12])\t(\d+_\d+_\d+_\d+(?:_\d+)?)\t(\S+)$/;
const PART = /^(\d+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;
/** Name of the folder in a table's. */
export const LOGS = 'deduplication_logs';
const CONTROL = { lane: 'control' } as const;

/** Stores that this process has opened. */
const opened = new Set<string>();

/** Asked before the engine opens a store's folder: whether what had it last did not close it. It may have it still. */
export function wasLeftOpen(path: string): boolean {
  const pid = lastHolder(path);
  // In a container each start has the same number: what this process has not opened itself was left by another.
  return pid !== undefined && (pid !== process.pid || !opened.has(path));
}

/** The engine has a store's folder, and its lock. */
export function isOpened(path: string): void {
  opened.add(path);
}

/** Of a store that was left open, before anything is inserted. Answers how many tokens were taken out. Throws StoreError. */
export async function forgetTokensWithoutParts(store: Pick<Store, 'rows' | 'command'>): Promise<number> {
  const tables = await store.rows(
    statement(sql`SELECT name, arrayJoin(data_paths) FROM system.tables WHERE database = ${param('String', DATABASE)} AND engine LIKE '%MergeTree'`),
    CONTROL,
  );
  let forgotten = 0;
  for (const [name, folder] of tables.rows) {
    if (wrongLogs(String(folder)).length === 0) continue;
    const table = sql`${ident(DATABASE)}.${ident(String(name))}`;
    await store.command(statement(sql`DETACH TABLE ${table} SYNC`), CONTROL);
    try {
      forgotten += cleanLogs(String(folder));
    } finally {
      await store.command(statement(sql`ATTACH TABLE ${table}`), CONTROL);
    }
  }
  return forgotten;
}

/** `folder`: a table's, which nothing has open. Answers how many tokens were taken out. */
export function cleanLogs(folder: string): number {
  let forgotten = 0;
  for (const { path, kept, without } of wrongLogs(folder)) {
    writeFileSync(`${path}.new`, kept.map((line) => `${line}\n`).join(''));
    renameSync(`${path}.new`, path);
    forgotten += without;
  }
  return forgotten;
}

/** What such folders say is stored, as `<partition>_<hash of the token>`; undefined where one is not as known. */
export function tokensOf(folders: readonly string[]): ReadonlySet<string> | undefined {
  const stored = new Set<string>();
  for (const folder of folders) {
    const names = list(folder)
      .filter((name) => name.endsWith('.txt'))
      .sort((a, b) => number(a) - number(b));
    if (names.length === 0) return undefined;
    for (const name of names) {
      for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
        if (line === '') continue;
        const [, operation, , block] = RECORD.exec(line) ?? [];
        if (block === undefined) return undefined;
        if (operation === '1') stored.add(block);
        else stored.delete(block);
      }
    }
  }
  return folders.length > 0 ? stored : undefined;
}

/** Logs follow each other by the number in their names. */
function number(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0);
}

interface Part {
  readonly partition: string;
  readonly from: number;
  readonly to: number;
}

function partOf(name: string): Part | undefined {
  const [, partition, from, to] = PART.exec(name) ?? [];
  return partition === undefined ? undefined : { partition, from: Number(from), to: Number(to) };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

interface WrongLog {
  readonly path: string;
  /** Lines that are right. */
  readonly kept: readonly string[];
  /** How many are not. */
  readonly without: number;
}

function wrongLogs(folder: string): WrongLog[] {
  const parts = list(folder).flatMap((name) => partOf(name) ?? []);
  return list(join(folder, LOGS)).flatMap((name) => (name.endsWith('.txt') ? (wrongLog(join(folder, LOGS, name), parts) ?? []) : []));
}

function wrongLog(path: string, parts: readonly Part[]): WrongLog | undefined {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const records = lines.map((line) => ({ line, match: RECORD.exec(line) }));
  if (records.some(({ match }) => match === null)) return undefined;
  // A part that was merged is inside of a larger one.
  const kept = records.filter(({ match }) => {
    const part = partOf(match?.[2] ?? '');
    return match?.[1] !== '1' || !part || parts.some((p) => p.partition === part.partition && p.from <= part.from && p.to >= part.to);
  });
  return kept.length === records.length ? undefined : { path, kept: kept.map(({ line }) => line), without: records.length - kept.length };
}
