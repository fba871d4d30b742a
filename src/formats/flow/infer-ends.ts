/**
 * Which end is the source. A log looks the same with all ends exchanged: each flow has its reply. What
 * tells them apart is who began (TCP flags, refused attempts that nobody answered) and on which side of a
 * packet the interface itself stands (its direction, its path out).
 */
import { ABSENT, isPrivate, type Table } from './infer-table.ts';

/** What is known of the other columns when ends are looked for. */
export interface Known {
  readonly interface: readonly string[] | undefined;
  readonly direction: readonly string[] | undefined;
  readonly path: readonly string[] | undefined;
  readonly flags: readonly string[] | undefined;
  readonly action: readonly string[] | undefined;
}

export type Order = 'first' | 'second' | undefined;

/** Rows that must speak, and the share of them that must agree. */
const VOTES = 20;
const AGREEMENT = 0.97;
/** What the internet's background noise is like, and one's own refused traffic is not: many senders, many services. */
const SCANNERS = 12;
const SCANNED = 5;

/** Ports above 1023 that servers listen on. */
const SERVICES: ReadonlySet<number> = new Set([
  1433, 1521, 2049, 2375, 2376, 3000, 3306, 3389, 5000, 5432, 5601, 5671, 5672, 5900, 5985, 6379, 6443, 8000, 8080, 8081, 8443, 8888, 9000, 9090, 9092, 9200,
  9300, 10250, 11211, 27017,
]);

/** Services that one's own hosts ask for all day, so that a refusal may as well be of what goes out. */
const ASKED: ReadonlySet<number> = new Set([25, 53, 80, 123, 443, 465, 587, 853, 993]);

const isService = (port: number): boolean => (port > 0 && port < 1024) || SERVICES.has(port);
const isEphemeral = (port: number): boolean => port >= 1024 && !SERVICES.has(port);

class Votes {
  first = 0;
  second = 0;
  decide(): Order {
    const sum = this.first + this.second;
    if (sum < VOTES) return undefined;
    if (this.first >= AGREEMENT * sum) return 'first';
    return this.second >= AGREEMENT * sum ? 'second' : undefined;
  }
}

/** Rows of refused packets that are no replies: no row of the table goes the other way. */
function attempts(table: Table, ends: readonly (readonly string[])[], action: readonly string[] | undefined): number[] {
  if (!action || ends.length !== 4) return [];
  const [a, b, p, q] = ends as unknown as [string[], string[], string[], string[]];
  const seen = new Set(table.traffic.map((row) => `${a[row]} ${b[row]} ${p[row]} ${q[row]}`));
  return table.traffic.filter((row) => action[row] === 'REJECT' && !seen.has(`${b[row]} ${a[row]} ${q[row]} ${p[row]}`));
}

/** Which of two port columns is the source's. `addresses`: the two ends' addresses, in either order. */
export function sourcePort(
  table: Table,
  ports: readonly [readonly string[], readonly string[]],
  addresses: readonly (readonly string[])[],
  known: Known,
): Order {
  const votes = new Votes();
  const [p, q] = ports;
  // The one who begins comes from a port of no meaning and goes to a service.
  const vote = (row: number, began: boolean): void => {
    const [a, b] = [Number(p[row]), Number(q[row])];
    if (isEphemeral(a) && isService(b)) votes[began ? 'first' : 'second']++;
    else if (isService(a) && isEphemeral(b)) votes[began ? 'second' : 'first']++;
  };
  const { flags } = known;
  const byFlags = new Set<number>();
  if (flags) {
    for (const row of table.traffic) {
      const value = flags[row] === ABSENT ? 0 : Number(flags[row]);
      if ((value & 2) === 0) continue;
      byFlags.add(row);
      vote(row, (value & 16) === 0);
    }
  }
  if (addresses.length === 2) for (const row of attempts(table, [...addresses, p, q], known.action)) if (!byFlags.has(row)) vote(row, true);
  return votes.decide();
}

/** An interface has an address of each family. */
function ownKey(name: string | undefined, address: string | undefined): string {
  return `${name} ${address?.includes(':') ? 6 : 4}`;
}

/** The address of each interface (by ownKey): the one in all its rows. */
function ownAddresses(table: Table, addresses: readonly (readonly string[])[], interfaces: readonly string[] | undefined): Map<string, string> {
  const counts = new Map<string, { rows: number; of: Map<string, number> }>();
  if (!interfaces) return new Map();
  for (const row of table.traffic) {
    if (interfaces[row] === ABSENT) continue;
    const name = ownKey(interfaces[row], addresses[0]?.[row]);
    let entry = counts.get(name);
    if (!entry) {
      entry = { rows: 0, of: new Map() };
      counts.set(name, entry);
    }
    entry.rows++;
    for (const address of new Set(addresses.map((c) => c[row] as string))) entry.of.set(address, (entry.of.get(address) ?? 0) + 1);
  }
  const own = new Map<string, string>();
  for (const [name, { rows, of }] of counts) {
    const [first, second] = [...of].sort((x, y) => y[1] - x[1]);
    if (rows >= 3 && first && first[1] === rows && (second?.[1] ?? 0) < 0.9 * rows) own.set(name, first[0]);
  }
  return own;
}

/** Which of two address columns is the source's. `ports`: source's and destination's, where they are known. */
export function sourceAddress(
  table: Table,
  addresses: readonly [readonly string[], readonly string[]],
  ports: readonly [readonly string[], readonly string[]] | undefined,
  known: Known,
): Order {
  const [a, b] = addresses;
  const votes = new Votes();
  const own = ownAddresses(table, addresses, known.interface);
  if (known.interface && own.size > 0 && (known.direction || known.path)) {
    for (const row of table.traffic) {
      const address = own.get(ownKey(known.interface[row], a[row]));
      if (address === undefined || (a[row] === address) === (b[row] === address)) continue;
      // A path is given of what goes out only.
      const out = known.direction ? known.direction[row] === 'egress' : known.path?.[row] !== ABSENT;
      if (known.direction ? known.direction[row] === ABSENT : !out) continue;
      votes[out === (a[row] === address) ? 'first' : 'second']++;
    }
    return votes.decide();
  }
  if (!ports) return undefined;
  const [p, q] = ports;
  const senders = new Set<string>();
  const services = new Set<string>();
  for (const row of attempts(table, [a, b, p, q], known.action)) {
    const inside = isPrivate(a[row] as string);
    if (inside === isPrivate(b[row] as string) || !isEphemeral(Number(p[row])) || !isService(Number(q[row])) || ASKED.has(Number(q[row]))) continue;
    votes[inside ? 'second' : 'first']++;
    senders.add((inside ? b[row] : a[row]) as string);
    services.add(q[row] as string);
  }
  return senders.size >= SCANNERS && services.size >= SCANNED ? votes.decide() : undefined;
}

/** Which pair of four address columns is of the interface (its own address is in it always), and which of the packets. */
export function packetPairs(
  table: Table,
  columns: readonly (readonly string[])[],
  interfaces: readonly string[] | undefined,
): { own: [number, number]; packet: [number, number] } | undefined {
  const equal = (i: number, j: number): number => table.traffic.filter((row) => columns[i]![row] === columns[j]![row]).length;
  const ways = (
    [
      [0, 1, 2, 3],
      [0, 2, 1, 3],
      [0, 3, 1, 2],
    ] as const
  ).map(([a, c, b, d]) => ({ pairs: [a, c, b, d] as const, equal: Math.min(equal(a, c), equal(b, d)), some: Math.max(equal(a, c), equal(b, d)) }));
  ways.sort((x, y) => y.equal - x.equal);
  const [best, next] = ways;
  if (!best || !next || best.equal < 0.5 * table.traffic.length || next.some > 0.2 * table.traffic.length) return undefined;
  const [a, c, b, d] = best.pairs;
  const wins = [0, 0];
  const sides: [number, number][] = [
    [a, b],
    [c, d],
  ];
  for (const [side, pair] of sides.entries()) {
    const own = ownAddresses(
      table,
      pair.map((i) => columns[i]!),
      interfaces,
    );
    const other = sides[1 - side]!;
    for (const row of table.traffic) {
      const address = own.get(ownKey(interfaces?.[row], columns[pair[0]]![row]));
      if (address !== undefined && !other.some((i) => columns[i]![row] === address)) wins[side]!++;
    }
  }
  // The other pair must lack the interface's own address now and then, and never the other way round.
  if (wins[0]! >= 5 && wins[1] === 0) return { own: [a, b], packet: [c, d] };
  if (wins[1]! >= 5 && wins[0] === 0) return { own: [c, d], packet: [a, b] };
  return undefined;
}

/** Which of two columns names the service of the source's address: only addresses of the internet belong to one. */
export function sourceService(
  table: Table,
  services: readonly [readonly string[], readonly string[]],
  ends: readonly [readonly string[], readonly string[]],
): Order {
  const wrong = (column: readonly string[], end: readonly string[]): number =>
    table.traffic.filter((row) => column[row] !== ABSENT && isPrivate(end[row] as string)).length;
  const straight = wrong(services[0], ends[0]) + wrong(services[1], ends[1]);
  const crossed = wrong(services[0], ends[1]) + wrong(services[1], ends[0]);
  if (straight === 0 && crossed >= 5) return 'first';
  return crossed === 0 && straight >= 5 ? 'second' : undefined;
}
