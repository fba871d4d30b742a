/**
 * Values as keys: in a form in which two are equal where they mean the same. Addresses are compared as
 * addresses however they are spelled, numbers as numbers, everything else as text in any letter case.
 */
import { join, type Sql, sql } from './sql.ts';
import { addressToText, asAddress, asNumber, asText, nullable, type Typed } from './typed.ts';

/** Two sides of a comparison; no value on either side is NULL, which equals nothing. */
export interface KeyPair {
  readonly left: Sql;
  readonly right: Sql;
}

/** A key, and the rows of a table that can have it; in those the table's side is never NULL. */
export interface TableKey extends KeyPair {
  readonly rows?: Sql;
}

/** A value of the query and a cell of a table, which is text. */
export function tableKey(own: Typed, cell: Sql): TableKey {
  const trimmed = sql`trimBoth(${cell})`;
  const where = (right: Sql): Omit<TableKey, 'left'> => ({ right: sql`assumeNotNull(${right})`, rows: sql`isNotNull(${right})` });
  if (own.kind === 'address') return { left: nullable(own), ...where(sql`toIPv6OrNull(${trimmed})`) };
  if (own.kind === 'number' || (own.kind === 'time' && !own.datetime)) return { left: sql`toString(${asNumber(own)})`, ...where(numberText(trimmed)) };
  // A stored text is no address.
  if (own.field && own.kind === 'text') return { left: sql`lowerUTF8(${textOf(own)})`, right: sql`lowerUTF8(${trimmed})` };
  return { left: folded(textOf(own)), right: folded(trimmed) };
}

/** Two values of queries. */
export function keyPair(left: Typed, right: Typed): KeyPair {
  if (left.kind === 'address' || right.kind === 'address') return { left: nullable(asAddress(left)), right: nullable(asAddress(right)) };
  const numeric = (value: Typed): boolean => value.kind === 'number' || value.kind === 'time';
  if (numeric(left) || numeric(right)) return { left: sql`toFloat64(${asNumber(left)})`, right: sql`toFloat64(${asNumber(right)})` };
  // A stored text is no address.
  const made = !left.field && !right.field;
  const text = (value: Typed): Sql => (made ? spelled(textOf(value)) : textOf(value));
  return { left: text(left), right: text(right) };
}

/** Text, NULL where there is no value. */
function textOf(value: Typed): Sql {
  return value.kind === 'text' ? nullable({ ...value, sql: asText(value) }) : asText(value);
}

/** `443`, `443.0` and `0443` are one number. Whole numbers keep all their digits. */
function numberText(text: Sql): Sql {
  return sql`if(match(${text}, '^-?(0|[1-9][0-9]*)$'), ${text}, toString(toFloat64OrNull(${text})))`;
}

/** An IPv6 address in its one spelling; IPv4 has no other. */
function spelled(text: Sql): Sql {
  return sql`if(position(${text}, ':') > 0, ifNull(${addressToText(sql`toIPv6OrNull(${text})`)}, ${text}), ${text})`;
}

function folded(text: Sql): Sql {
  return sql`lowerUTF8(${spelled(text)})`;
}

/** The rows of a table that can have all of the keys. */
export function rowsWith(keys: readonly TableKey[]): Sql {
  const conditions = keys.flatMap((key) => key.rows ?? []);
  return conditions.length ? sql` WHERE ${join(conditions, ' AND ')}` : sql``;
}
