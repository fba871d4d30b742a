import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownChanges } from '../../src/web/app/own-changes.ts';
import { pairs, parseSearch, stringifySearch, withPair } from '../../src/web/app/search.ts';
import { addFilters, addValue, applied, type Chip, decodeChip, encodeChip } from '../../src/web/filters/filter.ts';

const chip = (field: string, values: string[], more: Partial<Chip> = {}): Chip => ({ field, values, negate: false, paused: false, ...more });

test('a chip is read as it was written', () => {
  expect(encodeChip(chip('destination.port', ['22', '3389']))).toBe('destination.port:22,3389');
  expect(encodeChip(chip('source.ip', ['2001:db8::/32'], { negate: true, paused: true }))).toBe('!~source.ip:2001:db8::/32');
  expect(decodeChip('!destination.as.organization.name:Amazon.com\\, Inc.')).toEqual(
    chip('destination.as.organization.name', ['Amazon.com, Inc.'], { negate: true }),
  );
  expect(decodeChip('destination.as.number:\\e')).toEqual(chip('destination.as.number', ['']));
});

test('what is no chip is left out', () => {
  for (const text of ['', 'port', ':22', 'port:', 'port:,', '!', '~!port:1']) expect(decodeChip(text)).toBeNull();
});

test('any chip goes through the URL and back', () => {
  const field = fc.constantFrom('source.ip', 'destination.port', 'event.action');
  const values = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(field, values, fc.boolean(), fc.boolean(), (f, v, negate, paused) => {
      const one = chip(f, v, { negate, paused });
      // The URL carries UTF-8: a lone surrogate can't be written in it.
      fc.pre(v.every((text) => text.isWellFormed()));
      const [text = ''] = parseSearch(stringifySearch({ f: [encodeChip(one)] })).f ?? [];
      expect(decodeChip(text)).toEqual(one);
    }),
  );
});

test('decoding arbitrary text never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void decodeChip(text)));
});

test('the query string is readable and keeps lists', () => {
  const search = { from: '-60m', to: 'now', f: ['destination.port:22,3389', '!~source.ip:10.0.0.0/8'], w: ['top-ports:-3h..now'] };
  const text = stringifySearch(search);
  expect(text).toBe('?from=-60m&to=now&f=destination.port:22,3389&f=!~source.ip:10.0.0.0/8&w=top-ports:-3h..now');
  expect(parseSearch(text)).toEqual(search);
  expect(parseSearch('?from=&unknown=1&f=')).toEqual({});
  expect(stringifySearch({})).toBe('');
});

test('pairs are set and taken out', () => {
  expect(pairs(['a:x', 'b:-3h..2026-11-20T10:00:00Z', 'bad'])).toEqual(
    new Map([
      ['a', 'x'],
      ['b', '-3h..2026-11-20T10:00:00Z'],
    ]),
  );
  expect(withPair(['a:x'], 'b', 'y')).toEqual(['a:x', 'b:y']);
  expect(withPair(['a:x'], 'a', undefined)).toBeUndefined();
});

test('a value joins the chip of its field, by any of its names', () => {
  const chips = addValue([chip('dest_port', ['22'])], 'destination.port', '3389');
  expect(chips).toEqual([chip('dest_port', ['22', '3389'])]);
  expect(addValue(chips, 'DstPort', '22')).toEqual(chips);
  expect(addValue(chips, 'dest_port', '22', true)).toHaveLength(2);
});

test('paused chips are kept and not applied; a filter that is there already is not added again', () => {
  const chips = [chip('event.action', ['REJECT']), chip('source.ip', ['10.0.0.1'], { paused: true })];
  expect(applied(chips)).toEqual([{ field: 'event.action', values: ['REJECT'], negate: false }]);
  expect(addFilters(chips, [{ field: 'action', values: ['REJECT'], negate: false }])).toEqual(chips);
});

test('what a page wrote into its address is its own when it comes back, each time once, and nothing else is', () => {
  const { sent, isOwn } = ownChanges();
  expect(isOwn('a link')).toBe(false);
  for (const text of ['a', 'ab', 'abc']) sent(text);
  // The first never arrived, the last is still on its way.
  expect([isOwn('ab'), isOwn('abc'), isOwn('abc')]).toEqual([true, true, false]);
  sent('x');
  // Something else came in its place: when it comes now, somebody went there.
  expect([isOwn('elsewhere'), isOwn('x')]).toEqual([false, false]);
});
