/** Every panel of the overview of CloudTrail against numbers computed here from the list of events, through the HTTP API. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { panelsOf } from '../../src/dashboards/plan.ts';
import {
  allOf,
  calls,
  counts,
  DAY,
  denied,
  type EventFixture,
  expectEventBuckets,
  hour,
  isHighThreat,
  isTestTrail,
  type KeepEvent,
  openEventFixture,
  placeOf,
  succeeded,
} from './event-fixture.ts';
import { EC2, IAM, makeEvents, moved, SIGN_IN, type TrailEvent } from './events.ts';
import { expectGroups, expectSame, expectTopOfParts, type PanelEvent, PLACE, rowsOf } from './fixture.ts';

const ID = 'cloudtrail-overview';
const isLogin = calls(SIGN_IN, 'ConsoleLogin');
const isFailedLogin: KeepEvent = (e) => isLogin(e) && e.outcome === 'failure';

/** Within one hour, of an address that is a threat: more sign-ins fail than is usual. */
function burst(): TrailEvent[] {
  const failures = makeEvents(9, 2000, DAY.from, DAY.to).filter((e) => isFailedLogin(e) && e.record.sourceIPAddress === '203.0.113.7');
  const at = Math.floor(DAY.to / 3600) * 3600 - 3 * 3600;
  return Array.from({ length: 90 }, (_, i) => moved(failures[i % failures.length] as TrailEvent, at + i * 30, `burst-${i}`));
}

let fixture: EventFixture;
let panels: Map<string, PanelEvent>;
beforeAll(async () => {
  fixture = await openEventFixture(31, burst());
  panels = await fixture.run(ID);
});
afterAll(() => fixture.close());

type Check = (panel: PanelEvent | undefined, events: readonly TrailEvent[]) => void;

const single =
  (keep: KeepEvent): Check =>
  (panel, events) =>
    expectEventBuckets(panel, events, keep);
const iam = (name: string) => single(allOf(calls(IAM, name), succeeded));

/** Hours with the mean and the deviation of the ten before; above three of them is an outlier. The newest is not judged. */
function outlier(keep: KeepEvent): Check {
  return (panel, events) => {
    const groups = counts(events, keep, (e) => [hour(e)]);
    const hours = Array.from({ length: 25 }, (_, i) => Math.floor(DAY.from / 3600) * 3_600_000 + i * 3_600_000);
    const values = hours.map((at) => groups.get(JSON.stringify([at])) ?? 0);
    const rows = rowsOf(panel, [
      '_timeslice',
      '_count',
      '_count_mean',
      '_count_std',
      '_count_error',
      '_count_lower',
      '_count_upper',
      '_count_indicator',
      '_count_violation',
    ]);
    expect(rows.map((row) => row.slice(0, 2))).toEqual(hours.map((at, i) => [at, values[i]]));
    rows.forEach((row, i) => {
      const before = values.slice(Math.max(0, i - 10), i);
      if (before.length < 2 || i === 24) {
        expect(row.slice(2)).toEqual([null, null, null, null, null, 0, 0]);
        return;
      }
      const mean = before.reduce((sum, n) => sum + n, 0) / before.length;
      const std = Math.sqrt(before.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (before.length - 1));
      const value = values[i] as number;
      const expected = [mean, std, value - mean, mean - 3 * std, mean + 3 * std];
      row.slice(2, 7).forEach((cell, k) => {
        expect(cell).toBeCloseTo(expected[k] as number, 6);
      });
      expect(row.slice(7)).toEqual(value > mean + 3 * std ? [1, 1] : [0, 0]);
    });
  };
}

const CHECKS: Readonly<Record<string, Check>> = {
  'read-only-events': single((e) => e.readOnly === 'true'),
  'non-read-only-events': single((e) => e.readOnly === 'false'),
  'created-users': iam('CreateUser'),
  'deleted-users': iam('DeleteUser'),
  'created-roles': iam('CreateRole'),
  'deleted-roles': iam('DeleteRole'),
  'created-access-keys': iam('CreateAccessKey'),
  'deleted-access-keys': iam('DeleteAccessKey'),
  'added-user-to-group': iam('AddUserToGroup'),
  'removed-user-from-group': iam('RemoveUserFromGroup'),
  'login-locations': (panel, events) => expectGroups(panel, [...PLACE, '_count'], counts(events, isLogin, placeOf)),
  'failed-login-outlier': outlier(isFailedLogin),
  'potential-threats': single(isHighThreat),
  'threats-over-time': (panel, events) =>
    expectSame(
      panel,
      ['_timeslice', '_count'],
      counts(events, isHighThreat, (e) => [hour(e)]),
    ),
  'threat-outlier': outlier(isHighThreat),
  'unauthorized-requests': (panel, events) =>
    expectTopOfParts(
      panel,
      ['userName', 'errorCode', '_count'],
      counts(events, denied, (e) => [e.actor, e.record.errorCode ?? null]),
      10,
    ),
};

describe('every panel', () => {
  test.each(Object.entries(CHECKS))('%s', (id, check) => {
    expect(panels.get(id)?.state).toBe('data');
    check(panels.get(id), fixture.events);
  });

  test('none is left out, and titles are those of the source', () => {
    const dashboard = fixture.server.deps.dashboards.find((d) => d.id === ID);
    expect(dashboard && panelsOf(dashboard).map((p) => p.id)).toEqual(Object.keys(CHECKS));
    expect([dashboard?.title, dashboard?.app, dashboard?.window]).toEqual([
      'AWS CloudTrail – Security Monitoring – Overview',
      'AWS CloudTrail – Cloud Security Monitoring and Analytics',
      86_400,
    ]);
  });

  test('the burst is an outlier of both lines, and no hour behind it is one', () => {
    for (const id of ['failed-login-outlier', 'threat-outlier']) {
      const marked = rowsOf(
        panels.get(id),
        (panels.get(id)?.columns ?? []).map((c) => c.name),
      ).filter((row) => row.at(-2) === 1);
      expect([id, marked.at(-1)?.[0]]).toEqual([id, Math.floor(DAY.to / 3600) * 3_600_000 - 3 * 3_600_000]);
    }
  });
});

/** Groups that a panel would show if it counted what it must not. */
const TWINS: readonly (readonly [string, string, KeepEvent])[] = [
  ['a failed CreateUser', 'created-users', (e) => calls(IAM, 'CreateUser')(e) && e.outcome === 'failure'],
  ['a CreateUser of another service', 'created-users', (e) => e.name === 'CreateUser' && e.record.eventSource !== IAM],
  ['an insight about CreateUser', 'created-users', (e) => e.record.eventType === 'AwsCloudTrailInsight'],
  ['a failed DeleteAccessKey', 'deleted-access-keys', (e) => calls(IAM, 'DeleteAccessKey')(e) && e.outcome === 'failure'],
  ['a role of another service', 'created-roles', (e) => e.name === 'CreateRole' && e.record.eventSource !== IAM],
  ['a group of another service', 'added-user-to-group', (e) => e.name === 'AddUserToGroup' && e.record.eventSource !== IAM],
  ['a group of another service, left', 'removed-user-from-group', (e) => e.name === 'RemoveUserFromGroup' && e.record.eventSource !== IAM],
  ['a second factor that failed', 'failed-login-outlier', (e) => e.name === 'CheckMfa' && e.outcome === 'failure'],
  ['an error that only looks like a denial', 'unauthorized-requests', (e) => /^(Unauthorized.*Exceeded|KMSAccessDenied)/.test(String(e.record.errorCode))],
  ['a refusal by the policy of a VPC endpoint', 'unauthorized-requests', (e) => e.record.errorCode === 'VpceAccessDenied'],
  ['a threat of medium confidence', 'potential-threats', (e) => e.record.sourceIPAddress === '198.51.100.9'],
  ['a service that made the request', 'login-locations', (e) => e.record.sourceIPAddress === 'autoscaling.amazonaws.com' && !isLogin(e)],
];

test.each(TWINS)('%s is in the events and not in %s', async (_, panel, twin) => {
  const ids = fixture.events.filter(twin).map((e) => e.record.eventID);
  expect(ids.length).toBeGreaterThan(0);
  const alone = await fixture.run(ID, { panels: [panel], filters: [{ field: 'eventID', values: ids.slice(0, 200) }] });
  const { state, rows = [] } = alone.get(panel) ?? {};
  expect([state, rows.filter((row) => row.some((cell, i) => alone.get(panel)?.columns[i]?.name === '_count' && Number(cell) > 0))]).toEqual([
    expect.stringMatching(/no-match|data/),
    [],
  ]);
});

describe('a filter of the dashboard holds for every panel', () => {
  const cases: readonly (readonly [string, object, KeepEvent])[] = [
    ['account', { field: 'recipientAccountId', values: ['111122223333'] }, (e) => e.account === '111122223333'],
    ['region', { field: 'awsRegion', values: ['us-*'] }, (e) => e.record.awsRegion === 'us-east-1'],
    ['user', { field: 'userName', values: ['ann', 'root'], negate: true }, (e) => !['ann', 'root'].includes(e.actor)],
    ['source IP', { field: 'src_ip', values: ['203.0.113.0/24', '2001:db8::/48'] }, (e) => ['203.0.113.7', '2001:db8::5'].includes(e.record.sourceIPAddress)],
    ['event source', { field: 'eventSource', values: [EC2], negate: true }, (e) => e.record.eventSource !== EC2],
    ['scope', { field: '_sourceCategory', values: ['test/*'] }, isTestTrail],
  ];
  test.each(cases)('%s', async (_, filter, keep) => {
    const filtered = await fixture.run(ID, { filters: [filter] });
    const events = fixture.events.filter(keep);
    for (const [id, check] of Object.entries(CHECKS)) check(filtered.get(id), events);
  });

  test('event name', async () => {
    const filtered = await fixture.run(ID, { filters: [{ field: 'eventName', values: ['CreateUser'] }] });
    const events = fixture.events.filter((e) => e.name === 'CreateUser');
    for (const id of ['created-users', 'non-read-only-events', 'unauthorized-requests']) CHECKS[id]?.(filtered.get(id), events);
    expect(filtered.get('login-locations')?.state).toBe('no-match');
  });
});
