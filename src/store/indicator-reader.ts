/** What is stored of indicators: pages of them, one, how many there are, and what matching is built of. */

import { parseAddress } from '../model/address.ts';
import {
  type AllowedIndicators,
  type AllowedRange,
  CONFIDENCE_BANDS,
  type ConfidenceBand,
  type Indicator,
  type IndicatorEntries,
  type IndicatorEntry,
  type IndicatorType,
  type Severity,
} from '../model/indicator.ts';
import { NetworkError, networkRange } from '../model/network.ts';
import { ident, join, num, param, type Sql, sql, statement } from '../query/sql.ts';
import { INDICATOR_PARTS } from './indicator-ddl.ts';
import type { Store, Value } from './store.ts';

/** An indicator with what the store knows of it. Times are epoch seconds. */
export interface StoredIndicator extends Indicator {
  /** Decimal text: 64 bits. As in `src_indicator` of a record. */
  readonly number: string;
  readonly feed: string;
  /** When this installation first knew it. */
  readonly imported: number;
  /** When its feed dropped it; 0 while it has it. */
  readonly removed: number;
}

export interface IndicatorFilter {
  readonly feed?: string | undefined;
  readonly type?: IndicatorType | undefined;
  /** An address: indicators that cover it. Anything else: a part of the value, in any letter case, or an actor, malware family or label. */
  readonly search?: string | undefined;
  readonly band?: ConfidenceBand | undefined;
  /** Also what feeds have dropped. */
  readonly removed?: boolean | undefined;
  /** At most; 100 when absent. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface IndicatorPage {
  readonly indicators: readonly StoredIndicator[];
  /** All that the filter lets through. */
  readonly total: number;
  /** Of the next page; absent on the last. */
  readonly next?: string;
}

export interface FeedCounts {
  readonly feed: string;
  /** Indicators that the feed has now. */
  readonly active: number;
  /** Of them, those whose validity has ended. `now` is the engine's clock. */
  readonly outdated: number;
  /** What it dropped, and flows of the past may show. */
  readonly removed: number;
  readonly byType: Readonly<Partial<Record<IndicatorType, number>>>;
  readonly byBand: Readonly<Record<ConfidenceBand, number>>;
  /** Epoch seconds of the newest that was imported; 0 where there is none. */
  readonly lastImported: number;
}

/** An address or block that a load brought, or for which it changed when it holds. */
export interface FreshIndicator {
  /** Decimal text: 64 bits. */
  readonly number: string;
  readonly feed: string;
  /** First and last address, as the engine prints IPv6: `::ffff:192.0.2.1`. */
  readonly first: string;
  readonly last: string;
  readonly confidence: number;
  readonly validFrom: number;
  /** 0: without end. */
  readonly validUntil: number;
  /** The load (Applied.revision). */
  readonly revision: number;
}

const PARTS = ['number', 'feed', 'type', 'value', ...INDICATOR_PARTS.map(([name]) => name), 'imported', 'removed'];
const MOST_LISTED = 1000;
const OPTIONS = { lane: 'background', maxSeconds: 600 } as const;

export class IndicatorReader {
  readonly #store: Store;
  readonly #allowed: () => AllowedIndicators;

  constructor(store: Store, allowed: () => AllowedIndicators) {
    this.#store = store;
    this.#allowed = allowed;
  }

  /** By value, then feed. */
  async list(filter: IndicatorFilter = {}): Promise<IndicatorPage> {
    const limit = Math.min(MOST_LISTED, Math.max(1, filter.limit ?? 100));
    const where = conditions(filter);
    const after = cursorOf(filter.cursor);
    const page = after
      ? [
          ...where,
          sql`(value, feed, type) > (${join(
            after.map((part) => param('String', part)),
            ', ',
          )})`,
        ]
      : where;
    const rows = await this.#rows(
      sql`SELECT ${columns()} FROM bartizan.indicator WHERE ${join(page, ' AND ')} ORDER BY value, feed, type LIMIT ${num(limit + 1)}`,
    );
    const [[total] = [0]] = await this.#rows(sql`SELECT count() FROM bartizan.indicator WHERE ${join(where, ' AND ')}`);
    const indicators = rows.slice(0, limit).map(toIndicator);
    const last = indicators.at(-1);
    return {
      indicators,
      total: Number(total),
      ...(rows.length > limit && last ? { next: Buffer.from(JSON.stringify([last.value, last.feed, last.type])).toString('base64url') } : {}),
    };
  }

  /** `number`: decimal text. Also one that its feed has dropped. */
  async get(number: string): Promise<StoredIndicator | undefined> {
    if (!/^\d{1,20}$/.test(number)) return undefined;
    const [row] = await this.#rows(
      sql`SELECT ${columns()} FROM bartizan.indicator WHERE number = toUInt64OrZero(${param('String', number)}) AND number != 0 LIMIT 1`,
    );
    return row && toIndicator(row);
  }

  /** Feeds by name. */
  async stats(): Promise<FeedCounts[]> {
    const rows = await this.#rows(sql`
      SELECT feed, countIf(removed = 0), countIf(removed = 0 AND valid_until != 0 AND valid_until <= toUnixTimestamp(now())), countIf(removed != 0), max(imported)
      FROM bartizan.indicator GROUP BY feed ORDER BY feed`);
    const kinds = await this.#rows(sql`
      SELECT feed, type, band, count() FROM bartizan.indicator_shown WHERE removed = 0 GROUP BY feed, type, band`);
    return rows.map(([feed, active, outdated, removed, lastImported]) => {
      const own = kinds.filter((row) => row[0] === feed);
      const sum = (place: 1 | 2, of: string) => own.filter((row) => row[place] === of).reduce((n, row) => n + Number(row[3]), 0);
      return {
        feed: String(feed),
        active: Number(active),
        outdated: Number(outdated),
        removed: Number(removed),
        lastImported: Number(lastImported),
        byType: Object.fromEntries([...new Set(own.map((row) => String(row[1])))].sort().map((type) => [type, sum(1, type)])),
        byBand: Object.fromEntries(CONFIDENCE_BANDS.map((band) => [band, sum(2, band)])) as Record<ConfidenceBand, number>,
      };
    });
  }

  /** Names of feeds that have, or had, indicators. */
  async feeds(): Promise<string[]> {
    return (await this.#rows(sql`SELECT DISTINCT feed FROM bartizan.indicator ORDER BY feed`)).map(([feed]) => String(feed));
  }

  /** Addresses and blocks that loads after `revision` brought, or for which they changed when they hold; oldest load first, in flat memory. */
  async *fresh(revision: number): AsyncIterable<readonly FreshIndicator[]> {
    const text = sql`SELECT toString(number), feed, toString(first), toString(last), confidence, valid_from, valid_until, toUInt32(fresh)
      FROM bartizan.indicator WHERE type = 'address' AND removed = 0 AND fresh > ${num(revision)} ORDER BY fresh, number`;
    for await (const rows of this.#store.stream(statement(text), OPTIONS)) {
      yield rows.map(([number, feed, first, last, confidence, validFrom, validUntil, fresh]) => ({
        number: String(number),
        feed: String(feed),
        first: String(first),
        last: String(last),
        confidence: Number(confidence),
        validFrom: Number(validFrom),
        validUntil: Number(validUntil),
        revision: Number(fresh),
      }));
    }
  }

  /** What matching is built of, as it is now: active addresses and blocks, and what is allow-listed. */
  async index(): Promise<IndicatorEntries> {
    const where = sql`type = 'address' AND removed = 0`;
    const v4 = sql`first BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255')`;
    const [[ipv4, all] = [0, 0]] = await this.#rows(sql`SELECT countIf(${v4} AND prefix >= 96), count() FROM bartizan.indicator WHERE ${where}`);
    const word = (at: number): Sql => sql`byteSwap(reinterpretAsUInt32(substring(bytes, ${num(at)}, 4)))`;
    const text = sql`SELECT ${join([1, 5, 9, 13].map(word), ', ')}, prefix, toUInt32(bitAnd(number, 4294967295)), toUInt32(bitShiftRight(number, 32)),
        feed, confidence, newest, valid_from, valid_until
      FROM (SELECT *, reinterpretAsString(first) AS bytes FROM bartizan.indicator_shown WHERE ${where}) ORDER BY first, prefix`;
    return {
      ipv4: Number(ipv4),
      ipv6: Number(all) - Number(ipv4),
      allowed: Object.entries(this.#allowed()).flatMap(([feed, values]) => values.flatMap((value) => allowedRange(feed, value) ?? [])),
      entries: this.#entries(text),
    };
  }

  async *#entries(text: Sql): AsyncIterable<readonly IndicatorEntry[]> {
    for await (const rows of this.#store.stream(statement(text), OPTIONS)) {
      yield rows.map(
        ([a, b, c, d, prefix, low, high, feed, confidence, time, validFrom, validUntil]): IndicatorEntry => ({
          words: [Number(a), Number(b), Number(c), Number(d)],
          prefix: Number(prefix),
          low: Number(low),
          high: Number(high),
          feed: String(feed),
          confidence: Number(confidence),
          newest: Number(time),
          validFrom: Number(validFrom),
          validUntil: Number(validUntil),
        }),
      );
    }
  }

  async #rows(fragment: Sql): Promise<readonly (readonly Value[])[]> {
    return (await this.#store.rows(statement(fragment), { ...OPTIONS, lane: 'interactive' })).rows;
  }
}

function columns(): Sql {
  return join(
    PARTS.map((name) => (name === 'number' ? sql`toString(number)` : ident(name))),
    ', ',
  );
}

function conditions({ feed, type, search, band, removed }: IndicatorFilter): Sql[] {
  const least = { high: 85, medium: 50, low: 15, unverified: 0 } as const;
  const above = { high: 101, medium: 85, low: 50, unverified: 15 } as const;
  const text = search?.trim() ?? '';
  return [
    removed ? sql`true` : sql`removed = 0`,
    ...(feed === undefined ? [] : [sql`feed = ${param('String', feed)}`]),
    ...(type === undefined ? [] : [sql`type = ${param('String', type)}`]),
    ...(band === undefined ? [] : [sql`confidence >= ${num(least[band])} AND confidence < ${num(above[band])}`]),
    ...(text === '' ? [] : [searched(text)]),
  ];
}

function searched(text: string): Sql {
  if (parseAddress(text)) return sql`(type = 'address' AND toIPv6(${param('String', text)}) BETWEEN first AND last)`;
  const part = param('String', text);
  const has = (list: Sql): Sql => sql`arrayExists(x -> positionCaseInsensitiveUTF8(x, ${part}) > 0, ${list})`;
  return sql`(positionCaseInsensitiveUTF8(value, ${part}) > 0 OR id = ${part} OR ${has(sql`actors`)} OR ${has(sql`malware`)} OR ${has(sql`labels`)})`;
}

/** Of a page's last indicator: value, feed and type. What is none begins at the first. */
function cursorOf(cursor: string | undefined): readonly string[] | undefined {
  if (!cursor) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) && parts.length === 3 && parts.every((part) => typeof part === 'string') ? parts : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a value that is no address or network. */
function allowedRange(feed: string, value: string): AllowedRange | undefined {
  try {
    const { first } = networkRange(value);
    const view = new DataView(first.buffer, first.byteOffset);
    const length = value.includes('/') ? Number(value.slice(value.indexOf('/') + 1)) : 128;
    const prefix = value.includes('/') && !value.includes(':') ? length + 96 : length;
    return { feed, prefix, words: [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)] };
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

function toIndicator(row: readonly Value[]): StoredIndicator {
  const value = (name: string): Value => row[PARTS.indexOf(name)] ?? null;
  const text = (name: string): string => String(value(name));
  const list = (name: string): string[] => (value(name) as string[]).slice();
  return {
    number: text('number'),
    feed: text('feed'),
    type: text('type') as IndicatorType,
    value: text('value'),
    id: text('id'),
    confidence: Number(value('confidence')),
    severity: text('severity') as Severity,
    threatType: text('threat_type'),
    actors: list('actors'),
    malware: list('malware'),
    killChain: list('kill_chain'),
    labels: list('labels'),
    firstSeen: Number(value('first_seen')),
    updated: Number(value('updated')),
    validFrom: Number(value('valid_from')),
    validUntil: Number(value('valid_until')),
    imported: Number(value('imported')),
    removed: Number(value('removed')),
  };
}
