/** Addresses to listen on, as settings spell them. */
import { isIP } from 'node:net';
import { CliError, EXIT } from './output.ts';

/** `127.0.0.1:8620`, `[::1]:8620` → its parts. */
export function hostAndPort(listen: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(listen) ?? [];
  return { host: bracketed ?? plain ?? '', port: Number(port) };
}

/** The page and the API listen here. Throws CliError where it is not loopback. */
export function loopback(listen: string): { host: string; port: number } {
  const { host, port } = hostAndPort(listen);
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return { host, port };
  throw new CliError(
    `Bartizan listens on loopback only until users with passwords exist; ${listen} is not loopback. Use an SSH tunnel or a reverse proxy with authentication. For senders elsewhere there is --ingest-listen.`,
    EXIT.wrongUse,
  );
}
