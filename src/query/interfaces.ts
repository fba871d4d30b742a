/**
 * What the interface lookup knows of a record's interface, as of the record's start. A dictionary of the
 * store finds the version in force, so that it holds for records that came before the lookup asked, too;
 * what a record says itself goes before it.
 */
import type { Field } from '../model/fields.ts';
import { INTERFACE_COLUMNS, INTERFACE_LISTS, interfaceField } from '../model/network-interface.ts';
import type { Context } from './context.ts';
import { ident, param, type Sql, sql } from './sql.ts';
import { listed, type Typed, text } from './typed.ts';

const DICTIONARY = sql`'bartizan.network_interface_at'`;
const HISTORY = sql`bartizan.network_interface`;

/** The value of a field of model/network-interface.ts: text, or a list where the fact is one. */
export function interfaceValue(ctx: Context, field: Field): Typed {
  const { found, own, has, list } = parts(ctx, field);
  if (list) return listed(choose(own, sql`empty(${own ?? found})`, found), (element) => has(sql`has(${found}, ${element})`, element));
  const value = { ...text(choose(own && sql`toString(${own})`, sql`${own ?? found} = ''`, found)), emptyIsNull: true as const };
  return {
    ...value,
    equals: (asked) => {
      const element = param('String', asked);
      return has(sql`${found} = ${element}`, element);
    },
  };
}

/** What is looked up where the record itself has no value: text or a list, empty otherwise. */
export function lookedUp(ctx: Context, field: Field): Sql {
  const { found, own, list } = parts(ctx, field);
  if (list) return choose(own && sql`CAST([], 'Array(String)')`, sql`empty(${own ?? found})`, found);
  return choose(own && sql`''`, sql`${own ?? found} = ''`, found);
}

function parts(ctx: Context, { name }: Field) {
  const spec = interfaceField(name);
  if (!spec) throw new Error(`there is no field of interfaces ${name}`);
  const column = INTERFACE_COLUMNS[spec.fact];
  const list = INTERFACE_LISTS.has(spec.fact);
  const id = ctx.column('interface_id');
  const found = sql`dictGet(${DICTIONARY}, ${param('String', column)}, cityHash64(${id}), ${ctx.column('start')})`;
  const own = spec.own === undefined ? undefined : ctx.column(spec.own);
  /** Whether the value is (or has) `element`, where `matches` says it of what is found: few interfaces ever had it, and only their records are looked up. */
  const has = (matches: Sql, element: Sql): Sql => {
    const once = list ? sql`has(${ident(column)}, ${element})` : sql`${ident(column)} = ${element}`;
    const looked = sql`(${id} IN (SELECT interface_id FROM ${HISTORY} WHERE ${once}) AND ${matches})`;
    if (!own) return looked;
    return list ? sql`if(empty(${own}), ${looked}, has(${own}, ${element}))` : sql`if(${own} = '', ${looked}, ${own} = ${element})`;
  };
  return { found, own, has, list };
}

function choose(own: Sql | undefined, lacking: Sql, found: Sql): Sql {
  return own ? sql`if(${lacking}, ${found}, ${own})` : found;
}
