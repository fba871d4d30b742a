/** The real server as a process of its own, which tests kill and start again on the same data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Rows of one answer. */
const PAGE = 50_000;
const BIN = join(import.meta.dirname, '../../bin/bartizan.js');

export interface ServerOptions {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command: what makes its surroundings. */
  readonly within?: readonly string[];
}

export class FaultServer {
  readonly #options: ServerOptions;
  #child: ChildProcess | undefined;
  #errors = '';
  base = '';
  #token = '';

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const { folder, env, within = [] } = this.#options;
    const place = this.#place();
    await rm(join(place(0), 'server.json'), { force: true });
    const command = [...within, process.execPath, BIN, 'serve', '--data', folder, '--listen', '127.0.0.1:0'];
    const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    this.#errors = '';
    child.stderr.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-4000);
    });
    await expect
      .poll(
        async () => {
          if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}: ${this.#errors}`);
          const text = await readFile(join(place(child.pid ?? 0), 'server.json'), 'utf8').catch(() => '{}');
          const { address, token } = JSON.parse(text) as { address?: string; token?: string };
          this.base = address ?? '';
          this.#token = token ?? '';
          return this.base;
        },
        { timeout: 90_000, interval: 20 },
      )
      .toMatch(/^http/);
  }

  /** Where the data directory is seen from here: a process may have mounts of its own. */
  #place(): (pid: number) => string {
    const { folder, within } = this.#options;
    return (pid) => (within && pid ? `/proc/${pid}/root${folder}` : folder);
  }

  get folder(): string {
    return this.#place()(this.pid);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async call<T>(path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<T> {
    const answer = await fetch(this.base + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}\n${this.#errors}`);
    return (await answer.json()) as T;
  }

  /** How often each number that senders gave to a record is stored; what is stored of the category. */
  async stored(category: string): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    const scope = `_sourceCategory="${category}"`;
    const ask = async (query: string) => (await this.call<{ rows: [number, number][] }>('/api/v1/query', { query, from: 'all', limit: PAGE })).rows;
    const [[last] = [0]] = await ask(`${scope} | max(bytes) as last`);
    for (let from = 0; from <= Number(last); from += PAGE) {
      const rows = await ask(`${scope} | where bytes >= ${from} and bytes < ${from + PAGE} | count by bytes`);
      for (const [number, count] of rows) found.set(Number(number), Number(count));
    }
    return found;
  }
}
