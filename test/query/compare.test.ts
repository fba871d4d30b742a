/** Windows that are compared in one scan have the rows that each of them has on its own. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile, shape } from '../../src/query/index.ts';
import type { Cell } from '../../src/query/shape.ts';
import { type Engine, type Line, openEngine, options, T0 } from './engine.ts';

const HOUR = 3600;

const line: fc.Arbitrary<Line> = fc
  .tuple(fc.integer({ min: -8 * HOUR, max: 2 * HOUR }), fc.constantFrom('eni-1', 'eni-2'), fc.constantFrom('ACCEPT', 'REJECT'), fc.nat(1000), fc.ipV4())
  .map(([at, eni, action, bytes, address]) => ({
    line: `2 1 ${eni} 10.0.0.1 ${address} 40000 443 6 1 ${bytes % 9 === 0 ? '-' : bytes} $${at} $${at + 5} ${action} OK`,
    columns: { dst_place: bytes % 2 ? 'CH|ZH|Zurich|47.4|8.5' : '' },
  }));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.load(fc.sample(line, { numRuns: 600, seed: 5 }));
});
afterAll(() => engine.close());

async function run(text: string, from: number, to: number) {
  const result = compile(text, options(engine, { from, to }));
  if (!result.ok) expect.fail(`${text}: ${JSON.stringify(result.diagnostics)}`);
  const { statement } = result.compiled;
  return { text: statement.text, ...shape(result.compiled, await engine.rows(statement)) };
}

/** Steps, how many of their columns are keys, and the place of the slice among them. */
const STEPS: readonly (readonly [steps: string, keys: number, slice: number])[] = [
  ['| timeslice 5m | sum(bytes) as b, count by _timeslice', 1, 0],
  ['action=ACCEPT | timeslice 10m as t | count, min(bytes) as a, max(bytes) as z by interface_id, t', 2, 1],
  ['| where bytes > 100 | count by action', 1, -1],
  ['| geoip dstaddr | timeslice 1h | count by country_name, _timeslice', 2, 1],
];
const SHIFTS = ['10m', '1h', '3h'] as const;
const SECONDS = { '10m': 600, '1h': HOUR, '3h': 3 * HOUR };

const asked = fc.record({
  steps: fc.constantFrom(...STEPS),
  shift: fc.constantFrom(...SHIFTS),
  count: fc.integer({ min: 1, max: 4 }),
  from: fc.integer({ min: T0 - HOUR, max: T0 + HOUR }),
  length: fc.integer({ min: 1, max: 2 * HOUR }),
});

/** Rows by their keys, each window read on its own, slices moved to the current one. */
async function oneByOne(steps: string, keys: number, slice: number, shifts: readonly number[], from: number, to: number) {
  const rows = new Map<string, Cell[]>();
  for (const [w, shift] of shifts.entries()) {
    for (const row of (await run(steps, from - shift, to - shift)).rows) {
      const key = row.slice(0, keys).map((v, i) => (i === slice ? Number(v) + shift * 1000 : v));
      const measures = row.slice(keys);
      const made = rows.get(JSON.stringify(key)) ?? Array.from({ length: measures.length * shifts.length }, () => null);
      measures.forEach((value, m) => {
        made[m * shifts.length + w] = value as Cell;
      });
      rows.set(JSON.stringify(key), made);
    }
  }
  return new Map([...rows].sort());
}

it('whether they lie apart, touch or overlap', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ({ steps: [steps, keys, slice], shift, count, from, length }) => {
      const shifts = Array.from({ length: count + 1 }, (_, i) => SECONDS[shift] * i);
      const wholeSlices = !steps.includes('1h') || shift !== '10m';
      const { text, rows } = await run(`${steps} | compare with timeshift ${shift} ${count}`, from, from + length);
      expect(text.includes('UNION ALL')).toBe(!wholeSlices);
      if (!wholeSlices) return;
      const got = new Map(rows.map((row) => [JSON.stringify(row.slice(0, keys)), row.slice(keys)] as const).sort());
      expect(got).toEqual(await oneByOne(steps, keys, slice, shifts, from, from + length));
    }),
    { numRuns: 60 },
  );
});

it('reads windows one by one where their groups cannot be moved or put together', async () => {
  const branches = async (text: string, from: number, to: number) => (await run(text, from, to)).text.includes('UNION ALL');
  const hour = [T0, T0 + HOUR] as const;
  expect(await branches('| avg(bytes) by action | compare timeshift 10m', ...hour)).toBe(true);
  expect(await branches('| avg(bytes) by action | compare timeshift 1h', ...hour)).toBe(false);
  expect(await branches('| count | compare timeshift 1d', ...hour)).toBe(true);
  expect(await branches('| limit 5 | count by action | compare timeshift 1d', ...hour)).toBe(true);
  expect(await branches('| timeslice 7m | count by _timeslice | compare timeshift 1h', ...hour)).toBe(true);
  expect(await branches('| timeslice 5m | max(_timeslice) as last by action | compare timeshift 1d', ...hour)).toBe(true);
  expect(await branches('| count by action | sort _count | limit 1 | compare timeshift 1d', ...hour)).toBe(true);
});
