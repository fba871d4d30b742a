/** The functions as the template deploys them: the code in it, loaded as Lambda loads it, with the variables that it sets. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VARIABLES } from '../../deploy/aws/forwarder/config.ts';
import type { Context, QueueAnswer, QueueEvent } from '../../deploy/aws/forwarder/index.ts';
import { bundle, inline, TEMPLATE } from '../../scripts/build-forwarder.ts';
import { readTemplate } from './cloudformation.ts';
import { type HttpSource, startHttpSource } from './http-source.ts';

interface Functions {
  forward(event: unknown, context: Context): Promise<void>;
  redrive(event: QueueEvent, context: Context): Promise<QueueAnswer>;
}
interface FunctionProperties {
  readonly Handler: string;
  readonly Code: { readonly ZipFile: string };
  readonly Environment: { readonly Variables: Record<string, unknown> };
}

const text = readFileSync(TEMPLATE, 'utf8');
const { Resources } = readTemplate(text);
const [forwarder, redriver] = ['Forwarder', 'Redrive'].map((name) => Resources[name]?.Properties as unknown as FunctionProperties) as [
  FunctionProperties,
  FunctionProperties,
];

function load(code: string): Functions {
  const exports = {} as Functions;
  new Function('exports', 'require', code)(exports, createRequire(import.meta.url));
  return exports;
}

const ENI = 'eni-0123456789abcdef0';
const MESSAGE = `2 123456789012 ${ENI} 10.8.0.5 203.0.113.9 40000 443 6 10 840 1700000000 1700000060 ACCEPT OK`;
const INNER = `2 123456789012 ${ENI} 10.8.0.5 10.8.0.6 40000 443 6 10 840 1700000000 1700000060 ACCEPT OK`;
const event = (message: string) => ({
  awslogs: {
    data: gzipSync(
      JSON.stringify({
        messageType: 'DATA_MESSAGE',
        owner: '1',
        logGroup: 'g',
        logStream: 's',
        subscriptionFilters: [],
        logEvents: [{ id: '1', timestamp: 1, message }],
      }),
    ).toString('base64'),
  },
});
const context: Context = { getRemainingTimeInMillis: () => 300_000 };

let source: HttpSource;
let written: string[];
beforeEach(async () => {
  source = await startHttpSource();
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await source[Symbol.asyncDispose]();
});
function environment(values: Record<string, string>): void {
  for (const [name, value] of Object.entries({ ENDPOINT_URL: source.url, AWS_REGION: 'eu-central-1', ...values })) vi.stubEnv(name, value);
}

describe('the code in the template', () => {
  it('is what the sources build (node scripts/build-forwarder.ts)', async () => {
    expect(inline(text, await bundle())).toBe(text);
  });

  it('is in both functions, with the same variables, which are those that it reads', () => {
    expect(redriver.Code.ZipFile).toBe(forwarder.Code.ZipFile);
    expect(redriver.Environment).toEqual(forwarder.Environment);
    expect(Object.keys(forwarder.Environment.Variables).sort()).toEqual(Object.values(VARIABLES).sort());
    expect([forwarder.Handler, redriver.Handler]).toEqual(['index.forward', 'index.redrive']);
  });

  it('lets the template pass through every door of CloudFormation: the API takes 51,200 bytes', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(51_200);
  });
});

describe('forward', () => {
  it('sends an event and writes its counts as a line of JSON', async () => {
    environment({ LogFormat: 'VPC-JSON', VPC_CIDR_PREFIX: '10.9.', INCLUDE_SECURITY_GROUP_INFO: 'false' });
    await load(forwarder.Code.ZipFile).forward(event(MESSAGE), context);
    expect(JSON.parse(source.posts[0]?.text ?? '')).toEqual({ message: MESSAGE, logStream: 's', logGroup: 'g' });
    expect(written.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ event: 'forwarded', RecordsForwarded: 1 }]);
  });

  it('asks EC2 through the SDK that Lambda brings, and remembers', async () => {
    const ec2 = mockClient(EC2Client);
    ec2.on(DescribeNetworkInterfacesCommand).resolves({ NetworkInterfaces: [{ NetworkInterfaceId: ENI, VpcId: 'vpc-1', PrivateIpAddress: '10.8.0.5' }] });
    environment({ LogFormat: 'VPC-JSON', INCLUDE_SECURITY_GROUP_INFO: 'true' });
    const functions = load(forwarder.Code.ZipFile);
    await functions.forward(event(MESSAGE), context);
    await functions.forward(event(MESSAGE), context);
    expect(source.posts.map((post) => JSON.parse(post.text) as unknown)).toMatchObject(Array(2).fill({ 'vpc-id': 'vpc-1', direction: 'outbound' }));
    expect(ec2.calls()).toHaveLength(1);
    ec2.restore();
  });

  it('throws what Lambda shall try again, and writes why without the token', async () => {
    environment({ LogFormat: 'VPC-RAW' });
    source.answers.push({ status: 401, body: 'no such source' });
    await expect(load(forwarder.Code.ZipFile).forward(event(MESSAGE), context)).rejects.toMatchObject({ code: 'refused' });
    expect(written.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event: 'failed', code: 'refused', message: expect.stringContaining('401 no such source') },
    ]);
    expect(written.join()).not.toContain('secret-token');
  });
});

describe('redrive', () => {
  it('sends what waited, with the same filter, and gives back only what failed', async () => {
    environment({ LogFormat: 'VPC-RAW', VPC_CIDR_PREFIX: '10.8.0.0/16' });
    source.answers.push({ status: 200 }, { status: 400 });
    const bodies = [
      JSON.stringify(event(MESSAGE)),
      'no json',
      JSON.stringify(event(INNER)),
      JSON.stringify(event(`${MESSAGE} `)),
      JSON.stringify(event(MESSAGE)),
    ];
    const answer = await load(redriver.Code.ZipFile).redrive({ Records: bodies.map((body, i) => ({ messageId: `m${i}`, body })) }, context);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }, { itemIdentifier: 'm3' }] });
    expect(source.posts.map((post) => post.text)).toEqual([`${MESSAGE}\n`, `${MESSAGE} \n`, `${MESSAGE}\n`]);
    expect(written.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['forwarded', 'failed', 'forwarded', 'failed', 'forwarded']);
  });

  it('sends with the key that the first function used', async () => {
    environment({ LogFormat: 'VPC-RAW' });
    const functions = load(forwarder.Code.ZipFile);
    await functions.forward(event(MESSAGE), context);
    await functions.redrive({ Records: [{ messageId: 'm', body: JSON.stringify(event(MESSAGE)) }] }, context);
    const [first, second] = source.posts.map((post) => post.headers['idempotency-key']);
    expect(second).toBe(first);
  });
});
