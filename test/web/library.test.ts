/** The library's pure parts: the tree and its keys, and that a saved search and an address say the same. */
import { describe, expect, test } from 'vitest';
import type { LibraryItem } from '../../src/api/contract/library.ts';
import { parseSearch, type Search, stringifySearch } from '../../src/web/app/search.ts';
import { decodeChips } from '../../src/web/filters/filter.ts';
import { addressOf, type Current, isChanged, type SavedItem, toSaved } from '../../src/web/library/saved.ts';
import { folderPaths, foldersAround, move, rowsOf } from '../../src/web/library/tree.ts';
import { fixed, moves } from '../../src/web/time/range.ts';

const common = { created: 1, updated: 1, revision: 1, readOnly: false };
const folder = (id: string, parent: string | null = null, readOnly = false): LibraryItem => ({
  kind: 'folder',
  ...common,
  id,
  name: id,
  folder: parent,
  readOnly,
});
const saved = (id: string, parent: string | null, query = '*', readOnly = false): SavedItem => ({
  kind: 'search',
  ...common,
  id,
  name: id,
  folder: parent,
  readOnly,
  search: { query, from: '-60m', to: 'now', filters: [] },
});
const ITEMS = [
  saved('ready', 'bartizan', 'REJECT', true),
  folder('bartizan', null, true),
  saved('top', null),
  folder('b'),
  folder('a'),
  folder('inner', 'a'),
  saved('deep', 'inner', 'action=REJECT | count by src_ip'),
  saved('in 10', 'a'),
  saved('in 9', 'a'),
];
const shown = (open: string[], words = '') => rowsOf(ITEMS, new Set(open), words).map((r) => `${'.'.repeat(r.level)}${r.item.id}`);

describe('the tree', () => {
  test('has folders first, then searches, by name, and what ships last', () => {
    expect(shown([])).toEqual(['.a', '.b', '.top', '.bartizan']);
    expect(shown(['a', 'inner', 'bartizan'])).toEqual(['.a', '..inner', '...deep', '..in 9', '..in 10', '.b', '.top', '.bartizan', '..ready']);
  });

  test('shows what has all the words in its name or query, in open folders', () => {
    expect(shown([], 'reject')).toEqual(['.a', '..inner', '...deep', '.bartizan', '..ready']);
    expect(shown([], 'reject SRC_IP')).toEqual(['.a', '..inner', '...deep']);
    expect(shown([], 'nothing of this')).toEqual([]);
  });

  test('is walked by keys', () => {
    const rows = rowsOf(ITEMS, new Set(['a']));
    expect(rows.map((r) => r.item.id)).toEqual(['a', 'inner', 'in 9', 'in 10', 'b', 'top', 'bartizan']);
    expect(move(rows, 0, 'ArrowDown')).toEqual({ to: 1 });
    expect(move(rows, 6, 'ArrowDown')).toBeNull();
    expect(move(rows, 0, 'ArrowUp')).toBeNull();
    expect(move(rows, 0, 'ArrowRight')).toEqual({ to: 1 });
    expect(move(rows, 1, 'ArrowRight')).toEqual({ to: 1, toggle: true });
    expect(move(rows, 3, 'ArrowLeft')).toEqual({ to: 0 });
    expect(move(rows, 0, 'ArrowLeft')).toEqual({ to: 0, toggle: true });
    expect(move(rows, 5, 'ArrowLeft')).toBeNull();
    expect([move(rows, 3, 'Home'), move(rows, 3, 'End'), move(rows, 3, 'x'), move([], 0, 'Home')]).toEqual([{ to: 0 }, { to: 6 }, null, null]);
  });

  test('offers folders by their path, and none to move one into itself', () => {
    expect(folderPaths(ITEMS).map((f) => f.label)).toEqual(['a', 'a / inner', 'b']);
    expect(folderPaths(ITEMS, 'a').map((f) => f.label)).toEqual(['b']);
    expect(foldersAround(ITEMS, 'deep')).toEqual(['inner', 'a']);
    expect(foldersAround(ITEMS, 'unknown')).toEqual([]);
  });
});

describe('a saved search', () => {
  const address = 'q=REJECT+%7C+count&from=-3h&to=now&f=destination.port:22,3389&f=!source.ip:10.0.0.0/8&view=bar&cols=_raw&cols=action';
  const current = (text: string, query?: string): Current => {
    const search: Search = parseSearch(text);
    return { query: query ?? search.q ?? '', range: { from: search.from ?? '', to: search.to ?? '' }, chips: decodeChips(search.f ?? []), search };
  };
  const item: SavedItem = { ...saved('x', null), search: { ...toSaved(current(address)), description: 'Why.' } };

  test('is the address that it was made of', () => {
    expect(item.search).toMatchObject({
      query: 'REJECT | count',
      from: '-3h',
      filters: [
        { field: 'destination.port', values: ['22', '3389'], negate: false },
        { field: 'source.ip', values: ['10.0.0.0/8'], negate: true },
      ],
      view: { view: 'bar', cols: ['_raw', 'action'] },
    });
    const again = parseSearch(stringifySearch(JSON.parse(JSON.stringify(addressOf(item))) as Search));
    expect(again).toEqual({ ...parseSearch(address), saved: 'x' });
  });

  test('knows what was changed since', () => {
    expect(isChanged(item, current(address))).toBe(false);
    expect(isChanged(item, current(`${address}&tz=utc`))).toBe(false);
    expect(isChanged(item, current(address, '  REJECT | count '))).toBe(false);
    expect(isChanged(item, current(`${address}&f=~action:ACCEPT`))).toBe(false);
    for (const other of [address.replace('-3h', '-4h'), address.replace('3389', '23'), address.replace('view=bar', 'view=donut'), `${address}&cols=x`]) {
      expect(isChanged(item, current(other))).toBe(true);
    }
    expect(isChanged(item, current(address, 'REJECT'))).toBe(true);
  });

  test('is shared with its times as they are or as they were', () => {
    const now = Date.UTC(2026, 0, 2, 12);
    expect(fixed({ from: '-1h', to: 'now' }, now)).toEqual({ from: '2026-01-02T11:00:00Z', to: '2026-01-02T12:00:00Z' });
    expect(fixed({ from: 'all', to: 'now' }, now)).toEqual({ from: 'all', to: '2026-01-02T12:00:00Z' });
    expect([moves({ from: '-1h', to: 'now' }), moves({ from: '2026-01-02', to: '2026-01-03T00:00:00.000Z' }), moves({ from: 'all', to: 'now' })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(fixed({ from: 'nonsense', to: 'now' }, now)).toBeNull();
  });
});
