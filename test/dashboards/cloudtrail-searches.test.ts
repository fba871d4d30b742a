/**
 * The searches over CloudTrail that ship. Each is run over calls that it must find and calls beside them that
 * it must not, made by several identities; what every search must find of all of them is said here once more, in
 * terms of the raw records.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { QueryResponse } from '../../src/api/contract.ts';
import { loadSearches } from '../../src/dashboards/load-searches.ts';
import { NOW } from '../api/helpers.ts';
import { startTrailServer, type TrailServer } from './raw-events.ts';
import { ACCOUNT, CALLS, type Call, NAMES, type RawEvent, rawEvent, USER_ARN } from './trail-calls.ts';

const SEARCHES = loadSearches(join(import.meta.dirname, '../../content/searches')).filter((s) => s.id.startsWith('cloudtrail-'));
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Each call twice within the last day, by different identities, and once before it. */
const WHO = Object.keys(NAMES) as (keyof typeof NAMES)[];
let made = 0;
const events: RawEvent[] = CALLS.flatMap((call, i) =>
  [0, 1, 2].map((k) => {
    const who = call.who ?? (WHO[(i + k) % WHO.length] as keyof typeof NAMES);
    const at = k === 2 ? NOW - DAY - HOUR - i : NOW - 60 - i * 211 - k * 97;
    return rawEvent(call, { who, at, id: `e${made++}`, region: k ? 'us-east-1' : 'eu-central-1' });
  }),
);
const inWindow = (e: RawEvent) => e.at >= NOW - DAY && e.at < NOW;

let trail: TrailServer;
beforeAll(async () => {
  trail = await startTrailServer();
  await trail.ingest(...events.map((e) => e.record), ...sessionTokens().map((e) => e.record));
});
afterAll(() => trail.close());

type Cell = string | number | null;
type Json = Readonly<Record<string, unknown>>;
type Row = (e: RawEvent, request: Json, response: Json) => Cell[];

/** A value as a query shows it: text, or the JSON of what is no text. */
const shown = (value: unknown): Cell => (value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value));
const firstOf = (...values: unknown[]): Cell => shown(values.find((value) => value !== undefined && value !== null));
const head = (e: RawEvent): Cell[] => [e.at * 1000, e.actor, e.record.eventName];
const tail = (e: RawEvent): Cell[] => [e.record.sourceIPAddress, e.record.awsRegion, ACCOUNT, shown(e.record.errorCode)];
const global = (e: RawEvent): Cell[] => [e.record.sourceIPAddress, ACCOUNT, shown(e.record.errorCode)];
const items = (value: unknown): readonly Json[] => ((value as { items?: Json[] } | undefined)?.items ?? []) as Json[];
/** What a list’s path finds: JSON, or nothing. */
const list = (values: readonly unknown[]): Cell => (values.length ? JSON.stringify(values) : null);
const given = (values: readonly unknown[]): unknown[] => values.filter((value) => value !== undefined);
const instances = (value: unknown): Cell => list(given(items((value as Json | undefined)?.instancesSet).map((item) => item.instanceId)));

/** Rows of the searches that show each call they find, newest first. */
const ROWS: Readonly<Record<string, Row>> = {
  'public-database-attempt': (e, q) => [
    ...head(e),
    firstOf(q.dBInstanceIdentifier, q.dBClusterIdentifier, q.dBSnapshotIdentifier, q.dBClusterSnapshotIdentifier, q.clusterIdentifier, q.workgroupName),
    shown(q.publiclyAccessible),
    shown(q.valuesToAdd),
    ...tail(e),
  ],
  'trail-changes': (e, q) => [...head(e), firstOf(q.name, q.trailName, q.eventDataStore), ...tail(e)],
  'kms-key-disabled': (e, q) => [...head(e), shown(q.keyId), shown(q.pendingWindowInDays), ...tail(e)],
  'config-changes': (e) => [...head(e), JSON.stringify(e.record.requestParameters), ...tail(e)],
  'console-sign-in-without-mfa': (e) => [
    e.at * 1000,
    e.actor,
    e.record.userIdentity.type as string,
    e.record.additionalEventData ? 'false' : null,
    e.record.sourceIPAddress,
    'AWS CLI',
    ACCOUNT,
  ],
  'default-policy-version-set': (e, q, r) => [
    ...head(e),
    shown(q.policyArn),
    firstOf(q.versionId, (r.policyVersion as Json | undefined)?.versionId),
    ...global(e),
  ],
  'permanent-key-creation': (e, q, r) => [
    ...head(e).slice(0, 2),
    firstOf(q.userName, e.actor),
    shown((r.accessKey as Json | undefined)?.accessKeyId),
    ...global(e),
  ],
  'ec2-instance-changes': (e, q, r) => [...head(e), firstOf(q.instanceId, instances(r), instances(q)), ...tail(e)],
  'large-ec2-instance': (e, q, r) => [
    ...head(e).slice(0, 2),
    firstOf(items(r.instancesSet)[0]?.instanceType, q.instanceType),
    instances(r),
    ...tail(e).slice(0, 3),
  ],
  'iam-policy-changes': (e, q) => [
    ...head(e),
    firstOf(q.policyArn, q.policyName, q.permissionsBoundary),
    firstOf(q.userName, q.groupName, q.roleName),
    ...global(e),
  ],
  'internet-gateway-changes': (e, q, r) => [
    ...head(e),
    firstOf(q.internetGatewayId, (r.internetGateway as Json | undefined)?.internetGatewayId, q.egressOnlyInternetGatewayId),
    shown(q.vpcId),
    ...tail(e),
  ],
  'network-acl-changes': (e, q) => [
    ...head(e),
    shown(q.networkAclId),
    shown(q.ruleNumber),
    shown(q.ruleAction),
    firstOf(q.cidrBlock, q.ipv6CidrBlock),
    shown(q.egress),
    ...tail(e),
  ],
  'organizations-changes': (e) => [...head(e), JSON.stringify(e.record.requestParameters), ...global(e)],
  'root-account-usage': (e) => [e.at * 1000, e.record.eventName, e.record.eventSource, e.mfa, e.record.sourceIPAddress, 'AWS CLI', ...tail(e).slice(1)],
  'route-table-changes': (e, q, r) => [
    ...head(e),
    firstOf(q.routeTableId, (r.routeTable as Json | undefined)?.routeTableId),
    firstOf(q.destinationCidrBlock, q.destinationIpv6CidrBlock, q.destinationPrefixListId),
    firstOf(q.gatewayId, q.natGatewayId, q.transitGatewayId),
    ...tail(e),
  ],
  's3-bucket-changes': (e, q) => [...head(e), shown(q.bucketName), ...tail(e)],
  'security-group-changes': (e, q, r) => {
    const rules = items(q.ipPermissions);
    const changing = (q.ModifySecurityGroupRulesRequest ?? {}) as Json;
    const networks = (key: string, name: string) => given(rules.flatMap((rule) => items(rule[key]).map((range) => range[name])));
    return [
      ...head(e),
      firstOf(q.groupId, changing.GroupId, r.groupId),
      shown(q.groupName),
      list(given(rules.map((rule) => rule.fromPort))),
      list(given(rules.map((rule) => rule.toPort))),
      list(networks('ipRanges', 'cidrIp')),
      list(networks('ipv6Ranges', 'cidrIpv6')),
      changing.SecurityGroupRule === undefined ? null : JSON.stringify(changing.SecurityGroupRule),
      ...tail(e),
    ];
  },
  'vpc-changes': (e, q, r) => [
    ...head(e),
    firstOf(q.vpcId, (r.vpc as Json | undefined)?.vpcId),
    firstOf(q.vpcPeeringConnectionId, (r.vpcPeeringConnection as Json | undefined)?.vpcPeeringConnectionId),
    ...tail(e),
  ],
};

/** Keys and measures of the searches that group, by the calls of each group; the newest call, where it is asked for, is a measure. */
const GROUPS: Readonly<Record<string, readonly [key: (e: RawEvent) => Cell[], measures: (group: readonly RawEvent[]) => Cell[]]>> = {
  'acl-route-changes': [(e) => [e.actor, e.record.eventName, e.outcome, ACCOUNT, e.record.awsRegion], (group) => [group.length, newest(group)]],
  'authorization-failures': [
    (e) => [e.actor, e.record.eventSource, e.record.eventName, shown(e.record.errorCode), ACCOUNT],
    (group) => [group.length, new Set(group.map((e) => e.record.sourceIPAddress)).size, newest(group)],
  ],
  'console-sign-in-failures': [
    (e) => [e.actor, e.record.userIdentity.type as string, e.record.sourceIPAddress, shown(e.record.errorMessage), ACCOUNT],
    (group) => [group.length, Math.min(...group.map((e) => e.at)) * 1000, newest(group)],
  ],
};
const newest = (group: readonly RawEvent[]): number => Math.max(...group.map((e) => e.at)) * 1000;

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();

async function run(name: string): Promise<QueryResponse> {
  const search = SEARCHES.find((s) => s.id === `cloudtrail-${name}`)?.search;
  const response = await trail.server.post('/api/v1/query', { query: search?.query, from: search?.from, to: search?.to });
  expect([name, response.status, response.status === 200 ? '' : await response.clone().text()]).toEqual([name, 200, '']);
  return (await response.json()) as QueryResponse;
}

/** Whether a call was made for a search to find: by what it is, or as whom it was made. */
function wanted(name: string, { call, record }: RawEvent): boolean {
  if (call.finds?.includes(name)) return call.by === undefined || call.by.includes(record.userIdentity.type as string);
  if (name === 'root-account-usage') return record.userIdentity.type === 'Root' && !record.userIdentity.invokedBy && record.eventType !== 'AwsServiceEvent';
  return name === 'authorization-failures' && call.denied === true;
}

test.each(Object.keys(ROWS))('%s shows each call that it is about, newest first', async (name) => {
  const about = events.filter((e) => inWindow(e) && wanted(name, e));
  expect(about.length).toBeGreaterThan(1);
  const { rows, columns, warnings } = await run(name);
  expect(warnings).toEqual([]);
  const row = ROWS[name] as Row;
  const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
  const expected = about.map((e) => row(e, object(e.record.requestParameters), object(e.record.responseElements)));
  expect(sorted(rows)).toEqual(sorted(expected));
  expect(rows.map((r) => r[0])).toEqual(expected.map((r) => r[0]).toSorted((a, b) => Number(b) - Number(a)));
  expect(columns).toHaveLength(expected[0]?.length as number);
});

test.each(Object.keys(GROUPS))('%s counts the calls that it is about', async (name) => {
  const [key, measures] = GROUPS[name] as (typeof GROUPS)[string];
  const about = events.filter((e) => inWindow(e) && wanted(name, e));
  expect(about.length).toBeGreaterThan(1);
  const groups = [...Map.groupBy(about, (e) => JSON.stringify(key(e)))].map(([id, group]) => [...(JSON.parse(id) as Cell[]), ...measures(group)]);
  const { rows, warnings } = await run(name);
  expect(warnings).toEqual([]);
  expect(sorted(rows)).toEqual(sorted(groups));
});

/** Users and their requests: [user, address, call, seconds before the end of the window]. */
const REQUESTS: readonly (readonly [user: string, address: string, name: string, ago: number])[] = [
  // An address of the day before, and one of today, twice.
  ['tia', '198.51.100.1', 'GetSessionToken', 2 * DAY],
  ['tia', '198.51.100.1', 'GetSessionToken', 60],
  ['tia', '203.0.113.200', 'GetSessionToken', 3 * HOUR],
  ['tia', '203.0.113.200', 'ListBuckets', 2 * HOUR],
  ['tia', '203.0.113.200', 'GetSessionToken', HOUR],
  // New, but no token was asked for.
  ['tia', '203.0.113.201', 'ListBuckets', HOUR],
  // Known by other calls; known to another user alone.
  ['uma', '198.51.100.2', 'ListBuckets', 20 * DAY],
  ['uma', '198.51.100.2', 'GetSessionToken', HOUR],
  ['uma', '198.51.100.1', 'GetSessionToken', 23 * HOUR],
  // Forgotten; and just outside of the day.
  ['vic', '198.51.100.3', 'GetSessionToken', 32 * DAY],
  ['vic', '198.51.100.3', 'GetSessionToken', 5 * HOUR],
  ['vic', '198.51.100.4', 'GetSessionToken', DAY + 60],
];

function sessionTokens(): RawEvent[] {
  return REQUESTS.map(([user, address, name, ago], i) => {
    const call: Call = { source: name === 'ListBuckets' ? 's3' : 'sts', name, readOnly: true, address };
    return rawEvent(call, { who: 'ann', user, at: NOW - ago, id: `t${i}`, region: 'us-east-1' });
  });
}

test('session-token-from-new-address finds who got a token where they never were before', async () => {
  const { rows, columns } = await run('session-token-from-new-address');
  expect(columns.map((c) => c.name)).toEqual(['user_arn', 'userName', 'sourceIPAddress', 'first_seen', 'tokens', 'requests']);
  expect(rows).toEqual(
    [
      [USER_ARN('tia'), 'tia', '203.0.113.200', (NOW - 3 * HOUR) * 1000, 2, 3],
      [USER_ARN('vic'), 'vic', '198.51.100.3', (NOW - 5 * HOUR) * 1000, 1, 1],
      [USER_ARN('uma'), 'uma', '198.51.100.1', (NOW - 23 * HOUR) * 1000, 1, 1],
    ].toSorted((a, b) => Number(b[3]) - Number(a[3])),
  );
});

test('every search over events is checked above, names its dataset, and has calls beside it that it must not find', () => {
  const checked = [...Object.keys(ROWS), ...Object.keys(GROUPS), 'session-token-from-new-address'];
  expect(SEARCHES.map((s) => s.id.replace('cloudtrail-', '')).toSorted()).toEqual(checked.toSorted());
  expect(SEARCHES.filter((s) => !s.search.query.startsWith('_index=cloudtrail'))).toEqual([]);
  expect(SEARCHES.every((s) => (s.search.description ?? '').length > 40)).toBe(true);
  const beside = new Set(CALLS.flatMap((call) => call.beside ?? []));
  expect(checked.filter((name) => !beside.has(name))).toEqual(['session-token-from-new-address']);
});
