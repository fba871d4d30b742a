/** The API's errors as those of a command, in-process or over the wire. */
import type { ApiError } from '../api/contract.ts';
import { CliError, EXIT } from './output.ts';

/** What the person got wrong, by its code, where there is no status to tell. */
const WRONG_USE = new Set(['no-such-path', 'invalid-request']);

/** What was sent: one text, or several by the names that errors give them. */
export type Sent = string | Readonly<Record<string, string>>;

/** Code, message and hint; for a mistake in a text its place in it. */
export function problem(error: ApiError['error'], status?: number, sent?: Sent): CliError {
  const { code, message, hint, span } = error;
  const text = typeof sent === 'object' ? sent[error.in ?? ''] : sent;
  const lines = [`${code}: ${message}`];
  if (span && text !== undefined) lines.push(text.replaceAll('\n', ' '), `${' '.repeat(span.start)}${'^'.repeat(Math.max(1, span.end - span.start))}`);
  if (hint) lines.push(hint);
  return new CliError(lines.join('\n'), status === 400 || WRONG_USE.has(code) ? EXIT.wrongUse : EXIT.failure);
}
