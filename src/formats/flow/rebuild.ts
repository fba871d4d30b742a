/**
 * The text of a record from its columns: what `_raw` shows. Where the columns would give another text
 * than was received, the received bytes were kept in `raw_exact`; so the rebuilt text is always the
 * original, byte for byte.
 */
import type { Batch } from '../../model/batch.ts';
import type { FlowFormat } from '../../model/log-formats.ts';
import { addressText, type Cell, recordAt } from '../record.ts';
import { percentEncode } from './spellings.ts';

const encoder = new TextEncoder();

/** The record's bytes, without its line end. */
export function rebuildBytes(batch: Batch, row: number, format: FlowFormat): Uint8Array {
  const exact = batch.columns.get('raw_exact');
  const kept = exact?.type === 'SparseString' ? exact.values.get(row) : undefined;
  return kept ?? encoder.encode(rebuildText(recordAt(batch, row), format));
}

/** The text of a row given by column name (see `recordAt`): `raw_exact`, or the values in the order of `layout`. */
export function rebuildText(record: Readonly<Record<string, Cell>>, format: FlowFormat): string {
  if (record.raw_exact) return String(record.raw_exact);
  const absent = BigInt(String(record.absent ?? 0));
  return String(record.layout)
    .split(' ')
    .map((name) => {
      const bit = format.bits.get(name);
      const field = bit === undefined ? undefined : format.fields[bit];
      if (bit === undefined || !field || (absent >> BigInt(bit)) & 1n) return '-';
      if (field.column === 'duration') return String(Number(record.start) + Number(record.duration));
      const value = String(record[field.column] ?? '');
      if (field.type === 'address') return addressText(value);
      return field.percentEncoded ? percentEncode(value) : value;
    })
    .join(' ');
}
