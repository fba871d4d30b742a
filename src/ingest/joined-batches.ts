/** Batches of several decoders as one, which is committed as a whole: a delivery may have records in each of them. */
import { extent } from '../formats/batch-shares.ts';
import { type DecodedBatches, type DeliveredBadRecord, type DeliveryPart, IN_BAD, noCounts, type Range, type RecordCounts } from '../formats/result.ts';
import type { BatchDelivery } from './batch-writer.ts';

export interface TakenBatch {
  readonly decoded: DecodedBatches;
  /** By the decoder's delivery numbers. */
  readonly deliveries: ReadonlyMap<number, BatchDelivery>;
}

/** The records of one batch after those of another, and so their deliveries, under numbers of their own; `order` is that within each. */
export function joinedBatches(batches: readonly [TakenBatch, ...TakenBatch[]]): TakenBatch {
  if (batches.length === 1) return batches[0];
  const tables = batches.flatMap(({ decoded }) => decoded.tables);
  const bad: DeliveredBadRecord[] = [];
  const parts: DeliveryPart[] = [];
  const orders: Uint8Array[] = [];
  const deliveries = new Map<number, BatchDelivery>();
  const counts = noCounts();
  let passed = 0;
  for (const [i, { decoded, deliveries: owners }] of batches.entries()) {
    const numberOf = (delivery: number): number => delivery * batches.length + i;
    const [badBefore, partsBefore, table] = [bad.length, parts.length, passed];
    // Ranges of a table's rows rise with the parts, also where these have none.
    const before = tables.slice(0, table).map(({ batch }): Range => ({ start: batch.rows, end: batch.rows }));
    const behind = tables.slice(table + decoded.tables.length).map((): Range => ({ start: 0, end: 0 }));
    for (const part of decoded.deliveries) {
      const ofBad = { start: part.bad.start + badBefore, end: part.bad.end + badBefore };
      parts.push({ ...part, delivery: numberOf(part.delivery), rows: [...before, ...part.rows, ...behind], bad: ofBad });
    }
    for (const record of decoded.bad) bad.push({ ...record, delivery: record.delivery + partsBefore });
    for (const [number, owner] of owners) deliveries.set(numberOf(number), owner);
    for (const key of Object.keys(counts) as (keyof RecordCounts)[]) counts[key] += decoded.counts[key];
    orders.push(decoded.order.map((list) => (list === IN_BAD ? IN_BAD : list + table)));
    passed += decoded.tables.length;
  }
  const order = new Uint8Array(Buffer.concat(orders));
  return { decoded: { tables, bad, deliveries: parts, order, counts, ...extent(tables.map(({ batch }) => batch)) }, deliveries };
}
