/** Layouts of transit gateway flow logs without a header: told from VPC flow logs, right where they are decided, left open elsewhere. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contradicts } from '../../src/formats/flow/contradicts.ts';
import { CANDIDATES, type Inference, inferLayout } from '../../src/formats/flow/infer.ts';
import { TGW_FLOW, VPC_FLOW } from '../../src/model/log-formats.ts';
import { estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from './estate.ts';
import { GATEWAY_NAMES, gatewayLines, gatewayRows } from './gateway-estate.ts';

const RUNS = Number(process.env.BARTIZAN_RUNS ?? 120);
const seeds = fc.integer({ min: 0, max: 0x7fffffff });

/** All fields in a random order, or some of them. */
const layouts = fc.tuple(fc.boolean(), seeds, fc.double({ min: 0.1, max: 1, noNaN: true })).map(([whole, seed, share]) => {
  const names = shuffled(GATEWAY_NAMES, randomOf(seed));
  return whole ? names : names.slice(0, Math.max(2, Math.round(share * names.length)));
});

/** What a line says in a layout, in no order; absent values say nothing. */
function reading(line: string, layout: readonly string[]): string {
  const values = line.split(' ');
  return layout
    .flatMap((name, i) => (values[i] === '-' ? [] : [`${name}=${values[i]}`]))
    .toSorted()
    .join(' ');
}

const readSame = (lines: readonly string[], one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && lines.every((line) => reading(line, one) === reading(line, other));

describe('a random order of fields of a transit gateway', () => {
  it('is never decided and wrong, nor taken for the other format where that reads it otherwise', () => {
    let decided = 0;
    fc.assert(
      fc.property(layouts, seeds, fc.constantFrom(30, 150, 500), (layout, seed, rows) => {
        const lines = gatewayLines(gatewayRows(seed, rows), layout);
        const result = inferLayout(lines);
        if (result.certain) expect(result.layout).toEqual(layout);
        if (result.certain || result.sufficient) {
          decided++;
          expect(lines.map((line) => reading(line, result.layout))).toEqual(lines.map((line) => reading(line, layout)));
          if (layout.some((name) => !VPC_FLOW.bits.has(name))) expect(result.format).toBe(TGW_FLOW);
        }
        expect(result.confidence).toBeLessThanOrEqual(1);
        expect(result.candidates.length).toBeLessThanOrEqual(CANDIDATES);
        for (const candidate of result.candidates) expect(new Set(candidate).size).toBe(layout.length);
      }),
      { numRuns: RUNS },
    );
    expect(decided).toBeGreaterThan(0);
  });

  it('of all fields is read or offered in most cases, and a value that is open names its field', () => {
    let [sufficient, offered] = [0, 0];
    for (let i = 0; i < 40; i++) {
      const layout = shuffled(GATEWAY_NAMES, randomOf(i + 300));
      const lines = gatewayLines(gatewayRows(i + 900, 600), layout);
      const result = inferLayout(lines);
      expect(result.format).toBe(TGW_FLOW);
      if (result.sufficient) sufficient++;
      if (result.candidates.some((candidate) => readSame(lines, candidate, layout))) offered++;
      for (const { position, names } of result.ambiguous) expect(names).toContain(layout[position]);
    }
    expect(sufficient).toBeGreaterThan(8);
    expect(offered).toBeGreaterThan(25);
  });

  it('is not what flows of VPCs are taken for', () => {
    for (let i = 0; i < 20; i++) {
      const result = inferLayout(linesOf(estateRows(i, 300), shuffled(fieldsUpTo(3), randomOf(i))));
      expect(result.layout.filter((name) => !VPC_FLOW.bits.has(name))).toEqual([]);
    }
  });
});

describe('what is left open', () => {
  const open = ({ layout, ambiguous }: Inference, name: string): boolean => layout.length > 0 && ambiguous.some(({ names }) => names.includes(name));
  const clear = Array.from({ length: 60 }, (_, i) => gatewayRows(i, 600)).filter((rows) => inferLayout(gatewayLines(rows, GATEWAY_NAMES)).sufficient);

  it('why packets were lost, where some were', () => {
    const rows = clear[0] as NonNullable<(typeof clear)[0]>;
    const lossy = rows.map((row, i) => (i % 9 === 0 && row['log-status'] === 'OK' ? { ...row, 'packets-lost-blackhole': '2' } : row));
    const result = inferLayout(gatewayLines(lossy, GATEWAY_NAMES));
    expect([result.certain, result.sufficient, open(result, 'packets-lost-blackhole')]).toEqual([false, false, true]);
    expect(result.layout).toEqual(GATEWAY_NAMES);
  });

  it('the ends, where no attachment, no direction or no third network tells them', () => {
    const rows = clear[0] as NonNullable<(typeof clear)[0]>;
    for (const gone of ['tgw-attachment-id', 'flow-direction'])
      expect(
        open(
          inferLayout(
            gatewayLines(
              rows,
              GATEWAY_NAMES.filter((name) => name !== gone),
            ),
          ),
          'tgw-src-vpc-id',
        ),
      ).toBe(true);
    const vpcs = [...new Set(rows.map((row) => row['tgw-src-vpc-id']))].filter((id) => id !== '-').slice(0, 2);
    const two = rows.filter((row) => [row['tgw-src-vpc-id'], row['tgw-dst-vpc-id']].every((id) => id !== undefined && vpcs.includes(id)));
    expect(inferLayout(gatewayLines(two, GATEWAY_NAMES)).sufficient).toBe(false);
  });

  it('numbers, where neither a status nor addresses tell records with traffic from those without', () => {
    const rows = Array.from({ length: 20 }, (_, i) => gatewayRows(i, 600)).filter((all) => all.filter((row) => row['log-status'] === 'NODATA').length > 5);
    const result = inferLayout(gatewayLines(rows[0] ?? [], ['pkt-src-aws-service', 'packets', 'flow-direction', 'tgw-pair-attachment-id']));
    expect([result.certain, result.sufficient]).toEqual([false, false]);
    expect(open(result, 'packets')).toBe(true);
  });

  it('the format, where both have fields of the values’ form and neither has one of its own', () => {
    const names = ['account-id', 'tgw-src-vpc-id', 'bytes', 'start', 'end'];
    const result = inferLayout(gatewayLines(clear[0] ?? [], names));
    expect([result.certain, result.sufficient]).toEqual([false, false]);
    expect(open(result, 'vpc-id') && open(result, 'tgw-src-vpc-id')).toBe(true);
    // Asked of one format alone, the other is out.
    expect(inferLayout(gatewayLines(clear[0] ?? [], names), [TGW_FLOW]).candidates.flat()).not.toContain('vpc-id');
    expect(inferLayout(gatewayLines(clear[0] ?? [], GATEWAY_NAMES), [VPC_FLOW]).layout).toEqual([]);
  });
});

it('contradicts a wrong order of a transit gateway, and no right one', () => {
  for (let i = 0; i < 10; i++) {
    const lines = gatewayLines(gatewayRows(i, 300), GATEWAY_NAMES);
    expect(contradicts(GATEWAY_NAMES, lines)).toEqual([]);
    const turned = GATEWAY_NAMES.map((n) => (n === 'tgw-id' ? 'tgw-src-vpc-id' : n === 'tgw-src-vpc-id' ? 'tgw-id' : n));
    expect(contradicts(turned, lines).map((c) => c.names)).toContainEqual(['tgw-id']);
    const other = GATEWAY_NAMES.map((n) => (n === 'packets' ? 'bytes' : n === 'bytes' ? 'packets' : n));
    expect(contradicts(other, lines).map((c) => c.names)).toContainEqual(['packets', 'bytes']);
  }
});
