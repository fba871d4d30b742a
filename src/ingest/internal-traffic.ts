/** The internal-traffic filter: drops a batch's flows whose two ends both lie in networks that their source lists. */
import { listedNetworks, type Networks } from '../enrich/networks.ts';
import { extent } from '../formats/batch-shares.ts';
import type { DecodedBatches, DeliveryPart } from '../formats/result.ts';
import type { Batch } from '../model/batch.ts';
import { FLOW_FORMATS } from '../model/log-formats.ts';
import { selectRows } from '../store/native-block.ts';

/** Datasets of flows; notes without traffic have no ends. */
const FLOWS: ReadonlySet<string> = new Set(FLOW_FORMATS.map((format) => format.flows));

/**
 * The batch without internal traffic, the dropped rows counted as filtered; the same batch where nothing
 * is dropped. `listOf`: the networks of a delivery's source, by the decoder's delivery number. A flow
 * without an address is kept. Throws NetworkError for a list that checkRecordSettings finds fault with.
 */
export function withoutInternalTraffic(taken: DecodedBatches, listOf: (delivery: number) => readonly string[] | undefined): DecodedBatches {
  let result = taken;
  taken.tables.forEach(({ dataset, batch }, table) => {
    const dropped = FLOWS.has(dataset) ? internalRows(batch, table, taken.deliveries, listOf) : undefined;
    if (dropped) result = without(result, table, dropped);
  });
  return result;
}

/** 1 by row that is internal; undefined where none is. */
function internalRows(
  batch: Batch,
  table: number,
  parts: readonly DeliveryPart[],
  listOf: (delivery: number) => readonly string[] | undefined,
): Uint8Array | undefined {
  const source = batch.columns.get('srcaddr');
  const destination = batch.columns.get('dstaddr');
  if (source?.type !== 'IPv6' || destination?.type !== 'IPv6') return undefined;
  const dropped = new Uint8Array(batch.rows);
  let any = false;
  // Deliveries of one source share their list.
  const known = new Map<string, Uint8Array>();
  for (const { delivery, rows } of parts) {
    const { start, end } = rows[table]!;
    const list = listOf(delivery);
    if (!list?.length || start === end) continue;
    const key = list.join(' ');
    const listed = known.get(key) ?? listedAddresses(batch, listedNetworks(list));
    known.set(key, listed);
    for (let row = start; row < end; row++) {
      if (listed[source.ids[row]!] === 1 && listed[destination.ids[row]!] === 1) {
        dropped[row] = 1;
        any = true;
      }
    }
  }
  return any ? dropped : undefined;
}

/** By address id, whether it lies in one of the networks. Id 0 is no address. */
function listedAddresses({ addresses }: Batch, networks: Networks): Uint8Array {
  const listed = new Uint8Array(addresses.count);
  for (let id = 1; id < addresses.count; id++) listed[id] = networks.isInternal(addresses.bytes, id * 16) ? 1 : 0;
  return listed;
}

function without(taken: DecodedBatches, table: number, dropped: Uint8Array): DecodedBatches {
  const rows: number[] = [];
  /** Kept rows before each row. */
  const before = new Uint32Array(dropped.length + 1);
  for (let row = 0; row < dropped.length; row++) {
    if (dropped[row] === 0) rows.push(row);
    before[row + 1] = rows.length;
  }
  const tables = taken.tables.map((t, i) => (i === table ? { ...t, batch: selectRows(t.batch, Uint32Array.from(rows)) } : t));
  const deliveries = taken.deliveries.map((part): DeliveryPart => {
    const { start, end } = part.rows[table]!;
    const range = { start: before[start]!, end: before[end]! };
    const filtered = end - start - (range.end - range.start);
    const { counts } = part;
    return {
      ...part,
      rows: part.rows.map((r, i) => (i === table ? range : r)),
      counts: { ...counts, stored: counts.stored - filtered, filtered: counts.filtered + filtered },
    };
  });
  let row = 0;
  const order = taken.order.filter((list) => list !== table || dropped[row++] === 0);
  const filtered = dropped.length - rows.length;
  const counts = { ...taken.counts, stored: taken.counts.stored - filtered, filtered: taken.counts.filtered + filtered };
  return { ...taken, tables, deliveries, order, counts, ...extent(tables.map((t) => t.batch)) };
}
