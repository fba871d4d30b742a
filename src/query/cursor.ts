/**
 * A place in the tokens of one step, and the expressions that are read there: a Pratt parser whose
 * precedence is data. Throws QueryError; the caller recovers at the next `|`.
 */

import { quoted } from '../model/wording.ts';
import { fillTemplates, valueOfVariable } from './context.ts';
import { QueryError } from './diagnostics.ts';
import { lex, type Token, type TokenKind } from './lexer.ts';
import { type Duration, durationOf, isName, numberOf } from './numbers.ts';
import { ASKS, MINUS_PRECEDENCE, NOT_PRECEDENCE, PRECEDENCE, SPELLINGS } from './precedence.ts';
import { parseSubquery } from './subqueries.ts';
import { describe, lexicalError } from './token-errors.ts';
import type { BinaryOperator, Expr, Name, Query, Span } from './tree.ts';

/** Nesting that an expression may have; real ones have less than ten. */
const MAX_DEPTH = 100;

/** Operands that a chain of arithmetic may have: each is one level of nesting for the engine. And conditions of one chain. */
const MAX_CHAIN = 200;
const MAX_CONDITIONS = 1000;

/** What a step may ask of the text around it. */
export interface Around {
  /** Values of {{name}} templates that stand where no expression can: `limit {{n}}`. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** The whole text. */
  readonly text?: string;
  /** Reads the tokens of a query inside a query. Throws QueryError. */
  readonly read?: (tokens: readonly Token[], scoped: boolean) => Query;
}

export class Cursor {
  #tokens: readonly Token[];
  readonly #around: Around;
  #at = 0;
  #depth = 0;

  /** `tokens` end with a token of kind `end` or `pipe`, which is never passed. */
  constructor(tokens: readonly Token[], around: Around = {}) {
    this.#tokens = tokens;
    this.#around = around;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind === 'error') throw lexicalError(token);
    if (this.#at < this.#tokens.length - 1) this.#at++;
    return token;
  }

  get done(): boolean {
    const { kind } = this.peek();
    return kind === 'end' || kind === 'pipe';
  }

  /** Span from a start to the end of the last token taken. */
  span(start: number): Span {
    return { start, end: Math.max(start, this.#tokens[Math.max(0, this.#at - 1)]!.end) };
  }

  /** The text of the step from a place to its last token. */
  rest(start: number): string {
    return this.#around.text?.slice(start, this.#tokens.at(-2)?.end) ?? '';
  }

  /** Whether the next token is this symbol or word (in any letter case). */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === 'symbol' && token.value === text) || ((token.kind === 'name' || token.kind === 'word') && token.value.toLowerCase() === text);
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.unexpected(quoted(text));
    return this.next();
  }

  kind(kind: TokenKind, what: string): Token {
    const token = this.#filled(kind);
    if (token.kind !== kind) throw this.unexpected(what);
    this.next();
    return token;
  }

  /**
   * A query inside this one, up to the bracket that closes it, which is taken: `(… | …)` of join,
   * `[subquery: …]`. A scoped one begins with a scope, the others with a step or a pipe.
   */
  query(close: ')' | ']', scoped: boolean): Query {
    const open = close === ')' ? '(' : '[';
    const tokens: Token[] = [];
    for (let depth = 0; depth > 0 || !this.is(close); ) {
      const token = this.peek();
      if (token.kind === 'error') throw lexicalError(token);
      if (token.kind === 'end' || this.#at >= this.#tokens.length - 1) throw this.unexpected(quoted(close));
      if (this.is(open)) depth++;
      else if (this.is(close)) depth--;
      tokens.push(token);
      this.#at++;
    }
    const { start } = this.peek();
    this.next();
    if (!this.#around.read) throw this.unexpected('a query');
    return this.#around.read([...tokens, { kind: 'end', start, end: start, value: close }], scoped);
  }

  /** The next token; a template is the token that its value is, where that is of one of the kinds. */
  #filled(...kinds: readonly TokenKind[]): Token {
    const token = this.peek();
    if (token.kind !== 'template') return token;
    const value = valueOfVariable(token.value, this.#around.variables, token);
    if (kinds.includes('string')) return { ...token, kind: 'string', value, raw: value };
    // Behind a pipe the lexer reads names and numbers, not words of a scope.
    const [, read, end] = lex(`|${value}`);
    if (!read || end?.kind !== 'end' || !kinds.includes(read.kind))
      throw new QueryError('bad-value', token, `The value of ${quoted(`{{${token.value}}}`)}, ${quoted(value)}, cannot stand here.`);
    return { ...read, start: token.start, end: token.end };
  }

  unexpected(expected: string): QueryError {
    const token = this.peek();
    if (token.kind === 'error') return lexicalError(token);
    if (token.kind === 'end' || token.kind === 'pipe') {
      return new QueryError('unexpected-end', { start: Math.max(0, token.start - 1), end: token.start }, `Expected ${expected}, found ${describe(token)}.`);
    }
    const like = token.kind === 'name' && token.value.toLowerCase() === 'like' ? 'Write “matches”, with “*” for any text: “matches "prod-*"”.' : undefined;
    return new QueryError('unexpected-token', token, `Expected ${expected}, found ${describe(token)}.`, like);
  }

  /** A field's or column's name. */
  name(what = 'a field'): Name {
    const token = this.#filled('name', 'quoted-name');
    const span = { start: token.start, end: token.end };
    // Some names begin with digits: `as 5xx`.
    const digits = token.kind === 'number' && token.suffix !== undefined && /^\d+$/.test(token.value);
    const name = digits ? token.value + token.suffix : this.#filledName(token.value);
    if (token.kind !== 'name' && token.kind !== 'quoted-name' && !digits) throw this.unexpected(what);
    this.next();
    return { name, span };
  }

  /** A quoted name with its templates filled in, where they have a value. */
  #filledName(name: string): string {
    const { variables } = this.#around;
    if (!variables || !name.includes('{{')) return name;
    try {
      return fillTemplates(name, variables, this.peek());
    } catch {
      return name;
    }
  }

  names(what = 'a field'): Name[] {
    const names = [this.name(what)];
    while (this.take(',')) names.push(this.name(what));
    return names;
  }

  /** `as name`; the name may stand in quotation marks. */
  alias(): string | undefined {
    return this.take('as') ? this.label('a name').name : undefined;
  }

  /** A name where a text can be nothing else. */
  label(what: string): Name {
    const token = this.peek();
    if (token.kind !== 'string') return this.name(what);
    this.next();
    return { name: token.value, span: { start: token.start, end: token.end } };
  }

  /** Labels up to one that is itself named: `"a*" as x, "b*" as y`; parentheses may stand around them. */
  labels(what: string): Name[] {
    if (this.take('(')) {
      const inside = this.labels(what);
      this.expect(')');
      return inside;
    }
    const names = [this.label(what)];
    while (this.is(',') && !(this.peek(1).kind === 'string' && !this.is(',', 2) && this.peek(2).kind === 'name')) {
      this.next();
      names.push(this.label(what));
    }
    return names;
  }

  /** A whole number above zero. */
  count(what = 'a whole number'): number {
    const token = this.#filled('number');
    if (token.kind !== 'number') throw this.unexpected(what);
    const value = numberOf(token);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new QueryError('wrong-type', token, `Expected ${what} above zero${value < 1 ? '' : ', and not more than 9007199254740991'}.`);
    this.next();
    return value;
  }

  /** `5m`, `1d`, `2w` in seconds. */
  duration(): Duration {
    const token = this.#filled('number');
    if (token.kind !== 'number') throw this.unexpected('a duration such as “5m” or “1d”');
    const { read, apart } = durationOf(token, this.peek(1));
    this.next();
    if (apart) this.next();
    return read;
  }

  expression(minimum = 0): Expr {
    if (++this.#depth > MAX_DEPTH)
      throw new QueryError('too-deep', this.peek(), 'The expression is nested too deeply.', 'Give inner values names in steps of their own.');
    let left = this.#prefix();
    for (let chain = 0; ; ) {
      const operator = this.#infix();
      const power = operator === undefined || !Object.hasOwn(PRECEDENCE, operator) ? undefined : PRECEDENCE[operator];
      if (operator === undefined || power === undefined || power <= minimum) break;
      if (++chain > (power > (PRECEDENCE.and as number) ? MAX_CHAIN : MAX_CONDITIONS))
        throw new QueryError(
          'too-deep',
          this.peek(),
          'The expression has too many operands.',
          'Write alternatives as a list, “field in (1, 2, 3)”, or use more than one step.',
        );
      left = this.#extend(left, operator, power);
    }
    this.#depth--;
    return left;
  }

  #infix(): string | undefined {
    if (this.peek().kind === 'template') this.#spliceComparison();
    const token = this.peek();
    return token.kind === 'symbol' || token.kind === 'name' ? token.value.toLowerCase() : undefined;
  }

  /** `bytes {{more than}}`: behind a value, a template can only stand for a comparison such as `> 100`. */
  #spliceComparison(): void {
    const token = this.peek();
    const read = lex(`|${valueOfVariable(token.value, this.#around.variables, token)}`).slice(1, -1);
    const [operator, ...value] = read.map((t) => ({ ...t, start: token.start, end: token.end }));
    const isComparison = operator?.kind === 'symbol' && PRECEDENCE[operator.value] === PRECEDENCE['='];
    if (!isComparison || value.length < 1 || value.length > 2 || value.some((t) => t.kind === 'error'))
      throw new QueryError(
        'bad-value',
        token,
        `The value of ${quoted(`{{${token.value}}}`)} cannot stand here.`,
        'After a value it must be a comparison, such as “> 100”.',
      );
    this.#tokens = [...this.#tokens.slice(0, this.#at), operator, ...value, ...this.#tokens.slice(this.#at + 1)];
  }

  #extend(left: Expr, operator: string, power: number): Expr {
    const { start } = left.span;
    if (operator === '?') {
      this.next();
      const yes = this.expression();
      this.expect(':');
      const no = this.expression();
      return { node: 'choose', test: left, yes, no, span: this.span(start) };
    }
    this.next();
    let negate = false;
    let what = operator;
    if (operator === 'not') {
      negate = true;
      what = this.is('in') ? 'in' : 'matches';
      if (!this.is(what)) throw this.unexpected('“in” or “matches”');
      this.next();
    }
    if (what === 'in') {
      // `in [subquery: …]` says the same as `in ([subquery: …])`.
      if (this.is('[') && this.is('subquery', 1)) {
        const subquery = this.#prefix();
        return { node: 'in', left, list: [subquery], negate, span: this.span(start) };
      }
      this.expect('(');
      const list = this.#list();
      return { node: 'in', left, list, negate, span: this.span(start) };
    }
    if (what === 'matches') {
      const pattern = this.#pattern(power);
      return { node: 'matches', left, pattern, negate, span: this.span(start) };
    }
    const right = this.expression(power);
    if (what === 'contains') return { node: 'call', name: what, args: [left, right], span: this.span(start) };
    return { node: 'binary', op: SPELLINGS[operator] ?? (operator as BinaryOperator), left, right, span: this.span(start) };
  }

  /** A regular expression, an expression, or a star that stands for itself. */
  #pattern(power: number): Expr {
    const token = this.peek();
    if (token.kind === 'regex') return { node: 'regex', source: this.next().value, span: token };
    if (!this.take('*')) return this.expression(power);
    return { node: 'literal', value: '*', text: '*', span: { start: token.start, end: token.end } };
  }

  /** Expressions up to `)`, which is taken. */
  #list(): Expr[] {
    const items: Expr[] = [];
    if (this.take(')')) return items;
    do items.push(this.expression());
    while (this.take(','));
    this.expect(')');
    return items;
  }

  #prefix(): Expr {
    const token = this.peek();
    const { start } = token;
    switch (token.kind) {
      case 'string':
        this.next();
        return { node: 'literal', value: token.value, text: token.value, span: this.span(start) };
      case 'number':
        this.next();
        if (isName(token)) return { node: 'field', name: token.value + token.suffix, span: this.span(start) };
        return { node: 'literal', value: numberOf(token), text: token.value + (token.suffix ?? ''), span: this.span(start) };
      case 'template':
        this.next();
        return { node: 'template', name: token.value, span: this.span(start) };
      case 'regex':
        this.next();
        return { node: 'regex', source: token.value, span: this.span(start) };
      case 'quoted-name':
        return { node: 'field', ...this.name() };
      case 'name':
        return this.#word(token);
      case 'symbol':
        if (this.take('(')) {
          const inner = this.expression();
          this.expect(')');
          return inner;
        }
        if (this.take('!')) return { node: 'unary', op: '!', arg: this.expression(MINUS_PRECEDENCE), span: this.span(start) };
        if (this.is('[') && this.is('subquery', 1)) return { node: 'subquery', subquery: parseSubquery(this), span: this.span(start) };
        if (this.take('-')) return this.#minus(start);
        if (this.take('+')) return this.expression(MINUS_PRECEDENCE);
        throw this.unexpected('a value');
      default:
        throw this.unexpected('a value');
    }
  }

  /** Whether a name comes next that no operator is. */
  #isOperand(): boolean {
    const { kind, value } = this.peek();
    return kind === 'quoted-name' || (kind === 'name' && !Object.hasOwn(PRECEDENCE, value.toLowerCase()) && !['as', 'by'].includes(value.toLowerCase()));
  }

  #minus(start: number): Expr {
    const arg = this.expression(MINUS_PRECEDENCE);
    if (arg.node === 'literal' && typeof arg.value === 'number' && !arg.text.startsWith('-')) {
      return { ...arg, value: -arg.value, text: `-${arg.text}`, span: this.span(start) };
    }
    return { node: 'unary', op: '-', arg, span: this.span(start) };
  }

  #table(token: Token): Expr {
    const quoted = token.value.endsWith('://') && this.peek().kind === 'string' ? this.next().value : '';
    return { node: 'literal', value: token.value + quoted, text: token.value + quoted, span: this.span(token.start) };
  }

  #word(token: Token): Expr {
    this.next();
    const word = token.value.toLowerCase();
    const { start } = token;
    // A table as an argument: path://"/Library/hosts".
    if (word.includes('://')) return this.#table(token);
    if (word === 'not') return { node: 'unary', op: '!', arg: this.expression(NOT_PRECEDENCE), span: this.span(start) };
    if (word === 'true' || word === 'false') return { node: 'literal', value: word === 'true', text: word, span: this.span(start) };
    if (word === 'null' && !this.is('(')) return { node: 'literal', value: null, text: word, span: this.span(start) };
    if (ASKS.has(word) && this.#isOperand()) {
      const asked = this.name();
      return { node: 'call', name: token.value, args: [{ node: 'field', ...asked }], span: this.span(start) };
    }
    if (!this.is('(')) return { node: 'field', name: token.value, span: this.span(start) };
    this.next();
    const args = this.#list();
    const span = this.span(start);
    if (word !== 'if') return { node: 'call', name: token.value, args, span };
    const [test, yes, no] = args;
    if (!test || !yes || !no || args.length > 3)
      throw new QueryError('wrong-arguments', span, '“if” takes three values.', 'Write “if(condition, then, else)”.');
    return { node: 'choose', test, yes, no, span };
  }
}
