/** Flows and indicators for tests of the retro-hunt, and what a hunt should find in them, worked out without the store. */
import { parseAddress } from '../../src/model/address.ts';
import { networkRange } from '../../src/model/network.ts';
import type { Store } from '../../src/store/store.ts';

export const DAY = 86_400;
/** 2026-03-10 00:00 UTC */
export const MIDNIGHT = 1_773_100_800;
/** As the hunt allows for threads that learn of new indicators a moment later. */
export const GRACE = 600;

export interface Flow {
  readonly dataset: 'vpc_flow' | 'tgw_flow';
  readonly source: string;
  readonly destination: string;
  readonly direction: 'inbound' | 'outbound' | 'internal' | 'external' | '';
  readonly refused: boolean;
  readonly bytes: number;
  /** Epoch seconds. */
  readonly start: number;
  readonly received: number;
  /** Number of the indicator that the source was matched with as it was stored. */
  readonly matched?: string;
}

export interface TestIndicator {
  readonly number: string;
  readonly value: string;
  readonly confidence: number;
  readonly validFrom: number;
  readonly validUntil: number;
  readonly imported: number;
  readonly removed?: number;
  readonly fresh?: number;
  readonly feed?: string;
}

const run = (store: Store, text: string) => store.command({ text, params: {} });

/** As an earlier release stored them: nothing but the rows. */
export async function putFlows(store: Store, flows: readonly Flow[]): Promise<void> {
  for (const dataset of ['vpc_flow', 'tgw_flow'] as const) {
    const rows = flows.filter((flow) => flow.dataset === dataset);
    if (rows.length === 0) continue;
    const action = dataset === 'vpc_flow' ? ', action' : '';
    const values = rows.map((f) => {
      const acted = dataset === 'vpc_flow' ? `, '${f.refused ? 'REJECT' : 'ACCEPT'}'` : '';
      return `(toIPv6('${f.source}'), toIPv6('${f.destination}'), '${f.direction}', ${f.bytes}, ${f.start}, ${f.received}, ${f.matched ?? 0}${acted})`;
    });
    await run(
      store,
      `INSERT INTO bartizan.${dataset} (srcaddr, dstaddr, direction, bytes, start, received, src_indicator${action}) VALUES ${values.join(', ')}`,
    );
  }
}

export async function putIndicators(store: Store, indicators: readonly TestIndicator[]): Promise<void> {
  const values = indicators.map((i) => {
    const times = `${i.validFrom}, ${i.validUntil}, ${i.imported}, ${i.removed ?? 0}, ${i.fresh ?? 1}`;
    return `(${i.number}, '${i.feed ?? 'test'}', 'address', '${i.value}', ${i.confidence}, ${times})`;
  });
  const columns = 'number, feed, type, value, confidence, valid_from, valid_until, imported, removed, fresh';
  await run(store, `INSERT INTO bartizan.indicator (${columns}) VALUES ${values.join(', ')}`);
}

/** One row of `retro_match` as text, all but when it was found. */
export type Expected = string;

const EXTERNAL = { inbound: [true, false], outbound: [false, true], internal: [false, false], external: [true, true], '': [true, true] } as const;

/** Flow by flow and indicator by indicator. `known`: epoch seconds, as the hunt's scope has it. */
export function expectedOf(flows: readonly Flow[], indicators: readonly TestIndicator[], known = 0): Expected[] {
  const found = new Map<string, { accepted: number; refused: number; bytes: number; first: number; last: number }>();
  for (const indicator of indicators) {
    const { first, last } = networkRange(indicator.value);
    const horizon = Math.max(indicator.imported, known) + GRACE;
    for (const flow of flows) {
      if (flow.start < indicator.validFrom || (indicator.validUntil > 0 && flow.start >= indicator.validUntil) || flow.received >= horizon) continue;
      const ends = [flow.source, flow.destination].filter((_, i) => EXTERNAL[flow.direction][i]);
      for (const address of new Set(ends)) {
        if (address === flow.source && flow.matched === indicator.number) continue;
        const bytes = Buffer.from(parseAddress(address) as Uint8Array);
        if (bytes.compare(first) < 0 || bytes.compare(last) > 0) continue;
        const key = [indicator.number, address, Math.floor(flow.start / DAY), flow.dataset, indicator.confidence].join(' ');
        const sums = found.get(key) ?? { accepted: 0, refused: 0, bytes: 0, first: flow.start, last: flow.start };
        const refused = flow.refused && flow.dataset === 'vpc_flow';
        sums.accepted += refused ? 0 : 1;
        sums.refused += refused ? 1 : 0;
        sums.bytes += flow.bytes;
        sums.first = Math.min(sums.first, flow.start);
        sums.last = Math.max(sums.last, flow.start);
        found.set(key, sums);
      }
    }
  }
  return [...found].map(([key, s]) => `${key} ${s.accepted} ${s.refused} ${s.bytes} ${s.first} ${s.last}`).sort();
}

/** What a hunt wrote. */
export async function foundIn(store: Store, where = 'true'): Promise<Expected[]> {
  const { rows } = await store.rows({
    text: `SELECT toString(indicator), replaceRegexpOne(toString(address), '^::ffff:([0-9.]+)$', '\\\\1'), toUInt16(day), dataset, confidence,
        accepted, refused, bytes, toUnixTimestamp(first), toUnixTimestamp(last) FROM bartizan.retro_match FINAL WHERE ${where}`,
    params: {},
  });
  return rows.map((row) => row.join(' ')).sort();
}

/** A generator of whole numbers below n that always gives the same ones (mulberry32). */
export function picker(seed: number): (n: number) => number {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}
