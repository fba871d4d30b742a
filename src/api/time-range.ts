/**
 * Times as people and scripts write them: ISO 8601, epoch seconds or milliseconds, relative (`-15m`,
 * `-1h30m`), `now`. A time without a zone is meant in the zone of the request.
 */
import { zoneName } from '../query/index.ts';
import { Problem } from './errors.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Larger numbers are milliseconds: as seconds they would lie after the year 5138. */
const MILLISECONDS_FROM = 100_000_000_000;

const RELATIVE = /^(?:now\s*)?-((?:\d+[smhdw])+)$/;
const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?$/;

export interface TimeRange {
  /** Epoch seconds; null = all time. */
  readonly from: number | null;
  readonly to: number;
}

/** [from, to) in epoch seconds. `now` is epoch seconds. Throws Problem `bad-time`. */
export function parseRange(from: string | number, to: string | number, now: number, timeZone = 'UTC'): TimeRange {
  const zone = checkZone(timeZone);
  const end = parseTime(to, now, zone);
  if (from === 'all') return { from: null, to: end };
  const start = parseTime(from, now, zone);
  if (start >= end) throw new Problem('bad-time', `The range is empty: “${from}” is not before “${to}”.`, { hint: 'Choose a start that is before the end.' });
  return { from: start, to: end };
}

/** One time → whole epoch seconds. Throws Problem `bad-time`. */
export function parseTime(value: string | number, now: number, timeZone = 'UTC'): number {
  if (typeof value === 'number') return fromNumber(value);
  const text = value.trim();
  if (text === 'now') return now;
  if (/^\d{1,16}$/.test(text) && text.length !== 4) return fromNumber(Number(text));
  const relative = RELATIVE.exec(text);
  if (relative) return checked(now - secondsOf(relative[1] as string), value);
  const local = LOCAL.exec(text);
  if (local)
    return checked(
      wallClock(
        local.slice(1).map((part) => Number(part ?? 0)),
        timeZone,
      ),
      value,
    );
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text)) return checked(Math.floor(Date.parse(text) / 1000), value);
  throw badTime(value);
}

function secondsOf(text: string): number {
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) total += Number(count) * (UNIT_SECONDS[unit as string] as number);
  return total;
}

function fromNumber(value: number): number {
  return checked(Math.floor(Math.abs(value) >= MILLISECONDS_FROM ? value / 1000 : value), value);
}

/** What the engine's DateTime holds: 1970 to 2106. */
function checked(seconds: number, written: string | number): number {
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 0xffff_ffff) throw badTime(written);
  return seconds;
}

function badTime(value: string | number): Problem {
  return new Problem('bad-time', `“${value}” is not a time.`, {
    hint: 'Write an ISO 8601 time, epoch seconds or milliseconds, a relative time such as -15m, -3d, or now.',
  });
}

function checkZone(timeZone: string): string {
  const zone = zoneName(timeZone);
  if (zone === undefined) throw new Problem('bad-time', `“${timeZone}” is not a time zone.`, { hint: 'Use an IANA name such as Europe/Berlin.' });
  return zone;
}

/** A wall-clock time in a zone → epoch seconds: guess as UTC, then correct by the zone's offset there (twice, for the hours around a change). */
function wallClock(parts: readonly number[], timeZone: string): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  const valid = new Date(utc).getUTCMonth() === month - 1 && new Date(utc).getUTCDate() === day;
  if (!valid || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const first = utc - offset(utc, timeZone);
  return (utc - offset(first, timeZone)) / 1000;
}

/** Milliseconds that a zone is ahead of UTC at an instant. */
function offset(instant: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const at: Record<string, number> = {};
  for (const part of format.formatToParts(instant)) at[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}
