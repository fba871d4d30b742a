/** A column of a row group, page after page, as flat arrays that rows of text are written from. */
import { type Chunk, type Element, type PageHeader, readPageHeader } from './parquet-footer.ts';
import { ParquetError, readDeltas, readHybrid, unpackPage } from './parquet-page.ts';

/** Bytes [from, to) of something, or fewer at its end. */
export interface RandomAccess {
  readonly size: number;
  read(from: number, to: number): Promise<Uint8Array>;
}

/** Bytes that the pages in memory take, and that all pages may still become when they are unpacked, of all columns together. */
export interface Held {
  bytes: number;
  unpacked: number;
}

/** The rows of a page. A row's value is the next of `numbers`, or a stretch of `bytes`: the next one, or the one that `indexes` name. */
export interface Column {
  readonly count: number;
  /** Of each row, whether it has a value; undefined: all do. */
  readonly present: Uint8Array | undefined;
  readonly numbers: Float64Array | undefined;
  readonly indexes: Uint32Array | undefined;
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  /** Most bytes of text that a value has. */
  readonly widest: number;
  /** The next row and the next value. */
  at: number;
  next: number;
}

type Values = Pick<Column, 'numbers' | 'bytes' | 'starts' | 'widest'>;

/** Pages are about 1 MiB and 20,000 rows; what is far from that would only take memory. */
const PAGE_LIMIT = 128 * 1024 * 1024;
const PAGE_ROWS = 8 * 1024 * 1024;
const HELD_LIMIT = 512 * 1024 * 1024;
const READ_SIZE = 128 * 1024;
const NO_BYTES = new Uint8Array(0);
const NO_STARTS = new Uint32Array(1);
/** Text of the longest number. */
const NUMBER_WIDTH = 26;

export class ColumnReader {
  private readonly file: RandomAccess;
  private readonly element: Element;
  private readonly codec: string;
  private readonly optional: boolean;
  /** Rows that the pages to come must have. */
  private left: number;
  private dictionary: Values | undefined;
  private page: Column | undefined;
  /** Bytes from the file that are not used yet, and where in the file they end. */
  private bytes: Uint8Array = NO_BYTES;
  private position: number;
  private readonly end: number;
  private readonly held: Held;
  /** Of `held`, what the dictionary and the page take. */
  private own = { dictionary: 0, page: 0 };

  constructor(file: RandomAccess, element: Element, chunk: Chunk, rows: number, held: Held) {
    this.file = file;
    this.held = held;
    this.element = element;
    this.codec = chunk.codec;
    this.optional = !element.required;
    this.left = rows;
    this.position = chunk.from;
    this.end = chunk.to;
  }

  /** The page with the next row. */
  async column(): Promise<Column> {
    while (!this.page || this.page.at === this.page.count) this.page = await this.nextPage();
    return this.page;
  }

  /** Gives back what it holds. */
  release(): void {
    this.hold('page', 0);
    this.hold('dictionary', 0);
  }

  private hold(what: 'dictionary' | 'page', bytes: number): void {
    this.held.bytes += bytes - this.own[what];
    this.own[what] = bytes;
    if (this.held.bytes > HELD_LIMIT)
      throw new ParquetError(`the pages of the Parquet file take more than ${HELD_LIMIT} bytes of memory`, 'parquet-unsupported');
  }

  private wrong(what: string): ParquetError {
    return new ParquetError(`the column ${this.element.name} ${what}`);
  }

  private async have(count: number): Promise<boolean> {
    if (this.bytes.length >= count) return true;
    const to = Math.min(this.end, this.position + Math.max(count - this.bytes.length, READ_SIZE));
    const more = await this.file.read(this.position, to);
    if (more.length < to - this.position) throw this.wrong('is cut');
    this.position = to;
    this.bytes = this.bytes.length === 0 ? more : Buffer.concat([this.bytes, more]);
    return this.bytes.length >= count;
  }

  private async nextPage(): Promise<Column | undefined> {
    const { header, body } = await this.read();
    const { kind, size, values: count, encoding } = header;
    if (kind === 'index') return undefined;
    if (kind === 'dictionary') {
      if (this.dictionary) throw this.wrong('has two dictionaries');
      if (!(count >= 0 && count <= size)) throw this.wrong('has a damaged dictionary');
      this.dictionary = asText(this.plain(unpackPage(this.codec, body, size), 0, count));
      this.hold('dictionary', this.dictionary.bytes.length + this.dictionary.starts.byteLength);
      return undefined;
    }
    const page = kind === 'data' ? this.data(header, body) : this.dataV2(header, body);
    // Of a page with a dictionary the text is held already.
    if (!isIndexed(encoding)) this.hold('page', this.own.page + page.bytes.length);
    return page;
  }

  /** The next header and what it is about. */
  private async read(): Promise<{ readonly header: PageHeader; readonly body: Uint8Array }> {
    let found: ReturnType<typeof readPageHeader>;
    for (let window = 1024; !found; window *= 8) {
      const whole = await this.have(window);
      found = readPageHeader(this.bytes);
      if (!found && (!whole || window > 1024 * 1024)) throw this.wrong(this.bytes.length === 0 ? 'has fewer rows than the file' : 'has a damaged page');
    }
    const { header, length } = found;
    const { packed, size, values } = header;
    if (!(packed >= 0 && packed <= PAGE_LIMIT && size >= 0 && size <= PAGE_LIMIT)) throw this.wrong('has a page of impossible size');
    if (!(values >= 0 && values <= Math.max(PAGE_ROWS, size))) throw this.wrong('has a page with an impossible number of values');
    this.held.unpacked -= size;
    if (this.held.unpacked < 0) throw new ParquetError('the pages of the Parquet file are more than they may be when they are unpacked', 'decompression-limit');
    this.bytes = this.bytes.subarray(length);
    this.hold(header.kind === 'dictionary' ? 'dictionary' : 'page', packed + 3 * size + 8 * values);
    if (!(await this.have(packed))) throw this.wrong('is cut');
    const body = this.bytes.subarray(0, packed);
    this.bytes = this.bytes.subarray(packed);
    return { header, body };
  }

  private data({ values: count, encoding, size }: PageHeader, body: Uint8Array): Column {
    const page = unpackPage(this.codec, body, size);
    const rows = this.rows(count);
    if (!this.optional) return this.values(page, 0, rows, undefined, rows, encoding);
    if (page.length < 4) throw this.wrong('has a page that ends early');
    const from = 4 + new DataView(page.buffer, page.byteOffset, 4).getUint32(0, true);
    if (from > page.length) throw this.wrong('has a page that ends early');
    const present = new Uint8Array(rows);
    const some = readHybrid(page, 4, from, 1, present);
    return this.values(page, from, rows, some === rows ? undefined : present, some, encoding);
  }

  private dataV2({ values, rows: told, encoding, size, packed, definitionBytes: levels, repetitionBytes, compressed }: PageHeader, body: Uint8Array): Column {
    const rows = this.rows(told);
    if (values !== rows || repetitionBytes !== 0 || !(levels >= 0 && levels <= Math.min(packed, size))) throw this.wrong('has a damaged page');
    const rest = body.subarray(levels);
    const page = compressed ? unpackPage(this.codec, rest, size - levels) : rest;
    if (!this.optional) return this.values(page, 0, rows, undefined, rows, encoding);
    const present = new Uint8Array(rows);
    const some = readHybrid(body, 0, levels, 1, present);
    return this.values(page, 0, rows, some === rows ? undefined : present, some, encoding);
  }

  private rows(count: number): number {
    if (!(count >= 0 && count <= Math.min(this.left, PAGE_ROWS))) throw this.wrong('has more rows than the file');
    this.left -= count;
    return count;
  }

  private values(page: Uint8Array, at: number, count: number, present: Uint8Array | undefined, some: number, encoding: string): Column {
    const begin = { count, present, at: 0, next: 0 };
    if (isIndexed(encoding)) {
      const { dictionary } = this;
      if (!dictionary) throw this.wrong('has no dictionary');
      const indexes = new Uint32Array(some);
      const width = page[at] ?? 0;
      if (some > 0 && width > 0) readHybrid(page, at + 1, page.length, width, indexes);
      const entries = dictionary.starts.length - 1;
      for (let i = 0; i < some; i++) if (indexes[i]! >= entries) throw this.wrong('names values that its dictionary does not have');
      return { ...begin, ...dictionary, numbers: undefined, indexes };
    }
    if (encoding === 'PLAIN') return { ...begin, ...this.plain(page, at, some), indexes: undefined };
    return { ...begin, ...this.deltas(page, at, some, encoding), indexes: undefined };
  }

  private deltas(page: Uint8Array, at: number, count: number, encoding: string): Values {
    const { type } = this.element;
    if (encoding === 'DELTA_BINARY_PACKED' && (type === 'INT32' || type === 'INT64')) {
      const out = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      readDeltas(page, at, out);
      return this.numbers(Float64Array.from(out, Number));
    }
    if (type !== 'BYTE_ARRAY' || (encoding !== 'DELTA_LENGTH_BYTE_ARRAY' && encoding !== 'DELTA_BYTE_ARRAY')) {
      throw new ParquetError(`the column ${this.element.name} is encoded as ${encoding}`, 'parquet-unsupported');
    }
    let from = at;
    const prefixes = new Int32Array(encoding === 'DELTA_BYTE_ARRAY' ? count : 0);
    if (prefixes.length > 0) from = readDeltas(page, from, prefixes);
    const lengths = new Int32Array(count);
    from = readDeltas(page, from, lengths);
    const out = new TextValues(count);
    let before = NO_BYTES;
    for (let i = 0; i < count; i++) {
      const length = lengths[i]!;
      const prefix = prefixes[i] ?? 0;
      if (length < 0 || from + length > page.length || prefix < 0 || prefix > before.length) throw this.wrong('has a damaged page');
      const suffix = page.subarray(from, from + length);
      from += length;
      const value = prefix === 0 ? suffix : Buffer.concat([before.subarray(0, prefix), suffix]);
      out.add(value, 0, value.length);
      before = Uint8Array.from(prefixes.length > 0 ? value : NO_BYTES);
    }
    return out.done();
  }

  /** `count` values one after another: https://github.com/apache/parquet-format/blob/master/Encodings.md#PLAIN */
  private plain(page: Uint8Array, at: number, count: number): Values {
    const { type } = this.element;
    if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') return this.plainTexts(page, at, count, type === 'BYTE_ARRAY' ? -1 : this.element.length);
    const width = type === 'INT32' || type === 'FLOAT' ? 4 : type === 'INT64' || type === 'DOUBLE' ? 8 : type === 'INT96' ? 12 : 0;
    if (width === 0) throw new ParquetError(`the column ${this.element.name} is of the type ${type}`, 'parquet-unsupported');
    if (at + count * width > page.length) throw this.wrong('has a page that ends early');
    const view = new DataView(page.buffer, page.byteOffset + at, count * width);
    const out = new Float64Array(count);
    if (type === 'INT32') for (let i = 0; i < count; i++) out[i] = view.getInt32(i * 4, true);
    else if (type === 'FLOAT') for (let i = 0; i < count; i++) out[i] = view.getFloat32(i * 4, true);
    else if (type === 'DOUBLE') for (let i = 0; i < count; i++) out[i] = view.getFloat64(i * 8, true);
    else if (type === 'INT64') for (let i = 0; i < count; i++) out[i] = view.getInt32(i * 8 + 4, true) * 4294967296 + view.getUint32(i * 8, true);
    // Nanoseconds of a Julian day, as old writers wrote times.
    else
      for (let i = 0; i < count; i++) out[i] = (view.getUint32(i * 12 + 8, true) - 2440588) * 86400 + Math.floor(Number(view.getBigInt64(i * 12, true)) / 1e9);
    return this.numbers(out);
  }

  private plainTexts(page: Uint8Array, at: number, count: number, fixed: number): Values {
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    const out = new TextValues(count);
    let p = at;
    for (let i = 0; i < count; i++) {
      let length = fixed;
      if (fixed < 0) {
        if (p + 4 > page.length) throw this.wrong('has a page that ends early');
        length = view.getUint32(p, true);
        p += 4;
      }
      if (p + length > page.length) throw this.wrong('has a page that ends early');
      out.add(page, p, p + length);
      p += length;
    }
    return out.done();
  }

  /** Times become epoch seconds; numbers that are stored without sign get it. */
  private numbers(numbers: Float64Array): Values {
    const { type, decimal, unit, unsigned, name } = this.element;
    if (decimal) throw new ParquetError(`the column ${name} is of the type DECIMAL`, 'parquet-unsupported');
    if (unit > 1) for (let i = 0; i < numbers.length; i++) numbers[i] = Math.floor(numbers[i]! / unit);
    const turn = unsigned ? (type === 'INT32' ? 2 ** 32 : 2 ** 64) : 0;
    if (turn > 0) for (let i = 0; i < numbers.length; i++) if (numbers[i]! < 0) numbers[i] = numbers[i]! + turn;
    return { numbers, bytes: NO_BYTES, starts: NO_STARTS, widest: NUMBER_WIDTH };
  }
}

function isIndexed(encoding: string): boolean {
  return encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY';
}

/** Values as they stand in a line, one after another in one array. */
class TextValues {
  private bytes = new Uint8Array(1024);
  private readonly starts: Uint32Array;
  private filled = 0;
  private length = 0;
  private widest = 1;

  constructor(count: number) {
    this.starts = new Uint32Array(count + 1);
  }

  add(from: Uint8Array, start: number, end: number): void {
    const most = Math.max(1, (end - start) * 3);
    if (this.length + most > this.bytes.length) {
      const bytes = new Uint8Array((this.length + most) * 2);
      bytes.set(this.bytes.subarray(0, this.length));
      this.bytes = bytes;
    }
    const { bytes } = this;
    const first = this.length;
    let p = first;
    let blank = false;
    for (let i = start; i < end; i++) {
      const c = from[i]!;
      if (c <= 32 || c === 127) blank = true;
      bytes[p++] = c;
    }
    if (blank) p = encode(from, start, end, bytes, first);
    if (p === first) bytes[p++] = 45;
    this.length = p;
    this.starts[++this.filled] = p;
    if (p - first > this.widest) this.widest = p - first;
  }

  done(): Values {
    return { numbers: undefined, bytes: this.bytes, starts: this.starts, widest: this.widest };
  }
}

const HEX = new TextEncoder().encode('0123456789ABCDEF');

/** Percent-encodes blanks, control characters and `%`. */
function encode(from: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let p = at;
  for (let i = start; i < end; i++) {
    const c = from[i]!;
    if (c > 32 && c !== 127 && c !== 37) {
      out[p++] = c;
      continue;
    }
    out[p++] = 37;
    out[p++] = HEX[c >> 4]!;
    out[p++] = HEX[c & 15]!;
  }
  return p;
}

/** The same values with numbers spelled out, for a dictionary. */
function asText(values: Values): Values {
  if (!values.numbers) return values;
  const out = new TextValues(values.numbers.length);
  const encoder = new TextEncoder();
  for (const number of values.numbers) {
    const bytes = encoder.encode(String(number));
    out.add(bytes, 0, bytes.length);
  }
  return out.done();
}
