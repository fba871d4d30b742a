/** Indicators in the real store: sets that take each other's place, or stay as they are when a load fails. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Indicator } from '../../src/model/indicator.ts';
import { type Catalogs, openCatalogs } from '../../src/store/catalog.ts';
import type { FreshIndicator } from '../../src/store/indicator-reader.ts';
import { type Applied, IndicatorError, type Indicators, openIndicators } from '../../src/store/indicators.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store, Value } from '../../src/store/store.ts';
import { openNew } from './new-store.ts';

const PLAIN: Indicator = {
  type: 'address',
  value: '192.0.2.1',
  id: '',
  confidence: 50,
  severity: '',
  threatType: '',
  actors: [],
  malware: [],
  killChain: [],
  labels: [],
  firstSeen: 0,
  updated: 0,
  validFrom: 0,
  validUntil: 0,
};
const of = (value: string, more: Partial<Indicator> = {}): Indicator => ({ ...PLAIN, value, ...more });

let folder: string;
let store: Store;
let metadata: Metadata;
let catalogs: Catalogs;
let indicators: Indicators;
const open = () => openIndicators({ store, metadata, catalogs, folder: join(folder, 'indicators'), most: 50_000 });
const rows = async (text: string): Promise<readonly (readonly Value[])[]> => (await store.rows({ text, params: {} })).rows;
const values = async (feed: string) => (await indicators.list({ feed, limit: 1000 })).indicators.map((i) => i.value);
const counts = ({ added, changed, expired, unchanged, invalid }: Applied) => [added, changed, expired, unchanged, invalid];
async function fresh(after: number): Promise<FreshIndicator[]> {
  const all: FreshIndicator[] = [];
  for await (const some of indicators.fresh(after)) all.push(...some);
  return all;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indicators-'));
  store = await openNew(join(folder, 'store'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => 1000);
  catalogs = await openCatalogs(metadata);
});
beforeEach(async () => {
  await indicators?.close();
  await store.command({ text: 'TRUNCATE TABLE bartizan.indicator', params: {} });
  await metadata.saveSetting('indicators-allowed', '{}');
  indicators = await open();
});
afterAll(async () => {
  await indicators.close();
  await store.close();
  await metadata.close();
  await rm(folder, { recursive: true });
});

describe('a complete set', () => {
  it('takes the place of the one before: added, changed, expired, unchanged', async () => {
    const first = await indicators.apply('a', [of('192.0.2.1'), of('192.0.2.2'), of('2001:db8::/32')], { at: 100, complete: true });
    expect(counts(first)).toEqual([3, 0, 0, 0, 0]);
    await indicators.apply('b', [of('192.0.2.1')], { at: 100, complete: true });
    const second = await indicators.apply('a', [of('192.0.2.2'), of('192.0.2.3'), of('2001:db8::/32', { confidence: 90 })], { at: 200, complete: true });
    expect(counts(second)).toEqual([1, 1, 1, 1, 0]);
    expect(await values('a')).toEqual(['192.0.2.2', '192.0.2.3', '2001:db8::/32']);
    // The other feed has what this one dropped.
    expect(await values('b')).toEqual(['192.0.2.1']);
    expect(indicators.active).toBe(4);
    const gone = (await indicators.list({ feed: 'a', removed: true, search: '192.0.2.1' })).indicators;
    expect(gone).toEqual([expect.objectContaining({ value: '192.0.2.1', imported: 100, removed: 200 })]);
    // Back again: its first day is the first.
    expect(counts(await indicators.apply('a', [of('192.0.2.1')], { at: 300, complete: false }))).toEqual([1, 0, 0, 3, 0]);
    expect((await indicators.list({ feed: 'a', search: '192.0.2.1' })).indicators).toEqual([expect.objectContaining({ imported: 100, removed: 0 })]);
  });

  it('that says the same again changes nothing and tells nobody', async () => {
    const set = [of('192.0.2.1', { labels: ['x'] }), of('evil.example', { type: 'domain' })];
    const first = await indicators.apply('a', set, { at: 100, complete: true });
    const heard: (Applied | undefined)[] = [];
    const stop = indicators.onChange((applied) => heard.push(applied));
    const again = await indicators.apply('a', set.toReversed(), { at: 200, complete: true });
    expect([counts(again), again.revision]).toEqual([[0, 0, 0, 2, 0], first.revision]);
    expect(heard).toEqual([]);
    const changed = await indicators.apply('a', [], { at: 300, complete: true });
    expect([counts(changed), heard]).toEqual([[0, 0, 2, 0, 0], [changed]]);
    stop();
  });

  it('that fails on its way leaves the last good one, and nothing behind', async () => {
    await indicators.apply('a', [of('192.0.2.1')], { at: 100, complete: true });
    const cut = async function* () {
      for (let i = 0; i < 25_000; i++) yield of(`198.51.${i >> 8}.${i & 255}`);
      throw new Error('the connection was cut');
    };
    await expect(indicators.apply('a', cut(), { at: 200, complete: true })).rejects.toThrow('the connection was cut');
    expect(await values('a')).toEqual(['192.0.2.1']);
    expect(await rows('SELECT (SELECT count() FROM bartizan.indicator_staged), (SELECT count() FROM bartizan.indicator_next)')).toEqual([[0, 0]]);
    expect(await readdir(join(folder, 'indicators'))).toEqual([]);
    expect(counts(await indicators.apply('a', [of('192.0.2.2')], { at: 300, complete: true }))).toEqual([1, 0, 1, 0, 0]);
  });

  it('of more than one block is seen as a whole or not at all', async () => {
    const set = (base: number) => Array.from({ length: 45_000 }, (_, i) => of(`${base}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
    await indicators.apply('a', set(11), { at: 100, complete: true });
    const seen = new Set<string>();
    let done = false;
    const watch = (async () => {
      while (!done) seen.add(JSON.stringify(await rows("SELECT count(), uniqExact(splitByChar('.', value)[1]) FROM bartizan.indicator WHERE removed = 0")));
    })();
    expect(counts(await indicators.apply('a', set(12), { at: 200, complete: true }))).toEqual([45_000, 0, 45_000, 0, 0]);
    done = true;
    await watch;
    expect([...seen]).toEqual(['[[45000,1]]']);
    await expect(indicators.apply('b', set(13), { at: 300, complete: true })).rejects.toThrow(IndicatorError);
    expect([indicators.active, await values('b')]).toEqual([45_000, []]);
  });
});

describe('a load', () => {
  /** The real store, in which the first statement fails that begins so, once `armed` says it may. */
  const failing = (begins: string, armed = (): boolean => true): Store => {
    let left = 1;
    const command: Store['command'] = async (text, options) => {
      if (armed() && text.text.trimStart().startsWith(begins) && left-- > 0) throw new Error('the store is away');
      return store.command(text, options);
    };
    return new Proxy(store, {
      get(target, name) {
        const value: unknown = name === 'command' ? command : Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  const reopen = async (more: Partial<Parameters<typeof openIndicators>[0]> = {}): Promise<(Applied | undefined)[]> => {
    await indicators.close();
    indicators = await openIndicators({ store, metadata, catalogs, folder: join(folder, 'indicators'), most: 50_000, ...more });
    const heard: (Applied | undefined)[] = [];
    indicators.onChange((applied) => heard.push(applied));
    return heard;
  };
  const stored = () => rows("SELECT value, removed, toString(revision) FROM bartizan.indicator WHERE feed = 'a' ORDER BY value, revision");

  it('takes nothing over of what an earlier one left, in either table', async () => {
    const first = await indicators.apply('a', [of('192.0.2.1')], { at: 100, complete: true });
    await store.command({ text: "INSERT INTO bartizan.indicator_next SELECT * FROM bartizan.indicator WHERE feed = 'a'", params: {} });
    await store.command({ text: "INSERT INTO bartizan.indicator_staged (load, feed, type, value) VALUES ('2-1', 'a', 'address', '192.0.2.66')", params: {} });
    expect(counts(await indicators.apply('a', [of('192.0.2.2')], { at: 200, complete: true }))).toEqual([1, 0, 1, 0, 0]);
    expect(await stored()).toEqual([
      ['192.0.2.1', 200, String(first.revision + 1)],
      ['192.0.2.2', 0, String(first.revision + 1)],
    ]);
    expect(await rows('SELECT (SELECT count() FROM bartizan.indicator_staged), (SELECT count() FROM bartizan.indicator_next)')).toEqual([[0, 0]]);
  });

  it('that is switched to counts, and is told once, where it cannot be cleaned up; the next one does that', async () => {
    const errors: string[] = [];
    let isTold = false;
    // The same statement comes before the load: the one behind the switch is to fail.
    const heard = await reopen({
      store: failing('TRUNCATE TABLE bartizan.indicator_next', () => isTold),
      onError: (error) => errors.push(String(error)),
    });
    indicators.onChange(() => {
      isTold = true;
    });
    const applied = await indicators.apply('a', [of('192.0.2.1'), of('192.0.2.2')], { at: 100, complete: true });
    expect([counts(applied), heard]).toEqual([[2, 0, 0, 0, 0], [applied]]);
    expect(errors).toEqual(['Error: the store is away']);
    expect(await rows('SELECT count() FROM bartizan.indicator_next')).toEqual([[2]]);
    expect(counts(await indicators.apply('a', [of('192.0.2.2')], { at: 200, complete: true }))).toEqual([0, 0, 1, 1, 0]);
    expect(await values('a')).toEqual(['192.0.2.2']);
    expect(await rows('SELECT count(), uniqExact(number) FROM bartizan.indicator')).toEqual([[2, 2]]);
    expect(heard).toHaveLength(2);
  });

  it('repairs what an earlier release stored twice, also where the feed says nothing new', async () => {
    await indicators.apply('a', [of('192.0.2.1'), of('192.0.2.2')], { at: 100, complete: true });
    await indicators.apply('b', [of('192.0.2.1')], { at: 100, complete: true });
    await store.command({ text: 'INSERT INTO bartizan.indicator_next SELECT * FROM bartizan.indicator', params: {} });
    await store.command({ text: "ALTER TABLE bartizan.indicator_next DROP PARTITION 'b'", params: {} });
    await indicators.apply('a', [of('192.0.2.2')], { at: 200, complete: true });
    await store.command({
      text: "INSERT INTO bartizan.indicator_next SELECT * REPLACE (0 AS removed, 1 AS revision) FROM bartizan.indicator WHERE feed = 'a'",
      params: {},
    });
    await store.command({ text: 'INSERT INTO bartizan.indicator SELECT * FROM bartizan.indicator_next', params: {} });
    const heard = await reopen();
    expect(indicators.active).toBe(4);
    expect(counts(await indicators.apply('a', [of('192.0.2.2')], { at: 300, complete: true }))).toEqual([0, 0, 0, 1, 0]);
    expect((await stored()).map(([value, removed]) => [value, removed])).toEqual([
      ['192.0.2.1', 200],
      ['192.0.2.2', 0],
    ]);
    expect([indicators.active, heard.length]).toEqual([2, 1]);
    await indicators.apply('a', [of('192.0.2.2')], { at: 400, complete: true });
    expect(heard).toHaveLength(1);
  });

  it('whose listeners a stop came before is told after it, once', async () => {
    await reopen();
    indicators.onChange(() => Promise.reject(new Error('the process has ended')));
    await expect(indicators.apply('a', [of('192.0.2.1'), of('')], { at: 100, complete: true })).rejects.toThrow('the process has ended');
    expect(await values('a')).toEqual(['192.0.2.1']);
    let heard = await reopen();
    await indicators.tell();
    expect(heard).toEqual([expect.objectContaining({ feed: 'a', added: 1, changed: 0, expired: 0 })]);
    // The set as it is has the revision that is told.
    expect((await fresh((heard[0]?.revision ?? 0) - 1)).map((one) => one.revision)).toEqual([heard[0]?.revision]);
    await indicators.tell();
    expect(heard).toHaveLength(1);
    heard = await reopen();
    await indicators.tell();
    expect(heard).toEqual([]);
  });

  it('that failed behind the switch is told by the next one, of whatever feed', async () => {
    const heard = await reopen({ store: failing('SYSTEM RELOAD DICTIONARY') });
    await expect(indicators.apply('a', [of('192.0.2.1')], { at: 100, complete: true })).rejects.toThrow('the store is away');
    expect([heard, indicators.active]).toEqual([[], 0]);
    await indicators.apply('b', [of('192.0.2.2')], { at: 200, complete: true });
    expect(heard.map((one) => [one?.feed, one?.added])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(indicators.active).toBe(2);
  });

  it('that failed before the switch is told to nobody', async () => {
    const heard = await reopen({ store: failing('ALTER TABLE bartizan.indicator REPLACE PARTITION') });
    await expect(indicators.apply('a', [of('192.0.2.1')], { at: 100, complete: true })).rejects.toThrow('the store is away');
    await indicators.tell();
    expect([heard, await values('a')]).toEqual([[], []]);
    const again = await indicators.apply('a', [of('192.0.2.1')], { at: 200, complete: true });
    expect([counts(again), heard]).toEqual([[1, 0, 0, 0, 0], [again]]);
  });
});

it('counts an indicator that comes twice once: the surer one, then the newer', async () => {
  const twice = [
    of('192.0.2.1', { confidence: 20, updated: 50 }),
    of('192.0.2.1', { confidence: 80, updated: 10 }),
    of('192.0.2.1', { confidence: 80, updated: 20, labels: ['newer'] }),
  ];
  expect(counts(await indicators.apply('a', twice, { at: 100, complete: true }))).toEqual([1, 0, 0, 0, 0]);
  expect((await indicators.list({})).indicators).toEqual([expect.objectContaining({ confidence: 80, labels: ['newer'] })]);
});

it('leaves out and counts what is no indicator; keeps odd texts as they are', async () => {
  const odd = of('https://evil.example/ü?q="\'\\;--', { type: 'url', id: '{p0:String}', actors: ['O’Neil, "Sr."\n'], labels: [], malware: ['x'.repeat(300)] });
  const applied = await indicators.apply('a', [of('192.0.2.256'), of('10.0.0.0/33'), of(''), of('x'.repeat(5000), { type: 'url' }), odd], {
    at: 100,
    complete: true,
  });
  expect(counts(applied)).toEqual([1, 0, 0, 0, 4]);
  const [stored] = (await indicators.list({})).indicators;
  expect(stored).toMatchObject({ value: odd.value, id: odd.id, actors: odd.actors, malware: ['x'.repeat(256)] });
  expect(await indicators.get(stored?.number ?? '')).toEqual(stored);
  expect(await rows("SELECT JSONExtractString(raw, 'indicator'), JSONExtractString(raw, 'actors', 1) FROM bartizan.indicator_shown")).toEqual([
    [odd.value, odd.actors[0]],
  ]);
  await expect(indicators.apply('a"b', [], { at: 1, complete: true })).rejects.toMatchObject({ code: 'feed-name' });
});

it('numbers are the same wherever they are made, and never 0', async () => {
  await indicators.apply('a', [of('192.0.2.1'), of('192.0.2.1', { type: 'domain' })], { at: 100, complete: true });
  await indicators.apply('b', [of('192.0.2.1')], { at: 100, complete: true });
  const numbers = (await indicators.list({})).indicators.map((i) => i.number);
  expect(new Set(numbers).size).toBe(3);
  expect(numbers).not.toContain('0');
  expect(
    await rows("SELECT DISTINCT toString(sipHash64('a', 'address', '192.0.2.1')) IN (SELECT toString(number) FROM bartizan.indicator WHERE feed = 'a')"),
  ).toEqual([[1]]);
  expect(await indicators.get('1')).toBeUndefined();
  expect(await indicators.get('1 OR 1')).toBeUndefined();
});

it('says which addresses past flows must be asked about: new ones, returned ones, and those that hold otherwise', async () => {
  const first = await indicators.apply('a', [of('192.0.2.1'), of('192.0.2.2'), of('198.51.100.0/24'), of('evil.example', { type: 'domain' })], {
    at: 100,
    complete: true,
  });
  expect((await fresh(0)).map((i) => [i.first, i.last, i.revision])).toEqual(
    expect.arrayContaining([
      ['::ffff:192.0.2.1', '::ffff:192.0.2.1', first.revision],
      ['::ffff:198.51.100.0', '::ffff:198.51.100.255', first.revision],
    ]),
  );
  expect(await fresh(0)).toHaveLength(3);
  expect(await fresh(first.revision)).toEqual([]);
  await indicators.apply('a', [of('192.0.2.1', { confidence: 99 }), of('192.0.2.2', { validUntil: 5000 })], { at: 200, complete: false });
  expect((await fresh(first.revision)).map((i) => [i.first, i.validUntil])).toEqual([['::ffff:192.0.2.2', 5000]]);
});

it('finds them by address, text and page', async () => {
  const set = Array.from({ length: 25 }, (_, i) => of(`192.0.2.${i}`, { confidence: i * 4, labels: i === 3 ? ['Botnet'] : [] }));
  await indicators.apply('a', [...set, of('192.0.2.0/28'), of('evil.example', { type: 'domain', actors: ['Bear'] })], { at: 100, complete: true });
  await indicators.apply('b', [of('192.0.2.3')], { at: 100, complete: true });
  const found = async (filter: Parameters<Indicators['list']>[0]) => (await indicators.list(filter)).indicators.map((i) => `${i.feed} ${i.value}`);
  expect(await found({ search: '192.0.2.3' })).toEqual(['a 192.0.2.0/28', 'a 192.0.2.3', 'b 192.0.2.3']);
  expect(await found({ search: 'EVIL' })).toEqual(['a evil.example']);
  expect(await found({ search: 'bear' })).toEqual(['a evil.example']);
  expect(await found({ search: 'botn' })).toEqual(['a 192.0.2.3']);
  expect(await found({ type: 'domain' })).toEqual(['a evil.example']);
  expect(await found({ band: 'high' })).toEqual(['a 192.0.2.22', 'a 192.0.2.23', 'a 192.0.2.24']);
  const pages: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await indicators.list({ limit: 10, cursor });
    expect(page.total).toBe(28);
    pages.push(...page.indicators.map((i) => `${i.value} ${i.feed}`));
    cursor = page.next;
  } while (cursor);
  expect([pages.length, new Set(pages).size]).toEqual([28, 28]);
  expect((await indicators.list({ cursor: 'nonsense', limit: 1 })).indicators).toHaveLength(1);
});

it('counts by feed', async () => {
  await indicators.apply(
    'a',
    [of('192.0.2.1', { confidence: 90 }), of('192.0.2.2', { validUntil: 50 }), of('evil.example', { type: 'domain', confidence: 10 })],
    { at: 100, complete: true },
  );
  await indicators.apply('a', [of('192.0.2.3')], { at: 200, complete: true });
  await indicators.apply('b', [of('192.0.2.9', { confidence: 15, validUntil: 50 })], { at: 300, complete: true });
  expect(await indicators.stats()).toEqual([
    { feed: 'a', active: 1, outdated: 0, removed: 3, lastImported: 200, byType: { address: 1 }, byBand: { high: 0, medium: 1, low: 0, unverified: 0 } },
    { feed: 'b', active: 1, outdated: 1, removed: 0, lastImported: 300, byType: { address: 1 }, byBand: { high: 0, medium: 0, low: 1, unverified: 0 } },
  ]);
  expect(await indicators.feeds()).toEqual(['a', 'b']);
});

it('a feed goes with its allow-list; what it had stays for past flows until it is forgotten', async () => {
  await indicators.apply('a', [of('192.0.2.1')], { at: 100, complete: true });
  await indicators.allow('a', ['192.0.2.1']);
  const gone = await indicators.removeFeed('a', 500);
  const before = gone.revision;
  expect(counts(gone)).toEqual([0, 0, 1, 0, 0]);
  expect([indicators.active, indicators.allowed()]).toEqual([0, {}]);
  const [kept] = (await indicators.list({ removed: true })).indicators;
  expect(kept).toMatchObject({ removed: 500 });
  await indicators.forget(500);
  expect(await indicators.get(kept?.number ?? '')).toEqual(kept);
  await indicators.forget(501);
  expect(await indicators.get(kept?.number ?? '')).toBeUndefined();
  // Loads go on counting where they were: nobody has looked at what comes now.
  await indicators.close();
  indicators = await open();
  expect((await indicators.apply('a', [of('192.0.2.1')], { at: 600, complete: true })).revision).toBe(before + 1);
});

it('allow-lists are checked, kept and told', async () => {
  let heard = 0;
  const stop = indicators.onChange(() => heard++);
  await indicators.allow('', [' 192.0.2.0/24 ', '192.0.2.0/24', 'good.example']);
  await indicators.allow('a', ['198.51.100.1']);
  expect([heard, indicators.allowed()]).toEqual([2, { '': ['192.0.2.0/24', 'good.example'], a: ['198.51.100.1'] }]);
  await expect(indicators.allow('a', ['192.0.2.0/40'])).rejects.toMatchObject({ code: 'allow-list' });
  await expect(
    indicators.allow(
      'a',
      Array.from({ length: 10_001 }, (_, i) => `x${i}`),
    ),
  ).rejects.toMatchObject({ code: 'allow-list' });
  stop();
  await indicators.close();
  indicators = await open();
  expect(indicators.allowed()).toEqual({ '': ['192.0.2.0/24', 'good.example'], a: ['198.51.100.1'] });
  expect((await indicators.index()).allowed).toHaveLength(2);
});

it('the catalog knows whether there are any, and the dictionary what they are', async () => {
  expect(catalogs.current().threats).toBeUndefined();
  await indicators.apply('a', [of('192.0.2.1', { actors: ['Bear', 'Cat'], confidence: 84 }), of('192.0.2.0/24')], { at: 100, complete: true });
  expect(catalogs.current().threats).toEqual({ allowed: {}, prefixes: [128, 120] });
  await catalogs.reload();
  expect(catalogs.current().threats?.prefixes).toEqual([128, 120]);
  const shown =
    "SELECT t.1, t.2, t.3 FROM (SELECT dictGet('bartizan.indicator_by_number', ('value', 'band', 'actors_text'), number) AS t FROM bartizan.indicator WHERE prefix = 128)";
  expect(await rows(shown)).toEqual([['192.0.2.1', 'medium', 'Bear, Cat']]);
  await indicators.apply('a', [of('192.0.2.1', { confidence: 85 })], { at: 200, complete: false });
  expect(await rows(shown)).toEqual([['192.0.2.1', 'high', '']]);
  await indicators.close();
  indicators = await open();
  expect([indicators.active, catalogs.current().threats?.prefixes]).toEqual([2, [128, 120]]);
});
