/** What a start makes of batches that a crash or a loss of power left. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HEADER, lines, openPlace, type Place } from './helpers.ts';

let directory: string;
let place: Place;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-repair-'));
  place = await openPlace({ directory });
});
afterEach(async () => {
  await place.close();
  await rm(directory, { recursive: true, force: true });
});

const count = async (table: string) => Number((await place.rows(`SELECT count() FROM bartizan.${table}`))[0]?.[0]);
const staged = () => readdirSync(join(directory, 'staging')).sort();

/** An ingest of one batch that ends before its block for a table, the last where none is named, is stored: the table is back with the next start. */
async function cutOff(table = 'address_day'): Promise<string> {
  const path = await place.file('one.log', `${HEADER}\n${lines(500)}`);
  await place.store.command({ text: `DETACH TABLE bartizan.${table}`, params: {} });
  await expect(place.pipeline.ingest([path])).rejects.toThrow(table);
  if (table !== 'vpc_flow') expect(await count('vpc_flow')).toBe(500);
  const [manifest] = await place.metadata.openManifests();
  expect(manifest?.blocks.map(({ file }) => basename(file)).sort()).toEqual(staged());
  await place.close();
  return path;
}

it('stores the blocks that are there once, and finishes a batch whose files are gone, with a word about it', async () => {
  const path = await cutOff();
  const [flows] = staged().filter((name) => name.includes('vpc_flow'));
  await rm(join(directory, 'staging', flows as string));
  place = await openPlace({ directory });
  expect(place.repairs).toEqual([expect.stringMatching(/1 of 3 blocks .*\(stored before: 500 rows for vpc_flow\).*1 deliveries: .*one\.log/)]);
  expect(await place.metadata.openManifests()).toEqual([]);
  expect(staged()).toEqual([]);
  expect(await count('vpc_flow')).toBe(500);
  expect(await count('address_day')).toBeGreaterThan(0);
  expect(await place.pipeline.ingest([path])).toMatchObject({ stored: 0, duplicates: 500 });
  expect(await place.pipeline.ingest([await place.file('two.log', `${HEADER}\n${lines(7, 2)}`)])).toMatchObject({ stored: 7, failures: [] });
});

const fileOf = (table: string) => join(directory, 'staging', staged().find((name) => name.includes(table)) as string);
const cutShort = (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2));
/** Of the right size, and one bit in the middle is another. */
function changed(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

for (const [how, damage] of [
  ['changed', changed],
  ['cut short', cutShort],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['gone', (path: string) => rm(path)],
] as const)
  for (const table of ['vpc_flow', 'ingest_counter'])
    it(`reads a batch again of which nothing was stored, where its file for ${table} is ${how}`, async () => {
      const path = await cutOff('vpc_flow');
      await damage(fileOf(table));
      place = await openPlace({ directory });
      expect(place.repairs).toEqual([expect.stringMatching(/1 of 3 blocks .* damaged or gone\. Nothing of the batch was stored.*1 deliveries: .*one\.log/)]);
      expect([await place.metadata.openManifests(), staged()]).toEqual([[], []]);
      expect([await count('vpc_flow'), await count('ingest_counter'), await count('address_day')]).toEqual([0, 0, 0]);
      expect(await place.pipeline.ingest([path])).toMatchObject({ stored: 500, duplicates: 0, failures: [] });
      expect(await count('vpc_flow')).toBe(500);
      expect(await place.rows('SELECT sum(records) FROM bartizan.ingest_counter')).toEqual([[500]]);
      await place.close();
      place = await openPlace({ directory });
      expect(place.repairs).toEqual([]);
    });

for (const [how, damage] of [
  ['cut short', cutShort],
  ['changed', changed],
] as const)
  it(`names what is lost of a batch of which a part was stored, stores the rest once, and goes on: ${how}`, async () => {
    const path = await cutOff('ingest_counter');
    damage(fileOf('ingest_counter'));
    place = await openPlace({ directory });
    expect(place.repairs).toEqual([expect.stringMatching(/1 of 3 blocks .*\(lost: \d+ rows for ingest_counter, .*\)\. The others are inserted\..*one\.log/)]);
    expect([await place.metadata.openManifests(), staged()]).toEqual([[], []]);
    expect(await count('vpc_flow')).toBe(500);
    expect(await count('address_day')).toBeGreaterThan(0);
    expect(await place.rows("SELECT name FROM system.tables WHERE database = 'bartizan' AND name LIKE 'token%'")).toEqual([]);
    expect(await place.pipeline.ingest([path])).toMatchObject({ stored: 0, duplicates: 500 });
    expect(await place.pipeline.ingest([await place.file('two.log', `${HEADER}\n${lines(7, 2)}`)])).toMatchObject({ stored: 7, failures: [] });
  });

it('stores what an earlier release staged, which kept no checksum', async () => {
  const path = await cutOff('vpc_flow');
  const ledger = new Database(join(directory, 'metadata.db'));
  const { body } = ledger.prepare('SELECT body FROM manifest').get() as { body: string };
  const earlier = body.replaceAll(/,"crc":\d+/g, '');
  expect(earlier.length).toBeLessThan(body.length);
  ledger.prepare('UPDATE manifest SET body = ?').run(earlier);
  ledger.close();
  place = await openPlace({ directory });
  expect(place.repairs).toEqual([]);
  expect(await count('vpc_flow')).toBe(500);
  expect(await place.pipeline.ingest([path])).toMatchObject({ stored: 0, duplicates: 500 });
});

it('says nothing of a batch whose files are all there', async () => {
  const path = await cutOff();
  place = await openPlace({ directory });
  expect(place.repairs).toEqual([]);
  expect(await count('vpc_flow')).toBe(500);
  expect(await count('address_day')).toBeGreaterThan(0);
  expect(await place.pipeline.ingest([path])).toMatchObject({ stored: 0, duplicates: 500 });
});

it('commits no batch whose files are gone before it is stored', async () => {
  await cutOff();
  place = await openPlace({ directory });
  const block = { table: 'vpc_flow', file: join(directory, 'staging', 'gone.native'), columns: [], token: 'gone', rows: 1, bytes: 1 };
  await expect(place.pipeline.storeBatch({ batch: 'gone', ranges: [], blocks: [block], absentMask: '0' })).rejects.toThrow(/ENOENT/);
  expect(await place.metadata.openManifests()).toEqual([]);
});
