/** Files and folders as deliveries: what to read, in a stable order, and what is not there. */
import { glob, lstat, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { whyOfFile } from '../model/wording.ts';

export interface SourceFile {
  /** Absolute path, or `-` for standard input. */
  readonly path: string;
  /** Bytes on disk; 0 for standard input. */
  readonly size: number;
  /** Why it cannot be read, where that is known before it is opened. */
  readonly problem?: string;
}

/** A path that cannot be read, with the way out. */
export class PathError extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.name = 'PathError';
    this.path = path;
  }
}

/**
 * Files behind paths: folders recursively, globs, `-`. Sorted by path, each once. Hidden files and
 * links to folders inside a folder are passed over. Throws PathError when a path holds nothing.
 */
export async function expandPaths(paths: readonly string[]): Promise<SourceFile[]> {
  const found = new Map<string, SourceFile>();
  for (const path of paths) {
    const before = found.size;
    for await (const file of expand(path)) found.set(file.path, file);
    if (found.size === before && !paths.some((p) => p !== path && found.has(resolve(p)))) {
      if (await isEmptyFolder(path)) throw new PathError(path, `“${path}” holds no files.`);
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function* expand(path: string): AsyncGenerator<SourceFile> {
  if (path === '-') {
    yield { path, size: 0 };
    return;
  }
  let why = '';
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') why = `: it ${whyOfFile(error)}`;
    return undefined;
  });
  if (info?.isDirectory()) {
    yield* walk(resolve(path));
  } else if (info) {
    yield { path: resolve(path), size: info.size };
  } else if (/[*?[{]/.test(path)) {
    let any = false;
    for await (const match of glob(path)) {
      any = true;
      yield* expand(match);
    }
    if (!any) throw new PathError(path, `No file matches “${path}”.`);
  } else {
    throw new PathError(path, `There is no file or folder “${path}”${why}.`);
  }
}

async function* walk(folder: string): AsyncGenerator<SourceFile> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => error);
  if (entries instanceof Error) {
    yield { path: folder, size: 0, problem: `the folder cannot be listed: it ${whyOfFile(entries)}` };
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) {
      // It may have been removed since its folder was listed.
      const about = await lstat(path).catch((error: NodeJS.ErrnoException) => error);
      yield about instanceof Error ? { path, size: 0, problem: `it ${whyOfFile(about)}` } : { path, size: about.size };
    } else if (entry.isSymbolicLink()) {
      const target = await stat(path).catch(() => undefined);
      if (target?.isFile()) yield { path, size: target.size };
    }
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isDirectory() ?? false;
}
