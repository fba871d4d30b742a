/** The HTTP API of a data directory that no server holds, in this process without the wire. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { createAuth } from '../api/auth.ts';
import { ExportRequest } from '../api/contract/exports.ts';
import type { ApiError } from '../api/contract.ts';
import type { ServerDeps } from '../api/deps.ts';
import { toAnswer } from '../api/errors.ts';
import { Exports } from '../api/exports.ts';
import { createServer } from '../api/server.ts';
import type { Config } from '../config.ts';
import { problem } from './problem.ts';
import type { Api, ExportAsked, Exported } from './remote.ts';
import { serverDeps } from './serve.ts';
import { openWorkspace } from './workspace.ts';

/** Opens the data directory and runs the work on its API: the same code path as over the wire, without the wire. Throws as `withApi`. */
export async function withOwnApi<R>(config: Config, work: (api: Api, deps: ServerDeps) => Promise<R>): Promise<R> {
  const workspace = await openWorkspace({ ...config, logLevel: 'error' });
  try {
    const token = randomBytes(24).toString('base64url');
    const deps = await serverDeps(workspace, createAuth({ secret: randomBytes(32), token, clock: Date.now }), false);
    const app = await createServer(deps);
    try {
      return await work(async <T>(method: string, url: string, payload?: object, sent?: Parameters<Api>[3]): Promise<T> => {
        const headers = { authorization: `Bearer ${token}`, host: '127.0.0.1', ...(payload instanceof Blob ? { 'content-type': payload.type } : {}) };
        const body = payload instanceof Blob ? Readable.fromWeb(payload.stream() as Parameters<typeof Readable.fromWeb>[0]) : payload;
        const response = await app.inject({ method: method as 'GET', url, headers, ...(body ? { payload: body } : {}) });
        if (response.statusCode >= 400) throw problem(response.json<ApiError>().error, response.statusCode, sent);
        return (response.statusCode === 204 ? undefined : response.json()) as T;
      }, deps);
    } finally {
      await app.close();
    }
  } finally {
    await workspace.close();
  }
}

/** What a server does for an export, without the wire, which in-process would hold the whole answer. Throws CliError. */
export function exportHere(deps: ServerDeps, asked: ExportAsked): Exported {
  const exports = new Exports(deps);
  const failed = (error: unknown) => {
    const { status, body } = toAnswer(error);
    return problem(body.error, status, asked.query);
  };
  try {
    const { id, warnings } = exports.create(ExportRequest.parse(asked));
    return { warnings, text: translated(exports.take(id).text(new AbortController().signal), failed) };
  } catch (error) {
    throw failed(error);
  }
}

/** Pieces whose failures are said as a command says them. */
async function* translated(pieces: AsyncIterable<string>, failed: (error: unknown) => Error): AsyncGenerator<string, void, undefined> {
  try {
    yield* pieces;
  } catch (error) {
    throw failed(error);
  }
}
