/**
 * Digests among files of this machine, verified against the log files among them, which are found by their names (CloudTrail
 * makes them unique), or against those of the copy of a bucket that the digest lies in. A signature, which S3 keeps beside an object, stands in a file of its own: `<digest>.signature`, hex.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { contentHash, type DigestIntake, type LogFiles } from '../../collect/digests.ts';
import type { SourceFile } from '../../collect/files.ts';
import { digestName } from '../../formats/cloudtrail/digest.ts';
import { quotedWhole, saidBy } from '../../model/wording.ts';

/** Compressed. */
const LARGEST = 64 * 2 ** 20;
const SIGNATURE = '.signature';
const LARGEST_SIGNATURE = 16_384;

export function isDigestFile(path: string): boolean {
  return digestName(path) !== undefined;
}

/** Whether it is the signature of a digest, which holds no records either. */
export function isSignatureFile(path: string): boolean {
  return path.endsWith(SIGNATURE) && isDigestFile(path.slice(0, -SIGNATURE.length));
}

/** Hands over the digests among the files; returns what could not be read. */
export async function takeDigestFiles(files: readonly SourceFile[], intake: DigestIntake, signal?: AbortSignal): Promise<{ path: string; message: string }[]> {
  const failures: { path: string; message: string }[] = [];
  const digests = files.filter(({ path, problem }) => problem === undefined && isDigestFile(path));
  if (digests.length === 0) return failures;
  const byName = new Map(files.map(({ path }) => [basename(path), path]));
  const beside = (digest: string): LogFiles => ({
    async hash(bucket, object) {
      const path = byName.get(basename(object)) ?? (await inCopy(digest, object));
      if (path === undefined) return { problem: 'missing', message: `${quotedWhole(`${bucket}/${object}`)} is not among the files.` };
      const hash = await contentHash({ path }).catch(() => undefined);
      return hash === undefined ? { problem: 'unreadable', message: `${quotedWhole(path)} cannot be read or uncompressed.` } : { hash };
    },
  });
  for (const { path } of digests) {
    if (signal?.aborted) break;
    try {
      const bytes = await read(path, LARGEST);
      const signature = await signatureOf(path);
      await intake.take({ source: '', name: path, bytes, signature }, beside(path));
    } catch (error) {
      failures.push({ path, message: saidBy(error) });
    }
  }
  return failures;
}

/** In a copy of a bucket, where it lies in the bucket; undefined where there is no such file. */
async function inCopy(digest: string, object: string): Promise<string | undefined> {
  const root = digest.lastIndexOf(`${sep}AWSLogs${sep}`);
  const from = object.lastIndexOf('AWSLogs/');
  if (root < 0 || from < 0 || object.split('/').includes('..')) return undefined;
  const path = join(digest.slice(0, root), object.slice(from));
  return (await stat(path).catch(() => undefined))?.isFile() ? path : undefined;
}

/** Undefined where there is no such file. */
async function signatureOf(path: string): Promise<string | undefined> {
  try {
    return Buffer.from(await read(path + SIGNATURE, LARGEST_SIGNATURE))
      .toString('latin1')
      .trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Throws where it is larger. */
async function read(path: string, most: number): Promise<Uint8Array> {
  if ((await stat(path)).size > most) throw new Error(`${quotedWhole(basename(path))} has more than ${most} bytes.`);
  return readFile(path);
}
