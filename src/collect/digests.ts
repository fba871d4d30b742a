/**
 * Digest files of CloudTrail on their way to who verifies them: as they were found, and how the log files that they name
 * are read. They are never records.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Content } from './delivery.ts';

export interface DigestFile {
  /** Id of the source; empty for files that somebody named. */
  readonly source: string;
  /** Shown to people: its address or path. */
  readonly name: string;
  /** Where it lies; absent for a file of this machine. */
  readonly place?: { readonly bucket: string; readonly object: string };
  /** As delivered (gzip). */
  readonly bytes: Uint8Array;
  /** Hex; undefined where nothing says it. */
  readonly signature: string | undefined;
  /** When a backfill was written, epoch seconds: its key is of that time. */
  readonly writtenAt?: number | undefined;
}

/** A log file's SHA-256 (hex, of its uncompressed content), or why there is none. */
export type LogFileHash = { readonly hash: string } | { readonly problem: 'missing' | 'unreadable' | 'elsewhere'; readonly message: string };

export interface LogFiles {
  /** Rejects where the same may succeed later: the digest is brought again. */
  hash(bucket: string, object: string): Promise<LogFileHash>;
}

/** Where digests are handed over. */
export interface DigestIntake {
  /**
   * Resolves when what the digest proves is kept. Rejects where it must be brought again. `again`: it was asked for by `waiting`,
   * and log files that were found right before are not looked at once more.
   */
  take(file: DigestFile, logFiles: LogFiles, again?: boolean): Promise<void>;
  /** `bucket/key` of digests of a source that came before their key was known, and may be judged now. Taking them may name more. Rejects as `take`. */
  waiting(source: string): Promise<readonly string[]>;
}

/** Of a log file's uncompressed content: far above what CloudTrail writes. */
const LARGEST_CONTENT = 2 ** 31;

/** SHA-256 (hex) of the uncompressed content, gzip told by its first bytes; undefined where it cannot be uncompressed. */
export async function contentHash(content: Content): Promise<string | undefined> {
  const hash = createHash('sha256');
  let size = 0;
  const sink = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      size += chunk.byteLength;
      if (size > LARGEST_CONTENT) return done(new RangeError('the content is too large'));
      hash.update(chunk);
      done();
    },
  });
  const first = await head(content);
  // Not before the first bytes are read: a stream that nobody listens to yet ends the process where its file cannot be opened.
  const source = 'path' in content ? createReadStream(content.path) : Readable.from([content.bytes]);
  try {
    if (first[0] === 0x1f && first[1] === 0x8b) await pipeline(source, createGunzip({ chunkSize: 2 ** 18 }), sink);
    else await pipeline(source, sink);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Damage is an answer; a disk that fails is none.
    if (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE' || error instanceof RangeError) return undefined;
    throw error;
  }
  return hash.digest('hex');
}

async function head(content: Content): Promise<Uint8Array> {
  if ('bytes' in content) return content.bytes.subarray(0, 2);
  for await (const chunk of createReadStream(content.path, { end: 1 })) return chunk as Uint8Array;
  return new Uint8Array();
}
