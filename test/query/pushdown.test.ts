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
let samples: readonly Line[];
beforeAll(async () => {
  engine = await openEngine();
  samples = fc.sample(line, { numRuns: 150, seed: 11 });
  await engine.load(samples);
});
afterAll(() => engine.close());

async function run(text: string, defaultOnly = false) {
  const result = compile(text, options(engine, { relations: { ...engine.relations, defaultOnly, absentMask: engine.relations.absentMask } }));
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

/** Comparisons with values that are there, with their other spellings, and with what no column can hold. */
function tests(): string[] {
  const values = samples[0]?.line.split(' ') ?? [];
  const [, account, eni, source, , sourcePort, port, , packets, bytes] = values;
  return [
    ...['g > 443', 'g = "443"', 'g in ("443", "22")', 'd matches "1*"', 'm = "accept"', 'm = "ACCEPT"', 'j > i', 'isNull(f)', 'length(j) > 3'],
    ...[`d = "${source}"`, `d = "0${source}"`, `!(d = "${source}")`, `d != "${source}"`, `d in ("${source}", "::1")`, 'd = "10.0.0.0/8"', 'd = "x"', 'd = ""'],
    ...[
      `b = "${account}"`,
      `b = ${account}`,
      `c = "${eni}"`,
      'c = "ENI-1"',
      `f = ${sourcePort}`,
      `g = "${port}"`,
      `g = "${port}.0"`,
      `g <= ${port}`,
      `g > "${port}"`,
    ],
    ...[
      `i = ${packets}`,
      `j = "${bytes}"`,
      'j = "9007199254740993"',
      'h = 6',
      'h = "06"',
      'h in (6, 17)',
      'n = "OK" and h < 17',
      'e = "2001:db8::1"',
      'e = "2001:DB8::1"',
    ],
  ];
}

it('compared as text, like the text', async () => {
  for (const test of tests()) {
    const parse = `"${NAMES.slice(0, 14)
      .map(() => '*')
      .join(' ')}" as ${NAMES.slice(0, 14).join(', ')} nodrop`;
    const pushed = await run(`| parse ${parse} | where ${test} | count`);
    const slow = await run(`| _raw as line | parse field=line ${parse} | where ${test} | count`);
    expect(pushed.rows, test).toEqual(slow.rows);
  }
});

it('where all records are in the default layout', async () => {
  await engine.clear();
  samples = fc.sample(value, { numRuns: 100, seed: 5 }).map((v): Line => ({ line: v.join(' ') }));
  await engine.load(samples);
  for (const stars of [2, 7, 14]) {
    const names = NAMES.slice(0, stars);
    const parse = `parse "${names.map(() => '*').join(' ')}" as ${names.join(', ')}`;
    for (const test of ['true', ...tests().filter((t) => [...t.matchAll(/\b([a-n])\b(?! *")/g)].every(([, name]) => names.includes(name as string)))]) {
      const rest = test === 'true' ? `| count by ${names.join(', ')} | sort ${names.map((n) => `+${n}`).join(', ')}` : `| where ${test} | count`;
      const pushed = await run(`| ${parse} ${rest}`, true);
      const slow = await run(`| _raw as line | ${parse.replace('parse', 'parse field=line')} ${rest}`);
      expect(pushed.rows, `${parse} ${test}`).toEqual(slow.rows);
      expect(pushed.text).not.toContain('extractGroups');
    }
  }
});
