/**
 * Comparing values. The column stays bare wherever that is right, so that the sort key and the skip
 * indexes work: letter case is folded on the constant, addresses and networks become IPv6 constants,
 * zero is told from "not given" only where the constant makes a difference.
 */
import type { Field } from '../model/fields.ts';
import { quoted } from '../model/wording.ts';
import { QueryError } from './diagnostics.ts';
import { type AddressRange, addressText, addressValue, parseNetwork, parseOctetWildcard } from './network.ts';
import { numberIn } from './numbers.ts';
import { join, num, param, type Sql, sql } from './sql.ts';
import type { Comparison, Span } from './tree.ts';
import { asNumber, asText, isNull, literal, type Typed } from './typed.ts';

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

/** Whether SQL can give NULL for the value. Stored columns have no NULLs; a number's null check has. */
function mayBeNull(value: Typed): boolean {
  if (value.literal) return value.literal.value === null;
  if (!value.field || (value.field.derived && value.kind !== 'time')) return true;
  return value.kind === 'number' && value.bare !== value.sql;
}

/** What a comparison says of a missing value: it is unequal to everything, and neither smaller nor larger. */
function decided(condition: Sql, op: Comparison, left: Typed, right?: Typed): Sql {
  const nulls = mayBeNull(left) || (right !== undefined && mayBeNull(right));
  const checked = nulls ? (op === '!=' ? sql`ifNull(${condition}, true)` : sql`ifNull(${condition}, false)`) : condition;
  const empty = emptySide(op, left, right);
  if (!empty) return checked;
  return op === '!=' ? sql`(${checked} OR ${isNull(empty)})` : sql`(${checked} AND NOT ${isNull(empty)})`;
}

/**
 * The side whose missing value, stored as the smallest one there is, would get the wrong answer. One is enough:
 * what is given is larger than that of the other. A constant on the right is given, and larger as well.
 */
function emptySide(op: Comparison, left: Typed, right?: Typed): Typed | undefined {
  const smaller = op === '<' || op === '<=';
  if (!right || right.literal) return smaller && left.emptyIsNull ? left : undefined;
  return (smaller ? [left, right] : [right, left]).find((side) => side.emptyIsNull);
}

/** `left op right` by the rules of their kinds: true or false, never NULL. */
export function compare(op: Comparison, left: Typed, right: Typed, span: Span): Sql {
  if (left.literal && !right.literal) return compare(MIRRORED[op], right, left, span);
  // Said once more of the column whose index finds the few rows that have a value.
  if (left.missing && op !== '!=' && right.literal?.value !== null) return all([not(left.missing), compare(op, withoutMissing(left), right, span)]);
  const constant = right.literal?.value;
  if (constant === null) return op === '=' ? isNull(left) : op === '!=' ? not(isNull(left)) : sql`false`;
  if (left.kind === 'number' && right.literal) return compareNumber(op, left, right, span);
  if (left.kind === 'time' && left.field && typeof constant === 'string' && constant !== '') checkTime(left, constant, span);
  if (left.equals && typeof constant === 'string' && constant !== '' && (op === '=' || op === '!='))
    return op === '=' ? left.equals(constant) : not(left.equals(constant));
  const found = decided(compareValues(op, left, right, span), op, left, right);
  const stored = onStored(op, left, right, span);
  return stored ? all([stored, found]) : found;
}

function withoutMissing({ missing: _, ...value }: Typed): Typed {
  return value;
}

/**
 * What a comparison with the text of a stored column says of the column itself, so that its index is used:
 * true at least wherever the comparison is.
 */
function onStored(op: Comparison, left: Typed, right: Typed, span: Span): Sql | undefined {
  const constant = right.literal?.value;
  if (!left.textOf || constant === undefined || constant === null || constant === '' || op === '!=') return undefined;
  const { value, when } = left.textOf;
  // Beyond these a number is not the text's.
  const numeric = Math.abs(Number(constant)) <= Number.MAX_SAFE_INTEGER;
  const says =
    value.kind === 'number'
      ? numeric && (op === '=' || typeof constant === 'number')
      : op === '=' && (value.kind === 'text' || addressValue(String(constant)) !== undefined);
  if (!says || value.kind === 'time') return undefined;
  const condition = compare(op, value, literal(value.kind === 'number' ? Number(constant) : String(constant)), span);
  return when ? any([condition, not(when)]) : condition;
}

function compareValues(op: Comparison, left: Typed, right: Typed, span: Span): Sql {
  const sign = SQL_COMPARISON[op];
  if (left.kind === 'address' && right.kind === 'address') return sql`(${left.sql} ${sign} ${right.sql})`;
  if (left.kind === 'address' && typeof right.literal?.value === 'string') return compareAddress(op, left, right.literal.value, span);
  if (left.datetime || right.datetime) return sql`(${asSeconds(left)} ${sign} ${asSeconds(right)})`;
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

/** Beside the time of a record: epoch seconds, or from here on milliseconds, as times are shown. */
const LEAST_MILLISECONDS = 1e11;

/** Epoch seconds of what is compared with the time of a record: times that are made count milliseconds, and numbers are either. */
function asSeconds(value: Typed): Sql {
  const number = asNumber(value);
  if (value.datetime) return number;
  if (value.kind === 'time') return sql`(${number} / 1000)`;
  const constant = value.literal?.text.trim() ? Number(value.literal.value) : Number.NaN;
  if (Number.isFinite(constant)) return num(Math.abs(constant) < LEAST_MILLISECONDS ? constant : constant / 1000);
  return sql`if(abs(${number}) < ${num(LEAST_MILLISECONDS)}, ${number}, ${number} / 1000)`;
}

function compareText(op: Comparison, left: Typed, right: Sql): Sql {
  const fold = left.field?.foldCase;
  const sign = SQL_COMPARISON[op];
  return fold ? sql`(lower(${asText(left)}) ${sign} lower(${right}))` : sql`(${asText(left)} ${sign} ${right})`;
}

function compareConstant(op: Comparison, left: Typed, value: string): Sql {
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
  const value = typeof right.literal?.value === 'string' ? numberIn(right.literal.value) : Number(right.literal?.value);
  if (value === undefined) {
    if (left.field) throw badValue(left.field, String(right.literal?.value), span);
    return decided(sql`(${asText(left)} ${SQL_COMPARISON[op]} ${asText(right)})`, op, left);
  }
  if (left.bare && zeroAnswers(op, value)) return sql`(${left.bare} ${SQL_COMPARISON[op]} ${num(value)})`;
  return decided(sql`(${left.sql} ${SQL_COMPARISON[op]} ${num(value)})`, op, left);
}

/** Does a missing value, held as zero in the column, get the right answer? Then the column can stay bare. */
function zeroAnswers(op: Comparison, value: number): boolean {
  return { '=': value !== 0, '!=': value !== 0, '<': value <= 0, '<=': value < 0, '>': value >= 0, '>=': value > 0 }[op];
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

function addressParam(value: bigint): Sql {
  return param('IPv6', addressText(value));
}

const BOUNDS = new WeakMap<AddressRange, Sql>();

function boundsOf(range: AddressRange): Sql {
  const known = BOUNDS.get(range) ?? sql`${addressParam(range.first)} AND ${addressParam(range.last)}`;
  BOUNDS.set(range, known);
  return known;
}

/** Is the address in the range? Needs an address on the left. `::` in a column stands for no address. */
export function inRange(left: Typed, range: AddressRange): Sql {
  const inside = sql`(${left.sql} BETWEEN ${boundsOf(range)})`;
  const given = left.emptyIsNull && range.first === 0n ? sql`(${inside} AND NOT ${isNull(left)})` : inside;
  return left.field ? given : sql`ifNull(${given}, false)`;
}

function badValue(field: Field, value: string, span: Span): QueryError {
  const what = field.type === 'address' ? 'an address or network' : 'a number';
  const hint = field.type === 'address' ? 'Write an address, a network such as “10.0.0.0/8”, or a wildcard such as “10.0.*”.' : 'Write a number such as “443”.';
  return new QueryError('bad-value', span, `${quoted(value)} is not ${what}, as ${quoted(field.name)} needs.`, hint);
}

/** LIKE pattern of a wildcard text: `*` is any text. */
export function likePattern(wildcard: string): string {
  return wildcard.replace(/[\\%_]/g, (c) => `\\${c}`).replace(/\*+/g, '%');
}

/** Whether a wildcard text fits a name, in any case: its pieces are looked for one after the other. */
export function fitsWildcard(name: string, wildcard: string): boolean {
  const text = name.toLowerCase();
  const [first = '', ...rest] = wildcard.toLowerCase().split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.startsWith(first) && text.endsWith(last) && at + last.length <= text.length;
}

/**
 * A whole text against a pattern in which `*` is any text. `fold`: in any letter case. Where the pattern is empty only empty text matches,
 * and where it is `*` all that is there. Made values may be NULL: then it is false.
 */
export function like(left: Typed, wildcard: string, fold: boolean): Sql {
  if (/^\*+$/.test(wildcard)) return not(isNull(left));
  if (wildcard === '' && left.emptyIsNull) return sql`false`;
  const subject = left.kind === 'text' ? left.sql : asText(left);
  const pattern = param('String', likePattern(wildcard));
  const condition = fold ? sql`(${subject} ILIKE ${pattern})` : sql`(${subject} LIKE ${pattern})`;
  return mayBeNull(left) ? sql`ifNull(${condition}, false)` : condition;
}

/** `field=value` of the scope and of filters: wildcards, networks, ranges of numbers. */
export function matchValue(left: Typed, value: string, span: Span): Sql {
  if (value === '*') return not(isNull(left));
  if (value === '') return isNull(left);
  if (left.kind === 'address') {
    const range = parseNetwork(value) ?? parseOctetWildcard(value);
    if (range) return inRange(left, range);
    return value.includes('*') ? like(left, value, true) : compare('=', left, literal(value), span);
  }
  if (left.kind === 'number' || left.kind === 'time') {
    const range = /^(\d+)-(\d+)$/.exec(value);
    if (range) return numberRange(left, Number(range[1]), Number(range[2]), span);
    if (value.includes('*')) return like(left, value, false);
    if (left.kind === 'time') checkTime(left, value, span);
    return compare('=', left, literal(value), span);
  }
  if (value.includes('*')) return like(left, value, left.field?.foldCase === true);
  return compare('=', left, literal(value), span);
}

function numberRange(left: Typed, low: number, high: number, span: Span): Sql {
  if (low > 0 && left.bare) return sql`(${left.bare} BETWEEN ${num(low)} AND ${num(high)})`;
  if (left.kind !== 'time') return sql`ifNull(${left.sql} BETWEEN ${num(low)} AND ${num(high)}, false)`;
  return all([compare('>=', left, literal(low), span), compare('<=', left, literal(high), span)]);
}

/** Throws QueryError for a text that is no time. */
function checkTime(left: Typed, value: string, span: Span): void {
  if (Number.isFinite(Number(value))) return;
  const unit = left.datetime ? 'epoch seconds or milliseconds' : 'epoch milliseconds';
  throw new QueryError('bad-value', span, `${quoted(value)} is not a time, as ${left.field ? quoted(left.field.name) : 'this field'} needs.`, `Write ${unit}.`);
}
