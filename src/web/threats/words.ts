/** What the threats page says in words. Pure. */
import type { Feed, Imported, StoredIndicator } from '../../api/contract/feeds.ts';
import type { FeedKind } from '../../model/feed.ts';
import type { ConfidenceBand, IndicatorType } from '../../model/indicator.ts';
import { exact, short } from '../format/numbers.ts';
import { duration } from '../format/times.ts';

type State = Feed['state']['state'];

export const STATE_WORD: Readonly<Record<State, string>> = {
  disabled: 'switched off',
  waiting: 'waiting',
  running: 'running',
  ok: 'up to date',
  trouble: 'trouble',
};

const STATE_MEANS: Readonly<Record<State, string>> = {
  disabled: 'It is not run on its schedule; its indicators stay in force.',
  waiting: 'It has not been run yet.',
  running: 'It is being fetched and read.',
  ok: 'The last run went well.',
  trouble: 'The last run failed; what it had before stays in force.',
};

/** `imported` for what is never fetched. */
export function stateWord({ kind, state: { state } }: { readonly kind: FeedKind; readonly state: { readonly state: State } }): string {
  if (kind === 'import' && state === 'ok') return 'imported';
  return STATE_WORD[state];
}

export function stateMeans({ state: { state, error } }: Pick<Feed, 'state'>): string {
  return state === 'trouble' && error ? error.message : STATE_MEANS[state];
}

/** 60 → `every hour`, 90 → `every 90 minutes`, 0 → `when asked` */
export function scheduleText(kind: FeedKind, everyMinutes: number): string {
  if (kind === 'import') return 'imported';
  return everyMinutes === 0 ? 'when asked' : `every ${duration(everyMinutes * 60).replace(/^1 /, '')}`;
}

export const TYPE_NAME: Readonly<Record<IndicatorType, string>> = {
  address: 'address',
  domain: 'domain',
  url: 'URL',
  file: 'hash',
  'user-agent': 'user agent',
};

const TYPES: Readonly<Record<IndicatorType, string>> = {
  address: 'addresses and networks',
  domain: 'domains',
  url: 'URLs',
  file: 'hashes',
  'user-agent': 'user agents',
};

export function typesName(type: IndicatorType): string {
  return TYPES[type];
}

export const BAND_MEANS: Readonly<Record<ConfidenceBand, string>> = {
  high: 'confidence from 85',
  medium: 'confidence from 50 to 84',
  low: 'confidence from 15 to 49',
  unverified: 'confidence below 15, or nothing is said',
};

/** Of a run that goes on: `fetching page 3 · 1.2 MiB · 4,000 entries` */
export function progressText({ doing, bytes, entries }: NonNullable<Feed['state']['progress']>): string {
  const parts = [doing || 'starting'];
  if (bytes > 0) parts.push(short(bytes, 'bytes'));
  if (entries > 0) parts.push(many(entries, 'entry', 'entries'));
  return parts.join(' · ');
}

/** `12 added, 3 changed, 1 expired`; what is 0 is left out; `nothing new` where all is. */
export function countsText({ added, changed, expired }: Pick<Imported, 'added' | 'changed' | 'expired'>): string {
  const parts = [
    [added, 'added'],
    [changed, 'changed'],
    [expired, 'expired'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${exact(count)} ${word}`);
  return said.length === 0 ? 'nothing new' : said.join(', ');
}

export function many(count: number, one: string, more = `${one}s`): string {
  return `${exact(count)} ${count === 1 ? one : more}`;
}

/** Why an indicator does not hold now; undefined where it does. `now`: epoch seconds. */
export function outOfForce({ removed, validFrom, validUntil }: Pick<StoredIndicator, 'removed' | 'validFrom' | 'validUntil'>, now: number): string | undefined {
  if (removed !== 0) return 'dropped by its feed';
  if (validFrom > now) return 'not valid yet';
  return validUntil !== 0 && validUntil <= now ? 'expired' : undefined;
}

/** Where an entry is: `line 7`, `entry 3`, nothing. */
export function placeOf({ line, index }: { readonly line?: number | undefined; readonly index?: number | undefined }): string {
  if (line !== undefined) return `line ${exact(line)}`;
  return index === undefined ? '' : `entry ${exact(index)}`;
}
