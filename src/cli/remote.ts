/**
 * A running server that holds the data directory (or that `--server` names): commands use it in place
 * of opening the directory themselves.
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { QuarantineResponse, QueryRequest, QueryResponse, RetryResponse } from '../api/contract.ts';
import { readServerFile } from '../api/server-file.ts';
import type { IngestOptions, IngestSummary } from '../ingest/ingest.ts';
import { CliError, EXIT } from './output.ts';

export interface Remote {
  readonly address: string;
  ingest(paths: readonly string[], options: IngestOptions): Promise<IngestSummary>;
  query(request: Partial<QueryRequest> & { query: string }): Promise<QueryResponse>;
  quarantine(parameters: Record<string, string>): Promise<QuarantineResponse>;
  retry(ids: readonly string[] | undefined): Promise<RetryResponse>;
  /** One-time link that signs a browser in. */
  loginLink(): Promise<string>;
}

/** The server to use, if any: the one that was named, else the one that holds the data directory. */
export async function remoteFor(dataDir: string, options: { readonly server?: string; readonly token?: string }): Promise<Remote | undefined> {
  if (options.server !== undefined) {
    if (!options.token) throw new CliError('--server needs --token', EXIT.wrongUse);
    return connect(options.server, options.token);
  }
  const found = await readServerFile(dataDir);
  return found && connect(found.address, found.token);
}

type IngestLine = { type: 'summary' } | { type: 'progress' } | { type: 'error'; error: { code: string; message: string } };

function connect(address: string, token: string): Remote {
  const call = async (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> => {
    const response = await fetch(new URL(path, address), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new CliError(
        `The server at ${address} does not answer (${error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)}).`,
      );
    });
    if (!response.ok) {
      const problem = (await response.json().catch(() => undefined)) as { error?: { code: string; message: string; hint?: string } } | undefined;
      const error = problem?.error;
      throw new CliError(
        error ? `${error.code}: ${error.message}${error.hint ? `\n${error.hint}` : ''}` : `The server answered ${response.status}.`,
        response.status === 400 ? EXIT.wrongUse : EXIT.failure,
      );
    }
    return response;
  };
  const json = async <T>(method: string, path: string, body?: unknown): Promise<T> => (await call(method, path, body)).json() as Promise<T>;
  return {
    address,
    async ingest(paths, options) {
      if (paths.includes('-'))
        throw new CliError('Standard input cannot be given to a running server yet: write it to a file, or stop the server.', EXIT.wrongUse);
      const { layout, sourceCategory, again, signal, onProgress } = options;
      const body = { paths: paths.map((path) => resolve(path)), layout, sourceCategory, again };
      const response = await call('POST', '/api/v1/ingest', body, signal);
      for await (const line of createInterface({ input: Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) })) {
        const event = JSON.parse(line) as IngestLine;
        if (event.type === 'progress') onProgress?.(event as unknown as Parameters<NonNullable<typeof onProgress>>[0]);
        else if (event.type === 'error') throw new CliError(`${event.error.code}: ${event.error.message}`);
        else return event as unknown as IngestSummary;
      }
      throw new CliError('The server ended the ingest without a summary.');
    },
    query: (request) => json('POST', '/api/v1/query', request),
    quarantine: (parameters) => json('GET', `/api/v1/quarantine?${new URLSearchParams(parameters)}`),
    retry: (ids) => json('POST', '/api/v1/quarantine/retry', ids ? { ids } : {}),
    async loginLink() {
      const { path } = await json<{ path: string }>('POST', '/api/v1/login-link', {});
      return new URL(path, address).href;
    },
  };
}
