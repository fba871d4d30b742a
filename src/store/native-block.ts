/**
 * A batch as one block of ClickHouse's Native format: columns one after another, typed arrays as they
 * are. LowCardinality columns carry their dictionary, so a text costs its bytes once a batch.
 *
 * Layout: https://clickhouse.com/docs/interfaces/formats/Native. Values are little-endian, as the
 * machines that this runs on are.
 */
import type { AddressTable, Batch, Column, Texts } from '../model/batch.ts';
import type { ResultColumn } from './store.ts';

export interface NativeBlock {
  /** Pieces to write one after another. */
  readonly pieces: readonly Uint8Array[];
  /** Name and type of each column in the block's order. */
  readonly columns: readonly ResultColumn[];
  readonly rows: number;
}

const encoder = new TextEncoder();

/** Encodes rows of a batch. The block maps by position: insert with `columns` named on both sides. */
export function encodeBlock(batch: Batch): NativeBlock {
  const pieces: Uint8Array[] = [concat([varUint(batch.columns.size), varUint(batch.rows)])];
  const columns: ResultColumn[] = [];
  for (const [name, column] of batch.columns) {
    const type = clickhouseType(column);
    columns.push({ name, type });
    pieces.push(
      concat([text(name), text(column.type === 'SharedString' ? 'LowCardinality(String)' : type)]),
      ...encodeColumn(column, batch.rows, batch.addresses),
    );
  }
  return { pieces, columns, rows: batch.rows };
}

function clickhouseType(column: Column): string {
  switch (column.type) {
    case 'UInt64Mask':
      return 'UInt64';
    case 'Constant':
      return 'LowCardinality(String)';
    case 'SparseString':
    // The engine makes plain texts of shared ones as it reads the block.
    case 'SharedString':
      return 'String';
    default:
      return column.type;
  }
}

function encodeColumn(column: Column, rows: number, addresses: AddressTable): Uint8Array[] {
  switch (column.type) {
    case 'UInt8':
    case 'UInt16':
    case 'UInt32':
    case "DateTime('UTC')":
      return [bytesOf(column.values.subarray(0, rows))];
    case 'UInt64':
      return [uint64(column.values, rows)];
    case 'UInt64Mask':
      return [mask(column.low, column.high, rows)];
    case 'IPv6':
      return [addressColumn(column.ids, rows, addresses)];
    case 'LowCardinality(String)':
      return lowCardinality(column.dictionary, column.ids, rows);
    case 'Array(String)':
      return lists(column.lists, column.ids, rows);
    case 'Constant':
      return lowCardinality(column.value === '' ? [''] : ['', column.value], undefined, rows);
    case 'String':
      return [column.bytes.subarray(0, rows === 0 ? 0 : column.ends[rows - 1])];
    case 'SharedString':
      return indexed([column.texts.bytes.subarray(0, column.texts.ends[column.count - 1])], column.count, column.ids, rows);
    case 'SparseString':
      return sparse(column.values, rows);
  }
}

function bytesOf(array: Uint8Array | Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function uint64(values: Float64Array, rows: number): Uint8Array {
  const out = new Uint32Array(rows * 2);
  for (let i = 0, j = 0; i < rows; i++, j += 2) {
    const value = values[i] as number;
    if (value < 4294967296) {
      out[j] = value;
    } else {
      out[j] = value % 4294967296;
      out[j + 1] = value / 4294967296;
    }
  }
  return bytesOf(out);
}

function mask(low: Uint32Array, high: Uint32Array, rows: number): Uint8Array {
  const out = new Uint32Array(rows * 2);
  for (let i = 0, j = 0; i < rows; i++, j += 2) {
    out[j] = low[i] as number;
    out[j + 1] = high[i] as number;
  }
  return bytesOf(out);
}

function addressColumn(ids: Uint32Array, rows: number, addresses: AddressTable): Uint8Array {
  const source = new Uint32Array(addresses.bytes.slice(0, addresses.count * 16).buffer);
  const out = new Uint32Array(rows * 4);
  for (let i = 0, j = 0; i < rows; i++, j += 4) {
    const at = (ids[i] as number) * 4;
    out[j] = source[at] as number;
    out[j + 1] = source[at + 1] as number;
    out[j + 2] = source[at + 2] as number;
    out[j + 3] = source[at + 3] as number;
  }
  return bytesOf(out);
}

function lowCardinality(dictionary: readonly string[], ids: Uint32Array | undefined, rows: number): Uint8Array[] {
  return indexed([concat(dictionary.map(text))], dictionary.length, ids, rows);
}

/** Keys version 1; flags 0x600 (has additional keys, dictionary is to be updated) with the index width. */
function indexed(texts: readonly Uint8Array[], size: number, ids: Uint32Array | undefined, rows: number): Uint8Array[] {
  const width = size <= 0x100 ? 0 : size <= 0x10000 ? 1 : 2;
  const head = new BigUint64Array([1n, BigInt(0x600 | width), BigInt(size)]);
  const count = new BigUint64Array([BigInt(rows)]);
  const indexes = width === 0 ? new Uint8Array(rows) : width === 1 ? new Uint16Array(rows) : new Uint32Array(rows);
  if (ids) indexes.set(ids.subarray(0, rows));
  else indexes.fill(size - 1);
  return [new Uint8Array(head.buffer), ...texts, new Uint8Array(count.buffer), bytesOf(indexes)];
}

/** Where each row's list ends, counted in elements, then all elements. */
function lists(dictionary: readonly (readonly string[])[], ids: Uint32Array, rows: number): Uint8Array[] {
  const encoded = dictionary.map((list) => concat(list.map(text)));
  const ends = new Uint32Array(rows * 2);
  let count = 0;
  let length = 0;
  for (let i = 0; i < rows; i++) {
    const id = ids[i] as number;
    count += (dictionary[id] as readonly string[]).length;
    length += (encoded[id] as Uint8Array).length;
    ends[i * 2] = count % 4294967296;
    ends[i * 2 + 1] = count / 4294967296;
  }
  const elements = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    const bytes = encoded[ids[i] as number] as Uint8Array;
    elements.set(bytes, at);
    at += bytes.length;
  }
  return [bytesOf(ends), elements];
}

function sparse(values: ReadonlyMap<number, Uint8Array>, rows: number): Uint8Array[] {
  if (values.size === 0) return [new Uint8Array(rows)];
  const pieces: Uint8Array[] = [];
  let next = 0;
  for (const [row, value] of [...values].sort((a, b) => a[0] - b[0])) {
    if (row >= rows) break;
    pieces.push(new Uint8Array(row - next), varUint(value.length), value);
    next = row + 1;
  }
  pieces.push(new Uint8Array(rows - next));
  return pieces.length > 3 ? [concat(pieces)] : pieces;
}

/** A length as Native has it: seven bits a byte, the lowest first. */
export function varUint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return Uint8Array.from(out);
}

function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  return concat([varUint(bytes.length), bytes]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The given rows of a batch as a batch of its own, with the texts that they have (addresses are shared). */
export function selectRows(batch: Batch, rows: Uint32Array): Batch {
  const columns = new Map<string, Column>();
  for (const [name, column] of batch.columns) columns.set(name, selectColumn(column, rows));
  return { rows: rows.length, columns, addresses: batch.addresses };
}

function selectColumn(column: Column, rows: Uint32Array): Column {
  switch (column.type) {
    case 'UInt8':
      return { type: column.type, values: gather(column.values, new Uint8Array(rows.length), rows) };
    case 'UInt16':
      return { type: column.type, values: gather(column.values, new Uint16Array(rows.length), rows) };
    case 'UInt32':
    case "DateTime('UTC')":
      return { type: column.type, values: gather(column.values, new Uint32Array(rows.length), rows) };
    case 'UInt64':
      return { type: column.type, values: gather(column.values, new Float64Array(rows.length), rows) };
    case 'UInt64Mask':
      return { type: column.type, low: gather(column.low, new Uint32Array(rows.length), rows), high: gather(column.high, new Uint32Array(rows.length), rows) };
    case 'IPv6':
      return { type: column.type, ids: gather(column.ids, new Uint32Array(rows.length), rows) };
    case 'LowCardinality(String)':
    case 'Array(String)': {
      const { ids, used } = renumber(column.ids, rows);
      if (column.type === 'Array(String)') return { type: column.type, ids, lists: used.map((id) => column.lists[id]!) };
      return { type: column.type, ids, dictionary: used.map((id) => column.dictionary[id]!) };
    }
    case 'Constant':
      return column;
    case 'String':
      return { type: column.type, ...gatherTexts(column, rows) };
    case 'SharedString': {
      const { ids, used } = renumber(column.ids, rows);
      return { type: column.type, ids, texts: gatherTexts(column.texts, Uint32Array.from(used)), count: used.length };
    }
    case 'SparseString': {
      const values = new Map<number, Uint8Array>();
      rows.forEach((row, i) => {
        const value = column.values.get(row);
        if (value) values.set(i, value);
      });
      return { type: column.type, values };
    }
  }
}

/** Ids of the rows in a dictionary of their own, and the ids of its texts in the one before; the first stays the first. A batch may be cut in hundreds of parts. */
function renumber(from: Uint32Array, rows: Uint32Array): { readonly ids: Uint32Array; readonly used: readonly number[] } {
  const places = new Map([[0, 0]]);
  const ids = Uint32Array.from(rows, (row) => {
    const id = from[row]!;
    const place = places.get(id) ?? places.size;
    places.set(id, place);
    return place;
  });
  return { ids, used: [...places.keys()] };
}

function gatherTexts({ bytes, ends }: Texts, rows: Uint32Array): Texts {
  const chosen = Array.from(rows, (row) => bytes.subarray(row === 0 ? 0 : ends[row - 1], ends[row]));
  const out = new Uint8Array(chosen.reduce((sum, text) => sum + text.length, 0));
  let at = 0;
  const outEnds = Uint32Array.from(chosen, (text) => {
    out.set(text, at);
    at += text.length;
    return at;
  });
  return { bytes: out, ends: outEnds };
}

function gather<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: T, to: T, rows: Uint32Array): T {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i] as number] as number;
  return to;
}
