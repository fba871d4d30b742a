/** Deliveries whose records change their format again and again: their batches fill as those of others do, and the ledger has what is stored. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { event } from './events.ts';
import { document, lines, openPlace, type Place, type PlaceOptions, START } from './helpers.ts';

let place: Place;
const open = async (options: PlaceOptions) => {
  place = await openPlace(options);
};
afterEach(() => place.close());

const push = (id: string, text: string) => {
  const bytes = Buffer.from(text);
  const origin = { sourceName: id, sourceCategory: '', sourceHost: '', collector: '' };
  return place.pipeline.take({ id, source: 's', name: id, size: bytes.length, content: { bytes }, origin, settings: DEFAULT_RECORD_SETTINGS });
};
const flows = (count: number, seed: number) => document('flows', lines(count, seed).trimEnd().split('\n'));
const events = (...ids: readonly string[]) =>
  document(
    'trail',
    ids.map((id) => JSON.stringify(event(id, START))),
  );
const total = async (table: string) => Number((await place.rows(`SELECT count() FROM bartizan.${table}`))[0]?.[0]);

it('keeps apart what is whose in a batch of several formats', async () => {
  await open({ batchRows: 20_000, workers: 1 });
  await push('known', events('a1', 'b2', 'b3'));
  const before = place.pipeline.load.batches;
  const broken = document('trail', ['{"eventVersion":broken}']);
  const mixed = (name: string) =>
    [flows(3, 1), events(`${name}1`, `${name}2`), 'no record of any format\n', flows(4, 2), events(`${name}3`), broken].join('\n');
  const all = { flows: flows(10, 3), a: mixed('a'), events: events('x', 'y'), b: mixed('b'), behind: flows(2, 4) };
  const outcomes = await Promise.all(Object.entries(all).map(([id, text]) => push(id, text)));
  expect(place.pipeline.load.batches - before).toBeLessThanOrEqual(3);
  expect(outcomes.map(({ counts: { records, stored, duplicates, quarantined } }) => [records, stored, duplicates, quarantined])).toEqual([
    [10, 10, 0, 0],
    [12, 9, 1, 2],
    [2, 2, 0, 0],
    [12, 8, 2, 2],
    [2, 2, 0, 0],
  ]);
  const names = 'SELECT source_name, count() FROM bartizan';
  expect(await place.rows(`${names}.vpc_flow GROUP BY ALL ORDER BY ALL`)).toEqual([
    ['a', 7],
    ['b', 7],
    ['behind', 2],
    ['flows', 10],
  ]);
  expect(await place.rows(`${names}.cloudtrail WHERE event_id NOT IN ('a1', 'b2', 'b3') GROUP BY ALL ORDER BY ALL`)).toEqual([
    ['a', 2],
    ['b', 1],
    ['events', 2],
  ]);
  expect(await place.rows("SELECT delivery, source_name, layout = 'cloudtrail', count() FROM bartizan.quarantine GROUP BY ALL ORDER BY ALL")).toEqual([
    ['a', 'a', 0, 1],
    ['a', 'a', 1, 1],
    ['b', 'b', 0, 1],
    ['b', 'b', 1, 1],
  ]);
  expect(
    await place.rows('SELECT dataset, sum(records), sum(duplicates), sum(quarantined), sum(deliveries) FROM bartizan.ingest_counter GROUP BY ALL ORDER BY ALL'),
  ).toEqual([
    ['', 0, 0, 4, 6],
    ['cloudtrail', 8, 3, 0, 0],
    ['vpc_flow', 26, 0, 0, 0],
  ]);
});

it('goes on where its reading was stopped, in whatever format that was', async () => {
  await open({ batchRows: 1000 });
  const turns = 10;
  const perTurn = 1500;
  const parts = Array.from({ length: turns }, (_, i) => [`${events(`e${i}`, `f${i}`)}\n`, lines(perTurn, i)]);
  const path = await place.file('mixed.log', parts.flat().join(''));
  let stopped = 0;
  let records = 0;
  for (let files = 0; files === 0; ) {
    const stop = new AbortController();
    const before = place.pipeline.load.batches;
    let over = false;
    const ingest = place.pipeline.ingest([path], { signal: stop.signal }).finally(() => {
      over = true;
    });
    // Later each time, so that it comes to its end.
    while (!over && place.pipeline.load.batches <= before + stopped) await delay(1);
    stop.abort();
    const summary = await ingest;
    ({ files } = summary);
    expect(summary.records - summary.stored).toBe(records);
    ({ records } = summary);
    // What was read is stored, all that goes before and nothing of what follows.
    expect((await total('vpc_flow')) + (await total('cloudtrail'))).toBe(records);
    if (files === 0) stopped++;
  }
  expect(stopped).toBeGreaterThan(0);
  expect(records).toBe(turns * (perTurn + 2));
  expect(await place.rows('SELECT count(), uniqExact(interface_id, srcport, bytes) FROM bartizan.vpc_flow')).toEqual([[turns * perTurn, turns * perTurn]]);
  expect(await place.rows('SELECT count(), uniqExact(event_id) FROM bartizan.cloudtrail')).toEqual([[2 * turns, 2 * turns]]);
});
