/** What the server needs from the rest of Bartizan. The composition root gives it; tests give real ones. */

import type { FastifyBaseLogger } from 'fastify';
import type { ReadySearch } from '../dashboards/saved-search.ts';
import type { Dashboard } from '../dashboards/schema.ts';
import type { Collection } from '../ingest/collection.ts';
import type { FeedRuns } from '../ingest/feeds.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { LayoutMemory } from '../ingest/layout-memory.ts';
import type { RetroHunts } from '../ingest/retro-hunts.ts';
import type { Samples } from '../ingest/samples.ts';
import type { Reason, Vitals } from '../ingest/vitals.ts';
import type { Dataset } from '../model/log-formats.ts';
import type { Catalogs } from '../store/catalog.ts';
import type { Feeds } from '../store/feeds.ts';
import type { Indicators } from '../store/indicators.ts';
import type { Library } from '../store/library.ts';
import type { Lookups } from '../store/lookups.ts';
import type { Metadata } from '../store/metadata.ts';
import type { Sources } from '../store/sources.ts';
import type { Store } from '../store/store.ts';
import type { Auth } from './auth.ts';
import type { QuarantinedRecord, QuarantineRequest, QuarantineResponse, RetryResponse, StatusResponse } from './contract.ts';
import { DEFAULT_RECEIVE_LIMITS, type ReceiveLimits } from './receive/guard.ts';

/** What only the metadata database and the databases of places know. */
export type Facts = Pick<StatusResponse, 'indicators' | 'quarantined' | 'place'>;

/** Records that could not be read, as the API shows them. */
export interface Quarantine {
  list(request: QuarantineRequest): Promise<QuarantineResponse>;
  get(id: string): Promise<QuarantinedRecord | undefined>;
  /** Re-reads with today's code; all unresolved ones when `ids` is absent. */
  retry(ids: readonly string[] | undefined): Promise<RetryResponse>;
}

/** Feeds of threat indicators, their runs, and what they brought. */
export interface Threats {
  readonly feeds: Feeds;
  readonly runs: FeedRuns;
  readonly indicators: Indicators;
}

/** Tries statements on samples of records that are stored nowhere. */
export type Trials = Pick<Samples, 'run'>;

export interface ServerSettings {
  readonly version: string;
  readonly demo: boolean;
  /** Host names beside loopback that the server answers to. */
  readonly allowedHosts: readonly string[];
  /** Requests a minute and address to the API. */
  readonly requestsPerMinute: number;
  /** Panels computed at the same time in one run. */
  readonly panelConcurrency: number;
  /** Rows of a window up to which its columns are copied to memory for a run. */
  readonly copyRows: number;
  /** Rows that a table panel may answer with. */
  readonly panelRows: number;
  /** Points that any other panel may answer with. */
  readonly panelPoints: number;
  /** Rows of an export; 0 sets no limit. */
  readonly exportMaxRows: number;
  readonly exportMaxSeconds: number;
  /** Of an export or job whose columns data makes (`transpose`): its rows are in memory together. */
  readonly heldRows: number;
  readonly heldBytes: number;
  readonly jobMaxSeconds: number;
  /** Of a job's file of rows. */
  readonly jobMaxBytes: number;
  /** How long the rows of a job stay after it ended. */
  readonly jobKeepSeconds: number;
  /** Jobs that wait, run or are kept. */
  readonly jobsKept: number;
  readonly jobsAtOnce: number;
  /** Limits of what is pushed. */
  readonly receive: ReceiveLimits;
}

export const DEFAULT_SETTINGS: ServerSettings = {
  version: '0.0.0',
  demo: false,
  allowedHosts: [],
  requestsPerMinute: 1200,
  panelConcurrency: 4,
  copyRows: 5_000_000,
  panelRows: 2_000,
  panelPoints: 20_000,
  exportMaxRows: 0,
  exportMaxSeconds: 6 * 3600,
  heldRows: 50_000,
  heldBytes: 128 * 2 ** 20,
  jobMaxSeconds: 3600,
  jobMaxBytes: 2 ** 30,
  jobKeepSeconds: 3600,
  jobsKept: 20,
  jobsAtOnce: 1,
  receive: DEFAULT_RECEIVE_LIMITS,
};

export interface ServerDeps {
  readonly store: Store;
  /** Dashboards and searches that ship with the product. */
  readonly dashboards: readonly Dashboard[];
  readonly searches: readonly ReadySearch[];
  readonly settings: ServerSettings;
  readonly auth: Auth;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly logger: FastifyBaseLogger;
  /** Folder of the built page. */
  readonly webRoot: string;
  readonly facts: () => Promise<Facts>;
  /** OR of the `absent` masks of all stored records. */
  readonly absentMask: () => bigint;
  /** AND of them: fields that no record has. None is known to be when absent. */
  readonly missingMask?: () => bigint;
  /** Main datasets that hold records; flows of VPCs when absent. */
  readonly present?: () => readonly Dataset[];
  /** Whether all stored flows are in the default layout and their texts their values joined by spaces; they are not when absent. */
  readonly defaultOnly?: () => boolean;
  /** Reasons why the server can't serve yet; empty when ready. */
  readonly notReady?: () => Promise<readonly Reason[]>;
  /** The clock is ahead, and retention does not follow it yet. */
  readonly retentionHeld?: () => boolean;
  readonly vitals?: () => Promise<Vitals>;
  /** Folder of the rows of query jobs: the server's own, emptied when it starts. */
  readonly jobsFolder: string;
  readonly library: Library;
  readonly catalogs: Catalogs;
  readonly lookups: Lookups;
  readonly quarantine?: Quarantine;
  readonly trials?: Trials;
  readonly ingest?: Ingest;
  /** What collects while the server runs. */
  readonly collection?: Collection;
  readonly sources?: Sources;
  readonly layouts?: LayoutMemory;
  /** Hunts in what is stored for what became known later. */
  readonly retro?: RetroHunts;
  readonly threats?: Threats;
  /** What CloudTrail's digests have proven. */
  readonly proofs?: Metadata['proofs'];
  /** Deliveries that were stored already when they came. */
  readonly repeats?: Metadata['repeats'];
  /** Address at which senders reach this server; undefined before it listens. */
  readonly listener?: () => string | undefined;
}
