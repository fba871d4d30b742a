/**
 * What the API answers when something is wrong: always `{"error":{code,message,hint?,span?}}`, always
 * by one table from code to status. Nothing of the engine's or the machine's own words gets out
 * unless it was meant for people.
 */
import { SpoolError } from '../ingest/spool.ts';
import type { Diagnostic } from '../query/index.ts';
import { LibraryError, type LibraryErrorCode } from '../store/library.ts';
import { StoreError, type StoreErrorCode } from '../store/store.ts';
import type { ApiError } from './contract.ts';

/** Codes of the API itself, beside those of the store and of diagnostics. Stable, never reused. */
export type ProblemCode =
  | 'invalid-request'
  | 'bad-time'
  | 'not-found'
  | 'host-not-allowed'
  | 'origin-not-allowed'
  | 'not-signed-in'
  | 'csrf-missing'
  | 'login-link-used'
  | 'too-many-requests'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'not-available'
  | 'no-such-path'
  | 'lookup-missing'
  | 'lookup-name'
  | 'lookup-columns'
  | 'lookup-file'
  | 'lookup-too-large'
  | 'lookup-busy'
  | 'too-many-lookups'
  | 'export-gone'
  | 'job-gone'
  | 'job-too-large'
  | 'too-many-jobs'
  | 'read-only'
  | 'library-full'
  | 'invalid-dashboard'
  | 'rule-refused'
  | 'too-many-fields'
  | 'too-many-rules'
  | 'too-many-administrators'
  | 'feed-name'
  | 'feed-unreadable'
  | 'allow-list'
  | 'too-many-indicators'
  | 'unknown-token'
  | 'source-paused'
  | 'receiver-busy'
  | 'spool-full'
  | 'not-a-delivery'
  | 'internal';

const STATUS: Readonly<Record<ProblemCode | StoreErrorCode | LibraryErrorCode, number>> = {
  'invalid-request': 400,
  'bad-time': 400,
  'not-found': 404,
  'host-not-allowed': 403,
  'origin-not-allowed': 403,
  'not-signed-in': 401,
  'csrf-missing': 403,
  'login-link-used': 403,
  'too-many-requests': 429,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'not-available': 501,
  'no-such-path': 400,
  'lookup-missing': 404,
  'lookup-name': 400,
  'lookup-columns': 400,
  'lookup-file': 400,
  'lookup-too-large': 413,
  'lookup-busy': 429,
  'too-many-lookups': 422,
  'export-gone': 404,
  'job-gone': 404,
  'job-too-large': 422,
  'too-many-jobs': 429,
  'read-only': 403,
  'library-full': 422,
  'invalid-dashboard': 400,
  'rule-refused': 422,
  'too-many-fields': 422,
  'too-many-rules': 422,
  'too-many-administrators': 422,
  'feed-name': 400,
  'feed-unreadable': 422,
  'allow-list': 400,
  'too-many-indicators': 422,
  'unknown-token': 401,
  'source-paused': 503,
  'receiver-busy': 503,
  'spool-full': 503,
  'not-a-delivery': 400,
  internal: 500,
  'data-dir-in-use': 503,
  'query-cancelled': 409,
  'query-timeout': 504,
  'query-memory': 422,
  'query-too-many-rows': 422,
  'query-too-many-bytes': 422,
  'query-reads-too-much': 422,
  'query-refused': 400,
  'query-failed': 500,
  'lookup-replaced': 409,
  'store-unavailable': 503,
  'disk-full': 507,
  'item-missing': 404,
  'folder-missing': 400,
  'name-taken': 409,
  'folder-not-empty': 409,
  'folder-circle': 400,
  'edited-meanwhile': 409,
};

const STORE_HINTS: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  'query-timeout': 'Narrow the time range or add a filter; a query job may run longer.',
  'query-refused': 'Regular expressions are RE2; look at the patterns and the values of functions in the query.',
  'query-failed': 'The server’s log has the details.',
  'lookup-replaced': 'Run the query again.',
  'query-memory': 'Narrow the time range, add a filter, or group by fewer fields.',
  'query-too-many-rows': 'Aggregate, or end the query with “limit”; an export without transpose has no such limit.',
  'query-too-many-bytes': 'Name fewer fields, or end the query with “limit”; an export without transpose has no such limit.',
  'query-reads-too-much': 'Narrow the time range or add a filter.',
  'store-unavailable': 'Try again in a moment.',
  'disk-full': 'Free space in the data directory, or shorten the retention.',
};

const LIBRARY_HINTS: Readonly<Record<LibraryErrorCode, string>> = {
  'item-missing': 'Somebody may have removed it; the list shows what is there.',
  'folder-missing': 'Somebody may have removed it. Choose another folder.',
  'name-taken': 'Choose another name, or overwrite that one.',
  'folder-not-empty': 'Move or remove what is in it first.',
  'folder-circle': 'Choose a folder outside of it.',
  'edited-meanwhile': 'Load it again, or save yours under another name.',
};

export interface Answer {
  readonly status: number;
  readonly body: ApiError;
}

/** A wrong request, in words for the person who made it. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly hint: string | undefined;
  /** Of a file: each with its place. */
  readonly problems: ApiError['error']['problems'];
  constructor(code: ProblemCode, message: string, options: { hint?: string; cause?: unknown; problems?: ApiError['error']['problems'] } = {}) {
    super(message, { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.hint = options.hint;
    this.problems = options.problems;
  }
}

/** `in` names the text, where a request has several. */
type Placed = Diagnostic & { readonly in?: string };

/** A text that does not compile; answers with its first diagnostic. */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Placed[];
  constructor(diagnostics: readonly Placed[]) {
    super(diagnostics.map((d) => d.message).join('; '));
    this.name = 'DiagnosticError';
    this.diagnostics = diagnostics;
  }
}

/** Any thrown thing → status and body. */
export function toAnswer(error: unknown): Answer {
  if (error instanceof Problem) {
    const { status, body } = answer(error.code, error.message, error.hint);
    return { status, body: { error: { ...body.error, ...(error.problems ? { problems: error.problems } : {}) } } };
  }
  if (error instanceof StoreError) {
    // The engine's own words hold statements and data: they are for the log.
    const message = error.code === 'query-failed' ? 'The store could not answer this.' : error.message;
    return answer(error.code, message, STORE_HINTS[error.code]);
  }
  if (error instanceof SpoolError && error.code === 'spool-exceeded')
    return answer('body-too-large', error.message, 'Send less at once, or raise spoolMaxMib.');
  if (error instanceof SpoolError) return answer('spool-full', error.message, 'Nothing of this request was taken. Send it again later.');
  if (error instanceof LibraryError) return answer(error.code, error.message, LIBRARY_HINTS[error.code]);
  if (error instanceof DiagnosticError) {
    const first = error.diagnostics[0];
    if (first)
      return {
        status: 400,
        body: {
          error: {
            code: first.code,
            message: first.message,
            span: { ...first.span },
            ...(first.hint ? { hint: first.hint } : {}),
            ...(first.in ? { in: first.in } : {}),
          },
        },
      };
  }
  const framework = frameworkProblem(error);
  if (framework) return framework;
  return answer('internal', 'Something went wrong inside Bartizan.', 'The server’s log has the details.');
}

/** What the HTTP framework refuses by itself, in our words. */
const REFUSED: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty: write JSON, or send none with “Content-Type: application/json”.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is no JSON that is whole and well-formed.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is of another length than its “Content-Length” says.',
  FST_ERR_BAD_URL: 'The address has a “%” that begins no character.',
};

/** Errors that the HTTP framework makes itself: known by their status. */
function frameworkProblem(error: unknown): Answer | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  const status = error.statusCode;
  if (status === 413) return answer('body-too-large', 'The request body is larger than this route takes.');
  if (status === 415) return answer('unsupported-media-type', 'The body must be JSON, sent with Content-Type: application/json.');
  if (status === 429) return answer('too-many-requests', 'Too many requests from this address.', 'Wait a minute.');
  if (status >= 400 && status < 500) return answer('invalid-request', REFUSED['code' in error ? String(error.code) : ''] ?? error.message);
  return undefined;
}

function answer(code: ProblemCode | StoreErrorCode | LibraryErrorCode, message: string, hint?: string): Answer {
  return { status: STATUS[code], body: { error: { code, message, ...(hint ? { hint } : {}) } } };
}
