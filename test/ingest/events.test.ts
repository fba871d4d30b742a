/** Events on all ways into the store, and out of quarantine again. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../../src/model/source.ts';
import { fileOf, text as textOf } from '../formats/cloudtrail/event.ts';
import { gzipped, HEADER, lines, openCollection, openPlace, type Place } from './helpers.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace({ batchRows: 64 });
});
afterEach(() => place.close());

/** The machine's clock decides what lies ahead. */
const text = (id: string, other: object = {}) => textOf(id, { eventTime: '2024-11-18T10:00:00Z', ...other });
const logs = () => join(place.directory, 'logs');
const ids = async () => (await place.rows('SELECT event_id FROM bartizan.cloudtrail ORDER BY event_id')).flat();
const quarantined = async () => (await place.quarantine.list()).records.map(({ code, layout }) => [code, layout]);

it('reads files of every shape beside flow logs, and each event once', async () => {
  const key = 'AWSLogs/111122223333/CloudTrail/eu-west-1/2024/11/18/111122223333_CloudTrail_eu-west-1_20241118T1000Z_abcdefghijklmnop.json.gz';
  await place.file(key, gzipped(fileOf(text('a'), text('b'))));
  await place.file('again.json', fileOf(text('b'), text('c', { recipientAccountId: undefined, userIdentity: undefined })));
  await place.file('lookup.json', JSON.stringify({ Events: [{ EventId: 'd', EventName: 'x', CloudTrailEvent: text('d') }] }, null, 4));
  await place.file('lake.csv.gz', gzipped(`"eventJson"\n"${text('e').replaceAll('"', '""')}"\n`));
  await place.file(
    'bridge.json',
    `${JSON.stringify({ version: '0', 'detail-type': 'AWS API Call via CloudTrail', detail: JSON.parse(text('f')) as object })}\n`,
  );
  const subscription = { messageType: 'DATA_MESSAGE', owner: '444455556666', logGroup: 'trail', logStream: 's', subscriptionFilters: [] };
  await place.file('logs.gz', gzipped(JSON.stringify({ ...subscription, logEvents: [{ id: '1', timestamp: 1, message: text('g') }] })));
  await place.file('flows.log', `${HEADER}\n${lines(10)}`);
  const summary = await place.pipeline.ingest([logs()]);
  expect(summary).toMatchObject({ records: 18, stored: 17, duplicates: 1, quarantined: 0, formats: { cloudtrail: 8, 'vpc-flow': 10 } });
  expect(await ids()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(await place.rows("SELECT log_group FROM bartizan.cloudtrail WHERE event_id = 'g'")).toEqual([['trail']]);
});

it('keeps broken events, and retries them alone; what is read then is stored once', async () => {
  const broken = text('b').replace('"readOnly":false', '"readOnly":maybe');
  await place.file('events.json', fileOf(text('a'), broken, text('ahead', { eventTime: '2999-01-01T00:00:00Z' }), text('c')));
  await place.file('flows.log', `${HEADER}\nbroken\n${lines(3)}`);
  await place.pipeline.ingest([logs()]);
  expect((await quarantined()).sort()).toEqual([
    ['not-json', 'cloudtrail'],
    ['time-out-of-range', 'cloudtrail'],
    ['too-few-fields', HEADER],
  ]);
  expect(await place.quarantine.retry()).toEqual({ retried: 3, resolved: 0, filtered: 0, quarantined: 3 });
  // As a release would have left them that did not know events, or a clock that was wrong.
  const old = `INSERT INTO bartizan.quarantine SELECT * REPLACE ('old' AS batch, replaceAll(replaceAll(raw, 'maybe', 'false'), '2999', '2024') AS raw, 'version start' AS layout) FROM (SELECT * FROM bartizan.quarantine WHERE layout = 'cloudtrail')`;
  await place.store.command({ text: old, params: {} });
  expect(await place.quarantine.retry()).toEqual({ retried: 5, resolved: 2, filtered: 0, quarantined: 3 });
  expect(await place.quarantine.retry(undefined, 'v2')).toMatchObject({ retried: 3, resolved: 0 });
  expect(await ids()).toEqual(['a', 'ahead', 'b', 'c']);
});

it('takes what an HTTP source, Firehose and a queue deliver, in pieces of any size', async () => {
  const collection = await openCollection(place);
  const settings: RecordSettings = { ...DEFAULT_RECORD_SETTINGS };
  const origin = { sourceName: 's', sourceCategory: '', sourceHost: '', collector: '' };
  const take = (id: string, content: Uint8Array, more: Partial<RecordSettings> = {}) =>
    place.pipeline.take({ id, source: '', name: id, size: content.length, content: { bytes: content }, origin, settings: { ...settings, ...more } });
  const { counts } = await take('one', gzipSync(fileOf(...Array.from({ length: 300 }, (_, i) => text(`e${i}`)))));
  expect(counts).toMatchObject({ records: 300, stored: 300 });
  expect((await take('two', Buffer.from(text('e7')))).counts).toMatchObject({ records: 1, duplicates: 1 });
  const masked = await take('three', Buffer.from(fileOf(text('m'), text('n', { eventName: 'Secret' }))), {
    rules: [
      { kind: 'exclude', name: 'x', pattern: '"eventName":"Secret"' },
      { kind: 'mask', name: 'm', pattern: '"sourceIPAddress":"([^"]*)"', replacement: '0.0.0.0' },
    ],
  });
  expect(masked.counts).toMatchObject({ records: 2, stored: 1, filtered: 1 });
  expect(await place.rows("SELECT source_address, position(frame, '203.0.113.9') FROM bartizan.cloudtrail WHERE event_id = 'm'")).toEqual([['0.0.0.0', 0]]);
  const flows = await take('four', Buffer.from(`${HEADER}\n${lines(2)}`), { format: 'cloudtrail' });
  expect(flows.counts).toMatchObject({ stored: 0, quarantined: 1 });
  await collection.close();
});

it('fills a batch of each format where deliveries of both come in turn', async () => {
  const turns = 20;
  const take = (id: string, content: string) => {
    const bytes = Buffer.from(content);
    const origin = { sourceName: id, sourceCategory: '', sourceHost: '', collector: '' };
    return place.pipeline.take({ id, source: 's', name: id, size: bytes.length, content: { bytes }, origin, settings: DEFAULT_RECORD_SETTINGS });
  };
  const taken = Array.from({ length: turns }, (_, i) => [
    take(`flows ${i}`, `${HEADER}\n${lines(3, i)}`),
    take(`events ${i}`, fileOf(text(`e${i}`), text(`f${i}`))),
  ]);
  const outcomes = await Promise.all(taken.flat());
  expect(outcomes.map(({ counts }) => counts.stored)).toEqual(outcomes.map((_, i) => (i % 2 ? 2 : 3)));
  expect((await ids()).length).toBe(2 * turns);
  expect(await place.rows('SELECT count(), uniqExact(source_name) FROM bartizan.vpc_flow')).toEqual([[3 * turns, turns]]);
  // Each of two threads begins and ends with a batch of either; one for each delivery would be twice as many as turns.
  // Where they take more than a second, a batch of each goes each second.
  expect(place.pipeline.load.batches).toBeLessThan(1.5 * turns);
});

it('stores a delivery of both formats in its order, so that what the ledger has of it is all that goes before', async () => {
  const document = (logGroup: string, messages: readonly string[]) =>
    gzipped(
      JSON.stringify({
        ...{ messageType: 'DATA_MESSAGE', owner: '444455556666', logGroup, logStream: 's', subscriptionFilters: [] },
        logEvents: messages.map((message, i) => ({ id: `${i}`, timestamp: 1, message })),
      }),
    );
  const flows = (seed: number) => document('flows', lines(50, seed).trimEnd().split('\n'));
  const parts = [flows(1), document('trail', [text('a'), text('b')]), flows(2), document('trail', [text('c')])];
  const bytes = Buffer.concat(parts);
  const origin = { sourceName: 's', sourceCategory: '', sourceHost: '', collector: '' };
  const common = { source: 's', name: 's', origin, settings: DEFAULT_RECORD_SETTINGS };
  // Something of either format is in the open batches before it.
  const before = [`${HEADER}\n${lines(5, 3)}`, fileOf(text('x'))].map((content, i) => ({ id: `before ${i}`, content: { bytes: Buffer.from(content) } }));
  const outcomes = await Promise.all(
    [...before, { id: 'both', content: { bytes } }].map((one) => place.pipeline.take({ ...common, ...one, size: one.content.bytes.length })),
  );
  expect(outcomes.map(({ counts }) => counts.stored)).toEqual([5, 1, 103]);
  expect(await ids()).toEqual(['a', 'b', 'c', 'x']);
  expect(await place.rows('SELECT count() FROM bartizan.vpc_flow')).toEqual([[105]]);
  const whole = await place.metadata.delivery('both');
  const last = await place.pipeline.take({ ...common, id: 'last', size: bytes.length, content: { bytes: Buffer.concat(parts.slice(0, 3)) } });
  expect(last.counts.records).toBe(102);
  expect(((await place.metadata.delivery('last'))?.doneTo ?? 0) + text('c').length + 1).toBe(whole?.doneTo);
});
