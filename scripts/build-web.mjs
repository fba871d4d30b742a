// Builds the web page when it is missing or older than its sources, so that `npm start` always serves
// what the source says and costs nothing when nothing changed.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist/web/index.html');
const SOURCES = ['src/web', 'src/model', 'src/query', 'src/dashboards', 'src/api/contract.ts', 'src/api/contract', 'vite.config.ts', 'package-lock.json'];

function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const sources = SOURCES.map((path) => join(root, path)).filter((path) => existsSync(path));
if (!existsSync(built) || Math.max(...sources.map(newest)) > statSync(built).mtimeMs) {
  const { build } = await import('vite');
  console.error('Building the web page …');
  process.chdir(root);
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
}
