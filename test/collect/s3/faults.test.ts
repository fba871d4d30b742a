/** Faults between the SDK and S3 and SQS: what is tried again, what is said, and that nothing is stored but whole objects, once. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Limiter } from '../../../src/collect/s3/limiter.ts';
import { Aws, type Fault, FaultProxy, flowFile, flowLines, folderOf, KEYS, nativeEvent, REGION, type Started, start, until, xmlError } from './aws.ts';

let aws: Aws;
let proxy: FaultProxy;
let folder: string;
let source: Started | undefined;
let number = 0;
let queue = '';

beforeAll(async () => {
  aws = await Aws.start();
  proxy = await FaultProxy.start(aws.endpoint);
  aws.server.createBucket('flow-logs');
  folder = mkdtempSync(join(tmpdir(), 'bartizan-s3-'));
});
afterAll(async () => {
  await proxy.stop();
  await aws.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  number += 1;
  queue = `queue-${number}`;
  aws.server.createQueue(queue);
  aws.server.emptyBucket('flow-logs');
  proxy.requests.length = 0;
  proxy.fault = () => undefined;
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
});

const begin = (settings: Record<string, unknown> = {}, options: Partial<Parameters<typeof start>[1]> = {}) => {
  source = start({ mode: 'queue', queue, ...settings }, { endpoint: proxy.endpoint, folder, ...options });
  return source;
};
const key = (name: string) => `${folderOf('2026-11-20')}${name}.log.gz`;
const gets = () => proxy.requests.filter((r) => r.includes('x-id=GetObject'));
/** The fault of the first `times` reads of objects. */
const firstReads = (times: number, fault: Fault) => {
  let left = times;
  proxy.fault = ({ url }) => (url.includes('x-id=GetObject') && left-- > 0 ? fault : undefined);
};
const deleted = (count: number) =>
  until(
    () => source?.status().counts.deleted === count,
    () => source?.status(),
  );

describe('downloads', () => {
  const big = flowFile(flowLines(7, 20_000));
  const fullyRead = (s: Started) => {
    expect(s.ledger.lines()).toEqual(flowLines(7, 20_000).sort());
    expect(s.ledger.taken.length).toBe(1);
  };

  for (const [where, memory] of [
    ['memory', 64 * 2 ** 20],
    ['a file', 0],
  ] as const)
    it(`go on behind a cut, in ${where}`, async () => {
      firstReads(2, { kind: 'cut', after: 10_000 });
      await aws.putAndNotify(queue, 'flow-logs', key('cut'), big);
      const s = begin({}, { limiter: new Limiter({ maxMemory: memory }) });
      await deleted(1);
      fullyRead(s);
      // Of what was sent before a cut, some may be lost with the connection; what arrived is not asked for again.
      const starts = gets().map((r) => Number(/bytes=(\d+)-$/.exec(r)?.[1] ?? 0));
      expect(starts.length).toBe(3);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      expect(starts[2]).toBeGreaterThan(0);
      expect(starts[2]).toBeLessThanOrEqual(20_000);
    });

  it('give a silent connection up and go on', async () => {
    firstReads(1, { kind: 'silence', after: 5000 });
    await aws.putAndNotify(queue, 'flow-logs', key('silent'), big);
    // So long the answer may take to begin on a busy machine, too.
    const s = begin({}, { timings: { idleMs: 2000 } });
    await deleted(1);
    fullyRead(s);
    expect(gets()[1]).toContain('bytes=5000-');
  });

  it('wait for slow bodies, while others go on', async () => {
    proxy.fault = ({ url }) =>
      url.includes('slow') && url.includes('x-id=GetObject') ? { kind: 'slow', piece: Math.ceil(big.length / 40), ms: 100 } : undefined;
    await aws.putAndNotify(queue, 'flow-logs', key('slow'), big);
    for (let i = 0; i < 5; i++) await aws.putAndNotify(queue, 'flow-logs', key(`quick-${i}`), flowFile(flowLines(i)));
    // Less than the whole takes, and far more than a pause.
    const s = begin({}, { timings: { idleMs: 3000 } });
    await deleted(6);
    expect(s.ledger.taken.at(-1)?.name).toContain('slow');
    expect(gets().length).toBe(6);
  });

  it('are read anew when their bytes are not those of the ETag, and never stored so', async () => {
    firstReads(1, { kind: 'garble' });
    await aws.putAndNotify(queue, 'flow-logs', key('garbled'), big);
    const s = begin();
    await deleted(1);
    fullyRead(s);
    // Noise: an object that stays garbled is given back.
    proxy.fault = ({ url }) => (url.includes('always') && url.includes('x-id=GetObject') ? { kind: 'garble' } : undefined);
    await aws.putAndNotify(queue, 'flow-logs', key('always'), big);
    await until(
      () => s.status().counts.returned === 1,
      () => s.status(),
    );
    expect(s.ledger.taken.length).toBe(1);
    expect(s.status().problems[0]).toMatchObject({ code: 'object-damaged', message: expect.stringContaining('other bytes than its ETag says') });
  });

  it('are of the version that the notification names', async () => {
    const etag = await aws.put('flow-logs', key('versioned'), big);
    aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: key('versioned'), etag, versionId: '3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY' }]));
    firstReads(1, { kind: 'cut', after: 10 });
    const s = begin();
    await deleted(1);
    fullyRead(s);
    for (const get of gets()) expect(get).toContain('versionId=3sL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY');
  });

  it('leave no file behind, whatever happened', async () => {
    proxy.fault = ({ url }) => (url.includes('x-id=GetObject') ? { kind: 'cut', after: 0 } : undefined);
    await aws.putAndNotify(queue, 'flow-logs', key('never'), big);
    const s = begin({}, { limiter: new Limiter({ maxMemory: 0 }) });
    await until(
      () => s.status().counts.returned === 1,
      () => s.status(),
    );
    const own = join(folder, readdirSync(folder)[0] as string);
    expect(readdirSync(own)).toEqual([]);
    await s.stop();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('try again after server errors and throttling, and read fewer at once then', async () => {
    const limiter = new Limiter({ start: 16 });
    let n = 0;
    proxy.fault = ({ url }) => {
      if (!url.includes('x-id=GetObject')) return undefined;
      n += 1;
      if (n <= 3) return { kind: 'answer', status: 503, body: xmlError('SlowDown', 'Please reduce your request rate.') };
      return n % 4 === 0 ? { kind: 'answer', status: 500, body: xmlError('InternalError', 'We encountered an internal error.') } : undefined;
    };
    for (let i = 0; i < 12; i++) await aws.putAndNotify(queue, 'flow-logs', key(`${i}`), flowFile(flowLines(i)));
    const s = begin({}, { limiter });
    await until(
      () => s.ledger.stored.size === 12,
      () => s.status(),
    );
    expect(s.ledger.lines().length).toBe(36);
    expect(limiter.limit).toBeLessThan(16);
    await deleted(12);
  });
});

describe('explanations', () => {
  const denied = (message: string): Fault => ({ kind: 'answer', status: 403, body: xmlError('AccessDenied', message) });
  const cases: readonly (readonly [string, Fault, string, RegExp])[] = [
    [
      'a missing permission for the object',
      denied(
        'User: arn:aws:iam::123456789012:user/reader is not authorized to perform: s3:GetObject on resource: &quot;arn:aws:s3:::flow-logs/x&quot; because no identity-based policy allows the s3:GetObject action',
      ),
      'access-denied',
      /s3:GetObject on “s3:\/\/flow-logs\/.*” is not allowed/,
    ],
    [
      'a denial',
      denied(
        'User: arn:aws:iam::123456789012:user/reader is not authorized to perform: s3:GetObject on resource: &quot;x&quot; with an explicit deny in a resource-based policy',
      ),
      'access-denied',
      /resource-based policy denies it explicitly/,
    ],
    [
      'a missing permission for the key',
      denied(
        'User: arn:aws:iam::123456789012:user/reader is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab because no resource-based policy allows the kms:Decrypt action',
      ),
      'kms-denied',
      /the KMS key “arn:aws:kms:us-east-1:123456789012:key\/1234abcd.*”.*kms:Decrypt is missing/,
    ],
    [
      'a disabled key',
      { kind: 'answer', status: 400, body: xmlError('KMS.DisabledException', 'arn:aws:kms:us-east-1:123456789012:key/x is disabled.') },
      'kms-key-unusable',
      /KMS key of “s3:\/\/flow-logs/,
    ],
    [
      'an unknown key id',
      {
        kind: 'answer',
        status: 403,
        body: xmlError(
          'InvalidAccessKeyId',
          'The AWS Access Key Id you provided does not exist in our records.',
          `<AWSAccessKeyId>${KEYS.accessKeyId}</AWSAccessKeyId>`,
        ),
      },
      'invalid-key-id',
      /does not know the access key id/,
    ],
    [
      'a wrong secret',
      {
        kind: 'answer',
        status: 403,
        body: xmlError(
          'SignatureDoesNotMatch',
          'The request signature we calculated does not match the signature you provided.',
          `<StringToSign>${KEYS.secretAccessKey}</StringToSign>`,
        ),
      },
      'bad-signature',
      /secret access key does not belong/,
    ],
    ['an expired token', { kind: 'answer', status: 400, body: xmlError('ExpiredToken', 'The provided token has expired.') }, 'expired-token', /expired/],
    [
      'a wrong clock',
      { kind: 'answer', status: 403, body: xmlError('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.') },
      'clock-skew',
      /clock/,
    ],
    [
      'an archived object',
      { kind: 'answer', status: 403, body: xmlError('InvalidObjectState', 'The operation is not valid for the object’s storage class') },
      'object-archived',
      /archived/,
    ],
    [
      'a bucket that is not there',
      { kind: 'answer', status: 404, body: xmlError('NoSuchBucket', 'The specified bucket does not exist') },
      'no-such-bucket',
      /^There is no bucket “[a-z-]+”; it was asked for in us-east-1\. Check its name /,
    ],
    [
      'a region that nobody names',
      {
        kind: 'answer',
        status: 301,
        body: xmlError('PermanentRedirect', 'The bucket you are attempting to access must be addressed using the specified endpoint.'),
      },
      'wrong-region',
      /not in us-east-1/,
    ],
    [
      'an error without a name here',
      { kind: 'answer', status: 418, body: xmlError('Teapot', `It says ${KEYS.secretAccessKey}`) },
      'unexpected',
      /Teapot \(HTTP 418\)/,
    ],
  ];
  for (const [name, fault, code, message] of cases)
    it(`name ${name}, and no secret`, async () => {
      proxy.fault = ({ url }) => (url.startsWith('/flow-logs') && url.includes('bad') ? fault : undefined);
      await aws.putAndNotify(queue, 'flow-logs', key('bad'), flowFile(flowLines(1)));
      await aws.putAndNotify(queue, 'flow-logs', key('good'), flowFile(flowLines(2)));
      const s = begin({}, { timings: { retryMs: 5 } });
      await until(
        () => s.status().counts.returned >= 1 && s.status().counts.deleted === 1,
        () => s.status(),
      );
      const [problem] = s.status().problems;
      expect(problem).toMatchObject({ code });
      expect(`${problem?.message} ${problem?.hint}`).toMatch(message);
      expect(s.ledger.lines()).toEqual(flowLines(2).sort());
      expect(JSON.stringify(s.status()) + s.log.lines.join()).not.toContain(KEYS.secretAccessKey);
      expect(s.log.lines.join()).toContain(code);
    });

  it('name a queue that is not there, and go on once it is', async () => {
    const s = begin({ queue: `arn:aws:sqs:${REGION}:000000000000:${queue}-later` });
    await until(
      () => s.status().state === 'failing',
      () => s.status(),
    );
    expect(s.status().problems[0]).toMatchObject({ code: 'no-such-queue', message: expect.stringContaining(`${queue}-later” in us-east-1`) });
    aws.server.createQueue(`${queue}-later`);
    await aws.putAndNotify(`${queue}-later`, 'flow-logs', key('a'), flowFile(flowLines(1)));
    await deleted(1);
    expect(s.status().state).toBe('running');
  });

  it('name a host that refuses, one without a name, and one that speaks no TLS', async () => {
    const dead = await FaultProxy.start(aws.endpoint);
    const { endpoint } = dead;
    await dead.stop();
    const s = begin({ queueEndpoint: endpoint });
    await until(
      () => s.status().state === 'failing',
      () => s.status(),
    );
    expect(s.status().problems[0]).toMatchObject({ code: 'unreachable' });
    await s.stop();
    const nameless = begin({ queueEndpoint: 'http://queue.example.invalid' });
    await until(
      () => nameless.status().state === 'failing',
      () => nameless.status(),
    );
    expect(nameless.status().problems[0]).toMatchObject({ code: 'name-not-found' });
    await nameless.stop();
    const plain = begin({ queueEndpoint: proxy.endpoint.replace('http:', 'https:') });
    await until(
      () => plain.status().state === 'failing',
      () => plain.status(),
    );
    expect(plain.status().problems[0]).toMatchObject({ code: 'tls-failed', hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
  });
});

describe('regions', () => {
  const signedFor = (authorization: string | undefined) => /Credential=[^/]+\/\d+\/([a-z0-9-]+)\/s3/.exec(authorization ?? '')?.[1];

  for (const [name, fault] of [
    [
      'the error’s body',
      {
        kind: 'answer',
        status: 400,
        body: xmlError(
          'AuthorizationHeaderMalformed',
          'The authorization header is malformed; the region &apos;us-east-1&apos; is wrong; expecting &apos;eu-west-1&apos;',
          '<Region>eu-west-1</Region>',
        ),
      },
    ],
    [
      'the answer’s header',
      {
        kind: 'answer',
        status: 301,
        headers: { 'x-amz-bucket-region': 'eu-west-1' },
        body: xmlError('PermanentRedirect', 'The bucket must be addressed using the specified endpoint.'),
      },
    ],
  ] as const)
    it(`follow the bucket to the region in ${name}, once`, async () => {
      let wrong = 0;
      const regions: (string | undefined)[] = [];
      proxy.fault = ({ url, headers }) => {
        if (!url.startsWith('/flow-logs')) return undefined;
        regions.push(signedFor(headers.authorization));
        if (regions.at(-1) === 'eu-west-1') return undefined;
        wrong += 1;
        return fault;
      };
      for (let i = 0; i < 3; i++) {
        const etag = await aws.put('flow-logs', key(`${i}`), flowFile(flowLines(i)));
        // A service that does not say the bucket's region.
        const event = nativeEvent([{ bucket: 'flow-logs', key: key(`${i}`), etag }], '2.1', '');
        aws.send(queue, event);
      }
      const s = begin({}, { limiter: new Limiter({ max: 1 }) });
      await deleted(3);
      expect(wrong).toBe(1);
      expect(regions).toEqual(['us-east-1', 'eu-west-1', 'eu-west-1', 'eu-west-1']);
      expect(s.status().problems).toEqual([]);
    });

  it('ask a bucket where the notification says that it is, and no other host', async () => {
    const regions = new Set<string | undefined>();
    proxy.fault = ({ url, headers }) => {
      if (url.startsWith('/flow-logs')) regions.add(signedFor(headers.authorization));
      return undefined;
    };
    const etag = await aws.put('flow-logs', key('a'), flowFile(flowLines(1)));
    aws.send(queue, nativeEvent([{ bucket: 'flow-logs', key: key('a'), etag }], '2.1', 'ap-south-1'));
    begin();
    await deleted(1);
    expect([...regions]).toEqual(['ap-south-1']);
    const other = `${queue}-hostile`;
    aws.server.createQueue(other);
    aws.send(other, nativeEvent([{ bucket: 'flow-logs', key: key('a'), etag }], '2.1', 'evil.example/x#-1'));
    await source?.stop();
    regions.clear();
    begin({ queue: other });
    await deleted(1);
    expect([...regions]).toEqual(['us-east-1']);
  });
});
