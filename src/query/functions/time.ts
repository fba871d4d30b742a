/** Functions on times: made times are epoch milliseconds, and every conversion names its zone. */
import { QueryError } from '../diagnostics.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import type { CallSite, QueryFunction } from './kinds.ts';

/** Java date pattern letters (as the public language takes them) to ClickHouse's Joda syntax, which shares them. */
const KNOWN_LETTERS = /^[GyYxwDdeEMHhKkmsSazZ]$/;

function pattern(site: CallSite): Sql {
  const arg = site.call.args[1];
  if (!arg) return sql`'yyyy-MM-dd'`;
  if (arg.node !== 'literal' || typeof arg.value !== 'string') throw new QueryError('wrong-type', arg.span, 'The date pattern must be written as text.');
  for (const letter of arg.value.replace(/'[^']*'/g, '').match(/[A-Za-z]/g) ?? []) {
    if (!KNOWN_LETTERS.test(letter))
      throw new QueryError('bad-value', arg.span, `${letter} is no letter of a date pattern.`, 'For example yyyy-MM-dd HH:mm:ss.');
  }
  // Week year and pattern letters that Joda spells otherwise.
  return param('String', arg.value.replaceAll('Y', 'y'));
}

function zone(site: CallSite): Sql {
  const arg = site.call.args[2];
  if (!arg) return param('String', site.ctx.options.timeZone);
  if (arg.node !== 'literal' || typeof arg.value !== 'string' || !isZone(arg.value)) {
    throw new QueryError('bad-value', arg.span, 'This is no time zone.', 'Write an IANA name such as Europe/Berlin.');
  }
  return param('String', arg.value);
}

/** Whether the runtime knows the zone. */
export function isZone(name: string): boolean {
  if (zones.has(name.toLowerCase())) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  zones.add(name.toLowerCase());
  return true;
}

/** Those that the runtime was asked for, which takes it longer than compiling a query. */
const zones = new Set<string>();

export const TIME_FUNCTIONS: readonly QueryFunction[] = [
  {
    name: 'now',
    args: [],
    returns: 'time',
    sql: (_, { ctx }) => num(ctx.options.now * 1000),
    doc: 'The instant of the query, epoch milliseconds.',
    example: 'now() as asked',
  },
  {
    name: 'queryStartTime',
    args: [],
    returns: 'time',
    sql: (_, { ctx }) => num((ctx.options.from ?? 0) * 1000),
    doc: 'Start of the time window, epoch milliseconds.',
    example: 'queryStartTime() as begin',
  },
  {
    name: 'queryEndTime',
    args: [],
    returns: 'time',
    sql: (_, { ctx }) => num((ctx.options.to ?? ctx.options.now) * 1000),
    doc: 'End of the time window, epoch milliseconds.',
    example: 'queryEndTime() as finish',
  },
  {
    name: 'queryTimeRange',
    args: [],
    returns: 'number',
    sql: (_, { ctx }) => num(((ctx.options.to ?? ctx.options.now) - (ctx.options.from ?? 0)) * 1000),
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
    sql: ([time], site) => sql`formatDateTimeInJodaSyntax(${time as Sql}, ${pattern(site)}, ${zone(site)})`,
    doc: 'A time as text, by a pattern such as MM-dd-yyyy HH:mm and a zone (default: the query’s).',
    example: 'formatDate(_messageTime, "yyyy-MM-dd HH:mm") as day',
  },
  {
    name: 'fromSeconds',
    args: [{ name: 'seconds', kind: 'number' }],
    returns: 'time',
    sql: ([seconds]) => sql`toInt64(${seconds as Sql} * 1000)`,
    doc: 'Epoch seconds as a time.',
    example: 'fromSeconds(1700000000) as t',
  },
  {
    name: 'fromMillis',
    args: [{ name: 'milliseconds', kind: 'number' }],
    returns: 'time',
    sql: ([milliseconds]) => sql`toInt64(${milliseconds as Sql})`,
    doc: 'Epoch milliseconds as a time.',
    example: 'fromMillis(1700000000000) as t',
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
