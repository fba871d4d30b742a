/** Parquet flow logs, written by DuckDB (another library than the one that reads them). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parquetText } from '../../src/decode/parquet.ts';
import { DELIVERY_LIMITS, segments } from '../../src/decode/segments.ts';
import { type Document, normalize } from '../../src/formats/normalize.ts';
import { AWS_FIELDS } from '../../src/model/fields.ts';
import { read, texts } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'bartizan-parquet-'));
let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await DuckDBConnection.create();
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true });
});

/** AWS's types: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
const INT_32 = new Set(['version', 'srcport', 'dstport', 'protocol', 'tcp-flags', 'traffic-path', 'encryption-status']);
const INT_64 = new Set(['packets', 'bytes', 'start', 'end']);
const NAMES = AWS_FIELDS.map((f) => f.aws as string);
const typeOf = (name: string): string => (INT_32.has(name) ? 'INTEGER' : INT_64.has(name) ? 'BIGINT' : 'VARCHAR');
const quoted = (name: string): string => `"${name.replaceAll('-', '_')}"`;

/** An expression for a field of row `i`; every seventh row has NULL in half of the fields. */
function expression(name: string, index: number): string {
  const value = (): string => {
    switch (name) {
      case 'version':
        return '11';
      case 'account-id':
        return `'123456789012'`;
      case 'interface-id':
        return `'eni-' || lpad(cast(i % 97 as varchar), 17, '0')`;
      case 'protocol':
        return `case when i % 5 = 0 then 17 else 6 end`;
      case 'start':
        return '1795000000 + i // 100';
      case 'end':
        return '1795000060 + i // 100';
      case 'packets':
        return 'i % 1000 + 1';
      case 'bytes':
        return '(i % 1000 + 1) * 9007199';
      case 'action':
        return `case when i % 9 = 0 then 'REJECT' else 'ACCEPT' end`;
      case 'log-status':
        return `'OK'`;
      case 'pkt-srcaddr':
        return `'2001:db8::' || cast(i % 50 + 1 as varchar)`;
      case 'instance-tag':
        return `case when i % 3 = 0 then 'two words 100%' when i % 3 = 1 then 'Gr%C3%B6%C3%9Fe' else '' end`;
    }
    if (name.endsWith('addr')) return `'10.' || cast(i % 200 as varchar) || '.0.' || cast(i % 251 as varchar)`;
    if (name.endsWith('port')) return `(i * 7919) % 65536`;
    return INT_32.has(name) ? 'i % 4' : `'${name}-' || cast(i % 11 as varchar)`;
  };
  const nullable = index >= 14 && index % 2 === 0;
  return nullable ? `case when i % 7 = 0 then null else ${value()} end` : value();
}

async function write(name: string, rows: number, options: string, columns: readonly string[] = NAMES, select?: string): Promise<string> {
  const path = join(folder, name);
  const list = select ?? columns.map((n) => `cast(${expression(n, NAMES.indexOf(n))} as ${typeOf(n)}) as ${quoted(n)}`).join(', ');
  await duckdb.run(`copy (select ${list} from range(${rows}) t(i)) to '${path}' (format parquet, ${options})`);
  return path;
}

/** The same rows as DuckDB reads them back from its own file, as flow log lines. */
async function expected(path: string): Promise<string> {
  const result = await duckdb.runAndReadAll(`select * from read_parquet('${path}', file_row_number = true) order by file_row_number`);
  const names = result.columnNames().filter((n) => n !== 'file_row_number');
  const lines = result.getRows().map((row) =>
    names
      .map((_, i) => {
        const value = row[i];
        if (value === null || value === '') return '-';
        const text = String(value);
        return / /.test(text) ? text.replace(/[ %]/g, (c) => `%${c.charCodeAt(0).toString(16)}`) : text;
      })
      .join(' '),
  );
  return `${[names.map((n) => n.replaceAll('_', '-')).join(' '), ...lines].join('\n')}\n`;
}

async function textOf(path: string): Promise<string> {
  const result = await read({ path });
  expect(result.damage).toBeUndefined();
  expect(result.seen).toHaveLength(1);
  return texts(result)[0]!;
}

describe('all fields', () => {
  it.each([
    ['snappy', 'compression snappy'],
    ['gzip', 'compression gzip'],
    ['zstd', 'compression zstd'],
    ['brotli', 'compression brotli'],
    ['no compression', 'compression uncompressed'],
    ['several row groups', 'compression gzip, row_group_size 2048'],
    ['the second version of pages', 'compression zstd, parquet_version v2'],
    ['no dictionaries', 'compression gzip, dictionary_size_limit 1'],
  ])('%s', async (name, options) => {
    const path = await write(`${name}.parquet`, 10_000, options);
    const text = await textOf(path);
    expect(text === (await expected(path))).toBe(true);
    expect(text).toContain(' two%20words%20100%25 ');
    expect(text).toContain(' Gr%C3%B6%C3%9Fe ');
  });

  it('reads the same from memory, from a stream and packed once more', async () => {
    const path = await write('same.parquet', 5000, 'compression gzip, row_group_size 2048');
    const bytes = readFileSync(path);
    const text = await textOf(path);
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 5000) yield bytes.subarray(at, at + 5000);
    }
    for (const source of [{ bytes }, stream(), { bytes: gzipSync(bytes) }]) expect(texts(await read(source))[0] === text).toBe(true);
    expect((await read(stream(), { limits: { ...DELIVERY_LIMITS, collected: 6000 } })).damage?.code).toBe('decompression-limit');
    const inside = join(folder, 'inside');
    writeFileSync(inside, Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]));
    expect(texts(await read({ path: inside, from: 6, length: bytes.length }))[0] === text).toBe(true);
  });

  it('becomes records: tags decoded, absent values absent', async () => {
    const path = await write('records.parquet', 8, 'compression gzip');
    const documents: Document[] = [];
    for await (const d of normalize(segments({ path }, { limits: DELIVERY_LIMITS }), { layout: 'auto', now: () => 1795132800, enrich: () => undefined }))
      documents.push(d as Document);
    expect(documents).toHaveLength(8);
    expect(documents[3]).toMatchObject({ source: { port: (3 * 7919) % 65536, bytes: 4 * 9007199 }, aws: { flowlogs: { instance_tag: 'two words 100%' } } });
    expect(documents[1]).toMatchObject({ aws: { flowlogs: { instance_tag: 'Größe' } } });
    expect(documents.filter((d) => 'error' in d)).toEqual([]);
  });

  it('reads numbers and times of other types, to whole seconds', async () => {
    const select = `10 as packets, cast(200 as utinyint) as version, cast(4000000000 as uinteger) as bytes, cast(i as ubigint) as srcport, make_timestamp(1795000000000000 + i * 1000000 + 999) as start, cast(make_timestamp(1795000060000000) as timestamp_ms) as "end", cast(make_timestamp(1795000060000000) as timestamp_ns) as tcp_flags`;
    const text = await textOf(await write('types.parquet', 3, 'compression snappy', [], select));
    expect(text).toBe(
      `packets version bytes srcport start end tcp-flags\n${[0, 1, 2].map((i) => `10 200 4000000000 ${i} ${1795000000 + i} 1795000060 1795000060\n`).join('')}`,
    );
  });

  it('has a file without rows', async () => {
    expect(await textOf(await write('none.parquet', 0, 'compression gzip', ['version', 'start']))).toBe('version start\n');
  });
});

describe('files that are not read', () => {
  it('names columns that no flow log has, beside its own and alone', async () => {
    const path = await write('future.parquet', 3, 'compression gzip', [], `cast(2 as integer) as version, 'a' as srcaddr, 'b' as from_the_future`);
    expect(await textOf(path)).toMatch(/^version srcaddr from-the-future\n/);
    const documents: unknown[] = [];
    for await (const d of normalize(segments({ path }, { limits: DELIVERY_LIMITS }), { layout: 'auto', now: () => 1795132800 })) documents.push(d);
    expect(documents).toHaveLength(4);
    expect(documents.slice(1)).toMatchObject(Array.from({ length: 3 }, () => ({ error: { code: 'unknown-field' }, raw: '2 a b' })));
    const other = await write('other.parquet', 3, 'compression gzip', [], `i as id, 'x' as name`);
    expect((await read({ path: other })).damage).toMatchObject({ code: 'unknown-field', message: expect.stringContaining('id, name') });
  });

  it.each([
    ['lists', `[1, 2] as version, 'a' as srcaddr`],
    ['structures', `{a: 1} as version, 'a' as srcaddr`],
    ['decimals', `cast(1.5 as decimal(9, 2)) as version, 'a' as srcaddr`],
    ['truth values', `true as version, 'a' as srcaddr`],
  ])('%s are named', async (name, select) => {
    const path = await write(`${name}.parquet`, 3, 'compression gzip', [], select);
    expect((await read({ path })).damage).toMatchObject({ code: 'parquet-unsupported' });
  });

  it('a codec that nobody reads is named', async () => {
    const path = await write('lz4.parquet', 3, 'compression lz4', ['version', 'start']);
    expect((await read({ path })).damage).toMatchObject({ code: 'parquet-unsupported', message: expect.stringContaining('LZ4') });
  });

  it('cut anywhere: named, and nothing thrown', async () => {
    const bytes = readFileSync(await write('cut.parquet', 3000, 'compression snappy, row_group_size 2048'));
    for (let length = 4; length < bytes.length; length += Math.ceil(bytes.length / 40)) {
      expect((await read({ bytes: bytes.subarray(0, length) })).damage).toMatchObject({ code: 'parquet-damaged' });
    }
    const whole = texts(await read({ bytes }))[0]!;
    // Zeros in the second row group: the rows of the first are read.
    const holed = Buffer.from(bytes);
    holed.fill(0, Math.floor(bytes.length * 0.75), Math.floor(bytes.length * 0.76));
    const { seen, damage } = await read({ bytes: holed });
    expect(damage?.code).toBe('parquet-damaged');
    const text = (seen[0] as { text: string }).text;
    expect(text.length).toBeGreaterThan(whole.length / 3);
    expect(whole.startsWith(text)).toBe(true);
    expect(damage?.offset).toBe(text.length);
  });

  it('damaged at random: never a crash, never a hang, and the same each time', async () => {
    const files: Buffer[] = [];
    for (const [i, options] of ['compression snappy', 'compression uncompressed, parquet_version v2', 'compression uncompressed'].entries()) {
      files.push(readFileSync(await write(`damaged-${i}.parquet`, 300, options, NAMES.slice(0, 30))));
    }
    const limits = { ...DELIVERY_LIMITS, small: 2_000_000, ratio: 1 };
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 2 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (which, spots, late) => {
          const bytes = Buffer.from(files[which]!);
          // Half of the time all of it in the description at the end.
          for (const [where, value] of spots) bytes[4 + Math.floor((late ? 0.6 + where * 0.4 : where) * (bytes.length - 4))] = value;
          const first = await read({ bytes }, { limits });
          const again = await read({ bytes }, { limits });
          expect(JSON.stringify(again) === JSON.stringify(first)).toBe(true);
          expect([undefined, 'parquet-damaged', 'parquet-unsupported', 'unknown-field', 'decompression-limit']).toContain(first.damage?.code);
        },
      ),
      { numRuns: Number(process.env.BARTIZAN_RUNS ?? 300) },
    );
  });
});

it('a million rows take no more memory than a few', async () => {
  const path = await write('million.parquet', 1_000_000, 'compression gzip, row_group_size 1000000', NAMES.slice(0, 29));
  const file = segments({ path }, { limits: DELIVERY_LIMITS });
  let rows = -1;
  let most = 0;
  const before = process.memoryUsage().rss;
  for await (const segment of file) {
    if (segment.kind !== 'text') throw new Error(segment.kind);
    for await (const chunk of segment.chunks) {
      for (const c of chunk) if (c === 10) rows++;
      most = Math.max(most, process.memoryUsage().rss);
    }
  }
  expect(rows).toBe(1_000_000);
  expect(most - before).toBeLessThan(400 * 1024 * 1024);
});

it('fails as the world fails where the file does', async () => {
  const broken = { size: 1000, read: async () => Promise.reject(Object.assign(new Error('EIO'), { syscall: 'read' })) };
  await expect(parquetText(broken).next()).rejects.toThrow('EIO');
});
