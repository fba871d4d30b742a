/**
 * The composition root of everything that works on a data directory: picks the store, opens the
 * metadata, repairs what a crash left.
 */

import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { joinKeys, readTrailKeys, type TrailKeys, TrailKeysError } from '../collect/trail-keys.ts';
import { type Config, environment } from '../config.ts';
import { createEnricher } from '../enrich/enricher.ts';
import { AddressBackfill } from '../ingest/address-backfill.ts';
import { AWS_RANGES_FILE, type AwsRangesSummary, keepAwsRanges, sharedAwsIndex } from '../ingest/aws-ranges.ts';
import { type LoadedDatabases, loadDatabases } from '../ingest/databases.ts';
import { DiskGuard } from '../ingest/disk-guard.ts';
import { FeedRuns } from '../ingest/feeds.ts';
import { LayoutMemory } from '../ingest/layout-memory.ts';
import { buildIndex, LiveIndicators } from '../ingest/live-indicators.ts';
import { Pipeline } from '../ingest/pipeline.ts';
import { Quarantine } from '../ingest/quarantine.ts';
import { openRegistries, type Registries } from '../ingest/registry.ts';
import { RetroHunts } from '../ingest/retro-hunts.ts';
import type { Trails } from '../ingest/s3-sources.ts';
import { storedChains, TrailProofs } from '../ingest/trails/proofs.ts';
import { NOTICES } from '../ingest/vitals.ts';
import { LOOKUP_LIMITS } from '../model/lookup-table.ts';
import { whyOfFile } from '../model/wording.ts';
import { type Catalogs, openCatalogs } from '../store/catalog.ts';
import { openEmbedded } from '../store/embedded.ts';
import { type Indicators, openIndicators } from '../store/indicators.ts';
import { type Lookups, openLookups } from '../store/lookups.ts';
import { type Metadata, openMetadata } from '../store/metadata.ts';
import { applyRetention } from '../store/retention.ts';
import { RetentionClock } from '../store/retention-clock.ts';
import { retroNumber } from '../store/retro-tables.ts';
import { SecretsError } from '../store/secrets.ts';
import { type Store, StoreError } from '../store/store.ts';
import { version } from '../version.ts';
import { epochSeconds } from './clock.ts';
import { CliError, EXIT, note } from './output.ts';

export interface Workspace {
  readonly config: Config;
  readonly store: Store;
  readonly metadata: Metadata;
  readonly catalogs: Catalogs;
  readonly lookups: Lookups;
  readonly indicators: Indicators;
  /** Answers when records are matched with all indicators that are stored now, and those matched with fewer are stored. */
  indicatorsInUse(): Promise<void>;
  /** Fetches feeds on their schedules once it is started. */
  readonly feedRuns: FeedRuns;
  /** Loaded when they are first asked for: they are large, and most commands read no records. */
  readonly databases: LoadedDatabases;
  readonly registries: Registries;
  readonly pipeline: Pipeline;
  readonly trails: Trails;
  readonly layouts: LayoutMemory;
  readonly quarantine: Quarantine;
  /** They wait until they are started: a command that is soon over does not hunt. */
  readonly retro: RetroHunts;
  /** Takes a new list of AWS's address ranges (ip-ranges.json): for records from now on, and for the next start. Throws AwsRangesError. */
  setAwsRanges(json: Uint8Array): AwsRangesSummary;
  /** Drops what is older than the retention setting. */
  retain(): Promise<void>;
  /** The clock is ahead, and what it would have dropped is kept. */
  readonly retentionHeld: boolean;
  close(): Promise<void>;
}

/** Flow logs tell a lot: only their owner reads a new data directory. Throws CliError where it cannot be used. */
function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const part of [folder, join(folder, 'store'), join(folder, 'metadata.db')]) {
      if (part === folder || existsSync(part)) accessSync(part, constants.R_OK | constants.W_OK);
    }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'is a file, not a folder' : whyOfFile(error);
    throw new CliError(`The data directory “${folder}” cannot be used: “${path ?? folder}” ${why}. Choose another with --data, or BARTIZAN_DATA.`);
  }
}

/** Of a data directory that another process has. */
export const WAY_OUT =
  'Commands use a server that runs on it by themselves as soon as it listens, and one in another container with --server and --token, where they have these; else stop what has it, or choose another folder with --data.';

/** Opens a data directory; one process at a time can. A server waits for a store that has trouble, a command does not. `fileKeys`: public keys of digests among files, beside those of the settings. Throws CliError when it is in use. */
export async function openWorkspace(
  config: Config,
  options: { readonly server?: boolean; readonly fileKeys?: (() => Promise<TrailKeys>) | undefined } = {},
): Promise<Workspace> {
  prepareFolder(config.data);
  const store = await openEmbedded({
    path: join(config.data, 'store'),
    limits: {
      maxSeconds: config.queryMaxSeconds,
      maxMemoryBytes: config.queryMaxMemoryMib * 2 ** 20,
      maxResultRows: config.queryMaxRows,
      maxResultBytes: config.queryMaxResultMib * 2 ** 20,
      maxRowsRead: config.queryMaxRowsRead,
      maxBytesRead: config.queryMaxReadMib * 2 ** 20,
    },
  }).catch((error: unknown) => {
    if (error instanceof StoreError && error.code === 'data-dir-in-use') throw new CliError(`data-dir-in-use: ${config.data}: ${error.message} ${WAY_OUT}`);
    throw error;
  });
  // A secret is no setting: settings are shown.
  const metadata = await openMetadata(join(config.data, 'metadata.db'), epochSeconds, environment('BARTIZAN_SECRET_KEY')).catch((error: unknown) => {
    throw error instanceof SecretsError ? new CliError(error.message) : error;
  });
  const keptRanges = join(config.data, AWS_RANGES_FILE);
  let loaded: LoadedDatabases | undefined;
  const databases = () => {
    loaded ??= loadDatabases({
      cacheDir: join(config.data, 'cache'),
      placeV4File: config.placeV4 || undefined,
      placeV6File: config.placeV6 || undefined,
      awsRangesFile: config.awsRanges || (existsSync(keptRanges) ? keptRanges : undefined),
      now: Date.now(),
    });
    return loaded;
  };
  const registries = await openRegistries(store, metadata);
  const catalogs = await openCatalogs(metadata);
  const disk = new DiskGuard({ folder: config.data, minFreeBytes: config.diskMinFreeMib * 2 ** 20, store });
  if (options.server) disk.watch();
  const layouts = await LayoutMemory.open({
    store,
    metadata,
    quarantine: () => quarantine,
    now: epochSeconds,
    onError: (error) => note(`warning: a layout could not be learned: ${String(error)}`),
  });
  const backfill = await AddressBackfill.open({ store, metadata, now: epochSeconds });
  const trails: Trails = { chains: storedChains(metadata.proofs), keys: await trailKeys(config) };
  const pipeline = await Pipeline.open({
    digests: new TrailProofs({ ...trails, keys: joinKeys([trails.keys, await options.fileKeys?.()].filter((keys) => keys !== undefined)) }),
    layouts,
    disk,
    store,
    metadata,
    registries,
    staging: join(config.data, 'staging'),
    get databases() {
      return databases().databases;
    },
    internalNetworks: config.internalNetworks,
    workers: config.workers,
    batchRows: config.batchRows,
    clock: () => performance.now(),
    untilDone: options.server ?? false,
    onRepaired: (text) => note(`warning: ${text}`),
    extraction: (block, absentMask, only) => catalogs.extraction(block, absentMask, epochSeconds(), only),
    rules: () => catalogs.atIngest(),
  });
  const quarantine = new Quarantine({
    store,
    pipeline,
    registries,
    enricher: () => createEnricher(pipeline.databases, { internalNetworks: config.internalNetworks }),
    settingsOf: async (source) => (await metadata.sources.get(source))?.records,
    staging: join(config.data, 'staging'),
    now: epochSeconds,
  });
  const lookups = await openLookups({
    store,
    library: metadata.library,
    catalogs,
    folder: join(config.data, 'lookups'),
    limits: { ...LOOKUP_LIMITS, bytes: config.lookupMaxMib * 2 ** 20, cells: config.lookupMaxCells },
  });
  const indicators = await openIndicators({
    store,
    metadata,
    catalogs,
    folder: join(config.data, 'indicators'),
    onError: (error) => note(`warning: what a load of threat indicators left could not be removed: ${String(error)}`),
  });
  await pipeline.matchWith(await buildIndex(await indicators.index()));
  const live = new LiveIndicators({
    read: () => indicators.index(),
    use: (index) => pipeline.matchWith(index),
    onError: (error) => note(`warning: threat indicators could not be read for matching: ${String(error)}`),
  });
  const retro = await RetroHunts.open({
    store,
    metadata,
    backfill,
    internalNetworks: config.internalNetworks,
    allowed: async (feed) => Object.entries(indicators.allowed()).flatMap(([of, values]) => (of === '' || of === feed ? values : [])),
    repairing: () => pipeline.load.repairing,
    inUse: () => live.settled(),
    now: epochSeconds,
    onFound: () => catalogs.knowRetro(retroNumber),
  });
  indicators.onChange(async (applied) => {
    live.changed();
    // A load is told until its hunt is on record.
    if (applied && applied.added + applied.changed > 0) await retro.add({ feed: applied.feed, fresh: applied.revision, known: epochSeconds() });
  });
  await indicators.tell();
  const setAwsRanges = (json: Uint8Array) => {
    const { index, summary } = sharedAwsIndex(json);
    keepAwsRanges(keptRanges, json);
    pipeline.setAwsRanges(index);
    return summary;
  };
  const feedRuns = await FeedRuns.open({
    feeds: metadata.feeds,
    indicators,
    folder: join(config.data, 'feeds'),
    log: pino({ level: config.logLevel, base: null }, pino.destination(2)),
    clock: Date.now,
    proxy: config.proxy || undefined,
    environment: process.env,
    userAgent: `bartizan/${version()}`,
    awsRanges: setAwsRanges,
  });
  const clock = new RetentionClock({ metadata, now: epochSeconds, steady: () => performance.now() / 1000, trust: config.retentionTrustClock });
  // Where nothing is dropped by its age, a folder that was not used for days is nothing to tell of.
  const dropsByAge = [config.retentionDays, config.eventRetentionDays, config.rawRetentionDays].some((days) => days > 0);
  const isHeld = () => dropsByAge && clock.held !== undefined;
  const retain = async () => {
    const before = isHeld();
    const time = await clock.look();
    if (isHeld() && !before) note(`warning: ${NOTICES['clock-ahead']}`);
    await applyRetention(store, { flows: config.retentionDays, events: config.eventRetentionDays, raw: config.rawRetentionDays }, time);
    if (config.retentionDays > 0) await indicators.forget(time - config.retentionDays * 86_400);
    await metadata.forgetRepeated(time);
  };
  await retain();
  return {
    registries,
    setAwsRanges,
    retain,
    get retentionHeld() {
      return isHeld();
    },
    config,
    store,
    metadata,
    catalogs,
    lookups,
    indicators,
    feedRuns,
    indicatorsInUse: () => live.settled(),
    get databases() {
      return databases();
    },
    pipeline,
    trails,
    layouts,
    quarantine,
    retro,
    async close() {
      await retro.close();
      disk.close();
      await layouts.close();
      await feedRuns.close();
      await live.close();
      await indicators.close();
      await pipeline.close();
      await lookups.close();
      await store.close();
      await metadata.close();
    },
  };
}

/** Throws CliError. */
export async function trailKeys({ cloudtrailKeys }: Pick<Config, 'cloudtrailKeys'>): Promise<TrailKeys | undefined> {
  if (cloudtrailKeys === '') return undefined;
  return readTrailKeys(cloudtrailKeys).catch((error: unknown) => {
    throw error instanceof TrailKeysError ? new CliError(error.message, EXIT.wrongUse) : error;
  });
}
