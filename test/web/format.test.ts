import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alike, asNumber, cell, change, exact, round, share, short } from '../../src/web/format/numbers.ts';
import { ago, duration, fromWallClock, goesWithoutDay, minuteStamp, rangeText, shortRange, sliceAfter, zoneOffset } from '../../src/web/format/times.ts';
import { country, display, isMonoText, roleOf, shortenMiddle, shortId } from '../../src/web/format/values.ts';

const plain = (text: string) => text.replace(/\s/gu, ' ');

test.each([
  [0, 'count', '0'],
  [999, 'count', '999'],
  [1000, 'count', '1.0 k'],
  [12_431, 'count', '12.4 k'],
  [999_950, 'count', '1.0 M'],
  [-1500, 'count', '-1.5 k'],
  [3_328_599_654, 'bytes', '3.1 GiB'],
  [1023, 'bytes', '1023 B'],
  [1024, 'bytes', '1.0 KiB'],
  [189 * 1024 ** 2, 'bytes', '189 MiB'],
  [12.34, 'percent', '12.3 %'],
  [8080, 'none', '8080'],
  ['18446744073709551615', 'count', '18.4 E'],
  [null, 'count', '–'],
  ['eni-1', 'count', '–'],
] as const)('short(%j, %s) is %s', (value, unit, text) => {
  expect(plain(short(value, unit))).toBe(text);
});

test('what is round is written so, and numbers below each other alike', () => {
  expect([round(2000), round(1500), round(8 * 1024 ** 3, 'bytes'), round(0, 'bytes'), round(20, 'percent')].map(plain)).toEqual([
    '2 k',
    '1.5 k',
    '8 GiB',
    '0 B',
    '20.0 %',
  ]);
  const say = (values: number[], unit: 'none' | 'count') => values.map(alike(values, unit)).map(plain);
  expect(say([223.42, 10.3, 9], 'none')).toEqual(['223.4', '10.3', '9.0']);
  expect(say([223, 10, 9], 'none')).toEqual(['223', '10', '9']);
  expect(say([2000, 9], 'count')).toEqual(['2.0 k', '9']);
  expect(say([2000.4, 118.3, 9], 'count')).toEqual(['2.0 k', '118.3', '9.0']);
  expect(say([999.96, 9.5], 'count')).toEqual(['1.0 k', '9.5']);
});

test('a part of a whole is neither nothing nor all unless it is', () => {
  const said = (part: number, whole: number) => plain(share(part, whole));
  expect([said(1, 3), said(0, 7), said(7, 7), said(0, 0)]).toEqual(['33.3 %', '0.0 %', '100.0 %', '–']);
  expect([said(1, 1e6), said(1e6 - 1, 1e6), said(5, 1e4), said(9994, 1e4)]).toEqual(['< 0.1 %', '> 99.9 %', '0.1 %', '99.9 %']);
});

test('ids and addresses are known by their form where their field does not tell', () => {
  const ids = ['sg-0a1b2c3d4e5f67890', 'vpc-1a2b3c4d', 'AKIAIOSFODNN7EXAMPLE', '10.0.0.1', '10.0.0.1:443', '91.112.0.0/24', '2001:db8::1', '[2001:db8::1]:443'];
  expect(ids.filter((text) => !isMonoText(text))).toEqual([]);
  const words = ['config.amazonaws.com', 'terraform/ci-run', 'shop-us-web-3', 'us-east-1', '5432', 'AccessDenied', 'sg-web', '14:30 today', 'face', ''];
  expect(words.filter(isMonoText)).toEqual([]);
});

test('in a legend an id stands with its kind and both ends of its digits, and words as they are', () => {
  expect([shortId('subnet-08fa248352f80ddd5', 26), shortId('AccessDenied', 26), shortId('10.0.0.1', 26)]).toEqual([
    'subnet-08f…0ddd5',
    'AccessDenied',
    '10.0.0.1',
  ]);
});

test('exact keeps every digit; a cell shortens bytes only', () => {
  expect(exact(3_328_599_654, 'bytes')).toBe('3,328,599,654 bytes');
  expect(cell(90_000)).toBe('90,000');
  expect([cell(62.857142857142854), cell(0.0123456), cell(1234.5), cell(-0.5)]).toEqual(['62.8571', '0.01235', '1,234.5', '-0.5']);
  expect(plain(cell(90_000, 'bytes'))).toBe('87.9 KiB');
});

test('a short number never reads as another power: within 5 % of the value', () => {
  const factors: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (n) => {
      const [digits = '', unit = ''] = plain(short(n)).split(' ');
      const read = Number(digits) * (factors[unit] ?? Number.NaN);
      expect(Math.abs(read - n)).toBeLessThanOrEqual(n * 0.05);
    }),
  );
});

test('only numbers and numeric texts are numbers', () => {
  expect(['12', '1.5e3', 7, 7n, '0x10', '', ' ', null, Number.NaN, true].map(asNumber)).toEqual([12, 1500, 7, 7, null, null, null, null, null, null]);
  expect(change(15, 10)).toBe(50);
  expect(change(15, 0)).toBeNull();
});

test('times are told in the zone, with its summer time', () => {
  const noon = Date.UTC(2026, 6, 1, 12);
  expect(minuteStamp(noon, 'Europe/Berlin')).toBe('2026-07-01 14:00');
  expect(zoneOffset(noon, 'Europe/Berlin')).toBe(7_200_000);
  expect(fromWallClock(Date.UTC(2026, 9, 25, 12), 'Europe/Berlin')).toBe(Date.UTC(2026, 9, 25, 11));
  expect(fromWallClock(Date.UTC(2026, 2, 28, 12), 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 28, 11));
});

test('a wall-clock time goes there and back, but for the hour that summer time skips', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2006, 0), max: Date.UTC(2040, 0) }), fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/Sao_Paulo'), (ms, zone) => {
      const whole = Math.floor(ms / 1000) * 1000;
      const back = fromWallClock(whole + zoneOffset(whole, zone), zone);
      expect(Math.abs(back - whole)).toBeLessThanOrEqual(3_600_000);
      if (zone !== 'America/Sao_Paulo') expect(back).toBe(whole);
    }),
  );
});

test.each([
  ['Europe/Berlin', Date.UTC(2026, 9, 24, 22), 25],
  ['Europe/Berlin', Date.UTC(2026, 2, 28, 23), 23],
  ['America/New_York', Date.UTC(2026, 10, 1, 4), 25],
  ['America/New_York', Date.UTC(2026, 2, 8, 5), 23],
  ['America/New_York', Date.UTC(2026, 5, 1, 4), 24],
])('a day, a week and half a day of %s from %i follow its clock', (zone, start, hours) => {
  const hour = 3_600_000;
  const change = (hours - 24) * hour;
  expect(sliceAfter(start, 24 * hour, zone)).toBe(start + 24 * hour + change);
  expect(sliceAfter(start + 24 * hour + change, 24 * hour, zone, -1)).toBe(start);
  expect(sliceAfter(start, 168 * hour, zone)).toBe(start + 168 * hour + change);
  expect(sliceAfter(start, 12 * hour, zone)).toBe(start + 12 * hour + change);
  // An hour is an hour, and what is not in step with the clock is as long as it says.
  for (let at = start; at < start + 24 * hour; at += hour) expect(sliceAfter(at, hour, zone)).toBe(at + hour);
  expect(sliceAfter(start + hour, 24 * hour, zone)).toBe(start + 25 * hour);
});

test('ranges leave out what goes without saying', () => {
  const now = Date.UTC(2026, 10, 20, 14, 5);
  const at = (d: number, h: number, m = 0) => Date.UTC(2026, 10, d, h, m) / 1000;
  expect(rangeText(at(20, 13, 5), at(20, 14, 5), 'UTC', now)).toBe('20 Nov 13:05 – 14:05');
  expect(rangeText(at(19, 13), at(20, 14), 'UTC', now)).toBe('19 Nov 13:00 – 20 Nov 14:00');
  expect(rangeText(Date.UTC(2019, 0, 1) / 1000, Date.UTC(2019, 0, 1, 1) / 1000, 'UTC', now)).toBe('1 Jan 2019 00:00 – 01:00');
  expect(shortRange(at(20, 13, 5), at(20, 14, 5), 'UTC', now)).toBe('13:05 – 14:05');
  expect(shortRange(at(17, 10), at(17, 11), 'UTC', now)).toBe('17 Nov 10:00 – 11:00');
});

test('a time goes without its day in a window of one day at most, and only in it', () => {
  const to = Date.UTC(2026, 10, 20, 14) / 1000;
  const goes = (hoursBefore: number, width: number) => goesWithoutDay((to - hoursBefore * 3600) * 1000, { from: to - width * 3600, to });
  expect([goes(0, 1), goes(0.5, 1), goes(0.5, 24), goes(23.9, 24)]).toEqual([true, true, true, true]);
  // The same hour of two days; what was before and after, such as when an indicator was updated.
  expect([goes(24, 24), goes(0.5, 25), goes(0.5, 72), goes(30, 24), goes(-1, 24)]).toEqual([false, false, false, false, false]);
});

test('durations and ages are words', () => {
  expect([60, 3600, 5400, 86_400, 90_000, 1_209_600].map(duration)).toEqual(['1 minute', '1 hour', '90 minutes', '1 day', '25 hours', '2 weeks']);
  expect([0, 12, 300, 7200, 259_200].map((s) => ago(0, s * 1000))).toEqual(['now', '12 s ago', '5 min ago', '2 h ago', '3 d ago']);
});

test('values say what they mean', () => {
  expect(roleOf({ name: 'DstPort', kind: 'number', field: 'dest_port' })).toBe('port');
  expect(roleOf({ name: '_count', kind: 'number' })).toBe('number');
  expect(display(22, 'port')).toBe('22 ssh');
  expect(display(61_234, 'port')).toBe('61234');
  expect(display(6, 'protocol')).toBe('6 tcp');
  expect(display('T1110', 'technique')).toBe('T1110 Brute Force');
  // One that no rule of ours gives: the number alone, no guess.
  expect(display('T1059', 'technique')).toBe('T1059');
  expect(display(16509, 'asn')).toBe('AS16509');
  expect(display(null, 'text')).toBe('–');
  expect(country('DE')).toBe('🇩🇪 Germany');
  expect(country('unknown')).toBe('unknown');
});

test('a shortened id keeps its kind and its end and is never longer than asked', () => {
  expect(shortenMiddle('eni-0a1b2c3d4e5f67890abcd', 14)).toBe('eni-0a1b2…abcd');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer({ min: 5, max: 40 }), (text, most) => {
      const cut = shortenMiddle(text, most);
      expect(cut.length).toBeLessThanOrEqual(most);
      expect(cut.includes('…') || cut === text).toBe(true);
    }),
  );
});
