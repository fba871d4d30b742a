/**
 * trace: records that belong to a chain of values. It begins with one value; a record that has a value of
 * the chain adds all values that it has.
 */
import { QueryError } from '../diagnostics.ts';
import { printString } from '../print-expression.ts';
import { checkedRegex } from '../regex.ts';
import { num, param, type Sql, sql, subquery } from '../sql.ts';
import type { State } from '../state.ts';
import { asText } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

/** Links of a chain that are followed. */
const ROUNDS = 16;
/** Different sets of values, and with a direction records, that a chain is made of. */
const MAX_RECORDS = 10_000;

const VALUES = '\0values';

export const trace: Operator<'trace'> = {
  keywords: ['trace'],
  syntax: 'trace [+|-] "pattern" "value"',
  doc: `Keeps the records of a chain: a record that has the value (found by the pattern’s first group in _raw) adds all values that it has, and so on, over at most ${ROUNDS} links and ${MAX_RECORDS} records with values. With + a value counts from the record that led to it onwards, with - backwards.`,
  example: 'trace "(10\\.0\\.0\\.\\d+)" "10.0.0.1"',
  parse: (cursor, start) => {
    const direction = (['+', '-'] as const).find((sign) => cursor.take(sign));
    const pattern = cursor.kind('string', 'a pattern in quotation marks');
    const source = checkedRegex(pattern.raw ?? pattern.value, { start: pattern.start, end: pattern.end });
    const { value } = cursor.kind('string', 'the value that the chain begins with, in quotation marks');
    return { op: 'trace', pattern: source, start: value, ...(direction ? { direction } : {}), span: cursor.span(start) };
  },
  print: (o) => `trace ${o.direction ? `${o.direction} ` : ''}"${o.pattern.replace(/\\.|"/g, (c) => (c === '"' ? '\\"' : c))}" ${printString(o.start)}`,
  apply: (o, before) => {
    if (!before.parts.stored)
      throw new QueryError('field-not-grouped', o.span, '“trace” reads records, and the query has grouped them.', 'Put it before the aggregate.');
    const ready = before.parts.limit === undefined ? before : before.finished();
    const raw = sql`toString(${asText(ready.resolve({ name: '_raw', span: o.span }))})`;
    const found = sql`arrayDistinct(extractAll(${raw}, ${param('String', o.pattern)}))`;
    const state = ready.assign(VALUES, { sql: found, kind: 'list' }, true).finished();
    const values = state.column(VALUES)?.value.sql as Sql;
    const time = sql`toInt64(toUnixTimestamp(${state.ctx.column('start')}))`;
    const kept = o.direction
      ? sql`arrayExists(link -> has(${values}, tupleElement(link, 1)) AND ${o.direction === '+' ? sql`tupleElement(link, 2) <= ${time}` : sql`tupleElement(link, 2) >= ${time}`}, ${directed(o, state, values, time)})`
      : sql`hasAny(${values}, ${undirected(o, state, values)})`;
    const done = state.filter(kept);
    return done.with({ columns: done.parts.columns.filter((c) => c.name !== VALUES) });
  },
};

/** All values of the chain. */
function undirected(o: Of<'trace'>, state: State, values: Sql): Sql {
  const sets = sql`SELECT groupUniqArray(${num(MAX_RECORDS)})(${sql`v`}) AS sets FROM (${state.select([sql`${values} AS v`])}) WHERE length(v) > 0`;
  const grown = sql`arrayDistinct(arrayConcat(chain, arrayFlatten(arrayFilter(v -> hasAny(v, chain), sets))))`;
  return subquery(sql`SELECT arrayFold((chain, round) -> ${grown}, range(${num(ROUNDS)}), [${param('String', o.start)}]) FROM (${sets})`);
}

/** Values of the chain with the time that they count from, in epoch seconds. */
function directed(o: Of<'trace'>, state: State, values: Sql, time: Sql): Sql {
  const sign = o.direction === '+' ? sql`at` : sql`-at`;
  const sets = sql`SELECT arraySort(pair -> tupleElement(pair, 1), groupArray(${num(MAX_RECORDS)})((${sign}, v))) AS sets FROM (${state.select([sql`${time} AS at`, sql`${values} AS v`])}) WHERE length(v) > 0`;
  const known = sql`arrayMap(link -> tupleElement(link, 1), chain)`;
  const fresh = sql`arrayMap(v -> (v, toInt64(abs(tupleElement(pair, 1)))), arrayFilter(v -> NOT has(${known}, v), tupleElement(pair, 2)))`;
  const grown = sql`if(hasAny(tupleElement(pair, 2), ${known}), arrayConcat(chain, ${fresh}), chain)`;
  const first = o.direction === '+' ? sql`toInt64(0)` : sql`toInt64(4294967295)`;
  return subquery(sql`SELECT arrayFold((chain, pair) -> ${grown}, sets, [(${param('String', o.start)}, ${first})]) FROM (${sets})`);
}
