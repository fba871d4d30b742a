/** What an installed package needs is in it, and comes with it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  files: string[];
  dependencies: Record<string, string>;
  bin: Record<string, string>;
};

/** Sources that run outside the browser; the page is bundled. */
const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts') && !path.startsWith('web'));

describe('the package', () => {
  it('brings every package that it imports at run time', () => {
    const imported = SOURCES.flatMap((path) => {
      const text = readFileSync(join(ROOT, 'src', path), 'utf8');
      return [...text.matchAll(/^(?:import|export)\b(?! type\b)[^'";]*?\bfrom '([^'.][^']*)'/gm)].map((match) => match[1] as string);
    })
      .filter((name) => !name.startsWith('node:'))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    expect(imported.length).toBeGreaterThan(20);
    expect([...new Set(imported)].filter((name) => !(name in PACKAGE.dependencies))).toEqual([]);
  });

  it('holds its code, its content and its licences, and a command that may be run', () => {
    expect(PACKAGE.files).toEqual(expect.arrayContaining(['bin', 'dist', 'content', 'NOTICE', 'LICENSE']));
    for (const path of Object.values(PACKAGE.bin)) expect(statSync(join(ROOT, path)).mode & 0o111).toBe(0o111);
  });
});
