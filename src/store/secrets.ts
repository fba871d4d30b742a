/**
 * Secrets at rest: AES-256-GCM under a key of the data directory (`DATA/secret.key`, mode 0600, or the
 * environment's BARTIZAN_SECRET_KEY, so that a copy of the directory alone does not give them away).
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quotedWhole } from '../model/wording.ts';

const FILE = 'secret.key';
const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

export interface Secrets {
  /** `context` is bound to what is sealed: another one does not open it. */
  seal(text: string, context: string): Uint8Array;
  /** Throws SecretsError. */
  open(sealed: Uint8Array, context: string): string;
}

export class SecretsError extends Error {
  override readonly name = 'SecretsError';
}

/** The key of a data directory; made when there is none. `given`: in place of the file, any text of at least 32 characters. */
export async function openSecrets(folder: string, given?: string): Promise<Secrets> {
  if (given !== undefined && given.length < 32)
    throw new SecretsError('BARTIZAN_SECRET_KEY must have at least 32 characters, such as from “openssl rand -hex 32”.');
  const key = given === undefined ? await fileKey(join(folder, FILE)) : createHash('sha256').update(given).digest();
  return {
    seal(text, context) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      try {
        const bytes = Buffer.from(sealed);
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE)).setAAD(Buffer.from(context));
        decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).toString('utf8');
      } catch {
        throw new SecretsError(
          'A stored secret cannot be read with this key: the data directory’s secret.key or BARTIZAN_SECRET_KEY is another one. Enter the secret again.',
        );
      }
    },
  };
}

async function fileKey(path: string): Promise<Buffer> {
  const kept = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return Buffer.alloc(0);
  });
  if (kept.length === 32) return kept;
  // An empty one was being made when the process was killed or the power went: nothing is sealed by it.
  if (kept.length > 0) throw new SecretsError(`${quotedWhole(path)} is damaged: it must hold 32 bytes.`);
  const made = randomBytes(32);
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, made, { mode: 0o600, flush: true });
  await rename(temporary, path);
  return made;
}
