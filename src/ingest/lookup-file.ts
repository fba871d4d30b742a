/**
 * A lookup table out of a file: CSV with a header line, a JSON array of objects, or one JSON object a line.
 * Every value becomes text; objects and lists inside stay JSON. The whole file is refused for one wrong line,
 * which the error names.
 */
import type { Writable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { cellText, type LookupLimits, type TableRows, tooLarge, tooMuchText } from '../model/lookup-table.ts';

export type TableFormat = 'csv' | 'json';

/** A file is no table. Line and column count from 1. */
export class TableError extends Error {
  readonly code: 'lookup-file' | 'lookup-too-large';
  readonly line: number | undefined;
  readonly column: number | undefined;
  constructor(code: TableError['code'], message: string, line?: number, column?: number) {
    super(line === undefined ? message : `Line ${line}${column === undefined ? '' : `, column ${column}`}: ${message}`);
    this.name = 'TableError';
    this.code = code;
    this.line = line;
    this.column = column;
  }
}

/** Reads a file to its end, or to what is wrong with it. Throws TableError. */
export async function readTable(file: AsyncIterable<Uint8Array>, format: TableFormat, limits: LookupLimits): Promise<TableRows> {
  const table = format === 'csv' ? await readCsv(textOf(file, limits), limits) : await readJson(textOf(file, limits), limits);
  if (table.columns.length === 0) throw new TableError('lookup-file', 'The file is empty: a table begins with the names of its columns.');
  return table;
}

/** The format that a file's name or its first character says. */
export function formatOf(name: string, first: string): TableFormat {
  if (/\.(?:json|ndjson|jsonl)$/i.test(name)) return 'json';
  if (/\.(?:csv|tsv|txt)$/i.test(name)) return 'csv';
  return /^[[{]/.test(first.trimStart()) ? 'json' : 'csv';
}

async function* textOf(file: AsyncIterable<Uint8Array>, limits: LookupLimits): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  const decoded = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new TableError('lookup-file', 'The file is no UTF-8 text.');
    }
  };
  for await (const chunk of file) {
    bytes += chunk.length;
    if (bytes > limits.bytes) throw new TableError('lookup-too-large', tooMuchText('file', limits));
    yield decoded(chunk);
  }
  yield decoded();
}

/** What separates cells: a comma, unless the header has none and has another. */
function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  if (bare.includes(',')) return ',';
  return ['\t', ';', '|'].find((d) => bare.includes(d)) ?? ',';
}

async function readCsv(text: AsyncIterable<string>, limits: LookupLimits): Promise<TableRows> {
  const source = text[Symbol.asyncIterator]();
  let start = '';
  for (let next = await source.next(); !next.done; next = await source.next()) {
    start += next.value;
    if (next.value.includes('\n')) break;
  }
  const parser = parse({ delimiter: delimiterOf(start.split('\n', 1)[0] ?? ''), skip_empty_lines: true, relax_column_count: true, info: true });
  const feeding = (async () => {
    parser.write(start);
    for (let next = await source.next(); !next.done; next = await source.next()) {
      if (parser.destroyed) return;
      if (!parser.write(next.value)) await drained(parser);
    }
    parser.end();
  })().catch((error: unknown) => void parser.destroy(error instanceof Error ? error : new Error(String(error))));
  let columns: readonly string[] | undefined;
  const rows: string[][] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const line = info.lines;
      if (!columns) columns = record.map((name) => name.replace(/^\uFEFF/, '').trim());
      else if (record.length !== columns.length)
        throw new TableError('lookup-file', `${counted(record.length, 'cell')} where the header has ${counted(columns.length, 'column')}.`, line);
      else rows.push(record);
      checkSize(columns.length, rows.length, limits, line);
    }
  } catch (error) {
    throw error instanceof CsvError ? csvError(error) : error;
  } finally {
    parser.destroy();
    await feeding;
    // What is not read to its end stays open else.
    await source.return?.();
  }
  return { columns: columns ?? [], rows };
}

/** Answers when more can be written, or nothing ever will. */
function drained(parser: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      parser.off('drain', done).off('close', done);
      resolve();
    };
    parser.on('drain', done).on('close', done);
  });
}

function csvError(error: CsvError): TableError {
  const { lines, column } = error as CsvError & { readonly lines?: number; readonly column?: number | string };
  const known: Readonly<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: 'A quotation mark is opened and not closed.',
    CSV_INVALID_CLOSING_QUOTE: 'Behind a closing quotation mark a comma or the end of the line must follow.',
    INVALID_OPENING_QUOTE: 'A quotation mark stands inside a cell: put the whole cell in quotation marks, and double those in it.',
  };
  return new TableError('lookup-file', known[error.code] ?? error.message, lines, typeof column === 'number' ? column + 1 : undefined);
}

async function readJson(text: AsyncIterable<string>, limits: LookupLimits): Promise<TableRows> {
  let whole = '';
  for await (const part of text) whole += part;
  whole = whole.replace(/^\uFEFF/, '');
  const columns = new Map<string, number>();
  const rows: string[][] = [];
  const add = (value: unknown, line: number | undefined, what: string): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TableError('lookup-file', `${what} is no object: write {"column": value, …}.`, line);
    const row = Array.from({ length: columns.size }, () => '');
    for (const [key, cell] of Object.entries(value)) {
      const name = key.trim();
      let place = columns.get(name);
      if (place === undefined) {
        place = columns.size;
        columns.set(name, place);
      }
      row[place] = cellText(cell);
    }
    rows.push(row);
    checkSize(columns.size, rows.length, limits, line);
  };
  if (whole.trimStart().startsWith('[')) {
    const list = parseJson(whole, 1);
    if (Array.isArray(list)) for (const [i, value] of list.entries()) add(value, undefined, `Entry ${i + 1}`);
  } else {
    for (const [i, line] of whole.split('\n').entries()) if (line.trim()) add(parseJson(line, i + 1), i + 1, 'This');
  }
  const width = columns.size;
  return { columns: [...columns.keys()], rows: rows.map((row) => (row.length === width ? row : Array.from({ length: width }, (_, i) => row[i] ?? ''))) };
}

/** Numbers keep the digits that they were written with. */
function parseJson(text: string, line: number): unknown {
  const keepDigits = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && !Number.isSafeInteger(value) ? context.source : value;
  try {
    return JSON.parse(text, keepDigits) as unknown;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(message);
    const token = /^Unexpected token '(.+?)'/u.exec(message)?.[1];
    const before = at ? text.slice(0, Number(at[1])).split('\n') : undefined;
    throw new TableError(
      'lookup-file',
      `This is no JSON${token === undefined ? '' : `: “${token}” is not expected`}.`,
      line + (before?.length ?? 1) - 1,
      before ? (before.at(-1) ?? '').length + 1 : undefined,
    );
  }
}

function checkSize(columns: number, rows: number, limits: LookupLimits, line: number | undefined): void {
  const large = tooLarge(columns, rows, limits);
  if (large) throw new TableError('lookup-too-large', large, line);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
