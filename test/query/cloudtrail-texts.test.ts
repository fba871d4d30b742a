/**
 * Texts that people bring from elsewhere run as they are written over raw CloudTrail records, which AWS delivers compact and
 * people paste pretty-printed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { QueryResponse } from '../../src/api/contract.ts';
import { NOW } from '../api/helpers.ts';
import { startTrailServer, type TrailServer } from '../dashboards/raw-events.ts';

const PARSES = String.raw`| parse "\"sourceIPAddress\":\"*\"" as source_ipaddress
| parse "\"eventName\":\"*\"" as event_name
| parse "\"eventSource\":\"*\"" as event_source
| parse "\"awsRegion\":\"*\"" as aws_Region
| parse "\"userName\":\"*\"" as user`;

const EAGLE = String.raw`_sourceCategory=AWS_EAGLE (*Security* OR *Network*)
| parse "\"userName\":\"*\"" as user
| parse "\"eventName\":\"*\"" as event
| parse regex field=event "^(?<event_type>[A-Z][a-z]+?)[A-Z]"
| where (event matches "*Security*" OR event matches "*Network*") and event_type in ("Create","Delete")
| count by event
| sort _count`;

let id = 0;

function record(eventName: string, { user = 'ann', source = 'ec2', ...more }: { user?: string; source?: string; [key: string]: unknown } = {}): object {
  return {
    eventVersion: '1.08',
    userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::111122223333:user/${user}`, ...(user ? { userName: user } : {}) },
    eventTime: new Date((NOW - 100 - id) * 1000).toISOString().replace('.000Z', 'Z'),
    eventSource: `${source}.amazonaws.com`,
    eventName,
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.7',
    requestParameters: null,
    responseElements: null,
    eventID: `e${id++}`,
    ...more,
  };
}

/** As people paste a record: a key a line, without a blank behind the colon. */
const pasted = (value: object): string => `${JSON.stringify(value, null, 1).replaceAll(/^ +/gm, '').replaceAll('": ', '":')}\n`;

let trail: TrailServer;
beforeAll(async () => {
  trail = await startTrailServer();
  await trail.ingestAs('AWS_EAGLE', [
    record('CreateSecurityGroup'),
    record('CreateSecurityGroup', { user: 'zoe', requestParameters: { userName: 'second' } }),
    record('DeleteNetworkAcl'),
    // Words without such a call, other verbs, nobody’s name, one word of a name.
    record('RunInstances', { requestParameters: { description: 'CreateSecurityGroup' } }),
    record('AuthorizeSecurityGroupIngress'),
    record('CreateNetworkAcl', { user: '' }),
    record('CreateUser', { source: 'iam' }),
    pasted(record('DeleteSecurityGroup', { user: 'olaf' })),
    pasted(record('CreateNetworkInterface', { user: 'olaf' })),
    pasted(record('CreateNetworkInterface', { user: 'olaf' })),
  ]);
  // The same from elsewhere.
  await trail.ingestAs('other', [record('CreateSecurityGroup'), pasted(record('DeleteNetworkAcl'))]);
});
afterAll(() => trail.close());

async function run(query: string): Promise<QueryResponse> {
  const response = await trail.server.post('/api/v1/query', { query, from: '-24h', to: 'now' });
  expect([response.status, response.status === 200 ? '' : await response.clone().text()]).toEqual([200, '']);
  return (await response.json()) as QueryResponse;
}

test('the parse lines take values out of records, compact or pasted', async () => {
  const { columns, rows, warnings } = await run(PARSES);
  expect(warnings).toEqual([]);
  expect(columns.map((c) => c.name)).toEqual(['_messageTime', '_raw', 'source_ipaddress', 'event_name', 'event_source', 'aws_Region', 'user']);
  // All but the record without any userName.
  expect(rows.map((row) => row.slice(2).join(' ')).toSorted()).toEqual(
    [
      ...['CreateSecurityGroup ann', 'CreateSecurityGroup zoe', 'DeleteNetworkAcl ann', 'RunInstances ann', 'AuthorizeSecurityGroupIngress ann'],
      ...['DeleteSecurityGroup olaf', 'CreateNetworkInterface olaf', 'CreateNetworkInterface olaf', 'CreateSecurityGroup ann', 'DeleteNetworkAcl ann'],
    ]
      .map((text) => `203.0.113.7 ${text.split(' ')[0]} ec2.amazonaws.com eu-central-1 ${text.split(' ')[1]}`)
      .concat('203.0.113.7 CreateUser iam.amazonaws.com eu-central-1 ann')
      .toSorted(),
  );
});

test('the sample query counts what was created and deleted, of its source category alone', async () => {
  const { columns, rows, warnings } = await run(EAGLE);
  expect(warnings).toEqual([]);
  expect(columns.map((c) => c.name)).toEqual(['event', '_count']);
  expect(rows).toEqual([
    ['CreateNetworkInterface', 2],
    ['CreateSecurityGroup', 2],
    ['DeleteNetworkAcl', 1],
    ['DeleteSecurityGroup', 1],
  ]);
});

test('another category, or words that no record has, find nothing', async () => {
  expect((await run(EAGLE.replace('AWS_EAGLE', 'AWS_EAGL'))).rows).toEqual([]);
  expect((await run(EAGLE.replace('(*Security* OR *Network*)', '*Securities*'))).rows).toEqual([]);
});

test('both run with flows beside the events', async () => {
  const line = `2 111122223333 eni-0security 10.0.0.1 10.0.0.2 50000 443 6 1 100 ${NOW - 60} ${NOW} ACCEPT OK\n`;
  await trail.ingestAs('AWS_EAGLE', [line]);
  expect(await trail.workspace.metadata.present()).toEqual(['vpc_flow', 'cloudtrail']);
  expect((await run(EAGLE)).rows).toHaveLength(4);
  expect((await run(PARSES)).rows).toHaveLength(11);
});
