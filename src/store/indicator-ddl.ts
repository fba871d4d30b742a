/**
 * Where threat indicators are kept. Each feed is a partition, so that a new set takes the place of the old
 * one in a moment (REPLACE PARTITION), and readers see the one or the other. What a feed dropped stays, with
 * the time: flows that it matched still say what they matched.
 */
import { DATABASE } from './ddl.ts';

/** In IPv6 terms: an IPv4 address is a /128 below ::ffff:0:0/96. */
const PREFIX = `toUInt8(least(128, if(position(value, '/') = 0, 128, toUInt32OrZero(splitByChar('/', value)[2]) + if(position(value, ':') = 0, 96, 0))))`;
const RANGE = `IPv6CIDRToRange(toIPv6OrDefault(splitByChar('/', value)[1]), ${PREFIX})`;
const NONE = `toIPv6('::')`;

/** Columns that an indicator has of its own, as apply() writes them; `prefix`, `first` and `last` follow from the value. */
export const INDICATOR_PARTS: readonly (readonly [name: string, type: string])[] = [
  ['id', 'String'],
  ['confidence', 'UInt8'],
  ['severity', 'String'],
  ['threat_type', 'String'],
  ['actors', 'Array(String)'],
  ['malware', 'Array(String)'],
  ['kill_chain', 'Array(String)'],
  ['labels', 'Array(String)'],
  ['first_seen', 'UInt32'],
  ['updated', 'UInt32'],
  ['valid_from', 'UInt32'],
  ['valid_until', 'UInt32'],
];

/**
 * The number is SipHash-2-4 of feed, type and value, and never 0. `imported`: when this installation first knew
 * it; `removed`: when its feed dropped it, 0 while it has it. `added`: the load that brought it, or brought it
 * back; `revision`: the one that last changed anything; `fresh`: the one that added it or changed when it holds
 * (what a retro-hunt looks at). Times are epoch seconds.
 */
const COLUMNS = [
  'number UInt64 DEFAULT greatest(toUInt64(1), sipHash64(feed, type, value))',
  'feed String',
  'type String',
  'value String',
  `prefix UInt8 DEFAULT if(type = 'address', ${PREFIX}, 0)`,
  `first IPv6 DEFAULT if(type = 'address', tupleElement(${RANGE}, 1), ${NONE})`,
  `last IPv6 DEFAULT if(type = 'address', tupleElement(${RANGE}, 2), ${NONE})`,
  ...INDICATOR_PARTS.map(([name, type]) => `${name} ${type}`),
  'imported UInt32',
  'removed UInt32',
  'added UInt64',
  'revision UInt64',
  'fresh UInt64',
].join(', ');

/** The newest of what a feed says of an indicator's time: of two with the same confidence, the newer one counts. */
const NEWEST = `multiIf(updated > 0, updated, first_seen > 0, first_seen, imported)`;

const LIST = (name: string): string => `arrayStringConcat(${name}, ', ') AS ${name}_text`;
const BAND = `multiIf(confidence >= 85, 'high', confidence >= 50, 'medium', confidence >= 15, 'low', 'unverified')`;
/** As STIX names the object (STIX 2.1, section 6), and as Falcon does. */
const STIX_TYPE = `multiIf(type = 'address', if(position(value, ':') > 0, 'ipv6-addr', 'ipv4-addr'), type = 'domain', 'domain-name', type)`;
const FALCON_TYPE = `multiIf(type = 'address', if(prefix = 128, 'ip_address', 'ip_address_block'), type = 'file', transform(length(value), [32, 40, 64], ['hash_md5', 'hash_sha1', 'hash_sha256'], 'hash'), type = 'user-agent', 'user_agent', type)`;
const JSON_PARTS: readonly (readonly [name: string, value: string])[] = [
  ['indicator', 'value'],
  ['type', 'falcon_type'],
  ['source', 'feed'],
  ['id', 'id'],
  ['malicious_confidence', 'band'],
  ['confidence', 'confidence'],
  ['severity', 'severity'],
  ['actors', 'actors'],
  ['malware_families', 'malware'],
  ['kill_chains', 'kill_chain'],
  ['threat_types', `if(threat_type = '', [], [threat_type])`],
  ['published_date', 'published'],
  ['last_updated', 'newest'],
  ['first_seen', 'first_seen'],
  ['valid_from', 'valid_from'],
  ['valid_until', 'valid_until'],
  ['imported', 'imported'],
];

/** An indicator as one JSON object: Falcon’s names where it has one, labels as objects with a name as there. */
const RAW = `concat('{', ${JSON_PARTS.map(([name, value]) => `'"${name}":', toJSONString(${value}), ','`).join(', ')}, '"labels":[', arrayStringConcat(arrayMap(x -> concat('{"name":', toJSONString(x), '}'), labels), ','), ']}')`;

/** What queries show of an indicator, as columns of the view and attributes of the dictionary. */
export const INDICATOR_ATTRIBUTES: readonly (readonly [name: string, type: 'String' | 'UInt8' | 'UInt32'])[] = [
  ['feed', 'String'],
  ['value', 'String'],
  ['id', 'String'],
  ['stix_type', 'String'],
  ['falcon_type', 'String'],
  ['confidence', 'UInt8'],
  ['band', 'String'],
  ['threat_type', 'String'],
  ['actors_text', 'String'],
  ['malware_text', 'String'],
  ['kill_chain_text', 'String'],
  ['labels_text', 'String'],
  ['published', 'UInt32'],
  ['newest', 'UInt32'],
  ['valid_from', 'UInt32'],
  ['valid_until', 'UInt32'],
  ['imported', 'UInt32'],
  ['raw', 'String'],
];

/** Cells of the cache of attributes: indicators that records matched, not all there are. */
const CACHED = 65_536;

/** Statements that make the tables and dictionaries, in the order in which they are run. */
export function createIndicators(): string[] {
  const table = `ENGINE = MergeTree PARTITION BY feed ORDER BY number SETTINGS index_granularity = 512`;
  const made = [
    `${STIX_TYPE} AS stix_type`,
    `${FALCON_TYPE} AS falcon_type`,
    `${BAND} AS band`,
    ...['actors', 'malware', 'kill_chain', 'labels'].map(LIST),
    `if(first_seen > 0, first_seen, imported) AS published`,
    `${NEWEST} AS newest`,
    `${RAW} AS raw`,
  ];
  return [
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.indicator (${COLUMNS}) ${table}`,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.indicator_next (${COLUMNS}) ${table}`,
    `CREATE TABLE IF NOT EXISTS ${DATABASE}.indicator_staged (load String, ${COLUMNS})
     ENGINE = MergeTree PARTITION BY load ORDER BY number SETTINGS non_replicated_deduplication_window = 1000`,
    `CREATE VIEW IF NOT EXISTS ${DATABASE}.indicator_shown AS SELECT *, ${made.join(', ')} FROM ${DATABASE}.indicator`,
    `CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.indicator_by_number (number UInt64, ${INDICATOR_ATTRIBUTES.map(([name, type]) => `${name} ${type}`).join(', ')})
     PRIMARY KEY number SOURCE(CLICKHOUSE(DB '${DATABASE}' TABLE 'indicator_shown')) LAYOUT(CACHE(SIZE_IN_CELLS ${CACHED})) LIFETIME(0)`,
  ];
}
