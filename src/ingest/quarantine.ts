/**
 * Quarantine: records that could not be read, kept with their bytes, reason and origin. A retry reads
 * them with today's code; what can be read then is stored under a token made of the records' ids, so
 * that a retry that is repeated stores nothing twice. A record is never deleted; it becomes resolved.
 */
import { createHash } from 'node:crypto';
import type { Enricher } from '../enrich/enricher.ts';
import { createDecoder, decoderKind } from '../formats/decoder.ts';
import { readingOf } from '../formats/flow/layout.ts';
import { compileRecordRules } from '../formats/record-rules.ts';
import type { DecodedBatches } from '../formats/result.ts';
import type { Origin } from '../model/batch.ts';
import { DEFAULT_RECORD_SETTINGS, type RecordSettings } from '../model/source.ts';
import { join, num, param, type Sql, sql, statement } from '../query/sql.ts';
import type { Store, Value } from '../store/store.ts';
import { type BatchDelivery, stageBatch, stageResolved } from './batch-writer.ts';
import type { Pipeline } from './pipeline.ts';
import { IdCache, type Registries } from './registry.ts';
import { syncStaged } from './staged-files.ts';
import { HELD, type RetryResult, UNRESOLVED } from './unresolved.ts';

export interface QuarantineEntry {
  /** `batch:seq` */
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly sourceName: string;
  readonly sourceCategory: string;
  /** Of the record's first byte in the decompressed delivery. */
  readonly offset: number;
  /** Bytes of the whole record; `raw` holds at most 64 KiB of them. */
  readonly length: number;
  readonly raw: string;
  readonly layout: string;
  /** Epoch milliseconds at which it was read. */
  readonly time: number;
  readonly resolved: boolean;
}

export interface QuarantineFilter {
  readonly code?: string | undefined;
  readonly collector?: string | undefined;
  readonly sourceName?: string | undefined;
  readonly sourceHost?: string | undefined;
  readonly resolved?: boolean;
  readonly limit?: number;
  readonly offset?: number;
}

export interface QuarantineOptions {
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly registries: Registries;
  /** Made when the first record is read again: its databases are large. */
  readonly enricher: () => Enricher;
  /** What a source does with its records now; undefined for one that is gone, and for what somebody named. */
  readonly settingsOf: (source: string) => Promise<RecordSettings | undefined>;
  readonly staging: string;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Records that are read again at once, and bytes of them: one may have 64 KiB. */
const RETRY_CHUNK = 20_000;
const RETRY_BYTES = 32 * 2 ** 20;
/** The table's own order: what is behind a record is found without looking at what is before it. */
const IN_ORDER = sql`ORDER BY code, source_name, batch, seq`;
const RESOLVED = sql`(batch, seq) IN (SELECT batch, seq FROM bartizan.quarantine_resolved)`;
const COLUMNS = sql`batch, seq, code, message, source_name, source_category, offset, length, raw, layout, toUnixTimestamp(received)`;

export class Quarantine {
  readonly #options: QuarantineOptions;
  #enricher: Enricher | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** Newest first, with the counts by reason of all that the filter lets through but for its `code`. */
  async list(filter: QuarantineFilter = {}): Promise<{ total: number; byCode: { code: string; count: number }[]; records: QuarantineEntry[] }> {
    const of = (column: Sql, value: string | undefined) => (value === undefined ? [] : [sql`${column} = ${param('String', value)}`]);
    const state = join(
      [
        filter.resolved ? RESOLVED : UNRESOLVED,
        ...of(sql`collector`, filter.collector),
        ...of(sql`source_name`, filter.sourceName),
        ...of(sql`source_host`, filter.sourceHost),
      ],
      ' AND ',
    );
    const byCode = await this.#rows(sql`SELECT code, count() FROM bartizan.quarantine WHERE ${state} GROUP BY code ORDER BY count() DESC, code`);
    const where = filter.code ? sql`${state} AND code = ${param('String', filter.code)}` : state;
    const rows = await this.#rows(
      sql`SELECT ${COLUMNS} FROM bartizan.quarantine WHERE ${where} ORDER BY received DESC, batch, seq LIMIT ${num(filter.limit ?? 100)} OFFSET ${num(filter.offset ?? 0)}`,
    );
    const counts = byCode.map(([code, count]) => ({ code: String(code), count: Number(count) }));
    return {
      total: counts.filter((c) => !filter.code || c.code === filter.code).reduce((n, c) => n + c.count, 0),
      byCode: counts,
      records: rows.map((row) => toEntry(row, filter.resolved ?? false)),
    };
  }

  /** Reasons by origin, most frequent first. */
  async byOrigin(): Promise<{ code: string; sourceName: string; count: number }[]> {
    const rows = await this.#rows(
      sql`SELECT code, source_name, count() FROM bartizan.quarantine WHERE ${UNRESOLVED} GROUP BY code, source_name ORDER BY count() DESC, code, source_name LIMIT 1000`,
    );
    return rows.map(([code, sourceName, count]) => ({ code: String(code), sourceName: String(sourceName), count: Number(count) }));
  }

  async get(id: string): Promise<QuarantineEntry | undefined> {
    const { batch, seq } = parseId(id);
    const rows = await this.#rows(sql`SELECT ${COLUMNS}, ${RESOLVED} FROM bartizan.quarantine WHERE batch = ${param('String', batch)} AND seq = ${num(seq)}`);
    return rows[0] && toEntry(rows[0], Boolean(rows[0][11]));
  }

  /**
   * Re-reads unresolved records: all, those named, or those of a `stream` that wait for its layout. `layout`:
   * in place of the one that was tried; without it records that wait for one are left unless they are named,
   * for a guess could read them wrongly. Rules, timestamp locator and internal traffic are those that the source has now.
   * One after another: two at once would both find the same records unresolved.
   */
  retry(ids?: readonly string[], layout?: string, stream?: string): Promise<RetryResult> {
    const done = this.#turn.then(() => this.#retry(ids, layout, stream));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #retry(ids?: readonly string[], layout?: string, stream?: string): Promise<RetryResult> {
    // A retry that a crash cut off is repaired first; until then its records look unresolved.
    await this.#options.pipeline.settled();
    const result = { retried: 0, resolved: 0, filtered: 0, quarantined: 0 };
    const chosen: Sql[] = [UNRESOLVED];
    if (ids) chosen.push(sql`concat(batch, ':', toString(seq)) IN ${param('Array(String)', ids)}`);
    if (stream !== undefined) chosen.push(sql`stream = ${param('String', stream)}`);
    if (layout === undefined && !ids) chosen.push(sql`code != ${param('String', HELD)}`);
    for (let last: readonly Value[] | undefined; ; ) {
      const where = join(last ? [...chosen, behind(last)] : chosen, ' AND ');
      const sizes = await this.#rows(sql`SELECT length(raw) FROM bartizan.quarantine WHERE ${where} ${IN_ORDER} LIMIT ${num(RETRY_CHUNK)}`);
      const rows = await this.#rows(
        sql`SELECT batch, seq, base64Encode(raw), layout, source_name, source_category, source_host, collector, length > length(raw), source, log_group, log_stream, code FROM bartizan.quarantine WHERE ${where} ${IN_ORDER} LIMIT ${num(fitting(sizes))}`,
      );
      if (rows.length === 0) return result;
      const { resolved, filtered } = await this.#retryRows(rows, layout);
      result.retried += rows.length;
      result.resolved += resolved;
      result.filtered += filtered;
      result.quarantined += rows.length - resolved - filtered;
      last = rows[rows.length - 1];
    }
  }

  async #retryRows(rows: readonly (readonly Value[])[], layout: string | undefined): Promise<{ resolved: number; filtered: number }> {
    const { pipeline, registries, settingsOf, staging, now } = this.#options;
    this.#enricher ??= this.#options.enricher();
    const enricher = this.#enricher;
    enricher.matchWith(pipeline.indicators);
    enricher.setAwsRanges(pipeline.databases.aws);
    const groups = Map.groupBy(rows, (row) => `${String(row[9])}\n${isEvent(row) ? EVENT : (layout ?? String(row[3]))}`);
    let [resolved, filtered] = [0, 0];
    for (const [of, group] of groups) {
      const cut = of.indexOf('\n');
      const [source, tried] = [of.slice(0, cut), of.slice(cut + 1)];
      const settings = (source === '' ? undefined : await settingsOf(source)) ?? DEFAULT_RECORD_SETTINGS;
      const reading = { rules: compileRecordRules(settings, true), now };
      // How many records there are in those of several lines shows only when they are read.
      const decode = (chosen: readonly (readonly Value[])[], capacity = chosen.length + 16): DecodedBatches => {
        const sized = { ...reading, capacity };
        const decoder = tried === EVENT ? createDecoder('cloudtrail', { layout: 'auto', ...sized }) : createDecoder('flow', { ...readingOf(tried), ...sized });
        for (const [i, row] of chosen.entries()) {
          if (i > 0) decoder.nextDelivery();
          if (!decoder.push(Buffer.from(String(row[2]), 'base64'), true)) return decode(chosen, capacity * 4);
        }
        return decoder.take();
      };
      let whole = group.filter((row) => !row[8]);
      let taken = decode(whole);
      // Of a record of several lines nothing is stored until all of them can be read: it stays, and would be stored again with each retry.
      const partly = new Set(taken.deliveries.filter(({ counts }) => counts.quarantined > 0 && counts.records > counts.quarantined).map((p) => p.delivery));
      if (partly.size > 0) {
        whole = whole.filter((_, i) => !partly.has(i));
        taken = decode(whole);
      }
      const deliveries = new Map(
        whole.map((row, i): [number, BatchDelivery] => [i, { id: '', source, origin: originOf(row), internalTraffic: settings.internalTraffic }]),
      );
      const readable = taken.deliveries.filter((part) => part.counts.records > 0 && part.counts.quarantined === 0);
      const done = readable.map((part) => whole[part.delivery] as readonly Value[]).map((row) => ({ batch: String(row[0]), seq: Number(row[1]) }));
      if (done.length === 0) continue;
      const batch = `retry-${createHash('sha256')
        .update(done.map((d) => `${d.batch}:${d.seq}`).join())
        .digest('hex')}`;
      const manifest = await stageBatch(batch, { ...taken, bad: [] }, deliveries, '', {
        staging,
        enricher,
        ids: new IdCache((name, texts) => registries.ids(name, texts)),
        now,
      });
      const marks = stageResolved(staging, batch, done, now());
      await syncStaged(staging, [marks]);
      await pipeline.storeBatch({ ...manifest, ranges: [], blocks: [...manifest.blocks, marks] });
      const left = manifest.ranges.reduce((sum, { counts }) => sum + counts.filtered, 0);
      filtered += left;
      resolved += done.length - left;
    }
    return { resolved, filtered };
  }

  async #rows(fragment: Sql): Promise<readonly (readonly Value[])[]> {
    return (await this.#options.store.rows(statement(fragment), { lane: 'background' })).rows;
  }
}

/** How many of the records, the first of all, are read again at once. */
function fitting(sizes: readonly (readonly Value[])[]): number {
  let [count, bytes] = [0, 0];
  for (const [size] of sizes) {
    bytes += Number(size);
    if (count > 0 && bytes > RETRY_BYTES) break;
    count++;
  }
  return Math.max(1, count);
}

/** Condition on what stands behind a record. Written out: of a comparison of tuples the engine makes no use to find its place. */
function behind(record: readonly Value[]): Sql {
  const [code, source, batch, seq] = [record[12], record[4], record[0], record[1]];
  const text = (value: Value | undefined) => param('String', String(value));
  const inBatch = sql`batch > ${text(batch)} OR (batch = ${text(batch)} AND seq > ${num(Number(seq))})`;
  const inSource = sql`source_name > ${text(source)} OR (source_name = ${text(source)} AND (${inBatch}))`;
  return sql`(code > ${text(code)} OR (code = ${text(code)} AND (${inSource})))`;
}

/** Layout of events. What was refused as another format may be one too. */
const EVENT = 'cloudtrail';

function isEvent(row: readonly Value[]): boolean {
  return String(row[3]) === EVENT || decoderKind('auto', Buffer.from(String(row[2]), 'base64')) === EVENT;
}

function originOf(row: readonly Value[]): Origin {
  return {
    sourceName: String(row[4]),
    sourceCategory: String(row[5]),
    sourceHost: String(row[6]),
    collector: String(row[7]),
    logGroup: String(row[10]),
    logStream: String(row[11]),
  };
}

function parseId(id: string): { batch: string; seq: number } {
  const cut = id.lastIndexOf(':');
  const seq = Number(id.slice(cut + 1));
  return { batch: id.slice(0, Math.max(cut, 0)), seq: Number.isSafeInteger(seq) && seq >= 0 ? seq : 0 };
}

function toEntry(row: readonly Value[], resolved: boolean): QuarantineEntry {
  return {
    id: `${row[0]}:${row[1]}`,
    code: String(row[2]),
    message: String(row[3]),
    sourceName: String(row[4]),
    sourceCategory: String(row[5]),
    offset: Number(row[6]),
    length: Number(row[7]),
    raw: String(row[8]),
    layout: String(row[9]),
    time: Number(row[10]) * 1000,
    resolved,
  };
}
