/**
 * Feeds the demo: writes the estate's log files and hands them to the ordinary pipeline, four days of
 * history first and then each minute when it is over. What has been written is decided before it is
 * written (a plan in DATA/demo/state.json), so a restart after a crash writes the very same files and
 * the ledger knows those that were stored.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { addAdministrator } from '../api/administrators.ts';
import type { InterfaceHistory, Snapshot } from '../collect/ec2/history.ts';
import { createDemo, type Demo, type DemoFile } from '../demo/demo.ts';
import { internalNetworks } from '../demo/estate.ts';
import { createDemoEvents, type DemoEvents } from '../demo/events.ts';
import { demoInterfaces } from '../demo/interfaces.ts';
import { demoIndicators } from '../demo/threats.ts';
import { newSummary } from '../ingest/feed-reading.ts';
import { succeeded } from '../ingest/feed-state.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { DEFAULT_FEED_DEFAULTS } from '../model/feed.ts';
import { saidBy } from '../model/wording.ts';
import { loadActivity, loadAdministrators, loadEstate } from './demo-estate.ts';
import { type DemoTrailKey, openDemoTrail, openTrailKey } from './demo-trail.ts';
import type { Workspace } from './workspace.ts';

export interface DemoOptions {
  /** The data directory; files go to its folder `demo`. */
  readonly dataDir: string;
  /** Another seed is another estate; a data directory keeps the one that it began with. */
  readonly seed: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Stores the files of one kind of logs, exactly once each. */
  readonly ingest: (paths: readonly string[], category: string) => Promise<unknown>;
  /** Minutes of history at the first start. */
  readonly historyMinutes?: number;
  /** Signs digests of its events; there are none without it. */
  readonly trailKey?: DemoTrailKey;
}

interface Logs {
  readonly flows: Demo;
  readonly events: DemoEvents;
}

export interface DemoFeed {
  /** Writes and stores all whole minutes until now, the newest hours first; `onStored` follows each part. Says how many minutes there were. Stops early, cleanly, at the signal. */
  catchUp(signal?: AbortSignal, onStored?: () => void): Promise<number>;
}

/** Comparison panels look three days back from a window of up to a day. */
const HISTORY_MINUTES = (4 * 24 + 6) * 60;
/** History that goes to the pipeline at once, in minutes; the newest part is small, so that there is soon something to look at. */
const FIRST_SLICE_MINUTES = 2 * 60;
const SLICE_MINUTES = 8 * 60;
const DEMO_SEED = 1;
/** Source categories of demo records. */
const FLOW_CATEGORY = 'demo/vpc-flow';
const EVENT_CATEGORY = 'demo/cloudtrail';
const DEMO_FEED = 'demo';
/** Days whose files stay on disk; older ones can be written again at any time. */
const KEEP_DAYS = 6;
const DAY_MS = 86_400_000;

const StateSchema = z.strictObject({
  seed: z.number().int(),
  /** Minutes since the epoch: all before it are stored. */
  done: z.number().int(),
  /** Minutes up to here may be partly stored, in the files that `units` says. */
  target: z.number().int(),
});
type State = z.infer<typeof StateSchema>;

/** Files of one piece of time. */
interface Unit {
  readonly from: number;
  readonly to: number;
}

/** Whole hours where possible, single minutes elsewhere: the same limits always give the same pieces. */
export function units(from: number, to: number): Unit[] {
  const pieces: Unit[] = [];
  for (let at = from; at < to; ) {
    const next = at % 60 === 0 && at + 60 <= to ? at + 60 : at + 1;
    pieces.push({ from: at, to: next });
    at = next;
  }
  return pieces;
}

/** Opens the feed of a data directory. Throws Error when its state or the estate cannot be read. */
export function openDemo(options: DemoOptions): DemoFeed {
  const folder = join(options.dataDir, 'demo');
  const stateFile = join(folder, 'state.json');
  mkdirSync(folder, { recursive: true });
  const stored = existsSync(stateFile) ? StateSchema.parse(JSON.parse(readFileSync(stateFile, 'utf8'))) : undefined;
  const historyMinutes = options.historyMinutes ?? HISTORY_MINUTES;
  const minuteNow = () => Math.floor(options.now() / 60_000);
  /** Whole hours, so that history is few files. */
  const historyStart = (now: number) => Math.floor((now - historyMinutes) / 60) * 60;
  const first = historyStart(minuteNow());
  let state: State = stored ?? { seed: options.seed, done: first, target: first };
  const estate = loadEstate();
  const logs: Logs = { flows: createDemo(estate, state.seed), events: createDemoEvents(estate, loadActivity(), state.seed) };
  // Of log files that an older version wrote it is not known whether they are still there.
  const trail = options.trailKey && openDemoTrail(options.dataDir, logs.events, options.trailKey, state.done);
  const save = (next: State) => {
    const unfinished = `${stateFile}.new`;
    writeFileSync(unfinished, `${JSON.stringify(next)}\n`);
    renameSync(unfinished, stateFile);
    state = next;
  };

  const store = async (flows: readonly string[], events: readonly string[]): Promise<void> => {
    await options.ingest(flows, FLOW_CATEGORY);
    // Most minutes end no file of events.
    if (events.length > 0) await options.ingest(events, EVENT_CATEGORY);
  };

  /** From done to target; true when all of it is stored. */
  const finishPlan = async (signal: AbortSignal | undefined, onStored: () => void): Promise<boolean> => {
    let storing: Promise<unknown> = Promise.resolve();
    // Newest first: the page's default window fills at once.
    for (const slice of slices(units(state.done, state.target))) {
      const flows: string[] = [];
      const events: string[] = [];
      for (const { from, to } of slice) {
        if (signal?.aborted) break;
        flows.push(...(await writeFiles(folder, logs.flows.files(from, to))));
        events.push(...(await writeFiles(folder, logs.events.files(from, to))));
      }
      await storing;
      if (signal?.aborted) return false;
      // Files of the next slice are written while these are stored; a failure is thrown at the next await.
      storing = store(flows, events).then(onStored);
      storing.catch(() => {});
    }
    await storing;
    if (signal?.aborted) return false;
    save({ ...state, done: state.target });
    return true;
  };

  const storeDigests = async (files: readonly DemoFile[]): Promise<void> => {
    const paths = await Promise.all(files.map(({ name, text }) => writeText(join(folder, name), text)));
    const digests = paths.filter((path) => path.endsWith('.gz'));
    await options.ingest(digests, EVENT_CATEGORY);
  };

  return {
    async catchUp(signal, onStored = () => {}) {
      const before = state.done;
      if (state.target > state.done && !(await finishPlan(signal, onStored))) return 0;
      const target = minuteNow();
      // After a long pause only the days that comparison panels need are written.
      const done = Math.max(state.done, Math.min(historyStart(target), target));
      if (done > state.done) trail?.restart(done);
      if (target > done) {
        save({ ...state, done, target });
        if (!(await finishPlan(signal, onStored))) return 0;
        await trail?.catchUp(state.done, storeDigests);
        prune([logs.flows, logs.events, ...(trail ? [trail] : [])], folder, options.now());
      }
      return state.done - before;
    },
  };
}

export interface DemoStart {
  readonly dataDir: string;
  readonly pipeline: Pick<Ingest, 'ingest'>;
  /** Takes what is known of the estate's interfaces. */
  readonly interfaces: InterfaceHistory;
  /** Take the demo's threat feed; records are matched with it from the first one on. */
  readonly threats: Pick<Workspace, 'indicators' | 'indicatorsInUse' | 'metadata' | 'catalogs'>;
  readonly signal: AbortSignal;
  /** Tells the person at the terminal. */
  readonly say: (text: string) => void;
  /** Epoch milliseconds; the clock when absent. */
  readonly now?: () => number;
  readonly historyMinutes?: number;
}

/** The demo's threat feed, as if its file had been imported, and the first time its administrators: who takes one off the list is not contradicted. */
async function loadFeed({ indicators, indicatorsInUse, metadata: { feeds, library }, catalogs }: DemoStart['threats'], at: number): Promise<void> {
  if (!(await feeds.get(DEMO_FEED))) {
    for (const { entry, note } of loadAdministrators()) await addAdministrator({ library, catalogs }, { entry, note });
    const settings = { format: 'auto', everyMinutes: 0, auth: { kind: 'none' }, defaults: DEFAULT_FEED_DEFAULTS, maxMib: 1 } as const;
    await feeds.create({ name: DEMO_FEED, kind: 'import', settings, enabled: true, secrets: {} });
  }
  const { added, changed, expired, unchanged } = await indicators.apply(DEMO_FEED, demoIndicators(loadEstate(), DEMO_SEED), { at, complete: true });
  const counts = { added, changed, expired, unchanged };
  await feeds.saveState(DEMO_FEED, succeeded(await feeds.state(DEMO_FEED), at, counts, newSummary()));
  await indicatorsInUse();
}

/**
 * Starts the demo. Resolves when there is something to look at; the rest of the history and each new
 * minute follow in the background until the signal. A failed round is told and tried again a minute
 * later. Wait for `finished` before the pipeline is closed.
 */
export async function startDemo({
  dataDir,
  pipeline,
  interfaces,
  threats,
  signal,
  say,
  now = Date.now,
  historyMinutes,
}: DemoStart): Promise<{ readonly finished: Promise<void> }> {
  const ingest = async (paths: readonly string[], sourceCategory: string) => {
    const { failures } = await pipeline.ingest(paths, { sourceCategory, signal });
    if (failures[0]) throw new Error(`${failures[0].path}: ${failures[0].message}`);
  };
  const trailKey = openTrailKey(dataDir);
  const feed = openDemo({ dataDir, seed: DEMO_SEED, now, ingest, trailKey, ...(historyMinutes === undefined ? {} : { historyMinutes }) });
  for (const snapshot of demoSnapshots(now() / 1000 - (historyMinutes ?? HISTORY_MINUTES) * 60)) await interfaces.take(snapshot);
  await loadFeed(threats, Math.floor(now() / 1000));
  const shown = Promise.withResolvers<void>();
  const run = async () => {
    while (!signal.aborted) {
      await feed.catchUp(signal, shown.resolve).catch((error: unknown) => say(`demo: ${saidBy(error)}`));
      shown.resolve();
      // A second after the minute, so that it is over.
      await wait(61_000 - (now() % 60_000), undefined, { signal }).catch(() => {});
    }
    shown.resolve();
  };
  const finished = run();
  await shown.promise;
  return { finished };
}

/** The estate's interfaces as a lookup finds them that first asked an hour before `since` (epoch seconds), before all records. */
function demoSnapshots(since: number): Snapshot[] {
  const at = Math.floor(since) - 3600;
  return demoInterfaces(loadEstate(), DEMO_SEED).map(({ account, region, interfaces }) => ({
    scope: `demo ${account}`,
    region,
    at,
    interfaces: interfaces.map((facts) => ({ facts, attached: undefined, named: true })),
  }));
}

/** Networks that a demo's server must count as internal beside the operator's own. */
export function demoNetworks(): string[] {
  return internalNetworks(loadEstate());
}

/** From the newest to the oldest, each in the order of time. */
function slices(all: readonly Unit[]): Unit[][] {
  const out: Unit[][] = [];
  for (const unit of all.toReversed()) {
    const current = out.at(-1);
    const limit = out.length === 1 ? FIRST_SLICE_MINUTES : SLICE_MINUTES;
    if (current && current.at(-1)!.to - unit.from <= limit) current.unshift(unit);
    else out.push([unit]);
  }
  return out;
}

const compress = promisify(gzip);

/** Level 1: history is written while somebody waits for it. */
async function writeFiles(folder: string, files: readonly DemoFile[]): Promise<string[]> {
  return Promise.all(files.map(({ name, text }) => writeText(join(folder, `${name}.gz`), text)));
}

/** Gzip where its name says so. */
async function writeText(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, path.endsWith('.gz') ? await compress(text, { level: 1 }) : text);
  return path;
}

/** Removes the folders of days before those that are kept, a week back: older ones went before. */
function prune(logs: readonly Pick<Demo, 'folders'>[], folder: string, now: number): void {
  for (let days = KEEP_DAYS; days < KEEP_DAYS + 7; days++) {
    const minute = Math.floor((now - days * DAY_MS) / 60_000);
    for (const path of logs.flatMap((of) => of.folders(minute))) rmSync(join(folder, path), { recursive: true, force: true });
  }
}
