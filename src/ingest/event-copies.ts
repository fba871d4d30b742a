/**
 * Copies of events: the same event comes in two objects when CloudTrail delivers again, by two trails, or by a
 * log group as well as by a bucket. Its id is the same in all, and it is stored once.
 */
import { addCounts, NO_COUNTS } from '../model/counts.ts';
import { CLOUDTRAIL } from '../model/log-formats.ts';
import { sql, statement } from '../query/sql.ts';
import type { DeliveryRange, Manifest, StagedBlock } from '../store/metadata.ts';
import type { Store } from '../store/store.ts';

const ID = sql`event_id`;

/**
 * The manifest with copies of stored events counted as such, and its blocks of events to be inserted without them.
 * Batches are committed and inserted one by one, so that what is a copy now is one when it is inserted.
 */
export async function withoutCopies(manifest: Manifest, store: Pick<Store, 'readNative'>): Promise<Manifest> {
  let { ranges } = manifest;
  const blocks: StagedBlock[] = [];
  for (const block of manifest.blocks) {
    if (block.table !== CLOUDTRAIL.main || block.rows === 0) {
      blocks.push(block);
      continue;
    }
    const copies = await copiesIn(block, store);
    if (copies.length) ranges = counted(ranges, block, copies);
    blocks.push(copies.length ? { ...block, distinct: 'event_id' } : block);
  }
  return { ...manifest, ranges, blocks };
}

/** Rows of the block whose events are stored. */
async function copiesIn(block: StagedBlock, store: Pick<Store, 'readNative'>): Promise<readonly number[]> {
  const within = sql`start >= (SELECT min(start) FROM staged) AND start <= (SELECT max(start) FROM staged)`;
  const known = sql`SELECT ${ID} FROM bartizan.cloudtrail WHERE ${within} AND ${ID} IN (SELECT ${ID} FROM staged)`;
  const found = sql`SELECT row FROM (SELECT rowNumberInAllBlocks() AS row, ${ID} FROM staged) WHERE ${ID} != '' AND ${ID} IN (${known})`;
  const { rows } = await store.readNative(block.ids ?? block, { statement: statement(found), lacks: [] });
  return rows.map(([row]) => Number(row));
}

/** Copies are taken from what their deliveries count as stored. A block that was cut by days does not tell whose its rows are: they are the largest one's. */
function counted(ranges: readonly DeliveryRange[], { ends, rows }: StagedBlock, copies: readonly number[]): DeliveryRange[] {
  const perRange = ranges.map(() => 0);
  const largest = ranges.reduce((best, range, i) => (range.counts.stored > (ranges[best]?.counts.stored ?? 0) ? i : best), 0);
  const whole = ends?.length === ranges.length && ends.at(-1) === rows;
  for (const row of copies) {
    const owner = whole ? ends.findIndex((end) => row < end) : largest;
    if (owner >= 0) perRange[owner] = (perRange[owner] as number) + 1;
  }
  return ranges.map((range, i) => {
    const found = perRange[i] as number;
    return { ...range, counts: addCounts(addCounts({ ...NO_COUNTS }, range.counts), { ...NO_COUNTS, stored: -found, duplicates: found }) };
  });
}
