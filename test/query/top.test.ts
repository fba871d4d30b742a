/** The groups with most are those that a count over the whole result finds, and the rest adds up to what is left. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompileOptions, compile, shape, type Top } from '../../src/query/index.ts';
import type { Cell } from '../../src/query/shape.ts';
import { type Engine, type Line, openEngine, options } from './engine.ts';

const PORTS = [22, 23, 80, 443, 3389, 5432, 8080, 8443];
const line: fc.Arbitrary<Line> = fc
  .record({
    at: fc.integer({ min: -600, max: 3599 }),
    // Two ports are only in the first slice: what has most there is not what has most.
    port: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...PORTS.slice(0, 6)) }, { weight: 1, arbitrary: fc.constantFrom(...PORTS) }),
    action: fc.constantFrom('ACCEPT', 'REJECT'),
    bytes: fc.nat(5000),
    vpc: fc.constantFrom('vpc-1', 'other', '-'),
  })
  .map(({ at, port, action, bytes, vpc }) => ({
    line: `3 1 eni-1 10.0.0.1 203.0.113.${port % 200} 40000 ${port} 6 1 ${bytes} $${at} $${at + 5} ${action} OK ${vpc}`,
    layout: 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id',
    columns: { dst_as: `${(port % 3) + 1} Network ${(port % 3) + 1}` },
  }));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await engine.load(fc.sample(line, { numRuns: 900, seed: 7 }));
});
afterAll(() => engine.close());

async function run(text: string, top?: Top, more: Partial<CompileOptions> = {}) {
  const result = compile(text, options(engine, { ...(top ? { top } : {}), ...more }));
  if (!result.ok) return result.diagnostics.map((d) => d.message);
  const { columns, rows } = shape(result.compiled, await engine.rows(result.compiled.statement));
  return { columns, rows, timeslice: result.compiled.timeslice };
}

async function rows(text: string, top?: Top, more: Partial<CompileOptions> = {}): Promise<readonly (readonly Cell[])[]> {
  const answer = await run(text, top, more);
  if (Array.isArray(answer)) throw new Error(answer.join());
  return answer.rows;
}

const OVER_TIME = '| timeslice 5m | sum(bytes) as b by _timeslice, dest_port';
const byPort = (count: number): Top => ({ of: 'dest_port', measure: 'b', count, by: ['_timeslice'], beside: [], rest: 'other' });

/** Reckoned from all rows, here. */
function expected(all: readonly (readonly Cell[])[], count: number): Cell[][] {
  const sums = new Map<Cell, number>();
  for (const [, port = null, b] of all) sums.set(port, (sums.get(port) ?? 0) + Number(b));
  const ranked = [...sums].sort(([p, a], [q, b]) => b - a || Number(p) - Number(q)).map(([port]) => port);
  const made = new Map<string, Cell[]>();
  for (const [slice = null, port = null, b] of all) {
    const place = Math.min(ranked.indexOf(port), count);
    const key = `${slice} ${place}`;
    const row = made.get(key) ?? [slice, place < count ? String(port) : 'other', 0, place < count ? 0 : ranked.length - count];
    row[2] = Number(row[2]) + Number(b);
    made.set(key, row);
  }
  const placeOf = (row: Cell[]) => (row[3] === 0 ? ranked.indexOf(Number(row[1])) : count);
  return [...made.values()].sort((a, b) => Number(a[0]) - Number(b[0]) || placeOf(a) - placeOf(b));
}

describe('top groups', () => {
  it('are those of the whole result, with the rest summed in every slice', async () => {
    const all = await rows(OVER_TIME);
    for (const count of [1, 3, PORTS.length, 50]) expect(await rows(OVER_TIME, byPort(count))).toEqual(expected(all, count));
  });

  it('say their columns: the field stays for a click, the slice for the axis', async () => {
    expect(await run(OVER_TIME, byPort(2))).toMatchObject({
      timeslice: 300,
      columns: [
        { name: '_timeslice', kind: 'time' },
        { name: 'dest_port', kind: 'text', field: 'destination.port' },
        { name: 'b', kind: 'number' },
        { name: '_other', kind: 'number' },
      ],
    });
  });

  it('are ranked before a limit of rows cuts', async () => {
    const all = await rows(OVER_TIME);
    expect(await rows(OVER_TIME, byPort(2), { maxRows: 4 })).toEqual(expected(all, 2).slice(0, 4));
  });

  it('keep what is not there apart from a value that is called “other”', async () => {
    const text = '| timeslice 1h | count by _timeslice, vpc_id';
    const top: Top = { of: 'vpc_id', measure: '_count', count: 2, by: ['_timeslice'], beside: [], rest: 'other' };
    const counts = new Map((await rows(text)).map((row) => [row[1], Number(row[2])]));
    const ranked = [...counts].sort(([, a], [, b]) => b - a);
    const rest = ranked[2] as [Cell, number];
    expect((await rows(text, top)).map((row) => row.slice(1))).toEqual([...ranked.slice(0, 2).map(([vpc, n]) => [vpc, n, 0]), ['other', rest[1], 1]]);
    expect([...counts.keys()].sort()).toEqual([null, 'other', 'vpc-1'].sort());
  });

  it('leave the rest out where it has no place, and keep numbers numbers', async () => {
    const text = '| count by dest_port, action';
    const all = await rows(text);
    const top: Top = { of: 'dest_port', measure: '_count', count: 3, by: ['action'], beside: [], rest: 'none' };
    const sums = new Map<Cell, number>();
    for (const [port = null, , n] of all) sums.set(port, (sums.get(port) ?? 0) + Number(n));
    const kept = [...sums]
      .sort(([p, a], [q, b]) => b - a || Number(p) - Number(q))
      .slice(0, 3)
      .map(([port]) => port);
    const asked = all.filter(([port = null]) => kept.includes(port)).map(([port = null, action = null, n = null]) => [action, port, n]);
    expect(new Set((await rows(text, top)).map((row) => JSON.stringify(row)))).toEqual(new Set(asked.map((row) => JSON.stringify(row))));
  });

  it('carry the name that stands beside them', async () => {
    const text = '| timeslice 1h | count by _timeslice, dest_asn, dest_organization';
    const answer = await run(text, {
      of: 'dest_asn',
      measure: '_count',
      count: 1,
      by: ['_timeslice'],
      beside: ['dest_organization', 'missing'],
      rest: 'other',
    });
    if (Array.isArray(answer)) return expect.fail(answer.join());
    expect(answer.columns.map((c) => c.name)).toEqual(['_timeslice', 'dest_asn', 'dest_organization', '_count', '_other']);
    for (const [, asn, organization, , other] of answer.rows) expect(organization).toBe(other === 0 ? `Network ${asn}` : null);
  });

  it('need their columns', async () => {
    expect(await run(OVER_TIME, { ...byPort(1), measure: 'packets' })).toEqual(['The result has no column “packets”, which the panel’s “top” needs.']);
    expect(await run('| limit 5', byPort(1))).toEqual(['The “top” of a panel is one of groups, and its query has none.']);
  });
});
