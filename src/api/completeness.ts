/**
 * What has come of each account, region and source in a window, and what is missing: read from the
 * counters that ingest keeps (ingest/counter.ts), never from the records.
 */

import { findField } from '../model/fields.ts';
import { lagPercentile, NO_LAG } from '../model/lag.ts';
import { fitsWildcard } from '../query/index.ts';
import { num, type Sql, sql, statement } from '../query/sql.ts';
import type { QueryOptions, Value } from '../store/store.ts';
import type { CompletenessResponse, CompletenessRow, CompletenessSource, Gap, KnownGap } from './contract/completeness.ts';
import type { Filter, Window } from './contract.ts';
import { inWindow } from './data.ts';
import type { ServerDeps } from './deps.ts';
import { aligned, BUCKET, gapsOf, inReach, KEY_COUNT, KEYS, type Key, keyOf, MOST_ROWS, type Rhythm, remembered, rhythms } from './rhythm.ts';
import { trailsOf } from './trails.ts';

/** Cells of a strip, at most. */
const CELLS = 96;
/** Seconds that a cell can be. */
const WIDTHS = [1, 2, 3, 6, 12, 24, 36, 72, 144, 288].map((buckets) => buckets * BUCKET);
/** How late records are believed to come while nobody knows, seconds. */
const LAG = 900;
/** Of the newest records of a row, the delay is what is usual now, seconds. */
const RECENT = 86_400;
/** Sources that brought something within these seconds are known to have. */
const LATELY = 7 * 86_400;
/** Buckets with SKIPDATA that are listed of a row. */
const MOST_SKIPPED = 100;
/** Gaps that a dashboard is told. */
const MOST_KNOWN = 20;

const RANK = { silent: 0, gap: 1, skipped: 2, unknown: 3, ok: 4 } as const satisfies Record<CompletenessRow['state'], number>;

interface SourceFacts {
  readonly name: string;
  readonly kind: CompletenessSource['kind'];
  readonly collector: string;
  readonly paused: boolean;
}

type Lags = { readonly inWindow: Map<number, number>; readonly recent: Map<number, number> };

/** The board of a window (epoch seconds), which is widened to whole buckets of five minutes. Throws StoreError. */
export async function completeness(deps: ServerDeps, asked: Window, options: QueryOptions = {}): Promise<CompletenessResponse> {
  const window = aligned(asked);
  const now = Math.floor(deps.clock() / 1000);
  const cell = WIDTHS.find((width) => (window.to - window.from) / width <= CELLS) ?? Math.ceil((window.to - window.from) / CELLS / 86_400) * 86_400;
  const [found, sources, lags, strips, skips, totals, repeats] = await Promise.all([
    rhythms(deps.store, window, options),
    sourcesOf(deps),
    lagsOf(deps, window, options),
    stripsOf(deps, window, cell, options),
    skipsOf(deps, window, options),
    totalsOf(deps, window, options),
    deps.repeats?.(window.from, window.to) ?? new Map<string, { deliveries: number; records: number }>(),
  ]);
  const feeds = new Map<string, CompletenessSource>();
  const feedOf = (key: Pick<Key, 'source' | 'collector' | 'category'>): CompletenessSource => {
    const id = feedKey(key);
    const known = feeds.get(id) ?? feed(deps, key, sources, totals.get(id), repeats.get(key.source));
    feeds.set(id, known);
    return known;
  };
  for (const source of sources.keys()) feedOf({ source, collector: '', category: '' });
  for (const rhythm of found.slice(0, MOST_ROWS)) {
    const key = JSON.stringify(keyParts(rhythm));
    const expected = sources.has(rhythm.source);
    const strip = strips.get(key);
    // What is over is not listed for ever.
    if (!strip && !expected) continue;
    const of = feedOf(rhythm);
    of.rows.push(rowOf(rhythm, window, now, expected, lags.get(key), strip, skips.get(key) ?? []));
    of.duplicates += strip?.duplicates ?? 0;
  }
  for (const { rows } of feeds.values()) rows.sort(worstFirst);
  const proven = await trailsOf(deps, window, sources);
  return { window, cell, now, sources: [...feeds.values()].sort(worstSourceFirst), truncated: found.length > MOST_ROWS, ...proven };
}

/** What gaps are asked for: of records that the filters may leave, and of which kind. */
interface About {
  readonly filters: readonly Filter[];
  readonly flows: boolean;
  readonly events: boolean;
}

/** What is known to be missing in a window, the newest first; filters on account and region leave out what the dashboard does not show. */
export async function knownGaps(deps: ServerDeps, asked: Window, about: About, options: QueryOptions): Promise<KnownGap[]> {
  const { filters } = about;
  const window = aligned(asked);
  const now = Math.floor(deps.clock() / 1000);
  const [found, sources, lags, skips] = await Promise.all([
    rhythms(deps.store, window, options),
    sourcesOf(deps),
    lagsOf(deps, window, options),
    skipsOf(deps, window, options),
  ]);
  const known = found
    .filter((rhythm) => shown(rhythm, filters) && about[rhythm.kind])
    .flatMap((rhythm): KnownGap[] => {
      const key = JSON.stringify(keyParts(rhythm));
      const { account, region } = rhythm;
      const of = { account, region, source: nameOf(rhythm, sources) };
      const gaps = gapsOf(rhythm, window, sources.has(rhythm.source), judgedTo(now, lags.get(key)));
      return [
        ...gaps.map((gap) => ({ kind: 'gap' as const, ...of, ...gap })),
        ...(skips.get(key) ?? []).map(({ at }) => ({ kind: 'skipdata' as const, ...of, from: at, to: at + BUCKET, open: false })),
      ];
    });
  return known.sort((a, b) => b.to - a.to || a.from - b.from).slice(0, MOST_KNOWN);
}

function rowOf(
  rhythm: Rhythm,
  window: Window,
  now: number,
  expected: boolean,
  lags: Lags | undefined,
  strip: Strip | undefined,
  skipped: { at: number; count: number }[],
): CompletenessRow {
  const until = judgedTo(now, lags);
  const gaps = gapsOf(rhythm, window, expected, until);
  const { account, region, kind, lastRecord, lastReceived, usual } = rhythm;
  const at = (share: number) => lagPercentile(lags?.inWindow ?? new Map(), share) ?? 0;
  return {
    account,
    region,
    kind,
    state: stateOf(gaps, skipped, usual),
    records: strip?.records ?? 0,
    nodata: strip?.nodata ?? 0,
    skipdata: strip?.skipdata ?? 0,
    bytes: strip?.bytes ?? 0,
    lastRecord,
    lastReceived,
    lag: lags?.inWindow.size ? { p50: at(0.5), p95: at(0.95), p99: at(0.99) } : null,
    usual,
    judgedTo: Math.max(window.from, Math.min(window.to, until)),
    gaps,
    skipped,
    strip: strip?.cells ?? [],
  };
}

function stateOf(gaps: readonly Gap[], skipped: readonly unknown[], usual: number | null): CompletenessRow['state'] {
  if (gaps.some((gap) => gap.open)) return 'silent';
  if (gaps.length > 0) return 'gap';
  if (skipped.length > 0) return 'skipped';
  return usual === null ? 'unknown' : 'ok';
}

/** A record of this instant is there when the usual delay has passed; a bucket is whole a bucket later. */
function judgedTo(now: number, lags: Lags | undefined): number {
  return now - (lagPercentile(lags?.recent ?? new Map(), 0.95) ?? LAG) - BUCKET;
}

const missing = (row: CompletenessRow) => row.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);

function worstFirst(a: CompletenessRow, b: CompletenessRow): number {
  return (
    RANK[a.state] - RANK[b.state] ||
    missing(b) - missing(a) ||
    b.skipdata - a.skipdata ||
    compareText(a.account, b.account) ||
    compareText(a.region, b.region) ||
    compareText(b.kind, a.kind)
  );
}

function worstSourceFirst(a: CompletenessSource, b: CompletenessSource): number {
  const worst = ({ rows, trouble }: CompletenessSource) => (trouble === undefined ? (rows[0] ? RANK[rows[0].state] : RANK.unknown) : -1);
  const lost = ({ rows }: CompletenessSource) => rows.reduce((sum, row) => sum + missing(row), 0);
  return worst(a) - worst(b) || lost(b) - lost(a) || compareText(a.name, b.name);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function feedKey({ source, collector, category }: Pick<Key, 'source' | 'collector' | 'category'>): string {
  return JSON.stringify([source, collector, category]);
}

function keyParts({ source, collector, category, account, region, kind }: Key): string[] {
  return [source, collector, category, account, region, kind];
}

function nameOf({ source, collector, category }: Pick<Key, 'source' | 'collector' | 'category'>, sources: ReadonlyMap<string, SourceFacts>): string {
  if (source !== '') return sources.get(source)?.name ?? 'a source that was removed';
  return collector || category || 'files';
}

function feed(
  deps: ServerDeps,
  key: Pick<Key, 'source' | 'collector' | 'category'>,
  sources: ReadonlyMap<string, SourceFacts>,
  totals: Totals | undefined,
  repeated = { deliveries: 0, records: 0 },
): CompletenessSource {
  const { source: id, collector, category } = key;
  const facts = sources.get(id);
  const status = facts && deps.collection?.status(id);
  const since = deps.collection?.spool.sources.get(id)?.oldest;
  return {
    key: feedKey(key),
    id,
    name: nameOf(key, sources),
    kind: facts?.kind ?? (id === '' ? 'files' : 'removed'),
    collector: facts?.collector ?? collector,
    category,
    paused: facts?.paused ?? false,
    ...(status?.trouble === undefined ? {} : { trouble: status.trouble }),
    deliveries: totals?.deliveries ?? 0,
    lastReceived: totals?.lastReceived ?? null,
    quarantined: totals?.quarantined ?? 0,
    filtered: totals?.filtered ?? 0,
    duplicates: totals?.duplicates ?? 0,
    repeated,
    spooled: status?.spooled ?? 0,
    spooledSince: since === undefined ? null : Math.floor(since / 1000),
    rows: [],
  };
}

/** Configured sources of records by id. An interface lookup brings none. */
async function sourcesOf(deps: ServerDeps): Promise<Map<string, SourceFacts>> {
  const [list, collectors] = await Promise.all([deps.sources?.list() ?? [], deps.sources?.collectors() ?? []]);
  const byId = new Map(collectors.map((c) => [c.id, c]));
  return new Map(
    list
      .filter(({ kind }) => kind !== 'ec2')
      .map(({ id, name, kind, collector, paused }) => {
        const group = byId.get(collector);
        return [id, { name, kind, collector: group?.name ?? '', paused: paused || (group?.paused ?? false) }];
      }),
  );
}

async function rowsOf(deps: ServerDeps, text: Sql, options: QueryOptions): Promise<readonly (readonly Value[])[]> {
  return (await deps.store.rows(statement(text), options)).rows;
}

/** How late records came: those of the window, and the newest ones. */
async function lagsOf(deps: ServerDeps, window: Window, options: QueryOptions): Promise<Map<string, Lags>> {
  const rows = await rowsOf(
    deps,
    sql`SELECT ${KEYS}, lag, sumIf(n, start >= toDateTime(${num(window.from)}, 'UTC') AND start < toDateTime(${num(window.to)}, 'UTC')),
      sumIf(n, start > newest - ${num(RECENT)}) FROM (
        SELECT ${KEYS}, start, lag, records + nodata + skipdata AS n, max(start) OVER (PARTITION BY ${KEYS}) AS newest FROM bartizan.ingest_counter WHERE ${inReach(window)})
      GROUP BY ${KEYS}, lag LIMIT 1000000`,
    { ...options, maxResultRows: 0 },
  );
  const found = new Map<string, Lags>();
  for (const row of rows) {
    const key = JSON.stringify(keyParts(keyOf(row)));
    const lags = found.get(key) ?? { inWindow: new Map(), recent: new Map() };
    const [lag = 0, inside = 0, recent = 0] = row.slice(KEY_COUNT).map(Number);
    if (inside > 0) lags.inWindow.set(lag, inside);
    if (recent > 0) lags.recent.set(lag, recent);
    found.set(key, lags);
  }
  return found;
}

interface Strip {
  records: number;
  nodata: number;
  skipdata: number;
  bytes: number;
  duplicates: number;
  readonly cells: number[];
}

/** Rows with records in the window: what they are, and how many a cell. */
async function stripsOf(deps: ServerDeps, window: Window, cell: number, options: QueryOptions): Promise<Map<string, Strip>> {
  const { from, to } = window;
  const rows = await rowsOf(
    deps,
    sql`SELECT ${KEYS}, intDiv(toUnixTimestamp(start) - ${num(from)}, ${num(cell)}) AS cell, sum(records), sum(nodata), sum(skipdata), sum(bytes), sum(duplicates)
      FROM bartizan.ingest_counter WHERE ${inWindow(from, to)} AND lag != ${num(NO_LAG)} GROUP BY ${KEYS}, cell LIMIT 1000000`,
    { ...options, maxResultRows: 0 },
  );
  const found = new Map<string, Strip>();
  for (const row of rows) {
    const key = JSON.stringify(keyParts(keyOf(row)));
    const strip = found.get(key) ?? {
      records: 0,
      nodata: 0,
      skipdata: 0,
      bytes: 0,
      duplicates: 0,
      cells: Array<number>(Math.ceil((to - from) / cell)).fill(0),
    };
    const [at = 0, records = 0, nodata = 0, skipdata = 0, bytes = 0, duplicates = 0] = row.slice(KEY_COUNT).map(Number);
    strip.records += records;
    strip.nodata += nodata;
    strip.skipdata += skipdata;
    strip.bytes += bytes;
    strip.duplicates += duplicates;
    strip.cells[at] = records + nodata + skipdata;
    found.set(key, strip);
  }
  return found;
}

/** Buckets with SKIPDATA, oldest first. */
async function skipsOf(deps: ServerDeps, { from, to }: Window, options: QueryOptions): Promise<Map<string, { at: number; count: number }[]>> {
  const rows = await rowsOf(
    deps,
    sql`SELECT ${KEYS}, toUnixTimestamp(start), sum(skipdata) FROM bartizan.ingest_counter WHERE ${inWindow(from, to)} AND skipdata > 0
      GROUP BY ${KEYS}, start ORDER BY start DESC LIMIT ${num(MOST_SKIPPED)} BY ${KEYS} LIMIT 10000`,
    options,
  );
  const found = new Map<string, { at: number; count: number }[]>();
  for (const row of rows) {
    const key = JSON.stringify(keyParts(keyOf(row)));
    const skips = found.get(key) ?? [];
    skips.unshift({ at: Number(row[KEY_COUNT]), count: Number(row[KEY_COUNT + 1]) });
    found.set(key, skips);
  }
  return found;
}

interface Totals {
  readonly deliveries: number;
  readonly quarantined: number;
  readonly filtered: number;
  readonly duplicates: number;
  readonly lastReceived: number | null;
}

/** Of what has no account and no time of its own; it stands at the time of the records that came with it. */
async function totalsOf(deps: ServerDeps, window: Window, options: QueryOptions): Promise<Map<string, Totals>> {
  const inside = inWindow(window.from, window.to);
  // When something came last is told of today, whatever the window.
  const lately = Math.floor(deps.clock() / 1000) - LATELY;
  const rows = await rowsOf(
    deps,
    sql`SELECT source, collector, category, sumIf(deliveries, ${inside}), sumIf(quarantined, ${inside}), sumIf(filtered, ${inside}), sumIf(duplicates, ${inside}), toUnixTimestamp(max(last_received))
      FROM bartizan.ingest_counter WHERE (${remembered(window)} OR start >= toDateTime(${num(lately)}, 'UTC')) AND lag = ${num(NO_LAG)} GROUP BY source, collector, category LIMIT ${num(MOST_ROWS)}`,
    options,
  );
  return new Map(
    rows.map(([source, collector, category, deliveries, quarantined, filtered, duplicates, received]) => [
      feedKey({ source: String(source), collector: String(collector), category: String(category) }),
      {
        deliveries: Number(deliveries),
        quarantined: Number(quarantined),
        filtered: Number(filtered),
        duplicates: Number(duplicates),
        lastReceived: Number(received) || null,
      },
    ]),
  );
}

/** Whether filters on account and region let a row through; other filters say nothing of it. */
function shown({ account, region }: Key, filters: readonly Filter[]): boolean {
  return filters.every(({ field, values, negate }) => {
    const value = { 'cloud.account.id': account, 'cloud.region': region }[findField(field)?.name ?? ''];
    if (value === undefined || value === '') return true;
    return values.some((pattern) => fitsWildcard(value, pattern)) !== negate;
  });
}
