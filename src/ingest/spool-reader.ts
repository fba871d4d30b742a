/**
 * Reads a file of the spool entry by entry, and passes over what cannot be read: frames that the disk damaged, and, once it has refused
 * often enough, pages that it does not give at all.
 */
import { renameSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { quotedWhole, whyOfFile } from '../model/wording.ts';
import { type Bytes, DAMAGED, type Entry, findEntry, isCutOff, readEntry, SUFFIX, setAside } from './spool-file.ts';

/** How often a file is asked for what the disk does not give before it is passed over. The drain waits between two. */
export const READ_TRIES = 3;
/** Name's end of a file of which the disk did not give everything: kept when the rest of it is stored. */
export const UNREADABLE = '.unreadable';
const PAGE = 4096;
/** Pages that are tried in vain: a disk may take a minute for each. What is left of the file is not tried then. */
const MOST_UNREADABLE = 64;

/** What may be otherwise in a moment, and is no word about the file. */
const PASSING = /^(EMFILE|ENFILE|ENOMEM|EAGAIN|EINTR|ENOSPC|EDQUOT)$/;

export function isLasting(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && !PASSING.test(code);
}

/** A file to be read. `recovered`: of an earlier run, which may have been killed while it wrote. `unreadable`: what the disk does not give of it is damaged. */
export interface Readable {
  readonly path: string;
  readonly recovered: boolean;
  readonly unreadable: boolean;
}

export interface Step {
  /** The next entry; undefined: there is none up to the end. */
  readonly entry: Entry | undefined;
  /** Where it ends. */
  readonly to: number;
  /** What was passed over before it. */
  readonly damage: { readonly bytes: number; readonly message: string } | undefined;
}

export class SpoolReader {
  readonly file: Readable;
  readonly #handle: FileHandle;
  readonly #bytes: Bytes;

  private constructor(file: Readable, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
    this.#bytes = file.unreadable ? whatIsGiven(handle) : handle;
  }

  static async open(file: Readable): Promise<SpoolReader> {
    return new SpoolReader({ ...file }, await open(file.path, 'r'));
  }

  /** From one entry to the next, of a file that is whole up to `size`. */
  async step(from: number, size: number): Promise<Step> {
    const { path, recovered, unreadable } = this.file;
    const here = await readEntry(this.#bytes, path, from, size);
    if (here) return { entry: here, to: here.next, damage: undefined };
    const entry = await findEntry(this.#bytes, path, from, size);
    const step = { entry, to: entry?.next ?? size, damage: undefined };
    if (!entry && recovered && !unreadable && (await isCutOff(this.#bytes, from, size))) return step;
    const to = entry?.at ?? size;
    // Of a file that is kept whole a copy is not worth another failure.
    const bytes = await setAside(this.#bytes, path, from, to).catch((error: unknown) => {
      if (unreadable) return to - from;
      throw error;
    });
    const why = unreadable ? `the disk does not give all of them; the file is kept as “${UNREADABLE}”, and what could be read` : 'the disk damaged them. They';
    const message = `${bytes} bytes of ${quotedWhole(path)} from byte ${from} on cannot be read: ${why} ${unreadable ? 'is' : 'are'} in a “${DAMAGED}” file beside it.`;
    return { ...step, damage: bytes > 0 ? { bytes, message } : undefined };
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}

/** All of a file that cannot be opened is passed over. */
export function passedOver({ path }: Readable, from: number, size: number, error: unknown): Step {
  const message = `${size - from} bytes of ${quotedWhole(path)} from byte ${from} on cannot be read: it ${whyOfFile(error)}. The file is kept as “${UNREADABLE}”.`;
  return { entry: undefined, to: size, damage: { bytes: size - from, message } };
}

/** Keeps a file, and its note, beside those that are read; false where it has to stay as it is. Under its name again, it is read by the next start. */
export function keepUnreadable(path: string): boolean {
  try {
    renameSync(path, `${path.slice(0, -SUFFIX.length)}${UNREADABLE}`);
    return true;
  } catch {
    return false;
  }
}

/** A file's bytes, zeros for the pages that the disk does not give. */
function whatIsGiven(handle: FileHandle): Bytes {
  const refused = new Set<number>();
  const page = async (buffer: Buffer, offset: number, length: number, position: number): Promise<number> => {
    const at = Math.floor(position / PAGE);
    if (!refused.has(at) && refused.size < MOST_UNREADABLE) {
      try {
        return (await handle.read(buffer, offset, length, position)).bytesRead;
      } catch (error) {
        if (!isLasting(error)) throw error;
        refused.add(at);
      }
    }
    buffer.fill(0, offset, offset + length);
    return length;
  };
  return {
    async read(buffer, offset, length, position) {
      if (refused.size === 0) {
        try {
          return await handle.read(buffer, offset, length, position);
        } catch (error) {
          if (!isLasting(error)) throw error;
        }
      }
      let done = 0;
      while (done < length) {
        const at = position + done;
        const bytes = await page(buffer, offset + done, Math.min(length - done, PAGE - (at % PAGE)), at);
        if (bytes === 0) break;
        done += bytes;
      }
      return { bytesRead: done };
    },
  };
}
