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

/** Names that a search may still try. Counted and not timed, so that the same lines tell the same on every machine. */
export interface Steps {
  left: number;
}

/** A column that is no number at all: a label of digits. */
export const LABEL = 'label';

/** Names that can speak against one another. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  protocol: [PORT, 'tcp-flags', LOST],
  [PORT]: ['protocol'],
  'tcp-flags': ['protocol'],
  [LOST]: ['protocol'],
  packets: ['bytes'],
  bytes: ['packets'],
};

/**
 * What a column of numbers may be called, cheapest first; at most `most` of them. `allowed`: names by column. `needed`: names that must all
 * be used. Where `steps` are used up, these are the ways found so far, and they are not complete.
 */
export function nameNumbers(
  table: Table,
  allowed: ReadonlyMap<number, ReadonlySet<string>>,
  direction: readonly string[] | undefined,
  needed: ReadonlySet<string> | undefined,
  slack: number,
  most: number,
  steps: Steps,
): { readonly namings: readonly Naming[]; readonly complete: boolean } {
  const order = [...allowed.keys()];
  const options = order.map((c) => [...new Set([...allowed.get(c)!].map(kindOf))]);
  const musts = new Set([...(needed ?? [])].map(kindOf));
  const fewest = fewestLabels(options);
  if (fewest === undefined) return { namings: [], complete: true };

  const values = order.map((c) => Float64Array.from(table.traffic, (row) => numberOf(table.columns[c]![row]!)));
  const ingress = direction && table.traffic.map((row) => direction[row] === 'ingress');
  const alone = options.map((names, at) => {
    const own = values[at]!;
    return names.map((name) => {
      if (name === LOST) return tooManyLosses(own);
      const wrong = count(own.length, (i) => wrongAlone(name, own[i]!));
      return name === 'traffic-path' && ingress ? wrong + count(ingress.length, (i) => (ingress[i] as boolean) && own[i]! >= 0) : wrong;
    });
  });
  const pairs = new Map<string, number[]>();
  const together = (at: number, name: string, before: number, other: string): number => {
    const known = memo(pairs, `${name} ${other}`, () => []);
    const [a, b] = [values[at]!, values[before]!];
    known[at * order.length + before] ??=
      name === LOST
        ? flagsAmongLosses(a, b)
        : other === LOST
          ? flagsAmongLosses(b, a)
          : count(a.length, (i) => wrongTogether(name, a[i]!, other, b[i]!) || wrongTogether(other, b[i]!, name, a[i]!));
    return known[at * order.length + before]!;
  };
  // What the columns from each on cost at least.
  const ahead = [...alone, []].map((_, at) => alone.slice(at).reduce((sum, costs) => sum + Math.min(...costs), 0));

  const found: { readonly way: readonly string[]; readonly labels: number; readonly cost: number }[] = [];
  let best = Number.POSITIVE_INFINITY;
  // Ways that no other goes before.
  let unbeaten = 0;
  let short = false;
  const names: string[] = [];
  const placed = new Map<string, number[]>();
  const timesOf = (name: string): number => placed.get(name)?.length ?? 0;
  const go = (at: number, cost: number): void => {
    const missing = [...musts].reduce((sum, name) => sum + (TIMES[name] ?? 1) - timesOf(name), 0);
    if (missing > order.length - at) return;
    if (at === order.length) {
      best = Math.min(best, cost);
      found.push({ way: names.slice(), labels: timesOf(LABEL), cost });
      if (cost === ahead[0] && timesOf(LABEL) === fewest) unbeaten++;
      return;
    }
    for (const [option, name] of options[at]!.entries()) {
      if (unbeaten > most || short) return;
      const times = timesOf(name);
      if (name !== LABEL && times >= (TIMES[name] ?? 1)) continue;
      if (steps.left <= 0) {
        short = true;
        return;
      }
      steps.left--;
      let sum = cost + alone[at]![option]!;
      for (const other of BESIDE[name] ?? []) for (const before of placed.get(other) ?? []) sum += together(at, name, before, other);
      if (sum + ahead[at + 1]! >= best + slack) continue;
      names[at] = name;
      memo(placed, name, (): number[] => []).push(at);
      go(at + 1, sum);
      placed.get(name)!.pop();
    }
  };
  go(0, 0);
  const ways = found.filter((one) => one.cost < best + slack).sort((a, b) => a.labels - b.labels || a.cost - b.cost);
  const namings = ways.slice(0, most).map(({ way, cost }) => ({ names: new Map(order.map((c, i) => [c, way[i]!])), cost }));
  return { namings, complete: !short && ways.length <= most };
}

/** Columns that are labels at least; undefined where there are not names for all. */
function fewestLabels(options: readonly (readonly string[])[]): number | undefined {
  const only = options.filter((names) => names.every((name) => name === LABEL)).length;
  const places = [...new Set(options.flat())].reduce((sum, name) => sum + (name === LABEL ? 0 : (TIMES[name] ?? 1)), 0);
  const fewest = Math.max(only, options.length - places);
  return fewest > options.filter((names) => names.includes(LABEL)).length ? undefined : fewest;
}

/** Rows with losses beyond the half of them: no network is like that. */
function tooManyLosses(values: Float64Array): number {
  return Math.max(0, count(values.length, (i) => values[i]! > 0) - Math.floor(values.length / 2));
}

/** Rows whose losses are TCP flags: only TCP has them, all are made of its bits, and many are of an answer. */
function flagsAmongLosses(losses: Float64Array, protocols: Float64Array): number {
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

function memo<T>(map: Map<string, T>, key: string, make: () => T): T {
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
