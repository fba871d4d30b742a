/** The names by which people know what CloudTrail records, what the editor offers of them, and what explain says of what is read. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { QueryResponse } from '../../src/api/contract.ts';
import type { Dataset } from '../../src/model/log-formats.ts';
import { complete } from '../../src/query/complete.ts';
import { explain } from '../../src/query/explain.ts';
import type { CompileOptions } from '../../src/query/index.ts';
import { ident } from '../../src/query/sql.ts';
import { NOW } from '../api/helpers.ts';
import { startTrailServer, type TrailServer } from '../dashboards/raw-events.ts';

const ROLE = 'arn:aws:iam::111122223333:role/ops/Admin';
const EVENT = {
  eventVersion: '1.08',
  userIdentity: {
    type: 'AssumedRole',
    arn: 'arn:aws:sts::111122223333:assumed-role/Admin/zoe',
    accessKeyId: 'ASIAEXAMPLE',
    sessionContext: { attributes: { mfaAuthenticated: 'true' }, sessionIssuer: { type: 'Role', arn: ROLE, userName: 'Admin' } },
  },
  eventTime: new Date((NOW - 60) * 1000).toISOString(),
  eventSource: 's3.amazonaws.com',
  eventName: 'PutBucketPolicy',
  awsRegion: 'eu-central-1',
  sourceIPAddress: '203.0.113.7',
  userAgent: 'aws-cli/2.15.30',
  requestParameters: { bucketName: 'logs', Tags: [{ Key: 'a' }, { Key: 'b' }] },
  responseElements: { status: 'ok' },
  additionalEventData: { bytesTransferredOut: 7 },
  eventID: 'e1',
  recipientAccountId: '444455556666',
  sessionCredentialFromConsole: 'true',
  futureKey: { inside: 'kept' },
};
/** What the engine's parser takes for no JSON, and such digits in a text, hide nothing beside them. */
const DAMAGED = `{"eventVersion":"1.08","eventTime":"${EVENT.eventTime}","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","eventID":"e3","requestParameters":{"count":18446744073709551616,"note":"x: 18446744073709551617","list":[{"id":-9223372036854775809,"key":"k"}]},"responseElements":{"most":1e400,"beside":"seen"},"additionalEventData":{"half":"a\\ud800b","fits":18446744073709551615}}`;
/** In nothing like it. */
const OTHER = { eventVersion: '1.08', eventTime: EVENT.eventTime, eventSource: 'sts.amazonaws.com', eventName: 'GetCallerIdentity', eventID: 'e2' };

let trail: TrailServer;
beforeAll(async () => {
  trail = await startTrailServer();
  await trail.ingest(EVENT, OTHER, `{"Records":[${DAMAGED}]}`);
});
afterAll(() => trail.close());

test.each([
  ['PutBucketPolicy', ['eventName', 'event_name', 'event.action', 'aws.cloudtrail.event_name']],
  ['s3.amazonaws.com', ['eventSource', 'event_source', 'event.provider', 'aws.cloudtrail.event_source']],
  ['e1', ['eventID', 'event_id', 'event.id', 'aws.cloudtrail.event_id']],
  [
    '444455556666',
    ['recipientAccountId', 'recipient_account_id', 'aws_account_id', 'vendor_account', 'accountId', 'cloud.account.id', 'aws.cloudtrail.recipient_account_id'],
  ],
  ['eu-central-1', ['awsRegion', 'aws_region', 'vendor_region', 'region', 'cloud.region']],
  ['203.0.113.7', ['sourceIPAddress', 'src_ip', 'src', 'source.ip', 'source.address']],
  ['aws-cli/2.15.30', ['userAgent', 'user_agent', 'http_user_agent', 'user_agent.original']],
  ['Admin/zoe', ['userName', 'user_name', 'user.name', 'actor']],
  ['ASIAEXAMPLE', ['accessKeyId', 'access_key_id', 'userIdentity.accessKeyId', 'aws.cloudtrail.user_identity.access_key_id']],
  [ROLE, ['role', 'role_arn', 'userIdentity.sessionContext.sessionIssuer.arn', 'aws.cloudtrail.user_identity.session_context.session_issuer.arn']],
  ['true', ['mfa', 'mfa_authenticated', 'mfa_used', 'MFAUsed', 'aws.cloudtrail.user_identity.session_context.mfa_authenticated']],
  ['true', ['sessionCredentialFromConsole', 'aws.cloudtrail.session_credential_from_console']],
  [
    'logs',
    [
      'requestParameters.bucketName',
      'REQUESTPARAMETERS.bucketName',
      'aws.cloudtrail.request_parameters.bucketName',
      'aws.cloudtrail.json.requestParameters.bucketName',
      'aws.cloudtrail.flattened.request_parameters.bucketName',
    ],
  ],
  ['["a","b"]', ['%"requestParameters.Tags[*].Key"', '%"aws.cloudtrail.json.requestParameters.Tags[*].Key"']],
  ['7', ['additionalEventData.bytesTransferredOut', 'aws.cloudtrail.additional_eventdata.bytesTransferredOut']],
  ['18446744073709551616', ['requestParameters.count']],
  ['x: 18446744073709551617', ['requestParameters.note']],
  ['-9223372036854775809', ['%"requestParameters.list[0].id"']],
  ['["k"]', ['%"requestParameters.list[*].key"']],
  ['1e400', ['responseElements.most']],
  ['seen', ['responseElements.beside']],
  ['a\uFFFDb', ['additionalEventData.half']],
  ['18446744073709551615', ['additionalEventData.fits']],
  ['kept', ['aws.cloudtrail.rest.futureKey.inside', 'aws.cloudtrail.json.rest.futureKey.inside']],
])('%s', async (value, names) => {
  for (const name of names) {
    const response = await trail.server.post('/api/v1/query', {
      query: `_index=cloudtrail | count by ${name} as x | where !isNull(x) and x = "${value.replaceAll('"', '\\"')}"`,
      from: '-1h',
    });
    expect([name, response.status]).toEqual([name, 200]);
    expect([name, ((await response.json()) as QueryResponse).rows]).toEqual([name, [[value, 1]]]);
  }
});

test('the text of a record is what it was, and paths into it find as much', async () => {
  const query =
    '_index=cloudtrail eventID=e3 | json "requestParameters.count", "responseElements.most", "eventName" as count, most, name | fields _raw, count, most, name';
  const response = await trail.server.post('/api/v1/query', { query, from: '-1h' });
  expect(((await response.json()) as QueryResponse).rows).toEqual([[DAMAGED, '18446744073709551616', '1e400', 'RunInstances']]);
});

const options = (present: readonly Dataset[]): CompileOptions => ({
  from: 0,
  to: 3600,
  now: 3600,
  timeZone: 'UTC',
  relations: { table: (dataset) => ident(dataset), absentMask: 0n, present },
  maxRows: 10,
});
const offered = (text: string) => complete(text, text.length, options(['vpc_flow', 'cloudtrail'])).items.map((item) => item.text);

test('the editor offers the datasets, the names of events and paths into them', () => {
  expect(offered('_index=cl')).toEqual(['cloudtrail']);
  expect(offered('eventNa')[0]).toBe('eventName');
  expect(offered('recipientAcc')[0]).toBe('recipientAccountId');
  expect(offered('is_ad')[0]).toBe('is_admin');
  expect(offered('requestParameters.bucket')[0]).toBe('requestParameters.bucketName');
  expect(offered('_index=cloudtrail | where additionalEventData.MFA')[0]).toBe('additionalEventData.MFAUsed');
  expect(offered('_index=cloudtrail | count by requestParameters.ipPerm')).toContain('%"requestParameters.ipPermissions.items[*].toPort"');
  expect(offered('requestParameters.zzzzzzzz')).toEqual([]);
});

test.each<[query: string, present: readonly Dataset[], read: string]>([
  ['* | count', ['vpc_flow', 'cloudtrail'], 'read vpc_flow (flows unless something else is named)'],
  ['* | count', ['cloudtrail'], 'read cloudtrail (as nothing else is stored)'],
  ['_index=cloudtrail | count', ['vpc_flow', 'cloudtrail'], 'read cloudtrail (as _index says)'],
  ['eventName=CreateUser | count', ['vpc_flow', 'cloudtrail'], 'read cloudtrail (as only cloudtrail has a field that is named)'],
  ['| count by requestParameters.bucketName', ['vpc_flow', 'cloudtrail'], 'read cloudtrail (as only cloudtrail has a field that is named)'],
  ['CreateUser | count', ['vpc_flow', 'cloudtrail'], 'read vpc_flow and cloudtrail (as nothing that is named tells them apart)'],
  ['NODATA | count', ['vpc_flow', 'cloudtrail'], 'read vpc_flow and vpc_flow_status (as the log status is asked for)'],
  ['action=REJECT | count', ['vpc_flow', 'cloudtrail'], 'read vpc_flow (flows unless something else is named)'],
])('%s of %j: %s', (query, present, read) => {
  const { plan, diagnostics } = explain(query, options(present));
  expect([diagnostics, plan[0]?.split('), ')[0]]).toEqual([[], read.slice(0, -1)]);
});
