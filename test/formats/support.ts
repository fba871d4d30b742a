/** Helpers for decoder tests: decode whole texts, and compare what came out without looking at ids. */

import { unframed } from '../../src/formats/cloudtrail/frame.ts';
import { createDecoder, type DecoderKind, type RecordDecoder } from '../../src/formats/decoder.ts';
import { rebuildBytes } from '../../src/formats/flow/rebuild.ts';
import { type Cell, recordAt } from '../../src/formats/record.ts';
import type { RecordRules } from '../../src/formats/record-rules.ts';
import { type DeliveredBadRecord, IN_BAD, noCounts, type RecordCounts } from '../../src/formats/result.ts';
import { type Batch, textAt } from '../../src/model/batch.ts';
import { type Dataset, formatOf } from '../../src/model/log-formats.ts';
import type { RecordFormat } from '../../src/model/source.ts';

const TABLES = { vpc_flow: 'flows', vpc_flow_status: 'status', tgw_flow: 'tgw flows', tgw_flow_status: 'tgw status', cloudtrail: 'events' } as const;

/** 2026-11-20. */
export const NOW = 1795132800;

export type Row =
  | { readonly table: (typeof TABLES)[Dataset]; readonly record: Record<string, Cell>; readonly raw: string }
  | { readonly table: 'bad'; readonly bad: Omit<DeliveredBadRecord, 'raw'>; readonly raw: string };

export interface Decoded {
  readonly rows: Row[];
  readonly counts: RecordCounts;
  readonly bytes: number;
  /** Where each batch ended, with the decoder's state there. */
  readonly ends: readonly { readonly offset: number; readonly state: string; readonly rows: number }[];
}

/** The record's own bytes. */
function rawOf(batch: Batch, row: number, dataset: Dataset): Uint8Array {
  const format = formatOf(dataset);
  if (format.kind === 'flow') return rebuildBytes(batch, row, format);
  const part = (name: string): string => {
    const column = batch.columns.get(name);
    if (column?.type !== 'String' && column?.type !== 'SharedString') throw new Error(`events have no text in ${name}`);
    return latin1(column.type === 'String' ? textAt(column, row) : textAt(column.texts, column.ids[row]!));
  };
  return Buffer.from(unframed(part), 'latin1');
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export interface DecodeOptions {
  readonly layout?: string;
  readonly format?: RecordFormat;
  readonly cuts?: readonly number[];
  readonly capacity?: number;
  readonly rules?: RecordRules | undefined;
  readonly kind?: DecoderKind;
  /** In place of a new one: what it read before must not matter. */
  readonly decoder?: RecordDecoder;
  /** Takes the delivery up where a batch ended. */
  readonly resume?: { readonly offset: number; readonly state: string };
}

/** Decodes one delivery cut at `cuts` (sizes of chunks, repeated), in batches of `capacity`. */
export function decodeAll(input: string | Uint8Array, options: DecodeOptions = {}): Decoded {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  const made = {
    layout: options.layout ?? 'auto',
    format: options.format ?? 'auto',
    now: () => NOW,
    capacity: options.capacity ?? 4096,
    rules: options.rules,
  };
  const { resume, decoder = createDecoder(options.kind ?? 'flow', made) } = options;
  if (resume || options.decoder) {
    decoder.push(new Uint8Array(0), true);
    decoder.take();
    decoder.nextDelivery(resume);
  }
  const rows: Row[] = [];
  const counts = noCounts();
  const ends: { offset: number; state: string; rows: number }[] = [];
  let to = resume?.offset ?? 0;
  const take = (): void => {
    const batch = decoder.take();
    const next = batch.tables.map(() => 0);
    let nextBad = 0;
    for (const list of batch.order) {
      if (list === IN_BAD) {
        const { raw, ...bad } = batch.bad[nextBad++]!;
        rows.push({ table: 'bad', bad, raw: latin1(raw) });
        continue;
      }
      const { dataset, batch: rowsOf } = batch.tables[list]!;
      const row = next[list]!++;
      const record = recordAt(rowsOf, row);
      for (const [name, value] of Object.entries(record))
        if (value === 0 || value === '' || value === '::' || (Array.isArray(value) && value.length === 0)) delete record[name];
      rows.push({ table: TABLES[dataset], record, raw: latin1(rawOf(rowsOf, row, dataset)) });
    }
    for (const key of Object.keys(counts) as (keyof RecordCounts)[]) counts[key] += batch.counts[key];
    for (const part of batch.deliveries) {
      if (part.from !== to) throw new Error(`a part begins at ${part.from}, not at ${to}`);
      to = part.to;
    }
    ends.push({ offset: to, state: decoder.state, rows: rows.length });
    if (batch.tables.some((table, i) => next[i] !== table.batch.rows) || nextBad !== batch.bad.length) throw new Error('the order does not tell of all rows');
    if (batch.counts.records - batch.counts.filtered - batch.counts.duplicates !== batch.order.length) throw new Error('a count was lost');
  };
  const push = (chunk: Uint8Array, last: boolean): void => {
    while (!decoder.push(chunk, last)) {
      take();
      chunk = new Uint8Array(0);
    }
  };
  const cuts = options.cuts ?? [];
  let at = to;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, cuts[i % cuts.length] ?? bytes.length);
    push(bytes.slice(at, at + size), false);
    at += size;
  }
  push(new Uint8Array(0), true);
  take();
  if (to !== bytes.length) throw new Error(`${to} of ${bytes.length} bytes are accounted for`);
  const { records, stored, nodata, skipdata, quarantined, filtered, duplicates } = counts;
  if (records !== stored + nodata + skipdata + quarantined + filtered + duplicates || records - filtered - duplicates !== rows.length)
    throw new Error('a count was lost');
  return { rows, counts, bytes: to, ends };
}

/** The single row of a text. */
export function decodeOne(input: string, layout = 'auto'): Row {
  const { rows } = decodeAll(input, { layout });
  if (rows.length !== 1) throw new Error(`${rows.length} records`);
  return rows[0]!;
}
