/** One row of a batch as values by column name. */
import { formatAddress } from '../model/address.ts';
import { type Batch, type Column, textAt } from '../model/batch.ts';

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
    case 'String':
      return decoder.decode(textAt(column, row));
    case 'SharedString':
      return decoder.decode(textAt(column.texts, column.ids[row]!));
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

/** An address as records spell it: the engine prints IPv4 as `::ffff:a.b.c.d`. */
export function addressText(text: string): string {
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text;
}
