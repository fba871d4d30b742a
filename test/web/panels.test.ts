import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PanelResult } from '../../src/web/dashboard/run-store.ts';
import { niceStep } from '../../src/web/panels/chart-style.ts';
import { clusterPlaces, hasPosition, type Place } from '../../src/web/panels/cluster.ts';
import { seriesCell } from '../../src/web/panels/columns.ts';
import { rangeOf } from '../../src/web/panels/drag-zoom.tsx';
import { unwrapRing } from '../../src/web/panels/land.ts';
import { layersOf } from '../../src/web/panels/stack.tsx';
import { isIncomplete, type TimeSeries, toTimeSeries } from '../../src/web/panels/time-series.ts';
import { CATEGORIES, colorsOf, MEANING_COLORS } from '../../src/web/theme/palette.ts';

const result = (columns: PanelResult['columns'], rows: unknown[][], window: PanelResult['window'], timeslice?: number): PanelResult => ({
  window,
  state: 'data',
  columns,
  rows,
  timeslice,
  truncated: false,
  seconds: 0,
});
const time = { name: '_timeslice', kind: 'time' } as const;
const count = { name: '_count', kind: 'number' } as const;
const action = { name: 'action', kind: 'text', field: 'event.action' } as const;

test('a missing slice is a gap; the axis covers the window', () => {
  const data = toTimeSeries(
    result(
      [time, action, count],
      [
        [600_000, 'ACCEPT', 5],
        [1_200_000, 'ACCEPT', 7],
        [1_200_000, 'REJECT', 1],
      ],
      { from: 300, to: 1800 },
      300,
    ),
    { x: '_timeslice', series: 'action', measure: '_count' },
  );
  expect(data?.times).toEqual([300_000, 600_000, 900_000, 1_200_000, 1_500_000]);
  expect(data?.series).toEqual([
    { name: 'ACCEPT', values: [null, 5, null, 7, null] },
    { name: 'REJECT', values: [null, null, null, 1, null] },
  ]);
});

test('a first slice that begins before the window stays; a comparison has a line a shift', () => {
  const columns = [time, { name: 'flows', kind: 'number' }, { name: 'flows_1d', kind: 'number' }, { name: 'other', kind: 'number' }] as PanelResult['columns'];
  const data = toTimeSeries(result(columns, [[0, 1, 2, 3]], { from: 120, to: 600 }, 300), { x: '_timeslice', series: undefined, measure: 'flows' });
  expect(data?.times).toEqual([0, 300_000]);
  expect(data?.series.map((s) => s.name)).toEqual(['flows', 'flows_1d']);
});

test('every row lands in its slice and no value is made up', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (slices) => {
      const rows = slices.map((s) => [s * 60_000, s + 1]);
      const data = toTimeSeries(result([time, count], rows, { from: 0, to: 3660 }, 60), { x: '_timeslice', series: undefined, measure: '_count' });
      expect(data?.times).toHaveLength(61);
      expect(data?.series[0]?.values).toEqual(Array.from({ length: 61 }, (_, i) => (slices.includes(i) ? i + 1 : null)));
    }),
  );
});

test('the newest slice is incomplete while it fills or its records are on their way', () => {
  const window = { from: 0, to: 3600 };
  expect(isIncomplete(3_300_000, 300_000, window, 3_600_000)).toBe(true);
  expect(isIncomplete(3_300_000, 300_000, window, 9_000_000)).toBe(false);
  expect(isIncomplete(3_400_000, 300_000, window, 9_000_000)).toBe(true);
});

const flat = (p: Place) => [p.longitude, p.latitude] as const;

test('near places become one marker with their sum; far ones stay', () => {
  const places: Place[] = [
    { longitude: 0, latitude: 50, name: 'a', value: 1 },
    { longitude: 3, latitude: 50, name: 'b', value: 9 },
    { longitude: 90, latitude: 0, name: 'c', value: 4 },
  ];
  const clusters = clusterPlaces(places, flat, 5);
  expect(clusters.map((c) => [c.places.map((p) => p.name).join(''), c.value, c.longitude])).toEqual([
    ['ba', 10, 3],
    ['c', 4, 90],
  ]);
  expect(clusterPlaces(places, (p) => [p.longitude * 10, p.latitude], 5)).toHaveLength(3);
});

test('clustering loses no place and no count; centres are apart', () => {
  const place = fc.record({
    longitude: fc.integer({ min: -180, max: 180 }),
    latitude: fc.integer({ min: -90, max: 90 }),
    name: fc.constant('x'),
    value: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(place, { maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (places, radius) => {
      const clusters = clusterPlaces(places, flat, radius);
      expect(clusters.flatMap((c) => c.places)).toHaveLength(places.length);
      expect(clusters.reduce((n, c) => n + c.value, 0)).toBe(places.reduce((n, p) => n + p.value, 0));
      for (const [i, a] of clusters.entries())
        for (const b of clusters.slice(i + 1)) expect(Math.hypot(a.longitude - b.longitude, a.latitude - b.latitude)).toBeGreaterThan(radius);
    }),
  );
});

test('an unknown place has no position, and 0,0 is none', () => {
  expect(hasPosition(null, 5)).toBe(false);
  expect(hasPosition(0, 0)).toBe(false);
  expect(hasPosition(0, 12)).toBe(true);
});

test('an outline across the date line is drawn beyond it', () => {
  expect(
    unwrapRing([
      [179, 60],
      [-179, 61],
      [178, 62],
    ]),
  ).toEqual([
    [179, 60],
    [181, 61],
    [178, 62],
  ]);
  expect(
    unwrapRing([
      [-10, 1],
      [10, 2],
    ]),
  ).toEqual([
    [-10, 1],
    [10, 2],
  ]);
});

test('axes have two to five round steps', () => {
  expect(niceStep(2300, 'count')).toBe(1000);
  expect(niceStep(3, 'count')).toBe(1);
  expect(niceStep(900 * 2 ** 20, 'bytes')).toBe(500 * 2 ** 20);
  fc.assert(
    fc.property(fc.integer({ min: 4, max: Number.MAX_SAFE_INTEGER }), fc.constantFrom('count' as const, 'bytes' as const), (most, unit) => {
      const steps = Math.ceil(most / niceStep(most, unit));
      expect(steps).toBeGreaterThanOrEqual(1);
      expect(steps).toBeLessThanOrEqual(5);
    }),
  );
});

test('a dragged range begins and ends with buckets and is never empty', () => {
  expect(rangeOf(1000, 290_000, 300_000)).toEqual({ from: 0, to: 300 });
  expect(rangeOf(10_000, 11_000, 300_000)).toEqual({ from: 0, to: 300 });
});

test('a value keeps its colour between panels; meanings have their own; distinct values have distinct colours', () => {
  expect(colorsOf(['ACCEPT', 'reject'], 'dark')).toEqual(
    new Map([
      ['ACCEPT', MEANING_COLORS.dark.accept],
      ['reject', MEANING_COLORS.dark.reject],
    ]),
  );
  expect(colorsOf(['443', '22'], 'dark').get('443')).toBe(colorsOf(['443', '80', '53'], 'dark').get('443'));
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: CATEGORIES.light.length }), (values) => {
      const colors = colorsOf(values, 'light');
      expect(new Set(colors.values()).size).toBe(new Set(values).size);
    }),
  );
});

describe('stacked series', () => {
  const series = (count: number): TimeSeries => ({
    times: [0, 60_000, 120_000],
    slice: 60_000,
    series: Array.from({ length: count }, (_, i) => ({ name: `s${i}`, values: [2 * i, null, i % 2 === 0 ? 1 : null] })),
  });

  test('are the greatest, and one layer of all others', () => {
    const layers = layersOf(series(14), 'neutral', 'dark', 'UTC');
    expect(layers.map((l) => l.key)).toEqual(['s13', 's12', 's11', 's10', 's9', 's8', 's7', 's6', 's5', 's4', 's3', undefined]);
    // s0, s1, s2: 0 + 2 + 4, no row of any, and 1 of s0 and of s2.
    expect(layers.at(-1)).toMatchObject({ name: '3 others', values: [6, null, 2] });
  });

  test('are all told apart while they fit', () => {
    expect(layersOf(series(12), 'neutral', 'dark', 'UTC').map((l) => l.name)).toHaveLength(12);
    expect(new Set(layersOf(series(12), 'neutral', 'light', 'UTC').map((l) => l.color)).size).toBe(12);
  });
});

test('tells a click on a series by the column that named it, or by its own column', () => {
  const columns = [
    { name: '_timeslice', kind: 'time' },
    { name: 'action', kind: 'text', field: 'event.action' },
    { name: 'REJECT', kind: 'number' },
  ] as const;
  expect(seriesCell(columns, { column: columns[1], index: 1 }, 'ACCEPT')).toEqual([{ column: columns[1], value: 'ACCEPT' }]);
  expect(seriesCell(columns, undefined, 'REJECT')).toEqual([{ column: columns[2], value: 'REJECT' }]);
  expect([seriesCell(columns, undefined, undefined), seriesCell(columns, undefined, 'other')]).toEqual([[], []]);
});
