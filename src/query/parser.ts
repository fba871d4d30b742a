/**
 * Tokens to tree. Each step between two pipes is read on its own, so one mistake gives one diagnostic
 * and the steps behind it are still read.
 */

import { counted } from '../model/wording.ts';
import type { Diagnostic } from './contract.ts';
import { type Around, Cursor } from './cursor.ts';
import { QueryError } from './diagnostics.ts';
import { isExtractionRule, lex, type Token } from './lexer.ts';
import { parseStep } from './operators/index.ts';
import { parseScope } from './scope.ts';
import type { Query, Scope } from './tree.ts';

/** UTF-16 code units that a query may have. */
const MAX_LENGTH = 64 * 1024;

/** Queries inside queries. */
const MAX_DEPTH = 8;

/** Words of its search, steps that it may have, and mistakes that are told of it. */
const MAX_WORDS = 2000;
const MAX_STEPS = 500;
const MAX_MISTAKES = 20;

export interface Parsed {
  readonly query: Query;
  readonly tokens: readonly Token[];
  /** Empty when the text is right. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a text. Never throws: what is wrong is in `diagnostics`. Values of variables are asked for only
 * where a template stands for something that is no value: a count, a duration, a name.
 */
export function parse(text: string, variables?: Readonly<Record<string, string>>): Parsed {
  if (text.length > MAX_LENGTH) {
    const message = `A query may have ${counted(MAX_LENGTH, 'character')}; this has ${counted(text.length)}.`;
    return {
      query: { scope: { node: 'all' }, operations: [] },
      tokens: [],
      diagnostics: [{ code: 'too-long', span: { start: MAX_LENGTH, end: text.length }, message }],
    };
  }
  const tokens = lex(text);
  const diagnostics: Diagnostic[] = [];
  const query = readQuery(tokens, !isExtractionRule(text), { variables, text }, (error) => {
    const { code, span, message, hint } = error.diagnostic;
    if (diagnostics.length < MAX_MISTAKES) diagnostics.push({ code, span: { start: span.start, end: span.end }, message, ...(hint ? { hint } : {}) });
  });
  return { query, tokens, diagnostics };
}

/** Reads the tokens of a query; `wrong` is told each mistake. */
function readQuery(tokens: readonly Token[], scoped: boolean, outer: Around, wrong: (error: QueryError) => void, depth = 0): Query {
  const around: Around = {
    ...outer,
    // A mistake in an inner query is the outer step's.
    read: (inner, withScope) => {
      if (depth >= MAX_DEPTH)
        throw new QueryError(
          'too-deep',
          inner[0] ?? { start: 0, end: 0 },
          'Queries are nested too deeply here.',
          'Save what an inner query gives as a table with “save”, and look it up.',
        );
      const fail = (error: QueryError): never => {
        throw error;
      };
      return readQuery(inner, withScope, outer, fail, depth + 1);
    },
  };
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      wrong(error);
      return undefined;
    }
  };
  const parts = segments(tokens);
  const [first, rest] = scoped ? [parts[0] ?? [], parts.slice(1)] : [tokens.slice(-1), parts];
  const [word] = first.slice(MAX_WORDS);
  if (word)
    wrong(
      new QueryError(
        'too-long',
        word,
        `A search may have ${counted(MAX_WORDS, 'word')}; this has ${counted(first.length)}.`,
        'Keep a long list as a lookup table, and filter with “lookupContains”.',
      ),
    );
  const scope: Scope = attempt(() => parseScope(new Cursor(word ? tokens.slice(-1) : first, around))) ?? { node: 'all' };
  // An empty step, as in `a | | b` or a trailing pipe while typing, is no step.
  const steps = rest.filter((segment) => segment.length > 1);
  const extra = steps[MAX_STEPS]?.[0];
  if (extra) wrong(new QueryError('too-long', extra, `A query may have ${counted(MAX_STEPS, 'step')}; this has ${counted(steps.length)}.`));
  const operations = steps.slice(0, MAX_STEPS).flatMap((segment) => attempt(() => parseStep(new Cursor(segment, around))) ?? []);
  return { scope, operations };
}

/** Tokens between pipes, each with the pipe or end that closes it. Pipes of inner queries separate nothing. */
export function segments(tokens: readonly Token[]): Token[][] {
  let segment: Token[] = [];
  const found = [segment];
  let brackets = 0;
  let parentheses = 0;
  for (const [i, token] of tokens.entries()) {
    segment.push(token);
    if (token.kind === 'symbol') {
      const next = tokens[i + 1];
      if (token.value === '[' && (brackets > 0 || (next?.kind === 'name' && next.value.toLowerCase() === 'subquery'))) brackets++;
      else if (token.value === ']' && brackets > 0) brackets--;
      // Parentheses hold steps in join and filter only; elsewhere one that is not closed must not swallow the rest.
      else if (segment[0]?.kind === 'name' && ['join', 'filter'].includes(segment[0].value.toLowerCase())) {
        if (token.value === '(') parentheses++;
        else if (token.value === ')' && parentheses > 0) parentheses--;
      }
    }
    if (token.kind === 'pipe' && brackets === 0 && parentheses === 0) {
      segment = [];
      found.push(segment);
    }
  }
  return found;
}
