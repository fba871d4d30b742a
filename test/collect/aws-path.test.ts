import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { otherObject, type PathFacts, pathFacts } from '../../src/collect/aws-path.ts';

const FLOW = { kind: 'flow-log', account: '123456789012', region: 'eu-west-1', service: 'vpcflowlogs', date: '2026-11-20' };
const FILE = '123456789012_vpcflowlogs_eu-west-1_fl-0123456789abcdef0_20261120T0955Z_1a2b3c4d.log.gz';

describe('flow logs', () => {
  it.each<[string, string, object]>([
    ['plain', `AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20/${FILE}`, FLOW],
    ['by hour', `AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20/09/${FILE}`, { ...FLOW, hour: 9 }],
    ['with a prefix', `a/prefix/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20/${FILE}`, FLOW],
    ['of an organization', `AWSLogs/o-abcdefghij/123456789012/vpcflowlogs/eu-west-1/2026/11/20/${FILE}`, { ...FLOW, organization: 'o-abcdefghij' }],
    ['as Parquet', `AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20/${FILE.replace('log.gz', 'log.parquet')}`, FLOW],
    ['for Hive', `p/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=11/day=20/${FILE}`, FLOW],
    [
      'for Hive by hour',
      'AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-gov-east-1/year=2026/month=11/day=20/hour=23/x.log.parquet',
      { ...FLOW, region: 'us-gov-east-1', hour: 23 },
    ],
    ['moved elsewhere', `archive/${FILE}`, FLOW],
    ['under two such folders', `AWSLogs/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20/x`, FLOW],
  ])('%s', (_, key, facts) => {
    expect(pathFacts(key)).toEqual(facts);
    expect(otherObject(key)).toBeUndefined();
  });
});

describe('events', () => {
  const facts = { account: '123456789012', region: 'eu-west-1', date: '2026-11-20' };
  const file = (service: string) =>
    `AWSLogs/123456789012/${service}/eu-west-1/2026/11/20/123456789012_${service}_eu-west-1_20261120T0955Z_abcdefghijklmnop.json.gz`;

  it.each<[string, string, object]>([
    ['of a trail', file('CloudTrail'), { ...facts, kind: 'cloudtrail', service: 'CloudTrail' }],
    [
      'of an organization',
      file('CloudTrail').replace('AWSLogs/', 'p/AWSLogs/o-abcdefghij/'),
      { ...facts, kind: 'cloudtrail', service: 'CloudTrail', organization: 'o-abcdefghij' },
    ],
    ['of Insights', file('CloudTrail-Insight'), { ...facts, kind: 'cloudtrail-insight', service: 'CloudTrail-Insight' }],
    ['summed up', file('CloudTrail-Aggregated'), { ...facts, kind: 'cloudtrail-aggregated', service: 'CloudTrail-Aggregated' }],
    [
      'from CloudTrail Lake',
      'AWSLogs/123456789012/CloudTrail-Lake/Query/2026/11/20/01234567-89ab-cdef-0123-456789abcdef/result_1.csv.gz',
      { kind: 'cloudtrail-lake', service: 'CloudTrail-Lake', account: '123456789012', date: '2026-11-20' },
    ],
  ])('%s', (_, key, expected) => {
    expect(pathFacts(key)).toEqual(expected);
    expect(otherObject(key)).toBeUndefined();
    expect(otherObject(key, 0)).toBe('folder');
  });
});

describe('what else lies in such buckets', () => {
  it.each<[PathFacts['kind'], string]>([
    [
      'cloudtrail-digest',
      'AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/2026/11/20/123456789012_CloudTrail-Digest_eu-west-1_trail_us-east-1_20261120T095500Z_backfill.json.gz',
    ],
    [
      'config',
      'AWSLogs/123456789012/Config/eu-west-1/2026/1/2/ConfigHistory/123456789012_Config_eu-west-1_ConfigHistory_AWS::EC2::VPC_20260102T000000Z_1.json.gz',
    ],
    [
      'load-balancer',
      'AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/20/123456789012_elasticloadbalancing_eu-west-1_app.x_20261120T0955Z_1.log.gz',
    ],
    ['other-log', 'AWSLogs/123456789012/vpcdnsquerylogs/vpc-1/2026/11/20/vpc-1_vpcdnsquerylogs_123456789012_20261120T0955Z_1.log.gz'],
    ['test', 'AWSLogs/123456789012/ELBAccessLogTestFile'],
    ['test', 'AWSLogs/123456789012/Config/ConfigWritabilityCheckFile'],
    ['manifest', 'inventory/bucket/all/2026-11-20T00-00Z/manifest.json'],
    ['manifest', 'inventory/manifest.checksum'],
    ['manifest', 'p/AWSLogs/123456789012/CloudTrail-Lake/Query/2026/11/20/01234567-89ab-cdef-0123-456789abcdef/result_sign.json'],
    ['manifest', 'athena/Unsaved/2026/11/20/1.csv.metadata'],
    ['manifest', 'out/_SUCCESS'],
    ['folder', 'AWSLogs/123456789012/vpcflowlogs/'],
    ['folder', ''],
  ])('%s', (kind, key) => {
    expect(pathFacts(key).kind).toBe(kind);
    expect(otherObject(key)).toBe(kind);
  });

  it('keeps what the path of another log says', () => {
    expect(pathFacts('AWSLogs/123456789012/Config/eu-west-1/2026/1/2/ConfigHistory/x.json.gz')).toEqual({
      kind: 'config',
      account: '123456789012',
      service: 'Config',
      region: 'eu-west-1',
      date: '2026-01-02',
    });
  });
});

it('does not believe what cannot be, and does not fail on any key', () => {
  expect(pathFacts('AWSLogs/12/vpcflowlogs/nowhere/2026/02/30/27/x')).toEqual({ kind: 'flow-log', service: 'vpcflowlogs' });
  expect(pathFacts('my/own/export.csv')).toEqual({ kind: 'unknown' });
  for (const key of ['my/own/export.csv', 'AWSLogs/../../../../escaped.log.gz', 'AWSLogs/my/own/export.csv']) expect(otherObject(key), key).toBeUndefined();
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom('AWSLogs', 'year=', 'aws-service=x', '..', '__proto__', '2026', '123456789012'), fc.string({ maxLength: 20 })), {
        maxLength: 12,
      }),
      (parts) => {
        expect(typeof pathFacts(parts.join('/')).kind).toBe('string');
      },
    ),
  );
  expect(pathFacts(`${'a-'.repeat(600)}1_`.repeat(20)).kind).toBe('unknown');
});
