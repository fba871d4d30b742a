/**
 * Enrichment in columns: what a flow's addresses mean, true at the time of ingest. Looked up once per
 * distinct address of a batch, then mapped over its rows as ids.
 */
import { parseAddress } from '../model/address.ts';
import type { Batch, Column } from '../model/batch.ts';
import { parseAs } from './asn.ts';
import { parseAws } from './aws-ranges.ts';
import { type IndicatorIndex, openIndicatorIndex } from './indicators.ts';
import type { AddressLookup } from './lookup.ts';
import { createNetworks, DIRECTIONS, directionIndex } from './networks.ts';
import { createPlaces, type Place, parsePlace } from './place.ts';
import { openRangeIndex } from './range-index.ts';

/** The bytes of each database; what is missing leaves its columns empty. */
export interface Databases {
  /** MaxMind DB for IPv4 (a combined file may stand for both). */
  readonly placeV4?: Uint8Array | undefined;
  /** MaxMind DB for IPv6. */
  readonly placeV6?: Uint8Array | undefined;
  /** From buildAsnIndex. */
  readonly asn?: Uint8Array | undefined;
  /** From buildAwsIndex. */
  readonly aws?: Uint8Array | undefined;
}

export interface EnrichOptions {
  /** Networks that are internal beside the private ranges: CIDR blocks or addresses, both families. */
  readonly internalNetworks: readonly string[];
}

/** What is known of one address. */
export interface AddressDescription {
  readonly internal: boolean;
  readonly place?: Place;
  readonly as?: { readonly number: number; readonly organization: string };
  readonly aws?: { readonly service: string; readonly region: string };
}

export interface Enricher {
  /**
   * Adds src_place, src_as and, to a batch that has dstaddr too, direction, dst_place and dst_as; src_aws and
   * dst_aws while AWS’s ranges are there, and src_indicator and dst_indicator where threat indicators hold for rows of it.
   */
  enrich(batch: Batch): void;
  /** Matches with these indicators from now on (bytes of an IndicatorIndexBuilder); undefined: with none. Throws RangeError. */
  matchWith(bytes: Uint8Array | undefined): void;
  /** Looks up AWS services in this index (buildAwsIndex) from now on; undefined: nowhere. Throws RangeIndexError. */
  setAwsRanges(index: Uint8Array | undefined): void;
  /** One address in text; undefined when it is none. */
  describe(address: string): AddressDescription | undefined;
}

const INTERNAL = 1;
const COVERED = 2;

const NOTHING: AddressLookup = { texts: [''], find: () => 0 };

/** One makes the columns src_… and dst_…. */
interface Lookup {
  readonly column: string;
  readonly lookup: AddressLookup;
  /** By address id. */
  idOf: Uint32Array;
}

/** Throws NetworkError, MmdbError or RangeIndexError. */
export function createEnricher(databases: Databases, options: EnrichOptions): Enricher {
  const networks = createNetworks(options.internalNetworks);
  const places = createPlaces(databases.placeV4, databases.placeV6);
  const systems = databases.asn ? openRangeIndex(databases.asn) : NOTHING;
  const lookupOf = (column: string, lookup: AddressLookup): Lookup => ({ column, lookup, idOf: new Uint32Array(0) });
  const always = [lookupOf('place', places), lookupOf('as', systems)];
  let services = NOTHING;
  let lookups = always;
  const setAwsRanges = (index: Uint8Array | undefined): void => {
    services = index ? openRangeIndex(index) : NOTHING;
    lookups = index ? [...always, lookupOf('aws', services)] : always;
  };
  setAwsRanges(databases.aws);
  // By address id, like each `idOf`: reused from batch to batch, entry 0 always 0. INTERNAL, or COVERED by an indicator.
  let marks = new Uint8Array(0);
  let covers = new Uint32Array(0);
  let indicators: IndicatorIndex | undefined;

  return {
    matchWith(bytes) {
      const index = bytes && openIndicatorIndex(bytes);
      indicators = index?.size ? index : undefined;
    },
    setAwsRanges,
    enrich(batch) {
      const { bytes, count } = batch.addresses;
      const source = batch.columns.get('srcaddr');
      const destination = batch.columns.get('dstaddr');
      if (source?.type !== 'IPv6') return;
      const other = destination?.type === 'IPv6' ? destination : undefined;
      if (marks.length < count) {
        marks = new Uint8Array(count * 2);
        covers = new Uint32Array(count * 2);
      }
      for (let id = 1; id < count; id++) marks[id] = networks.isInternal(bytes, id * 16) ? INTERNAL : 0;
      for (const entry of lookups) {
        if (entry.idOf.length < count) entry.idOf = new Uint32Array(count * 2);
        const { column, lookup, idOf } = entry;
        for (let id = 1; id < count; id++) idOf[id] = marks[id] === INTERNAL ? 0 : lookup.find(bytes, id * 16);
        batch.columns.set(`src_${column}`, textColumn(batch.rows, source.ids, idOf, lookup.texts));
        if (other) batch.columns.set(`dst_${column}`, textColumn(batch.rows, other.ids, idOf, lookup.texts));
      }
      if (indicators) {
        for (let id = 1; id < count; id++) {
          const cover = marks[id] === INTERNAL ? 0 : indicators.cover(bytes, id * 16);
          covers[id] = cover;
          if (cover !== 0) marks[id] = COVERED;
        }
      }
      const directions = new Uint32Array(batch.rows);
      const covered: number[] = [];
      for (let row = 0; row < batch.rows; row++) {
        const from = source.ids[row]!;
        const to = other?.ids[row] ?? 0;
        const a = marks[from]!;
        const b = marks[to]!;
        directions[row] = from === 0 || to === 0 ? 0 : directionIndex(a === INTERNAL, b === INTERNAL);
        if (((a | b) & COVERED) !== 0) covered.push(row);
      }
      if (other) batch.columns.set('direction', { type: 'LowCardinality(String)', ids: directions, dictionary: DIRECTIONS });
      if (!indicators || covered.length === 0) return;
      addIndicators(batch, covered, 'src_indicator', source.ids, covers, indicators);
      if (other) addIndicators(batch, covered, 'dst_indicator', other.ids, covers, indicators);
    },
    describe(address) {
      const bytes = parseAddress(address);
      if (!bytes) return undefined;
      if (networks.isInternal(bytes, 0)) return { internal: true };
      const place = parsePlace(places.texts[places.find(bytes, 0)]!);
      const as = parseAs(systems.texts[systems.find(bytes, 0)]!);
      const aws = parseAws(services.texts[services.find(bytes, 0)]!);
      return { internal: false, ...(place && { place }), ...(as && { as }), ...(aws && { aws }) };
    },
  };
}

/** The numbers of the indicators that hold for addresses at the rows’ start, of rows that have a covered one; no column where there are none. */
function addIndicators(batch: Batch, rows: readonly number[], column: string, ids: Uint32Array, covers: Uint32Array, index: IndicatorIndex): void {
  const start = batch.columns.get('start');
  if (start?.type !== "DateTime('UTC')") return;
  let found: { readonly low: Uint32Array; readonly high: Uint32Array } | undefined;
  for (const row of rows) {
    const id = ids[row]!;
    const cover = covers[id]!;
    if (cover === 0) continue;
    const entry = index.best(cover, batch.addresses.bytes, id * 16, start.values[row]!);
    if (entry === 0) continue;
    found ??= { low: new Uint32Array(batch.rows), high: new Uint32Array(batch.rows) };
    found.low[row] = index.low(entry);
    found.high[row] = index.high(entry);
  }
  if (found) batch.columns.set(column, { type: 'UInt64Mask', ...found });
}

/** Ids of all texts become ids of a dictionary that holds only what this column uses. */
function textColumn(rows: number, addressIds: Uint32Array, textIdOf: Uint32Array, texts: readonly string[]): Column {
  const local = new Uint32Array(texts.length);
  const ids = new Uint32Array(rows);
  const dictionary = [''];
  for (let row = 0; row < rows; row++) {
    const text = textIdOf[addressIds[row]!]!;
    if (text !== 0 && local[text] === 0) local[text] = dictionary.push(texts[text]!) - 1;
    ids[row] = local[text]!;
  }
  return { type: 'LowCardinality(String)', ids, dictionary };
}
