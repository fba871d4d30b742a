/** Expressions of the tree to typed SQL. Names are resolved by the step that asks. */

import { counted, didYouMean, quoted } from '../model/wording.ts';
import { findAggregate } from './aggregates.ts';
import type { Context } from './context.ts';
import { QueryError } from './diagnostics.ts';
import { FUNCTIONS, findFunction } from './functions/index.ts';
import { type ArgumentKind, signature } from './functions/kinds.ts';
import { all, any, compare, like, not } from './match.ts';
import { checkedRegex } from './regex.ts';
import { composed, composedValue, withoutKeywords } from './semi-join.ts';
import { join, num, param, type Sql, sql } from './sql.ts';
import { type BinaryOperator, type Expr, type Name, operands } from './tree.ts';
import { asAddress, asCondition, asDateTime, asNumber, asText, boolean, choice, isNull, literal, nullable, number, type Typed } from './typed.ts';

/** Where names are looked up. */
export interface Names {
  readonly ctx: Context;
  /** Throws QueryError when nothing has the name. */
  resolve(name: Name): Typed;
}

type Binary = Expr & { node: 'binary' };

/** An expression as SQL, with the kind of its value. Throws QueryError with the place in the text. */
export function compileExpr(expr: Expr, names: Names): Typed {
  switch (expr.node) {
    case 'literal':
      return typeof expr.value === 'string' ? literal(names.ctx.fill(expr.value, expr.span)) : literal(expr.value, expr.text);
    case 'template':
      return fromTemplate(names.ctx.variable(expr.name, expr.span));
    case 'regex':
      throw new QueryError('wrong-type', expr.span, 'A regular expression can stand only after “matches” and in “replace”.');
    case 'field':
      return names.resolve(expr);
    case 'call':
      return compileCall(expr, names);
    case 'unary':
      if (expr.op === '!') return boolean(not(condition(expr.arg, names)));
      // In parentheses: two signs would begin a comment of SQL.
      return number(sql`(-(${asNumber(compileExpr(expr.arg, names))}))`);
    case 'binary':
      return compileBinary(expr, names);
    case 'matches': {
      const found = compileMatch(compileExpr(expr.left, names), expr.pattern, names);
      return boolean(expr.negate ? not(found) : found);
    }
    case 'in': {
      const left = compileExpr(expr.left, names);
      const found = compileIn(left, expr.list, names);
      return boolean(expr.negate ? not(found) : found);
    }
    case 'subquery':
      return boolean(composed(withoutKeywords(names.ctx.nested(expr.subquery)), (name) => names.resolve(name)));
    case 'choose':
      return compileChoice(expr, names);
  }
}

/** A variable's value behaves as if it had been written: digits are a number. */
function fromTemplate(value: string): Typed {
  return /^-?\d+(\.\d+)?$/.test(value) ? literal(Number(value), value) : literal(value);
}

/** An expression as a condition. */
export function condition(expr: Expr, names: Names): Sql {
  return asCondition(compileExpr(expr, names), expr.span);
}

const ARITHMETIC: Partial<Record<BinaryOperator, (left: Sql, right: Sql) => Sql>> = {
  '+': (l, r) => sql`(${l} + ${r})`,
  '-': (l, r) => sql`(${l} - ${r})`,
  // As floating point, because a product of 64-bit counters wraps around.
  '*': (l, r) => sql`(toFloat64(${l}) * ${r})`,
  '/': (l, r) => sql`(${l} / nullIf(${r}, 0))`,
  '%': (l, r) => sql`(${l} % nullIf(${r}, 0))`,
};

function compileBinary(expr: Binary, names: Names): Typed {
  if (expr.op === 'and') return boolean(all(operands(expr).map((e) => condition(e, names))));
  if (expr.op === 'or') return boolean(any(operands(expr).map((e) => condition(e, names))));
  const left = compileExpr(expr.left, names);
  const right = compileExpr(expr.right, names);
  const arithmetic = ARITHMETIC[expr.op];
  if (!arithmetic) return boolean(compare(expr.op as '=', left, right, expr.right.span));
  for (const [value, side] of [
    [left, expr.left],
    [right, expr.right],
  ] as const) {
    if (value.kind === 'address' || value.kind === 'list')
      throw new QueryError('wrong-type', side.span, `This is ${value.kind === 'list' ? 'a list' : 'an address'}, and a number is needed.`);
  }
  return number(arithmetic(asNumber(left), asNumber(right)));
}

function compileMatch(left: Typed, pattern: Expr, names: Names): Sql {
  const subject = sql`toString(${left.kind === 'text' ? left.sql : asText(left)})`;
  // An empty column is no value, and a pattern that takes the empty text must not take it.
  const given = (found: Sql): Sql => (left.emptyIsNull ? all([found, not(isNull(left))]) : sql`ifNull(${found}, false)`);
  if (pattern.node === 'regex') return given(sql`match(${subject}, ${param('String', checkedRegex(pattern.source, pattern.span))})`);
  const right = compileExpr(pattern, names);
  if (right.literal) return like(left, String(right.literal.value ?? ''), false);
  const escaped = sql`replaceRegexpAll(${asText(right)}, '([\\\\\\\\%_])', '\\\\\\\\\\\\1')`;
  return given(sql`${subject} LIKE replaceRegexpAll(${escaped}, '\\\\*+', '%')`);
}

function compileIn(left: Typed, list: readonly Expr[], names: Names): Sql {
  if (list.length === 0) return sql`false`;
  const [only] = list;
  if (only?.node === 'subquery' && list.length === 1) return composedValue(withoutKeywords(names.ctx.nested(only.subquery)), left);
  const values = list.map((item) => ({ item, value: compileExpr(item, names) }));
  const numbers = values.map(({ value }) => Number(value.literal?.value || Number.NaN));
  if (left.kind === 'number' && numbers.every((n) => Number.isFinite(n) && n !== 0)) {
    const found = sql`(${left.bare ?? left.sql} IN (${join(numbers.map(num), ', ')}))`;
    return left.bare ? found : sql`ifNull(${found}, false)`;
  }
  const plainText =
    left.kind === 'text' &&
    !left.field?.foldCase &&
    !left.equals &&
    !left.textOf &&
    !left.missing &&
    values.every(({ value }) => typeof value.literal?.value === 'string');
  if (plainText) {
    const found = sql`(${left.sql} IN (${param(
      'Array(String)',
      values.map(({ value }) => String(value.literal?.value)),
    )}))`;
    return left.field ? found : sql`ifNull(${found}, false)`;
  }
  return any(values.map(({ item, value }) => compare('=', left, value, item.span)));
}

function compileChoice(expr: Expr & { node: 'choose' }, names: Names): Typed {
  return choice(condition(expr.test, names), compileExpr(expr.yes, names), compileExpr(expr.no, names));
}

function compileCall(call: Expr & { node: 'call' }, names: Names): Typed {
  const fn = findFunction(call.name);
  if (!fn) {
    const aggregate = findAggregate(call.name);
    const found = aggregate
      ? `It is an aggregate: ${quoted(`${aggregate.name}(field) as x by key`)} in a step of its own, then use “x”.`
      : (didYouMean(
          call.name,
          FUNCTIONS.map((f) => f.name),
        ) ?? 'The reference of the language lists the functions.');
    throw new QueryError(
      'unknown-function',
      { start: call.span.start, end: call.span.start + call.name.length },
      `There is no function ${quoted(call.name)}.`,
      found,
    );
  }
  if (fn.compile) return fn.compile(call, names);
  const required = fn.args.filter((a) => !a.optional).length;
  const most = fn.args.at(-1)?.many ? Number.POSITIVE_INFINITY : fn.args.length;
  if (call.args.length < required || call.args.length > most) {
    throw new QueryError(
      'wrong-arguments',
      call.span,
      `${quoted(fn.name)} cannot take ${counted(call.args.length, 'value')}.`,
      `Write ${quoted(signature(fn))}.`,
    );
  }
  const typed: Typed[] = [];
  const values = call.args.map((arg, i) => {
    const kind = (fn.args[i] ?? fn.args.at(-1))?.kind ?? 'any';
    if (kind === 'pattern' && arg.node === 'regex') {
      const source = param('String', checkedRegex(arg.source, arg.span));
      typed.push({ sql: source, kind: 'text' });
      return source;
    }
    const value = compileExpr(arg, names);
    const converted = convert(value, kind, arg);
    typed.push(kind === 'address' ? converted : value);
    return converted.sql;
  });
  const made = fn.sql(values, { ctx: names.ctx, call }, typed);
  const result: Typed = 'kind' in made ? made : { sql: made, kind: fn.returns };
  names.ctx.spend(result.sql.size, call.span);
  return result;
}

/** The value as its parameter wants it; real nulls, so that a missing value gives a missing result. */
function convert(value: Typed, kind: ArgumentKind, arg: Expr): Typed {
  switch (kind) {
    case 'text':
    case 'pattern':
      return { sql: value.kind === 'text' ? nullable({ ...value, sql: asText(value) }) : asText(value), kind: 'text' };
    case 'number':
      if (value.kind === 'address' || value.kind === 'list')
        throw new QueryError('wrong-type', arg.span, `This is ${value.kind === 'list' ? 'a list' : 'an address'}, and a number is needed.`);
      return number(asNumber(value));
    case 'address':
      return asAddress(value);
    case 'time':
      return { sql: asDateTime(value), kind: 'time', datetime: true };
    case 'condition':
      return boolean(asCondition(value, arg.span));
    case 'any':
      return value;
  }
}
