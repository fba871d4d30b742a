/** The library: names, folders, revisions, on a real database file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
