/** The rows of a query job on disk: one JSON array a line, and in memory where some of the lines begin. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { StoreError } from '../store/store.ts';

/** Rows, and bytes, behind which another beginning is remembered. */
const MARK_ROWS = 1000;
const MARK_BYTES = 256 * 1024;
/** Bytes that are written, and read, together. */
const BUFFER = 256 * 1024;
/** Bytes of a page; one row is handed out whatever it takes. */
const PAGE_BYTES = 8 * 2 ** 20;

/** Only its owner reads it: rows are log records. */
const MODE = 0o600;
const NEW_LINE = 10;

export class JobFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #marks: { readonly row: number; readonly at: number }[] = [{ row: 0, at: 0 }];
  readonly #reads = new Set<Promise<unknown>>();
  #removed = false;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #written = 0;
  #count = 0;
  /** Rows that are on disk, and so can be read. */
  rows = 0;

  /** `handle`: of a new file, to read and write. */
  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Throws StoreError `disk-full`. */
  static async create(path: string): Promise<JobFile> {
    return new JobFile(path, await open(path, 'wx+', MODE).catch(refused));
  }

  /** Bytes so far, those that wait to be written included. */
  get bytes(): number {
    return this.#written + this.#pendingBytes;
  }

  /** Throws StoreError `disk-full`. */
  async append(rows: readonly (readonly unknown[])[]): Promise<void> {
    for (const row of rows) {
      const last = this.#marks.at(-1);
      if (last && (this.#count - last.row >= MARK_ROWS || this.bytes - last.at >= MARK_BYTES)) this.#marks.push({ row: this.#count, at: this.bytes });
      const line = Buffer.from(`${JSON.stringify(row)}\n`);
      this.#pending.push(line);
      this.#pendingBytes += line.length;
      this.#count++;
    }
    if (this.#pendingBytes >= BUFFER) await this.flush();
  }

  /** Throws StoreError `disk-full`. */
  async flush(): Promise<void> {
    if (this.#pendingBytes > 0) {
      const { bytesWritten } = await this.#handle.writev(this.#pending, this.#written).catch(refused);
      // The last bytes of a disk are taken without an error.
      if (bytesWritten < this.#pendingBytes) throw diskFull();
      this.#written += this.#pendingBytes;
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    this.rows = this.#count;
  }

  /** Rows from `offset` that are on disk: at most `limit`, and of PAGE_BYTES. Undefined when the file is removed. */
  async read(offset: number, limit: number): Promise<unknown[][] | undefined> {
    if (this.#removed) return undefined;
    const page = this.#page(offset, Math.min(offset + limit, this.rows));
    this.#reads.add(page);
    return page.finally(() => this.#reads.delete(page));
  }

  /** Waits for who reads. */
  async remove(): Promise<void> {
    this.#removed = true;
    await Promise.allSettled(this.#reads);
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }

  async #page(offset: number, end: number): Promise<unknown[][]> {
    const rows: unknown[][] = [];
    if (offset >= end) return rows;
    const mark = this.#marks.findLast(({ row }) => row <= offset) ?? { row: 0, at: 0 };
    let row = mark.row;
    let bytes = 0;
    for await (const line of this.#lines(mark.at)) {
      if (row++ < offset) continue;
      bytes += line.length;
      if (bytes > PAGE_BYTES && rows.length > 0) break;
      rows.push(JSON.parse(line.toString()) as unknown[]);
      if (row >= end) break;
    }
    return rows;
  }

  /** Lines from a place on, read as they are taken. */
  async *#lines(from: number): AsyncGenerator<Buffer, void, undefined> {
    let at = from;
    let parts: Buffer[] = [];
    while (at < this.#written) {
      const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(Math.min(BUFFER, this.#written - at)), { position: at });
      if (bytesRead === 0) return;
      at += bytesRead;
      const piece = buffer.subarray(0, bytesRead);
      let begin = 0;
      for (let end = piece.indexOf(NEW_LINE); end >= 0; end = piece.indexOf(NEW_LINE, begin)) {
        yield Buffer.concat([...parts, piece.subarray(begin, end)]);
        parts = [];
        begin = end + 1;
      }
      parts.push(piece.subarray(begin));
    }
  }
}

function refused(error: unknown): never {
  const full = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  throw full ? diskFull(error) : error;
}

function diskFull(cause?: unknown): StoreError {
  return new StoreError('disk-full', 'The disk of the data directory is full.', { cause, retryable: true });
}
