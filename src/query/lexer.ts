/**
 * Text to tokens. The scope (everything before the first `|`) is made of words, as people type them
 * into a search box; after it come names, numbers, strings and operators. A query in brackets,
 * `[subquery: …]`, has a scope of its own. The lexer never fails: what it cannot read becomes an
 * `error` token, and the parser reports it in its place.
 */
import { findField } from '../model/fields.ts';
import type { DiagnosticCode } from './diagnostics.ts';

export type TokenKind =
  /** Scope only: a keyword or a bare value. */
  | 'word'
  | 'string'
  | 'name'
  /** %"Interface ID", %users[0].name */
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
/** Characters that no name begins with. */
const ONLY_SYMBOLS = new Set('<>=!&|+-*/%()[],?:.');
const SCOPE_SYMBOLS = ['!=', '==', '<=', '>=', '<>', '(', ')', '=', '<', '>', '!'];
/** Letters of all scripts; not the spaces and quotation marks beyond ASCII. */
const LETTERS = '\\u00a1-\\u1fff\\u2070-\\u2fff\\u3001-\\ufefe\\uff00-\\uffff';
const NAME = new RegExp(`[A-Za-z_@$${LETTERS}][\\w@$.${LETTERS}]*`, 'y');
const HYPHENATED = /[A-Za-z_][\w.]*(?:-[\w.]+){1,8}/y;
/** Up to the quotation mark: %"a b", and % "a b" where no remainder can be meant. */
const QUOTED_NAME = /%\s*"/y;
/** %name without quotation marks takes what names cannot have elsewhere. */
const PERCENT_NAME = /%[A-Za-z_@](?:[\w.@#$-]|\[[\w*]*\])*/y;
/** Before a condition it is a field's name; any other % begins a search word: %ASA. */
const PERCENT_FIELD = /%[A-Za-z_@](?:[\w.@#$-]|\[[\w*]*\])*(?=\s*(?:[=<>]|!=|(?:not\s+)?in\s*\())/iy;
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+(?!\w))?/y;
const SUFFIX = /[A-Za-z_]\w*/y;
const ADDRESS_OF_TABLE = /[a-z]{2,12}:\/\/[^\s|",]*/y;
/** {{name}}, or {{{name}}} as texts have it that were filled into pages. */
const TEMPLATE = /\{\{\{[\w. -]+\}\}\}|\{\{[\w. -]+\}\}/y;
const SCOPE_WORD = /(?:\{\{\{?[^{}|]*\}?\}\}|[^\s|()"=<>!\u200b]|!(?!=))+/y;
/** Behind `=` a word goes on over what would begin another condition: `id=abc==`, `name=<none>`. */
const SCOPE_VALUE = /(?:\{\{\{?[^{}|]*\}?\}\}|[^\s|()"\u200b])+/y;
const SUBQUERY = /\[\s*subquery\b/iy;
/** `from=(-15m)` of a subquery. */
const SUBQUERY_TIME = /(?:from|to)\s*=\s*\([^()|\]]*\)/iy;
const SPACE = /[\s\u200b-\u200d\u2060]+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
/** Quotation marks by what closes them: texts out of documents have typographic ones. */
const QUOTES: Readonly<Record<string, string>> = { '"': '"', '“': '”"', '”': '”"', '„': '“”"' };
const SINGLE_QUOTES: Readonly<Record<string, string>> = { "'": "'", '‘': "’'", '’': "’'" };
/** A quotation mark or a backslash as one character in quotation marks: `quote='''`, `escape='\'`. */
const LONE_CHARACTER = /'(?:'|\\)'(?!')/y;
/** After these a `/` opens a regular expression though they look like operands. */
const WORDS_BEFORE_VALUE = new Set(['matches', 'and', 'or', 'not', 'in', 'by', 'where', 'regex', 'as', 'fields', 'compose', 'withtime']);

/**
 * A field extraction rule has no scope: it begins with its first step. A search for the words json or
 * parse followed by a quoted phrase would be read as one too; nobody has been seen to write that.
 */
const EXTRACTION_RULE =
  /^\s*(?:(?:json|parse|extract)\s+(?:"|(?:field|nodrop)\s*=|(?:regex|anchor|auto|xml|nodrop)\s)|(?:kv|keyvalue)\s+(?:"|(?:auto|infer|regex)\s|field\s*=)|(?:csv|split)\s+\w+\s+(?:delim\s*=|extract\s))/i;

/** `cat` and one table. */
const READS_TABLE = /^\s*cat\s+(?:[a-z]{2,12}:\/\/\S|(?:"[^"]*"|[\w@.-]+|\/?[\w@.-]*(?:\/[\w@.-]+(?: +[\w@.-]+)*)+)\s*(?:\||\]|$))/i;

/** Whether a text begins with a step and not with a scope. */
export function isExtractionRule(text: string): boolean {
  return EXTRACTION_RULE.test(text) || READS_TABLE.test(text);
}

/** Tokens in the order of the text, `start` and `end` in UTF-16 units; the last is of kind `end`. Spaces and comments are none. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let inScope = !isExtractionRule(text);
  /** Where the last comment can end: what opens behind it does not close, and is not looked through for that again and again. */
  const lastCommentEnd = text.lastIndexOf('*/');
  /** Up to where a regular expression was looked for whose classes close, and none was found: there is none behind either. */
  let noClasses = 0;
  /** Brackets that are open, each with what it was opened in; those of subqueries begin a scope. */
  const open: { readonly subquery: boolean; readonly inScope: boolean }[] = [];

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: TokenKind, length: number, value: string, more: Partial<Token> = {}): void => {
    tokens.push({ kind, start: at, end: at + length, value, ...more });
    at += length;
  };

  while (at < text.length) {
    const char = text[at]!;
    const skip = match(SPACE) ?? (char === '/' && (text[at + 1] === '/' || at < lastCommentEnd) ? match(COMMENT) : undefined);
    if (skip) {
      at += skip.length;
      continue;
    }
    const closers = QUOTES[char] ?? (inScope ? undefined : SINGLE_QUOTES[char]);
    if (char === '|' && !(text[at + 1] === '|' && !inScope)) {
      push('pipe', 1, '|');
      inScope = false;
    } else if (closers !== undefined) {
      if (!inScope && match(LONE_CHARACTER)) push('string', 3, text[at + 1]!, { raw: text[at + 1]! });
      else quoted(closers);
    } else if (char === '%' && match(QUOTED_NAME) && (text[at + 1] === '"' || !afterOperand())) {
      const before = at;
      at += match(QUOTED_NAME)!.length - 1;
      quoted('"');
      const last = tokens.pop()!;
      tokens.push({ ...last, kind: last.kind === 'error' ? 'error' : 'quoted-name', start: before });
    } else if (char === '[' && match(SUBQUERY)) openSubquery();
    else if (char === ']' && open.length) {
      push('symbol', 1, ']');
      inScope = open.pop()!.inScope;
    } else if (inScope) scopeToken();
    else expressionToken(char);
  }
  tokens.push({ kind: 'end', start: text.length, end: text.length, value: '' });
  return tokens;

  /** `[subquery:` — its words are names, then its scope begins. */
  function openSubquery(): void {
    open.push({ subquery: true, inScope });
    push('symbol', 1, '[');
    at += match(SPACE)?.length ?? 0;
    push('name', 'subquery'.length, 'subquery');
    at += match(SPACE)?.length ?? 0;
    for (let time = match(SUBQUERY_TIME); time !== undefined; time = match(SUBQUERY_TIME)) {
      const [name = '', value = ''] = time.split('=', 2);
      push('name', name.length, name.trimEnd());
      push('symbol', 1, '=');
      push('string', value.length, value.trim().slice(1, -1), { raw: value.trim().slice(1, -1) });
      at += match(SPACE)?.length ?? 0;
    }
    if (text[at] === ':') push('symbol', 1, ':');
    inScope = !isExtractionRule(text.slice(at));
  }

  function quoted(closers: string): void {
    let value = '';
    let raw = '';
    let i = at + 1;
    for (; i < text.length && !closers.includes(text[i]!); i++) {
      const char = text[i]!;
      const next = text[i + 1];
      if (char !== '\\' || next === undefined) {
        value += char;
        raw += char;
        continue;
      }
      i++;
      if (closers.includes(next)) {
        value += next;
        raw += next;
      } else {
        value += next === '\\' ? '\\' : next === 'n' ? '\n' : next === 't' ? '\t' : next === 'r' ? '\r' : `\\${next}`;
        raw += `\\${next}`;
      }
    }
    if (i >= text.length) push('error', text.length - at, '', { error: 'unclosed-quote' });
    else push('string', i + 1 - at, value, { raw });
  }

  function scopeToken(): void {
    const last = tokens.at(-1);
    const value = last?.kind === 'symbol' && last.value.endsWith('=') ? match(SCOPE_VALUE) : undefined;
    const symbol = value ? undefined : SCOPE_SYMBOLS.find((s) => text.startsWith(s, at));
    const named = value || symbol ? undefined : match(PERCENT_FIELD);
    const word = value ?? named ?? (symbol ? undefined : match(SCOPE_WORD));
    if (symbol) push('symbol', symbol.length, symbol);
    else if (word) {
      // A bracket of a subquery ends its last word.
      const end = open.length ? word.indexOf(']') : -1;
      const taken = end > 0 ? word.slice(0, end) : word;
      if (named) push('quoted-name', taken.length, taken.slice(1));
      else push('word', taken.length, taken);
    } else push('error', 1, text[at]!, { error: 'unexpected-character' });
  }

  function expressionToken(char: string): void {
    const template = char === '{' ? match(TEMPLATE) : undefined;
    const number = (char >= '0' && char <= '9') || char === '.' ? match(NUMBER) : undefined;
    const percent = char === '%' && !afterOperand() ? match(PERCENT_NAME) : undefined;
    if (template) push('template', template.length, template.replace(/[{}]/g, '').trim());
    else if (percent) push('quoted-name', percent.length, percent.slice(1));
    else if (char === '/' && !afterOperand()) regex();
    else if (number) {
      SUFFIX.lastIndex = at + number.length;
      const suffix = SUFFIX.exec(text)?.[0] ?? '';
      push('number', number.length + suffix.length, number, suffix ? { suffix } : {});
    } else {
      const name = ONLY_SYMBOLS.has(char) ? undefined : (match(ADDRESS_OF_TABLE) ?? fieldWithHyphens() ?? match(NAME));
      const symbol = SYMBOLS.find((s) => text.startsWith(s, at));
      if (symbol === '[' && open.length) open.push({ subquery: false, inScope });
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

  /** Up to the next `/` that is neither escaped nor in a class, or else up to the next. */
  function regex(): void {
    const end = (at >= noClasses ? closingSlash(true) : undefined) ?? closingSlash(false);
    if (end === undefined) push('error', text.length - at, '', { error: 'unclosed-regex' });
    else push('regex', end + 1 - at, text.slice(at + 1, end).replaceAll('\\/', '/'));
  }

  function closingSlash(skipClasses: boolean): number | undefined {
    let inClass = false;
    let i = at + 1;
    for (; i < text.length && text[i] !== '\n'; i++) {
      if (text[i] === '\\') i++;
      else if (text[i] === '/' && !inClass) return i;
      else if (skipClasses && text[i] === '[') inClass = true;
      else if (text[i] === ']') inClass = false;
    }
    if (skipClasses) noClasses = i;
    return undefined;
  }
}
