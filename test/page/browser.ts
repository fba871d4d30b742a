/** A real Chromium from npm alone, and a real server with files of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { BIN } from '../cli/helpers.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** End of the fixture's data: a full hour. */
export const END = Date.UTC(2026, 10, 18, 15) / 1000;

/**
 * Starts the browser. The package brings the libraries that Chromium needs beside it, and unpacks them
 * where it believes to run in AWS Lambda: said so here, because a fresh Debian does not have them.
 */
export async function openBrowser(): Promise<Browser> {
  const folder = join(ROOT, '.cache', 'chromium');
  mkdirSync(folder, { recursive: true });
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs24.x';
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  // The fonts that it unpacks are looked for in /tmp; without any font a canvas with text ends the browser.
  if (existsSync('/etc/fonts/fonts.conf')) process.env.FONTCONFIG_PATH ??= '/etc/fonts';
  const { default: packaged } = await import('@sparticuz/chromium');
  // No 3D graphics, which nothing on the page uses: emulated, they take more processor time than the page,
  // and each new context waits for seconds until those of the last one are gone.
  packaged.setGraphicsMode = false;
  // One process for all, as the package asks for, hangs when a second context opens.
  const args = packaged.args.filter((arg) => arg !== '--single-process' && arg !== '--no-zygote');
  const quiet = ['--disable-gpu', '--disable-quic', '--disable-background-networking', '--no-first-run', '--disable-component-update', '--disable-sync'];
  for (let tries = 0; ; tries++) {
    try {
      const browser = await chromium.launch({ executablePath: await packaged.executablePath(), headless: true, args: [...args, ...quiet] });
      // The worker goes on to other files, whose folders are not to be there.
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
      return browser;
    } catch (error) {
      // Another file of tests is unpacking it just now: what is being written cannot be started.
      if (tries === 60 || !/ETXTBSY|EACCES|shared libraries/.test(String(error))) throw error;
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}

export interface Served {
  readonly address: string;
  readonly data: string;
  /** A one-time link, as printed at start. */
  readonly link: string;
  stop(): Promise<void>;
}

/** A server on a free port over a copy of a data directory; `more` writes logs that it reads at its start. */
export async function serveCopy(of: string, more?: (logs: string) => void): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-page-'));
  const logs = join(folder, 'logs');
  await cp(of, join(folder, 'data'), { recursive: true });
  mkdirSync(logs);
  more?.(logs);
  return serveFolder(folder, more ? ['--ingest', logs] : []);
}

/** A server on a free port with `data` in the folder as its data directory; the folder goes when it stops. */
export async function serveFolder(folder: string, options: readonly string[]): Promise<Served> {
  if (!existsSync(join(ROOT, 'dist/web/index.html'))) throw new Error('the page is not built: node scripts/build-web.mjs');
  const data = join(folder, 'data');
  const server: ChildProcess = spawn(process.execPath, [BIN, 'serve', '--data', data, '--listen', '127.0.0.1:0', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BARTIZAN_LOG_LEVEL: 'error' },
  });
  // However long the ingest takes: who waits for the server has a limit, and what was started ends with who started it.
  const end = () => server.kill();
  process.once('exit', end);
  const link = await new Promise<string>((resolve, reject) => {
    let output = '';
    server.stdout?.on('data', (d: Buffer) => {
      output += d;
      const found = /Open the page: (\S+)\n/.exec(output)?.[1];
      if (found) resolve(found);
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`the server did not start:\n${output}`)));
  });
  return {
    address: new URL(link).origin,
    data,
    link,
    async stop() {
      const ended = new Promise((done) => server.on('exit', done));
      server.kill('SIGTERM');
      await ended;
      process.off('exit', end);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
