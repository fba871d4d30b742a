/**
 * The formats of logs, as data: what a record of each can hold, and which datasets its records are in.
 * Flows go to one table, notes without traffic (NODATA, SKIPDATA) to another, so that nobody counts them
 * together. Whatever knows fields by place or table takes a format, not a list.
 */
import { CLOUDTRAIL_DOCUMENTS, CLOUDTRAIL_ONLY, FRAME } from './cloudtrail-fields.ts';
import { ADDED_FIELDS, AWS_FIELDS, type Field, fieldsNamed, RECORD_COLUMNS, TGW_FIELDS } from './fields.ts';

/** Datasets of flow logs that a query's `_index` names; the flows of a format stand before its notes. */
export const FLOW_DATASETS = ['vpc_flow', 'vpc_flow_status', 'tgw_flow', 'tgw_flow_status'] as const;
export type FlowDataset = (typeof FLOW_DATASETS)[number];
/** All datasets. */
export const DATASETS = [...FLOW_DATASETS, 'cloudtrail'] as const;
export type Dataset = (typeof DATASETS)[number];

interface CommonFormat {
  /** Shown to people: records of what. */
  readonly title: string;
  /** The dataset of its records; of flow logs that of the flows. */
  readonly main: Dataset;
  /** What AWS writes; of flow logs the place of a field is its bit in the `absent` mask. */
  readonly fields: readonly Field[];
  /** The same bits, by header name. */
  readonly bits: ReadonlyMap<string, number>;
  /** Columns of the fields, then of what is added. */
  readonly stored: readonly Field[];
  /** Names of all columns of its tables. */
  readonly columns: ReadonlySet<string>;
}

export interface FlowFormat extends CommonFormat {
  readonly kind: 'flow';
  readonly name: 'vpc-flow' | 'tgw-flow';
  readonly flows: FlowDataset;
  readonly status: FlowDataset;
  /** The layout that AWS writes unless told otherwise. */
  readonly defaultFields: readonly Field[];
  /** As a header line has it. */
  readonly defaultLayout: string;
  /** Bits of these fields. */
  readonly defaultMask: bigint;
  /** Columns that tables are sorted by between the time bucket and the ports. */
  readonly sortedBy: readonly string[];
}

/** Records that are JSON objects; their text is kept, see FRAME. */
export interface EventFormat extends CommonFormat {
  readonly kind: 'event';
  readonly name: 'cloudtrail';
  /** Columns that hold JSON. */
  readonly documents: readonly Field[];
}

export type LogFormat = FlowFormat | EventFormat;

type Given = Pick<FlowFormat, 'name' | 'title' | 'flows' | 'status' | 'fields' | 'defaultFields' | 'sortedBy'>;

function columnsOf(stored: readonly Field[]): ReadonlySet<string> {
  return new Set([...stored.map((f) => f.column), ...RECORD_COLUMNS.map((c) => c.column)]);
}

function flowFormat(given: Given): FlowFormat {
  const { fields, defaultFields, flows } = given;
  const bits = new Map(fields.map((f, i) => [f.aws as string, i]));
  const stored = [...fields, ...ADDED_FIELDS];
  return {
    ...given,
    kind: 'flow',
    main: flows,
    bits,
    stored,
    columns: columnsOf(stored),
    defaultLayout: defaultFields.map((f) => f.aws).join(' '),
    defaultMask: defaultFields.reduce((mask, f) => mask | (1n << BigInt(bits.get(f.aws as string) as number)), 0n),
  };
}

export const VPC_FLOW = flowFormat({
  name: 'vpc-flow',
  title: 'VPC flow logs',
  flows: 'vpc_flow',
  status: 'vpc_flow_status',
  fields: AWS_FIELDS,
  defaultFields: AWS_FIELDS.filter((f) => f.since === 2),
  sortedBy: ['direction', 'action', 'interface_id'],
});

export const TGW_FLOW = flowFormat({
  name: 'tgw-flow',
  title: 'transit gateway flow logs',
  flows: 'tgw_flow',
  status: 'tgw_flow_status',
  fields: TGW_FIELDS,
  defaultFields: TGW_FIELDS,
  sortedBy: ['direction', 'tgw_attachment_id'],
});

/** In the order in which a layout is tried. */
export const FLOW_FORMATS: readonly FlowFormat[] = [VPC_FLOW, TGW_FLOW];

/** Fields that events share with flows: time, account (of the record's recipient), region, source address. */
const SHARED: readonly Field[] = AWS_FIELDS.filter(({ column }) => ['start', 'account_id', 'region', 'srcaddr'].includes(column));

/** Of what is added to flows, what tells of a second end or of a forwarder. */
const OF_FLOWS = /^(dst_|forwarder_|direction$|security_group_ids$)/;

function eventFormat(): EventFormat {
  const fields = [...SHARED, ...CLOUDTRAIL_ONLY];
  const stored = [...fields, ...CLOUDTRAIL_DOCUMENTS, FRAME, ...ADDED_FIELDS.filter(({ column }) => !OF_FLOWS.test(column))];
  return {
    kind: 'event',
    name: 'cloudtrail',
    title: 'CloudTrail events',
    main: 'cloudtrail',
    fields,
    documents: CLOUDTRAIL_DOCUMENTS,
    bits: new Map(),
    stored,
    columns: columnsOf(stored),
  };
}

export const CLOUDTRAIL = eventFormat();

export const LOG_FORMATS: readonly LogFormat[] = [...FLOW_FORMATS, CLOUDTRAIL];

/** The datasets of a format's records. */
export function datasetsOf(format: LogFormat): readonly Dataset[] {
  return format.kind === 'flow' ? [format.flows, format.status] : [format.main];
}

const BY_DATASET: ReadonlyMap<Dataset, LogFormat> = new Map(LOG_FORMATS.flatMap((format) => datasetsOf(format).map((dataset) => [dataset, format] as const)));

/** The format whose records a dataset holds. */
export function formatOf(dataset: FlowDataset): FlowFormat;
export function formatOf(dataset: Dataset): LogFormat;
export function formatOf(dataset: Dataset): LogFormat {
  return BY_DATASET.get(dataset) as LogFormat;
}

/** ClickHouse type of each column that some table has; a column of several tables is the same in all. */
export const COLUMN_TYPES: ReadonlyMap<string, string> = new Map<string, string>([
  ...LOG_FORMATS.flatMap(({ stored }) => stored.map((f) => [f.column, f.columnType] as const)),
  ...RECORD_COLUMNS.map((c) => [c.column, c.clickhouse] as const),
]);

/** The field of a format's records that answers to a name: of one that flows and events share, the format's own. */
export function fieldIn(format: LogFormat, name: string): Field | undefined {
  return fieldsNamed(name).findLast((field) => hasField(format, field));
}

/** What AWS calls a field in records of the format; the canonical name of what AWS does not write. */
export function awsName(format: LogFormat, field: Field): string {
  if (format.kind === 'flow') return field.aws ?? field.name;
  return OF_EVENT.get(field.column) ?? (CLOUDTRAIL_ONLY.includes(field) ? (field.aliases[0] ?? field.name) : field.name);
}

/** Keys of a record that stand in columns of flows. Its sourceIPAddress may be no address, and is a field of its own. */
const OF_EVENT: ReadonlyMap<string, string> = new Map([
  ['start', 'eventTime'],
  ['account_id', 'recipientAccountId'],
  ['region', 'awsRegion'],
]);

/** Whether records of the format have the field, or what a derived one is computed from. */
export function hasField(format: LogFormat, field: Field): boolean {
  return format.columns.has(field.column);
}
