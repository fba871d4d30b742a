import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { format } from '../../src/query/format.ts';
import { parse } from '../../src/query/index.ts';
import { readSpec } from './spec.ts';

const folder = join(import.meta.dirname, 'spec');
const specs = readdirSync(folder).flatMap((name) => readSpec(join(folder, name)).evals.map((e) => e.query));
const bad = (parseYaml(readFileSync(join(import.meta.dirname, 'bad-queries.yaml'), 'utf8')) as { query: string }[]).map((b) => b.query);

/** The tree without places. A step that is refused is kept as its text, in which space says nothing. */
function bare(text: string): string {
  return JSON.stringify(parse(text).query, function (this: { readonly op?: unknown }, key, value: unknown) {
    if (key.toLowerCase().endsWith('span')) return undefined;
    return this.op === 'refused' && key === 'text' ? String(value).replace(/\s/g, '') : value;
  });
}

const CASES: readonly (readonly [what: string, text: string, formatted: string])[] = [
  ['a step a line', 'action=REJECT|count by dest_port|sort _count', 'action=REJECT\n| count by dest_port\n| sort _count'],
  ['no search', '  | where a=1', '| where a = 1'],
  ['options stay tight, comparisons do not', '* | parse field=msg "a*" as x | where x="1"and y<2', '* | parse field=msg "a*" as x\n| where x = "1" and y < 2'],
  ['lists', '* | count by a ,b,  c', '* | count by a, b, c'],
  ['a search keeps its words', '(a  OR b)  c=d,e "x  y"', '(a OR b) c=d,e "x  y"'],
  ['steps without anything', '* | | count |', '*\n| count'],
  ['a comment at the end of its step', '* // all\n| count // how many\n| limit 1', '* // all\n| count // how many\n| limit 1'],
  ['comments on lines of their own', '// what\n* | count\n  // then\n | limit 1\n// end', '// what\n*\n| count\n// then\n| limit 1\n// end'],
  ['a comment inside a step', '* | count by a, // one\n b', '*\n| count by a, // one\n    b'],
  ['strings as they are', '* | where a matches /x |y/ and b = "1|  2"', '*\n| where a matches /x |y/ and b = "1|  2"'],
  ['mistakes as they are', '* | wher a=1 |where (', '*\n| wher a = 1\n| where ('],
  ['an extraction rule', 'parse "a*" as x|count', 'parse "a*" as x\n| count'],
];

describe('format', () => {
  it.each(CASES)('%s', (_, text, formatted) => {
    expect(format(text)).toBe(formatted.replace(/^\* \| /, '*\n| '));
  });

  it('changes no meaning, and nothing when done again', () => {
    for (const text of [...specs, ...bad]) {
      const formatted = format(text);
      expect(bare(formatted), text).toBe(bare(text));
      expect(
        parse(formatted).diagnostics.map((d) => d.code),
        text,
      ).toEqual(parse(text).diagnostics.map((d) => d.code));
      expect(format(formatted), text).toBe(formatted);
    }
  });

  it('does so for pieces of queries with comments between them', () => {
    const word = fc.constantFrom(
      'a',
      'dest_port',
      '=',
      '"x"',
      '(',
      ')',
      ',',
      '|',
      'where',
      'count',
      'by',
      '1',
      '-',
      '*',
      '/',
      '[',
      ']',
      '!',
      '// c\n',
      '/* d */',
      '\n',
      ' ',
      'as',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (pieces) => {
        const text = pieces.join(' ');
        const formatted = format(text);
        expect(bare(formatted)).toBe(bare(text));
        expect(format(formatted)).toBe(formatted);
        expect(formatted.split('// c')).toHaveLength(text.split('// c').length);
      }),
      { numRuns: 3000 },
    );
  });
});
