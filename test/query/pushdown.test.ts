/** A parse that is compiled to columns gives what the same parse of the text gives. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile, shape } from '../../src/query/index.ts';
import { type Engine, type Line, openEngine, options } from './engine.ts';

const V2 = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
const NAMES = 'abcdefghijklmno'.split('');

const address = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::1', 'fe80::1:0:2'));
const value = fc.tuple(
  fc.constant('2'),
  fc.stringMatching(/^\d{12}$/),
  fc.constantFrom('eni-1', 'eni-2'),
  address,
  address,
  fc.nat(65535),
  fc.nat(65535),
  fc.constantFrom(6, 17, 1),
  fc.nat(1000),
  fc.maxSafeNat(),
  fc.constant('$100'),
  fc.constant('$160'),
  fc.constantFrom('ACCEPT', 'REJECT'),
  fc.constant('OK'),
);

/** Lines in the default layout, with values missing, in other layouts, and kept in their own bytes. */
const line: fc.Arbitrary<Line> = fc.oneof(
  { weight: 4, arbitrary: value.map((v): Line => ({ line: v.join(' ') })) },
  {
    weight: 2,
    arbitrary: fc.tuple(value, fc.constantFrom(1, 5, 8, 12)).map(([v, missing]): Line => ({ line: v.map((x, i) => (i === missing ? '-' : x)).join(' ') })),
  },
  { weight: 2, arbitrary: value.map((v): Line => ({ line: v.toReversed().join(' '), layout: V2.split(' ').toReversed().join(' ') })) },
  { weight: 1, arbitrary: value.map((v): Line => ({ line: v.slice(0, 11).join(' '), layout: V2.split(' ').slice(0, 11).join(' ') })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(value, fc.constantFrom('{"message":"a b c"}', 'x', 'a  b c', ' a b', 'a b\r', '2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'))
      .map(([v, exact]): Line => ({ line: v.join(' '), columns: { raw_exact: exact } })),
  },
);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.load(fc.sample(line, { numRuns: 150, seed: 11 }));
});
afterAll(() => engine.close());

async function run(text: string) {
  const result = compile(text, options(engine));
  if (!result.ok) expect.fail(`${text}: ${JSON.stringify(result.diagnostics)}`);
  return { text: result.compiled.statement.text, ...shape(result.compiled, await engine.rows(result.compiled.statement)) };
}

it('for every number of stars, dropping and keeping', async () => {
  for (let stars = 1; stars <= 15; stars++) {
    for (const tail of ['', ' nodrop']) {
      const names = NAMES.slice(0, stars);
      const parse = `"${names.map(() => '*').join(' ')}" as ${names.join(', ')}${tail}`;
      const rest = `| count by ${names.join(', ')} | sort ${names.map((n) => `+${n}`).join(', ')}`;
      const pushed = await run(`| parse ${parse} ${rest}`);
      const slow = await run(`| _raw as line | parse field=line ${parse} ${rest}`);
      expect(pushed.rows, parse).toEqual(slow.rows);
      expect(slow.rows.length).toBeGreaterThan(0);
    }
  }
});

it('compared as text, like the text', async () => {
  for (const test of ['g > 443', 'g = "443"', 'g in ("443", "22")', 'd matches "1*"', 'm = "accept"', 'j > i', 'isNull(f)', 'length(j) > 3']) {
    const parse = `"${NAMES.slice(0, 14)
      .map(() => '*')
      .join(' ')}" as ${NAMES.slice(0, 14).join(', ')} nodrop`;
    const pushed = await run(`| parse ${parse} | where ${test} | count`);
    const slow = await run(`| _raw as line | parse field=line ${parse} | where ${test} | count`);
    expect(pushed.rows, test).toEqual(slow.rows);
  }
});
