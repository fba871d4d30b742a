/**
 * What the key of an object in a log bucket says: whose it is, of which service, day and hour, and
 * whether it holds records at all. Services write below `AWSLogs/`, each in its own folder, plain or in
 * Hive's form (`name=value`), with the organization's id before the account or not.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-download-cloudtrail-lake-query-results.html
 */

/**
 * `flow-log`: VPC and transit gateway flow logs. `cloudtrail`, `cloudtrail-insight`, `cloudtrail-aggregated`: events.
 * `cloudtrail-lake`: saved results of queries. `other-log`: of another service, named by `service`.
 * `test`: what a service writes to see whether it may. `manifest`: lists and marks of other tools.
 * `folder`: an empty object that stands for a folder. `unknown`: the key does not tell; look inside.
 */
export type ObjectKind =
  | 'flow-log'
  | 'cloudtrail'
  | 'cloudtrail-digest'
  | 'cloudtrail-insight'
  | 'cloudtrail-aggregated'
  | 'cloudtrail-lake'
  | 'config'
  | 'load-balancer'
  | 'other-log'
  | 'test'
  | 'manifest'
  | 'folder'
  | 'unknown';

/** What the key does not say is absent. */
export interface PathFacts {
  readonly kind: ObjectKind;
  readonly organization?: string;
  readonly account?: string;
  readonly region?: string;
  /** The service's folder, as AWS spells it: `vpcflowlogs`, `CloudTrail`. */
  readonly service?: string;
  /** YYYY-MM-DD. */
  readonly date?: string;
  /** 0–23, where the log is partitioned by hour. */
  readonly hour?: number;
}

/** The kind of a service's folder. */
const SERVICES: ReadonlyMap<string, ObjectKind> = new Map([
  ['vpcflowlogs', 'flow-log'],
  ['cloudtrail', 'cloudtrail'],
  ['cloudtrail-digest', 'cloudtrail-digest'],
  ['cloudtrail-insight', 'cloudtrail-insight'],
  ['cloudtrail-aggregated', 'cloudtrail-aggregated'],
  ['cloudtrail-lake', 'cloudtrail-lake'],
  ['config', 'config'],
  ['elasticloadbalancing', 'load-balancer'],
]);

/** Names of files that services write as a test, and that tools leave beside their data. */
const TEST =
  /^(elbaccesslogtestfile|cloudtrail_test.*|aws-?logs(-write)?-test|aws-programmatic-access-test-object|.*access-check.*|.*(writability|writeaccess)check.*)$/;
const MANIFEST =
  /^(result_sign\.json|manifest(\..*)?|_.*manifest.*|.*manifest\.(json|checksum|txt|csv)|symlink\.txt|_success|_started_\d+|_committed_\d+|_(common_)?metadata|.*\.metadata|\.keep|\.ds_store)$/;

/** `<account>_vpcflowlogs_<region>_fl-…_YYYYMMDDTHHmmZ_….log.gz`, `<account>_CloudTrail-Digest_<region>_…`. */
const FILE_NAME = /^(\d{12})_([A-Za-z0-9-]+)_([a-z]{2,}(?:-[a-z]+)+-\d+|[a-z]+-[a-z]+-\d)_(?:.*_)?(\d{4})(\d{2})(\d{2})T\d{4,6}Z/;
const ORGANIZATION = /^o-[a-z0-9]{10,32}$/;
const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/;
const KEY_LIMIT = 1024;

type Draft = { -readonly [K in keyof PathFacts]: PathFacts[K] };

/** The facts of an object's key (decoded: `+` and `%20` of a notification are blanks before). Any text is a key. */
export function pathFacts(key: string): PathFacts {
  const parts = key.slice(0, KEY_LIMIT).split('/');
  const name = parts.pop() ?? '';
  const facts: Draft = { kind: 'unknown' };
  readName(name, facts);
  readFolders(parts, facts);
  if (facts.service !== undefined) facts.kind = SERVICES.get(facts.service.toLowerCase()) ?? 'other-log';
  const lower = name.toLowerCase();
  if (name === '' || name.endsWith('_$folder$')) facts.kind = 'folder';
  else if (TEST.test(lower)) facts.kind = 'test';
  else if (MANIFEST.test(lower)) facts.kind = 'manifest';
  return facts;
}

/** Kinds that hold records. */
type RecordObject = 'flow-log' | 'cloudtrail' | 'cloudtrail-insight' | 'cloudtrail-aggregated' | 'cloudtrail-lake' | 'unknown';
const WITH_RECORDS: ReadonlySet<ObjectKind> = new Set<RecordObject>([
  'flow-log',
  'cloudtrail',
  'cloudtrail-insight',
  'cloudtrail-aggregated',
  'cloudtrail-lake',
  'unknown',
]);

/** Kinds that hold no records of a format that is read: in a shared bucket they are passed over, and counted. */
export type OtherObject = Exclude<ObjectKind, RecordObject>;

/** What an object is that holds no records; undefined for one that must be read. `size` in bytes where it is known: an empty one is a folder. */
export function otherObject(key: string, size?: number): OtherObject | undefined {
  const { kind } = pathFacts(key);
  if (!isRecordObject(kind)) return kind;
  return size === 0 ? 'folder' : undefined;
}

function isRecordObject(kind: ObjectKind): kind is RecordObject {
  return WITH_RECORDS.has(kind);
}

function readName(name: string, facts: Draft): void {
  const match = FILE_NAME.exec(name);
  if (!match) return;
  const [, account, service, region, year, month, day] = match as unknown as [string, string, string, string, string, string, string];
  Object.assign(facts, { account, service, region });
  setDate(facts, year, month, day);
}

function readFolders(folders: readonly string[], facts: Draft): void {
  const root = folders.lastIndexOf('AWSLogs');
  if (root < 0) return;
  const rest = folders.slice(root + 1);
  if (ORGANIZATION.test(rest[0] ?? '')) facts.organization = rest.shift() as string;
  const hive = new Map(rest.flatMap((part) => (part.includes('=') ? [[part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const] : [])));
  const [account, service, region, year, month, day, hour] =
    hive.size > 0 ? ['aws-account-id', 'aws-service', 'aws-region', 'year', 'month', 'day', 'hour'].map((name) => hive.get(name)) : rest;
  const owned = /^\d{12}$/.test(account ?? '');
  if (owned) facts.account = account as string;
  // Anybody may write below a folder of that name: what is not known there is no service.
  if (service && (owned || SERVICES.has(service.toLowerCase()))) facts.service = service;
  if (REGION.test(region ?? '')) facts.region = region as string;
  if (year && month && day) setDate(facts, year, month, day);
  if (/^\d{1,2}$/.test(hour ?? '') && Number(hour) < 24) facts.hour = Number(hour);
}

/** A day that is none is not believed. Config writes months and days without the zero. */
function setDate(facts: Draft, year: string, month: string, day: string): void {
  if (!/^\d{4}$/.test(year) || !/^\d{1,2}$/.test(month) || !/^\d{1,2}$/.test(day)) return;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = Date.parse(`${date}T00:00:00Z`);
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(date)) facts.date = date;
}
