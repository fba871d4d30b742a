/** Real files, a real store, a real pipeline, in a folder of their own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { Collection } from '../../src/ingest/collection.ts';
import { DiskGuard } from '../../src/ingest/disk-guard.ts';
import { openInterfaceHistory } from '../../src/ingest/interface-history.ts';
import { LayoutMemory } from '../../src/ingest/layout-memory.ts';
import { Pipeline } from '../../src/ingest/pipeline.ts';
import { Quarantine } from '../../src/ingest/quarantine.ts';
import { openRegistries } from '../../src/ingest/registry.ts';
import { type Catalogs, openCatalogs } from '../../src/store/catalog.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store, Value } from '../../src/store/store.ts';
import { openNew } from '../store/new-store.ts';

export const HEADER = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
export const START = 1_700_000_000;

export interface Place {
  readonly directory: string;
  readonly store: Store;
  readonly metadata: Metadata;
  readonly catalogs: Catalogs;
  readonly pipeline: Pipeline;
  readonly layouts: LayoutMemory;
  readonly quarantine: Quarantine;
  /** What was said of batches that a crash left. */
  readonly repairs: readonly string[];
  rows(sql: string): Promise<readonly (readonly Value[])[]>;
  /** Writes a file below the folder; its path. */
  file(name: string, content: string | Uint8Array): Promise<string>;
  close(): Promise<void>;
}

export interface PlaceOptions {
  readonly directory?: string;
  readonly batchRows?: number;
  readonly workers?: number;
  /** Waits on as a server does for a store that cannot take what is open. */
  readonly untilDone?: boolean;
  /** Epoch seconds, and seconds of the steady clock, where a test moves them. */
  readonly now?: () => number;
  readonly steady?: () => number;
}

export async function openPlace(options: PlaceOptions = {}): Promise<Place> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'bartizan-ingest-')));
  const { now = () => Math.floor(Date.now() / 1000), steady } = options;
  const store = await openNew(join(directory, 'store'));
  const metadata = await openMetadata(join(directory, 'metadata.db'), now, undefined, steady);
  const staging = join(directory, 'staging');
  const registries = await openRegistries(store, metadata);
  const catalogs = await openCatalogs(metadata);
  const common = { store, staging, registries, now };
  const layouts = await LayoutMemory.open({
    store,
    metadata,
    quarantine: () => quarantine,
    now,
    onError: (error) => {
      throw error;
    },
  });
  const repairs: string[] = [];
  const pipeline = await Pipeline.open({
    ...common,
    layouts,
    metadata,
    databases: {},
    internalNetworks: [],
    workers: options.workers ?? 2,
    batchRows: options.batchRows ?? 1000,
    clock: () => performance.now(),
    untilDone: options.untilDone ?? false,
    onRepaired: (note) => repairs.push(note),
    disk: new DiskGuard({ folder: directory, minFreeBytes: 0, store }),
    extraction: (block, absentMask, only) => catalogs.extraction(block, absentMask, now(), only),
    rules: () => catalogs.atIngest(),
  });
  const quarantine = new Quarantine({
    ...common,
    pipeline,
    enricher: () => createEnricher({}, { internalNetworks: [] }),
    settingsOf: async (source) => (await metadata.sources.get(source))?.records,
  });
  return {
    directory,
    store,
    metadata,
    catalogs,
    pipeline,
    layouts,
    quarantine,
    repairs,
    rows: async (sql) => (await store.rows({ text: sql, params: {} })).rows,
    async file(name, content) {
      const path = join(directory, 'logs', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return path;
    },
    async close() {
      await layouts.close();
      await pipeline.close();
      await store.close();
      await metadata.close();
      if (!options.directory) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What collectors bring, into a place: no limit of the disk, and a spool of 64 MiB. Closed before the place. */
export async function openCollection(place: Place, spoolBytes = 64 * 2 ** 20): Promise<Collection> {
  const { directory, metadata, pipeline, store } = place;
  const downloads = join(directory, 'downloads');
  await mkdir(downloads, { recursive: true });
  return Collection.open({
    metadata,
    intake: pipeline,
    interfaces: openInterfaceHistory(store, metadata),
    spool: { folder: join(directory, 'spool'), maxBytes: spoolBytes, minFreeBytes: 0, clock: Date.now },
    clock: Date.now,
    downloads,
    proxy: undefined,
    log: pino({ level: 'silent' }),
  });
}

/** `count` default-format lines; `seed` makes files differ. */
export function lines(count: number, seed = 0, start = START): string {
  const out = [];
  for (let i = 0; i < count; i++) {
    const action = i % 5 === 0 ? 'REJECT' : 'ACCEPT';
    out.push(
      `2 123456789012 eni-${seed}${i % 7} 198.51.100.${i % 200} 10.0.0.${i % 9} ${1024 + (i % 50000)} ${[22, 443, 3389][i % 3]} 6 ${(i % 10) + 1} ${i + 40} ${start + (i % 3600)} ${start + (i % 3600) + 30} ${action} OK`,
    );
  }
  return `${out.join('\n')}\n`;
}

export const gzipped = (text: string): Uint8Array => gzipSync(text);

/** A document of CloudWatch Logs with these messages, as text. */
export function document(logGroup: string, messages: readonly string[]): string {
  const head = { messageType: 'DATA_MESSAGE', owner: '444455556666', logGroup, logStream: 's', subscriptionFilters: [] };
  return JSON.stringify({ ...head, logEvents: messages.map((message, i) => ({ id: `${i}`, timestamp: 1, message })) });
}
