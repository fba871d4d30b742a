/**
 * The text of a record from its columns: what `_raw` shows. Where the columns would give another text
 * than was received, the received bytes were kept in `raw_exact`; so the rebuilt text is always the
 * original, byte for byte.
 */
import { formatAddress } from '../../model/address.ts';
import type { Batch, Column } from '../../model/batch.ts';
import type { FlowFormat } from '../../model/log-formats.ts';
import { percentEncode } from './spellings.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Value of a column in a row: numbers, text, addresses as text, lists of text. */
export type Cell = string | number | bigint | readonly string[];

function cell(column: Column, batch: Batch, row: number): Cell {
  switch (column.type) {
    case 'UInt64Mask':
      return (BigInt(column.high[row]!) << 32n) | BigInt(column.low[row]!);
    case 'IPv6':
      // Id 0 is no address, whatever an earlier batch left in its bytes.
      return column.ids[row] === 0 ? '::' : formatAddress(batch.addresses.bytes, column.ids[row]! * 16);
    case 'LowCardinality(String)':
      return column.dictionary[column.ids[row]!]!;
    case 'Array(String)':
      return column.lists[column.ids[row]!]!;
    case 'Constant':
      return column.value;
    case 'SparseString': {
      const bytes = column.values.get(row);
      return bytes ? decoder.decode(bytes) : '';
    }
    default:
      return column.values[row]!;
  }
}

/** A stored row as an object by column name. */
export function recordAt(batch: Batch, row: number): Record<string, Cell> {
  const record: Record<string, Cell> = {};
  for (const [name, column] of batch.columns) record[name] = cell(column, batch, row);
  return record;
}

const encoder = new TextEncoder();

/** The record's bytes, without its line end. */
export function rebuildBytes(batch: Batch, row: number, format: FlowFormat): Uint8Array {
  const exact = batch.columns.get('raw_exact');
  const kept = exact?.type === 'SparseString' ? exact.values.get(row) : undefined;
  return kept ?? encoder.encode(rebuildText(recordAt(batch, row), format));
}

/** An address as records spell it: the engine prints IPv4 as `::ffff:a.b.c.d`. */
export function addressText(text: string): string {
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text;
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
