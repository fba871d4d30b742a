/** One post to the HTTP source, tried again while the source may yet take it. */
import { gzipSync } from 'node:zlib';

/** Time and chance, so that tests need not wait. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** 0 ≤ x < 1. */
  random(): number;
}

export interface Post {
  readonly lines: string;
  readonly contentType: string;
  /** The same for the same records, so that what was stored is not stored again. */
  readonly idempotencyKey: string;
}

/** `refused`: the same post will never be taken. `unavailable`: it was tried as often as time allowed. */
export class PostError extends Error {
  readonly code: 'refused' | 'unavailable';
  constructor(code: 'refused' | 'unavailable', message: string) {
    super(message);
    this.name = 'PostError';
    this.code = code;
  }
}

export const MAX_ATTEMPTS = 6;
const FIRST_WAIT = 1000;
const MAX_WAIT = 20_000;
const ANSWER_WITHIN = 30_000;
/** Left at the end of the invocation for reporting. */
const MARGIN = 2000;
const MAX_ANSWER = 500;

/**
 * Resolves when the source has answered 2xx. Tries again after network errors, 408, 429 and 5xx, with waits that
 * double (or as long as Retry-After says), until `deadline` (epoch milliseconds). Throws PostError, which names the host
 * and the answer and never the address, whose path holds the token.
 */
export async function send(endpoint: URL, post: Post, deadline: number, clock: Clock): Promise<void> {
  const body = gzipSync(post.lines);
  let problem = 'no time was left';
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const left = deadline - MARGIN - clock.now();
    if (left <= 0) break;
    const answer = await once(endpoint, post, body, Math.min(left, ANSWER_WITHIN));
    if (answer.done) return;
    problem = answer.problem;
    if (!answer.retryable) throw new PostError('refused', `${endpoint.host} refused the records: ${problem}`);
    const backOff = Math.min(MAX_WAIT, FIRST_WAIT * 2 ** attempt) * (0.5 + clock.random() / 2);
    const wait = Math.max(backOff, retryAfter(answer.retryAfter, clock.now()));
    if (attempt + 1 === MAX_ATTEMPTS || wait >= deadline - MARGIN - clock.now()) break;
    await clock.sleep(wait);
  }
  throw new PostError('unavailable', `${endpoint.host} did not take the records: ${problem}`);
}

type Answer = { readonly done: true } | { readonly done: false; readonly problem: string; readonly retryable: boolean; readonly retryAfter: string | null };

async function once(endpoint: URL, post: Post, body: Buffer, timeout: number): Promise<Answer> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': post.contentType, 'content-encoding': 'gzip', 'idempotency-key': post.idempotencyKey },
      body: new Uint8Array(body),
      // A redirect would send the records, and the token, somewhere that nobody named.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    const said = await beginning(response);
    if (response.ok) return { done: true };
    const { status } = response;
    return {
      done: false,
      problem: `${status} ${said}`.trim(),
      retryable: status === 408 || status === 429 || status >= 500,
      retryAfter: response.headers.get('retry-after'),
    };
  } catch (error) {
    return { done: false, problem: reason(error), retryable: true, retryAfter: null };
  }
}

/** The first characters of an answer; the rest is not read. */
async function beginning(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= MAX_ANSWER) break;
  }
  return text.slice(0, MAX_ANSWER);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'network error';
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message;
}

/** Milliseconds that a Retry-After asks for: seconds or a date (RFC 9110, 10.2.3); 0 where it says nothing. */
function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
