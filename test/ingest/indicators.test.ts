/** Records are matched with indicators as they are stored: by every thread, at once after a change, and after a restart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildIndex, LiveIndicators } from '../../src/ingest/live-indicators.ts';
import type { Indicator } from '../../src/model/indicator.ts';
import { type Indicators, openIndicators } from '../../src/store/indicators.ts';
import { indicatorOf } from '../indicator.ts';
import { HEADER, openPlace, type Place, START } from './helpers.ts';

const of = (value: string, more: Partial<Indicator> = {}) => indicatorOf(value, { confidence: 50, ...more });

let directory: string;
let place: Place;
let indicators: Indicators;
let live: LiveIndicators;

async function open(): Promise<void> {
  place = await openPlace({ directory, workers: 2, batchRows: 50 });
  indicators = await openIndicators({ ...place, folder: join(directory, 'indicators') });
  await place.pipeline.matchWith(await buildIndex(await indicators.index()));
  live = new LiveIndicators({
    read: () => indicators.index(),
    use: (index) => place.pipeline.matchWith(index),
    onError: (error) => {
      throw error;
    },
    waitMs: 5,
  });
  indicators.onChange(() => live.changed());
}
async function close(): Promise<void> {
  await live.close();
  await indicators.close();
  await place.close();
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bartizan-matched-'));
  await open();
});
afterEach(async () => {
  await close();
  await rm(directory, { recursive: true, force: true });
});

const line = (from: string, to: string, start = START, end = start + 30): string =>
  `2 123456789012 eni-a ${from} ${to} 1024 443 6 1 40 ${start} ${end} ACCEPT OK`;
const ingest = async (name: string, records: readonly string[]) => place.pipeline.ingest([await place.file(name, `${HEADER}\n${records.join('\n')}\n`)]);
/** Rows by file: the values of the indicators of both ends. */
const matched = async (name: string) =>
  place.rows(
    `SELECT value(src_indicator) AS s, value(dst_indicator) AS d, count() FROM (
      SELECT src_indicator, dst_indicator FROM bartizan.vpc_flow WHERE source_name LIKE '%/${name}') GROUP BY s, d ORDER BY s, d`.replaceAll(
      /value\((\w+)\)/g,
      "dictGet('bartizan.indicator_by_number', 'value', $1)",
    ),
  );

it('both ends, addresses and blocks, at the record’s time; internal ones never', async () => {
  await indicators.apply(
    'a',
    [of('198.51.100.1'), of('203.0.113.0/24'), of('2001:db8::/32'), of('10.0.0.0/8'), of('192.0.2.1', { validFrom: START, validUntil: START + 10 })],
    { at: START, complete: true },
  );
  await live.settled();
  await ingest('a.log', [
    ...Array.from({ length: 120 }, (_, i) => line(`198.51.100.${i % 3}`, '10.0.0.1')),
    line('10.0.0.1', '203.0.113.77'),
    line('2001:db8::5', '203.0.113.1'),
    line('192.0.2.1', '10.0.0.1', START - 1),
    line('192.0.2.1', '10.0.0.1', START + 9),
    line('192.0.2.1', '10.0.0.1', START + 10),
    `2 123456789012 eni-a - - - - - - - ${START} ${START + 60} - NODATA`,
  ]);
  expect(await matched('a.log')).toEqual([
    ['', '', 82],
    ['', '203.0.113.0/24', 1],
    ['192.0.2.1', '', 1],
    ['198.51.100.1', '', 40],
    ['2001:db8::/32', '203.0.113.0/24', 1],
  ]);
});

it('what changes is used by all threads for what comes next, and what is stored stays as it is', async () => {
  const both = async (name: string) => {
    // What was stored once is not read again.
    const records = Array.from({ length: 200 }, () => line('198.51.100.1', '10.0.0.1').replace('eni-a', `eni-${name}`));
    await Promise.all([ingest(`${name}1.log`, records), ingest(`${name}2.log`, [...records, line('9.9.9.9', '10.0.0.1')])]);
    return [await matched(`${name}1.log`), await matched(`${name}2.log`)];
  };
  expect(await both('none')).toEqual([[['', '', 200]], [['', '', 201]]]);
  await indicators.apply('a', [of('198.51.100.1')], { at: START, complete: true });
  await live.settled();
  expect(await both('some')).toEqual([
    [['198.51.100.1', '', 200]],
    [
      ['', '', 1],
      ['198.51.100.1', '', 200],
    ],
  ]);
  await indicators.allow('', ['198.51.100.0/24']);
  await live.settled();
  expect(await both('allowed')).toEqual([[['', '', 200]], [['', '', 201]]]);
  await indicators.allow('', []);
  await indicators.apply('a', [of('9.9.9.9')], { at: START + 1, complete: true });
  await live.settled();
  expect(await both('other')).toEqual([
    [['', '', 200]],
    [
      ['', '', 200],
      ['9.9.9.9', '', 1],
    ],
  ]);
  // What a feed dropped is still told of the flows that it matched.
  expect(await matched('some1.log')).toEqual([['198.51.100.1', '', 200]]);
});

it('a restart goes on with what is stored, and so does a record that is read again', async () => {
  const odd = await place.file('odd.log', `10.0.0.1 198.51.100.1 ACCEPT ${START} ${START + 60}\n`);
  await place.pipeline.ingest([odd]);
  const [held] = (await place.quarantine.list()).records;
  await indicators.apply('a', [of('198.51.100.1', { confidence: 10 })], { at: START, complete: true });
  await indicators.apply('b', [of('198.51.100.0/28', { confidence: 80 })], { at: START, complete: true });
  await close();
  await open();
  await ingest('a.log', [line('198.51.100.1', '10.0.0.1'), line('198.51.100.16', '10.0.0.1')]);
  expect(await matched('a.log')).toEqual([
    ['', '', 1],
    ['198.51.100.0/28', '', 1],
  ]);
  expect(await place.quarantine.retry([held?.id ?? ''], 'dstaddr srcaddr action start end')).toMatchObject({ resolved: 1 });
  expect(await matched('odd.log')).toEqual([['198.51.100.0/28', '', 1]]);
});

it('whoever waits for it is answered when nothing unmatched is on its way', async () => {
  const records = Array.from({ length: 3000 }, (_, i) => line('198.51.100.1', `10.0.${i >> 8}.${i & 255}`));
  const file = await place.file('long.log', `${HEADER}\n${records.join('\n')}\n`);
  const running = place.pipeline.ingest([file]);
  await indicators.apply('a', [of('198.51.100.1')], { at: START, complete: true });
  await live.settled();
  // What is stored from here on is matched.
  const [[before] = [0]] = await place.rows('SELECT countIf(src_indicator = 0) FROM bartizan.vpc_flow');
  await running;
  expect(await place.rows('SELECT countIf(src_indicator = 0), count() FROM bartizan.vpc_flow')).toEqual([[before, 3000]]);
});
