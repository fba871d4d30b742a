/** Messages are sentences: names, values and pieces of a query stand in “…”, and what is outside of that is prose. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { listed, quoted } from '../../src/model/wording.ts';
import { DIAGNOSTIC_CODES, suggestion } from '../../src/query/diagnostics.ts';
import { compile } from '../../src/query/index.ts';
import { ident } from '../../src/query/sql.ts';

const options = { from: 0, to: 3600, now: 3600, timeZone: 'UTC', maxRows: 100, relations: { table: ident, absentMask: 0n } };
const bad = parseYaml(readFileSync(join(import.meta.dirname, 'bad-queries.yaml'), 'utf8')) as { query: string }[];

/** What stands outside of quotation marks, or why that is no prose. */
function outside(text: string): string {
  // An address stands at a sentence’s end, after a colon.
  const spoken = text.replace(/: https:\/\/\S+$/, '.');
  const depths = [...spoken].map(
    (
      (depth) => (char: string) =>
        char === '“' ? depth++ : char === '”' ? --depth : depth
    )(0),
  );
  return [...spoken].filter((char, i) => depths[i] === 0 && char !== '“' && char !== '”').join('');
}

const PROSE = /^[A-Z“]?[A-Za-z0-9 ,.;:’–-]*[.?]$/;

it('the parts of a text that are quoted are told from prose', () => {
  expect(outside('There is no field “a_b”.')).toBe('There is no field .');
  expect(PROSE.test(outside('There is no field “a_b”.'))).toBe(true);
  expect(PROSE.test(outside('There is no field a_b.'))).toBe(false);
  expect(PROSE.test(outside('Write “a = b'))).toBe(false);
});

it('every message of a mistake is prose around what it quotes', () => {
  const wrong = bad.flatMap(({ query }) => {
    const result = compile(query, options);
    return result.ok ? [] : result.diagnostics.flatMap(({ message, hint }) => [message, ...(hint ? [hint] : [])].filter((text) => !PROSE.test(outside(text))));
  });
  expect(wrong).toEqual([]);
  expect(Object.values(DIAGNOSTIC_CODES).filter((text) => !PROSE.test(outside(text)))).toEqual([]);
});

it('a word of the query stands in a message only in quotation marks', () => {
  const named = (query: string) => {
    const result = compile(query, options);
    return result.ok ? [] : result.diagnostics.map((d) => `${d.message} ${d.hint ?? ''}`.trim());
  };
  expect(named('| where count = 1')).toEqual([
    'There is no field “count”. Parse it out of the record in a step before, or let a field extraction rule make it.',
  ]);
  expect(named('| count by srcaddr | where dstport = 22')).toEqual([
    '“dstport” is a field of records, and the query has grouped them. The result has “srcaddr” and “_count”. Add “dstport” after “by” to keep it.',
  ]);
  expect(named('| where substring(srcaddr)')).toEqual(['“substring” cannot take 1 value. Write “substring(text, start, end?)”.']);
  expect(named('| where')).toEqual(['Expected a value, found the end of the query.']);
  expect(named('| count by | limit 1')).toEqual(['Expected a value, found “|”.']);
});

it('long names are shortened, lists end, and a suggestion is the name as it is', () => {
  expect(quoted('x'.repeat(81))).toBe(`“${'x'.repeat(80)}…”`);
  expect(quoted('a\n  b')).toBe('“a b”');
  expect(listed([])).toBe('nothing');
  expect(listed(['a'])).toBe('“a”');
  expect(listed(['a', 'b', 'c'])).toBe('“a”, “b” and “c”');
  expect(listed(Array.from({ length: 40 }, (_, i) => `n${i}`))).toMatch(/“n29” and 10 more$/);
  const result = compile('| where dstprt = 22', options);
  expect(result.ok ? [] : result.diagnostics.map(suggestion)).toEqual(['dstport']);
});
