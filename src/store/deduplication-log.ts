/**
 * The engine writes that it knows a token before the part of its rows is in place. Killed in between, it
 * would take the repeated insert for done, and the rows would be gone. So before it opens, what its logs
 * say of parts that are not there is taken out of them. A log that looks otherwise than known is left alone.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, lastHolder } from './holder.ts';

/** Operation (1: added, 2: dropped), part, block. */
const RECORD = /^([12])\t(\d+_\d+_\d+_\d+(?:_\d+)?)\t(\S+)$/;
const PART = /^(\d+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;
/** Name of the folder in a table's. */
export const LOGS = 'deduplication_logs';

/** Stores that this process has opened. */
const opened = new Set<string>();

/** `path`: the store's folder. Only where the process that had it is gone without closing it. Answers how many tokens were taken out. */
export function forgetTokensWithoutParts(path: string): number {
  const killed = wasKilled(path);
  opened.add(path);
  if (!killed) return 0;
  let forgotten = 0;
  for (const table of tables(join(path, 'store'))) {
    const parts = readdirSync(table).flatMap((name) => partOf(name) ?? []);
    for (const name of readdirSync(join(table, LOGS))) if (name.endsWith('.txt')) forgotten += cleanLog(join(table, LOGS, name), parts);
  }
  return forgotten;
}

function wasKilled(path: string): boolean {
  const pid = lastHolder(path);
  if (pid === undefined) return false;
  // In a container each start has the same number: what this process has not opened itself was left by another.
  return pid === process.pid ? !opened.has(path) : !isAlive(pid);
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

/** Folders of tables that keep such logs. */
function tables(folder: string): string[] {
  return list(folder).flatMap((group) =>
    list(join(folder, group))
      .map((name) => join(folder, group, name))
      .filter((table) => list(table).includes(LOGS)),
  );
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function cleanLog(path: string, parts: readonly Part[]): number {
  const lines = readFileSync(path, 'utf8').split('\n');
  const records = lines.filter((line) => line !== '').map((line) => ({ line, match: RECORD.exec(line) }));
  if (records.some(({ match }) => match === null)) return 0;
  // A part that was merged is inside of a larger one.
  const kept = records.filter(({ match }) => {
    const part = partOf(match?.[2] ?? '');
    return match?.[1] !== '1' || !part || parts.some((p) => p.partition === part.partition && p.from <= part.from && p.to >= part.to);
  });
  if (kept.length === records.length) return 0;
  writeFileSync(`${path}.new`, kept.map(({ line }) => `${line}\n`).join(''));
  renameSync(`${path}.new`, path);
  return records.length - kept.length;
}
