/**
 * transpose: values become columns. With `as a, b` the columns are known and the statement makes them;
 * without it they are known only when the rows are there, and shape() makes them.
 */
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { EMPTY, join, param, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Name } from '../tree.ts';
import { asText } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

export const transpose: Operator<'transpose'> = {
  keywords: ['transpose'],
  syntax: 'transpose row field, … column field, … [as name, …[, *]]',
  doc: 'Makes a column of each value of the column fields, alphabetically, at most 300; the cells hold the aggregate.',
  example: 'timeslice 5m | count by _timeslice, action | transpose row _timeslice column action',
  parse: (cursor, start) => {
    cursor.expect('row');
    const rows = cursor.names();
    cursor.expect('column');
    const columns = cursor.names();
    const { as, rest } = cursor.take('as') ? parseOutputs(cursor) : { as: [], rest: true };
    return { op: 'transpose', rows, columns, as, rest, span: cursor.span(start) };
  },
  print: (o) => {
    const outputs = [...o.as.map(printName), ...(o.rest && o.as.length ? ['*'] : [])];
    const list = (names: readonly Name[]): string => names.map((n) => printName(n.name)).join(', ');
    return `transpose row ${list(o.rows)} column ${list(o.columns)}${outputs.length ? ` as ${outputs.join(', ')}` : ''}`;
  },
  apply: (o, state) => {
    if (!state.parts.grouped || state.parts.pivot)
      throw new QueryError(
        'needs-aggregate',
        o.span,
        'transpose needs an aggregate before it.',
        'For example: count by _timeslice, action | transpose row _timeslice column action',
      );
    const ready = state.parts.limit === undefined ? state : state.finished();
    const rows = o.rows.map((name) => keyColumn(ready, name));
    const columns = o.columns.map((name) => keyColumn(ready, name));
    const used = new Set([...rows, ...columns].map((c) => c.name.toLowerCase()));
    const measure = ready.parts.columns.find((c) => !c.hidden && !c.key && !used.has(c.name.toLowerCase()));
    if (!measure) throw new QueryError('needs-aggregate', o.span, 'There is no column left for the cells.');
    return o.rest ? dynamic(o, ready, rows, columns, measure) : fixed(o, ready, rows, columns, measure);
  },
};

function parseOutputs(cursor: Cursor): { as: string[]; rest: boolean } {
  const as: string[] = [];
  do {
    if (cursor.take('*')) return { as, rest: true };
    as.push(cursor.name('the name of a column').name);
  } while (cursor.take(','));
  return { as, rest: false };
}

function keyColumn(state: State, name: Name): Column {
  const value = state.resolve(name);
  return { name: name.name, value, key: true };
}

function dynamic(o: Of<'transpose'>, state: State, rows: Column[], columns: Column[], measure: Column): State {
  const order = rows.map((column) => ({ value: column.value, descending: false }));
  return state.with({
    columns: [...rows, ...columns, measure],
    order: state.parts.order.length ? state.parts.order : order,
    pivot: { rows: rows.length, columns: columns.length, first: o.as },
  });
}

function fixed(o: Of<'transpose'>, state: State, rows: Column[], columns: Column[], measure: Column): State {
  const { ctx } = state;
  const selected: Sql[] = [];
  const key = join(
    columns.map((c) => asText(c.value)),
    ', ',
  );
  const label = columns.length > 1 ? sql`concatWithSeparator('_', ${key})` : key;
  const out = (name: string, column: Column, value: Sql): Column => {
    const id = ctx.fresh();
    selected.push(sql`${value} AS ${id}`);
    return { name, value: { ...plain(column.value), sql: id }, ...(column.key ? { key: true } : {}) };
  };
  const keys = rows.map((c) => out(c.name, c, c.value.sql));
  const cells = o.as.map((name) => out(name, measure, sql`anyOrNullIf(${measure.value.sql}, ${label} = ${param('String', name)})`));
  const grouping = keys.length
    ? sql` GROUP BY ${join(
        keys.map((c) => c.value.sql),
        ', ',
      )}`
    : EMPTY;
  return state.with({ from: sql`(${state.select(selected)}${grouping})`, where: [], columns: [...keys, ...cells], order: [] });
}
