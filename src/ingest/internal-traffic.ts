/** The internal-traffic filter: drops a batch's flows whose two ends both lie in networks that their source lists. */
import { listedNetworks, type Networks } from '../enrich/networks.ts';
import { extent } from '../formats/vpc-flow/batch-underway.ts';
import { type DeliveryPart, type FlowBatches, IN_FLOWS } from '../formats/vpc-flow/result.ts';
import { selectRows } from '../store/native-block.ts';

/**
 * The batch without internal traffic, the dropped rows counted as filtered; the same batch where nothing
 * is dropped. `listOf`: the networks of a delivery's source, by the decoder's delivery number. A flow
 * without an address is kept. Throws NetworkError for a list that checkRecordSettings finds fault with.
 */
export function withoutInternalTraffic(taken: FlowBatches, listOf: (delivery: number) => readonly string[] | undefined): FlowBatches {
  const { flows } = taken;
  const source = flows.columns.get('srcaddr');
  const destination = flows.columns.get('dstaddr');
  if (source?.type !== 'IPv6' || destination?.type !== 'IPv6') return taken;
  const dropped = new Uint8Array(flows.rows);
  let count = 0;
  // Deliveries of one source share their list.
  const known = new Map<string, Uint8Array>();
  for (const { delivery, flows: rows } of taken.deliveries) {
    const list = listOf(delivery);
    if (!list?.length || rows.start === rows.end) continue;
    const key = list.join(' ');
    const listed = known.get(key) ?? listedAddresses(taken, listedNetworks(list));
    known.set(key, listed);
    for (let row = rows.start; row < rows.end; row++) {
      if (listed[source.ids[row]!] === 1 && listed[destination.ids[row]!] === 1) {
        dropped[row] = 1;
        count++;
      }
    }
  }
  return count === 0 ? taken : without(taken, dropped, count);
}

/** By address id, whether it lies in one of the networks. Id 0 is no address. */
function listedAddresses({ flows: { addresses } }: FlowBatches, networks: Networks): Uint8Array {
  const listed = new Uint8Array(addresses.count);
  for (let id = 1; id < addresses.count; id++) listed[id] = networks.isInternal(addresses.bytes, id * 16) ? 1 : 0;
  return listed;
}

function without(taken: FlowBatches, dropped: Uint8Array, count: number): FlowBatches {
  const rows = new Uint32Array(dropped.length - count);
  /** Kept rows before each row. */
  const before = new Uint32Array(dropped.length + 1);
  let kept = 0;
  for (let row = 0; row < dropped.length; row++) {
    if (dropped[row] === 0) rows[kept++] = row;
    before[row + 1] = kept;
  }
  const flows = selectRows(taken.flows, rows);
  const deliveries = taken.deliveries.map((part): DeliveryPart => {
    const range = { start: before[part.flows.start]!, end: before[part.flows.end]! };
    const filtered = part.counts.stored - (range.end - range.start);
    return { ...part, flows: range, counts: { ...part.counts, stored: part.counts.stored - filtered, filtered: part.counts.filtered + filtered } };
  });
  let row = 0;
  const order = taken.order.filter((list) => list !== IN_FLOWS || dropped[row++] === 0);
  const counts = { ...taken.counts, stored: taken.counts.stored - count, filtered: taken.counts.filtered + count };
  return { ...taken, flows, deliveries, order, counts, ...extent(flows, taken.status) };
}
