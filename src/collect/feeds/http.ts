/**
 * Requests of feeds: over HTTP or HTTPS, through a proxy where there is one, with limits on time, size and redirects.
 * Secrets go to the origin that they are meant for and nowhere else: not along a redirect to another.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent';
import { type Environment, environmentProxy } from '../proxy.ts';
import { FeedError, networkError, statusError } from './problems.ts';
import { assertReachable, type Reach, reachableOnly, reachOf } from './reach.ts';

export interface FeedAuth {
  readonly kind: 'none' | 'basic' | 'bearer' | 'key' | 'header' | 'oauth2';
  readonly user?: string | undefined;
  readonly header?: string | undefined;
  readonly secret?: string | undefined;
}

/** How all requests of one run are made. */
export interface Way {
  readonly auth: FeedAuth;
  /** Header of the auth kind `key`. */
  readonly keyHeader?: string;
  readonly proxy: string | undefined;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly userAgent: string;
  readonly timeouts: Timeouts;
  /** Bytes that are left to read of this run, decompressed. */
  readonly budget: { left: number; readonly most: number };
  readonly onBytes: (count: number) => void;
}

export interface Timeouts {
  /** Until an answer begins, and between two pieces of it; milliseconds. */
  readonly idleMs: number;
  /** Of one request in all. */
  readonly wholeMs: number;
  /** Of a run in all, fetching and storing: other feeds wait for it. */
  readonly runMs: number;
}

export const TIMEOUTS: Timeouts = { idleMs: 60_000, wholeMs: 15 * 60_000, runMs: 3 * 3_600_000 };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Decompressed; it throws FeedError. */
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_REDIRECTS = 5;

interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks for an address; answers with 200 to 299, or 304 where `headers` ask for that. Throws FeedError. */
export async function ask(address: string, way: Way, asked: Asked = {}): Promise<Answer> {
  const origin = urlOf(address).origin;
  const whole = AbortSignal.timeout(way.timeouts.wholeMs);
  const signal = AbortSignal.any([way.signal, whole]);
  let url = urlOf(address);
  let from: Reach | undefined;
  for (let redirects = 0; ; redirects++) {
    const response = await send(url, way, { ...asked, headers: { ...asked.headers, ...(url.origin === origin ? authHeaders(way) : {}) } }, signal, from).catch(
      (error: unknown) => {
        throw stopped(url, way, whole) ?? networkError(url.host, error);
      },
    );
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (status >= 300 && status < 400 && status !== 304 && location !== undefined) {
      from ??= reachedBy(response, url, way);
      response.destroy();
      if (redirects === MAX_REDIRECTS)
        throw new FeedError('feed-redirect', `${url.host} redirects more than ${MAX_REDIRECTS} times.`, { hint: 'Enter the address that it leads to.' });
      const next = URL.parse(location, url);
      if (!next || !/^https?:$/.test(next.protocol) || (url.protocol === 'https:' && next.protocol === 'http:'))
        throw new FeedError('feed-redirect', `${url.host} redirects to an address that is not followed: ${location.slice(0, 200)}`, {
          hint: 'Enter the address that is meant.',
        });
      if ((asked.method ?? 'GET') !== 'GET')
        throw new FeedError('feed-redirect', `${url.host} redirects a request that is sent and not only read: to ${next.host}.`, {
          hint: 'Enter the address that it leads to.',
        });
      url = next;
      continue;
    }
    if ((status < 200 || status > 299) && status !== 304) {
      response.destroy();
      throw statusError(url.host, status, response.headers);
    }
    return { status, headers: response.headers, body: bodyOf(response, url, way, whole) };
  }
}

/** Of a page that is read as a whole. */
const MAX_PAGE = 64 * 2 ** 20;

/** A body that is JSON. Throws FeedError. */
export async function jsonOf(answer: Answer, host: string): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_PAGE) throw new FeedError('feed-too-large', `${host} sends a page of more than ${MAX_PAGE / 2 ** 20} MiB.`);
  }
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (error) {
    throw new FeedError('feed-answer', `${host} answered with something that is no JSON.`, {
      hint: `It begins with: ${text.slice(0, 80).replace(/\s+/g, ' ')}`,
      cause: error,
    });
  }
}

/** A member of what may be anything. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Throws FeedError. */
export function urlOf(address: string): URL {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new FeedError('feed-settings', `“${address.slice(0, 200)}” is no address that begins with http:// or https://.`);
  return url;
}

function authHeaders({ auth, keyHeader }: Way): Record<string, string> {
  const secret = auth.secret ?? '';
  switch (auth.kind) {
    case 'none':
    // A kind that signs in with a client asks for a token, and goes on with that.
    case 'oauth2':
      return {};
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${auth.user ?? ''}:${secret}`).toString('base64')}` };
    case 'bearer':
      return { authorization: `Bearer ${secret}` };
    case 'key':
      return { [keyHeader ?? 'authorization']: secret };
    case 'header':
      return { [auth.header ?? 'authorization']: secret };
    default:
      return auth.kind satisfies never;
  }
}

function proxyOf(url: URL, way: Way): URL | undefined {
  return way.proxy ? urlOf(way.proxy) : environmentProxy(url, way.environment);
}

function send(url: URL, way: Way, asked: Asked, signal: AbortSignal, from: Reach | undefined): Promise<IncomingMessage> {
  const proxy = proxyOf(url, way);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host)) assertReachable(host, host, from);
  const secure = url.protocol === 'https:';
  const options: RequestOptions = {
    method: asked.method ?? 'GET',
    headers: {
      'accept-encoding': 'gzip, deflate, br',
      'user-agent': way.userAgent,
      ...asked.headers,
      ...(asked.body === undefined ? {} : { 'content-length': Buffer.byteLength(asked.body) }),
    },
    signal,
    timeout: way.timeouts.idleMs,
    // A connection that was kept would be one that another request was allowed.
    ...(proxy
      ? { agent: secure ? new HttpsProxyAgent({ proxy }) : new HttpProxyAgent({ proxy }) }
      : { agent: new (secure ? HttpsAgent : HttpAgent)({ keepAlive: false }), lookup: reachableOnly(from) }),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('timeout', () => request.destroy(timeoutError(url, way)));
    request.on('error', reject);
    request.end(asked.body);
  });
}

/** How far the address reaches that answered. Behind a proxy it is the proxy that says what may be reached. */
function reachedBy(response: IncomingMessage, url: URL, way: Way): Reach {
  const { remoteAddress } = response.socket;
  return proxyOf(url, way) || remoteAddress === undefined ? 'private' : reachOf(remoteAddress);
}

async function* bodyOf(response: IncomingMessage, url: URL, way: Way, whole: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of decoded(response)) {
      way.budget.left -= chunk.length;
      if (way.budget.left < 0)
        throw new FeedError('feed-too-large', `${url.host} sends more than ${Math.round(way.budget.most / 2 ** 20)} MiB.`, {
          hint: 'Raise the limit of this feed if that is right.',
        });
      way.onBytes(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof FeedError) throw error;
    if (/^(?:Z_|ERR_(?:_ZLIB|ZLIB|BROTLI))/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw new FeedError('feed-answer', `What ${url.host} sends cannot be decompressed.`, {
        hint: 'It may have ended too early; it is tried again later.',
        cause: error,
      });
    throw stopped(url, way, whole) ?? networkError(url.host, error);
  } finally {
    response.destroy();
  }
}

function decoded(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase();
  const unpack =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'deflate'
        ? createInflate()
        : encoding === 'br'
          ? createBrotliDecompress()
          : undefined;
  return unzipped(unpack ? pipeline(response, unpack, ignore) : response);
}

/** Files ending in .gz come as they are: told by their first bytes. */
export async function* unzipped(source: Readable): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let start = Buffer.alloc(0);
  let ended = false;
  try {
    while (start.length < 2 && !ended) {
      const next = await chunks.next();
      if (next.done) ended = true;
      else start = Buffer.concat([start, next.value]);
    }
    const all = async function* (): AsyncGenerator<Buffer> {
      if (start.length > 0) yield start;
      for (let next = ended ? undefined : await chunks.next(); next && !next.done; next = await chunks.next()) yield next.value;
    };
    if (start[0] === 0x1f && start[1] === 0x8b) yield* pipeline(Readable.from(all()), createGunzip(), ignore) as AsyncIterable<Buffer>;
    else yield* all();
  } finally {
    // Who reads may stop half-way: an open file would stay.
    source.destroy();
  }
}

/** The error of a stream reaches who reads it. */
function ignore(): void {}

function timeoutError(url: URL, way: Way): FeedError {
  return new FeedError('feed-timeout', `${url.host} sent nothing for ${Math.round(way.timeouts.idleMs / 1000)} seconds.`, { hint: 'It is tried again later.' });
}

/** Why a request ended that this side ended. */
function stopped(url: URL, way: Way, whole: AbortSignal): unknown {
  if (way.signal.aborted) return way.signal.reason;
  if (!whole.aborted) return undefined;
  return new FeedError('feed-timeout', `${url.host} took longer than ${Math.round(way.timeouts.wholeMs / 1000)} seconds.`, {
    hint: 'It is tried again later.',
  });
}
