/** Statements beside queries: records behind a value, their number, values for completion, the extent of the data. */
import { ADDED_FIELDS, AWS_FIELDS, findField, RECORD_COLUMNS } from '../model/fields.ts';
import { REGISTRY_OF } from '../model/registries.ts';
import { caught, scoped } from './compile.ts';
import { Context } from './context.ts';
import type { CompileOptions, Diagnostic, OutputColumn, Relations } from './contract.ts';
import { didYouMean, QueryError } from './diagnostics.ts';
import { compileConditions, datasetsOf } from './filter.ts';
import { like } from './match.ts';
import { parse } from './parser.ts';
import { rawText } from './raw.ts';
import { ident, join, num, type Sql, type Statement, sql, statement } from './sql.ts';
import { baseState, THIS_WINDOW } from './state.ts';
import { registryText, storedField } from './stored.ts';
import { asOutput, asText, isNull, type Typed } from './typed.ts';

export interface RecordsOptions extends CompileOptions {
  /** Scope text: a query without steps. */
  readonly scope: string;
  readonly limit: number;
  readonly offset: number;
}

type Result<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Columns of recordsStatement, in order: `_index`, all stored columns by their name, `_raw`. */
export const RECORD_RESULT_COLUMNS: readonly OutputColumn[] = [
  { name: '_index', kind: 'text' },
  ...[...AWS_FIELDS, ...ADDED_FIELDS].map((f): OutputColumn => {
    const kind = f.type === 'time' && f.columnType === 'UInt32' ? 'number' : REGISTRY_OF.has(f.column) ? 'text' : f.type;
    return { name: f.column, kind, field: f.name };
  }),
  ...RECORD_COLUMNS.map((c): OutputColumn => ({ name: c.column, kind: c.column === 'absent' ? 'number' : 'text' })),
  { name: '_raw', kind: 'text', field: '_raw' },
];

/** Where the scope and conditions select from, with its conditions. */
function selection(scopeText: string, options: CompileOptions): { ctx: Context; from: Sql; where: Sql } {
  const parsed = parse(scopeText);
  const [first] = parsed.diagnostics;
  if (first) throw new QueryError(first.code as 'unexpected-token', first.span, first.message, first.hint);
  const [step] = parsed.query.operations;
  if (step) throw new QueryError('unexpected-token', step.span, 'Records are selected by a scope: a query without steps.');
  const datasets = datasetsOf(parsed.query.scope, options.conditions ?? []);
  const columns = new Set([...AWS_FIELDS, ...ADDED_FIELDS].map((f) => f.column).concat(RECORD_COLUMNS.map((c) => c.column)));
  const ctx = new Context(options, datasets, columns);
  const { parts } = scoped(parsed.query, ctx, THIS_WINDOW);
  return { ctx, from: parts.from, where: parts.where.length ? sql`(${join(parts.where, ' AND ')})` : sql`true` };
}

/**
 * Matching records, newest first: see RECORD_RESULT_COLUMNS. Times are epoch milliseconds, addresses
 * text, the `absent` mask text (64 bits).
 */
export function recordsStatement(options: RecordsOptions): Result<{ statement: Statement; columns: readonly OutputColumn[] }> {
  return caught(() => {
    const { ctx, from, where } = selection(options.scope, options);
    const stored = [...AWS_FIELDS, ...ADDED_FIELDS].map((f) => f.column).concat(RECORD_COLUMNS.map((c) => c.column));
    const index = ctx.datasets.length > 1 ? [sql`_index`] : [];
    const page = sql`SELECT ${join([...stored.map(ident), ...index], ', ')} FROM ${from} WHERE ${where} ORDER BY start DESC LIMIT ${num(options.limit)} OFFSET ${num(options.offset)}`;
    const list = RECORD_RESULT_COLUMNS.map((column) => sql`${recordValue(ctx, column)} AS ${ident(`o_${column.name}`)}`);
    return { ok: true, statement: statement(sql`SELECT ${join(list, ', ')} FROM (${page}) ORDER BY start DESC`), columns: RECORD_RESULT_COLUMNS };
  });
}

function recordValue(ctx: Context, column: OutputColumn): Sql {
  if (column.name === '_index') return ctx.datasets.length > 1 ? sql`_index` : ctx.datasets[0] === 'vpc_flow_status' ? sql`'vpc_flow_status'` : sql`'vpc_flow'`;
  if (column.name === '_raw') return rawText(ctx);
  const value = ident(column.name);
  const text = registryText(column.name, value);
  if (text) return text;
  if (column.name === 'absent') return sql`toString(${value})`;
  const typed: Typed = { sql: value, kind: column.kind, ...(column.kind === 'time' ? { datetime: true } : {}) };
  return asOutput(typed);
}

/** One row, one column: how many records match. */
export function countStatement(options: CompileOptions & { readonly scope: string }): Result<{ statement: Statement }> {
  return caught(() => {
    const { from, where } = selection(options.scope, options);
    return { ok: true, statement: statement(sql`SELECT count() AS records FROM ${from} WHERE ${where}`) };
  });
}

/** The 50 most frequent values of a field in the window that begin with a text: rows of [value text, count]. */
export function valuesStatement(fieldName: string, prefix: string, options: CompileOptions): Result<{ statement: Statement }> {
  return caught(() => {
    const field = findField(fieldName);
    const span = { start: 0, end: fieldName.length };
    if (!field)
      throw new QueryError(
        'unknown-field',
        span,
        `There is no field ${fieldName}.`,
        didYouMean(
          fieldName,
          [...AWS_FIELDS, ...ADDED_FIELDS].map((f) => f.name),
        ),
      );
    const ctx = new Context(options, ['vpc_flow']);
    const base = baseState(ctx, THIS_WINDOW);
    const value = storedField(ctx, field);
    const where = [...base.parts.where, ...compileConditions(options.conditions ?? [], base), sql`NOT ${isNull(value)}`];
    const grouped = sql`SELECT ${value.sql} AS v, count() AS n FROM ${base.parts.from} WHERE ${join(where, ' AND ')} GROUP BY v`;
    const shown: Typed = { ...value, sql: sql`v` };
    const matching = prefix === '' ? sql`true` : like(shown, `${prefix.replaceAll('*', '')}*`, true);
    return {
      ok: true,
      statement: statement(sql`SELECT ${asText(shown)} AS value, n AS count FROM (${grouped}) WHERE ${matching} ORDER BY n DESC, v ASC LIMIT 50`),
    };
  });
}

/** One row: first and last start in `vpc_flow` as epoch seconds (null without records), number of records. */
export function extentStatement(relations: Relations): Statement {
  const from = relations.table('vpc_flow');
  return statement(
    sql`SELECT if(count() = 0, NULL, toUnixTimestamp(min(start))) AS first, if(count() = 0, NULL, toUnixTimestamp(max(start))) AS last, count() AS records FROM ${from}`,
  );
}
