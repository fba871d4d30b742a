/**
 * The external addresses of a batch by day, with what their flows come to: a block for `address_day` beside
 * the rows, in the same manifest, so that it is stored exactly as often as they are. The retro-hunt asks it
 * in place of the flows. Which ends are external is what the direction says; where an end is missing, and with
 * it the direction, the other end is taken, and the hunt leaves internal addresses out. Events have one end, the
 * source of the request: those that failed are what is refused, and no bytes are theirs. A copy of a stored event is
 * counted here although it is not stored again, so that the hunt takes sums from the events themselves.
 */
import { DIRECTIONS } from '../enrich/networks.ts';
import type { Batch, Column } from '../model/batch.ts';
import type { Dataset } from '../model/log-formats.ts';

const DAY = 86_400;
/** One insert touches at most this many partitions (days). */
const DAYS_PER_BLOCK = 32;
const [SOURCE, DESTINATION] = [1, 2];
/** By direction: which ends are external. */
const EXTERNAL_ENDS: ReadonlyMap<string, number> = new Map(
  DIRECTIONS.map((direction) => [
    direction,
    { '': SOURCE | DESTINATION, inbound: SOURCE, outbound: DESTINATION, internal: 0, external: SOURCE | DESTINATION }[direction],
  ]),
);
/** Numbers of one address: they lie together, for rows come in no order. */
const ACCEPTED = 0;
const REFUSED = 1;
const BYTES = 2;
const FIRST = 3;
const LAST = 4;
const STRIDE = 5;

/** Blocks for `address_day` of the flows or events of a dataset; nearly always one. `received`: epoch seconds at which they are stored. */
export function addressDays(dataset: Dataset, flows: Batch, received: number): Batch[] {
  const start = flows.columns.get('start');
  if (start?.type !== "DateTime('UTC')") return [];
  const totals = totalsOf(flows, start.values);
  const days = rowsByDay(start.values, flows.rows);
  const blocks: Batch[] = [];
  for (let at = 0; at < days.length; at += DAYS_PER_BLOCK) {
    const parts = days.slice(at, at + DAYS_PER_BLOCK).map(({ day, rows }) => ({ day, ...totals(rows) }));
    const rows = parts.reduce((sum, { ids }) => sum + ids.length, 0);
    if (rows > 0) blocks.push(blockOf(dataset, parts, rows, flows, received));
  }
  return blocks;
}

/** Rows of each day, oldest first; `rows` is undefined where all are of one day. */
function rowsByDay(starts: Uint32Array, count: number): { readonly day: number; readonly rows: readonly number[] | undefined }[] {
  if (count === 0) return [];
  let low = 0xffffffff;
  let high = 0;
  for (let row = 0; row < count; row++) {
    const at = starts[row]!;
    if (at < low) low = at;
    if (at > high) high = at;
  }
  const first = Math.floor(low / DAY);
  if (Math.floor(high / DAY) === first) return [{ day: first, rows: undefined }];
  const days = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const day = Math.floor(starts[row]! / DAY);
    const rows = days.get(day);
    if (rows) rows.push(row);
    else days.set(day, [row]);
  }
  return [...days].sort(([a], [b]) => a - b).map(([day, rows]) => ({ day, rows }));
}

/** Addresses of a day: their ids, and STRIDE numbers of each. */
interface DayTotals {
  readonly ids: Uint32Array;
  readonly numbers: Float64Array;
}

/** What gives the sums of the flows of a day, by address. */
function totalsOf({ rows: all, columns, addresses }: Batch, starts: Uint32Array): (rows: readonly number[] | undefined) => DayTotals {
  const none = new Uint32Array(all);
  const ids = (name: string): Uint32Array => {
    const column = columns.get(name);
    return column?.type === 'IPv6' ? column.ids : none;
  };
  const texts = (name: string): { readonly ids: Uint32Array; readonly dictionary: readonly string[] } => {
    const column = columns.get(name);
    return column?.type === 'LowCardinality(String)' ? column : { ids: none, dictionary: [''] };
  };
  const size = columns.get('bytes');
  const bytes = size?.type === 'UInt64' || size?.type === 'UInt32' ? size.values : none;
  const [sources, destinations] = [ids('srcaddr'), ids('dstaddr')];
  const [directions, actions] = [texts('direction'), texts(columns.has('outcome') ? 'outcome' : 'action')];
  const ends = Uint8Array.from(directions.dictionary, (text) => EXTERNAL_ENDS.get(text) ?? 0);
  const reject = actions.dictionary.indexOf(columns.has('outcome') ? 'failure' : 'REJECT');
  const sums = new Float64Array(addresses.count * STRIDE);
  const touched = new Uint32Array(addresses.count);

  return (rows) => {
    const count = rows?.length ?? all;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const row = rows ? rows[i]! : i;
      const external = ends[directions.ids[row]!]!;
      if (external === 0) continue;
      const source = external & SOURCE ? sources[row]! : 0;
      const destination = external & DESTINATION ? destinations[row]! : 0;
      const start = starts[row]!;
      const verdict = actions.ids[row] === reject ? REFUSED : ACCEPTED;
      for (let id = source === 0 ? destination : source; id !== 0; id = id === destination ? 0 : destination) {
        const at = id * STRIDE;
        if (sums[at + FIRST] === 0) {
          touched[found++] = id;
          sums[at + FIRST] = start;
        } else if (start < sums[at + FIRST]!) sums[at + FIRST] = start;
        if (start > sums[at + LAST]!) sums[at + LAST] = start;
        sums[at + verdict]! += 1;
        sums[at + BYTES]! += bytes[row]!;
      }
    }
    const numbers = new Float64Array(found * STRIDE);
    for (let i = 0; i < found; i++) {
      const at = touched[i]! * STRIDE;
      for (let place = 0; place < STRIDE; place++) {
        numbers[i * STRIDE + place] = sums[at + place]!;
        // For the next day.
        sums[at + place] = 0;
      }
    }
    return { ids: touched.slice(0, found), numbers };
  };
}

function blockOf(dataset: Dataset, parts: readonly (DayTotals & { readonly day: number })[], rows: number, { addresses }: Batch, received: number): Batch {
  const ids = new Uint32Array(rows);
  const days = new Uint16Array(rows);
  const [accepted, refused, bytes] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  const [first, last] = [new Uint32Array(rows), new Uint32Array(rows)];
  let row = 0;
  for (const part of parts) {
    ids.set(part.ids, row);
    days.fill(part.day, row, row + part.ids.length);
    for (let at = 0; at < part.numbers.length; at += STRIDE, row++) {
      accepted[row] = part.numbers[at + ACCEPTED]!;
      refused[row] = part.numbers[at + REFUSED]!;
      bytes[row] = part.numbers[at + BYTES]!;
      first[row] = part.numbers[at + FIRST]!;
      last[row] = part.numbers[at + LAST]!;
    }
  }
  return {
    rows,
    addresses,
    columns: new Map<string, Column>([
      ['address', { type: 'IPv6', ids }],
      // The engine makes a date of it.
      ['day', { type: 'UInt16', values: days }],
      ['dataset', { type: 'Constant', value: dataset }],
      ['accepted', { type: 'UInt64', values: accepted }],
      ['refused', { type: 'UInt64', values: refused }],
      ['bytes', { type: 'UInt64', values: bytes }],
      ['first', { type: "DateTime('UTC')", values: first }],
      ['last', { type: "DateTime('UTC')", values: last }],
      ['received', { type: "DateTime('UTC')", values: new Uint32Array(rows).fill(received) }],
    ]),
  };
}
