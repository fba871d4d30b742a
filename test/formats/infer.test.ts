/** Layouts of lines without a header: what evidence decides is right, and what it does not is left open. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contradicts } from '../../src/formats/flow/contradicts.ts';
import { CANDIDATES, inferLayout } from '../../src/formats/flow/infer.ts';
import { PRESETS } from '../../src/formats/flow/presets.ts';
import { ALL_NAMES, estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from './estate.ts';

const RUNS = Number(process.env.BARTIZAN_RUNS ?? 200);
const seeds = fc.integer({ min: 0, max: 0x7fffffff });
const same = (a: readonly string[], b: readonly string[]): boolean => a.join(' ') === b.join(' ');

/** Fields in a random order: all up to a version, or some of them. */
const layouts = fc
  .tuple(fc.constantFrom(2, 2, 3, 4, 5, 11), fc.boolean(), seeds, fc.double({ min: 0.2, max: 1, noNaN: true }))
  .map(([version, whole, seed, share]) => {
    const names = shuffled(version === 11 ? ALL_NAMES : fieldsUpTo(version), randomOf(seed));
    return whole ? names : names.slice(0, Math.max(2, Math.round(share * names.length)));
  });

describe('a random order of random fields', () => {
  it('is never certain and wrong, nor sufficient and wrong where values are', () => {
    let certain = 0;
    fc.assert(
      fc.property(layouts, seeds, fc.constantFrom(30, 150, 500), (layout, seed, rows) => {
        const lines = linesOf(estateRows(seed, rows), layout);
        const result = inferLayout(lines);
        if (result.certain) {
          certain++;
          expect(result.layout).toEqual(layout);
          expect(result.candidates).toEqual([layout]);
        }
        if (result.sufficient) {
          const there = (_: string, i: number): boolean => lines.some((line) => line.split(' ')[i] !== '-');
          expect(result.layout.filter(there)).toEqual(layout.filter(there));
        }
        expect(result.confidence).toBeLessThanOrEqual(1);
        expect(result.certain).toBe(result.layout.length > 0 && result.ambiguous.length === 0 && result.confidence > 0.97);
        expect(result.candidates.length).toBeLessThanOrEqual(CANDIDATES);
        for (const candidate of result.candidates) expect(new Set(candidate).size).toBe(layout.length);
      }),
      { numRuns: RUNS },
    );
    expect(certain).toBeGreaterThan(0);
  });

  it('of the default fields is certain in most cases, and the right one is offered in the others', () => {
    let certain = 0;
    let offered = 0;
    const runs = Math.max(60, Math.floor(RUNS / 10));
    for (let i = 0; i < runs; i++) {
      const layout = shuffled(fieldsUpTo(2), randomOf(i + 5000));
      const result = inferLayout(linesOf(estateRows(i + 9000, 600), layout));
      if (result.certain) certain++;
      if (result.candidates.some((c) => same(c, layout))) offered++;
    }
    expect(certain / runs).toBeGreaterThan(0.5);
    expect(offered / runs).toBeGreaterThan(0.95);
  });

  it('of all fields of version 5 is told but for what no line has, where the ends can be told', () => {
    let sufficient = 0;
    for (let i = 0; i < 40; i++) {
      const layout = shuffled(fieldsUpTo(5), randomOf(i));
      if (inferLayout(linesOf(estateRows(i + 700, 600), layout)).sufficient) sufficient++;
    }
    expect(sufficient).toBeGreaterThan(10);
  });
});

describe('what is left open', () => {
  /** An estate with windows without traffic, which tell the version from other small numbers. */
  const rows = Array.from({ length: 20 }, (_, i) => estateRows(i, 600)).find((r) => r.filter((row) => row['log-status'] === 'NODATA').length > 5) ?? [];

  it('which end is the source, where nobody says who began', () => {
    const layout = ['version', 'account-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets', 'bytes', 'start', 'end', 'log-status'];
    const result = inferLayout(linesOf(rows, layout));
    expect(result.certain).toBe(false);
    expect(result.ambiguous.map((a) => a.position)).toEqual(expect.arrayContaining([2, 3]));
    expect(result.candidates.some((c) => same(c, layout))).toBe(true);
    // AWS's order goes first where nothing else tells.
    expect(result.layout.indexOf('srcaddr')).toBeLessThan(result.layout.indexOf('dstaddr'));
  });

  it('a single time, a single address, a single number', () => {
    for (const name of ['start', 'srcaddr', 'bytes', 'srcport']) {
      const result = inferLayout(linesOf(rows, ['interface-id', name, 'log-status', 'version']));
      expect(result.certain).toBe(false);
      expect(result.ambiguous.find((a) => a.position === 1)?.names).toContain(name);
    }
  });

  it('everything, on few lines', () => {
    const layout = shuffled(fieldsUpTo(2), randomOf(3));
    expect(inferLayout(linesOf(rows.slice(0, 20), layout)).certain).toBe(false);
  });
});

describe('lines that are none', () => {
  it.each<[string, string[]]>([
    ['none', []],
    ['empty ones', ['', ' ', '\n']],
    ['words', Array.from({ length: 300 }, (_, i) => `this is line ${i} of a book`)],
    ['a header only', ['version account-id srcaddr']],
    ['too many values', Array.from({ length: 300 }, () => Array.from({ length: 70 }, (_, i) => i).join(' '))],
    ['dashes', Array.from({ length: 300 }, () => '- - - -')],
  ])('%s', (_, lines) => {
    expect(inferLayout(lines).certain).toBe(false);
    expect(inferLayout(lines).sufficient).toBe(false);
  });

  it('any text: no crash, and nothing certain', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('1', ' ', '-', '.', 'a', '6', ':', 'O', 'K') })), { maxLength: 60 }),
        (lines) => {
          expect(inferLayout(lines).certain).toBe(false);
          expect(Array.isArray(contradicts(PRESETS.get('v2')?.layout ?? [], lines))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a few strange lines among the good ones do not matter, many do', () => {
    const layout = fieldsUpTo(2);
    const found = Array.from({ length: 40 }, (_, i) => linesOf(estateRows(i, 600), layout)).find((lines) => inferLayout(lines).certain) as string[];
    expect(inferLayout([...found.slice(0, 5), 'not a record', '', ...found.slice(5)])).toMatchObject({ certain: true, layout });
    expect(inferLayout(found.flatMap((line, i) => (i % 10 === 0 ? [line, 'not a record'] : [line]))).certain).toBe(false);
  });
});

describe('a layout that reads the lines and is wrong', () => {
  it('is contradicted, and the right one is not', () => {
    for (let i = 0; i < 30; i++) {
      const rows = estateRows(i, 400);
      for (const layout of [fieldsUpTo(2), fieldsUpTo(5), [...fieldsUpTo(5)].sort(), ALL_NAMES]) expect(contradicts(layout, linesOf(rows, layout))).toEqual([]);
      const lines = linesOf(rows, fieldsUpTo(2));
      const turned = (a: string, b: string): string[] => fieldsUpTo(2).map((n) => (n === a ? b : n === b ? a : n));
      expect(contradicts(turned('packets', 'bytes'), lines).map((c) => c.names)).toContainEqual(['packets', 'bytes']);
      expect(contradicts(turned('start', 'end'), lines).map((c) => c.names)).toContainEqual(['start', 'end']);
      expect(contradicts(turned('srcport', 'bytes'), lines)).not.toEqual([]);
      expect(contradicts(turned('protocol', 'version'), lines)).not.toEqual([]);
      expect(contradicts(turned('account-id', 'interface-id'), lines).map((c) => c.names)).toContainEqual(['account-id']);
      expect(contradicts(turned('srcaddr', 'start'), lines)[0]?.message).toMatch(/^\S+: .* in \d+ of \d+ records$/);
    }
  });

  it('says nothing of lines with another number of values', () => {
    expect(contradicts(fieldsUpTo(3), linesOf(estateRows(1, 200), fieldsUpTo(2)))).toEqual([]);
    expect(contradicts(fieldsUpTo(2), [])).toEqual([]);
  });
});
