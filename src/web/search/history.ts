/** Queries that were run in this browser, newest first: each text once, with its time and range. */
import type { Range } from '../time/range.ts';

export interface Run {
  readonly query: string;
  readonly range: Range;
  /** Epoch milliseconds. */
  readonly at: number;
}

const KEY = 'bartizan-search-history';
const MOST = 100;

export function readHistory(): Run[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(list) ? list.filter(isRun).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Puts a run first; an older one of the same text goes. */
export function remember(run: Run): void {
  write([run, ...readHistory().filter((r) => r.query !== run.query)].slice(0, MOST));
}

export function clearHistory(): void {
  write([]);
}

function write(runs: readonly Run[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(runs));
  } catch {
    // Storage can be full or forbidden; queries run all the same.
  }
}

/** Runs whose text holds every word, in any letter case. */
export function findRuns(runs: readonly Run[], words: string): Run[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => wanted.every((word) => run.query.toLowerCase().includes(word)));
}

function isRun(value: unknown): value is Run {
  if (typeof value !== 'object' || value === null || !('query' in value && 'range' in value && 'at' in value)) return false;
  const { query, range, at } = value;
  if (typeof query !== 'string' || typeof at !== 'number' || typeof range !== 'object' || range === null) return false;
  return 'from' in range && 'to' in range && typeof range.from === 'string' && typeof range.to === 'string';
}
