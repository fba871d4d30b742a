/**
 * A query half compiled: one SELECT under construction. Steps add conditions and columns to it; where
 * the next step needs the finished rows of the one before (after a limit, a group, a window function)
 * the SELECT becomes the relation of a new one. States are values: every step returns a new one.
 */
import { FIELDS, type Field, findField, namesOf } from '../model/fields.ts';
import { CLOUDTRAIL, type Dataset, hasField, LOG_FORMATS } from '../model/log-formats.ts';
import { didYouMean, listed, quoted } from '../model/wording.ts';
import { plain } from './aggregates.ts';
import { type Context, NeedsDataset } from './context.ts';
import type { CompileOptions } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { isPartOfEvent, partOfEvent } from './event-parts.ts';
import { EMPTY, join, num, param, type Sql, sql } from './sql.ts';
import { extractedField, storedField } from './stored.ts';
import { sumsOf, type TimeSpan } from './sums.ts';
import type { Name } from './tree.ts';
import { literal, nullable, type Typed, text } from './typed.ts';
import { isIndexName } from './words.ts';

export interface Column {
  readonly name: string;
  readonly value: Typed;
  /** Can be named, is not shown. */
  readonly hidden?: true;
  /** The rows are grouped by it. */
  readonly key?: true;
  /** Columns that transpose makes of values: an array of (label, value), and what a value is. */
  readonly cells?: Omit<Typed, 'sql'>;
  /** Names that nothing else makes are looked for in its value: json auto. */
  readonly open?: (name: string, value: Sql) => Typed;
}

export interface Order {
  readonly value: Typed;
  readonly descending: boolean;
  /** By the start of stored records, whose bucket is the first column of the tables' key. */
  readonly byKey?: true;
}

interface Parts {
  readonly from: Sql;
  /** Stored columns are in `from`. */
  readonly stored: boolean;
  readonly where: readonly Sql[];
  readonly columns: readonly Column[];
  readonly order: readonly Order[];
  readonly limit?: number | undefined;
  readonly grouped: boolean;
  /** The lookup table that is read in the place of records. */
  readonly table?: string;
  /** `fields` chose the columns of a records query. */
  readonly chosen?: boolean | undefined;
  /** Names that `fields -` took away from a records query. */
  readonly removed?: ReadonlySet<string> | undefined;
  readonly timeslice?: number | undefined;
  /** Steps of a rule (extraction.ts) drop no row: the conditions that they set so far, and the scope's. */
  readonly kept?: Sql | undefined;
  /** And the SELECTs around `from` that they have made, innermost first, as what each adds to the one inside it. */
  readonly levels?: readonly (readonly Made[])[] | undefined;
}

/** An expression of a SELECT under the name that the SELECT around it knows. */
export interface Made {
  readonly value: Sql;
  readonly name: Sql;
}

/** Which records of the datasets a reading covers, where they are not just those of the query's window (compare). */
export type Reading =
  /** Those of an earlier window; their slices are the current window's. */
  | { readonly shift: number }
  /** Those of several windows at once: aggregates group by `group` as well, in a column of the name WINDOW; it is the same between two borders. */
  | {
      readonly spans: readonly { readonly from: number; readonly to: number }[];
      readonly borders: readonly number[];
      readonly group: (start: Sql) => Sql;
    };

export const THIS_WINDOW: Reading = { shift: 0 };

/** Column of a reading's `group`. */
export const WINDOW = '__window';

/** A query after some of its steps: the conditions, columns and relation of the SELECT so far. Operators make another of it; it never changes. */
export class State {
  readonly ctx: Context;
  /** Seconds that this reading of the data lies before the query's window (compare). */
  readonly shift: number;
  readonly parts: Parts;

  constructor(ctx: Context, shift: number, parts: Parts) {
    this.ctx = ctx;
    this.shift = shift;
    this.parts = parts;
  }

  /** The same but for these parts. */
  with(change: Partial<Parts>): State {
    return new State(this.ctx, this.shift, { ...this.parts, ...change });
  }

  /** Value of a name: made by the query, else stored. Throws QueryError. */
  resolve(name: Name): Typed {
    const made = this.column(name.name);
    if (made) return made.value;
    const field = this.ctx.field(name.name);
    const known = field ?? findField(name.name);
    if (this.parts.stored) {
      if (isIndexName(name.name)) return this.#dataset();
      if (field) return (field.derived === 'raw' && this.column(RAW)?.value) || storedField(this.ctx, field);
    }
    const inside = this.#inside(name.name);
    if (inside) return inside;
    if (this.parts.stored) {
      const part = partOfEvent(this.ctx, name.name);
      if (part) return part;
      if (!this.parts.kept) this.ctx.askRules(name.name);
      const extracted = extractedField(this.ctx, name.name);
      if (extracted) return extracted;
    } else if (field) {
      const same = this.parts.columns.find((c) => c.value.field === field && isNameOf(c.name, field));
      if (same) return same.value;
    }
    const cell = cellOf(this.parts.columns, name.name);
    if (cell) return cell;
    const names = this.parts.columns.map((c) => c.name);
    const { table } = this.parts;
    if (field && table !== undefined)
      throw new QueryError(
        'unknown-field',
        name.span,
        `${quoted(name.name)} is a field of records, and this query reads the table ${quoted(table)}.`,
        `It has ${listed(names)}.`,
      );
    if (field || (!this.parts.stored && this.#extractable.some((n) => n.toLowerCase() === name.name.toLowerCase()))) {
      const hint = names.length ? `The result has ${listed(names)}. Add ${quoted(name.name)} after “by” to keep it.` : undefined;
      throw new QueryError('field-not-grouped', name.span, `${quoted(name.name)} is a field of records, and the query has grouped them.`, hint);
    }
    if (known && !field && table === undefined) {
      const failure = this.#ofOtherRecords(name, known);
      throw hasField(CLOUDTRAIL, known) ? new NeedsDataset(CLOUDTRAIL.main, failure) : failure;
    }
    if (this.parts.stored && isPartOfEvent(name.name) && !this.ctx.formats.includes(CLOUDTRAIL))
      throw new NeedsDataset(CLOUDTRAIL.main, this.#ofOtherRecords(name));
    const choice = this.parts.stored ? [...names, ...FIELDS.filter((f) => this.ctx.has(f)).flatMap(namesOf), ...this.#extractable, '_index'] : names;
    throw new QueryError(
      'unknown-field',
      name.span,
      `There is no field ${quoted(name.name)}.`,
      didYouMean(name.name, choice) ??
        (this.parts.stored ? 'Parse it out of the record in a step before, or let a field extraction rule make it.' : `The result has ${listed(names)}.`),
    );
  }

  #ofOtherRecords(name: Name, field?: Field): QueryError {
    const there = LOG_FORMATS.filter((format) => (field ? hasField(format, field) : format === CLOUDTRAIL)).map((format) => format.main);
    const message = `${quoted(name.name)} is a field of ${listed(there)}, and this query reads ${listed(this.ctx.datasets)}.`;
    return new QueryError('unknown-field', name.span, message, `Write ${quoted(`_index=${there[0]}`)} into the search, in place of any other index.`);
  }

  /** A value in which later names are looked for; the last few of them are. */
  opened(value: Typed, open: (name: string, value: Sql) => Typed): State {
    const name = `__open${this.parts.columns.filter((c) => c.open).length}`;
    return this.with({ columns: [...this.parts.columns, { name, value, hidden: true, open }] });
  }

  /** The value of a name inside an open column, the newest first. */
  #inside(name: string): Typed | undefined {
    const found = this.parts.columns
      .filter((c) => c.open)
      .slice(-MAX_OPEN)
      .flatMap((c) => (c.open ? [c.open(name, c.value.sql)] : []))
      .reverse();
    return found.length > 1
      ? text(
          sql`coalesce(${join(
            found.map((v) => v.sql),
            ', ',
          )})`,
        )
      : found[0];
  }

  /** Names that rules have stored or can make. */
  get #extractable(): readonly string[] {
    const { catalog } = this.ctx.options;
    return catalog ? [...catalog.extractedNames, ...catalog.rules.flatMap((rule) => rule.fields)] : [];
  }

  column(name: string): Column | undefined {
    const key = name.toLowerCase();
    return this.parts.columns.find((c) => c.name.toLowerCase() === key);
  }

  /** Whether a column, by any name of its field, is one that rows are grouped by. */
  keyOf(name: string): boolean {
    const field = this.ctx.field(name);
    return (this.column(name) ?? this.parts.columns.find((c) => field !== undefined && c.value.field === field))?.key === true;
  }

  /** Adds a column, or replaces the one of that name. Large expressions get a SELECT of their own. */
  assign(name: string, value: Typed, hidden = false): State {
    const column: Column = { name, value, ...(hidden ? { hidden: true } : {}) };
    const key = name.toLowerCase();
    const at = this.parts.columns.findIndex((c) => c.name.toLowerCase() === key);
    const columns = at < 0 ? [...this.parts.columns, column] : this.parts.columns.with(at, column);
    const next = this.with({ columns });
    return value.sql.size > MAX_INLINE ? next.finished() : next;
  }

  filter(condition: Sql): State {
    const state = this.parts.limit === undefined ? this : this.finished();
    if (state.parts.kept) return state.with({ kept: sql`(${state.parts.kept} AND ${condition})` });
    return state.with({ where: [...state.parts.where, condition] });
  }

  /** Whether something has the name. */
  knows(name: Name): boolean {
    try {
      this.resolve(name);
      return true;
    } catch (error) {
      if (error instanceof QueryError || error instanceof NeedsDataset) return false;
      throw error;
    }
  }

  /** The rows beside those of a relation that has one row a key; the relation's columns have names of their own. Keys that are NULL match nothing. */
  joined(keys: readonly Sql[], relation: Sql, its: readonly Sql[]): State {
    const named = (i: number): string => `\0key${i}`;
    const left = keys.reduce((state: State, key, i) => state.assign(named(i), { sql: key, kind: 'text' }, true), this).finished();
    const on = its.map((id, i) => sql`${left.column(named(i))?.value.sql ?? EMPTY} = ${id}`);
    const from = sql`${left.parts.from} AS ${this.ctx.fresh()} LEFT ANY JOIN ${relation} AS ${this.ctx.fresh()} ON ${join(on, ' AND ')}`;
    return left.with({ from, columns: left.parts.columns.filter((c) => !keys.some((_, i) => c.name === named(i))) });
  }

  /** The same rows as the relation of a new SELECT. */
  finished(): State {
    const { parts } = this;
    const made: Made[] = [];
    const columns = parts.columns.map((column) => ({ ...column, value: this.#named(column.value, made) }));
    const order = parts.order.map(({ value, descending }) => ({ value: this.#named(value, made), descending }));
    const kept = parts.kept && this.#named({ sql: parts.kept, kind: 'boolean' }, made).sql;
    const levels = parts.kept ? [...(parts.levels ?? []), made] : undefined;
    return this.around(made).with({ columns, order, limit: undefined, kept, levels });
  }

  /** The rows as the relation of a new SELECT, with what this one makes; columns and order are still those of this one. */
  around(made: readonly Made[]): State {
    const { ctx } = this;
    const passed = this.parts.stored ? [ctx.passed(), ...(ctx.datasets.length > 1 ? [sql`_index`] : [])] : [];
    const from = sql`(${this.select([...passed, ...made.map(({ value, name }) => (value === name ? name : sql`${value} AS ${name}`))])})`;
    return this.with({ from, where: [] });
  }

  #named(value: Typed, made: Made[]): Typed {
    const name = this.ctx.fresh();
    made.push({ value: value.sql, name });
    const { place, as, indicator } = value;
    const beside = { ...(place ? { place } : {}), ...(as ? { as } : {}), ...(indicator ? { indicator } : {}) };
    return { ...plain(value), sql: name, ...(this.parts.stored ? beside : this.#carried(value, made)) };
  }

  /** Grouped rows carry the place, network and indicator of an address as columns of their own. */
  #carried(value: Typed, made: Made[]): Pick<Typed, 'place' | 'as' | 'indicator'> {
    const carry = (source: (() => Sql) | undefined): (() => Sql) | undefined => {
      if (!source) return undefined;
      const name = this.ctx.fresh();
      made.push({ value: source(), name });
      return () => name;
    };
    const place = carry(value.place);
    const as = carry(value.as);
    const indicator = carry(value.indicator);
    return { ...(place ? { place } : {}), ...(as ? { as } : {}), ...(indicator ? { indicator } : {}) };
  }

  /** SQL of this SELECT with a list of expressions. */
  select(list: readonly Sql[]): Sql {
    const { from, where, order, limit } = this.parts;
    const condition = where.length ? sql` WHERE ${join(where, ' AND ')}` : EMPTY;
    const { columns, grouped } = this.parts;
    const cut =
      limit === undefined
        ? []
        : grouped
          ? completeOrder(
              order,
              columns.filter((c) => !c.hidden),
            )
          : order;
    const sorted = cut.length ? sql` ORDER BY ${orderList(cut)}` : EMPTY;
    const limited = limit !== undefined ? sql` LIMIT ${num(limit)}` : EMPTY;
    return sql`SELECT ${list.length ? join(list, ', ') : sql`1`} FROM ${from}${condition}${sorted}${limited}`;
  }

  #dataset(): Typed {
    const [only] = this.ctx.datasets;
    return this.ctx.datasets.length === 1 && only ? literal(only) : text(sql`_index`);
  }
}

/** Hidden column that holds the rebuilt text of the record. */
export const RAW = '__raw';

/** Values in which a name is looked for. */
const MAX_OPEN = 5;

/** Fragments that an expression may have before it gets a SELECT of its own. */
const MAX_INLINE = 400;

/**
 * Order of groups: what the query says, then their columns, so that equal rows always come in the
 * same order. A query that does not say gets its slices in time order, or else the largest first.
 */
export function completeOrder(said: readonly Order[], shown: readonly Column[]): Order[] {
  const sliced = shown.find((c) => c.value.kind === 'time' && c.key);
  const keys = shown.filter((c) => c.key && c !== sliced);
  const measure = sliced ? undefined : shown.find((c) => !c.key && c.value.kind === 'number');
  return [
    ...said,
    ...(sliced ? [{ value: sliced.value, descending: false }] : []),
    ...(measure && said.length === 0 ? [{ value: measure.value, descending: true }] : []),
    ...keys.map((c) => ({ value: c.value, descending: false })),
  ];
}

/** Keys of ORDER BY; what has no value comes last. */
export function orderList(order: readonly Order[]): Sql {
  return join(
    // A bare number would be the place of a column.
    order.map((o) => sql`${o.value.literal ? sql`tuple(${o.value.sql})` : nullable(o.value)} ${o.descending ? sql`DESC` : sql`ASC`}`),
    ', ',
  );
}

/** The column of this label that transpose made, in any letter case, the same case first; without value where no row has the label. */
function cellOf(columns: readonly Column[], label: string): Typed | undefined {
  const column = columns.find((c) => c.cells);
  if (!column?.cells) return undefined;
  const [exact, folded] = [param('String', label), param('String', label.toLowerCase())];
  const sorted = sql`arraySort(cell -> tupleElement(cell, 1) != ${exact}, ${column.value.sql})`;
  return { ...column.cells, sql: sql`tupleElement(arrayFirst(cell -> lowerUTF8(tupleElement(cell, 1)) = ${folded}, ${sorted}), 2)` };
}

function isNameOf(name: string, field: Field): boolean {
  const key = name.toLowerCase();
  return namesOf(field).some((n) => n.toLowerCase() === key);
}

/** An instant, from epoch seconds. */
export function instant(seconds: number): Sql {
  return sql`toDateTime(${num(seconds)}, 'UTC')`;
}

function spansOf(reading: Reading, { from, to }: Pick<CompileOptions, 'from' | 'to'>): readonly TimeSpan[] {
  if ('spans' in reading) return reading.spans;
  return [{ from: from === null ? null : from - reading.shift, to: to === null ? null : to - reading.shift }];
}

function covered(start: Sql, reading: Reading, { from, to }: Pick<CompileOptions, 'from' | 'to'>): Sql[] {
  if ('spans' in reading) {
    const spans = reading.spans.map((span) => sql`(${start} >= ${instant(span.from)} AND ${start} < ${instant(span.to)})`);
    return [sql`(${join(spans, ' OR ')})`];
  }
  return [
    ...(from === null ? [] : [sql`${start} >= ${instant(from - reading.shift)}`]),
    ...(to === null ? [] : [sql`${start} < ${instant(to - reading.shift)}`]),
  ];
}

/** The records of the query's datasets that a reading covers. */
export function baseState(ctx: Context, reading: Reading): State {
  const { relations } = ctx.options;
  const start = ctx.column('start');
  const where = covered(start, reading, ctx.options);
  const order: Order[] = [{ value: { sql: start, kind: 'time', datetime: true }, descending: true, byKey: true }];
  const relation = (dataset: Dataset): Sql =>
    ctx.sums ? sumsOf(spansOf(reading, ctx.options), relations.table(dataset), 'spans' in reading ? reading.borders : []) : relations.table(dataset);
  const [only] = ctx.datasets;
  const source =
    ctx.datasets.length === 1 && only
      ? relation(only)
      : sql`(${join(
          ctx.datasets.map((dataset) => sql`SELECT ${ctx.passedOf(dataset)}, ${literal(dataset).sql} AS _index FROM ${relation(dataset)}`),
          ' UNION ALL ',
        )})`;
  const columns: Column[] = 'group' in reading ? [{ name: WINDOW, value: { sql: reading.group(start), kind: 'number' }, hidden: true }] : [];
  const shift = 'shift' in reading ? reading.shift : 0;
  return new State(ctx, shift, { from: source, stored: true, where, columns, order, grouped: false });
}
