/**
 * Comparing values. The column stays bare wherever that is right, so that the sort key and the skip
 * indexes work: letter case is folded on the constant, addresses and networks become IPv6 constants,
 * zero is told from "not given" only where the constant makes a difference.
 */
import type { Field } from '../model/fields.ts';
import { QueryError } from './diagnostics.ts';
import { type AddressRange, addressText, addressValue, parseNetwork, parseOctetWildcard } from './network.ts';
import { join, num, param, type Sql, sql } from './sql.ts';
import type { Comparison, Span } from './tree.ts';
import { asNumber, asText, isNull, type Typed } from './typed.ts';

/** Columns whose values have one letter case; those of other `foldCase` fields vary. */
const STORED_CASE: Readonly<Record<string, 'upper' | 'lower'>> = {
  'event.action': 'upper',
  'aws.flowlogs.log_status': 'upper',
  'aws.flowlogs.flow_direction': 'lower',
  'network.direction': 'lower',
  'network.transport': 'lower',
};

const SQL_COMPARISON: Readonly<Record<Comparison, Sql>> = { '=': sql`=`, '!=': sql`!=`, '<': sql`<`, '<=': sql`<=`, '>': sql`>`, '>=': sql`>=` };
const MIRRORED: Readonly<Record<Comparison, Comparison>> = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

export function not(condition: Sql): Sql {
  return sql`NOT (${condition})`;
}

/** All of them; `true` when there are none. */
export function all(conditions: readonly Sql[]): Sql {
  return conditions.length ? sql`(${join(conditions, ' AND ')})` : sql`true`;
}

/** Any of them; `false` when there are none. */
export function any(conditions: readonly Sql[]): Sql {
  return conditions.length ? sql`(${join(conditions, ' OR ')})` : sql`false`;
}

/** `left op right` by the rules of their kinds. */
export function compare(op: Comparison, left: Typed, right: Typed, span: Span): Sql {
  if (left.literal && !right.literal) return compare(MIRRORED[op], right, left, span);
  if (right.literal?.value === null) return op === '=' ? isNull(left) : op === '!=' ? not(isNull(left)) : sql`false`;
  const sign = SQL_COMPARISON[op];
  if (left.kind === 'address' && right.kind === 'address') return sql`(${left.sql} ${sign} ${right.sql})`;
  if (left.kind === 'address' && typeof right.literal?.value === 'string') return compareAddress(op, left, right.literal.value, span);
  if (left.kind === 'number' && right.literal) return compareNumber(op, left, right, span);
  if (left.kind === 'number' || left.kind === 'time' || right.kind === 'time') return sql`(${asNumber(left)} ${sign} ${asNumber(right)})`;
  if (left.kind === 'boolean' && right.kind === 'text') return sql`(${asText(left)} ${sign} ${asText(right)})`;
  if (left.kind === 'boolean') return sql`(${left.sql} ${sign} ${asNumber(right)})`;
  if (right.kind === 'number') {
    // Stored text (an account id) is compared as text; made text (parsed) as a number.
    const asWritten = left.field && right.literal && (op === '=' || op === '!=');
    return asWritten ? compareText(op, left, asText(right)) : sql`(${asNumber(left)} ${sign} ${asNumber(right)})`;
  }
  if (typeof right.literal?.value === 'string') return compareConstant(op, left, right.literal.value);
  return compareText(op, left, asText(right));
}

function compareText(op: Comparison, left: Typed, right: Sql): Sql {
  const fold = left.field?.foldCase;
  const sign = SQL_COMPARISON[op];
  return fold ? sql`(lower(${asText(left)}) ${sign} lower(${right}))` : sql`(${asText(left)} ${sign} ${right})`;
}

function compareConstant(op: Comparison, left: Typed, value: string): Sql {
  if (left.equals && (op === '=' || op === '!=') && value !== '') return op === '=' ? left.equals(value) : not(left.equals(value));
  const folded = left.kind === 'text' ? foldConstant(left, value) : undefined;
  if (folded !== undefined) return sql`(${left.sql} ${SQL_COMPARISON[op]} ${param('String', folded)})`;
  return compareText(op, left, param('String', value));
}

/** The constant in the column's letter case, where the column has one. */
function foldConstant(left: Typed, value: string): string | undefined {
  if (!left.field?.foldCase) return value;
  const stored = STORED_CASE[left.field.name];
  return stored && (stored === 'upper' ? value.toUpperCase() : value.toLowerCase());
}

function compareNumber(op: Comparison, left: Typed, right: Typed, span: Span): Sql {
  const value = typeof right.literal?.value === 'number' ? right.literal.value : Number(right.literal?.value);
  if (right.literal?.value === '' || !Number.isFinite(value)) {
    if (left.field) throw badValue(left.field, String(right.literal?.value), span);
    return sql`(${asText(left)} ${SQL_COMPARISON[op]} ${asText(right)})`;
  }
  return sql`(${numberFor(op, left, value)} ${SQL_COMPARISON[op]} ${num(value)})`;
}

/** The bare column where a missing value, held as zero, could not pass the comparison. */
function numberFor(op: Comparison, left: Typed, value: number): Sql {
  const zeroPasses = { '=': value === 0, '!=': value !== 0, '<': value > 0, '<=': value >= 0, '>': value < 0, '>=': value <= 0 }[op];
  return left.bare && !zeroPasses ? left.bare : left.sql;
}

function compareAddress(op: Comparison, left: Typed, value: string, span: Span): Sql {
  const range = parseNetwork(value);
  if (range && (op === '=' || op === '!=')) return op === '=' ? inRange(left, range) : not(inRange(left, range));
  if (value === '') return op === '=' ? isNull(left) : not(isNull(left));
  const address = addressValue(value);
  if (address === undefined) {
    if (left.field) throw badValue(left.field, value, span);
    return sql`(${asText(left)} ${SQL_COMPARISON[op]} ${param('String', value)})`;
  }
  return sql`(${left.sql} ${SQL_COMPARISON[op]} ${addressParam(address)})`;
}

export function addressParam(value: bigint): Sql {
  return param('IPv6', addressText(value));
}

/** Is the address in the range? Needs an address on the left. */
export function inRange(left: Typed, range: AddressRange): Sql {
  return sql`(${left.sql} BETWEEN ${addressParam(range.first)} AND ${addressParam(range.last)})`;
}

function badValue(field: Field, value: string, span: Span): QueryError {
  const what = field.type === 'address' ? 'an address or network' : 'a number';
  const hint = field.type === 'address' ? 'Write an address, a network such as 10.0.0.0/8, or a wildcard such as 10.0.*.' : undefined;
  return new QueryError('bad-value', span, `“${value}” is not ${what}, as ${field.name} needs.`, hint);
}

/** LIKE pattern of a wildcard text: `*` is any text. */
export function likePattern(wildcard: string): string {
  return wildcard.replace(/[\\%_]/g, (c) => `\\${c}`).replace(/\*+/g, '%');
}

/** Glob match of the whole text; `fold` ignores letter case. */
export function like(subject: Sql, wildcard: string, fold: boolean): Sql {
  const pattern = param('String', likePattern(wildcard));
  return fold ? sql`(${subject} ILIKE ${pattern})` : sql`(${subject} LIKE ${pattern})`;
}

/** `field=value` of the scope and of filters: wildcards, networks, ranges of numbers. */
export function matchValue(left: Typed, value: string, span: Span): Sql {
  if (value === '*') return not(isNull(left));
  if (value === '') return isNull(left);
  if (left.kind === 'address') {
    const range = parseNetwork(value) ?? parseOctetWildcard(value);
    if (range) return inRange(left, range);
    return value.includes('*') ? like(asText(left), value, true) : compareAddress('=', left, value, span);
  }
  if (left.kind === 'number' || left.kind === 'time') {
    const range = /^(\d+)-(\d+)$/.exec(value);
    if (range) return numberRange(left, Number(range[1]), Number(range[2]));
    if (value.includes('*')) return like(asText(left), value, false);
    return left.kind === 'time'
      ? sql`(${asNumber(left)} = ${num(timeValue(left, value, span))})`
      : compareNumber('=', left, { sql: sql``, kind: 'text', literal: { value, text: value } }, span);
  }
  if (value.includes('*')) return like(left.kind === 'text' ? left.sql : asText(left), value, left.field?.foldCase === true);
  return compareConstant('=', left, value);
}

function numberRange(left: Typed, low: number, high: number): Sql {
  const column = left.kind === 'time' ? asNumber(left) : low > 0 && left.bare ? left.bare : left.sql;
  return sql`(${column} BETWEEN ${num(low)} AND ${num(high)})`;
}

function timeValue(left: Typed, value: string, span: Span): number {
  const seconds = Number(value);
  if (!Number.isFinite(seconds))
    throw new QueryError('bad-value', span, `“${value}” is not a time, as ${left.field?.name ?? 'this field'} needs.`, 'Write epoch seconds.');
  return seconds;
}
