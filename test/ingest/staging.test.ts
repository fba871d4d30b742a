/** What is staged of a batch: each delivery's segments in a row as one range, and the same batch where it is staged again after the disk was full. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { createDecoder, type DecoderKind } from '../../src/formats/decoder.ts';
import { compileRecordRules } from '../../src/formats/record-rules.ts';
import { type BatchDelivery, stageBatch } from '../../src/ingest/batch-writer.ts';
import { IdCache } from '../../src/ingest/registry.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { event } from './events.ts';
import { HEADER, lines } from './helpers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bartizan-staging-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const now = () => 1_700_003_600;
const sourceName = 's3://logs/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2023/11/14/one.log.gz';
const deliveries = new Map<number, BatchDelivery>([[0, { id: 'one', source: '', origin: { sourceName, sourceCategory: '', sourceHost: '', collector: '' } }]]);
const context = () => ({
  staging: folder,
  enricher: createEnricher({}, { internalNetworks: [] }),
  ids: new IdCache(async (_, texts) => texts.map((_text, i) => i + 1)),
  now,
});
function decoded(kind: DecoderKind, text: string) {
  const decoder = createDecoder(kind, { layout: 'auto', rules: compileRecordRules(DEFAULT_RECORD_SETTINGS), now, capacity: 100 });
  decoder.push(new TextEncoder().encode(text), true);
  return decoder.take();
}
const files = () =>
  readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name)).toString('base64')]);

const TEXTS: readonly (readonly [DecoderKind, string, string])[] = [
  ['flow', `${HEADER}\n${lines(20)}`, 'b-vpc_flow-0.native'],
  ['cloudtrail', JSON.stringify({ Records: [event('1', 1_700_000_000), event('2', 1_700_000_060)] }), 'b-cloudtrail-0.native'],
];
for (const [kind, text, table] of TEXTS) {
  for (const full of [table, 'b-ingest_counter-1.native'])
    it(`is the same block by block: ${kind}, full at ${full}`, async () => {
      const expected = await stageBatch('b', decoded(kind, text), deliveries, '', context());
      const blocks = files();
      for (const [name] of blocks) rmSync(join(folder, name as string));

      const taken = decoded(kind, text);
      // A device that is always full.
      symlinkSync('/dev/full', join(folder, full));
      await expect(stageBatch('b', taken, deliveries, '', context())).rejects.toMatchObject({ code: 'ENOSPC' });
      rmSync(join(folder, full));
      expect(await stageBatch('b', taken, deliveries, '', context())).toEqual(expected);
      expect(files()).toEqual(blocks);
    });
}

it('names the segments of a delivery in a row as one range, with the rows that they end at', async () => {
  const decoder = createDecoder('cloudtrail', { layout: 'auto', now, capacity: 100 });
  decoder.push(new Uint8Array(0), true);
  const owners = new Map<number, BatchDelivery>();
  const { origin } = deliveries.get(0) as BatchDelivery;
  const segments: readonly (readonly [delivery: string, texts: readonly string[], last: boolean])[] = [
    ['one', ['a', 'b'], false],
    ['one', ['c'], false],
    ['one', ['', 'd'], true],
    ['two', ['e'], false],
    ['two', ['f', 'g'], false],
  ];
  let at = 0;
  for (const [i, [id, texts, last]] of segments.entries()) {
    if (id !== segments[i - 1]?.[0]) at = 0;
    decoder.nextDelivery({ offset: at });
    owners.set(i + 1, { id, source: '', origin, last });
    const bytes = new TextEncoder().encode(texts.map((text) => `${text ? JSON.stringify(event(text, 1_700_000_000)) : '{'}\n`).join(''));
    at += bytes.length;
    decoder.push(bytes, true);
  }
  const { ranges, blocks } = await stageBatch('b', decoder.take(), owners, decoder.state, context());
  expect(ranges.map(({ delivery, from, last, counts, formats }) => [delivery, from, last, counts.records, counts.quarantined, formats])).toEqual([
    ['one', 0, true, 5, 1, { cloudtrail: 5 }],
    ['two', 0, false, 3, 0, { cloudtrail: 3 }],
  ]);
  expect(ranges[1]?.to).toBe(at);
  expect(blocks.find(({ table }) => table === 'cloudtrail')?.ends).toEqual([4, 7]);
});
