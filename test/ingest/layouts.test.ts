/** Lines without a header in orders of people's own: learned where they prove it, held and asked about where they do not. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inferLayout } from '../../src/formats/flow/infer.ts';
import { PRESETS } from '../../src/formats/flow/presets.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { estateRows, fieldsUpTo, linesOf, randomOf, shuffled } from '../formats/estate.ts';
import { openPlace, type Place } from './helpers.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace({ batchRows: 5000 });
});
afterEach(() => place.close());

const origin = { sourceName: 'flows', sourceCategory: '', sourceHost: '', collector: '' };
let deliveries = 0;
const take = (source: string, lines: readonly string[]) =>
  place.pipeline.take({
    id: `delivery-${++deliveries}`,
    source,
    name: 'flows',
    size: 1,
    content: { bytes: Buffer.from(`${lines.join('\n')}\n`) },
    origin,
    settings: DEFAULT_RECORD_SETTINGS,
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
  await expect.poll(() => place.layouts.of('s1'), { timeout: 30_000 }).toEqual({ 's1|': provable.join(' ') });
  await expect.poll(stored, { timeout: 30_000 }).toBe(400);
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
  await expect.poll(stored, { timeout: 30_000 }).toBe(10);
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

it('leaves lines in a usual order and lines that are nothing to the decoder', async () => {
  for (const name of ['v2', 'v5', 'v5-alphabetical']) {
    const layout = PRESETS.get(name)?.layout ?? [];
    expect((await take(name, linesOf(ROWS, layout))).counts.quarantined).toBe(0);
  }
  expect((await take('junk', ['neither here', 'nor there', 'nor anywhere', 'at all times'])).counts.quarantined).toBe(4);
  expect((await place.quarantine.list({ code: 'layout-unknown' })).total).toBe(0);
  expect(place.layouts.streams.size).toBe(0);
});
