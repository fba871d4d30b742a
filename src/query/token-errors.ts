/** Tokens in the words of messages. */

import { quoted } from '../model/wording.ts';
import { QueryError } from './diagnostics.ts';
import type { Token } from './lexer.ts';

/** What the lexer could not read. */
export function lexicalError(token: Token): QueryError {
  const messages: Partial<Record<string, string>> = {
    'unclosed-quote': 'This quotation mark is not closed.',
    'unclosed-regex': 'This regular expression is not closed with “/”.',
  };
  const code = token.error ?? 'unexpected-character';
  const span = code === 'unexpected-character' ? token : { start: token.start, end: token.start + 1 };
  return new QueryError(code, span, messages[code] ?? `${quoted(token.value)} has no meaning here.`);
}

/** A token as a message names it. */
export function describe(token: Token): string {
  if (token.kind === 'end' && token.value === '') return 'the end of the query';
  if (token.kind === 'string') return `the text ${quoted(token.value)}`;
  if (token.kind === 'template') return quoted(`{{${token.value}}}`);
  return token.kind === 'regex' ? 'a regular expression' : quoted(`${token.value}${token.suffix ?? ''}`);
}
