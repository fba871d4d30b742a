/**
 * What the tests of dashboards share: a server over generated flows with noise that no panel may count, runs
 * through the HTTP API, and expected numbers that are computed here from the list of flows alone.
 */
import { expect } from 'vitest';
import type { RunEvent } from '../../src/api/contract.ts';
import { eventsOf, NOW, startServer, type TestServer } from '../api/helpers.ts';
import { insertFlows, makeWideFlows, type WideFlow } from './flows.ts';

export type PanelEvent = Extract<RunEvent, { type: 'panel' }>;
export type Key = string | number | null;
type Keep = (f: WideFlow) => boolean;
type Keys = (f: WideFlow) => Key[];
/** Groups by the JSON of their keys. */
export type Groups = ReadonlyMap<string, number>;

const HOUR = 3600;
export const WINDOW = { from: NOW - HOUR, to: NOW };

export interface Fixture {
  readonly server: TestServer;
  /** Those in the window. */
  readonly flows: readonly WideFlow[];
  /** Runs all panels of a dashboard; no panel fails. */
  run(dashboard: string, body?: object): Promise<Map<string, PanelEvent>>;
}

/** What is different where threats are tested. */
interface Threats {
  readonly facts: TestServer['deps']['facts'];
  /** Stores indicators; gives the columns that matching adds to a flow. */
  matching(server: TestServer): Promise<(flow: WideFlow) => object>;
}

/** Noise: flows before and after the window and at its edges, status records; within it external flows, absent fields, other accounts. */
export async function openFixture(seed: number, threats?: Threats): Promise<Fixture> {
  // Any field may be absent.
  const server = await startServer({ deps: { absentMask: () => (1n << 64n) - 1n, ...(threats && { facts: threats.facts }) } });
  const matched = (await threats?.matching(server)) ?? (() => ({}));
  const insert = (flows: readonly WideFlow[]) =>
    insertFlows(
      server.store,
      flows.map((flow) => ({ ...flow, ...matched(flow) })),
    );
  const flows = makeWideFlows(seed, 3000, WINDOW.from, WINDOW.to);
  const [edge] = makeWideFlows(seed + 1, 1, WINDOW.from, WINDOW.to) as [WideFlow];
  flows.push({ ...edge, action: 'ACCEPT', start: WINDOW.from }, { ...edge, action: 'REJECT', start: WINDOW.to - 1 });
  await insert([
    ...flows,
    { ...edge, action: 'ACCEPT', start: WINDOW.from - 1 },
    { ...edge, action: 'REJECT', start: WINDOW.to },
    ...makeWideFlows(seed + 2, 300, WINDOW.from - 2 * HOUR, WINDOW.from),
    ...makeWideFlows(seed + 3, 300, WINDOW.to, WINDOW.to + HOUR),
  ]);
  await insertFlows(server.store, makeWideFlows(seed + 4, 50, WINDOW.from, WINDOW.to), 'vpc_flow_status', 'NODATA');
  await insertFlows(server.store, makeWideFlows(seed + 5, 7, WINDOW.from, WINDOW.to), 'vpc_flow_status', 'SKIPDATA');
  return {
    server,
    flows,
    async run(dashboard, body = {}) {
      const response = await server.post(`/api/v1/dashboards/${dashboard}/run`, { from: '-60m', to: 'now', ...body });
      if (response.status !== 200) throw new Error(await response.text());
      const events = await eventsOf(response);
      expect(events.filter((e) => e.type === 'error')).toEqual([]);
      return new Map(events.filter((e) => e.type === 'panel').map((e) => [e.panel, e]));
    },
  };
}

export const accept: Keep = (f) => f.action === 'ACCEPT';
export const reject: Keep = (f) => f.action === 'REJECT';
export const tcp: Keep = (f) => f.protocol === 6;
export const going =
  (direction: string): Keep =>
  (f) =>
    f.direction === direction;
export const all =
  (...conditions: Keep[]): Keep =>
  (f) =>
    conditions.every((c) => c(f));
export const one = (): number => 1;
export const bytes = (f: WideFlow): number => f.bytes;
export const packets = (f: WideFlow): number => f.packets;
/** Start of the five minutes that a flow lies in, epoch milliseconds. */
export const slice = (f: WideFlow): number => Math.floor(f.start / 300) * 300_000;

const COUNTRIES: Record<string, string> = { US: 'United States', DE: 'Germany', JP: 'Japan' };
export const PLACE = ['latitude', 'longitude', 'country_code', 'country_name', 'state', 'city'];

export function place(text: string): Key[] {
  if (!text) return [null, null, null, null, null, null];
  const [code = '', state = '', city = '', latitude, longitude] = text.split('|');
  return [Number(latitude), Number(longitude), code, COUNTRIES[code] ?? null, state, city];
}

export function system(text: string): Key[] {
  const cut = text.indexOf(' ');
  return text ? [Number(text.slice(0, cut)), text.slice(cut + 1)] : [null, null];
}

/** Sums a measure by keys over the flows that match. */
export function sums(flows: readonly WideFlow[], keep: Keep, keys: Keys, measure: (f: WideFlow) => number = one): Map<string, number> {
  return sumsOfMany(flows, keep, (f) => [keys(f)], measure);
}

/** The same where a flow may be in several groups, or in none. */
export function sumsOfMany(
  flows: readonly WideFlow[],
  keep: Keep,
  keys: (f: WideFlow) => Key[][],
  measure: (f: WideFlow) => number = one,
): Map<string, number> {
  const groups = new Map<string, number>();
  for (const flow of flows) {
    if (!keep(flow)) continue;
    for (const key of keys(flow).map((k) => JSON.stringify(k))) groups.set(key, (groups.get(key) ?? 0) + measure(flow));
  }
  return groups;
}

/** Rows of a panel, with these columns in this order; it has no others. */
export function rowsOf(panel: PanelEvent | undefined, columns: readonly string[]): Key[][] {
  expect(panel?.columns.map((c) => c.name).toSorted()).toEqual([...columns].toSorted());
  const at = columns.map((name) => panel?.columns.findIndex((c) => c.name === name) as number);
  return (panel?.rows ?? []).map((row) => at.map((i) => row[i] as Key));
}

/** The panel shows exactly the groups, or the `limit` largest of them, largest first. The measure is the last column. */
export function expectGroups(panel: PanelEvent | undefined, columns: readonly string[], groups: Groups, limit = Number.POSITIVE_INFINITY): void {
  const rows = rowsOf(panel, columns);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map((row) => row.at(-1))).toEqual([...groups.values()].toSorted((a, b) => b - a).slice(0, limit));
  for (const row of rows) expect([row, groups.get(JSON.stringify(row.slice(0, -1)))]).toEqual([row, row.at(-1)]);
  expect(new Set(rows.map((row) => JSON.stringify(row.slice(0, -1)))).size).toBe(rows.length);
}

/** Exactly these groups, in any order; without a limit. */
export function expectSame(panel: PanelEvent | undefined, columns: readonly string[], groups: Groups): void {
  const rows = rowsOf(panel, columns);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map((row) => JSON.stringify(row)).toSorted()).toEqual(
    [...groups].map(([key, value]) => JSON.stringify([...(JSON.parse(key) as Key[]), value])).toSorted(),
  );
}

/** A single value and its line: a row for each bucket of the window, 0 where nothing matched. */
export function expectBuckets(panel: PanelEvent | undefined, flows: readonly WideFlow[], keep: Keep, seconds: number): void {
  const counts = sums(flows, keep, (f) => [WINDOW.to - Math.ceil((WINDOW.to - f.start) / seconds) * seconds]);
  const buckets = Array.from({ length: HOUR / seconds }, (_, i) => WINDOW.from + i * seconds);
  expect(rowsOf(panel, ['_timeslice', '_count'])).toEqual(buckets.map((at) => [at * 1000, counts.get(JSON.stringify([at])) ?? 0]));
  expect(panel?.timeslice).toBe(seconds);
}

/** Groups of `[x, part]` of the `limit` values of x with most in all their parts together. */
export function expectTopOfParts(panel: PanelEvent | undefined, columns: readonly string[], groups: Groups, limit: number): void {
  const rows = rowsOf(panel, columns);
  const entries = [...groups].map(([key, value]) => [...(JSON.parse(key) as [Key, Key]), value] as const);
  const totals = [...Map.groupBy(entries, ([x]) => x)].map(([x, parts]) => [x, parts.reduce((sum, [, , value]) => sum + value, 0)] as const);
  const most = totals.map(([, total]) => total).toSorted((a, b) => b - a);
  const shown = new Set(rows.map(([x]) => x as Key));
  expect(
    totals
      .filter(([x]) => shown.has(x))
      .map(([, total]) => total)
      .toSorted((a, b) => b - a),
  ).toEqual(most.slice(0, limit));
  // Of each x every part, and nothing else.
  expect(rows.map((row) => JSON.stringify(row)).toSorted()).toEqual(
    entries
      .filter(([x]) => shown.has(x))
      .map((entry) => JSON.stringify(entry))
      .toSorted(),
  );
}

/** The order of the engine, which decides where two groups have the same sum. */
const byValue = (a: Key, b: Key): number => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1);

/**
 * Groups whose last key is ranked: the `limit` values with most in all are named, the others are one, “other”, with
 * how many they are. Columns: the other keys, the ranked one, how many, the measure. Texts name values, whatever they are of.
 */
export function expectNamed(panel: PanelEvent | undefined, columns: readonly string[], groups: Groups, limit: number): void {
  const entries = [...groups].map(([key, value]) => ({ keys: JSON.parse(key) as Key[], value }));
  const totals = [...Map.groupBy(entries, ({ keys }) => keys.at(-1) ?? null)].map(
    ([name, parts]) => [name, parts.reduce((sum, part) => sum + part.value, 0)] as const,
  );
  const ranked = totals.toSorted((a, b) => b[1] - a[1] || byValue(a[0], b[0]));
  const named = new Set(ranked.slice(0, limit).map(([name]) => name));
  const expected = new Map<string, number>();
  for (const { keys, value } of entries) {
    const name = keys.at(-1) ?? null;
    const shown = named.has(name) ? [name === null ? null : String(name), 0] : ['other', ranked.length - limit];
    const key = JSON.stringify([...keys.slice(0, -1), ...shown]);
    expected.set(key, (expected.get(key) ?? 0) + value);
  }
  expectSame(panel, [...columns.slice(0, -1), '_other', ...columns.slice(-1)], expected);
}
