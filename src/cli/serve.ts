/** `bartizan serve`: the server in the foreground. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createAuth } from '../api/auth.ts';
import { DEFAULT_SETTINGS, type ServerDeps } from '../api/deps.ts';
import { createServer } from '../api/server.ts';
import { newToken, removeServerFile, runningServer, sessionSecret, writeServerFile } from '../api/server-file.ts';
import { PathError } from '../collect/files.ts';
import type { Config } from '../config.ts';
import { loadDashboards } from '../dashboards/load.ts';
import { loadSearches } from '../dashboards/load-searches.ts';
import type { Dashboard } from '../dashboards/schema.ts';
import type { IngestLoad, IngestSummary } from '../ingest/ingest.ts';
import { openInterfaceHistory } from '../ingest/interface-history.ts';
import { reasonsOf, vitalsOf } from '../ingest/vitals.ts';
import { version } from '../version.ts';
import { listenForSenders, openCollection, receiveLimits } from './collect.ts';
import { demoNetworks, startDemo } from './demo.ts';
import { trailKeysOf } from './demo-trail.ts';
import { checkLayout, describeSummary } from './ingest.ts';
import { readTls, tlsFiles } from './ingest-tls.ts';
import { onInterrupt } from './interrupt.ts';
import { cannotListen, loopback } from './listen.ts';
import { type CommonOptions, configOf, withAwsRanges, withCommon } from './options.ts';
import { CliError, EXIT, note, print } from './output.ts';
import { progressBar } from './progress.ts';
import { samplesOf } from './samples.ts';
import { startPath } from './start-path.ts';
import { openWorkspace, WAY_OUT, type Workspace } from './workspace.ts';

interface Options extends CommonOptions {
  readonly listen?: string;
  readonly demo?: boolean;
  readonly ingest?: string[];
  readonly layout?: string;
  readonly sourceCategory?: string;
  readonly ingestListen?: string;
}

/** Folders of this package that the server reads. */
const ROOT = new URL('../../', import.meta.url);
/** A link printed at start waits this long for its use. */
const START_LINK_SECONDS = 86_400;
const HOUR = 3600;
const RETENTION_INTERVAL = HOUR * 1000;
/** Finishing may take this long; Kubernetes kills after 30 s. An insert takes seconds at most, unless the engine or the disk has trouble. */
const STOP_MS = 25_000;

export function serveCommand(): Command {
  return withAwsRanges(withCommon(new Command('serve')))
    .description('the server and its page, in the foreground; SIGTERM ends it')
    .option('--listen <host:port>', 'address to listen on (default 127.0.0.1:8620)')
    .option('--ingest-listen <host:port>', 'a second listener with the routes that senders push to, and nothing else')
    .option('--demo', 'living demo data, in a data folder of its own (./data-demo unless --data says otherwise)')
    .option('--ingest <path...>', 'files, folders or globs to read first')
    .option('--layout <names>', 'layout of --ingest files without a header line')
    .option('--source-category <name>', 'source category of --ingest records')
    .action(serve);
}

async function serve(options: Options): Promise<void> {
  checkLayout(options.layout);
  const config = configOf(
    options.demo && options.data === undefined && process.env.BARTIZAN_DATA === undefined ? { ...options, data: './data-demo' } : options,
    {
      ...(options.listen === undefined ? {} : { listen: options.listen }),
      ...(options.ingestListen === undefined ? {} : { ingestListen: options.ingestListen }),
    },
  );
  const { host, port } = loopback(config.listen);
  // Before anything is opened, so that a wrong file is all that is told of.
  const tls = tlsFiles(config);
  if (tls) readTls(tls);
  const running = await runningServer(config.data);
  if (running) throw new CliError(`data-dir-in-use: ${config.data} is in use by the server at ${running.address} (process ${running.pid}). ${WAY_OUT}`);

  const networks = options.demo ? [...config.internalNetworks, ...demoNetworks()] : config.internalNetworks;
  const fileKeys = options.demo ? () => trailKeysOf(config.data) : undefined;
  const workspace = await openWorkspace({ ...config, internalNetworks: networks }, { server: true, fileKeys });
  try {
    for (const warning of workspace.databases.warnings) note(`warning: ${warning}`);
    await serveOpen(workspace, options, host, port);
  } catch (error) {
    throw error instanceof PathError ? new CliError(error.message, EXIT.wrongUse) : error;
  } finally {
    await workspace.close();
  }
}

/** Serves an open data directory until a signal ends it, or what was to be loaded cannot be. */
async function serveOpen(workspace: Workspace, options: Options, host: string, port: number): Promise<void> {
  const { config } = workspace;
  const token = newToken();
  const auth = createAuth({ secret: await sessionSecret(config.data), token, clock: Date.now });
  const stopping = new AbortController();
  const deps = await serverDeps(workspace, auth, options.demo ?? false);
  const collection = await openCollection(workspace, deps.logger);
  const watched = { pipeline: workspace.pipeline, folder: config.data };
  let heard: string | undefined;
  const app = await createServer({
    ...deps,
    collection,
    sources: workspace.metadata.sources,
    layouts: workspace.layouts,
    repeats: (from, to) => workspace.metadata.repeats(from, to),
    listener: () => config.ingestUrl || heard,
    notReady: () => reasonsOf({ ...watched, collection, minFreeBytes: config.diskMinFreeMib * 2 ** 20 }),
    vitals: () => vitalsOf(watched),
    retentionHeld: () => workspace.retentionHeld,
  });
  const retain = () => Promise.all([workspace.retain(), workspace.metadata.forgetOld()]);
  const retention = setInterval(() => void retain().catch((error: unknown) => app.log.error({ err: error }, 'retention failed')), RETENTION_INTERVAL);
  let senders: { app: FastifyInstance; address: string } | undefined;
  let work: Promise<unknown> = Promise.resolve();
  try {
    // Before anybody can reach it: whoever finds it may end it at once.
    const ended = new Promise<void>((resolve) => {
      onInterrupt(
        ['SIGTERM', 'SIGINT'],
        (signal) => {
          note(`${signal}: finishing what is accepted …`);
          stopping.abort();
          resolve();
        },
        { milliseconds: STOP_MS, waitsFor: () => unfinished(workspace.pipeline.load) },
      );
    });
    const address = await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
      throw cannotListen(config.listen, '--listen', error);
    });
    senders = await listenForSenders(config, collection, deps.logger);
    heard = senders?.address ?? address;
    workspace.feedRuns.start();
    await writeServerFile(config.data, { address, pid: process.pid, token });
    await tell(`Bartizan ${version()} is listening on ${address}, data in ${config.data}`);
    if (senders) await tell(`Senders are heard on ${senders.address}`);
    workspace.retro.start();
    work = feed(workspace, options, deps.dashboards, (to) => `${address}${auth.issueLink(START_LINK_SECONDS)}?to=${encodeURIComponent(to)}`, stopping.signal);
    await Promise.race([ended, work.then(() => ended)]);
  } finally {
    stopping.abort();
    clearInterval(retention);
    await removeServerFile(config.data);
    await senders?.app.close();
    await workspace.feedRuns.close();
    await app.close();
    await collection.close();
    await work.catch(() => undefined);
  }
}

/** What a server that was asked to stop still waits for. */
function unfinished({ openBatches, deliveries }: IngestLoad): string {
  const some = (n: number, one: string, more: string) => `${n} ${n === 1 ? one : more}`;
  if (openBatches > 0) return `${some(openBatches, 'batch that is', 'batches that are')} being stored`;
  if (deliveries > 0) return `${some(deliveries, 'delivery that is', 'deliveries that are')} being read`;
  return 'answers and statements that are underway';
}

/** A server outlives the reader of its output. */
function tell(text: string): Promise<void> {
  return print(text).catch(() => undefined);
}

/** Loads what was asked for and prints the link that opens where the data is. */
async function feed(
  workspace: Workspace,
  options: Options,
  dashboards: readonly Dashboard[],
  link: (path: string) => string,
  signal: AbortSignal,
): Promise<unknown> {
  let summary: IngestSummary | undefined;
  let background: Promise<unknown> = Promise.resolve();
  if (options.ingest) {
    const bar = progressBar();
    summary = await workspace.pipeline
      .ingest(options.ingest, {
        signal,
        onProgress: bar.update,
        ...(options.layout === undefined ? {} : { layout: options.layout }),
        ...(options.sourceCategory === undefined ? {} : { sourceCategory: options.sourceCategory }),
      })
      .finally(bar.stop);
    for (const failure of summary.failures) note(`could not read ${failure.path}: ${failure.message}`);
    await tell(describeSummary(summary));
  }
  if (options.demo) {
    const interfaces = openInterfaceHistory(workspace.store, workspace.metadata);
    const demo = await startDemo({ dataDir: workspace.config.data, pipeline: workspace.pipeline, interfaces, threats: workspace, signal, say: note });
    background = demo.finished;
    await tell('Demo data: a synthetic estate, not a real one.');
  }
  if (signal.aborted) return background;
  await tell(`Open the page: ${link(await startPath(workspace.store, summary, dashboards))}`);
  await background;
}

/** What the server needs, from an open data directory. Also serves `bartizan query` in-process. */
export async function serverDeps(workspace: Workspace, auth: ServerDeps['auth'], demo: boolean): Promise<ServerDeps> {
  const { quarantine } = workspace;
  const webRoot = fileURLToPath(new URL('dist/web', ROOT));
  const built = await access(join(webRoot, 'index.html')).then(
    () => true,
    () => false,
  );
  let dashboards: ServerDeps['dashboards'] | undefined;
  let searches: ServerDeps['searches'] | undefined;
  if (!built && process.stderr.isTTY) note('The web page is not built in this copy: "npm start" builds it.');
  return {
    store: workspace.store,
    // Read when they are first asked for: most commands ask for none, and to read them takes longer than to answer a query.
    get dashboards() {
      dashboards ??= loadDashboards(fileURLToPath(new URL('content/dashboards', ROOT)));
      return dashboards;
    },
    get searches() {
      searches ??= loadSearches(fileURLToPath(new URL('content/searches', ROOT)));
      return searches;
    },
    settings: settingsOf(workspace.config, demo),
    auth,
    clock: Date.now,
    logger: pino({ level: workspace.config.logLevel, base: null }, pino.destination(2)),
    webRoot,
    facts: async () => {
      const place = workspace.databases.reports[0];
      return {
        indicators: workspace.indicators.active,
        quarantined: (await quarantine.list({ limit: 1 })).total,
        place: place ? { name: place.name, ageDays: place.ageDays, credit: place.credit, link: place.creditUrl } : null,
      };
    },
    absentMask: () => workspace.metadata.absentMask(),
    missingMask: () => workspace.metadata.missingMask(),
    present: () => workspace.metadata.present(),
    defaultOnly: () => workspace.metadata.defaultOnly(),
    jobsFolder: join(workspace.config.data, 'jobs'),
    library: workspace.metadata.library,
    proofs: workspace.metadata.proofs,
    catalogs: workspace.catalogs,
    lookups: workspace.lookups,
    quarantine,
    retro: workspace.retro,
    trials: samplesOf(workspace),
    ingest: workspace.pipeline,
    threats: { feeds: workspace.metadata.feeds, runs: workspace.feedRuns, indicators: workspace.indicators },
  };
}

function settingsOf(config: Config, demo: boolean): ServerDeps['settings'] {
  return {
    ...DEFAULT_SETTINGS,
    version: version(),
    demo,
    exportMaxRows: config.exportMaxRows,
    exportMaxSeconds: config.exportMaxMinutes * 60,
    jobMaxSeconds: config.jobMaxMinutes * 60,
    jobMaxBytes: config.jobMaxMib * 2 ** 20,
    jobKeepSeconds: config.jobKeepMinutes * 60,
    jobsKept: config.jobsKept,
    jobsAtOnce: config.jobsAtOnce,
    receive: receiveLimits(config),
  };
}
