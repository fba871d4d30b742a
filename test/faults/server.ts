/** The real server as a process of its own, which tests kill and start again on the same data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BIN } from '../cli/helpers.ts';

/** Rows of one answer. */
const PAGE = 50_000;
/** Ends what hangs. */
const START_MS = 300_000;
const CLOCK = join(import.meta.dirname, 'clock.ts');

export interface ServerOptions {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command: what makes its surroundings. */
  readonly within?: readonly string[];
  /** A file with the milliseconds that its wall clock is wrong by. */
  readonly clock?: string;
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
    const { folder, env, within = [], clock } = this.#options;
    const place = this.#place();
    await rm(join(place(0), 'server.json'), { force: true });
    const preloaded = clock === undefined ? [] : ['--import', CLOCK];
    const command = [...within, process.execPath, ...preloaded, BIN, 'serve', '--data', folder, '--listen', '127.0.0.1:0'];
    const child = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...(clock === undefined ? {} : { BARTIZAN_FAULT_CLOCK: clock }), ...env },
    });
    this.#child = child;
    this.#errors = '';
    child.stderr.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-4000);
    });
    for (const end = Date.now() + START_MS; ; ) {
      if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}: ${this.#errors}`);
      const text = await readFile(join(place(child.pid ?? 0), 'server.json'), 'utf8').catch(() => '');
      if (text) {
        const { address, token } = JSON.parse(text) as { address: string; token: string };
        this.base = address;
        this.#token = token;
        return;
      }
      if (Date.now() > end) throw new Error(`the server did not start: ${this.#errors}`);
      await delay(20);
    }
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

  /** Stands still, its connections open, for so long. */
  async freeze(milliseconds: number): Promise<void> {
    this.#child?.kill('SIGSTOP');
    await delay(milliseconds);
    this.#child?.kill('SIGCONT');
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
    const events = await this.call<{ rows: [string, number][] }>('/api/v1/query', {
      query: `_index=cloudtrail ${scope} | count by eventID`,
      from: 'all',
      limit: PAGE,
    });
    for (const [id, count] of events.rows) found.set(Number(id.slice(-12)), (found.get(Number(id.slice(-12))) ?? 0) + Number(count));
    return found;
  }
}
