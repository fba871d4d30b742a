/** Functions on times: made times are epoch milliseconds, and every conversion names its zone. */
import { QueryError } from '../diagnostics.ts';
import { num, type Sql, sql } from '../sql.ts';
import { formatted, parsed, piecesOf } from './date-pattern.ts';
import type { CallSite, QueryFunction } from './kinds.ts';

/** The pattern that a call writes. Throws QueryError. */
function pattern(site: CallSite, fallback: string): ReturnType<typeof piecesOf> {
  const arg = site.call.args[1];
  if (!arg) return piecesOf(fallback, site.call.span);
  if (arg.node !== 'literal' || typeof arg.value !== 'string')
    throw new QueryError('wrong-type', arg.span, 'The date pattern must be written as text.', 'For example “"yyyy-MM-dd HH:mm:ss"”.');
  return piecesOf(arg.value, arg.span);
}

/** The zone that a call writes, else the query's. Throws QueryError. */
function zone(site: CallSite): string {
  const arg = site.call.args[2];
  if (!arg) return site.ctx.options.timeZone;
  const name = arg.node === 'literal' && typeof arg.value === 'string' ? zoneName(arg.value) : undefined;
  if (name === undefined) throw new QueryError('bad-value', arg.span, 'This is not a time zone.', 'Write an IANA name such as “Europe/Berlin”.');
  return name;
}

/** The zone as the engine wants it, in the name's own letter case; undefined where the runtime knows none. Offsets such as +02:00 are no zones of the engine. */
export function zoneName(name: string): string | undefined {
  const key = name.toLowerCase();
  if (zones.has(key)) return zones.get(key);
  if (/^[+-]/.test(name)) return undefined;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    zones.set(key, timeZone);
    return timeZone;
  } catch {
    return undefined;
  }
}

/** Those that the runtime was asked for, which takes it longer than compiling a query. */
const zones = new Map<string, string>();

/** Not a bare number, which could be read as the place of a column. */
function constant(value: number): Sql {
  return sql`toInt64(${num(value)})`;
}

export const TIME_FUNCTIONS: readonly QueryFunction[] = [
  {
    name: 'now',
    args: [],
    returns: 'time',
    sql: (_, { ctx }) => constant(ctx.options.now * 1000),
    doc: 'The instant of the query, epoch milliseconds.',
    example: 'now() as asked',
  },
  {
    name: 'queryStartTime',
    args: [],
    returns: 'time',
    sql: (_, { ctx }) => constant((ctx.options.from ?? 0) * 1000),
    doc: 'Start of the time window, epoch milliseconds.',
    example: 'queryStartTime() as begin',
  },
  {
    name: 'queryEndTime',
    args: [],
    returns: 'time',
    sql: (_, { ctx }) => constant((ctx.options.to ?? ctx.options.now) * 1000),
    doc: 'End of the time window, epoch milliseconds.',
    example: 'queryEndTime() as finish',
  },
  {
    name: 'queryTimeRange',
    args: [],
    returns: 'number',
    sql: (_, { ctx }) => constant(((ctx.options.to ?? ctx.options.now) - (ctx.options.from ?? 0)) * 1000),
    doc: 'Length of the time window in milliseconds.',
    example: 'queryTimeRange() as width',
  },
  {
    name: 'formatDate',
    args: [
      { name: 'time', kind: 'time' },
      { name: 'pattern', kind: 'text', optional: true },
      { name: 'zone', kind: 'text', optional: true },
    ],
    returns: 'text',
    sql: ([time], site) => formatted(time as Sql, pattern(site, 'MM/dd/yyyy'), zone(site)),
    doc: 'A time as text, by a pattern (default MM/dd/yyyy) and a zone (default: the query’s). Letters: y year, M month, MMM its name, d day, D day of the year, w week, E and EEEE weekday, u its number from Monday, a AM or PM, H and k hour, h and K hour of the half day, m minute, s second, SSS milliseconds, z and zzzz name of the zone, Z and XXX its offset; text stands in single quotes.',
    example: 'formatDate(_messageTime, "EEE yyyy-MM-dd HH:mm:ss.SSS XXX", "America/New_York") as day',
    differs: 'Y is the year, not the year of the week; F and W are not known.',
  },
  {
    name: 'parseDate',
    args: [
      { name: 'text', kind: 'text' },
      { name: 'pattern', kind: 'text' },
      { name: 'zone', kind: 'text', optional: true },
    ],
    returns: 'time',
    sql: ([value], site) => sql`toUnixTimestamp64Milli(${parsed(value as Sql, pattern(site, ''), zone(site))})`,
    doc: 'The time that a text begins with, by a pattern in the letters of formatDate, epoch milliseconds. The zone counts where the text has none.',
    example: 'parseDate("2026-03-10 12:00", "yyyy-MM-dd HH:mm", "UTC") as t',
    differs: 'a text that is no date gives no value, and a date that does not exist is none. Names are English; S are digits behind a decimal point.',
  },
  {
    name: 'fromSeconds',
    args: [{ name: 'seconds', kind: 'number' }],
    returns: 'time',
    sql: ([seconds]) => sql`accurateCastOrNull(trunc(toFloat64(${seconds as Sql}) * 1000), 'Int64')`,
    doc: 'Epoch seconds as a time; null beyond what 64 bits of milliseconds hold.',
    example: 'fromSeconds(1700000000) as t',
  },
  {
    name: 'fromMillis',
    args: [{ name: 'milliseconds', kind: 'number' }],
    returns: 'time',
    sql: ([milliseconds]) => sql`accurateCastOrNull(trunc(toFloat64(${milliseconds as Sql})), 'Int64')`,
    doc: 'Epoch milliseconds as a time.',
    example: 'fromMillis(1700000000000) as t',
  },
  {
    name: 'toSeconds',
    args: [{ name: 'time', kind: 'time' }],
    returns: 'number',
    sql: ([time]) => sql`toUnixTimestamp(${time as Sql})`,
    doc: 'A time as epoch seconds.',
    example: 'toSeconds(start) as s',
  },
  {
    name: 'toMillis',
    args: [{ name: 'time', kind: 'time' }],
    returns: 'number',
    sql: ([time]) => sql`toUnixTimestamp64Milli(toDateTime64(${time as Sql}, 3, 'UTC'))`,
    doc: 'A time as epoch milliseconds.',
    example: 'toMillis(start) as ms',
  },
];
