/**
 * What an object of a log bucket is, told by its key alone: AWS writes logs of many services, their tests and
 * their indexes into one bucket. Only what is certainly something else is left out; any other key is read and
 * its content decides.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
 */

/** Kinds that are recognized and not collected, each with what it is. */
export const OTHER_OBJECTS = {
  cloudtrail: 'CloudTrail events',
  'cloudtrail-digest': 'CloudTrail digests',
  'cloudtrail-insight': 'CloudTrail Insights',
  config: 'AWS Config history and snapshots',
  'load-balancer': 'load balancer access logs',
  'other-service': 'logs of another AWS service',
  test: 'test files that AWS services leave',
  manifest: 'indexes of other objects',
  folder: 'folders and empty objects',
} as const;

export type OtherObject = keyof typeof OTHER_OBJECTS;
export type ObjectKind = 'records' | OtherObject;

const TEST_FILE =
  /(^|\/)(ConfigWritabilityCheckFile|ELBAccessLogTestFile|CloudTrail_Test[^/]*|aws-logs-write-test|[^/]*Access-Check[^/]*|[^/]*(?:Writability|WriteAccess)Check[^/]*)$/i;
const MANIFEST = /(^|\/)(_[^/]*manifest[^/]*|manifest\.(json|checksum|xml)|_SUCCESS|_(common_)?metadata|_started_[^/]*|_committed_[^/]*|symlink\.txt)$/i;
/** The part behind AWSLogs: an organization's id, the account, the service; or the same as Hive partitions. */
const SERVICE = /(?:^|\/)AWSLogs\/(?:o-[a-z0-9]{10,32}\/)?(?:\d{12}|aws-account-id=\d{12})\/(?:aws-service=)?([A-Za-z0-9_-]+)\//;

const SERVICES: Readonly<Record<string, ObjectKind>> = {
  vpcflowlogs: 'records',
  cloudtrail: 'cloudtrail',
  'cloudtrail-digest': 'cloudtrail-digest',
  'cloudtrail-insight': 'cloudtrail-insight',
  'cloudtrail-aggregated': 'cloudtrail',
  config: 'config',
  elasticloadbalancing: 'load-balancer',
};

/** `size` in bytes where it is known. */
export function objectKind(key: string, size?: number): ObjectKind {
  if (key.endsWith('/') || key.endsWith('_$folder$') || size === 0) return TEST_FILE.test(key) ? 'test' : 'folder';
  if (TEST_FILE.test(key)) return 'test';
  if (MANIFEST.test(key)) return 'manifest';
  const service = SERVICE.exec(key)?.[1]?.toLowerCase();
  if (service === undefined) return 'records';
  return Object.hasOwn(SERVICES, service) ? (SERVICES[service] as ObjectKind) : 'other-service';
}

/** A key that lies in a folder of a day. */
export interface DatedKey {
  /** The key up to the year. */
  readonly base: string;
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly hive: boolean;
}

// Only where AWS itself lays days out; elsewhere three numbers in a path may be anything.
const PLAIN_DAY = /^((?:.*\/)?AWSLogs\/(?:[^/]+\/){2,4}?)(\d{4})\/(\d{2})\/(\d{2})\//;
const HIVE_DAY = /^((?:.*\/)?AWSLogs\/(?:[^/]+\/){2,4}?)year=(\d{4})\/month=(\d{2})\/day=(\d{2})\//;

export function datedKey(key: string): DatedKey | undefined {
  if (key.length > 1024) return undefined;
  const plain = PLAIN_DAY.exec(key);
  const match = plain ?? HIVE_DAY.exec(key);
  return match ? { base: match[1] as string, day: `${match[2]}-${match[3]}-${match[4]}`, hive: !plain } : undefined;
}

/** A key that lies before every key of that day and behind every key of the days before, in the same folder. */
export function startOfDay(dated: DatedKey, day: string): string {
  const [year, month, date] = day.split('-');
  return dated.hive ? `${dated.base}year=${year}/month=${month}/day=${date}` : `${dated.base}${year}/${month}/${date}`;
}
