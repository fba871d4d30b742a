/** A real server on a free port over a real store in a temporary folder, and a browser's worth of headers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { type Auth, createAuth } from '../../src/api/auth.ts';
import type { RunEvent } from '../../src/api/contract.ts';
import { DEFAULT_SETTINGS, type ServerDeps, type ServerSettings } from '../../src/api/deps.ts';
import { createServer } from '../../src/api/server.ts';
import { loadDashboards } from '../../src/dashboards/load.ts';
import { loadSearches } from '../../src/dashboards/load-searches.ts';
import { openCatalogs } from '../../src/store/catalog.ts';
import { openLookups } from '../../src/store/lookups.ts';
import { type Metadata, openMetadata } from '../../src/store/metadata.ts';
import type { Store } from '../../src/store/store.ts';
import { openNew } from '../store/new-store.ts';

export const COMMAND_LINE_TOKEN = 'token-of-the-command-line';
/** 2026-03-10 12:34:56 UTC */
export const NOW = 1_773_146_096;

export interface TestServer {
  readonly app: FastifyInstance;
  /** What the server runs on. */
  readonly deps: ServerDeps;
  readonly store: Store;
  readonly metadata: Metadata;
  readonly auth: Auth;
  readonly folder: string;
  /** `http://127.0.0.1:PORT` */
  readonly base: string;
  /** As the command line. */
  call(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  close(): Promise<void>;
}

export async function startServer(options: { deps?: Partial<ServerDeps>; settings?: Partial<ServerSettings> } = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-api-'));
  // One data directory per process: a second server of a test is given the first one's store.
  const store = options.deps?.store ?? (await openNew(join(folder, 'db')));
  const clock = options.deps?.clock ?? (() => NOW * 1000);
  const metadata = await openMetadata(join(folder, 'metadata.db'), () => Math.floor(clock() / 1000));
  const auth = options.deps?.auth ?? createAuth({ secret: new Uint8Array(32).fill(7), token: COMMAND_LINE_TOKEN, clock });
  const catalogs = await openCatalogs(metadata);
  const lookups = options.deps?.lookups ?? (await openLookups({ store, library: metadata.library, catalogs, folder: join(folder, 'lookups') }));
  const deps: ServerDeps = {
    store,
    auth,
    clock,
    dashboards: loadDashboards(join(import.meta.dirname, '../../content/dashboards')),
    searches: loadSearches(join(import.meta.dirname, '../../content/searches')),
    settings: { ...DEFAULT_SETTINGS, version: '1.2.3', ...options.settings },
    logger: pino({ level: 'silent' }),
    webRoot: join(folder, 'web'),
    facts: async () => ({ indicators: 0, quarantined: 0, place: null }),
    absentMask: () => 0n,
    jobsFolder: join(folder, 'jobs'),
    library: metadata.library,
    proofs: metadata.proofs,
    catalogs,
    lookups,
    sources: metadata.sources,
    repeats: (from, to) => metadata.repeats(from, to),
    ...options.deps,
  };
  const app = await createServer(deps);
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(base + path, { ...init, headers: { authorization: `Bearer ${COMMAND_LINE_TOKEN}`, ...init.headers } });
  return {
    app,
    deps,
    store,
    metadata,
    auth,
    folder,
    base,
    call,
    post: (path, body, signal) =>
      call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...(signal ? { signal } : {}) }),
    async close() {
      await app.close();
      await lookups.close();
      if (!options.deps?.store) await store.close();
      await metadata.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Browser {
  readonly session: string;
  readonly csrf: string;
}

/** What a browser holds after it opened a one-time link. */
export async function signIn(server: TestServer): Promise<Browser> {
  const response = await fetch(server.base + server.auth.issueLink());
  const cookies = new Map(response.headers.getSetCookie().map((c) => (c.split(';')[0] ?? '').split('=') as [string, string]));
  return { session: cookies.get('bartizan_session') ?? '', csrf: cookies.get('bartizan_csrf') ?? '' };
}

/** The events of a streamed answer. */
export async function eventsOf(response: Response): Promise<RunEvent[]> {
  return (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
}
