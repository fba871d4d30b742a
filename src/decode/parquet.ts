/**
 * Parquet flow logs as text: a header line with AWS's names, then a line a row, so that the one decoder
 * of flow records reads them. Only the pages that the next rows need are in memory, one a column.
 * Names: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html (underscores for hyphens);
 * format: https://github.com/apache/parquet-format.
 */
import { FLOW_FORMATS } from '../model/log-formats.ts';
import type { Stop } from './decompress.ts';
import { type Column, ColumnReader, type Held, type RandomAccess } from './parquet-column.ts';
import { type Footer, readFooter } from './parquet-footer.ts';
import { ParquetError } from './parquet-page.ts';

export type { RandomAccess } from './parquet-column.ts';

/** Output comes in pieces of about this size. */
const PIECE = 512 * 1024;
/** Largest description of a file that is believed. */
const FOOTER_LIMIT = 64 * 1024 * 1024;
/** Most that the pages of a file may become when they are unpacked, for each of its bytes, where that is more than `SMALL`. */
const RATIO = 1000;
const SMALL = 64 * 1024 * 1024;
/** Rows that are written at a time. */
const ROWS = 4096;
const DASH = 45;
const SPACE = 32;
const LINE_FEED = 10;

/** Whether a file begins as Parquet does. */
export function isParquet(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x50 && head[1] === 0x41 && head[2] === 0x52 && head[3] === 0x31;
}

/**
 * The text of a Parquet file. Absent and empty values are `-`; blanks and control characters in a value
 * are percent-encoded, and so is `%` in a value that has them. Returns what stopped it: rows before the
 * damage were given out. `limit`: most that its pages may become when they are unpacked, bytes. A file without a flow log's columns is not read (`unknown-field`); one with
 * unknown columns beside them is, and its header line tells the decoder.
 */
export async function* parquetText(
  file: RandomAccess,
  limit = Number.POSITIVE_INFINITY,
  isField = (name: string) => FLOW_FORMATS.some((format) => format.bits.has(name)),
): AsyncGenerator<Uint8Array, Stop | undefined> {
  let offset = 0;
  const held: Held = { bytes: 0, unpacked: Math.min(limit, Math.max(SMALL, file.size * RATIO)) };
  try {
    const { columns, groups } = await readDescription(file);
    const names = columns.map((c) =>
      c.name
        .toLowerCase()
        .replaceAll('_', '-')
        .replace(/[^a-z0-9-]/g, '_'),
    );
    if (new Set(names).size !== names.length) throw new ParquetError('two columns have the same name');
    const known = names.filter(isField).length;
    if (known < 2 || known * 2 < names.length) {
      const shown = names.slice(0, 5).join(', ').slice(0, 200);
      return { code: 'unknown-field', message: `the Parquet file’s columns are not those of a flow log: ${shown}`, offset };
    }
    const header = new TextEncoder().encode(`${names.join(' ')}\n`);
    offset += header.length;
    yield header;
    for (const { rows, chunks } of groups) {
      const readers = chunks.map((chunk, i) => new ColumnReader(file, columns[i]!, chunk, rows, held));
      for await (const piece of rowsAsText(readers, rows)) {
        offset += piece.length;
        yield piece;
      }
      for (const reader of readers) reader.release();
    }
    return undefined;
  } catch (error) {
    if (isOperational(error)) throw error;
    const code = error instanceof ParquetError ? error.code : 'parquet-damaged';
    const message = error instanceof Error ? error.message.slice(0, 200) : String(error);
    return { code, message: `${code === 'parquet-damaged' ? 'the Parquet file is damaged: ' : ''}${message}`, offset };
  }
}

/** A failure to read the file, in contrast to what is wrong in it. */
function isOperational(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** The description at the end of the file: https://github.com/apache/parquet-format#file-format */
async function readDescription(file: RandomAccess): Promise<Footer> {
  if (file.size < 12) throw new ParquetError('it is too short');
  const tail = await file.read(file.size - 8, file.size);
  const magic = String.fromCharCode(...tail.subarray(4));
  if (magic === 'PARE') throw new ParquetError('the Parquet file is encrypted', 'parquet-unsupported');
  if (tail.length < 8 || magic !== 'PAR1') throw new ParquetError('its end is missing');
  const length = new DataView(tail.buffer, tail.byteOffset, 8).getUint32(0, true);
  if (length > Math.min(file.size - 12, FOOTER_LIMIT)) throw new ParquetError(`its description cannot have ${length} bytes`);
  const bytes = await file.read(file.size - 8 - length, file.size - 8);
  if (bytes.length < length) throw new ParquetError('its end is missing');
  return readFooter(bytes, file.size - 8 - length);
}

async function* rowsAsText(readers: readonly ColumnReader[], rows: number): AsyncGenerator<Uint8Array> {
  let out = new Uint8Array(PIECE);
  let at = 0;
  for (let done = 0; done < rows; ) {
    let run = Math.min(ROWS, rows - done);
    let widest = 1;
    const columns: Column[] = [];
    for (const reader of readers) {
      const column = await reader.column();
      columns.push(column);
      run = Math.min(run, column.count - column.at);
      widest += column.widest + 1;
    }
    if (widest > out.length - at) {
      if (at > 0) yield out.subarray(0, at);
      // Twice, for rows may be much shorter than what they could be: a piece is at least half full.
      out = new Uint8Array(Math.max(PIECE, 2 * widest));
      at = 0;
    }
    // As many as surely fit.
    run = Math.min(run, Math.max(1, Math.floor((out.length - at) / widest)));
    at = writeRows(columns, run, out, at);
    done += run;
  }
  if (at > 0) yield out.subarray(0, at);
}

/** Writes the next `run` rows of the columns; the offset after them. */
function writeRows(columns: readonly Column[], run: number, out: Uint8Array, at: number): number {
  let p = at;
  const last = columns.length - 1;
  for (let row = 0; row < run; row++) {
    for (let i = 0; i <= last; i++) {
      const column = columns[i]!;
      const index = column.at++;
      if (column.present !== undefined && column.present[index] === 0) {
        out[p++] = DASH;
      } else {
        const value = column.next++;
        if (column.numbers !== undefined) {
          p = writeNumber(column.numbers[value]!, out, p);
        } else {
          const entry = column.indexes === undefined ? value : column.indexes[value]!;
          const { bytes, starts } = column;
          const end = starts[entry + 1]!;
          for (let b = starts[entry]!; b < end; b++) out[p++] = bytes[b]!;
        }
      }
      out[p++] = i === last ? LINE_FEED : SPACE;
    }
  }
  return p;
}

function writeNumber(value: number, out: Uint8Array, at: number): number {
  if (value !== value >>> 0) {
    const text = String(value);
    for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
    return at + text.length;
  }
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits++;
  let rest = value >>> 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    out[i] = 48 + (rest - tenth * 10);
    rest = tenth;
  }
  return at + digits;
}
