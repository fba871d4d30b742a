/** Batches of very many deliveries, segments or days: what is done with one grows with its records, where each of these would take minutes or gigabytes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutByDays } from '../../src/ingest/batch-writer.ts';
import { withDuplicates } from '../../src/ingest/event-copies.ts';
import { addOrigins } from '../../src/ingest/origin-columns.ts';
import { type Batch, type Column, type Origin, textAt, textColumn } from '../../src/model/batch.ts';
import { NO_COUNTS } from '../../src/model/counts.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { encodeBlock } from '../../src/store/native-block.ts';
import { event } from './events.ts';
import { document, gzipped, HEADER, lines, openPlace, START } from './helpers.ts';

const COUNT = 200_000;
const numbers = Array.from({ length: COUNT }, (_, i) => i);

function batchOf(columns: readonly (readonly [string, Column])[]): Batch {
  return { rows: COUNT, columns: new Map(columns), addresses: { count: 1, bytes: new Uint8Array(16) } };
}

it('records of as many deliveries, each of an object of its own', () => {
  const batch = batchOf([]);
  const ranges = numbers.map((i) => ({ start: i, end: i + 1 }));
  const origin: Origin = { sourceName: '', sourceCategory: 'c', sourceHost: '', collector: '' };
  addOrigins(
    batch,
    ranges,
    numbers.map((i) => ({ ...origin, sourceName: i % 3 === 0 ? '' : `object ${i}` })),
    1_795_000_000,
  );
  const names = batch.columns.get('source_name');
  if (names?.type !== 'LowCardinality(String)') throw new Error('names are texts');
  for (const i of [0, 1, 2, 3, 100_000, COUNT - 1]) expect(names.dictionary[names.ids[i]!]).toBe(i % 3 === 0 ? '' : `object ${i}`);
  expect(names.dictionary[0]).toBe('');
  expect(batch.columns.get('source_category')).toEqual({ type: 'Constant', value: 'c' });
});

it('copies of events, each of a delivery of its own', () => {
  const ranges = numbers.map((i) => ({
    delivery: `d${i}`,
    from: 0,
    to: 1,
    layout: '',
    last: true,
    counts: { ...NO_COUNTS, records: 1, stored: 1 },
    formats: {},
  }));
  const block = { table: 'cloudtrail', file: '', columns: [], token: '', rows: COUNT, bytes: 0, crc: 0, ends: numbers.map((i) => i + 1) };
  // In no order, and not all: the engine reads in several threads.
  const copies = numbers.filter((i) => i % 4 !== 1).map((i) => ({ row: COUNT - 1 - i, countedIn: 0 }));
  const counted = withDuplicates(ranges, block, copies).map(({ counts }) => counts);
  expect(counted.map(({ stored, duplicates }) => [stored, duplicates])).toEqual(numbers.map((i) => ((COUNT - 1 - i) % 4 !== 1 ? [0, 1] : [1, 0])));
});

describe('retries', () => {
  it('of very many records and of long ones read each once, and hold some of them at a time', async () => {
    const place = await openPlace({ batchRows: 100_000, workers: 1 });
    try {
      // More than an answer of the store may have, all together.
      const long = `${HEADER}\n${`${'a'.repeat(65_000)}\n`.repeat(3150)}`;
      // Two reasons, and more of each than are read at once.
      const timeless = lines(1).replace(/170\d+/, 'never');
      const short = `${HEADER}\n${`x\n${timeless}`.repeat(11_000)}`;
      for (const [name, text] of Object.entries({ long, short })) await place.file(`${name}.log.gz`, gzipped(text));
      expect(await place.pipeline.ingest([join(place.directory, 'logs')])).toMatchObject({ quarantined: 25_150, failures: [] });
      expect((await place.quarantine.list()).byCode.map(({ count }) => count)).toEqual([14_150, 11_000]);
      expect(await place.quarantine.retry()).toEqual({ retried: 25_150, resolved: 0, filtered: 0, quarantined: 25_150 });
    } finally {
      await place.close();
      await rm(place.directory, { recursive: true, force: true });
    }
  });
});

describe('records of days far apart', () => {
  const lists = [[], ...numbers.map((i) => [`a ${i}`, `b ${i}`])];
  const texts = numbers.map((i) => `text ${i}`);
  const shared = new TextEncoder().encode(`\0${texts.map((text) => String.fromCharCode(text.length) + text).join('')}`);
  const ends = new Uint32Array(COUNT + 1);
  ends[0] = 1;
  for (const i of numbers) ends[i + 1] = ends[i]! + 1 + texts[i]!.length;
  const ids = Uint32Array.from(numbers, (i) => i + 1);
  const batch = batchOf([
    ['start', { type: "DateTime('UTC')", values: Uint32Array.from(numbers, (i) => 1_200_000_000 + (i % 6000) * 86_400) }],
    ['text', textColumn(texts)],
    ['list', { type: 'Array(String)', ids, lists }],
    ['shared', { type: 'SharedString', ids, texts: { bytes: shared, ends }, count: COUNT + 1 }],
  ]);
  const parts = cutByDays(batch);

  it('are cut in parts that have their own texts only', () => {
    const size = (one: Batch): number => encodeBlock(one).pieces.reduce((sum, piece) => sum + piece.length, 0);
    expect(parts.length).toBeGreaterThan(100);
    expect(parts.reduce((sum, part) => sum + part.rows, 0)).toBe(COUNT);
    expect(parts.reduce((sum, part) => sum + size(part), 0)).toBeLessThan(2 * size(batch));
  });

  it('keep their texts', () => {
    const part = parts[57]!;
    const column = <T extends Column['type']>(name: string, type: T): Extract<Column, { type: T }> => {
      const found = part.columns.get(name);
      if (found?.type !== type) throw new Error(`${name} is no ${type}`);
      return found as Extract<Column, { type: T }>;
    };
    const text = column('text', 'LowCardinality(String)');
    const list = column('list', 'Array(String)');
    const same = column('shared', 'SharedString');
    expect([text.dictionary[0], list.lists[0], textAt(same.texts, 0).length]).toEqual(['', [], 0]);
    const read = Array.from({ length: part.rows }, (_, row) => {
      const i = text.dictionary[text.ids[row]!]!.slice('text '.length);
      expect(list.lists[list.ids[row]!]).toEqual([`a ${i}`, `b ${i}`]);
      expect(new TextDecoder().decode(textAt(same.texts, same.ids[row]!))).toBe(`text ${i}`);
      return Number(i);
    });
    expect(new Set(read.map((i) => Math.floor((i % 6000) / 32)))).toEqual(new Set([57]));
  });
});

it('a delivery whose records change their format with each segment', async () => {
  const turns = 3000;
  const place = await openPlace({ batchRows: 20_000, workers: 1 });
  const turn = (flow: string, i: number) => `${document('flows', [flow])}\n${document('trail', [JSON.stringify(event(`e${i}`, START))])}`;
  const bytes = Buffer.from(lines(turns).trimEnd().split('\n').map(turn).join('\n'));
  const origin = { sourceName: '', sourceCategory: '', sourceHost: '', collector: '' };
  const common = { source: 's', name: 'd', origin, settings: DEFAULT_RECORD_SETTINGS };
  const { counts } = await place.pipeline.take({ ...common, id: 'd', size: bytes.length, content: { bytes } });
  expect(counts).toMatchObject({ records: 2 * turns, stored: 2 * turns });
  expect(place.pipeline.load.batches).toBe(1);
  expect(await place.rows('SELECT (SELECT count() FROM bartizan.vpc_flow), (SELECT uniqExact(event_id) FROM bartizan.cloudtrail)')).toEqual([[turns, turns]]);
  await place.close();
});
