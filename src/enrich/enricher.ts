/**
 * Enrichment in columns: what a flow's addresses mean, true at the time of ingest. Looked up once per
 * distinct address of a batch, then mapped over its rows as ids.
 */
import { parseAddress } from '../model/address.ts';
import type { Batch } from '../model/batch.ts';
import { openAsnIndex, parseAs } from './asn.ts';
import { createNetworks, DIRECTIONS, directionIndex } from './networks.ts';
import { createPlaces, type Place, parsePlace } from './place.ts';

/** The bytes of each database; what is missing leaves its columns empty. */
export interface Databases {
  /** MaxMind DB for IPv4 (a combined file may stand for both). */
  readonly placeV4?: Uint8Array | undefined;
  /** MaxMind DB for IPv6. */
  readonly placeV6?: Uint8Array | undefined;
  /** From buildAsnIndex. */
  readonly asn?: Uint8Array | undefined;
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
}

export interface Enricher {
  /** Adds direction, src_place, dst_place, src_as and dst_as to a batch that has srcaddr and dstaddr. */
  enrich(batch: Batch): void;
  /** One address in text; undefined when it is none. */
  describe(address: string): AddressDescription | undefined;
}

/** Throws NetworkError, MmdbError or AsnIndexError. */
export function createEnricher(databases: Databases, options: EnrichOptions): Enricher {
  const networks = createNetworks(options.internalNetworks);
  const places = createPlaces(databases.placeV4, databases.placeV6);
  const systems = databases.asn ? openAsnIndex(databases.asn) : { texts: [''], find: () => 0 };
  // By address id, reused from batch to batch; private to this enricher.
  let internal = new Uint8Array(0);
  let place = new Uint32Array(0);
  let as = new Uint32Array(0);

  return {
    enrich(batch) {
      const { bytes, count } = batch.addresses;
      const source = batch.columns.get('srcaddr');
      const destination = batch.columns.get('dstaddr');
      if (source?.type !== 'IPv6' || destination?.type !== 'IPv6') return;
      if (internal.length < count) {
        internal = new Uint8Array(count * 2);
        place = new Uint32Array(count * 2);
        as = new Uint32Array(count * 2);
      }
      for (let id = 1; id < count; id++) {
        const offset = id * 16;
        const own = networks.isInternal(bytes, offset);
        internal[id] = own ? 1 : 0;
        place[id] = own ? 0 : places.find(bytes, offset);
        as[id] = own ? 0 : systems.find(bytes, offset);
      }
      const directions = new Uint32Array(batch.rows);
      for (let row = 0; row < batch.rows; row++) {
        const from = source.ids[row]!;
        const to = destination.ids[row]!;
        directions[row] = from === 0 || to === 0 ? 0 : directionIndex(internal[from] === 1, internal[to] === 1);
      }
      batch.columns.set('direction', { type: 'LowCardinality(String)', ids: directions, dictionary: DIRECTIONS });
      for (const [end, ids] of [
        ['src', source.ids],
        ['dst', destination.ids],
      ] as const) {
        batch.columns.set(`${end}_place`, mapColumn(batch.rows, ids, place, places.texts));
        batch.columns.set(`${end}_as`, mapColumn(batch.rows, ids, as, systems.texts));
      }
    },
    describe(address) {
      const bytes = parseAddress(address);
      if (!bytes) return undefined;
      if (networks.isInternal(bytes, 0)) return { internal: true };
      const found = parsePlace(places.texts[places.find(bytes, 0)]!);
      const system = parseAs(systems.texts[systems.find(bytes, 0)]!);
      return { internal: false, ...(found && { place: found }), ...(system && { as: system }) };
    },
  };
}

/** Global text ids become ids of a dictionary that holds only what this column uses. */
function mapColumn(rows: number, addressIds: Uint32Array, textIdOf: Uint32Array, texts: readonly string[]) {
  const local = new Uint32Array(texts.length);
  const ids = new Uint32Array(rows);
  const dictionary = [''];
  for (let row = 0; row < rows; row++) {
    const address = addressIds[row]!;
    const text = address === 0 ? 0 : textIdOf[address]!;
    if (text !== 0 && local[text] === 0) local[text] = dictionary.push(texts[text]!) - 1;
    ids[row] = local[text]!;
  }
  return { type: 'LowCardinality(String)' as const, ids, dictionary };
}
