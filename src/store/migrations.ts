/**
 * The schema's history. Each migration is numbered, idempotent and never edited once released; the
 * store runs the missing ones when it opens. A new field is an ADD COLUMN here.
 */
import { DATASETS, FLOW_DATASETS } from '../model/log-formats.ts';
import { REGISTRIES } from '../model/registries.ts';
import { ADDRESS_INDEX, createInterfaces, createRegistries, createTable, DATABASE, FLOW_SUMS, INDICATOR_INDEX } from './ddl.ts';
import { createIndicators } from './indicator-ddl.ts';
import { createRetroTables } from './retro-tables.ts';

/** Tables whose rows nobody can bring again. */
const MERGED = [
  ...DATASETS,
  ...['quarantine', 'quarantine_resolved', 'ingest_counter', 'address_day', 'retro_match', 'lookup_row', 'indicator', 'network_interface'],
  ...REGISTRIES.map(({ name }) => name),
];
/** Seconds: three times what the kernel lets pass until it writes what was not synced. Each part takes some 30 KiB of memory as long as it is kept. */
const OLD_PARTS_SECONDS = 90;
const keepOldParts = () => MERGED.map((table) => `ALTER TABLE ${DATABASE}.${table} MODIFY SETTING old_parts_lifetime = ${OLD_PARTS_SECONDS}`);

export interface Migration {
  readonly version: number;
  readonly why: string;
  readonly statements: readonly string[];
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: 'registries, flow records, status records, quarantine',
    statements: [
      ...createRegistries(),
      createTable('vpc_flow'),
      createTable('vpc_flow_status'),
      `CREATE TABLE IF NOT EXISTS ${DATABASE}.quarantine (
        batch LowCardinality(String), seq UInt32, delivery LowCardinality(String), code LowCardinality(String), message String, offset UInt64, length UInt64,
        raw String CODEC(ZSTD(3)), layout LowCardinality(String), source_name LowCardinality(String), source_category LowCardinality(String),
        source_host LowCardinality(String), collector LowCardinality(String), received DateTime('UTC')
      ) ENGINE = MergeTree PARTITION BY toYYYYMM(received, 'UTC') ORDER BY (code, source_name, batch, seq) SETTINGS non_replicated_deduplication_window = 10000`,
      `CREATE TABLE IF NOT EXISTS ${DATABASE}.quarantine_resolved (
        batch LowCardinality(String), seq UInt32, resolved DateTime('UTC')
      ) ENGINE = MergeTree ORDER BY (batch, seq) SETTINGS non_replicated_deduplication_window = 10000`,
    ],
  },
  {
    version: 2,
    why: 'rows of lookup tables',
    statements: [
      `CREATE TABLE IF NOT EXISTS ${DATABASE}.lookup_row (
        lookup LowCardinality(String), row UInt32, cells Map(LowCardinality(String), String) CODEC(ZSTD(3))
      ) ENGINE = MergeTree ORDER BY (lookup, row) SETTINGS non_replicated_deduplication_window = 1000`,
    ],
  },
  {
    version: 3,
    why: 'one index over all addresses',
    statements: ['vpc_flow', 'vpc_flow_status'].flatMap((table) => [
      `ALTER TABLE ${DATABASE}.${table} DROP INDEX IF EXISTS srcaddr_bloom, DROP INDEX IF EXISTS dstaddr_bloom, ADD INDEX IF NOT EXISTS ${ADDRESS_INDEX}`,
      `ALTER TABLE ${DATABASE}.${table} MATERIALIZE INDEX addresses`,
    ]),
  },
  {
    version: 4,
    why: 'lookup tables by place of their cells, a version a partition',
    statements: [
      `DROP TABLE IF EXISTS ${DATABASE}.lookup_row`,
      `CREATE TABLE ${DATABASE}.lookup_row (
        lookup LowCardinality(String), row UInt32 CODEC(Delta, ZSTD(1)), cells Array(String) CODEC(ZSTD(3))
      ) ENGINE = MergeTree PARTITION BY lookup ORDER BY row SETTINGS non_replicated_deduplication_window = 1000`,
    ],
  },
  {
    version: 5,
    why: 'security groups as a list',
    // The text becomes that of a list, which the type can be changed to: again, it stays the same. Quotes, brackets and backslashes, which no id holds, are left out.
    statements: ['vpc_flow', 'vpc_flow_status'].flatMap((table) => [
      `ALTER TABLE ${DATABASE}.${table} UPDATE security_group_ids = toString(extractAll(toString(security_group_ids), '[^\\\\x22\\\\x27\\\\x5b-\\\\x5d,\\\\s]+'))
        WHERE toTypeName(security_group_ids) != 'Array(String)' SETTINGS mutations_sync = 1`,
      `ALTER TABLE ${DATABASE}.${table} MODIFY COLUMN security_group_ids Array(String) CODEC(ZSTD(1)) SETTINGS mutations_sync = 1`,
    ]),
  },
  {
    version: 6,
    why: 'records of transit gateways',
    statements: [createTable('tgw_flow'), createTable('tgw_flow_status')],
  },
  {
    version: 7,
    why: 'counters of what is ingested, and the source of quarantined records',
    statements: [
      `CREATE TABLE IF NOT EXISTS ${DATABASE}.ingest_counter (
        start DateTime('UTC') CODEC(Delta, ZSTD(1)), source LowCardinality(String), collector LowCardinality(String), category LowCardinality(String),
        account LowCardinality(String), region LowCardinality(String), lag UInt8,
        ${['records', 'nodata', 'skipdata', 'bytes', 'quarantined', 'filtered', 'deliveries']
          .map((name) => `${name} SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))`)
          .join(', ')},
        first_start SimpleAggregateFunction(min, DateTime('UTC')) CODEC(T64, ZSTD(1)),
        last_start SimpleAggregateFunction(max, DateTime('UTC')) CODEC(T64, ZSTD(1)),
        last_received SimpleAggregateFunction(max, DateTime('UTC')) CODEC(T64, ZSTD(1))
      ) ENGINE = AggregatingMergeTree PARTITION BY toYYYYMMDD(start, 'UTC') ORDER BY (start, source, collector, category, account, region, lag)
        SETTINGS non_replicated_deduplication_window = 10000`,
      `ALTER TABLE ${DATABASE}.quarantine ADD COLUMN IF NOT EXISTS source LowCardinality(String) AFTER delivery`,
    ],
  },
  { version: 8, why: 'network interfaces by version', statements: createInterfaces() },
  {
    version: 9,
    why: 'streams whose records wait for a layout',
    statements: ['stream', 'log_group', 'log_stream'].map(
      (name) => `ALTER TABLE ${DATABASE}.quarantine ADD COLUMN IF NOT EXISTS ${name} LowCardinality(String)`,
    ),
  },
  {
    version: 10,
    why: 'threat indicators, and which of them held for the ends of a record',
    statements: [
      ...createIndicators(),
      ...FLOW_DATASETS.flatMap((table) => [
        ...['src_indicator', 'dst_indicator'].map((name) => `ALTER TABLE ${DATABASE}.${table} ADD COLUMN IF NOT EXISTS ${name} UInt64 CODEC(T64, ZSTD(1))`),
        `ALTER TABLE ${DATABASE}.${table} ADD INDEX IF NOT EXISTS ${INDICATOR_INDEX}`,
        `ALTER TABLE ${DATABASE}.${table} MATERIALIZE INDEX indicators`,
      ]),
    ],
  },
  { version: 11, why: 'external addresses by day, and what later indicators say of them', statements: createRetroTables() },
  // The columns with their ids come by the field table.
  { version: 12, why: 'AWS services of addresses', statements: createRegistries() },
  { version: 13, why: 'CloudTrail events', statements: [createTable('cloudtrail')] },
  {
    version: 14,
    // The embedded engine deletes them at once unless it is told otherwise: a merged part that is damaged, or not on the disk yet when the power fails, would be all there is.
    why: 'the parts that a merge made one of stay for a while',
    statements: keepOldParts(),
  },
  {
    version: 15,
    // Parts that were written before are read as they are until theirs is made, which goes on behind everything else.
    why: 'sums of flows by five minutes',
    statements: [`ALTER TABLE ${DATABASE}.vpc_flow ADD PROJECTION IF NOT EXISTS ${FLOW_SUMS}`, `ALTER TABLE ${DATABASE}.vpc_flow MATERIALIZE PROJECTION sums`],
  },
  {
    version: 16,
    why: 'counters of flows and of events told apart, and copies of events among them',
    // Of counters from before, bytes and notes of what is missing tell flows: events have neither.
    statements: [
      `ALTER TABLE ${DATABASE}.ingest_counter ADD COLUMN IF NOT EXISTS dataset LowCardinality(String) AFTER region,
        MODIFY ORDER BY (start, source, collector, category, account, region, lag, dataset)`,
      `ALTER TABLE ${DATABASE}.ingest_counter
        ADD COLUMN IF NOT EXISTS duplicates SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)) AFTER filtered,
        ADD COLUMN IF NOT EXISTS kind String ALIAS multiIf(dataset = 'cloudtrail', 'events', dataset != '' OR bytes + nodata + skipdata > 0, 'flows', 'events')`,
    ],
  },
  { version: 17, why: 'merged parts are kept for less long: those of eight minutes took 350 MiB under many small deliveries', statements: keepOldParts() },
  {
    version: 18,
    // Three files a column, 200 and more for each insert, are half of what an insert costs in the kernel; the first merge makes them.
    why: 'what an insert writes of flows is one file for all columns',
    statements: FLOW_DATASETS.map((table) => `ALTER TABLE ${DATABASE}.${table} MODIFY SETTING min_level_for_wide_part = 1`),
  },
];

export const SCHEMA_VERSION = MIGRATIONS[MIGRATIONS.length - 1]?.version ?? 0;
