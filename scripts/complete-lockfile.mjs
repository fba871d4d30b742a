// npm leaves optional platform packages out of the lockfile when the registry in use does not carry
// them, and `npm ci` then refuses the lockfile ("Missing: … from lock file"). This adds an entry for
// each, so that the same lockfile installs on every platform. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const OSES = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony', 'sunos', 'netbsd', 'openbsd', 'aix'];
const CPUS = ['arm64', 'x64', 'ia32', 'ppc64', 's390x', 'riscv64', 'arm', 'loong64', 'mips64el'];

for (const [owner, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || lock.packages[`${owner}/${key}`] || !/^\d/.test(version)) continue;
    const parts = name.split('/').at(-1).split('-');
    const os = OSES.find((o) => parts.includes(o));
    const cpu = CPUS.find((c) => parts.includes(c));
    if (!os || !cpu) continue;
    const libc = parts.includes('musl') ? ['musl'] : parts.includes('gnu') ? ['glibc'] : undefined;
    lock.packages[key] = { version, cpu: [cpu], ...(libc ? { libc } : {}), ...(entry.dev ? { dev: true } : {}), optional: true, os: [os] };
    console.log(`added ${name}@${version}`);
  }
}
const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
