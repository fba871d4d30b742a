/** merge: all rows as one, each field by a strategy of its own. */
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { printName, printString } from '../print-expression.ts';
import { num, param, type Sql, sql } from '../sql.ts';
import { type Column, orderList, type State } from '../state.ts';
import type { Merged, Span } from '../tree.ts';
import { asText, isNull, type Typed } from '../typed.ts';
import type { Operator } from './kinds.ts';

/** Values that are put together. */
const MAX_VALUES = 10_000;
const NEW_LINE = '\n';

const STRATEGIES: Readonly<Record<string, Merged['strategy']>> = { takefirst: 'takeFirst', takelast: 'takeLast', takedistinct: 'takeDistinct' };

/** `field takeFirst as name`. */
export function parseMerged(cursor: Cursor): Merged {
  const field = cursor.name();
  let separator = NEW_LINE;
  let strategy: Merged['strategy'] = 'join';
  const word = Object.keys(STRATEGIES).find((name) => cursor.take(name));
  if (word !== undefined) strategy = STRATEGIES[word] as Merged['strategy'];
  else if (cursor.take('join') && cursor.take('with')) separator = cursor.kind('string', 'the separator in quotation marks').value;
  const as = cursor.alias();
  return { field, strategy, separator, ...(as === undefined ? {} : { as }) };
}

export function printMerged({ field, strategy, separator, as }: Merged): string {
  const how = strategy !== 'join' ? ` ${strategy}` : separator === NEW_LINE ? '' : ` join with ${printString(separator)}`;
  return `${printName(field.name)}${how}${as === undefined ? '' : ` as ${printName(as)}`}`;
}

export const merge: Operator<'merge'> = {
  keywords: ['merge'],
  syntax: 'merge [field [takeFirst | takeLast | takeDistinct | join [with "separator"]] [as name], …]',
  doc: 'Makes one row of all: of each field the earliest value, the latest one, the different ones, or all (at most 10,000), oldest first, a line each unless another separator is written. Without fields: the texts of the records, and the time of the first.',
  example: 'merge srcaddr takeDistinct, action join with ", " as actions',
  parse: (cursor, start) => {
    const fields: Merged[] = [];
    if (!cursor.done) {
      do fields.push(parseMerged(cursor));
      while (cursor.take(','));
    }
    return { op: 'merge', fields, span: cursor.span(start) };
  },
  print: (o) => `merge${o.fields.length ? ` ${o.fields.map(printMerged).join(', ')}` : ''}`,
  apply: (o, before) => {
    const state = before.parts.limit === undefined ? before : before.finished();
    const selected: Sql[] = [];
    const { rows, columns } = mergedRows(o.fields.length ? o.fields : standard(o.span), state, selected);
    return rows.with({ from: sql`(${rows.select(selected)})`, stored: false, grouped: true, where: [], columns, order: [] });
  },
};

function mergedRows(fields: readonly Merged[], state: State, selected: Sql[]): { readonly rows: State; readonly columns: Column[] } {
  const { rows, age } = withAge(state);
  const add = (name: string, value: Typed): Column => {
    const id = rows.ctx.fresh();
    selected.push(sql`${value.sql} AS ${id}`);
    return { name, value: { ...plain(value), sql: id } };
  };
  return { rows, columns: columnsOf(fields, rows, age, add) };
}

function columnsOf(fields: readonly Merged[], rows: State, age: Sql, add: (name: string, value: Typed) => Column): Column[] {
  return fields.map((merged) => add(merged.as ?? merged.field.name, mergedValue(merged, rows.resolve(merged.field), age)));
}

/** One column for each merged field of records; `add` selects its value. */
export function mergedColumns(fields: readonly Merged[], records: State, add: (name: string, value: Typed) => Column): Column[] {
  return columnsOf(fields, records, withAge(records).age, (name, value) => {
    const column = add(name, value);
    return { ...column, value: { ...plain(column.value), sql: column.value.sql } };
  });
}

function standard(span: Span): Merged[] {
  const of = (name: string, strategy: Merged['strategy']): Merged => ({ field: { name, span }, strategy, separator: NEW_LINE });
  return [of('_messageTime', 'takeFirst'), of('_raw', 'join')];
}

/** Rows with a number that grows with time: of records their own; other rows count as newest first. */
function withAge(state: State): { readonly rows: State; readonly age: Sql } {
  if (state.parts.stored) return { rows: state, age: sql`toInt64(toUnixTimestamp(${state.ctx.column('start')}))` };
  const rows = state.finished();
  const order = rows.parts.order.length ? sql`ORDER BY ${orderList(rows.parts.order)}` : sql``;
  const placed = rows.assign(PLACE, { sql: sql`row_number() OVER (${order})`, kind: 'number' }, true).finished();
  return { rows: placed, age: sql`-toInt64(${placed.column(PLACE)?.value.sql as Sql})` };
}

const PLACE = '\0place';

function mergedValue({ strategy, separator }: Merged, value: Typed, age: Sql): Typed {
  const given = sql`NOT ${isNull(value)}`;
  if (strategy === 'takeFirst') return { ...value, sql: sql`argMinOrNullIf(${value.sql}, ${age}, ${given})` };
  if (strategy === 'takeLast') return { ...value, sql: sql`argMaxOrNullIf(${value.sql}, ${age}, ${given})` };
  const pairs = sql`arraySort(groupArrayIf(${num(MAX_VALUES)})((${age}, assumeNotNull(toString(${asText(value)}))), ${given}))`;
  const texts = sql`arrayMap(pair -> tupleElement(pair, 2), ${pairs})`;
  const list = strategy === 'takeDistinct' ? sql`arrayDistinct(${texts})` : texts;
  return { sql: sql`arrayStringConcat(${list}, ${param('String', separator)})`, kind: 'text' };
}
