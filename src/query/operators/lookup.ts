/** lookup: columns of a table for a value of each row. Rows are kept, and never more than there were. */
import type { Cursor } from '../cursor.ts';
import { rowsWith, tableKey } from '../keys.ts';
import { printName } from '../print-expression.ts';
import { join, type Sql, sql } from '../sql.ts';
import type { State } from '../state.ts';
import { cell, columnPlace, findTable, isThreatSource, pairOf, parseSource, printSource, tableName } from '../tables.ts';
import type { Name } from '../tree.ts';
import type { Of, Operator } from './kinds.ts';
import { addPlace, PLACE_SOURCES, type Wanted } from './places.ts';
import { addThreat, THREAT_COLUMNS } from './threat.ts';

type Lookup = Of<'lookup'>;

/** `a = b, c = d` or with `and`, perhaps in parentheses; `a` alone is `a = a`. */
function parsePairs(cursor: Cursor): Lookup['on'] {
  const open = cursor.take('(');
  const pairs: { left: Name; right: Name }[] = [];
  do {
    const left = cursor.name('the key of the table, or a field');
    const both = cursor.take('==') || cursor.take('=');
    pairs.push({ left, right: both ? cursor.name('a field, or the key of the table') : left });
  } while (cursor.take(',') || cursor.take('and'));
  if (open) cursor.expect(')');
  return pairs;
}

export const lookup: Operator<'lookup'> = {
  keywords: ['lookup'],
  syntax: 'lookup column [as name], … | * from table on field = key, …',
  doc: 'Adds columns of a table: of an uploaded one by its name or path, of geo://location, asn://default, sumo://threat/cs, bartizan://ports or bartizan://protocols. Rows without a match are kept with empty columns; of several rows with the same key the last counts. Keys are compared in any letter case, addresses and numbers in any spelling.',
  example: 'lookup service from bartizan://ports on dstport = port | count by service',
  differs: 'Either side of = may be the table’s key. Nothing is fetched: a table called https://… is uploaded under this name.',
  parse: (cursor, start) => {
    const columns: Wanted[] = [];
    const all = cursor.take('*');
    if (!all) {
      do {
        const { name, span } = cursor.name('a column of the table');
        columns.push({ name, as: cursor.alias() ?? name, span });
      } while (cursor.take(','));
    }
    cursor.expect('from');
    const source = parseSource(cursor);
    cursor.expect('on');
    return { op: 'lookup', all, columns, source, on: parsePairs(cursor), span: cursor.span(start) };
  },
  print: (o) => {
    const columns = o.columns.map((c) => printName(c.name) + (c.as === c.name ? '' : ` as ${printName(c.as)}`));
    const pairs = o.on.map(({ left, right }) => `${printName(left.name)} = ${printName(right.name)}`);
    return `lookup ${o.all ? '*' : columns.join(', ')} from ${printSource(o.source)} on ${pairs.join(', ')}`;
  },
  apply: (o, before) => {
    const state = before.parts.limit === undefined ? before : before.finished();
    const name = tableName(o.source.name).toLowerCase();
    const every = (names: readonly string[]): readonly Wanted[] => (o.all ? names.map((column) => ({ name: column, as: column, span: o.span })) : o.columns);
    const places = Object.hasOwn(PLACE_SOURCES, name) ? PLACE_SOURCES[name] : undefined;
    if (places) return addPlace(state, places, ownSide(o, 'ip'), every(Object.keys(places.columns)));
    if (isThreatSource(name)) return addThreat(state, ownSide(o, 'threat'), every(THREAT_COLUMNS), o.source.span);
    return fromTable(o, state);
  },
};

/** The query's own side of `ip = srcaddr`, in either order. */
function ownSide({ on: [pair] }: Lookup, key: string): Name {
  const { left, right } = pair as Lookup['on'][number];
  return right.name.toLowerCase() === key && left.name.toLowerCase() !== key ? left : right;
}

function fromTable(o: Lookup, before: State): State {
  const table = findTable(before.ctx.options.catalog, o.source);
  const pairs = o.on.map((pair) => pairOf(table, pair, (name) => before.knows(name)));
  const keyed = new Set(pairs.map((pair) => pair.place));
  const wanted = o.all
    ? table.columns.flatMap((as, place) => (keyed.has(place) ? [] : [{ as, place }]))
    : o.columns.map((column) => ({ as: column.as, place: columnPlace(table, column) }));
  const { ctx } = before;
  const selected: Sql[] = [];
  const keys = pairs.map(({ own, place }) => {
    const key = tableKey(before.resolve(own), cell(place));
    const id = ctx.fresh();
    selected.push(sql`${key.right} AS ${id}`);
    return { ...key, right: id };
  });
  const columns = wanted.map(({ as, place }) => {
    const id = ctx.fresh();
    selected.push(sql`toNullable(argMax(${cell(place)}, row)) AS ${id}`);
    return { as, id };
  });
  const right = sql`(SELECT ${join(selected, ', ')} FROM ${table.relation}${rowsWith(keys)} GROUP BY ${join(
    keys.map((key) => key.right),
    ', ',
  )})`;
  const joined = before.joined(
    keys.map((key) => key.left),
    right,
    keys.map((key) => key.right),
  );
  return columns.reduce((next, { as, id }) => next.assign(as, { sql: id, kind: 'text' }), joined);
}
