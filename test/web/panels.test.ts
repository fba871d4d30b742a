import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Panel } from '../../src/dashboards/schema.ts';
import type { PanelResult } from '../../src/web/dashboard/run-store.ts';
import { niceStep } from '../../src/web/panels/chart-style.ts';
import { clusterPlaces, hasPosition, type Place } from '../../src/web/panels/cluster.ts';
import { NONE, REST, seriesCell } from '../../src/web/panels/columns.ts';
import { rangeOf } from '../../src/web/panels/drag-zoom.tsx';
import { decodeHidden, encodeHidden } from '../../src/web/panels/hidden.ts';
import { fewSeries, itemsOf } from '../../src/web/panels/items.ts';
import { besideOf, labelOf } from '../../src/web/panels/labels.ts';
import { unwrapRing } from '../../src/web/panels/land.ts';
import { afterClick } from '../../src/web/panels/legend.tsx';
import { lettersFor } from '../../src/web/panels/letters.ts';
import { matrixOf } from '../../src/web/panels/matrix-data.ts';
import { bandOf } from '../../src/web/panels/outlier.ts';
import { labelled, labelledPlaces } from '../../src/web/panels/port-axis.ts';
import type { PanelViewProps } from '../../src/web/panels/props.ts';
import { spotsOf } from '../../src/web/panels/spots.ts';
import { layersOf, percentOf } from '../../src/web/panels/stack.tsx';
import { labelledTimes } from '../../src/web/panels/time-parts.tsx';
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
const port = { name: 'dest_port', kind: 'number', field: 'destination.port' } as const;
const asn = { name: 'asn', kind: 'number' } as const;
const organization = { name: 'organization', kind: 'text' } as const;
const other = { name: '_other', kind: 'number' } as const;
const HOUR = { from: 0, to: 3600 };

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
    { name: 'ACCEPT', label: 'ACCEPT', values: [null, 5, null, 7, null] },
    { name: 'REJECT', label: 'REJECT', values: [null, null, null, 1, null] },
  ]);
});

test('a first slice that begins before the window stays; a comparison has a line a shift', () => {
  const columns = [time, { name: 'flows', kind: 'number' }, { name: 'flows_1d', kind: 'number' }, { name: 'other', kind: 'number' }] as PanelResult['columns'];
  const data = toTimeSeries(result(columns, [[0, 1, 2, 3]], { from: 120, to: 600 }, 300), { x: '_timeslice', series: undefined, measure: 'flows' });
  expect(data?.times).toEqual([0, 300_000]);
  expect(data?.series.map((s) => s.name)).toEqual(['flows', 'flows_1d']);
});

test.each([
  ['Europe/Berlin', Date.UTC(2026, 9, 24, 22), 25],
  ['America/New_York', Date.UTC(2026, 2, 8, 5), 23],
])('days of %s stand on the axis also behind one that is longer or shorter', (zone, day, hours) => {
  const hour = 3_600_000;
  const times = [day - 24 * hour, day, day + hours * hour, day + (hours + 24) * hour];
  const window = { from: (day - 24 * hour) / 1000, to: (day + (hours + 48) * hour) / 1000 };
  for (const first of [0, 2]) {
    const rows = times.slice(first).map((t, i) => [t, i + 1]);
    const data = toTimeSeries(result([time, count], rows, window, 86_400), { x: '_timeslice', series: undefined, measure: '_count', zone });
    expect(data?.times).toEqual(times);
    expect(data?.series[0]?.values).toEqual([...times.slice(0, first).map(() => null), ...rows.map((_, i) => i + 1)]);
  }
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
  expect(niceStep(900 * 2 ** 20, 'bytes')).toBe(2 ** 28);
  expect(niceStep(2000 * 2 ** 20, 'bytes')).toBe(2 ** 29);
  expect(niceStep(1, 'bytes')).toBe(1);
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
    const layers = layersOf(series(14), 'neutral', 'dark');
    expect(layers.map((l) => l.key)).toEqual(['s13', 's12', 's11', 's10', 's9', 's8', 's7', 's6', 's5', 's4', 's3', REST]);
    // s0, s1, s2: 0 + 2 + 4, no row of any, and 1 of s0 and of s2.
    expect(layers.at(-1)).toMatchObject({ name: 'other (3)', values: [6, null, 2] });
  });

  test('are all told apart while they fit', () => {
    expect(layersOf(series(12), 'neutral', 'dark').map((l) => l.name)).toHaveLength(12);
    expect(new Set(layersOf(series(12), 'neutral', 'light').map((l) => l.color)).size).toBe(12);
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
  // Records without the value are asked for by the empty value; the rest of a top can't be asked for.
  expect(seriesCell(columns, { column: columns[1], index: 1 }, NONE)).toEqual([{ column: columns[1], value: '' }]);
  expect(seriesCell(columns, { column: columns[1], index: 1 }, REST)).toEqual([]);
});

describe('labels', () => {
  const technique = { name: 'mitre_id', kind: 'text', field: 'threat.technique.id' };
  const columns = [port, asn, organization, { name: 'country_code', kind: 'text' }, technique] as PanelResult['columns'];
  const row = [22, 15169, 'Google', 'CH', 'T1110'];
  const label = (i: number, own?: string) => {
    const at = { column: columns[i] as PanelResult['columns'][number], index: i };
    return labelOf(row, at, besideOf(columns, at, own), 'UTC');
  };

  test('say the service of a port, the organization of a number, the flag of a country, the name of a technique', () => {
    expect([label(0), label(1), label(3), label(4)]).toEqual(['22 ssh', 'AS15169 Google', '🇨🇭 Switzerland', 'T1110 Brute Force']);
  });

  test('say a name that the panel puts beside them, and none that is not there', () => {
    expect(label(0, 'organization')).toBe('22 ssh Google');
    expect(label(2, 'organization')).toBe('Google');
    expect(labelOf([null], { column: port, index: 0 }, undefined, 'UTC')).toBe('(none)');
    const far = [
      { name: 'src_asn', kind: 'number', field: 'source.as.number' },
      { name: 'to', kind: 'text', field: 'destination.as.organization.name' },
    ] as PanelResult['columns'];
    expect(besideOf(far, { column: far[0] as (typeof far)[number], index: 0 }, undefined)).toBeUndefined();
  });
});

test('the rest of a top is a series of its own, whatever its values are called', () => {
  const data = toTimeSeries(
    result(
      [time, action, count, other],
      [
        [0, 'other', 5, 0],
        [0, 'other', 9, 37],
        [300_000, 'other', 4, 37],
      ],
      { from: 0, to: 600 },
      300,
    ),
    { x: '_timeslice', series: 'action', measure: '_count' },
  );
  expect(data?.series).toEqual([
    { name: 'other', label: 'other', values: [5, null] },
    { name: REST, label: 'other (37)', values: [9, 4] },
  ]);
  expect(layersOf(data as TimeSeries, 'neutral', 'dark').map((l) => [l.key, l.name])).toEqual([
    ['other', 'other'],
    [REST, 'other (37)'],
  ]);
});

describe('a click in a legend', () => {
  const keys = ['a', 'b', 'c'];
  const click = (hidden: string[], key: string, only = false) => afterClick(keys, new Set(hidden), key, only);

  test('hides and shows; with shift shows one alone, and again all', () => {
    expect(click([], 'b')).toEqual(['b']);
    expect(click(['b'], 'b')).toEqual([]);
    expect(click(['b'], 'c', true)).toEqual(['a', 'b']);
    expect(click(['a', 'b'], 'c', true)).toEqual([]);
    expect(click(['a', 'b', 'c'], 'c', true)).toEqual(['a', 'b']);
  });

  test('never leaves nothing', () => {
    expect(click(['a', 'b'], 'c')).toEqual([]);
    fc.assert(
      fc.property(fc.subarray(keys), fc.constantFrom(...keys), fc.boolean(), (hidden, key, only) => {
        expect(click(hidden, key, only).length).toBeLessThan(keys.length);
      }),
    );
  });

  test('what is hidden comes back from the address as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (names) => {
        expect(decodeHidden(encodeHidden(names))).toEqual(names);
      }),
    );
    expect([decodeHidden(undefined), encodeHidden(['22', REST, 'a~b%'])]).toEqual([[], '22~%00other~a%7eb%25']);
  });
});

describe('stacked bars', () => {
  const props = (columns: PanelResult['columns'], rows: unknown[][], more: object): PanelViewProps => ({
    panel: Panel.parse({ id: 'p', title: 'P', description: '', kind: 'bar', query: '*', x: 'dest_port', y: '_count', ...more }),
    result: result(columns, rows, HOUR),
    zone: 'UTC',
    measure: '_count',
    unit: 'count',
    group: 'g',
    full: false,
    onDrill: () => undefined,
    onZoom: () => undefined,
  });
  const rows = [
    [22, 'ACCEPT', 1],
    [22, 'REJECT', 30],
    [443, 'ACCEPT', 40],
    [null, 'ACCEPT', 2],
  ];

  test('add up the parts of each bar, greatest first', () => {
    const items = itemsOf(props([port, action, count], rows, { series: 'action' }));
    expect(items?.items.map((i) => [i.key, i.label, i.value, [...i.parts]])).toEqual([
      ['443', '443 https', 40, [['ACCEPT', 40]]],
      [
        '22',
        '22 ssh',
        31,
        [
          ['ACCEPT', 1],
          ['REJECT', 30],
        ],
      ],
      ['', '(none)', 2, [['ACCEPT', 2]]],
    ]);
    expect(items?.series.map((s) => [s.key, s.total])).toEqual([
      ['ACCEPT', 43],
      ['REJECT', 30],
    ]);
  });

  test('of too many series have one for the rest, and lose nothing', () => {
    const many = Array.from({ length: 30 }, (_, i) => [22 + (i % 2), `s${i}`, i]);
    const items = itemsOf(props([port, action, count], many, { series: 'action' }));
    if (!items) return expect.fail('no items');
    const { series, partOf } = fewSeries(items, 11);
    expect(series.map((s) => s.label).at(-1)).toBe('other (19)');
    for (const item of items.items) expect(series.reduce((sum, s) => sum + partOf(item, s.key), 0)).toBe(item.value);
  });

  test('without a series are plain bars; the rest of a top comes last', () => {
    const items = itemsOf(
      props(
        [port, count, other],
        [
          ['other', 99, 12],
          ['22', 5, 0],
        ],
        { kind: 'donut', top: 1 },
      ),
    );
    expect(items?.items.map((i) => [i.key, i.label, i.value])).toEqual([
      ['22', '22 ssh', 5],
      [REST, 'other (12)', 99],
    ]);
    expect(items?.series).toEqual([]);
  });
});

test('a band lies on the slices of its line, and marks its outliers', () => {
  const columns = ['_count', '_count_lower', '_count_upper', '_count_violation'].map((name) => ({ name, kind: 'number' }) as const);
  const answer = result(
    [time, ...columns],
    [
      [0, 5, null, null, 0],
      [600_000, 90, -3, 12, 1],
    ],
    { from: 0, to: 900 },
    300,
  );
  const data = toTimeSeries(answer, { x: '_timeslice', series: undefined, measure: '_count' }) as TimeSeries;
  expect(bandOf(answer, data, '_timeslice')).toEqual({ lower: [null, null, 0], upper: [null, null, 12], marked: [null, null, 90] });
  const plain = result([time, count], [[0, 5]], { from: 0, to: 900 }, 300);
  expect(bandOf(plain, toTimeSeries(plain, { x: '_timeslice', series: undefined, measure: '_count' }) as TimeSeries, '_timeslice')).toBeNull();
});

test('a matrix sums its cells, sorts numbers as numbers and rows by what they have, and names what it lacks', () => {
  const answer = result(
    [port, action, count, other],
    [
      [443, 'ACCEPT', 3, 0],
      [22, 'REJECT', 7, 0],
      [22, 'REJECT', 1, 0],
      [22, null, 2, 0],
      [22, 'other', 50, 4],
    ],
    HOUR,
  );
  const matrix = matrixOf(answer, { x: 'dest_port', series: 'action', measure: '_count', label: undefined }, 'UTC');
  expect(matrix?.columns.map((c) => c.label)).toEqual(['22 ssh', '443 https']);
  expect(matrix?.rows.map((r) => [r.label, r.total])).toEqual([
    ['REJECT', 8],
    ['ACCEPT', 3],
    ['(none)', 2],
    ['other (4)', 50],
  ]);
  expect([matrix?.cell('REJECT', '22'), matrix?.cell('REJECT', '443'), matrix?.greatest]).toEqual([8, undefined, 50]);
});

test('ports that get a label are the weightiest, with room between them', () => {
  const values = [22, 23, 443, 8443, 8080].map((value, i) => ({ value, weight: [5, 9, 3, 1, 2][i] ?? 0 }));
  expect(labelled(values, 0.16)).toEqual([23, 443, 8080]);
  expect(labelled(values, 0)).toEqual([22, 23, 443, 8080, 8443]);
  expect(labelled([{ value: 22, weight: 1 }], 0.2)).toEqual([22]);
});

test('of places side by side the weightiest are named, and of the others all whose names have room', () => {
  const labels = ['22 ssh', '25 smtp', '443 https', '47090', '47091', '57322'];
  const weights = [3, 1, 90, 2, 2, 5];
  expect(labelledPlaces(labels, weights, 1200)).toEqual([0, 1, 2, 3, 4, 5]);
  // 443 is the weightiest, and a name of many letters takes more room than a number.
  expect(labelledPlaces(labels, weights, 330)).toEqual([0, 2, 4, 5]);
  expect(labelledPlaces(labels, weights, 120)).toEqual([2, 5]);
  expect(labelledPlaces(labels, weights, 0)).toEqual([2]);
});

test('an axis of time names as many round times as have room, and only such at which slices begin', () => {
  const at = (text: string) => Date.parse(`${text}Z`);
  const times = (from: string, to: string, slice: number, width: number, zone = 'UTC') =>
    labelledTimes(at(from), at(to), slice * 60_000, width, zone).map((ms) => new Date(ms).toISOString().slice(5, 16));
  const hour = (width: number) => times('2026-11-18T14:00', '2026-11-18T15:00', 5, width).map((text) => text.slice(6));
  expect(hour(700)).toHaveLength(13);
  expect(hour(380)).toEqual(['14:00', '14:10', '14:20', '14:30', '14:40', '14:50', '15:00']);
  expect(hour(0)).toEqual(['14:00', '14:30', '15:00']);
  // A slice that began before the hour moves no label.
  expect(times('2026-11-18T13:55', '2026-11-18T14:55', 5, 380)[0]).toBe('11-18T14:00');
  expect(times('2026-11-17T15:00', '2026-11-18T15:00', 60, 380)).toEqual([
    '11-17T16:00',
    '11-17T20:00',
    '11-18T00:00',
    '11-18T04:00',
    '11-18T08:00',
    '11-18T12:00',
  ]);
  // Midnight of the zone, an hour before that of UTC; in summer two.
  const days = times('2026-10-23T22:00', '2026-10-26T23:00', 1440, 900, 'Europe/Zurich');
  expect(days).toEqual(['10-23T22:00', '10-24T22:00', '10-25T23:00', '10-26T23:00']);
  // Slices of seven minutes begin at no round time.
  expect(times('2026-11-18T14:03', '2026-11-18T15:06', 7, 400).map((text) => text.slice(6))).toEqual(['14:03', '14:17', '14:31', '14:45', '14:59']);
});

test('rows of one place are one spot with what each says of it; places without a position stand apart', () => {
  const names = ['latitude', 'longitude', 'country_code', 'city', 'labels', 'confidence', '_count'];
  const columns = names.map((name, i) => ({ name, kind: i < 2 || i > 5 ? 'number' : 'text' }) as const);
  const { spots, unknown } = spotsOf(
    result(
      columns,
      [
        [47.4, 8.5, 'CH', 'Zurich', 'botnet', 'high', 3],
        [47.4, 8.5, 'CH', 'Zurich', 'scanner', null, 9],
        [47.4, 8.5, 'CH', 'Zurich', 'botnet', 'high', 1],
        [null, null, null, null, 'botnet', 'low', 2],
        [0, 0, null, null, null, null, 4],
      ],
      HOUR,
    ),
    '_count',
    ['labels', 'confidence', 'missing'],
    'UTC',
  );
  expect(spots.map((s) => [s.name, s.value, s.row[4]])).toEqual([['🇨🇭 Zurich, CH', 13, 'scanner']]);
  expect(spots[0]?.details).toEqual([
    [
      { name: 'labels', text: 'botnet' },
      { name: 'confidence', text: 'high' },
    ],
    [{ name: 'labels', text: 'scanner' }],
  ]);
  expect(unknown.map((s) => [s.name, s.value])).toEqual([['unknown place', 6]]);
});

test('parts of nothing are none', () => {
  expect([percentOf(1, 4), percentOf(0, 0)]).toEqual([25, 0]);
});

describe('long texts of a table', () => {
  const columns = [{ name: 'time' }, { name: 'message', at: 1 }, { name: 'id', at: 2 }];
  const rows = [
    [0, 'm'.repeat(90), 'i'.repeat(36)],
    [0, 'short', null],
  ];
  const shown = (width: number) => {
    const letters = lettersFor(columns, rows, width);
    return [19, Math.min(90, letters), Math.min(36, letters)];
  };

  test('are whole where there is room, and share it where there is not, the short ones first', () => {
    expect(shown(2000)).toEqual([19, 90, 36]);
    expect(shown(1000)).toEqual([19, 63, 36]);
    expect(shown(0)).toEqual([19, 0, 0]);
    expect(lettersFor(columns, [], 2000)).toBe(Number.POSITIVE_INFINITY);
  });

  test('never take more than the width has', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ maxLength: 300 }), { minLength: 3, maxLength: 3 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 4000 }),
        (all, width) => {
          const heads = [0, 1, 2].map((at) => ({ name: `n${at}`, at }));
          const letters = lettersFor(heads, all, width);
          const taken = heads.map(({ name, at }) => Math.min(letters, Math.max(name.length, ...all.map((row) => row[at]?.length ?? 0))) * 7.5 + 36);
          expect(letters === 0 || taken.reduce((sum, one) => sum + one, 0) <= width).toBe(true);
        },
      ),
    );
  });
});
