/** The HTTP API of a data directory: at the server that holds it, else in this process without the wire. */
import { configOf, type ServerOptions } from './options.ts';
import { type Api, remoteFor } from './remote.ts';

/** Runs a command's work; requests that fail throw CliError. */
export async function withApi<R>(options: ServerOptions, work: (api: Api) => Promise<R>): Promise<R> {
  const config = configOf(options);
  const remote = await remoteFor(config.data, options);
  if (remote) return work(remote.request);
  // The engine and the server's code: not needed where a server runs.
  const { withOwnApi } = await import('./own-api.ts');
  return withOwnApi(config, work);
}
