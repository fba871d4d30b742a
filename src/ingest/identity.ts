/** What a delivery is called in the ledger: what its collector says, or the SHA-256 of its bytes and how they are read. */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream as TerminalStream } from 'node:tty';
import type { Source } from '../decode/segments.ts';
import type { RecordFormat } from '../model/source.ts';
import type { Job } from './worker-protocol.ts';

export interface Identified {
  readonly id: string;
  /** SHA-256 of the first bytes; empty where there are too few, or where nobody asks. */
  readonly head: string;
  readonly size: number;
  /** What was sent one by one, in its order; nearly always one. */
  readonly contents: readonly [Source, ...Source[]];
}

/** Part of every identity by content: another way of reading is another delivery. What is told by content was called vpc-flow before there was more to tell. */
const TARGETS: Readonly<Record<RecordFormat, string>> = { auto: 'vpc-flow', 'vpc-flow': 'vpc-flow', 'tgw-flow': 'tgw-flow', cloudtrail: 'cloudtrail' };
/** Files up to this size are read once, for identity and content together. */
const WHOLE_FILE = 64 * 1024 * 1024;
/** Parts of files up to this size are read at once. */
const SMALL = 1024 * 1024;
/** First bytes that tell a grown file. */
const HEAD = 64 * 1024;
const READ_SIZE = 1024 * 1024;

/** A file's path does not matter. `stopped` is asked while a large file is read. */
export async function identify({ content, settings, id, size }: Job, input: () => Readable, stopped: () => boolean): Promise<Identified> {
  const suffix = `${TARGETS[settings.format]}:${settings.layout}`;
  if (content === 'stdin') return { id: `stdin:${id ?? randomUUID()}:${suffix}`, head: '', size: 0, contents: [input() as AsyncIterable<Uint8Array>] };
  if ('bytes' in content) return { id: id ?? `sha256:${sha256(content.bytes)}:${suffix}`, head: '', size, contents: [content] };
  const { path, from = 0, length, parts } = content;
  if (id !== undefined) {
    const whole: Source =
      length !== undefined && length <= SMALL ? { bytes: readPart(path, from, length) } : { path, from, ...(length === undefined ? {} : { length }) };
    return { id, head: '', size, contents: parts ? inParts(whole, parts) : [whole] };
  }
  if (size <= WHOLE_FILE) {
    const bytes = await readFile(path);
    return { id: `sha256:${sha256(bytes)}:${suffix}`, head: headOf(bytes), size: bytes.length, contents: [{ bytes }] };
  }
  const hash = createHash('sha256');
  let head = '';
  let read = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_SIZE }) as AsyncIterable<Buffer>) {
    if (!head) head = headOf(chunk);
    hash.update(chunk);
    read += chunk.length;
    if (stopped()) break;
  }
  return { id: `sha256:${hash.digest('hex')}:${suffix}`, head, size: read, contents: [{ path, length: read }] };
}

function inParts(whole: Exclude<Source, AsyncIterable<Uint8Array>>, parts: readonly number[]): [Source, ...Source[]] {
  let at = 0;
  const list = parts.map((length): Source => {
    const from = at;
    at += length;
    return 'bytes' in whole ? { bytes: whole.bytes.subarray(from, at) } : { path: whole.path, from: (whole.from ?? 0) + from, length };
  });
  return [list[0] ?? whole, ...list.slice(1)];
}

/** A pipe or a socket is read as one: as a file it ends with EAGAIN where its writer is slower than we are. */
export function standardInput(): Readable {
  const info = fstatSync(0);
  if (info.isFIFO() || info.isSocket()) return new Socket({ fd: 0, readable: true, writable: false });
  if (isatty(0)) return new TerminalStream(0);
  return createReadStream('', { fd: 0, highWaterMark: READ_SIZE, autoClose: false });
}

/** A part of a file, at once: a stream would cost more than reading it. */
function readPart(path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(path, 'r');
  try {
    let done = 0;
    while (done < length) {
      const read = readSync(descriptor, bytes, done, length - done, from + done);
      if (read === 0) throw new Error(`“${path}” is shorter than it was.`);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

function headOf(bytes: Uint8Array): string {
  return bytes.length < HEAD ? '' : sha256(bytes.subarray(0, HEAD));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
