/** AWS's list of its ranges by command line, and kept by a data directory for the next start. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorkspace } from '../../src/cli/workspace.ts';
import { loadConfig } from '../../src/config.ts';
import { AwsRangesError } from '../../src/enrich/aws-ranges.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { newData } from '../store/new-store.ts';
import { bartizan } from './helpers.ts';

const SAMPLE = join(import.meta.dirname, '../enrich/samples/ip-ranges.json');
const LINE = '2 123456789012 eni-1 10.0.0.1 203.0.113.200 40000 443 6 1 100 1700000000 1700000060 ACCEPT OK\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bartizan-aws-ranges-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('normalize tells the service where the list is named, and warns of one that is none', async () => {
  const normalize = (...more: string[]) => bartizan(['normalize', '--data', join(folder, 'none'), '--enrich', 'all', ...more], LINE);
  const document = async (...more: string[]) => JSON.parse((await normalize(...more)).out) as { destination: object };
  expect((await document('--aws-ranges', SAMPLE)).destination).toMatchObject({ ip: '203.0.113.200', aws: { service: 'S3', region: 'eu-central-1' } });
  expect((await document()).destination).not.toHaveProperty('aws');
  const wrong = await normalize('--aws-ranges', join(import.meta.dirname, 'helpers.ts'));
  expect(wrong).toMatchObject({ code: 0, err: expect.stringMatching(/AWS’s list of its address ranges is not available: .*is no JSON/) });
});

test('a list that a data directory took is there at the next start, and one that cannot be read changes nothing', async () => {
  const data = newData(join(folder, 'data'));
  const open = (more: object = {}) => openWorkspace(loadConfig({ env: {}, flags: { data, workers: 1, ...more } }));
  const serviceOf = (workspace: Awaited<ReturnType<typeof open>>) =>
    createEnricher(workspace.pipeline.databases, { internalNetworks: [] }).describe('203.0.113.200')?.aws?.service;

  const first = await open();
  expect(serviceOf(first)).toBeUndefined();
  expect(first.setAwsRanges(await readFile(SAMPLE))).toEqual({ created: Date.UTC(2025, 10, 20, 14, 5, 9) / 1000, ranges: 12, skipped: 0 });
  expect(serviceOf(first)).toBe('S3');
  expect(() => first.setAwsRanges(Buffer.from('<html>'))).toThrow(AwsRangesError);
  expect(serviceOf(first)).toBe('S3');
  await first.close();

  const again = await open();
  expect(serviceOf(again)).toBe('S3');
  await again.close();

  const own = join(folder, 'own.json');
  await copyFile(SAMPLE, own);
  await writeFile(own, (await readFile(own, 'utf8')).replaceAll('"S3"', '"S3_OUTPOSTS"'));
  const named = await open({ awsRanges: own });
  expect(serviceOf(named)).toBe('S3_OUTPOSTS');
  await named.close();
});
