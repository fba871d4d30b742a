/**
 * Tokens to tree. Each step between two pipes is read on its own, so one mistake gives one diagnostic
 * and the steps behind it are still read.
 */

import type { Diagnostic } from './contract.ts';
import { Cursor } from './cursor.ts';
import { QueryError } from './diagnostics.ts';
import { isExtractionRule, lex, type Token } from './lexer.ts';
import { parseOperation } from './operators/index.ts';
import { parseScope } from './scope.ts';
import type { Operation, Query, Scope } from './tree.ts';

/** UTF-16 code units that a query may have. */
const MAX_LENGTH = 64 * 1024;

export interface Parsed {
  readonly query: Query;
  readonly tokens: readonly Token[];
  /** Empty when the text is right. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a text. Never throws: what is wrong is in `diagnostics`. */
export function parse(text: string): Parsed {
  if (text.length > MAX_LENGTH) {
    const message = `A query may have ${MAX_LENGTH} characters; this has ${text.length}.`;
    return {
      query: { scope: { node: 'all' }, operations: [] },
      tokens: [],
      diagnostics: [{ code: 'too-long', span: { start: MAX_LENGTH, end: text.length }, message }],
    };
  }
  const tokens = lex(text);
  const diagnostics: Diagnostic[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      const { code, span, message, hint } = error.diagnostic;
      diagnostics.push({ code, span: { start: span.start, end: span.end }, message, ...(hint ? { hint } : {}) });
      return undefined;
    }
  };
  const parts = segments(tokens);
  const [first, rest] = isExtractionRule(text) ? [tokens.slice(-1), parts] : [parts[0] ?? [], parts.slice(1)];
  const scope: Scope = attempt(() => parseScope(new Cursor(first))) ?? { node: 'all' };
  const operations = rest.flatMap((segment): Operation[] => {
    // An empty step, as in `a | | b` or a trailing pipe while typing, is no step.
    if (segment.length === 1) return [];
    const operation = attempt(() => parseOperation(new Cursor(segment)));
    return operation ? [operation] : [];
  });
  return { query: { scope, operations }, tokens, diagnostics };
}

/** Tokens between pipes, each with the pipe or end that closes it. */
function segments(tokens: readonly Token[]): Token[][] {
  const found: Token[][] = [[]];
  for (const token of tokens) {
    found.at(-1)?.push(token);
    if (token.kind === 'pipe') found.push([]);
  }
  return found;
}
