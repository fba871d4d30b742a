/**
 * `DATA/server.json`: how the command line finds and may use the server that holds a data directory.
 * Only the directory's owner can read it.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const ServerFile = z.object({
  /** `http://127.0.0.1:8620` */
  address: z.string(),
  pid: z.number().int(),
  token: z.string(),
});
export type ServerFile = z.infer<typeof ServerFile>;

const NAME = 'server.json';
const SECRET = 'session.key';
/** A busy server may be slow to answer; nobody at its address refuses at once. */
const PROBE_MS = 2000;

/** A token for the command line; a new one at every start. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Readable by its owner alone. */
export async function writeServerFile(dataDir: string, content: ServerFile): Promise<void> {
  const path = join(dataDir, NAME);
  // Written beside and renamed, so that a reader never sees half a file.
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

/**
 * The running server of a data directory; undefined when there is none. A file that a killed server left
 * counts as none, even when another process has its number by now (in a container each start has the same).
 */
export async function runningServer(dataDir: string): Promise<ServerFile | undefined> {
  const found = await readServerFile(dataDir);
  if (!found) return undefined;
  const refused = await fetch(new URL('/healthz', found.address), { signal: AbortSignal.timeout(PROBE_MS) }).then(
    () => false,
    (error: unknown) => error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED',
  );
  return refused ? undefined : found;
}

async function readServerFile(dataDir: string): Promise<ServerFile | undefined> {
  const text = await readFile(join(dataDir, NAME), 'utf8').catch(() => undefined);
  const parsed = text === undefined ? undefined : ServerFile.safeParse(parseJson(text));
  return parsed?.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

/** Where there is none nothing happens. */
export async function removeServerFile(dataDir: string): Promise<void> {
  await rm(join(dataDir, NAME), { force: true });
}

/** The key that signs sessions: made once for a data directory. */
export async function sessionSecret(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, SECRET);
  const kept = await readFile(path).catch(() => undefined);
  if (kept && kept.length >= 32) return kept;
  const made = randomBytes(32);
  await writeFile(path, made, { mode: 0o600 });
  return made;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
