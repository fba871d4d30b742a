/**
 * timeslice: rows by their time. Slices of seconds and minutes are aligned to the epoch (or to the
 * instant that a single value ends at); hours, days and weeks follow a zone. Compared windows get the
 * slices of the current one.
 */
import type { CompileOptions } from '../contract.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import type { Slice, Span } from '../tree.ts';
import { asNumber } from '../typed.ts';
import type { Operator } from './kinds.ts';

const CALENDAR = { h: 'hour', d: 'day', w: 'week' } as const;
const SECONDS = { hour: 3600, day: 86400, week: 604800 } as const;

/** `5m` or `1d`. */
export function parseWidth(cursor: Cursor): Slice {
  const { seconds, count, unit, text } = cursor.duration();
  const calendar = CALENDAR[unit as 'h'];
  return calendar ? { by: 'calendar', unit: calendar, count, text } : { by: 'seconds', seconds, text };
}

/** `5m`, `1d`, `20 buckets`, or nothing. */
function parseSlice(cursor: Cursor): Slice {
  cursor.take('by');
  if (cursor.done || cursor.is('as')) return { by: 'range' };
  const token = cursor.peek();
  if (token.kind === 'number' && !token.suffix && (cursor.is('buckets', 1) || cursor.is('bucket', 1))) {
    const count = cursor.count('a number of buckets');
    cursor.next();
    return { by: 'buckets', count };
  }
  return parseWidth(cursor);
}

function printSlice(slice: Slice): string {
  if (slice.by === 'range') return '';
  return slice.by === 'buckets' ? ` ${slice.count} buckets` : ` ${slice.text}`;
}

export const timeslice: Operator<'timeslice'> = {
  keywords: ['timeslice'],
  syntax: 'timeslice [duration | N buckets] [as name]',
  doc: 'Adds _timeslice, the start of the slice that the record’s time lies in, in epoch milliseconds. Hours, days and weeks (from Monday) follow the query’s zone. Without a duration the whole window is one slice. Behind an aggregate it takes the time of groups that are made by _messageTime.',
  differs: 'N buckets divide the window into N equal parts; they are not moved to round times.',
  example: 'timeslice 5m | count by _timeslice',
  parse: (cursor, start) => {
    const slice = parseSlice(cursor);
    const as = cursor.alias();
    return { op: 'timeslice', slice, ...(as === undefined ? {} : { as }), span: cursor.span(start) };
  },
  print: (o) => `timeslice${printSlice(o.slice)}${o.as === undefined ? '' : ` as ${printName(o.as)}`}`,
  apply: (o, state) => {
    const { start, width } = slices(o.slice, timeOf(state, o.span), state, o.span);
    const name = o.as ?? '_timeslice';
    const next = state.assign(name, { sql: sql`toInt64(${start} * 1000)`, kind: 'time' }).with({ timeslice: width });
    return next.assign('__timeslice_end', { sql: sql`toInt64((${start} + ${num(width)}) * 1000)`, kind: 'time' }, true);
  },
};

/** A row's time, as epoch seconds and as DateTime: that of the record, or of the groups where they are made by it. */
interface Time {
  readonly seconds: Sql;
  readonly datetime: Sql;
}

function timeOf(state: State, span: Span): Time {
  const { shift } = state;
  if (state.parts.stored) {
    const column = state.ctx.column('start');
    const seconds = sql`toUnixTimestamp(${column})`;
    return shift ? { seconds: sql`(${seconds} + ${num(shift)})`, datetime: sql`(${column} + ${num(shift)})` } : { seconds, datetime: column };
  }
  const grouped = state.column('_messageTime');
  if (!grouped)
    throw new QueryError(
      'field-not-grouped',
      span,
      '“timeslice” needs the time of records, and the query has grouped them.',
      'Put “timeslice” before the aggregate.',
    );
  const { value } = grouped;
  const own = value.datetime ? sql`toUnixTimestamp(${value.sql})` : sql`intDiv(toInt64(${asNumber(value)}), 1000)`;
  const seconds = sql`(${own} + ${num(shift)})`;
  return { seconds, datetime: sql`toDateTime(${seconds}, 'UTC')` };
}

/** Start of a row's slice in epoch seconds, and the slices' width. */
function slices(slice: Slice, time: Time, state: State, span: Span): { start: Sql; width: number } {
  const { options } = state.ctx;
  const width = widthOf(slice, options, span);
  if (evenWidth(slice, options) !== undefined) return { start: aligned(time.seconds, width, originOf(slice, options)), width };
  return { start: calendarStart(slice as CalendarSlice, time.datetime, options), width };
}

type CalendarSlice = Slice & { by: 'calendar' };

function calendarStart(slice: CalendarSlice, time: Sql, { timeZone }: CompileOptions): Sql {
  const interval = { hour: sql`HOUR`, day: sql`DAY`, week: sql`WEEK` }[slice.unit];
  const zone = param('String', timeZone);
  return sql`toUnixTimestamp(toDateTime(toStartOfInterval(${time}, INTERVAL ${num(slice.count)} ${interval}, ${zone}), ${zone}))`;
}

/** Usual width in seconds. Throws QueryError where the slice divides a window that the query has not. */
export function widthOf(slice: Slice, options: CompileOptions, span: Span): number {
  const width = slice.by === 'calendar' ? SECONDS[slice.unit] * slice.count : evenWidth(slice, options);
  if (width !== undefined) return width;
  throw new QueryError('needs-window', span, 'This step divides the time window, and the query has none.', 'Give a duration such as “5m”, or a window.');
}

/** An instant that slices begin at. */
function originOf(slice: Slice, { alignTo, from }: CompileOptions): number {
  return alignTo ?? (slice.by === 'seconds' || slice.by === 'calendar' ? 0 : (from ?? 0));
}

/** Array of the starts of all slices, in epoch seconds, from the one that `from` lies in up to `to` (both epoch seconds). */
export function sliceStarts(slice: Slice, options: CompileOptions, from: Sql, to: Sql, span: Span): Sql {
  const width = widthOf(slice, options, span);
  if (evenWidth(slice, options) !== undefined) return sql`range(toInt64(${aligned(from, width, originOf(slice, options))}), toInt64(${to}), ${num(width)})`;
  // Days of 23 and 25 hours: no slice is shorter than this step.
  const step = (slice as CalendarSlice).unit === 'hour' ? 900 : 3600;
  const candidates = sql`arrayConcat(range(toInt64(${from}), toInt64(${to}), ${num(step)}), [toInt64(${to}) - 1])`;
  return sql`arrayDistinct(arrayMap(at -> toInt64(${calendarStart(slice as CalendarSlice, sql`toDateTime(at, 'UTC')`, options)}), ${candidates}))`;
}

/**
 * Width in seconds of slices that are all equally wide, whatever the zone; else undefined. A record that
 * is moved by a multiple of it moves by whole slices.
 */
export function evenWidth(slice: Slice, { from, to, timeZone, alignTo }: CompileOptions): number | undefined {
  if (slice.by === 'seconds') return slice.seconds;
  if (slice.by === 'calendar') return slice.unit === 'hour' && (timeZone === 'UTC' || alignTo !== undefined) ? SECONDS.hour * slice.count : undefined;
  if (from === null || to === null) return undefined;
  return slice.by === 'range' ? Math.max(1, to - from) : Math.max(1, Math.ceil((to - from) / slice.count));
}

function aligned(seconds: Sql, width: number, alignTo: number): Sql {
  const offset = ((alignTo % width) + width) % width;
  return offset
    ? sql`(intDiv(${seconds} - ${num(offset)}, ${num(width)}) * ${num(width)} + ${num(offset)})`
    : sql`(intDiv(${seconds}, ${num(width)}) * ${num(width)})`;
}
