/**
 * A value in SQL together with what the compiler knows of it. Kinds are the language's, not
 * ClickHouse's: addresses stay IPv6 and times stay DateTime until text or a number is asked for, so
 * that filters and groups work on bare columns.
 */
import type { Field } from '../model/fields.ts';
import type { Registry } from '../model/registries.ts';
import type { ValueKind } from './contract.ts';
import { QueryError } from './diagnostics.ts';
import { join, num, param, type Sql, sql } from './sql.ts';
import type { Span } from './tree.ts';

export interface Typed {
  readonly sql: Sql;
  readonly kind: ValueKind;
  /** A time that SQL holds as DateTime; other times are epoch milliseconds. */
  readonly datetime?: true;
  /** Field whose values these are. */
  readonly field?: Field;
  /** '' or `::` stands for "no value". */
  readonly emptyIsNull?: true;
  /** A number's column without its null check: right wherever zero makes no difference. */
  readonly bare?: Sql;
  /** Written in the query. `text` is as written. */
  readonly literal?: { readonly value: string | number | boolean | null; readonly text: string };
  /** Stored place, autonomous system and threat indicator of an address. */
  readonly place?: () => Sql;
  readonly as?: () => Sql;
  readonly indicator?: () => Sql;
  /** A condition on stored columns that holds where there is no value, and that an index answers. */
  readonly missing?: Sql;
  /** A stored column of few values that alone decides this value: groups are made on it first. */
  readonly of?: Decided;
  /** Text `[name](url)` of tourl. */
  readonly link?: true;
  /** Text of a stored column, in the rows where `when` holds (everywhere when absent). */
  readonly textOf?: { readonly value: Typed; readonly when?: Sql };
  /** Equality with a constant that needs no computation: `network.transport = "tcp"` is `protocol = 6`. */
  readonly equals?: (text: string) => Sql;
}

const NULL: Sql = sql`NULL`;
const NO_ADDRESS: Sql = sql`toIPv6('::')`;

export function text(fragment: Sql): Typed {
  return { sql: fragment, kind: 'text' };
}

export function number(fragment: Sql): Typed {
  return { sql: fragment, kind: 'number' };
}

/** A list as text: its elements joined by commas. Equal to each of them, and as a whole to a text with commas. `having`: its way to say that the list has an element. */
export function listed(list: Sql, having = (element: Sql): Sql => sql`has(${list}, ${element})`): Typed {
  const joined = sql`arrayStringConcat(${list}, ',')`;
  const equals = (asked: string): Sql => {
    const element = param('String', asked);
    return asked.includes(',') ? sql`(${having(element)} OR ${joined} = ${element})` : having(element);
  };
  return { ...text(joined), emptyIsNull: true, equals };
}

interface Decided {
  readonly column: Sql;
  readonly make: (column: Sql) => Typed;
  /** The registry that the column holds ids of, and the part of its texts that this value is. */
  readonly part?: { readonly registry: Registry; readonly name: string };
}

/** A value that one column of few values decides. */
export function decidedBy(column: Sql, make: (column: Sql) => Typed, part?: Decided['part']): Typed {
  return { ...make(column), of: { column, make, ...(part ? { part } : {}) } };
}

export function boolean(fragment: Sql): Typed {
  return { sql: fragment, kind: 'boolean' };
}

/** A value as it was written: `written` is its text where it is asked for as text (`1.0` stays `1.0`). */
export function literal(value: string | number | boolean | null, written = String(value)): Typed {
  const kind: ValueKind = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text';
  const fragment =
    value === null ? NULL : typeof value === 'number' ? num(value) : typeof value === 'boolean' ? (value ? sql`true` : sql`false`) : param('String', value);
  return { sql: fragment, kind, literal: { value, text: written } };
}

/** Text of an address: dotted for IPv4. `::` is not special here. */
export function addressToText(address: Sql): Sql {
  return sql`substring(toString(${address}), if(${address} BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255'), 8, 1))`;
}

/** The text of any value: addresses dotted for IPv4, times as epoch milliseconds, numbers as they were written where they are literals. */
export function asText(value: Typed): Sql {
  switch (value.kind) {
    case 'text':
      return value.literal && value.literal.value !== null ? param('String', String(value.literal.value)) : value.sql;
    case 'address':
      return value.emptyIsNull ? sql`if(${value.sql} = ${NO_ADDRESS}, '', ${addressToText(value.sql)})` : addressToText(value.sql);
    case 'number':
      return value.literal ? param('String', value.literal.text) : sql`toString(${value.sql})`;
    case 'time':
      return sql`toString(${asNumber(value)})`;
    case 'boolean':
      return sql`if(${value.sql}, 'true', 'false')`;
    case 'list':
      return sql`toString(${value.sql})`;
  }
}

/** A number; text is converted, and is null where it is no number. Times of records count seconds, made times milliseconds. */
export function asNumber(value: Typed): Sql {
  switch (value.kind) {
    case 'number':
    case 'boolean':
      return value.sql;
    case 'time':
      return value.datetime ? sql`toUnixTimestamp(${value.sql})` : value.sql;
    case 'text':
      if (typeof value.literal?.value === 'string' && value.literal.value.trim() !== '' && Number.isFinite(Number(value.literal.value)))
        return num(Number(value.literal.value));
      return value.literal?.value === null ? sql`CAST(NULL, 'Nullable(Float64)')` : sql`toFloat64OrNull(toString(${value.sql}))`;
    case 'address':
    case 'list':
      return sql`CAST(NULL, 'Nullable(Float64)')`;
  }
}

/** A whole number of 64 bits, cut; null when it is larger. From text without a detour over floating point where it is one. */
export function asWhole(value: Typed): Sql {
  const cut = sql`accurateCastOrNull(trunc(${asNumber(value)}), 'Int64')`;
  return value.kind === 'text' ? sql`ifNull(toInt64OrNull(toString(${asText(value)})), ${cut})` : cut;
}

/** An IPv6 value; text that is no address gives null. */
export function asAddress(value: Typed): Typed {
  if (value.kind === 'address') return value;
  return { sql: sql`toIPv6OrNull(trim(BOTH ' ' FROM ${asText(value)}))`, kind: 'address' };
}

/** DateTime of a time or of a number of epoch milliseconds. */
export function asDateTime(value: Typed): Sql {
  if (value.kind === 'time' && value.datetime) return value.sql;
  return sql`fromUnixTimestamp64Milli(toInt64(${asNumber(value)}), 'UTC')`;
}

/** True or false, for where, if and the logical operators. */
export function asCondition(value: Typed, span: Span): Sql {
  if (value.kind === 'boolean') return value.sql;
  if (value.kind === 'number') return sql`ifNull(${value.sql} != 0, false)`;
  if (value.kind === 'text') return sql`ifNull(lower(${asText(value)}) = 'true', false)`;
  throw new QueryError('wrong-type', span, 'A condition is expected here.', 'Compare the value with something, by “=”, “!=”, “<”, “matches” or “in”.');
}

/** Is there no value? */
export function isNull(value: Typed): Sql {
  if (value.missing) return value.missing;
  if (!value.emptyIsNull) return sql`isNull(${value.sql})`;
  return value.kind === 'address' ? sql`(ifNull(${value.sql}, ${NO_ADDRESS}) = ${NO_ADDRESS})` : sql`(ifNull(${value.sql}, '') = '')`;
}

/** The value with a real NULL where there is none. */
export function nullable(value: Typed): Sql {
  if (!value.emptyIsNull) return value.sql;
  return value.kind === 'address' ? sql`nullIf(${value.sql}, ${NO_ADDRESS})` : sql`nullIf(${value.sql}, '')`;
}

/** A written number that fits in every type of numbers. */
const isSmall = ({ literal: written }: Typed): boolean =>
  Number.isInteger(written?.value) && (written?.value as number) >= 0 && (written?.value as number) < 128;

/** Numbers in one type; none as NULL. Counts and averages have no type in common in ClickHouse, nor have counts and numbers below zero. */
export function alike(numbers: readonly Typed[]): Sql[] {
  const mixed = numbers.filter((value) => !isSmall(value)).length > 1;
  return numbers.map((value) => (mixed ? sql`toFloat64(${nullable(value)})` : nullable(value)));
}

/** One value or the other, in one kind: their own where they agree, else text. */
export function choice(test: Sql, yes: Typed, no: Typed): Typed {
  const isNothing = (value: Typed): boolean => value.literal?.value === null;
  const { kind } = isNothing(yes) ? no : yes;
  const same = isNothing(yes) || isNothing(no) || yes.kind === no.kind;
  if (same && kind !== 'list' && !(yes.datetime !== no.datetime)) {
    const own = (v: Typed): Sql => (isNothing(v) ? sql`NULL` : kind === 'text' && v.literal ? asText(v) : nullable(v));
    const values = kind === 'number' && !isNothing(yes) && !isNothing(no) ? alike([yes, no]) : [own(yes), own(no)];
    return { sql: sql`if(ifNull(${test}, false), ${join(values, ', ')})`, kind, ...(yes.datetime ? { datetime: true } : {}) };
  }
  const value = (v: Typed): Sql => (isNothing(v) ? sql`NULL` : v.kind === 'text' ? nullable({ ...v, sql: asText(v) }) : asText(v));
  return { sql: sql`if(ifNull(${test}, false), ${value(yes)}, ${value(no)})`, kind: 'text' };
}

/** What the outermost select shows: addresses as text, times as epoch milliseconds, no value as null. */
export function asOutput(value: Typed): Sql {
  switch (value.kind) {
    case 'address':
      return value.emptyIsNull ? sql`if(${value.sql} = ${NO_ADDRESS}, NULL, ${addressToText(value.sql)})` : addressToText(value.sql);
    case 'text':
      return nullable(value);
    case 'time':
      return value.datetime ? sql`toUnixTimestamp(${value.sql}) * 1000` : value.sql;
    case 'boolean':
      return sql`toBool(${value.sql})`;
    case 'number':
    case 'list':
      return value.sql;
  }
}
