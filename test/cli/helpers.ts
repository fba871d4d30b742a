/** Real processes of the command line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** As it is built for tests (built.ts), or else from the sources. */
export const BIN = process.env.BARTIZAN_BIN ?? join(import.meta.dirname, '../../bin/bartizan.js');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs: its process, and how it ends. */
export function begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const text = { out: '', err: '' };
  child.stdout.on('data', (d: Buffer) => {
    text.out += d;
  });
  child.stderr.on('data', (d: Buffer) => {
    text.err += d;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text }))) };
}

export interface Serving {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed. */
  out(): string;
  /** By SIGTERM. */
  stop(): Promise<Ended>;
}

/** A server on a free port; commands find it by its data directory from now on. */
export async function serve(data: string, ...more: readonly string[]): Promise<Serving> {
  const { child, ended } = begin(['serve', '--data', data, '--listen', '127.0.0.1:0', ...more]);
  let out = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => {
      out += text;
      if (out.includes(' is listening on ')) resolve();
    });
    void ended.then(({ code, err }) => reject(new Error(`the server ended with ${code}:\n${out}${err}`)));
  });
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { child, ended, out: () => out, stop };
}

export function bartizan(args: readonly string[], input?: string | Uint8Array, env?: Readonly<Record<string, string>>): Promise<Ended> {
  const { child, ended } = begin(args, env);
  child.stdin?.end(input ?? '');
  return ended;
}

export const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1) as string);

/** A port of this machine that nothing listens on. */
export function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
