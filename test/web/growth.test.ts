/** What the page makes of results and texts grows with them alone: each of these would take minutes where all is walked for each part. */
import { expect, it } from 'vitest';
import type { PanelResult } from '../../src/web/dashboard/run-store.ts';
import { REST } from '../../src/web/panels/columns.ts';
import { fewSeries, type Items } from '../../src/web/panels/items.ts';
import { layersOf } from '../../src/web/panels/stack.tsx';
import { toTimeSeries } from '../../src/web/panels/time-series.ts';
import { places, type Term, termsOf } from '../../src/web/search/results/highlight.tsx';

const term = (...pieces: string[]): Term => ({ pieces, whole: false, field: undefined, certain: false });

it.each([
  ['where the second piece never comes', '', 0],
  ['where it comes in another word', ' b', 0],
  ['where it comes at the end', 'b', 1],
])('a pattern in a long text, %s', (_, end, count) => {
  expect(places('a'.repeat(1_000_000) + end, [term('a', 'b')])).toHaveLength(count);
});

it('a long value of a search', () => {
  const hex = 'a1'.repeat(30_000);
  expect(termsOf(`${hex}x`)).toMatchObject([{ whole: false }]);
  expect(termsOf(hex)).toMatchObject([{ whole: true }]);
});

it('lines of as many series, each with a place for every slice', () => {
  const count = 50_000;
  const columns = [
    { name: '_timeslice', kind: 'time' as const },
    { name: 'src_ip', kind: 'text' as const },
    { name: '_count', kind: 'number' as const },
  ];
  const rows = Array.from({ length: count }, (_, i) => [(i % 10_000) * 60_000, `k${i}`, i < 200 ? 1000 - i : 1]);
  const result: PanelResult = { window: { from: 0, to: 600_000 }, state: 'data', columns, rows, timeslice: 60, truncated: false, seconds: 1 };
  const named = { x: '_timeslice', series: 'src_ip', measure: '_count' };
  const data = toTimeSeries(result, named)!;
  expect(data.times).toHaveLength(10_000);
  expect(data.series.map((s) => s.name)).toEqual([...Array.from({ length: 200 }, (_, i) => `k${i}`), REST]);
  const rest = data.series.at(-1)!;
  expect([rest.label, rest.values[0], rest.values[300]]).toEqual(['other (49,800)', 4, 5]);
  const layers = layersOf(data, 'neutral', 'light');
  expect(layers.map(({ name, values }) => [name, values[0], values[11], values[300]]).slice(-2)).toEqual([
    ['k10', null, null, null],
    ['other (49,989)', 4, 993, 5],
  ]);
  const undrawn = toTimeSeries(result, { ...named, rest: 'not drawn' })!.series.at(-1)!;
  expect([undrawn.label, undrawn.values.every((value) => value === null)]).toEqual(['other (49,800), not drawn', true]);
});

it('bars of as many series', () => {
  const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}`);
  const items: Items = {
    column: { name: 'a', kind: 'text' },
    mono: false,
    items: keys.map((key, i) => ({
      key,
      label: key,
      value: 3,
      parts: new Map(
        [
          [key, 1],
          ['k0', 2],
        ].slice(i === 0 ? 1 : 0) as [string, number][],
      ),
    })),
    series: keys.map((key, i) => ({ key, label: key, total: i === 0 ? 100_000 : 1 })),
    seriesColumn: { name: 'b', kind: 'text' },
  };
  const { series, partOf } = fewSeries(items, 10);
  expect(series.map((s) => s.key)).toEqual([...keys.slice(0, 10), REST]);
  const [first, second, last] = [items.items[0]!, items.items[1]!, items.items.at(-1)!];
  const rest = series.at(-1)!.key;
  expect([partOf(first, 'k0'), partOf(first, rest), partOf(second, 'k1'), partOf(second, rest), partOf(last, 'k0'), partOf(last, rest)]).toEqual([
    2, 0, 1, 0, 2, 1,
  ]);
});
