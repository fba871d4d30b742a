/** What the public language has and this one has not: each word with the way out, and the step that holds it. */

import { quoted } from '../../model/wording.ts';
import { QueryError } from '../diagnostics.ts';
import type { Token } from '../lexer.ts';
import type { Operation } from '../tree.ts';

const METRICS = 'This is an operator of metrics, and these are records: “timeslice 5m | avg(bytes) by _timeslice”.';

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['delta', METRICS],
  ['quantize', METRICS],
  ['details', 'Search for a part of the signature, before the first “|”.'],
  ['infer', 'Compare with numbers of your own: take them with “lookup” from a table that “save” wrote.'],
  ['logexplain', 'Count both sides: “if(condition, "event", "other") as side | count by side, field”.'],
  ['macro', 'Write the steps themselves.'],
]);

/** Throws QueryError `not-supported` for a word of the public language that begins a step. */
export function refuseUnsupported(word: string, token: Token): void {
  const instead = INSTEAD.get(word);
  if (instead !== undefined) throw new QueryError('not-supported', token, `${quoted(token.value)} is not supported.`, instead);
}

type Refused = Operation & { readonly op: 'refused' };

/** The step of a text that is right in the public language. Undefined where the error says that it is wrong. */
export function refusedStep({ diagnostic }: QueryError, text: string, start: number): Refused | undefined {
  const { code, message, hint, span } = diagnostic;
  if (code !== 'not-supported') return undefined;
  const wordSpan = { start: span.start, end: span.end };
  return { op: 'refused', text, message, ...(hint ? { hint } : {}), wordSpan, span: { start, end: start + text.length } };
}

/** Throws QueryError `not-supported`. */
export function refuse({ message, hint, wordSpan }: Refused): never {
  throw new QueryError('not-supported', wordSpan, message, hint);
}
