/**
 * Which number is which: ports, protocol, packets, bytes, flags, path, encryption, losses. Each way to name the
 * columns is tried, and its price is the number of rows that real traffic would not give. Source and
 * destination port are told apart by who began: infer-ends.ts.
 */
import { ABSENT, LOSSES, NUMBERS, type Table } from './infer-table.ts';

/** Protocols that are seen in flow logs; others are possible and rare. */
const PROTOCOLS: ReadonlySet<number> = new Set([1, 2, 6, 17, 41, 47, 50, 51, 58, 89, 132]);
const TCP = 6;
const UDP = 17;
const ICMP: ReadonlySet<number> = new Set([1, 58]);
/** Bytes of a packet: an IP header at least, and what a network card may hand over at once at most. */
const SMALLEST = 20;
const LARGEST = 65535;
/** Beyond these a mean size is not plausible. */
const SMALL = 28;
const LARGE = 9216;

/** What TCP flags of flow logs are made of: FIN, SYN, RST, ACK; of an answer SYN and ACK. */
const FLAGS = 1 | 2 | 4 | 16;
const ANSWER = 2 | 16;
/** Rows with flags, and the share of them that are answers, which no losses look like. */
const FLAGGED = 20;
const ANSWERS = 0.1;

/** Names of columns with the rows that speak against them. Ports are both named `port`, losses all `lost`. */
export interface Naming {
  readonly names: ReadonlyMap<number, string>;
  readonly cost: number;
}

export const PORT = 'port';
export const LOST = 'lost';
/** How many columns may have a name of several fields. */
const TIMES: Readonly<Record<string, number>> = { [PORT]: 2, [LOST]: LOSSES.length };

/** The name under which a field is looked for. */
export function kindOf(name: string): string {
  if (name === 'srcport' || name === 'dstport') return PORT;
  if (LOSSES.includes(name)) return LOST;
  return NUMBERS.includes(name) ? name : LABEL;
}

/** Whether a way to name columns has the field, whichever of those of its kind it is. */
export function hasAll(names: Iterable<string>, field: string): boolean {
  const kind = kindOf(field);
  let times = 0;
  for (const name of names) if (name === kind) times++;
  return times === (TIMES[kind] ?? 1);
}

/** More ways than these are not told apart anyhow. */
const STEPS = 100_000;

/** A column that is no number at all: a label of digits. */
export const LABEL = 'label';

/** What a column of numbers may be called, cheapest first; at most `most` of them. `allowed`: names by column. `needed`: names that must all be used. */
export function nameNumbers(
  table: Table,
  columns: ReadonlyMap<number, ReadonlySet<string>>,
  direction: readonly string[] | undefined,
  needed: ReadonlySet<string> | undefined,
  slack: number,
  most: number,
): { readonly namings: readonly Naming[]; readonly complete: boolean } {
  const values = new Map([...columns.keys()].map((c) => [c, table.traffic.map((row) => numberOf(table.columns[c]![row]!))]));
  const order = [...columns.keys()];
  const single = new Map<string, number>();
  const pair = new Map<string, number>();
  const alone = (c: number, name: string): number =>
    memo(single, `${c} ${name}`, () =>
      name === LOST ? tooManyLosses(values.get(c)!) : count(table.traffic.length, (i) => wrongAlone(name, values.get(c)![i]!)),
    );
  const ingress = direction && table.traffic.map((row) => direction[row] === 'ingress');
  const together = (c: number, name: string, d: number, other: string): number =>
    memo(pair, `${c} ${name} ${d} ${other}`, () => {
      const [a, b] = [values.get(c)!, values.get(d)!];
      if (name === LOST && other === 'protocol') return flagsAmongLosses(a, b);
      if (other === LOST && name === 'protocol') return flagsAmongLosses(b, a);
      return count(table.traffic.length, (i) => wrongTogether(name, a[i]!, other, b[i]!) || wrongTogether(other, b[i]!, name, a[i]!));
    });
  const directed = (c: number, name: string): number =>
    name === 'traffic-path' && ingress ? count(ingress.length, (i) => (ingress[i] as boolean) && values.get(c)![i]! >= 0) : 0;

  const found: Naming[] = [];
  let best = Number.POSITIVE_INFINITY;
  const names = new Map<number, string>();
  const used = new Map<string, number>();
  let steps = 0;
  const go = (at: number, cost: number): void => {
    if (cost >= best + slack || ++steps > STEPS) return;
    if (at === order.length) {
      if (needed && [...needed].some((n) => !hasAll(names.values(), n))) return;
      if (cost < best) best = cost;
      found.push({ names: new Map(names), cost });
      return;
    }
    const c = order[at]!;
    const options = new Set([...columns.get(c)!].map(kindOf));
    for (const name of options) {
      const times = used.get(name) ?? 0;
      if (name !== LABEL && times >= (TIMES[name] ?? 1)) continue;
      let more = alone(c, name) + directed(c, name);
      for (const [d, other] of names) {
        if (cost + more >= best + slack) break;
        more += together(c, name, d, other);
      }
      names.set(c, name);
      used.set(name, times + 1);
      go(at + 1, cost + more);
      used.set(name, times);
      names.delete(c);
    }
  };
  go(0, 0);
  const namings = found.filter((n) => n.cost < best + slack);
  const labels = (n: Naming): number => [...n.names.values()].filter((name) => name === LABEL).length;
  namings.sort((a, b) => labels(a) - labels(b) || a.cost - b.cost);
  return { namings: namings.slice(0, most), complete: steps <= STEPS && namings.length <= most };
}

/** Rows with losses beyond the half of them: no network is like that. */
function tooManyLosses(values: readonly number[]): number {
  return Math.max(0, count(values.length, (i) => values[i]! > 0) - Math.floor(values.length / 2));
}

/** Rows whose losses are TCP flags: only TCP has them, all are made of its bits, and many are of an answer. */
function flagsAmongLosses(losses: readonly number[], protocols: readonly number[]): number {
  let [rows, answers] = [0, 0];
  for (const [i, value] of losses.entries()) {
    if (value <= 0) continue;
    if (protocols[i] !== TCP || (value & ~FLAGS) !== 0) return 0;
    rows++;
    if ((value & ANSWER) === ANSWER) answers++;
  }
  return rows >= FLAGGED && answers >= ANSWERS * rows ? rows : 0;
}

function numberOf(text: string): number {
  return text === ABSENT ? -1 : Number(text);
}

function memo(map: Map<string, number>, key: string, make: () => number): number {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function count(rows: number, wrong: (row: number) => boolean): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) if (wrong(i)) sum++;
  return sum;
}

/** Whether a value of a row with traffic is none of the field; -1: absent. */
export function wrongAlone(name: string, value: number): boolean {
  switch (name) {
    case PORT:
      return value > 65535;
    case 'protocol':
      return !PROTOCOLS.has(value);
    case 'packets':
      return value < 1;
    case 'bytes':
      return value < SMALLEST;
    case 'tcp-flags':
      return value > 255;
    case 'traffic-path':
      return value === 0 || value > 8;
    case 'encryption-status':
      return value > 3;
    default:
      return false;
  }
}

/** Whether two values of a row with traffic do not go together; asked for both orders. */
export function wrongTogether(name: string, value: number, other: string, beside: number): boolean {
  if (name === 'protocol' && other === PORT) return ICMP.has(value) ? beside > 0 : (value === TCP || value === UDP) && beside === 0;
  if (name === 'protocol' && other === 'tcp-flags') return value === TCP ? beside < 0 : beside > 0;
  if (name === 'packets' && other === 'bytes') return beside < SMALL * value || beside > LARGE * value;
  return false;
}

/** The same of bytes and packets, for what AWS itself could not write. */
export function impossibleSize(packets: number, bytes: number): boolean {
  return packets < 1 || bytes < SMALLEST * packets || bytes > LARGEST * packets;
}
