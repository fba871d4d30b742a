/** Stores that earlier schemas wrote open with their data, whenever an upgrade was interrupted. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openEmbedded } from '../../src/store/embedded.ts';
import { SCHEMA_VERSION } from '../../src/store/migrations.ts';
import type { Store } from '../../src/store/store.ts';

let store: Store | undefined;
let path = '';
afterEach(async () => {
  await store?.close();
  await rm(path, { recursive: true, force: true });
});

const run = (text: string) => (store as Store).command({ text, params: {} });
const rows = async (text: string) => (await (store as Store).rows({ text, params: {} })).rows;

async function reopen(): Promise<void> {
  await store?.close();
  store = await openEmbedded({ path });
}

/** Takes the store back to version 4, as far as security groups go. */
async function beforeLists(): Promise<void> {
  path = join(await mkdtemp(join(tmpdir(), 'bartizan-migrations-')), 'store');
  await reopen();
  for (const table of ['vpc_flow', 'vpc_flow_status']) {
    await run(`ALTER TABLE bartizan.${table} DROP COLUMN security_group_ids`);
    await run(`ALTER TABLE bartizan.${table} ADD COLUMN security_group_ids LowCardinality(String) CODEC(ZSTD(1))`);
    await run(`ALTER TABLE bartizan.${table} DROP COLUMN message_time`);
  }
  const texts = ["('sg-1', 1)", "('sg-1,sg-2', 2)", "('', 3)", `('[sg-0a , ''sg-2"\\\\'',', 4)`].join(', ');
  await run(`INSERT INTO bartizan.vpc_flow (security_group_ids, start) VALUES ${texts}`);
  await run(`ALTER TABLE bartizan.schema_version DELETE WHERE version >= 5 SETTINGS mutations_sync = 1`);
}

const LISTS = [
  [['sg-1'], '1'],
  [['sg-1', 'sg-2'], '2'],
  [[], '3'],
  [['sg-0a', 'sg-2'], '4'],
];

async function expectLists(): Promise<void> {
  expect(await rows('SELECT security_group_ids, toString(toUnixTimestamp(start)) FROM bartizan.vpc_flow ORDER BY start')).toEqual(LISTS);
  expect(await rows("SELECT DISTINCT type FROM system.columns WHERE database = 'bartizan' AND name = 'security_group_ids'")).toEqual([['Array(String)']]);
  expect(await rows('SELECT max(version) FROM bartizan.schema_version')).toEqual([[SCHEMA_VERSION]]);
  expect(await rows('SELECT DISTINCT message_time FROM bartizan.vpc_flow')).toEqual([[0]]);
}

it('security groups that were one text become lists', async () => {
  await beforeLists();
  await reopen();
  await expectLists();
  await reopen();
  await expectLists();
});

it('an upgrade that stopped half-way goes on', async () => {
  await beforeLists();
  // One table is done, of the other the texts are.
  await run(
    "ALTER TABLE bartizan.vpc_flow UPDATE security_group_ids = '[\\'sg-1\\',\\'sg-2\\']' WHERE security_group_ids = 'sg-1,sg-2' SETTINGS mutations_sync = 1",
  );
  await run('ALTER TABLE bartizan.vpc_flow_status DROP COLUMN security_group_ids');
  await run('ALTER TABLE bartizan.vpc_flow_status ADD COLUMN security_group_ids Array(String)');
  await reopen();
  await expectLists();
});
