/**
 * Statements beside queries: the records that a query is about (its *matches*: the rows before its first
 * step that groups), their number, over time and by a field's values; values for completion; the extent
 * of the data.
 */
import { EXTRACTED, FIELDS, type Field, RECORD_COLUMNS } from '../model/fields.ts';
import { type Dataset, formatOf, VPC_FLOW } from '../model/log-formats.ts';
import { REGISTRY_OF } from '../model/registries.ts';
import { caught, distinct, matches, newContext, scoped, withContext, withDatasets, withRules } from './compile.ts';
import type { Context } from './context.ts';
import type { CompileOptions, Diagnostic, OutputColumn, Relations } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { lookedUp } from './interfaces.ts';
import { like } from './match.ts';
import { parse } from './parser.ts';
import { rawText } from './raw.ts';
import { ident, join, num, param, type Sql, type Statement, sql, statement } from './sql.ts';
import { type State, THIS_WINDOW } from './state.ts';
import { indicatorOf, registryText } from './stored.ts';
import { zoneOffset } from './subqueries.ts';
import { indicatorAttribute } from './threats.ts';
import type { Query } from './tree.ts';
import { asOutput, asText, isNull, nullable, type Typed } from './typed.ts';

export interface MatchesOptions extends CompileOptions {
  /** A whole query; what groups records, and all that follows, is left out. */
  readonly query: string;
}

export interface RecordsOptions extends MatchesOptions {
  readonly limit: number;
  readonly offset: number;
}

type Result<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

interface RecordsStatement {
  readonly statement: Statement;
  readonly columns: readonly OutputColumn[];
  readonly made: readonly OutputColumn[];
  /** Datasets whose records they are. */
  readonly datasets: readonly Dataset[];
  readonly warnings: readonly Diagnostic[];
}

/** Stored fields of the records of datasets, each column once. */
function fieldsOf(datasets: readonly Dataset[]): readonly Field[] {
  const formats = [...new Set(datasets.map(formatOf))];
  return [...new Map(formats.flatMap(({ stored }) => stored.map((f) => [f.column, f] as const))).values()];
}

/** What the interface lookup adds to a record. */
const LOOKED_UP: readonly Field[] = FIELDS.filter((f) => f.derived === 'interface');

/** Columns of the numbers of indicators, and the addresses that they are of. */
const INDICATORS: Readonly<Record<string, string>> = { src_indicator: 'srcaddr', dst_indicator: 'dstaddr' };

/** Columns of recordsStatement, in order: `_index`, all stored columns by their name, what the interface lookup adds by field name, `_raw`. */
function recordColumns(datasets: readonly Dataset[]): OutputColumn[] {
  return [
    { name: '_index', kind: 'text' },
    ...fieldsOf(datasets).map((f): OutputColumn => {
      const made = f.columnType === 'Array(String)' ? 'list' : f.type;
      const kind = f.type === 'time' && f.columnType === 'UInt32' ? 'number' : REGISTRY_OF.has(f.column) || f.column in INDICATORS ? 'text' : made;
      return { name: f.column, kind, field: f.name };
    }),
    ...RECORD_COLUMNS.map((c): OutputColumn => ({ name: c.column, kind: c.clickhouse === 'UInt64' ? 'number' : 'text' })),
    // Records of transit gateways are not of an interface.
    ...(datasets.every((dataset) => formatOf(dataset) === VPC_FLOW) ? LOOKED_UP : []).map(
      (f): OutputColumn => ({ name: f.name, kind: f.columnType === 'Array(String)' ? 'list' : 'text', field: f.name }),
    ),
    { name: '_raw', kind: 'text', field: '_raw' },
  ];
}

/** The tree of a text, or of the steps that are right before one that is not. Throws QueryError for a mistake that cannot be left out. */
function parsed(text: string, variables?: CompileOptions['variables']): Query {
  const { query, diagnostics } = parse(text, variables);
  const [first] = diagnostics;
  if (first) throw new QueryError(first.code as 'unexpected-token', first.span, first.message, first.hint);
  return query;
}

/** The matches, which must still be records. Throws QueryError. */
function recordsOf(query: Query, ctx: Context): State {
  const state = matches(query, ctx);
  if (state.parts.stored) return state;
  const [step] = query.operations;
  throw new QueryError('no-records', step?.span ?? { start: 0, end: 0 }, 'The rows of this query are not stored records, so there are none to show.');
}

/** Records of one second have an order of their own, or pages would repeat some and lose others. */
const TIE = ['event_id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'interface_id', 'tgw_attachment_id', 'action', 'bytes'];

/**
 * Where records come by their time, the time of the page's last one is found first: that reads one column,
 * and what decides among equals is then read of few records and not of all matches.
 */
function untilPage({ order, from, where }: State['parts'], last: number): Sql[] {
  const [key, ...others] = order;
  if (!key?.value.datetime || key.value.field || others.length > 0 || last === 0) return [];
  const { sql: time } = key.value;
  const condition = where.length ? sql` WHERE ${join(where, ' AND ')}` : sql``;
  const [pick, direction, beyond] = key.descending ? [sql`min(k)`, sql`DESC`, sql`>=`] : [sql`max(k)`, sql`ASC`, sql`<=`];
  const page = sql`SELECT ${time} AS k FROM ${from}${condition} ORDER BY k ${direction} LIMIT ${num(last)}`;
  return [sql`${time} ${beyond} (SELECT ${pick} FROM (${page}))`];
}

/**
 * Matching records, newest first unless the query sorts: see recordColumns, then the columns that
 * the query made (`made`). Times are epoch milliseconds, addresses text, the `absent` mask text (64 bits).
 */
export function recordsStatement(options: RecordsOptions): Result<RecordsStatement> {
  return caught(() => {
    const query = parsed(options.query, options.variables);
    return withDatasets(query, options, (datasets) => recordsOfDatasets(query, datasets, options));
  });
}

function recordsOfDatasets(query: Query, datasets: readonly Dataset[], options: RecordsOptions): Result<RecordsStatement> {
  const result = recordColumns(datasets);
  const stored = new Set([...fieldsOf(datasets), ...RECORD_COLUMNS].map((c) => c.column));
  const tie = sql`cityHash64(${join(TIE.filter((name) => stored.has(name)).map(ident), ', ')})`;
  const { ctx, parts } = withRules((made) => recordsOf(query, newContext(options, datasets, made).handOn(stored)));
  const columns = parts.columns.filter((c) => !c.hidden);
  const own = columns.map((_, i) => ident(`m${i}`));
  const order = parts.order.map((_, i) => ident(`k${i}`));
  const index = ctx.datasets.length > 1 ? [sql`_index`] : [];
  const first = join(
    [
      ...[...stored].map(ident),
      ...index,
      ...columns.map((c, i) => sql`${asOutput(c.value)} AS ${own[i] as Sql}`),
      ...parts.order.map((o, i) => sql`${nullable(o.value)} AS ${order[i] as Sql}`),
    ],
    ', ',
  );
  const most = Math.min(options.limit, Math.max(0, (parts.limit ?? Number.MAX_SAFE_INTEGER) - options.offset));
  const sorted = join([...parts.order.map((o, i) => sql`${order[i] as Sql} ${o.descending ? sql`DESC` : sql`ASC`}`), sql`tie`], ', ');
  const where = [...parts.where, ...untilPage(parts, options.offset + most)];
  const condition = where.length ? sql` WHERE ${join(where, ' AND ')}` : sql``;
  const page = sql`SELECT ${first}, ${tie} AS tie FROM ${parts.from}${condition} ORDER BY ${sorted} LIMIT ${num(most)} OFFSET ${num(options.offset)}`;
  const list = [
    ...result.map((column) => sql`${recordValue(ctx, column)} AS ${ident(`o_${column.name}`)}`),
    ...own.map((id, i) => sql`${id} AS ${ident(`v${i}`)}`),
  ];
  const made = columns.map(
    (c): OutputColumn => ({
      name: c.name,
      kind: c.value.kind,
      ...(c.value.field ? { field: c.value.field.name } : {}),
      ...(c.value.link ? { link: true } : {}),
    }),
  );
  const value = statement(sql`SELECT ${join(list, ', ')} FROM (${page}) ORDER BY ${sorted}`);
  return { ok: true, statement: value, columns: result, made, datasets, warnings: distinct(ctx.warnings) };
}

/** One row, one column: how many records match. */
export function countStatement(options: MatchesOptions): Result<{ statement: Statement }> {
  return onMatches(options, (state) => sql`SELECT count() AS records FROM (${state.select([sql`1`])})`);
}

/**
 * Rows of [epoch seconds, records]: matches in buckets of a width, all buckets of a window (epoch seconds).
 * They begin at full units of the zone; days are as long as the zone's clocks make them.
 */
export function histogramStatement(
  options: MatchesOptions,
  seconds: number,
  window: { readonly from: number; readonly to: number },
): Result<{ statement: Statement }> {
  return onMatches(options, (state) => {
    const bucket = (time: Sql): Sql => bucketStart(time, seconds, state.ctx.options.timeZone, window.from);
    const found = sql`SELECT ${bucket(sql`start`)} AS bucket, count() AS n FROM (${state.select([state.ctx.column('start')])}) GROUP BY bucket`;
    // No bucket is shorter than half its width, whatever the clocks do.
    const step = Math.max(1, Math.floor(seconds / 4));
    const times = sql`arrayConcat(range(toInt64(${num(window.from)}), toInt64(${num(window.to)}), ${num(step)}), [toInt64(${num(Math.max(window.from, window.to - 1))})])`;
    const all = sql`SELECT arrayJoin(arrayDistinct(arrayMap(at -> ${bucket(sql`toDateTime(at, 'UTC')`)}, ${times}))) AS bucket, toUInt64(0) AS n`;
    return sql`SELECT bucket, sum(n) AS records FROM (${found} UNION ALL ${all}) GROUP BY bucket ORDER BY bucket`;
  });
}

/** Where a time's bucket begins, in epoch seconds: whole days and hours by the zone's clocks. `at`: epoch seconds. */
function bucketStart(time: Sql, seconds: number, timeZone: string, at: number): Sql {
  const zone = param('String', timeZone);
  const [unit, count] = seconds % 86_400 === 0 ? [sql`DAY`, seconds / 86_400] : [sql`HOUR`, seconds / 3600];
  if (Number.isInteger(count)) return sql`toInt64(toUnixTimestamp(toDateTime(toStartOfInterval(${time}, INTERVAL ${num(count)} ${unit}, ${zone}), ${zone})))`;
  // Clocks are changed by multiples of what is shorter: one offset holds for all.
  const origin = -zoneOffset(at, timeZone);
  return sql`${num(origin)} + toInt64(floor((toUnixTimestamp(${time}) - ${num(origin)}) / ${num(seconds)})) * ${num(seconds)}`;
}

/**
 * The most frequent values of a field or made column among the matches: rows of [value text or null, count,
 * all matches, those that have the field, different values]. Without a single value there is one row of null.
 */
export function fieldStatement(options: MatchesOptions, name: string, limit: number): Result<{ statement: Statement }> {
  return onMatches(options, (state) => {
    const value = state.resolve({ name, span: { start: 0, end: 0 } });
    const grouped = sql`SELECT v, count() AS n FROM (${state.select([sql`${nullable(value)} AS v`])}) GROUP BY v`;
    const { emptyIsNull: _, field: __, of: ___, ...bare } = value;
    const shown = asText({ ...bare, sql: sql`v` });
    const counts = sql`sum(n) OVER () AS total, sum(if(isNull(v), 0, n)) OVER () AS present, sum(if(isNull(v), 0, 1)) OVER () AS distinct_values`;
    return sql`SELECT if(isNull(v), NULL, toString(${shown})) AS value, n, total, present, distinct_values FROM (SELECT v, n, ${counts} FROM (${grouped})) ORDER BY isNull(v), n DESC, value LIMIT ${num(limit)}`;
  });
}

/** A statement over the matches, which hand on only the columns that it reads. */
function onMatches(options: MatchesOptions, make: (state: State) => Sql): Result<{ statement: Statement }> {
  return caught(() => {
    const query = parsed(options.query, options.variables);
    const { value } = withContext(query, options, (ctx) => make(recordsOf(query, ctx)));
    return { ok: true, statement: statement(value) };
  });
}

function recordValue(ctx: Context, column: OutputColumn): Sql {
  if (column.name === '_index') return ctx.datasets.length > 1 ? sql`_index` : param('String', ctx.datasets[0] ?? VPC_FLOW.flows);
  if (column.name === '_raw') return rawText(ctx);
  const known = LOOKED_UP.find((f) => f.name === column.name);
  if (known) return lookedUp(ctx, known);
  const value = ident(column.name);
  const text = registryText(column.name, value);
  if (text) return text;
  const address = INDICATORS[column.name];
  if (address) return indicatorText(ctx, column.name, ident(address));
  if (column.name === EXTRACTED) return sql`toJSONString(${value})`;
  if (column.name === 'absent') return sql`toString(${value})`;
  const typed: Typed = { sql: value, kind: column.kind, ...(column.kind === 'time' ? { datetime: true } : {}) };
  return asOutput(typed);
}

/** What is known of an indicator, as JSON (store/indicator-ddl.ts); empty where there is none. */
function indicatorText(ctx: Context, column: string, address: Sql): Sql {
  if (!ctx.options.catalog?.threats) return sql`''`;
  const number = indicatorOf(ctx, address, column);
  return sql`if(${number} = 0, '', ${indicatorAttribute(number, 'raw')})`;
}

/** The 50 most frequent values of a field in the window that begin with a text: rows of [value text, count]. */
export function valuesStatement(fieldName: string, prefix: string, options: CompileOptions): Result<{ statement: Statement }> {
  return caught(() => {
    const query = parsed('');
    const { value } = withContext(query, options, (ctx) => {
      const state = scoped(query, ctx, THIS_WINDOW);
      const field = state.resolve({ name: fieldName, span: { start: 0, end: fieldName.length } });
      const { from, where } = state.parts;
      const grouped = sql`SELECT ${field.sql} AS v, count() AS n FROM ${from} WHERE ${join([...where, sql`NOT ${isNull(field)}`], ' AND ')} GROUP BY v`;
      const { of: _, ...bare } = field;
      const shown: Typed = { ...bare, sql: sql`v` };
      const matching = prefix === '' ? sql`true` : like(shown, `${prefix.replaceAll('*', '')}*`, true);
      return sql`SELECT ${asText(shown)} AS value, n AS count FROM (${grouped}) WHERE ${matching} ORDER BY n DESC, v ASC LIMIT 50`;
    });
    return { ok: true, statement: statement(value) };
  });
}

/** One row: first and last start in `vpc_flow` as epoch seconds (null without records), number of records. */
export function extentStatement(relations: Relations): Statement {
  const from = relations.table('vpc_flow');
  return statement(
    sql`SELECT if(count() = 0, NULL, toUnixTimestamp(min(start))) AS first, if(count() = 0, NULL, toUnixTimestamp(max(start))) AS last, count() AS records FROM ${from}`,
  );
}
