/**
 * A query in brackets inside a query: `[subquery from=(-1d) to=(now): scope | steps | compose a, b]`. It gives
 * values that the query around it is narrowed to, in the same statement.
 */

import { quoted } from '../model/wording.ts';
import { QueryError } from './diagnostics.ts';
import type { Token } from './lexer.ts';
import type { Query, Span, Subquery } from './tree.ts';

/** What is asked of a place in the tokens. */
interface Reader {
  peek(ahead?: number): Token;
  next(): Token;
  take(text: string): boolean;
  expect(text: string): Token;
  span(start: number): Span;
  query(close: ')' | ']', scoped: boolean): Query;
}

/** Different rows of values that a subquery may give; a query over it ends with an error. */
export const MAX_ROWS = 100_000;
/** The same with `keywords`, which are looked for in the text of every record; the engine searches for so many texts at once. */
export const MAX_KEYWORDS = 250;

/** Reads from the opening bracket to the closing one. Throws QueryError. */
export function parseSubquery(cursor: Reader): Subquery {
  const { start } = cursor.peek();
  cursor.expect('[');
  cursor.expect('subquery');
  const times: { from?: string; to?: string } = {};
  while (!cursor.take(':')) {
    const name = cursor.take('from') ? 'from' : cursor.expect('to') && 'to';
    cursor.expect('=');
    times[name] = cursor.next().value;
  }
  // `[subquery: cat "hosts" | …]` begins with a step.
  const query = cursor.query(']', cursor.peek().kind !== 'name');
  const span = cursor.span(start);
  if (query.operations.at(-1)?.op !== 'compose')
    throw new QueryError(
      'no-compose',
      span,
      'A subquery ends with “compose”, which says what values it gives.',
      'For example “| count by srcaddr | top 10 srcaddr by _count | compose srcaddr”.',
    );
  return { query, ...times, span };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const ABSOLUTE = /^(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(Z?)$/;

/** A subquery's time as epoch seconds; `offset` gives the seconds that the query's zone is ahead of UTC. Throws QueryError. */
export function subqueryTime(text: string, now: number, offset: (instant: number) => number, span: Span): number {
  const written = text.trim();
  if (/^now$/i.test(written)) return now;
  const [, count, unit] = /^-(\d{1,9})\s*([smhdw])$/i.exec(written) ?? [];
  if (count && unit) return now - Number(count) * (UNITS[unit.toLowerCase()] as number);
  if (/^\d{10}$/.test(written)) return Number(written);
  if (/^\d{13}$/.test(written)) return Math.floor(Number(written) / 1000);
  const [, year, month, day, hour = '0', minute = '0', second = '0', utc] = ABSOLUTE.exec(written) ?? [];
  const wall = year === undefined ? Number.NaN : Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  // Dates roll over: a 45th of January would be one of February.
  const [date, time] = Number.isFinite(wall) ? new Date(wall * 1000).toISOString().split(/[T.]/) : [];
  const two = (text = ''): string => text.padStart(2, '0');
  if (date === `${year}-${two(month)}-${two(day)}` && time === `${two(hour)}:${two(minute)}:${two(second)}`)
    return utc === 'Z' ? wall : wall - offset(wall - offset(wall));
  throw new QueryError(
    'bad-value',
    span,
    `${quoted(written)} is not a time of a subquery.`,
    'Write “-15m”, “-2h”, “-1d”, “2026-03-10 12:00:00”, or epoch milliseconds.',
  );
}

export function printSubquery({ from, to }: Subquery, query: string): string {
  const times = [from === undefined ? '' : ` from=(${from})`, to === undefined ? '' : ` to=(${to})`].join('');
  return `[subquery${times}: ${query}]`;
}

/** Seconds that a zone is ahead of UTC at an instant (epoch seconds). */
export function zoneOffset(instant: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(instant * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}
