// Writes NOTICE: data credits by hand, then every package that is installed with the product and every
// direct development dependency, with its licence. Run it after dependencies change.
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const json = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const lock = json('package-lock.json').packages;
const manifest = json('package.json');
const marker = '## Packages';

const licenceOf = (path, entry) => {
  if (typeof entry.license === 'string') return entry.license;
  try {
    const own = json(`${path}/package.json`);
    return typeof own.license === 'string' ? own.license : (own.license?.type ?? own.licenses?.map((l) => l.type).join(' OR ') ?? 'see package');
  } catch {
    return 'see package';
  }
};
const rows = (wanted) =>
  Object.entries(lock)
    .filter(([path, entry]) => path && !entry.link && wanted(path.replace(/^.*node_modules\//, ''), entry, path))
    .map(([path, entry]) => `${path.replace(/^.*node_modules\//, '')} ${entry.version}: ${licenceOf(path, entry)}`)
    .sort();
const unique = (list) => [...new Set(list)];
const product = unique(rows((_, entry) => !entry.dev));
const development = unique(rows((name, entry, path) => entry.dev && path === `node_modules/${name}` && name in manifest.devDependencies));
const file = new URL('NOTICE', root);
const head = readFileSync(file, 'utf8').split(marker)[0];
writeFileSync(
  file,
  `${head}${marker}\n\nInstalled with Bartizan:\n\n${product.map((r) => `- ${r}`).join('\n')}\n\nUsed to build and test it:\n\n${development.map((r) => `- ${r}`).join('\n')}\n`,
);
