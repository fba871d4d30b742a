/** Every panel of Account and System Monitoring against numbers computed here from the list of events. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOW } from '../api/helpers.ts';
import { answered, asked, type Check, called, details, hourly, isCall, topOfParts, WHERE, where } from './event-checks.ts';
import { allOf, type EventFixture, expectEventBuckets, type KeepEvent, openEventFixture, succeeded } from './event-fixture.ts';
import { IAM, type TrailEvent } from './events.ts';
import type { Key, PanelEvent } from './fixture.ts';
import { privilegedEvents } from './privileged-events.ts';

const ID = 'cloudtrail-account-system';

let fixture: EventFixture;
let panels: Map<string, PanelEvent>;
beforeAll(async () => {
  fixture = await openEventFixture(31, privilegedEvents(NOW));
  panels = await fixture.run(ID);
});
afterAll(() => fixture.close());

/** Other services have calls of the same names. */
const iam: KeepEvent = (e) => e.record.eventSource === IAM;
const done = (...names: string[]): KeepEvent => allOf(iam, succeeded, called(...names));

/** The number, and the table of the same title. */
function pair(id: string, keep: KeepEvent, columns: readonly string[], row: (e: TrailEvent) => Key[]): Record<string, Check> {
  return {
    [id]: (panel, events) => expectEventBuckets(panel, events, keep),
    [`${id}-details`]: details(['userName', ...columns, ...WHERE], keep, (e) => [[e.actor, ...row(e), ...where(e)]]),
  };
}

const PASSWORDS = [
  'ChangePassword',
  'CreateLoginProfile',
  'UpdateLoginProfile',
  'DeleteLoginProfile',
  'UpdateAccountPasswordPolicy',
  'DeleteAccountPasswordPolicy',
];
const orSelf = (e: TrailEvent): Key => asked(e, 'userName') ?? e.actor;
const member = (e: TrailEvent): Key[] => [asked(e, 'userName'), asked(e, 'groupName')];
const notReading: KeepEvent = allOf(iam, isCall, (e) => !/^(Get|List|Describe|Generate|Simulate)/.test(e.name));

const CHECKS: Readonly<Record<string, Check>> = {
  'iam-activity': topOfParts(
    ['eventName', 'outcome', '_count'],
    allOf(notReading, (e) => e.readOnly === 'false'),
    (e) => [e.name, e.outcome],
  ),
  'iam-events': hourly('eventName', notReading, (e) => e.name),
  ...pair('created-users', done('CreateUser'), ['created_user'], (e) => [asked(e, 'userName')]),
  ...pair('deleted-users', done('DeleteUser'), ['deleted_user'], (e) => [asked(e, 'userName')]),
  ...pair('created-roles', done('CreateRole'), ['created_role'], (e) => [asked(e, 'roleName')]),
  ...pair('deleted-roles', done('DeleteRole'), ['deleted_role'], (e) => [asked(e, 'roleName')]),
  ...pair('created-keys', done('CreateAccessKey'), ['key_owner', 'created_key'], (e) => [
    answered(e, 'accessKey', 'userName') ?? orSelf(e),
    answered(e, 'accessKey', 'accessKeyId'),
  ]),
  ...pair('deleted-keys', done('DeleteAccessKey'), ['key_owner', 'deleted_key'], (e) => [orSelf(e), asked(e, 'accessKeyId')]),
  // What failed counts too.
  ...pair('passwords', allOf(iam, called(...PASSWORDS)), ['eventName', 'password_of', 'result'], (e) => [
    e.name,
    e.name.endsWith('PasswordPolicy') ? 'account' : orSelf(e),
    e.record.errorCode ?? 'Success',
  ]),
  ...pair('added-to-group', done('AddUserToGroup'), ['member', 'group_name'], member),
  ...pair('removed-from-group', done('RemoveUserFromGroup'), ['member', 'group_name'], member),
};

test.each(Object.entries(CHECKS))('%s', (id, check) => {
  expect(panels.get(id)?.state).toBe('data');
  check(panels.get(id), fixture.events);
});

test('each panel has its numbers here', () => {
  expect([...panels.keys()].toSorted()).toEqual(Object.keys(CHECKS).toSorted());
  expect(panels.size).toBe(20);
});

test('its number and its table are panels of one title', () => {
  const dashboard = fixture.server.deps.dashboards.find((d) => d.id === ID);
  const titles = dashboard?.sections.flatMap((s) => s.panels.map((p) => p.title)) ?? [];
  expect([...Map.groupBy(titles, (t) => t).values()].map((group) => group.length).toSorted()).toEqual([1, 1, ...Array(9).fill(2)]);
});

describe('what is asked for on the dashboard narrows every panel', () => {
  test('a user of whom nothing is known', async () => {
    const none = await fixture.run(ID, { filters: [{ field: 'userName', values: ['nobody'] }] });
    expect([...none].filter(([, panel]) => panel.state !== 'no-match')).toEqual([]);
  });

  const NARROWER: readonly (readonly [field: string, value: string, KeepEvent])[] = [
    ['recipientAccountId', '444455556666', (e) => e.account === '444455556666'],
    ['awsRegion', 'eu-central-1', (e) => e.record.awsRegion === 'eu-central-1'],
    ['userName', 'Admin/ann', (e) => e.actor === 'Admin/ann'],
    ['src_ip', '203.0.113.0/24', (e) => e.record.sourceIPAddress.startsWith('203.0.113.')],
    ['eventSource', 'iam.amazonaws.com', iam],
    ['eventName', '*Password*', (e) => e.name.includes('Password')],
  ];
  test.each(NARROWER)('%s is %s', async (field, value, keep) => {
    const narrowed = await fixture.run(ID, { filters: [{ field, values: [value] }], panels: ['passwords', 'passwords-details'] });
    for (const id of ['passwords', 'passwords-details']) CHECKS[id]?.(narrowed.get(id), fixture.events.filter(keep));
  });
});
