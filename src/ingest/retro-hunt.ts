/**
 * The retro-hunt: what indicators that are new say of flows and events that were stored before they were known. It asks
 * `address_day` which of their addresses were seen on which days. Where a day's flows of an address all lie
 * in the indicator's validity, and all came before it was known, the sums there are the finding; only the
 * days of an address that a border cuts are read again from the flows. Events are always read again: they are few,
 * and the sums count copies of them that were not stored. Records that came later were matched
 * as they were stored (enrich/enricher.ts), and are not found again.
 */
import type { Networks } from '../enrich/networks.ts';
import { parseAddress } from '../model/address.ts';
import { DATASETS, type Dataset, formatOf } from '../model/log-formats.ts';
import { OPEN } from '../model/network-interface.ts';
import { ident, join, num, param, type Sql, sql, statement, streamedStatement, subquery } from '../query/sql.ts';
import type { QueryOptions, Store, Value } from '../store/store.ts';

/** Which indicators: those of a feed that a load brought, brought back, or gave another validity, and later loads. */
export interface HuntScope {
  readonly feed: string;
  /** The load’s revision; 0 for all. */
  readonly fresh: number;
  /** When matching began to use what the load brought, epoch seconds; 0: when each was first known. */
  readonly known: number;
}

export interface HuntContext {
  readonly store: Store;
  /** Addresses that indicators never match. */
  readonly internal: Networks;
  /** Addresses that those of the feed never match. */
  readonly allowed: Networks;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Indicators of one step. */
  readonly chunk: number;
}

export interface HuntStep {
  /** Number of the last indicator that was hunted: where a later hunt goes on. */
  readonly after: string;
  readonly indicators: number;
  /** Rows of `retro_match` that it wrote. */
  readonly found: number;
  /** Days of a dataset that it read records of. */
  readonly daysRead: number;
}

const DAY = 86_400;
/**
 * Threads are told of new indicators a moment after these are stored; until then records are stored without
 * them. So long a record that does not name the indicator counts as one that came before it.
 */
const GRACE = 600;
/** A record's start lies at most so far ahead of its receipt (model/batch.ts, `time-out-of-range`). */
const AHEAD = DAY;
const MOST_SECONDS = 3600;
/** Findings of one insert, and address days that wait to be read again. */
const FINDINGS = 5000;
const WAITING = 20_000;

/** An indicator and a day on which an address of it was seen. Times are epoch seconds. */
interface Hit {
  readonly address: string;
  /** Days since 1970. */
  readonly day: number;
  readonly dataset: Dataset;
  readonly accepted: Value;
  readonly refused: Value;
  readonly bytes: Value;
  readonly first: number;
  readonly last: number;
  readonly received: number;
  readonly indicator: string;
  readonly confidence: number;
  readonly since: number;
  readonly until: number;
  /** Records received from then on were matched as they were stored, if they were matched at all. */
  readonly imported: number;
}

/** Rows that a step writes. */
type Finding = Omit<Hit, 'received' | 'imported'>;

/** Hunts for the indicators of a scope behind `after` (a number; '0' for all), step by step in their order. Throws StoreError. */
export async function* hunt(context: HuntContext, scope: HuntScope, after: string): AsyncGenerator<HuntStep> {
  for (let from = after; ; ) {
    const asked = sql`${inScope(scope)} AND number > ${param('UInt64', from)}`;
    const chunk = sql`SELECT number FROM bartizan.indicator WHERE ${asked} ORDER BY number LIMIT ${num(context.chunk)}`;
    const [count, last] = (await ask(context, sql`SELECT count(), toString(max(number)) FROM (${chunk})`))[0] ?? [0, from];
    if (Number(count) === 0) return;
    const step = new Step(context, scope, sql`${asked} AND number <= ${param('UInt64', String(last))}`);
    await step.run();
    from = String(last);
    yield { after: from, indicators: Number(count), found: step.found, daysRead: step.daysRead };
  }
}

/** How many indicators a hunt looks at behind `after`. */
export async function countIndicators(store: Store, scope: HuntScope, after: string): Promise<number> {
  const counted = sql`SELECT count() FROM bartizan.indicator WHERE ${inScope(scope)} AND number > ${param('UInt64', after)}`;
  return Number((await store.rows(statement(counted), { lane: 'background' })).rows[0]?.[0] ?? 0);
}

/** Whether any hunt has found something. */
export async function anyFinding(store: Store): Promise<boolean> {
  return (await store.rows(statement(sql`SELECT 1 FROM bartizan.retro_match LIMIT 1`), { lane: 'background' })).rows.length > 0;
}

/** Makes the language see what was found. */
export async function publishFindings(store: Store): Promise<void> {
  await store.command(statement(sql`SYSTEM RELOAD DICTIONARY bartizan.retro_match_at`), { lane: 'background' });
}

function inScope({ feed, fresh }: HuntScope): Sql {
  return sql`feed = ${param('String', feed)} AND type = 'address' AND removed = 0 AND fresh >= ${num(fresh)}`;
}

function limits({ signal }: HuntContext): QueryOptions {
  return { lane: 'background', signal, maxSeconds: MOST_SECONDS };
}

async function ask(context: HuntContext, text: Sql): Promise<readonly (readonly Value[])[]> {
  return (await context.store.rows(statement(text), limits(context))).rows;
}

class Step {
  readonly #context: HuntContext;
  readonly #scope: HuntScope;
  /** Condition of its indicators. */
  readonly #indicators: Sql;
  #findings: Finding[] = [];
  /** Cut by a border: to be read again, by day and dataset. */
  readonly #cut = new Map<string, Hit[]>();
  #waiting = 0;
  found = 0;
  daysRead = 0;

  constructor(context: HuntContext, scope: HuntScope, indicators: Sql) {
    this.#context = context;
    this.#scope = scope;
    this.#indicators = indicators;
  }

  async run(): Promise<void> {
    const found = await ask(this.#context, sql`SELECT DISTINCT prefix FROM bartizan.indicator WHERE ${this.#indicators} ORDER BY prefix`);
    const prefixes = found.map((row) => Number(row[0]));
    const blocks = prefixes.filter((prefix) => prefix < 128);
    if (prefixes.length > blocks.length) await this.#take([128]);
    if (blocks.length > 0) await this.#take(blocks);
    await this.#readCut();
    await this.#write();
  }

  /** What is known of the days of addresses that indicators of these prefixes name. */
  async #take(prefixes: readonly number[]): Promise<void> {
    const { store, internal, allowed } = this.#context;
    for await (const rows of store.stream(streamedStatement(this.#hits(prefixes)), limits(this.#context))) {
      for (const row of rows) {
        const hit = toHit(row);
        const bytes = parseAddress(hit.address);
        if (!bytes || internal.isInternal(bytes, 0) || allowed.isInternal(bytes, 0)) continue;
        const horizon = this.#horizon(hit);
        if (hit.last < hit.since || hit.first >= hit.until || hit.first - AHEAD >= horizon) continue;
        const isWhole = hit.first >= hit.since && hit.last < hit.until && hit.received < hit.imported;
        if (isWhole && formatOf(hit.dataset).kind === 'flow') this.#findings.push(hit);
        else this.#readLater(hit);
      }
      if (this.#findings.length >= FINDINGS) await this.#write();
      if (this.#waiting >= WAITING) await this.#readCut();
    }
  }

  /** Records received from then on (epoch seconds) were matched as they were stored. */
  #horizon({ imported }: Hit): number {
    return Math.max(imported, this.#scope.known) + GRACE;
  }

  /** Addresses of the prefix 128 are found by the key; of others every address seen is cut to each prefix and looked up. */
  #hits(prefixes: readonly number[]): Sql {
    const named = (prefix: number): Sql => {
      const key = prefix === 128 ? sql`address` : sql`tupleElement(IPv6CIDRToRange(address, ${num(prefix)}), 1)`;
      return sql`${key} IN ${subquery(sql`SELECT first FROM bartizan.indicator WHERE ${this.#indicators} AND prefix = ${num(prefix)}`)}`;
    };
    const seen = sql`SELECT address, day, dataset, sum(accepted) AS a, sum(refused) AS r, sum(bytes) AS b, min(first) AS f, max(last) AS l, max(received) AS x
      FROM bartizan.address_day WHERE ${join(prefixes.map(named), ' OR ')} GROUP BY address, day, dataset`;
    const asked = sql`SELECT number, first AS block, prefix, confidence, valid_from, valid_until, imported FROM bartizan.indicator WHERE ${this.#indicators}`;
    const list = param('Array(UInt16)', prefixes);
    const shown = sql`toString(address), toUInt32(toUInt16(day)), dataset, a, r, b, toUnixTimestamp(f), toUnixTimestamp(l), toUnixTimestamp(x)`;
    return sql`SELECT ${shown}, toString(number), confidence, valid_from, valid_until, imported
      FROM (SELECT *, arrayJoin(${list}) AS length, tupleElement(IPv6CIDRToRange(address, toUInt8(length)), 1) AS block FROM (${seen})) AS seen
      INNER JOIN (${asked}) AS asked ON seen.block = asked.block AND seen.length = asked.prefix`;
  }

  #readLater(hit: Hit): void {
    const key = `${hit.dataset} ${hit.day}`;
    const list = this.#cut.get(key);
    if (list) list.push(hit);
    else this.#cut.set(key, [hit]);
    this.#waiting++;
  }

  /** Reads the records of what waits to be read again, a day at a time. */
  async #readCut(): Promise<void> {
    for (const hits of this.#cut.values()) {
      const byKey = new Map(hits.map((hit) => [`${hit.address} ${hit.indicator}`, hit]));
      for (const [address, indicator, accepted, refused, bytes, first, last] of await ask(this.#context, this.#records(hits))) {
        const hit = byKey.get(`${address} ${indicator}`) as Hit;
        this.#findings.push({ ...hit, accepted: accepted ?? 0, refused: refused ?? 0, bytes: bytes ?? 0, first: Number(first), last: Number(last) });
      }
      this.daysRead++;
      if (this.#findings.length >= FINDINGS) await this.#write();
    }
    this.#cut.clear();
    this.#waiting = 0;
  }

  /** Sums over the records of a day, by address and indicator. */
  #records(hits: readonly Hit[]): Sql {
    const { dataset } = hits[0] as Hit;
    const { columns } = formatOf(dataset);
    const texts = (of: (hit: Hit) => string): Sql => param('Array(String)', hits.map(of));
    const numbers = (of: (hit: Hit) => number): Sql => param('Array(UInt32)', hits.map(of));
    const lists = [texts((hit) => hit.address), texts((hit) => hit.indicator), numbers((hit) => hit.since), numbers((hit) => hit.until)];
    const parts = ['address', 'indicator', 'since', 'until', 'before'].map((name, i) => sql`tupleElement(one, ${num(i + 1)}) AS ${ident(`${name}_`)}`);
    const zipped = sql`arrayZip(${join([...lists, numbers((hit) => this.#horizon(hit))], ', ')})`;
    const asked = sql`SELECT toIPv6(address_) AS address, toUInt64(indicator_) AS number, since_, until_, before_
      FROM (SELECT ${join(parts, ', ')} FROM (SELECT arrayJoin(${zipped}) AS one))`;
    const addresses = sql`(SELECT toIPv6(arrayJoin(${texts((hit) => hit.address)})))`;
    const ends = [
      { address: ident('srcaddr'), indicator: ident('src_indicator'), column: 'srcaddr' },
      { address: ident('dstaddr'), indicator: ident('dst_indicator'), column: 'dstaddr' },
    ].filter(({ column }) => columns.has(column));
    const refused = columns.has('action') ? sql`action = 'REJECT'` : columns.has('outcome') ? sql`outcome = 'failure'` : sql`false`;
    const bytes = columns.has('bytes') ? ident('bytes') : sql`toUInt64(0)`;
    // Of the day only what some of them ask for.
    const from = Math.min(...hits.map((hit) => Math.max(hit.first, hit.since)));
    const to = Math.max(...hits.map((hit) => Math.min(hit.last + 1, hit.until)));
    const window = sql`start >= toDateTime(${num(from)}, 'UTC') AND start < toDateTime(${num(to)}, 'UTC')`;
    const each = (make: (end: (typeof ends)[number]) => Sql, separator: ', ' | ' OR '): Sql => join(ends.map(make), separator);
    const read = each(({ address, indicator }) => sql`${address}, ${indicator}`, ', ');
    const records = sql`SELECT arrayJoin(arrayDistinct([${each(({ address }) => address, ', ')}])) AS address, ${read}, start, received, ${bytes} AS bytes, ${refused} AS is_refused
      FROM ${join([ident('bartizan'), sql`.`, ident(dataset)], ' ')} WHERE ${window} AND (${each(({ address }) => sql`${address} IN ${addresses}`, ' OR ')})`;
    const matched = each(({ address, indicator }) => sql`(${address} = address AND ${indicator} = number)`, ' OR ');
    const valid = sql`toUnixTimestamp(start) >= since_ AND toUnixTimestamp(start) < until_ AND toUnixTimestamp(received) < before_`;
    const sums = sql`countIf(NOT is_refused), countIf(is_refused), sum(bytes), toUnixTimestamp(min(start)), toUnixTimestamp(max(start))`;
    return sql`SELECT toString(address), toString(number), ${sums} FROM (${records}) AS records INNER JOIN (${asked}) AS asked USING (address)
      WHERE ${valid} AND NOT (${matched}) GROUP BY address, number`;
  }

  /** What was found before stays found when it was; the rest of it is as it is found now. */
  async #write(): Promise<void> {
    if (this.#findings.length === 0) return;
    const { store, now } = this.#context;
    const rows = this.#findings.map((finding) => JSON.stringify(toRow(finding)));
    const structure = `Tuple(${ROW.map(({ name, json }) => `${name} ${json}`).join(', ')})`;
    const made = sql`SELECT arrayJoin(arrayMap(row -> JSONExtract(row, ${param('String', structure)}), ${param('Array(String)', rows)})) AS t`;
    const values = ROW.map(({ name, sql: make }) => sql`${make(sql`tupleElement(t, ${param('String', name)})`)} AS ${ident(name)}`);
    const names = ROW.map(({ name }) => ident(name));
    const keys = sql`address, indicator, day, dataset`;
    const numbers = param('Array(String)', [...new Set(this.#findings.map((finding) => finding.indicator))]);
    const same = sql`indicator IN (SELECT toUInt64(arrayJoin(${numbers})))`;
    const before = sql`SELECT ${keys}, min(found_at) AS was FROM bartizan.retro_match WHERE ${same} GROUP BY ${keys}`;
    const at = sql`toDateTime(${num(now())}, 'UTC')`;
    await store.command(
      statement(sql`INSERT INTO bartizan.retro_match (${join(names, ', ')}, found_at, revision)
        SELECT ${join(names, ', ')}, if(toUnixTimestamp(was) = 0, ${at}, was), toUnixTimestamp64Milli(now64(3))
        FROM (SELECT ${join(values, ', ')} FROM (${made})) AS made LEFT JOIN (${before}) AS before USING (${keys})`),
      limits(this.#context),
    );
    this.found += this.#findings.length;
    this.#findings = [];
  }
}

/** Columns of `retro_match` that a finding gives: its type in JSON, and what makes the column of it. 64 bits are text there. */
const time = (value: Sql): Sql => sql`toDateTime(${value}, 'UTC')`;
const large = (value: Sql): Sql => sql`toUInt64(${value})`;
const ROW: readonly { readonly name: string; readonly json: 'String' | 'UInt32'; readonly sql: (value: Sql) => Sql }[] = [
  { name: 'address', json: 'String', sql: (value) => sql`toIPv6(${value})` },
  { name: 'indicator', json: 'String', sql: large },
  { name: 'day', json: 'UInt32', sql: (value) => sql`toDate(${value})` },
  { name: 'dataset', json: 'String', sql: (value) => sql`toLowCardinality(${value})` },
  { name: 'confidence', json: 'UInt32', sql: (value) => sql`toUInt8(${value})` },
  { name: 'valid_from', json: 'UInt32', sql: time },
  { name: 'valid_until', json: 'UInt32', sql: time },
  { name: 'accepted', json: 'String', sql: large },
  { name: 'refused', json: 'String', sql: large },
  { name: 'bytes', json: 'String', sql: large },
  { name: 'first', json: 'UInt32', sql: time },
  { name: 'last', json: 'UInt32', sql: time },
];

function toRow({ since, until, accepted, refused, bytes, ...same }: Finding): Record<string, string | number> {
  const { address, indicator, day, dataset, confidence, first, last } = same;
  const sums = { accepted: String(accepted), refused: String(refused), bytes: String(bytes) };
  return { address, indicator, day, dataset, confidence, valid_from: since, valid_until: until, ...sums, first, last };
}

function toHit(row: readonly Value[]): Hit {
  const [address, day, dataset, accepted, refused, bytes, first, last, received, indicator, confidence, since, until, imported] = row;
  return {
    address: String(address),
    day: Number(day),
    dataset: DATASETS.find((name) => name === dataset) as Dataset,
    accepted: accepted ?? 0,
    refused: refused ?? 0,
    bytes: bytes ?? 0,
    first: Number(first),
    last: Number(last),
    received: Number(received),
    indicator: String(indicator),
    confidence: Number(confidence),
    since: Number(since),
    until: Number(until) === 0 ? OPEN : Number(until),
    imported: Number(imported),
  };
}
