import fc from 'fast-check';
import { expect, test } from 'vitest';
import { absolute, describeRange, lastSeconds, parseExpression, relativeSeconds, resolveRange } from '../../src/web/time/range.ts';

const NOW = Date.UTC(2026, 10, 20, 14, 30, 15);
const read = (text: string, zone = 'UTC') => parseExpression(text, zone, NOW);

test.each([
  ['-90m', { from: '-90m', to: 'now' }],
  ['90m', { from: '-90m', to: 'now' }],
  ['last 3 hours', { from: '-3h', to: 'now' }],
  ['past 2 days', { from: '-2d', to: 'now' }],
  ['-1h30m', { from: '-1h30m', to: 'now' }],
  ['-2d to -1d', { from: '-2d', to: '-1d' }],
  ['2026-11-20 10:00 to 11:00', { from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:00:00Z' }],
  ['2026-11-19 23:30 – 2026-11-20 00:30', { from: '2026-11-19T23:30:00Z', to: '2026-11-20T00:30:00Z' }],
  ['9:05 to 10:00', { from: '2026-11-20T09:05:00Z', to: '2026-11-20T10:00:00Z' }],
  ['2026-11-18', { from: '2026-11-18T00:00:00Z', to: '2026-11-19T00:00:00Z' }],
  ['today', { from: '2026-11-20T00:00:00Z', to: 'now' }],
  ['yesterday', { from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' }],
  ['2026-11-20T10:00:00+02:00 to now', { from: '2026-11-20T08:00:00Z', to: 'now' }],
  ['1763640000 to 1763643600', { from: '1763640000', to: '1763643600' }],
])('%s', (text, range) => {
  expect(read(text)).toEqual(range);
});

test.each(['', 'soon', '0m', '2026-13-01', '2026-11-20 10:00 to 09:00', '10:00 to 11:00 to 12:00', '25:00 to 26:00', 'now to -1h', '-5x'])(
  '%j is no range',
  (text) => {
    expect(read(text)).toBeNull();
  },
);

test('times of day are meant in the zone', () => {
  expect(read('2026-11-20 10:00 to 11:00', 'America/New_York')).toEqual({ from: '2026-11-20T15:00:00Z', to: '2026-11-20T16:00:00Z' });
  // The day on which summer time ends has 25 hours.
  expect(read('2026-10-25', 'Europe/Berlin')).toEqual({ from: '2026-10-24T22:00:00Z', to: '2026-10-25T23:00:00Z' });
});

test('any text is a range that is not empty, or null', () => {
  const words = fc.constantFrom('-', '1', '30', 'm', 'h', 'd', ' to ', 'now', '2026-11-20', ' ', '10:00', '..', 'last', 'z', 'T');
  fc.assert(
    fc.property(fc.array(words, { maxLength: 8 }), (parts) => {
      const range = read(parts.join(''));
      if (range) expect(resolveRange(range, NOW)).not.toBeNull();
    }),
  );
});

test('ranges resolve at an instant and describe themselves', () => {
  expect(resolveRange({ from: '-15m', to: 'now' }, NOW)).toEqual({ from: NOW / 1000 - 900, to: NOW / 1000 });
  expect(resolveRange({ from: '1763640000000', to: '1763643600' }, NOW)).toEqual({ from: 1_763_640_000, to: 1_763_643_600 });
  expect(resolveRange({ from: 'now', to: '-1h' }, NOW)).toBeNull();
  expect(describeRange({ from: '-60m', to: 'now' }, 'UTC', NOW)).toBe('Last hour');
  expect(describeRange({ from: '-90m', to: 'now' }, 'UTC', NOW)).toBe('Last 90 minutes');
  expect(describeRange({ from: '2026-11-20T11:00:00Z', to: '2026-11-20T10:00:00Z' }, 'UTC', NOW)).toBe('20 Nov 11:00 – 10:00');
  expect(describeRange({ from: 'soon', to: 'now' }, 'UTC', NOW)).toBe('soon to now');
  expect(describeRange(absolute({ from: 1_795_168_800, to: 1_795_172_400 }), 'UTC', NOW)).toBe('20 Nov 10:00 – 11:00');
  expect(lastSeconds(3600)).toEqual({ from: '-60m', to: 'now' });
  expect(relativeSeconds('-1d2h')).toBe(93_600);
});
