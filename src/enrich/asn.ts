/**
 * Autonomous system of a public address. The CSV files are turned once into an index that is cached on disk.
 *
 * Data: RouteViews and DB-IP through https://github.com/sapics/ip-location-db (CC-BY-4.0).
 */
import { Interner } from './lookup.ts';
import { buildRangeIndex } from './range-index.ts';

/**
 * Builds the index (texts: `16509 Amazon.com, Inc.`) from `start,end,number,"organization"` lines (addresses
 * as whole numbers), sorted by start. Lines that are none are skipped.
 */
export function buildAsnIndex(ipv4Csv: Uint8Array, ipv6Csv: Uint8Array): Uint8Array {
  const interner = new Interner();
  return buildRangeIndex(readRanges(ipv4Csv, 1, interner), readRanges(ipv6Csv, 4, interner), interner.texts);
}

interface Ranges {
  readonly starts: number[];
  readonly ends: number[];
  readonly ids: number[];
}

function readRanges(csv: Uint8Array, words: 1 | 4, interner: Interner): Ranges {
  const ranges: Ranges = { starts: [], ends: [], ids: [] };
  for (const line of new TextDecoder().decode(csv.slice()).split('\n')) {
    const match = /^(\d+),(\d+),(\d+),(?:"((?:[^"]|"")*)"|(.*?))\r?$/.exec(line);
    if (!match) continue;
    pushWords(ranges.starts, match[1]!, words);
    pushWords(ranges.ends, match[2]!, words);
    const organization = (match[4]?.replaceAll('""', '"') ?? match[5] ?? '').replaceAll('|', ' ').trim();
    ranges.ids.push(interner.id(`${match[3]} ${organization}`.trim()));
  }
  return ranges;
}

function pushWords(list: number[], digits: string, words: 1 | 4): void {
  if (words === 1) {
    list.push(Number(digits));
    return;
  }
  const value = BigInt(digits);
  for (let shift = 96n; shift >= 0n; shift -= 32n) list.push(Number((value >> shift) & 0xffffffffn));
}

/** Number and organization of an AS text; undefined for ''. */
export function parseAs(text: string): { readonly number: number; readonly organization: string } | undefined {
  if (text === '') return undefined;
  const space = text.indexOf(' ');
  return { number: Number(space < 0 ? text : text.slice(0, space)), organization: space < 0 ? '' : text.slice(space + 1) };
}
