/** Threat indicators as the API shows them, what people hand over, and the values that never match. */

import { FeedError } from '../collect/feeds/problems.ts';
import { DEFAULT_FEED_DEFAULTS } from '../model/feed.ts';
import { CONFIDENCE_BANDS, confidenceBand, INDICATOR_TYPES, isValidAt } from '../model/indicator.ts';
import { inPlaceOf, wrongPlaces } from '../model/wrong-value.ts';
import type { StoredIndicator as Stored } from '../store/indicator-reader.ts';
import { IndicatorError } from '../store/indicators.ts';
import {
  ColumnMapping,
  type FeedSettings,
  type Imported,
  type ImportQuery,
  type IndicatorList,
  type IndicatorQuery,
  type IndicatorStats,
  type StoredIndicator,
} from './contract/feeds.ts';
import type { ServerDeps, Threats } from './deps.ts';
import { Problem } from './errors.ts';

/** Of an uploaded file, packed and unpacked. */
export const IMPORT_BYTES = 2 ** 30;

/** Throws Problem where this server has no feeds. */
export function threatsOf({ threats }: ServerDeps): Threats {
  if (!threats) throw new Problem('not-available', 'This server takes no feeds of indicators.');
  return threats;
}

/** A page of indicators; `next` is the cursor of the one after it, null on the last. Throws Problem. */
export async function listIndicators(deps: ServerDeps, query: IndicatorQuery): Promise<IndicatorList> {
  const { indicators, total, next } = await threatsOf(deps).indicators.list(query);
  const now = secondsOf(deps);
  return { indicators: indicators.map((indicator) => shown(indicator, now)), total, next: next ?? null };
}

/** Throws Problem `not-found`. */
export async function getIndicator(deps: ServerDeps, number: string): Promise<StoredIndicator> {
  const found = await threatsOf(deps).indicators.get(number);
  if (!found) throw new Problem('not-found', 'There is no such indicator.');
  return shown(found, secondsOf(deps));
}

/** Counts of what holds, of all feeds together and of each. Throws Problem `not-available`. */
export async function indicatorStats(deps: ServerDeps): Promise<IndicatorStats> {
  const feeds = await threatsOf(deps).indicators.stats();
  const sum = <K extends string>(keys: readonly K[], of: (feed: (typeof feeds)[number]) => Readonly<Partial<Record<K, number>>>) =>
    keys.map((key) => [key, feeds.reduce((count, feed) => count + (of(feed)[key] ?? 0), 0)] as const);
  const types = (counts: readonly (readonly [(typeof INDICATOR_TYPES)[number], number])[]) =>
    counts.filter(([, count]) => count > 0).map(([type, count]) => ({ type, count }));
  return {
    total: feeds.reduce((count, feed) => count + feed.active, 0),
    byType: types(sum(INDICATOR_TYPES, (feed) => feed.byType)),
    byBand: sum(CONFIDENCE_BANDS, (feed) => feed.byBand).map(([band, count]) => ({ band, count })),
    feeds: feeds.map(({ byType, byBand, ...feed }) => ({
      ...feed,
      byType: types(INDICATOR_TYPES.map((type) => [type, byType[type] ?? 0] as const)),
      byBand: CONFIDENCE_BANDS.map((band) => ({ band, count: byBand[band] })),
    })),
  };
}

/** Reads a file to its end and stores what of it can be read. Throws Problem, LibraryError. */
export async function importIndicators(deps: ServerDeps, body: AsyncIterable<Uint8Array>, query: ImportQuery): Promise<Imported> {
  const { feeds, runs } = threatsOf(deps);
  const mapping = mappingOf(query.mapping);
  const { confidence, validDays, threatType } = query;
  const given = {
    ...(confidence === undefined ? {} : { confidence }),
    ...(validDays === undefined ? {} : { validDays }),
    ...(threatType === undefined ? {} : { threatType }),
  };
  let feed = await feeds.get(query.feed);
  if (feed && feed.kind !== 'import')
    throw new Problem('invalid-request', `“${feed.name}” is fetched: what is imported would be dropped at its next run.`, {
      hint: 'Import into a feed of another name.',
    });
  const defaults = { ...DEFAULT_FEED_DEFAULTS, ...feed?.settings.defaults, ...given };
  const isNew = !feed;
  feed ??= await feeds.create({
    name: query.feed,
    kind: 'import',
    settings: { format: query.format, everyMinutes: 0, auth: { kind: 'none' }, defaults, maxMib: IMPORT_BYTES / 2 ** 20 },
    enabled: true,
    secrets: {},
  });
  const { name } = feed;
  try {
    const options = { feed: name, format: query.format, mapping, defaults, replace: query.replace, maxBytes: IMPORT_BYTES };
    const { summary, ...counts } = await runs.import(body, options);
    return {
      ...counts,
      feed: name,
      format: summary.format ?? null,
      entries: summary.entries,
      problemCount: summary.problemCount,
      problems: [...summary.problems],
      skipped: [...summary.skipped].map(([reason, count]) => ({ reason, count })),
    };
  } catch (error) {
    // A feed of which nothing came is none.
    if (isNew) await feeds.remove(name);
    throw problemOf(error);
  }
}

export function allowListOf(deps: ServerDeps, feed: string): string[] {
  return [...(threatsOf(deps).indicators.allowed()[feed] ?? [])];
}

/** Throws Problem. */
export async function allow(deps: ServerDeps, feed: string, entries: readonly string[]): Promise<string[]> {
  await threatsOf(deps)
    .indicators.allow(feed, entries)
    .catch((error: unknown) => {
      throw problemOf(error);
    });
  return allowListOf(deps, feed);
}

/** What is wrong with a file, a feed or a list, for people. */
export function problemOf(error: unknown): unknown {
  const hint = (text: string | undefined) => (text ? { hint: text } : {});
  if (error instanceof IndicatorError) return new Problem(error.code, error.message, { ...hint(error.hint), cause: error });
  if (error instanceof FeedError)
    return new Problem(error.code === 'feed-too-large' ? 'body-too-large' : 'feed-unreadable', error.message, { ...hint(error.hint), cause: error });
  return error;
}

/** Throws Problem. */
function mappingOf(text: string | undefined): NonNullable<FeedSettings['mapping']> | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem('invalid-request', 'mapping: this is no JSON.', { hint: 'Write {"value":"ip","confidence":"score"}.' });
  }
  const read = ColumnMapping.safeParse(value, { error: inPlaceOf });
  if (!read.success) throw new Problem('invalid-request', wrongPlaces(read.error, 'mapping'));
  return read.data;
}

function shown({ actors, malware, killChain, labels, ...indicator }: Stored, now: number): StoredIndicator {
  return {
    ...indicator,
    actors: [...actors],
    malware: [...malware],
    killChain: [...killChain],
    labels: [...labels],
    band: confidenceBand(indicator.confidence),
    active: indicator.removed === 0 && isValidAt(indicator, now),
  };
}

/** Now, in epoch seconds. */
export function secondsOf({ clock }: Pick<ServerDeps, 'clock'>): number {
  return Math.floor(clock() / 1000);
}
