/**
 * Files of staged blocks, from when they are written until their batch is stored. They are on the disk before the ledger names
 * them, so that after a loss of power an open manifest has whole files. What a disk damages all the same stops no start.
 */
import { rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Manifest, Metadata, StagedBlock } from '../store/metadata.ts';
import type { Store } from '../store/store.ts';
import { syncFolder } from './spool-file.ts';

/** Deliveries that a note names. */
const NAMED = 20;

/** Blocks of an open manifest whose files are cut short or gone. */
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
  const blocks = manifest.blocks.filter(({ file, bytes }) => statSync(file, { throwIfNoEntry: false })?.size !== bytes);
  if (blocks.length === 0) return undefined;
  const stored = await store.storedTokens(manifest.blocks);
  const again = stored?.size === 0;
  const begin = `The staged files of ${blocks.length} of ${manifest.blocks.length} blocks of the batch ${manifest.batch} are cut short or gone`;
  const from = manifest.ranges.length
    ? `It is of ${manifest.ranges.length} deliveries: ${await namesOf(manifest, metadata)}.`
    : 'It is of a retry of records in quarantine.';
  if (again) {
    const note = `${begin}. Nothing of the batch was stored, so that it is read when it comes again: what is in the spool or a queue does by itself, files with "bartizan ingest". ${from}`;
    return { blocks, again, note };
  }
  const lost = blocks.filter(({ token }) => stored && !stored.has(token));
  const there = blocks.filter((block) => !lost.includes(block));
  const notes = [
    ...(there.length && stored ? [`stored before: ${rowsOf(there)}`] : []),
    ...(there.length && !stored ? [`counted as stored, for files are removed only after that: ${rowsOf(there)}`] : []),
    ...(lost.length ? [`lost: ${rowsOf(lost)}, which "bartizan ingest --again" reads anew where their logs are still there`] : []),
  ];
  return { blocks, again, note: `${begin} (${notes.join('; ')}). The others are inserted. ${from}` };
}

function rowsOf(blocks: readonly StagedBlock[]): string {
  return blocks.map(({ table, rows }) => `${rows} rows for ${table}`).join(', ');
}

async function namesOf({ ranges }: Manifest, metadata: Metadata): Promise<string> {
  const names = await Promise.all(ranges.slice(0, NAMED).map(async ({ delivery }) => (await metadata.delivery(delivery))?.name ?? delivery));
  return `${[...new Set(names)].join(', ')}${ranges.length > NAMED ? ', …' : ''}`;
}
