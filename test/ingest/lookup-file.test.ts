/** Tables out of files: what is read, and what is refused with its place. */
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readTable, type TableFormat } from '../../src/ingest/lookup-file.ts';

const LIMITS = { bytes: 10_000, columns: 4, cells: 40, tables: 1 };

/** In chunks of `size` bytes, so that characters and cells are cut anywhere. */
async function* chunks(text: string | Uint8Array, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (text: string | Uint8Array, format: TableFormat = 'csv', size = 1000) => readTable(chunks(text, size), format, LIMITS);

it('reads CSV: quotes, line breaks in cells, CRLF, a byte order mark, empty lines; at any cut', async () => {
  const text = '\uFEFF ip , owner,note\r\n10.0.0.1,"Ann ""A""","two\r\nlines"\r\n\r\n2001:db8::1,Zoë,\r\n';
  for (const size of [1, 2, 3, 7, 1000])
    expect(await read(text, 'csv', size)).toEqual({
      columns: ['ip', 'owner', 'note'],
      rows: [
        ['10.0.0.1', 'Ann "A"', 'two\r\nlines'],
        ['2001:db8::1', 'Zoë', ''],
      ],
    });
});

it('takes the header’s delimiter where it has no comma', async () => {
  expect(await read('a;b\n1;2,3\n')).toEqual({ columns: ['a', 'b'], rows: [['1', '2,3']] });
  expect(await read('a\tb\n1\t2\n')).toEqual({ columns: ['a', 'b'], rows: [['1', '2']] });
  expect(await read('a\n1\n2')).toEqual({ columns: ['a'], rows: [['1'], ['2']] });
});

it('reads a JSON array and JSON lines: other keys in other rows, nested values, digits of large numbers', async () => {
  const rows = [
    ['1', 'true', '', ''],
    ['123456789012345678901', '', '{"c":[1,null]}', ''],
    ['', '', '', 'x'],
  ];
  const lines = ['{"a":1,"b":true}', '{"a":123456789012345678901,"n":{"c":[1,null]}}', '{"a":null,"z":"x"}'];
  expect(await read(`[${lines.join(',\n')}]`, 'json')).toEqual({ columns: ['a', 'b', 'n', 'z'], rows });
  expect(await read(`${lines.join('\n')}\n\n`, 'json', 5)).toEqual({ columns: ['a', 'b', 'n', 'z'], rows });
});

it('names the line and column of what is wrong', async () => {
  const cases: readonly (readonly [text: string | Uint8Array, format: TableFormat, message: RegExp])[] = [
    ['', 'csv', /The file is empty/],
    ['[]', 'json', /The file is empty/],
    ['a,b\n1,2\n\n3\n', 'csv', /^Line 4: 1 cell where the header has 2 columns/],
    ['a,b\n1,2,3\n', 'csv', /^Line 2: 3 cells where the header has 2 columns/],
    ['a,b\n1,"x', 'csv', /^Line 2.*not closed/],
    ['a,b\n1,"x" y\n', 'csv', /^Line 2, column 2: Behind a closing quotation mark/],
    ['a,b\n1,x"y\n', 'csv', /^Line 2, column 2: A quotation mark stands inside/],
    [new Uint8Array([97, 10, 0xff, 0xfe, 10]), 'csv', /no UTF-8/],
    ['a,b,c,d,e\n', 'csv', /^Line 1: A table may have 4 columns; this has 5/],
    [`a,b\n${'1,2\n'.repeat(30)}`, 'csv', /may have 40 cells/],
    [`a\n${'x'.repeat(11_000)}`, 'csv', /this has more/],
    ['{"a":1}\n{"a":}\n', 'json', /^Line 2: This is no JSON: “}” is not expected\.$/],
    ['{"a":1}\n{"a":"x\n', 'json', /^Line 2.*: This is no JSON\.$/],
    ['{"a":1}\n[1]\n', 'json', /^Line 2: This is no object/],
    ['[{"a":1},\n 7]', 'json', /Entry 2 is no object/],
  ];
  for (const [text, format, message] of cases) await expect(read(text, format), String(text)).rejects.toThrow(message);
});

it('reads a header of many small pieces in time that grows with it', async () => {
  const name = 'n'.repeat(4_000_000);
  expect(await readTable(chunks(`${name}\n1\n`, 40), 'csv', { ...LIMITS, bytes: 5_000_000 })).toEqual({ columns: [name], rows: [['1']] });
});

it('leaves nothing open of a file that is wrong in the middle, and no listeners of one that is large', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'bartizan-lookup-')), 'large.csv');
  const large = { ...LIMITS, bytes: 2 ** 24, cells: 2 ** 21 };
  const warned: string[] = [];
  const warn = (warning: Error) => warned.push(warning.message);
  process.on('warning', warn);
  const rows = 'some text that is long enough,2\n'.repeat(100_000);
  const held = async () => {
    const open = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(open)).filter((target) => target === path).length;
  };
  await writeFile(path, `a,b\n${rows}`);
  expect((await readTable(createReadStream(path), 'csv', large)).rows.length).toBe(100_000);
  await writeFile(path, `a,b\n1\n${rows}`);
  await expect(readTable(createReadStream(path), 'csv', large)).rejects.toThrow(/^Line 2: 1 cell/);
  await expect.poll(held).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off('warning', warn);
  expect(warned).toEqual([]);
  await rm(dirname(path), { recursive: true });
});
