/**
 * Text to tokens. The scope (everything before the first `|`) is made of words, as people type them
 * into a search box; after it come names, numbers, strings and operators. The lexer never fails: what
 * it cannot read becomes an `error` token, and the parser reports it in its place.
 */
import { findField } from '../model/fields.ts';
import type { DiagnosticCode } from './diagnostics.ts';

export type TokenKind =
  /** Scope only: a keyword or a bare value. */
  | 'word'
  | 'string'
  | 'name'
  /** %"Interface ID" */
  | 'quoted-name'
  | 'number'
  | 'regex'
  /** {{name}} */
  | 'template'
  | 'symbol'
  | 'pipe'
  | 'error'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** Words and names as written, strings with `\"` and `\\` resolved, numbers without suffix, symbols as written. */
  readonly value: string;
  /** Number: letters directly behind it (`5m`, `1Mi`). */
  readonly suffix?: string;
  /** String: content in which only `\"` is resolved, for regular expressions. */
  readonly raw?: string;
  readonly error?: DiagnosticCode;
}

const SYMBOLS = ['<>', '!=', '==', '<=', '>=', '&&', '||', '=', '<', '>', '!', '+', '-', '*', '/', '%', '(', ')', '[', ']', ',', '?', ':', '.', '@'];
const NAME = /[A-Za-z_@$\u0080-\uffff][\w@$.\u0080-\uffff]*/y;
const HYPHENATED = /[A-Za-z_][\w.]*(?:-[\w.]+)+/y;
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const SUFFIX = /[A-Za-z]+/y;
const ADDRESS_OF_TABLE = /[a-z]+:\/\/[^\s|",]*/y;
const TEMPLATE = /\{\{\s*([\w.-]+)\s*\}\}/y;
const SCOPE_WORD = /(?:\{\{[^{}|]*\}\}|[^\s|()"=<>!]|!(?!=))+/y;
const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*/y;
/** After these a `/` opens a regular expression though they look like operands. */
const WORDS_BEFORE_VALUE = new Set(['matches', 'and', 'or', 'not', 'in', 'by', 'where', 'regex', 'as']);

/**
 * A field extraction rule has no scope: it begins with its first step. A search for the words json or
 * parse followed by a quoted phrase would be read as one too; nobody has been seen to write that.
 */
const EXTRACTION_RULE = /^\s*(?:json|parse)\s+(?:"|field\s*=|regex\s|anchor\s|auto\s)/i;

/** Whether a text begins with a step and not with a scope. */
export function isExtractionRule(text: string): boolean {
  return EXTRACTION_RULE.test(text);
}

export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let inScope = !isExtractionRule(text);

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: TokenKind, length: number, value: string, more: Partial<Token> = {}): void => {
    tokens.push({ kind, start: at, end: at + length, value, ...more });
    at += length;
  };

  while (at < text.length) {
    const skip = match(SPACE) ?? match(COMMENT);
    if (skip) {
      at += skip.length;
      continue;
    }
    const char = text[at]!;
    if (char === '|' && !(text[at + 1] === '|' && !inScope)) {
      push('pipe', 1, '|');
      inScope = false;
    } else if (char === '"' || (char === "'" && !inScope)) {
      quoted(char);
    } else if (char === '%' && text[at + 1] === '"') {
      const before = at;
      at++;
      quoted('"');
      const last = tokens.pop()!;
      tokens.push({ ...last, kind: last.kind === 'error' ? 'error' : 'quoted-name', start: before });
    } else if (inScope) scopeToken();
    else expressionToken(char);
  }
  tokens.push({ kind: 'end', start: text.length, end: text.length, value: '' });
  return tokens;

  function quoted(mark: string): void {
    let value = '';
    let raw = '';
    let i = at + 1;
    for (; i < text.length && text[i] !== mark; i++) {
      const char = text[i]!;
      const next = text[i + 1];
      if (char !== '\\' || next === undefined) {
        value += char;
        raw += char;
        continue;
      }
      i++;
      if (next === mark) {
        value += mark;
        raw += mark;
      } else {
        value += next === '\\' ? '\\' : next === 'n' ? '\n' : next === 't' ? '\t' : next === 'r' ? '\r' : `\\${next}`;
        raw += `\\${next}`;
      }
    }
    if (i >= text.length) push('error', text.length - at, '', { error: 'unclosed-quote' });
    else push('string', i + 1 - at, value, { raw });
  }

  function scopeToken(): void {
    const symbol = ['!=', '<=', '>=', '<>', '(', ')', '=', '<', '>', '!'].find((s) => text.startsWith(s, at));
    const word = symbol ? undefined : match(SCOPE_WORD);
    if (symbol) push('symbol', symbol.length, symbol);
    else if (word) push('word', word.length, word);
    else push('error', 1, text[at]!, { error: 'unexpected-character' });
  }

  function expressionToken(char: string): void {
    const template = match(TEMPLATE);
    const number = match(NUMBER);
    if (template) push('template', template.length, template.slice(2, -2).trim());
    else if (char === '/' && !afterOperand()) regex();
    else if (number) {
      SUFFIX.lastIndex = at + number.length;
      const suffix = SUFFIX.exec(text)?.[0] ?? '';
      push('number', number.length + suffix.length, number, suffix ? { suffix } : {});
    } else {
      const name = match(ADDRESS_OF_TABLE) ?? fieldWithHyphens() ?? match(NAME);
      const symbol = SYMBOLS.find((s) => text.startsWith(s, at));
      if (name) push('name', name.length, name);
      else if (symbol) push('symbol', symbol.length, symbol);
      else push('error', 1, char, { error: 'unexpected-character' });
    }
  }

  /** `log-status` is a field's name; `bytes-packets` is a difference. */
  function fieldWithHyphens(): string | undefined {
    let name = match(HYPHENATED);
    while (name?.includes('-')) {
      if (findField(name)) return name;
      name = name.slice(0, name.lastIndexOf('-'));
    }
    return undefined;
  }

  function afterOperand(): boolean {
    const last = tokens.at(-1);
    if (!last) return false;
    if (last.kind === 'name') return !WORDS_BEFORE_VALUE.has(last.value.toLowerCase());
    if (last.kind === 'symbol') return last.value === ')' || last.value === ']';
    return last.kind !== 'pipe';
  }

  function regex(): void {
    let i = at + 1;
    for (; i < text.length && text[i] !== '/' && text[i] !== '\n'; i++) if (text[i] === '\\') i++;
    if (text[i] !== '/') push('error', text.length - at, '', { error: 'unclosed-regex' });
    else push('regex', i + 1 - at, text.slice(at + 1, i).replaceAll('\\/', '/'));
  }
}
