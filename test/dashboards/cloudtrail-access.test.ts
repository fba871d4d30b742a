/** Every panel of Access Monitoring and Login Activity against numbers computed here from the list of events, through the HTTP API. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { panelsOf } from '../../src/dashboards/plan.ts';
import {
  allOf,
  calls,
  counts,
  DAY,
  denied,
  type EventFixture,
  expectDetails,
  expectEventBuckets,
  expectRows,
  failed,
  hour,
  isTestTrail,
  type KeepEvent,
  openEventFixture,
  succeeded,
} from './event-fixture.ts';
import { EC2, IAM, SIGN_IN, type TrailEvent } from './events.ts';
import { expectSame, expectTopOfParts, type Key, type PanelEvent, rowsOf } from './fixture.ts';
import { recordsBehind } from './records.ts';

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await openEventFixture(57);
});
afterAll(() => fixture.close());

type Check = (panel: PanelEvent | undefined, events: readonly TrailEvent[]) => void;

const single =
  (keep: KeepEvent, seconds?: number): Check =>
  (panel, events) =>
    expectEventBuckets(panel, events, keep, seconds);

const reads: KeepEvent = (e) => e.readOnly === 'true';
const changes: KeepEvent = (e) => e.readOnly === 'false';
const isOfGroups: KeepEvent = (e) => e.name.includes('SecurityGroup') && changes(e);
const isLogin = calls(SIGN_IN, 'ConsoleLogin');
const isFailure: KeepEvent = (e) => e.outcome === 'failure';
const isRoot: KeepEvent = (e) => e.isRoot;
const errorOf = (e: TrailEvent) => e.record.errorCode ?? null;
const where = (e: TrailEvent): Key[] => [e.record.sourceIPAddress, e.record.awsRegion, e.account];
const WHERE = ['sourceIPAddress', 'awsRegion', 'recipientAccountId'];

/** A row of each event: who, what is asked for, and from where. */
function details(columns: readonly string[], keep: KeepEvent, keys: (e: TrailEvent) => Key[]): Check {
  return (panel, events) =>
    expectRows(
      panel,
      ['time', 'userName', ...columns, ...WHERE],
      events.filter(keep).map((e) => [e.at * 1000, e.actor, ...keys(e), ...where(e)]),
    );
}

/** How many, and when the newest was, by keys; the most recent first. */
function newest(columns: readonly string[], keep: KeepEvent, keys: (e: TrailEvent) => Key[]): Check {
  return (panel, events) => {
    const rows = rowsOf(panel, ['newest', ...columns, '_count']);
    const groups = Map.groupBy(events.filter(keep), (e) => JSON.stringify(keys(e).map((k) => (k === '' ? null : k))));
    expect(rows.map((row) => JSON.stringify(row)).toSorted()).toEqual(
      [...groups].map(([key, list]) => JSON.stringify([Math.max(...list.map((e) => e.at)) * 1000, ...(JSON.parse(key) as Key[]), list.length])).toSorted(),
    );
    const times = rows.map(([at]) => Number(at));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  };
}

const GROUP_COLUMNS = ['time', 'userName', 'eventName', 'group_id', 'group_name', 'direction', 'protocol', 'ports', 'cidr', 'errorCode', ...WHERE];

type Parts = Readonly<Record<string, unknown>>;
const itemsOf = (part: unknown): Parts[] => (part as { items?: Parts[] } | undefined)?.items ?? [];

/** What a call of security groups names, as this test reads it: each rule with each of its address blocks. */
function rulesOf({ record, name, actor, at, account }: TrailEvent): Key[][] {
  const request: Parts = record.requestParameters ?? {};
  const response: Parts = record.responseElements ?? {};
  const blocks = (rule: Parts): unknown[] => [
    ...[...itemsOf(rule.ipRanges).map((r) => r.cidrIp), ...itemsOf(rule.ipv6Ranges).map((r) => r.cidrIpv6)],
    ...[...itemsOf(rule.groups).map((g) => g.groupId), ...(rule.cidrIp ? [rule.cidrIp] : [])],
  ];
  const listed = itemsOf(request.ipPermissions);
  const ofRules = (listed.length ? listed : request.cidrIp ? [request] : []).flatMap((rule) => {
    const all = rule.ipProtocol === '-1';
    const ports = all ? 'all' : rule.fromPort === rule.toPort ? `${rule.fromPort}` : `${rule.fromPort}-${rule.toPort}`;
    return blocks(rule).map((block) => [all ? 'all' : rule.ipProtocol, ports, block]);
  });
  const changing = (request.ModifySecurityGroupRulesRequest ?? {}) as Parts;
  const changed = [changing.SecurityGroupRule ?? []].flat().map((update) => {
    const rule = (update as Parts).SecurityGroupRule as Parts;
    const ports = rule.FromPort === rule.ToPort ? `${rule.FromPort}` : `${rule.FromPort}-${rule.ToPort}`;
    return [rule.IpProtocol, ports, rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.ReferencedGroupId];
  });
  const byId = itemsOf(request.securityGroupRuleIds).map((rule) => [null, null, rule.securityGroupRuleId]);
  const direction = name.endsWith('Ingress') ? 'inbound' : name.endsWith('Egress') ? 'outbound' : null;
  const group = [request.groupId ?? changing.GroupId ?? response.groupId ?? null, request.groupName ?? null, direction];
  const ofDatabases = request.cIDRIP ? [[null, null, request.cIDRIP]] : [];
  const found = [...ofRules, ...changed, ...byId, ...ofDatabases];
  const end = [record.errorCode ?? null, record.sourceIPAddress, record.awsRegion, account];
  return (found.length ? found : [[null, null, null]]).map((rule) => [at * 1000, actor, name, ...group, ...rule, ...end] as Key[]);
}

const ACCESS: Readonly<Record<string, Check>> = {
  'read-only-events': single(reads),
  'read-only-by-user': newest(['userName', 'eventName', 'eventSource'], reads, (e) => [e.actor, e.name, e.record.eventSource]),
  'non-read-only-events': single(changes),
  'non-read-only-by-user': newest(['userName', 'eventName', 'eventSource', 'outcome', 'errorCode'], changes, (e) => [
    ...[e.actor, e.name, e.record.eventSource, e.outcome],
    errorOf(e),
  ]),
  'security-group-events': (panel, events) =>
    expectTopOfParts(
      panel,
      ['eventName', 'outcome', '_count'],
      counts(events, isOfGroups, (e) => [e.name, e.outcome]),
      20,
    ),
  'security-groups-over-time': (panel, events) => {
    const groups = counts(events, isOfGroups, (e) => [hour(e), e.name, 0]);
    expectSame(panel, ['_timeslice', 'eventName', '_other', '_count'], groups);
  },
  'security-group-details': (panel, events) => expectRows(panel, GROUP_COLUMNS, events.filter(isOfGroups).flatMap(rulesOf)),
};

const REASON = ['time', 'sourceIPAddress', 'userName', 'mfa', 'eventName', 'errorCode', 'errorMessage', 'awsRegion', 'recipientAccountId', '_count'];
const reasons =
  (keep: KeepEvent): Check =>
  (panel, events) =>
    expectDetails(panel, REASON, events, keep, ({ record, actor, mfa, name, account }) => [
      ...[record.sourceIPAddress, actor, mfa, name, record.errorCode ?? null, record.errorMessage ?? null],
      ...[record.awsRegion, account],
    ]);
const byAccount = (keep: KeepEvent): Check => {
  return (panel, events) =>
    expectSame(
      panel,
      ['_timeslice', 'recipientAccountId', '_other', '_count'],
      counts(events, keep, (e) => [hour(e), e.account, 0]),
    );
};
const failures = (keep: KeepEvent) => details(['mfa', 'errorMessage'], allOf(isLogin, isFailure, keep), (e) => [e.mfa, e.record.errorMessage ?? null]);
const any: KeepEvent = () => true;

const LOGIN: Readonly<Record<string, Check>> = {
  'failed-calls': single(failed),
  'failed-calls-by-account': byAccount(failed),
  'successful-calls': single(succeeded),
  'calls-over-time': (panel, events) =>
    expectSame(
      panel,
      ['_timeslice', 'outcome', '_count'],
      counts(
        events,
        (e) => succeeded(e) || failed(e),
        (e) => [hour(e), e.outcome],
      ),
    ),
  'failed-calls-reasons': reasons(failed),
  'console-failures': single(allOf(isLogin, isFailure)),
  'console-failures-details': failures(any),
  'root-failures': single(allOf(isLogin, isFailure, isRoot), 3600),
  'root-failures-details': failures(isRoot),
  'console-successes': single(allOf(isLogin, succeeded)),
  'console-successes-details': details(['role', 'mfa'], allOf(isLogin, succeeded), (e) => [e.role, e.mfa]),
  'root-successes': single(allOf(isLogin, succeeded, isRoot), 3600),
  'root-successes-details': details(['mfa'], allOf(isLogin, succeeded, isRoot), (e) => [e.mfa]),
};

const DASHBOARDS = [
  ['cloudtrail-access-monitoring', 'AWS CloudTrail – Security Analytics – Access Monitoring', ACCESS],
  ['cloudtrail-login-activity', 'AWS CloudTrail – Security Analytics – Login Activity', LOGIN],
] as const;

describe.each(DASHBOARDS)('%s', (id, title, checks) => {
  let panels: Map<string, PanelEvent>;
  beforeAll(async () => {
    panels = await fixture.run(id);
  });

  test.each(Object.entries(checks))('%s', (panel, check) => {
    expect(panels.get(panel)?.state).toBe('data');
    check(panels.get(panel), fixture.events);
  });

  test('no panel is left out, and titles are those of the source', () => {
    const dashboard = fixture.server.deps.dashboards.find((d) => d.id === id);
    expect(
      dashboard &&
        panelsOf(dashboard)
          .map((p) => p.id)
          .toSorted(),
    ).toEqual(Object.keys(checks).toSorted());
    expect([dashboard?.title, dashboard?.window]).toEqual([title, 86_400]);
  });

  test('a filter of the dashboard holds for every panel', async () => {
    const filters = [
      { field: 'recipientAccountId', values: ['111122223333'] },
      { field: 'awsRegion', values: ['eu-*', 'us-*'] },
      { field: '_sourceCategory', values: ['test/trail'] },
    ];
    const filtered = await fixture.run(id, { filters });
    const events = fixture.events.filter((e) => e.account === '111122223333' && e.record.awsRegion !== 'ap-southeast-2' && isTestTrail(e));
    for (const [panel, check] of Object.entries(checks)) check(filtered.get(panel), events);
  });

  test('every row of a table opens its records', async () => {
    const tables = panelsOf(fixture.server.deps.dashboards.find((d) => d.id === id) as never).filter((p) => p.kind === 'table');
    expect(tables.length).toBeGreaterThan(2);
    for (const { id: name, query } of tables) {
      const { columns = [], rows = [] } = panels.get(name) ?? {};
      // One from each part of the table.
      const some = rows.filter((_, i) => i % Math.ceil(rows.length / 6) === 0);
      for (const row of some) {
        const cells = columns.flatMap((column, i) => (column.kind === 'number' ? [] : [{ column, value: row[i] }]));
        const found = await recordsBehind(fixture.server, query, { cells }, DAY);
        const counted = columns.findIndex((c) => c.name === '_count');
        const alike = counted < 0 ? rows.filter((other) => JSON.stringify(other) === JSON.stringify(row)).length : row[counted];
        expect([name, row, found]).toEqual([name, row, alike]);
      }
    }
  });
});

test('the switch of failed calls shows denied ones in every panel that has it', async () => {
  const measures = { 'failed-calls': 'denied', 'failed-calls-by-account': 'denied', 'failed-calls-reasons': 'denied' };
  const panels = await fixture.run('cloudtrail-login-activity', { panels: Object.keys(measures), measures });
  single(denied)(panels.get('failed-calls'), fixture.events);
  byAccount(denied)(panels.get('failed-calls-by-account'), fixture.events);
  reasons(denied)(panels.get('failed-calls-reasons'), fixture.events);
  expect(fixture.events.filter((e) => failed(e) && !denied(e)).length).toBeGreaterThan(0);
});

/** What is in the events and must not be counted. */
const TWINS: readonly (readonly [string, string, string, KeepEvent])[] = [
  ['a call that reads security groups', 'cloudtrail-access-monitoring', 'security-group-events', (e) => e.name.startsWith('DescribeSecurityGroup')],
  [
    'the name of a call in a parameter',
    'cloudtrail-access-monitoring',
    'security-group-details',
    (e) => e.name === 'RunInstances' && e.record.eventSource === EC2,
  ],
  ['a role that is assumed, in a record that says so', 'cloudtrail-access-monitoring', 'non-read-only-events', (e) => e.name === 'AssumeRole'],
  ['an insight', 'cloudtrail-access-monitoring', 'read-only-events', (e) => e.record.eventType === 'AwsCloudTrailInsight'],
  ['an insight, changing nothing', 'cloudtrail-access-monitoring', 'non-read-only-events', (e) => e.record.eventType === 'AwsCloudTrailInsight'],
  ['a sign-in that fails without an error code', 'cloudtrail-login-activity', 'failed-calls', (e) => isLogin(e) && isFailure(e) && !failed(e)],
  ['the same', 'cloudtrail-login-activity', 'successful-calls', (e) => isLogin(e) && isFailure(e) && !failed(e)],
  ['a second factor', 'cloudtrail-login-activity', 'console-failures', (e) => e.name === 'CheckMfa' && isFailure(e)],
  ['a switch of role', 'cloudtrail-login-activity', 'console-successes', (e) => e.name === 'SwitchRole'],
  ['a user in place of root', 'cloudtrail-login-activity', 'root-successes', (e) => isLogin(e) && succeeded(e) && !e.isRoot],
  ['a call of root', 'cloudtrail-login-activity', 'root-failures', (e) => e.isRoot && e.record.eventSource === IAM && isFailure(e)],
];

test.each(TWINS)('%s is not counted by %s %s', async (_, dashboard, panel, twin) => {
  const ids = fixture.events.filter(twin).map((e) => e.record.eventID);
  expect(ids.length).toBeGreaterThan(0);
  const filters = [{ field: 'eventID', values: ids.slice(0, 200) }];
  const alone = (await fixture.run(dashboard, { panels: [panel], filters })).get(panel);
  const at = alone?.columns.findIndex((c) => c.name === '_count') ?? -1;
  expect((alone?.rows ?? []).filter((row) => Number(row[at]) > 0)).toEqual([]);
});
