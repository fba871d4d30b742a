import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { nearest } from '../../src/model/wording.ts';
import { DIAGNOSTIC_CODES } from '../../src/query/diagnostics.ts';
import { compile } from '../../src/query/index.ts';
import { ident } from '../../src/query/sql.ts';

const Bad = z.array(z.strictObject({ query: z.string(), code: z.string(), at: z.string().optional(), hint: z.string().optional() }));
const bad = Bad.parse(parseYaml(readFileSync(join(import.meta.dirname, 'bad-queries.yaml'), 'utf8')));
const options = { from: 0, to: 3600, now: 3600, timeZone: 'UTC', maxRows: 100, relations: { table: ident, absentMask: 0n } };

describe('a mistake gives one diagnostic with its place and a way out', () => {
  for (const { query, code, at, hint } of bad) {
    it(query, () => {
      const result = compile(query, options);
      if (result.ok) expect.fail('compiles');
      expect(result.diagnostics.map((d) => d.code)).toEqual([code]);
      const [found] = result.diagnostics;
      expect(Object.keys(DIAGNOSTIC_CODES)).toContain(found?.code);
      if (at !== undefined) expect(query.slice(found?.span.start, found?.span.end)).toBe(at);
      if (hint) expect(found?.hint).toContain(hint);
    });
  }
});

it('two mistakes in two steps give two diagnostics', () => {
  const result = compile('| wher a = 1 | limit x | count', options);
  expect(result.ok ? [] : result.diagnostics.map((d) => d.code)).toEqual(['unknown-operator', 'unexpected-token']);
});

it('a wrong filter is a diagnostic', () => {
  const result = compile('', { ...options, conditions: [{ field: 'srcadr', values: ['1.2.3.4'] }] });
  expect(result).toMatchObject({ ok: false, diagnostics: [{ code: 'unknown-field', hint: 'Did you mean “srcaddr”?' }] });
});

it('suggests within a small distance only', () => {
  expect(nearest('dstprot', ['srcport', 'dstport', 'protocol'])).toBe('dstport');
  expect(nearest('zzzzzz', ['srcport', 'dstport'])).toBeUndefined();
});

it('what is too much is one mistake', () => {
  const codes = (text: string) => {
    const result = compile(text, options);
    return result.ok ? [] : result.diagnostics.map((d) => d.code);
  };
  expect(codes('a'.repeat(70_000))).toEqual(['too-long']);
  expect(codes('foo '.repeat(3000))).toEqual(['too-long']);
  expect(codes('| count '.repeat(600))).toEqual(['too-long']);
  expect(codes(`| where ${'('.repeat(200)}`)).toEqual(['too-deep']);
  expect(codes(`| where ${Array(2000).fill('srcport=1').join(' or ')}`)).toEqual(['too-deep']);
  expect(codes('| wher '.repeat(300))).toHaveLength(20);
});
