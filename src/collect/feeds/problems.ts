/** What keeps a feed from being fetched, in words for people. Codes are stable. */
import type { IncomingHttpHeaders } from 'node:http';

export type FeedErrorCode =
  | 'feed-settings'
  | 'feed-unreachable'
  | 'feed-timeout'
  | 'feed-refused'
  | 'feed-busy'
  | 'feed-missing'
  | 'feed-answer'
  | 'feed-redirect'
  | 'feed-too-large'
  | 'feed-file'
  | 'feed-unreadable'
  | 'feed-not-stored';

export class FeedError extends Error {
  readonly code: FeedErrorCode;
  readonly hint: string | undefined;
  /** Seconds that the other side asks to wait. */
  readonly retryAfter: number | undefined;
  /** Of an answer that is no success. */
  readonly status: number | undefined;
  constructor(
    code: FeedErrorCode,
    message: string,
    options: { readonly hint?: string; readonly retryAfter?: number | undefined; readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'FeedError';
    this.code = code;
    this.hint = options.hint;
    this.retryAfter = options.retryAfter;
    this.status = options.status;
  }
}

/** A run that was ended because others wait. */
export function lateError(milliseconds: number): FeedError {
  return new FeedError('feed-timeout', `The run took longer than ${Math.round(milliseconds / 60_000)} minutes in all, and other feeds wait.`, {
    hint: 'What was there before is kept. It is tried again later; a filter may make less of it.',
  });
}

/** A failure of the network, by what Node says of it. */
export function networkError(host: string, error: unknown): FeedError {
  if (error instanceof FeedError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const why =
    WHY[code] ?? (/^(?:ERR_TLS|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(code) ? `its certificate is not trusted (${code})` : message || String(error));
  const hint = /certificate/.test(why)
    ? 'Add its certificate authority to this machine’s: NODE_EXTRA_CA_CERTS.'
    : 'Look at the address, the network and the proxy.';
  return new FeedError('feed-unreachable', `${host} cannot be reached: ${why}.`, { hint, cause: error });
}

const WHY: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'names cannot be looked up at the moment',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it does not answer',
  EPIPE: 'it closed the connection',
};

/** What an answer that is no success means. */
export function statusError(host: string, status: number, headers: IncomingHttpHeaders): FeedError {
  const seconds = waitOf(headers);
  if (status === 401 || status === 403)
    return new FeedError('feed-refused', `${host} refuses the request (${status}).`, {
      hint: 'Look at the key, the token or the password of this feed, and at what they may read.',
      status,
    });
  if (status === 404 || status === 410)
    return new FeedError('feed-missing', `${host} has nothing at this address (${status}).`, { hint: 'Look at the address of this feed.', status });
  if (status === 429 || status === 503)
    return new FeedError('feed-busy', `${host} asks to wait (${status}).`, {
      hint: 'It is tried again later; a longer interval may help.',
      retryAfter: seconds,
      status,
    });
  return new FeedError('feed-answer', `${host} answered ${status}.`, { hint: 'It is tried again later.', retryAfter: seconds, status });
}

/** Seconds of a Retry-After header, or of CrowdStrike's own, which is a time in epoch seconds; a day at most. */
function waitOf(headers: IncomingHttpHeaders): number | undefined {
  const header = headers['retry-after'];
  const until = Number(headers['x-ratelimit-retryafter']);
  if (!header && !until) return undefined;
  const seconds = !header ? until - Date.now() / 1000 : /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 86_400) : undefined;
}
