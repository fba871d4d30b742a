/** Digests verified from a copy of a bucket: what is whole is proven, and each way to tamper with it is told by its name. */
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expandPaths } from '../../../src/collect/files.ts';
import { readTrailKeys, TrailKeysError } from '../../../src/collect/trail-keys.ts';
import { newChain, type Proof, proofOf } from '../../../src/formats/cloudtrail/digest-chain.ts';
import { takeDigestFiles } from '../../../src/ingest/trails/files.ts';
import { MemoryChains, TrailProofs } from '../../../src/ingest/trails/proofs.ts';
import { BUCKET, HOUR, keyList, newKey, put, START, Trail } from './trail.ts';

const KEY = newKey();
const OTHER = newKey();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-trail-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What is proven of each account and region. */
async function verify(options: { keys?: object | null; paths?: string[] } = {}): Promise<Map<string, Proof>> {
  const { keys = keyList([OTHER, KEY]), paths = [folder] } = options;
  const file = join(tmpdir(), `keys-${process.pid}.json`);
  await writeFile(file, JSON.stringify(keys));
  const chains = new MemoryChains();
  const intake = new TrailProofs({ chains, keys: keys === null ? undefined : await readTrailKeys(file) });
  expect(await takeDigestFiles(await expandPaths(paths), intake)).toEqual([]);
  return new Map([...chains.all.values()].map(({ key, chain }) => [`${key.account} ${key.region}`, proofOf(chain)]));
}

/** Of the one trail that tests tamper with; another beside it must stay proven. */
async function verifyOne(options: Parameters<typeof verify>[0] = {}): Promise<Proof> {
  const noise = new Trail({ key: KEY, account: '444455556666' }).hours(1, 0, 2);
  await noise.write(folder);
  const found = await verify(options);
  if (options.keys === undefined) expect(found.get('444455556666 eu-central-1')).toMatchObject({ state: 'proven', until: START + 3 * HOUR, faults: [] });
  const proof = found.get('111122223333 eu-central-1');
  if (!proof) throw new Error('the trail is not found');
  return proof;
}

const whole = () => new Trail({ key: KEY }).hours(2, 3, 0, 0, 1, 2);
const faults = (proof: Proof) => proof.faults.map(({ code, from, to, count }) => [code, (from - START) / HOUR, (to - START) / HOUR, count]);
const hours = (proof: Proof) => proof.ranges.map(({ from, to }) => [(from - START) / HOUR, (to - START) / HOUR]);

describe('a trail', () => {
  it('is proven from its first digest to its last, hours of silence too', async () => {
    await whole().write(folder);
    const proof = await verifyOne();
    expect(proof).toMatchObject({ state: 'proven', from: START, until: START + 6 * HOUR, newest: START + 6 * HOUR, digests: 6, logFiles: 8, faults: [] });
    expect(proof.ranges).toEqual([{ from: START, to: START + 6 * HOUR, signed: true }]);
  });

  it('says that signatures were not checked where there are no keys, or no signatures', async () => {
    await whole().write(folder);
    expect(await verifyOne({ keys: null })).toMatchObject({ state: 'unsigned', until: START + 6 * HOUR, faults: [] });
    await rm(folder, { recursive: true });
    await whole().write(folder, false);
    const proof = await verifyOne();
    expect(proof).toMatchObject({ state: 'unsigned', until: START + 6 * HOUR, faults: [] });
    expect(proof.ranges.map(({ signed }) => signed)).toEqual([false]);
  });

  it('that was read before there were keys is proven when it is read again with them, all of it or some, in any order', async () => {
    const trail = whole();
    await trail.write(folder);
    const file = join(tmpdir(), `keys-later-${process.pid}.json`);
    await writeFile(file, JSON.stringify(keyList([OTHER, KEY])));
    const keys = await readTrailKeys(file);
    const files = (await expandPaths([folder])).filter(({ path }) => path.endsWith('.json.gz'));
    const digests = files.filter(({ path }) => path.includes('CloudTrail-Digest'));
    const without = (some: readonly unknown[]) => files.filter((f) => !digests.includes(f) || some.includes(f));
    for (const order of [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2], [3, 1, 5], [0, 5]]) {
      const chains = new MemoryChains();
      const read = (some: readonly unknown[], withKeys: boolean) =>
        takeDigestFiles(without(some), new TrailProofs({ chains, keys: withKeys ? keys : undefined }));
      await read(digests, false);
      const proof = () => proofOf(chains.all.values().next().value?.chain ?? newChain());
      expect(proof()).toMatchObject({ state: 'unsigned', digests: 6, logFiles: 8 });
      for (const at of order) await read([digests[at]], true);
      expect(proof()).toMatchObject({ from: START, until: START + 6 * HOUR, digests: 6, logFiles: 8, faults: [] });
      const signed = Array.from(
        { length: 6 },
        (_, i) => proof().ranges.find(({ from, to }) => from <= START + i * HOUR && START + (i + 1) * HOUR <= to)?.signed,
      );
      expect(signed).toEqual(Array.from({ length: 6 }, (_, i) => order.includes(i)));
      expect(proof().state).toBe(order.length === 6 ? 'proven' : 'unsigned');
      // Without keys once more, nothing is taken back.
      await read(digests, false);
      expect(proof().ranges.filter((range) => range.signed)).toHaveLength(signed.filter((is, i) => is && !signed[i - 1]).length);
    }
    // One that was changed in the meantime is told, and the rest of it is what it was.
    const chains = new MemoryChains();
    await takeDigestFiles(files, new TrailProofs({ chains, keys: undefined }));
    const changed = trail.digests[2]!;
    await put(folder, changed.key, gzipSync(changed.content.replace('"digestSignatureAlgorithm"', ' "digestSignatureAlgorithm"')));
    await takeDigestFiles(files, new TrailProofs({ chains, keys }));
    const proof = proofOf(chains.all.values().next().value?.chain ?? newChain());
    expect(proof.state).toBe('broken');
    expect(proof.faults.map(({ code }) => code)).toContain('signature-wrong');
    expect(proof.until).toBe(START + 2 * HOUR);
    await rm(file);
  });

  it('is found with its log files elsewhere, and with its digests alone in a copy of the bucket', async () => {
    const trail = whole();
    await trail.write(folder);
    expect((await verify({ paths: [join(folder, 'AWSLogs/111122223333/CloudTrail-Digest')] })).get('111122223333 eu-central-1')).toMatchObject({
      state: 'proven',
    });
    // Flat, as somebody collects files in one folder.
    await rm(folder, { recursive: true });
    for (const { key, bytes, metadata } of trail.objects()) {
      const name = key.slice(key.lastIndexOf('/') + 1);
      await put(folder, name, bytes);
      if (metadata) await put(folder, `${name}.signature`, metadata.signature ?? '');
    }
    expect((await verify()).get('111122223333 eu-central-1')).toMatchObject({ state: 'proven', digests: 6 });
  });

  it('keeps accounts, regions and trails apart, with keys that change on the way', async () => {
    const trail = whole();
    trail.key = OTHER;
    trail.hours(1, 1);
    await trail.write(folder);
    await new Trail({ key: KEY, region: 'us-east-1', start: START + 100 * HOUR }).hours(1).write(folder);
    const found = await verify();
    expect(found.get('111122223333 eu-central-1')).toMatchObject({ state: 'proven', until: START + 8 * HOUR, digests: 8 });
    expect(found.get('111122223333 us-east-1')).toMatchObject({ state: 'proven', from: START + 100 * HOUR, digests: 1 });
  });

  it('has backfills, whose log files are verified and whose hour is not counted again', async () => {
    const trail = whole();
    const backfill = trail.backfill(2, 2);
    await trail.write(folder);
    expect(await verifyOne()).toMatchObject({ state: 'proven', until: START + 6 * HOUR, digests: 6 });
    await put(folder, backfill.logFiles[1]?.key ?? '', gzipSync('{"Records":[]}'));
    expect(faults(await verifyOne())).toEqual([['log-file-changed', 2, 3, 1]]);
  });
});

describe('tampering', () => {
  it('with a log file is told, of that hour alone', async () => {
    const trail = whole();
    await trail.write(folder);
    const [first, second] = trail.digests[1]?.logFiles ?? [];
    await put(folder, first?.key ?? '', gzipSync((first?.content ?? '').replace('mallory', 'alice')));
    const proof = await verifyOne();
    expect(faults(proof)).toEqual([['log-file-changed', 1, 2, 1]]);
    expect(proof.faults[0]?.message).toContain(first?.key);
    expect(proof).toMatchObject({ state: 'broken', from: START, until: START + HOUR });
    expect(hours(proof)).toEqual([
      [0, 1],
      [2, 6],
    ]);
    // The same content, compressed anew, is the same log file.
    await put(folder, first?.key ?? '', gzipSync(first?.content ?? '', { level: 1 }));
    await put(folder, second?.key ?? '', gzipSync(second?.content ?? '', { level: 9 }));
    expect(await verifyOne()).toMatchObject({ state: 'proven' });
    await put(folder, second?.key ?? '', (second?.bytes ?? Buffer.of()).subarray(0, 50));
    expect(faults(await verifyOne())).toEqual([['log-file-unreadable', 1, 2, 1]]);
  });

  it('by removing log files is told, with how many', async () => {
    const trail = whole();
    await trail.write(folder);
    for (const { key } of trail.digests[1]?.logFiles.slice(1) ?? []) await unlink(join(folder, key));
    const proof = await verifyOne();
    expect(faults(proof)).toEqual([['log-file-missing', 1, 2, 2]]);
    expect(proof.until).toBe(START + HOUR);
  });

  it('by removing a digest is told; the ends of a chain say where they are', async () => {
    const trail = whole();
    await trail.write(folder);
    await unlink(join(folder, trail.digests[3]?.key ?? ''));
    const proof = await verifyOne();
    expect(faults(proof)).toEqual([['digest-missing', 3, 4, 1]]);
    expect(proof.faults[0]?.message).toContain(trail.digests[3]?.key);
    expect(proof.until).toBe(START + 3 * HOUR);
    for (const n of [0, 5]) await unlink(join(folder, trail.digests[n]?.key ?? ''));
    expect(await verifyOne()).toMatchObject({ from: START + HOUR, newest: START + 5 * HOUR });
  });

  it('with a digest is told by its signature', async () => {
    const trail = whole();
    await trail.write(folder);
    const victim = trail.digests[1];
    const forged = (victim?.content ?? '').replace(/\{"s3Bucket".*?\},?/, '');
    expect(JSON.parse(forged).logFiles).toHaveLength(2);
    await put(folder, victim?.key ?? '', gzipSync(forged));
    await unlink(join(folder, victim?.logFiles[0]?.key ?? ''));
    const proof = await verifyOne();
    expect(faults(proof)).toEqual([['signature-wrong', 1, 2, 1]]);
    expect(proof.until).toBe(START + HOUR);
    // Without signatures the next digest tells.
    expect(faults(await verifyOne({ keys: null }))).toEqual([['digest-changed', 1, 2, 1]]);
    await put(folder, victim?.key ?? '', victim?.bytes ?? '');
    expect(faults(await verifyOne({ keys: null }))).toEqual([['log-file-missing', 1, 2, 1]]);
  });

  it('with a key of one’s own is told', async () => {
    const trail = whole();
    trail.key = newKey();
    trail.hour(1);
    trail.key = KEY;
    trail.hour(1);
    await trail.write(folder);
    const proof = await verifyOne();
    expect(faults(proof)).toEqual([['key-unknown', 6, 7, 1]]);
    expect(hours(proof)).toEqual([
      [0, 6],
      [7, 8],
    ]);
    // A fingerprint that is known does not help.
    await rm(folder, { recursive: true });
    const liar = whole();
    liar.key = { ...newKey(), fingerprint: KEY.fingerprint };
    liar.hour(1);
    await liar.write(folder);
    expect(faults(await verifyOne())).toEqual([['signature-wrong', 6, 7, 1]]);
  });

  it('with a key that was not valid at the time is told', async () => {
    await whole().write(folder);
    const old = keyList([KEY], START - 100 * HOUR, START + 2 * HOUR);
    expect(faults(await verifyOne({ keys: old })).map(([code, from]) => [code, from])).toEqual([
      ['key-not-valid', 5],
      ['key-not-valid', 4],
      ['key-not-valid', 3],
    ]);
    expect(await verifyOne({ keys: keyList([KEY], START, START + 6 * HOUR) })).toMatchObject({ state: 'proven' });
  });

  it('by switching validation off is told', async () => {
    const trail = whole().restart(5).hours(1, 1);
    await trail.write(folder);
    const proof = await verifyOne();
    expect(faults(proof)).toEqual([['chain-restarted', 6, 11, 1]]);
    expect(hours(proof)).toEqual([
      [0, 6],
      [11, 13],
    ]);
    await rm(folder, { recursive: true });
    await whole().restart(0).hours(1).write(folder);
    expect(await verifyOne()).toMatchObject({ state: 'proven', until: START + 7 * HOUR });
  });

  it('with time between two digests that name each other is told', async () => {
    const trail = whole();
    trail.at += HOUR;
    trail.hours(1);
    await trail.write(folder);
    expect(faults(await verifyOne())).toEqual([['chain-gap', 6, 7, 1]]);
  });

  it('is told of a window alone that it lies in', async () => {
    const trail = whole();
    await trail.write(folder);
    await unlink(join(folder, trail.digests[1]?.logFiles[0]?.key ?? ''));
    const chains = new MemoryChains();
    await takeDigestFiles(await expandPaths([folder]), new TrailProofs({ chains, keys: undefined }));
    const chain = chains.all.values().next().value?.chain ?? newChain();
    const of = (from: number, to: number) => proofOf(chain, { from: START + from * HOUR, to: START + to * HOUR });
    expect(of(0, 1)).toMatchObject({ state: 'unsigned', until: START + HOUR });
    expect(of(1, 2)).toMatchObject({ state: 'broken', until: START + HOUR });
    expect(of(3, 9)).toMatchObject({ state: 'unsigned', from: START + 2 * HOUR, until: START + 6 * HOUR });
    expect(of(8, 9)).toMatchObject({ state: 'none', until: START + 6 * HOUR });
  });
});

describe('hostile digests', () => {
  const named = (content: string | Uint8Array) => {
    const { key } = new Trail({ key: KEY }).hour(0);
    return put(folder, key, content);
  };

  it('are unreadable with a reason, and leave others alone', async () => {
    const good = new Trail({ key: KEY }).hour(1);
    const change = (fields: object) => gzipSync(JSON.stringify({ ...JSON.parse(good.content), ...fields }));
    const bad: [string, string | Uint8Array][] = [
      ['cannot be uncompressed', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])],
      ['cannot be uncompressed', gzipSync(Buffer.alloc(65 * 2 ** 20))],
      ['is no JSON', 'hello'],
      ['is no JSON', Buffer.from([0xff, 0xfe])],
      ['is no JSON', '['.repeat(100_000)],
      ['is no object', '[]'],
      ['logFiles is no list', change({ logFiles: {} })],
      ['an entry of logFiles is no object', change({ logFiles: [null] })],
      ['hashAlgorithm is not SHA-256', change({ logFiles: [{ s3Bucket: 'b', s3Object: 'o', hashValue: 'a'.repeat(64), hashAlgorithm: 'MD5' }] })],
      ['hashValue is not 64', change({ logFiles: [{ s3Bucket: 'b', s3Object: 'o', hashValue: 'z'.repeat(64), hashAlgorithm: 'SHA-256' }] })],
      ['digestEndTime is no time', change({ digestEndTime: '2026-03-01 01:01:31' })],
      ['digestEndTime is not after', change({ digestStartTime: '2027-03-01T01:01:31Z' })],
      ['control characters', change({ digestS3Bucket: 'a\nb' })],
      ['previousDigestSignature is missing', change({ previousDigestS3Object: 'x' })],
      ['another account or time than its name', change({ awsAccountId: '999999999999' })],
    ];
    for (const [reason, content] of bad) {
      await named(content);
      const proof = await verifyOne();
      expect(faults(proof), reason).toEqual([['digest-unreadable', 0, 1, 1]]);
      expect(proof.faults[0]?.message).toContain(reason);
      expect(proof.until).toBeNull();
    }
    await named(good.bytes);
    expect((await verifyOne({ keys: null })).faults.map(({ code }) => code)).not.toContain('digest-unreadable');
  });

  it('do not lead out of the folder', async () => {
    await put(folder, 'outside/secret', 'secret');
    const entry = {
      s3Bucket: BUCKET,
      s3Object: 'AWSLogs/../../../outside/secret',
      hashValue: '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
      hashAlgorithm: 'SHA-256',
    };
    const trail = new Trail({ key: KEY });
    trail.hour(0, { logFiles: [entry] });
    await trail.write(join(folder, 'copy/a'));
    const found = await verify({ paths: [join(folder, 'copy')] });
    expect(faults(found.get('111122223333 eu-central-1') as Proof)).toEqual([['log-file-missing', 0, 1, 1]]);
  });
});

describe('a file of keys', () => {
  it('is what the command line of AWS prints, once or in a list', async () => {
    await whole().write(folder);
    expect(await verifyOne({ keys: [keyList([OTHER]), keyList([KEY])] })).toMatchObject({ state: 'proven' });
    expect(faults(await verifyOne({ keys: keyList([OTHER]) }))[0]?.[0]).toBe('key-unknown');
    const [entry] = keyList([KEY]).PublicKeyList;
    expect(await verifyOne({ keys: { publicKeyList: [{ ...entry, ValidityStartTime: '1436317441.0', ValidityEndTime: 1893456000 }] } })).toMatchObject({
      state: 'proven',
    });
  });

  it('that is none is refused with the reason', async () => {
    for (const [keys, reason] of [
      [{}, 'holds no public keys'],
      [{ PublicKeyList: [{ Value: 'AAAA' }] }, 'key 1 is no RSA public key'],
      [keyList([newKey(1024)]), 'at least 2048 bits'],
    ] as const) {
      const file = join(folder, 'keys.json');
      await writeFile(file, JSON.stringify(keys));
      await expect(readTrailKeys(file)).rejects.toThrow(reason);
    }
    await expect(readTrailKeys(join(folder, 'none'))).rejects.toThrow(TrailKeysError);
  });

  it('has fingerprints as AWS makes them', async () => {
    // The key and fingerprint of AWS's own example.
    const value =
      'MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTDSfmmnP97mqyc7z/upfZdS/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+rFfR5peEgBEkhlzc5HuWO7S0y+KunqxX6jQBnXGMtxmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDLG1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnDdvVfhF9C3dQiDq3k7adQIziLT0cShgQIDAQAB';
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify({ PublicKeyList: [{ Value: value }] }));
    const keys = await readTrailKeys(file);
    expect(await keys.find('8eba5db5bea9b640d1c96a77256fe7f2', 'us-east-1', 0)).toMatchObject({ from: undefined });
    expect(await keys.find('8eba5db5bea9b640d1c96a77256fe7f3', 'us-east-1', 0)).toBeUndefined();
  });
});

describe('copies', () => {
  it('of what was verified change nothing, in any order', async () => {
    const trail = whole();
    await trail.write(folder);
    const chains = new MemoryChains();
    const intake = new TrailProofs({ chains, keys: undefined });
    const logFiles = { hash: async () => ({ hash: '' }) };
    const files = trail.digests.filter(({ logFiles: named }) => named.length === 0);
    expect(files).toHaveLength(2);
    const one = await expandPaths([folder]);
    await takeDigestFiles([...one].reverse(), intake);
    await takeDigestFiles(one, intake);
    for (const { key, bytes } of files) await intake.take({ source: '', name: key, bytes, signature: undefined }, logFiles);
    const chain = chains.all.values().next().value?.chain ?? newChain();
    expect(chain.runs).toHaveLength(1);
    expect(proofOf(chain)).toMatchObject({ digests: 6, logFiles: 8, until: START + 6 * HOUR });
    expect(gunzipSync(files[0]?.bytes ?? Buffer.of()).toString()).toContain('"logFiles":[]');
  });
});
