/** AWS services of addresses from the list to a query: before there is one, with one, and after it was replaced under way. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { QueryResponse, RecordsResponse } from '../../src/api/contract.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { keepAwsRanges, sharedAwsIndex } from '../../src/ingest/aws-ranges.ts';
import { loadDatabases } from '../../src/ingest/databases.ts';
import { startServer, type TestServer } from '../api/helpers.ts';
import { HEADER, openPlace, type Place, START } from './helpers.ts';

const SAMPLE = readFileSync(join(import.meta.dirname, '../enrich/samples/ip-ranges.json'));
const OTHER = Buffer.from(SAMPLE.toString().replaceAll('"S3"', '"S3_OUTPOSTS"').replace('2025-11-20', '2025-11-21'));

let place: Place;
let server: TestServer;
beforeAll(async () => {
  place = await openPlace();
  server = await startServer({ deps: { store: place.store, clock: () => (START + 3600) * 1000, absentMask: () => place.metadata.absentMask() } });
});
afterAll(async () => {
  await server.close();
  await place.close();
});

/** A flow to each address; those of a batch have the same source port. */
async function ingest(port: number): Promise<void> {
  const flow = (to: string, i: number) => `2 1 eni-1 10.0.0.1 ${to} ${port} 443 6 1 100 ${START + i} ${START + i} ACCEPT OK`;
  const lines = [HEADER, ...['203.0.113.200', '198.51.100.1', '192.0.2.1', '10.0.0.9', '2001:db8:1::5'].map(flow)];
  expect(await place.pipeline.ingest([await place.file(`${port}.log`, `${lines.join('\n')}\n`)])).toMatchObject({ stored: 5, quarantined: 0 });
}
const ask = async (query: string) => ((await (await server.post('/api/v1/query', { query, from: 'all' })).json()) as QueryResponse).rows;
const SERVICES = 'fields dstaddr, destination.aws.service, dst_aws_region, src_aws_service | sort + dstaddr';

it('is unknown without the list, and known from the list on; what was stored stays as it was true then', async () => {
  await ingest(1001);
  place.pipeline.setAwsRanges(sharedAwsIndex(SAMPLE).index);
  await ingest(1002);
  place.pipeline.setAwsRanges(sharedAwsIndex(OTHER).index);
  await ingest(1003);
  const rows = (s3: string | null) => [
    ['10.0.0.9', null, null, null],
    ['192.0.2.1', null, null, null],
    ['198.51.100.1', s3 && 'CLOUDFRONT', s3 && 'GLOBAL', null],
    ['2001:db8:1::5', s3, s3 && 'us-east-1', null],
    ['203.0.113.200', s3, s3 && 'eu-central-1', null],
  ];
  expect(await ask(`srcport=1001 | ${SERVICES}`)).toEqual(expect.arrayContaining(rows(null)));
  expect(await ask(`srcport=1002 | ${SERVICES}`)).toEqual(expect.arrayContaining(rows('S3')));
  expect(await ask(`srcport=1003 | ${SERVICES}`)).toEqual(expect.arrayContaining(rows('S3_OUTPOSTS')));
  // What is read again from the quarantine is looked up in the list of today, too.
  await place.pipeline.ingest([await place.file('unknown.log', `203.0.113.200 10.0.0.1 ACCEPT ${START} ${START + 9}\n`)]);
  expect(await place.quarantine.retry(undefined, 'dstaddr srcaddr action start end')).toMatchObject({ resolved: 1 });
  expect(await ask('dstaddr=203.0.113.200 | where isNull(srcport) | count by dst_aws_service')).toEqual([['S3_OUTPOSTS', 1]]);
  expect(await ask('dest_aws_service=S3 | count')).toEqual([[2]]);
  expect(await ask('| count by dst_aws_service | sort + dst_aws_service')).toEqual(
    expect.arrayContaining([
      [null, 9],
      ['CLOUDFRONT', 2],
      ['S3', 2],
      ['S3_OUTPOSTS', 3],
    ]),
  );
});

it('is a part of the document, and of no other address', async () => {
  const asked = await server.post('/api/v1/records', { query: 'srcport=1002 | sort + start', from: 'all' });
  const { records } = (await asked.json()) as RecordsResponse;
  expect(records).toHaveLength(5);
  expect(records[0]?.document).toMatchObject({ destination: { ip: '203.0.113.200', aws: { service: 'S3', region: 'eu-central-1' } } });
  expect(records[0]?.document).not.toHaveProperty('source.aws');
  for (const record of records.slice(2, 4)) expect(record.document).not.toHaveProperty('destination.aws');
});

it('comes from a file at start; one that cannot be read is a warning', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-aws-ranges-'));
  try {
    const file = join(folder, 'kept.json');
    keepAwsRanges(file, SAMPLE);
    const load = () => loadDatabases({ cacheDir: folder, awsRangesFile: file, now: Date.parse('2025-12-01T00:00:00Z') });
    const loaded = load();
    expect(loaded.databases.aws?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(loaded.reports.at(-1)).toMatchObject({ name: 'AWS’s list of its address ranges', date: '2025-11-20', ageDays: 11, file });
    expect(createEnricher(loaded.databases, { internalNetworks: [] }).describe('203.0.113.200')).toMatchObject({ aws: { service: 'S3' } });

    keepAwsRanges(file, Buffer.from(SAMPLE.toString().replace('198.51.100.0/25', '198.51.100/25')));
    expect(load().warnings).toEqual([expect.stringMatching(/1 entry is no range and left out \(the first: entry 7 of prefixes has no network/)]);
    writeFileSync(file, SAMPLE.subarray(0, 500));
    const damaged = load();
    expect(damaged.databases.aws).toBeUndefined();
    expect(damaged.warnings).toEqual([expect.stringMatching(/^AWS’s list of its address ranges is not available: .*is no JSON/)]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
