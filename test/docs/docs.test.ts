import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from '../../scripts/docs.ts';
import { FLOW_FORMATS } from '../../src/model/log-formats.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('reference pages', () => {
  it.each([...pages()])('docs/%s says what the tables say (node scripts/docs.ts)', (name, text) => {
    expect(readFileSync(join(ROOT, 'docs', name), 'utf8')).toBe(text);
  });
});

describe('pages', () => {
  const texts = (readdirSync(join(ROOT, 'docs'), { recursive: true }) as string[]).filter((name) => name.endsWith('.md'));

  it('has one for each format', () => {
    expect(texts).toEqual(expect.arrayContaining(FLOW_FORMATS.map(({ name }) => join('formats', `${name}.md`))));
    const overview = readFileSync(join(ROOT, 'docs/formats.md'), 'utf8');
    for (const { name } of FLOW_FORMATS) expect(overview).toContain(`(formats/${name}.md)`);
  });

  it.each(texts)('docs/%s links only to what is there', (name) => {
    // Code may hold what looks like a link.
    const text = readFileSync(join(ROOT, 'docs', name), 'utf8').replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#\s]+)/g))
      expect(() => readFileSync(join(ROOT, 'docs', dirname(name), target as string)), target).not.toThrow();
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
