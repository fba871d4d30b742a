/** The counters say of every source, account, region and five minutes what the tables hold, however it came. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { random } from '../../bench/flows.ts';
import type { Delivery } from '../../src/collect/delivery.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { openPlace, type Place, START } from './helpers.ts';

let place: Place;
beforeAll(async () => {
  place = await openPlace({ batchRows: 150 });
});
afterAll(() => place.close());

const WITH_REGION = 'region account-id interface-id srcaddr dstaddr bytes start end action log-status';
const PLAIN = 'interface-id srcaddr dstaddr bytes start end action log-status';
const ACCOUNTS = ['123456789012', '210987654321', 'unknown', '-'];
const REGIONS = ['eu-central-1', 'us-east-1', '-'];

/** Lines of one layout; every so many-th is broken, NODATA or SKIPDATA. */
function text(next: () => number, layout: string, count: number): string {
  const pick = (n: number) => Math.floor(next() * n);
  const out = [layout];
  for (let i = 0; i < count; i++) {
    const start = START + pick(4 * 3600);
    const status = pick(20) === 0 ? 'NODATA' : pick(25) === 0 ? 'SKIPDATA' : 'OK';
    const head = layout === WITH_REGION ? `${REGIONS[pick(3)]} ${ACCOUNTS[pick(4)]} ` : '';
    if (pick(30) === 0) out.push('broken');
    else if (status === 'OK') out.push(`${head}eni-1 10.0.0.${pick(200)} 10.1.0.1 ${pick(5000)} ${start} ${start + pick(600)} ACCEPT OK`);
    else out.push(`${head}eni-1 - - - ${start} ${start + 60} - ${status}`);
  }
  return `${out.join('\n')}\n`;
}

it('holds of each key what the tables hold, over small batches, shared ones and deliveries that come again', async () => {
  const next = random(17);
  const pick = (n: number) => Math.floor(next() * n);
  const deliveries: Delivery[] = [];
  for (let i = 0; i < 60; i++) {
    const source = `source-${pick(3)}`;
    const account = ['123456789012', '999999999999'][pick(2)];
    const name = pick(3) === 0 ? `request ${i}` : `s3://logs/AWSLogs/${account}/vpcflowlogs/ap-south-1/2026/11/25/${i}.log.gz`;
    deliveries.push({
      id: `test:${i}`,
      source,
      name,
      size: 0,
      content: { bytes: new TextEncoder().encode(text(next, pick(2) ? WITH_REGION : PLAIN, pick(8) === 0 ? 700 : pick(60) + 1)) },
      origin: { sourceName: name, sourceCategory: source, sourceHost: '', collector: 'test' },
      settings: DEFAULT_RECORD_SETTINGS,
    });
  }
  const again = deliveries.filter((_, i) => i % 4 === 0);
  const outcomes = await Promise.all([...deliveries, ...again.slice(0, 5)].map((delivery) => place.pipeline.take(delivery)));
  const repeated = await Promise.all(again.slice(5).map((delivery) => place.pipeline.take(delivery)));
  expect(repeated.every((outcome) => outcome.known)).toBe(true);

  // What a record does not say of itself, its object's name does.
  const tables = ['vpc_flow', 'vpc_flow_status']
    .map(
      (
        table,
      ) => `SELECT source_category AS source, extract(source_name, 'AWSLogs/([0-9]{12})/') AS of_account, if(of_account = '', '', 'ap-south-1') AS of_region,
        if(account_id = '', of_account, account_id) AS account, if(region = '', of_region, region) AS place, toStartOfFiveMinutes(start) AS bucket, log_status, bytes, start FROM bartizan.${table}`,
    )
    .join(' UNION ALL ');
  const expected = await place.rows(
    `SELECT source, account, place, bucket, countIf(log_status = 'OK'), countIf(log_status = 'NODATA'), countIf(log_status = 'SKIPDATA'), sum(bytes), min(start), max(start)
     FROM (${tables}) GROUP BY ALL ORDER BY ALL`,
  );
  const counted = `SELECT source, account, region, start, sum(records), sum(nodata), sum(skipdata), sum(bytes), min(first_start), max(last_start)
     FROM bartizan.ingest_counter WHERE lag != 255 GROUP BY ALL ORDER BY ALL`;
  expect(expected.length).toBeGreaterThan(500);
  expect(await place.rows(counted)).toEqual(expected);

  const records = outcomes.filter((o) => !o.known).reduce((sum, { counts }) => sum + counts.records, 0);
  expect((await place.rows('SELECT sum(records + nodata + skipdata + quarantined), sum(deliveries) FROM bartizan.ingest_counter'))[0]).toEqual([records, 60]);
  expect(await place.rows('SELECT source, sum(quarantined) AS n FROM bartizan.ingest_counter GROUP BY source HAVING n > 0 ORDER BY source')).toEqual(
    await place.rows('SELECT source, count() FROM bartizan.quarantine GROUP BY source ORDER BY source'),
  );
  // Merging them changes nothing.
  await place.store.command({ text: 'OPTIMIZE TABLE bartizan.ingest_counter FINAL', params: {} });
  expect(await place.rows(counted)).toEqual(expected);

  const known = [...outcomes, ...repeated].filter((o) => o.known);
  const repeats = [...(await place.metadata.repeats(0, 2 ** 32)).values()];
  expect(repeats.reduce((sum, r) => sum + r.deliveries, 0)).toBe(again.length);
  expect(repeats.reduce((sum, r) => sum + r.records, 0)).toBe(known.reduce((sum, o) => sum + o.counts.records, 0));
});

it('counts a record once that is read from quarantine, under its own source, however often it is tried', async () => {
  const [before] = await place.rows('SELECT sum(records), sum(quarantined), sum(deliveries) FROM bartizan.ingest_counter');
  const line = `eni-9 10.0.0.1 10.0.0.2 77 ${START} ${START + 9} ACCEPT OK`;
  const bytes = new TextEncoder().encode(`2 ${line.split(' ').slice(0, 3).join(' ')}\n`);
  const origin = { sourceName: 'late', sourceCategory: '', sourceHost: '', collector: '' };
  await place.pipeline.take({ id: 'test:late', source: 'late', name: 'late', size: 0, content: { bytes }, origin, settings: DEFAULT_RECORD_SETTINGS });
  // Others may have come in the same second.
  const [id] = (await place.quarantine.list({ limit: 1000 })).records.filter((record) => record.sourceName === 'late').map((record) => record.id);
  for (let i = 0; i < 2; i++) await place.quarantine.retry([id as string], 'version interface-id srcaddr dstaddr');
  const [after] = await place.rows('SELECT sum(records), sum(quarantined), sum(deliveries) FROM bartizan.ingest_counter');
  expect(after).toEqual([Number(before?.[0]) + 1, Number(before?.[1]) + 1, Number(before?.[2]) + 1]);
  expect(await place.rows("SELECT sum(records), sum(quarantined) FROM bartizan.ingest_counter WHERE source = 'late'")).toEqual([[1, 1]]);
});
