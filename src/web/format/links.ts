/** Links that a query makes: text `[name](url)` in a column that is marked so. Only http and https, and nothing else, becomes one. Pure. */
import type { OutputColumn } from '../../api/contract.ts';

export interface Linked {
  readonly name: string;
  readonly url: string;
}

export function linkOf(column: OutputColumn, value: unknown): Linked | null {
  if (!column.link || typeof value !== 'string') return null;
  const match = /^\[(.*)\]\((https?:\/\/[^\s()]+)\)$/s.exec(value);
  return match ? { name: match[1] || (match[2] ?? ''), url: match[2] ?? '' } : null;
}
