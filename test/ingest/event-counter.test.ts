/** Counters tell events from flows, and copies of events that are stored from what is new: over small batches, sources and days. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { random } from '../../bench/flows.ts';
import type { Outcome } from '../../src/collect/delivery.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/model/source.ts';
import { event, type Json, trail } from './events.ts';
import { openPlace, type Place, START } from './helpers.ts';

let place: Place;
beforeAll(async () => {
  place = await openPlace({ batchRows: 150 });
});
afterAll(() => place.close());

const ACCOUNTS = ['123456789012', '210987654321'];
const REGIONS = ['eu-central-1', 'us-east-1'];

/** Flows of the same accounts and hour, without bytes in their layout: only their dataset tells what they are. */
function flows(next: () => number): Uint8Array {
  const pick = (n: number) => Math.floor(next() * n);
  const lines = Array.from({ length: 40 }, () => {
    const start = START + pick(3600);
    return `${REGIONS[pick(2)]} ${ACCOUNTS[pick(2)]} eni-1 10.0.0.${pick(200)} 10.1.0.1 ${start} ${start + pick(600)} ACCEPT OK`;
  });
  return new TextEncoder().encode(`region account-id interface-id srcaddr dstaddr start end action log-status\n${lines.join('\n')}\n`);
}

it('tells events from flows, and copies of events that are stored from what is new, over sources and years', async () => {
  const next = random(23);
  const pick = (n: number) => Math.floor(next() * n);
  const DAY = 86_400;
  // Events of an hour, and some of each of forty days: a batch of them is stored in parts.
  const known = Array.from({ length: 400 }, (_, i) =>
    event(`counted-${i}`, START - (i < 250 ? pick(3600) : (i % 40) * DAY), { recipientAccountId: ACCOUNTS[i % 2], awsRegion: REGIONS[i % 2] }),
  );
  const some = (from: number, to: number) => known.slice(from, to).sort((a, b) => String(a.eventID).localeCompare(String(b.eventID)));
  const files: [string, ...Json[][]][] = [
    ['one', known.slice(0, 200)],
    ['two', known.slice(100, 300), known.slice(120, 140)],
    ['one', [...known.slice(290), ...known.slice(395), { ...known[0], eventTime: undefined }]],
    ['three', known.filter((_, i) => i % 40 < 39)],
    ['two', some(0, 400)],
  ];
  const outcomes: Outcome[] = [];
  for (const [i, [source, ...lists]] of files.entries()) {
    const origin = { sourceName: `request ${i}`, sourceCategory: source, sourceHost: '', collector: '' };
    const deliver = (id: string, bytes: Uint8Array) =>
      place.pipeline.take({ id, source, name: id, size: 0, content: { bytes }, origin, settings: DEFAULT_RECORD_SETTINGS });
    outcomes.push(...(await Promise.all(lists.map((records, n) => deliver(`events ${i} ${n}`, trail(records))))));
    outcomes.push(await deliver(`flows ${i}`, flows(next)));
  }
  const tables = ['vpc_flow', 'vpc_flow_status', 'cloudtrail'].map(
    (table) =>
      `SELECT source_category AS source, '${table === 'cloudtrail' ? 'events' : 'flows'}' AS what, account_id, region, toStartOfFiveMinutes(start) AS bucket FROM bartizan.${table}`,
  );
  const expected = await place.rows(`SELECT source, what, account_id, region, bucket, count() FROM (${tables.join(' UNION ALL ')}) GROUP BY ALL ORDER BY ALL`);
  const counted = `SELECT source, kind, account, region, start, sum(records + nodata + skipdata) AS n FROM bartizan.ingest_counter WHERE lag != 255 GROUP BY ALL HAVING n > 0 ORDER BY ALL`;
  expect(await place.rows(counted)).toEqual(expected);
  expect((await place.rows('SELECT count(), uniqExact(event_id) FROM bartizan.cloudtrail'))[0]).toEqual([400, 400]);

  const sum = (name: keyof (typeof outcomes)[0]['counts']) => outcomes.reduce((total, { counts }) => total + counts[name], 0);
  const said = ['stored', 'nodata', 'skipdata', 'duplicates', 'filtered', 'quarantined'] as const;
  expect(said.reduce((total, name) => total + sum(name), 0)).toBe(sum('records'));
  expect(sum('duplicates')).toBe(files.flatMap(([, ...lists]) => lists.flat()).length - 1 - 400);
  expect(await place.rows(`SELECT ${said.map((name) => `sum(${name === 'stored' ? 'records' : name})`).join(', ')} FROM bartizan.ingest_counter`)).toEqual([
    said.map(sum),
  ]);
  // Copies stand where the events do: by account and time, with who brought them again.
  const copies =
    "SELECT source, uniqExact(account) FROM bartizan.ingest_counter WHERE duplicates > 0 AND dataset = 'cloudtrail' GROUP BY source ORDER BY source";
  expect(await place.rows(copies)).toEqual([
    ['one', 2],
    ['three', 2],
    ['two', 2],
  ]);
  await place.store.command({ text: 'OPTIMIZE TABLE bartizan.ingest_counter FINAL', params: {} });
  expect(await place.rows(counted)).toEqual(expected);
});
