/** What the ledger has of deliveries when a batch is stored that holds parts of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NO_COUNTS } from '../../src/model/counts.ts';
import { type DeliveryRange, openMetadata } from '../../src/store/metadata.ts';

/** As senders may call them. */
const ODD = ['a\0b', '"quoted" \\', 'line\nend', 'lone \ud800', 'é 😀', '12', 'true', 'null', ''];

it('adds what a batch has of each delivery, whose ranges may be several and in any order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-ledger-'));
  const metadata = await openMetadata(join(folder, 'metadata.db'), () => 1_700_000_000);
  for (const id of ['two', 'open', 'untouched', ...ODD]) await metadata.open({ id, name: id, size: 1, head: '' });
  const range = (delivery: string, from: number, to: number, layout: string, last = false): DeliveryRange => ({
    ...{ delivery, from, to, layout, last },
    counts: { ...NO_COUNTS, records: to - from, stored: to - from - 1, quarantined: 1 },
  });
  const store = async (batch: string, ranges: readonly DeliveryRange[]) => {
    const manifest = { batch, ranges, blocks: [], absentMask: '0' };
    await metadata.commit(manifest);
    expect(await metadata.openManifests()).toEqual([manifest]);
    await metadata.finish(manifest);
    expect(await metadata.openManifests()).toEqual([]);
  };
  const known = async (id: string) => {
    const { done, doneTo, layout, counts } = (await metadata.delivery(id)) ?? expect.fail(`“${id}” is not known`);
    return [done, doneTo, layout, counts.records, counts.stored, counts.quarantined];
  };

  // That of another format goes further than the last of the list.
  await store('1', [range('two', 10, 40, 'further', true), range('open', 0, 5, 'x'), range('two', 0, 30, 'less'), range('gone', 0, 9, 'y')]);
  expect(await known('two')).toEqual([true, 40, 'further', 60, 58, 2]);
  expect(await known('open')).toEqual([false, 5, 'x', 5, 4, 1]);
  expect(await known('untouched')).toEqual([false, 0, '', 0, 0, 0]);
  expect(await metadata.delivery('gone')).toBeUndefined();
  await store('2', [range('open', 5, 7, 'z', true), ...ODD.map((id, i) => range(id, 0, 2 ** 40 + i, id, i % 2 === 0))]);
  expect(await known('open')).toEqual([true, 7, 'z', 7, 5, 2]);
  for (const [i, id] of ODD.entries()) expect((await known(id)).slice(0, 2)).toEqual([i % 2 === 0, 2 ** 40 + i]);
  expect((await known('"quoted" \\'))[2]).toBe('"quoted" \\');
  await metadata.close();
  await rm(folder, { recursive: true, force: true });
});
