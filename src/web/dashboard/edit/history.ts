/** What was changed, to be undone and done again. Pure. */

interface Change<T> {
  /** What stood before it, or behind it when it was undone. */
  readonly state: T;
  /** In words: `Moved “Top ports”`. */
  readonly what: string;
}

export interface History<T> {
  readonly now: T;
  /** Oldest first. */
  readonly past: readonly Change<T>[];
  /** The next to be done again last. */
  readonly future: readonly Change<T>[];
}

/** Steps back that are kept. */
const MOST = 200;

export function begin<T>(now: T): History<T> {
  return { now, past: [], future: [] };
}

/** What was undone before is forgotten. A change that changes nothing is none. */
export function changed<T>(history: History<T>, next: T, what: string): History<T> {
  if (same(history.now, next)) return history;
  return { now: next, past: [...history.past, { state: history.now, what }].slice(-MOST), future: [] };
}

export function undo<T>(history: History<T>): History<T> {
  const last = history.past.at(-1);
  if (!last) return history;
  return { now: last.state, past: history.past.slice(0, -1), future: [...history.future, { state: history.now, what: last.what }] };
}

export function redo<T>(history: History<T>): History<T> {
  const next = history.future.at(-1);
  if (!next) return history;
  return { now: next.state, past: [...history.past, { state: history.now, what: next.what }], future: history.future.slice(0, -1) };
}

export function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
