/** The demo's trail: its digests are verified as those of AWS are, over restarts and pauses, and what is changed in its files is found. */
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDemo } from '../../src/cli/demo.ts';
import { openTrailKey, trailKeysOf } from '../../src/cli/demo-trail.ts';
import { expandPaths } from '../../src/collect/files.ts';
import { proofOf } from '../../src/formats/cloudtrail/digest-chain.ts';
import { isDigestFile, takeDigestFiles } from '../../src/ingest/trails/files.ts';
import { MemoryChains, TrailProofs } from '../../src/ingest/trails/proofs.ts';

const START = Date.parse('2026-11-18T18:20:30Z');
const HOUR = 3600;
const END = Date.parse('2026-11-18T18:00:00Z') / 1000;
const FIRST = Date.parse('2026-11-18T16:00:00Z') / 1000;

let dataDir: string;
let now: number;
let chains: MemoryChains;
let failing: number;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'bartizan-demo-trail-'));
  now = START;
  chains = new MemoryChains();
  failing = 0;
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Verifies digests when they come, as the pipeline does; everything else is none. */
async function open() {
  const intake = new TrailProofs({ chains, keys: await trailKeysOf(dataDir) });
  const ingest = async (paths: readonly string[]) => {
    if (!paths.some(isDigestFile)) return;
    if (failing-- > 0) throw new Error('disk-full');
    expect(await takeDigestFiles(await expandPaths(paths), intake)).toEqual([]);
  };
  return openDemo({ dataDir, seed: 3, now: () => now, ingest, historyMinutes: 100, trailKey: openTrailKey(dataDir) });
}
const proofs = () => [...chains.all.values()].map(({ key, chain }) => ({ key, ...proofOf(chain) }));

it('is proven for each account and region, and goes on after failures and restarts', async () => {
  const feed = await open();
  failing = 1;
  await expect(feed.catchUp()).rejects.toThrow('disk-full');
  now += 60_000;
  await (await open()).catchUp();
  // Three accounts in three regions, whether something happened there or not.
  expect(proofs()).toHaveLength(9);
  for (const proof of proofs())
    expect(proof).toMatchObject({ key: { trail: 'estate-trail' }, state: 'proven', from: FIRST, until: END, digests: 2, faults: [] });
  expect(proofs().filter(({ logFiles }) => logFiles > 5).length).toBeGreaterThan(3);
  now += 2 * HOUR * 1000;
  await (await open()).catchUp();
  for (const proof of proofs()) expect(proof).toMatchObject({ state: 'proven', from: FIRST, until: END + 2 * HOUR, digests: 4, faults: [] });
  // The key is of this data directory alone.
  expect(statSync(join(dataDir, 'demo', 'trail-key.pem')).mode & 0o077).toBe(0);
});

it('begins another chain after a pause whose log files were never written', async () => {
  await (await open()).catchUp();
  now += 10 * 24 * HOUR * 1000;
  await (await open()).catchUp();
  for (const proof of proofs()) {
    expect(proof.faults.map(({ code }) => code)).toEqual(['chain-restarted']);
    expect(proof.ranges.map(({ from, to, signed }) => [from - FIRST, to - FIRST, signed])).toEqual([
      [0, 2 * HOUR, true],
      [10 * 24 * HOUR, (10 * 24 + 2) * HOUR, true],
    ]);
  }
});

it('shows what is missing, and believes no other key', async () => {
  await (await open()).catchUp();
  const files = await expandPaths([join(dataDir, 'demo', 'AWSLogs')]);
  const gone = files.find(({ path }) => path.includes('/111122223333/CloudTrail/us-east-1/') && path.includes('T1705Z')) ?? expect.fail('no such file');
  unlinkSync(gone.path);
  const verify = async (keys: Awaited<ReturnType<typeof trailKeysOf>>) => {
    chains = new MemoryChains();
    expect(
      await takeDigestFiles(
        files.filter((file) => file !== gone),
        new TrailProofs({ chains, keys }),
      ),
    ).toEqual([]);
    return proofs();
  };
  const found = await verify(await trailKeysOf(dataDir));
  expect(found.flatMap(({ key, faults }) => faults.map(({ code }) => [key.account, key.region, code]))).toEqual([
    ['111122223333', 'us-east-1', 'log-file-missing'],
  ]);
  const other = mkdtempSync(join(tmpdir(), 'bartizan-demo-other-'));
  try {
    const strange = await verify(await trailKeysOf(other));
    expect(strange.every(({ state, faults }) => state === 'broken' && faults.every(({ code }) => code === 'key-unknown'))).toBe(true);
    expect(readFileSync(join(other, 'demo', 'trail-public-keys.json'), 'utf8')).not.toBe(readFileSync(join(dataDir, 'demo', 'trail-public-keys.json'), 'utf8'));
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});
