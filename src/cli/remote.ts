/**
 * A running server that holds the data directory (or that `--server` names): commands use it in place
 * of opening the directory themselves.
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ExportRequest, ExportResponse } from '../api/contract/exports.ts';
import type { ApiError, QuarantinedRecord, QuarantineResponse, QueryRequest, QueryResponse, RetryResponse, StatusResponse } from '../api/contract.ts';
import { runningServer } from '../api/server-file.ts';
import type { IngestOptions, IngestSummary } from '../ingest/ingest.ts';
import { CliError, EXIT } from './output.ts';
import { problem, type Sent } from './problem.ts';

/** A request to the API, as a command makes it. */
export type Api = Remote['request'];

export interface Remote {
  readonly address: string;
  ingest(paths: readonly string[], options: IngestOptions): Promise<IngestSummary>;
  query(request: Partial<QueryRequest> & { query: string }): Promise<QueryResponse>;
  /** All rows as text, piece by piece. */
  export(request: ExportAsked): Promise<Exported>;
  status(): Promise<StatusResponse>;
  quarantine(parameters: Record<string, string>): Promise<QuarantineResponse>;
  /** One record. Throws CliError when there is none of that id. */
  quarantined(id: string): Promise<QuarantinedRecord>;
  retry(ids: readonly string[] | undefined): Promise<RetryResponse>;
  /** Any other request, a Blob as it is; undefined for an answer without a body. `sent`: texts that an error may point into. */
  request<T>(method: string, path: string, body?: object, sent?: Sent): Promise<T>;
  /** One-time link that signs a browser in. */
  loginLink(): Promise<string>;
}

export type ExportAsked = Partial<ExportRequest> & Pick<ExportRequest, 'query' | 'format'>;

export interface Exported {
  readonly warnings: ExportResponse['warnings'];
  readonly text: AsyncIterable<string | Uint8Array>;
}

/** The server to use, if any: the one that was named, else the one that holds the data directory. */
export async function remoteFor(dataDir: string, options: { readonly server?: string; readonly token?: string }): Promise<Remote | undefined> {
  if (options.server !== undefined) {
    if (!options.token) throw new CliError('--server needs --token: that of the file server.json in its data directory', EXIT.wrongUse);
    if (!/^https?:$/.test(URL.parse(options.server)?.protocol ?? ''))
      throw new CliError(`--server takes an address such as http://127.0.0.1:8620, not “${options.server}”`, EXIT.wrongUse);
    return connect(options.server, options.token);
  }
  const found = await runningServer(dataDir);
  return found && connect(found.address, found.token);
}

type IngestLine = { type: 'summary' } | { type: 'progress' } | { type: 'error'; error: ApiError['error'] };

function connect(address: string, token: string): Remote {
  const call = async (method: string, path: string, body?: unknown, signal?: AbortSignal, text?: Sent): Promise<Response> => {
    const response = await fetch(new URL(path, address), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': body instanceof Blob ? body.type : 'application/json' }) },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new CliError(
        `The server at ${address} does not answer (${error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)}).`,
      );
    });
    if (!response.ok) {
      const error = ((await response.json().catch(() => undefined)) as Partial<ApiError> | undefined)?.error;
      throw problem(error ?? { code: 'failed', message: `The server at ${address} answered ${response.status}.` }, response.status, text);
    }
    return response;
  };
  const json = async <T>(method: string, path: string, body?: unknown, text?: Sent): Promise<T> => {
    const response = await call(method, path, body, undefined, text);
    return (response.status === 204 ? undefined : await response.json()) as T;
  };
  return {
    address,
    async ingest(paths, options) {
      if (paths.includes('-'))
        throw new CliError('Standard input cannot be given to a running server yet: write it to a file, or stop the server.', EXIT.wrongUse);
      const { format, layout, sourceCategory, again, signal, onProgress } = options;
      const body = { paths: paths.map((path) => resolve(path)), format, layout, sourceCategory, again };
      const response = await call('POST', '/api/v1/ingest', body, signal);
      for await (const line of createInterface({ input: Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) })) {
        const event = JSON.parse(line) as IngestLine;
        if (event.type === 'progress') onProgress?.(event as unknown as Parameters<NonNullable<typeof onProgress>>[0]);
        else if (event.type === 'error') throw problem(event.error);
        else return event as unknown as IngestSummary;
      }
      throw new CliError('The server ended the ingest without a summary.');
    },
    query: (request) => json('POST', '/api/v1/query', request, request.query),
    async export(request) {
      const { path, warnings } = await json<ExportResponse>('POST', '/api/v1/exports', request, request.query);
      const { body } = await call('GET', path);
      if (!body) throw new CliError('The server answered an export without a body.');
      return { warnings, text: Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]) };
    },
    status: () => json('GET', '/api/v1/status'),
    quarantine: (parameters) => json('GET', `/api/v1/quarantine?${new URLSearchParams(parameters)}`),
    quarantined: (id) => json('GET', `/api/v1/quarantine/${encodeURIComponent(id)}`),
    retry: (ids) => json('POST', '/api/v1/quarantine/retry', ids ? { ids } : {}),
    request: json,
    async loginLink() {
      const { path } = await json<{ path: string }>('POST', '/api/v1/login-link', {});
      return new URL(path, address).href;
    },
  };
}
