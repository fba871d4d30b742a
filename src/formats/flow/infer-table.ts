/**
 * Lines of an unknown layout as columns, and what a column's values can be by their shape alone. Only
 * what holds of every record of AWS is used: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html,
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
 */
import { isIPv4, parseAddress } from '../../model/address.ts';
import { AWS_FIELDS } from '../../model/fields.ts';
import { type FlowFormat, TGW_FLOW } from '../../model/log-formats.ts';
import { readHeader } from './layout.ts';
import { EARLIEST_START } from './row.ts';

/** Most lines and fields that are looked at. */
export const LINE_LIMIT = 2000;
const FIELD_LIMIT = 80;

export const ABSENT = '-';

export interface Table {
  /** By column, then row. */
  readonly columns: readonly (readonly string[])[];
  readonly rows: number;
  /** Rows with traffic. */
  readonly traffic: readonly number[];
  /** Rows of windows without traffic, or with lost records: most of their values are absent. */
  readonly silent: readonly number[];
  /** A status or addresses tell which rows have traffic. Otherwise `traffic` are the fuller ones, `silent` is empty, and nothing is certain. */
  readonly told: boolean;
  /** Share of the lines that have this number of values. */
  readonly share: number;
}

const STATUS = /^(?:OK|NODATA|SKIPDATA)$/;

/** The lines with the most frequent number of values, as a table. Undefined when there are none. */
export function tableOf(lines: readonly string[]): Table | undefined {
  const split: string[][] = [];
  const counts = new Map<number, number>();
  for (const line of lines.slice(0, LINE_LIMIT)) {
    const text = line.replace(/\r?\n?$/, '');
    if (text === '' || text.length > 65536 || readHeader(text)) continue;
    const values = text.split(' ');
    if (values.length > FIELD_LIMIT || values.includes('')) continue;
    split.push(values);
    counts.set(values.length, (counts.get(values.length) ?? 0) + 1);
  }
  const width = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0];
  if (width === undefined || width > AWS_FIELDS.length) return undefined;
  const rows = split.filter((values) => values.length === width);
  const columns = Array.from({ length: width }, (_, i) => rows.map((values) => values[i] as string));
  const status = columns.find((c) => c.every((v) => STATUS.test(v)));
  const addresses = columns.filter((c) => matches(c, isAddress));
  const told = status !== undefined || addresses.length > 0;
  const absences = rows.map((values) => values.filter((v) => v === ABSENT).length);
  const usual = absences.toSorted((a, b) => a - b)[absences.length >> 1] as number;
  const hasTraffic = (row: number): boolean =>
    status ? status[row] === 'OK' : told ? addresses.every((c) => c[row] !== ABSENT) : (absences[row] as number) <= usual;
  const all = rows.map((_, row) => row);
  return {
    columns,
    rows: rows.length,
    traffic: all.filter(hasTraffic),
    silent: told ? all.filter((row) => !hasTraffic(row)) : [],
    told,
    share: rows.length / split.length,
  };
}

/** Whether some value is there and each that is passes. */
function matches(column: readonly string[], test: (value: string) => boolean): boolean {
  let some = false;
  const seen = new Set<string>();
  for (const value of column) {
    if (value === ABSENT || seen.has(value)) continue;
    if (!test(value)) return false;
    seen.add(value);
    some = true;
  }
  return some;
}

function isAddress(value: string): boolean {
  return /^[0-9a-fA-F.:]+$/.test(value) && parseAddress(value) !== undefined;
}

/** Not of the internet: private, shared, link-local, loopback (RFC 6890). */
export function isPrivate(text: string): boolean {
  const bytes = parseAddress(text);
  if (!bytes) return false;
  if (!isIPv4(bytes))
    return (bytes[0]! & 0xfe) === 0xfc || (bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80) || bytes.every((b, i) => (i === 15 ? b <= 1 : b === 0));
  const [a, b] = [bytes[12]!, bytes[13]!];
  return a === 10 || a === 127 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128);
}

const whole = (min: number, max: number) => (value: string) => /^\d{1,16}$/.test(value) && Number(value) >= min && Number(value) <= max;
const form = (pattern: RegExp) => (value: string) => pattern.test(value);
const isEpoch = whole(EARLIEST_START, 4294967295);
const SERVICES = form(
  /^(AMAZON|AMAZON_APPFLOW|AMAZON_CONNECT|API_GATEWAY|CHIME_MEETINGS|CHIME_VOICECONNECTOR|CLOUD9|CLOUDFRONT|CODEBUILD|DYNAMODB|EBS|EC2|EC2_INSTANCE_CONNECT|GLOBALACCELERATOR|KINESIS_VIDEO_STREAMS|ROUTE53|ROUTE53_HEALTHCHECKS|ROUTE53_HEALTHCHECKS_PUBLISHING|ROUTE53_RESOLVER|S3|WORKSPACES_GATEWAYS)$/,
);
const arn = (kind: string) => form(new RegExp(`^arn:aws[a-z-]*:ecs:[a-z0-9-]+:\\d{12}:${kind}/`));
const TAGS = AWS_FIELDS.filter((f) => f.percentEncoded).map((f) => f.aws as string);
/** `euw1-az2`; ids of local and wavelength zones have more parts, and az-id is absent there. */
const ZONE = /^[a-z]+\d+-az\d+$/;
const PART_OF_ZONE = /^[a-z]+\d+(-[a-z]+\d*)+-[a-z]+\d+$/;

/** Fields of the two ends of what crosses a transit gateway, the source's first. */
export const GATEWAY_ENDS = {
  account: ['tgw-src-vpc-account-id', 'tgw-dst-vpc-account-id'],
  vpc: ['tgw-src-vpc-id', 'tgw-dst-vpc-id'],
  subnet: ['tgw-src-subnet-id', 'tgw-dst-subnet-id'],
  interface: ['tgw-src-eni', 'tgw-dst-eni'],
  zone: ['tgw-src-az-id', 'tgw-dst-az-id'],
} as const;

/** Fields whose values have a shape of their own, with its test. Fields that share a shape are told apart by other evidence. */
const SHAPES: readonly (readonly [names: readonly string[], test: (value: string) => boolean])[] = [
  [['resource-type'], form(/^TransitGateway/)],
  [['tgw-id'], form(/^tgw-[0-9a-f]+$/)],
  [['tgw-attachment-id', 'tgw-pair-attachment-id'], form(/^tgw-attach-[0-9a-f]+$/)],
  [['account-id', ...GATEWAY_ENDS.account], form(/^(\d{12}|unknown)$/)],
  [['interface-id', 'next-hop-interface-id', ...GATEWAY_ENDS.interface], form(/^eni-[0-9a-f]+$/)],
  [['srcaddr', 'dstaddr', 'pkt-srcaddr', 'pkt-dstaddr'], isAddress],
  [['start', 'end'], isEpoch],
  [['action'], form(/^(ACCEPT|REJECT)$/)],
  [['log-status'], form(STATUS)],
  [['vpc-id', 'next-hop-vpc-id', ...GATEWAY_ENDS.vpc], form(/^vpc-[0-9a-f]+$/)],
  [['subnet-id', 'next-hop-subnet-id', ...GATEWAY_ENDS.subnet], form(/^subnet-[0-9a-f]+$/)],
  [['instance-id'], form(/^i-[0-9a-f]+$/)],
  [['type'], form(/^(IPv4|IPv6|EFA)$/)],
  [['region'], form(/^[a-z]{2,}(-[a-z]+)+-\d$/)],
  [['az-id', 'next-hop-az-id', ...GATEWAY_ENDS.zone], form(ZONE)],
  [['sublocation-id'], form(PART_OF_ZONE)],
  [['sublocation-type'], form(/^(wavelength|outpost|localzone)$/)],
  [['pkt-src-aws-service', 'pkt-dst-aws-service'], SERVICES],
  [['flow-direction'], form(/^(ingress|egress)$/)],
  [['ecs-cluster-arn'], arn('cluster')],
  [['ecs-container-instance-arn'], arn('container-instance')],
  [['ecs-task-definition-arn'], arn('task-definition')],
  [['ecs-task-arn'], arn('task')],
  [['reject-reason'], form(/^(BPA|EC)$/)],
];

/** Fields of free text: any value that nothing else explains. */
const FREE: readonly string[] = [
  'sublocation-id',
  'ecs-cluster-name',
  'ecs-container-instance-id',
  'ecs-container-id',
  'ecs-second-container-id',
  'ecs-service-name',
  'ecs-task-id',
  'resource-id',
  'interface-type',
  'next-hop-interface-type',
  ...TAGS,
];

/** What people name, and may name with digits. */
const LABELS: readonly string[] = ['ecs-cluster-name', 'ecs-service-name', ...TAGS];

/** Packets that a transit gateway lost, by reason: values do not tell which is which. */
export const LOSSES: readonly string[] = ['packets-lost-no-route', 'packets-lost-blackhole', 'packets-lost-mtu-exceeded', 'packets-lost-ttl-expired'];

/** Small numbers; infer-numbers.ts tells them apart. */
export const NUMBERS: readonly string[] = ['srcport', 'dstport', 'protocol', 'packets', 'bytes', 'tcp-flags', 'traffic-path', 'encryption-status', ...LOSSES];

/** Never absent. */
const ALWAYS: ReadonlySet<string> = new Set(['version', 'account-id', 'start', 'end', 'log-status', 'tgw-id', 'tgw-attachment-id']);
/** Absent in silent rows, and there in rows with traffic. */
const TRAFFIC: ReadonlySet<string> = new Set(['srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets', 'bytes', 'action']);
/** Absent in silent rows. */
const NOT_SILENT: ReadonlySet<string> = new Set([
  ...TRAFFIC,
  'tcp-flags',
  'traffic-path',
  'encryption-status',
  'pkt-srcaddr',
  'pkt-dstaddr',
  'next-hop-interface-id',
  'tgw-pair-attachment-id',
  ...Object.values(GATEWAY_ENDS).flat(),
  ...LOSSES,
]);

/** The fields of a format that a column can be, by shape and by where it is absent. What has the shape of another format's field is no free text. */
export function domainOf(column: readonly string[], table: Table, format: FlowFormat): Set<string> {
  const names = new Set<string>();
  for (const [fields, test] of SHAPES) if (matches(column, test)) for (const name of fields) names.add(name);
  const shaped = names.size > 0;
  if (isVersion(column, format)) names.add('version');
  if (!shaped && matches(column, whole(0, Number.MAX_SAFE_INTEGER))) for (const name of NUMBERS) names.add(name);
  if (!shaped && names.size === 0) for (const name of FREE) names.add(name);
  if (!shaped && names.size > 0 && isLabel(column)) for (const name of LABELS) names.add(name);
  if (column.every((v) => v === ABSENT)) for (const name of format.bits.keys()) names.add(name);
  for (const name of names) if (!format.bits.has(name) || wrongAbsences(name, column, table) > 0) names.delete(name);
  return names;
}

/** Rows in which a column is absent where the field never is, or there where the field never is there. */
export function wrongAbsences(name: string, column: readonly string[], table: Table): number {
  const absent = (row: number): boolean => column[row] === ABSENT;
  if (ALWAYS.has(name)) return column.filter((v) => v === ABSENT).length;
  return (TRAFFIC.has(name) ? table.traffic.filter(absent).length : 0) + (NOT_SILENT.has(name) ? table.silent.filter((row) => !absent(row)).length : 0);
}

/** The version is the same in all records of a log; 6 is of transit gateways only. */
function isVersion(column: readonly string[], format: FlowFormat): boolean {
  const versions = format === TGW_FLOW ? /^6$/ : /^([2345789]|10|11)$/;
  return versions.test(column[0] ?? '') && column.every((v) => v === column[0]);
}

/** A number that could be somebody's label: few values. */
function isLabel(column: readonly string[]): boolean {
  const seen = new Set<string>();
  for (const value of column) {
    seen.add(value);
    if (seen.size > 20) return false;
  }
  return true;
}

/** Rows of a column that do not have the form of a field. */
export function misfits(name: string, column: readonly string[]): number {
  const shape = SHAPES.find(([fields]) => fields.includes(name));
  const free = name === 'sublocation-id';
  const limits: Record<string, number> = { version: 255, protocol: 255, srcport: 65535, dstport: 65535 };
  const test = shape && !free ? shape[1] : name === 'version' || NUMBERS.includes(name) ? whole(0, limits[name] ?? Number.MAX_SAFE_INTEGER) : () => true;
  return column.reduce((sum, value) => sum + (value === ABSENT || test(value) ? 0 : 1), 0);
}
