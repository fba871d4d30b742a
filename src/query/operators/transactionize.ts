/**
 * transactionize: records that share a value of any of some fields are one group, and so are those that
 * share one with them. A group is a transaction, or several where it pauses, grows too long, or a text
 * begins or ends one.
 */
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { any } from '../match.ts';
import { printName, printString } from '../print-expression.ts';
import { join, num, param, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import { asText, boolean, isNull, number, type Typed } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';
import { mergedColumns, parseMerged, printMerged } from './merge.ts';

/** Links of a chain that are followed: each round joins what shares a value with a neighbour. */
const ROUNDS = 6;
const MAX_FIELDS = 8;

type Settings = { -readonly [K in 'maxPause' | 'maxLogs' | 'startsWith' | 'endsWith' | 'keepOrphans']?: Of<'transactionize'>[K] };

function parseSettings(cursor: Cursor): Settings {
  const settings: Settings = {};
  while (!cursor.done && !cursor.is('(')) {
    cursor.take(',');
    const token = cursor.peek();
    const option = (['maxspan', 'maxpause', 'maxlogs', 'startswith', 'endswith', 'keeporphans'] as const).find((name) => cursor.is(name));
    if (!option) throw cursor.unexpected('“maxPause=”, “maxLogs=”, “startsWith=”, “endsWith=” or “keepOrphans=”');
    if (option === 'maxspan') throw new QueryError('not-supported', token, '“maxSpan” is not supported.', 'Write “maxPause=5m”: the time between two records.');
    cursor.next();
    cursor.expect('=');
    if (option === 'maxpause') {
      const { seconds, text } = cursor.duration();
      settings.maxPause = { seconds, text };
    } else if (option === 'maxlogs') settings.maxLogs = cursor.count('a number of records');
    else if (option === 'keeporphans') {
      settings.keepOrphans = cursor.is('true');
      if (!cursor.take('true') && !cursor.take('false')) throw cursor.unexpected('“true” or “false”');
    } else settings[option === 'startswith' ? 'startsWith' : 'endsWith'] = cursor.kind('string', 'a text in quotation marks').value;
  }
  return settings;
}

export const transactionize: Operator<'transactionize'> = {
  keywords: ['transactionize'],
  syntax:
    'transactionize field, … [as prefix] [maxPause=duration] [maxLogs=N] [startsWith="text"] [endsWith="text"] [keepOrphans=false] [(merge field strategy, …)]',
  doc: `Groups records that share a value of any of the fields, and those that share one with them (over at most ${ROUNDS} links): adds _group (a number), _group_duration (milliseconds), _group_size and _group_orphaned (1 for records without any of the values, which have no group). A transaction ends at a pause longer than maxPause, after maxLogs records, before a record whose _raw contains the text of startsWith, behind one with that of endsWith. With (merge …) there is one row for each.`,
  example: 'transactionize srcaddr, dstaddr maxPause=5m (merge srcaddr takeDistinct, action takeLast)',
  differs: 'maxSpan and ;strict are not supported, and no step but merge can stand in the parentheses.',
  parse: (cursor, start) => {
    const fields = cursor.names();
    const prefix = cursor.alias() ?? '_group';
    const settings = parseSettings(cursor);
    const merge = cursor.take('(') ? parseMerge(cursor) : undefined;
    const span = cursor.span(start);
    if (fields.length > MAX_FIELDS) throw new QueryError('wrong-arguments', span, `“transactionize” takes at most ${MAX_FIELDS} fields.`);
    return { op: 'transactionize', fields, prefix, keepOrphans: true, ...settings, ...(merge ? { merge } : {}), span };
  },
  print: (o) => {
    const options = [
      ...(o.maxPause ? [`maxPause=${o.maxPause.text}`] : []),
      ...(o.maxLogs === undefined ? [] : [`maxLogs=${o.maxLogs}`]),
      ...(o.startsWith === undefined ? [] : [`startsWith=${printString(o.startsWith)}`]),
      ...(o.endsWith === undefined ? [] : [`endsWith=${printString(o.endsWith)}`]),
      ...(o.keepOrphans ? [] : ['keepOrphans=false']),
      ...(o.merge ? [`(merge ${o.merge.map(printMerged).join(', ')})`] : []),
    ];
    return `transactionize ${o.fields.map((n) => printName(n.name)).join(', ')} as ${printName(o.prefix)}${options.length ? ` ${options.join(' ')}` : ''}`;
  },
  apply: (o, before) => {
    if (!before.parts.stored)
      throw new QueryError(
        'field-not-grouped',
        o.span,
        '“transactionize” groups records, and the query has grouped them already.',
        'Put it before the aggregate.',
      );
    const grouped = cut(o, joined(o, before.parts.limit === undefined ? before : before.finished()));
    return o.merge ? merged(o, grouped) : described(o, grouped);
  },
};

function parseMerge(cursor: Cursor): NonNullable<Of<'transactionize'>['merge']> {
  const token = cursor.peek();
  if (!cursor.take('merge'))
    throw new QueryError('not-supported', token, 'Only “merge” can stand here.', 'Write “(merge field takeFirst, …)”, or group by “_group” after it.');
  const fields = [parseMerged(cursor)];
  while (cursor.take(',')) fields.push(parseMerged(cursor));
  cursor.expect(')');
  return fields;
}

const LABEL = '\0label';
const ORPHAN = '\0orphan';
const BREAK = '\0break';
const PART = '\0part';
const LOGS = '\0logs';
const HELPERS = [LABEL, ORPHAN, BREAK, PART, LOGS];

const sqlOf = (state: State, name: string): Sql => state.column(name)?.value.sql as Sql;

/** Rows with a number that those of one group share. */
function joined(o: Of<'transactionize'>, before: State): State {
  const values = (state: State): Typed[] => o.fields.map((name) => state.resolve(name));
  const orphan = sql`(${join(values(before).map(isNull), ' AND ')})`;
  const numbered = before
    .assign(ORPHAN, boolean(orphan), true)
    .assign(LABEL, number(sql`toInt64(row_number() OVER (ORDER BY ${before.ctx.column('start')}))`), true)
    .finished();
  // One field needs one round: all rows of a value meet in it.
  return Array.from({ length: o.fields.length > 1 ? ROUNDS : 1 }).reduce<State>(
    (round) =>
      o.fields.reduce((state, name) => {
        const value = state.resolve(name);
        const least = sql`min(${sqlOf(state, LABEL)}) OVER (PARTITION BY ${isNull(value)}, ${value.sql})`;
        return state.assign(LABEL, number(sql`if(${isNull(value)}, ${sqlOf(state, LABEL)}, ${least})`), true).finished();
      }, round),
    numbered,
  );
}

/** Groups cut into transactions. Labels become unique numbers of them. */
function cut(o: Of<'transactionize'>, state: State): State {
  if (!o.maxPause && o.maxLogs === undefined && o.startsWith === undefined && o.endsWith === undefined) return state;
  const { ctx } = state;
  const over = (rows: State, frame: Sql): Sql => sql`OVER (PARTITION BY ${sqlOf(rows, LABEL)} ORDER BY ${ctx.column('start')} ${frame})`;
  const whole = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING`;
  const running = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`;
  const raw = sql`toString(${asText(state.resolve({ name: '_raw', span: o.span }))})`;
  const time = sql`toInt64(toUnixTimestamp(${ctx.column('start')}))`;
  const holds = (part: string): Sql => sql`(position(${raw}, ${param('String', part)}) > 0)`;
  const breaks = [
    ...(o.maxPause ? [sql`(${time} - lagInFrame(${time}, 1, ${time}) ${over(state, whole)} > ${num(o.maxPause.seconds)})`] : []),
    ...(o.startsWith === undefined ? [] : [holds(o.startsWith)]),
    ...(o.endsWith === undefined ? [] : [sql`(lagInFrame(${holds(o.endsWith)}, 1, false) ${over(state, whole)})`]),
  ];
  const broken = state.assign(BREAK, boolean(any(breaks)), true).finished();
  const parts = broken.assign(PART, number(sql`sum(${sqlOf(broken, BREAK)}) ${over(broken, running)}`), true).finished();
  const inPart = (rows: State, frame: Sql): Sql =>
    sql`OVER (PARTITION BY ${sqlOf(rows, LABEL)}, ${sqlOf(rows, PART)} ORDER BY ${ctx.column('start')} ${frame})`;
  const logs = o.maxLogs === undefined ? sql`0` : sql`intDiv(row_number() ${inPart(parts, running)} - 1, ${num(o.maxLogs)})`;
  const counted = parts.assign(LOGS, number(logs), true).finished();
  const rank = sql`toInt64(dense_rank() OVER (ORDER BY ${sqlOf(counted, LABEL)}, ${sqlOf(counted, PART)}, ${sqlOf(counted, LOGS)}))`;
  return counted.assign(LABEL, number(rank), true).finished();
}

/** The records with what is known of their transaction. */
function described(o: Of<'transactionize'>, state: State): State {
  const { ctx } = state;
  const over = sql`OVER (PARTITION BY ${sqlOf(state, LABEL)})`;
  const orphan = sqlOf(state, ORPHAN);
  const time = sql`toInt64(toUnixTimestamp(${ctx.column('start')})) * 1000`;
  const known = (value: Sql): Typed => number(sql`if(${orphan}, NULL, ${value})`);
  const rank = sql`dense_rank() OVER (ORDER BY ${sqlOf(state, LABEL)})`;
  const done = state
    .assign(o.prefix, known(rank))
    .assign(`${o.prefix}_duration`, known(sql`(max(${time}) ${over} - min(${time}) ${over})`))
    .assign(`${o.prefix}_size`, known(sql`count() ${over}`))
    .assign(`${o.prefix}_orphaned`, number(sql`toUInt8(${orphan})`))
    .finished();
  const kept = o.keepOrphans ? done : done.filter(sql`NOT ${sqlOf(done, ORPHAN)}`);
  return withoutHelpers(kept);
}

/** One row for each transaction; records without a group are none. */
function merged(o: Of<'transactionize'>, state: State): State {
  const rows = state.filter(sql`NOT ${sqlOf(state, ORPHAN)}`);
  const { ctx } = rows;
  const selected: Sql[] = [];
  const add = (name: string, value: Typed): Column => {
    const id = ctx.fresh();
    selected.push(sql`${value.sql} AS ${id}`);
    return { name, value: { ...value, sql: id } };
  };
  const columns = mergedColumns(o.merge ?? [], rows, add);
  const time = sql`toInt64(toUnixTimestamp(${ctx.column('start')})) * 1000`;
  const more = [add(`${o.prefix}_duration`, number(sql`(max(${time}) - min(${time}))`)), add(`${o.prefix}_size`, number(sql`count()`))];
  const first = add('__first', number(sql`min(${time})`));
  const from = sql`(${rows.select(selected)} GROUP BY ${sqlOf(rows, LABEL)})`;
  const order = [first, ...columns].map((c) => ({ value: c.value, descending: false }));
  return rows.with({ from, stored: false, grouped: true, where: [], columns: [...columns, ...more], order, limit: undefined });
}

function withoutHelpers(state: State): State {
  return state.with({ columns: state.parts.columns.filter((c) => !HELPERS.includes(c.name)) });
}
