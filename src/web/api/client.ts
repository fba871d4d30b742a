/** Requests to the server. Every failure is an ApiFailure with the server's stable code. */
import type { ApiError } from '../../api/contract.ts';

export type ErrorBody = ApiError['error'];

export class ApiFailure extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

const UNREACHABLE: ErrorBody = {
  code: 'unreachable',
  message: 'The server does not answer.',
  hint: 'Is Bartizan still running, and is there a way to it?',
};

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { ...(signal && { signal }) });
  return (await response.json()) as T;
}

export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await post(path, body, signal);
  return (await response.json()) as T;
}

/** The response itself, for answers that are read as a stream. `accept`: the form that is asked for, where there are several. */
export async function post(path: string, body: unknown, signal?: AbortSignal, accept = '*/*'): Promise<Response> {
  return send(path, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', 'x-csrf-token': csrfToken(document.cookie) },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** A change of something that is there. */
export async function putJson<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken(document.cookie) };
  return (await (await send(path, { method: 'PUT', headers, body: JSON.stringify(body) })).json()) as T;
}

/** A file, as it is. */
export async function putFile<T>(path: string, file: Blob, type: string): Promise<T> {
  const headers = { 'content-type': type, 'x-csrf-token': csrfToken(document.cookie) };
  return (await (await send(path, { method: 'PUT', headers, body: file })).json()) as T;
}

/** A file to be read, as it is. */
export async function postFile<T>(path: string, file: Blob, type: string): Promise<T> {
  const headers = { 'content-type': type, 'x-csrf-token': csrfToken(document.cookie) };
  return (await (await send(path, { method: 'POST', headers, body: file })).json()) as T;
}

export async function remove(path: string): Promise<void> {
  await send(path, { method: 'DELETE', headers: { 'x-csrf-token': csrfToken(document.cookie) } });
}

/** A change; an answer without a body is undefined. */
export async function sendJson<T>(method: 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers = { 'x-csrf-token': csrfToken(document.cookie), ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const response = await send(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The readable half of the pair of cookies that the server sets. */
export function csrfToken(cookies: string): string {
  const value = /(?:^|;\s*)bartizan_csrf=([^;]*)/.exec(cookies)?.[1] ?? '';
  return decodeURIComponent(value);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure(0, UNREACHABLE);
  }
  if (!response.ok) throw new ApiFailure(response.status, await errorOf(response));
  return response;
}

async function errorOf(response: Response): Promise<ErrorBody> {
  try {
    const body = (await response.json()) as Partial<ApiError>;
    if (body.error) return body.error;
  } catch {
    // Not our JSON: a proxy's page perhaps. The status is all there is to say.
  }
  return { code: `http-${response.status}`, message: `The server answered ${response.status} ${response.statusText}.` };
}

/** Any thrown thing → code and words to show. */
export function explain(error: unknown): ErrorBody {
  if (error instanceof ApiFailure) return error.body;
  return { code: 'page-error', message: error instanceof Error ? error.message : String(error) };
}
