/** Ids of long texts where the store could not take them at once: each text has one id for ever, and the dictionary knows it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRegistries, type Registries } from '../../src/ingest/registry.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store } from '../../src/store/store.ts';

let directory: string;
let store: Store;
let metadata: Metadata;
let registries: Registries;
async function open(): Promise<void> {
  store = await openEmbedded({ path: join(directory, 'store') });
  metadata = await openMetadata(join(directory, 'metadata.db'), () => 1_700_000_000);
  registries = await openRegistries(store, metadata);
}
async function close(): Promise<void> {
  await store.close();
  await metadata.close();
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-registry-'));
  await open();
});
afterEach(async () => {
  await close();
  await rm(directory, { recursive: true, force: true });
});

const command = (text: string) => store.command({ text, params: {} });
const NAME = 'autonomous_system';
const named = async (ids: readonly number[]) =>
  (await store.rows({ text: `SELECT dictGet('bartizan.${NAME}_by_id', 'organization', toUInt64(arrayJoin([${ids.join()}])))`, params: {} })).rows.flat();
/** The table takes nothing: a column is not where it was. */
const block = () => command(`ALTER TABLE bartizan.${NAME} RENAME COLUMN organization TO elsewhere`);
const unblock = () => command(`ALTER TABLE bartizan.${NAME} RENAME COLUMN elsewhere TO organization`);

it('publishes later what the store could not take, under the same ids', async () => {
  expect(await registries.ids(NAME, ['1 First'])).toEqual([1]);
  await block();
  await expect(registries.ids(NAME, ['2 Second', '3 Third'])).rejects.toThrow();
  // The same again, as a thread asks for it.
  await expect(registries.ids(NAME, ['2 Second', '3 Third'])).rejects.toThrow(/organization/);
  await unblock();
  // Others ask first: they get ids of their own, and what waited is published with them.
  expect(await registries.ids(NAME, ['4 Fourth', '', '1 First'])).toEqual([4, 0, 1]);
  expect(await registries.ids(NAME, ['3 Third', '2 Second'])).toEqual([3, 2]);
  expect(await named([1, 2, 3, 4])).toEqual(['First', 'Second', 'Third', 'Fourth']);
  expect((await store.rows({ text: `SELECT count() FROM bartizan.${NAME}`, params: {} })).rows).toEqual([[4]]);
});

it('publishes at the next start what a store lacks, below its highest id too', async () => {
  await registries.ids(NAME, ['1 First', '2 Second', '3 Third']);
  await command(`ALTER TABLE bartizan.${NAME} DELETE WHERE id = 2 SETTINGS mutations_sync = 2`);
  await command(`SYSTEM RELOAD DICTIONARY bartizan.${NAME}_by_id`);
  expect(await named([1, 2, 3])).toEqual(['First', '', 'Third']);
  await close();
  await open();
  expect(await named([1, 2, 3])).toEqual(['First', 'Second', 'Third']);
  expect(await registries.ids(NAME, ['4 Fourth', '2 Second'])).toEqual([4, 2]);
});
