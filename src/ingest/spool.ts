/**
 * The spool: pushed deliveries are on the disk before they are acknowledged. Each source has a folder of
 * files; appends that come together share one sync. A file is read from its beginning, and removed when
 * all that is in it is stored; a restart reads what is there again, and the ledger knows what was stored.
 *
 * Bounded: over its size, or where the disk has little room left, an append is refused and the sender
 * keeps what it has.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { saidBy } from '../model/wording.ts';
import { DiskRoom } from './disk-room.ts';
import { SpoolError } from './spool-error.ts';
import { type Append, cutOff, type Entry, frame, isTooLong, joined, PLACE, removeFile, SUFFIX, syncFolder, TOO_LONG } from './spool-file.ts';
import { isLasting, keepUnreadable, passedOver, READ_TRIES, SpoolReader, type Step } from './spool-reader.ts';
import { leftIn } from './spool-recovery.ts';

export interface SpoolOptions {
  readonly folder: string;
  /** Bytes of all files together. */
  readonly maxBytes: number;
  /** Bytes that must stay free on its disk. */
  readonly minFreeBytes: number;
  /** A file is closed at this size. */
  readonly fileBytes?: number;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

export { SpoolError } from './spool-error.ts';
export { type Append, MOST_PARTS, PLACE, PLACE_PREFIX } from './spool-file.ts';

export interface SpoolStatus {
  readonly bytes: number;
  readonly maxBytes: number;
  /** Why nothing is taken at the moment. */
  readonly trouble: string | undefined;
  /** An append like the last one that was refused would not fit now, either. */
  readonly full: boolean;
  /** A write failed within the last minute. */
  readonly failing: boolean;
  /** What could not be read and was set aside, as far as it was still there when the server started. */
  readonly damaged: { readonly pieces: number; readonly bytes: number };
  /** By source; `oldest`: epoch milliseconds of the oldest file. */
  readonly sources: ReadonlyMap<string, { readonly bytes: number; readonly files: number; readonly oldest: number }>;
}

/** A file of the spool. `size`: what is whole and synced. */
interface SpoolFile {
  readonly name: string;
  readonly path: string;
  readonly created: number;
  size: number;
  closed: boolean;
  /** Of an earlier run, which may have been killed while it wrote. */
  readonly recovered: boolean;
  /** Entries that were given out and are not settled. */
  underway: number;
  /** How far it was given out. */
  read: number;
  /** How often it could not be read. */
  failures: number;
  /** What cannot be read of it is passed over. */
  unreadable: boolean;
}

interface Waiting {
  readonly appends: readonly Append[];
  readonly resolve: () => void;
  readonly reject: (error: SpoolError) => void;
}

interface Queue {
  readonly folder: string;
  readonly files: SpoolFile[];
  handle: FileHandle | undefined;
  reader: SpoolReader | undefined;
  waiting: Waiting[];
  writing: boolean;
  /** Entries of the open file. */
  entries: number;
  /** Its folder's name outlasts a loss of power. */
  rooted: boolean;
}

const UNREAD = { underway: 0, read: 0, failures: 0, unreadable: false };

const FILE_BYTES = 64 * 1024 * 1024;
/** How long a write that failed is told of; without senders nothing else would end it. */
const FAILING_MS = 60_000;

export class Spool {
  readonly #options: SpoolOptions;
  readonly #room: DiskRoom;
  readonly #queues = new Map<string, Queue>();
  #bytes = 0;
  #reserved = 0;
  #trouble: string | undefined;
  /** Bytes of the append that was refused last because the spool was full. */
  #refused = 0;
  /** Of the steady clock: the wall clock may be set. */
  #failedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #damaged = { pieces: 0, bytes: 0 };
  /** By source: names of files that are not read, and may be later. */
  readonly #kept = new Map<string, readonly string[]>();
  /** What could not be read when it was opened. */
  readonly found: { readonly source: string; readonly message: string }[] = [];
  /** Told of what could not be read of a source's spool. */
  onDamage: (source: string, message: string) => void = () => undefined;
  /** Told of a source whose spool has something to read. */
  onAppend: (source: string) => void = () => undefined;

  private constructor(options: SpoolOptions) {
    this.#options = options;
    this.#room = new DiskRoom(options.folder);
  }

  /** Opens the folder; what a crash left half-written is passed over when it is come to. */
  static async open(options: SpoolOptions): Promise<Spool> {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(options.folder));
    const spool = new Spool(options);
    for (const source of readdirSync(options.folder)) spool.#recover(source);
    return spool;
  }

  #recover(source: string): void {
    const queue = this.#queue(source);
    const { files, kept, damaged, messages } = leftIn(queue.folder);
    for (const bytes of damaged) this.#count(bytes);
    if (kept.length > 0) this.#kept.set(source, kept);
    this.found.push(...messages.map((message) => ({ source, message })));
    for (const { name, path, size } of files) {
      this.#bytes += size;
      queue.files.push({ name, path, created: Number.parseInt(name, 36), size, closed: true, recovered: true, ...UNREAD });
      if (size === 0) this.#removeIfDone(queue, queue.files.at(-1) as SpoolFile);
    }
  }

  #count(bytes: number): void {
    this.#damaged = { pieces: this.#damaged.pieces + 1, bytes: this.#damaged.bytes + bytes };
  }

  #queue(source: string): Queue {
    let queue = this.#queues.get(source);
    if (!queue) {
      const folder = join(this.#options.folder, source);
      queue = { folder, files: [], handle: undefined, reader: undefined, waiting: [], writing: false, entries: 0, rooted: false };
      this.#queues.set(source, queue);
    }
    return queue;
  }

  /** Sources that have something here. */
  get sources(): readonly string[] {
    return [...this.#queues].filter(([, queue]) => queue.files.length > 0).map(([source]) => source);
  }

  /** Names of all files that are here, and of those that may be read later. */
  get files(): readonly string[] {
    return [...[...this.#queues.values()].flatMap(({ files }) => files.map(({ name }) => name)), ...[...this.#kept.values()].flat()];
  }

  /** Whether something of a source is here, or may be read later. */
  holds(source: string): boolean {
    return this.#kept.has(source) || (this.#queues.get(source)?.files.length ?? 0) > 0;
  }

  status(): SpoolStatus {
    const sources = new Map<string, { bytes: number; files: number; oldest: number }>();
    for (const [source, { files }] of this.#queues) {
      if (files[0]) sources.set(source, { bytes: files.reduce((n, f) => n + f.size - f.read, 0), files: files.length, oldest: files[0].created });
    }
    const { maxBytes } = this.#options;
    return {
      bytes: this.#bytes,
      maxBytes,
      trouble: this.#trouble,
      full: this.#refused > 0 && this.#bytes + this.#refused > maxBytes,
      failing: performance.now() - this.#failedAt < FAILING_MS,
      damaged: this.#damaged,
      sources,
    };
  }

  /** Resolves when the entries are on the disk. Throws SpoolError, and then nothing of them is. */
  async append(source: string, appends: readonly Append[]): Promise<void> {
    if (appends.some(({ header }) => isTooLong(header))) throw new SpoolError('spool-failed', TOO_LONG);
    const bytes = appends.reduce((n, a) => n + a.body.length + 512, 0);
    const free = await this.#room.free().catch((error: unknown) => Promise.reject(this.#failed(error)));
    if (this.#closed) throw new SpoolError('spool-failed', 'The server is stopping.');
    // In one step: what came while the disk was asked counts.
    this.#checkRoom(bytes, free);
    this.#reserved += bytes;
    try {
      await new Promise<void>((resolve, reject) => {
        const queue = this.#queue(source);
        queue.waiting.push({ appends, resolve, reject });
        if (!queue.writing) void this.#write(queue);
      });
    } finally {
      this.#reserved -= bytes;
    }
    this.onAppend(source);
  }

  /** A disk that does not do what it is asked, in words for senders, who are told no paths. */
  #failed(error: unknown): SpoolError {
    this.#failedAt = performance.now();
    const full = /^(ENOSPC|EDQUOT)$/.test(String((error as NodeJS.ErrnoException).code));
    const said = full ? 'The disk of the data directory is full.' : 'The spool cannot be written.';
    this.#trouble = full ? said : `${said} ${saidBy(error)}`;
    return new SpoolError(full ? 'disk-full' : 'spool-failed', said, error);
  }

  #checkRoom(bytes: number, free: number): void {
    const { maxBytes, minFreeBytes } = this.#options;
    if (bytes > maxBytes) throw new SpoolError('spool-exceeded', `A request may take no more than the whole spool, ${Math.floor(maxBytes / 2 ** 20)} MiB.`);
    if (this.#bytes + this.#reserved + bytes > maxBytes) {
      this.#refused = bytes;
      throw new SpoolError('spool-full', 'The spool is full: the store does not keep up, or does not answer.');
    }
    if (free - this.#reserved - bytes < minFreeBytes) {
      this.#trouble = 'The disk of the data directory is nearly full: nothing more is accepted.';
      throw new SpoolError('disk-full', this.#trouble);
    }
  }

  /** Writes what waits, all of it under one sync, until nothing waits. */
  async #write(queue: Queue): Promise<void> {
    queue.writing = true;
    while (queue.waiting.length > 0) {
      const group = queue.waiting;
      queue.waiting = [];
      try {
        await this.#writeGroup(queue, group);
        this.#trouble = undefined;
        this.#failedAt = Number.NEGATIVE_INFINITY;
        for (const { resolve } of group) resolve();
      } catch (error) {
        const failed = this.#failed(error);
        for (const { reject } of group) reject(failed);
        // Half a frame may stand at the end of the file: nothing follows it, and recovery cuts it off.
        await this.#closeFile(queue, true).catch(() => undefined);
      }
    }
    queue.writing = false;
  }

  async #writeGroup(queue: Queue, group: readonly Waiting[]): Promise<void> {
    const file = await this.#openFile(queue);
    const pieces: Uint8Array[] = [];
    let entries = queue.entries;
    for (const { header, body } of joined(group.flatMap((waiting) => waiting.appends))) {
      const id = header.id.includes(PLACE) ? header.id.replace(PLACE, `${file.name}:${entries}`) : header.id;
      pieces.push(...frame({ ...header, id }, body));
      entries++;
    }
    const handle = queue.handle as FileHandle;
    const bytes = pieces.reduce((n, p) => n + p.length, 0);
    let at = file.size;
    for (let i = 0; i < pieces.length; i += 512) {
      const part = pieces.slice(i, i + 512);
      const length = part.reduce((n, p) => n + p.length, 0);
      const { bytesWritten } = await handle.writev(part, at);
      if (bytesWritten !== length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      at += length;
    }
    await handle.datasync();
    file.size += bytes;
    this.#bytes += bytes;
    queue.entries = entries;
    if (file.size >= (this.#options.fileBytes ?? FILE_BYTES)) await this.#closeFile(queue, false);
  }

  async #openFile(queue: Queue): Promise<SpoolFile> {
    const last = queue.files.at(-1);
    if (queue.handle && last && !last.closed) return last;
    // In order of time, and never a name that was there before: ids of entries are made of it.
    const created = Math.max(this.#options.clock(), (last?.created ?? 0) + 1);
    const name = `${created.toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
    const path = join(queue.folder, `${name}${SUFFIX}`);
    mkdirSync(queue.folder, { recursive: true, mode: 0o700 });
    const handle = await open(path, 'wx', 0o600);
    try {
      // The names of the file and of its folder must outlast a loss of power, too.
      await syncFolder(queue.folder);
      if (!queue.rooted) await syncFolder(this.#options.folder);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await unlink(path).catch(() => undefined);
      throw error;
    }
    queue.rooted = true;
    queue.handle = handle;
    const file = { name, path, created, size: 0, closed: false, recovered: false, ...UNREAD };
    queue.files.push(file);
    queue.entries = 0;
    return file;
  }

  async #closeFile(queue: Queue, damaged: boolean): Promise<void> {
    const file = queue.files.at(-1);
    const { handle } = queue;
    queue.handle = undefined;
    if (!handle || !file || file.closed) return;
    if (damaged) await cutOff(handle, file.path, file.size);
    await handle.close().catch(() => undefined);
    file.closed = true;
    this.#removeIfDone(queue, file);
  }

  /** The oldest entry that was not given out yet; undefined when there is none. Rejects where it cannot be read, until that was tried often enough: then it is passed over. */
  async next(source: string): Promise<Entry | undefined> {
    const queue = this.#queues.get(source);
    const file = queue?.files.find((f) => f.read < f.size);
    if (!queue || !file) return undefined;
    const { entry, to, damage } = await this.#step(queue, file);
    if (damage) {
      this.#count(damage.bytes);
      this.onDamage(source, damage.message);
    }
    file.read = to;
    if (entry) file.underway++;
    else this.#removeIfDone(queue, file);
    return entry ?? this.next(source);
  }

  async #step(queue: Queue, file: SpoolFile): Promise<Step> {
    try {
      if (queue.reader?.file.path !== file.path) {
        await queue.reader?.close();
        queue.reader = undefined;
        queue.reader = await SpoolReader.open(file);
      }
      return await queue.reader.step(file.read, file.size);
    } catch (error) {
      await queue.reader?.close();
      queue.reader = undefined;
      if (!isLasting(error) || ++file.failures < READ_TRIES) throw error;
      if (file.unreadable) return passedOver(file, file.read, file.size, error);
      file.unreadable = true;
      return this.#step(queue, file);
    }
  }

  /** An entry is stored; its file goes when all of it is. Answers the name of a file that went. */
  settled(source: string, entry: Entry): string | undefined {
    const queue = this.#queues.get(source);
    const file = queue?.files.find((f) => f.path === entry.path);
    if (!queue || !file) return undefined;
    file.underway--;
    return this.#removeIfDone(queue, file) ? file.name : undefined;
  }

  #removeIfDone(queue: Queue, file: SpoolFile): boolean {
    if (file.underway > 0 || file.read < file.size) return false;
    if (!file.closed) {
      // Nothing more is in it: a new one is begun with the next append.
      if (queue.writing || queue.waiting.length > 0 || file.size === 0) return false;
      void queue.handle?.close().catch(() => undefined);
      queue.handle = undefined;
      file.closed = true;
    }
    if (queue.reader?.file.path === file.path) {
      void queue.reader.close();
      queue.reader = undefined;
    }
    queue.files.splice(queue.files.indexOf(file), 1);
    this.#bytes -= file.size;
    if (file.unreadable) {
      // A later start may read it again, and must know what was stored.
      keepUnreadable(file.path);
      const source = basename(queue.folder);
      this.#kept.set(source, [...(this.#kept.get(source) ?? []), file.name]);
      return false;
    }
    removeFile(file.path);
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const queue of this.#queues.values()) {
      while (queue.writing) await new Promise((resolve) => setTimeout(resolve, 5));
      await queue.handle?.close().catch(() => undefined);
      await queue.reader?.close();
      if (queue.files.length === 0) {
        try {
          rmdirSync(queue.folder);
        } catch {
          // Something else is in it.
        }
      }
    }
  }
}
