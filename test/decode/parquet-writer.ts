/** Writes Parquet files byte by byte, so that a test can write what no library would. Thrift's compact protocol, Parquet's field numbers. */

export type Thrift = { readonly i: number | bigint } | { readonly text: string | Uint8Array } | { readonly flag: boolean } | readonly Thrift[] | Fields;
/** By the number of the field. */
export interface Fields {
  readonly fields: Readonly<Record<number, Thrift | undefined>>;
}

export const i = (value: number | bigint): Thrift => ({ i: value });
export const text = (value: string | Uint8Array): Thrift => ({ text: value });
export const fields = (values: Fields['fields']): Fields => ({ fields: values });

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

export const zigzag = (value: number | bigint): Buffer => varint(BigInt(value) < 0n ? -BigInt(value) * 2n - 1n : BigInt(value) * 2n);

function typeOf(value: Thrift): number {
  if (Array.isArray(value)) return 9;
  if ('fields' in value) return 12;
  if ('i' in value) return 6;
  return 'text' in value ? 8 : (value as { readonly flag: boolean }).flag ? 1 : 2;
}

function written(value: Thrift): Buffer {
  if (Array.isArray(value)) {
    const list = value as readonly Thrift[];
    const type = list[0] === undefined ? 12 : typeOf(list[0]);
    return Buffer.concat([Buffer.from([0xf0 | type]), varint(list.length), ...list.map(written)]);
  }
  if ('fields' in value) return struct(value);
  if ('i' in value) return zigzag(value.i);
  if ('text' in value) return Buffer.concat([varint(Buffer.from(value.text).length), Buffer.from(value.text)]);
  return Buffer.alloc(0);
}

export function struct({ fields: values }: Fields): Buffer {
  const parts: Buffer[] = [];
  for (const [field, value] of Object.entries(values)) if (value !== undefined) parts.push(Buffer.from([typeOf(value)]), zigzag(Number(field)), written(value));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

export interface WrittenPage {
  /** 0 data, 1 index, 2 dictionary, 3 data of the second version. */
  readonly type: number;
  readonly body: Uint8Array;
  /** What it says that it has: its real length where nothing is said. */
  readonly size?: number | bigint;
  readonly packed?: number | bigint;
  readonly values: number | bigint;
  readonly encoding?: number;
  readonly more?: Fields['fields'];
}

export function page({ type, body, size, packed, values, encoding = 0, more = {} }: WrittenPage): Buffer {
  const about =
    type === 3
      ? { 1: i(values), 2: i(0), 3: i(values), 4: i(encoding), 5: i(0), 6: i(0), ...more }
      : { 1: i(values), 2: i(encoding), 3: i(3), 4: i(3), ...more };
  const field = type === 0 ? 5 : type === 2 ? 7 : type === 3 ? 8 : 6;
  return Buffer.concat([struct(fields({ 1: i(type), 2: i(size ?? body.length), 3: i(packed ?? body.length), [field]: fields(about) })), body]);
}

export interface WrittenColumn {
  readonly name: string;
  /** 0 BOOLEAN, 1 INT32, 2 INT64, 3 INT96, 4 FLOAT, 5 DOUBLE, 6 BYTE_ARRAY, 7 FIXED_LEN_BYTE_ARRAY. */
  readonly type: number;
  readonly pages: readonly Buffer[];
  readonly codec?: number;
  /** Of the schema and of the chunk, over what is written otherwise. */
  readonly schema?: Fields['fields'];
  readonly chunk?: Fields['fields'];
}

export interface Written {
  readonly rows: number | bigint;
  readonly columns: readonly WrittenColumn[];
  /** How often the row group is named. */
  readonly groups?: number;
  readonly footer?: Fields['fields'];
  readonly footerLength?: number;
  readonly magic?: string;
}

export function parquet({ rows, columns, groups = 1, footer = {}, footerLength, magic = 'PAR1' }: Written): Buffer {
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let at = 4;
  const chunks = columns.map(({ type, pages, codec = 0, chunk = {} }): Thrift => {
    const from = at;
    parts.push(...pages);
    at += pages.reduce((sum, bytes) => sum + bytes.length, 0);
    return fields({
      2: i(from),
      3: fields({ 1: i(type), 2: [i(0)], 3: [text('x')], 4: i(codec), 5: i(rows), 6: i(at - from), 7: i(at - from), 9: i(from), ...chunk }),
    });
  });
  const schema = columns.map(({ name, type, schema: more = {} }): Thrift => fields({ 1: i(type), 3: i(0), 4: text(name), ...more }));
  const group = fields({ 1: chunks, 2: i(at), 3: i(rows) });
  const description = struct(
    fields({
      1: i(1),
      2: [fields({ 4: text('root'), 5: i(columns.length) }), ...schema],
      3: i(rows),
      4: Array.from({ length: groups }, () => group),
      ...footer,
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footerLength ?? description.length);
  return Buffer.concat([...parts, description, length, Buffer.from(magic)]);
}

/** Values of INT32 one after another. */
export const int32 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from(Int32Array.of(value).buffer)));
/** Texts one after another. */
export const texts = (...values: string[]): Buffer =>
  Buffer.concat(values.flatMap((value) => [Buffer.from(Uint32Array.of(Buffer.byteLength(value)).buffer), Buffer.from(value)]));
