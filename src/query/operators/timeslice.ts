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
import type { Operator } from './kinds.ts';

const CALENDAR = { h: 'hour', d: 'day', w: 'week' } as const;
const SECONDS = { hour: 3600, day: 86400, week: 604800 } as const;

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
  const { seconds, count, unit, text } = cursor.duration();
  const calendar = CALENDAR[unit as 'h'];
  return calendar ? { by: 'calendar', unit: calendar, count, text } : { by: 'seconds', seconds, text };
}

function printSlice(slice: Slice): string {
  if (slice.by === 'range') return '';
  return slice.by === 'buckets' ? ` ${slice.count} buckets` : ` ${slice.text}`;
}

export const timeslice: Operator<'timeslice'> = {
  keywords: ['timeslice'],
  syntax: 'timeslice [duration | N buckets] [as name]',
  doc: 'Adds _timeslice, the start of the slice that the record’s time lies in, in epoch milliseconds. Hours, days and weeks (from Monday) follow the query’s zone.',
  example: 'timeslice 5m | count by _timeslice',
  parse: (cursor, start) => {
    const slice = parseSlice(cursor);
    const as = cursor.alias();
    return { op: 'timeslice', slice, ...(as === undefined ? {} : { as }), span: cursor.span(start) };
  },
  print: (o) => `timeslice${printSlice(o.slice)}${o.as === undefined ? '' : ` as ${printName(o.as)}`}`,
  apply: (o, state) => {
    if (!state.parts.stored)
      throw new QueryError(
        'field-not-grouped',
        o.span,
        'timeslice needs the time of records, and the query has grouped them.',
        'Put timeslice before the aggregate.',
      );
    const { start, width } = slices(o.slice, state, o.span);
    const name = o.as ?? '_timeslice';
    const next = state.assign(name, { sql: sql`toInt64(${start} * 1000)`, kind: 'time' }).with({ timeslice: width });
    return next.assign('__timeslice_end', { sql: sql`toInt64((${start} + ${num(width)}) * 1000)`, kind: 'time' }, true);
  },
};

/** Start of a record's slice in epoch seconds, and the slices' width. */
function slices(slice: Slice, state: State, span: Span): { start: Sql; width: number } {
  const { options } = state.ctx;
  const { shift } = state;
  const column = state.ctx.column('start');
  const seconds = shift ? sql`(toUnixTimestamp(${column}) + ${num(shift)})` : sql`toUnixTimestamp(${column})`;
  if (slice.by === 'calendar') {
    const width = SECONDS[slice.unit] * slice.count;
    if (evenWidth(slice, options) !== undefined) return { start: aligned(seconds, width, options.alignTo ?? 0), width };
    const interval = { hour: sql`HOUR`, day: sql`DAY`, week: sql`WEEK` }[slice.unit];
    const time = shift ? sql`(${column} + ${num(shift)})` : column;
    const zone = param('String', options.timeZone);
    return { start: sql`toUnixTimestamp(toDateTime(toStartOfInterval(${time}, INTERVAL ${num(slice.count)} ${interval}, ${zone}), ${zone}))`, width };
  }
  if (slice.by === 'seconds') return { start: aligned(seconds, slice.seconds, options.alignTo ?? 0), width: slice.seconds };
  const { from, to } = options;
  if (from === null || to === null)
    throw new QueryError('needs-window', span, 'This timeslice divides the time window, and the query has none.', 'Give a duration such as 5m, or a window.');
  const width = evenWidth(slice, options) as number;
  return { start: aligned(seconds, width, options.alignTo ?? from), width };
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
