/** What an earlier run left in the spool. What the disk does not give of it stops no start: it is kept, counted and told of. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quotedWhole, whyOfFile } from '../model/wording.ts';
import { CUT, DAMAGED, SUFFIX, wholeBytes } from './spool-file.ts';
import { isLasting, keepUnreadable, READ_TRIES, UNREADABLE } from './spool-reader.ts';

const KEPT = `It is kept as “${UNREADABLE}”; under its name again, it is read by the next start.`;
const STAYS = 'It stays, and the next start tries it again.';

/** What is in a source's folder. */
export interface Left {
  /** Oldest first. `size`: bytes that may hold entries. */
  readonly files: readonly { readonly name: string; readonly path: string; readonly size: number }[];
  /** Names of files that are not read, and may be when somebody has mended the disk: till then the ledger knows what was stored of them. */
  readonly kept: readonly string[];
  /** Bytes of each piece that is set aside; 0 where nobody knows. */
  readonly damaged: readonly number[];
  /** What is found now, for people. */
  readonly messages: readonly string[];
}

/** Looks through a source's folder, and leaves alone what is no folder. Throws what the machine is short of. */
export function leftIn(folder: string): Left {
  const left = { files: [] as Left['files'][number][], kept: [] as string[], damaged: [] as number[], messages: [] as string[] };
  let names: string[];
  try {
    names = given(() => readdirSync(folder).sort()) ?? [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return left;
    if (!isLasting(error)) throw error;
    left.damaged.push(0);
    left.messages.push(`The folder ${quotedWhole(folder)} cannot be read: it ${whyOfFile(error)}. What is in it is read by the next start that can.`);
    return left;
  }
  for (const file of names) {
    const path = join(folder, file);
    const is = (end: string) => file.endsWith(end);
    const beside = (end: string) => names.includes(`${file.slice(0, file.lastIndexOf('.'))}${end}`);
    if (is(DAMAGED)) left.damaged.push(bytesOf(path));
    // A stop came between a file's end and its note's.
    else if (is(CUT) && !beside(SUFFIX) && !beside(UNREADABLE)) removeNote(path);
    else if (is(UNREADABLE)) {
      const name = file.slice(0, -UNREADABLE.length);
      left.kept.push(name);
      // What could be read of it is told of already.
      if (!names.some((other) => other.startsWith(`${name}-`) && other.endsWith(DAMAGED))) left.damaged.push(bytesOf(path));
    } else if (is(SUFFIX)) {
      const name = file.slice(0, -SUFFIX.length);
      try {
        const whole = given(() => wholeBytes(path));
        if (!whole) continue;
        if (whole.doubt && !isLasting(whole.doubt)) throw whole.doubt;
        left.files.push({ name, path, size: whole.bytes });
        if (whole.doubt)
          left.messages.push(`The note beside ${quotedWhole(path)} cannot be read: it ${whyOfFile(whole.doubt)}. What was refused of it may be stored twice.`);
      } catch (error) {
        if (!isLasting(error)) throw error;
        left.kept.push(name);
        left.damaged.push(0);
        left.messages.push(`${quotedWhole(path)} cannot be read: it ${whyOfFile(error)}. ${keepUnreadable(path) ? KEPT : STAYS}`);
      }
    }
  }
  return left;
}

/** Asks a disk some times; undefined where there is nothing (any more). Throws what is so each time. */
function given<T>(ask: () => T): T | undefined {
  for (let tries = 1; ; tries++) {
    try {
      return ask();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      if (!isLasting(error) || tries >= READ_TRIES || code === 'ENOTDIR') throw error;
    }
  }
}

/** One that stays is removed by a start to come. */
function removeNote(path: string): void {
  try {
    rmSync(path);
  } catch {}
}

function bytesOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
