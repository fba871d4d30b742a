/** What the public language has and this one has not: each word with the way out. */
import { QueryError } from '../diagnostics.ts';
import type { Token } from '../lexer.ts';

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['details', 'Search for a part of the signature in the scope.'],
  ['logexplain', 'Count both sides: if(condition, "event", "other") as side | count by side, field'],
  ['macro', 'Write the steps themselves.'],
]);

/** Throws QueryError `not-supported` for a word of the public language that begins a step. */
export function refuseUnsupported(word: string, token: Token): void {
  const instead = INSTEAD.get(word);
  if (instead !== undefined) throw new QueryError('not-supported', token, `${token.value} is not supported.`, instead);
}
