/**
 * The spool's files: frames of a header (JSON) and a body, one after another. What a crash cut off at the
 * end of a file was never acknowledged; any other frame that is not whole was damaged on the disk.
 *
 * Frame: magic `BZS1`, length of the header, length of the body, CRC-32 of both (four bytes each, little
 * endian), header, body.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Refusal } from '../collect/delivery.ts';
import type { Origin } from '../model/batch.ts';

/** What is kept beside the bytes of an entry. */
export interface EntryHeader {
  /** Identity in the ledger. */
  readonly id: string;
  readonly name: string;
  readonly origin: Origin;
  /** Epoch milliseconds at which it was received. */
  readonly received: number;
  /** Epoch milliseconds at which the sender made it, where it says so. */
  readonly sentAt?: number;
  /** Lengths of the bodies in it, where several share it. */
  readonly parts?: readonly number[];
  readonly refused?: Refusal;
}

/** An entry in a file: its body is `length` bytes from `from` on. */
export interface Entry {
  readonly header: EntryHeader;
  readonly path: string;
  /** Offset of its frame. */
  readonly at: number;
  readonly from: number;
  readonly length: number;
  /** Offset after it. */
  readonly next: number;
}

/** What is read of: an open file. */
export interface Bytes {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

const MAGIC = 0x31535a42;
const MAGIC_BYTES = Buffer.from('BZS1');
const FRAME_HEAD = 16;
/** A header is some hundred bytes; more is damage. */
const MAX_HEADER = 64 * 1024;
/** Of one that is given: lengths of bodies that are joined, and its place, come to it. */
const MOST_GIVEN = MAX_HEADER - 16 * 1024;
/** Bytes that are read at once: more than a header has. */
const PIECE = 1024 * 1024;
/** Bytes of what may be frames that are checked at most to find the next one. */
const MOST_SEARCHED = 256 * PIECE;
/** Name's end of what was set aside. */
export const DAMAGED = '.damaged';
/** Name's end of the spool's files. */
export const SUFFIX = '.spool';
/** Name's end of a note beside a file: how many bytes of it count, for what follows was refused and could not be cut off. */
export const CUT = '.cut';

/** `{place}` in an id becomes the entry's place in the spool: for what has no identity of its own. */
export const PLACE = '{place}';
/** Ids of such entries begin so, per file: what the ledger may forget with the file. */
export const PLACE_PREFIX = 'spool:';

export interface Append {
  readonly header: EntryHeader;
  readonly body: Uint8Array;
}

/** Small bodies without an identity of their own that come together share an entry: each entry costs the ledger and the threads a turn. A header holds the lengths of so many. */
export const MOST_PARTS = 2000;
const MOST_JOINED = 512 * 1024;

export function joined(appends: readonly Append[]): Append[] {
  const entries: Append[] = [];
  let open: Append[] = [];
  let bytes = 0;
  const close = () => {
    const [first] = open;
    if (first && open.length === 1) entries.push(first);
    else if (first) entries.push({ header: { ...first.header, parts: open.map((a) => a.body.length) }, body: Buffer.concat(open.map((a) => a.body)) });
    open = [];
    bytes = 0;
  };
  for (const append of appends) {
    const { header, body } = append;
    const may = header.id === `${PLACE_PREFIX}${PLACE}` && header.refused === undefined && header.parts === undefined;
    const [first] = open;
    const fits = first && open.length < MOST_PARTS && bytes + body.length <= MOST_JOINED && isDeepStrictEqual(first.header.origin, header.origin);
    if (!may || !fits) close();
    if (may) {
      open.push(append);
      bytes += body.length;
    } else entries.push(append);
  }
  close();
  return entries;
}

/** Whether what is to be kept beside a body can be read again. */
export function isTooLong(header: EntryHeader): boolean {
  return Buffer.byteLength(JSON.stringify(header)) > MOST_GIVEN;
}

/** What of an append's headers is too long, as a sentence. */
export const TOO_LONG = `What is to be kept beside a body has more than ${MOST_GIVEN} bytes: names, or lengths of parts.`;

/** The pieces of a frame. Throws RangeError where its header is longer than one is read. */
export function frame(header: EntryHeader, body: Uint8Array): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header));
  if (text.length > MAX_HEADER) throw new RangeError(`A header of ${text.length} bytes could not be read again.`);
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(text.length, 4);
  head.writeUInt32LE(body.length, 8);
  head.writeUInt32LE(crc32(body, crc32(text)), 12);
  return [head, text, body];
}

/** The entry at an offset, its bytes checked; undefined where no whole frame is. */
export async function readEntry(handle: Bytes, path: string, at: number, end: number): Promise<Entry | undefined> {
  const head = await headAt(handle, at, end);
  if (!head) return undefined;
  const from = at + FRAME_HEAD;
  let crc = 0;
  let text: Buffer | undefined;
  for (let done = from; done < head.end; ) {
    const piece = await readAt(handle, done, Math.min(PIECE, head.end - done));
    if (!piece) return undefined;
    text ??= piece.subarray(0, head.headerLength);
    crc = crc32(piece, crc);
    done += piece.length;
  }
  if (crc !== head.crc || !text) return undefined;
  const header = headerOf(text);
  return header && { header, path, at, from: from + head.headerLength, length: head.length, next: head.end };
}

/**
 * The first whole frame behind a damaged one. Lengths are trusted as long as they lead from frame to frame,
 * so that bytes of a body that look like a frame are none; only then is the magic searched for, up to a
 * limit of work, for a body may be full of it.
 */
export async function findEntry(handle: Bytes, path: string, at: number, end: number): Promise<Entry | undefined> {
  for (let head = await headAt(handle, at, end); head; head = await headAt(handle, head.end, end)) {
    if (head.end === end) return undefined;
    const entry = await readEntry(handle, path, head.end, end);
    if (entry) return entry;
  }
  let work = MOST_SEARCHED;
  for (let from = at + 1; from + FRAME_HEAD <= end; from += PIECE - MAGIC_BYTES.length + 1) {
    const piece = await readAt(handle, from, Math.min(PIECE, end - from));
    if (!piece) return undefined;
    for (let i = piece.indexOf(MAGIC_BYTES); i >= 0; i = piece.indexOf(MAGIC_BYTES, i + 1)) {
      const head = await headAt(handle, from + i, end);
      if (!head) continue;
      work -= head.end - from - i;
      if (work < 0) return undefined;
      const entry = await readEntry(handle, path, from + i, end);
      if (entry) return entry;
    }
  }
  return undefined;
}

/** Whether a file ends there as after a crash: a frame that is cut off, or room that was never written. Such bytes were not acknowledged. */
export async function isCutOff(handle: Bytes, at: number, end: number): Promise<boolean> {
  const head = (await readAt(handle, at, Math.min(FRAME_HEAD, end - at))) ?? Buffer.alloc(0);
  if (head.length < FRAME_HEAD) return MAGIC_BYTES.subarray(0, head.length).equals(head.subarray(0, MAGIC_BYTES.length)) || isZero(head);
  const headerLength = head.readUInt32LE(4);
  if (head.readUInt32LE(0) === MAGIC) return headerLength <= MAX_HEADER && at + FRAME_HEAD + headerLength + head.readUInt32LE(8) > end;
  for (let from = at; from < end; from += PIECE) {
    const piece = await readAt(handle, from, Math.min(PIECE, end - from));
    if (!piece || !isZero(piece)) return false;
  }
  return true;
}

/** Copies what cannot be read to a file beside, named by its place; its bytes, 0 where it was there already. */
export async function setAside(handle: Bytes, path: string, from: number, to: number): Promise<number> {
  const aside = `${path.slice(0, path.lastIndexOf('.'))}-${from}${DAMAGED}`;
  const there = await stat(aside).catch(() => undefined);
  if (there?.size === to - from) return 0;
  const copy = await open(aside, 'w', 0o600);
  try {
    for (let at = from; at < to; ) {
      const piece = await readAt(handle, at, Math.min(PIECE, to - at));
      // The file is shorter than it was: there is nothing more to keep.
      if (!piece) break;
      await copy.write(piece);
      at += piece.length;
    }
    await copy.sync();
  } finally {
    await copy.close();
  }
  await syncFolder(dirname(aside));
  return to - from;
}

/**
 * Ends a file after `size` bytes: what follows was refused, and its sender sends it again. A disk that does not let it
 * be cut off may let a note be written.
 */
export async function cutOff(handle: FileHandle, path: string, size: number): Promise<void> {
  try {
    await handle.truncate(size);
    await handle.datasync();
  } catch {
    try {
      await writeFile(noteOf(path), String(size), { mode: 0o600, flush: true });
      await syncFolder(dirname(path));
    } catch {
      // Nothing can be written: a restart may find it, and it is then stored twice at worst.
    }
  }
}

/** Bytes of a file of an earlier run that may hold entries. `doubt`: why its note cannot be read; then all of them may. */
export function wholeBytes(path: string): { readonly bytes: number; readonly doubt?: Error } {
  const { size } = statSync(path);
  try {
    const noted = readFileSync(noteOf(path), 'utf8');
    return { bytes: /^\d+$/.test(noted) ? Math.min(size, Number(noted)) : size };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { bytes: size } : { bytes: size, doubt: error as Error };
  }
}

/** The note goes last: without it the file would be read further. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
  rmSync(noteOf(path), { force: true });
}

export function noteOf(path: string): string {
  return `${path.slice(0, -SUFFIX.length)}${CUT}`;
}

/** The names in a folder outlast a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

interface Head {
  readonly headerLength: number;
  readonly length: number;
  readonly crc: number;
  /** Offset after the frame. */
  readonly end: number;
}

/** What a frame says of itself; undefined where none can be. */
async function headAt(handle: Bytes, at: number, end: number): Promise<Head | undefined> {
  const head = at + FRAME_HEAD > end ? undefined : await readAt(handle, at, FRAME_HEAD);
  if (!head || head.readUInt32LE(0) !== MAGIC) return undefined;
  const headerLength = head.readUInt32LE(4);
  const length = head.readUInt32LE(8);
  const next = at + FRAME_HEAD + headerLength + length;
  return headerLength > MAX_HEADER || next > end ? undefined : { headerLength, length, crc: head.readUInt32LE(12), end: next };
}

function headerOf(text: Buffer): EntryHeader | undefined {
  try {
    return JSON.parse(text.toString('utf8')) as EntryHeader;
  } catch {
    return undefined;
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Undefined where the file is shorter than that. */
async function readAt(handle: Bytes, at: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return bytes;
}
