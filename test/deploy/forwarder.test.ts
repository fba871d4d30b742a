/** The forwarder against a real server on loopback; EC2 alone is played. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../deploy/aws/forwarder/config.ts';
import { forward, MAX_POST } from '../../deploy/aws/forwarder/forward.ts';
import { createInterfaces, type Interfaces } from '../../deploy/aws/forwarder/interfaces.ts';
import { type Clock, MAX_ATTEMPTS } from '../../deploy/aws/forwarder/post.ts';
import { readJson } from '../../src/formats/flow/json-record.ts';
import { slotOf } from '../../src/formats/flow/plan.ts';
import { type HttpSource, startHttpSource } from './http-source.ts';

const ENI = 'eni-0123456789abcdef0';
const line = (source: string, destination: string, eni = ENI) =>
  `2 123456789012 ${eni} ${source} ${destination} 40000 443 6 10 840 1700000000 1700000060 ACCEPT OK`;
const OUT = line('10.8.0.5', '203.0.113.9');
const IN = line('203.0.113.9', '10.8.0.5');
const INNER = line('10.8.0.5', '10.9.255.1');
const NODATA = `2 123456789012 ${ENI} - - - - - - - 1700000000 1700000060 - NODATA`;

const pack = (payload: unknown) => ({ awslogs: { data: gzipSync(JSON.stringify(payload)).toString('base64') } });
const payload = (messages: readonly string[], logStream = `${ENI}-all`) => ({
  messageType: 'DATA_MESSAGE',
  owner: '123456789012',
  logGroup: '/bartizan/flow-logs',
  logStream,
  subscriptionFilters: ['forwarder'],
  logEvents: messages.map((message, i) => ({ id: `id-${i}`, timestamp: 1_700_000_000_000 + i, message })),
});

const ec2 = mockClient(EC2Client);
let source: HttpSource;
let log: string[];
let waits: number[];
let time: number;
const clock: Clock = {
  now: () => time,
  sleep: async (milliseconds) => {
    waits.push(milliseconds);
    time += milliseconds;
  },
  random: () => 0,
};

beforeEach(async () => {
  ec2.reset();
  source = await startHttpSource();
  log = [];
  waits = [];
  time = 1_700_000_000_000;
});
afterEach(() => source[Symbol.asyncDispose]());
afterAll(() => ec2.restore());

async function run(event: unknown, environment: Record<string, string> = {}, options: { interfaces?: Interfaces; seconds?: number } = {}): Promise<void> {
  const config = readConfig({ ENDPOINT_URL: source.url, AWS_REGION: 'eu-central-1', ...environment });
  const interfaces = options.interfaces ?? createInterfaces(new EC2Client({ region: 'eu-central-1' }), clock.now);
  await forward(event, time + (options.seconds ?? 300) * 1000, { config, interfaces, clock, log: (text) => log.push(text) });
}
const report = () => JSON.parse(log.at(-1) ?? '{}') as Record<string, unknown>;
const objects = () => source.posts.flatMap((post) => post.text.trimEnd().split('\n')).map((text) => JSON.parse(text) as Record<string, unknown>);

describe('VPC-RAW', () => {
  it('posts the lines themselves, gzipped, to the source', async () => {
    await run(pack(payload([OUT, `${IN}\n`, NODATA])), { LogFormat: 'VPC-RAW' });
    expect(source.posts).toHaveLength(1);
    expect(source.posts[0]?.path).toBe('/v1/http/secret-token');
    expect(source.posts[0]?.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/plain; charset=utf-8' });
    expect(source.posts[0]?.text).toBe(`${OUT}\n${IN}\n${NODATA}\n`);
    expect(report()).toMatchObject({ event: 'forwarded', RecordsReceived: 3, RecordsForwarded: 3, RecordsDropped: 0, Posts: 1 });
  });

  it('refuses to add what a raw line has no place for', async () => {
    await expect(run(pack(payload([OUT])), { LogFormat: 'VPC-RAW', INCLUDE_SECURITY_GROUP_INFO: 'true' })).rejects.toMatchObject({
      code: 'wrong-configuration',
    });
    expect(source.posts).toHaveLength(0);
  });
});

describe('VPC-JSON', () => {
  it('says where a line came from, and asks EC2 nothing', async () => {
    await run(pack(payload([OUT, IN])), { LogFormat: 'VPC-JSON' });
    expect(source.posts[0]?.headers['content-type']).toBe('application/x-ndjson');
    expect(objects()).toEqual([OUT, IN].map((message) => ({ message, logStream: `${ENI}-all`, logGroup: '/bartizan/flow-logs' })));
    expect(ec2.calls()).toHaveLength(0);
  });

  it('adds what EC2 knows of the interface, in the form that our decoder reads', async () => {
    ec2.on(DescribeNetworkInterfacesCommand).resolves({
      NetworkInterfaces: [
        { NetworkInterfaceId: 'eni-ffffffffffffffff0', VpcId: 'vpc-of-another' },
        {
          NetworkInterfaceId: ENI,
          VpcId: 'vpc-1',
          SubnetId: 'subnet-1',
          Groups: [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }],
          PrivateIpAddresses: [{ PrivateIpAddress: '10.8.0.4' }, { PrivateIpAddress: '10.8.0.5' }],
          Ipv6Addresses: [{ Ipv6Address: '2001:db8::5' }],
        },
      ],
    });
    const v6 = line('2001:db8:9::1', '2001:0db8:0:0:0:0:0:5');
    const neither = line('198.51.100.1', '198.51.100.2');
    await run(pack(payload([OUT, IN, v6, neither])), { LogFormat: 'VPC-JSON', INCLUDE_SECURITY_GROUP_INFO: 'true' });
    const about = { 'aws-region': 'eu-central-1', 'vpc-id': 'vpc-1', 'subnet-id': 'subnet-1', 'security-group-ids': ['sg-1', 'sg-2'] };
    expect(objects()).toMatchObject([
      { message: OUT, direction: 'outbound', ...about },
      { message: IN, direction: 'inbound', ...about },
      { message: v6, direction: 'inbound', ...about },
      { message: neither, ...about },
    ]);
    expect(objects()[3]).not.toHaveProperty('direction');
    const read = readJson(source.posts[0]?.text.split('\n')[0] ?? '');
    if (!('extras' in read)) throw new Error(read.message);
    expect(read.line).toBe(OUT);
    const extra = (column: string) => read.extras.get(slotOf(column));
    expect([extra('forwarder_direction'), extra('vpc_id'), extra('subnet_id'), extra('region'), extra('security_group_ids')]).toEqual([
      'outbound',
      'vpc-1',
      'subnet-1',
      'eu-central-1',
      'sg-1,sg-2',
    ]);
    expect([extra('log_group'), extra('log_stream')]).toEqual(['/bartizan/flow-logs', `${ENI}-all`]);
  });

  it('forwards the record of an interface that EC2 does not know, and counts it', async () => {
    ec2.on(DescribeNetworkInterfacesCommand).resolves({ NetworkInterfaces: [] });
    await run(pack(payload([OUT])), { LogFormat: 'VPC-JSON', INCLUDE_SECURITY_GROUP_INFO: 'true' });
    expect(objects()).toEqual([{ message: OUT, logStream: `${ENI}-all`, logGroup: '/bartizan/flow-logs', 'aws-region': 'eu-central-1' }]);
    expect(report()).toMatchObject({ RecordsForwarded: 1, RecordsWithoutInterface: 1 });
  });

  it('takes the interface from the name of the stream where the line has none, and the direction from the line', async () => {
    ec2.on(DescribeNetworkInterfacesCommand).resolves({ NetworkInterfaces: [{ NetworkInterfaceId: ENI, VpcId: 'vpc-1' }] });
    await run(pack(payload(['203.0.113.9 10.8.0.5 egress', '203.0.113.9 10.8.0.5 ingress'])), {
      LogFormat: 'VPC-JSON',
      INCLUDE_SECURITY_GROUP_INFO: 'true',
      FLOW_LOG_FORMAT: 'srcaddr dstaddr flow-direction',
    });
    expect(objects()).toMatchObject([
      { 'vpc-id': 'vpc-1', direction: 'outbound' },
      { 'vpc-id': 'vpc-1', direction: 'inbound' },
    ]);
  });

  it('fails when EC2 does, so that the event is kept', async () => {
    ec2.on(DescribeNetworkInterfacesCommand).rejects(Object.assign(new Error('not authorized'), { name: 'UnauthorizedOperation' }));
    await expect(run(pack(payload([OUT])), { LogFormat: 'VPC-JSON', INCLUDE_SECURITY_GROUP_INFO: 'true' })).rejects.toThrow('not authorized');
    expect(source.posts).toHaveLength(0);
  });
});

describe('VPC_CIDR_PREFIX', () => {
  it('drops a record only when both ends lie in a listed network, and counts it', async () => {
    await run(pack(payload([OUT, IN, INNER, line('10.8.1.1', '10.8.1.2'), NODATA])), { VPC_CIDR_PREFIX: '10.8.0.0, 10.9.' });
    expect(source.posts.map((post) => post.text)).toEqual([`${OUT}\n${IN}\n${NODATA}\n`]);
    expect(report()).toMatchObject({ RecordsReceived: 5, RecordsDropped: 2, RecordsForwarded: 3, RecordsUnfiltered: 1 });
  });

  it('posts nothing when nothing is left, and drops nothing without a list', async () => {
    await run(pack(payload([INNER])), { VPC_CIDR_PREFIX: '10.0.0.0/8' });
    expect(source.posts).toHaveLength(0);
    expect(report()).toMatchObject({ RecordsDropped: 1, Posts: 0 });
    await run(pack(payload([INNER])));
    expect(source.posts).toHaveLength(1);
    expect(report()).toMatchObject({ RecordsDropped: 0, RecordsUnfiltered: 0 });
  });

  it('finds the addresses where the format of the flow log has them', async () => {
    const inner = '10.8.0.5 ACCEPT 203.0.113.7 10.9.0.1';
    const format = ['dstaddr', 'action', 'pkt-srcaddr', 'srcaddr'].map((name) => `\${${name}}`).join(' ');
    await run(pack(payload([inner, '10.8.0.5 ACCEPT 10.9.0.1 203.0.113.7'])), { VPC_CIDR_PREFIX: '10.8.0.0/16,10.9.0.0/16', FLOW_LOG_FORMAT: format });
    expect(source.posts[0]?.text).toBe('10.8.0.5 ACCEPT 10.9.0.1 203.0.113.7\n');
  });

  it('makes metrics of the counts', async () => {
    await run(pack(payload([INNER, OUT])), { VPC_CIDR_PREFIX: '10.0.0.0/8' });
    const { _aws, ...values } = report() as { _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] } };
    const [metrics] = _aws.CloudWatchMetrics;
    expect(metrics?.Namespace).toBe('Bartizan/Forwarder');
    expect(metrics?.Metrics.map((m) => m.Name)).toContain('RecordsDropped');
    for (const name of [...(metrics?.Metrics.map((m) => m.Name) ?? []), ...(metrics?.Dimensions.flat() ?? [])]) expect(values).toHaveProperty(name);
  });
});

describe('interfaces', () => {
  const asked = () => ec2.commandCalls(DescribeNetworkInterfacesCommand).map((call) => call.args[0].input);
  const info = { LogFormat: 'VPC-JSON', INCLUDE_SECURITY_GROUP_INFO: 'true' };

  it('reads every page', async () => {
    const other = 'eni-0123456789abcdef1';
    ec2
      .on(DescribeNetworkInterfacesCommand)
      .resolvesOnce({ NetworkInterfaces: [{ NetworkInterfaceId: ENI, VpcId: 'vpc-1' }], NextToken: 'page-2' })
      .resolvesOnce({ NetworkInterfaces: [], NextToken: 'page-3' })
      .resolvesOnce({ NetworkInterfaces: [{ NetworkInterfaceId: other, VpcId: 'vpc-2' }] });
    await run(pack(payload([OUT, line('10.8.0.5', '203.0.113.9', other)])), info);
    expect(objects().map((o) => o['vpc-id'])).toEqual(['vpc-1', 'vpc-2']);
    expect(asked().map((input) => input.NextToken)).toEqual([undefined, 'page-2', 'page-3']);
    expect(asked()[0]).toMatchObject({ Filters: [{ Name: 'network-interface-id', Values: [ENI, other] }], MaxResults: 1000 });
  });

  it('asks again only when an answer has grown old, and sooner for what EC2 did not know', async () => {
    const unknown = 'eni-0aaaaaaaaaaaaaaaa';
    ec2.on(DescribeNetworkInterfacesCommand).resolves({ NetworkInterfaces: [{ NetworkInterfaceId: ENI, VpcId: 'vpc-1' }] });
    const interfaces = createInterfaces(new EC2Client({ region: 'eu-central-1' }), clock.now);
    const event = pack(payload([OUT, IN, line('10.8.0.5', '203.0.113.9', unknown)]));
    for (const minutes of [0, 0.5, 2, 9]) {
      time = 1_700_000_000_000 + minutes * 60_000;
      await run(event, info, { interfaces });
    }
    time = 1_700_000_000_000 + 11 * 60_000;
    await run(pack(payload([OUT])), info, { interfaces });
    expect(asked().map((input) => input.Filters?.[0]?.Values)).toEqual([[ENI, unknown], [unknown], [unknown], [ENI]]);
  });

  it('asks for no more ids at once than a filter takes, and never for what is no id', async () => {
    ec2.on(DescribeNetworkInterfacesCommand).resolves({ NetworkInterfaces: [] });
    const many = Array.from({ length: 450 }, (_, i) => line('10.8.0.5', '203.0.113.9', `eni-${String(i).padStart(17, '0')}`));
    await run(pack(payload([...many, line('10.8.0.5', '203.0.113.9', 'eni-*')], 'no-interface')), info);
    expect(asked().map((input) => input.Filters?.[0]?.Values?.length)).toEqual([200, 200, 50]);
  });
});

describe('posting', () => {
  it('tries again after 429 and 503, as long as Retry-After says, and after a cut connection', async () => {
    source.answers.push(
      { status: 503, headers: { 'retry-after': '7' } },
      'drop',
      { status: 429, headers: { 'retry-after': new Date(time + 60_000).toUTCString() } },
      { status: 500 },
    );
    await run(pack(payload([OUT])));
    expect(source.posts).toHaveLength(5);
    // 7 s as asked; back-off 2 s × ½; until the date, less what has passed; back-off 8 s × ½.
    expect(waits).toEqual([7000, 1000, 52_000, 4000]);
    expect(new Set(source.posts.map((post) => post.headers['idempotency-key'])).size).toBe(1);
    expect(report()).toMatchObject({ RecordsForwarded: 1, Posts: 1 });
  });

  it('gives up after some attempts, and says so without the token', async () => {
    source.answers.push(...Array.from({ length: 20 }, () => ({ status: 503, body: 'spool is full' })));
    const failure = await run(pack(payload([OUT]))).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code: 'unavailable', message: expect.stringContaining('503 spool is full') });
    expect(String(failure)).not.toContain('secret-token');
    expect(source.posts).toHaveLength(MAX_ATTEMPTS);
    expect(log).toEqual([]);
  });

  it('gives up at once when the wait would not fit into the invocation', async () => {
    source.answers.push({ status: 503, headers: { 'retry-after': '120' } });
    await expect(run(pack(payload([OUT])), {}, { seconds: 60 })).rejects.toMatchObject({ code: 'unavailable' });
    expect(source.posts).toHaveLength(1);
    expect(waits).toEqual([]);
  });

  it.each([400, 401, 404, 413, 301])('does not try again after %i', async (status) => {
    source.answers.push({ status, headers: status === 301 ? { location: '/elsewhere' } : {} });
    await expect(run(pack(payload([OUT])))).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining(String(status)) });
    expect(source.posts).toHaveLength(1);
  });

  it('reads no more of an answer than it shows', async () => {
    source.answers.push({ status: 400, body: 'x'.repeat(20_000_000) });
    const failure = await run(pack(payload([OUT]))).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code: 'refused', message: expect.stringMatching(/400 x{500}$/) });
  });

  it('names a server that is not there', async () => {
    await source[Symbol.asyncDispose]();
    await expect(run(pack(payload([OUT])))).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('ECONNREFUSED') });
    expect(waits).toHaveLength(MAX_ATTEMPTS - 1);
    source = await startHttpSource();
  });

  it('cuts a large event into posts of at most 1 MiB, each with a key that a repeated invocation makes again', async () => {
    const messages = Array.from({ length: 24_000 }, (_, i) => (i % 3 === 0 ? INNER : line('10.8.0.5', `203.0.113.${i % 250}`)));
    const event = pack(payload(messages));
    for (const LogFormat of ['VPC-RAW', 'VPC-JSON']) {
      source.posts.length = 0;
      await run(event, { LogFormat });
      const first = source.posts.map((post) => post.headers['idempotency-key']);
      expect(first.length).toBeGreaterThan(1);
      expect(new Set(first).size).toBe(first.length);
      for (const post of source.posts) expect(Buffer.byteLength(post.text)).toBeLessThanOrEqual(MAX_POST);
      expect(source.posts.flatMap((post) => post.text.trimEnd().split('\n'))).toHaveLength(24_000);
      source.posts.length = 0;
      // What is dropped or added between two invocations changes no cut and no key.
      await run(event, { LogFormat, VPC_CIDR_PREFIX: '10.0.0.0/8' });
      expect(source.posts.map((post) => post.headers['idempotency-key'])).toEqual(first);
      expect(source.posts.flatMap((post) => post.text.trimEnd().split('\n'))).toHaveLength(16_000);
    }
  });

  it('makes the key of the ids, the group and the stream', async () => {
    await run(pack(payload([OUT, IN])));
    const text = ['/bartizan/flow-logs', `${ENI}-all`, 'id-0', 'id-1'].map((part) => `${part}\n`).join('');
    expect(source.posts[0]?.headers['idempotency-key']).toBe(createHash('sha256').update(text).digest('hex'));
    await run(pack(payload([OUT, IN], 'another')));
    expect(source.posts[1]?.headers['idempotency-key']).not.toBe(source.posts[0]?.headers['idempotency-key']);
  });
});

describe('events', () => {
  it('takes a CONTROL_MESSAGE and sends nothing', async () => {
    await run(pack({ ...payload(['CWL CONTROL MESSAGE: Checking health of destination']), messageType: 'CONTROL_MESSAGE' }));
    expect(source.posts).toHaveLength(0);
    expect(report()).toEqual({ event: 'control-message' });
  });

  const good = pack(payload([OUT])).awslogs.data;
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'no-subscription-event'],
    ['an event of another service', { Records: [] }, 'no-subscription-event'],
    ['data that are no text', { awslogs: { data: 5 } }, 'no-subscription-event'],
    ['what is no gzip', { awslogs: { data: Buffer.from('plain').toString('base64') } }, 'damaged-gzip'],
    ['half a gzip', { awslogs: { data: good.slice(0, good.length / 2) } }, 'damaged-gzip'],
    ['a bomb', { awslogs: { data: gzipSync(Buffer.alloc(65 * 1024 * 1024)).toString('base64') } }, 'damaged-gzip'],
    ['no JSON', { awslogs: { data: gzipSync('{"messageType":').toString('base64') } }, 'damaged-json'],
    ['a list', pack([]), 'unknown-shape'],
    ['another type of message', pack({ ...payload([OUT]), messageType: 'OTHER' }), 'unknown-shape'],
    ['no list of events', pack({ ...payload([OUT]), logEvents: {} }), 'unknown-shape'],
    ['an event without id', pack({ ...payload([OUT]), logEvents: [{ message: OUT }] }), 'unknown-shape'],
  ])('fails on %s, and names it', async (_, event, code) => {
    await expect(run(event)).rejects.toMatchObject({ name: 'EventError', code });
    expect(source.posts).toHaveLength(0);
  });
});

describe('configuration', () => {
  it.each<[Record<string, string>, string]>([
    [{ ENDPOINT_URL: '' }, 'ENDPOINT_URL'],
    [{ ENDPOINT_URL: 'ftp://secret-token.example' }, 'ENDPOINT_URL'],
    [{ ENDPOINT_URL: 'https://secret-token example/' }, 'ENDPOINT_URL'],
    [{ LogFormat: 'Others' }, 'LogFormat'],
    [{ INCLUDE_SECURITY_GROUP_INFO: 'yes' }, 'INCLUDE_SECURITY_GROUP_INFO'],
    [{ VPC_CIDR_PREFIX: '10.0.0.0/33' }, 'VPC_CIDR_PREFIX'],
    [{ FLOW_LOG_FORMAT: '$srcaddr' }, 'FLOW_LOG_FORMAT'],
  ])('%j is refused by name', (environment, name) => {
    let message = '';
    try {
      readConfig({ ENDPOINT_URL: source.url, ...environment });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(name);
    expect(message).not.toContain('secret-token');
  });
});
