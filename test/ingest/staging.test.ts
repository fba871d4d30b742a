/** A batch that is staged again after the disk was full is the batch that it would have been. */
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
