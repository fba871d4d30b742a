/**
 * Before the tests, where the sources are newer: the command line in one file, which tests start in place of bin/bartizan.js, because
 * from its sources each start loads 1,500 modules and takes longer than most commands; and with it a new data directory,
 * which tests copy (store/new-store.ts).
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, '.cache', 'built');
/** A data directory in which nothing is. */
const NEW_DATA = join(FOLDER, 'data');
const MAIN = join(FOLDER, 'dist', 'main.js');
/** Starts the thread that lies beside it. */
const POOL = join(ROOT, 'src/ingest/worker-pool.ts');

/** Sources find the package's files from where they are, as they do when nothing is built. */
const inPlace: Plugin = {
  name: 'in-place',
  transform: (code, id) =>
    id.startsWith(join(ROOT, 'src')) && id !== POOL
      ? { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null }
      : undefined,
};

/** Milliseconds. */
function newest(path: string): number {
  const info = statSync(path);
  return info.isDirectory() ? Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name)))) : info.mtimeMs;
}

export default async function buildCommand(): Promise<void> {
  const bin = join(FOLDER, 'bin', 'bartizan.js');
  const sources = ['src', 'bin', 'package-lock.json', 'test/built.ts'].map((path) => newest(join(ROOT, path)));
  if (!existsSync(NEW_DATA) || Math.max(...sources) > statSync(MAIN).mtimeMs) {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(join(FOLDER, 'bin'), { recursive: true });
    copyFileSync(join(ROOT, 'bin/bartizan.js'), bin);
    copyFileSync(join(ROOT, 'package.json'), join(FOLDER, 'package.json'));
    // Each by itself: what they share would be loaded with the whole command line in every thread.
    for (const [name, entry] of Object.entries({ worker: 'src/ingest/worker.ts', main: 'src/main.ts' })) {
      await build({
        configFile: false,
        root: ROOT,
        logLevel: 'error',
        plugins: [inPlace],
        build: {
          ssr: true,
          target: 'node24',
          outDir: join(FOLDER, 'dist'),
          emptyOutDir: false,
          rolldownOptions: {
            input: { [name]: join(ROOT, entry) },
            external: ['better-sqlite3', /^@?chdb/],
            // All in one folder: the thread is looked for beside who starts it.
            output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
          },
        },
        ssr: { target: 'node', noExternal: true },
      });
    }
    // The second puts the index of autonomous systems into it, and nothing else.
    for (const args of [
      ['ioc', 'list'],
      ['normalize', '--enrich', 'all'],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [bin, ...args, '--data', NEW_DATA], { encoding: 'utf8', input: '' });
      if (status !== 0) throw new Error(`no data directory was made:\n${stderr}`);
    }
  }
  process.env.BARTIZAN_BIN = bin;
}
