/** Feeds as the API shows and takes them: settings without secrets, how their runs went, and how right they were. */
import { isAbsolute } from 'node:path';
import { FALCON_CLOUDS, FALCON_FILTER } from '../model/feed.ts';
import { confidenceBand } from '../model/indicator.ts';
import { num, sql, statement } from '../query/sql.ts';
import type { FeedSecrets, Feed as StoredFeed, FeedSettings as StoredSettings } from '../store/feeds.ts';
import type { Store } from '../store/store.ts';
import { type Feed, type FeedChange, type FeedList, type FeedNew, type FeedSettings, type FeedTest, type FeedTested, SECRET } from './contract/feeds.ts';
import type { ServerDeps } from './deps.ts';
import { Problem } from './errors.ts';
import { allow, allowListOf, secondsOf, threatsOf } from './indicators.ts';

const MOST_FEEDS = 200;
const PRECISION_DAYS = 30;
/** How long the count of matches is not made anew. */
const PRECISION_MS = 60_000;
/** Where kinds with one place are, if nobody says otherwise. */
const PLACES: Readonly<Partial<Record<FeedNew['kind'], string | undefined>>> = {
  otx: 'https://otx.alienvault.com',
  crowdstrike: FALCON_CLOUDS['us-1'],
  'aws-ranges': 'https://ip-ranges.amazonaws.com/ip-ranges.json',
};

/** With the state of each and how right it was; secrets are left out. Throws Problem `not-available`. */
export async function listFeeds(deps: ServerDeps): Promise<FeedList> {
  const { feeds } = threatsOf(deps);
  const known = await knownOf(deps);
  return { feeds: await Promise.all((await feeds.list()).map((feed) => shown(deps, feed, known))), precisionDays: PRECISION_DAYS };
}

/** Throws Problem `not-found`. */
export async function getFeed(deps: ServerDeps, name: string): Promise<Feed> {
  return shown(deps, await existing(deps, name), await knownOf(deps));
}

/** Throws Problem and LibraryError. */
export async function createFeed(deps: ServerDeps, { name, kind, settings, enabled, allowList }: FeedNew, asker: Asker): Promise<Feed> {
  const { feeds, runs } = threatsOf(deps);
  if ((await feeds.list()).length >= MOST_FEEDS) throw new Problem('library-full', `There are ${MOST_FEEDS} feeds already.`);
  checkPath(settings, undefined, asker);
  const read = readSettings(kind, settings, undefined, {});
  await feeds.create({ name, kind, enabled, ...read });
  if (allowList.length > 0) {
    try {
      await allow(deps, name, allowList);
    } catch (error) {
      await feeds.remove(name);
      throw error;
    }
  }
  runs.wake();
  return getFeed(deps, name);
}

/** Throws Problem and LibraryError. */
export async function changeFeed(deps: ServerDeps, name: string, { settings, enabled, allowList, revision }: FeedChange, asker: Asker): Promise<Feed> {
  const { feeds, runs } = threatsOf(deps);
  const old = await existing(deps, name);
  if (settings) checkPath(settings, old.settings, asker);
  const read = settings ? readSettings(old.kind, settings, old.settings, await feeds.secrets(old.name)) : {};
  if (settings || enabled !== undefined || revision !== undefined)
    await feeds.update(old.name, { ...read, ...(enabled === undefined ? {} : { enabled }), ...(revision === undefined ? {} : { revision }) });
  if (allowList) await allow(deps, old.name, allowList);
  runs.wake();
  return getFeed(deps, old.name);
}

/** With its indicators: flows that they matched keep what they say. Throws Problem `not-found`. */
export async function removeFeed(deps: ServerDeps, name: string): Promise<void> {
  const { feeds, runs, indicators } = threatsOf(deps);
  const feed = await existing(deps, name);
  // No run begins any more, and none is under way, when its indicators go.
  await feeds.update(feed.name, { enabled: false });
  await runs.end(feed.name);
  await indicators.removeFeed(feed.name, secondsOf(deps));
  await feeds.remove(feed.name);
  // But for one that somebody asked for meanwhile: what it brings would be nobody's.
  if (!runs.progress(feed.name)) return;
  await runs.end(feed.name);
  await indicators.removeFeed(feed.name, secondsOf(deps));
}

/** `wait`: answers when it has run. Throws Problem `not-found`. */
export async function runFeed(deps: ServerDeps, name: string, wait: boolean): Promise<{ started: boolean }> {
  const { runs } = threatsOf(deps);
  const feed = await existing(deps, name);
  if (feed.kind === 'import') throw new Problem('invalid-request', `“${feed.name}” is imported: there is nothing to fetch.`);
  const started = runs.progress(feed.name) === undefined;
  const done = runs.run(feed.name);
  // One that runs already is as good.
  if (wait) await done.then((mine) => (mine ? undefined : runs.settled(feed.name)));
  else done.catch((error: unknown) => deps.logger.error({ err: error, feed: feed.name }, 'a feed could not be run'));
  return { started };
}

/** Throws Problem. */
export async function testFeed(deps: ServerDeps, { kind, settings, name }: FeedTest, asker: Asker, signal: AbortSignal): Promise<FeedTested> {
  const { feeds, runs } = threatsOf(deps);
  if (kind === 'import') throw new Problem('invalid-request', 'What is imported is not fetched.');
  const kept = name === undefined ? undefined : await existing(deps, name);
  checkPath(settings, kept?.settings, asker);
  const read = readSettings(kind, settings, kept?.settings, kept ? await feeds.secrets(kept.name) : {});
  const { error, bytes, partial, summary, samples, byType } = await runs.test({ kind, ...read }, signal);
  return {
    ok: error === undefined && summary.problemCount <= summary.indicators,
    error: error ? { code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) } : null,
    format: summary.format ?? null,
    bytes,
    entries: summary.entries,
    byType: [...byType].map(([type, count]) => ({ type, count })),
    problemCount: summary.problemCount,
    problems: [...summary.problems],
    skipped: [...summary.skipped].map(([reason, count]) => ({ reason, count })),
    samples: samples.map((sample) => ({
      ...sample,
      actors: [...sample.actors],
      malware: [...sample.malware],
      killChain: [...sample.killChain],
      labels: [...sample.labels],
      band: confidenceBand(sample.confidence),
    })),
    partial,
  };
}

async function existing(deps: ServerDeps, name: string): Promise<StoredFeed> {
  const feed = await threatsOf(deps).feeds.get(name);
  if (!feed) throw new Problem('not-found', `There is no feed “${name}”.`);
  return feed;
}

/** Who asks: files of this machine are named by the command line, which reads them anyway, and by no browser. */
export interface Asker {
  readonly commandLine: boolean;
}

/** Throws Problem for a path that a browser names and nobody else has. */
function checkPath({ path }: FeedSettings, before: StoredSettings | undefined, { commandLine }: Asker): void {
  if (path === undefined || path === before?.path || commandLine) return;
  throw new Problem('not-signed-in', 'A feed from a file of this machine is set up by the command line.', {
    hint: 'bartizan ioc feeds add file NAME --path FILE, or import the file here.',
  });
}

/** Settings as they are kept, and what of them is secret. Throws Problem. */
function readSettings(
  kind: FeedNew['kind'],
  given: FeedSettings,
  before: StoredSettings | undefined,
  kept: FeedSecrets,
): { settings: StoredSettings; secrets: FeedSecrets } {
  const { auth, proxy, url: written, filter: asked, ...rest } = given;
  const url = written || PLACES[kind];
  const filter = kind === 'crowdstrike' ? asked || FALCON_FILTER : asked;
  const wrong =
    wrongPlace(kind, { ...rest, url }) ?? wrongAsking(kind, auth.kind, filter) ?? (proxy && proxy !== SECRET ? wrongAddress('proxy', proxy, true) : undefined);
  if (wrong) throw new Problem('invalid-request', wrong);
  const { secret, ...open } = auth.kind === 'none' ? { kind: auth.kind, secret: '' } : auth;
  // A secret that is kept goes to the server that it was entered for, and to no other.
  const same = before === undefined || originOf(before.url) === originOf(url);
  const stays = secret === undefined || secret === SECRET;
  if (stays && auth.kind !== 'none' && kept.secret && !same)
    throw new Problem('invalid-request', 'settings.auth.secret: the address is that of another server: enter the secret again.');
  return {
    settings: { ...rest, ...(filter ? { filter } : {}), ...(url && kind !== 'file' && kind !== 'import' ? { url } : {}), auth: open },
    secrets: { secret: stays ? kept.secret : secret, proxy: proxy === undefined || proxy === SECRET ? kept.proxy : proxy },
  };
}

function wrongPlace(kind: FeedNew['kind'], { url, path }: Pick<FeedSettings, 'url' | 'path'>): string | undefined {
  if (kind === 'import') return url || path ? 'settings: what is imported has neither an address nor a path.' : undefined;
  if (kind === 'file') return path && isAbsolute(path) ? undefined : 'settings.path: write the whole path of the file, such as /srv/feeds/list.txt.';
  if (path) return 'settings.path: only a feed of the kind “file” has one.';
  return url ? wrongAddress('url', url, false) : 'settings.url: the address is missing.';
}

function wrongAsking(kind: FeedNew['kind'], auth: FeedSettings['auth']['kind'], filter: string | undefined): string | undefined {
  if (kind === 'crowdstrike')
    return auth === 'oauth2' ? undefined : 'settings.auth.kind: the API of CrowdStrike is asked with “oauth2”: the id and the secret of an API client.';
  if (auth === 'oauth2') return 'settings.auth.kind: only a feed of the kind “crowdstrike” signs in with “oauth2”.';
  return filter ? 'settings.filter: only a feed of the kind “crowdstrike” has one.' : undefined;
}

function wrongAddress(name: string, text: string, withPassword: boolean): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return `settings.${name}: write an address that begins with https:// or http://.`;
  return url.username !== '' && !withPassword ? `settings.${name}: no name and password in the address: they have settings of their own.` : undefined;
}

function originOf(url: string | undefined): string {
  return URL.parse(url ?? '')?.origin ?? '';
}

/** What is known of all feeds together. */
interface Known {
  readonly active: ReadonlyMap<string, number>;
  readonly precision: ReadonlyMap<string, Feed['precision']>;
}

async function knownOf(deps: ServerDeps): Promise<Known> {
  const [stats, precision] = await Promise.all([threatsOf(deps).indicators.stats(), precisionOf(deps)]);
  return { active: new Map(stats.map(({ feed, active }) => [feed, active])), precision };
}

const NO_MATCHES = { accepted: 0, refused: 0 };

const counted = new WeakMap<Store, { readonly at: number; readonly counts: Promise<Known['precision']> }>();

function precisionOf(deps: ServerDeps): Promise<Known['precision']> {
  const known = counted.get(deps.store);
  if (known && Math.abs(deps.clock() - known.at) < PRECISION_MS) return known.counts;
  const counts = countMatches(deps.store, secondsOf(deps));
  counted.set(deps.store, { at: deps.clock(), counts });
  counts.catch(() => counted.delete(deps.store));
  return counts;
}

const FEED_OF = sql`dictGet('bartizan.indicator_by_number', 'feed', number) AS feed`;

/** Flows of some days by the feed of what they matched, and by what was decided of them. */
async function countMatches(store: Store, now: number): Promise<Known['precision']> {
  const stored = statement(sql`
      SELECT ${FEED_OF}, sumIf(flows, action = 'ACCEPT'), sumIf(flows, action = 'REJECT')
      FROM (
        SELECT arrayJoin(arrayDistinct(arrayFilter(x -> x != 0, [src_indicator, dst_indicator]))) AS number, action, count() AS flows
        FROM bartizan.vpc_flow WHERE start >= toDateTime(${num(now - PRECISION_DAYS * 86_400)}, 'UTC') AND (src_indicator != 0 OR dst_indicator != 0)
        GROUP BY number, action
      ) GROUP BY feed`);
  // A feed may name an address twice, alone and in a block: its flows of a day count once.
  const found = statement(sql`
      SELECT feed, sum(a), sum(r) FROM (
        SELECT ${FEED_OF}, max(accepted) AS a, max(refused) AS r
        FROM (SELECT indicator AS number, address, day, accepted, refused FROM bartizan.retro_match FINAL
          WHERE dataset = 'vpc_flow' AND last >= toDateTime(${num(now - PRECISION_DAYS * 86_400)}, 'UTC'))
        GROUP BY feed, address, day
      ) GROUP BY feed`);
  const [matches, later] = (await Promise.all([stored, found].map((asked) => store.rows(asked, { lane: 'interactive' })))).map(
    ({ rows }) => new Map(rows.map(([feed, accepted, refused]) => [String(feed), { accepted: Number(accepted), refused: Number(refused) }])),
  );
  const of = (counts: typeof matches, feed: string) => counts?.get(feed) ?? NO_MATCHES;
  const feeds = new Set([...(matches?.keys() ?? []), ...(later?.keys() ?? [])]);
  return new Map([...feeds].map((feed) => [feed, { ...of(matches, feed), later: of(later, feed) }]));
}

async function shown(deps: ServerDeps, feed: StoredFeed, known: Known): Promise<Feed> {
  const { feeds, runs } = threatsOf(deps);
  const { cursor: _, notBefore: __, problems, skipped, ...state } = await feeds.state(feed.name);
  const progress = runs.progress(feed.name) ?? null;
  const { auth, ...settings } = feed.settings;
  return {
    name: feed.name,
    kind: feed.kind,
    settings: {
      ...settings,
      mapping: settings.mapping as FeedSettings['mapping'],
      defaults: { ...settings.defaults, labels: [...settings.defaults.labels] },
      auth: { ...auth, ...(feed.has.secret && auth.kind !== 'none' ? { secret: SECRET } : {}) } as FeedSettings['auth'],
      ...(feed.has.proxy ? { proxy: SECRET } : {}),
    },
    enabled: feed.enabled,
    allowList: allowListOf(deps, feed.name),
    created: feed.created,
    updated: feed.updated,
    revision: feed.revision,
    state: {
      ...state,
      state: progress ? 'running' : state.error ? 'trouble' : feed.enabled ? (state.lastTry === null ? 'waiting' : 'ok') : 'disabled',
      nextTry: (await runs.nextRun(feed)) ?? null,
      problems: [...problems],
      skipped: [...skipped],
      progress: progress && { ...progress },
    },
    indicators: known.active.get(feed.name) ?? 0,
    precision: known.precision.get(feed.name) ?? { ...NO_MATCHES, later: NO_MATCHES },
  };
}
