/**
 * Tables of the retro-hunt (ingest/retro-hunt.ts): which external addresses were seen on which day, and
 * which of them indicators that were known only later speak of.
 */

import { type Sql, sql } from '../query/sql.ts';

const count = (name: string): string => `${name} SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))`;
const instant = (name: string, fn: 'min' | 'max'): string => `${name} SimpleAggregateFunction(${fn}, DateTime('UTC')) CODEC(T64, ZSTD(1))`;

/**
 * `address_day`: one row for an external address, a day (UTC) and a dataset when parts are merged, some before. A
 * partition is a day, so that retention drops it whole.
 *
 * `retro_match`: one row for an indicator, an address, a day and a dataset; `found_at` is when it was found first.
 * `valid_until` without end is the last second that the type has.
 *
 * `retro_match_at`: the indicator that speaks of an address (by its hash) at an instant: of those that hold then
 * the one of the highest confidence, then of the latest beginning. Ranges include their ends.
 */
export function createRetroTables(): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS bartizan.address_day (
       address IPv6 CODEC(ZSTD(1)), day Date CODEC(ZSTD(1)), dataset LowCardinality(String) CODEC(ZSTD(1)),
       ${['accepted', 'refused', 'bytes'].map(count).join(', ')},
       ${instant('first', 'min')}, ${instant('last', 'max')}, ${instant('received', 'max')}
     ) ENGINE = AggregatingMergeTree PARTITION BY toYYYYMMDD(day) ORDER BY (address, day, dataset)
       SETTINGS non_replicated_deduplication_window = 10000`,
    `CREATE TABLE IF NOT EXISTS bartizan.retro_match (
       address IPv6, indicator UInt64, day Date, dataset LowCardinality(String), confidence UInt8,
       valid_from DateTime('UTC'), valid_until DateTime('UTC'), found_at DateTime('UTC'),
       accepted UInt64, refused UInt64, bytes UInt64, first DateTime('UTC'), last DateTime('UTC'), revision UInt64
     ) ENGINE = ReplacingMergeTree(revision) ORDER BY (indicator, address, day, dataset)`,
    `CREATE DICTIONARY IF NOT EXISTS bartizan.retro_match_at (id UInt64, first DateTime('UTC'), last DateTime('UTC'), indicator UInt64) PRIMARY KEY id
     SOURCE(CLICKHOUSE(QUERY '${PIECES.replaceAll(/\s+/g, ' ')}'))
     LAYOUT(RANGE_HASHED(RANGE_LOOKUP_STRATEGY 'max')) RANGE(MIN first MAX last) LIFETIME(0)`,
  ];
}

/** Number (UInt64) of the indicator that was found later for an address (IPv6) at an instant (DateTime); 0 for none. */
export function retroNumber(address: Sql, start: Sql): Sql {
  return sql`dictGetOrDefault('bartizan.retro_match_at', 'indicator', cityHash64(${address}), ${start}, toUInt64(0))`;
}

/** The validities of an address's indicators, cut at all their borders: each piece has one best indicator, or none. */
const PIECES = `
  SELECT cityHash64(address) AS id, toDateTime(piece.1, 'UTC') AS first, toDateTime(piece.2 - 1, 'UTC') AS last,
    arrayFirst(i -> i.2 <= piece.1 AND i.4 >= piece.2, ranked).3 AS indicator
  FROM (
    SELECT address, arrayReverseSort(groupArray((confidence, since, indicator, until))) AS ranked,
      arraySort(arrayDistinct(arrayFlatten(groupArray([since, until])))) AS borders
    FROM (
      SELECT address, indicator, argMax(confidence, revision) AS confidence,
        toUnixTimestamp(argMax(valid_from, revision)) AS since, toUnixTimestamp(argMax(valid_until, revision)) AS until
      FROM bartizan.retro_match GROUP BY address, indicator
    ) GROUP BY address
  ) ARRAY JOIN arrayZip(arrayPopBack(borders), arrayPopFront(borders)) AS piece
  WHERE indicator != 0`.replaceAll("'", "\\'");
