/** Ranges used lately, kept in the browser. */
import { PRESETS, type Range } from './range.ts';

const KEY = 'bartizan-recent-ranges';
const MOST = 6;

export function recentRanges(): Range[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(list) ? list.filter(isRange).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Puts a range first; presets are always at hand and not kept. */
export function remember(range: Range): void {
  const same = (r: Range) => r.from === range.from && r.to === range.to;
  if (PRESETS.some(same)) return;
  try {
    localStorage.setItem(KEY, JSON.stringify([range, ...recentRanges().filter((r) => !same(r))].slice(0, MOST)));
  } catch {
    // Storage can be full or forbidden; the range is used all the same.
  }
}

function isRange(value: unknown): value is Range {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value && typeof value.from === 'string' && typeof value.to === 'string';
}
