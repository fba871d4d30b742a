/** "Test it", and whose credentials a source uses: STS, an instance's metadata and proxies are servers on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { environmentProxy } from '../../../src/collect/proxy.ts';
import { type Check, testS3Source } from '../../../src/collect/s3/check.ts';
import { S3Settings, type S3SettingsInput } from '../../../src/collect/s3/settings.ts';
import { Aws, FaultProxy, flowFile, flowLines, folderOf, KEYS, REGION, type Started, start, until, xmlError } from './aws.ts';

let aws: Aws;
let proxy: FaultProxy;
let folder: string;
let source: Started | undefined;
const servers: Server[] = [];
const BUCKET = 'flow-logs';
const QUEUE = 'notifications';
const ARN = `arn:aws:sqs:${REGION}:000000000000:${QUEUE}`;
const key = `${folderOf(new Date().toISOString().slice(0, 10))}a.log.gz`;

beforeAll(async () => {
  aws = await Aws.start();
  proxy = await FaultProxy.start(aws.endpoint);
  aws.server.createBucket(BUCKET);
  folder = mkdtempSync(join(tmpdir(), 'bartizan-s3-'));
});
afterAll(async () => {
  await proxy.stop();
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  aws.server.purgeAll();
  aws.server.createBucket(BUCKET);
  aws.server.createQueue(`${QUEUE}-dead`);
  aws.server.createQueue(QUEUE, {
    attributes: {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${ARN}-dead`, maxReceiveCount: 5 }),
      Policy: policy(
        { Service: 's3.amazonaws.com' },
        { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${BUCKET}` }, StringEquals: { 'aws:SourceAccount': '123456789012' } },
      ),
    },
  });
  await aws.put(BUCKET, key, flowFile(flowLines(1)));
  proxy.requests.length = 0;
  proxy.fault = () => undefined;
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function policy(principal: unknown, condition?: unknown): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sqs:SendMessage', Resource: ARN, ...(condition ? { Condition: condition } : {}) }],
  });
}

/** A server on loopback; returns its address. */
async function serve(handle: (req: IncomingMessage, body: string) => { status?: number; type?: string; body: string }): Promise<string> {
  const server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      const answer = handle(req, Buffer.concat(parts).toString());
      res.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'text/xml' });
      res.end(answer.body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** STS that knows one role, its external id and who may assume it. */
function sts(requests: URLSearchParams[] = []): Promise<string> {
  return serve((req, body) => {
    const form = new URLSearchParams(body);
    requests.push(form);
    const by = /Credential=([^/]+)/.exec(req.headers.authorization ?? '')?.[1];
    if (form.get('Action') === 'GetCallerIdentity')
      return {
        body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/${by}</Arn><UserId>X</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      };
    const right =
      form.get('RoleArn') === 'arn:aws:iam::210987654321:role/log-reader' && form.get('ExternalId') === 'the-external-id' && by !== 'AKIASTRANGERSTRANGER';
    if (!right)
      return {
        status: 403,
        body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/${by} is not authorized to perform: sts:AssumeRole on resource: ${form.get('RoleArn')}</Message></Error><RequestId>X</RequestId></ErrorResponse>`,
      };
    return {
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEROLEROLEROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    };
  });
}

const settings = (more: Record<string, unknown> = {}) =>
  S3Settings.parse({
    mode: 'queue',
    queue: QUEUE,
    bucket: BUCKET,
    region: REGION,
    credentials: { ...KEYS },
    endpoint: proxy.endpoint,
    queueEndpoint: proxy.endpoint,
    ...more,
  } as S3SettingsInput);
const test = (more: Record<string, unknown> = {}) => testS3Source(settings(more), { environment: {} });
const results = (checks: readonly Check[]) => Object.fromEntries(checks.map((check) => [check.name, check.result]));
const find = (checks: readonly Check[], name: string) => checks.find((check) => check.name === name);

describe('test it', () => {
  it('names every step that works, receives no message and changes nothing', async () => {
    aws.send(QUEUE, 'a message that stays');
    proxy.fault = ({ url }) =>
      url.includes('notification')
        ? {
            kind: 'answer',
            status: 200,
            body: `<NotificationConfiguration><QueueConfiguration><Id>x</Id><Queue>${ARN}</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>`,
          }
        : undefined;
    const checks = await test({ stsEndpoint: await sts() });
    expect(results(checks)).toEqual({
      credentials: 'ok',
      queue: 'ok',
      'dead-letter': 'ok',
      'queue-policy': 'ok',
      bucket: 'ok',
      list: 'ok',
      object: 'ok',
      regions: 'ok',
      notification: 'ok',
    });
    expect(find(checks, 'credentials')?.message).toContain(`user/${KEYS.accessKeyId}`);
    expect(find(checks, 'queue')?.message).toContain('about 1 messages');
    expect(find(checks, 'object')?.message).toContain(key);
    expect(aws.queue(QUEUE)).toEqual({ ready: 1, received: 0 });
    expect(proxy.requests.filter((r) => /ReceiveMessage|DELETE|PUT/.test(r))).toEqual([]);
  });

  it('says where the credentials were not asked for, and takes the bucket from the queue’s policy', async () => {
    const checks = await testS3Source(
      S3Settings.parse({ mode: 'queue', queue: ARN, region: 'eu-west-1', credentials: { ...KEYS }, endpoint: proxy.endpoint, queueEndpoint: proxy.endpoint }),
      { environment: {} },
    );
    expect(results(checks)).toMatchObject({ credentials: 'skipped', queue: 'ok', bucket: 'ok', object: 'ok', regions: 'ok' });
    expect(find(checks, 'regions')?.message).toBe(
      'The regions differ (the source eu-west-1, the queue us-east-1, the bucket eu-west-1); each is asked in its own.',
    );
    expect(find(checks, 'queue')?.message).toContain('in us-east-1');
  });

  it('names a queue that is not there, and goes on with the bucket', async () => {
    const checks = await test({ queue: 'misspelt' });
    expect(find(checks, 'queue')).toMatchObject({ result: 'failed', code: 'no-such-queue', hint: expect.stringContaining('ARN') });
    expect(results(checks)).toMatchObject({ bucket: 'ok', object: 'ok' });
  });

  it('warns of a queue that anybody may send to, one that nobody may, and one without a dead-letter queue', async () => {
    for (const [name, attributes, message] of [
      ['open', { Policy: policy('*') }, /lets anybody send/],
      ['open-2', { Policy: policy({ AWS: '*' }) }, /lets anybody send/],
      ['closed', {}, /lets nobody else send/],
    ] as const) {
      aws.server.createQueue(name, { attributes });
      const checks = await test({ queue: name });
      expect(find(checks, 'queue-policy')).toMatchObject({ result: 'warning', message: expect.stringMatching(message) });
      expect(find(checks, 'dead-letter')).toMatchObject({ result: 'warning' });
    }
  });

  it('names a missing permission and what else can be tried without it', async () => {
    proxy.fault = ({ url, headers }) => {
      if (String(headers['x-amz-target']).startsWith('AmazonSQS')) return undefined;
      return url.includes('x-id=GetObject') ? undefined : { kind: 'answer', status: 403, body: xmlError('AccessDenied', 'Access Denied') };
    };
    const checks = await test();
    expect(find(checks, 'bucket')).toMatchObject({
      result: 'failed',
      code: 'access-denied',
      message: expect.stringContaining('s3:ListBucket on “s3://flow-logs”'),
    });
    expect(results(checks)).toMatchObject({ list: 'failed', object: 'skipped', notification: 'skipped' });
  });

  it('names a KMS key that may not be used, and a bucket that is not there', async () => {
    proxy.fault = ({ url }) =>
      url.includes('x-id=GetObject')
        ? {
            kind: 'answer',
            status: 403,
            body: xmlError(
              'AccessDenied',
              'User: arn:aws:iam::123456789012:user/x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:123456789012:key/k because no identity-based policy allows the kms:Decrypt action',
            ),
          }
        : undefined;
    expect(find(await test(), 'object')).toMatchObject({ result: 'failed', code: 'kms-denied', hint: expect.stringContaining('kms:Decrypt') });
    const checks = await test({ bucket: 'no-such-bucket' });
    expect(find(checks, 'bucket')).toMatchObject({ result: 'failed', code: 'no-such-bucket' });
    expect(results(checks).object).toBeUndefined();
  });

  it('names the notification that is missing or is none of new objects', async () => {
    const other = `<QueueConfiguration><Id>x</Id><Queue>${ARN}</Queue><Event>s3:ObjectRemoved:*</Event></QueueConfiguration>`;
    for (const [xml, result, message] of [
      ['', 'warning', /notifies nobody/],
      [other, 'failed', /not of new objects/],
      [
        '<TopicConfiguration><Id>x</Id><Topic>arn:aws:sns:us-east-1:123456789012:t</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration>',
        'ok',
        /that topic passes it on/,
      ],
      ['<EventBridgeConfiguration/>', 'ok', /EventBridge/],
    ] as const) {
      proxy.fault = ({ url }) =>
        url.includes('notification') ? { kind: 'answer', status: 200, body: `<NotificationConfiguration>${xml}</NotificationConfiguration>` } : undefined;
      expect(find(await test(), 'notification')).toMatchObject({ result, message: expect.stringMatching(message) });
    }
  });

  it('follows a bucket in another region, and says so; and warns of an empty prefix', async () => {
    proxy.fault = ({ url, headers }) =>
      url.startsWith(`/${BUCKET}`) && !headers.authorization?.includes('/eu-west-1/s3')
        ? { kind: 'answer', status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' }, body: xmlError('PermanentRedirect', 'x') }
        : undefined;
    const checks = await test({ prefix: 'nothing/' });
    expect(find(checks, 'bucket')).toMatchObject({ result: 'ok', message: expect.stringContaining('in eu-west-1') });
    expect(find(checks, 'regions')?.message).toContain('the bucket eu-west-1');
    expect(find(checks, 'list')).toMatchObject({ result: 'warning', message: expect.stringContaining('nothing is there') });
  });
});

describe('credentials', () => {
  const by = () => new Set(proxy.requests.length > 0 ? used : []);
  const used = new Set<string>();
  const watch = () => {
    used.clear();
    proxy.fault = ({ headers }) => {
      const id = /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1];
      if (id) used.add(`${id}${headers['x-amz-security-token'] ? ' with token' : ''}`);
      return undefined;
    };
  };
  const run = async (more: Record<string, unknown>) => {
    source = start({ mode: 'queue', queue: QUEUE, ...more }, { endpoint: proxy.endpoint, folder });
    return source;
  };
  const role = (more: Record<string, unknown> = {}) => ({
    kind: 'role',
    roleArn: 'arn:aws:iam::210987654321:role/log-reader',
    externalId: 'the-external-id',
    base: { ...KEYS },
    ...more,
  });

  it('are those of a role, assumed with its external id', async () => {
    watch();
    const requests: URLSearchParams[] = [];
    const s = await run({ credentials: role(), stsEndpoint: await sts(requests) });
    await aws.putAndNotify(QUEUE, BUCKET, key, flowFile(flowLines(1)));
    await until(
      () => s.status().counts.deleted === 1,
      () => s.status(),
    );
    expect([...by()]).toEqual(['ASIAROLEROLEROLEROLE with token']);
    expect(requests[0]?.get('ExternalId')).toBe('the-external-id');
  });

  it('name a wrong role, a wrong external id and a stranger alike', async () => {
    const stsEndpoint = await sts();
    for (const credentials of [
      role({ externalId: 'another' }),
      role({ roleArn: 'arn:aws:iam::210987654321:role/other' }),
      role({ base: { ...KEYS, accessKeyId: 'AKIASTRANGERSTRANGER' } }),
      role({ externalId: undefined }),
    ]) {
      const s = await run({ credentials, stsEndpoint });
      await until(
        () => s.status().state === 'failing',
        () => s.status(),
      );
      expect(s.status().problems[0]).toMatchObject({
        code: 'role-denied',
        message: expect.stringContaining(credentials.roleArn),
        hint: expect.stringContaining('sts:ExternalId'),
      });
      await s.stop();
      const checks = await test({ credentials, stsEndpoint });
      expect(find(checks, 'credentials')).toMatchObject({ result: 'failed', code: 'role-denied' });
      expect(find(checks, 'queue')).toMatchObject({ result: 'failed', code: 'role-denied' });
    }
  });

  it('are those of a profile, of a session and of the machine; and are said to be missing', async () => {
    const before = { ...process.env };
    try {
      const file = join(folder, 'credentials');
      writeFileSync(file, '[logs]\naws_access_key_id = AKIAPROFILEPROFILE00\naws_secret_access_key = profile-secret\n');
      writeFileSync(join(folder, 'config'), '');
      const imds = await serve((req) => {
        if (req.method === 'PUT') return { type: 'text/plain', body: 'metadata-token' };
        if (req.url?.endsWith('/security-credentials/')) return { type: 'text/plain', body: 'instance-role' };
        return {
          type: 'application/json',
          body: JSON.stringify({
            Code: 'Success',
            Type: 'AWS-HMAC',
            AccessKeyId: 'ASIAINSTANCEINSTANCE',
            SecretAccessKey: 'instance-secret',
            Token: 'instance-token',
            LastUpdated: new Date().toISOString(),
            Expiration: new Date(Date.now() + 3_600_000).toISOString(),
          }),
        };
      });
      for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
      Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: join(folder, 'config'), AWS_EC2_METADATA_SERVICE_ENDPOINT: imds });
      for (const [credentials, expected] of [
        [{ kind: 'profile', name: 'logs' }, 'AKIAPROFILEPROFILE00'],
        [{ ...KEYS, sessionToken: 'a-token' }, `${KEYS.accessKeyId} with token`],
        [{ kind: 'instance' }, 'ASIAINSTANCEINSTANCE with token'],
      ] as const) {
        watch();
        expect(results(await test({ credentials }))).toMatchObject({ queue: 'ok', object: 'ok' });
        expect([...by()]).toEqual([expected]);
      }
      const checks = await test({ credentials: { kind: 'profile', name: 'no-such-profile' } });
      expect(find(checks, 'queue')).toMatchObject({ result: 'failed', code: 'no-credentials', hint: expect.stringContaining('~/.aws') });
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});

describe('proxies', () => {
  /** An HTTP proxy that knows CONNECT alone, with a name and a password if they are given. */
  async function connectProxy(login?: string): Promise<{ url: string; hosts: string[] }> {
    const hosts: string[] = [];
    const server = createServer((_req, res) => res.writeHead(405).end());
    server.on('connect', (req, socket) => {
      const given = Buffer.from((req.headers['proxy-authorization'] ?? '').replace('Basic ', ''), 'base64').toString();
      if (login && given !== login) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      hosts.push(req.url ?? '');
      const [host, port] = (req.url ?? '').split(':');
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
      socket.on('close', () => onward.destroy());
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, hosts };
  }

  it('carry S3, SQS and STS', async () => {
    const { url, hosts } = await connectProxy('name:pass@word');
    const stsEndpoint = await sts();
    const checks = await test({
      proxy: `http://name:pass%40word@${url}`,
      stsEndpoint,
      credentials: { kind: 'role', roleArn: 'arn:aws:iam::210987654321:role/log-reader', externalId: 'the-external-id', base: { ...KEYS } },
    });
    expect(results(checks)).toMatchObject({ credentials: 'ok', queue: 'ok', object: 'ok' });
    expect(new Set(hosts)).toEqual(new Set([new URL(proxy.endpoint).host, new URL(stsEndpoint).host]));
  });

  it('come from the environment too, but for hosts of NO_PROXY', async () => {
    const { url, hosts } = await connectProxy();
    const environment = { HTTP_PROXY: `http://${url}` };
    expect(results(await testS3Source(settings(), { environment }))).toMatchObject({ queue: 'ok', object: 'ok' });
    expect(hosts.length).toBeGreaterThan(0);
    hosts.length = 0;
    expect(results(await testS3Source(settings(), { environment: { ...environment, NO_PROXY: 'example.net,127.0.0.1' } }))).toMatchObject({
      queue: 'ok',
      object: 'ok',
    });
    expect(hosts).toEqual([]);
  });

  it('are named when they refuse or are not there, without their password', async () => {
    const { url } = await connectProxy('name:right');
    const refused = await test({ proxy: `http://name:wrong-password@${url}` });
    expect(find(refused, 'queue')).toMatchObject({ result: 'failed', code: 'proxy-refused', message: `The proxy “${url}” answered 407.` });
    servers.splice(0).forEach((server) => {
      server.closeAllConnections();
      server.close();
    });
    const gone = await test({ proxy: `http://name:wrong-password@${url}` });
    expect(find(gone, 'queue')).toMatchObject({ result: 'failed', code: 'proxy-unreachable', message: expect.stringContaining(url) });
    expect(JSON.stringify([refused, gone])).not.toContain('wrong-password');
  });

  it('read NO_PROXY as other programs do', () => {
    const environment = { HTTPS_PROXY: 'proxy.example.net:3128', NO_PROXY: '.eu-west-1.amazonaws.com, internal.example.net:8443 *.example.org' };
    const through = (url: string) => environmentProxy(new URL(url), environment)?.href;
    expect(through('https://s3.us-east-1.amazonaws.com')).toBe('http://proxy.example.net:3128/');
    expect(through('https://s3.eu-west-1.amazonaws.com')).toBeUndefined();
    expect(through('https://internal.example.net:8443')).toBeUndefined();
    expect(through('https://internal.example.net')).toBe('http://proxy.example.net:3128/');
    expect(through('https://s3.example.org')).toBeUndefined();
    expect(through('http://s3.us-east-1.amazonaws.com')).toBeUndefined();
    expect(environmentProxy(new URL('https://x.example'), { https_proxy: 'http://small', HTTPS_PROXY: 'http://capital' })?.host).toBe('small');
    expect(environmentProxy(new URL('https://x.example'), { HTTPS_PROXY: 'http://capital', NO_PROXY: '*' })).toBeUndefined();
  });
});
