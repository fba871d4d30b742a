/**
 * Parquet files that are made to harm: each ends with a named reason, what was read before it counts, and none takes
 * more time or memory than its size allows. A reader that hangs fails by the time that a test may take.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parquetText } from '../../src/decode/parquet.ts';
import { DELIVERY_LIMITS, FILE_LIMITS, segments } from '../../src/decode/segments.ts';
import { unpackSnappy } from '../../src/decode/snappy.ts';
import { normalize } from '../../src/formats/normalize.ts';
import { type Fields, fields, i, int32, page, parquet, struct, text, texts, varint, type Written, type WrittenColumn, zigzag } from './parquet-writer.ts';
import { read } from './support.ts';

const VERSION: WrittenColumn = { name: 'version', type: 1, pages: [page({ type: 0, body: int32(2, 3), values: 2 })] };
const ADDRESS: WrittenColumn = { name: 'srcaddr', type: 6, pages: [page({ type: 0, body: texts('10.0.0.1', '10.0.0.2'), values: 2 })] };
const GOOD: Written = { rows: 2, columns: [VERSION, ADDRESS] };
const ADDRESSES = texts('10.0.0.1', '10.0.0.2');

const withPages = (...pages: Buffer[]): Written => ({ ...GOOD, columns: [VERSION, { ...ADDRESS, pages }] });
const withColumn = (more: Partial<WrittenColumn>): Written => ({ ...GOOD, columns: [VERSION, { ...ADDRESS, ...more }] });
const dictionary = page({ type: 2, body: ADDRESSES, values: 2 });
/** Indexes of 8 bits as one run of the hybrid. */
const indexed = (value: number, count = 2): Buffer =>
  page({ type: 0, body: Buffer.concat([Buffer.from([8]), varint(count * 2), Buffer.from([value])]), values: count, encoding: 8 });
const deltas = (...parts: (Buffer | number)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === 'number' ? varint(part) : part)));
const numbers = (body: Uint8Array, values = 2): Written => ({
  ...GOOD,
  columns: [{ ...VERSION, pages: [page({ type: 0, body, values, encoding: 5 })] }, ADDRESS],
});
/** A file of nothing but its description. */
function described(description: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(description.length);
  return Buffer.concat([Buffer.from('PAR1'), description, length, Buffer.from('PAR1')]);
}
/** A literal that goes back to its own tag: as large a length as four bytes have. */
const BACKWARDS = Buffer.from([28, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0, 0, 0]);

it('reads what is written well, by every way that is tried below', async () => {
  const lines = 'version srcaddr\n2 10.0.0.1\n3 10.0.0.2\n';
  const twice = 'version srcaddr\n2 10.0.0.2\n3 10.0.0.2\n';
  const good: [Written, string][] = [
    [GOOD, lines],
    [withPages(dictionary, indexed(1)), twice],
    [withColumn({ codec: 2, pages: [page({ type: 0, body: gzipSync(ADDRESSES), size: ADDRESSES.length, values: 2 })] }), lines],
    [withColumn({ codec: 1, pages: [page({ type: 0, body: Buffer.concat([varint(24), Buffer.from([23 << 2]), ADDRESSES]), size: 24, values: 2 })] }), lines],
    [numbers(deltas(128, 4, 2, zigzag(2), zigzag(1), Buffer.from([0, 0, 0, 0]))), lines],
    [numbers(deltas(128, 4, 2, zigzag(2), zigzag(-7), Buffer.from([4, 0, 0, 0]), Buffer.from([8]))), lines],
    [{ ...GOOD, rows: 0, columns: GOOD.columns.map((column) => ({ ...column, pages: [] })) }, 'version srcaddr\n'],
    [{ ...GOOD, groups: 0 }, 'version srcaddr\n'],
    [withPages(page({ type: 1, body: Buffer.alloc(3), values: 0 }), page({ type: 0, body: ADDRESSES, values: 2 })), lines],
  ];
  for (const [file, expected] of good) expect(await read({ bytes: parquet(file) })).toMatchObject({ seen: [{ text: expected }], damage: undefined });
});

const MANY = 1_000_000_000_000;
const EMPTY = { fields: {} } as const;

describe('names what is wrong with', () => {
  it.each<[string, Buffer, string, RegExp]>([
    ['a description longer than the file', parquet({ ...GOOD, footerLength: 0xffff_ffff }), 'parquet-damaged', /cannot have 4294967295 bytes/],
    ['a description of no bytes', parquet({ ...GOOD, footerLength: 0 }), 'parquet-damaged', /description is damaged/],
    ['an encrypted description', parquet({ ...GOOD, magic: 'PARE' }), 'parquet-unsupported', /encrypted/],
    [
      'an encrypted column',
      parquet({ ...GOOD, footer: { 4: [fields({ 1: [fields({ 8: EMPTY }), fields({ 8: EMPTY })], 3: i(2) })] } }),
      'parquet-unsupported',
      /version is encrypted/,
    ],
    ['rows that are not there', parquet({ ...GOOD, rows: MANY }), 'parquet-damaged', /fewer rows than the file/],
    ['more rows than can be counted', parquet({ ...GOOD, rows: 2n ** 62n }), 'parquet-damaged', /number of rows of a row group cannot be/],
    ['rows below zero', parquet({ ...GOOD, rows: -5 }), 'parquet-damaged', /cannot be -5/],
    ['fewer rows than its pages', parquet({ ...GOOD, rows: 1 }), 'parquet-damaged', /more rows than the file/],
    ['no columns', parquet({ rows: 2, columns: [] }), 'parquet-damaged', /no columns/],
    [
      'columns without end',
      parquet({ rows: 0, columns: Array.from({ length: 1001 }, (_, n) => ({ name: `c${n}`, type: 1, pages: [] })) }),
      'parquet-damaged',
      /1001 columns/,
    ],
    ['two columns of one name', parquet({ ...GOOD, columns: [VERSION, VERSION] }), 'parquet-damaged', /same name/],
    ['a row group without a column', parquet({ ...GOOD, footer: { 4: [fields({ 1: [fields({ 2: i(4) })], 3: i(2) })] } }), 'parquet-damaged', /other columns/],
    ['a column without a place', parquet(withColumn({ chunk: { 9: i(2n ** 40n) } })), 'parquet-damaged', /srcaddr is not in the file/],
    ['a column before the file', parquet(withColumn({ chunk: { 9: i(-8) } })), 'parquet-damaged', /srcaddr is not in the file/],
    ['row groups one over the other', parquet({ ...GOOD, groups: 10_000 }), 'parquet-damaged', /larger than the file/],
    ['a page of no size', parquet(withPages(page({ type: 0, body: ADDRESSES, values: 2, size: -1 }))), 'parquet-damaged', /impossible size/],
    ['a page of two gigabytes', parquet(withPages(page({ type: 0, body: ADDRESSES, values: 2, size: 2 ** 31 }))), 'parquet-damaged', /impossible size/],
    ['a page that goes past its column', parquet(withPages(page({ type: 0, body: ADDRESSES, values: 2, packed: 100_000 }))), 'parquet-damaged', /is cut/],
    ['a page of values below zero', parquet(withPages(page({ type: 0, body: ADDRESSES, values: -2 }))), 'parquet-damaged', /impossible number of values/],
    [
      'a page of values without end',
      parquet(withPages(page({ type: 0, body: ADDRESSES, values: 2n ** 40n }))),
      'parquet-damaged',
      /impossible number of values/,
    ],
    [
      'a page that unpacks to more than it says',
      parquet(withColumn({ codec: 2, pages: [page({ type: 0, body: gzipSync(Buffer.alloc(1_000_000)), size: 24, values: 2 })] })),
      'parquet-damaged',
      /larger than/i,
    ],
    [
      'a page that unpacks to less',
      parquet(withColumn({ codec: 2, pages: [page({ type: 0, body: gzipSync('x'), size: 24, values: 2 })] })),
      'parquet-damaged',
      /1 bytes instead of 24/,
    ],
    [
      'a page with a text past its end',
      parquet(withPages(page({ type: 0, body: Buffer.from([255, 255, 255, 255, 1]), values: 2 }))),
      'parquet-damaged',
      /ends early/,
    ],
    ['texts of a length below zero', parquet(withColumn({ type: 7, schema: { 1: i(7), 2: i(-4) } })), 'parquet-damaged', /values of -4 bytes/],
    ['an index past the dictionary', parquet(withPages(dictionary, indexed(2))), 'parquet-damaged', /dictionary does not have/],
    ['an index without a dictionary', parquet(withPages(indexed(0))), 'parquet-damaged', /has no dictionary/],
    ['two dictionaries', parquet(withPages(dictionary, dictionary, indexed(0))), 'parquet-damaged', /two dictionaries/],
    [
      'a dictionary of more entries than bytes',
      parquet(withPages(page({ type: 2, body: ADDRESSES, values: 25 }), indexed(0))),
      'parquet-damaged',
      /damaged dictionary/,
    ],
    [
      'indexes of 255 bits',
      parquet(withPages(dictionary, page({ type: 0, body: Buffer.from([255, 4, 0]), values: 2, encoding: 8 }))),
      'parquet-damaged',
      /255 bits/,
    ],
    [
      'a run of nothing',
      parquet(withPages(dictionary, page({ type: 0, body: Buffer.from([8, 0, 0]), values: 2, encoding: 8 }))),
      'parquet-damaged',
      /run of no values/,
    ],
    [
      'a snappy page that goes back',
      parquet(withColumn({ codec: 1, pages: [page({ type: 0, body: BACKWARDS, size: 28, values: 2 })] })),
      'parquet-damaged',
      /snappy/,
    ],
    ['deltas of blocks without size', parquet(numbers(deltas(0, 4, 2, zigzag(2)))), 'parquet-damaged', /wrong deltas/],
    ['deltas of no miniblocks', parquet(numbers(deltas(128, 0, 2, zigzag(2)))), 'parquet-damaged', /wrong deltas/],
    ['deltas of other values than the page', parquet(numbers(deltas(128, 4, 3, zigzag(2), zigzag(1), Buffer.alloc(4)))), 'parquet-damaged', /wrong deltas/],
    [
      'deltas of 65 bits',
      parquet(numbers(deltas(128, 4, 2, zigzag(2), zigzag(1), Buffer.from([65, 0, 0, 0]), Buffer.alloc(999)))),
      'parquet-damaged',
      /wrong deltas/,
    ],
    ['deltas with a number without end', parquet(numbers(deltas(128, 4, 2, Buffer.alloc(4_000_000, 0xff)))), 'parquet-damaged', /wrong deltas/],
    [
      'an encoding that nobody reads',
      parquet(withPages(page({ type: 0, body: ADDRESSES, values: 2, encoding: 9 }))),
      'parquet-unsupported',
      /BYTE_STREAM_SPLIT/,
    ],
    ['a codec that does not exist', parquet(withColumn({ codec: 77 })), 'parquet-unsupported', /codec 77/],
    ['columns inside of columns', parquet(withColumn({ schema: { 5: i(1) } })), 'parquet-unsupported', /inside of columns/],
    ['lists', parquet(withColumn({ schema: { 3: i(2) } })), 'parquet-unsupported', /holds lists/],
    ['truth values', parquet(withColumn({ type: 0, schema: { 1: i(0) } })), 'parquet-unsupported', /BOOLEAN/],
    [
      'columns of something else',
      parquet({
        ...GOOD,
        columns: [
          { ...VERSION, name: 'id' },
          { ...ADDRESS, name: 'name' },
        ],
      }),
      'unknown-field',
      /id, name/,
    ],
  ])('%s', async (_, bytes, code, message) => {
    for (const limits of [DELIVERY_LIMITS, FILE_LIMITS])
      expect((await read({ bytes }, { limits })).damage).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('takes no more than its size allows, of', () => {
  const tall = Buffer.alloc(100 * 2 ** 20);

  it('pages that unpack to much and have no rows', async () => {
    const bomb = page({ type: 0, body: zstdCompressSync(tall), size: tall.length, values: 0 });
    const bytes = parquet(withColumn({ codec: 6, pages: Array.from({ length: 300 }, () => bomb) }));
    expect((await read({ bytes })).damage).toMatchObject({ code: 'decompression-limit', message: expect.stringContaining('unpacked') });
    expect((await read({ bytes }, { limits: FILE_LIMITS })).damage?.code).toBe('decompression-limit');
  });

  it('a few bytes that stand for millions of long rows', async () => {
    const rows = 8_000_000;
    const long = page({ type: 2, body: texts('x'.repeat(100_000)), values: 1 });
    const column: WrittenColumn = { ...ADDRESS, pages: [long, indexed(0, rows)] };
    const version: WrittenColumn = { ...VERSION, pages: [page({ type: 2, body: int32(2), values: 1 }), indexed(0, rows)] };
    const limits = { ...DELIVERY_LIMITS, small: 5_000_000 };
    const { seen, damage } = await read({ bytes: parquet({ rows, columns: [version, column] }) }, { limits });
    expect(damage?.code).toBe('decompression-limit');
    // What was read before counts, to the limit.
    expect((seen[0] as { text: string }).text.length).toBe(damage?.offset);
  });

  it('a description of nothing but empty structures', async () => {
    const many = (count: number): Buffer => Buffer.concat([Buffer.from([0x19, 0xfc]), varint(count), Buffer.alloc(count), Buffer.from([0])]);
    const before = process.memoryUsage().rss;
    expect((await read({ bytes: described(many(60_000_000)) })).damage).toMatchObject({
      code: 'parquet-damaged',
      message: expect.stringContaining('description'),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(800 * 2 ** 20);
    expect((await read({ bytes: described(many(10)) })).damage?.message).toContain('no columns');
  });

  it('statistics that are long numbers, and names that are long', async () => {
    const long = new Uint8Array(3_000_000).fill(0x7f);
    const chunk: Fields['fields'] = { 12: fields({ 1: text(long), 2: text(long) }) };
    const decimal = withColumn({ type: 7, schema: { 1: i(7), 2: i(8), 6: i(5) }, chunk, pages: [page({ type: 0, body: Buffer.alloc(16, 65), values: 2 })] });
    expect((await read({ bytes: parquet(decimal) })).damage).toBeUndefined();
    const named = withColumn({ name: 'n'.repeat(1_000_000) });
    expect((await read({ bytes: parquet(named) })).damage?.message.length ?? 0).toBeLessThan(300);
  });

  it('structures inside of structures', async () => {
    for (const head of [0x1c, 0x19]) {
      const deep = described(Buffer.concat([Buffer.alloc(100_000, head), Buffer.alloc(100_001)]));
      expect((await read({ bytes: deep })).damage).toMatchObject({ code: 'parquet-damaged', message: expect.stringContaining('description') });
    }
  });
});

it('keeps rows before the damage, and asks for no byte twice', async () => {
  const file = parquet({
    rows: 4,
    columns: [
      { ...VERSION, pages: [...VERSION.pages, ...VERSION.pages] },
      { ...ADDRESS, pages: [...ADDRESS.pages, page({ type: 0, body: texts('x'), values: 2 })] },
    ],
  });
  const asked: [number, number][] = [];
  const pieces: Buffer[] = [];
  const source = {
    size: file.length,
    read: async (from: number, to: number) => {
      asked.push([from, to]);
      return file.subarray(from, to);
    },
  };
  const rows = parquetText(source);
  let next = await rows.next();
  for (; !next.done; next = await rows.next()) pieces.push(Buffer.from(next.value));
  expect(next.value).toMatchObject({ code: 'parquet-damaged', message: expect.stringContaining('srcaddr has a page that ends early') });
  const read = Buffer.concat(pieces).toString();
  expect('version srcaddr\n2 10.0.0.1\n3 10.0.0.2\n').toContain(read);
  expect(asked.reduce((sum, [from, to]) => sum + to - from, 0)).toBeLessThanOrEqual(file.length + 8);
});

it('leaves what a column of another type holds to the decoder, record by record', async () => {
  const half = Buffer.from(Float64Array.of(1.5, 443).buffer);
  const start: WrittenColumn = {
    name: 'start',
    type: 2,
    pages: [page({ type: 0, body: Buffer.from(BigInt64Array.of(1795000000n, 1795000001n).buffer), values: 2 })],
  };
  const port: WrittenColumn = { name: 'dstport', type: 5, pages: [page({ type: 0, body: half, values: 2 })] };
  const documents: unknown[] = [];
  const all = segments({ bytes: parquet({ rows: 2, columns: [start, ADDRESS, port] }) }, { limits: DELIVERY_LIMITS });
  for await (const document of normalize(all, { layout: 'auto', now: () => 1_795_132_800 })) documents.push(document);
  expect(documents).toMatchObject([
    { error: { code: 'not-a-number' }, raw: '1795000000 10.0.0.1 1.5' },
    { destination: { port: 443 }, source: { ip: '10.0.0.2' } },
  ]);
  // A flow log may be without any field: records without a start have the time at which they are read.
  const none: unknown[] = [];
  for await (const document of normalize(segments({ bytes: parquet(GOOD) }, { limits: DELIVERY_LIMITS }), { layout: 'auto', now: () => 1_795_132_800 }))
    none.push(document);
  expect(none).toMatchObject([{ '@timestamp': '2026-11-20T00:00:00Z', source: { ip: '10.0.0.1' } }, { source: { ip: '10.0.0.2' } }]);
});

const CODES = [undefined, 'parquet-damaged', 'parquet-unsupported', 'unknown-field', 'decompression-limit'];

it('damaged at any place, cut at any place: named, and the same each time', async () => {
  const files = [
    parquet(GOOD),
    parquet(withPages(dictionary, indexed(1))),
    parquet(withColumn({ codec: 1, pages: [page({ type: 0, body: Buffer.concat([varint(24), Buffer.from([23 << 2]), ADDRESSES]), size: 24, values: 2 })] })),
    parquet(numbers(deltas(128, 4, 2, zigzag(2), zigzag(-7), Buffer.from([4, 0, 0, 0]), Buffer.from([8])))),
    parquet(withPages(page({ type: 3, body: ADDRESSES, values: 2 }))),
  ];
  for (const file of files) {
    for (let at = 4; at < file.length; at++) {
      const cut = (await read({ bytes: file.subarray(0, at) })).damage;
      expect([at, cut?.code]).toEqual([at, 'parquet-damaged']);
      const flipped = Buffer.from(file);
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      expect(CODES).toContain((await read({ bytes: flipped }, { limits: { ...DELIVERY_LIMITS, small: 1_000_000 } })).damage?.code);
    }
  }
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: files.length - 1 }),
      fc.array(fc.tuple(fc.nat({ max: 2000 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
      async (which, spots) => {
        const bytes = Buffer.from(files[which]!);
        for (const [at, value] of spots) bytes[4 + (at % (bytes.length - 4))] = value;
        const limits = { ...DELIVERY_LIMITS, small: 1_000_000 };
        const first = await read({ bytes }, { limits });
        expect(CODES).toContain(first.damage?.code);
        expect(await read({ bytes }, { limits })).toEqual(first);
      },
    ),
    { numRuns: Number(process.env.BARTIZAN_RUNS ?? 400), seed: 20261126 },
  );
});

it('snappy: whatever the bytes, it ends, with what was promised or with nothing', () => {
  expect(Buffer.from(unpackSnappy(Buffer.from([10, 0, 65, (5 << 2) | 1, 1]), 10)!).toString()).toBe('A'.repeat(10));
  for (const wrong of [[10, 0, 65, (5 << 2) | 1, 2], [10, 0, 65, (4 << 2) | 1, 1], [9, 0, 65, (5 << 2) | 1, 1], [10, 0, 65, (5 << 2) | 1], [10]])
    expect(unpackSnappy(Buffer.from(wrong), 10)).toBeUndefined();
  expect(Buffer.from(unpackSnappy(Buffer.from([10, 0, 65, (8 << 2) | 2, 1, 0]), 10)!).toString()).toBe('A'.repeat(10));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat({ max: 127 }), (bytes, size) => {
      const out = unpackSnappy(Uint8Array.of(size, ...bytes), size);
      expect(out === undefined || out.length === size).toBe(true);
    }),
    { numRuns: 3000, seed: 7 },
  );
});

it('a structure that is written is one that is read', () => {
  expect(struct(fields({ 1: i(-1), 4: text('a') }))).toEqual(Buffer.from([6, 2, 1, 8, 8, 1, 97, 0]));
});

it('takes as long as the rows are, where one value that none of them has is very long', async () => {
  const rows = 500_000;
  const version: WrittenColumn = { ...VERSION, pages: [page({ type: 2, body: int32(2), values: 1 }), indexed(0, rows)] };
  const address: WrittenColumn = { ...ADDRESS, pages: [page({ type: 2, body: texts('x'.repeat(4_000_000), '10.0.0.1'), values: 2 }), indexed(1, rows)] };
  const file = parquet({ rows, columns: [version, address] });
  let length = 0;
  for await (const piece of parquetText({ size: file.length, read: async (from, to) => file.subarray(from, to) })) length += piece.length;
  expect(length).toBe('version srcaddr\n'.length + rows * '2 10.0.0.1\n'.length);
});
