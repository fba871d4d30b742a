/** The rows of a query job on disk: one JSON array a line, and in memory where every so many lines begin. */
import { type FileHandle, open, rm } from 'node:fs/promises';

/** Rows between two known offsets. */
const STRIDE = 1000;
/** Bytes that are written together. */
const BUFFER = 256 * 1024;

/** Only its owner reads it: rows are log records. */
const MODE = 0o600;

export class JobFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  /** Where rows 0, STRIDE, 2 × STRIDE … begin. */
  readonly #offsets: number[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #written = 0;
  #count = 0;
  /** Rows that are on disk, and so can be read. */
  rows = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<JobFile> {
    return new JobFile(path, await open(path, 'wx+', MODE));
  }

  /** Bytes so far, those that wait to be written included. */
  get bytes(): number {
    return this.#written + this.#pendingBytes;
  }

  async append(rows: readonly (readonly unknown[])[]): Promise<void> {
    for (const row of rows) {
      if (this.#count % STRIDE === 0) this.#offsets.push(this.bytes);
      const line = Buffer.from(`${JSON.stringify(row)}\n`);
      this.#pending.push(line);
      this.#pendingBytes += line.length;
      this.#count++;
    }
    if (this.#pendingBytes >= BUFFER) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#pendingBytes > 0) {
      await this.#handle.writev(this.#pending, this.#written);
      this.#written += this.#pendingBytes;
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    this.rows = this.#count;
  }

  /** At most `limit` rows from `offset`, of those that are on disk. */
  async read(offset: number, limit: number): Promise<unknown[][]> {
    const end = Math.min(offset + limit, this.rows);
    if (offset >= end) return [];
    const first = Math.floor(offset / STRIDE);
    const from = this.#offsets[first] ?? 0;
    const next = this.#offsets[Math.ceil(end / STRIDE)];
    // What is on disk may go on behind the last row that counts; it is cut off below.
    const to = Math.min(next ?? this.#written, this.#written);
    const bytes = Buffer.alloc(to - from);
    await this.#handle.read(bytes, 0, bytes.length, from);
    const lines = bytes.toString().split('\n');
    return lines.slice(offset - first * STRIDE, end - first * STRIDE).map((line) => JSON.parse(line) as unknown[]);
  }

  async remove(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}
