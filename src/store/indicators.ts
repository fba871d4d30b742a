/**
 * Threat indicators in the store. `apply` takes what a feed says: a complete set takes the place of the
 * feed's last one, a part of it is added. Rows are staged, compared with what is stored, laid beside it as a
 * whole partition, and that is switched in one step: whatever fails before leaves the last good set, and no
 * reader sees half of a new one. Nothing holds a feed in memory.
 *
 * What a feed drops stays with `removed`: flows that it matched still show it, and it matches no more.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AllowedIndicators, Indicator } from '../model/indicator.ts';
import { NetworkError, networkRange } from '../model/network.ts';
import { ident, join as joined, num, param, type Sql, sql, statement } from '../query/sql.ts';
import type { Catalogs } from './catalog.ts';
import { indicatorBlock, MOST_TEXT, STAGED_COLUMNS } from './indicator-block.ts';
import { type IndicatorFilter, IndicatorReader } from './indicator-reader.ts';
import type { Metadata } from './metadata.ts';
import type { Store } from './store.ts';

export type IndicatorErrorCode = 'feed-name' | 'allow-list' | 'too-many-indicators';

/** What a person asked of indicators and cannot have. */
export class IndicatorError extends Error {
  readonly code: IndicatorErrorCode;
  readonly hint: string | undefined;
  constructor(code: IndicatorErrorCode, message: string, hint?: string) {
    super(message);
    this.name = 'IndicatorError';
    this.code = code;
    this.hint = hint;
  }
}

/** What a load made of a feed. */
export interface Applied {
  readonly feed: string;
  /** New ones, and those that came back. */
  readonly added: number;
  /** Something is said of them that was not before. */
  readonly changed: number;
  /** A complete set does not have them any more. */
  readonly expired: number;
  readonly unchanged: number;
  /** No address, too long, or empty: left out. */
  readonly invalid: number;
  /** Names this load, and is higher than that of each load before; the one before where nothing was new. */
  readonly revision: number;
}

export interface Indicators extends Pick<IndicatorReader, 'list' | 'get' | 'stats' | 'fresh' | 'feeds' | 'index'> {
  /** Active ones of all feeds, as of the last load. */
  readonly active: number;
  /**
   * Takes what a feed says of its indicators. `complete`: it is all that the feed has, and what it does not have is
   * dropped; else it is added to it. An indicator that comes twice counts once, the one of higher confidence, then the
   * newer. `at`: epoch seconds, when the feed said so. Loads wait for each other. What `source` throws passes, and
   * nothing has changed then. Throws IndicatorError, StoreError.
   */
  apply(feed: string, source: Iterable<Indicator> | AsyncIterable<Indicator>, load: { readonly at: number; readonly complete: boolean }): Promise<Applied>;
  /** Drops all that a feed has, and its allow-list. `at`: epoch seconds. */
  removeFeed(feed: string, at: number): Promise<Applied>;
  /** Forgets what was dropped before an instant (epoch seconds): no stored flow can show it any more. */
  forget(before: number): Promise<void>;
  /** Addresses, CIDR blocks and other values that never match: by feed, those of '' for all feeds. */
  allowed(): AllowedIndicators;
  /** Sets the list of a feed, or (feed '') of all; an empty one removes it. It holds for what is stored from then on. Throws IndicatorError `allow-list`. */
  allow(feed: string, values: readonly string[]): Promise<void>;
  /**
   * Calls after each change of indicators or allow-lists; `applied` says what a load changed. The load waits for what
   * the listener promises; until that is kept it counts as untold, and is told again. Returns how to stop it.
   */
  onChange(listener: (applied: Applied | undefined) => unknown): () => void;
  /** Tells listeners of the load that a stop or a failure came before; at the start, and each load does it first. Throws StoreError, and what a listener throws. */
  tell(): Promise<void>;
  close(): Promise<void>;
}

interface Parts {
  readonly store: Store;
  readonly metadata: Pick<Metadata, 'setting' | 'saveSetting'>;
  readonly catalogs: Pick<Catalogs, 'knowThreats'>;
  /** For blocks on their way into the store; emptied when it opens. */
  readonly folder: string;
  /** Active indicators of all feeds together; more are refused. */
  readonly most?: number;
  /** Told of what could not be cleaned up: it costs room until the next load. */
  readonly onError?: (error: unknown) => void;
}

const SETTING = 'indicators-allowed';
/** The last load's: rows that are forgotten do not take it with them. */
const REVISION = 'indicators-revision';
/** The load whose set is switched to and whose listeners may not know yet, as JSON: feed and revision; '' where there is none. */
const UNTOLD = 'indicators-untold';
/** Indicators that one block stages. */
const CHUNK = 20_000;
export const MOST_INDICATORS = 5_000_000;
const MOST_ALLOWED = 10_000;
const FEED_NAME = /^[^\p{Cc}\p{Cs}"|\\]{1,100}$/u;
const BACKGROUND = { lane: 'background', maxSeconds: 900 } as const;

/** What a load compares, and takes from the staged row. */
const PARTS = STAGED_COLUMNS.filter(({ name }) => !['load', 'feed', 'type', 'value'].includes(name)).map(({ name }) => name);

/** Opens the indicators; what a crash left of a load is dropped. */
export async function openIndicators({ store, metadata, catalogs, folder, most = MOST_INDICATORS, onError = () => undefined }: Parts): Promise<Indicators> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const command = (fragment: Sql): Promise<void> => store.command(statement(fragment), BACKGROUND);
  const numbers = async (fragment: Sql): Promise<number[]> => ((await store.rows(statement(fragment), BACKGROUND)).rows[0] ?? []).map(Number);
  const clean = async (): Promise<void> => {
    for (const table of [sql`bartizan.indicator_staged`, sql`bartizan.indicator_next`]) await command(sql`TRUNCATE TABLE ${table}`);
  };
  await clean();
  const listeners = new Set<(applied: Applied | undefined) => unknown>();
  let allowed = JSON.parse((await metadata.setting(SETTING)) ?? '{}') as AllowedIndicators;
  let active = 0;
  let revision = Number((await metadata.setting(REVISION)) ?? 0);
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const reader = new IndicatorReader(store, () => allowed);

  /** What the compiler and others need to know of them. */
  const know = async (): Promise<void> => {
    const [now = 0, all = 0, last = 0] = await numbers(sql`SELECT countIf(removed = 0), count(), max(revision) FROM bartizan.indicator`);
    active = now;
    revision = Math.max(revision, last);
    const prefixes = await store.rows(statement(sql`SELECT DISTINCT prefix FROM bartizan.indicator WHERE type = 'address' ORDER BY prefix DESC`), BACKGROUND);
    catalogs.knowThreats(all > 0 ? { allowed, prefixes: prefixes.rows.map(([prefix]) => Number(prefix)) } : undefined);
  };
  await know();

  const stage = async (feed: string, load: string, source: Iterable<Indicator> | AsyncIterable<Indicator>): Promise<number> => {
    let invalid = 0;
    let blocks = 0;
    let chunk: Indicator[] = [];
    const write = async (): Promise<void> => {
      if (chunk.length === 0) return;
      const file = join(folder, `${load}-${blocks}.native`);
      try {
        await writeFile(file, indicatorBlock(load, feed, chunk), { mode: 0o600 });
        await store.insertNative({ table: 'indicator_staged', file, columns: STAGED_COLUMNS, token: `${load}-${blocks++}` });
      } finally {
        await rm(file, { force: true });
      }
      if (blocks * CHUNK > most * 2) throw tooMany(most);
      chunk = [];
    };
    for await (const indicator of source) {
      if (!isSound(indicator)) {
        invalid++;
        continue;
      }
      chunk.push(indicator);
      if (chunk.length >= CHUNK) await write();
    }
    await write();
    return invalid;
  };

  /** What a load changed, in the table that holds its set: the one that is made ready, or the one in use. */
  const changes = async (table: Sql, feed: string, mine: number): Promise<Omit<Applied, 'feed' | 'invalid' | 'revision'>> => {
    const [added = 0, changed = 0, expired = 0, unchanged = 0] = await numbers(sql`
      SELECT countIf(removed = 0 AND added = ${num(mine)}), countIf(removed = 0 AND revision = ${num(mine)} AND added != ${num(mine)}),
        countIf(removed != 0 AND revision = ${num(mine)}), countIf(removed = 0 AND revision != ${num(mine)})
      FROM ${table} WHERE feed = ${param('String', feed)}`);
    return { added, changed, expired, unchanged };
  };

  const tell = async (invalid = 0, isSwitched = false): Promise<void> => {
    const untold = (await metadata.setting(UNTOLD)) ?? '';
    if (untold === '') return;
    const { feed, revision: mine } = JSON.parse(untold) as { readonly feed: string; readonly revision: number };
    const counts = await changes(sql`bartizan.indicator`, feed, mine);
    // Where nothing is of that load, it was not switched to.
    if (isSwitched || counts.added + counts.changed + counts.expired > 0) {
      await command(sql`SYSTEM RELOAD DICTIONARY bartizan.indicator_by_number`);
      await know();
      for (const listener of listeners) await listener({ feed, ...counts, invalid, revision: mine });
    }
    await metadata.saveSetting(UNTOLD, '');
  };

  const apply: Indicators['apply'] = (feed, source, { at, complete }) =>
    alone(async () => {
      if (!FEED_NAME.test(feed))
        throw new IndicatorError('feed-name', 'A feed has a name of at most 100 characters, without quotation marks, bars and backslashes.');
      await tell();
      const mine = revision + 1;
      // Of an earlier try nothing may count as known.
      const load = `${mine}-${Date.now()}`;
      const name = param('String', feed);
      try {
        // What could not be cleaned up after a load before would be taken for a part of this one.
        await clean();
        const invalid = await stage(feed, load, source);
        // Earlier releases could store an indicator twice, after a load that could not be cleaned up.
        const [twice = 0] =
          await numbers(sql`SELECT count() FROM (SELECT number FROM bartizan.indicator WHERE feed = ${name} GROUP BY number HAVING count() > 1)
          SETTINGS optimize_aggregation_in_order = 1`);
        await command(merged({ feed: name, load: param('String', load), revision: mine, at, complete, twice: twice > 0 }));
        const counts = await changes(sql`bartizan.indicator_next`, feed, mine);
        const { added, changed, expired, unchanged } = counts;
        const [others = 0] = await numbers(sql`SELECT countIf(removed = 0) FROM bartizan.indicator WHERE feed != ${name}`);
        if (others + added + changed + unchanged > most) throw tooMany(most);
        if (added + changed + expired + twice > 0) {
          // On record before the switch: a stop behind it would leave the load untold for good, for the next one finds nothing new.
          await metadata.saveSetting(UNTOLD, JSON.stringify({ feed, revision: mine }));
          await metadata.saveSetting(REVISION, String(mine));
          revision = mine;
          await command(sql`ALTER TABLE bartizan.indicator REPLACE PARTITION ${name} FROM bartizan.indicator_next`);
          await tell(invalid, true);
        }
        return { feed, ...counts, invalid, revision };
      } finally {
        await clean().catch(onError);
      }
    });

  const allow: Indicators['allow'] = (feed, values) =>
    alone(async () => {
      const list = [...new Set(values.map((value) => value.trim()).filter(Boolean))];
      const wrong = list.find((value) => value.length > MOST_TEXT || (/^[\d.:a-f]+\/\d+$/i.test(value) && !isNetwork(value)));
      if (wrong !== undefined) throw new IndicatorError('allow-list', `“${wrong.slice(0, 60)}” is neither an address, nor a network, nor another value.`);
      const { [feed]: _, ...rest } = allowed;
      const next = list.length ? { ...rest, [feed]: list } : rest;
      if (Object.values(next).flat().length > MOST_ALLOWED)
        throw new IndicatorError('allow-list', `Allow-lists hold at most ${MOST_ALLOWED.toLocaleString('en-US')} entries.`, 'Join addresses to networks.');
      await metadata.saveSetting(SETTING, JSON.stringify(next));
      allowed = next;
      await know();
      for (const listener of listeners) await listener(undefined);
    });

  return {
    get active() {
      return active;
    },
    apply,
    tell: () => alone(() => tell()),
    allow,
    allowed: () => allowed,
    async removeFeed(feed, at) {
      await allow(feed, []);
      return apply(feed, [], { at, complete: true });
    },
    forget: (before) =>
      alone(async () => {
        const gone = sql`removed != 0 AND removed < ${num(before)}`;
        const [count = 0] = await numbers(sql`SELECT count() FROM bartizan.indicator WHERE ${gone}`);
        if (count === 0) return;
        await command(sql`ALTER TABLE bartizan.indicator DELETE WHERE ${gone} SETTINGS mutations_sync = 1`);
        await command(sql`SYSTEM RELOAD DICTIONARY bartizan.indicator_by_number`);
        await know();
      }),
    list: (filter: IndicatorFilter) => reader.list(filter),
    get: (number) => reader.get(number),
    stats: () => reader.stats(),
    feeds: () => reader.feeds(),
    fresh: (after) => reader.fresh(after),
    index: () => reader.index(),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await turn;
    },
  };
}

function tooMany(most: number): IndicatorError {
  return new IndicatorError('too-many-indicators', `There are at most ${most.toLocaleString('en-US')} indicators.`, 'Leave feeds out, or take smaller ones.');
}

function isNetwork(value: string): boolean {
  try {
    networkRange(value);
    return true;
  } catch (error) {
    if (error instanceof NetworkError) return false;
    throw error;
  }
}

function isSound({ type, value }: Indicator): boolean {
  if (value === '' || value.length > MOST_TEXT) return false;
  return type !== 'address' || isNetwork(value);
}

interface Merging {
  /** Names, as parameters. */
  readonly feed: Sql;
  readonly load: Sql;
  readonly revision: number;
  /** Epoch seconds. */
  readonly at: number;
  readonly complete: boolean;
  /** Something is stored twice: the last word on it counts. */
  readonly twice: boolean;
}

/**
 * The feed's partition as it is to be: what is staged (`s`), and what is stored (`c`) and not staged. Both come in
 * the order of their numbers, so that they are merged in little memory.
 */
function merged({ feed, load, revision, at, complete, twice }: Merging): Sql {
  const mine = num(revision);
  const list = (make: (name: Sql) => Sql): Sql =>
    joined(
      PARTS.map((name) => make(ident(name))),
      ', ',
    );
  const staged = sql`SELECT *, 1 AS there FROM bartizan.indicator_staged WHERE load = ${load} ORDER BY number, confidence DESC, updated DESC, valid_until DESC LIMIT 1 BY number`;
  const known = sql`SELECT *, 1 AS there FROM bartizan.indicator WHERE feed = ${feed}${twice ? sql` ORDER BY number, revision DESC LIMIT 1 BY number` : sql``}`;
  // Drop and come back, and validity: what flows of the past must be asked about again.
  const isAdded = sql`(s.there = 1 AND (c.there = 0 OR c.removed != 0))`;
  const isOther = sql`(s.there = 1 AND (${list((name) => sql`s.${name}`)}) != (${list((name) => sql`c.${name}`)}))`;
  const holdsOtherwise = sql`(s.there = 1 AND (s.valid_from, s.valid_until) != (c.valid_from, c.valid_until))`;
  const isDropped = complete ? sql`(s.there = 0 AND c.removed = 0)` : sql`false`;
  const own = (name: Sql): Sql => sql`if(s.there = 1, s.${name}, c.${name})`;
  return sql`INSERT INTO bartizan.indicator_next (number, feed, type, value, prefix, first, last, ${list((name) => name)}, imported, removed, added, revision, fresh)
    SELECT ${joined(KEYS.map(own), ', ')}, ${list(own)},
      if(c.there = 1, c.imported, ${num(at)}), multiIf(s.there = 1, 0, ${isDropped}, ${num(at)}, c.removed),
      if(${isAdded}, ${mine}, c.added), if(${isAdded} OR ${isOther} OR ${isDropped}, ${mine}, c.revision), if(${isAdded} OR ${holdsOtherwise}, ${mine}, c.fresh)
    FROM (${staged}) AS s FULL JOIN (${known}) AS c ON s.number = c.number
    SETTINGS join_algorithm = 'full_sorting_merge', join_use_nulls = 0, max_block_size = 8192`;
}

const KEYS = ['number', 'feed', 'type', 'value', 'prefix', 'first', 'last'].map(ident);
