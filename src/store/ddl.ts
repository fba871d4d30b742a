/**
 * Tables, derived from the field table. Sort key, partitions and codecs were measured; see
 * docs/performance.md before changing one.
 */
import { RECORD_COLUMNS } from '../model/fields.ts';
import { type Dataset, type EventFormat, type FlowFormat, formatOf, type LogFormat, VPC_FLOW } from '../model/log-formats.ts';
import { INTERFACE_COLUMNS, INTERFACE_LISTS, OPEN } from '../model/network-interface.ts';
import { REGISTRIES } from '../model/registries.ts';
import { ident, join, type Sql, sql } from '../query/sql.ts';

/** Database of all tables. */
export const DATABASE = 'bartizan';

/** Column name and definition, in table order. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly codec: string;
  readonly doc: string;
}

/** Columns of the tables of a format. */
export function columnsOf(format: LogFormat): ColumnDefinition[] {
  const fields = format.stored.map((f) => ({ name: f.column, type: f.columnType as string, codec: f.codec ?? 'ZSTD(1)', doc: f.doc }));
  const record = RECORD_COLUMNS.map((c) => ({ name: c.column, type: c.clickhouse, codec: c.codec, doc: c.doc }));
  return [...fields, ...record];
}

/** Name and definition of the skip index over the addresses of a record. */
function addressIndex({ fields }: FlowFormat): string {
  const columns = fields.filter((f) => f.type === 'address').map((f) => f.column);
  return `addresses (${columns.join(', ')}) TYPE bloom_filter(0.025) GRANULARITY 4`;
}

/** Skip index over the numbers of indicators: nearly all are 0, so that matches are found without reading other rows. */
export const INDICATOR_INDEX = 'indicators (src_indicator, dst_indicator) TYPE minmax GRANULARITY 1';

/** What `query/sums.ts` reads: of every five minutes by what has few values. Measured: 0.2 µs of CPU and 0.02 bytes a flow; with the interface 0.7 µs and 1.6 bytes. */
const SUM_KEYS = 'toStartOfFiveMinutes(start), account_id, action, direction, protocol, absent';
export const FLOW_SUMS = `sums (SELECT ${SUM_KEYS}, count(), sum(bytes), sum(packets) GROUP BY ${SUM_KEYS})`;

/** That of VPC flow logs. */
export const ADDRESS_INDEX = addressIndex(VPC_FLOW);

/**
 * First key column is the time bucket, so that a time window prunes within a day; partitions are UTC
 * days. Requests before replies (their ephemeral port tells): each port column is then either few
 * service ports or random ones, 0.4 B a flow less. One bloom filter over all addresses finds a rare one
 * without reading the whole window, whichever end it stands at: filters of a column each are no help for
 * `srcaddr = … OR dstaddr = …`.
 */
export function createTable(dataset: Dataset): string {
  const format = formatOf(dataset);
  const columns = columnsOf(format).map((c) => `  \`${c.name}\` ${c.type} CODEC(${c.codec})`);
  if (format.kind === 'event') return createEventTable(format, columns);
  return [
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.${dataset} (`,
    [...columns, `  INDEX ${addressIndex(format)}`, `  INDEX ${INDICATOR_INDEX}`].join(',\n'),
    ') ENGINE = MergeTree',
    `PARTITION BY toYYYYMMDD(start, 'UTC')`,
    `ORDER BY (toStartOfFiveMinutes(start), ${format.sortedBy.join(', ')}, dstport >= 32768, dstaddr)`,
    'SETTINGS non_replicated_deduplication_window = 10000',
  ].join('\n');
}

/**
 * Events are a hundredth of the flows: partitions are months, so that years of them are not a thousand
 * parts. Sorted by what they are within a bucket, so that like JSON stands beside like and compresses. Blocks of
 * 1 MiB and more of it are compressed together. A part of less than 256 MiB is one file: making fifty costs more than reading one.
 */
function createEventTable({ main }: EventFormat, columns: readonly string[]): string {
  return [
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.${main} (`,
    [
      ...columns,
      '  INDEX addresses (srcaddr) TYPE bloom_filter(0.025) GRANULARITY 4',
      '  INDEX indicators (src_indicator) TYPE minmax GRANULARITY 1',
      '  INDEX ids (event_id) TYPE bloom_filter(0.01) GRANULARITY 1',
    ].join(',\n'),
    ') ENGINE = MergeTree',
    `PARTITION BY toYYYYMM(start, 'UTC')`,
    'ORDER BY (toStartOfFiveMinutes(start), event_source, event_name, account_id, user_name, start)',
    'SETTINGS non_replicated_deduplication_window = 10000, min_compress_block_size = 1048576, max_compress_block_size = 4194304, min_bytes_for_wide_part = 268435456',
  ].join('\n');
}

/** Tables and dictionaries of the registries. FLAT: ids are dense, and a look-up is an array access. */
export function createRegistries(): string[] {
  return REGISTRIES.flatMap(({ name, parts }) => {
    const columns = ['id UInt32 CODEC(Delta, ZSTD(1))', ...parts.map((p) => `${p.name} ${p.type} CODEC(ZSTD(3))`)].join(', ');
    const attributes = parts.map((p) => `${p.name} ${p.type} DEFAULT ${{ String: "''", UInt32: '0', 'Nullable(Float64)': 'NULL' }[p.type]}`).join(', ');
    return [
      `CREATE TABLE IF NOT EXISTS ${DATABASE}.${name} (${columns}) ENGINE = ReplacingMergeTree ORDER BY id`,
      `CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.${name}_by_id (id UInt64, ${attributes}) PRIMARY KEY id
       SOURCE(CLICKHOUSE(DB '${DATABASE}' TABLE '${name}')) LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 20000000)) LIFETIME(0)`,
    ];
  });
}

/** Column of `bartizan.network_interface` and its type, of each fact. */
export const INTERFACE_TYPES: readonly (readonly [name: string, type: 'String' | 'Array(String)'])[] = Object.entries(INTERFACE_COLUMNS).map(([fact, name]) => [
  name,
  INTERFACE_LISTS.has(fact as keyof typeof INTERFACE_COLUMNS) ? 'Array(String)' : 'String',
]);

/**
 * What is known of network interfaces, by version: the row of the highest revision is what holds. The
 * dictionary finds the version in force at an instant; its ranges include their ends. A hash as the key
 * makes a look-up four times as fast as the id does.
 */
export function createInterfaces(): string[] {
  const columns = INTERFACE_TYPES.map(([name, type]) => `${name} ${type} CODEC(ZSTD(1))`).join(', ');
  const facts = INTERFACE_TYPES.filter(([name]) => name !== INTERFACE_COLUMNS.interfaceId);
  const attributes = facts.map(([name, type]) => `${name} ${type}`).join(', ');
  const names = facts.map(([name]) => name).join(', ');
  return [
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.network_interface (
       ${columns}, scope String, valid_from DateTime('UTC'), valid_to DateTime('UTC') DEFAULT ${OPEN}, revision UInt64
     ) ENGINE = ReplacingMergeTree(revision) ORDER BY (${INTERFACE_COLUMNS.interfaceId}, scope, valid_from)`,
    `CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.network_interface_at (id UInt64, first DateTime('UTC'), last DateTime('UTC'), ${attributes}) PRIMARY KEY id
     SOURCE(CLICKHOUSE(QUERY 'SELECT cityHash64(${INTERFACE_COLUMNS.interfaceId}) AS id, valid_from AS first, valid_to - 1 AS last, ${names} FROM ${DATABASE}.network_interface FINAL'))
     LAYOUT(RANGE_HASHED(RANGE_LOOKUP_STRATEGY 'max')) RANGE(MIN first MAX last) LIFETIME(0)`,
  ];
}

/** `bartizan.<table>`, quoted. */
export function tableName(table: string): Sql {
  return join([ident(DATABASE), sql`.`, ident(table)], ' ');
}
