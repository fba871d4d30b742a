/** Who has a store's folder open, by the file that the engine keeps in it, locked, while it runs. It stays when the process is killed. */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Number of the process that opened the store last, whether it is there or not; undefined where none is known. */
export function lastHolder(path: string): number | undefined {
  try {
    const pid = Number(/PID: (\d+)/.exec(readFileSync(join(path, 'status'), 'utf8'))?.[1]);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The other process of this machine that has the store open, in words; undefined where the one that had it is gone, or is in another container. */
export function holderOf(path: string): string | undefined {
  const pid = lastHolder(path);
  if (pid === undefined || pid === process.pid || !isAlive(pid) || !mayLock(pid, path)) return undefined;
  const command = commandOf(pid);
  return command === undefined ? `process ${pid}` : `process ${pid}, ${command}`;
}

/** Whether a process may have the lock: not where the system lists the locks of the processes that can be seen from here, and it has none of this file. */
function mayLock(pid: number, path: string): boolean {
  try {
    const { ino } = statSync(join(path, 'status'));
    const locks = readFileSync('/proc/locks', 'utf8').split('\n');
    return locks.some((line) => line.includes(` ${pid} `) && line.includes(`:${ino} `));
  } catch {
    return true;
  }
}

/** `bartizan serve`: no arguments, for secrets may be among them. Undefined where the system does not tell. */
function commandOf(pid: number): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const at = words.findIndex((word) => /^bartizan(\.js)?$/.test(basename(word)));
    const name = at < 0 ? basename(words[0] ?? '') : `bartizan ${/^[a-z-]+$/.test(words[at + 1] ?? '') ? words[at + 1] : ''}`.trim();
    return name === '' ? undefined : name;
  } catch {
    return undefined;
  }
}
