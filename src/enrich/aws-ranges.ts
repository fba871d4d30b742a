/**
 * AWS service and region of a public address, from AWS's own list of its ranges
 * (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html; the file is
 * https://ip-ranges.amazonaws.com/ip-ranges.json). The list overlaps: AMAZON holds everything, EC2 much of
 * it. Of the blocks that hold an address the most specific one of a named service counts, and one of AMAZON
 * only where there is no other.
 */
import { isIPv4 } from '../model/address.ts';
import { type NetworkRange, networkRange } from '../model/network.ts';
import { Interner } from './lookup.ts';
import { wordAt } from './networks.ts';
import { buildRangeIndex, type Ranges } from './range-index.ts';

/** The bytes are no list of AWS's ranges. */
export class AwsRangesError extends Error {
  readonly code = 'aws-ranges-unreadable';
  constructor(message: string) {
    super(`The list of AWS’s address ranges cannot be read: ${message}.`);
    this.name = 'AwsRangesError';
  }
}

export interface AwsRange extends NetworkRange {
  /** Bits of the 128 that the block fixes. */
  readonly bits: number;
  readonly service: string;
  /** `eu-central-1`, or GLOBAL. */
  readonly region: string;
}

export interface AwsRanges {
  /** When AWS made the list, epoch seconds; 0 where it does not say. */
  readonly created: number;
  readonly ranges: readonly AwsRange[];
  /** Entries that are no ranges, and what is wrong with the first. */
  readonly skipped: number;
  readonly problem?: string;
}

/** AWS's list has some 3 MB and 15,000 entries. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_ENTRIES = 500_000;
/** Names are short words; what is longer is none. */
const NAME = /^[\w.-]{1,64}$/;

/** Entries that are none are left out and counted. Throws AwsRangesError where nothing can be read. */
export function readAwsRanges(bytes: Uint8Array): AwsRanges {
  if (bytes.length > MOST_BYTES) throw new AwsRangesError(`it has ${bytes.length} bytes, more than ${MOST_BYTES}`);
  const list = parse(bytes);
  const families = [
    [listOf(list, 'prefixes'), 'ip_prefix'],
    [listOf(list, 'ipv6_prefixes'), 'ipv6_prefix'],
  ] as const;
  const entries = families.reduce((sum, [of]) => sum + of.length, 0);
  if (entries > MOST_ENTRIES) throw new AwsRangesError(`it has ${entries} entries, more than ${MOST_ENTRIES}`);
  const ranges: AwsRange[] = [];
  let skipped = 0;
  let problem: string | undefined;
  for (const [of, key] of families) {
    for (const [i, entry] of of.entries()) {
      const range = rangeOf(entry, key);
      if (typeof range !== 'string') ranges.push(range);
      else if (++skipped === 1) problem = `entry ${i + 1} of ${key === 'ip_prefix' ? 'prefixes' : 'ipv6_prefixes'} ${range}`;
    }
  }
  if (ranges.length === 0) throw new AwsRangesError(problem ?? 'its lists are empty');
  return { created: createdOf(list), ranges, skipped, ...(problem === undefined ? {} : { problem }) };
}

type Json = Readonly<Record<string, unknown>>;

function parse(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice()));
  } catch (error) {
    throw new AwsRangesError(`it is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isObject(value)) throw new AwsRangesError('it is no object with prefixes and ipv6_prefixes');
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(list: Json, name: string): readonly unknown[] {
  const value = list[name];
  if (!Array.isArray(value)) throw new AwsRangesError(`it has no list ${name}`);
  return value;
}

/** A range, or what is wrong with the entry. */
function rangeOf(entry: unknown, key: 'ip_prefix' | 'ipv6_prefix'): AwsRange | string {
  if (!isObject(entry)) return 'is no object';
  const { [key]: prefix, service, region } = entry;
  if (typeof prefix !== 'string' || prefix.includes(':') !== (key === 'ipv6_prefix')) return `has no ${key} of its family`;
  if (typeof service !== 'string' || !NAME.test(service)) return 'has no service';
  if (typeof region !== 'string' || !NAME.test(region)) return 'has no region';
  try {
    const { first, last } = networkRange(prefix);
    const [, length] = prefix.split('/');
    const own = key === 'ip_prefix' ? 32 : 128;
    return { first, last, bits: 128 - own + (length === undefined ? own : Number(length)), service, region };
  } catch (error) {
    return `has no network: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** `2026-11-20-14-05-09`, UTC. */
function createdOf({ createDate }: Json): number {
  const match = typeof createDate === 'string' && /^(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)$/.exec(createDate);
  return match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]), Number(match[4]), Number(match[5]), Number(match[6])) / 1000 : 0;
}

/** An index for openRangeIndex; texts: `S3|eu-central-1`. */
export function buildAwsIndex(ranges: readonly AwsRange[]): Uint8Array {
  const interner = new Interner();
  const family = (words: 1 | 4) =>
    flattened(
      ranges.filter((range) => isIPv4(range.first) === (words === 1)),
      words,
      interner,
    );
  return buildRangeIndex(family(1), family(4), interner.texts);
}

interface Open {
  readonly first: bigint;
  readonly last: bigint;
  readonly range: AwsRange;
}

/** Blocks that lie in each other → ranges that do not, each with what counts there. */
function flattened(ranges: readonly AwsRange[], words: 1 | 4, interner: Interner): Ranges {
  const sorted = ranges
    .map((range): Open => ({ first: numberOf(range.first), last: numberOf(range.last), range }))
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.range.bits - b.range.bits));
  const [starts, ends, ids]: [number[], number[], number[]] = [[], [], []];
  /** The blocks around a point, the widest first. */
  const open: Open[] = [];
  let at = 0n;
  const put = (from: bigint, to: bigint) => {
    if (from > to || open.length === 0) return;
    const { service, region } = open.map(({ range }) => range).reduce((best, range) => (counts(range, best) ? range : best));
    pushWords(starts, from, words);
    pushWords(ends, to, words);
    ids.push(interner.id(`${service}|${region}`));
  };
  const close = () => {
    const { last } = open.at(-1) as Open;
    put(at, last);
    if (last >= at) at = last + 1n;
    open.pop();
  };
  for (const next of sorted) {
    while (open.length > 0 && (open.at(-1) as Open).last < next.first) close();
    put(at, next.first - 1n);
    at = next.first;
    open.push(next);
  }
  while (open.length > 0) close();
  return { starts, ends, ids };
}

/** Whether `range` says more of an address in both than `best` does; where the blocks are equal the order of names decides, so that every start gives the same. */
function counts(range: AwsRange, best: AwsRange): boolean {
  const [own, other] = [weight(range), weight(best)];
  if ((own === 0) !== (other === 0)) return own > other;
  if (range.bits !== best.bits) return range.bits > best.bits;
  if (own !== other) return own > other;
  return `${range.service}|${range.region}` < `${best.service}|${best.region}`;
}

function weight({ service }: AwsRange): number {
  return service === 'AMAZON' ? 0 : service === 'EC2' ? 1 : 2;
}

function numberOf(address: Uint8Array): bigint {
  return [0, 4, 8, 12].reduce((sum, offset) => (sum << 32n) | BigInt(wordAt(address, offset)), 0n);
}

function pushWords(list: number[], value: bigint, words: 1 | 4): void {
  for (let shift = BigInt((words - 1) * 32); shift >= 0n; shift -= 32n) list.push(Number((value >> shift) & 0xffffffffn));
}

/** Service and region of a text; undefined for ''. */
export function parseAws(text: string): { readonly service: string; readonly region: string } | undefined {
  if (text === '') return undefined;
  const [service = '', region = ''] = text.split('|');
  return { service, region };
}
