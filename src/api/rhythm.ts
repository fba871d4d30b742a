/**
 * Rhythms and gaps of what is ingested, from the counters: how often records of an account, region and
 * source usually come, and where they have not. Silence counts from record to record; NODATA and SKIPDATA
 * are records. The engine does the walking, so that a month costs a moment.
 */
import { NO_LAG } from '../model/lag.ts';
import { num, type Sql, sql, statement } from '../query/sql.ts';
import type { QueryOptions, Store, Value } from '../store/store.ts';
import type { Gap } from './contract/completeness.ts';
import type { Window } from './contract.ts';
import { inWindow } from './data.ts';

/** Seconds of a bucket of the counters. */
export const BUCKET = 300;
/** How far before the window a rhythm is learnt, and a source is remembered, seconds. */
const LEARN = 7 * 86_400;
/** How far behind the window the end of a hole is looked for. */
const AHEAD = 86_400;
/** Silence up to this is never a gap, seconds. */
const LEAST_GAP = 900;
/** Times of the usual interval from which on silence is a gap. */
const GAP_FACTOR = 3;
/** Share of intervals that may be longer than the usual one. */
const RARE = 0.02;
/** Intervals below which nobody knows a rhythm. */
const LEAST_INTERVALS = 4;
const MOST_GAPS = 200;
/** Rows that are looked at. */
export const MOST_ROWS = 2000;

/** Whose records a row counts. */
export interface Key {
  readonly source: string;
  readonly collector: string;
  readonly category: string;
  readonly account: string;
  readonly region: string;
  /** What its records are: flow logs, or events of CloudTrail. */
  readonly kind: 'flows' | 'events';
}

export interface Rhythm extends Key {
  /** Seconds; null while there are too few records to know. */
  readonly usual: number | null;
  /** Holes that the window touches, between records, oldest first. */
  readonly holes: readonly Gap[];
  /** Of the newest record before the window's end, epoch seconds; null where it is only behind it. */
  readonly lastRecord: number | null;
  /** Start of the bucket of that record. */
  readonly lastBucket: number | null;
  readonly lastReceived: number | null;
  /** Something came after the window, so that nothing is open at its end. */
  readonly goesOn: boolean;
}

export const KEYS = sql`source, collector, category, account, region, kind`;
/** Columns of KEYS. */
export const KEY_COUNT = 6;

export function keyOf(row: readonly Value[]): Key {
  const [source = '', collector = '', category = '', account = '', region = '', kind] = row.map(String);
  return { source, collector, category, account, region, kind: kind === 'events' ? 'events' : 'flows' };
}

/** Whole buckets. */
export function aligned({ from, to }: Window): Window {
  return { from: Math.floor(from / BUCKET) * BUCKET, to: Math.ceil(to / BUCKET) * BUCKET };
}

/** Buckets of the counters from which a window's rhythm is learnt. */
export function remembered({ from, to }: Window): Sql {
  return inWindow(Math.max(0, from - LEARN), to + AHEAD);
}

/** Those of them that records are behind. */
export function inReach(window: Window): Sql {
  return sql`${remembered(window)} AND lag != ${num(NO_LAG)}`;
}

/** Every row that has records in reach of an aligned window. */
export async function rhythms(store: Store, window: Window, options: QueryOptions = {}): Promise<Rhythm[]> {
  const { from, to } = window;
  const inside = sql`start < toDateTime(${num(to)}, 'UTC')`;
  const present = sql`SELECT ${KEYS}, start, toUnixTimestamp(start) AS bucket, toUnixTimestamp(min(first_start)) AS first, toUnixTimestamp(max(last_start)) AS last,
    toUnixTimestamp(max(last_received)) AS came FROM bartizan.ingest_counter WHERE ${inReach(window)} GROUP BY ${KEYS}, start`;
  const steps = sql`SELECT *, lagInFrame(bucket) OVER before AS bucket_before, lagInFrame(last) OVER before AS last_before FROM (${present})
    WINDOW before AS (PARTITION BY ${KEYS} ORDER BY bucket ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;
  const learnt = sql`SELECT ${KEYS}, arraySort(groupArrayIf(toUInt32(bucket - bucket_before), bucket_before > 0)) AS intervals, length(intervals) AS n,
      if(n < ${num(LEAST_INTERVALS)}, 0, intervals[n - greatest(1, toUInt64(ceil(n * ${num(RARE)})))]) AS usual,
      maxIf(last, ${inside}) AS newest, maxIf(bucket, ${inside}) AS newest_bucket, maxIf(came, ${inside}) AS newest_came, countIf(NOT (${inside})) AS after,
      groupArrayIf((bucket_before, bucket, toInt64(first) - toInt64(last_before)), bucket_before > 0 AND first > last_before + ${num(LEAST_GAP)}
        AND bucket > ${num(from)} AND bucket_before + ${num(BUCKET)} < ${num(to)}) AS silences
    FROM (${steps}) GROUP BY ${KEYS}`;
  const answer = await store.rows(
    statement(
      sql`SELECT ${KEYS}, usual, newest, newest_bucket, newest_came, after,
        arraySlice(arrayReverseSort(x -> x.1, arrayFilter(x -> usual > 0 AND x.3 > ${num(GAP_FACTOR)} * usual, silences)), 1, ${num(MOST_GAPS)}) AS gaps
        FROM (${learnt}) ORDER BY ${KEYS} LIMIT ${num(MOST_ROWS + 1)}`,
    ),
    options,
  );
  return answer.rows.map((row) => {
    const [usual = 0, newest = 0, bucket = 0, came = 0, after = 0] = row.slice(KEY_COUNT, KEY_COUNT + 5).map(Number);
    const gaps = row[KEY_COUNT + 5] as readonly (readonly Value[])[];
    const holes = gaps.map(([a, b]) => ({ from: Math.max(from, Number(a) + BUCKET), to: Math.min(to, Number(b)), open: false })).reverse();
    return {
      ...keyOf(row),
      usual: usual || null,
      holes: holes.filter((hole) => hole.from < hole.to),
      lastRecord: newest || null,
      lastBucket: newest ? bucket : null,
      lastReceived: came || null,
      goesOn: after > 0,
    };
  });
}

/** Holes, and the silence at the window's end where more is expected. `judgedTo`: what is newer may still be on its way. */
export function gapsOf(rhythm: Rhythm, window: Window, expected: boolean, judgedTo: number): Gap[] {
  const { usual, lastRecord, lastBucket, holes, goesOn } = rhythm;
  const end = Math.min(window.to, Math.floor(judgedTo / BUCKET) * BUCKET);
  if (!expected || goesOn || usual === null || lastRecord === null || lastBucket === null) return [...holes];
  const open = { from: Math.max(window.from, lastBucket + BUCKET), to: end, open: true };
  return judgedTo - lastRecord > Math.max(GAP_FACTOR * usual, LEAST_GAP) && open.from < open.to ? [...holes, open] : [...holes];
}
