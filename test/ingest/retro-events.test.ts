/** What indicators that became known later find in stored events, counted event by event. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AddressBackfill } from '../../src/ingest/address-backfill.ts';
import { RetroHunts } from '../../src/ingest/retro-hunts.ts';
import { event, trail } from './events.ts';
import { openPlace, type Place } from './helpers.ts';
import { DAY, foundIn, MIDNIGHT, putIndicators } from './retro.ts';

const KNOWN = Math.floor(Date.now() / 1000) + 2 * DAY;
const day = MIDNIGHT / DAY;
let place: Place;
let hunts: RetroHunts;

beforeEach(async () => {
  place = await openPlace({ batchRows: 1000 });
  const { store, metadata } = place;
  let ticks = KNOWN;
  const backfill = await AddressBackfill.open({ store, metadata, now: () => ticks++ });
  hunts = await RetroHunts.open({ store, metadata, backfill, internalNetworks: [], allowed: async () => [], repairing: () => 0, now: () => KNOWN });
});
afterEach(async () => {
  await hunts.close();
  await place.close();
});

async function hunt(): Promise<void> {
  await hunts.add({ feed: 'test', fresh: 0, known: 0 });
  hunts.start();
  await hunts.settled();
  expect(hunts.status).toMatchObject({ state: 'idle', last: { state: 'done' } });
}

const indicator = (number: string, value: string, more = {}) => ({ number, value, confidence: 90, validFrom: 0, validUntil: 0, imported: KNOWN, ...more });
const denied = { errorCode: 'AccessDenied', errorMessage: 'no' };

it('finds calls of an address, those that failed apart, and nothing beside it', async () => {
  await place.file(
    'a.json.gz',
    trail([
      event('one', MIDNIGHT + 10),
      event('two', MIDNIGHT + 20, denied),
      event('six', MIDNIGHT + DAY, { sourceIPAddress: '2001:db8::7' }),
      // Nothing of these may be found: another address, a service, an address inside.
      event('other', MIDNIGHT + 30, { sourceIPAddress: '198.51.100.8' }),
      event('service', MIDNIGHT + 30, { sourceIPAddress: 'ec2.amazonaws.com' }),
      event('inside', MIDNIGHT + 30, { sourceIPAddress: '10.0.0.1' }),
    ]),
  );
  await place.pipeline.ingest([`${place.directory}/logs`]);
  await putIndicators(place.store, [indicator('42', '198.51.100.7'), indicator('43', '2001:db8::/48'), indicator('44', '10.0.0.0/8')]);
  await hunt();
  expect(await foundIn(place.store)).toEqual([
    `42 198.51.100.7 ${day} cloudtrail 90 1 1 0 ${MIDNIGHT + 10} ${MIDNIGHT + 20}`,
    `43 2001:db8::7 ${day + 1} cloudtrail 90 1 0 0 ${MIDNIGHT + DAY} ${MIDNIGHT + DAY}`,
  ]);
});

it('counts an event once that came twice, and leaves out what the validity leaves out', async () => {
  const records = [event('one', MIDNIGHT + 10), event('two', MIDNIGHT + 3600), event('three', MIDNIGHT + 7200, denied)];
  await place.file('a.json.gz', trail(records));
  // Another trail has the same events, and one of its own.
  await place.file('b.json.gz', trail([...records, event('four', MIDNIGHT + 7300)]));
  await place.pipeline.ingest([`${place.directory}/logs`]);
  expect(await place.rows('SELECT count() FROM bartizan.cloudtrail')).toEqual([[4]]);
  await putIndicators(place.store, [indicator('42', '198.51.100.7', { validFrom: MIDNIGHT + 3600, validUntil: MIDNIGHT + 7300 })]);
  await hunt();
  expect(await foundIn(place.store)).toEqual([`42 198.51.100.7 ${day} cloudtrail 90 1 1 0 ${MIDNIGHT + 3600} ${MIDNIGHT + 7200}`]);
});

it('keeps flows and events of one address apart', async () => {
  await place.file('a.json.gz', trail([event('one', MIDNIGHT + 10)]));
  await place.file('b.log', `start srcaddr dstaddr bytes action\n${MIDNIGHT + 9} 198.51.100.7 10.0.0.1 7 REJECT\n`);
  await place.pipeline.ingest([`${place.directory}/logs`]);
  await putIndicators(place.store, [indicator('42', '198.51.100.0/24')]);
  await hunt();
  expect(await foundIn(place.store)).toEqual([
    `42 198.51.100.7 ${day} cloudtrail 90 1 0 0 ${MIDNIGHT + 10} ${MIDNIGHT + 10}`,
    `42 198.51.100.7 ${day} vpc_flow 90 0 1 7 ${MIDNIGHT + 9} ${MIDNIGHT + 9}`,
  ]);
});
