/** Every panel of Privileged Activity against numbers computed here from the list of events. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOW } from '../api/helpers.ts';
import { answered, asked, type Check, called, details, hourly, isCall, outliers, topOfParts, WHERE, where } from './event-checks.ts';
import { allOf, counts, type EventFixture, expectEventBuckets, failed, type KeepEvent, openEventFixture, succeeded } from './event-fixture.ts';
import type { TrailEvent } from './events.ts';
import { expectGroups, type Key, type PanelEvent } from './fixture.ts';
import { privilegedEvents } from './privileged-events.ts';

const ID = 'cloudtrail-privileged-activity';

let fixture: EventFixture;
let panels: Map<string, PanelEvent>;
beforeAll(async () => {
  fixture = await openEventFixture(32, privilegedEvents(NOW));
  panels = await fixture.run(ID);
});
afterAll(() => fixture.close());

const changes: KeepEvent = (e) =>
  /^(Create|Delete|Terminate|Modify|Put|Attach|Detach|Authorize|Revoke)/.test(e.name) &&
  e.name !== 'CreateTags' &&
  !['Data', 'NetworkActivity'].includes(String(e.record.eventCategory));
const ofGroups: KeepEvent = (e) => e.name.includes('SecurityGroup') && e.readOnly === 'false';
const operations = called('AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress');
const ofPolicies: KeepEvent = allOf(isCall, (e) => /^(Create|Update|Put|Attach|Detach|Delete).*Policy$|^(Create|Delete).*PolicyVersion$/.test(e.name));

const top =
  (keep: KeepEvent): Check =>
  (panel, events) =>
    expectGroups(
      panel,
      ['eventName', '_count'],
      counts(events, keep, (e) => [e.name]),
      10,
    );
const value =
  (keep: KeepEvent): Check =>
  (panel, events) =>
    expectEventBuckets(panel, events, keep);
const parts = (keep: KeepEvent): Check => topOfParts(['eventName', 'outcome', '_count'], keep, (e) => [e.name, e.outcome]);
const parameters = (e: TrailEvent): Key => (e.record.requestParameters ? JSON.stringify(e.record.requestParameters).slice(0, 200) : null);
const error = (e: TrailEvent): Key => e.record.errorCode ?? null;

interface Rule {
  readonly ipProtocol?: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly groups?: { readonly items?: readonly { readonly groupId: string }[] };
  readonly ipRanges?: { readonly items?: readonly { readonly cidrIp: string }[] };
  readonly ipv6Ranges?: { readonly items?: readonly { readonly cidrIpv6: string }[] };
  readonly prefixListIds?: { readonly items?: readonly { readonly prefixListId: string }[] };
  readonly cidrIp?: string;
  readonly cidrIpv4?: string;
  readonly referencedGroupId?: string;
  readonly securityGroupRuleIds?: { readonly items: readonly { readonly securityGroupRuleId: string }[] };
}

/** Protocol, ports and who they are for: a row for each of a call’s rules and address blocks. */
function rulesOf(e: TrailEvent): Key[][] {
  const named = asked(e, 'ipPermissions', 'items') ?? answered(e, 'revokedSecurityGroupRuleSet', 'items') ?? [e.record.requestParameters];
  return (named as unknown as readonly Rule[]).flatMap((rule) => {
    const peers = [
      ...(rule.groups?.items ?? []).map((i) => i.groupId),
      ...(rule.ipRanges?.items ?? []).map((i) => i.cidrIp),
      ...(rule.ipv6Ranges?.items ?? []).map((i) => i.cidrIpv6),
      ...(rule.prefixListIds?.items ?? []).map((i) => i.prefixListId),
      ...(rule.securityGroupRuleIds?.items ?? []).map((i) => i.securityGroupRuleId),
      ...[rule.cidrIp, rule.cidrIpv4, rule.referencedGroupId].filter((peer) => peer !== undefined),
    ];
    const { ipProtocol, fromPort, toPort } = rule;
    const all = ipProtocol !== undefined && (fromPort === undefined || fromPort === -1);
    const ports = fromPort === toPort ? fromPort : `${fromPort}-${toPort}`;
    const said = [ipProtocol === '-1' ? 'all' : (ipProtocol ?? null), all ? 'all' : ports === undefined ? null : String(ports)];
    return peers.map((peer) => [...said, peer]);
  });
}

function operationDetails(keep: KeepEvent, more: readonly string[], extra: (e: TrailEvent) => Key[]): Check {
  const columns = ['userName', 'operation', 'group_id', 'group_name', 'direction', 'protocol', 'ports', 'cidr', ...more, ...WHERE];
  return details(columns, allOf(operations, keep), (e) =>
    rulesOf(e).map((rule) => {
      const direction = e.name.endsWith('Ingress') ? 'inbound' : 'outbound';
      return [
        e.actor,
        e.name.startsWith('Authorize') ? 'Authorize' : 'Revoke',
        asked(e, 'groupId'),
        asked(e, 'groupName'),
        direction,
        ...rule,
        ...extra(e),
        ...where(e),
      ];
    }),
  );
}

/** ARN or name of the policy, and what it is a policy of. */
function policyOf(e: TrailEvent): Key[] {
  const policy = asked(e, 'policyArn') ?? answered(e, 'policy', 'arn') ?? asked(e, 'policyName');
  const of = ['userName', 'roleName', 'groupName', 'bucketName', 'keyId', 'resourceArn'].map((key) => asked(e, key));
  return [policy, of.find((key) => key !== null) ?? null];
}

const CHANGE = ['userName', 'eventName', 'eventSource'];
const POLICY = ['userName', 'eventName', 'policy', 'policy_of'];

const CHECKS: Readonly<Record<string, Check>> = {
  'top-successful-changes': top(allOf(changes, succeeded)),
  'top-failed-changes': top(allOf(changes, failed)),
  'outlier-successful-changes': outliers(allOf(changes, succeeded), 1),
  'outlier-failed-changes': outliers(allOf(changes, failed), 1),
  'successful-changes': details([...CHANGE, ...WHERE, 'parameters'], allOf(changes, succeeded), (e) => [
    [e.actor, e.name, e.record.eventSource, ...where(e), parameters(e)],
  ]),
  'failed-changes': details([...CHANGE, 'errorCode', ...WHERE, 'errorMessage', 'parameters'], allOf(changes, failed), (e) => [
    [e.actor, e.name, e.record.eventSource, error(e), ...where(e), e.record.errorMessage ?? null, parameters(e)],
  ]),
  'group-activities': parts(ofGroups),
  'group-activity-over-time': hourly('eventName', ofGroups, (e) => e.name),
  'outlier-group-activity': outliers(ofGroups, 1),
  'created-groups': value(allOf(succeeded, called('CreateSecurityGroup'))),
  'created-groups-details': details(
    ['userName', 'group_id', 'group_name', 'vpc', 'group_description', ...WHERE],
    allOf(succeeded, called('CreateSecurityGroup')),
    (e) => [[e.actor, answered(e, 'groupId'), asked(e, 'groupName'), asked(e, 'vpcId'), asked(e, 'groupDescription'), ...where(e)]],
  ),
  'deleted-groups': value(allOf(succeeded, called('DeleteSecurityGroup'))),
  'deleted-groups-details': details(['userName', 'group_id', 'group_name', ...WHERE], allOf(succeeded, called('DeleteSecurityGroup')), (e) => [
    [e.actor, asked(e, 'groupId'), asked(e, 'groupName'), ...where(e)],
  ]),
  'group-operation-successes': value(allOf(operations, succeeded)),
  'group-operation-successes-details': operationDetails(succeeded, [], () => []),
  'group-operation-failures': value(allOf(operations, failed)),
  'group-operation-failures-details': operationDetails(failed, ['errorCode'], (e) => [error(e)]),
  'policy-changes': parts(ofPolicies),
  'policy-changes-over-time': hourly('eventName', ofPolicies, (e) => e.name),
  'outlier-policy-changes': outliers(ofPolicies, 1),
  'successful-policy-changes': value(allOf(ofPolicies, succeeded)),
  'successful-policy-changes-details': details([...POLICY, ...WHERE], allOf(ofPolicies, succeeded), (e) => [[e.actor, e.name, ...policyOf(e), ...where(e)]]),
  'failed-policy-changes': value(allOf(ofPolicies, failed)),
  'failed-policy-changes-details': details([...POLICY, 'errorCode', ...WHERE], allOf(ofPolicies, failed), (e) => [
    [e.actor, e.name, ...policyOf(e), error(e), ...where(e)],
  ]),
};

test.each(Object.entries(CHECKS))('%s', (id, check) => {
  expect(panels.get(id)?.state).toBe('data');
  check(panels.get(id), fixture.events);
});

test('each panel has its numbers here', () => {
  expect([...panels.keys()].toSorted()).toEqual(Object.keys(CHECKS).toSorted());
});

test('every way that a rule is written gives its rows', async () => {
  const ids = ['group-operation-successes-details', 'group-operation-failures-details'];
  const found = await fixture.run(ID, { panels: ids, filters: [{ field: 'userName', values: ['eve'] }] });
  const rules = ids.map((id) => {
    const panel = found.get(id);
    const of = (name: string) => panel?.columns.findIndex((c) => c.name === name) as number;
    return (panel?.rows ?? []).map((row) => ['group_id', 'direction', 'protocol', 'ports', 'cidr'].map((name) => row[of(name)])).toSorted();
  });
  expect(rules).toEqual([
    [
      ['sg-5', 'inbound', 'tcp', '5432-5433', '10.1.0.0/16'],
      ['sg-5', 'inbound', 'udp', '53', 'sg-77'],
      ['sg-6', 'inbound', 'all', 'all', '0.0.0.0/0'],
      ['sg-6', 'inbound', 'icmp', 'all', '192.0.2.0/24'],
      ['sg-6', 'inbound', 'icmp', 'all', '198.51.100.0/24'],
      ['sg-6', 'inbound', 'icmp', 'all', '2001:db8::/32'],
      ['sg-6', 'inbound', 'icmp', 'all', 'pl-1'],
      ['sg-6', 'inbound', 'icmp', 'all', 'sg-8'],
    ].toSorted(),
    [
      ['sg-5', 'outbound', null, null, 'sgr-1'],
      ['sg-5', 'outbound', null, null, 'sgr-2'],
      ['sg-6', 'outbound', 'all', 'all', '0.0.0.0/0'],
      ['sg-6', 'outbound', 'icmp', 'all', '192.0.2.0/24'],
      ['sg-6', 'outbound', 'icmp', 'all', '198.51.100.0/24'],
      ['sg-6', 'outbound', 'icmp', 'all', '2001:db8::/32'],
      ['sg-6', 'outbound', 'icmp', 'all', 'pl-1'],
      ['sg-6', 'outbound', 'icmp', 'all', 'sg-8'],
      ['sg-7', 'inbound', 'tcp', '22', '0.0.0.0/0'],
    ].toSorted(),
  ]);
});

test('a user of whom nothing is known has nothing on any panel', async () => {
  const none = await fixture.run(ID, { filters: [{ field: 'userName', values: ['nobody'] }] });
  expect([...none].filter(([, panel]) => panel.state !== 'no-match').map(([id]) => id)).toEqual([]);
});
