/**
 * What a Parquet file says of itself: its columns, where their pages are, and the header of each page. Only what the
 * reading of flow logs needs is taken; statistics and the like are passed over.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { ParquetError } from './parquet-page.ts';
import { listOf, numberOf, readStruct, type Struct, structOf, type Value } from './thrift.ts';

const TYPES = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'] as const;
const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'] as const;
const ENCODINGS = [
  'PLAIN',
  'GROUP_VAR_INT',
  'PLAIN_DICTIONARY',
  'RLE',
  'BIT_PACKED',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY',
  'RLE_DICTIONARY',
  'BYTE_STREAM_SPLIT',
] as const;

export type ColumnType = (typeof TYPES)[number];

export interface Element {
  readonly name: string;
  readonly type: ColumnType;
  /** Bytes of a value of FIXED_LEN_BYTE_ARRAY. */
  readonly length: number;
  readonly required: boolean;
  readonly decimal: boolean;
  /** Of a time: parts of a second; 1 for what is no time. */
  readonly unit: number;
  readonly unsigned: boolean;
}

/** Where the pages of a column are in the file, bytes [from, to). */
export interface Chunk {
  readonly codec: string;
  readonly from: number;
  readonly to: number;
}

export interface RowGroup {
  readonly rows: number;
  /** In the order of the columns. */
  readonly chunks: readonly Chunk[];
}

export interface Footer {
  readonly columns: readonly Element[];
  readonly groups: readonly RowGroup[];
}

export interface PageHeader {
  readonly kind: 'data' | 'data-v2' | 'dictionary' | 'index';
  /** Bytes in the file, and unpacked. */
  readonly packed: number;
  readonly size: number;
  readonly values: number;
  readonly encoding: string;
  /** Of `data-v2`. */
  readonly rows: number;
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  readonly compressed: boolean;
}

/** More have no meaning in a log of flows. */
const MOST_COLUMNS = 1000;

/** `size`: where the description begins, and pages end. Throws ParquetError. */
export function readFooter(bytes: Uint8Array, size: number): Footer {
  const found = readStruct(bytes, 0);
  if (!found) throw new ParquetError('its description is damaged');
  const columns = columnsOf(listOf(found.value.get(2)) ?? []);
  const groups = (listOf(found.value.get(4)) ?? []).map((group) => groupOf(structOf(group), columns, size));
  // Pages of two columns in one place would be read as often as the file says.
  const bytesOfChunks = groups.reduce((sum, { chunks }) => sum + chunks.reduce((all, { from, to }) => all + (to - from), 0), 0);
  if (bytesOfChunks > size) throw new ParquetError('its columns are larger than the file');
  return { columns, groups };
}

/** The columns; a flow log has no columns inside of columns. */
function columnsOf(schema: readonly Value[]): Element[] {
  const elements = schema.slice(1);
  if (elements.length === 0) throw new ParquetError('it has no columns');
  if (elements.length > MOST_COLUMNS) throw new ParquetError(`it has ${elements.length} columns`);
  return elements.map((value) => elementOf(structOf(value)));
}

function elementOf(element: Struct | undefined): Element {
  const text = element?.get(4);
  const name = text instanceof Uint8Array ? new TextDecoder().decode(text.subarray(0, 1024)) : undefined;
  const type = TYPES[numberOf(element?.get(1)) ?? -1];
  if (!element || name === undefined || !type || numberOf(element.get(5)))
    throw new ParquetError('the Parquet file has columns inside of columns', 'parquet-unsupported');
  const repetition = numberOf(element.get(3));
  if (repetition === 2) throw new ParquetError(`the column ${name} holds lists`, 'parquet-unsupported');
  const converted = numberOf(element.get(6)) ?? -1;
  const logical = structOf(element.get(10));
  const unit = structOf(structOf(logical?.get(8))?.get(2));
  const integer = structOf(logical?.get(10));
  const length = numberOf(element.get(2)) ?? 0;
  if (type === 'FIXED_LEN_BYTE_ARRAY' && !(length > 0)) throw new ParquetError(`the column ${name} has values of ${length} bytes`);
  return {
    name,
    type,
    length,
    required: repetition === 0,
    decimal: converted === 5 || logical?.has(5) === true,
    unit: unit ? (unit.has(1) ? 1e3 : unit.has(2) ? 1e6 : 1e9) : converted === 9 ? 1e3 : converted === 10 ? 1e6 : 1,
    unsigned: (converted >= 11 && converted <= 14) || (integer !== undefined && integer.get(2) !== true),
  };
}

function groupOf(group: Struct | undefined, columns: readonly Element[], size: number): RowGroup {
  const rows = numberOf(group?.get(3));
  if (rows === undefined || !Number.isSafeInteger(rows) || rows < 0) throw new ParquetError(`the number of rows of a row group cannot be ${rows}`);
  const chunks = listOf(group?.get(1)) ?? [];
  if (chunks.length !== columns.length) throw new ParquetError('a row group has other columns than the file');
  return { rows, chunks: columns.map((column, i) => chunkOf(structOf(chunks[i]), column, size)) };
}

function chunkOf(chunk: Struct | undefined, { name }: Element, size: number): Chunk {
  if (chunk?.has(8) || chunk?.has(9)) throw new ParquetError(`the column ${name} is encrypted`, 'parquet-unsupported');
  const about = structOf(chunk?.get(3));
  const data = numberOf(about?.get(9)) ?? -1;
  const dictionary = numberOf(about?.get(11)) ?? 0;
  const codec = numberOf(about?.get(4)) ?? -1;
  const from = dictionary > 0 && dictionary < data ? dictionary : data;
  const to = from + (numberOf(about?.get(7)) ?? -1);
  if (!(from >= 4 && to >= from && to <= size)) throw new ParquetError(`the column ${name} is not in the file`);
  return { codec: CODECS[codec] ?? `codec ${codec}`, from, to };
}

/** The header at the beginning of `bytes` and its length; undefined when it is damaged or does not end there. */
export function readPageHeader(bytes: Uint8Array): { readonly header: PageHeader; readonly length: number } | undefined {
  const found = readStruct(bytes, 0);
  if (!found) return undefined;
  const { value } = found;
  const type = numberOf(value.get(1));
  const [data, dictionary, v2] = [structOf(value.get(5)), structOf(value.get(7)), structOf(value.get(8))];
  const kind = type === 0 && data ? 'data' : type === 1 ? 'index' : type === 2 && dictionary ? 'dictionary' : type === 3 && v2 ? 'data-v2' : undefined;
  if (!kind) return undefined;
  const about = (kind === 'data' ? data : kind === 'dictionary' ? dictionary : v2) ?? new Map<number, Value>();
  const encoding = numberOf(about.get(kind === 'data-v2' ? 4 : 2)) ?? -1;
  const at = (field: number): number => numberOf(about.get(field)) ?? -1;
  const header: PageHeader = {
    kind,
    size: numberOf(value.get(2)) ?? -1,
    packed: numberOf(value.get(3)) ?? -1,
    values: kind === 'index' ? 0 : at(1),
    encoding: ENCODINGS[encoding] ?? `encoding ${encoding}`,
    rows: at(3),
    definitionBytes: at(5),
    repetitionBytes: at(6),
    compressed: about.get(7) !== false,
  };
  return { header, length: found.end };
}
