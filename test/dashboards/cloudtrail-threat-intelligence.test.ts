/** Every panel of Threat Intelligence against numbers computed here from the events and the indicators that held for them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Check, details, hourly, topOfParts } from './event-checks.ts';
import { counts, type EventFixture, isHighThreat, openEventFixture, placeOf, threatOf } from './event-fixture.ts';
import type { TrailEvent } from './events.ts';
import { expectGroups, expectNamed, type Key, type PanelEvent, PLACE } from './fixture.ts';

const ID = 'cloudtrail-threat-intelligence';

let fixture: EventFixture;
let panels: Map<string, PanelEvent>;
beforeAll(async () => {
  fixture = await openEventFixture(33);
  panels = await fixture.run(ID);
});
afterAll(() => fixture.close());

const list = (texts: readonly string[] | undefined): Key => texts?.join(', ') || null;
/** Most sign-ins that fail have no error code. */
const result = (e: TrailEvent): Key => e.record.errorCode ?? (e.outcome === 'failure' ? 'Failure' : 'Success');
/** An insight goes by the name of the calls that it is about. */
const nameOf = (e: TrailEvent): Key => e.name || 'CreateUser';
const updated = (e: TrailEvent): Key => (threatOf(e)?.updated ?? 0) * 1000;

const CHECKS: Readonly<Record<string, Check>> = {
  'threat-map': (panel, events) =>
    expectGroups(
      panel,
      [...PLACE, 'labels', 'actor', 'confidence', 'updated', '_count'],
      counts(events, isHighThreat, (e) => [...placeOf(e), list(threatOf(e)?.labels), list(threatOf(e)?.actors), 'high', updated(e)]),
    ),
  'threats-over-time': hourly('result', isHighThreat, result),
  'threats-by-result': topOfParts(['eventName', 'result', '_count'], isHighThreat, (e) => [nameOf(e), result(e)]),
  'threats-by-ip': topOfParts(['eventName', 'src_ip', '_count'], isHighThreat, (e) => [nameOf(e), e.record.sourceIPAddress]),
  'threats-by-actor': (panel, events) =>
    expectNamed(
      panel,
      ['actor', '_count'],
      counts(events, isHighThreat, (e) => [list(threatOf(e)?.actors) ?? 'Unassigned']),
      10,
    ),
  'threat-events': details(
    ['userName', 'src_ip', 'eventName', 'awsRegion', 'result', 'confidence', 'labels', 'malware_families', 'updated'],
    isHighThreat,
    (e) => {
      const found = threatOf(e);
      const said = [found?.confidence ?? null, list(found?.labels), list(found?.malware), updated(e)];
      return [[e.actor, e.record.sourceIPAddress, nameOf(e), e.record.awsRegion, result(e), ...said]];
    },
  ),
};

test.each(Object.entries(CHECKS))('%s', (id, check) => {
  expect(panels.get(id)?.state).toBe('data');
  check(panels.get(id), fixture.events);
});

test('each panel has its numbers here', () => {
  expect([...panels.keys()].toSorted()).toEqual(Object.keys(CHECKS).toSorted());
});

test('results are told apart: successes, failures without a code, codes', () => {
  const at = panels.get('threats-by-result')?.columns.findIndex((c) => c.name === 'result') as number;
  const results = new Set(panels.get('threats-by-result')?.rows.map((row) => row[at]));
  expect([...results]).toEqual(expect.arrayContaining(['Success', 'Failure', 'LoginFailed', 'AccessDenied']));
});

test.each([
  ['an indicator of less confidence', '198.51.100.9'],
  ['an indicator that held before the window', '8.8.8.8'],
  ['an address of the inside', '10.0.0.5'],
])('%s is on no panel', async (_, address) => {
  expect(fixture.events.some((e) => e.record.sourceIPAddress === address)).toBe(true);
  const none = await fixture.run(ID, { filters: [{ field: 'src_ip', values: [address] }] });
  expect([...none].map(([id, panel]) => [id, panel.state])).toEqual([...none.keys()].map((id) => [id, 'no-match']));
});
