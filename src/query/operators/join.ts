/**
 * join: rows that steps make of the query's rows, beside rows that other steps make of them, wherever the keys
 * are equal. A table's columns are called table_column behind it.
 */

import { didYouMean, quoted } from '../../model/wording.ts';
import { plain } from '../aggregates.ts';
import type { Cursor } from '../cursor.ts';
import { QueryError } from '../diagnostics.ts';
import { keyPair } from '../keys.ts';
import { printName } from '../print-expression.ts';
import { limited } from '../semi-join.ts';
import { join as list, num, type Sql, sql } from '../sql.ts';
import type { Column, State } from '../state.ts';
import type { Name, Operation } from '../tree.ts';
import { asNumber, nullable, type Typed } from '../typed.ts';
import type { Of, Operator } from './kinds.ts';

type Join = Of<'join'>;

/** Rows that one table of a join may have. */
const MAX_ROWS = 1_000_000;

/** `t1.a`: the table, and the name in it. */
interface Place {
  readonly table: number;
  readonly name: Name;
}

function placeOf(o: Join, written: Name): Place {
  const table = o.tables.findIndex((t) => written.name.toLowerCase().startsWith(`${t.name.toLowerCase()}.`));
  if (table >= 0) return { table, name: { name: written.name.slice((o.tables[table]?.name.length ?? 0) + 1), span: written.span } };
  const names = o.tables.map((t) => t.name);
  const hint = didYouMean(written.name.split('.')[0] ?? '', names) ?? `Write ${quoted(`${names[0]}.field = ${names[1]}.field`)}.`;
  throw new QueryError('unknown-table', written.span, `${quoted(written.name)} names none of the tables of this join.`, hint);
}

function parseTables(cursor: Cursor): Join['tables'] {
  const tables: Join['tables'][number][] = [];
  do {
    const { start } = cursor.peek();
    cursor.expect('(');
    const operations = stepsOf(cursor);
    cursor.expect('as');
    const { name } = cursor.name('a name of the table');
    if (tables.some((t) => t.name.toLowerCase() === name.toLowerCase()))
      throw new QueryError('duplicate-name', cursor.span(start), `Two tables of the join are called ${quoted(name)}.`, 'Give one another name.');
    tables.push({ name, operations, span: cursor.span(start) });
  } while (cursor.take(','));
  return tables;
}

const COMPARISONS: readonly string[] = ['=', '!=', '<', '>', '<=', '>='];

/** The steps of a table, up to the parenthesis that closes it. Throws QueryError. */
function stepsOf(cursor: Cursor): readonly Operation[] {
  const first = cursor.peek();
  const scope = first.kind === 'string' || cursor.is('*') || cursor.is('!') || cursor.is('not') || COMPARISONS.some((op) => cursor.is(op, 1));
  let at = 0;
  while (!['end', 'pipe'].includes(cursor.peek(at).kind) && !cursor.is(')', at)) at++;
  const { end } = cursor.peek(at);
  try {
    return cursor.query(')', false).operations;
  } catch (error) {
    if (!scope || !(error instanceof QueryError) || error.diagnostic.span.start > end) throw error;
    throw new QueryError(
      'not-supported',
      first,
      'A search inside the parentheses of a join is not supported: each table is made of the rows before the join.',
      'Put the search in front of the join, and what one table needs of it into “where”: “(where action = "ACCEPT" | …) as a”.',
    );
  }
}

function parseWindow(cursor: Cursor): Join['within'] | undefined {
  const open = cursor.take('[');
  if (!cursor.take('timewindow')) {
    if (open) throw cursor.unexpected('“timewindow”');
    return undefined;
  }
  const { seconds, text } = cursor.duration();
  if (open) cursor.expect(']');
  return { seconds, text };
}

export const join: Operator<'join'> = {
  keywords: ['join'],
  syntax: 'join (steps) as a, (steps) as b, … on a.field = b.field [and …] [timewindow duration]',
  doc: 'Puts rows side by side whose keys are equal. Each table is what its steps make of the rows before the join; its columns are called a_field behind it. With timewindow the records lie no further apart.',
  example: 'join (where action = "ACCEPT") as a, (where action = "REJECT") as r on a.srcaddr = r.srcaddr | count by a_srcaddr',
  differs:
    'A table may have 1,000,000 rows; one with more ends the query with an error. The result is always complete. A search at the start of a table is refused, and not ignored.',
  parse: (cursor, start) => {
    const tables = parseTables(cursor);
    if (tables.length < 2)
      throw new QueryError('wrong-arguments', cursor.span(start), 'A join has at least two tables.', 'Write “join (…) as a, (…) as b on a.x = b.x”.');
    cursor.expect('on');
    const on: { left: Name; right: Name }[] = [];
    do {
      const left = cursor.name('a field such as “a.srcaddr”');
      cursor.take('==') || cursor.expect('=');
      on.push({ left, right: cursor.name('a field such as “b.srcaddr”') });
    } while (cursor.take('and'));
    const within = parseWindow(cursor);
    return { op: 'join', tables, on, ...(within ? { within } : {}), span: cursor.span(start) };
  },
  print: (o, steps) => {
    const tables = o.tables.map((t) => `(${steps(t.operations)}) as ${printName(t.name)}`).join(', ');
    const on = o.on.map(({ left, right }) => `${printName(left.name)} = ${printName(right.name)}`).join(' and ');
    return `join ${tables} on ${on}${o.within ? ` timewindow ${o.within.text}` : ''}`;
  },
  apply: (o, before, around) => {
    const state = before.parts.limit === undefined ? before : before.finished();
    const tables = o.tables.map((t) => new Side(t.name, t.span, around.inner(t.operations, state)));
    const conditions = conditionsOf(o, tables);
    for (const name of wantedBehind(around.after)) for (const table of tables) table.offer(name);
    const apart = o.within ? timesApart(o.within.seconds, tables) : [];
    const [first, ...rest] = inOrder(tables, conditions, o);
    const { ctx } = state;
    const from = rest.reduce(
      (all, { table, on }) => sql`${all} INNER JOIN (${table.rows()}) AS ${ctx.fresh()} ON ${list(on, ' AND ')}`,
      sql`(${(first as Ordered).table.rows()}) AS ${ctx.fresh()}`,
    );
    const columns = tables.flatMap((table) => table.columns());
    const order = tables.flatMap((table) => table.order);
    return state.with({
      from,
      stored: false,
      grouped: true,
      where: apart,
      columns: [...columns, ...shortNames(tables, columns)],
      order,
      limit: undefined,
      chosen: undefined,
      removed: undefined,
    });
  },
};

/** One table of a join under construction: what its SELECT hands on. */
class Side {
  readonly name: string;
  readonly state: State;
  readonly #span: Join['span'];
  readonly #selected: Sql[] = [];
  readonly #columns: { readonly name: string; readonly column: Column }[] = [];
  readonly order: { value: Typed; descending: boolean }[];

  constructor(name: string, span: Join['span'], state: State) {
    this.name = name;
    this.#span = span;
    this.state = state.parts.limit === undefined ? state : state.finished();
    for (const column of this.state.parts.columns) if (!column.hidden && !column.cells) this.#add(column.name, column.value, false);
    this.order = this.state.parts.order.map((o) => ({ value: this.handOn(o.value), descending: o.descending }));
  }

  handOn(value: Typed): Typed {
    const id = this.state.ctx.fresh();
    this.#selected.push(sql`${nullable(value)} AS ${id}`);
    const { emptyIsNull: _, ...rest } = plain(value);
    return { ...rest, sql: id };
  }

  #add(name: string, value: Typed, hidden: boolean): Typed {
    const known = this.#columns.find((c) => c.name.toLowerCase() === name.toLowerCase());
    if (known) return known.column.value;
    const made = this.handOn(value);
    this.#columns.push({ name, column: { name: `${this.name}_${name}`, value: made, ...(hidden ? { hidden: true } : {}) } });
    return made;
  }

  /** A key: shown, and the value that is compared. Throws QueryError. */
  key(name: Name): Typed {
    return this.#add(name.name, this.state.resolve(name), false);
  }

  /** A stored field that a later step names as table_field. */
  offer(wanted: string): void {
    const prefix = `${this.name}_`;
    if (!wanted.toLowerCase().startsWith(prefix.toLowerCase())) return;
    const name = { name: wanted.slice(prefix.length), span: this.#span };
    if (name.name && this.state.knows(name)) this.#add(name.name, this.state.resolve(name), true);
  }

  /** Epoch seconds of a row. Throws QueryError where rows have no time. */
  time(): Sql {
    const { state } = this;
    const slice = state.column('_timeslice')?.value ?? state.column('_messagetime')?.value;
    if (state.parts.stored) return asNumber(this.handOn({ sql: state.ctx.column('start'), kind: 'time', datetime: true }));
    if (slice) return sql`(${asNumber(this.handOn(slice))} / 1000)`;
    throw new QueryError(
      'needs-timeslice',
      this.#span,
      `The rows of ${quoted(this.name)} have no time for “timewindow”.`,
      'Group them by “_timeslice”, or leave “timewindow” out.',
    );
  }

  rows(): Sql {
    return limited(this.state.with({ order: [] }).select(this.#selected.length ? this.#selected : [sql`1`]), MAX_ROWS);
  }

  columns(): Column[] {
    return this.#columns.map((c) => c.column);
  }

  names(): readonly { readonly name: string; readonly column: Column }[] {
    return this.#columns;
  }
}

interface Condition {
  readonly tables: readonly [number, number];
  readonly sql: Sql;
}

function conditionsOf(o: Join, tables: readonly Side[]): Condition[] {
  return o.on.map(({ left, right }) => {
    const [a, b] = [placeOf(o, left), placeOf(o, right)];
    if (a.table === b.table)
      throw new QueryError(
        'wrong-arguments',
        { start: left.span.start, end: right.span.end },
        'A condition of a join compares fields of two tables.',
        'Use “where” inside the parentheses for one table.',
      );
    const pair = keyPair((tables[a.table] as Side).key(a.name), (tables[b.table] as Side).key(b.name));
    return { tables: [a.table, b.table], sql: sql`${pair.left} = ${pair.right}` };
  });
}

interface Ordered {
  readonly table: Side;
  readonly on: readonly Sql[];
}

/** Each table behind one that it has a key in common with. */
function inOrder(tables: readonly Side[], conditions: readonly Condition[], o: Join): Ordered[] {
  const placed = new Set([0]);
  const result: Ordered[] = [{ table: tables[0] as Side, on: [] }];
  while (result.length < tables.length) {
    const next = tables.findIndex((_, i) => !placed.has(i) && conditions.some((c) => c.tables.includes(i) && c.tables.some((t) => placed.has(t))));
    if (next < 0) {
      const lone = o.tables.find((_, i) => !placed.has(i)) as Join['tables'][number];
      throw new QueryError(
        'wrong-arguments',
        lone.span,
        `${quoted(lone.name)} has no key in common with the tables before it.`,
        `Add ${quoted(`and ${o.tables[0]?.name}.field = ${lone.name}.field`)}.`,
      );
    }
    placed.add(next);
    const on = conditions.filter((c) => c.tables.includes(next) && c.tables.every((t) => placed.has(t))).map((c) => c.sql);
    result.push({ table: tables[next] as Side, on });
  }
  return result;
}

function timesApart(seconds: number, tables: readonly Side[]): Sql[] {
  const times = tables.map((table) => table.time());
  // Each with each: two may lie to both sides of a third.
  return times.flatMap((a, i) => times.slice(i + 1).map((b) => sql`abs(toInt64(${a}) - toInt64(${b})) <= ${num(seconds)}`));
}

/** A column's own name, where one table only has it. */
function shortNames(tables: readonly Side[], columns: readonly Column[]): Column[] {
  const all = tables.flatMap((table) => table.names());
  const taken = new Set(columns.map((c) => c.name.toLowerCase()));
  return all.flatMap(({ name, column }) => {
    const key = name.toLowerCase();
    const alone = !taken.has(key) && all.filter((other) => other.name.toLowerCase() === key).length === 1;
    return alone ? [{ name, value: column.value, hidden: true as const }] : [];
  });
}

/** Every name in the steps behind. */
function wantedBehind(after: readonly Operation[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'name' && typeof inner === 'string') found.add(inner);
        else visit(inner);
      }
  };
  visit(after);
  return found;
}
