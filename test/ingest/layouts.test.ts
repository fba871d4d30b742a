/** Lines without a header in orders of people's own: learned where they prove it, held and asked about where they do not. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inferLayout } from '../../src/formats/flow/infer.ts';
import { PRESETS } from '../../src/formats/flow/presets.ts';
import { LayoutMemory } from '../../src/ingest/layout-memory.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../../src/model/source.ts';
import { estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from '../formats/estate.ts';
import { GATEWAY_NAMES, gatewayLines, gatewayRows } from '../formats/gateway-estate.ts';
import { openPlace, type Place } from './helpers.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace({ batchRows: 5000 });
});
afterEach(() => place.close());

const origin = { sourceName: 'flows', sourceCategory: '', sourceHost: '', collector: '' };
let deliveries = 0;
const take = (source: string, lines: readonly string[], settings: RecordSettings = DEFAULT_RECORD_SETTINGS) =>
  place.pipeline.take({
    id: `delivery-${++deliveries}`,
    source,
    name: 'flows',
    size: 1,
    content: { bytes: Buffer.from(`${lines.join('\n')}\n`) },
    origin,
    settings,
  });
const stored = async () =>
  Number((await place.rows('SELECT (SELECT count() FROM bartizan.vpc_flow) + (SELECT count() FROM bartizan.vpc_flow_status)'))[0]?.[0]);

const ROWS = estateRows(4, 1200);
/** An order that these rows prove, and one that they leave open. */
const orders = Array.from({ length: 60 }, (_, i) => shuffled(fieldsUpTo(2), randomOf(i)));
const provable = orders.find((order) => inferLayout(linesOf(ROWS, order)).certain && inferLayout(linesOf(ROWS.slice(0, 400), order)).certain) as string[];
const open = Array.from({ length: 60 }, (_, i) => shuffled(fieldsUpTo(3), randomOf(i))).find((order) => {
  const { certain, sufficient } = inferLayout(linesOf(ROWS, order));
  return !certain && !sufficient;
}) as string[];

it('reads a stream in the order that its lines prove, at once and ever after', async () => {
  const { counts } = await take('s1', linesOf(ROWS, provable));
  expect([counts.records, counts.quarantined]).toEqual([1200, 0]);
  await expect.poll(() => place.layouts.of('s1')).toEqual({ 's1|': provable.join(' ') });
  // A few lines alone prove nothing; their stream is known.
  const few = await take('s1', linesOf(ROWS.slice(0, 5), provable));
  expect(few.counts.quarantined).toBe(0);
  // Another source is another stream.
  expect((await take('s2', linesOf(ROWS.slice(0, 5), provable))).counts.quarantined).toBe(5);
  const sum = ROWS.reduce((n, row) => n + (row.bytes === '-' ? 0 : Number(row.bytes)), 0);
  const again = ROWS.slice(0, 5).reduce((n, row) => n + (row.bytes === '-' ? 0 : Number(row.bytes)), 0);
  expect(Number((await place.rows('SELECT sum(bytes) FROM bartizan.vpc_flow'))[0]?.[0])).toBe(sum + again);
});

it('holds what is too little to tell, and reads it again when enough has come', async () => {
  const lines = linesOf(ROWS, provable);
  let held = 0;
  for (let i = 0; i < 400; i += 20) held += (await take('s1', lines.slice(i, i + 20))).counts.quarantined;
  expect(held).toBeGreaterThan(0);
  await expect.poll(() => place.layouts.of('s1')).toEqual({ 's1|': provable.join(' ') });
  await expect.poll(stored).toBe(400);
  await expect.poll(async () => (await place.quarantine.list()).total).toBe(0);
});

it('reads again what was held before the layout was known and stored after the others were read again', async () => {
  const few = linesOf(ROWS.slice(0, 5), provable);
  expect((await take('s1', few)).counts.quarantined).toBe(5);
  await place.layouts.answer('s1|', provable.join(' '));
  expect(await stored()).toBe(5);
  // As a thread does that had not heard of it.
  await place.store.command({ params: {}, text: "INSERT INTO bartizan.quarantine SELECT * REPLACE ('later' AS batch) FROM bartizan.quarantine" });
  place.layouts.held('s1|');
  await expect.poll(stored).toBe(10);
  await expect.poll(async () => (await place.quarantine.list()).total).toBe(0);
});

it('asks where the lines leave it open, and reads what waits in the order that a person names', async () => {
  const lines = linesOf(ROWS, open);
  expect((await take('s1', lines)).counts).toMatchObject({ records: 1200, quarantined: 1200 });
  // A retry guesses no layout.
  expect(await place.quarantine.retry()).toEqual({ retried: 0, resolved: 0, filtered: 0, quarantined: 0 });
  const [question] = await place.layouts.questions();
  expect(question).toMatchObject({ stream: 's1|', records: 1200 });
  expect(question?.samples[0]).toBe(lines[0]);
  expect(question?.inference.candidates.map((c) => c.join(' '))).toContain(open.join(' '));
  await expect(place.layouts.answer('s1|', 'srcaddr nonsense')).rejects.toThrow(/nonsense/);
  expect(await place.layouts.answer('s1|', open.join(' '))).toEqual({ retried: 1200, resolved: 1200, filtered: 0, quarantined: 0 });
  expect(await place.layouts.questions()).toEqual([]);
  expect(await stored()).toBe(1200);
  expect((await take('s1', lines.slice(0, 7))).counts.quarantined).toBe(0);
  await place.layouts.forget('s1|');
  expect(place.layouts.of('s1')).toEqual({});
});

it('looks at the same records once, however many ask and how often', async () => {
  let searches = 0;
  const memory = await LayoutMemory.open({
    ...place,
    quarantine: () => place.quarantine,
    now: () => Math.floor(Date.now() / 1000),
    onError: (error) => {
      throw error;
    },
    infer: (...lines) => {
      searches++;
      return inferLayout(...lines);
    },
  });
  const lines = linesOf(ROWS, open);
  await take('s1', lines.slice(0, 400));
  await take('s2', lines.slice(0, 300));
  const [one, other] = await Promise.all([memory.questions(), memory.questions()]);
  expect(one).toEqual(other);
  expect(one?.map(({ stream, records, inference }) => [stream, records, inference])).toEqual([
    ['s1|', 400, inferLayout(lines.slice(0, 400))],
    ['s2|', 300, inferLayout(lines.slice(0, 300))],
  ]);
  expect(await memory.questions()).toEqual(one);
  expect(searches).toBe(2);
  // More of one stream: that one is looked at again.
  await take('s2', lines.slice(300, 400));
  expect((await memory.questions()).map(({ stream, records }) => [stream, records])).toContainEqual(['s2|', 400]);
  expect(searches).toBe(3);
  await memory.close();
});

it('leaves lines in a usual order and lines that are nothing to the decoder', async () => {
  for (const name of ['v2', 'v5', 'v5-alphabetical']) {
    const layout = PRESETS.get(name)?.layout ?? [];
    expect((await take(name, linesOf(ROWS, layout))).counts.quarantined).toBe(0);
  }
  expect((await take('junk', ['neither here', 'nor there', 'nor anywhere', 'at all times'])).counts.quarantined).toBe(4);
  expect((await place.quarantine.list({ code: 'layout-unknown' })).total).toBe(0);
  expect(place.layouts.streams.size).toBe(0);
});

describe('transit gateways', () => {
  const rows = Array.from({ length: 40 }, (_, i) => gatewayRows(i, 600)).filter((found) => inferLayout(gatewayLines(found, GATEWAY_NAMES)).sufficient);
  const told = rows[0] as NonNullable<(typeof rows)[0]>;
  const order = shuffled(GATEWAY_NAMES, randomOf(11));
  /** The ends stay open without the attachment. */
  const open = order.filter((name) => name !== 'tgw-attachment-id');
  const inTables = async () =>
    (
      await place.rows(
        'SELECT (SELECT count() FROM bartizan.vpc_flow), (SELECT count() FROM bartizan.tgw_flow), (SELECT count() FROM bartizan.tgw_flow_status), (SELECT sum(bytes) FROM bartizan.tgw_flow)',
      )
    )[0]?.map(Number);
  const flows = told.filter((row) => row['log-status'] === 'OK');
  const bytes = flows.reduce((sum, row) => sum + Number(row.bytes), 0);

  it('are read in the order that their lines prove, to their own tables', async () => {
    const { counts } = await take('t1', gatewayLines(told, order));
    expect([counts.records, counts.quarantined]).toEqual([told.length, 0]);
    expect(await inTables()).toEqual([0, flows.length, told.length - flows.length, bytes]);
  });

  it('are held where the ends are open, asked about, and read as a person says', async () => {
    const lines = gatewayLines(told, open);
    expect((await take('t1', lines)).counts).toMatchObject({ records: told.length, quarantined: told.length });
    const { records } = await place.quarantine.list({ code: 'layout-unknown', limit: 1 });
    expect(records[0]?.message).toBe('the lines have 35 values without a header, in an order that is not known');
    const [question] = await place.layouts.questions();
    expect(question).toMatchObject({ stream: 't1|', records: told.length, inference: { format: { name: 'tgw-flow' } } });
    expect(question?.inference.ambiguous.find(({ names }) => names.includes('tgw-src-vpc-id'))).toBeDefined();
    expect(await place.layouts.answer('t1|', open.join(' '))).toEqual({ retried: told.length, resolved: told.length, filtered: 0, quarantined: 0 });
    expect(await inTables()).toEqual([0, flows.length, told.length - flows.length, bytes]);
    expect((await take('t1', lines.slice(0, 7))).counts.quarantined).toBe(0);
    expect((await inTables())?.[0]).toBe(0);
  });

  it('whose fields a VPC has too are read as the answer says, or as the settings do', async () => {
    const shared = ['version', 'end', 'dstaddr', 'srcaddr', 'start', 'bytes'];
    const lines = gatewayLines(told, shared);
    expect((await take('t1', lines)).counts.quarantined).toBe(told.length);
    await expect(place.layouts.answer('t1|', 'vpc-flow:tgw-id start')).rejects.toThrow(/“tgw-id” is a field of transit gateway flow logs alone/);
    const answered = await place.layouts.answer('t1|', `tgw-flow:${shared.join(' ')}`);
    expect(answered.resolved).toBeGreaterThan(0);
    const tables = await inTables();
    expect([tables?.[0], tables?.[1]]).toEqual([0, told.length]);
    // What comes afterwards, and what is read again of it, is of the same format.
    const before = place.layouts.of('t1');
    expect(before).toEqual({ 't1|': `tgw-flow:${shared.join(' ')}` });
    await take('t1', [...lines.slice(0, 3), 'x x x x x x']);
    expect((await inTables())?.[0]).toBe(0);
    expect((await place.quarantine.list()).records.map(({ layout }) => layout)).toContain(`tgw-flow:${shared.join(' ')}`);
  });

  it('in the usual order are left to the decoder, also where some values are missing', async () => {
    const missing = told.map((row) => ({ ...row, 'resource-type': '-', ...(row['log-status'] === 'OK' ? {} : { 'tgw-attachment-id': '-' }) }));
    expect((await take('t1', gatewayLines(missing, GATEWAY_NAMES))).counts.quarantined).toBe(0);
    expect((await inTables())?.slice(0, 2)).toEqual([0, flows.length]);
  });

  it('do not come of what was learned before the settings named the other format', async () => {
    await place.layouts.answer('t1|', open.join(' '));
    const settings = { ...DEFAULT_RECORD_SETTINGS, format: 'vpc-flow' as const };
    const lines = linesOf(ROWS.slice(0, 50), fieldsUpTo(2));
    expect((await take('t1', lines, settings)).counts).toMatchObject({ records: 50, quarantined: 0 });
    expect((await inTables())?.slice(1, 3)).toEqual([0, 0]);
  });
});
