/**
 * The values that a STIX pattern names (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, section 9).
 * One indicator is one value here: each comparison that must hold or may hold gives one (parts joined by AND or
 * FOLLOWEDBY too), a comparison that must not hold gives none.
 */
import type { IndicatorType } from '../../model/indicator.ts';

export interface PatternValue {
  readonly type: IndicatorType;
  readonly text: string;
}

export interface PatternRead {
  readonly values: readonly PatternValue[];
  /** What of it cannot be matched here, in words. */
  readonly unread: readonly string[];
}

const MAX_PATTERN = 100_000;
const MAX_VALUES = 10_000;

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: string };

/** Object paths whose value is matched here, in lower case without quotation marks. */
const TYPES: readonly (readonly [RegExp, IndicatorType])[] = [
  [/^ipv[46]-addr:value$/, 'address'],
  [/^network-traffic:(?:src|dst)_ref\.value$/, 'address'],
  [/^domain-name:value$/, 'domain'],
  [/^url:value$/, 'url'],
  [/^file:hashes\.(?:md5|sha-?1|sha-?256)$/, 'file'],
  [/^network-traffic:extensions\.http-request-ext\.request_header\.user-agent$/, 'user-agent'],
];

const OPERATORS = new Set(['=', '==', '!=', '<>', '<', '>', '<=', '>=', 'IN', 'LIKE', 'MATCHES', 'ISSUBSET', 'ISSUPERSET']);

/** Reads a pattern; a text that is none gives a reason. */
export function readPattern(pattern: string): PatternRead | string {
  if (pattern.length > MAX_PATTERN) return 'the pattern is too long';
  const tokens = tokenize(pattern);
  if (typeof tokens === 'string') return tokens;
  const values: PatternValue[] = [];
  const unread = new Set<string>();
  let at = 0;
  /** Of square brackets, where comparisons are. */
  let open = false;
  while (at < tokens.length) {
    const token = tokens[at] as Token;
    if (token.kind === 'sign' && (token.text === '[' || token.text === ']')) {
      if (open === (token.text === '[')) return 'the brackets of the pattern do not fit';
      open = !open;
    }
    if (!open || token.kind !== 'word' || !token.text.includes(':')) {
      at++;
      continue;
    }
    const path = token.text.toLowerCase();
    at++;
    let negated = false;
    if (word(tokens[at]) === 'NOT') {
      negated = true;
      at++;
    }
    const operator = word(tokens[at]) ?? sign(tokens[at]) ?? '';
    if (!OPERATORS.has(operator)) return `behind ${path} must stand a comparison`;
    at++;
    const literals: string[] = [];
    if (operator === 'IN') {
      if (sign(tokens[at]) !== '(') return 'behind IN must stand a list in parentheses';
      for (at++; at < tokens.length && sign(tokens[at]) !== ')'; at++) {
        const item = tokens[at] as Token;
        if (item.kind !== 'sign') literals.push(item.text);
      }
      if (at === tokens.length) return 'the list behind IN does not end';
    } else {
      const literal = tokens[at];
      if (!literal || literal.kind === 'sign') return `${path} is compared with nothing`;
      literals.push(literal.text);
    }
    at++;
    const type = TYPES.find(([known]) => known.test(path))?.[1];
    if (type === undefined) unread.add(path.slice(0, 100));
    else if (negated || operator === '!=' || operator === '<>') unread.add('what must not be');
    else if (operator === '=' || operator === '==' || operator === 'IN' || (operator === 'ISSUBSET' && type === 'address')) {
      for (const text of literals) values.push({ type, text });
      if (values.length > MAX_VALUES) return `the pattern names more than ${MAX_VALUES} values`;
    } else unread.add(operator);
  }
  if (open) return 'the brackets of the pattern do not fit';
  return { values, unread: [...unread] };
}

function word(token: Token | undefined): string | undefined {
  return token?.kind === 'word' ? token.text.toUpperCase() : undefined;
}

function sign(token: Token | undefined): string | undefined {
  return token?.kind === 'sign' ? token.text : undefined;
}

/** A path is one word: quotation marks around a part of it are taken off. Brackets with a number in a path (`[0]`, `[*]`) are left out. */
function tokenize(pattern: string): Token[] | string {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const c = pattern[at] as string;
    if (/\s/.test(c)) {
      at++;
    } else if (c === "'") {
      const read = quoted(pattern, at);
      if (!read) return 'a text in the pattern does not end';
      tokens.push({ kind: 'text', text: read.text });
      at = read.end;
    } else if (/[A-Za-z0-9_.+-]/.test(c)) {
      let text = '';
      for (;;) {
        const part = /^(?:[A-Za-z0-9_.:+-]+|\[(?:\d+|\*)\])/.exec(pattern.slice(at, at + 300))?.[0];
        if (part !== undefined) {
          if (!part.startsWith('[')) text += part;
          at += part.length;
        } else if (pattern[at] === "'" && /[.:]$/.test(text)) {
          const read = quoted(pattern, at);
          if (!read) return 'a text in the pattern does not end';
          text += read.text;
          at = read.end;
        } else break;
        if (text.length > 2000) return 'a word in the pattern is too long';
      }
      tokens.push({ kind: 'word', text });
    } else {
      const two = pattern.slice(at, at + 2);
      const text = ['!=', '==', '<=', '>=', '<>'].includes(two) ? two : c;
      tokens.push({ kind: 'sign', text });
      at += text.length;
    }
  }
  return tokens;
}

/** A text in single quotation marks that begins at `start`; a backslash goes before a quotation mark and itself. */
function quoted(pattern: string, start: number): { text: string; end: number } | undefined {
  let text = '';
  for (let at = start + 1; at < pattern.length; at++) {
    const c = pattern[at] as string;
    if (c === '\\' && at + 1 < pattern.length) text += pattern[++at];
    else if (c === "'") return { text, end: at + 1 };
    else text += c;
  }
  return undefined;
}
