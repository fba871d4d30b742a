/** What each piece of a text is, told from the lexer's own tokens. Pure. */
import { findAggregate } from '../../../query/aggregates.ts';
import { findFunction } from '../../../query/functions/index.ts';
import { isExtractionRule, lex, type Token } from '../../../query/lexer.ts';
import { KEYWORDS } from '../../../query/operators/index.ts';
import { WORDS } from '../../../query/words.ts';

/** Kinds of pieces; each has its class in search.css. */
export const PAINTS = ['operator', 'function', 'keyword', 'field', 'string', 'number', 'regex', 'pipe', 'symbol', 'comment', 'template', 'error'] as const;
export type Paint = (typeof PAINTS)[number];

export interface Painted {
  readonly start: number;
  readonly end: number;
  readonly paint: Paint;
}

const OPERATORS: ReadonlySet<string> = new Set(KEYWORDS);
const STEP_WORDS: ReadonlySet<string> = new Set(Object.keys(WORDS).map((word) => word.replace('=', '').toLowerCase()));
const SCOPE_WORDS: ReadonlySet<string> = new Set(['and', 'or', 'not']);
const COMPARISON = /^(?:=|!=|<>|<=?|>=?)$/;

const OF_KIND: Readonly<Partial<Record<Token['kind'], Paint>>> = {
  string: 'string',
  number: 'number',
  regex: 'regex',
  template: 'template',
  pipe: 'pipe',
  symbol: 'symbol',
  error: 'error',
  'quoted-name': 'field',
};

/** The coloured pieces of a text, in order; words of a search that name nothing have none. */
export function paint(text: string): Painted[] {
  const tokens = lex(text);
  const pieces: Painted[] = [];
  let begins = isExtractionRule(text);
  let at = 0;
  tokens.forEach((token, i) => {
    comments(text, at, token.start, pieces);
    at = token.end;
    const found = token.kind === 'word' || token.kind === 'name' ? ofWord(tokens, i, begins) : OF_KIND[token.kind];
    if (found && token.end > token.start) pieces.push({ start: token.start, end: token.end, paint: found });
    begins = token.kind === 'pipe';
  });
  return pieces;
}

function ofWord(tokens: readonly Token[], i: number, begins: boolean): Paint | undefined {
  const word = tokens[i]!.value.toLowerCase();
  const next = tokens[i + 1]?.value ?? '';
  // Only a search is made of words.
  if (tokens[i]!.kind === 'word') {
    if (SCOPE_WORDS.has(word)) return 'keyword';
    if (COMPARISON.test(next)) return 'field';
    return COMPARISON.test(tokens[i - 1]?.value ?? '') ? 'string' : undefined;
  }
  if (begins && OPERATORS.has(word) && !COMPARISON.test(next)) return 'operator';
  if (next === '(' && (findFunction(word) || word === 'if')) return 'function';
  if (findAggregate(word) && (next === '(' || tokens[i - 1]?.value.toLowerCase() === 'by' || tokens[i - 1]?.value === ',')) return 'operator';
  if (STEP_WORDS.has(word)) return 'keyword';
  return 'field';
}

/** Comments stand between tokens. */
function comments(text: string, from: number, to: number, pieces: Painted[]): void {
  for (let at = from; at < to; ) {
    if (text.startsWith('//', at)) {
      const line = text.indexOf('\n', at);
      const end = line < 0 || line > to ? to : line;
      pieces.push({ start: at, end, paint: 'comment' });
      at = end;
    } else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2);
      const end = close < 0 || close + 2 > to ? to : close + 2;
      pieces.push({ start: at, end, paint: 'comment' });
      at = end;
    } else at++;
  }
}
