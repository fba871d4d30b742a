/**
 * The formats of flow logs, as data: what a record of each can hold, and which datasets its records are in.
 * Flows go to one table, notes without traffic (NODATA, SKIPDATA) to another, so that nobody counts them
 * together. Whatever knows fields by place or table takes a format, not a list.
 */
import { ADDED_FIELDS, AWS_FIELDS, type Field, RECORD_COLUMNS, TGW_FIELDS } from './fields.ts';

/** Datasets that a query's `_index` names; the flows of a format stand before its notes. */
export const DATASETS = ['vpc_flow', 'vpc_flow_status', 'tgw_flow', 'tgw_flow_status'] as const;
export type Dataset = (typeof DATASETS)[number];

export interface FlowFormat {
  readonly name: 'vpc-flow' | 'tgw-flow';
  /** Shown to people: records of what. */
  readonly title: string;
  readonly flows: Dataset;
  readonly status: Dataset;
  /** What AWS writes; the place of a field is its bit in the `absent` mask. */
  readonly fields: readonly Field[];
  /** The same bits, by header name. */
  readonly bits: ReadonlyMap<string, number>;
  /** Columns of the fields, then of what is added. */
  readonly stored: readonly Field[];
  /** Names of all columns of its tables. */
  readonly columns: ReadonlySet<string>;
  /** The layout that AWS writes unless told otherwise. */
  readonly defaultFields: readonly Field[];
  /** As a header line has it. */
  readonly defaultLayout: string;
  /** Bits of these fields. */
  readonly defaultMask: bigint;
  /** Columns that tables are sorted by between the time bucket and the ports. */
  readonly sortedBy: readonly string[];
}

type Given = Pick<FlowFormat, 'name' | 'title' | 'flows' | 'status' | 'fields' | 'defaultFields' | 'sortedBy'>;

function flowFormat(given: Given): FlowFormat {
  const { fields, defaultFields } = given;
  const bits = new Map(fields.map((f, i) => [f.aws as string, i]));
  const stored = [...fields, ...ADDED_FIELDS];
  return {
    ...given,
    bits,
    stored,
    columns: new Set([...stored.map((f) => f.column), ...RECORD_COLUMNS.map((c) => c.column)]),
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

const BY_DATASET: ReadonlyMap<Dataset, FlowFormat> = new Map(
  FLOW_FORMATS.flatMap((format) => [[format.flows, format] as const, [format.status, format] as const]),
);

export function formatOf(dataset: Dataset): FlowFormat {
  return BY_DATASET.get(dataset) as FlowFormat;
}

/** ClickHouse type of each column that some table has; a column of several tables is the same in all. */
export const COLUMN_TYPES: ReadonlyMap<string, string> = new Map<string, string>([
  ...FLOW_FORMATS.flatMap(({ stored }) => stored.map((f) => [f.column, f.columnType] as const)),
  ...RECORD_COLUMNS.map((c) => [c.column, c.clickhouse] as const),
]);

/** Whether records of the format have the field, or what a derived one is computed from. */
export function hasField(format: FlowFormat, field: Field): boolean {
  return format.columns.has(field.column);
}
