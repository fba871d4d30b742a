/** Indicators as a block for the table in which a load is staged. */

import { type Batch, type Column, textColumn } from '../model/batch.ts';
import type { Indicator } from '../model/indicator.ts';
import { INDICATOR_PARTS } from './indicator-ddl.ts';
import { encodeBlock } from './native-block.ts';
import type { ResultColumn } from './store.ts';

/** Characters of a value; longer ones are left out. */
export const MOST_TEXT = 4096;
/** Of what else is said: more of it is cut off. */
const MOST_ITEMS = 64;
const MOST_ITEM = 256;
/** The last second that a time can be. */
const LAST = 0xffffffff;

/** Of the block, as the engine is told. */
export const STAGED_COLUMNS: readonly ResultColumn[] = [
  ...['load', 'feed', 'type', 'value'].map((name) => ({ name, type: 'LowCardinality(String)' })),
  ...INDICATOR_PARTS.map(([name, type]) => ({ name, type: type === 'String' ? 'LowCardinality(String)' : type })),
];

/** One block in Native format, its columns in the order of STAGED_COLUMNS. */
export function indicatorBlock(load: string, feed: string, indicators: readonly Indicator[]): Uint8Array {
  const texts = (of: (indicator: Indicator) => string): Column => textColumn(indicators.map((i) => clean(of(i))));
  const times = (of: (indicator: Indicator) => number): Column => ({ type: 'UInt32', values: Uint32Array.from(indicators, (i) => second(of(i))) });
  const lists = (of: (indicator: Indicator) => readonly string[]): Column => listColumn(indicators.map(of));
  const columns = new Map<string, Column>([
    ['load', { type: 'Constant', value: load }],
    ['feed', { type: 'Constant', value: feed }],
    ['type', textColumn(indicators.map((i) => i.type))],
    ['value', textColumn(indicators.map((i) => i.value))],
    ['id', texts((i) => i.id)],
    ['confidence', { type: 'UInt8', values: Uint8Array.from(indicators, (i) => Math.min(100, Math.max(0, Math.round(i.confidence) || 0))) }],
    ['severity', texts((i) => i.severity)],
    ['threat_type', texts((i) => i.threatType)],
    ['actors', lists((i) => i.actors)],
    ['malware', lists((i) => i.malware)],
    ['kill_chain', lists((i) => i.killChain)],
    ['labels', lists((i) => i.labels)],
    ['first_seen', times((i) => i.firstSeen)],
    ['updated', times((i) => i.updated)],
    ['valid_from', times((i) => i.validFrom)],
    ['valid_until', times((i) => i.validUntil)],
  ]);
  const batch: Batch = { rows: indicators.length, columns, addresses: { count: 0, bytes: new Uint8Array(0) } };
  return Buffer.concat(encodeBlock(batch).pieces);
}

function clean(text: string): string {
  return text.length > MOST_ITEM ? text.slice(0, MOST_ITEM) : text;
}

/** Whole seconds that the store can hold; what is no time is 0. */
function second(time: number): number {
  return Number.isFinite(time) ? Math.min(LAST, Math.max(0, Math.floor(time))) : 0;
}

function listColumn(values: readonly (readonly string[])[]): Column {
  const known = new Map<string, number>([['[]', 0]]);
  const lists: (readonly string[])[] = [[]];
  // Most indicators have none of a list, and many share the one before: a key is made for the others.
  let before = lists[0];
  let last = 0;
  const ids = Uint32Array.from(values, (list) => {
    if (list.length === 0) return 0;
    if (list === before) return last;
    const kept = list.slice(0, MOST_ITEMS).map(clean);
    const key = JSON.stringify(kept);
    const id = known.get(key) ?? lists.push(kept) - 1;
    known.set(key, id);
    [before, last] = [list, id];
    return id;
  });
  return { type: 'Array(String)', ids, lists };
}
