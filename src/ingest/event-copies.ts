/**
 * Copies of events: the same event comes in two objects when CloudTrail delivers again, by two trails, or by a
 * log group as well as by a bucket. Its id is the same in all, and it is stored once.
 */
import { addCounts, NO_COUNTS } from '../model/counts.ts';
import { CLOUDTRAIL } from '../model/log-formats.ts';
import { ident, join, param, type Sql, sql, statement } from '../query/sql.ts';
import type { DeliveryRange, Manifest, StagedBlock } from '../store/metadata.ts';
import type { StagedSelect, Store } from '../store/store.ts';
import { COUNTER, ROW } from './counter.ts';

const ID = sql`event_id`;

/** An event that is stored, in a block of events. */
interface Copy {
  /** Of the block. */
  readonly row: number;
  /** Of the counter's block. */
  readonly countedIn: number;
}

/**
 * The manifest with copies of stored events counted as such, and its blocks of events to be inserted without them.
 * Batches are committed and inserted one by one, so that what is a copy now is one when it is inserted.
 */
export async function withoutCopies(manifest: Manifest, store: Pick<Store, 'readNative'>): Promise<Manifest> {
  let { ranges } = manifest;
  const blocks: StagedBlock[] = [];
  const all: Copy[] = [];
  for (const block of manifest.blocks) {
    if (block.table !== CLOUDTRAIL.main || block.rows === 0 || !block.ids) {
      blocks.push(block);
      continue;
    }
    const copies = await copiesIn(block.ids, store);
    if (copies.length) ranges = withDuplicates(ranges, block, copies);
    all.push(...copies);
    blocks.push(copies.length ? { ...block, distinct: 'event_id' } : block);
  }
  if (all.length === 0) return manifest;
  return { ...manifest, ranges, blocks: blocks.map((block) => (block.table === COUNTER ? counted(block, all) : block)) };
}

async function copiesIn(ids: NonNullable<StagedBlock['ids']>, store: Pick<Store, 'readNative'>): Promise<readonly Copy[]> {
  const within = sql`start >= (SELECT min(start) FROM staged) AND start <= (SELECT max(start) FROM staged)`;
  const known = sql`SELECT ${ID} FROM bartizan.cloudtrail WHERE ${within} AND ${ID} IN (SELECT ${ID} FROM staged)`;
  const found = sql`SELECT row, counted_in FROM (SELECT rowNumberInAllBlocks() AS row, ${ident(ROW)} AS counted_in, ${ID} FROM staged)
    WHERE ${ID} != '' AND ${ID} IN (${known})`;
  const { rows } = await store.readNative(ids, { statement: statement(found), lacks: [] });
  return rows.map(([row, countedIn]) => ({ row: Number(row), countedIn: Number(countedIn) }));
}

/** Copies are taken from what their deliveries count as stored. A block that was cut by days does not tell whose its rows are: they are the largest one's. */
export function withDuplicates(ranges: readonly DeliveryRange[], { ends, rows }: StagedBlock, copies: readonly Copy[]): DeliveryRange[] {
  const perRange = ranges.map(() => 0);
  const largest = ranges.reduce((best, range, i) => (range.counts.stored > (ranges[best]?.counts.stored ?? 0) ? i : best), 0);
  const whole = ends?.length === ranges.length && ends.at(-1) === rows;
  let owner = whole ? 0 : largest;
  for (const { row } of whole ? copies.toSorted((a, b) => a.row - b.row) : copies) {
    while (whole && row >= ends[owner]!) owner++;
    perRange[owner]!++;
  }
  return ranges.map((range, i) => {
    const found = perRange[i] as number;
    return { ...range, counts: addCounts(addCounts({ ...NO_COUNTS }, range.counts), { ...NO_COUNTS, stored: -found, duplicates: found }) };
  });
}

/** The counter's block, to be inserted with copies as duplicates in place of records. */
function counted(block: StagedBlock, copies: readonly Copy[]): StagedBlock {
  const found = new Map<number, number>();
  for (const { countedIn } of copies) found.set(countedIn, (found.get(countedIn) ?? 0) + 1);
  const own = block.counterRows ? new Map(block.counterRows.map((number, row) => [number, row])) : undefined;
  const here = [...found].flatMap(([number, count]) => {
    const row = own ? own.get(number) : number;
    return row === undefined ? [] : [[row, count] as const];
  });
  return here.length ? { ...block, corrected: correction(block, here) } : block;
}

function correction({ columns }: StagedBlock, found: readonly (readonly [row: number, copies: number])[]): StagedSelect {
  const rows = param(
    'Array(UInt32)',
    found.map(([row]) => row),
  );
  const copies = param(
    'Array(UInt32)',
    found.map(([, count]) => count),
  );
  const values = columns.map(({ name }): Sql => {
    if (name === 'records') return sql`toUInt64(records - copies)`;
    return name === 'duplicates' ? sql`toUInt64(duplicates + copies)` : ident(name);
  });
  const select = sql`SELECT ${join(values, ', ')} FROM (SELECT *, transform(toUInt32(rowNumberInAllBlocks()), ${rows}, ${copies}, toUInt32(0)) AS copies FROM staged)`;
  return { statement: statement(select), lacks: [] };
}
