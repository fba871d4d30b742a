import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbedded } from '../../src/store/embedded.ts';
import { storeContract } from './contract.ts';

storeContract('embedded store', (path) => openEmbedded({ path }));

function inOwnProcess(code: string, environment: Record<string, string>): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', env: { ...process.env, ...environment } });
}

it('keeps rows and answers the same when reopened under another time zone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-zone-'));
  const source = JSON.stringify(join(import.meta.dirname, '../../src/store/embedded.ts'));
  const write = `
    const { openEmbedded } = await import(${source});
    const store = await openEmbedded({ path: ${JSON.stringify(directory)} });
    await store.command({ text: "INSERT INTO bartizan.vpc_flow (start) SELECT toDateTime(1700006400, 'UTC') + number * 600 FROM numbers(288)", params: {} });
    await store.close();`;
  const read = `
    const { openEmbedded } = await import(${source});
    const store = await openEmbedded({ path: ${JSON.stringify(directory)} });
    const r = await store.rows({ text: "SELECT toYYYYMMDD(start, 'UTC') AS day, count(), any(_partition_id), min(toUnixTimestamp(start)) FROM bartizan.vpc_flow WHERE start >= {from:DateTime('UTC')} GROUP BY day ORDER BY day", params: { from: 1700006400 } });
    console.log(JSON.stringify(r.rows));
    await store.close();`;
  inOwnProcess(write, { TZ: 'America/New_York' });
  const tokyo = inOwnProcess(read, { TZ: 'Asia/Tokyo' });
  expect(JSON.parse(tokyo)).toEqual([
    [20231115, 144, '20231115', 1700006400],
    [20231116, 144, '20231116', 1700092800],
  ]);
  expect(inOwnProcess(read, { TZ: 'UTC' })).toBe(tokyo);
  await rm(directory, { recursive: true, force: true });
});
