/** A server as a process of its own, for benches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const BIN = resolve(import.meta.dirname, '../bin/bartizan.js');

export interface ServedBench {
  /** A one-time link for a browser. */
  readonly link: string;
  readonly origin: string;
  /** Asks the API; throws what it refuses. */
  call<T>(path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Resolves when it answers. */
export async function serveBench(data: string): Promise<ServedBench> {
  const server: ChildProcess = spawn(process.execPath, [BIN, 'serve', '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BARTIZAN_LOG_LEVEL: 'error' },
  });
  const link = await new Promise<string>((found, failed) => {
    let output = '';
    server.stdout?.on('data', (piece: Buffer) => {
      output += piece;
      const address = /Open the page: (\S+)\n/.exec(output)?.[1];
      if (address) found(address);
    });
    server.once('exit', () => failed(new Error(`the server did not start:\n${output}`)));
  });
  const { origin } = new URL(link);
  const { token } = JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')) as { token: string };
  return {
    link,
    origin,
    async call<T>(path: string, body?: unknown): Promise<T> {
      const answer = await fetch(origin + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    async stop() {
      const ended = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      await ended;
    },
  };
}
