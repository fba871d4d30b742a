/** What looking for a layout costs, in names tried: lines that tell nothing cost no more than the budget, and what it cuts off is never certain. */
import { describe, expect, it } from 'vitest';
import { FEW_STEPS, type Inference, inferLayout, STEPS } from '../../src/formats/flow/infer.ts';
import { FLOW_FORMATS } from '../../src/model/log-formats.ts';
import { estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from './estate.ts';
import { GATEWAY_NAMES, gatewayLines, gatewayRows } from './gateway-estate.ts';

function costOf(lines: readonly string[], budget = STEPS): Inference & { readonly cost: number } {
  const steps = { left: budget };
  const result = inferLayout(lines, FLOW_FORMATS, steps);
  return { ...result, cost: budget - steps.left };
}

const made = (rows: number, values: (row: number) => readonly (string | number)[]): string[] => Array.from({ length: rows }, (_, i) => values(i).join(' '));
const numbers = (row: number, columns: number, below: number): number[] => Array.from({ length: columns }, (_, k) => (row * 13 + k * 7) % below);

const TELLING_LITTLE: readonly [string, (rows: number) => string[]][] = [
  ['zeros', (rows) => made(rows, () => Array(14).fill(0))],
  ['more zeros than there are numbers', (rows) => made(rows, () => Array(29).fill(0))],
  ['small numbers', (rows) => made(rows, (i) => numbers(i, 12, 100))],
  ['a time and metrics', (rows) => made(rows, (i) => [1_700_000_000 + i, ...numbers(i, 11, 1000)])],
  ['two addresses and numbers', (rows) => made(rows, (i) => ['10.0.0.1', '10.0.0.2', ...numbers(i, 12, 200)])],
  [
    'a flow in an order of its own',
    (rows) =>
      made(rows, (i) =>
        `10.0.0.${i % 250} 52.1.2.${i % 250} ${40000 + i} 443 6 19 ${5 + i} ${500 + i * 37} ${1_700_000_000 + i} ${1_700_000_060 + i} 1 2 0 0 3`.split(' '),
      ),
  ],
];

describe.each(TELLING_LITTLE)('%s', (_, lines) => {
  it('cost little on few lines, and no more than the budget on many', () => {
    expect(costOf(lines(3)).cost).toBeLessThanOrEqual(FEW_STEPS);
    for (const rows of [5, 10, 50, 500]) {
      const result = costOf(lines(rows));
      expect(result.cost).toBeLessThanOrEqual(STEPS);
      expect([result.certain, result.sufficient]).toEqual([false, false]);
    }
  });

  it('tell the same each time', () => {
    for (const rows of [3, 10]) expect(costOf(lines(rows))).toEqual(costOf(lines(rows)));
  });
});

describe('logs of real traffic', () => {
  const logs = Array.from({ length: 30 }, (_, i) => {
    const vpc = shuffled(fieldsUpTo(i % 2 ? 2 : 5), randomOf(i));
    const gateway = shuffled(GATEWAY_NAMES, randomOf(i));
    return [linesOf(estateRows(i, 300), vpc), gatewayLines(gatewayRows(i, 300), gateway)] as const;
  });

  it('need little of the budget', () => {
    for (const lines of logs.flat()) expect(costOf(lines).cost).toBeLessThan(STEPS / 4);
  });

  it('are never taken for certain, or read wrongly, where the search was cut off', () => {
    let [cut, decided] = [0, 0];
    for (const lines of logs.flat()) {
      const whole = costOf(lines);
      if (whole.certain || whole.sufficient) decided++;
      for (const budget of [0, 1, 7, 20, 60, Math.floor(whole.cost / 2)]) {
        const part = costOf(lines, budget);
        expect(part.cost).toBeLessThanOrEqual(budget);
        if (part.certain) expect([whole.certain, part.layout]).toEqual([true, whole.layout]);
        if (part.sufficient) expect([whole.sufficient, part.layout]).toEqual([true, whole.layout]);
        if (part.cost === budget && budget < whole.cost / 3) {
          cut++;
          expect([part.certain, part.sufficient]).toEqual([false, false]);
        }
      }
    }
    expect(decided).toBeGreaterThan(5);
    expect(cut).toBeGreaterThan(50);
  });
});
