/**
 * The groups of a result with most, and one group of all others: rows are added up by what they are ranked
 * by. The whole result is ranked, within the statement, so that neither a limit of rows nor a slice in
 * which a group is small changes which groups are named.
 */

import { quoted } from '../model/wording.ts';
import { plain } from './aggregates.ts';
import type { Top } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { join, num, type Sql, sql } from './sql.ts';
import type { Column, Order, State } from './state.ts';
import { asNumber, asText, nullable, number, type Typed, text } from './typed.ts';

/** Column of how many groups a row of the rest stands for; 0 in the rows of a named group. */
export const OTHER = '_other';
const NOWHERE = { start: 0, end: 0 };

/** Rows of the groups with most: their columns, relation and order. Throws QueryError for a column that the result lacks. */
export function topGroups(state: State, top: Top): { readonly shown: Column[]; readonly from: Sql; readonly order: Order[] } {
  const { ctx } = state;
  if (!state.parts.grouped)
    throw new QueryError(
      'needs-aggregate',
      NOWHERE,
      'The “top” of a panel is one of groups, and its query has none.',
      'Count or sum something by a field, or leave “top” out.',
    );
  const rows = state.finished();
  const found = (name: string): Column => {
    const column = rows.column(name);
    if (!column || column.cells) throw new QueryError('unknown-field', NOWHERE, `The result has no column ${quoted(name)}, which the panel’s “top” needs.`);
    return column;
  };
  const keys = top.by.map(found);
  const ranked = found(top.of);
  const measure = found(top.measure);
  const beside = top.beside.flatMap((name) => rows.column(name) ?? []);
  const [group, amount, total, rank, most, place] = [ctx.fresh(), ctx.fresh(), ctx.fresh(), ctx.fresh(), ctx.fresh(), ctx.fresh()];

  // The innermost SELECT names every column; each around it adds one thing.
  const passed = [...new Set([...keys, ...beside])].map((c) => c.value.sql);
  const all = rows.select([...passed, sql`${nullable(ranked.value)} AS ${group}`, sql`${asNumber(measure.value)} AS ${amount}`]);
  const totals = sql`SELECT *, sum(${amount}) OVER (PARTITION BY ${group}) AS ${total} FROM (${all})`;
  const ranks = sql`SELECT *, dense_rank() OVER (ORDER BY ${total} DESC, ${group} ASC) AS ${rank} FROM (${totals})`;
  const places = sql`SELECT *, max(${rank}) OVER () AS ${most}, least(${rank}, ${num(top.count + 1)}) AS ${place} FROM (${ranks})`;

  const summed = top.rest === 'other';
  const within = sql`${place} <= ${num(top.count)}`;
  const { emptyIsNull: _, ...kind } = plain(ranked.value);
  const named: Typed = summed
    ? { ...kind, ...text(sql`if(${within}, any(${asText({ ...kind, sql: group })}), 'other')`) }
    : { ...kind, sql: sql`any(${group})` };
  const made: Column[] = [
    { name: ranked.name, key: true, value: named },
    ...beside.map(({ name, value }) => ({ name, value: { ...value, sql: sql`if(${within}, any(${nullable(value)}), NULL)` } })),
    { name: measure.name, value: { ...plain(measure.value), ...number(sql`sum(${amount})`) } },
    ...(summed ? [{ name: OTHER, value: number(sql`if(${within}, 0, any(${most}) - ${num(top.count)})`) }] : []),
  ];
  const ids = made.map(() => ctx.fresh());
  const list = [place, ...keys.map((c) => c.value.sql), ...made.map((c, i) => sql`${c.value.sql} AS ${ids[i] as Sql}`)];
  const by = [place, ...keys.map((c) => c.value.sql)];
  const condition = summed ? sql`` : sql` WHERE ${within}`;
  const from = sql`(SELECT ${join(list, ', ')} FROM (${places})${condition} GROUP BY ${join(by, ', ')})`;

  const shown = [...keys, ...made.map((c, i) => ({ ...c, value: { ...plain(c.value), sql: ids[i] as Sql } }))];
  const rising = (columns: readonly Column[]): Order[] => columns.map(({ value }) => ({ value, descending: false }));
  const isTime = (c: Column): boolean => c.value.kind === 'time';
  return { shown, from, order: [...rising(keys.filter(isTime)), { value: number(place), descending: false }, ...rising(keys.filter((c) => !isTime(c)))] };
}
