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

export function bartizan(args: readonly string[], input?: string | Uint8Array, env?: Readonly<Record<string, string>>): Promise<Ended> {
  const { child, ended } = begin(args, env);
  child.stdin?.end(input ?? '');
  return ended;
}

export const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1) as string);

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
