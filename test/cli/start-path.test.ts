/** Where the link that is printed after an ingest leads. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startPath } from '../../src/cli/start-path.ts';
import { Dashboard } from '../../src/dashboards/schema.ts';
import { event, trail } from '../ingest/events.ts';
import { HEADER, openPlace, type Place } from '../ingest/helpers.ts';

const MORNING = Date.UTC(2026, 2, 10, 7) / 1000;
const dashboard = (id: string, query: string) =>
  Dashboard.parse({
    ...{ id, title: id, description: 'D.', useCase: 'D.', app: 'Test' },
    sections: [{ id: 's', title: 'S', panels: [{ id: 'p', title: 'P', description: 'D.', kind: 'table', query }] }],
  });
const DASHBOARDS = [
  dashboard('cloudtrail-access', '_index=cloudtrail | count by userName'),
  dashboard('cloudtrail-overview', '_index=cloudtrail | count by eventName'),
  dashboard('vpc-overview', '_index=vpc_flow | count by action'),
];

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

const flow = (start: number) => `2 123456789012 eni-1 198.51.100.7 10.0.0.1 1 443 6 1 40 ${start} ${start + 60} ACCEPT OK\n`;
const opened = async (dashboards = DASHBOARDS) => {
  const summary = await place.pipeline.ingest([join(place.directory, 'logs')], { again: true });
  return decodeURIComponent(await startPath(place.store, summary, dashboards));
};

it('opens on the last full day of events where there are events alone', async () => {
  await place.file('a.json.gz', trail([event('one', MORNING - 3 * 86_400), event('two', MORNING)]));
  expect(await opened()).toBe('/dashboards/cloudtrail-overview?from=2026-03-09T00:00:00.000Z&to=2026-03-10T00:00:00.000Z');
  // A search where no dashboard reads events.
  expect(await opened(DASHBOARDS.slice(2))).toBe('/search?from=2026-03-09T00:00:00.000Z&to=2026-03-10T00:00:00.000Z&q=_index=cloudtrail');
});

it('opens on the last full hour of flows, also where events are younger', async () => {
  await place.file('a.log', `${HEADER}\n${flow(MORNING - 7200)}${flow(MORNING + 60)}`);
  await place.file('b.json.gz', trail([event('one', MORNING + 5 * 86_400)]));
  expect(await opened()).toBe('/dashboards/vpc-overview?from=2026-03-10T06:00:00.000Z&to=2026-03-10T07:00:00.000Z');
});

it('opens the page where nothing was stored', async () => {
  await place.file('a.log', 'nothing of it is a record\n');
  expect(await opened()).toBe('/');
});
