import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from '../../scripts/docs.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('reference pages', () => {
  it.each([...pages()])('docs/%s says what the tables say (node scripts/docs.ts)', (name, text) => {
    expect(readFileSync(join(ROOT, 'docs', name), 'utf8')).toBe(text);
  });
});

describe('README', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

  it('is short', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(81);
  });

  it('links only to what is there', () => {
    for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g)) expect(() => readFileSync(join(ROOT, target as string)), target).not.toThrow();
  });
});

describe('NOTICE', () => {
  it('names every direct dependency', () => {
    const notice = readFileSync(join(ROOT, 'NOTICE'), 'utf8');
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
    const missing = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([name, version]) => !notice.includes(`- ${name} ${version}: `),
    );
    expect(missing).toEqual([]);
  });
});
