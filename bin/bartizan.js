#!/usr/bin/env node
// Plain JavaScript for any Node: the code needs Node 24, which comes with the package. Where the
// system's Node is another, this starts the packaged one in its place.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Engine calls wait in this pool: with Node's four threads a cancel would queue behind what it is to end.
process.env.UV_THREADPOOL_SIZE ??= '16';
// The engine's allocator (read when it is loaded) gives back what an insert has freed within half a second, not five: at full load
// that is memory which nobody uses.
process.env.JE_MALLOC_CONF ??= 'dirty_decay_ms:500';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src', 'main.ts');
const entry = existsSync(source) ? source : join(root, 'dist', 'main.js');
const args = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // Compiled code is kept for the next start, which takes half the time then; in a folder that is this user's alone. Threads read
  // the variable when they start: without it each of them compiles the same code again.
  process.env.NODE_COMPILE_CACHE ??= join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bartizan');
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  const { main } = await import(entry);
  await main(args);
} else {
  const node = packagedNode();
  if (!node) {
    console.error(`bartizan needs Node.js 24; this is ${process.versions.node}, and the packaged Node is not installed.`);
    console.error('Run "npm ci" (or "npm rebuild node" if install scripts were off), or install Node.js 24.');
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

function packagedNode() {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
