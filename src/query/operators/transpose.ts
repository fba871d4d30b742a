/**
 * transpose: values become columns. With `as a, b` the columns are known and the statement makes them.
 * Without it they are known only when the rows are there: a row holds them as pairs of label and value
 * in one column, in which later steps find them by name, and shape() spreads what is left.
 */
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { printName } from '../print-expression.ts';
import { join, param, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Name } from '../tree.ts';
import { asText, nullable, type Typed, text } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

export const transpose: Operator<'transpose'> = {
  keywords: ['transpose'],
  syntax: 'transpose row field, … column field, … [as name, …[, *]]',
  doc: 'Makes a column of each value of the column fields, alphabetically, of more than 300 those that hold the most; the cells hold the first aggregate that is no key. as a, b makes these columns only, as a, *, the others behind them. Later steps find the columns by name; names with other characters are written %"200". A cell that no row made has no value. A column that would have the name of a row field has _2 behind it.',
  example: 'timeslice 5m | count by _timeslice, action | transpose row _timeslice column action | if(isNull(REJECT), 0, REJECT) as REJECT',
  differs: 'columns can be used in later steps without being named in as.',
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
    if (!state.parts.grouped)
      throw new QueryError(
        'needs-aggregate',
        o.span,
        '“transpose” needs an aggregate before it.',
        'For example “count by _timeslice, action | transpose row _timeslice column action”.',
      );
    const ready = state.parts.limit === undefined ? state : state.finished();
    const rows = o.rows.map((name) => keyColumn(ready, name));
    const columns = o.columns.map((name) => keyColumn(ready, name));
    const used = new Set([...rows, ...columns].map((c) => c.name.toLowerCase()));
    const measure = ready.parts.columns.find((c) => !c.hidden && !c.key && !c.cells && !used.has(c.name.toLowerCase()));
    if (!measure)
      throw new QueryError('needs-aggregate', o.span, 'There is no column left for the cells.', 'Leave one column of the aggregate out of “row” and “column”.');
    return pivot(o, ready, rows, columns, measure);
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

/** Values of the column fields as the name of a column, joined by `_`; with `_2` behind it where a row key has that name. */
function labelOf(columns: readonly Column[], rows: readonly Column[]): Sql {
  const parts = columns.map(({ value }) => {
    const written = sql`toString(${asText(value)})`;
    return sql`ifNull(${value.emptyIsNull ? sql`nullIf(${written}, '')` : written}, 'null')`;
  });
  const label = sql`concatWithSeparator('_', ${join(parts, ', ')})`;
  const taken = param(
    'Array(String)',
    rows.map((row) => row.name.toLowerCase()),
  );
  return sql`concat(${label}, if(has(${taken}, lowerUTF8(${label})), '_2', ''))`;
}

/** One row for each row key. Named columns have their own cells; the others stay together in one column of pairs. */
function pivot(o: Of<'transpose'>, state: State, rows: readonly Column[], columns: readonly Column[], measure: Column): State {
  const { ctx } = state;
  const selected: Sql[] = [];
  const select = (value: Sql): Sql => {
    const id = ctx.fresh();
    selected.push(sql`${value} AS ${id}`);
    return id;
  };
  const label = labelOf(columns, rows);
  const keys = rows.map((c): Column => ({ name: c.name, value: { ...plain(c.value), sql: select(c.value.sql), ...carried(c.value, select) }, key: true }));
  const cell = measure.value.kind === 'list' ? text(asText(measure.value)) : measure.value;
  const cells = o.as.map(
    (name): Column => ({ name, value: { ...plain(cell), sql: select(sql`anyOrNullIf(${cell.sql}, ${label} = ${param('String', name)})`) } }),
  );
  const order = state.parts.order.map((given) => {
    const key = rows.findIndex((c) => JSON.stringify(c.value.sql.parts) === JSON.stringify(given.value.sql.parts));
    const value = keys[key]?.value ?? { ...plain(given.value), sql: select(given.descending ? sql`max(${given.value.sql})` : sql`min(${given.value.sql})`) };
    return { value, descending: given.descending };
  });
  const rest = o.rest ? [restOf(o, label, measure.value, select)] : [];
  const grouping = sql` GROUP BY ${join(
    keys.map((c) => c.value.sql),
    ', ',
  )}`;
  const implied = o.rest ? keys.map(({ value }) => ({ value, descending: false })) : [];
  return state.with({
    from: sql`(${state.select(selected)}${grouping})`,
    where: [],
    columns: [...keys, ...cells, ...rest],
    order: order.length ? order : implied,
  });
}

/** The place and network of an address that the aggregate has kept for a later step. */
function carried(value: Typed, select: (value: Sql) => Sql): Pick<Typed, 'place' | 'as'> {
  const keep = (source: (() => Sql) | undefined): (() => Sql) | undefined => {
    const id = source && select(sql`any(${source()})`);
    return id && (() => id);
  };
  const [place, as] = [keep(value.place), keep(value.as)];
  return { ...(place ? { place } : {}), ...(as ? { as } : {}) };
}

/** The column that holds the cells of all columns that are not named. */
function restOf(o: Of<'transpose'>, label: Sql, measure: Typed, select: (value: Sql) => Sql): Column {
  const { kind, datetime } = measure;
  const value = kind === 'list' ? asText(measure) : nullable(measure);
  const pair = sql`(${label}, toNullable(${value}))`;
  const list = o.as.length ? sql`groupArrayIf(${pair}, ${label} NOT IN (${param('Array(String)', o.as)}))` : sql`groupArray(${pair})`;
  return { name: CELLS, value: { sql: select(list), kind: 'list' }, cells: { kind: kind === 'list' ? 'text' : kind, ...(datetime ? { datetime } : {}) } };
}

const CELLS = '__cells';

/** The same rows without the column of a label that transpose made; undefined where none can be. */
export function withoutLabels(state: State, labels: readonly string[]): State {
  const gone = param(
    'Array(String)',
    labels.map((label) => label.toLowerCase()),
  );
  const columns = state.parts.columns.map((column) =>
    column.cells
      ? { ...column, value: { ...column.value, sql: sql`arrayFilter(cell -> lowerUTF8(tupleElement(cell, 1)) NOT IN (${gone}), ${column.value.sql})` } }
      : column,
  );
  return state.with({ columns });
}
