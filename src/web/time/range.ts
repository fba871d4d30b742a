/**
 * Time ranges as people type them. A range keeps what was meant: `-90m` stays relative and moves with the
 * clock; a date becomes an instant, written as ISO 8601 in UTC so that a shared link means the same
 * everywhere. Pure.
 */
import type { Window } from '../../api/contract.ts';
import { dateOf, duration, fromWallClock, rangeText } from '../format/times.ts';

export interface Range {
  /** Relative (`-90m`), `now`, `all`, ISO 8601 or epoch seconds or milliseconds. */
  readonly from: string;
  readonly to: string;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

export const PRESETS: readonly Range[] = ['-15m', '-60m', '-3h', '-6h', '-24h', '-3d', '-7d', '-30d'].map((from) => ({ from, to: 'now' }));

/** A range that ends now. */
export function lastSeconds(seconds: number): Range {
  return { from: seconds % 60 === 0 ? `-${seconds / 60}m` : `-${seconds}s`, to: 'now' };
}

export function absolute(window: Window): Range {
  return { from: iso(window.from * 1000), to: iso(window.to * 1000) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** Seconds back of `-1h30m`; null when it is no relative time. */
export function relativeSeconds(text: string): number | null {
  const match = /^(?:now\s*)?-((?:\d+[smhdw])+)$/i.exec(text.trim());
  if (!match) return null;
  let total = 0;
  for (const [, count, unit = ''] of (match[1] ?? '').toLowerCase().matchAll(/(\d+)([smhdw])/g)) total += Number(count) * (SECONDS[unit] ?? 0);
  return total;
}

/** One time of a range → epoch seconds at `now` (ms); null when it can't be read. */
export function resolveTime(text: string, now: number): number | null {
  if (text === 'now') return Math.floor(now / 1000);
  const back = relativeSeconds(text);
  if (back !== null) return Math.floor(now / 1000) - back;
  if (/^\d{5,16}$/.test(text)) return Math.floor(Number(text) >= 100_000_000_000 ? Number(text) / 1000 : Number(text));
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

export function resolveRange(range: Range, now: number): Window | null {
  const from = resolveTime(range.from, now);
  const to = resolveTime(range.to, now);
  return from === null || to === null || from >= to ? null : { from, to };
}

/** The same instants, however late they are looked at; `all` stays. null when it can't be read. */
export function fixed(range: Range, now: number): Range | null {
  if (range.from === 'all') {
    const to = resolveTime(range.to, now);
    return to === null ? null : { from: 'all', to: iso(to * 1000) };
  }
  const window = resolveRange(range, now);
  return window && absolute(window);
}

/** Whether it means other instants later. */
export function moves(range: Range): boolean {
  return [range.from, range.to].some((text) => text === 'now' || relativeSeconds(text) !== null);
}

/** `Last 60 minutes`, or the absolute times. */
export function describeRange(range: Range, zone: string, now: number): string {
  const back = relativeSeconds(range.from);
  if (range.to === 'now' && back !== null) return `Last ${duration(back).replace(/^1 /, '')}`;
  if (range.from === 'all') return 'All time';
  const [from, to] = [resolveTime(range.from, now), resolveTime(range.to, now)];
  // One that ends before it begins is told as it is: what is wrong with it must be seen.
  return from === null || to === null ? `${range.from} to ${range.to}` : rangeText(from, to, zone, now);
}

const WORDS: Readonly<Record<string, string>> = { second: 's', sec: 's', minute: 'm', min: 'm', hour: 'h', hr: 'h', day: 'd', week: 'w' };

/**
 * Reads a typed expression in a zone: `-90m`, `90m`, `last 3 hours`, `2026-11-20`,
 * `2026-11-20 10:00 to 11:00`, `10:00 to 11:00`, `-2d to -1d`, `today`, `yesterday`.
 * null when it can't be read or is empty.
 */
export function parseExpression(text: string, zone: string, now: number): Range | null {
  const typed = text.trim().toLowerCase().replace(/\s+/g, ' ');
  const whole = named(typed, zone, now) ?? lastOf(typed);
  if (whole) return whole;
  const [left = '', right, more] = typed.split(/ ?(?:\.\.| to | – | — | until )\s*/);
  if (more !== undefined) return null;
  const day = /^\d{4}-\d\d-\d\d/.exec(left)?.[0] ?? dateOf(now, zone);
  const from = instant(left, day, zone);
  if (from === null) return null;
  if (right === undefined) return wholeDay(left, zone) ?? checked({ from, to: 'now' }, now);
  const to = instant(right, day, zone);
  return to === null ? null : checked({ from, to }, now);
}

function checked(range: Range, now: number): Range | null {
  return resolveRange(range, now) ? range : null;
}

function named(typed: string, zone: string, now: number): Range | null {
  if (typed === 'today') return checked({ from: iso(startOfDay(dateOf(now, zone), zone)), to: 'now' }, now);
  if (typed === 'yesterday') return wholeDay(dateOf(now - 86_400_000, zone), zone);
  return null;
}

function lastOf(typed: string): Range | null {
  const short = typed.replace(/(\d) ?(second|sec|minute|min|hour|hr|day|week)s?\b/g, (_, digit: string, word: string) => digit + WORDS[word]);
  const compact = /^(?:last |past |-)? ?((?:\d+[smhdw] ?)+)$/.exec(short)?.[1]?.replaceAll(' ', '');
  return compact && (relativeSeconds(`-${compact}`) ?? 0) > 0 ? { from: `-${compact}`, to: 'now' } : null;
}

function wholeDay(text: string, zone: string): Range | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text))) return null;
  const next = new Date(Date.parse(text) + 86_400_000).toISOString().slice(0, 10);
  return { from: iso(startOfDay(text, zone)), to: iso(startOfDay(next, zone)) };
}

function startOfDay(day: string, zone: string): number {
  return fromWallClock(Date.parse(`${day}T00:00:00Z`), zone);
}

/** A single time → how a range keeps it. A time of day belongs to `day`. */
function instant(text: string, day: string, zone: string): string | null {
  if (text === 'now' || relativeSeconds(text) !== null) return text.replaceAll(' ', '');
  if (/^\d{9,14}$/.test(text)) return text;
  if (/^\d{4}-\d\d-\d\dt?.*(z|[+-]\d\d:?\d\d)$/.test(text)) {
    const ms = Date.parse(text.toUpperCase());
    return Number.isNaN(ms) ? null : iso(ms);
  }
  const match = /^(?:(\d{4}-\d\d-\d\d)(?:[ t]|$))?(\d\d?:\d\d(?::\d\d)?)?$/.exec(text);
  if (!match || text === '') return null;
  const wall = Date.parse(`${match[1] ?? day}T${(match[2] ?? '00:00').padStart((match[2] ?? '00:00').length + (/^\d:/.test(match[2] ?? '') ? 1 : 0), '0')}Z`);
  return Number.isNaN(wall) ? null : iso(fromWallClock(wall, zone));
}
