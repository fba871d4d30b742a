/** Data directories and stores for tests that are not about how one is made: copies of one, which take a fifth of the processor time. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbedded } from '../../src/store/embedded.ts';
import type { Store } from '../../src/store/store.ts';

/** Made before the tests (built.ts). */
const NEW = join(import.meta.dirname, '../../.cache/built/data');

/** Opens the store at a path; where there is none yet, a new one. */
export async function openNew(path: string): Promise<Store> {
  if (!existsSync(path) && existsSync(NEW)) cpSync(join(NEW, 'store'), path, { recursive: true });
  return openEmbedded({ path });
}

/** A data directory in which nothing is, at a path. */
export function newData(path: string): string {
  cpSync(NEW, path, { recursive: true });
  return path;
}
