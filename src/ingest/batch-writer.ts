/**
 * One decoded batch on its way to the store: enrich, add the origin, cut by days, stage as blocks on
 * disk, and describe it all in a manifest. Used by the worker threads and by `quarantine retry`.
 */
import { closeSync, openSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Enricher } from '../enrich/enricher.ts';
import type { DecodedBatches, Range } from '../formats/result.ts';
import { type BadRecord, type Batch, type Column, type Origin, textColumn } from '../model/batch.ts';
import { addCounts, NO_COUNTS } from '../model/counts.ts';
import type { Field } from '../model/fields.ts';
import { CLOUDTRAIL, formatOf, VPC_FLOW } from '../model/log-formats.ts';
import { REGISTRY_OF } from '../model/registries.ts';
import type { DeliveryRange, Manifest, StagedBlock } from '../store/metadata.ts';
import { encodeBlock, selectRows } from '../store/native-block.ts';
import type { NativeBlockFile } from '../store/store.ts';
import { addressDays } from './address-days.ts';
import { BatchCounter, COUNTER, ROW } from './counter.ts';
import { withoutInternalTraffic } from './internal-traffic.ts';
import { addEnvelopes, addOrigins } from './origin-columns.ts';
import type { IdCache } from './registry.ts';
import { syncStaged } from './staged-files.ts';

/** A delivery whose records are in a batch, in the order in which they were decoded. */
export interface BatchDelivery {
  readonly id: string;
  /** Id of the source that it came by; empty for what somebody named. */
  readonly source: string;
  /** Its stream, where its records are held until a layout is known. */
  readonly stream?: string;
  /** A delivery may come in several segments: whether this is its last; it is the only one when absent. */
  readonly last?: boolean;
  readonly origin: Origin;
  /** Networks of the source: flows between them are not stored. */
  readonly internalTraffic?: readonly string[];
}

export interface WriterContext {
  /** Folder for blocks on their way into the store. */
  readonly staging: string;
  readonly enricher: Enricher | undefined;
  readonly ids: IdCache;
  /** Epoch seconds. */
  readonly now: () => number;
}

const SECONDS_PER_DAY = 86_400;
/** Layouts that are worth listing. */
const MOST_LAYOUTS = 9;
/** One insert touches at most this many partitions (days); the engine refuses a block of more than 100. */
const DAYS_PER_INSERT = 32;

/**
 * Stages a batch. `deliveries` by the decoder's delivery numbers; `state`: where the decoder stands after
 * the batch, for the last delivery when it goes on. What was decoded stays as it is: staged again, it is the same batch.
 */
export async function stageBatch(
  batch: string,
  decoded: DecodedBatches,
  deliveries: ReadonlyMap<number, BatchDelivery>,
  state: string,
  context: WriterContext,
): Promise<Manifest> {
  const taken = withoutInternalTraffic(decoded, (delivery) => deliveries.get(delivery)?.internalTraffic);
  // A decoder starts with an empty delivery of its own; what nobody opened holds nothing.
  const parts = taken.deliveries.filter((part) => deliveries.has(part.delivery));
  const owners = parts.map((part) => deliveries.get(part.delivery) as BatchDelivery);
  const origins = owners.map(({ origin }) => origin);
  // Where the segments of a delivery that follow each other end.
  const ends = owners.flatMap(({ id }, i) => (owners[i + 1]?.id === id ? [] : [i]));
  const given = new Set<string>();
  const received = context.now();
  const counter = new BatchCounter(owners, received);
  const blocks: StagedBlock[] = [];
  const external: Batch[] = [];
  const stage = (table: string, rows: Batch, more: Pick<StagedBlock, 'ends' | 'counterRows'> = {}): void => {
    const token = `${batch}-${table}-${blocks.length}`;
    const ids = table === CLOUDTRAIL.main ? { ids: writeIds(context.staging, rows, token) } : {};
    // Beside the ids, and no column of the table.
    rows.columns.delete(ROW);
    blocks.push({ ...writeBlock(context.staging, table, rows, token), ...more, ...ids });
  };

  if (taken.bad.length)
    stage(
      'quarantine',
      quarantineBatch(
        batch,
        taken.bad,
        parts.map((p) => p.bad),
        owners,
        received,
      ),
    );
  for (const [i, { dataset, batch: decodedRows }] of taken.tables.entries()) {
    if (decodedRows.rows === 0) continue;
    const rows = { ...decodedRows, columns: new Map(decodedRows.columns) };
    context.enricher?.enrich(rows);
    await replaceTexts(rows, context.ids);
    const ranges = parts.map((part) => part.rows[i] as Range);
    addOrigins(rows, ranges, origins, received);
    for (const name of addEnvelopes(rows, formatOf(dataset), ranges, origins)) given.add(name);
    const countedIn = counter.rows(dataset, rows, ranges);
    if (dataset === CLOUDTRAIL.main) rows.columns.set(ROW, { type: 'UInt32', values: countedIn });
    const days = cutByDays(rows);
    for (const part of days) stage(dataset, part, dataset === CLOUDTRAIL.main && days.length === 1 ? { ends: ends.map((i) => (ranges[i] as Range).end) } : {});
    if (formatOf(dataset).main === dataset) external.push(...addressDays(dataset, rows, received));
  }

  const ranges = parts.map((part, i): DeliveryRange => {
    const { records, stored, nodata, skipdata, quarantined, filtered, duplicates } = part.counts;
    return {
      delivery: (owners[i] as BatchDelivery).id,
      from: part.from,
      to: part.to,
      layout: state,
      last: part.finished && (owners[i] as BatchDelivery).last !== false,
      counts: { records, stored, nodata, skipdata, quarantined, duplicates, filtered },
      formats: part.formats,
    };
  });
  counter.deliveries(ranges);
  const counted = cutByDays(counter.block());
  for (const part of counted) if (part.rows > 0) stage(COUNTER, part, counted.length > 1 ? { counterRows: rowNumbers(part) } : {});
  // Behind the rows: nobody waits for it.
  for (const part of external) stage('address_day', part);
  await syncStaged(context.staging, blocks);
  // Of these alone the masks are kept; queries expect every field of other flows to be absent here and there.
  const flows = taken.tables.find(({ dataset }) => dataset === VPC_FLOW.flows)?.batch;
  return { batch, ranges: joinedRanges(ranges), blocks, ...masks(flows, given), defaultOnly: !flows || inDefaultLayout(flows) };
}

/** Ranges of a delivery that follow each other as one: it may have very many segments, and the ledger has one row of it. */
function joinedRanges(ranges: readonly DeliveryRange[]): DeliveryRange[] {
  const all: DeliveryRange[] = [];
  for (const range of ranges) {
    const before = all.at(-1);
    if (before?.delivery !== range.delivery) {
      all.push(range);
      continue;
    }
    const formats = { ...before.formats };
    for (const [name, records] of Object.entries(range.formats ?? {})) formats[name] = (formats[name] ?? 0) + records;
    const counts = addCounts(addCounts({ ...NO_COUNTS }, before.counts), range.counts);
    all[all.length - 1] = { ...range, from: before.from, last: before.last || range.last, counts, formats };
  }
  return all;
}

/** Writes rows as a block for a table. */
export function writeBlock(staging: string, table: string, batch: Batch, token: string): StagedBlock {
  const block = encodeBlock(batch);
  const file = join(staging, `${token}.native`);
  const bytes = block.pieces.reduce((n, p) => n + p.length, 0);
  const crc = block.pieces.reduce((sum, p) => crc32(p, sum), 0);
  const descriptor = openSync(file, 'w');
  try {
    let written = 0;
    let pieces: readonly Uint8Array[] = block.pieces;
    while (pieces.length) {
      const n = writevSync(descriptor, pieces.slice(0, 512));
      written += n;
      pieces = dropBytes(pieces, n);
    }
    if (written !== bytes) throw new Error(`short write to ${file}`);
  } finally {
    closeSync(descriptor);
  }
  const layouts = layoutsOf(batch);
  return { table, file, columns: block.columns, token, rows: block.rows, bytes, crc, ...(layouts ? { layouts } : {}) };
}

function rowNumbers({ columns }: Batch): readonly number[] {
  const column = columns.get(ROW);
  return column?.type === 'UInt32' ? [...column.values] : [];
}

/** The columns of events by which copies are found and taken from what was counted. */
function writeIds(staging: string, batch: Batch, token: string): NativeBlockFile {
  const names = ['event_id', 'start', ROW];
  const columns = new Map([...batch.columns].filter(([name]) => names.includes(name)));
  const { file, columns: types } = writeBlock(staging, CLOUDTRAIL.main, { ...batch, columns }, `${token}-ids`);
  return { file, columns: types };
}

/** Layouts of a batch's records, where they are few. */
function layoutsOf({ columns }: Batch): readonly string[] | undefined {
  const column = columns.get('layout');
  if (column?.type === 'Constant') return [column.value];
  if (column?.type !== 'LowCardinality(String)' || column.dictionary.length > MOST_LAYOUTS) return undefined;
  return column.dictionary.filter(Boolean);
}

function dropBytes(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let rest = count;
  let at = 0;
  while (at < pieces.length && rest >= (pieces[at] as Uint8Array).length) rest -= (pieces[at++] as Uint8Array).length;
  const left = pieces.slice(at);
  return rest && left[0] ? [left[0].subarray(rest), ...left.slice(1)] : left;
}

/** Texts of enrichment become ids of their registry. */
async function replaceTexts(batch: Batch, cache: IdCache): Promise<void> {
  for (const [name, registry] of REGISTRY_OF) {
    const column = batch.columns.get(name);
    if (column?.type !== 'LowCardinality(String)') continue;
    const ids = await cache.ids(registry.name, column.dictionary);
    const values = new Uint32Array(batch.rows);
    for (let i = 0; i < batch.rows; i++) values[i] = ids[column.ids[i] as number] as number;
    batch.columns.set(name, { type: 'UInt32', values });
  }
}

/** The batch in parts of at most DAYS_PER_INSERT days; nearly always one. */
export function cutByDays(batch: Batch): Batch[] {
  const start = batch.columns.get('start');
  if (start?.type !== "DateTime('UTC')") return [batch];
  let low = 0xffffffff;
  let high = 0;
  for (let i = 0; i < batch.rows; i++) {
    const value = start.values[i] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (Math.floor(high / SECONDS_PER_DAY) - Math.floor(low / SECONDS_PER_DAY) < DAYS_PER_INSERT) return [batch];
  const byDay = new Map<number, number[]>();
  for (let i = 0; i < batch.rows; i++) {
    const day = Math.floor((start.values[i] as number) / SECONDS_PER_DAY);
    const rows = byDay.get(day);
    if (rows) rows.push(i);
    else byDay.set(day, [i]);
  }
  // Few days far apart: the rows stay in their order.
  if (byDay.size <= DAYS_PER_INSERT) return [batch];
  const days = [...byDay.keys()].sort((a, b) => a - b);
  const parts: Batch[] = [];
  for (let i = 0; i < days.length; i += DAYS_PER_INSERT) {
    const rows = days.slice(i, i + DAYS_PER_INSERT).flatMap((day) => byDay.get(day) as number[]);
    parts.push(selectRows(batch, Uint32Array.from(rows)));
  }
  return parts;
}

function quarantineBatch(batch: string, rows: readonly BadRecord[], ranges: readonly Range[], owners: readonly BatchDelivery[], received: number): Batch {
  const ownerOf: BatchDelivery[] = [];
  ranges.forEach((range, i) => {
    for (let row = range.start; row < range.end; row++) ownerOf.push(owners[i] as BatchDelivery);
  });
  const encoder = new TextEncoder();
  const strings = (values: readonly Uint8Array[]): Column => ({ type: 'SparseString', values: new Map(values.map((value, i) => [i, value])) });
  return {
    rows: rows.length,
    addresses: { count: 0, bytes: new Uint8Array(0) },
    columns: new Map<string, Column>([
      ['batch', { type: 'Constant', value: batch }],
      ['seq', { type: 'UInt32', values: Uint32Array.from(rows, (_, i) => i) }],
      ['delivery', textColumn(ownerOf.map((o) => o.id))],
      ['source', textColumn(ownerOf.map((o) => o.source))],
      ['code', textColumn(rows.map((r) => r.code))],
      ['message', strings(rows.map((r) => encoder.encode(r.message)))],
      ['offset', { type: 'UInt64', values: Float64Array.from(rows, (r) => r.offset) }],
      ['length', { type: 'UInt64', values: Float64Array.from(rows, (r) => r.length) }],
      ['raw', strings(rows.map((r) => r.raw))],
      ['layout', textColumn(rows.map((r) => r.layout))],
      ['stream', textColumn(rows.map((r, i) => (r.code === 'layout-unknown' ? ((ownerOf[i] as BatchDelivery).stream ?? '') : '')))],
      ['log_group', textColumn(ownerOf.map((o) => o.origin.logGroup ?? ''))],
      ['log_stream', textColumn(ownerOf.map((o) => o.origin.logStream ?? ''))],
      ['source_name', textColumn(ownerOf.map((o) => o.origin.sourceName))],
      ['source_category', textColumn(ownerOf.map((o) => o.origin.sourceCategory))],
      ['source_host', textColumn(ownerOf.map((o) => o.origin.sourceHost))],
      ['collector', textColumn(ownerOf.map((o) => o.origin.collector))],
      ['received', { type: "DateTime('UTC')", values: new Uint32Array(rows.length).fill(received) }],
    ]),
  };
}

/** Marks of quarantined records that are stored now, as a block for `quarantine_resolved`. */
export function stageResolved(
  staging: string,
  batch: string,
  records: readonly { readonly batch: string; readonly seq: number }[],
  resolvedAt: number,
): StagedBlock {
  const rows: Batch = {
    rows: records.length,
    addresses: { count: 0, bytes: new Uint8Array(0) },
    columns: new Map<string, Column>([
      ['batch', textColumn(records.map((r) => r.batch))],
      ['seq', { type: 'UInt32', values: Uint32Array.from(records, (r) => r.seq) }],
      ['resolved', { type: "DateTime('UTC')", values: new Uint32Array(records.length).fill(resolvedAt) }],
    ]),
  };
  return writeBlock(staging, 'quarantine_resolved', rows, `${batch}-resolved`);
}

/** Whether every row is in the default layout and its text is its values joined by spaces. */
function inDefaultLayout(batch: Batch): boolean {
  if (batch.rows === 0) return true;
  const layout = batch.columns.get('layout');
  const only = layout?.type === 'Constant' && layout.value === VPC_FLOW.defaultLayout;
  return only && !batch.columns.has('raw_exact') && (BigInt(masks(batch).absentMask) & VPC_FLOW.defaultMask) === 0n;
}

/** OR and AND of the flows' masks: a field whose bit is never set needs no null check in queries; one whose bit is always set holds nothing to find. */
function masks(batch: Batch | undefined, given: ReadonlySet<string> = new Set()): Pick<Manifest, 'absentMask' | 'missingMask'> {
  const column = batch?.columns.get('absent');
  const [some, every] = [
    [0, 0],
    [-1, -1],
  ] as [[number, number], [number, number]];
  if (batch && column?.type === 'UInt64Mask') {
    for (let i = 0; i < batch.rows; i++) {
      some[0] |= column.low[i] as number;
      some[1] |= column.high[i] as number;
      every[0] &= column.low[i] as number;
      every[1] &= column.high[i] as number;
    }
  }
  const bits = ([low, high]: readonly [number, number]) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  // What an envelope gave is there to be found, although no record says it.
  const found = [...VPC_FLOW.bits.values()]
    .filter((bit) => given.has((VPC_FLOW.fields[bit] as Field).column))
    .reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
  return { absentMask: bits(some).toString(), missingMask: (bits(every) & ~found).toString() };
}
