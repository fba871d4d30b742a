import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../src/api/errors.ts';
import { parseRange, parseTime } from '../../src/api/time-range.ts';

const NOW = 1_773_146_096;
const at = (text: string): number => Date.parse(text) / 1000;

describe('a time', () => {
  test.each<[string | number, number]>([
    ['now', NOW],
    ['-15m', NOW - 900],
    ['-1h30m', NOW - 5400],
    ['-3d', NOW - 3 * 86_400],
    ['-1w', NOW - 604_800],
    ['now-90s', NOW - 90],
    ['now -90s', NOW - 90],
    [1_700_000_000, 1_700_000_000],
    ['1700000000', 1_700_000_000],
    [1_700_000_000_999, 1_700_000_000],
    ['1700000000999', 1_700_000_000],
    ['2026-03-10', at('2026-03-10T00:00:00Z')],
    ['2026-03-10 12:34', at('2026-03-10T12:34:00Z')],
    ['2026-03-10T12:34:56', at('2026-03-10T12:34:56Z')],
    ['2026-03-10T12:34:56.789Z', at('2026-03-10T12:34:56Z')],
    ['2026-03-10T12:34:56+02:00', at('2026-03-10T10:34:56Z')],
  ])('%s', (text, seconds) => {
    expect(parseTime(text, NOW)).toBe(seconds);
  });

  test.each([
    '',
    'tomorrow',
    '15m',
    '-15',
    '-15x',
    '2026',
    '2026-13-01',
    '2026-02-30',
    '2026-03-10T25:00',
    '-99999999w',
    '1e3',
    Number.NaN,
    -5,
    Number.POSITIVE_INFINITY,
  ])('%s is none', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(Problem);
  });

  test('without a zone is meant in the zone of the request, also around a change of the clock', () => {
    expect(parseTime('2026-07-01 12:00', NOW, 'Europe/Berlin')).toBe(at('2026-07-01T10:00:00Z'));
    expect(parseTime('2026-01-01 12:00', NOW, 'Europe/Berlin')).toBe(at('2026-01-01T11:00:00Z'));
    expect(parseTime('2026-03-29 01:59:59', NOW, 'Europe/Berlin')).toBe(at('2026-03-29T00:59:59Z'));
    expect(parseTime('2026-03-29 03:00', NOW, 'Europe/Berlin')).toBe(at('2026-03-29T01:00:00Z'));
    expect(parseTime('2026-10-25 03:00', NOW, 'Europe/Berlin')).toBe(at('2026-10-25T02:00:00Z'));
    expect(parseTime('2026-03-10', NOW, 'Asia/Kathmandu')).toBe(at('2026-03-09T18:15:00Z'));
  });

  test('any whole second comes back, from seconds, milliseconds and ISO text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000_000, max: 0xffff_ffff }), (seconds) => {
        expect(parseTime(seconds, NOW)).toBe(seconds);
        expect(parseTime(seconds * 1000 + 999, NOW)).toBe(seconds);
        const iso = new Date(seconds * 1000).toISOString();
        expect(parseTime(iso, NOW)).toBe(seconds);
        expect(parseTime(iso.slice(0, 19).replace('T', ' '), NOW)).toBe(seconds);
      }),
    );
  });
});

describe('a range', () => {
  test('all has no beginning', () => {
    expect(parseRange('all', 'now', NOW)).toEqual({ from: null, to: NOW });
  });

  test('must not be empty, and its zone must exist', () => {
    expect(() => parseRange('now', '-15m', NOW)).toThrow(/not before/);
    for (const zone of ['Mars/Olympus', '+02:00', '']) expect(() => parseRange('-15m', 'now', NOW, zone)).toThrow(/not a time zone/);
    expect(parseRange('2023-10-29', 'now', NOW, 'europe/BERLIN')).toEqual(parseRange('2023-10-29', 'now', NOW, 'Europe/Berlin'));
  });
});
