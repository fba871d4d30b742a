/** Settings with messages for people, their secrets, object kinds by key, and the limiter. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitSecrets } from '../../../src/collect/aws-credentials.ts';
import { otherObject } from '../../../src/collect/aws-path.ts';
import { datedKey, startOfDay } from '../../../src/collect/s3/dated-key.ts';
import { Limiter } from '../../../src/collect/s3/limiter.ts';
import { S3_PROBLEMS } from '../../../src/collect/s3/problems.ts';
import { joinSecrets, readQueue, S3Settings } from '../../../src/collect/s3/settings.ts';
import { KEYS } from './aws.ts';

const list = { mode: 'list', bucket: 'flow-logs', region: 'eu-central-1', credentials: { ...KEYS } };
const queue = { mode: 'queue', queue: 'notifications', region: 'eu-central-1', credentials: { kind: 'instance' } };

describe('settings', () => {
  it('are read with their defaults', () => {
    expect(S3Settings.parse(list)).toEqual({ ...list, follow: true, followSeconds: 60, digests: 'hashes' });
    expect(S3Settings.parse(queue)).toEqual({ ...queue, visibilitySeconds: 120, digests: 'hashes' });
    expect(S3Settings.parse({ ...list, region: 'auto', endpoint: 'https://s3.example.net' })).toMatchObject({ region: 'auto' });
  });

  it('take a start as a date, a time or an epoch', () => {
    for (const [since, time] of [
      ['2026-11-01', '2026-11-01T00:00:00Z'],
      ['2026-11-01T06:30', '2026-11-01T06:30:00Z'],
      ['2026-11-01 06:30:15', '2026-11-01T06:30:15Z'],
      ['2026-11-01T06:30:00+02:00', '2026-11-01T04:30:00Z'],
      [1_793_491_200, '2026-11-01T00:00:00Z'],
      ['1793491200000', '2026-11-01T00:00:00Z'],
    ] as const)
      expect(S3Settings.parse({ ...list, since })).toMatchObject({ since: Date.parse(time) });
  });

  it('say what is wrong and what is expected', () => {
    for (const [wrong, message] of [
      [{ ...list, bucket: 's3://flow-logs/x' }, /bucket’s name alone/],
      [{ ...list, prefix: '/AWSLogs' }, /without a \/ in front/],
      [{ ...list, region: 'Frankfurt' }, /region such as/],
      [{ ...list, region: 'evil.example/#' }, /region such as/],
      [{ ...list, since: 'yesterday' }, /date such as/],
      [{ ...list, since: '2026-13-01' }, /date such as/],
      [{ ...list, endpoint: 'https://name:secret@s3.example.net' }, /address such as/],
      [{ ...list, endpoint: 'ftp://s3.example.net' }, /address such as/],
      [{ ...list, proxy: 'proxy:3128' }, /http:\/\/proxy/],
      [{ ...list, credentials: { kind: 'keys', accessKeyId: 'short', secretAccessKey: 'x' } }, /access key id has/],
      [{ ...list, credentials: { kind: 'keys', accessKeyId: KEYS.accessKeyId, secretAccessKey: ' ' } }, /secret access key is missing/],
      [{ ...list, credentials: { kind: 'role', roleArn: 'log-reader' } }, /role’s ARN/],
      [{ ...list, credentials: { kind: 'magic' } }, /choose keys, profile, role or instance/],
      [{ ...queue, queue: 'a queue' }, /ARN .* or its URL/],
      [{ ...queue, visibilitySeconds: 1 }, /2/],
      [{ mode: 'other' }, /choose queue or list/],
      [{ ...list, unknown: 1 }, /unknown/],
    ] as const) {
      const result = S3Settings.safeParse(wrong);
      expect(result.success, JSON.stringify(wrong)).toBe(false);
      expect(result.error?.issues.map((issue) => issue.message).join()).toMatch(message);
    }
  });

  it('give their secrets apart, and take them back', () => {
    const whole = S3Settings.parse({
      ...list,
      proxy: 'http://name:password@proxy.example.net:3128',
      credentials: { kind: 'role', roleArn: 'arn:aws:iam::123456789012:role/log-reader', externalId: 'not-secret', base: { ...KEYS, sessionToken: 'a-token' } },
    });
    const { open, secrets } = splitSecrets(whole);
    expect(secrets).toEqual({
      proxy: 'http://name:password@proxy.example.net:3128',
      'credentials.base.secretAccessKey': KEYS.secretAccessKey,
      'credentials.base.sessionToken': 'a-token',
    });
    for (const secret of [KEYS.secretAccessKey, 'a-token', 'password']) expect(JSON.stringify(open)).not.toContain(secret);
    expect(JSON.stringify(open)).toContain('not-secret');
    expect(joinSecrets(open, secrets)).toEqual(whole);
    expect(() => joinSecrets(open, {})).toThrow(
      /^The source’s settings are not what they must be: connection\.\S*secretAccessKey: the secret access key is missing$/,
    );
    expect(splitSecrets(S3Settings.parse(queue)).secrets).toEqual({});
  });

  it('read a queue’s name, ARN and URL', () => {
    expect(readQueue('notifications')).toEqual({ name: 'notifications' });
    expect(readQueue('arn:aws:sqs:eu-west-1:123456789012:n.fifo')).toEqual({ region: 'eu-west-1', account: '123456789012', name: 'n.fifo' });
    expect(readQueue('https://sqs.eu-west-1.amazonaws.com/123456789012/n')).toMatchObject({ region: 'eu-west-1', account: '123456789012', name: 'n' });
    expect(readQueue('https://eu-west-1.queue.amazonaws.com/123456789012/n')).toMatchObject({ region: 'eu-west-1' });
    expect(readQueue('https://vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/n')).toMatchObject({ region: 'eu-west-1' });
    for (const bad of [
      '',
      'arn:aws:sns:eu-west-1:123456789012:n',
      'https://sqs.eu-west-1.amazonaws.com/n',
      'a/b',
      'https://u:p@sqs.eu-west-1.amazonaws.com/123456789012/n',
    ])
      expect(readQueue(bad)).toBeUndefined();
  });
});

describe('objects', () => {
  const flow = 'AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20/123456789012_vpcflowlogs_eu-west-1_fl-0a_20261120T0000Z_abc.log.gz';

  it('are flow logs, events or unknown, and then read; or of another kind', () => {
    for (const key of [
      flow,
      `x/y/${flow}`,
      flow.replace('.log.gz', '.log.parquet'),
      flow.replace('AWSLogs/', 'AWSLogs/o-exampleorgid/'),
      'AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=11/day=20/hour=00/a.log.parquet',
      'AWSLogs/123456789012/CloudTrail/eu-west-1/2026/11/20/x.json.gz',
      'AWSLogs/o-exampleorgid/123456789012/CloudTrail-Insight/eu-west-1/2026/11/20/x.json.gz',
      'copy.log',
      'a/b.txt',
      'my-manifest-notes.log',
      '__proto__',
      'constructor/toString',
    ])
      expect(otherObject(key, 10), key).toBeUndefined();
    for (const [key, kind] of [
      ['p/AWSLogs/o-exampleorgid/123456789012/CloudTrail-Digest/eu-west-1/x.json.gz', 'cloudtrail-digest'],
      ['AWSLogs/123456789012/Config/eu-west-1/2026/11/20/ConfigHistory/x.json.gz', 'config'],
      ['AWSLogs/123456789012/Config/ConfigWritabilityCheckFile', 'test'],
      ['AWSLogs/123456789012/ELBAccessLogTestFile', 'test'],
      ['AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/20/x.log.gz', 'load-balancer'],
      ['AWSLogs/123456789012/vpcflowlogs/x-Access-Check', 'test'],
      ['CloudTrail_TestFile', 'test'],
      ['AWSLogs/123456789012/constructor/x', 'other-log'],
      ['AWSLogs/123456789012/WAFLogs/eu-west-1/x.log.gz', 'other-log'],
      ['tables/_manifest', 'manifest'],
      ['tables/_delta_manifest.json', 'manifest'],
      ['AWSLogs/', 'folder'],
      ['AWSLogs_$folder$', 'folder'],
    ] as const)
      expect(otherObject(key, 10), key).toBe(kind);
    expect(otherObject(flow, 0)).toBe('folder');
    expect(otherObject(flow)).toBeUndefined();
  });

  it('know their day only where AWS lays days out', () => {
    expect(datedKey(flow)).toEqual({ base: 'AWSLogs/123456789012/vpcflowlogs/eu-west-1/', day: '2026-11-20', hive: false });
    const hive = datedKey('p/AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/x')!;
    expect(hive).toMatchObject({ day: '2026-01-02', hive: true });
    expect(startOfDay(hive, '2026-11-20')).toBe('p/AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=11/day=20');
    expect(startOfDay(datedKey(flow)!, '2026-01-02')).toBe('AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/01/02');
    for (const key of ['a/2026/11/20/x', 'AWSLogs/2026/11/20/x', 'AWSLogs/1/vpcflowlogs/r/20261120/x', `AWSLogs/${'a/'.repeat(600)}`])
      expect(datedKey(key)).toBeUndefined();
  });
});

describe('the problems', () => {
  it('stand in the docs, each with its meaning', () => {
    const docs = readFileSync(new URL('../../../docs/s3.md', import.meta.url), 'utf8');
    const rows = [...docs.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map((match) => [match[1], match[2]]);
    expect(rows.filter(([code]) => String(code) in S3_PROBLEMS)).toEqual(Object.entries(S3_PROBLEMS));
  });
});

describe('the limiter', () => {
  const signal = new AbortController().signal;
  const well = { throttled: false };

  it('admits twice as many after each round that went well, half as many after throttling, and one more from then on', async () => {
    let now = 0;
    const limiter = new Limiter({ start: 4, max: 64, clock: () => now });
    const round = async (throttled: boolean, times: number) => {
      for (let i = 0; i < times; i++) {
        const held = await Promise.all(Array.from({ length: limiter.limit }, () => limiter.acquire(0, signal)));
        // Others wait: only then is the limit too low.
        const waiting = Array.from({ length: 2 * limiter.limit }, () => limiter.acquire(0, signal));
        for (const leave of held) leave.release({ throttled });
        for (const leave of waiting) (await leave).release({ throttled });
      }
    };
    for (const grown of [8, 16, 32, 64, 64]) {
      await round(false, 1);
      expect(limiter.limit).toBe(grown);
    }
    now += 5000;
    // Answers to requests that were sent at the same time count once.
    await round(true, 1);
    const cut = limiter.limit;
    expect(cut).toBe(32);
    now += 5000;
    await round(false, 1);
    expect(limiter.limit).toBeGreaterThan(cut);
    expect(limiter.limit).toBeLessThan(cut + 6);
    for (let i = 0; i < 10; i++) {
      now += 5000;
      await round(true, 1);
    }
    expect(limiter.limit).toBe(1);
    expect(limiter.active).toBe(0);
  });

  it('admits fewer when the pipeline takes much longer than it did, and does not grow unasked', async () => {
    let now = 0;
    const limiter = new Limiter({ start: 16, clock: () => now });
    const one = async (takenMs: number) => {
      now += 5000;
      (await limiter.acquire(0, signal)).release({ throttled: false, takenMs });
    };
    for (let i = 0; i < 20; i++) await one(100);
    expect(limiter.limit).toBe(16);
    for (let i = 0; i < 20; i++) await one(5000);
    expect(limiter.limit).toBeLessThan(8);
  });

  it('takes the wait for an insert that many share for no sign of a slow pipeline', async () => {
    let now = 0;
    const limiter = new Limiter({ start: 4, max: 32, clock: () => now });
    const round = async (takenMs: number) => {
      now += 5000;
      const all = Array.from({ length: 40 }, () => limiter.acquire(0, signal));
      for (const leave of all) (await leave).release({ throttled: false, takenMs });
    };
    // One at a time is stored at once; those that come together wait for each other, and are stored faster for it.
    (await limiter.acquire(0, signal)).release({ throttled: false, takenMs: 20 });
    for (let i = 0; i < 40; i++) await round(1500);
    expect(limiter.limit).toBe(32);
    // A pipeline that is stuck holds up many as it does one.
    for (let i = 0; i < 5; i++) await round(600_000);
    expect(limiter.limit).toBeLessThan(16);
  });

  it('takes no few that follow many for a slow pipeline', async () => {
    let now = 0;
    const limiter = new Limiter({ start: 4, max: 32, clock: () => now });
    const round = async (count: number, takenMs: number) => {
      now += 5000;
      const held = await Promise.all(Array.from({ length: count }, () => limiter.acquire(0, signal)));
      const waiting = limiter.acquire(0, signal);
      for (const leave of held) leave.release({ throttled: false, takenMs });
      if (count === limiter.limit) (await waiting).release(well);
      else (await waiting).release({ throttled: false, takenMs });
    };
    for (let i = 0; i < 60; i++) await round(limiter.limit, 640);
    expect(limiter.limit).toBe(32);
    for (let i = 0; i < 60; i++) await round(1, 1500);
    expect(limiter.limit).toBe(32);
    // But one that is alone and takes many times as long as any did.
    for (let i = 0; i < 60; i++) await round(1, 60_000);
    expect(limiter.limit).toBe(1);
  });

  it('bounds bytes, lets one alone be larger, and keeps the order', async () => {
    const limiter = new Limiter({ start: 10, maxBytes: 100 });
    const order: string[] = [];
    const first = await limiter.acquire(500, signal);
    const second = limiter.acquire(60, signal).then((leave) => {
      order.push('second');
      return leave;
    });
    const third = limiter.acquire(60, signal).then((leave) => {
      order.push('third');
      return leave;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    // It is smaller than was said.
    first.holds(20);
    const leave = await second;
    expect(order).toEqual(['second']);
    leave.release(well);
    leave.release(well);
    (await third).release(well);
    first.release(well);
    expect(limiter.active).toBe(0);
  });

  it('lets those go who do not wait any longer, and bounds memory', async () => {
    const limiter = new Limiter({ start: 1, maxMemory: 10 });
    const held = await limiter.acquire(0, signal);
    const stop = new AbortController();
    const waiting = limiter.acquire(0, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(limiter.acquire(0, stop.signal)).rejects.toThrow('enough');
    held.release(well);
    (await limiter.acquire(0, signal)).release(well);
    expect([limiter.takeMemory(7), limiter.takeMemory(7)]).toEqual([true, false]);
    limiter.freeMemory(7);
    expect(limiter.takeMemory(10)).toBe(true);
  });
});
