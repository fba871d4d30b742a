/**
 * The spool's files: frames of a header (JSON) and a body, one after another. A frame is whole or it is
 * not there: what a crash cut off at the end of a file was never acknowledged.
 *
 * Frame: magic `BZS1`, length of the header, length of the body, CRC-32 of both (four bytes each, little
 * endian), header, body.
 */
import { type FileHandle, open } from 'node:fs/promises';
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
  readonly from: number;
  readonly length: number;
  /** Offset after it. */
  readonly next: number;
}

const MAGIC = 0x31535a42;
export const FRAME_HEAD = 16;
/** A header is some hundred bytes; more is damage. */
const MAX_HEADER = 64 * 1024;

/** The pieces of a frame. */
export function frame(header: EntryHeader, body: Uint8Array): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(text.length, 4);
  head.writeUInt32LE(body.length, 8);
  head.writeUInt32LE(crc32(body, crc32(text)), 12);
  return [head, text, body];
}

/** The entry at an offset; undefined where the file ends, or where no frame is. */
export async function readEntry(handle: FileHandle, path: string, at: number, end: number): Promise<Entry | undefined> {
  if (at + FRAME_HEAD > end) return undefined;
  const head = await readAt(handle, at, FRAME_HEAD);
  const headerLength = head.readUInt32LE(4);
  const length = head.readUInt32LE(8);
  const from = at + FRAME_HEAD + headerLength;
  if (head.readUInt32LE(0) !== MAGIC || headerLength > MAX_HEADER || from + length > end) return undefined;
  const header = JSON.parse((await readAt(handle, at + FRAME_HEAD, headerLength)).toString('utf8')) as EntryHeader;
  return { header, path, from, length, next: from + length };
}

/**
 * Bytes of whole frames at the start of a file that a crash may have cut. Reads all of it, for a frame's
 * bytes may be missing in its middle.
 */
export async function wholeLength(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    let at = 0;
    for (;;) {
      const next = await checkedEnd(handle, at, size);
      if (next === undefined) return at;
      at = next;
    }
  } finally {
    await handle.close();
  }
}

async function checkedEnd(handle: FileHandle, at: number, size: number): Promise<number | undefined> {
  if (at + FRAME_HEAD > size) return undefined;
  const head = await readAt(handle, at, FRAME_HEAD);
  const headerLength = head.readUInt32LE(4);
  const total = headerLength + head.readUInt32LE(8);
  const from = at + FRAME_HEAD;
  if (head.readUInt32LE(0) !== MAGIC || headerLength > MAX_HEADER || from + total > size) return undefined;
  let crc = 0;
  for (let done = 0; done < total; ) {
    const piece = await readAt(handle, from + done, Math.min(1024 * 1024, total - done));
    crc = crc32(piece, crc);
    done += piece.length;
  }
  return crc === head.readUInt32LE(12) ? from + total : undefined;
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error('the spool file is shorter than it was');
    done += bytesRead;
  }
  return bytes;
}
