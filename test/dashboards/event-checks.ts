/** Checks that the tests of CloudTrail dashboards with detail tables and outliers share. What is expected comes from the list of events alone. */
import { expect } from 'vitest';
import { counts, DAY, hour, type KeepEvent } from './event-fixture.ts';
import type { TrailEvent } from './events.ts';
import { expectNamed, expectTopOfParts, type Key, type PanelEvent, rowsOf } from './fixture.ts';

export type Check = (panel: PanelEvent | undefined, events: readonly TrailEvent[]) => void;
type Json = Readonly<Record<string, unknown>>;

/** Insights are about calls, and are none. */
export const isCall: KeepEvent = (e) => e.outcome !== '';
export const called =
  (...names: string[]): KeepEvent =>
  (e) =>
    names.includes(e.name);

/** A value at a path of a record’s part; `null` where there is none. */
export function at(part: Json | null | undefined, ...path: string[]): Key {
  const found = path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], part ?? undefined);
  return (found as Key | undefined) ?? null;
}
export const asked = (e: TrailEvent, ...path: string[]): Key => at(e.record.requestParameters, ...path);
export const answered = (e: TrailEvent, ...path: string[]): Key => at(e.record.responseElements, ...path);

/** Where a call came from, and where it went. */
export const WHERE = ['sourceIPAddress', 'awsRegion', 'recipientAccountId'];
export const where = (e: TrailEvent): Key[] => [e.record.sourceIPAddress, e.record.awsRegion, e.account];

/** Rows of a detail table: one for each event that is kept, or as many as `rows` gives; newest first. The first column is the time. */
export function details(columns: readonly string[], keep: KeepEvent, rows: (e: TrailEvent) => readonly Key[][]): Check {
  return (panel, events) => {
    const expected = events.filter(keep).flatMap((e) => rows(e).map((row) => [e.at * 1000, ...row.map((value) => (value === '' ? null : value))]));
    const found = rowsOf(panel, ['time', ...columns]);
    expect(found.length).toBeGreaterThan(0);
    expect(found.map((row) => JSON.stringify(row)).toSorted()).toEqual(expected.map((row) => JSON.stringify(row)).toSorted());
    const times = found.map(([time]) => Number(time));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(panel?.truncated).toBe(false);
  };
}

/** Bars of `x` in parts of `series`, the ten names with most. */
export const topOfParts =
  (columns: readonly string[], keep: KeepEvent, keys: (e: TrailEvent) => Key[]): Check =>
  (panel, events) =>
    expectTopOfParts(panel, columns, counts(events, keep, keys), 10);

/** Columns of an hour by a series, the ten with most are named. */
export const hourly =
  (series: string, keep: KeepEvent, of: (e: TrailEvent) => Key): Check =>
  (panel, events) =>
    expectNamed(
      panel,
      ['_timeslice', series, '_count'],
      counts(events, keep, (e) => [hour(e), of(e)]),
      10,
    );

const SLICE = 900;

/**
 * Every 15 minutes of the window, those without events too: more than three standard deviations above the mean of the
 * twelve slices before is an outlier. The newest is not judged, nor one with fewer than two before it.
 */
export function outliers(keep: KeepEvent, least: number): Check {
  return (panel, events) => {
    const first = Math.floor(DAY.from / SLICE) * SLICE;
    const values = Array.from({ length: Math.ceil((DAY.to - first) / SLICE) }, () => 0);
    for (const e of events.filter(keep)) {
      const slice = Math.floor((e.at - first) / SLICE);
      values[slice] = (values[slice] ?? 0) + 1;
    }
    const judged = values.map((value, i) => {
      const before = values.slice(Math.max(0, i - 12), i);
      if (i === values.length - 1 || before.length < 2) return false;
      const mean = before.reduce((sum, v) => sum + v, 0) / before.length;
      const deviation = Math.sqrt(before.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (before.length - 1));
      return value > mean + 3 * deviation;
    });
    const at = (name: string) => panel?.columns.findIndex((c) => c.name === name) as number;
    const found = panel?.rows.map((row) => [row[at('_timeslice')], row[at('_count')], row[at('_count_violation')] === 1]);
    expect(found).toEqual(values.map((value, i) => [(first + i * SLICE) * 1000, value, judged[i]]));
    expect(judged.filter(Boolean).length).toBeGreaterThanOrEqual(least);
    // Most slices are as usual.
    expect(judged.filter(Boolean).length).toBeLessThan(values.length / 4);
  };
}
