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
    `Bartizan listens on loopback only until users with passwords exist; “${listen}” is not loopback. Use an SSH tunnel or a reverse proxy with authentication. For senders elsewhere there is --ingest-listen.`,
    EXIT.wrongUse,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken. Stop what uses it, or choose another',
  EADDRNOTAVAIL: 'this machine has no such address. Choose one of its own',
  EACCES: 'this user may not use the port. Choose one from 1024 on',
  ENOTFOUND: 'the host has no address. Choose one of this machine’s own',
};

/** Why an address cannot be listened on, and the option that names another. */
export function cannotListen(listen: string, option: string, error: NodeJS.ErrnoException): CliError {
  return new CliError(
    `Cannot listen on “${listen}”: ${REASONS[error.code ?? ''] ?? `it gives ${error.code ?? error.message}. Choose another`} with ${option}.`,
  );
}
