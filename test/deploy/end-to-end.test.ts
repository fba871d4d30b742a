import { gzipSync } from 'node:zlib';
import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../deploy/aws/forwarder/config.ts';
import { forward } from '../../deploy/aws/forwarder/forward.ts';
import { createInterfaces } from '../../deploy/aws/forwarder/interfaces.ts';
import type { Clock } from '../../deploy/aws/forwarder/post.ts';
import { DEFAULT_SETTINGS } from '../../src/api/deps.ts';
import type { Collection } from '../../src/ingest/collection.ts';
import { startServer, type TestServer } from '../api/helpers.ts';
import { openCollection, openPlace, type Place } from '../ingest/helpers.ts';

let place: Place;
let server: TestServer;
let collection: Collection;

beforeAll(async () => {
  place = await openPlace({ workers: 1 });
  collection = await openCollection(place);
  server = await startServer({
    deps: { store: place.store, collection, sources: place.metadata.sources, clock: Date.now, listener: () => undefined },
    settings: { receive: { ...DEFAULT_SETTINGS.receive, requestsPerSecond: 50 } },
  });
});
afterAll(async () => {
  await server.close();
  await collection.close();
  await place.close();
});

const ENI = 'eni-0123456789abcdef0';
const line = (source: string, destination: string) => `2 123456789012 ${ENI} ${source} ${destination} 40000 443 6 10 840 1700000000 1700000060 ACCEPT OK`;
const event = (messages: readonly string[]) => ({
  awslogs: {
    data: gzipSync(
      JSON.stringify({
        messageType: 'DATA_MESSAGE',
        owner: '123456789012',
        logGroup: '/bartizan/flow-logs',
        logStream: `${ENI}-all`,
        subscriptionFilters: ['forwarder'],
        logEvents: messages.map((message, i) => ({ id: `id-${i}`, timestamp: i, message })),
      }),
    ).toString('base64'),
  },
});
const clock: Clock = { now: Date.now, sleep: async () => {}, random: () => 0 };

async function makeSource(category: string): Promise<string> {
  const collector = (await (await server.post('/api/v1/collectors', { name: category })).json()) as { id: string };
  const answer = await server.post('/api/v1/sources', { collector: collector.id, kind: 'http', name: category, sourceCategory: category });
  const { address } = (await answer.json()) as { address: { token: string } };
  return `${server.base}/v1/http/${address.token}`;
}

const MESSAGES = [line('10.8.0.5', '203.0.113.9'), line('203.0.113.9', '10.8.0.5'), line('10.8.0.5', '10.8.0.6')];

describe('forwarder and HTTP source', () => {
  it.each(['VPC-RAW', 'VPC-JSON'])('%s: an event that is sent twice is stored once, without what stays inside', async (LogFormat) => {
    const ec2 = mockClient(EC2Client);
    ec2.on(DescribeNetworkInterfacesCommand).resolves({
      NetworkInterfaces: [
        { NetworkInterfaceId: ENI, VpcId: 'vpc-1', SubnetId: 'subnet-1', Groups: [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }], PrivateIpAddress: '10.8.0.5' },
      ],
    });
    const config = readConfig({
      ENDPOINT_URL: await makeSource(LogFormat),
      LogFormat,
      VPC_CIDR_PREFIX: '10.8.',
      INCLUDE_SECURITY_GROUP_INFO: String(LogFormat === 'VPC-JSON'),
      AWS_REGION: 'eu-central-1',
    });
    const means = { config, interfaces: createInterfaces(new EC2Client({ region: 'eu-central-1' }), Date.now), clock, log: () => {} };
    for (let i = 0; i < 2; i++) await forward(event(MESSAGES), Date.now() + 60_000, means);
    await forward(event([...MESSAGES, line('10.8.0.5', '203.0.113.10')]), Date.now() + 60_000, means);
    const select = (what: string) => `SELECT ${what} FROM bartizan.vpc_flow WHERE source_category = '${LogFormat}'`;
    await expect.poll(async () => (await place.rows(select('count()')))[0]?.[0], { interval: 50 }).toBe(5);
    const about = LogFormat === 'VPC-JSON' ? ['outbound', 'vpc-1', 'subnet-1', 'eu-central-1', '/bartizan/flow-logs', `${ENI}-all`] : ['', '', '', '', '', ''];
    const [row] = await place.rows(
      `${select('forwarder_direction, vpc_id, subnet_id, region, log_group, log_stream, toString(security_group_ids)')} AND dstaddr = toIPv6('203.0.113.10')`,
    );
    expect(row?.slice(0, 6)).toEqual(about);
    for (const group of ['sg-1', 'sg-2']) expect(String(row?.[6]).includes(group)).toBe(LogFormat === 'VPC-JSON');
    ec2.restore();
  });
});
