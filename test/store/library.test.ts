/** The library: names, folders, revisions, on a real database file; and changes that come at the same time, of all that is changed there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_FEED_DEFAULTS } from '../../src/model/feed.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';

let folder: string;
let metadata: Metadata;
let now = 1000;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'library-'));
  metadata = await openMetadata(join(folder, 'metadata.db'), () => now);
});
afterEach(async () => {
  await metadata.close();
  rmSync(folder, { recursive: true });
});

it('keeps what was made, through a restart', async () => {
  const { library } = metadata;
  const made = await library.create({ kind: 'search', name: 'Refused', body: { query: 'REJECT' } });
  expect(made).toMatchObject({ kind: 'search', folder: null, name: 'Refused', created: 1000, revision: 1 });
  await metadata.close();
  metadata = await openMetadata(join(folder, 'metadata.db'), () => now);
  expect(await metadata.library.list('search')).toEqual([made]);
  expect(await metadata.library.list('rule')).toEqual([]);
});

it('takes a name once in a folder and kind, in any letter case', async () => {
  const { library } = metadata;
  const inner = await library.create({ kind: 'folder', name: 'Mine', body: null });
  await library.create({ kind: 'search', name: 'A', body: 1 });
  await expect(library.create({ kind: 'search', name: 'a', body: 2 })).rejects.toMatchObject({ code: 'name-taken' });
  const other = await library.create({ kind: 'search', name: 'A', body: 2, folder: inner.id });
  await expect(library.update(other.id, { folder: null })).rejects.toMatchObject({ code: 'name-taken' });
  await library.create({ kind: 'rule', name: 'A', body: 3 });
});

it('refuses an edit of an older revision', async () => {
  const { library } = metadata;
  const made = await library.create({ kind: 'search', name: 'A', body: 1 });
  now = 2000;
  const changed = await library.update(made.id, { body: 2, revision: 1 });
  expect(changed).toMatchObject({ body: 2, revision: 2, created: 1000, updated: 2000, name: 'A' });
  await expect(library.update(made.id, { body: 3, revision: 1 })).rejects.toMatchObject({ code: 'edited-meanwhile' });
});

it('keeps folders whole', async () => {
  const { library } = metadata;
  const outer = await library.create({ kind: 'folder', name: 'Outer', body: null });
  const inner = await library.create({ kind: 'folder', name: 'Inner', body: null, folder: outer.id });
  await expect(library.update(outer.id, { folder: inner.id })).rejects.toMatchObject({ code: 'folder-circle' });
  await expect(library.remove(outer.id)).rejects.toMatchObject({ code: 'folder-not-empty' });
  await expect(library.create({ kind: 'search', name: 'A', body: 1, folder: 'nowhere' })).rejects.toMatchObject({ code: 'folder-missing' });
  await library.remove(inner.id);
  await library.remove(outer.id);
  expect(await library.list()).toEqual([]);
  await expect(library.remove(outer.id)).rejects.toMatchObject({ code: 'item-missing' });
});

/** What became of changes that were begun together. */
const outcomes = (settled: readonly PromiseSettledResult<unknown>[]) =>
  settled.map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as { code?: string }).code)).sort();

it('loses no change of two that come at the same time: each keeps the other, or is told of it', async () => {
  const { sources, feeds, library } = metadata;
  const collector = await sources.createCollector({ name: 'c', description: '' });
  const body = { sourceCategory: '', sourceName: '', sourceHost: '', records: DEFAULT_RECORD_SETTINGS, connection: {}, secrets: {} };
  const { id } = await sources.create({ ...body, collector: collector.id, kind: 'http', name: 's' });
  await Promise.all([sources.update(id, { paused: true }), sources.update(id, { sourceCategory: 'x' }), sources.update(id, { sourceHost: 'h' })]);
  expect(await sources.get(id)).toMatchObject({ paused: true, sourceCategory: 'x', sourceHost: 'h', revision: 4 });
  const edits = ['a', 'b'].map((sourceCategory) => sources.update(id, { sourceCategory, revision: 4 }));
  expect(outcomes(await Promise.allSettled(edits))).toEqual(['done', 'edited-meanwhile']);

  await Promise.all([sources.updateCollector(collector.id, { paused: true }), sources.updateCollector(collector.id, { description: 'd' })]);
  expect(await sources.collectors()).toMatchObject([{ paused: true, description: 'd' }]);

  const settings = { format: 'auto', everyMinutes: 60, auth: { kind: 'none' }, defaults: DEFAULT_FEED_DEFAULTS, maxMib: 1 } as const;
  const create = () => feeds.create({ name: 'f', kind: 'http', settings, enabled: true, secrets: {} });
  expect(outcomes(await Promise.allSettled([create(), create()]))).toEqual(['done', 'name-taken']);
  await Promise.all([feeds.update('f', { enabled: false }), feeds.update('f', { settings: { ...settings, maxMib: 2 } })]);
  expect(await feeds.get('f')).toMatchObject({ enabled: false, settings: { maxMib: 2 }, revision: 3 });
  const turned = [true, false].map((enabled) => feeds.update('f', { enabled, revision: 3 }));
  expect(outcomes(await Promise.allSettled(turned))).toEqual(['done', 'edited-meanwhile']);

  const made = await library.create({ kind: 'search', name: 'A', body: 1 });
  const saved = [2, 3].map((value) => library.update(made.id, { body: value, revision: 1 }));
  expect(outcomes(await Promise.allSettled(saved))).toEqual(['done', 'edited-meanwhile']);
});
