/** The HTTP API of a data directory: at the server that holds it, else in this process without the wire. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { createAuth } from '../api/auth.ts';
import type { ApiError } from '../api/contract.ts';
import type { ServerDeps } from '../api/deps.ts';
import { createServer } from '../api/server.ts';
import type { Config } from '../config.ts';
import { configOf, type ServerOptions } from './options.ts';
import { problem } from './problem.ts';
import { type Remote, remoteFor } from './remote.ts';
import { serverDeps } from './serve.ts';
import { openWorkspace } from './workspace.ts';

export type Api = Remote['request'];

/** Runs a command's work; requests that fail throw CliError. */
export async function withApi<R>(options: ServerOptions, work: (api: Api) => Promise<R>): Promise<R> {
  const config = configOf(options);
  const remote = await remoteFor(config.data, options);
  return remote ? work(remote.request) : withOwnApi(config, work);
}

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
