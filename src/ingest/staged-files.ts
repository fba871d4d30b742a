/**
 * Files of staged blocks, from when they are written until their batch is stored. They are on the disk before the ledger names
 * them, so that after a loss of power an open manifest has whole files. What a disk damages all the same stops no start.
 */
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Manifest, Metadata, StagedBlock } from '../store/metadata.ts';
import type { Store } from '../store/store.ts';
import { syncFolder } from './spool-file.ts';
import { isLasting, READ_TRIES } from './spool-reader.ts';

/** Deliveries that a note names. */
const NAMED = 20;
/** Bytes that are read at once. */
const PIECE = 1024 * 1024;

/** Blocks of an open manifest whose files are damaged or gone. */
export interface Damage {
  readonly blocks: readonly StagedBlock[];
  /** Nothing of the batch was stored, so that its deliveries can be read again; else what is whole is inserted. */
  readonly again: boolean;
  /** What people should know of it. */
  readonly note: string;
}

/** Answers when the blocks, and their names in the folder, outlast a loss of power; all at once, so that they share what the disk does. */
export async function syncStaged(folder: string, blocks: readonly Pick<StagedBlock, 'file'>[]): Promise<void> {
  await Promise.all(
    blocks.map(async ({ file }) => {
      const handle = await open(file, 'r');
      await handle.datasync().finally(() => handle.close());
    }),
  );
  await syncFolder(folder);
}

/** A file that stays is removed by the next start: the batch must not be tried again. */
export function removeFiles({ blocks }: Manifest): void {
  for (const { file, ids } of blocks) {
    for (const path of ids ? [file, ids.file] : [file]) {
      try {
        rmSync(path, { force: true });
      } catch {}
    }
  }
}

/** What became of the files of a manifest that a crash or a loss of power left open; undefined where all are whole. Throws StoreError. */
export async function damageOf(manifest: Manifest, { store, metadata }: { readonly store: Store; readonly metadata: Metadata }): Promise<Damage | undefined> {
  const gone: StagedBlock[] = [];
  const blocks: StagedBlock[] = [];
  for (const block of manifest.blocks) {
    const state = await stateOf(block);
    if (state !== 'whole') blocks.push(block);
    if (state === 'gone') gone.push(block);
  }
  if (blocks.length === 0) return undefined;
  const stored = await store.storedTokens(manifest.blocks);
  const again = stored?.size === 0;
  const begin = `The staged files of ${blocks.length} of ${manifest.blocks.length} blocks of the batch ${manifest.batch} are damaged or gone`;
  const deliveries = [...new Set(manifest.ranges.map(({ delivery }) => delivery))];
  const from = deliveries.length
    ? `It is of ${deliveries.length} deliveries: ${await namesOf(deliveries, metadata)}.`
    : 'It is of a retry of records in quarantine.';
  if (again) {
    const note = `${begin}. Nothing of the batch was stored, so that it is read when it comes again: what is in the spool or a queue does by itself, files with "bartizan ingest". ${from}`;
    return { blocks, again, note };
  }
  const there = blocks.filter(({ token }) => stored?.has(token));
  const rest = stored ? [] : gone;
  const lost = blocks.filter((block) => !there.includes(block) && !rest.includes(block));
  const notes = [
    ...(there.length ? [`stored before: ${rowsOf(there)}`] : []),
    ...(rest.length ? [`counted as stored, for files are removed only after that: ${rowsOf(rest)}`] : []),
    ...(lost.length
      ? [
          `lost${stored ? '' : ', where they were not stored before'}: ${rowsOf(lost)}, which "bartizan ingest --again" reads anew where their logs are still there`,
        ]
      : []),
  ];
  return { blocks, again, note: `${begin} (${notes.join('; ')}). The others are inserted. ${from}` };
}

/** A file is damaged where it has not the bytes that were written to it, or the disk gives them in none of some tries. What the machine is short of is thrown. */
async function stateOf(block: StagedBlock): Promise<'whole' | 'damaged' | 'gone'> {
  for (let tries = 1; ; tries++) {
    try {
      return (await hasItsBytes(block)) ? 'whole' : 'damaged';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
      if (!isLasting(error)) throw error;
      if (tries >= READ_TRIES) return 'damaged';
    }
  }
}

async function hasItsBytes({ file, bytes, crc }: StagedBlock): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    if ((await handle.stat()).size !== bytes) return false;
    if (crc === undefined) return true;
    const piece = Buffer.allocUnsafe(Math.min(PIECE, bytes));
    let sum = 0;
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return false;
      sum = crc32(piece.subarray(0, bytesRead), sum);
      at += bytesRead;
    }
    return sum === crc;
  } finally {
    await handle.close();
  }
}

function rowsOf(blocks: readonly StagedBlock[]): string {
  return blocks.map(({ table, rows }) => `${rows} rows for ${table}`).join(', ');
}

async function namesOf(deliveries: readonly string[], metadata: Metadata): Promise<string> {
  const names = await Promise.all(deliveries.slice(0, NAMED).map(async (id) => (await metadata.delivery(id))?.name ?? id));
  return `${[...new Set(names)].join(', ')}${deliveries.length > NAMED ? ', …' : ''}`;
}
